// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// MRC and CCP4 maps (Cheng et al., J. Struct. Biol. 192 (2015) 146, "MRC2014"): a header of 1024 bytes, an extended
// header, and sections of equal size. The cell lengths are Å. Read are modes 0 (8-bit; signed unless IMOD says
// otherwise), 1, 2, 4 and 6. Thermo Fisher's extended headers ("FEI1", "FEI2", and the 1024 × 128 bytes of old) tell of
// the microscope; Direct Electron's cameras do so in a text file beside the movie, with the raster of a scan.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/field_reader.hpp"
#include "ruska/io/kept_description.hpp"
#include "ruska/io/mrc/camera_file.hpp"
#include "ruska/io/mrc/extended_header.hpp"
#include "ruska/io/mrc/writer.hpp"
#include "ruska/io/stored_array.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

constexpr std::int64_t header_bytes = 1024;

struct Header {
  std::endian order = std::endian::little;
  std::array<std::int32_t, 3> size{};  ///< columns, rows, sections
  std::int32_t mode = 0;
  std::array<std::int32_t, 3> start{};
  std::array<std::int32_t, 3> intervals{};
  std::array<float, 3> cell{};  ///< Å
  std::array<float, 3> angles{};
  std::array<std::int32_t, 3> axis{};  ///< which of x, y, z (1, 2, 3) runs along columns, rows, sections
  std::array<float, 3> range{};        ///< least, greatest and mean value
  std::int32_t space_group = 0;
  std::int32_t extended = 0;  ///< bytes
  std::string extended_type;
  std::int32_t imod_stamp = 0, imod_flags = 0;
  std::array<float, 3> origin{};  ///< Å
  std::vector<std::string> labels;
};

/// The byte order in which the axes are a permutation of 1, 2, 3, or all 0 as old programs leave them, and the mode is
/// one of the format; nothing when it is neither.
std::optional<std::endian> order_of(std::span<const std::byte> head) {
  if (head.size() < 224) return std::nullopt;
  const auto integer = [&](std::size_t offset, std::endian order) {
    std::array<std::byte, 4> bytes;
    std::copy_n(head.begin() + static_cast<std::ptrdiff_t>(offset), 4, bytes.begin());
    if (order != std::endian::native) std::reverse(bytes.begin(), bytes.end());
    return std::bit_cast<std::int32_t>(bytes);
  };
  for (const std::endian order : {std::endian::little, std::endian::big}) {
    std::array axes{integer(64, order), integer(68, order), integer(72, order)};
    std::sort(axes.begin(), axes.end());
    const std::int32_t mode = integer(12, order);
    const bool sizes = integer(0, order) > 0 && integer(4, order) > 0 && integer(8, order) > 0;
    const bool known_axes = axes == std::array{1, 2, 3} || axes == std::array{0, 0, 0};
    constexpr std::array modes{0, 1, 2, 3, 4, 6, 12, 16, 101};
    if (sizes && known_axes && std::find(modes.begin(), modes.end(), mode) != modes.end()) return order;
  }
  return std::nullopt;
}

Header read_header(const RandomAccessFile& file) {
  const std::vector<std::byte> head = file.read(0, header_bytes);
  const auto order = order_of(head);
  if (!order) {
    throw Error(ErrorKind::bad_data,
                "the first bytes are no MRC header: in neither byte order are the sizes positive, the mode known and "
                "the axes a permutation of 1, 2, 3");
  }
  Header header;
  header.order = *order;
  FieldReader fields(file, *order);
  const auto fill = [&](auto& values) {
    for (auto& value : values) value = fields.number<std::remove_reference_t<decltype(value)>>();
  };
  fill(header.size);
  header.mode = fields.number<std::int32_t>();
  fill(header.start);
  fill(header.intervals);
  fill(header.cell);
  fill(header.angles);
  fill(header.axis);
  fill(header.range);
  header.space_group = fields.number<std::int32_t>();
  header.extended = fields.number<std::int32_t>();
  fields.seek(104);
  header.extended_type = fields.text(4);
  fields.seek(152);
  header.imod_stamp = fields.number<std::int32_t>();
  header.imod_flags = fields.number<std::int32_t>();
  fields.seek(196);
  fill(header.origin);
  fields.seek(220);
  const auto labels = fields.number<std::int32_t>();
  for (std::int32_t i = 0; i < std::clamp(labels, 0, 10); ++i) {
    const std::string label = fields.text(80);
    header.labels.push_back(to_utf8(trimmed(label.substr(0, label.find('\0')))));
  }
  if (header.axis[0] == 0) header.axis = {1, 2, 3};
  if (header.extended < 0 || header.extended > file.size() - header_bytes) {
    throw Error(ErrorKind::bad_data, "the header tells of an extended header of " + std::to_string(header.extended) +
                                         " bytes at byte 92; the file has " +
                                         std::to_string(file.size() - header_bytes) + " bytes behind the header");
  }
  return header;
}

