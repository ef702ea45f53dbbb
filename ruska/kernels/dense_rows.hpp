// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace ruska::kernels {

// Dense rows (count × columns, C order) with a channel table (columns × width, channel_table.hpp) so narrow that a
// matrix library would spend its time on packing the rows. Each sum runs over channels or rows in their order, whatever
// the vectors' length.

/// out[r · width + k] = Σ_c rows[r · columns + c] · table[c · width + k]; width is a multiple of table_padding.
void rows_times_table(const double* rows, std::size_t count, std::size_t columns, const double* table,
                      std::size_t width, double* out);

/// table[c · width + k] += Σ_r rows[r · columns + c] · weight[r · width + k]; width is a multiple of table_padding.
void add_rows_to_table(const double* rows, std::size_t count, std::size_t columns, const double* weight,
                       std::size_t width, double* table);

namespace reference {
void rows_times_table(const double* rows, std::size_t count, std::size_t columns, const double* table,
                      std::size_t width, double* out);
void add_rows_to_table(const double* rows, std::size_t count, std::size_t columns, const double* weight,
                       std::size_t width, double* table);
}  // namespace reference

}  // namespace ruska::kernels
