// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// CEOS Panta Rhei (.prz): a ZIP archive of NumPy arrays, the values in `data` and what is known of them as JSON in
// `meta_data_json`. Older files have it only as a Python pickle, which is a program and is not run: their values are
// read without axes. Panta Rhei lists axes with x first and uses SI units.
//
// What an axis is says `content.types`; scan and index axes become navigation axes, and those of length 1 that only
// count are dropped. Spectrometer spectra are stored with the energy loss falling.
#include <algorithm>
#include <array>
#include <cstdio>
#include <numeric>

#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/archived_array.hpp"
#include "ruska/io/date_time.hpp"
#include "ruska/io/json_text.hpp"
#include "ruska/io/little_endian.hpp"
#include "ruska/io/reversed_axis.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

constexpr std::int64_t longest_metadata = std::int64_t{64} << 20;

constexpr std::array<std::string_view, 4> navigation_types{"ScanY", "ScanX", "Index", "PlotIndex"};
constexpr std::array<std::string_view, 5> signal_types{"CameraY", "CameraX", "Pixel", "Energy", "*"};

Confidence probe(const Probe& file) {
  const bool extension = extension_of(file.path) == "prz";
  if (extension && is_array_archive(file.head)) return Confidence::content;
  return extension ? Confidence::extension : Confidence::none;
}

/// One text as NumPy stores it: UTF-32, padded with zeros.
std::string unicode_text(std::span<const std::byte> bytes, const npy::TextType& type) {
  std::string text;
  for (std::size_t at = 0; at + 4 <= bytes.size(); at += 4) {
    std::uint32_t code = load<std::uint32_t>(bytes, at);
    if (type.big_endian) code = __builtin_bswap32(code);
    if (code == 0) break;
    if (code < 0x80) {
      text += static_cast<char>(code);
      continue;
    }
    if (code > 0x10ffff) throw Error(ErrorKind::bad_data, "the metadata holds a character that is none of Unicode's");
    const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    constexpr std::array<std::uint32_t, 4> lead{0, 0xc0, 0xe0, 0xf0};
    text += static_cast<char>(lead[static_cast<std::size_t>(more)] | code >> (6 * more));
    for (int i = more - 1; i >= 0; --i) text += static_cast<char>(0x80 | (code >> (6 * i) & 0x3f));
  }
  return text;
}

/// The metadata of the only signal; an empty object where there are none that can be read.
Json read_facts(const ZipArchive& archive) {
  const ZipMember* member = archive.find("meta_data_json.npy");
  if (member == nullptr) return Json::object();
  if (member->size > longest_metadata) {
    throw Error(ErrorKind::bad_data, "metadata of " + std::to_string(member->size) + " bytes; at most " +
                                         std::to_string(longest_metadata) + " are plausible");
  }
  const npy::Preamble preamble = npy::read_preamble(reader_of(archive, *member), "'" + member->name + "'");
  const auto type = npy::text_type(preamble.dictionary);
  if (!type) throw Error(ErrorKind::bad_data, "'" + member->name + "' is no array of texts");
  const std::vector<std::byte> bytes = archive.read(*member, member->size);
  const auto values = std::span(bytes).subspan(static_cast<std::size_t>(preamble.bytes));
  if (static_cast<std::int64_t>(values.size() / 4) < type->characters) {
    throw Error(ErrorKind::bad_data, "'" + member->name + "' has " + std::to_string(values.size()) +
                                         " bytes of text; " + std::to_string(type->characters) +
                                         " characters need four each");
  }
  const Json all = parse_json(unicode_text(values.first(static_cast<std::size_t>(type->characters) * 4), *type),
                              "'" + member->name + "'");
  if (!all.is_array() || all.empty() || !all[0].is_object()) {
    throw Error(ErrorKind::bad_data, "'" + member->name + "' holds no list of objects");
  }
  return all[0];
}

// Panta Rhei's keys hold dots themselves, so the object's own members are looked up.
const Json* entry(const Json& facts, const char* key) {
  const auto found = facts.find(key);
  return found == facts.end() || found->is_null() ? nullptr : &*found;
}
std::optional<double> number(const Json& facts, const char* key) {
  const Json* found = entry(facts, key);
  return found != nullptr && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
}
std::string text(const Json& facts, const char* key) {
  const Json* found = entry(facts, key);
  return found != nullptr && found->is_string() ? found->get<std::string>() : "";
}

/// What each axis of the array is, in the array's order; empty where the file does not say.
std::vector<std::string> types_of(const Json& facts, std::size_t rank) {
  std::vector<std::string> types;  // x first
  const std::string kind = text(facts, "type");
  if (const Json* list = entry(facts, "content.types"); list != nullptr && list->is_array()) {
    for (const Json& one : *list) types.push_back(one.is_string() ? one.get<std::string>() : "");
    // Plots list the axis of their points alone.
    if (kind == "1D" && types.size() < rank && types.size() <= 2) types = {""};
  } else {
    types.assign(std::min<std::size_t>(rank, kind == "1D" ? 1 : 2), "");
  }
  while (types.size() < rank) types.push_back(kind == "1D" && types.size() == 1 ? "PlotIndex" : "Index");
  if (types.size() != rank) {
    throw Error(ErrorKind::bad_data, "'content.types' names " + std::to_string(types.size()) +
                                         " axes, but the array has " + std::to_string(rank));
  }
  std::reverse(types.begin(), types.end());
  return types;
}

void calibrate(Axis& axis, const Json& calibration) {
  if (!calibration.is_object()) return;
  axis.units = text(calibration, "unit");
  axis.quantity = quantity_of(axis.units);
  const double value = number(calibration, "value").value_or(1.0);
  axis.offset = number(calibration, "offset").value_or(0.0) * value;
  axis.scale = value * number(calibration, "pixel_factor").value_or(1.0);
}

