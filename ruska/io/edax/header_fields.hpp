// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "ruska/base/json.hpp"

namespace ruska::io::edax {

/// One entry of a header: little-endian numbers or characters at a fixed place.
struct Field {
  std::string_view name;
  char type;  ///< 'b' int8, 'h' int16, 'H' uint16, 'i' int32, 'I' uint32, 'f' float32, 'c' characters
  std::size_t offset;
  std::size_t count = 1;
};

/// The headers as EDAX describes them (TEAM, "SpcMap-spd.file.format", "SPECTRUM-V70", "ImageIPR").
std::span<const Field> spc_fields();
std::span<const Field> spd_fields();
std::span<const Field> ipr_fields();

/// How many bytes the fields reach over.
std::size_t extent(std::span<const Field> fields);
/// All fields by name; numbers that JSON cannot hold become null. `header` must reach over them.
Json read_fields(std::span<const std::byte> header, std::span<const Field> fields);

}  // namespace ruska::io::edax
