// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "ruska/ops/unmix/phases/position_grid.hpp"

namespace ruska::ops::unmix {

/// How much each departure from the maps that are expected costs, in nats.
struct MapPenaltySettings {
  double smoothness = 0;        ///< Laplacian: of half a squared difference of 1 between neighbours' shares; total
                                ///< variation: of a difference of 1
  bool total_variation = true;  ///< edges cost in proportion to their height, not to its square
  double sparsity = 0;          ///< of ln(1 + share / 0.02), or of the share itself
  bool logarithmic = true;
  double relevance = 0;  ///< of ln(1 + 1e4 · total share) of a component
};

/// A cost of maps of shares a (positions × components) beside that of the data:
///   smoothness · Σ over neighbours of ½|a_p − a_q|², or of √(|a_p − a_q|² + 0.01²), the differences as vectors over
///   the components, so that edges of several components lie together,
///   + sparsity · Σ ln(1 + a / 0.02), or Σ a,  + relevance · Σ_k ln(1 + 1e4 T_k), T_k the component's share of the
///   whole signal. No part of it is negative, so that an objective with it can end by what it falls of itself.
/// At given maps it has a majorant that is separate for every position: quadratic in the distance to a target, plus a
/// slope (Hunter and Lange, Am. Stat. 58, 30 (2004)); what lowers it at every position lowers the cost.
class MapPenalty {
 public:
  /// `row_sum` is the signal of each position; those without are no one's neighbours.
  MapPenalty(const MapPenaltySettings& settings, const PositionGrid& grid, const std::vector<double>& row_sum,
             std::size_t components);

  double value(const std::vector<double>& loadings) const;
  /// The part of it that does not sum over positions: smoothness and relevance.
  double coupled(const std::vector<double>& loadings) const;
  /// The other part, of one position's shares: sparsity.
  double own(const double* shares) const;
  /// Whether positions depend on each other.
  bool couples() const { return settings_.smoothness > 0 || settings_.relevance > 0; }

  /// Takes the maps (loadings, a · row_sum) at which the majorant touches the cost.
  void touch(const std::vector<double>& loadings);
  /// ½ · weight · |a − target|² + slope · a of one position; returns the weight.
  double majorant(std::int64_t position, double* target, double* slope) const;
  /// Its two parts: what the neighbours, as they were when touched, pull towards, and the slope at any shares.
  double pull(std::int64_t position, double* target) const;
  void slope(std::int64_t position, const double* shares, double* slope) const;

 private:
  std::vector<double> shares_of(const std::vector<double>& loadings) const;

  MapPenaltySettings settings_;
  PositionGrid grid_;
  const std::vector<double>& row_sum_;
  std::size_t components_;
  double signal_ = 0;
  std::vector<double> shares_, component_slope_;
};

}  // namespace ruska::ops::unmix
