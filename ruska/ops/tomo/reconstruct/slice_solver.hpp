// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ruska/ops/tomo/reconstruct/slice_projector.hpp"

namespace ruska::ops::tomo {

/// Filtered back-projection with a ramp filter; Kak and Slaney, Principles of Computerized Tomographic Imaging (1988),
/// §3.3. Angles may be unevenly spaced: each weighs half the way to its neighbours.
class FilteredBackProjection {
 public:
  /// `window`: "ramp" or "hann", which damps the ramp at high frequencies. `angles` in radians, in any order.
  FilteredBackProjection(const SliceProjector& projector, const std::vector<double>& angles, const std::string& window);

  /// voxels × lanes from bins × lanes.
  void solve(std::span<const float> projections, std::span<float> slices) const;
  /// Standard deviations of the slices from those of independent projections.
  void solve_sigma(std::span<const float> projections_sigma, std::span<float> slices_sigma) const;

 private:
  void filter(std::span<const float> projections, std::span<float> filtered, bool squares) const;

  const SliceProjector& projector_;
  std::vector<float> kernel_;  ///< the filter in real space, from −(width − 1) to width − 1
  std::vector<float> angle_weights_;
};

struct SirtOptions {
  std::int64_t iterations = 100;
  bool non_negative = true;
  double total_variation = 0;  ///< weight of the total variation, as a share of the largest value of the first estimate
  std::int64_t total_variation_steps = 10;
};

/// Simultaneous iterative reconstruction, f ← f + C Aᵀ R (p − A f) with C and R the inverse column and row sums of A;
/// Gilbert, J. Theor. Biol. 36, 105 (1972). After each step negative values are cut off and the total variation is
/// lowered by Chambolle's dual projection, J. Math. Imaging Vis. 20, 89 (2004), where asked for.
class Sirt {
 public:
  Sirt(const SliceProjector& projector, SirtOptions options);

  /// voxels × lanes from bins × lanes. `after_iteration` may throw to stop. Returns ‖p − A f‖² and ‖p‖² of each slice.
  struct Fit {
    std::vector<double> residual, data;
  };
  Fit solve(std::span<const float> projections, std::span<float> slices,
            const std::function<void()>& after_iteration) const;

 private:
  void lower_variation(std::span<float> slices, std::span<const float> weight) const;

  const SliceProjector& projector_;
  SirtOptions options_;
  std::vector<float> row_scale_, column_scale_;
};

}  // namespace ruska::ops::tomo
