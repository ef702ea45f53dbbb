// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ruska::report {

/// A PNG of 8-bit RGBA pixels in C order, not premultiplied. Throws io when libpng fails.
std::string encode_png(std::int64_t width, std::int64_t height, std::span<const std::uint8_t> rgba);

/// Pixels repeated `factor` times along both sides; for viewers that would smooth them.
std::vector<std::uint8_t> enlarge(std::int64_t width, std::int64_t height, std::span<const std::uint8_t> rgba,
                                  std::int64_t factor);

/// An SVG document drawn on white by librsvg at `zoom` times its size, as a PNG. Throws internal when it is not an
/// SVG, out_of_memory when the picture does not fit.
std::string rasterise(std::string_view svg, double zoom);

}  // namespace ruska::report
