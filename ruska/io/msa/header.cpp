// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/msa/header.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "ruska/core/metadata.hpp"
#include "ruska/io/date_time.hpp"
#include "ruska/io/instrument.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io::msa {

namespace {

/// A keyword whose value has a place in the metadata tree.
struct Mapped {
  std::string_view keyword;
  std::string_view unit;  ///< the one that the standard prescribes, in lower case
  std::string_view path;  ///< below Acquisition_instrument.TEM or .SEM, or from the root where it begins with a dot
  double factor;          ///< from the standard's unit to that of the tree
};
constexpr Mapped mapped[] = {
    {"BEAMKV", "kv", "beam_energy", 1},
    {"PROBECUR", "na", "beam_current", 1},
    {"CONVANGLE", "mr", "convergence_angle", 1},
    {"XTILTSTGE", "dg", "Stage.tilt_alpha", 1},
    {"YTILTSTGE", "dg", "Stage.tilt_beta", 1},
    {"COLLANGLE", "mr", "Detector.EELS.collection_angle", 1},
    {"DWELLTIME", "ms", "Detector.EELS.dwell_time", 1e-3},
    {"INTEGTIME", "ms", "Detector.EELS.exposure", 1e-3},
    {"ELEVANGLE", "dg", "Detector.EDS.elevation_angle", 1},
    {"AZIMANGLE", "dg", "Detector.EDS.azimuth_angle", 1},
    {"SOLIDANGL", "sr", "Detector.EDS.solid_angle", 1},
    {"LIVETIME", "s", "Detector.EDS.live_time", 1},
    {"REALTIME", "s", "Detector.EDS.real_time", 1},
    {"FWHMMNKA", "ev", "Detector.EDS.energy_resolution_MnKa", 1},
    {"THICKNESS", "nm", ".Sample.thickness", 1},
};

std::string path_of(const Mapped& one, const std::string& instrument) {
  return one.path.starts_with('.') ? std::string(one.path.substr(1)) : instrument + std::string(one.path);
}

constexpr std::array<std::string_view, 12> months{"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                  "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};

std::string upper_case(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

/// "01-OCT-1991".
void set_date_of(Json& metadata, const std::string& text) {
  int day = 0, year = 0;
  std::array<char, 4> name{};
  char rest = 0;
  if (std::sscanf(text.c_str(), "%2d-%3[A-Za-z]-%4d%c", &day, name.data(), &year, &rest) != 3) return;
  const auto month = std::find(months.begin(), months.end(), upper_case(name.data()));
  if (month != months.end()) set_date(metadata, year, static_cast<int>(month - months.begin()) + 1, day);
}

/// "12:00" or "12:00:30".
void set_time_of(Json& metadata, const std::string& text) {
  int hour = 0, minute = 0, second = 0;
  char rest = 0;
  const bool short_form = std::sscanf(text.c_str(), "%2d:%2d%c", &hour, &minute, &rest) == 2;
  if (short_form || std::sscanf(text.c_str(), "%2d:%2d:%2d%c", &hour, &minute, &second, &rest) == 3) {
    set_time(metadata, hour, minute, short_form ? 0 : second);
  }
}

/// ISO 8859-1 where every character is in it, else unchanged; line ends and other controls become blanks.
std::string one_line(std::string_view utf8) {
  std::string narrow;
  bool fits = true;
  for (std::size_t i = 0; i < utf8.size() && fits; ++i) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    if (byte < 0x80) {
      narrow += utf8[i];
    } else if ((byte == 0xc2 || byte == 0xc3) && i + 1 < utf8.size() &&
               !(byte == 0xc2 && static_cast<unsigned char>(utf8[i + 1]) < 0xa0)) {
      narrow += static_cast<char>((byte & 3) << 6 | (static_cast<unsigned char>(utf8[++i]) & 0x3f));
    } else {
      fits = false;
    }
  }
  std::string line = fits && to_utf8(narrow) == utf8 ? narrow : std::string(utf8);
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return line;
}

void append(std::string& text, std::string_view keyword, std::string_view value) {
  text += '#';
  text += keyword;
  text.append(keyword.size() < 12 ? 12 - keyword.size() : 0, ' ');
  text += ": ";
  text += one_line(value);
  text += "\r\n";
}

void append_date(std::string& text, const Json& metadata) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  std::array<char, 40> line{};
  const std::string date = text_at(metadata, "General.date").value_or("");
  if (std::sscanf(date.c_str(), "%4d-%2d-%2d", &year, &month, &day) == 3 && month >= 1 && month <= 12) {
    std::snprintf(line.data(), line.size(), "%02d-%s-%04d", day, months[static_cast<std::size_t>(month) - 1].data(),
                  year);
  }
  append(text, "DATE", line.data());
  const std::string time = text_at(metadata, "General.time").value_or("");
  line = {};
  if (std::sscanf(time.c_str(), "%2d:%2d:%2d", &hour, &minute, &second) == 3) {
    // The standard's form ends with the minute; HyperSpy refuses a longer one.
    std::snprintf(line.data(), line.size(), "%02d:%02d", hour, minute);
  }
  append(text, "TIME", line.data());
}

}  // namespace

void Header::add(std::string_view line) {
  line.remove_prefix(1);
  const std::size_t colon = line.find(':');
  std::string_view key = trimmed(line.substr(0, colon));
  std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  const std::size_t end = value.find_last_not_of(" \t\r\n");
  value = value.substr(0, end == std::string_view::npos ? 0 : end + 1);
  Entry entry;
  const std::size_t dash = key.starts_with('#') ? std::string_view::npos : key.find('-');
  entry.keyword = to_utf8(upper_case(trimmed(key.substr(0, dash))));
  if (dash != std::string_view::npos) entry.unit = to_utf8(trimmed(key.substr(dash + 1)));
  entry.value = to_utf8(value);
  entries_.push_back(std::move(entry));
}

