// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include "ruska/io/hdf5/dataspace.hpp"
#include "ruska/io/hdf5/datatype.hpp"

namespace ruska::io::hdf5 {

struct Attribute {
  Datatype type;
  Dataspace space;
  Block values;  ///< as stored
};

/// The attributes of an object by name, not yet looked into; in its header or, where they are many, in a heap.
std::map<std::string, Block> read_attributes(const FileBlocks& file, const ObjectHeader& header);

/// One of them. Throws bad_data, unsupported.
Attribute read_attribute(const FileBlocks& file, const Block& message);

}  // namespace ruska::io::hdf5
