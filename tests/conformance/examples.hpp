// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

#include "ruska/core/operation.hpp"

namespace ruska {

/// A small EDS spectrum image of two phases with all the metadata that operations ask for.
/// Poisson counts, uint16, axes (y, x | Energy).
Dataset example_spectrum_image(std::int64_t height, std::int64_t width, std::int64_t channels,
                               double counts_per_spectrum = 400);

/// A small 4D-STEM scan, Poisson counts, uint16, axes (y, x | ky, kx): a disc that wanders, and dark-field scattering
/// in one half of the scan.
Dataset example_scan(std::int64_t height, std::int64_t width, std::int64_t frame_height, std::int64_t frame_width);

/// The smallest inputs on which an operation must run with its defaults.
Inputs example_inputs(const Operation& operation);

/// The same values, stored in chunks of the given shape: every read is put together from whole chunks.
Dataset stored_in_chunks(const Dataset& data, Shape chunk);

/// The same values; calls `before_read(n)` before the n-th read, which may throw.
Dataset watched(const Dataset& data, std::function<void(std::int64_t)> before_read);

/// The same description with other values, made from the flat index.
Dataset with_values(const Dataset& data, DType dtype, const std::function<double(std::int64_t)>& value);

}  // namespace ruska
