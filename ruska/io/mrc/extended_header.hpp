// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ruska/base/json.hpp"
#include "ruska/io/random_access_file.hpp"

namespace ruska::io::mrc {

/// What the extended header of an MRC file tells of its first section.
struct ExtendedHeader {
  double pixel_size = 0;                            ///< m; 0 where it is not told
  std::vector<std::pair<std::string, Json>> known;  ///< paths of the metadata tree with their values
  Json original = Json::object();
};

/// Reads the headers of the kinds "FEI1" and "FEI2", and those of no kind that are 1024 records of 128 bytes; nothing
/// for any other. Throws bad_data when the first record does not fit its own length.
std::optional<ExtendedHeader> read_extended_header(const RandomAccessFile& file, std::int64_t offset,
                                                   std::int64_t bytes, const std::string& kind, std::endian order);

}  // namespace ruska::io::mrc
