// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// DENSsolutions heating logs (Digiheater 3.1): date and version, calibration, sampling interval, the columns' names,
// then rows of which the measured temperature is the signal. Times are seconds of the day; a clock that runs back has
// passed midnight.

#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/coordinates.hpp"
#include "ruska/io/date_time.hpp"
#include "ruska/io/delimited_text.hpp"
#include "ruska/io/random_access_file.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

constexpr std::size_t time_column = 1, temperature_column = 3;

/// The first line that is not empty, of which `text` is left behind; `number` counts the lines.
std::string_view first_line(std::string_view& text, std::int64_t& number) {
  std::string_view line;
  while (trimmed(line).empty() && !text.empty()) {
    line = take_line(text);
    ++number;
  }
  return line;
}

bool is_first_line(std::string_view line) {
  const std::vector<std::string_view> parts = fields_of(line, '\t');
  return parts.size() == 2 && parts[1].starts_with("Digiheater");
}

Confidence probe(const Probe& file) {
  std::string_view head(reinterpret_cast<const char*>(file.head.data()), file.head.size());
  std::int64_t number = 0;
  if (is_first_line(first_line(head, number))) return Confidence::content;
  return extension_of(file.path) == "dens" ? Confidence::extension : Confidence::none;
}

[[noreturn]] void refuse(std::int64_t line, std::string_view got, const std::string& expected) {
  throw Error(ErrorKind::bad_data, "line " + std::to_string(line) + " of the heating log is '" +
                                       to_utf8(got.substr(0, 60)) + "' where " + expected + " is expected");
}

/// "13:54:37.68" or a plain number as seconds.
double seconds_of(std::string_view text, std::int64_t line) {
  const std::vector<std::string_view> parts = fields_of(text, ':');
  if (parts.size() == 1) {
    if (const auto value = parse_number(text)) return *value;
  }
  if (parts.size() == 3) {
    const auto hours = parse_integer(parts[0]), minutes = parse_integer(parts[1]);
    const auto seconds = parse_number(parts[2]);
    const bool valid = hours && minutes && seconds && *hours >= 0 && *hours < 24 && *minutes >= 0 && *minutes < 60 &&
                       *seconds >= 0 && *seconds < 61;
    if (valid) return static_cast<double>(*hours * 3600 + *minutes * 60) + *seconds;
  }
  refuse(line, text, "a time such as 13:54:37.68");
}

/// "16/04/'15 13:53" as General.date and General.time.
void set_start(Json& metadata, std::string_view text, std::int64_t line) {
  const std::vector<std::int64_t> parts = numbers_in(text);
  if (parts.size() != 5) refuse(line, text, "a date such as 16/04/'15 13:53");
  const auto date = iso_date(2000 + parts[2], parts[1], parts[0]), time = iso_time(parts[3], parts[4], 0);
  if (parts[2] > 99 || !date || !time) refuse(line, text, "a date such as 16/04/'15 13:53");
  set(metadata, "General.date", *date);
  set(metadata, "General.time", *time);
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const std::string content = RandomAccessFile(path).read_text(longest_log, "a heating log");
  std::string_view text = content;
  std::int64_t line = 0;
  const std::string_view start = first_line(text, line);
  if (!is_first_line(start)) refuse(line, start, "a date and 'Digiheater 3.1', parted by a tab,");
  const std::vector<std::string_view> date_and_version = fields_of(start, '\t');
  if (date_and_version[1] != "Digiheater 3.1") {
    throw Error(ErrorKind::unsupported,
                "a heating log of '" + to_utf8(date_and_version[1]) + "'; ruska reads those of Digiheater 3.1");
  }
  Description description;
  set_start(description.metadata, date_and_version[0], line);
  const std::string_view calibration = take_line(text), interval = take_line(text), names = take_line(text);
  const std::vector<std::string_view> columns = fields_of(names, '\t');
  line += 3;
  if (columns.size() <= temperature_column || columns[time_column] != "time" ||
      columns[temperature_column] != "Tmeas[C]") {
    refuse(line, names, "sample, time, Tset[C], Tmeas[C] …, parted by tabs,");
  }
  const std::vector<Column> table = columns_of(text, '\t', temperature_column + 1, line + 1);
  if (table[time_column].empty()) refuse(line + 1, "", "a measured row");
  constexpr double day = 24 * 60 * 60;
  std::vector<double> times;
  double days = 0, previous = 0;
  for (std::size_t i = 0; i < table[time_column].size(); ++i) {
    const double now = seconds_of(table[time_column][i], line + 1 + static_cast<std::int64_t>(i));
    if (i > 0 && now < previous) days += day;
    previous = now;
    times.push_back(now + days);
  }
  Axis axis;
  axis.name = "Time";
  axis.units = "s";
  axis.quantity = "time";
  set_coordinates(axis, std::move(times));
  description.axes = {axis};
  set(description.metadata, "Signal", Json{{"signal_type", ""}, {"quantity", "Temperature (Celsius)"}});
  description.original = Json{{"date", to_utf8(date_and_version[0])},
                              {"version", to_utf8(date_and_version[1])},
                              {"calibration", to_utf8(trimmed(calibration))},
                              {"interval", to_utf8(trimmed(interval))}};
  const std::vector<double> values = numbers_of(table[temperature_column], columns[temperature_column]);
  return {Dataset::from_values<double>(std::move(description), values).shared_source()};
}

}  // namespace

const Driver& dens_driver() {
  static const Driver driver{"dens", "DENSsolutions heating log", {"dens"}, probe, open, nullptr};
  return driver;
}

}  // namespace ruska::io
