// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/pattern_axes.hpp"

#include "ruska/base/error.hpp"

namespace ruska::ops::diffraction {

void require_uniform_signal_axes(const Description& data, const std::string& operation) {
  const SignalAxes axes = signal_axes(data);
  for (const Axis* axis : {&axes.y, &axes.x}) {
    if (!axis->values.empty() || axis->scale == 0) {
      throw Error(ErrorKind::invalid_argument,
                  "the signal axis '" + axis->name + "' is not uniform; " + operation + " needs pixels of equal size");
    }
  }
}

void check_frame_port(const Inputs& inputs, const std::string& port) {
  const Dataset* given = inputs.find(port);
  const Shape frame = inputs.at("data").describe().signal_shape();
  if (given == nullptr || given->describe().shape() == frame) return;
  throw Error(ErrorKind::invalid_argument, port + " has the shape " + to_string(given->describe().shape()) +
                                               ", and must have that of a frame, " + to_string(frame));
}

}  // namespace ruska::ops::diffraction
