// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>

#include "ruska/core/source.hpp"

namespace ruska::io::tia {

/// The spectra or images of a .ser file, with axes, but no metadata. Of a series or map that was stopped early, the
/// elements that are there; of a map, its whole lines.
/// Throws bad_data with the place in the file, unsupported for elements of unequal size or distance.
std::shared_ptr<const Source> read_series(const std::filesystem::path& path, const Json& metadata,
                                          const Json& original);

}  // namespace ruska::io::tia
