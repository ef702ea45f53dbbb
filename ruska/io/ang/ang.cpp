// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Orientation maps as EDAX TSL writes them (.ang): a header of lines that begin with #, then one line of numbers per
// position. Euler angles are in rad. The columns after the eighth depend on the program that wrote them.
#include "ruska/core/driver.hpp"
#include "ruska/io/ang/writer.hpp"
#include "ruska/io/orientation_table.hpp"
#include "ruska/io/random_access_file.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

constexpr std::int64_t longest_file = std::int64_t{1} << 30;
constexpr std::size_t most_header_lines = 100000;

Confidence probe(const Probe& file) {
  if (extension_of(file.path) != "ang") return Confidence::none;
  const std::string_view head(reinterpret_cast<const char*>(file.head.data()), file.head.size());
  const bool known =
      head.find("TEM_PIXperUM") != std::string_view::npos || head.find("# GRID") != std::string_view::npos;
  return head.starts_with('#') && known ? Confidence::content : Confidence::extension;
}

/// The header's lines without their mark, and what they say of the raster.
struct Header {
  Json lines = Json::array();
  std::string grid;
  std::vector<std::string> columns;
  double step_x = 0, step_y = 0;
  std::int64_t odd = 0, even = 0, rows = 0;
  std::size_t bytes = 0;
};

Header read_header(std::string_view text) {
  Header header;
  const std::size_t all = text.size();
  while (text.starts_with('#')) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(1, std::min(end, text.size()) - 1));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (header.lines.size() == most_header_lines) {
      throw Error(ErrorKind::bad_data, "a header of more than " + std::to_string(most_header_lines) + " lines");
    }
    header.lines.push_back(to_utf8(line));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view key = trimmed(line.substr(0, colon)), value = trimmed(line.substr(colon + 1));
    const auto whole = parse_integer(value);
    if (key == "GRID") header.grid = value;
    if (key == "XSTEP") header.step_x = parse_number(value).value_or(0);
    if (key == "YSTEP") header.step_y = parse_number(value).value_or(0);
    if (key == "NCOLS_ODD") header.odd = whole.value_or(0);
    if (key == "NCOLS_EVEN") header.even = whole.value_or(0);
    if (key == "NROWS") header.rows = whole.value_or(0);
    if (key == "COLUMN_HEADERS") {
      for (std::string_view left = value; !left.empty();) {
        const std::size_t comma = std::min(left.find(','), left.size());
        header.columns.push_back(to_utf8(trimmed(left.substr(0, comma))));
        left.remove_prefix(std::min(comma + 1, left.size()));
      }
    }
  }
  header.bytes = all - text.size();
  return header;
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const std::string text = RandomAccessFile(path).read_text(longest_file, "an orientation map");
  if (!text.starts_with('#')) {
    throw Error(ErrorKind::bad_data, path.filename().string() + " does not begin with a header line, marked by #");
  }
  Header header = read_header(text);
  const OrientationTable table = read_orientation_table(std::string_view(text).substr(header.bytes),
                                                        static_cast<std::int64_t>(header.lines.size()) + 1);
  if (table.columns < 8) {
    throw Error(ErrorKind::bad_data, "lines of " + std::to_string(table.columns) +
                                         " numbers; an orientation map has three angles, x, y, and three more");
  }
  OrientationRaster raster;
  const bool counted = header.rows > 0 && header.odd > 0;
  if (header.grid == "SqrGrid" && counted) {
    raster = {header.rows, header.odd, header.step_y, header.step_x};
  } else if (header.grid == "HexGrid" && counted) {
    // Odd and even lines differ in length, so the positions stay a list.
    if (header.rows > (std::int64_t{1} << 31) || header.odd > (std::int64_t{1} << 31) || header.even < 0 ||
        header.even > (std::int64_t{1} << 31) ||
        (header.rows + 1) / 2 * header.odd + header.rows / 2 * header.even != table.positions()) {
      throw Error(ErrorKind::bad_data, "the header gives " + std::to_string(header.rows) + " rows of " +
                                           std::to_string(header.odd) + " and " + std::to_string(header.even) +
                                           " positions in turn, but there are " + std::to_string(table.positions()) +
                                           "; the file is cut short or damaged");
    }
  }
  std::vector<std::string> names = std::move(header.columns);
  if (names.empty()) {
    names = ang::usual_columns();
  }
  return {orientation_map(table, raster, std::move(names), Json{{"header", std::move(header.lines)}})};
}

}  // namespace

const Driver& ang_driver() {
  static const Driver driver{"ang", "TSL orientation map", {"ang"}, probe, open, ang::create};
  return driver;
}

}  // namespace ruska::io
