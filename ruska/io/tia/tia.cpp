// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// FEI's TIA (TEM Imaging & Analysis): `name_1.ser`, `name_2.ser` … hold spectra, images or maps of them (described by
// C. Boothroyd from the files themselves), `name.emi` beside them the state of the microscope. Opening the .emi gives
// all of its series, opening a .ser that one, with the .emi's metadata where it is there.
#include <map>

#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/text.hpp"
#include "ruska/io/tia/emi.hpp"
#include "ruska/io/tia/ser.hpp"

namespace ruska::io {

namespace {

namespace fs = std::filesystem;

Confidence probe(const Probe& file) {
  const std::string_view head(reinterpret_cast<const char*>(file.head.data()), file.head.size());
  if (head.starts_with("II\x97\x01") || tia::begins_emi(file.head)) return Confidence::content;
  const std::string extension = extension_of(file.path);
  return extension == "ser" || extension == "emi" ? Confidence::extension : Confidence::none;
}

/// The name and number of `name_number`; the number is 0 for another name.
std::pair<std::string, std::int64_t> split(const std::string& stem) {
  const std::size_t underscore = stem.rfind('_');
  if (underscore == std::string::npos) return {stem, 0};
  const std::string_view digits = std::string_view(stem).substr(underscore + 1);
  if (digits.empty() || digits.size() > 9 || digits.find_first_not_of("0123456789") != std::string_view::npos) {
    return {stem, 0};
  }
  return {stem.substr(0, underscore), *parse_integer(digits)};
}

/// The series of a name by their number.
std::map<std::int64_t, fs::path> series_of(const fs::path& folder, const std::string& name) {
  std::map<std::int64_t, fs::path> series;
  for (const auto& entry : fs::directory_iterator(folder.empty() ? "." : folder)) {
    if (extension_of(entry.path()) != "ser") continue;
    const auto [base, number] = split(entry.path().stem().string());
    if (number > 0 && base == name) series[number] = entry.path();
  }
  return series;
}

std::shared_ptr<const Source> read(const fs::path& path, std::int64_t number,
                                   const std::vector<tia::SeriesInfo>& objects) {
  tia::SeriesInfo info;
  if (number >= 1 && number <= static_cast<std::int64_t>(objects.size())) {
    info = objects[static_cast<std::size_t>(number - 1)];
  }
  Json metadata = Json::object();
  set(metadata, "General.title", "");
  metadata.update(info.metadata, true);
  Json original = Json::object();
  if (!info.original.empty()) original["ObjectInfo"] = std::move(info.original);
  return with_context([&] { return "reading " + path.filename().string(); },
                      [&] { return tia::read_series(path, metadata, original); });
}

std::vector<std::shared_ptr<const Source>> open(const fs::path& path) {
  const std::string stem = path.stem().string();
  if (extension_of(path) == "emi") {
    const std::vector<tia::SeriesInfo> objects = tia::read_emi(path);
    const auto series = series_of(path.parent_path(), stem);
    if (series.empty()) {
      throw Error(ErrorKind::not_found, "no series (" + stem + "_1.ser …) lies beside " + path.filename().string());
    }
    std::vector<std::shared_ptr<const Source>> signals;
    for (const auto& [number, file] : series) signals.push_back(read(file, number, objects));
    return signals;
  }
  const auto [name, number] = split(stem);
  const auto emi = sibling(path.parent_path() / (name + ".ser"), "emi");
  return {read(path, number, emi ? tia::read_emi(*emi) : std::vector<tia::SeriesInfo>{})};
}

}  // namespace

const Driver& tia_driver() {
  static const Driver driver{"tia", "FEI TIA", {"emi", "ser"}, probe, open};
  return driver;
}

}  // namespace ruska::io
