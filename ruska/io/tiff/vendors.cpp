// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Where each vendor writes pixel sizes and the state of the instrument:
// FEI/Thermo Fisher      34680 or 34682: an INI text, lengths in metres;
// Zeiss (SmartSEM)       34118: numbers, then pairs of lines "KEY", "Label = value unit"; the fourth number is the
//                        pixel size in metres for an image of 1024 columns;
// TVIPS (EM-MENU)        37706: a structure of 6312 bytes, little-endian;
// Olympus (SIS)          33560: a structure that points to others;
// JEOL (SightX)          ImageDescription: XML, with XResolution per inch or centimetre on the camera;
// Hamamatsu (HPD-TA)     ImageDescription: "[Section],Key=value,…", with the places of two tables of coordinates;
// DigitalMicrograph      65003 to 65025: units, origins and scales, as HyperSpy writes them too;
// ImageJ                 ImageDescription: lines "key=value", with XResolution in pixels per unit.
#include "ruska/io/tiff/vendors.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>

#include "ruska/core/metadata.hpp"
#include "ruska/io/coordinates.hpp"
#include "ruska/io/date_time.hpp"
#include "ruska/io/delimited_text.hpp"
#include "ruska/io/little_endian.hpp"
#include "ruska/io/text.hpp"
#include "ruska/io/xml.hpp"

