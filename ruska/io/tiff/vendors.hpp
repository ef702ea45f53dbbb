// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ruska/core/source.hpp"
#include "ruska/io/tiff/directory.hpp"

namespace ruska::io::tiff {

/// What a page's tags say of the axes: units, offset, scale and perhaps coordinates; names and sizes are left out.
struct Calibration {
  Axis width{}, height{}, stack{};
};

/// Calibration of a page of the given width (pixels) by FEI, Zeiss, TVIPS, Olympus, JEOL, Hamamatsu, DigitalMicrograph
/// or ImageJ. Metadata, title and the vendor's header go into `description`. Throws bad_data where the header is
/// damaged.
Calibration read_vendor_tags(const Structure& structure, const Directory& directory, std::int64_t width,
                             std::int64_t height, Description& description);

using Lines = std::vector<std::pair<std::string, std::string>>;

/// The "key=value" lines of ImageJ's description; empty when the page has none.
Lines image_j_lines(const Structure& structure, const Directory& directory);
/// The value of a key, empty where it is absent.
std::string value_of(const Lines& lines, std::string_view key);

}  // namespace ruska::io::tiff
