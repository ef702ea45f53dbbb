// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace ruska::io {

/// A new file, or one that a sink of the same header and description began: its values stay.
enum class Begun { anew, before };

/// A file open for writing at any place, from any number of threads.
class FileToWrite {
 public:
  /// A file of `size` bytes from the start. Throws io, and bad_data where a file that was begun before has another
  /// size.
  FileToWrite(std::filesystem::path path, std::int64_t size, Begun begun);
  ~FileToWrite();
  FileToWrite(const FileToWrite&) = delete;
  FileToWrite& operator=(const FileToWrite&) = delete;

  /// Throws io.
  void write(std::int64_t offset, std::span<const std::byte> bytes);
  /// What was written before, here or by whoever began the file. Throws io.
  void read(std::int64_t offset, std::span<std::byte> out) const;
  /// Brings all to the disk. Throws io.
  void flush();
  /// Throws io where the system tells only now that a write failed.
  void close();

 private:
  [[noreturn]] void fail(const char* doing) const;

  std::filesystem::path path_;
  int descriptor_ = -1;
};

}  // namespace ruska::io
