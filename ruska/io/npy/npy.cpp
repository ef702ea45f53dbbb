// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// NumPy .npy files, versions 1 to 3 of the format (numpy.lib.format). They hold an array and nothing else, so the axes
// have no units and their roles follow from the rank: a spectrum (1), an image (2), a map of spectra (3), and a map of
// images from 4 on (two signal axes). The fields of a structured pixel (R, G, B) become one more signal axis.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "ruska/core/driver.hpp"
#include "ruska/io/npy/header.hpp"
#include "ruska/io/stored_array.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::int64_t longest_header = std::int64_t{1} << 20;

Confidence probe(const Probe& file) {
  const std::string_view head(reinterpret_cast<const char*>(file.head.data()), file.head.size());
  if (head.starts_with(magic)) return Confidence::content;
  return extension_of(file.path) == "npy" ? Confidence::extension : Confidence::none;
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const auto file = std::make_shared<const RandomAccessFile>(path);
  std::array<unsigned char, 12> start{};
  file->read(0, std::as_writable_bytes(std::span(start).first(10)));
  if (std::memcmp(start.data(), magic.data(), magic.size()) != 0) {
    throw Error(ErrorKind::bad_data, path.filename().string() + " does not start with the mark of a .npy file");
  }
  const int version = start[6];
  if (version < 1 || version > 3) {
    throw Error(ErrorKind::unsupported, "version " + std::to_string(version) + "." + std::to_string(start[7]) +
                                            " of the .npy format; supported are 1 to 3");
  }
  const std::int64_t before = version == 1 ? 10 : 12;
  file->read(0, std::as_writable_bytes(std::span(start).first(static_cast<std::size_t>(before))));
  std::int64_t length = start[8] | start[9] << 8;
  if (version > 1) length |= std::int64_t{start[10]} << 16 | std::int64_t{start[11]} << 24;
  if (length > longest_header) {
    throw Error(ErrorKind::bad_data, "a .npy header of " + std::to_string(length) + " bytes; at most " +
                                         std::to_string(longest_header) + " are plausible");
  }
  const std::vector<std::byte> text = file->read(before, length);
  const npy::Header header =
      npy::parse_header({reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(length)});

  Description description;
  description.dtype = header.dtype;
  description.fields = header.fields;
  const std::size_t rank = header.shape.size();
  const std::size_t signal_axes = rank == 2 || rank > 3 ? 2 : 1;
  for (std::size_t axis = 0; axis < rank; ++axis) {
    Axis one;
    one.size = header.shape[axis];
    one.role = axis + signal_axes < rank ? Role::navigation : Role::signal;
    description.axes.push_back(one);
  }

  StoredLayout layout;
  layout.offset = before + length;
  layout.swapped = header.big_endian != (std::endian::native == std::endian::big) && size_of(header.dtype) > 1;
  const std::size_t pixel = size_of(header.dtype) * std::max<std::size_t>(1, header.fields.size());
  layout.stride = header.fortran_order ? fortran_strides(header.shape, pixel) : c_strides(header.shape, pixel);
  if (!header.fields.empty()) {
    Axis parts;
    parts.size = static_cast<std::int64_t>(header.fields.size());
    description.axes.push_back(parts);
    layout.stride.push_back(static_cast<std::int64_t>(size_of(header.dtype)));
  }
  return {stored_array(file, std::move(description), std::move(layout))};
}

std::unique_ptr<Sink> create(const std::filesystem::path& path, const Description& description) {
  return stored_array_sink(path, npy::format_preamble(description), description);
}

}  // namespace

const Driver& npy_driver() {
  static const Driver driver{"npy", "NumPy array", {"npy"}, probe, open, create};
  return driver;
}

}  // namespace ruska::io
