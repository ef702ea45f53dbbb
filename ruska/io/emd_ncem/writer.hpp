// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>

#include "ruska/core/sink.hpp"

namespace ruska::io::emd_ncem {

/// A sink for one array in /signals/TITLE of an EMD file of version 0.2, fastest axis first as the reader expects it,
/// with coordinates dim1, dim2 … of its axes. Throws unsupported for pixels of several parts and signals without axes,
/// io.
std::unique_ptr<Sink> create(const std::filesystem::path& path, const Description& description);

}  // namespace ruska::io::emd_ncem
