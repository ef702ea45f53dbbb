// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "ruska/core/source.hpp"

namespace ruska::io::tiff {

/// OME-XML (Open Microscopy Environment, schema 2016-06) of a file with one image whose pages are all in order: sizes,
/// order of the stack's axes, pixel sizes where they are lengths, in ASCII. `outer` are the axes over the pages,
/// slowest first; `samples` the parts of a pixel. Empty where the schema has no name for the type of the values or not
/// enough axes.
std::string open_microscopy_text(const Description& description, const Axes& outer, const Axis& height,
                                 const Axis& width, std::int64_t samples);

}  // namespace ruska::io::tiff
