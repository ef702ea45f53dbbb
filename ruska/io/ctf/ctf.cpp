// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Orientation maps as HKL Channel and its exporters write them (.ctf): "Channel Text File", a header of keys and values
// parted by tabs, the phases, the names of the columns, then one line of numbers per position. Euler angles are in °.
#include "ruska/core/driver.hpp"
#include "ruska/io/orientation_table.hpp"
#include "ruska/io/random_access_file.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

constexpr std::string_view mark = "Channel Text File";
constexpr std::int64_t longest_file = std::int64_t{1} << 30;
constexpr std::size_t most_header_lines = 10000;

Confidence probe(const Probe& file) {
  const std::string_view head(reinterpret_cast<const char*>(file.head.data()), file.head.size());
  if (head.starts_with(mark)) return Confidence::content;
  return extension_of(file.path) == "ctf" ? Confidence::extension : Confidence::none;
}

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  while (!line.empty()) {
    const std::size_t tab = std::min(line.find('\t'), line.size());
    if (const std::string_view word = trimmed(line.substr(0, tab)); !word.empty()) words.push_back(to_utf8(word));
    line.remove_prefix(std::min(tab + 1, line.size()));
  }
  return words;
}

struct Header {
  Json lines = Json::array();
  OrientationRaster raster;
  std::vector<std::string> columns;
  std::size_t bytes = 0;
};

Header read_header(std::string_view text) {
  Header header;
  const std::size_t all = text.size();
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (header.lines.size() == most_header_lines) {
      throw Error(ErrorKind::bad_data, "a header of more than " + std::to_string(most_header_lines) + " lines");
    }
    header.lines.push_back(to_utf8(line));
    std::vector<std::string> words = words_of(line);
    if (words.size() >= 3 && words[0] == "Phase") {
      header.columns = std::move(words);
      header.bytes = all - text.size();
      return header;
    }
    if (words.size() != 2) continue;
    const auto number = parse_number(words[1]);
    if (words[0] == "XCells") header.raster.columns = parse_integer(words[1]).value_or(0);
    if (words[0] == "YCells") header.raster.rows = parse_integer(words[1]).value_or(0);
    if (words[0] == "XStep") header.raster.step_x = number.value_or(0);
    if (words[0] == "YStep") header.raster.step_y = number.value_or(0);
  }
  throw Error(ErrorKind::bad_data, "the orientation map has no line of column names, which begins with 'Phase'");
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const std::string text = RandomAccessFile(path).read_text(longest_file, "an orientation map");
  if (!text.starts_with(mark)) {
    throw Error(ErrorKind::bad_data, path.filename().string() + " does not begin with '" + std::string(mark) + "'");
  }
  Header header = read_header(text);
  const OrientationTable table = read_orientation_table(std::string_view(text).substr(header.bytes),
                                                        static_cast<std::int64_t>(header.lines.size()) + 1);
  if (table.columns != static_cast<std::int64_t>(header.columns.size())) {
    throw Error(ErrorKind::bad_data, std::to_string(header.columns.size()) + " column names for lines of " +
                                         std::to_string(table.columns) + " numbers");
  }
  // Measurements that are no map ("JobMode Interactive") have no cells.
  if (header.raster.columns < 1) header.raster.rows = 0;
  return {orientation_map(table, header.raster, std::move(header.columns), Json{{"header", std::move(header.lines)}})};
}

}  // namespace

const Driver& ctf_driver() {
  static const Driver driver{"ctf", "HKL Channel orientation map", {"ctf"}, probe, open, nullptr};
  return driver;
}

}  // namespace ruska::io
