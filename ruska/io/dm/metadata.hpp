// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "ruska/base/json.hpp"

namespace ruska::io::dm {

/// "EELS", "EDS_TEM" or "CL", as the tags of an image say; empty for others.
std::string signal_type_of(const Json& image);

/// The known entries of HyperSpy's tree from one entry of the ImageList.
Json metadata_of(const Json& image, const std::string& title, const std::string& signal_type);

}  // namespace ruska::io::dm
