// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Tables of numbers as text (.csv; RFC 4180): columns parted by commas, semicolons or tabs, with a row of names in
// front or without. Names may end in units in square brackets, "energy [keV]". Lines that begin with # are passed over.
//
// Under names, a first column that rises or falls strictly is the axis of the others, each of which is a signal. Where
// it does not, every column is a signal over the rows, and the whole table is one more. Numbers without names are an
// image, as label maps are written. Columns of whole numbers are int64 (uint64 above its range), others float64.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "ruska/core/dataset.hpp"
#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/coordinates.hpp"
#include "ruska/io/delimited_text.hpp"
#include "ruska/io/random_access_file.hpp"
#include "ruska/io/text.hpp"
#include "ruska/io/text_sink.hpp"

namespace ruska::io {

namespace {

constexpr std::size_t most_columns = 100000;

using Row = std::vector<std::string>;

/// The fields of a line; quotes around a field keep separators and doubled quotes within.
Row split(std::string_view line, char separator) {
  Row row(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted) {
      if (c != '"') {
        row.back() += c;
      } else if (i + 1 < line.size() && line[i + 1] == '"') {
        row.back() += line[++i];
      } else {
        quoted = false;
      }
    } else if (c == '"' && trimmed(row.back()).empty()) {
      row.back().clear();
      quoted = true;
    } else if (c == separator) {
      row.emplace_back();
    } else {
      row.back() += c;
    }
  }
  for (std::string& field : row) field = trimmed(field);
  return row;
}

/// A number, also one that is not finite; an empty field is not a number.
std::optional<double> number_of(std::string_view text) {
  if (text.empty()) return std::numeric_limits<double>::quiet_NaN();
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem == std::errc::result_out_of_range || end != text.data() + text.size() || end == text.data()) {
    return std::nullopt;
  }
  return value;
}

bool all_numbers(const Row& row) {
  const bool some = std::any_of(row.begin(), row.end(), [](const std::string& field) { return !field.empty(); });
  return some &&
         std::all_of(row.begin(), row.end(), [](const std::string& field) { return number_of(field).has_value(); });
}

/// The separator that parts the first line most often.
char separator_of(std::string_view line) {
  char best = ',';
  for (const char one : {';', '\t'}) {
    if (std::count(line.begin(), line.end(), one) > std::count(line.begin(), line.end(), best)) best = one;
  }
  return best;
}

/// The next line that is neither empty nor a remark; nothing at the end.
std::optional<std::string_view> next_line(std::string_view& text, std::int64_t& number) {
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    ++number;
    if (!trimmed(line).empty() && !line.starts_with('#')) return line;
  }
  return std::nullopt;
}

struct Name {
  std::string text, units;
};

/// "energy [keV]" → energy, keV.
Name name_of_column(const std::string& field) {
  const std::string text = to_utf8(field);
  const std::size_t open = text.rfind('[');
  if (!text.ends_with(']') || open == std::string::npos) return {text, ""};
  return {std::string(trimmed(text.substr(0, open))), text.substr(open + 1, text.size() - open - 2)};
}

std::string_view without_mark(std::string_view text) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  return text.starts_with(byte_order_mark) ? text.substr(byte_order_mark.size()) : text;
}

Confidence probe(const Probe& file) {
  if (extension_of(file.path) != "csv") return Confidence::none;
  std::string_view text = without_mark({reinterpret_cast<const char*>(file.head.data()), file.head.size()});
  std::int64_t number = 0;
  const auto first = next_line(text, number);
  if (!first) return Confidence::extension;
  const Row names = split(*first, separator_of(*first));
  const bool units = std::any_of(names.begin(), names.end(),
                                 [](const std::string& name) { return !name_of_column(name).units.empty(); });
  const auto second = next_line(text, number);
  // Names with units over numbers are sure; other tables may be the log of some instrument, whose driver knows it.
  if (!units || !second) return Confidence::extension;
  const Row row = split(*second, separator_of(*first));
  return row.size() == names.size() && all_numbers(row) ? Confidence::content : Confidence::extension;
}

struct Table {
  Row names;  ///< empty where there are none
  std::vector<std::vector<std::string>> columns;

  std::size_t rows() const { return columns.empty() ? 0 : columns.front().size(); }
};

