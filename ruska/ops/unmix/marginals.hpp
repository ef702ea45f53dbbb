// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ruska/core/rows.hpp"

namespace ruska::ops::unmix {

/// The sums over the channels of each position and over the positions of each channel, and what kind of numbers
/// the data hold. Masked positions and channels count as zeros.
struct Marginals {
  std::vector<double> row_sum;     ///< one per position
  std::vector<double> column_sum;  ///< one per channel
  double total = 0;
  bool counts = false;               ///< every value is an integer ≥ 0
  std::int64_t first_negative = -1;  ///< position · channels + channel of the first value < 0; -1 for none
  std::int64_t rows_left_in = 0;     ///< positions that are not masked
  std::int64_t columns_left_in = 0;  ///< channels that are not masked
};

/// One pass over the data. Throws bad_data naming the place of the first value that is not finite.
Marginals marginals(const Rows& data, Context& context);

/// Where an element lies, for people: "(y 3, x 4; Energy 17)".
std::string place_of(const Description& description, std::int64_t row, std::int64_t column);

/// Throws invalid_argument naming the first negative value, its place and what needs counts.
void require_not_negative(const Rows& data, const Marginals& marginals, const std::string& what_needs_it);

/// Weights w_i = 1/√sum_i of Keenan and Kotula, Surf. Interface Anal. 36, 203 (2004); 0 where the sum is 0, so that
/// empty positions and channels drop out instead of becoming NaN.
std::vector<double> poisson_weights(const std::vector<double>& sums);

/// Whether data are to be weighted: `weighting` is "auto", "poisson" or "none"; auto weights counts alone.
/// Throws invalid_argument when Poisson weights are asked for and a value is negative.
bool weights_for_poisson(const std::string& weighting, const Rows& data, const Marginals& marginals);

}  // namespace ruska::ops::unmix
