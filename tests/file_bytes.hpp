// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>

#include "ruska/base/error.hpp"

namespace ruska {

/// The bytes of a file in the making.
class FileBytes {
 public:
  std::size_t size() const { return bytes_.size(); }
  const std::string& bytes() const { return bytes_; }

  FileBytes& text(std::string_view text) {
    bytes_ += text;
    return *this;
  }
  FileBytes& add(std::span<const std::byte> bytes) {
    return text({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  /// A number in little-endian order.
  template <class T>
  FileBytes& little(T value) {
    char raw[sizeof(T)];
    std::copy_n(reinterpret_cast<const char*>(&value), sizeof(T), raw);
    return text({raw, sizeof(T)});
  }
  template <class T>
  FileBytes& big(T value) {
    char raw[sizeof(T)];
    std::reverse_copy(reinterpret_cast<const char*>(&value), reinterpret_cast<const char*>(&value) + sizeof(T), raw);
    return text({raw, sizeof(T)});
  }
  FileBytes& pad_to(std::size_t size, char fill = '\0') {
    if (bytes_.size() > size) throw Error(ErrorKind::internal, "a fixture is longer than its place");
    bytes_.resize(size, fill);
    return *this;
  }

  std::filesystem::path write(const std::filesystem::path& path) const {
    std::ofstream file(path, std::ios::binary);
    file << bytes_ << std::flush;
    if (!file) throw Error(ErrorKind::io, "cannot write " + path.string());
    return path;
  }

 private:
  std::string bytes_;
};

}  // namespace ruska
