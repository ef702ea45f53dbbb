// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "ruska/core/source.hpp"

namespace ruska::io {

/// Axes "height" and "width" of an image, and fields for the parts of a pixel: one, {"L", "A"}, {"R", "G", "B"} or
/// {"R", "G", "B", "A"}.
void set_image_axes(Description& description, std::int64_t height, std::int64_t width, int samples);

/// A picture that is decoded whole when it is first read, and then kept. `decode` returns the values in C order; it may
/// be called again when it threw. Throws bad_data here when the picture has more than 2^30 bytes or more than 65536
/// times the bytes that the file stores.
std::shared_ptr<const Source> decoded_image(Description description, std::int64_t stored_bytes,
                                            std::function<std::vector<std::byte>()> decode);

}  // namespace ruska::io