DType dtype_of(const Header& header) {
  constexpr std::int32_t imod = 1146047817;
  switch (header.mode) {
    case 0: return header.imod_stamp == imod && (header.imod_flags & 1) == 0 ? DType::uint8 : DType::int8;
    case 1: return DType::int16;
    case 2: return DType::float32;
    case 4: return DType::complex64;
    case 6: return DType::uint16;
    default: break;
  }
  const char* what = header.mode == 3     ? " (complex of 16-bit integers)"
                     : header.mode == 12  ? " (16-bit floats)"
                     : header.mode == 101 ? " (4-bit integers)"
                     : header.mode == 16  ? " (RGB)"
                                          : "";
  throw Error(ErrorKind::unsupported,
              "values of mode " + std::to_string(header.mode) + what + "; supported are modes 0, 1, 2, 4 and 6");
}

/// Columns, rows or sections (0, 1, 2) as an axis. Sections have no unit: they may be depth, tilt or time.
Axis axis_of(const Header& header, std::size_t which) {
  const auto along = static_cast<std::size_t>(header.axis[which] - 1);
  Axis axis{.name = std::string(1, "xyz"[along]), .size = header.size[which]};
  const double step = static_cast<double>(header.cell[along]) / header.intervals[along] / 10;
  if (std::isfinite(step) && step > 0 && header.intervals[along] > 0) {
    axis.scale = step;
    if (which < 2) axis.units = "nm";
  }
  const double origin = static_cast<double>(header.origin[along]) / 10;
  if (std::isfinite(origin)) axis.offset = origin;
  axis.quantity = quantity_of(axis.units);
  if (which == 2) axis.role = Role::navigation;
  return axis;
}

Json original_of(const Header& header) {
  return {{"size", header.size},
          {"mode", header.mode},
          {"start", header.start},
          {"intervals", header.intervals},
          {"cell", header.cell},
          {"angles", header.angles},
          {"axes", header.axis},
          {"range", header.range},
          {"space_group", header.space_group},
          {"extended_bytes", header.extended},
          {"extended_type", to_utf8(header.extended_type.substr(0, header.extended_type.find('\0')))},
          {"origin", header.origin},
          {"labels", header.labels}};
}

Confidence probe(const Probe& file) {
  const std::string extension = extension_of(file.path);
  const std::string_view head(reinterpret_cast<const char*>(file.head.data()), file.head.size());
  const bool marked = head.size() > 212 && head.substr(208, 4) == "MAP ";
  const bool named = extension == "mrc" || extension == "mrcs" || extension == "ali" || extension == "rec" ||
                     extension == "st" || extension == "ccp4";
  if ((named || marked) && order_of(file.head)) return Confidence::content;
  return extension == "mrc" ? Confidence::extension : Confidence::none;
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const auto file = std::make_shared<const RandomAccessFile>(path);
  const Header header = read_header(*file);
  Description description;
  description.dtype = dtype_of(header);
  description.original["header"] = original_of(header);
  Json& metadata = description.metadata;
  set(metadata, "General.title", "");

  Axis columns = axis_of(header, 0), rows = axis_of(header, 1);
  Axes navigation;
  if (header.size[2] > 1) navigation.push_back(axis_of(header, 2));
  if (const auto extended =
          mrc::read_extended_header(*file, header_bytes, header.extended, header.extended_type, header.order)) {
    description.original["extended_header"] = extended->original;
    for (const auto& [key, value] : extended->known) set(metadata, key, value);
    if (extended->pixel_size > 0) {
      for (Axis* axis : {&rows, &columns}) {
        axis->scale = extended->pixel_size * 1e9;
        axis->units = "nm";
        axis->quantity = "length";
        axis->offset = 0;
      }
    }
  }
  if (auto camera = mrc::read_camera_file(path, header.size[2])) {
    description.original["camera"] = camera->original;
    for (const auto& [key, value] : camera->known) set(metadata, key, value);
    if (!camera->navigation.empty()) navigation = camera->navigation;
    if (!camera->signal.empty()) {
      camera->signal[0].size = rows.size;
      camera->signal[1].size = columns.size;
      rows = camera->signal[0];
      columns = camera->signal[1];
    }
  }

  StoredLayout layout;
  layout.offset = header_bytes + header.extended;
  layout.swapped = size_of(description.dtype) > 1 && header.order != std::endian::native;
  for (Axis& axis : navigation) description.axes.push_back(std::move(axis));
  description.axes.push_back(std::move(rows));
  description.axes.push_back(std::move(columns));
  if (header.extended_type == mrc::own_extended_type) {
    const std::vector<std::byte> own = file->read(header_bytes, header.extended);
    const std::string_view text(reinterpret_cast<const char*>(own.data()), own.size());
    restore_description(std::string(text.substr(0, text.find_last_not_of(' ') + 1)), description);
  }
  layout.stride = c_strides(description.shape(), size_of(description.dtype));
  return {stored_array(file, std::move(description), std::move(layout))};
}

}  // namespace

const Driver& mrc_driver() {
  static const Driver driver{
      "mrc", "MRC", {"mrc", "mrcs", "map", "ccp4", "rec", "ali", "st"}, probe, open, mrc::create, nullptr, mrc::resume};
  return driver;
}

}  // namespace ruska::io
