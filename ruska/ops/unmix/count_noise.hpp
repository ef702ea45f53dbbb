// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ruska/ops/unmix/leading_components.hpp"

namespace ruska::ops::unmix {

/// The noise of a matrix by the median of all its singular values.
struct MedianNoise {
  double deviation = 0;  ///< of one element
  /// Of a Poisson-weighted matrix the deviation over that of counts: exactly 1 where it is that of counts, or too few
  /// values tell. Above it one electron or photon is more than one count: a camera's gain.
  double over_counts = 1;
};
MedianNoise median_noise(const LeadingComponents& leading, const WeightedMatrix& matrix);

/// What some hundred positions, evenly spread, tell of a matrix, for those who do not know all its singular values.
struct FewPositions {
  MedianNoise noise;
  /// Their leading right singular vectors, asked × channels; zeros where there are no more.
  std::vector<double> vectors;
};
FewPositions few_positions_of(const WeightedMatrix& matrix, std::int64_t vectors, Context& context);
/// Of data that have no weights yet: their noise over that of counts.
double noise_over_counts(const Rows& data, Context& context);
/// Bytes that these two hold.
std::int64_t noise_over_counts_memory(const Description& data);

}  // namespace ruska::ops::unmix
