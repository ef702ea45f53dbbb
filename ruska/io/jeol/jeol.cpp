// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// JEOL Analysis Station: a project (.asw) names the files that belong to it, which open by themselves too: images
// (.img), line-intensity maps (.map), X-ray events (.pts) and spectra (.eds).
#include <algorithm>

#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/jeol/signals.hpp"
#include "ruska/io/jeol/tree.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

constexpr std::int64_t project_tree = 12;
constexpr std::size_t most_files = 10000;

/// Twelve zero bytes, then the tree's first node, "FileType".
bool is_project(std::span<const std::byte> head) {
  const std::string_view text(reinterpret_cast<const char*>(head.data()), std::min<std::size_t>(head.size(), 64));
  return text.size() > 50 && text.substr(0, 12) == std::string_view("\0\0\0\0\0\0\0\0\0\0\0\0", 12) &&
         text.find("Analysis Station") != std::string_view::npos;
}

Confidence probe(const Probe& file) {
  if (is_project(file.head) || jeol::is_image(file.head) || jeol::is_event_map(file.head)) return Confidence::content;
  const std::string extension = extension_of(file.path);
  if (extension == "eds" && jeol::is_spectrum(file.head, file.size)) return Confidence::content;
  return extension == "asw" || extension == "pts" || extension == "eds" ? Confidence::extension : Confidence::none;
}

/// The signal of one file, or nullptr for what holds none that is known.
std::shared_ptr<const Source> open_one(const std::filesystem::path& path) {
  auto file = std::make_shared<const RandomAccessFile>(path);
  const auto head = file->read(0, std::min<std::int64_t>(file->size(), 1024));
  const std::string extension = extension_of(path);
  if (jeol::is_event_map(head) || extension == "pts") return jeol::open_event_map(std::move(file));
  if (jeol::is_image(head) || extension == "img" || extension == "map") return jeol::open_image(std::move(file));
  if (jeol::is_spectrum(head, file->size()) || extension == "eds") return jeol::open_spectrum(std::move(file));
  return nullptr;
}

/// The path of a file of the project: it must lie in the project's folder or below.
std::filesystem::path path_within(const std::filesystem::path& folder, std::string name) {
  std::replace(name.begin(), name.end(), '\\', '/');
  const std::filesystem::path relative = std::filesystem::path(name).lexically_normal();
  if (name.empty() || relative.is_absolute() || name.find(':') != std::string::npos || *relative.begin() == "..") {
    throw Error(ErrorKind::bad_data, "the project names the file '" + name + "', which is none below its own folder");
  }
  return folder / relative;
}

/// Calls `visit` with every member that is an object of the object at `path`.
template <class Visit>
void for_each_object(const Json& tree, const char* path, const Visit& visit) {
  const Json* found = find(tree, path);
  if (found == nullptr || !found->is_object()) return;
  for (const auto& [key, value] : found->items()) {
    if (value.is_object()) visit(value);
  }
}

std::vector<std::filesystem::path> files_of(const Json& project, const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for_each_object(project, "SampleInfo", [&](const Json& sample) {
    for_each_object(sample, "ViewInfo", [&](const Json& view) {
      for_each_object(view, "ViewData", [&](const Json& data) {
        if (files.size() == most_files) {
          throw Error(ErrorKind::bad_data, "the project names more than " + std::to_string(most_files) + " files");
        }
        files.push_back(path_within(folder, jeol::text(data, "Filename")));
      });
    });
  });
  return files;
}

/// Throws not_found with the files that are not where the project says, and how to go on.
void require_all(const std::vector<std::filesystem::path>& files, const std::filesystem::path& folder) {
  constexpr std::size_t most_named = 5;
  std::string absent, present;
  std::size_t count = 0;
  for (const std::filesystem::path& file : files) {
    const std::string name = file.lexically_relative(folder).string();
    if (std::filesystem::exists(file)) {
      const std::string extension = extension_of(file);
      if (present.empty() || (extension == "pts" && extension_of(present) != "pts")) present = name;
    } else if (++count <= most_named) {
      absent += (absent.empty() ? "" : ", ") + name;
    }
  }
  if (count == 0) return;
  if (count > most_named) absent += " and " + std::to_string(count - most_named) + " more";
  throw Error(ErrorKind::not_found,
              (count == files.size() ? "none" : "only " + std::to_string(files.size() - count)) + " of the " +
                  std::to_string(files.size()) + " files that the project names can be found; put " + absent +
                  " where the project says, below " + std::filesystem::absolute(folder).lexically_normal().string() +
                  (present.empty() ? "" : ", or open those that are there by themselves, such as " + present));
}

std::vector<std::shared_ptr<const Source>> open_project(const std::filesystem::path& path) {
  const jeol::Tree tree = jeol::read_tree(RandomAccessFile(path), project_tree);
  std::vector<std::shared_ptr<const Source>> signals;
  const std::vector<std::filesystem::path> files = files_of(tree.values, path.parent_path());
  require_all(files, path.parent_path());
  for (const std::filesystem::path& file : files) {
    auto signal = with_context([&] { return "reading " + file.filename().string() + " of the project"; },
                               [&] { return open_one(file); });
    if (signal) signals.push_back(std::move(signal));
  }
  if (signals.empty()) {
    throw Error(ErrorKind::unsupported, path.filename().string() + " names no image, map or spectrum");
  }
  return signals;
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  {
    const RandomAccessFile file(path);
    if (is_project(file.read(0, std::min<std::int64_t>(file.size(), 64)))) return open_project(path);
  }
  auto signal = open_one(path);
  if (!signal) {
    throw Error(ErrorKind::bad_data, path.filename().string() + " is no file of JEOL's Analysis Station");
  }
  return {std::move(signal)};
}

}  // namespace

const Driver& jeol_driver() {
  static const Driver driver{"jeol", "JEOL Analysis Station", {"asw", "pts", "map", "img", "eds"}, probe, open,
                             nullptr};
  return driver;
}

}  // namespace ruska::io
