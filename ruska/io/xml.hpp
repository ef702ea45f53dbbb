// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <pugixml.hpp>

#include "ruska/base/json.hpp"

namespace ruska::io {

/// Parses the XML of a header. No entity is expanded but the five of XML itself.
/// Throws bad_data when it is not well-formed or nested deeper than 200 elements.
pugi::xml_document parse_xml(std::string text);

/// An element as JSON: leaves are their text, attributes have "@" before their name, repeated children are lists.
/// Leaves above 4 kB (images, spectra) are left out, since they are signals of their own.
Json xml_to_json(pugi::xml_node node);

}  // namespace ruska::io
