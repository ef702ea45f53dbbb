// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <span>
#include <string>
#include <string_view>

#include "ruska/base/error.hpp"
#include "ruska/io/little_endian.hpp"

namespace ruska::io {

/// Reads bytes one thing after the other, little-endian. The bytes must outlive it. Everything that would reach past
/// the end throws bad_data with `what` is read, the place and what was expected there.
class ByteCursor {
 public:
  /// `origin` is where the bytes lie in the file, for messages.
  ByteCursor(std::span<const std::byte> bytes, std::string what, std::int64_t origin = 0)
      : bytes_(bytes), what_(std::move(what)), origin_(origin) {}

  std::size_t at() const { return at_; }
  std::size_t left() const { return bytes_.size() - at_; }

  [[noreturn]] void fail(const std::string& problem) const { fail(ErrorKind::bad_data, problem); }
  [[noreturn]] void fail(ErrorKind kind, const std::string& problem) const {
    throw Error(kind, what_ + ", byte " + std::to_string(origin_ + static_cast<std::int64_t>(at_)) + ": " + problem);
  }

  void move_to(std::size_t place) {
    if (place > bytes_.size()) fail("nothing can follow at byte " + std::to_string(place) + ", behind the end");
    at_ = place;
  }
  std::span<const std::byte> bytes(std::size_t count) {
    if (count > left()) {
      fail(std::to_string(count) + " bytes are expected, but " + std::to_string(left()) + " are left");
    }
    const auto part = bytes_.subspan(at_, count);
    at_ += count;
    return part;
  }
  void skip(std::size_t count) { bytes(count); }

  /// An integer or a floating-point number.
  template <class T>
  T number() {
    if constexpr (sizeof(T) == 1) {
      return static_cast<T>(load<std::uint8_t>(bytes(1)));
    } else if constexpr (sizeof(T) == 2) {
      return std::bit_cast<T>(load<std::uint16_t>(bytes(2)));
    } else if constexpr (sizeof(T) == 4) {
      return std::bit_cast<T>(load<std::uint32_t>(bytes(4)));
    } else {
      static_assert(sizeof(T) == 8);
      return std::bit_cast<T>(load<std::uint64_t>(bytes(8)));
    }
  }
  /// Characters up to the first zero byte of a place that is `count` bytes long.
  std::string_view text(std::size_t count) {
    const auto place = bytes(count);
    const std::string_view all(reinterpret_cast<const char*>(place.data()), place.size());
    return all.substr(0, all.find('\0'));
  }

 private:
  std::span<const std::byte> bytes_;
  std::string what_;
  std::int64_t origin_;
  std::size_t at_ = 0;
};

}  // namespace ruska::io
