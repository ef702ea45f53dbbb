// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>

#include "ruska/core/sink.hpp"

namespace ruska::io::zarr {

/// Writes one signal as HyperSpy's Zarr folder, chunks in Blosc (LZ4), colours as structures as HyperSpy has them.
/// `path` is made, or is an empty folder. A chunk lies in memory from its first value to its last. What lies in the
/// folder already stays. Throws io, and unsupported for signals without axes.
std::unique_ptr<Sink> create_sink(const std::filesystem::path& path, const Description& description);

}  // namespace ruska::io::zarr
