// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/block_of_thread.hpp"

#include <array>
#include <memory>

namespace ruska::io {

std::byte* block_of_thread(const std::byte* out) {
  constexpr std::size_t line = 64;
  struct alignas(4096) Block {
    std::array<std::byte, 2 * largest_block + line> bytes;
  };
  thread_local const std::unique_ptr<Block> block(new Block);
  return block->bytes.data() + reinterpret_cast<std::uintptr_t>(out) % line;
}

}  // namespace ruska::io
