// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ruska/core/dataset.hpp"

namespace ruska {

/// Files in the order in which people number them: "frame_2.tif" before "frame_10.tif".
std::vector<std::filesystem::path> in_natural_order(std::vector<std::filesystem::path> files);

/// The files of a folder that belong together: all those of the one extension that some driver reads, in natural order.
/// Throws unsupported when there is none, invalid_argument naming the extensions when there are several.
std::vector<std::filesystem::path> series_in_folder(const std::filesystem::path& folder);

/// The files whose name matches a pattern of the shell ("scan/frame_*.tif"), in natural order. Throws not_found.
std::vector<std::filesystem::path> series_of_pattern(const std::filesystem::path& pattern);

/// The obvious signals of many files of one shape and dtype as one, a navigation axis "frame" in front. Opens the first
/// file; the others are opened when they are read, and must agree with it then (bad_data). `original.series` lists
/// them.
Dataset stack(std::vector<std::filesystem::path> files, std::string title);

}  // namespace ruska
