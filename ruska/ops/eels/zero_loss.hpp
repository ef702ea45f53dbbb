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

/// The zero-loss peak of a centre (channel) at a channel, its side of energy gains reflected about the centre.
double reflected_at(std::span<const double> spectrum, double centre, std::int64_t channel);

/// Counts up to a fractional channel, the channel it falls into in parts.
double counts_below(std::span<const double> spectrum, double channel);

/// Channels from the peak's centre to the first minimum behind it.
double first_minimum_behind(std::span<const double> spectrum, const ZeroLoss& zero);

/// Full width at half maximum of the peak in channels, straight between channels.
double full_width(std::span<const double> spectrum, const ZeroLoss& zero);

}  // namespace ruska::ops::eels