namespace ruska::io::tiff {

namespace {

const std::string sem = "Acquisition_instrument.SEM.";
const std::string tem = "Acquisition_instrument.TEM.";

/// Calls `visit` for every line, trimmed.
template <class Visit>
void for_each_line(std::string_view text, const Visit& visit) {
  while (!text.empty()) visit(trimmed(take_line(text)));
}

void set_units(Axis& axis, const std::string& units) {
  axis.units = units;
  axis.quantity = quantity_of(units);
}

void set_scale(Axis& axis, double scale, const std::string& units) {
  axis.scale = scale;
  set_units(axis, units);
}

void set_number(Json& metadata, const std::string& path, const Json& tree, std::string_view from, double factor) {
  const auto text = text_at(tree, from);
  if (const auto value = text ? parse_number(*text) : std::nullopt) set(metadata, path, *value * factor);
}

void set_text(Json& metadata, const std::string& path, const std::string& value) {
  if (!value.empty()) set(metadata, path, value);
}

/// "2015:07/30 07:17:25" in the order year, month, day, hour, minute, second; the seconds may be missing.
void set_date_time(Json& metadata, std::string_view text) {
  const std::vector<std::int64_t> parts = numbers_in(text);
  if (parts.size() < 5) return;
  const auto date = iso_date(parts[0], parts[1], parts[2]);
  const auto time = iso_time(parts[3], parts[4], parts.size() > 5 ? parts[5] : 0);
  if (!date || !time) return;
  set(metadata, "General.date", *date);
  set(metadata, "General.time", *time);
}

/// "5:06:40 PM" as 17:06:40.
std::optional<std::string> clock_time(std::string_view text) {
  const std::vector<std::int64_t> parts = numbers_in(text);
  if (parts.size() < 3) return std::nullopt;
  const std::string lower = lower_case(text);
  std::int64_t hour = parts[0];
  if (lower.find("pm") != std::string::npos && hour < 12) hour += 12;
  if (lower.find("am") != std::string::npos && hour == 12) hour = 0;
  return iso_time(hour, parts[1], parts[2]);
}

/// Texts by section and key. A JSON object finds its members one after the other, which is too slow for filling it with
/// what a hostile file may hold.
using Sections = std::map<std::string, std::map<std::string, std::string>>;

Json ini_sections(std::string_view text) {
  Sections sections;
  std::string section;
  for_each_line(text, [&](std::string_view line) {
    if (line.size() > 1 && line.front() == '[' && line.back() == ']') {
      section = line.substr(1, line.size() - 2);
      return;
    }
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || section.empty()) return;
    sections[section][std::string(trimmed(line.substr(0, equals)))] = std::string(trimmed(line.substr(equals + 1)));
  });
  return Json(sections);
}

void read_fei(const Structure& structure, const Entry& entry, Calibration& calibration, Description& description) {
  const Json sections = ini_sections(structure.text(entry));
  const auto number = [&](const char* path) {
    const auto text = text_at(sections, path);
    return text ? parse_number(*text) : std::nullopt;
  };
  auto width = number("Scan.PixelWidth"), height = number("Scan.PixelHeight");
  if (!width || !height) {
    const auto across = number("IRBeam.HFW"), columns = number("Image.ResolutionX");
    const auto down = number("IRBeam.VFW"), rows = number("Image.ResolutionY");
    if (across && columns && down && rows && *columns > 0 && *rows > 0) {
      width = *across / *columns;
      height = *down / *rows;
    }
  }
  if (width && height) {
    set_scale(calibration.width, *width, "m");
    set_scale(calibration.height, *height, "m");
  }
  Json& metadata = description.metadata;
  set_number(metadata, sem + "beam_energy", sections, "Beam.HV", 1e-3);
  set_number(metadata, sem + "beam_current", sections, "EBeam.BeamCurrent", 1e9);
  set_number(metadata, sem + "dwell_time", sections, "Scan.Dwelltime", 1);
  set_number(metadata, sem + "working_distance", sections, "Stage.WorkingDistance", 1e3);
  set_number(metadata, sem + "Stage.x", sections, "Stage.StageX", 1);
  set_number(metadata, sem + "Stage.y", sections, "Stage.StageY", 1);
  set_number(metadata, sem + "Stage.z", sections, "Stage.StageZ", 1);
  set_number(metadata, sem + "Stage.rotation", sections, "Stage.StageR", 1);
  set_number(metadata, sem + "Stage.tilt", sections, "Stage.StageT", 1);
  set_text(metadata, sem + "microscope", text_at(sections, "System.SystemType").value_or(""));
  set_text(metadata, "General.authors", text_at(sections, "User.User").value_or(""));
  // The month comes first unless that cannot be.
  if (auto parts = numbers_in(text_at(sections, "User.Date").value_or("")); parts.size() == 3) {
    if (parts[0] > 12) std::swap(parts[0], parts[1]);
    if (const auto date = iso_date(parts[2], parts[0], parts[1])) set(metadata, "General.date", *date);
  }
  if (const auto time = clock_time(text_at(sections, "User.Time").value_or(""))) set(metadata, "General.time", *time);
  description.original["FEI"] = sections;
}

/// A Zeiss value such as "  25.00 kV", "1.5 K X" or "-0.0 °": the number in the base unit that `units` names.
std::optional<double> zeiss_number(std::string_view text, std::string_view units) {
  text = trimmed(text);
  const std::size_t gap = std::min(text.find(' '), text.size());
  const auto value = parse_number(text.substr(0, gap));
  if (!value) return std::nullopt;
  const std::string_view unit = trimmed(text.substr(gap));
  if (unit == units || units.empty() || unit.empty()) return value;
  if (unit == "K " + std::string(units)) return *value * 1e3;
  if (!unit.ends_with(units.back())) return std::nullopt;
  const auto exponent = [](std::string_view prefix) -> std::optional<int> {
    if (prefix == "p") return -12;
    if (prefix == "n") return -9;
    if (prefix == "µ" || prefix == "u") return -6;
    if (prefix == "m") return -3;
    if (prefix.empty()) return 0;
    if (prefix == "k" || prefix == "K") return 3;
    return std::nullopt;
  };
  const auto got = exponent(unit.substr(0, unit.size() - 1)), wanted = exponent(units.substr(0, units.size() - 1));
  if (!got || !wanted) return std::nullopt;
  return *value * std::pow(10.0, *got - *wanted);
}

void read_zeiss(const Structure& structure, const Entry& entry, std::int64_t width, Calibration& calibration,
                Description& description) {
  std::vector<std::string> lines;
  const std::string text = structure.text(entry);
  for_each_line(text, [&](std::string_view line) { lines.emplace_back(line); });
  if (lines.size() > 3) {
    if (const auto size = parse_number(lines[3]); size && *size > 0) {
      const double scale = *size * 1024 / static_cast<double>(width);
      set_scale(calibration.width, scale, "m");
      set_scale(calibration.height, scale, "m");
    }
  }
  const auto is_key = [](const std::string& line) {
    return line.size() > 3 && line[2] == '_' && std::all_of(line.begin(), line.end(), [](char c) {
             return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
           });
  };
  Json::object_t values;
  std::vector<std::string> numbers;
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
    if (!is_key(lines[i])) {
      if (values.empty()) numbers.push_back(lines[i]);
      continue;
    }
    const std::string& line = lines[i + 1];
    const std::size_t gap = std::min({line.find('='), line.find(" :"), line.size()});
    const std::size_t skip = gap < line.size() ? (line[gap] == '=' ? 1 : 2) : 0;
    // Past the object's own look-up, which walks along all members.
    const std::string_view value = trimmed(std::string_view(line).substr(gap + skip));
    values.Json::object_t::Container::emplace_back(lines[i], std::string(value));
    ++i;
  }
  const Json tree(std::move(values));
  const auto value = [&](const char* key) { return text_at(tree, key).value_or(""); };
  Json& metadata = description.metadata;
  struct Number {
    const char* key;
    const char* path;
    const char* units;
  };
  constexpr Number known[] = {
      {"AP_ACTUALKV", "beam_energy", "kV"}, {"AP_MAG", "magnification", "X"},
      {"AP_STAGE_AT_X", "Stage.x", "mm"},   {"AP_STAGE_AT_Y", "Stage.y", "mm"},
      {"AP_STAGE_AT_Z", "Stage.z", "mm"},   {"AP_STAGE_AT_R", "Stage.rotation", ""},
      {"AP_STAGE_AT_T", "Stage.tilt", ""},  {"AP_WD", "working_distance", "mm"},
      {"DP_DWELL_TIME", "dwell_time", "s"}, {"AP_IPROBE", "beam_current", "nA"},
  };
  for (const Number& one : known) {
    if (const auto number = zeiss_number(value(one.key), one.units)) set(metadata, sem + one.path, *number);
  }
  set_text(metadata, sem + "Detector.detector_type", value("DP_DETECTOR_TYPE"));
  set_text(metadata, sem + "microscope", value("SV_SERIAL_NUMBER"));
  set_text(metadata, "General.authors", value("SV_USER_NAME"));
  const std::string day = value("AP_DATE");  // 23 Dec 2015
  if (const auto parts = numbers_in(day); parts.size() == 2) {
    const std::size_t letter = day.find_first_not_of("0123456789 ");
    const int month = letter == std::string::npos ? 0 : month_of(std::string_view(day).substr(letter));
    if (const auto date = iso_date(parts[1], month, parts[0])) set(metadata, "General.date", *date);
  }
  if (const auto time = clock_time(value("AP_TIME"))) set(metadata, "General.time", *time);
  description.original["Zeiss"] = Json{{"numbers", numbers}, {"values", tree}};
}

