// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/delimited_text.hpp"

#include <algorithm>
#include <limits>

#include "ruska/core/dataset.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  if (line.ends_with('\r')) line.remove_suffix(1);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

std::vector<std::string_view> fields_of(std::string_view line, char separator) {
  std::vector<std::string_view> fields;
  while (true) {
    const std::size_t end = line.find(separator);
    fields.push_back(trimmed(line.substr(0, end)));
    if (end == std::string_view::npos) return fields;
    line.remove_prefix(end + 1);
  }
}

std::vector<Column> columns_of(std::string_view text, char separator, std::size_t columns, std::int64_t first_line) {
  std::vector<Column> table(columns);
  for (std::int64_t number = first_line; !text.empty(); ++number) {
    const std::string_view line = take_line(text);
    if (trimmed(line).empty()) continue;
    const std::vector<std::string_view> fields = fields_of(line, separator);
    if (fields.size() < columns) {
      throw Error(ErrorKind::bad_data, "line " + std::to_string(number) + " has " + std::to_string(fields.size()) +
                                           " fields where " + std::to_string(columns) + " are expected");
    }
    for (std::size_t i = 0; i < columns; ++i) table[i].push_back(fields[i]);
  }
  return table;
}

std::vector<double> numbers_of(const Column& column, std::string_view name) {
  std::vector<double> numbers;
  for (const std::string_view field : column) {
    auto value = parse_number(field);
    if (!value && (field.empty() || lower_case(field) == "nan")) value = std::numeric_limits<double>::quiet_NaN();
    if (!value) {
      throw Error(ErrorKind::bad_data, "row " + std::to_string(numbers.size() + 1) + " of the column '" +
                                           to_utf8(name) + "' has '" + to_utf8(field.substr(0, 40)) +
                                           "' where a number is expected");
    }
    numbers.push_back(*value);
  }
  return numbers;
}

std::vector<double> number_list(std::string_view text, std::string_view separators, std::string_view what) {
  std::vector<double> numbers;
  while (true) {
    const std::size_t start = text.find_first_not_of(separators);
    if (start == std::string_view::npos) return numbers;
    text.remove_prefix(start);
    const std::size_t end = std::min(text.find_first_of(separators), text.size());
    const auto value = parse_number(text.substr(0, end));
    if (!value) {
      throw Error(ErrorKind::bad_data, "value " + std::to_string(numbers.size() + 1) + " of " + std::string(what) +
                                           " is '" + to_utf8(text.substr(0, std::min<std::size_t>(end, 40))) +
                                           "' where a number is expected");
    }
    numbers.push_back(*value);
    text.remove_prefix(end);
  }
}

std::shared_ptr<const Source> logged_signal(Description description, const Column& column) {
  std::vector<std::int64_t> whole;
  for (const std::string_view field : column) {
    const auto value = parse_integer(field);
    if (!value) break;
    whole.push_back(*value);
  }
  if (whole.size() == column.size()) {
    return Dataset::from_values<std::int64_t>(std::move(description), whole).shared_source();
  }
  const std::vector<double> values = numbers_of(column, description.title);
  return Dataset::from_values<double>(std::move(description), values).shared_source();
}

}  // namespace ruska::io
