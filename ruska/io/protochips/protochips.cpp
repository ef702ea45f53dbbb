// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Protochips logs of heating, biasing and gas holders: a line of names ("Time, Notes, Channel A Temperature, …"),
// lines whose notes are "key = value", then the measured rows. Times are not equidistant, so the time axis lists them.
#include <map>

#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/coordinates.hpp"
#include "ruska/io/date_time.hpp"
#include "ruska/io/delimited_text.hpp"
#include "ruska/io/random_access_file.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

constexpr std::size_t time_column = 0, notes_column = 1, first_quantity = 2;

bool is_names(const std::vector<std::string_view>& names) {
  return names.size() > first_quantity && names[time_column] == "Time" && names[notes_column] == "Notes";
}

Confidence probe(const Probe& file) {
  std::string_view head(reinterpret_cast<const char*>(file.head.data()), file.head.size());
  return is_names(fields_of(take_line(head), ',')) ? Confidence::content : Confidence::none;
}

/// Date and time of the start: 2014.12.03 and 17:15:37.192.
void set_start(Json& metadata, const std::map<std::string, std::string>& header) {
  const auto entry = [&](const char* key) {
    const auto found = header.find(key);
    return found == header.end() ? std::string() : found->second;
  };
  const auto part = [](const std::vector<std::string_view>& parts, std::size_t i) {
    return i < parts.size() ? parse_integer(parts[i]).value_or(-1) : -1;
  };
  const std::string day = entry("Date (yyyy.mm.dd)"), hour = entry("Time (hh:mm:ss.ms)");
  const std::vector<std::string_view> days = fields_of(day, '.'), hours = fields_of(hour, ':');
  if (const auto date = iso_date(part(days, 0), part(days, 1), part(days, 2))) set(metadata, "General.date", *date);
  if (hours.size() < 3) return;
  const std::vector<std::string_view> seconds = fields_of(hours[2], '.');
  const auto time = iso_time(part(hours, 0), part(hours, 1), part(seconds, 0));
  if (!time) return;
  std::string fraction(seconds.size() > 1 ? seconds[1].substr(0, 6) : "");
  fraction.resize(6, '0');
  set(metadata, "General.time", parse_integer(fraction) ? *time + "." + fraction : *time);
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const std::string content = RandomAccessFile(path).read_text(longest_log, "a Protochips log");
  std::string_view text = content;
  const std::vector<std::string_view> names = fields_of(take_line(text), ',');
  if (!is_names(names)) {
    throw Error(ErrorKind::bad_data, path.filename().string() +
                                         " does not start with the names of a Protochips log: Time, Notes and at least "
                                         "one quantity");
  }
  std::map<std::string, std::string> header;
  std::int64_t line_number = 2;
  while (!text.empty()) {
    std::string_view rest = text;
    const std::vector<std::string_view> fields = fields_of(take_line(rest), ',');
    const std::size_t equals = fields.size() > notes_column ? fields[notes_column].find(" = ") : std::string_view::npos;
    if (equals == std::string_view::npos) break;
    header[to_utf8(fields[notes_column].substr(0, equals))] = to_utf8(trimmed(fields[notes_column].substr(equals + 3)));
    text = rest;
    ++line_number;
    if (fields[notes_column].starts_with("User")) break;  // always the last one
  }
  const std::vector<Column> columns = columns_of(text, ',', names.size(), line_number);
  if (columns[time_column].empty()) {
    throw Error(ErrorKind::bad_data, "the Protochips log has no row after line " + std::to_string(line_number - 1));
  }

  const std::string time_units = header.contains("Time units") ? lower_case(header.at("Time units")) : "";
  if (time_units != "milliseconds" && time_units != "seconds") {
    throw Error(ErrorKind::unsupported,
                "the Protochips log has the time units '" + time_units + "'; ruska knows Milliseconds and Seconds");
  }
  std::vector<double> times = numbers_of(columns[time_column], "Time");
  if (time_units == "milliseconds") {
    for (double& time : times) time /= 1000;
  }
  Axis axis;
  axis.name = "Time";
  axis.units = "s";
  axis.quantity = "time";
  Json notes = Json::array();
  for (std::size_t i = 0; i < times.size(); ++i) {
    const std::string_view note = columns[notes_column][i];
    if (!note.empty()) notes.push_back(Json{{"time", times[i]}, {"note", to_utf8(note)}});
  }
  set_coordinates(axis, std::move(times));

  std::vector<std::shared_ptr<const Source>> signals;
  for (std::size_t i = first_quantity; i < names.size(); ++i) {
    const std::string name = to_utf8(names[i]);
    const std::string quantity = name.substr(name.rfind(' ') + 1);
    const auto units = header.find(quantity + " units");
    const std::string suffix = units == header.end() ? "" : " (" + units->second + ")";
    Description description;
    description.title = name + suffix;
    description.axes = {axis};
    Json& metadata = description.metadata;
    set(metadata, "General.title", description.title);
    set_start(metadata, header);
    if (const auto user = header.find("User agreeing to terms"); user != header.end()) {
      set(metadata, "General.authors", user->second);
    }
    if (const auto calibration = header.find("Calibration file"); calibration != header.end()) {
      const std::string file = calibration->second.substr(calibration->second.find_last_of("\\/") + 1);
      set(metadata, "General.notes", "Calibration file name: " + file);
    }
    set(metadata, "Signal", Json{{"signal_type", ""}, {"quantity", quantity + suffix}});
    description.original = Json{{"header", header}, {"notes", notes}};
    const std::vector<double> values = numbers_of(columns[i], name);
    signals.push_back(Dataset::from_values<double>(std::move(description), values).shared_source());
  }
  return signals;
}

}  // namespace

const Driver& protochips_driver() {
  static const Driver driver{"protochips", "Protochips log", {"csv"}, probe, open, nullptr};
  return driver;
}

}  // namespace ruska::io
