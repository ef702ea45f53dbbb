// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// NORDIF backscatter patterns: 8-bit patterns one after the other in a .dat file and nothing else; the raster, the size
// of the patterns and the conditions stand in Setting.txt in the same folder. Opens from either.
#include <array>
#include <cstdio>

#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/pattern_axes.hpp"
#include "ruska/io/stored_array.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

constexpr std::string_view mark = "[NORDIF]";
constexpr const char* settings_name = "Setting.txt";
constexpr const char* patterns_name = "Pattern.dat";
constexpr std::int64_t longest_settings = std::int64_t{1} << 20;

/// Sections of entries, as `original` has them; an entry is its value and unit.
Json parse_settings(std::string_view text) {
  Json sections = Json::object();
  Json* section = nullptr;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    if (line.front() == '[') {
      if (sections.size() > 1000) throw Error(ErrorKind::bad_data, "more than 1000 sections of settings");
      section = &sections[to_utf8(line.substr(1, line.find(']') - 1))];
      *section = Json::object();
      continue;
    }
    if (section == nullptr) continue;
    if (section->size() > 1000) throw Error(ErrorKind::bad_data, "more than 1000 settings in a section");
    const std::size_t tab = line.find('\t');
    (*section)[to_utf8(trimmed(line.substr(0, tab)))] =
        tab == std::string_view::npos ? "" : to_utf8(trimmed(line.substr(tab)));
  }
  return sections;
}

/// The value without its unit.
std::string value(const Json& settings, const char* section, const char* entry) {
  const auto found = settings.find(section);
  if (found == settings.end() || !found->contains(entry)) return {};
  const std::string text = found->at(entry).get<std::string>();
  return std::string(trimmed(text.substr(0, text.find('\t'))));
}

std::array<std::int64_t, 2> pair(const Json& settings, const char* section, const char* entry) {
  const std::string text = value(settings, section, entry);
  int first = 0, second = 0;
  char rest = 0;
  if (std::sscanf(text.c_str(), "%8dx%8d%c", &first, &second, &rest) != 2 || first < 1 || second < 1) {
    throw Error(ErrorKind::bad_data, std::string(settings_name) + ", [" + section + "]: '" + entry + "' is '" + text +
                                         "'; it must be two whole numbers, as 60x60");
  }
  return {first, second};
}

bool is_settings(std::span<const std::byte> head) {
  return std::string_view(reinterpret_cast<const char*>(head.data()), head.size()).starts_with(mark);
}

Confidence probe(const Probe& file) {
  if (is_settings(file.head)) return Confidence::content;
  if (extension_of(file.path) != "dat") return Confidence::none;
  try {
    const RandomAccessFile settings(file.path.parent_path() / settings_name);
    return is_settings(settings.read(0, std::min<std::int64_t>(settings.size(), 64))) ? Confidence::content
                                                                                      : Confidence::none;
  } catch (const Error&) {
    return Confidence::none;
  }
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.parent_path();
  const bool from_patterns = extension_of(path) == "dat";
  const RandomAccessFile settings_file(from_patterns ? folder / settings_name : path);
  const std::string text = settings_file.read_text(longest_settings, "a NORDIF setting file");
  if (!text.starts_with(mark)) {
    throw Error(ErrorKind::bad_data, settings_file.path().filename().string() + " does not begin with [NORDIF]");
  }
  const Json settings = parse_settings(text);
  const auto raster = pair(settings, "Area", "Number of samples");            // rows, columns
  const auto pattern = pair(settings, "Acquisition settings", "Resolution");  // columns, rows
  const double step = parse_number(value(settings, "Area", "Step size")).value_or(0.0);
  const auto file = std::make_shared<const RandomAccessFile>(from_patterns ? path : folder / patterns_name);

  Description description;
  description.title = file->path().stem().string();
  description.dtype = DType::uint8;
  description.axes = pattern_axes(raster[0], raster[1], step, step, pattern[1], pattern[0]);
  description.original = settings;
  Json& metadata = description.metadata;
  set(metadata, "General.title", description.title);
  const std::string microscope = "Acquisition_instrument.SEM.";
  struct Entry {
    const char* name;
    const char* key;
  };
  constexpr Entry entries[] = {{"Accelerating voltage", "beam_energy"},
                               {"Magnification", "magnification"},
                               {"Working distance", "working_distance"}};
  for (const Entry& entry : entries) {
    if (const auto number = parse_number(value(settings, "Microscope", entry.name))) {
      set(metadata, microscope + entry.key, *number);
    }
  }
  const std::string name = std::string(
      trimmed(value(settings, "Microscope", "Manufacturer") + " " + value(settings, "Microscope", "Model")));
  if (!name.empty()) set(metadata, microscope + "microscope", name);
  if (const std::string sample = value(settings, "Specimen", "Name"); !sample.empty()) {
    set(metadata, "Sample.name", sample);
  }
  StoredLayout layout{0, c_strides(description.shape(), 1), false};
  return {stored_array(file, std::move(description), std::move(layout))};
}

}  // namespace

const Driver& nordif_driver() {
  static const Driver driver{"nordif", "NORDIF backscatter patterns", {"dat", "txt"}, probe, open, nullptr};
  return driver;
}

}  // namespace ruska::io
