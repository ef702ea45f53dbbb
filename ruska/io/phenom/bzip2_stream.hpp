// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <memory>
#include <string>
#include <vector>

#include "ruska/io/little_endian.hpp"
#include "ruska/io/random_access_file.hpp"

namespace ruska::io::phenom {

/// The little-endian things that a bzip2 file holds, one after the other. The file is decoded as they are asked for.
class Bzip2Stream {
 public:
  explicit Bzip2Stream(const RandomAccessFile& file);
  ~Bzip2Stream();
  Bzip2Stream(const Bzip2Stream&) = delete;
  Bzip2Stream& operator=(const Bzip2Stream&) = delete;

  /// Throws bad_data when the file ends before, when it is damaged, and when it decodes to more than 16 MiB and 4096
  /// bytes for each of its own: nothing that was measured does.
  std::vector<std::byte> bytes(std::size_t count);
  /// Fills `out`.
  void read(std::span<std::byte> out);
  /// Throws bad_data unless everything was read and the checksums are right.
  void expect_end();

  template <class T>
  T number() {
    std::byte raw[sizeof(T)];
    read(raw);
    if constexpr (sizeof(T) == 1) {
      return static_cast<T>(raw[0]);
    } else if constexpr (sizeof(T) == 4) {
      return std::bit_cast<T>(load<std::uint32_t>(raw));
    } else {
      static_assert(sizeof(T) == 8);
      return std::bit_cast<T>(load<std::uint64_t>(raw));
    }
  }

  [[noreturn]] void fail(const std::string& problem) const;

 private:
  struct Decoder;
  void decode();

  const RandomAccessFile& file_;
  std::unique_ptr<Decoder> decoder_;
  std::int64_t fed_ = 0, taken_ = 0, limit_;
  std::vector<std::byte> decoded_;  ///< of which the first `used_` bytes were handed out
  std::size_t used_ = 0;
  bool ended_ = false;
};

}  // namespace ruska::io::phenom
