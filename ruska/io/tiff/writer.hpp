// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>

#include "ruska/core/sink.hpp"

namespace ruska::io::tiff {

/// What the line of ImageJ's description is called that carries ruska's own description as JSON.
inline constexpr std::string_view description_key = "ruska";

/// A sink for an uncompressed TIFF file, BigTIFF above 4 GB: the last two axes (the last one of a spectrum) are the
/// image, all others pages. ImageJ and HyperSpy find pixel sizes, units and the first stack axis; titles, names and all
/// axes stand as JSON in a line of ImageJ's description. Throws unsupported for complex numbers and more than 2^20
/// pages.
std::unique_ptr<Sink> create(const std::filesystem::path& path, const Description& description);
/// As `create`, for a file that such a sink began.
std::unique_ptr<Sink> resume(const std::filesystem::path& path, const Description& description);

}  // namespace ruska::io::tiff