/// UTF-16 with little-endian units up to a zero, as UTF-8.
std::string from_utf16(std::span<const std::byte> bytes) {
  std::string text;
  const auto add = [&](char32_t code) {
    if (code < 0x80) {
      text += static_cast<char>(code);
    } else if (code < 0x800) {
      text += static_cast<char>(0xc0 | code >> 6);
      text += static_cast<char>(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
      text += static_cast<char>(0xe0 | code >> 12);
      text += static_cast<char>(0x80 | (code >> 6 & 0x3f));
      text += static_cast<char>(0x80 | (code & 0x3f));
    } else {
      text += static_cast<char>(0xf0 | code >> 18);
      text += static_cast<char>(0x80 | (code >> 12 & 0x3f));
      text += static_cast<char>(0x80 | (code >> 6 & 0x3f));
      text += static_cast<char>(0x80 | (code & 0x3f));
    }
  };
  for (std::size_t at = 0; at + 1 < bytes.size(); at += 2) {
    const std::uint16_t unit = load<std::uint16_t>(bytes, at);
    if (unit == 0) break;
    const bool first_half = unit >= 0xd800 && unit < 0xdc00;
    const std::uint16_t second = first_half && at + 3 < bytes.size() ? load<std::uint16_t>(bytes, at + 2) : 0;
    if (second >= 0xdc00 && second < 0xe000) {
      add(0x10000 + ((unit - 0xd800u) << 10) + (second - 0xdc00u));
      at += 2;
    } else {
      add(unit >= 0xd800 && unit < 0xe000 ? 0xfffd : unit);
    }
  }
  return text;
}

void read_tvips(const Structure& structure, const Entry& entry, Calibration& calibration, Description& description) {
  constexpr std::int64_t size = 6312, first_part = 244;
  const std::vector<std::uint64_t> places = structure.integers(entry, std::uint64_t{1} << 16);
  const std::int64_t place =
      places.size() == 1 ? static_cast<std::int64_t>(std::min<std::uint64_t>(places[0], INT64_MAX)) : entry.place;
  const std::vector<std::byte> head = structure.file()->read(place, first_part);
  const std::span<const std::byte> head_bytes(head);
  const std::uint32_t version = load<std::uint32_t>(head_bytes);
  Json& header = description.original["TVIPS"];
  header = Json{{"Version", version}};
  if (version != 2) return;
  const std::vector<std::byte> raw = structure.file()->read(place, size);
  const std::span<const std::byte> bytes(raw);
  if (const std::uint32_t magic = load<std::uint32_t>(bytes, 6308); magic != 0xAAAAAAAA) {
    throw Error(ErrorKind::bad_data, "the TVIPS header at byte " + std::to_string(place) + " ends with " +
                                         std::to_string(magic) + " instead of 2863311530");
  }
  const auto real = [&](std::size_t at) -> double { return std::bit_cast<float>(load<std::uint32_t>(bytes, at)); };
  const auto whole = [&](std::size_t at) { return static_cast<std::int32_t>(load<std::uint32_t>(bytes, at)); };
  const auto wide = [&](std::size_t at, std::size_t length) { return from_utf16(bytes.subspan(at, length)); };
  struct Field {
    const char* name;
    std::size_t at;
    char kind;  // i(nteger), f(loat), t(ext of 160 bytes), T(ext of 1024 bytes)
    std::size_t count;
  };
  constexpr Field fields[] = {
      {"ImageName", 244, 't', 1},
      {"ImageFolder", 404, 't', 1},
      {"ImageSizeX", 564, 'i', 1},
      {"ImageSizeY", 568, 'i', 1},
      {"ImageSizeZ", 572, 'i', 1},
      {"ImageSizeE", 576, 'i', 1},
      {"ImageDataType", 580, 'i', 1},
      {"Date", 584, 'i', 1},
      {"Time", 588, 'i', 1},
      {"Comment", 592, 'T', 1},
      {"ImageHistory", 1616, 'T', 1},
      {"Scaling", 2640, 'f', 16},
      {"ImageType", 2960, 'i', 1},
      {"ImageDisplayType", 2964, 'i', 1},
      {"PixelSizeX", 2968, 'f', 1},
      {"PixelSizeY", 2972, 'f', 1},
      {"ImageDistanceZ", 2976, 'f', 1},
      {"ImageDistanceE", 2980, 'f', 1},
      {"ImageMisc", 2984, 'f', 32},
      {"TemType", 3112, 't', 1},
      {"TemHighTension", 3272, 'f', 1},
      {"TemAberrations", 3276, 'f', 32},
      {"TemEnergy", 3404, 'f', 32},
      {"TemMode", 3532, 'i', 1},
      {"TemMagnification", 3536, 'f', 1},
      {"TemMagnificationCorrection", 3540, 'f', 1},
      {"PostMagnification", 3544, 'f', 1},
      {"TemStageType", 3548, 'i', 1},
      {"TemStagePosition", 3552, 'f', 5},
      {"TemImageShift", 3572, 'f', 2},
      {"TemBeamShift", 3580, 'f', 2},
      {"TemBeamTilt", 3588, 'f', 2},
      {"TilingParameters", 3596, 'f', 7},
      {"TemIllumination", 3624, 'f', 3},
      {"TemShutter", 3636, 'i', 1},
      {"TemMisc", 3640, 'f', 32},
      {"CameraType", 3768, 't', 1},
      {"PhysicalPixelSizeX", 3928, 'f', 1},
      {"PhysicalPixelSizeY", 3932, 'f', 1},
      {"OffsetX", 3936, 'i', 1},
      {"OffsetY", 3940, 'i', 1},
      {"BinningX", 3944, 'i', 1},
      {"BinningY", 3948, 'i', 1},
      {"ExposureTime", 3952, 'f', 1},
      {"Gain", 3956, 'f', 1},
      {"ReadoutRate", 3960, 'f', 1},
      {"FlatfieldDescription", 3964, 't', 1},
      {"Sensitivity", 4124, 'f', 1},
      {"Dose", 4128, 'f', 1},
      {"CamMisc", 4132, 'f', 32},
      {"FeiMicroscopeInformation", 4260, 'T', 1},
      {"FeiSpecimenInformation", 5284, 'T', 1},
  };
  for (const Field& field : fields) {
    Json values = Json::array();
    for (std::size_t i = 0; i < field.count; ++i) {
      const std::size_t at = field.at + 4 * i;
      if (field.kind == 'i')
        values.push_back(whole(at));
      else if (field.kind == 'f')
        values.push_back(real(at));
      else
        values.push_back(wide(at, field.kind == 't' ? 160 : 1024));
    }
    header[field.name] = field.count == 1 ? values[0] : values;
  }
  const double across = real(2968), down = real(2972);
  if (std::isfinite(across) && across > 0 && std::isfinite(down) && down > 0) {
    set_scale(calibration.width, across, "nm");
    set_scale(calibration.height, down, "nm");
  }
  Json& metadata = description.metadata;
  const auto number = [&](const std::string& path, double value) {
    if (std::isfinite(value)) set(metadata, path, value);
  };
  constexpr std::int32_t diffraction = 3;
  number(tem + (whole(3532) == diffraction ? "camera_length" : "magnification"), real(3536));
  number(tem + "beam_energy", real(3272) * 1e-3);
  number(tem + "Detector.Camera.exposure", real(3952) * 1e-3);
  set_text(metadata, tem + "Detector.Camera.name", wide(3768, 160));
  set_text(metadata, "General.notes", wide(592, 1024));
  number(tem + "Stage.x", real(3552) * 1e3);
  number(tem + "Stage.y", real(3556) * 1e3);
  number(tem + "Stage.z", real(3560) * 1e3);
  number(tem + "Stage.tilt_alpha", real(3564));
  number(tem + "Stage.tilt_beta", real(3568));
  const std::int32_t seconds = whole(588);
  if (const auto time = iso_time(seconds / 3600, seconds / 60 % 60, seconds % 60); time && seconds >= 0) {
    set(metadata, "General.time", *time);
  }
}

void read_olympus(const Structure& structure, const Entry& entry, Calibration& calibration, Description& description) {
  const std::vector<std::uint64_t> places = structure.integers(entry, std::uint64_t{1} << 16);
  const std::int64_t place =
      places.size() == 1 ? static_cast<std::int64_t>(std::min<std::uint64_t>(places[0], INT64_MAX)) : entry.place;
  const std::vector<std::byte> head = structure.file()->read(place, 60);
  const auto text = [](std::span<const std::byte> bytes) {
    const std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return to_utf8(trimmed(all.substr(0, std::min(all.find('\0'), all.size()))));
  };
  if (text(std::span(head).first(4)) != "SIS0") {
    throw Error(ErrorKind::bad_data, "the Olympus structure at byte " + std::to_string(place) + " starts with '" +
                                         text(std::span(head).first(4)) + "' instead of 'SIS0'");
  }
  Json& header = description.original["Olympus_SIS"];
  header["name"] = text(std::span(head).subspan(26, 32));
  const std::uint16_t parts = load<std::uint16_t>(std::span<const std::byte>(head), 58);
  const std::vector<std::byte> table = structure.file()->read(place + 60, std::int64_t{8} * parts);
  for (std::size_t i = 0; i < parts; ++i) {
    const std::span<const std::byte> one = std::span(table).subspan(8 * i, 8);
    constexpr std::uint16_t general = 1;
    if (load<std::uint16_t>(one) != general) continue;
    const std::vector<std::byte> raw = structure.file()->read(load<std::uint32_t>(one, 4), 112);
    const std::span<const std::byte> bytes(raw);
    const int exponent = static_cast<std::int16_t>(load<std::uint16_t>(bytes, 10));
    const double across = std::bit_cast<double>(load<std::uint64_t>(bytes, 12));
    const double down = std::bit_cast<double>(load<std::uint64_t>(bytes, 20));
    const double magnification = std::bit_cast<double>(load<std::uint64_t>(bytes, 36));
    const std::string camera = text(bytes.subspan(46, 34)), picture = text(bytes.subspan(80, 32));
    const double metres = std::pow(10.0, exponent);
    if (std::isfinite(across * metres) && across * metres > 0 && std::isfinite(down * metres) && down * metres > 0) {
      set_scale(calibration.width, across * metres, "m");
      set_scale(calibration.height, down * metres, "m");
    }
    if (std::isfinite(magnification)) set(description.metadata, tem + "magnification", magnification);
    set_text(description.metadata, tem + "Detector.Camera.name", camera);
    header["pixel_size_x"] = across * metres;
    header["pixel_size_y"] = down * metres;
    header["magnification"] = magnification;
    header["camera_name"] = camera;
    header["picture_type"] = picture;
  }
}

/// Wavelength in metres of electrons accelerated by `volts` (relativistic; CODATA 2018).
double electron_wavelength(double volts) {
  constexpr double planck = 6.62607015e-34, mass = 9.1093837015e-31, charge = 1.602176634e-19, light = 299792458.0;
  const double energy = charge * volts;
  return planck / std::sqrt(2 * mass * energy * (1 + energy / (2 * mass * light * light)));
}

/// Length of a pixel on the detector or in the image: 1 / resolution; nothing when that is no positive number.
std::optional<double> pixel_pitch(const Structure& structure, const Directory& directory, std::uint16_t tag) {
  const Entry* entry = directory.find(tag);
  if (entry == nullptr) return std::nullopt;
  const std::vector<double> values = structure.numbers(*entry, 1);
  if (values.empty() || !std::isfinite(1 / values[0]) || !(values[0] > 0)) return std::nullopt;
  return 1 / values[0];
}

void read_jeol(const Structure& structure, const Directory& directory, Calibration& calibration,
               Description& description) {
  std::string text = structure.text_of(directory, image_description);
  if (text.find("<TemReporter") == std::string::npos) return;
  const pugi::xml_document document = parse_xml(std::move(text));
  const pugi::xml_node report = document.child("TemReporter");
  const pugi::xml_node imaging = report.child("ImageFormingSystem"), gun = report.child("ElectronGun");
  const pugi::xml_node light = report.child("IlluminationSystem");
  const auto without_mode = [](std::string value) { return value.starts_with("mode") ? value.substr(4) : value; };
  const std::string eos = child_text(report.child("Eos"), "EosMode");
  const bool scanning = eos == "eosASID" || eos == "modeASID";
  const char* forming = scanning ? "ScanningImageFormingMode" : "ImageFormingMode";
  description.title = std::string(scanning ? "STEM" : "TEM") + ", " + without_mode(child_text(light, "ImageField")) +
                      ", " + without_mode(child_text(imaging, forming)) + ", " + child_text(imaging, "SelectorString");
  Json& metadata = description.metadata;
  set(metadata, "General.title", description.title);

  const std::string mode = child_text(imaging, "ModeString");
  const bool diffraction = mode == "DIFF";
  const std::string unit = child_text(imaging, "SelectorUnitString");
  const double to_millimetres = unit == "cm" ? 10 : unit == "m" ? 1000 : 1;
  const auto selected = child_number(imaging, "SelectorValue");
  const auto volts = child_number(gun, "AccelerationVoltage");
  if (selected && diffraction) set(metadata, tem + "camera_length", *selected * to_millimetres);
  if (selected && !diffraction) set(metadata, tem + "magnification", *selected);
  const auto across = pixel_pitch(structure, directory, x_resolution);
  const auto down = pixel_pitch(structure, directory, y_resolution);
  const Entry* resolution = directory.find(resolution_unit);
  const std::vector<std::uint64_t> inch{2};
  const double metres = resolution == nullptr || structure.integers(*resolution, 1) == inch ? 0.0254 : 0.01;
  if (eos == "eosTEM" && across && down && selected && *selected > 0) {
    if (mode == "MAG") {
      set_scale(calibration.width, *across * metres / *selected * 1e9, "nm");
      set_scale(calibration.height, *down * metres / *selected * 1e9, "nm");
    } else if (diffraction && volts && *volts > 0) {
      const double nanometres = *selected * to_millimetres * 1e-3 * electron_wavelength(*volts) * 1e9;
      set_scale(calibration.width, *across * metres / nanometres, "1/nm");
      set_scale(calibration.height, *down * metres / nanometres, "1/nm");
    }
  }
  if (volts) set(metadata, tem + "beam_energy", *volts * 1e-3);
  if (const auto current = child_number(gun, "BeamCurrent")) set(metadata, tem + "beam_current", *current * 1e-3);
  set_text(metadata, tem + "microscope", child_text(report, "Instruments"));
  const pugi::xml_node stage = report.child("GonioStage").child("StagePosition");
  if (const auto tilt = child_number(stage, "TX")) set(metadata, tem + "Stage.tilt_alpha", *tilt);
  if (const auto tilt = child_number(stage, "TY")) set(metadata, tem + "Stage.tilt_beta", *tilt);
  set(metadata, tem + "acquisition_mode", scanning ? "STEM" : "TEM");
  // 2015-07-30T07:17:25.7725342+09:00: microseconds are what HyperSpy and ISO 8601 readers take.
  const std::string when = child_text(report, "DateTime");
  const std::vector<std::int64_t> parts = numbers_in(when);
  if (parts.size() >= 6 && when.size() >= 26 && iso_date(parts[0], parts[1], parts[2])) {
    set(metadata, "General.date", when.substr(0, 10));
    set(metadata, "General.time", when.substr(11, 15));
    if (when.size() > 32) set(metadata, "General.time_zone", when.substr(when.size() - 6));
  }
  description.original["JEOL"] = xml_to_json(report);
}

/// "[Section],Key=value,Key="text, with commas"" per line.
Json hamamatsu_sections(std::string_view text) {
  Sections sections;
  for_each_line(text, [&](std::string_view line) {
    const std::size_t close = line.find(']');
    if (line.empty() || line.front() != '[' || close == std::string_view::npos) return;
    auto& section = sections[std::string(line.substr(1, close - 1))];
    line.remove_prefix(close + 1);
    while (!line.empty()) {
      if (line.front() == ',') line.remove_prefix(1);
      const std::size_t equals = line.find('=');
      if (equals == std::string_view::npos) break;
      const std::string key(line.substr(0, equals));
      line.remove_prefix(equals + 1);
      const bool quoted = line.starts_with('"');
      if (quoted) line.remove_prefix(1);
      const std::size_t end = std::min(line.find(quoted ? '"' : ','), line.size());
      section[key] = std::string(line.substr(0, end));
      line.remove_prefix(std::min(end + (quoted ? 1 : 0), line.size()));
    }
  });
  return Json(sections);
}

void read_hamamatsu(const Structure& structure, const Directory& directory, std::int64_t width, std::int64_t height,
                    Calibration& calibration, Description& description) {
  const Json sections = hamamatsu_sections(structure.text_of(directory, image_description));
  description.original["Hamamatsu"] = sections;
  const auto axis = [&](Axis& into, char letter, std::int64_t size) {
    const std::string start = std::string("Scaling.Scaling") + letter;
    set_units(into, text_at(sections, start + "Unit").value_or(""));
    const std::string table = text_at(sections, start + "ScalingFile").value_or("");
    if (!table.starts_with('#')) return;  // "Focus mode": the axis has no coordinates
    const std::size_t comma = std::min(table.find(','), table.size() - 1);
    const auto place = parse_integer(table.substr(1, comma - 1)), length = parse_integer(table.substr(comma + 1));
    if (!place || !length || *place < 0 || *length != size) {
      throw Error(ErrorKind::bad_data, "the Hamamatsu description has '" + table +
                                           "' as place of the coordinates along " + letter + "; expected is #byte," +
                                           std::to_string(size));
    }
    const std::vector<std::byte> raw = structure.file()->read(*place, 4 * size);
    std::vector<double> coordinates(static_cast<std::size_t>(size));
    for (std::size_t i = 0; i < coordinates.size(); ++i) {
      coordinates[i] = std::bit_cast<float>(load<std::uint32_t>(std::span<const std::byte>(raw), 4 * i));
    }
    set_coordinates(into, std::move(coordinates));
  };
  axis(calibration.width, 'X', width);
  axis(calibration.height, 'Y', height);
}

void read_digital_micrograph(const Structure& structure, const Directory& directory, Calibration& calibration,
                             Description& description) {
  const auto number = [&](int tag) -> std::optional<double> {
    const Entry* entry = directory.find(static_cast<std::uint16_t>(tag));
    if (entry == nullptr) return std::nullopt;
    const std::vector<double> values = structure.numbers(*entry, 1);
    return values.empty() || !std::isfinite(values[0]) ? std::nullopt : std::optional(values[0]);
  };
  Axis* axes[] = {&calibration.width, &calibration.height, &calibration.stack};
  for (int i = 0; i < 3; ++i) {
    if (const Entry* units = directory.find(static_cast<std::uint16_t>(digital_micrograph_x_units + i))) {
      set_units(*axes[i], structure.text(*units));
    }
    axes[i]->offset = number(digital_micrograph_x_origin + i).value_or(0.0) + 0.0;
    axes[i]->scale = number(digital_micrograph_x_scale + i).value_or(1.0);
  }
  const std::string quantity = structure.text_of(directory, digital_micrograph_intensity_units);
  set_text(description.metadata, "Signal.quantity", quantity);
  const auto gain = number(digital_micrograph_intensity_scale), origin = number(digital_micrograph_intensity_origin);
  if (gain && origin) {
    set(description.metadata, "Signal.Noise_properties.Variance_linear_model",
        Json{{"gain_factor", *gain}, {"gain_offset", *origin}});
  }
}

void read_image_j(const Lines& lines, const Structure& structure, const Directory& directory,
                  Calibration& calibration) {
  const auto plain = [](std::string unit) -> std::string {
    if (unit == "micron" || unit == "microns" || unit == "um" || unit == "\\u00B5m" || unit == "\\u03BCm") return "µm";
    if (unit == "angstrom" || unit == "\\u00C5") return "Å";
    if (unit == "sec" || unit == "seconds") return "s";
    if (unit == "pixel" || unit == "pixels") return "";
    return unit;
  };
  const std::string unit = plain(value_of(lines, "unit"));
  const auto across = pixel_pitch(structure, directory, x_resolution);
  const auto down = pixel_pitch(structure, directory, y_resolution);
  if (!unit.empty() && across && down) {
    const std::string other = plain(value_of(lines, "yunit"));
    set_scale(calibration.width, *across, unit);
    set_scale(calibration.height, *down, other.empty() ? unit : other);
    const auto from_origin = [&](Axis& axis, const char* key) {
      if (const auto origin = parse_number(value_of(lines, key))) axis.offset = -*origin * axis.scale;
    };
    from_origin(calibration.width, "xorigin");
    from_origin(calibration.height, "yorigin");
  }
  if (const auto spacing = parse_number(value_of(lines, "spacing")); spacing && *spacing > 0) {
    const std::string other = plain(value_of(lines, "zunit"));
    set_scale(calibration.stack, *spacing, other.empty() ? unit : other);
  }
}

}  // namespace

