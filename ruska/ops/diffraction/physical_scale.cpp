// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/physical_scale.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "ruska/base/error.hpp"

namespace ruska::ops::diffraction {

std::optional<double> nanometres_of(const std::string& unit) {
  static constexpr std::array<std::pair<const char*, double>, 10> known{{{"nm", 1},
                                                                         {"Å", 0.1},
                                                                         {"A", 0.1},
                                                                         {"angstrom", 0.1},
                                                                         {"pm", 1e-3},
                                                                         {"µm", 1e3},
                                                                         {"μm", 1e3},
                                                                         {"um", 1e3},
                                                                         {"mm", 1e6},
                                                                         {"m", 1e9}}};
  for (const auto& [name, length] : known) {
    if (unit == name) return length;
  }
  return std::nullopt;
}

std::optional<double> reciprocal_nanometres_of(const std::string& unit, double wavelength) {
  if (unit == "mrad") return 1e-3 / wavelength;
  if (unit == "rad") return 1 / wavelength;
  std::string length;
  for (const char* tail : {"^-1", "⁻¹", "^{-1}"}) {
    const std::string end = tail;
    if (unit.size() > end.size() && unit.compare(unit.size() - end.size(), end.size(), end) == 0) {
      length = unit.substr(0, unit.size() - end.size());
    }
  }
  if (unit.starts_with("1/")) length = unit.substr(2);
  const auto nanometres = nanometres_of(length);
  if (!nanometres) return std::nullopt;
  return 1 / *nanometres;
}

double pixel_in_reciprocal_nanometres(const Description& data, const Calibration& calibration, double wavelength) {
  const std::string hint = "; run diffraction.pixel_size and give its calibration, or give --pixel_size";
  if (calibration.pixel_size) {
    const auto unit = reciprocal_nanometres_of(calibration.pixel_size->unit, wavelength);
    if (unit) return calibration.pixel_size->value * *unit;
    throw Error(ErrorKind::invalid_argument, "the calibration gives the pixel size in '" +
                                                 calibration.pixel_size->unit + "', which is no reciprocal length" +
                                                 hint);
  }
  const Axis &y = data.axes[data.axes.size() - 2], &x = data.axes.back();
  const auto unit_y = reciprocal_nanometres_of(y.units, wavelength);
  const auto unit_x = reciprocal_nanometres_of(x.units, wavelength);
  if (!unit_y || !unit_x) {
    throw Error(ErrorKind::invalid_argument, "the size of a detector pixel is not known: the signal axes are in '" +
                                                 y.units + "' and '" + x.units + "'" + hint);
  }
  const double size_y = std::abs(y.scale) * *unit_y, size_x = std::abs(x.scale) * *unit_x;
  if (!(std::abs(size_y - size_x) <= 1e-3 * size_x)) {
    throw Error(ErrorKind::invalid_argument, "detector pixels are " + std::to_string(size_y) + " by " +
                                                 std::to_string(size_x) + " 1/nm, and square ones are needed" + hint);
  }
  return 0.5 * (size_x + size_y);
}

ScanStep scan_step_in_nanometres(const Description& data) {
  std::vector<const Axis*> axes;
  for (const Axis& axis : data.axes) {
    if (axis.role == Role::navigation) axes.push_back(&axis);
  }
  const auto step = [&](const Axis& axis) {
    const auto unit = nanometres_of(axis.units);
    if (unit && axis.values.empty() && axis.scale != 0) return std::abs(axis.scale) * *unit;
    throw Error(ErrorKind::invalid_argument,
                "the scan axis '" + axis.name + "' is in '" + axis.units +
                    "'; a length such as nm with a uniform step is needed (ruska convert can set it)");
  };
  return {step(*axes.at(axes.size() - 2)), step(*axes.back())};
}

}  // namespace ruska::ops::diffraction
