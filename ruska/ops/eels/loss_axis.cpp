// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eels/loss_axis.hpp"

#include <cmath>
#include <string>

#include "ruska/base/error.hpp"

namespace ruska::ops::eels {

LossAxis loss_axis(const Description& description) {
  const Axis& axis = description.signal_axis();
  const double unit = axis.units == "eV" ? 1.0 : axis.units == "keV" ? 1e3 : 0.0;
  if (unit == 0.0) {
    throw Error(ErrorKind::invalid_argument, "the signal axis '" + axis.name + "' has the unit '" + axis.units +
                                                 "', but energy losses need an axis in eV or keV");
  }
  if (!axis.values.empty() || !(axis.scale > 0)) {
    throw Error(ErrorKind::invalid_argument,
                "the energy-loss axis must rise in equal steps; its step is " + std::to_string(axis.scale));
  }
  return {axis.offset * unit, axis.scale * unit, axis.size};
}

void require_detector_counts(double total) {
  constexpr double most = 1e20;
  if (std::abs(total) > most) {
    throw Error(ErrorKind::invalid_argument,
                "the data sum to " + std::to_string(total) +
                    ", more than any detector counts; are these intensities in other units?");
  }
}

}  // namespace ruska::ops::eels
