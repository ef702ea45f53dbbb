// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
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

/// The text of a child element without the space around it; empty when there is no such child.
std::string child_text(pugi::xml_node parent, const char* child);
/// The number of a child element, with a decimal point or comma; nothing when the child is absent or empty.
/// Throws bad_data when it is not a finite number.
std::optional<double> child_number(pugi::xml_node parent, const char* child);
/// Throws bad_data: the child is not what is `expected`.
[[noreturn]] void refuse_child(pugi::xml_node parent, const char* child, const std::string& expected);

}  // namespace ruska::io
