// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/series.hpp"

#include <algorithm>
#include <cctype>
#include <list>
#include <map>
#include <mutex>

#include <fnmatch.h>

#include "ruska/core/driver.hpp"

namespace ruska {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_open_files = 8;

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

/// Compares runs of digits as numbers and all else byte by byte.
bool before(const std::string& a, const std::string& b) {
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (is_digit(a[i]) && is_digit(b[j])) {
      const auto number = [](const std::string& text, std::size_t& at) {
        while (at < text.size() && text[at] == '0') ++at;
        const std::size_t begin = at;
        while (at < text.size() && is_digit(text[at])) ++at;
        return text.substr(begin, at - begin);
      };
      const std::string left = number(a, i), right = number(b, j);
      if (left.size() != right.size()) return left.size() < right.size();
      if (left != right) return left < right;
    } else if (a[i] != b[j]) {
      return a[i] < b[j];
    } else {
      ++i;
      ++j;
    }
  }
  if (a.size() - i != b.size() - j) return a.size() - i < b.size() - j;
  return a < b;  // only zeros in front differ
}

std::string kind_of(const Description& description) {
  return to_string(description.shape()) + " " + std::string(name_of(description.dtype));
}

class StackSource final : public Source {
 public:
  StackSource(std::vector<fs::path> files, std::string title) : files_(std::move(files)) {
    const Dataset first = open(0);
    description_ = first.describe();
    frame_ = kind_of(description_);
    description_.title = std::move(title);
    description_.sparse = false;
    description_.chunk.clear();
    Axis frames;
    frames.name = "frame";
    frames.role = Role::navigation;
    frames.size = static_cast<std::int64_t>(files_.size());
    description_.axes.insert(description_.axes.begin(), frames);
    Json names = Json::array();
    for (const fs::path& file : files_) names.push_back(file.filename().string());
    description_.original = Json{{"series", std::move(names)}, {"first", first.describe().original}};
    buffered_ = static_cast<std::int64_t>(most_open_files) * first.source().buffered();
  }

  const Description& describe() const override { return description_; }
  std::int64_t buffered() const override { return buffered_; }

  void read(const Region& region, std::span<std::byte> out) const override {
    check_region(region, description_, out.size());
    if (region.count() == 0) return;
    const Region part{{region.start.begin() + 1, region.start.end()}, {region.shape.begin() + 1, region.shape.end()}};
    const std::size_t bytes = out.size() / static_cast<std::size_t>(region.shape[0]);
    for (std::int64_t i = 0; i < region.shape[0]; ++i) {
      const std::int64_t frame = region.start[0] + i;
      with_context([&] { return "reading frame " + std::to_string(frame) + " of '" + description_.title + "'"; },
                   [&] { opened(frame).source().read(part, out.subspan(static_cast<std::size_t>(i) * bytes, bytes)); });
    }
  }

 private:
  Dataset open(std::int64_t frame) const {
    const File file = open_file(files_[static_cast<std::size_t>(frame)]);
    return file.signals[file.obvious()];
  }

  Dataset opened(std::int64_t frame) const {
    {
      const std::lock_guard lock(mutex_);
      for (auto one = open_.begin(); one != open_.end(); ++one) {
        if (one->first != frame) continue;
        open_.splice(open_.begin(), open_, one);
        return one->second;
      }
    }
    Dataset data = open(frame);
    if (const std::string kind = kind_of(data.describe()); kind != frame_) {
      throw Error(ErrorKind::bad_data, files_[static_cast<std::size_t>(frame)].string() + " holds " + kind +
                                           ", and the first file of the series " + frame_ +
                                           "; name the files that belong together with a pattern");
    }
    const std::lock_guard lock(mutex_);
    open_.emplace_front(frame, data);
    if (open_.size() > most_open_files) open_.pop_back();
    return data;
  }

  std::vector<fs::path> files_;
  Description description_;
  std::string frame_;
  std::int64_t buffered_ = 0;
  mutable std::mutex mutex_;
  mutable std::list<std::pair<std::int64_t, Dataset>> open_;  // last used first
};

}  // namespace

std::vector<fs::path> in_natural_order(std::vector<fs::path> files) {
  std::sort(files.begin(), files.end(),
            [](const fs::path& a, const fs::path& b) { return before(a.filename().string(), b.filename().string()); });
  return files;
}

std::vector<fs::path> series_in_folder(const fs::path& folder) {
  std::map<std::string, std::vector<fs::path>> by_extension;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const fs::path& path = entry.path();
    if (entry.is_regular_file() && path.filename().string().front() != '.') {
      by_extension[path.extension().string()].push_back(path);
    }
  }
  std::erase_if(by_extension, [](const auto& one) { return !is_readable(one.second.front()); });
  if (by_extension.empty()) {
    throw Error(ErrorKind::unsupported,
                folder.string() + " is a folder in which no file is of a kind that ruska reads");
  }
  if (by_extension.size() > 1) {
    std::string kinds;
    for (const auto& [extension, files] : by_extension) {
      kinds += (kinds.empty() ? "" : ", ") + std::to_string(files.size()) + " " + extension;
    }
    throw Error(ErrorKind::invalid_argument, folder.string() + " holds files of several kinds (" + kinds +
                                                 "); name one of them, or a series by a pattern in quotes: '" +
                                                 (folder / ("*" + by_extension.begin()->first)).string() + "'");
  }
  return in_natural_order(std::move(by_extension.begin()->second));
}

std::vector<fs::path> series_of_pattern(const fs::path& pattern) {
  const fs::path folder = pattern.has_parent_path() ? pattern.parent_path() : fs::path(".");
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const fs::path& path = entry.path();
    if (::fnmatch(pattern.filename().c_str(), path.filename().c_str(), FNM_PERIOD) == 0) files.push_back(path);
  }
  if (files.empty()) throw Error(ErrorKind::not_found, "no file matches '" + pattern.string() + "'");
  return in_natural_order(std::move(files));
}

Dataset stack(std::vector<fs::path> files, std::string title) {
  return Dataset(std::make_shared<StackSource>(std::move(files), std::move(title)));
}

}  // namespace ruska