const Entry* Header::entry(std::string_view keyword) const {
  const auto found =
      std::find_if(entries_.rbegin(), entries_.rend(), [&](const Entry& one) { return one.keyword == keyword; });
  return found == entries_.rend() ? nullptr : &*found;
}

std::string Header::text(std::string_view keyword) const {
  const Entry* found = entry(keyword);
  return found == nullptr ? "" : found->value;
}

std::optional<double> Header::number(std::string_view keyword) const {
  const std::string value = text(keyword);
  if (const auto whole = parse_number(value)) return whole;
  std::string joined = value;
  std::erase(joined, ' ');
  if (const auto number = parse_number(joined)) return number;
  const std::string_view words = trimmed(value);
  return parse_number(words.substr(0, words.find_first_of(" \t")));
}

std::string Header::title() const {
  std::string title;
  for (const Entry& one : entries_) {
    if (one.keyword == "TITLE") title += one.value;
  }
  return title;
}

std::string Header::signal_type() const {
  const std::string type = text("SIGNALTYPE");
  const std::string upper = upper_case(trimmed(type));
  if (upper == "ELS") return "EELS";
  if (upper == "EDS" || upper == "EDX" || upper == "XEDS") {
    const auto beam_energy = number("BEAMKV");
    return beam_energy ? "EDS_" + instrument_for(beam_energy) : "EDS_TEM";
  }
  return std::string(trimmed(type));
}

Json Header::metadata() const {
  Json metadata = Json::object();
  const std::string type = signal_type();
  if (const std::string name = title(); !name.empty()) set(metadata, "General.title", name);
  set_date_of(metadata, text("DATE"));
  set_time_of(metadata, text("TIME"));
  if (!type.empty()) set(metadata, "Signal.signal_type", type);
  std::string quantity = text("YLABEL"), unit = text("YUNITS");
  if (quantity.empty() && type == "EELS") quantity = "Electrons";
  if (quantity.empty() && type.starts_with("EDS")) quantity = "X-rays";
  if (text("YLABEL").empty() && !quantity.empty() && unit.empty()) unit = "Counts";
  if (!unit.empty()) unit = "(" + unit + ")";
  if (!quantity.empty() && !unit.empty()) quantity += " ";
  if (!(quantity + unit).empty()) set(metadata, "Signal.quantity", quantity + unit);

  const std::string instrument = std::string("Acquisition_instrument.") + (type == "EDS_SEM" ? "SEM." : "TEM.");
  for (const Mapped& one : mapped) {
    const Entry* found = entry(one.keyword);
    const auto value = number(one.keyword);
    if (!value || (!found->unit.empty() && lower_case(found->unit) != one.unit)) continue;
    set(metadata, path_of(one, instrument), *value * one.factor);
  }
  const std::string mode = upper_case(text("OPERMODE"));
  if (const auto value = number("MAGCAM")) {
    if (mode == "IMAG" || mode == "SCIMG") set(metadata, instrument + "magnification", *value);
    if (mode == "DIFF" || mode == "SCDIF") set(metadata, instrument + "camera_length", *value);
  }
  if (const std::string detector = text("EDSDET"); !detector.empty()) {
    set(metadata, instrument + "Detector.EDS.EDS_det", detector);
  }
  return metadata;
}

Json Header::verbatim() const {
  Json all = Json::object();
  for (const Entry& one : entries_) {
    Json& place = all[one.unit.empty() ? one.keyword : one.keyword + "-" + one.unit];
    if (place.is_null()) {
      place = one.value;
    } else {
      if (!place.is_array()) place = Json::array({place});
      place.push_back(one.value);
    }
  }
  return all;
}

std::string shortest(double value) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

std::string format_header(const Description& description) {
  const Json& metadata = description.metadata;
  const Axis& axis = description.axes.front();
  std::string text;
  append(text, "FORMAT", "EMSA/MAS Spectral Data File");
  append(text, "VERSION", "1.0");
  append(text, "TITLE", description.title);
  append_date(text, metadata);
  append(text, "OWNER", "");
  append(text, "NPOINTS", std::to_string(axis.size));
  append(text, "NCOLUMNS", "1");
  append(text, "XUNITS", axis.units);
  append(text, "DATATYPE", "Y");
  append(text, "XPERCHAN", shortest(axis.scale));
  append(text, "OFFSET", shortest(axis.offset));
  append(text, "XLABEL", axis.name);
  const std::string quantity = text_at(metadata, "Signal.quantity").value_or("");
  if (const std::size_t bracket = quantity.rfind('('); bracket != std::string::npos && quantity.ends_with(')')) {
    append(text, "YLABEL", trimmed(std::string_view(quantity).substr(0, bracket)));
    append(text, "YUNITS", std::string_view(quantity).substr(bracket + 1, quantity.size() - bracket - 2));
  }
  const std::string& type = description.signal_type;
  append(text, "SIGNALTYPE", type == "EELS" ? "ELS" : type);
  const std::string instrument = instrument_of(metadata);
  for (const Mapped& one : mapped) {
    const auto value = number_at(metadata, path_of(one, "Acquisition_instrument." + instrument + "."));
    if (value) append(text, one.keyword, shortest(*value / one.factor));
  }
  append(text, dtype_keyword, name_of(description.dtype));
  append(text, "SPECTRUM", "Spectral Data Starts Here");
  return text;
}

}  // namespace ruska::io::msa
