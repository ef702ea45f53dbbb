// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "ruska/io/hdf5/file.hpp"

namespace ruska::io::velox {

/// The JSON text of one frame in a `Metadata` array: a column of bytes that ends at the first zero.
/// An empty object when there is no such array. Throws bad_data when the text is no JSON object.
Json frame_metadata(const hdf5::Group& group, const std::string& name = "Metadata", std::int64_t frame = 0);

/// The JSON object in a text array such as `Version`. Throws bad_data.
Json json_text(const hdf5::Array& array);

/// Velox writes numbers as texts; nothing when the entry is absent or no number.
std::optional<double> number_of(const Json& metadata, std::string_view path);

/// The two axes of an image or map of `height` × `width` from its BinaryResult, in one unit: that which is handy for
/// `steps` pixels along x.
Axes image_axes(const Json& metadata, std::int64_t height, std::int64_t width, Role role, std::int64_t steps);

/// The energy axis of an EDS detector: dispersion and offset of the first detector whose name begins with the one that
/// recorded the data; without them, channels.
Axis energy_axis(const Json& metadata, const std::string& name, std::int64_t size);

/// What HyperSpy's tree has a place for: date, beam energy, stage, EDS detector (when `eds`), title.
Json known_metadata(const Json& metadata, const std::string& title, bool eds);

}  // namespace ruska::io::velox
