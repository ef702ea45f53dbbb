// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/tia/emi.hpp"

#include <array>
#include <cstdio>
#include <optional>
#include <string>

#include "ruska/base/error.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/random_access_file.hpp"
#include "ruska/io/text.hpp"
#include "ruska/io/xml.hpp"

namespace ruska::io::tia {

namespace {

constexpr std::int64_t longest_file = std::int64_t{64} << 20;
constexpr std::size_t most_objects = 1000;

/// "Sun Feb 21 17:53:06 2016" as General.date and General.time.
void set_moment(Json& metadata, const std::string& text) {
  static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  char name[4] = {};
  int day = 0, hour = 0, minute = 0, second = 0, year = 0;
  if (std::sscanf(text.c_str(), "%*3s %3s %2d %2d:%2d:%2d %4d", name, &day, &hour, &minute, &second, &year) != 6)
    return;
  for (std::size_t month = 0; month < months.size(); ++month) {
    if (std::string_view(name) != months[month]) continue;
    if (day < 1 || day > 31 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return;
    char iso[64];
    std::snprintf(iso, sizeof iso, "%04d-%02zu-%02d", year, month + 1, day);
    set(metadata, "General.date", iso);
    std::snprintf(iso, sizeof iso, "%02d:%02d:%02d", hour, minute, second);
    set(metadata, "General.time", iso);
  }
}

/// The value of a label in the list of the microscope's settings, where it has this unit.
std::string setting(pugi::xml_node object, const char* label, const char* unit) {
  for (const pugi::xml_node data : object.child("ExperimentalDescription").child("Root").children("Data")) {
    if (trimmed(data.child("Label").child_value()) == label && trimmed(data.child("Unit").child_value()) == unit) {
      return std::string(trimmed(data.child("Value").child_value()));
    }
  }
  return {};
}

Json metadata_of(pugi::xml_node object) {
  struct Setting {
    const char* label;
    const char* unit;
    const char* entry;
    double factor;
  };
  static constexpr std::array settings{
      Setting{"High tension", "kV", "beam_energy", 1},   Setting{"Camera length", "m", "camera_length", 1e3},
      Setting{"Magnification", "x", "magnification", 1}, Setting{"Stage A", "deg", "Stage.tilt_alpha", 1},
      Setting{"Stage B", "deg", "Stage.tilt_beta", 1},   Setting{"Stage X", "um", "Stage.x", 1e-3},
      Setting{"Stage Y", "um", "Stage.y", 1e-3},         Setting{"Stage Z", "um", "Stage.z", 1e-3},
  };
  Json metadata = Json::object();
  set_moment(metadata, object.child("AcquireDate").child_value());
  const std::string at = "Acquisition_instrument.TEM.";
  for (const Setting& one : settings) {
    if (const auto value = parse_number(setting(object, one.label, one.unit))) {
      set(metadata, at + one.entry, one.factor == 1 ? *value : *value * one.factor);
    }
  }
  std::string microscope = setting(object, "Microscope", "");
  constexpr std::string_view prefix = "Microscope ";
  if (microscope.starts_with(prefix)) microscope.erase(0, prefix.size());
  if (!microscope.empty()) set(metadata, at + "microscope", microscope);
  if (const std::string mode = setting(object, "Mode", ""); !mode.empty()) {
    set(metadata, at + "acquisition_mode", mode.find("STEM") != std::string::npos ? "STEM" : "TEM");
  }
  if (const std::string user = setting(object, "User", ""); !user.empty()) set(metadata, "General.authors", user);
  const pugi::xml_node acquisition = object.child("AcquireInfo");
  if (const std::string_view name = trimmed(acquisition.child("CameraNamePath").child_value()); !name.empty()) {
    set(metadata, at + "Detector.Camera.Name", std::string(name));
  }
  if (const auto seconds = parse_number(acquisition.child("DwellTimePath").child_value())) {
    set(metadata, at + "Detector.Camera.exposure", *seconds);
  }
  return metadata;
}

}  // namespace

bool begins_emi(std::span<const std::byte> head) {
  const std::string_view start(reinterpret_cast<const char*>(head.data()), head.size());
  return start.starts_with(std::string_view("JK\0\2", 4));
}

std::vector<SeriesInfo> read_emi(const std::filesystem::path& path) {
  const std::string text = RandomAccessFile(path).read_text(longest_file, "an .emi file");
  if (!begins_emi(std::as_bytes(std::span(text)))) {
    throw Error(ErrorKind::bad_data, path.filename().string() + " does not begin with the marks of an .emi file");
  }
  std::vector<SeriesInfo> list;
  constexpr std::string_view opening = "<ObjectInfo>", closing = "</ObjectInfo>";
  for (std::size_t at = 0;;) {
    const std::size_t begin = text.find(opening, at);
    if (begin == std::string::npos) return list;
    const std::size_t end = text.find(closing, begin);
    if (end == std::string::npos || list.size() == most_objects) {
      throw Error(ErrorKind::bad_data, "the ObjectInfo at byte " + std::to_string(begin) + " of " +
                                           path.filename().string() + " has no end, or there are more than 1000");
    }
    at = end + closing.size();
    const pugi::xml_document document = parse_xml(text.substr(begin, at - begin));
    const pugi::xml_node object = document.child("ObjectInfo");
    list.push_back({metadata_of(object), xml_to_json(object)});
  }
}

}  // namespace ruska::io::tia
