// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ruska/core/source.hpp"

namespace ruska::ops::eels {

/// The energy-loss axis of a spectrum in eV.
struct LossAxis {
  double offset = 0;  ///< energy loss of the centre of channel 0
  double scale = 1;   ///< eV per channel, > 0
  std::int64_t size = 0;

  double at(double channel) const { return offset + scale * channel; }
  double channel(double loss) const { return (loss - offset) / scale; }
  double last() const { return at(static_cast<double>(size) - 1.0); }
};

/// The only signal axis in eV. Throws invalid_argument unless it is uniform, rising, and in eV or keV.
LossAxis loss_axis(const Description& description);

/// Throws invalid_argument when the values sum to more than any detector counts, so that squares would overflow.
void require_detector_counts(double total);

}  // namespace ruska::ops::eels
