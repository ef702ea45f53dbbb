// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>

#include "ruska/core/sink.hpp"

namespace ruska::io::nsid {

/// A sink for one main array with its dimension scales in /Measurement_000/Channel_000/TITLE, as pyNSID writes and
/// checks it: every text attribute is there, and what ruska does not know is "generic". Throws unsupported for pixels
/// of several parts and signals without axes, io.
std::unique_ptr<Sink> create(const std::filesystem::path& path, const Description& description);

}  // namespace ruska::io::nsid