/// "2021-03-04T05:06:07.89".
void set_acquisition_time(Json& metadata, const std::string& time) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  const int found =
      std::sscanf(time.c_str(), "%4d-%2d-%2d%*1[T ]%2d:%2d:%2d", &year, &month, &day, &hour, &minute, &second);
  if (found >= 3) set_date(metadata, year, month, day);
  if (found == 6) set_time(metadata, hour, minute, second);
}

Json metadata_of(const Json& facts, const Description& description) {
  Json metadata = Json::object();
  const std::string microscope = "Acquisition_instrument.TEM.";
  set(metadata, "General.title", description.title);
  const std::string time = text(facts, "acquisition.time");
  set_acquisition_time(metadata, time.empty() ? text(facts, "camera.time") : time);
  if (!description.signal_type.empty()) set(metadata, "Signal.signal_type", description.signal_type);
  if (const auto voltage = number(facts, "electron_gun.voltage"); voltage && *voltage > 0) {
    const auto shift = number(facts, "filter.ht_offset");
    const double more = shift ? *shift : number(facts, "electron_gun.voltage_offset").value_or(0.0);
    set(metadata, microscope + "beam_energy", (*voltage + more) / 1000);
  }
  if (const auto angle = number(facts, "condenser.convergence_semi_angle")) {
    set(metadata, microscope + "convergence_angle", *angle * 1000);
  }
  if (const auto angle = number(facts, "filter.collection_semi_angle")) {
    set(metadata, microscope + "Detector.EELS.collection_angle", *angle * 1000);
  }
  const std::string source = text(facts, "source.type");
  if (source == "scan_generator" || source == "camera") {
    const bool scanning = source == "scan_generator";
    set(metadata, microscope + "acquisition_mode", scanning ? "STEM" : "TEM");
    const char* key = scanning ? "scan_driver.magnification" : "projector.magnification";
    if (const auto value = number(facts, key)) set(metadata, microscope + "magnification", *value);
  }
  if (const auto length = number(facts, "projector.camera_length")) {
    set(metadata, microscope + "camera_length", *length * 1000);
  }
  return metadata;
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const auto archive = std::make_shared<const ZipArchive>(std::make_shared<const RandomAccessFile>(path));
  const ZipMember* member = archive->find("data.npy");
  if (member == nullptr) throw Error(ErrorKind::bad_data, path.filename().string() + " has no member 'data.npy'");
  const npy::Preamble preamble = npy::read_preamble(reader_of(*archive, *member), "'" + member->name + "'");
  const npy::Header header = npy::parse_header(preamble.dictionary);
  if (!header.fields.empty()) {
    throw Error(ErrorKind::unsupported, "values of a structured dtype in a Panta Rhei file");
  }
  const StoredLayout stored = npy::layout_of(header, preamble.bytes);
  const Json facts = read_facts(*archive);
  const std::vector<std::string> types = types_of(facts, header.shape.size());

  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (header.shape[i] != 1 || types[i].find("Index") == std::string::npos) order.push_back(i);
  }
  const auto rank_of = [&](std::size_t i) {
    const auto navigation = std::find(navigation_types.begin(), navigation_types.end(), types[i]);
    const auto signal = std::find(signal_types.begin(), signal_types.end(), types[i]);
    return (navigation - navigation_types.begin()) +
           (navigation == navigation_types.end() ? signal - signal_types.begin() : 0);
  };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return rank_of(a) < rank_of(b); });

  Description description;
  description.dtype = header.dtype;
  description.original = facts;
  StoredLayout layout{stored.offset, {}, stored.swapped};
  const Json* calibrations = entry(facts, "device.calib");
  auto unnamed = static_cast<std::size_t>(
      std::count_if(order.begin(), order.end(), [&](std::size_t i) { return types[i].empty(); }));
  std::vector<std::size_t> falling;
  const bool spectrometer = text(facts, "filter.mode") == "EELS";
  for (const std::size_t i : order) {
    constexpr std::array<const char*, 3> letters{"X", "Y", "Z"};
    Axis axis;
    axis.name = types[i];
    if (axis.name.empty() && unnamed-- <= letters.size()) axis.name = letters[unnamed];
    axis.size = header.shape[i];
    const bool navigation =
        std::find(navigation_types.begin(), navigation_types.end(), types[i]) != navigation_types.end();
    axis.role = navigation ? Role::navigation : Role::signal;
    const std::size_t from_x = types.size() - 1 - i;
    if (calibrations != nullptr && calibrations->is_array() && from_x < calibrations->size()) {
      calibrate(axis, (*calibrations)[from_x]);
    }
    if (spectrometer && types[i] == "Energy") {
      axis.offset = -(axis.offset + static_cast<double>(axis.size - 1) * axis.scale);
      falling.push_back(description.axes.size());
    }
    description.axes.push_back(std::move(axis));
    layout.stride.push_back(stored.stride[i]);
  }
  const auto signal_axes = std::count_if(description.axes.begin(), description.axes.end(),
                                         [](const Axis& axis) { return axis.role == Role::signal; });
  if (spectrometer && signal_axes == 1) description.signal_type = "EELS";
  const std::string name = text(facts, "repo_id");
  description.title = name.substr(0, name.find('.'));
  description.metadata = metadata_of(facts, description);
  auto source = archived_array(archive, *member, std::move(description), std::move(layout));
  for (const std::size_t axis : falling) source = reversed_axis(std::move(source), axis);
  return {std::move(source)};
}

}  // namespace

const Driver& prz_driver() {
  static const Driver driver{"prz", "CEOS Panta Rhei", {"prz"}, probe, open, nullptr};
  return driver;
}

}  // namespace ruska::io
