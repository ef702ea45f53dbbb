// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// DENSsolutions Impulse logs: a table in "NAME_Synchronized data.csv" ("TimeStamp,Experiment time,…") and, where it
// lies beside it, "NAME_Metadata.log" with lines "key, value". The column MixValve holds three positions ("-1; 0; 1"),
// which become one number as in HyperSpy: each plus two as a decimal digit.
#include <map>

#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/coordinates.hpp"
#include "ruska/io/delimited_text.hpp"
#include "ruska/io/random_access_file.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

constexpr std::size_t time_column = 1, first_quantity = 2;

bool is_names(const std::vector<std::string_view>& names) {
  return names.size() > first_quantity && names[0] == "TimeStamp" && names[time_column] == "Experiment time";
}

Confidence probe(const Probe& file) {
  std::string_view head(reinterpret_cast<const char*>(file.head.data()), file.head.size());
  return is_names(fields_of(take_line(head), ',')) ? Confidence::content : Confidence::none;
}

/// Keys and values of the metadata file; empty where there is none.
std::map<std::string, std::string> read_metadata_file(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  const std::size_t end = name.rfind('_');
  const std::filesystem::path companion =
      path.parent_path() / (end == std::string::npos ? "_Metadata.log" : name.substr(0, end) + "_Metadata.log");
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(companion, ignored)) return {};
  const std::string content = RandomAccessFile(companion).read_text(longest_log, "an Impulse metadata file");
  std::map<std::string, std::string> entries;
  std::string key;
  for (std::string_view text = content; !text.empty();) {
    const std::string_view line = take_line(text);
    if (key == "Live notes") {  // the last entry runs over all further lines
      entries[key] += "\n" + to_utf8(trimmed(line));
      continue;
    }
    const std::size_t comma = line.find(',');
    if (comma == std::string_view::npos) continue;
    key = to_utf8(trimmed(line.substr(0, comma)));
    std::string_view value = trimmed(line.substr(comma + 1));
    if (value.size() > 1 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    entries[key] = to_utf8(value);
  }
  if (!entries.contains("Experiment date")) {
    throw Error(ErrorKind::bad_data,
                companion.filename().string() + " has no line 'Experiment date, …'; it is damaged or cut short");
  }
  return entries;
}

std::vector<std::int32_t> valve_positions(const Column& column) {
  std::vector<std::int32_t> values;
  for (const std::string_view field : column) {
    const std::vector<std::string_view> parts = fields_of(field, ';');
    std::int32_t value = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      const auto position = i < parts.size() ? parse_integer(parts[i]) : std::nullopt;
      if (parts.size() != 3 || !position || *position < -2 || *position > 7) {
        throw Error(ErrorKind::bad_data,
                    "row " + std::to_string(values.size() + 1) + " of the column 'MixValve' has '" +
                        to_utf8(field.substr(0, 40)) +
                        "' where three positions from -2 to 7, parted by semicolons, are expected");
      }
      value = 10 * value + static_cast<std::int32_t>(*position) + 2;
    }
    values.push_back(value);
  }
  return values;
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const std::string content = RandomAccessFile(path).read_text(longest_log, "an Impulse log");
  std::string_view text = content;
  const std::vector<std::string_view> names = fields_of(take_line(text), ',');
  if (!is_names(names)) {
    throw Error(ErrorKind::bad_data, path.filename().string() +
                                         " does not start with the names of an Impulse log: TimeStamp, Experiment time "
                                         "and at least one quantity");
  }
  const std::vector<Column> columns = columns_of(text, ',', names.size(), 2);
  if (columns[time_column].empty()) throw Error(ErrorKind::bad_data, "the Impulse log has no row after line 1");
  Axis axis;
  axis.name = "Time";
  axis.units = "s";
  axis.quantity = "time";
  set_coordinates(axis, numbers_of(columns[time_column], names[time_column]));
  const std::map<std::string, std::string> header = read_metadata_file(path);

  std::vector<std::shared_ptr<const Source>> signals;
  for (std::size_t i = first_quantity; i < names.size(); ++i) {
    Description description;
    description.title = to_utf8(names[i]);
    description.axes = {axis};
    Json& metadata = description.metadata;
    set(metadata, "General.title", description.title);
    // The order of day and month is the operating system's and not in the file, so the date stays as it stands.
    if (const auto date = header.find("Experiment date"); date != header.end()) {
      set(metadata, "General.date", date->second);
    }
    if (const auto time = header.find("Experiment time"); time != header.end()) {
      set(metadata, "General.time", time->second);
    }
    set(metadata, "Signal", Json{{"signal_type", ""}, {"quantity", description.title}});
    description.original["metadata"] = header;
    if (names[i] == "MixValve") {
      const std::vector<std::int32_t> values = valve_positions(columns[i]);
      signals.push_back(Dataset::from_values<std::int32_t>(std::move(description), values).shared_source());
    } else {
      signals.push_back(logged_signal(std::move(description), columns[i]));
    }
  }
  return signals;
}

}  // namespace

const Driver& impulse_driver() {
  static const Driver driver{"impulse", "DENSsolutions Impulse log", {"csv"}, probe, open, nullptr};
  return driver;
}

}  // namespace ruska::io
