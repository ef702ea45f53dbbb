// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// The Electron Microscope Pixel Array Detector: an XML header that names a .raw file of little-endian float32 frames of
// 130 × 128 pixels. The last two rows of a frame hold the detector's own numbers and are left out.
#include <array>
#include <bit>

#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/si_prefix.hpp"
#include "ruska/io/stored_array.hpp"
#include "ruska/io/text.hpp"
#include "ruska/io/xml.hpp"

namespace ruska::io {

namespace {

constexpr std::int64_t longest_header = std::int64_t{16} << 20;
constexpr std::int64_t side = 128;
constexpr std::int64_t stored_rows = 130;

Confidence probe(const Probe& file) {
  if (extension_of(file.path) != "xml") return Confidence::none;
  const std::string_view head(reinterpret_cast<const char*>(file.head.data()), file.head.size());
  const bool ours = head.find("<root") != std::string_view::npos && head.find("<raw_file ") != std::string_view::npos;
  return ours ? Confidence::content : Confidence::extension;
}

std::string text_of(pugi::xml_node node) { return std::string(trimmed(node.child_value())); }

std::int64_t required_length(pugi::xml_node node, const std::string& name) {
  const auto value = parse_integer(node.child_value());
  if (!value || *value < 1) {
    throw Error(ErrorKind::bad_data, "the header's " + name + " is '" + text_of(node).substr(0, 60) +
                                         "' where a whole number from 1 on is expected");
  }
  return *value;
}

/// The first of several spellings that holds a number.
std::optional<double> number_of(pugi::xml_node parent, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (const auto value = parse_number(parent.child(name).child_value())) return value;
  }
  return std::nullopt;
}

/// Width and height of the whole scan in m: "[4.5e-06, 4.5e-06]".
std::optional<std::array<double, 2>> field_of_view(pugi::xml_node measurements) {
  const std::string text = text_of(measurements.child("optics.get_full_scan_field_of_view"));
  const std::size_t comma = text.find(',');
  if (text.size() < 5 || text.front() != '[' || text.back() != ']' || comma == std::string::npos) return std::nullopt;
  const std::string_view view = text;
  const auto x = parse_number(view.substr(1, comma - 1));
  const auto y = parse_number(view.substr(comma + 1, text.size() - comma - 2));
  if (!x || !y || *x <= 0 || *y <= 0) return std::nullopt;
  return std::array{*x, *y};
}

struct Scan {
  std::int64_t series = 0;  ///< frames of a series; 0 for a scan
  std::int64_t x = 0, y = 0;
};

Scan scan_of(pugi::xml_node root) {
  Scan scan;
  for (const pugi::xml_node parameters : root.children("scan_parameters")) {
    if (const auto count = parameters.child("series_count")) {
      scan.series = required_length(count, "series_count");
      return scan;
    }
  }
  if (root.child("pix_x") && root.child("pix_y")) {
    scan.x = required_length(root.child("pix_x"), "pix_x");
    scan.y = required_length(root.child("pix_y"), "pix_y");
    return scan;
  }
  // From version 1 on, the acquired raster stands among the scan parameters, beside that of the search.
  const pugi::xml_node acquired = root.find_child_by_attribute("scan_parameters", "mode", "acquire");
  scan.x = required_length(acquired.child("scan_resolution_x"), "scan_resolution_x");
  scan.y = required_length(acquired.child("scan_resolution_y"), "scan_resolution_y");
  return scan;
}

Axis scan_axis(std::string name, std::int64_t size, std::optional<double> view) {
  Axis axis{.name = std::move(name), .role = Role::navigation, .size = size};
  if (view) {
    const double step = *view / static_cast<double>(size);
    const Calibration unit = handy(step, "m", 2 * size);
    axis.scale = step * unit.factor;
    axis.units = unit.units;
    axis.quantity = quantity_of(axis.units);
  }
  return axis;
}

Json metadata_of(pugi::xml_node root, const std::string& title) {
  Json metadata = Json::object();
  set(metadata, "General.title", title);
  const std::string started = root.child("timestamp").attribute("isoformat").value();
  if (const std::size_t split = started.find('T'); split != std::string::npos) {
    set(metadata, "General.date", started.substr(0, split));
    set(metadata, "General.time", started.substr(split + 1));
  }
  set(metadata, "Signal.signal_type", "electron_diffraction");
  const pugi::xml_node measurements = root.child("iom_measurements");
  if (const auto volts = number_of(measurements, {"source.get_voltage", "high_voltage"})) {
    set(metadata, "Acquisition_instrument.TEM.beam_energy", *volts / 1000);
  }
  if (const auto metres = number_of(measurements, {"optics.get_cameralength", "nominal_camera_length"})) {
    set(metadata, "Acquisition_instrument.TEM.camera_length", *metres * 1000);
  }
  return metadata;
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const pugi::xml_document document = parse_xml(RandomAccessFile(path).read_text(longest_header, "an EMPAD header"));
  const pugi::xml_node root = document.child("root");
  const std::filesystem::path named = root.child("raw_file").attribute("filename").value();
  if (named.empty()) throw Error(ErrorKind::bad_data, "the header names no raw_file");
  const std::filesystem::path values = path.parent_path() / named.filename();
  const auto file = std::make_shared<const RandomAccessFile>(values);
  const Scan scan = scan_of(root);

  Description description;
  description.title = path.stem().string();
  description.signal_type = "electron_diffraction";
  description.dtype = DType::float32;
  constexpr std::int64_t row_bytes = side * 4;
  constexpr std::int64_t frame_bytes = stored_rows * row_bytes;
  std::int64_t frames = scan.series;
  if (scan.series == 0 && __builtin_mul_overflow(scan.x, scan.y, &frames)) frames = -1;
  if (frames < 0 || file->size() % frame_bytes != 0 || file->size() / frame_bytes != frames) {
    throw Error(ErrorKind::bad_data, values.filename().string() + " has " + std::to_string(file->size()) +
                                         " bytes; the header tells of " + std::to_string(frames) + " frames of " +
                                         std::to_string(frame_bytes) + " bytes");
  }
  StoredLayout layout;
  const auto add = [&](Axis axis, std::int64_t stride) {
    if (axis.role == Role::navigation && axis.size == 1) return;
    description.axes.push_back(std::move(axis));
    layout.stride.push_back(stride);
  };
  const pugi::xml_node measurements = root.child("iom_measurements");
  if (scan.series > 0) {
    add({.name = "series_count", .quantity = "time", .units = "ms", .role = Role::navigation, .size = scan.series},
        frame_bytes);
  } else {
    const auto view = field_of_view(measurements);
    add(scan_axis("scan_y", scan.y, view ? std::optional(view->at(1)) : std::nullopt), scan.x * frame_bytes);
    add(scan_axis("scan_x", scan.x, view ? std::optional(view->at(0)) : std::nullopt), frame_bytes);
  }
  for (const char* name : {"height", "width"}) {
    Axis axis{.name = name, .size = side};
    if (const auto pixel = number_of(measurements, {"calibrated_pixelsize"}); pixel && *pixel > 0) {
      axis.scale = *pixel * 1e9;
      axis.units = "1/nm";
      axis.quantity = quantity_of(axis.units);
    }
    axis.offset = -64 * axis.scale;
    add(std::move(axis), name == std::string_view("height") ? row_bytes : 4);
  }
  layout.swapped = std::endian::native != std::endian::little;
  description.metadata = metadata_of(root, description.title);
  description.original = xml_to_json(root);
  return {stored_array(file, std::move(description), std::move(layout))};
}

}  // namespace

const Driver& empad_driver() {
  static const Driver driver{"empad", "EMPAD", {"xml"}, probe, open};
  return driver;
}

}  // namespace ruska::io
