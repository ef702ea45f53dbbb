// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "ruska/base/random.hpp"
#include "ruska/core/dataset.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/ops/eds/spectrum_model.hpp"

// Small maps of known counts for the tests of this family.
namespace ruska::ops::eds {

/// A family of lines and its counts at every position.
struct PureFamily {
  std::string element, family;
  double counts = 0;
};

/// A map (y, x | Energy) of 1000 channels of 10 eV at 200 keV: the families, and `background` counts of a smooth
/// background; Poisson counts.
inline Dataset small_spectra(const std::vector<PureFamily>& families, double background, std::int64_t height,
                             std::int64_t width, std::uint64_t seed = 1) {
  Description description;
  description.title = "small spectra";
  description.signal_type = "EDS_TEM";
  description.axes = {
      {.name = "y", .quantity = "length", .units = "nm", .role = Role::navigation, .size = height},
      {.name = "x", .quantity = "length", .units = "nm", .role = Role::navigation, .size = width},
      {.name = "Energy", .quantity = "energy", .units = "keV", .role = Role::signal, .size = 1000, .scale = 0.01}};
  set(description.metadata, "Acquisition_instrument.TEM.beam_energy", 200.0);
  set(description.metadata, "Acquisition_instrument.TEM.Detector.EDS.energy_resolution_MnKa", 130.0);
  const EnergyAxis axis{0.0, 0.01, 1000};
  Eigen::VectorXd mean = Eigen::VectorXd::Zero(1000);
  for (std::int64_t e = 20; e < 1000; ++e) {
    const double energy = axis.at(static_cast<double>(e));
    mean[e] = (10.0 + energy) / energy * -std::expm1(-energy * energy / 0.36);
  }
  mean *= background / mean.sum();
  for (const PureFamily& one : families) {
    Family family{atomic_number(one.element), one.family[0], {}};
    for (XrayLine& line : xray_lines(family.atomic_number, 200.0)) {
      if (line.family == family.family) family.lines.push_back(std::move(line));
    }
    const Eigen::VectorXd shape = family_template(family, axis, {}, 0, 1000);
    mean += one.counts / shape.sum() * shape;
  }
  std::vector<std::uint16_t> counts;
  for (std::int64_t p = 0; p < height * width; ++p) {
    Random random(seed, "small spectra", static_cast<std::uint64_t>(p));
    for (std::int64_t e = 0; e < 1000; ++e) counts.push_back(static_cast<std::uint16_t>(random.poisson(mean[e])));
  }
  return Dataset::from_values<std::uint16_t>(std::move(description), counts);
}

}  // namespace ruska::ops::eds
