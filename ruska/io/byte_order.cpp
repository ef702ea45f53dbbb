// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/byte_order.hpp"

#include <cstdint>
#include <cstring>
#include <string>

#include "ruska/base/error.hpp"

namespace ruska::io {
namespace {

// Shifts instead of a builtin: compilers make vectors of them on every CPU.
std::uint16_t reversed(std::uint16_t word) { return static_cast<std::uint16_t>(word << 8 | word >> 8); }
std::uint32_t reversed(std::uint32_t word) { return __builtin_bswap32(word); }
std::uint64_t reversed(std::uint64_t word) { return __builtin_bswap64(word); }

// Two loops, because compilers make vectors only where they see what overlaps.

template <class Word>
void in_place(std::byte* values, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    Word word;
    std::memcpy(&word, values + i * sizeof(Word), sizeof(Word));
    word = reversed(word);
    std::memcpy(values + i * sizeof(Word), &word, sizeof(Word));
  }
}

template <class Word>
void copied(const std::byte* __restrict in, std::size_t count, std::byte* __restrict out) {
  for (std::size_t i = 0; i < count; ++i) {
    Word word;
    std::memcpy(&word, in + i * sizeof(Word), sizeof(Word));
    word = reversed(word);
    std::memcpy(out + i * sizeof(Word), &word, sizeof(Word));
  }
}

[[noreturn]] void no_such_width(std::size_t width) {
  throw Error(ErrorKind::internal, "numbers of " + std::to_string(width) + " bytes have no byte order");
}

}  // namespace

void reverse_numbers(std::span<std::byte> values, std::size_t width) {
  switch (width) {
    case 1: return;
    case 2: return in_place<std::uint16_t>(values.data(), values.size() / 2);
    case 4: return in_place<std::uint32_t>(values.data(), values.size() / 4);
    case 8: return in_place<std::uint64_t>(values.data(), values.size() / 8);
    default: no_such_width(width);
  }
}

void copy_reversed(std::span<const std::byte> in, std::size_t width, std::byte* out) {
  const std::size_t whole = in.size() / width * width;
  switch (width) {
    case 1: break;
    case 2: copied<std::uint16_t>(in.data(), in.size() / 2, out); break;
    case 4: copied<std::uint32_t>(in.data(), in.size() / 4, out); break;
    case 8: copied<std::uint64_t>(in.data(), in.size() / 8, out); break;
    default: no_such_width(width);
  }
  const std::size_t done = width == 1 ? 0 : whole;
  if (done < in.size()) std::memcpy(out + done, in.data() + done, in.size() - done);
}

}  // namespace ruska::io