Table read_table(std::string_view text) {
  text = without_mark(text);
  Table table;
  std::int64_t number = 0;
  auto line = next_line(text, number);
  if (!line) throw Error(ErrorKind::bad_data, "the table is empty");
  const char separator = separator_of(*line);
  Row row = split(*line, separator);
  if (row.size() > most_columns) {
    throw Error(ErrorKind::bad_data, "line " + std::to_string(number) + " has " + std::to_string(row.size()) +
                                         " columns; at most " + std::to_string(most_columns) + " are read");
  }
  table.columns.resize(row.size());
  if (!all_numbers(row)) {
    table.names = std::move(row);
    line = next_line(text, number);
  }
  for (; line; line = next_line(text, number)) {
    row = split(*line, separator);
    if (row.size() != table.columns.size()) {
      throw Error(ErrorKind::bad_data, "line " + std::to_string(number) + " has " + std::to_string(row.size()) +
                                           " columns, the first has " + std::to_string(table.columns.size()));
    }
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (!number_of(row[i])) {
        throw Error(ErrorKind::bad_data, "line " + std::to_string(number) + ", column " + std::to_string(i + 1) +
                                             ": '" + to_utf8(row[i].substr(0, 40)) + "' is no number");
      }
      table.columns[i].push_back(std::move(row[i]));
    }
  }
  if (table.rows() == 0) throw Error(ErrorKind::bad_data, "the table has names and no numbers");
  return table;
}

template <class T>
bool hold(const std::vector<std::string>& fields) {
  return std::all_of(fields.begin(), fields.end(), [](const std::string& field) {
    T value{};
    const auto [end, problem] = std::from_chars(field.data(), field.data() + field.size(), value);
    return problem == std::errc() && end == field.data() + field.size() && field != "-0";
  });
}

std::vector<double> numbers_in_column(const std::vector<std::string>& fields) {
  std::vector<double> numbers;
  for (const std::string& field : fields) numbers.push_back(*number_of(field));
  return numbers;
}

/// Fields as a signal of the described axes, in the narrowest of int64, uint64 and float64.
std::shared_ptr<const Source> signal_of(Description description, const std::vector<std::string>& fields) {
  const auto whole = [&]<class T>(T) {
    std::vector<T> values;
    for (const std::string& field : fields) {
      T value{};
      std::from_chars(field.data(), field.data() + field.size(), value);
      values.push_back(value);
    }
    return Dataset::from_values<T>(std::move(description), values).shared_source();
  };
  if (hold<std::int64_t>(fields)) return whole(std::int64_t{});
  if (hold<std::uint64_t>(fields)) return whole(std::uint64_t{});
  return Dataset::from_values<double>(std::move(description), numbers_in_column(fields)).shared_source();
}

bool is_axis(const std::vector<double>& numbers) {
  if (numbers.size() < 2 || !std::isfinite(numbers.front()) || !std::isfinite(numbers.back()))
    return numbers.size() == 1;
  const bool rises = numbers[1] > numbers[0];
  for (std::size_t i = 1; i < numbers.size(); ++i) {
    if (!(rises ? numbers[i] > numbers[i - 1] : numbers[i] < numbers[i - 1])) return false;
  }
  return true;
}

/// Gives the axis the shortest scale with which offset + scale · index is what stands in the file. Few digits may be
/// off by the rounding of coordinates, as programs write them; more only count where they are exact, as in files that
/// were written from such a scale.
void find_written_scale(Axis& axis, const std::vector<double>& numbers) {
  if (numbers.size() < 2 || !axis.values.empty()) return;
  constexpr int few = 8, most = 17;
  const double first = numbers.front(), last = numbers.back();
  const double scale = (last - first) / static_cast<double>(numbers.size() - 1);
  const double rounding = 4 * std::numeric_limits<double>::epsilon() * std::max(std::fabs(first), std::fabs(last));
  for (int digits = 1; digits <= most; ++digits) {
    char text[40];
    const char* end = std::to_chars(text, text + sizeof(text), scale, std::chars_format::scientific, digits - 1).ptr;
    double candidate = 0;
    std::from_chars(text, end, candidate);
    bool fits = true;
    for (std::size_t i = 0; fits && i < numbers.size(); ++i) {
      const double off = std::fabs(first + candidate * static_cast<double>(i) - numbers[i]);
      fits = off <= (digits <= few ? rounding : 0);
    }
    if (!fits) continue;
    axis.offset = first;
    axis.scale = candidate;
    return;
  }
}

Axis row_axis(std::size_t rows, Role role) {
  return {.name = "row", .role = role, .size = static_cast<std::int64_t>(rows)};
}

Description titled(const std::string& title) {
  Description description;
  description.title = title;
  set(description.metadata, "General.title", title);
  return description;
}

Description described(const Name& name) {
  Description description = titled(name.text);
  if (!name.units.empty()) set(description.metadata, "Signal.quantity", name.text + " (" + name.units + ")");
  return description;
}

