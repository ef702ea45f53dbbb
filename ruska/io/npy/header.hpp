// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ruska/core/source.hpp"
#include "ruska/io/stored_array.hpp"

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

/// What stands before the values of a .npy file.
struct Preamble {
  std::string dictionary;
  std::int64_t bytes = 0;  ///< magic, version, length and dictionary
};

/// Gives the `count` bytes of a .npy file, or of one that lies within another, from byte `offset` on.
using ReadBytes = std::function<std::vector<std::byte>(std::int64_t offset, std::int64_t count)>;

/// Throws bad_data where it is no .npy file, naming it by `name`, and unsupported for versions other than 1 to 3.
Preamble read_preamble(const ReadBytes& read, const std::string& name);

/// The number of characters of an array of NumPy's Unicode texts; nothing for every other dtype.
struct TextType {
  std::int64_t characters = 0;
  bool big_endian = false;
};
std::optional<TextType> text_type(std::string_view dictionary);

/// dtype, fields and axes of an array. The roles follow from the rank: a spectrum (1), an image (2), a map of spectra
/// (3), and a map of images from 4 on (two signal axes). The fields of a structured pixel become one more signal axis.
Description describe(const Header& header);
/// Where the values of that description lie, the first at byte `offset`.
StoredLayout layout_of(const Header& header, std::int64_t offset);

/// The whole preamble (magic, version, length, dictionary, padding to 64 bytes) of a C-ordered array in the
/// machine's byte order; with `fields`, the last axis becomes a structured dtype.
std::string format_preamble(const Description& description);

}  // namespace ruska::io::npy
