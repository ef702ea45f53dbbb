// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "ruska/core/rows.hpp"
#include "ruska/ops/unmix/marginals.hpp"

namespace ruska::ops::segment {

/// What the parameter `normalization` of this family may be, and its help.
inline constexpr std::string_view normalizations = "auto|none|unit_sum|standardize|poisson";
inline constexpr std::string_view normalization_help =
    "What is compared: none, the values; unit_sum, each position's values divided by their sum; standardize, each "
    "channel less its mean in units of its standard deviation; poisson, shares of the counts in units of their "
    "counting noise (chi-square distance); auto: poisson for counts, none for other values";

/// What the parameter `layout` may be, and its help.
inline constexpr std::string_view layouts = "auto|spectra|maps";
inline constexpr std::string_view layout_help =
    "Spectra: a signal at every navigation position; maps: a stack of images over the signal axes, each a feature, "
    "such "
    "as the loadings of unmix.pca; auto: maps where the only navigation axis is called component";

/// A stack of maps as a map of features, in memory; spectra as they are. Throws invalid_argument when a stack of maps
/// is asked for where there is not exactly one navigation axis.
Dataset as_positions(const Dataset& data, const std::string& layout);
/// What `as_positions` will give.
Description positions_description(const Description& data, const std::string& layout);
/// Bytes that `as_positions` holds.
std::int64_t as_positions_memory(const Description& data, const std::string& layout);

/// How the values of a position become the features that are compared:
///   feature_ic = value_ic · row_factor_i · column_factor_c.
///
/// poisson: with n_i the counts of a position, h_c a channel's share of all counts and d the number of channels,
/// row_factor = 1/n_i, column_factor = 1/√(h_c + 1/d) and row_weight = n_i. Without 1/d the weighted squared distance
/// between a position and its expectation would be Pearson's χ² (Greenacre, Correspondence Analysis, 3rd ed. 2017,
/// ch. 4; the weights of Keenan and Kotula, Surf. Interface Anal. 36, 203 (2004)): every position and channel counts by
/// what its noise leaves of it. We depart by 1/d, the mean share, because in a channel that is nearly empty a single
/// count lies so far out in χ² that it makes a cluster of its own. Counting noise then adds h_c/(h_c + 1/d) ≤ 1 per
/// channel. A sum of positions, weighted so, is the sum of their counts.
struct FeatureSpace {
  std::string normalization;          ///< never "auto"
  std::vector<double> row_factor;     ///< one per position
  std::vector<double> row_weight;     ///< one per position; 0 where it is masked or, for shares, empty
  std::vector<double> column_factor;  ///< one per channel; 0 for masked, empty and, standardized, constant ones
  std::vector<double> mean;           ///< weighted mean feature
  std::int64_t rows_in_use = 0;
  std::int64_t columns_in_use = 0;
  double total_weight = 0;
  double degrees_of_freedom = 0;  ///< poisson: what counting noise alone adds per position to the weighted squares

  /// |mean|², the scale of what rounding leaves of squared distances.
  double mean_square() const { return std::inner_product(mean.begin(), mean.end(), mean.begin(), 0.0); }
};

/// Two passes over the data at most. Throws bad_data for values that are not finite, invalid_argument for negative
/// values where shares are asked for, and when nothing is left.
FeatureSpace feature_space(const Rows& rows, const std::string& normalization, Context& context);

/// Σ_c (feature_ic − mean_c)² of every position; 0 where its weight is 0. Throws invalid_argument when they overflow.
std::vector<double> squared_deviations(const Rows& rows, const FeatureSpace& space, Context& context);

/// The features of some positions less their mean, dense (positions × channels), in the order asked.
std::vector<double> features_of(const Dataset& data, const FeatureSpace& space,
                                const std::vector<std::int64_t>& positions);

}  // namespace ruska::ops::segment
