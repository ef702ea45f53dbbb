// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/calibration_summary.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "ruska/base/text.hpp"
#include "ruska/ops/diffraction/electron_wave.hpp"
#include "ruska/ops/diffraction/physical_scale.hpp"

namespace ruska::ops::diffraction {
namespace {

struct Rows {
  std::vector<std::string> quantity{}, unit{}, note{};
  std::vector<double> value{}, sigma{};

  void add(const std::string& what, double number, double deviation, const std::string& of, const std::string& said) {
    quantity.push_back(what);
    value.push_back(number);
    sigma.push_back(deviation);
    unit.push_back(of);
    note.push_back(said);
  }
};

std::string show(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.2g", value);
  return text;
}

/// Largest distance of a surface from its mean.
double largest_move(const OriginCalibration& origin) {
  const Vector mean = origin.mean();
  double most = 0;
  for (std::int64_t p = 0; p < count(origin.scan); ++p) {
    most = std::max(most, length(origin.at_position(p, origin.scan) - mean));
  }
  return most;
}

}  // namespace

Output calibration_summary(const Calibration& calibration, std::optional<double> beam_energy) {
  Rows rows;
  std::vector<std::string> missing;
  const double unknown = std::numeric_limits<double>::quiet_NaN();
  if (const auto& origin = calibration.origin) {
    const Vector mean = origin->mean();
    const bool moves = origin->surface != "constant";
    rows.add("centre, x", mean.x, origin->sigma_x, "px",
             moves ? "mean of a " + origin->surface : "the same everywhere");
    rows.add("centre, y", mean.y, origin->sigma_y, "px",
             moves ? "moves by up to " + show(largest_move(*origin)) + " px" : "the same everywhere");
    if (origin->probe_radius > 0) rows.add("radius of the direct beam", origin->probe_radius, unknown, "px", "");
  } else {
    missing.emplace_back("centre (diffraction.origin)");
  }
  if (const auto& ellipse = calibration.ellipse) {
    rows.add("ellipticity a/b", ellipse->ratio, ellipse->ratio_sigma, "", "");
    rows.add("direction of its long axis", ellipse->angle, ellipse->angle_sigma, "°", "from x towards y");
  } else {
    missing.emplace_back("ellipticity (diffraction.ellipse)");
  }
  if (const auto& size = calibration.pixel_size) {
    rows.add("pixel size", size->value, size->sigma, size->unit, size->standard);
  } else {
    missing.emplace_back("pixel size (diffraction.pixel_size)");
  }
  if (const auto& rotation = calibration.rotation) {
    rows.add("rotation into the scan's frame", rotation->angle, rotation->sigma, "°",
             std::string(rotation->transposed ? "after x and y are exchanged; " : "") +
                 (rotation->sign_known ? "its sense is known" : "may as well be the angle 180° away"));
  } else {
    missing.emplace_back("rotation (diffraction.rotation)");
  }
  if (beam_energy) {
    rows.add("beam energy", *beam_energy, unknown, "keV", "");
    const double wavelength = electron_wavelength(*beam_energy);
    if (calibration.pixel_size && calibration.origin && calibration.origin->probe_radius > 0) {
      const auto unit = reciprocal_nanometres_of(calibration.pixel_size->unit, wavelength);
      if (unit) {
        const double per_pixel = 1e3 * wavelength * calibration.pixel_size->value * *unit;
        rows.add("semi-angle of the probe", per_pixel * calibration.origin->probe_radius,
                 calibration.pixel_size->sigma / calibration.pixel_size->value * per_pixel *
                     calibration.origin->probe_radius,
                 "mrad", "without the uncertainty of its radius");
      }
    }
  } else {
    missing.emplace_back("beam energy (metadata, or --beam_energy)");
  }
  return {.name = "calibration_summary",
          .title = "Calibration",
          .value = Table{{{"quantity", "", rows.quantity},
                          {"value", "", rows.value},
                          {"sigma", "", rows.sigma, "value"},
                          {"unit", "", rows.unit},
                          {"note", "", rows.note}}},
          .view = View::table,
          .note = missing.empty() ? "" : "Not known: " + join(missing, ", ") + "."};
}

OutputPort calibration_summary_port() {
  return {"calibration_summary", "What is known of how patterns fall on the detector, each number with its deviation."};
}

std::string calibration_line(const Calibration& calibration) {
  if (!calibration.empty()) return "calibration: " + calibration.story();
  return "nothing is calibrated; diffraction.origin, ellipse, pixel_size and rotation, one after the other, make a "
         "calibration for --calibration";
}

}  // namespace ruska::ops::diffraction
