// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ruska/core/source.hpp"

namespace ruska::ops::unmix {

/// What EDS spectra are made of: the line families of the elements that are there, and shapes of bremsstrahlung.
struct LineColumns {
  std::vector<double> values;  ///< columns × channels, unit sums; together they reach every channel with counts
  std::string description;     ///< "K and L lines of Fe, Ti … and 12 background shapes"
};

/// `sum_spectrum` calibrates energies and resolution, and names the elements where `elements` is empty. The beam energy
/// comes from the metadata unless given. Throws invalid_argument for an axis that is no energy, for an unknown element,
/// and where no element is found.
LineColumns line_columns(const Description& data, std::span<const double> sum_spectrum,
                         const std::vector<std::string>& elements, std::optional<double> beam_energy);

}  // namespace ruska::ops::unmix
