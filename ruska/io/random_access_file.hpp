// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace ruska::io {

/// A file open for reading at any place, from any number of threads.
///
/// Reads go through pread rather than a mapping: a file that another program shortens meanwhile is then an error
/// instead of a signal that ends the process.
class RandomAccessFile {
 public:
  /// Throws not_found when there is no such file, io when it cannot be opened or is not a regular file.
  explicit RandomAccessFile(std::filesystem::path path);
  ~RandomAccessFile();
  RandomAccessFile(const RandomAccessFile&) = delete;
  RandomAccessFile& operator=(const RandomAccessFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Bytes, as they were at opening.
  std::int64_t size() const { return size_; }

  /// Fills `out` with the bytes from `offset` on. Throws bad_data when the file ends before, io when reading fails.
  void read(std::int64_t offset, std::span<std::byte> out) const;
  /// `count` bytes from `offset` on; both are checked against the file's size before memory is taken.
  std::vector<std::byte> read(std::int64_t offset, std::int64_t count) const;
  /// The whole file as text; throws bad_data, naming `what`, when it is longer than `limit`.
  std::string read_text(std::int64_t limit, const std::string& what) const;

 private:
  void check(std::int64_t offset, std::int64_t count) const;

  std::filesystem::path path_;
  int descriptor_;
  std::int64_t size_;
};

}  // namespace ruska::io
