// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/zspy/store.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "ruska/base/error.hpp"
#include "ruska/io/json_text.hpp"
#include "ruska/io/random_access_file.hpp"
#include "ruska/io/zip_archive.hpp"

namespace ruska::io::zarr {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t longest_json = std::int64_t{64} << 20;

void check_limit(const std::string& key, std::int64_t size, std::int64_t limit) {
  if (size > limit) {
    throw Error(ErrorKind::bad_data, "'" + key + "' has " + std::to_string(size) + " bytes; at most " +
                                         std::to_string(limit) + " are expected");
  }
}

class FolderStore final : public Store {
 public:
  explicit FolderStore(fs::path root) : root_(std::move(root)) {}

  std::optional<std::vector<std::byte>> read(const std::string& key, std::int64_t limit) const override {
    if (!has(key)) return std::nullopt;
    const RandomAccessFile file(root_ / key);
    check_limit(key, file.size(), limit);
    return file.read(0, file.size());
  }

  std::optional<std::int64_t> size(const std::string& key) const override {
    std::error_code error;
    if (!fs::is_regular_file(root_ / key, error)) return std::nullopt;
    const auto bytes = fs::file_size(root_ / key, error);
    if (error) return std::nullopt;
    return static_cast<std::int64_t>(bytes);
  }

  std::vector<std::string> names(const std::string& group) const override {
    std::vector<std::string> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(group.empty() ? root_ : root_ / group, error)) {
      std::string name = entry.path().filename().string();
      if (!name.starts_with('.')) found.push_back(std::move(name));
    }
    std::sort(found.begin(), found.end());
    return found;
  }

 private:
  fs::path root_;
};

class ZipStore final : public Store {
 public:
  explicit ZipStore(const fs::path& path) : archive_(std::make_shared<RandomAccessFile>(path)) {
    // Values that were written again follow the older ones of the same name.
    for (const ZipMember& member : archive_.members()) members_[member.name] = &member;
  }

  std::optional<std::vector<std::byte>> read(const std::string& key, std::int64_t limit) const override {
    const auto found = members_.find(key);
    if (found == members_.end()) return std::nullopt;
    check_limit(key, found->second->size, limit);
    return archive_.read(*found->second, found->second->size);
  }

  std::optional<std::int64_t> size(const std::string& key) const override {
    const auto found = members_.find(key);
    if (found == members_.end()) return std::nullopt;
    return found->second->size;
  }

  std::vector<std::string> names(const std::string& group) const override {
    const std::string prefix = group.empty() ? "" : group + "/";
    std::vector<std::string> found;
    auto at = members_.lower_bound(prefix);
    while (at != members_.end() && at->first.starts_with(prefix)) {
      const std::string rest = at->first.substr(prefix.size());
      const std::string name = rest.substr(0, rest.find('/'));
      if (!name.empty() && !name.starts_with('.')) found.push_back(name);
      // On to the next name; '0' follows '/'.
      at = rest.size() > name.size() ? members_.lower_bound(prefix + name + "0") : std::next(at);
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
  }

 private:
  ZipArchive archive_;
  std::map<std::string, const ZipMember*> members_;
};

}  // namespace

Json Store::json(const std::string& key) const {
  const auto bytes = read(key, longest_json);
  if (!bytes) return nullptr;
  return parse_json(std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size()), "'" + key + "'");
}

std::shared_ptr<const Store> open_store(const fs::path& path) {
  if (fs::is_directory(path)) return std::make_shared<FolderStore>(path);
  return std::make_shared<ZipStore>(path);
}

std::string key_of(const std::string& group, const std::string& name) {
  return group.empty() ? name : group + "/" + name;
}

}  // namespace ruska::io::zarr
