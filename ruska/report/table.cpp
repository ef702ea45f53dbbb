// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/report/table.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "ruska/report/escape.hpp"
#include "ruska/report/number_text.hpp"

namespace ruska::report {
namespace {

constexpr std::size_t rows_on_page = 200;
constexpr std::size_t short_cell = 24;  // characters of a cell that is not broken into lines

const Column* sigma_column(const Table& table, const Column& column) {
  for (const Column& other : table.columns) {
    if (!column.name.empty() && other.sigma_of == column.name) return &other;
  }
  return nullptr;
}

/// True for a column whose numbers stand beside their values.
bool is_joined(const Table& table, const Column& column) {
  return !column.sigma_of.empty() && std::holds_alternative<std::vector<double>>(column.values) &&
         std::any_of(table.columns.begin(), table.columns.end(),
                     [&](const Column& other) { return other.name == column.sigma_of && &other != &column; });
}

std::string cell_text(const Table& table, const Column& column, std::size_t row) {
  if (const auto* texts = std::get_if<std::vector<std::string>>(&column.values)) return texts->at(row);
  if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&column.values))
    return std::to_string(integers->at(row));
  const double value = std::get<std::vector<double>>(column.values).at(row);
  const Column* sigma = sigma_column(table, column);
  const auto* sigmas = sigma ? std::get_if<std::vector<double>>(&sigma->values) : nullptr;
  return sigmas ? number_with_sigma(value, sigmas->at(row)) : number_text(value);
}

/// The column's cells as the page shows them. Plain numbers get the same number of decimals where theirs differ by no
/// more than two.
std::vector<std::string> cells_of(const Table& table, const Column& column, std::size_t rows) {
  std::vector<std::string> cells;
  for (std::size_t row = 0; row < rows; ++row) cells.push_back(cell_text(table, column, row));
  if (!std::holds_alternative<std::vector<double>>(column.values) || sigma_column(table, column)) return cells;
  const auto decimals = [](const std::string& cell) {
    const std::size_t point = cell.find('.');
    return point == std::string::npos ? 0 : cell.size() - point - 1;
  };
  const auto has_digits = [](const std::string& cell) { return cell.find_first_of("0123456789") != std::string::npos; };
  std::size_t least = std::numeric_limits<std::size_t>::max(), most = 0;
  for (const std::string& cell : cells) {
    if (cell.find("×") != std::string::npos) return cells;
    if (!has_digits(cell)) continue;
    least = std::min(least, decimals(cell));
    most = std::max(most, decimals(cell));
  }
  if (most < least || most - least > 2) return cells;
  for (std::string& cell : cells) {
    if (!has_digits(cell)) continue;
    const std::size_t missing = most - decimals(cell);
    if (missing > 0 && decimals(cell) == 0) cell += '.';
    cell.append(missing, '0');
  }
  return cells;
}

std::string line(const std::vector<std::string>& cells) {
  std::string text;
  for (std::size_t i = 0; i < cells.size(); ++i) text += (i ? "," : "") + cells[i];
  return text + "\r\n";
}

std::vector<std::string> curve_headers(const std::vector<Curve>& curves, const std::string& quantity) {
  std::vector<std::string> headers;
  for (std::size_t k = 0; k < curves.size(); ++k) {
    std::string name = curves[k].name;
    if (name.empty()) name = quantity.empty() ? "value" : quantity;
    headers.push_back(csv_text(name));
    if (!curves[k].sigma.empty()) headers.push_back(csv_text(name + " sigma"));
  }
  return headers;
}

void append_row(std::vector<std::string>& cells, const std::vector<Curve>& curves, std::size_t row) {
  constexpr double missing = std::numeric_limits<double>::quiet_NaN();
  for (const Curve& curve : curves) {
    cells.push_back(exact_text(row < curve.values.size() ? curve.values[row] : missing));
    if (!curve.sigma.empty()) cells.push_back(exact_text(row < curve.sigma.size() ? curve.sigma[row] : missing));
  }
}

}  // namespace

