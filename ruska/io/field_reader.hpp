// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "ruska/io/random_access_file.hpp"

namespace ruska::io {

/// The fields of a binary header, read one after another through a buffer. Every read throws bad_data, with the place,
/// where the file ends before.
class FieldReader {
 public:
  /// `order` is the byte order of `number`.
  explicit FieldReader(const RandomAccessFile& file, std::endian order = std::endian::little)
      : file_(&file), order_(order) {}

  std::int64_t position() const { return position_; }
  void seek(std::int64_t position) { position_ = position; }
  void skip(std::int64_t bytes) { position_ += bytes; }
  /// Bytes from the position to the end of the file; negative beyond it.
  std::int64_t remaining() const { return file_->size() - position_; }

  void set_order(std::endian order) { order_ = order; }
  std::endian order() const { return order_; }

  template <class T>
  T number() {
    return number<T>(order_);
  }
  template <class T>
  T number(std::endian order) {
    static_assert(std::is_arithmetic_v<T>);
    std::array<std::byte, sizeof(T)> bytes;
    read(bytes);
    if (order != std::endian::native) std::reverse(bytes.begin(), bytes.end());
    return std::bit_cast<T>(bytes);
  }

  /// `length` bytes as they stand; checked against the file's size before memory is taken.
  std::string text(std::int64_t length) {
    if (length < 0 || length > remaining()) return bytes_beyond(length);
    std::string text(static_cast<std::size_t>(length), '\0');
    read(std::as_writable_bytes(std::span(text)));
    return text;
  }

  void read(std::span<std::byte> out) {
    const auto count = static_cast<std::int64_t>(out.size());
    if (position_ < buffer_start_ || position_ + count > buffer_start_ + static_cast<std::int64_t>(buffer_.size())) {
      if (count > buffer_size || position_ < 0 || count > remaining()) {
        file_->read(position_, out);
        position_ += count;
        return;
      }
      buffer_.resize(static_cast<std::size_t>(std::min(buffer_size, remaining())));
      file_->read(position_, buffer_);
      buffer_start_ = position_;
    }
    std::copy_n(buffer_.begin() + (position_ - buffer_start_), count, out.begin());
    position_ += count;
  }

 private:
  static constexpr std::int64_t buffer_size = 16384;

  /// Throws what the file says of a read beyond its end.
  std::string bytes_beyond(std::int64_t length) const {
    file_->read(position_, length);
    return {};
  }

  const RandomAccessFile* file_;
  std::endian order_;
  std::int64_t position_ = 0;
  std::int64_t buffer_start_ = 0;
  std::vector<std::byte> buffer_;
};

}  // namespace ruska::io
