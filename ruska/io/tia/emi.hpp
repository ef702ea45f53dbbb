// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "ruska/base/json.hpp"

namespace ruska::io::tia {

/// What an .emi file tells of one of its series.
struct SeriesInfo {
  Json metadata = Json::object();  ///< known entries of HyperSpy's tree
  Json original = Json::object();  ///< the ObjectInfo as it stands
};

/// One for each ObjectInfo within the file, in its order. Throws bad_data when the file is none or its XML is damaged.
std::vector<SeriesInfo> read_emi(const std::filesystem::path& path);

/// Whether these are the first bytes of an .emi file.
bool begins_emi(std::span<const std::byte> head);

}  // namespace ruska::io::tia
