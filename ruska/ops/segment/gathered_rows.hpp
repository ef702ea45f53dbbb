// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ruska/core/rows.hpp"

namespace ruska::ops::segment {

/// The values of some positions (rising numbers), dense, positions × channels, in one pass over the data.
std::vector<double> gathered_rows(const Rows& rows, const std::vector<std::int64_t>& positions,
                                  const std::string& stage, Context& context);

/// The same as a dataset (position | channel): counts without their zeros where the rows are sparse and whole numbers,
/// else float64.
Dataset gathered_positions(const Rows& rows, const std::vector<std::int64_t>& positions, const std::string& stage,
                           Context& context);

/// Bytes that these hold at the peak, the result included.
std::int64_t gathered_rows_memory(std::int64_t positions, std::int64_t channels);

/// At most `size` of the positions, each as likely as another, drawn by the seed and the position's number alone;
/// rising.
std::vector<std::int64_t> drawn_positions(const std::vector<std::int64_t>& positions, std::int64_t size,
                                          std::int64_t seed, const std::string& stream);

}  // namespace ruska::ops::segment
