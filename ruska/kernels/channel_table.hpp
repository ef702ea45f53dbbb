// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ruska::kernels {

// A channel table holds, for each channel, `width` numbers side by side (one per component), so that the nonzeros of a
// sparse row touch one cache line each.

/// Table rows are padded to a multiple of this many doubles.
inline constexpr std::size_t table_padding = 4;
constexpr std::size_t padded_width(std::size_t components) {
  return (components + table_padding - 1) / table_padding * table_padding;
}

/// out[k] = Σ_j value[j] · table[channel[j] · width + k]; width is a multiple of table_padding.
void row_times_table(std::span<const std::uint32_t> channel, const double* value, const double* table,
                     std::size_t width, double* out);
/// The same for values as sparse rows store them, in double precision.
void row_times_table(std::span<const std::uint32_t> channel, const float* value, const double* table, std::size_t width,
                     double* out);

/// table[channel[j] · width + k] += value[j] · weight[k]; width is a multiple of table_padding.
void add_row_to_table(std::span<const std::uint32_t> channel, const double* value, const double* weight,
                      std::size_t width, double* table);

namespace reference {
void row_times_table(std::span<const std::uint32_t> channel, const double* value, const double* table,
                     std::size_t width, double* out);
void add_row_to_table(std::span<const std::uint32_t> channel, const double* value, const double* weight,
                      std::size_t width, double* table);
}  // namespace reference

}  // namespace ruska::kernels
