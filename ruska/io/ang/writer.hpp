// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "ruska/core/sink.hpp"

namespace ruska::io::ang {

/// What the first eight columns hold where the header names none.
const std::vector<std::string>& usual_columns();

/// A sink for an orientation map: numbers over (y, x) and a last axis that runs over eight or more named columns, as
/// such files are read, on a square grid; over a list of positions where the header that the map was read with has a
/// hexagonal grid. That header (`original.header`, which has the phases) is written again, with the raster's lines as
/// the axes are; without it the least one. Throws unsupported for other signals.
std::unique_ptr<Sink> create(const std::filesystem::path& path, const Description& description);

}  // namespace ruska::io::ang
