// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "ruska/core/source.hpp"
#include "ruska/ops/diffraction/calibration.hpp"

namespace ruska::ops::diffraction {

/// Nanometres in one unit of length ("nm", "Å", "pm", "µm", "mm", "m"); nothing for other units.
std::optional<double> nanometres_of(const std::string& unit);

/// Reciprocal nanometres in one unit of a detector axis ("1/nm", "1/Å", "mrad", "rad" and their other spellings);
/// `wavelength` in nm serves the angles. Nothing for other units.
std::optional<double> reciprocal_nanometres_of(const std::string& unit, double wavelength);

/// 1/nm per detector pixel: from the calibration's pixel size, otherwise from the signal axes where they are in units
/// of a reciprocal length or an angle and agree to 0.1 %. Throws invalid_argument when neither is there.
double pixel_in_reciprocal_nanometres(const Description& data, const Calibration& calibration, double wavelength);

/// The steps of the last two navigation axes in nm. Throws invalid_argument for other units.
struct ScanStep {
  double y = 1, x = 1;
};
ScanStep scan_step_in_nanometres(const Description& data);

}  // namespace ruska::ops::diffraction
