// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "ruska/core/operation.hpp"

namespace ruska {

/// A small EDS spectrum image of two phases with all the metadata that operations ask for.
/// Poisson counts, uint16, axes (y, x | Energy).
Dataset example_spectrum_image(std::int64_t height, std::int64_t width, std::int64_t channels,
                               double counts_per_spectrum = 400);

/// A small 4D-STEM scan, Poisson counts, uint16, axes (y, x | ky, kx): a disc that wanders, and dark-field scattering
/// in one half of the scan.
Dataset example_scan(std::int64_t height, std::int64_t width, std::int64_t frame_height, std::int64_t frame_width);

/// The inputs that ruska/ops/<family>/<op>/example.cpp gives its operation, by the operation's name: the smallest on
/// which it runs with its defaults.
const std::map<std::string, Inputs (*)()>& operation_examples();

}  // namespace ruska
