// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ruska::kernels {

/// Elements of the upper triangle of an n × n matrix, stored row after row: (i, j ≥ i) at packed_row(n, i) + j.
constexpr std::size_t packed_size(std::size_t n) { return n * (n + 1) / 2; }
/// May wrap below zero for no row: i(2n − i − 1)/2 ≥ 0.
constexpr std::size_t packed_row(std::size_t n, std::size_t i) { return i * (2 * n - i - 1) / 2; }

/// Adds the outer product of a sparse row with itself to the packed upper triangle of an n × n matrix:
/// packed(channel[i], channel[j]) += value[i] · value[j] for j ≥ i. Channels rise strictly.
void add_outer_product(std::span<const std::uint32_t> channel, const double* value, std::size_t n, double* packed);

namespace reference {
void add_outer_product(std::span<const std::uint32_t> channel, const double* value, std::size_t n, double* packed);
}

}  // namespace ruska::kernels
