// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "ruska/base/json.hpp"

/// How HyperSpy tells lists, tuples, nothing, bytes and dates in the names of groups, arrays and attributes, the same
/// in HDF5 and Zarr.
namespace ruska::io::hyperspy {

/// What stands for nothing.
inline constexpr const char* nothing = "_None_";

/// Put an attribute, an array or a group (with its members already decoded) into a tree under the name it stands for.
void add_attribute(Json& tree, const std::string& name, Json value);
void add_array(Json& tree, const std::string& name, Json value);
void add_group(Json& tree, const std::string& name, Json members);

/// A text of an axis; nothing and "<undefined>" are empty.
std::string plain_text(const std::string& text);

}  // namespace ruska::io::hyperspy
