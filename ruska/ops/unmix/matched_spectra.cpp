// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/matched_spectra.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace ruska::ops::unmix {
namespace {

double angle_between(const double* a, const double* b, std::size_t length) {
  double aa = 0, bb = 0, ab = 0;
  for (std::size_t i = 0; i < length; ++i) {
    aa += a[i] * a[i];
    bb += b[i] * b[i];
    ab += a[i] * b[i];
  }
  if (!(aa > 0 && bb > 0)) return 90.0;
  return std::acos(std::clamp(ab / std::sqrt(aa * bb), -1.0, 1.0)) * 180 / std::numbers::pi;
}

}  // namespace

MatchedSpectra matched_spectra(const std::vector<double>& ours, const std::vector<double>& theirs,
                               std::size_t components, std::size_t channels) {
  std::vector<double> angle(components * components);
  MatchedSpectra result{std::vector<std::size_t>(components, 0), std::vector<double>(components, 90.0)};
  for (std::size_t i = 0; i < angle.size(); ++i) {
    angle[i] =
        angle_between(ours.data() + i / components * channels, theirs.data() + i % components * channels, channels);
  }
  std::vector<std::uint8_t> used_ours(components, 0), used_theirs(components, 0);
  for (std::size_t pair = 0; pair < components; ++pair) {
    std::size_t best = angle.size();
    for (std::size_t i = 0; i < angle.size(); ++i) {
      if (used_ours[i / components] != 0 || used_theirs[i % components] != 0) continue;
      if (best == angle.size() || angle[i] < angle[best]) best = i;
    }
    used_ours[best / components] = used_theirs[best % components] = 1;
    result.partner[best / components] = best % components;
    result.angle[best / components] = angle[best];
  }
  return result;
}

}  // namespace ruska::ops::unmix
