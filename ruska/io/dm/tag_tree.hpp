// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>

#include "ruska/base/json.hpp"
#include "ruska/io/random_access_file.hpp"

namespace ruska::io::dm {

/// The tags of a DigitalMicrograph file of version 3 or 4 as a tree. Nameless groups are called TagGroup0, TagGroup1 …
/// and nameless values Data0, Data1 …, as HyperSpy does. Arrays of 16-bit numbers are texts. Arrays of more than 1024
/// elements, and the pixels of images whatever their number, stand as {"offset", "bytes", "elements"}: where they lie.
struct TagTree {
  int version = 0;
  std::endian order = std::endian::little;  ///< of values; sizes are always big-endian
  Json tags = Json::object();
};

/// Throws unsupported for another version, bad_data with the byte where a tag is damaged or the file ends.
TagTree read_tag_tree(const RandomAccessFile& file);

}  // namespace ruska::io::dm