std::string html_of(const Table& table,
                    const std::function<std::optional<std::string>(std::string_view)>& colour_of_name) {
  const std::size_t rows = table.rows();
  const std::size_t shown = std::min(rows, rows_on_page);
  struct Shown {
    bool text, names, is_short;
    std::vector<std::string> cells;
  };
  std::vector<Shown> columns;
  bool named = false;
  std::string html = "<div class=\"scroll\"><table>\n<thead><tr>";
  for (const Column& column : table.columns) {
    if (is_joined(table, column)) continue;
    const bool text = std::holds_alternative<std::vector<std::string>>(column.values);
    std::vector<std::string> cells = cells_of(table, column, shown);
    const bool is_short =
        std::all_of(cells.begin(), cells.end(), [](const std::string& cell) { return length_of(cell) <= short_cell; });
    columns.push_back({text, text && !named, is_short, std::move(cells)});
    named = named || text;
    std::string header = readable(column.name);
    if (sigma_column(table, column)) header += " ± σ";
    html += std::string("<th scope=\"col\"") + (text ? "" : " class=\"number\"") + ">" +
            escape(with_unit(header, column.unit)) + "</th>";
  }
  html += "</tr></thead>\n<tbody>\n";
  for (std::size_t row = 0; row < shown; ++row) {
    html += "<tr>";
    for (const Shown& column : columns) {
      const std::string& cell = column.cells[row];
      html += !column.text ? "<td class=\"number\">" : column.is_short ? "<td class=\"short\">" : "<td>";
      if (const auto colour = column.names ? colour_of_name(cell) : std::nullopt) {
        html += "<span class=\"swatch\" style=\"background:" + *colour + "\"></span>";
      }
      html += escape(cell) + "</td>";
    }
    html += "</tr>\n";
  }
  html += "</tbody></table></div>\n";
  if (rows > rows_on_page) {
    html += "<p class=\"note\">The first " + std::to_string(rows_on_page) + " of " + std::to_string(rows) +
            " rows; the CSV file has all.</p>\n";
  }
  return html;
}

std::string csv_of(const Table& table) {
  std::vector<std::string> cells;
  for (const Column& column : table.columns) cells.push_back(csv_text(with_unit(column.name, column.unit)));
  std::string csv = line(cells);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    cells.clear();
    for (const Column& column : table.columns) {
      if (const auto* texts = std::get_if<std::vector<std::string>>(&column.values)) {
        cells.push_back(csv_text(texts->at(row)));
      } else if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&column.values)) {
        cells.push_back(std::to_string(integers->at(row)));
      } else {
        cells.push_back(exact_text(std::get<std::vector<double>>(column.values).at(row)));
      }
    }
    csv += line(cells);
  }
  return csv;
}

std::string csv_of(const Curves& curves) {
  const Axis& axis = curves.axis;
  std::vector<std::string> cells{csv_text(with_unit(axis.name.empty() ? "channel" : axis.name, axis.units))};
  for (std::string& header : curve_headers(curves.curves, curves.quantity)) cells.push_back(std::move(header));
  std::string csv = line(cells);
  for (std::int64_t i = 0; i < axis.size; ++i) {
    cells = {exact_text(axis.at(static_cast<double>(i)))};
    append_row(cells, curves.curves, static_cast<std::size_t>(i));
    csv += line(cells);
  }
  return csv;
}

std::string csv_of(const Scree& scree) {
  std::vector<std::string> cells{"number"};
  for (std::string& header : curve_headers(scree.curves, scree.quantity)) cells.push_back(std::move(header));
  std::string csv = line(cells);
  std::size_t length = 0;
  for (const Curve& curve : scree.curves) length = std::max(length, curve.values.size());
  for (std::size_t i = 0; i < length; ++i) {
    cells = {std::to_string(i + 1)};
    append_row(cells, scree.curves, i);
    csv += line(cells);
  }
  return csv;
}

}  // namespace ruska::report
