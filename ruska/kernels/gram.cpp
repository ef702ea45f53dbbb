// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/kernels/gram.hpp"

namespace ruska::kernels {

void add_outer_product(std::span<const std::uint32_t> channel, const double* value, std::size_t n, double* packed) {
  // Four rows of the triangle share the loads of channel[j] and value[j]; the stores are then what limits the speed.
  // No vectors: scattered additions gain nothing from them on x86 and ARM.
  const std::size_t count = channel.size();
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    double* row0 = packed + packed_row(n, channel[i]);
    double* row1 = packed + packed_row(n, channel[i + 1]);
    double* row2 = packed + packed_row(n, channel[i + 2]);
    double* row3 = packed + packed_row(n, channel[i + 3]);
    const double a0 = value[i], a1 = value[i + 1], a2 = value[i + 2], a3 = value[i + 3];
    const std::size_t c1 = channel[i + 1], c2 = channel[i + 2], c3 = channel[i + 3];
    row0[channel[i]] += a0 * a0;
    row0[c1] += a0 * a1;
    row1[c1] += a1 * a1;
    row0[c2] += a0 * a2;
    row1[c2] += a1 * a2;
    row2[c2] += a2 * a2;
    row0[c3] += a0 * a3;
    row1[c3] += a1 * a3;
    row2[c3] += a2 * a3;
    row3[c3] += a3 * a3;
    for (std::size_t j = i + 4; j < count; ++j) {
      const std::size_t c = channel[j];
      const double v = value[j];
      row0[c] += a0 * v;
      row1[c] += a1 * v;
      row2[c] += a2 * v;
      row3[c] += a3 * v;
    }
  }
  for (; i < count; ++i) {
    double* row = packed + packed_row(n, channel[i]);
    for (std::size_t j = i; j < count; ++j) row[channel[j]] += value[i] * value[j];
  }
}

namespace reference {

void add_outer_product(std::span<const std::uint32_t> channel, const double* value, std::size_t n, double* packed) {
  for (std::size_t i = 0; i < channel.size(); ++i) {
    for (std::size_t j = i; j < channel.size(); ++j) {
      packed[packed_row(n, channel[i]) + channel[j]] += value[i] * value[j];
    }
  }
}

}  // namespace reference
}  // namespace ruska::kernels
