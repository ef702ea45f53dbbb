// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include "ruska/io/hdf5/object_header.hpp"

namespace ruska::io::hdf5 {

/// What a name in a group stands for.
struct Link {
  enum class Kind { object, path, other_file };
  Kind kind = Kind::object;
  std::uint64_t address = 0;  ///< of an object
  std::string path{};         ///< where a path of this file or of another leads
  std::string file{};         ///< the other file, as it is named
};

/// The members of a group, of the old kind (symbol table) and the new (link messages, or a heap where there are many).
struct Links {
  std::vector<std::string> names;  ///< in the order in which they were made where the file keeps it, else of names
  std::map<std::string, Link> by_name;
};

bool is_group(const ObjectHeader& header);

/// Throws bad_data, unsupported.
Links read_links(const FileBlocks& file, const ObjectHeader& header);

}  // namespace ruska::io::hdf5
