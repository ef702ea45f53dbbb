// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "ruska/base/json.hpp"
#include "ruska/io/random_access_file.hpp"

/// Files of JEOL's Analysis Station.
namespace ruska::io::jeol {

/// Where a value lies that is left out of the tree.
struct ArrayPlace {
  std::string name;
  int type = 0;  ///< 1 or 6: uint8, 2 or 7: uint16, 3 or 8: int32, 4 or 9: float32, 5 or 10: float64
  std::int64_t offset = 0;
  std::int64_t bytes = 0;
};

struct Tree {
  Json values = Json::object();
  std::vector<ArrayPlace> arrays;
};

/// Reads the tree of named values that begins at `offset`. Values longer than 64 KiB, and those called `array`, are
/// left out of the JSON and listed instead. A value that has children is an object with its own value as "value"; pages
/// ("PARAMPAGE0") have the name that their value gives behind theirs. Throws bad_data with the place of the damage.
Tree read_tree(const RandomAccessFile& file, std::int64_t offset, std::string_view array = {});

/// Text as UTF-8: that which is not UTF-8 is taken as Shift-JIS where it is valid in it, else as Windows-1252.
std::string decoded(std::string_view bytes);

/// The number or text at a dotted path of a tree. Throws bad_data naming the path where there is none.
double number(const Json& tree, const char* path);
std::string text(const Json& tree, const char* path);

}  // namespace ruska::io::jeol
