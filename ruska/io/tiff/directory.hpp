// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ruska/io/random_access_file.hpp"

/// The directories of a TIFF or BigTIFF file (Adobe, TIFF 6.0, 1992; BigTIFF design of libtiff).
namespace ruska::io::tiff {

/// Tags by number, as TIFF 6.0 and the vendors name them.
enum Tag : std::uint16_t {
  new_subfile_type = 254,
  image_width = 256,
  image_length = 257,
  bits_per_sample = 258,
  compression = 259,
  photometric_interpretation = 262,
  fill_order = 266,
  image_description = 270,
  make = 271,
  strip_offsets = 273,
  samples_per_pixel = 277,
  rows_per_strip = 278,
  strip_byte_counts = 279,
  x_resolution = 282,
  y_resolution = 283,
  planar_configuration = 284,
  resolution_unit = 296,
  software = 305,
  date_time = 306,
  artist = 315,
  tile_width = 322,
  tile_length = 323,
  tile_offsets = 324,
  tile_byte_counts = 325,
  sample_format = 339,
  olympus_sis = 33560,
  zeiss_sem = 34118,
  fei_sfeg = 34680,
  fei_helios = 34682,
  tvips = 37706,
  digital_micrograph_x_units = 65003,
  digital_micrograph_x_origin = 65006,
  digital_micrograph_x_scale = 65009,
  digital_micrograph_intensity_units = 65022,
  digital_micrograph_intensity_origin = 65024,
  digital_micrograph_intensity_scale = 65025,
};

/// One field of a directory. Its values lie within the file; that is checked when the directory is read.
struct Entry {
  std::uint16_t tag = 0;
  std::uint16_t type = 0;
  std::uint64_t count = 0;
  std::int64_t place = 0;  ///< byte in the file where the values begin
};

struct Directory {
  std::int64_t place = 0;
  std::int64_t next = 0;  ///< 0 for the last one
  std::vector<Entry> entries{};

  /// The first field with the tag, or nullptr.
  const Entry* find(std::uint16_t tag) const;
};

/// The byte order and kind of a TIFF file, with readers for fields.
class Structure {
 public:
  /// Throws bad_data when the file does not begin as a TIFF file does.
  explicit Structure(std::shared_ptr<const RandomAccessFile> file);

  const std::shared_ptr<const RandomAccessFile>& file() const { return file_; }
  bool big_endian() const { return big_endian_; }

  /// Goes along the chain of directories. Throws bad_data for a place outside the file, a loop or a damaged field.
  void for_each_directory(const std::function<void(const Directory&)>& visit) const;

  /// Values of unsigned integer types; throws bad_data for another type or more than `most` values.
  std::vector<std::uint64_t> integers(const Entry& entry, std::uint64_t most) const;
  /// Values of any numeric type, a fraction with denominator 0 as NaN; throws as `integers`.
  std::vector<double> numbers(const Entry& entry, std::uint64_t most) const;
  /// Text as UTF-8 up to its first zero byte; throws bad_data when it is longer than 64 MiB.
  std::string text(const Entry& entry) const;
  std::vector<std::byte> bytes(const Entry& entry) const;

  /// Text of a tag, empty where it is absent.
  std::string text_of(const Directory& directory, std::uint16_t tag) const;

 private:
  std::uint64_t unsigned_at(std::int64_t place, int width) const;
  std::uint64_t unsigned_from(const std::byte* bytes, int width) const;
  Directory directory_at(std::int64_t place) const;

  std::shared_ptr<const RandomAccessFile> file_;
  bool big_endian_ = false;
  bool big_file_ = false;
  std::int64_t first_ = 0;
};

/// Bytes of one value of a TIFF type, 0 for an unknown type.
int width_of_type(std::uint16_t type);

}  // namespace ruska::io::tiff
