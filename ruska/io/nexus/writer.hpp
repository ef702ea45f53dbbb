// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>

#include "ruska/core/sink.hpp"

namespace ruska::io::nexus {

/// The root's attribute that names the program, and what ruska writes there.
inline constexpr const char* writer_attribute = "file_writer";
inline constexpr const char* writer_name = "ruska";

/// A sink for one NXdata group in an NXentry, marked as the one to plot (NeXus, rules of 2014 and later), with
/// HyperSpy's metadata tree in the collections that its own NeXus files have. Throws unsupported for pixels of several
/// parts and signals without axes, io.
std::unique_ptr<Sink> create(const std::filesystem::path& path, const Description& description);

}  // namespace ruska::io::nexus
