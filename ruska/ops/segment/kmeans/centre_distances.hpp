// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "ruska/ops/segment/feature_space.hpp"

namespace ruska::ops::segment {

/// Squared distances of positions to centres through the products of raw values with one table, so that sparse rows
/// cost their nonzeros alone. With m the mean feature, a centre m + c and a position's deviation |f − m|²:
///   |f − m − c|² = |f − m|² + |c|² + 2 m·c − 2 f·c.
/// Centres are kept relative to the mean because a common offset of the data would otherwise cost half the digits.
class CentreDistances {
 public:
  /// `centres`: count × channels, less the mean.
  CentreDistances(const FeatureSpace& space, std::span<const double> centres, std::int64_t count);

  /// Prepares the distances of a block's rows.
  void go_to(const RowBlock& block);
  /// Prepares the distances of some of its rows, counted within it.
  void go_to(const RowBlock& block, std::span<const std::int64_t> rows);
  /// |f − centre|² of a row, counted among those prepared; `row_factor` and `deviation` are those of the row.
  double squared(std::int64_t row, std::size_t centre, double row_factor, double deviation) const {
    const double product = products_[static_cast<std::size_t>(row) * width_ + centre];
    return std::max(0.0, deviation + constant_[centre] - 2 * row_factor * product);
  }

  static std::int64_t table_bytes(std::int64_t channels, std::int64_t count);
  static std::int64_t product_bytes(std::int64_t rows, std::int64_t count);

  /// The same table with products of its own, for one worker; the original must live longer.
  CentreDistances for_worker() const { return CentreDistances(*this); }

 private:
  CentreDistances(const CentreDistances& original)
      : columns_(original.columns_), width_(original.width_), table_(original.table_), constant_(original.constant_) {}

  /// Products of dense rows.
  void multiply(std::int64_t rows, const double* dense);

  std::int64_t columns_;
  std::size_t width_;
  std::vector<double> own_table_, own_constant_;
  std::span<const double> table_, constant_;
  std::vector<double> chosen_;  ///< the dense rows of which products are taken
  std::vector<double> products_;
};

}  // namespace ruska::ops::segment
