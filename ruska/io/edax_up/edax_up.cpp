// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// EDAX backscatter patterns, 8-bit (.up1) or 16-bit (.up2), one after the other behind a short header: version, width,
// height and place of the first pattern, and from version 3 on the raster. The 8 or 16 bits stand in the extension
// alone.
#include <bit>
#include <cmath>

#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/byte_cursor.hpp"
#include "ruska/io/pattern_axes.hpp"
#include "ruska/io/stored_array.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

constexpr std::int64_t short_header = 16, long_header = 42;
constexpr std::uint32_t largest_side = 16384;

bool is_header(std::span<const std::byte> head) {
  if (head.size() < short_header) return false;
  const auto version = load<std::uint32_t>(head), width = load<std::uint32_t>(head, 4),
             height = load<std::uint32_t>(head, 8), offset = load<std::uint32_t>(head, 12);
  return version >= 1 && version < 100 && width >= 1 && width <= largest_side && height >= 1 &&
         height <= largest_side && offset >= (version < 3 ? short_header : long_header) && offset < 1 << 20;
}

Confidence probe(const Probe& file) {
  const std::string extension = extension_of(file.path);
  if (extension != "up1" && extension != "up2") return Confidence::none;
  return is_header(file.head) ? Confidence::content : Confidence::extension;
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const auto file = std::make_shared<const RandomAccessFile>(path);
  const auto head = file->read(0, std::min(file->size(), long_header));
  if (!is_header(head)) {
    throw Error(ErrorKind::bad_data, path.filename().string() +
                                         " does not begin with the version, width, height and place of EDAX patterns");
  }
  ByteCursor in(head, "the header of " + path.filename().string());
  const auto version = in.number<std::uint32_t>();
  if (version == 2) {
    throw Error(ErrorKind::unsupported, "version 2 of EDAX's pattern files; supported are 1 and from 3 on");
  }
  const std::int64_t width = in.number<std::uint32_t>(), height = in.number<std::uint32_t>();
  const std::int64_t offset = in.number<std::uint32_t>();
  Description description;
  description.dtype = extension_of(path) == "up2" ? DType::uint16 : DType::uint8;
  const std::int64_t bytes = width * height * static_cast<std::int64_t>(size_of(description.dtype));
  if (offset > file->size()) {
    in.fail("patterns from byte " + std::to_string(offset) + " on, behind the end of the file");
  }
  const std::int64_t stored = (file->size() - offset) / bytes;
  description.original = Json{{"version", version}, {"width", width}, {"height", height}, {"first_pattern", offset}};
  std::int64_t rows = 0, columns = stored;
  double step_x = 0, step_y = 0;
  if (version >= 3) {
    in.skip(1);
    const std::int64_t given_columns = in.number<std::uint32_t>(), given_rows = in.number<std::uint32_t>();
    const bool hexagonal = in.number<std::uint8_t>() != 0;
    step_x = in.number<double>();
    step_y = in.number<double>();
    if (!std::isfinite(step_x) || !std::isfinite(step_y)) in.fail("a step that is no number");
    description.original.update(Json{{"columns", given_columns},
                                     {"rows", given_rows},
                                     {"hexagonal", hexagonal},
                                     {"step_x", step_x},
                                     {"step_y", step_y}});
    if (!hexagonal) {  // the lines of a hexagonal raster differ in length, so its patterns stay a list
      rows = given_rows;
      columns = given_columns;
      if (rows < 1 || columns < 1) {
        in.fail("a raster of " + std::to_string(rows) + " rows and " + std::to_string(columns) + " columns");
      }
    }
  }
  if (rows == 0 && (stored < 1 || (file->size() - offset) % bytes != 0)) {
    throw Error(ErrorKind::bad_data, path.filename().string() + " holds " + std::to_string(file->size() - offset) +
                                         " bytes of patterns of " + std::to_string(bytes) +
                                         " bytes each; the file is cut short");
  }
  description.axes = pattern_axes(rows, columns, step_y, step_x, height, width);
  StoredLayout layout{offset, c_strides(description.shape(), size_of(description.dtype)),
                      little_endian_is_swapped && description.dtype == DType::uint16};
  return {stored_array(file, std::move(description), std::move(layout))};
}

}  // namespace

const Driver& edax_up_driver() {
  static const Driver driver{"edax_up", "EDAX backscatter patterns", {"up1", "up2"}, probe, open, nullptr};
  return driver;
}

}  // namespace ruska::io
