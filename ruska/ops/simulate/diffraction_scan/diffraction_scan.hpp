// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ruska/core/operation.hpp"

namespace ruska::ops::simulate {

struct DiffractionScanParams {
  std::string specimen = "disks";
  std::optional<std::int64_t> x{};
  std::optional<std::int64_t> y{};
  std::optional<std::int64_t> detector_x{};
  std::optional<std::int64_t> detector_y{};
  std::optional<double> step{};
  std::optional<double> disc_radius{};
  double disc_edge = 0.35;
  std::optional<double> spacing{};
  std::optional<double> beam_energy{};
  std::optional<double> convergence_angle{};
  double defocus = 0.0;
  double orientation = 0.0;
  bool dislocation = false;
  std::vector<double> lattice_vectors{};
  double strain = 0.01;
  double lattice_rotation = 1.0;
  double missing_disks = 0.0;
  std::int64_t extra_disks = 0;
  double intensity_variation = 0.0;
  std::vector<std::string> point_groups{"4mm"};
  double phase = 0.1;
  double speckle = 0.5;
  double dose = 5000.0;
  std::string dose_per = "pattern";
  bool noise = true;
  double background = 0.0;
  std::int64_t hot_pixels = 0;
  std::int64_t dead_pixels = 0;
  std::optional<double> center_x{};
  std::optional<double> center_y{};
  double descan_plane = 0.0;
  double descan_parabola = 0.0;
  double ellipticity = 1.0;
  double ellipse_angle = 0.0;
  double rotation = 0.0;
  bool transposed = false;
  std::int64_t seed = 0;
};

/// `simulate.diffraction_scan`: a scan of diffraction patterns with Poisson counts whose lattice, strain, symmetry,
/// phase, centre and distortion are known, each given beside the data.
const Operation& diffraction_scan_operation();

}  // namespace ruska::ops::simulate
