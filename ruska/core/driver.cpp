// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/driver.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>

#include "ruska/core/series.hpp"

namespace ruska {
namespace {

namespace fs = std::filesystem;

std::string extension_of(const fs::path& path) {
  std::string extension = path.extension().string();
  if (!extension.empty()) extension.erase(0, 1);
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

/// What well-known first bytes say, for files of kinds that ruska does not read.
std::string seems_to_be(std::span<const std::byte> head, const fs::path& path) {
  const std::string start(reinterpret_cast<const char*>(head.data()), head.size());
  struct Known {
    std::string_view bytes, name;
  };
  using namespace std::string_view_literals;
  static constexpr std::array known{
      Known{"\x89HDF\r\n\x1a\n"sv, "an HDF5 file of a layout that ruska does not know"},
      Known{"PK\x03\x04"sv, "a ZIP archive; unpack it first"},
      Known{"\x1f\x8b"sv, "a gzip file; unpack it first"},
      Known{"%PDF"sv, "a PDF document"},
  };
  for (const Known& one : known) {
    if (start.starts_with(one.bytes)) return std::string(one.name);
  }
  const std::string extension = extension_of(path);
  return extension.empty() ? "of an unknown kind" : "a ." + extension + " file of an unknown kind";
}

}  // namespace

std::size_t File::obvious() const {
  std::size_t best = 0;
  std::pair<bool, std::int64_t> best_rank{false, -1};
  for (std::size_t i = 0; i < signals.size(); ++i) {
    const Description& description = signals[i].describe();
    const std::pair rank{description.navigation_size() > 1 && description.signal_size() > 1,
                         count(description.shape())};
    if (rank > best_rank) {
      best_rank = rank;
      best = i;
    }
  }
  return best;
}

const Dataset& File::signal(const std::string& which) const {
  if (which.empty()) return signals.at(obvious());
  const bool number = which.find_first_not_of("0123456789") == std::string::npos && which.size() < 10;
  if (number && std::stoul(which) < signals.size()) return signals[std::stoul(which)];
  std::string there;
  const Dataset* found = nullptr;
  for (std::size_t i = 0; i < signals.size(); ++i) {
    const std::string& title = signals[i].describe().title;
    there += (i ? ", " : "") + std::to_string(i) + " '" + title + "'";
    if (title != which) continue;
    if (found != nullptr) {
      throw Error(ErrorKind::invalid_argument,
                  path.string() + " has several signals titled '" + which + "'; choose one by its number");
    }
    found = &signals[i];
  }
  if (found != nullptr) return *found;
  throw Error(ErrorKind::not_found, path.string() + " has no signal '" + which + "'; there are " + there);
}

namespace {

/// The driver that is surest of what lies at a path, by what `ask` gets from each; nullptr when none is.
template <typename Ask>
const Driver* surest_driver(const Ask& ask) {
  const Driver* best = nullptr;
  Confidence surest = Confidence::none;
  for (const Driver* driver : drivers()) {
    const Confidence confidence = ask(*driver);
    if (confidence > surest) {
      surest = confidence;
      best = driver;
    }
  }
  return best;
}

std::string supported_formats() {
  std::string titles;
  for (const Driver* driver : drivers()) titles += (titles.empty() ? "" : ", ") + std::string(driver->title);
  return titles;
}

const Driver* driver_of_folder(const fs::path& path) {
  return surest_driver(
      [&](const Driver& driver) { return driver.probe_folder ? driver.probe_folder(path) : Confidence::none; });
}

std::vector<std::byte> first_bytes(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw Error(ErrorKind::io, "cannot open " + path.string() + "; may it be read?");
  std::vector<std::byte> head(4096);
  stream.read(reinterpret_cast<char*>(head.data()), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, stream.gcount())));
  return head;
}

const Driver* driver_of_file(const fs::path& path, std::span<const std::byte> head) {
  const Probe probe{path, head, static_cast<std::int64_t>(fs::file_size(path))};
  return surest_driver([&](const Driver& driver) { return driver.probe(probe); });
}

const Driver& driver_of_file(const fs::path& path) {
  const std::vector<std::byte> head = first_bytes(path);
  if (const Driver* driver = driver_of_file(path, head)) return *driver;
  throw Error(ErrorKind::unsupported,
              path.string() + " seems to be " + seems_to_be(head, path) + "; supported are " + supported_formats());
}

File open_with(const Driver& driver, const fs::path& path) {
  return with_context([&] { return "opening " + path.string() + " as " + std::string(driver.title); },
                      [&] {
                        File file{path, &driver, {}};
                        std::size_t number = 0;
                        for (auto& source : driver.open(path)) {
                          source->describe().validate();
                          file.signals.emplace_back(std::move(source), Origin{path.string(), std::to_string(number++)});
                        }
                        if (file.signals.empty()) throw Error(ErrorKind::bad_data, "the file holds no signal");
                        return file;
                      });
}

File open_series(const fs::path& name, const std::vector<fs::path>& files) {
  if (files.size() == 1) return open_file(files.front());
  const Dataset stacked = stack(files, name.filename().empty() ? name.parent_path().filename() : name.filename());
  return {name, &driver_of_file(files.front()), {Dataset(stacked.shared_source(), Origin{name.string(), "0"})}};
}

}  // namespace

bool is_readable(const fs::path& path) { return driver_of_file(path, first_bytes(path)) != nullptr; }

File open_file(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) {
    if (path.filename().string().find_first_of("*?") != std::string::npos) {
      return open_series(path, series_of_pattern(path));
    }
    throw Error(ErrorKind::not_found, "there is no file " + path.string());
  }
  if (!fs::is_directory(status)) return open_with(driver_of_file(path), path);
  if (const Driver* driver = driver_of_folder(path)) return open_with(*driver, path);
  return open_series(path, series_in_folder(path));
}

const Driver& writer_for(const fs::path& path, const std::string& format) {
  const std::string extension = extension_of(path);
  std::string can_write;
  const auto add = [&](std::string_view one) { can_write += (can_write.empty() ? "" : ", ") + std::string(one); };
  for (const Driver* driver : drivers()) {
    if (driver->create == nullptr) continue;
    if (!format.empty()) {
      if (driver->name == format) return *driver;
      add(driver->name);
      continue;
    }
    for (const std::string_view one : driver->written.empty() ? driver->extensions : driver->written) {
      if (one == extension) return *driver;
      add("." + std::string(one));
    }
  }
  throw Error(ErrorKind::unsupported,
              format.empty() ? "cannot write '" + path.string() + "'; the extensions that can be are " + can_write
                             : "cannot write files of the format '" + format + "'; those that can be are " + can_write);
}

}  // namespace ruska
