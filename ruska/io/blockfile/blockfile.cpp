// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// NanoMegas ASTAR blockfiles (.blo): a header, a virtual bright-field image of the scan, and square 8-bit patterns,
// each behind six bytes (AA 55 and its number). The header's pixel sizes are nm in the scan and hundredths of pixels
// per cm on the screen.
#include <bit>
#include <cmath>

#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/blockfile/writer.hpp"
#include "ruska/io/date_time.hpp"
#include "ruska/io/field_reader.hpp"
#include "ruska/io/stored_array.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

using blockfile::before_pattern;
using blockfile::mark;

constexpr std::int64_t longest_note = std::int64_t{1} << 20;

Confidence probe(const Probe& file) {
  const std::string_view head(reinterpret_cast<const char*>(file.head.data()), file.head.size());
  if (head.starts_with(mark)) return Confidence::content;
  return extension_of(file.path) == "blo" ? Confidence::extension : Confidence::none;
}

Axis axis(std::string name, Role role, std::int64_t size, double scale, std::string units) {
  Axis one{.name = std::move(name), .units = std::move(units), .role = role, .size = size, .scale = scale};
  if (!(std::isfinite(scale) && scale != 0)) {
    one.scale = 1;
    one.units.clear();
  }
  one.quantity = quantity_of(one.units);
  return one;
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const auto file = std::make_shared<const RandomAccessFile>(path);
  FieldReader fields(*file);
  if (fields.text(6) != mark) {
    throw Error(ErrorKind::bad_data, path.filename().string() + " does not begin with 'IMGBLO'");
  }
  const auto version = fields.number<std::uint16_t>();
  const auto image_offset = fields.number<std::uint32_t>();
  const auto patterns_offset = fields.number<std::uint32_t>();
  const auto flags = fields.number<std::uint32_t>();
  const auto side = fields.number<std::uint16_t>();
  const auto pattern_rotation = fields.number<std::uint16_t>();
  const auto columns = fields.number<std::uint16_t>();
  const auto rows = fields.number<std::uint16_t>();
  const auto scan_rotation = fields.number<std::uint16_t>();
  const auto step_x = fields.number<double>();
  const auto step_y = fields.number<double>();
  const auto volts = fields.number<std::uint32_t>();
  const auto pixels_per_metre = fields.number<std::uint16_t>();
  const auto camera_length = fields.number<std::uint32_t>();
  const auto days = fields.number<double>();
  const auto coefficients = [&](int count) {
    Json list = Json::array();
    for (int i = 0; i < count; ++i) list.push_back(fields.number<double>());
    return list;
  };
  const Json centering = coefficients(8);
  const Json distortion = coefficients(14);
  if (side == 0 || columns == 0 || rows == 0) {
    throw Error(ErrorKind::bad_data, "the header tells of " + std::to_string(rows) + " × " + std::to_string(columns) +
                                         " patterns of " + std::to_string(side) + " pixels a side; none may be 0");
  }
  const std::int64_t note_length = std::int64_t{image_offset} - fields.position();
  if (note_length < 0 || note_length > longest_note) {
    throw Error(ErrorKind::bad_data, "the header's bright-field image begins at byte " + std::to_string(image_offset) +
                                         ", which is not within a plausible distance behind the header");
  }
  const std::int64_t image_end = std::int64_t{image_offset} + std::int64_t{columns} * rows;
  if (patterns_offset < image_end) {
    throw Error(ErrorKind::bad_data, "the header lets the patterns begin at byte " + std::to_string(patterns_offset) +
                                         ", within the bright-field image that ends at byte " +
                                         std::to_string(image_end));
  }
  std::string note = fields.text(note_length);
  note.resize(note.find_last_not_of('\0') + 1);
  note = to_utf8(note);

  Description description;
  description.dtype = DType::uint8;
  description.signal_type = "diffraction";
  const std::int64_t pattern_bytes = before_pattern + std::int64_t{side} * side;
  StoredLayout layout;
  layout.offset = patterns_offset + before_pattern;
  if (rows > 1) {
    description.axes.push_back(axis("y", Role::navigation, rows, step_y, "nm"));
    layout.stride.push_back(columns * pattern_bytes);
  }
  if (columns > 1) {
    description.axes.push_back(axis("x", Role::navigation, columns, step_x, "nm"));
    layout.stride.push_back(pattern_bytes);
  }
  const double pixel = pixels_per_metre == 0 ? 0 : 100.0 / pixels_per_metre;
  description.axes.push_back(axis("dy", Role::signal, side, pixel, "cm"));
  description.axes.push_back(axis("dx", Role::signal, side, pixel, "cm"));
  layout.stride.push_back(side);
  layout.stride.push_back(1);

  Json& metadata = description.metadata;
  set(metadata, "General.title", "");
  // Days since 30 December 1899, kept to the millisecond.
  constexpr double days_to_1970 = 25569;
  if (days > 0 && std::isfinite(days)) set_unix_time(metadata, std::round((days - days_to_1970) * 86400e3) / 1e3);
  if (!note.empty()) set(metadata, "General.notes", note);
  set(metadata, "Signal.signal_type", "diffraction");
  set(metadata, "Acquisition_instrument.TEM.beam_energy", volts / 1000.0);
  set(metadata, "Acquisition_instrument.TEM.camera_length", camera_length / 10.0);
  set(metadata, "Acquisition_instrument.TEM.rotation", scan_rotation / 100.0);
  description.original = {{"MAGIC", version},
                          {"Data_offset_1", image_offset},
                          {"Data_offset_2", patterns_offset},
                          {"UNKNOWN1", flags},
                          {"DP_SZ", side},
                          {"DP_rotation", pattern_rotation},
                          {"NX", columns},
                          {"NY", rows},
                          {"Scan_rotation", scan_rotation},
                          {"SX", step_x},
                          {"SY", step_y},
                          {"Beam_energy", volts},
                          {"SDP", pixels_per_metre},
                          {"Camera_length", camera_length},
                          {"Acquisition_time", days},
                          {"Centering", centering},
                          {"Distortion", distortion},
                          {"Note", note}};
  return {stored_array(file, std::move(description), std::move(layout))};
}

}  // namespace

const Driver& blockfile_driver() {
  static const Driver driver{"blockfile", "NanoMegas blockfile", {"blo"}, probe,
                             open,        blockfile::create,     nullptr, blockfile::resume};
  return driver;
}

}  // namespace ruska::io