std::vector<std::shared_ptr<const Source>> signals_over_first(const Table& table, const std::vector<double>& first) {
  const Name name = name_of_column(table.names[0]);
  Axis axis{.name = name.text, .quantity = quantity_of(name.units), .units = name.units, .role = Role::signal};
  set_coordinates(axis, first);
  find_written_scale(axis, first);
  std::vector<std::shared_ptr<const Source>> signals;
  for (std::size_t i = 1; i < table.columns.size(); ++i) {
    Description description = described(name_of_column(table.names[i]));
    description.axes = {axis};
    signals.push_back(signal_of(std::move(description), table.columns[i]));
  }
  return signals;
}

/// All numbers in C order, row by row.
std::vector<std::string> row_by_row(const Table& table) {
  std::vector<std::string> fields;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    for (const auto& column : table.columns) fields.push_back(column[row]);
  }
  return fields;
}

std::vector<std::shared_ptr<const Source>> signals_over_rows(const Table& table) {
  std::vector<std::shared_ptr<const Source>> signals;
  Description whole = titled("table");
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const Name name = name_of_column(table.names[i]);
    Description description = described(name);
    description.axes = {row_axis(table.rows(), Role::signal)};
    whole.fields.push_back(name.text);
    signals.push_back(signal_of(std::move(description), table.columns[i]));
  }
  if (table.columns.size() < 2) return signals;
  whole.axes = {row_axis(table.rows(), Role::navigation), {.size = static_cast<std::int64_t>(table.columns.size())}};
  std::vector<double> values;
  for (const std::string& field : row_by_row(table)) values.push_back(*number_of(field));
  signals.push_back(Dataset::from_values<double>(std::move(whole), values).shared_source());
  return signals;
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const std::string text = RandomAccessFile(path).read_text(longest_log, "a table of numbers");
  const Table table = read_table(text);
  if (table.names.empty()) {
    Description description = titled(path.stem().string());
    description.axes = {row_axis(table.rows(), Role::signal)};
    if (table.columns.size() > 1) {
      description.axes.push_back({.name = "column", .size = static_cast<std::int64_t>(table.columns.size())});
    }
    return {signal_of(std::move(description), row_by_row(table))};
  }
  const std::vector<double> first = numbers_in_column(table.columns[0]);
  return table.columns.size() > 1 && is_axis(first) ? signals_over_first(table, first) : signals_over_rows(table);
}

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\n\r;\t") == std::string::npos) return text;
  std::string inside;
  for (const char c : text) inside += c == '"' ? std::string("\"\"") : c == '\n' || c == '\r' ? " " : std::string(1, c);
  return "\"" + inside + "\"";
}

/// With a point or an exponent, so that a column of floats is read as one.
template <class T>
std::string text_of(T value) {
  std::string text = shortest_text(value);
  if (std::is_floating_point_v<T> && text.find_first_of(".einf") == std::string::npos) text += ".0";
  return text;
}

std::string format_table(const Description& description, std::span<const std::byte> values) {
  const Axis& axis = description.axes[0];
  // A first field that begins with # would make the names a remark.
  const std::string name = axis.name.starts_with('#') ? " " + axis.name : axis.name;
  std::string text =
      quoted(axis.units.empty() ? name : name + " [" + axis.units + "]") + "," + quoted(description.title) + "\n";
  visit_dtype(description.dtype, [&]<class T>() {
    if constexpr (!is_complex_v<T>) {
      for (std::int64_t i = 0; i < axis.size; ++i) {
        T value{};
        std::copy_n(values.data() + static_cast<std::size_t>(i) * sizeof(T), sizeof(T),
                    reinterpret_cast<std::byte*>(&value));
        text += shortest_text(axis.at(static_cast<double>(i))) + "," + text_of(value) + "\n";
      }
    }
  });
  return text;
}

std::unique_ptr<Sink> create(const std::filesystem::path& path, const Description& description) {
  description.validate();
  const auto refuse = [](const std::string& what) {
    throw Error(
        ErrorKind::unsupported,
        "a table of numbers holds one signal of real numbers over one axis whose coordinates rise or fall, not " +
            what);
  };
  if (description.axes.size() != 1) refuse("a signal of " + std::to_string(description.axes.size()) + " axes");
  if (is_complex(description.dtype)) refuse(std::string(name_of(description.dtype)));
  if (!description.fields.empty() || description.axes[0].size < 1)
    refuse("one of the shape " + to_string(description.shape()));
  if (!is_axis(coordinates_of(description.axes[0])))
    refuse("one whose axis '" + description.axes[0].name + "' does neither");
  return text_sink(path, description,
                   [=](std::span<const std::byte> values) { return format_table(description, values); });
}

}  // namespace

const Driver& csv_driver() {
  static const Driver driver{"csv", "table of numbers", {"csv"}, probe, open, create};
  return driver;
}

}  // namespace ruska::io
