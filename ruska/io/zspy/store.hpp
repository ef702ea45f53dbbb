// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ruska/base/json.hpp"

namespace ruska::io::zarr {

/// The keys and values of a Zarr store: a folder whose files they are, or a ZIP archive. Keys are paths with "/",
/// read from any number of threads.
class Store {
 public:
  virtual ~Store() = default;
  /// Throws bad_data, naming the key, when the value has more than `limit` bytes; nothing where there is no such key.
  virtual std::optional<std::vector<std::byte>> read(const std::string& key, std::int64_t limit) const = 0;
  /// Bytes of a value; nothing where there is no such key.
  virtual std::optional<std::int64_t> size(const std::string& key) const = 0;
  /// Names directly below a group ("" for the root), sorted, those of files with a leading dot left out.
  virtual std::vector<std::string> names(const std::string& group) const = 0;

  bool has(const std::string& key) const { return size(key).has_value(); }
  /// A value as JSON; null where there is no such key. Throws bad_data.
  Json json(const std::string& key) const;
};

/// A folder, or a file that is a ZIP archive. Throws bad_data, io.
std::shared_ptr<const Store> open_store(const std::filesystem::path& path);

/// "group/name"; "name" in the root.
std::string key_of(const std::string& group, const std::string& name);

}  // namespace ruska::io::zarr
