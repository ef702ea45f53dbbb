// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>

#include "ruska/core/sink.hpp"

namespace ruska::io::ripple {

/// A sink for the pair NAME.rpl, NAME.raw: a spectrum, an image, or spectra or images over one or two navigation axes
/// (images over one). The header has HyperSpy's keys for names, units, scales and the instrument. A .raw file of that
/// name that does not belong to an .rpl file is not replaced (invalid_argument). Throws unsupported for other signals,
/// complex values and tables of coordinates.
std::unique_ptr<Sink> create(const std::filesystem::path& path, const Description& description);

}  // namespace ruska::io::ripple