Lines image_j_lines(const Structure& structure, const Directory& directory) {
  // HyperSpy writes its own text first and ImageJ's into a second tag of the same number.
  int seen = 0;
  for (const Entry& entry : directory.entries) {
    if (entry.tag != image_description || width_of_type(entry.type) != 1) continue;
    if (++seen > 4) break;
    const std::string text = structure.text(entry);
    if (!text.starts_with("ImageJ=") && !text.starts_with("SCIFIO=")) continue;
    Lines lines;
    for_each_line(text, [&](std::string_view line) {
      const std::size_t equals = line.find('=');
      if (equals == std::string_view::npos) return;
      lines.emplace_back(trimmed(line.substr(0, equals)), trimmed(line.substr(equals + 1)));
    });
    return lines;
  }
  return {};
}

std::string value_of(const Lines& lines, std::string_view key) {
  const auto found = std::find_if(lines.begin(), lines.end(), [&](const auto& line) { return line.first == key; });
  return found == lines.end() ? "" : found->second;
}

Calibration read_vendor_tags(const Structure& structure, const Directory& directory, std::int64_t width,
                             std::int64_t height, Description& description) {
  Calibration calibration;
  set_date_time(description.metadata, structure.text_of(directory, date_time));
  const auto any_of_digital_micrograph = [&] {
    return std::any_of(directory.entries.begin(), directory.entries.end(), [](const Entry& entry) {
      return entry.tag >= digital_micrograph_x_units && entry.tag <= digital_micrograph_x_scale + 2;
    });
  };
  if (const Entry* helios = directory.find(fei_helios)) {
    read_fei(structure, *helios, calibration, description);
  } else if (const Entry* sfeg = directory.find(fei_sfeg)) {
    read_fei(structure, *sfeg, calibration, description);
  } else if (const Entry* zeiss = directory.find(zeiss_sem)) {
    read_zeiss(structure, *zeiss, width, calibration, description);
  } else if (const Entry* header = directory.find(tvips)) {
    read_tvips(structure, *header, calibration, description);
  } else if (const Entry* sis = directory.find(olympus_sis)) {
    read_olympus(structure, *sis, calibration, description);
  } else if (structure.text_of(directory, make) == "JEOL Ltd.") {
    read_jeol(structure, directory, calibration, description);
  } else if (structure.text_of(directory, artist).starts_with("Copyright Hamamatsu") &&
             structure.text_of(directory, software).starts_with("HPD-TA")) {
    read_hamamatsu(structure, directory, width, height, calibration, description);
  } else {
    if (any_of_digital_micrograph()) read_digital_micrograph(structure, directory, calibration, description);
    const Lines lines = image_j_lines(structure, directory);
    if (!lines.empty()) read_image_j(lines, structure, directory, calibration);
  }
  return calibration;
}

}  // namespace ruska::io::tiff
