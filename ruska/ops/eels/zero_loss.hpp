// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace ruska::ops::eels {

/// The zero-loss peak of a spectrum.
struct ZeroLoss {
  bool found = false;          ///< false where the spectrum has no peak of counts
  double centre = 0;           ///< channel, fractional
  double centre_variance = 0;  ///< channel², for counts of variance = mean
  std::int64_t top = 0;        ///< channel of most counts
};

/// Finds the zero-loss peak: from small to large losses the first rise above a tenth of the spectrum's maximum, and
/// from there up to the first maximum that is followed by a fall to half, so that a plasmon peak higher than it does
/// not matter. Its centre is that of a parabola through the logarithms of the channels above half of the maximum
/// (three at least), weighted by their counts: exact for a Gaussian.
ZeroLoss find_zero_loss(std::span<const double> spectrum);

}  // namespace ruska::ops::eels
