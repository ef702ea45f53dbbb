// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/coordinates.hpp"

#include <algorithm>
#include <cmath>

#include "ruska/base/error.hpp"

namespace ruska::io {

void set_coordinates(Axis& axis, std::vector<double> coordinates) {
  const auto count = static_cast<double>(coordinates.size());
  axis.size = static_cast<std::int64_t>(coordinates.size());
  double mean = 0;
  for (std::size_t i = 0; i < coordinates.size(); ++i) {
    if (!std::isfinite(coordinates[i])) {
      throw Error(ErrorKind::bad_data,
                  "coordinate " + std::to_string(i) + " of the axis '" + axis.name + "' is not a finite number");
    }
    mean += coordinates[i] / count;
  }
  const double middle = (count - 1) / 2;
  double along = 0, squares = 0;
  for (std::size_t i = 0; i < coordinates.size(); ++i) {
    const double from_middle = static_cast<double>(i) - middle;
    along += from_middle * (coordinates[i] - mean);
    squares += from_middle * from_middle;
  }
  axis.scale = squares > 0 ? along / squares : 1.0;
  axis.offset = mean - axis.scale * middle;
  if (coordinates.empty()) axis.offset = 0;
  if (!std::isfinite(axis.scale) || !std::isfinite(axis.offset)) {
    throw Error(ErrorKind::bad_data, "the coordinates of the axis '" + axis.name + "' are too large");
  }
  bool straight = true;
  for (std::size_t i = 0; i < coordinates.size(); ++i) {
    const double line = axis.offset + axis.scale * static_cast<double>(i);
    straight = straight && std::fabs(coordinates[i] - line) <= 1e-6 * std::fabs(axis.scale);
  }
  axis.values = straight ? std::vector<double>() : std::move(coordinates);
}

std::vector<double> coordinates_of(const Axis& axis) {
  std::vector<double> coordinates;
  for (std::int64_t i = 0; i < axis.size; ++i) coordinates.push_back(axis.at(static_cast<double>(i)));
  return coordinates;
}

}  // namespace ruska::io
