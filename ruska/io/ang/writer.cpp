// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/ang/writer.hpp"

#include <algorithm>
#include <map>

#include "ruska/base/error.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/text.hpp"
#include "ruska/io/text_sink.hpp"

namespace ruska::io::ang {
namespace {

constexpr std::size_t least_columns = 8;

/// The step in µm; 1, as the reader has it for none, where the axis is no length.
double step_of(const Axis& axis) {
  if (axis.units == "µm") return axis.scale;
  if (axis.units == "nm") return axis.scale / 1000;
  return 1;
}

std::vector<std::string> lines_read(const Json& original) {
  std::vector<std::string> lines;
  const Json* header = find(original, "header");
  if (header == nullptr || !header->is_array()) return lines;
  for (const Json& line : *header) {
    if (line.is_string()) lines.push_back(line.get<std::string>());
  }
  return lines;
}

/// The key of a line "KEY: value"; empty for others.
std::string key_of(const std::string& line) {
  const std::size_t colon = line.find(':');
  return colon == std::string::npos ? "" : std::string(trimmed(line.substr(0, colon)));
}

std::string value_of(const std::vector<std::string>& lines, const std::string& key) {
  for (const std::string& line : lines) {
    if (key_of(line) == key) return std::string(trimmed(line.substr(line.find(':') + 1)));
  }
  return "";
}

/// What the header must say of the raster and the columns, by key.
std::map<std::string, std::string> facts_of(const Description& description, const std::vector<std::string>& read) {
  std::map<std::string, std::string> facts;
  if (description.axes.size() == 3) {
    const Axis &y = description.axes[0], &x = description.axes[1];
    facts = {{"GRID", "SqrGrid"},
             {"XSTEP", shortest_text(step_of(x))},
             {"YSTEP", shortest_text(step_of(y))},
             {"NCOLS_ODD", std::to_string(x.size)},
             {"NCOLS_EVEN", std::to_string(x.size)},
             {"NROWS", std::to_string(y.size)}};
  }
  std::string names;
  std::vector<std::string> fields = description.fields;
  // The reader numbers columns that have no name.
  while (fields.size() > least_columns && fields.back() == "column " + std::to_string(fields.size())) fields.pop_back();
  if (fields != usual_columns() || !value_of(read, "COLUMN_HEADERS").empty()) {
    fields = description.fields;
    for (const std::string& field : fields) {
      std::string name = field;
      std::replace(name.begin(), name.end(), ',', ' ');
      names += (names.empty() ? "" : ", ") + name;
    }
    facts["COLUMN_HEADERS"] = names;
  }
  return facts;
}

bool says_the_same(const std::string& key, const std::string& line, const std::string& wanted) {
  const std::string value(trimmed(line.substr(line.find(':') + 1)));
  if (key == "COLUMN_HEADERS") return wanted.starts_with(value);
  const auto a = parse_number(value), b = parse_number(wanted);
  return a && b ? *a == *b : value == wanted;
}

std::string header_of(const Description& description) {
  std::vector<std::string> lines = lines_read(description.original);
  std::map<std::string, std::string> facts = facts_of(description, lines);
  if (lines.empty()) lines = {"TEM_PIXperUM: 1", ""};
  for (std::string& line : lines) {
    const auto fact = facts.find(key_of(line));
    if (fact == facts.end()) continue;
    if (!says_the_same(fact->first, line, fact->second)) line = fact->first + ": " + fact->second;
    facts.erase(fact);
  }
  // Programs end the header with a line of its own; what is new goes before it.
  auto end = std::find_if(lines.begin(), lines.end(), [](const std::string& line) { return line == "HEADER: End"; });
  for (const auto& [key, value] : facts) end = lines.insert(end, key + ": " + value) + 1;
  std::string text;
  for (const std::string& line : lines) text += line.empty() ? "#\n" : "# " + line + "\n";
  return text;
}

template <class T>
std::string format_rows(const Description& description, std::span<const std::byte> values) {
  std::string text = header_of(description);
  const auto columns = static_cast<std::size_t>(description.axes.back().size);
  for (std::size_t i = 0; i * sizeof(T) < values.size(); ++i) {
    T value{};
    std::copy_n(values.data() + i * sizeof(T), sizeof(T), reinterpret_cast<std::byte*>(&value));
    text += shortest_text(value) + ((i + 1) % columns == 0 ? "\n" : " ");
  }
  return text;
}

void check(const Description& description) {
  description.validate();
  const auto refuse = [](const std::string& what) {
    throw Error(ErrorKind::unsupported,
                "an orientation map holds float64 over y and x, and eight or more named columns for each, not " + what);
  };
  const std::size_t rank = description.axes.size();
  if (description.fields.size() < least_columns) {
    refuse("a signal of " + to_string(description.shape()) + " with " + std::to_string(description.fields.size()) +
           " named columns");
  }
  if (description.dtype != DType::float64) refuse(std::string(name_of(description.dtype)));
  const bool hexagonal = value_of(lines_read(description.original), "GRID") == "HexGrid";
  if (rank != 3 && !(rank == 2 && hexagonal)) refuse("a list of positions without a grid");
  if (count(description.shape()) == 0) refuse("a map without positions");
  for (std::size_t a = 0; a + 1 < rank; ++a) {
    if (description.axes[a].role != Role::navigation) refuse("an image");
  }
}

}  // namespace

const std::vector<std::string>& usual_columns() {
  static const std::vector<std::string> names{"euler1", "euler2",        "euler3",           "x",
                                              "y",      "image_quality", "confidence_index", "phase"};
  return names;
}

std::unique_ptr<Sink> create(const std::filesystem::path& path, const Description& description) {
  check(description);
  return text_sink(path, description,
                   [=](std::span<const std::byte> values) { return format_rows<double>(description, values); });
}

}  // namespace ruska::io::ang
