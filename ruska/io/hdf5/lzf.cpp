// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/hdf5/lzf.hpp"

#include <algorithm>

namespace ruska::io::hdf5 {

bool decode_lzf(std::span<const std::byte> in, std::span<std::byte> out) {
  std::size_t from = 0, to = 0;
  const auto next = [&] { return std::to_integer<std::size_t>(in[from++]); };
  while (from < in.size()) {
    const std::size_t control = next();
    if (control < 32) {
      const std::size_t run = control + 1;
      if (run > in.size() - from || run > out.size() - to) return false;
      std::copy_n(in.begin() + static_cast<std::ptrdiff_t>(from), run, out.begin() + static_cast<std::ptrdiff_t>(to));
      from += run;
      to += run;
      continue;
    }
    std::size_t length = control >> 5;
    if (length == 7) {
      if (from == in.size()) return false;
      length += next();
    }
    length += 2;
    if (from == in.size()) return false;
    const std::size_t back = ((control & 31) << 8 | next()) + 1;
    if (back > to || length > out.size() - to) return false;
    // Byte by byte: what is referred to may reach into what it makes.
    for (std::size_t i = 0; i < length; ++i, ++to) out[to] = out[to - back];
  }
  return to == out.size();
}

}  // namespace ruska::io::hdf5
