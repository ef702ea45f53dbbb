// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/bruker_xml.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "ruska/base/error.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/date_time.hpp"
#include "ruska/io/text.hpp"
#include "ruska/io/xml.hpp"

namespace ruska::io::bruker {

pugi::xml_node instance(pugi::xml_node parent, const char* type) {
  return parent.find_child_by_attribute("ClassInstance", "Type", type);
}

double required_number(pugi::xml_node parent, const char* child) {
  const auto value = child_number(parent, child);
  if (!value) refuse_child(parent, child, "a number");
  return *value;
}

std::int64_t required_integer(pugi::xml_node parent, const char* child, std::int64_t low, std::int64_t high) {
  const auto value = parse_integer(child_text(parent, child));
  if (!value || *value < low || *value > high) {
    refuse_child(parent, child, "a whole number from " + std::to_string(low) + " to " + std::to_string(high));
  }
  return *value;
}

std::vector<std::uint64_t> integers_of(pugi::xml_node parent, const char* child) {
  std::vector<std::uint64_t> values;
  std::string_view rest = trimmed(parent.child(child).child_value());
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    const auto value = parse_integer(rest.substr(0, comma));
    if (!value || *value < 0) refuse_child(parent, child, "a list of whole numbers");
    values.push_back(static_cast<std::uint64_t>(*value));
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  }
  return values;
}

std::vector<std::byte> base64_of(pugi::xml_node parent, const char* child) {
  static constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  static const std::array<std::int8_t, 256> digits = [] {
    std::array<std::int8_t, 256> table;
    table.fill(-1);
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
      table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
    }
    return table;
  }();
  const std::string_view text = trimmed(parent.child(child).child_value());
  std::vector<std::byte> bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t group = 0;
  int bits = 0;
  for (const char c : text) {
    if (c == '\r' || c == '\n' || c == ' ' || c == '\t') continue;
    if (c == '=') break;
    const int digit = digits[static_cast<unsigned char>(c)];
    if (digit < 0) refuse_child(parent, child, "base64");
    group = group << 6 | static_cast<std::uint32_t>(digit);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push_back(static_cast<std::byte>(group >> bits & 0xff));
    }
  }
  return bytes;
}

Spectrum read_spectrum(pugi::xml_node spectrum) {
  Spectrum result;
  const pugi::xml_node headers = spectrum.child("TRTHeaderedClass");
  const pugi::xml_node hardware = instance(headers, "TRTSpectrumHardwareHeader");
  const pugi::xml_node detector = instance(headers, "TRTDetectorHeader");
  const pugi::xml_node electrons = instance(headers, "TRTESMAHeader");
  const pugi::xml_node tube = instance(headers, "TRTXrfHeader");
  const pugi::xml_node calibration = instance(spectrum, "TRTSpectrumHeader");
  if (!calibration) throw Error(ErrorKind::bad_data, "the spectrum has no TRTSpectrumHeader with its energy scale");

  result.counts = integers_of(spectrum, "Channels");
  if (result.counts.empty()) throw Error(ErrorKind::bad_data, "the spectrum has no channels");
  result.energy.name = "Energy";
  result.energy.quantity = "energy";
  result.energy.units = "keV";
  result.energy.size = static_cast<std::int64_t>(result.counts.size());
  result.energy.scale = required_number(calibration, "CalibLin");
  result.energy.offset = required_number(calibration, "CalibAbs");

  const auto put = [&](const char* key, std::optional<double> value) {
    if (value) result.detector[key] = *value;
  };
  if (tube) {
    result.beam_energy = child_number(tube, "Voltage");
    put("elevation_angle", child_number(tube, "ExcitationAngle"));
  } else {
    result.beam_energy = child_number(electrons, "PrimaryEnergy");
    put("elevation_angle", child_number(electrons, "ElevationAngle"));
    put("azimuth_angle", child_number(electrons, "AzimutAngle"));
  }
  if (const std::string type = child_text(detector, "Type"); !type.empty()) result.detector["detector_type"] = type;
  const auto seconds = [&](const char* child) {
    auto value = child_number(hardware, child);
    if (value) *value /= 1000.0;  // stored in ms
    return value;
  };
  put("real_time", seconds("RealTime"));
  put("live_time", seconds("LifeTime"));
  // The peak's variance is SigmaAbs + SigmaLin · E (keV²); its full width at half maximum at Mn Kα is the usual figure.
  const auto variance_at_zero = child_number(calibration, "SigmaAbs");
  const auto variance_per_energy = child_number(calibration, "SigmaLin");
  if (variance_at_zero && variance_per_energy) {
    constexpr double mn_ka = 5.8988;
    const double variance = *variance_at_zero + *variance_per_energy * mn_ka;
    if (variance > 0) result.detector["energy_resolution_MnKa"] = 2000.0 * std::sqrt(2.0 * std::log(2.0) * variance);
  }

  const auto keep = [&](const char* name, pugi::xml_node node) {
    if (node) result.original[name] = xml_to_json(node);
  };
  keep("Hardware", hardware);
  keep("Detector", detector);
  keep("Analysis", electrons ? electrons : tube);
  keep("Spectrum", calibration);
  return result;
}

void set_date(Json& metadata, pugi::xml_node header) {
  int day = 0, month = 0, year = 0, hour = 0, minute = 0, second = 0;
  char rest = 0;
  if (std::sscanf(child_text(header, "Date").c_str(), "%2d.%2d.%4d%c", &day, &month, &year, &rest) != 3) return;
  if (std::sscanf(child_text(header, "Time").c_str(), "%2d:%2d:%2d%c", &hour, &minute, &second, &rest) != 3) return;
  io::set_date(metadata, year, month, day);
  io::set_time(metadata, hour, minute, second);
}

}  // namespace ruska::io::bruker
