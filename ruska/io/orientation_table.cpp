// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/orientation_table.hpp"

#include <algorithm>

#include "ruska/core/dataset.hpp"
#include "ruska/io/pattern_axes.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

constexpr std::int64_t most_columns = 256;

}  // namespace

OrientationTable read_orientation_table(std::string_view text, std::int64_t first_line) {
  constexpr std::string_view gaps = " \t\r";
  OrientationTable table;
  for (std::int64_t number = first_line; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    std::int64_t columns = 0;
    for (;;) {
      const std::size_t begin = line.find_first_not_of(gaps);
      if (begin == std::string_view::npos) break;
      line.remove_prefix(begin);
      const std::string_view word = line.substr(0, line.find_first_of(gaps));
      line.remove_prefix(word.size());
      const auto value = parse_number(word);
      if (!value || columns == most_columns) {
        throw Error(ErrorKind::bad_data, "line " + std::to_string(number) + ", column " + std::to_string(columns + 1) +
                                             ": '" + to_utf8(word.substr(0, 40)) + "' is no number of the at most " +
                                             std::to_string(most_columns) + " that a line holds");
      }
      table.values.push_back(*value);
      ++columns;
    }
    if (columns == 0) continue;
    if (table.columns == 0) table.columns = columns;
    if (columns != table.columns) {
      throw Error(ErrorKind::bad_data, "line " + std::to_string(number) + " has " + std::to_string(columns) +
                                           " columns, those before have " + std::to_string(table.columns));
    }
  }
  if (table.values.empty()) throw Error(ErrorKind::bad_data, "an orientation map without positions");
  return table;
}

std::shared_ptr<const Source> orientation_map(const OrientationTable& table, const OrientationRaster& raster,
                                              std::vector<std::string> names, Json original) {
  Description description;
  if (raster.rows > 0) {
    if (count({raster.rows, raster.columns}) != table.positions()) {
      throw Error(ErrorKind::bad_data, "the header gives " + std::to_string(raster.rows) + " rows of " +
                                           std::to_string(raster.columns) + " positions, but there are " +
                                           std::to_string(table.positions()) + "; the file is cut short or damaged");
    }
    description.axes = {position_axis("y", raster.rows, raster.step_y),
                        position_axis("x", raster.columns, raster.step_x)};
  } else {
    description.axes = {position_axis("position", table.positions(), 0)};
  }
  Axis columns;
  columns.size = table.columns;
  description.axes.push_back(columns);
  names.resize(std::min(names.size(), static_cast<std::size_t>(table.columns)));
  while (static_cast<std::int64_t>(names.size()) < table.columns) {
    names.push_back("column " + std::to_string(names.size() + 1));
  }
  description.fields = std::move(names);
  description.original = std::move(original);
  return Dataset::from_values<double>(std::move(description), table.values).shared_source();
}

}  // namespace ruska::io
