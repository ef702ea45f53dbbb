// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "ruska/ops/diffraction/calibration.hpp"

namespace ruska::ops::diffraction {

/// The output "calibration_summary": a row for every part that is known, with its standard deviation where it was
/// measured (0 stands for exact), the beam energy (keV) and the probe's semi-angle where these are known, and in the
/// note which parts are missing and which operation measures each.
Output calibration_summary(const Calibration& calibration, std::optional<double> beam_energy);
OutputPort calibration_summary_port();

/// A line for a summary: what is known, or which operations make a calibration.
std::string calibration_line(const Calibration& calibration);

}  // namespace ruska::ops::diffraction
