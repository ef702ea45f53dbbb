// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ruska/core/source.hpp"

namespace ruska::io::npy {

/// What the header of a .npy file says (NumPy Enhancement Proposal 1 and numpy.lib.format, versions 1 to 3).
struct Header {
  DType dtype = DType::float64;
  bool big_endian = false;
  bool fortran_order = false;
  Shape shape;                      ///< as written, without the axis of the fields
  std::vector<std::string> fields;  ///< of a structured dtype, else empty
};

/// Reads the dictionary's text. Throws bad_data where it is not one, unsupported for a dtype that ruska does not hold.
Header parse_header(std::string_view text);

/// The whole preamble (magic, version, length, dictionary, padding to 64 bytes) of a C-ordered array in the
/// machine's byte order; with `fields`, the last axis becomes a structured dtype.
std::string format_preamble(const Description& description);

}  // namespace ruska::io::npy
