// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ruska/core/axis.hpp"

namespace ruska::io::mrc {

/// What the text file that Direct Electron's server writes beside a movie tells of it.
struct CameraFile {
  Axes navigation;  ///< the raster of a scan, or the time of a movie; empty where it tells of neither
  Axes signal;      ///< rows and columns without their lengths; empty where their scale is not told
  std::vector<std::pair<std::string, Json>> known;  ///< paths of the metadata tree with their values
  Json original = Json::object();
};

/// The file `…_info.txt` of a movie `…_movie.mrc` with so many frames; nothing for other names and where there is none.
/// Throws bad_data when the file is no list of "key = value" or tells of another number of frames.
std::optional<CameraFile> read_camera_file(const std::filesystem::path& movie, std::int64_t frames);

}  // namespace ruska::io::mrc
