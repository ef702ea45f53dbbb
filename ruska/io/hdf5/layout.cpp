// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/hdf5/layout.hpp"

#include "ruska/base/error.hpp"

namespace ruska::io::hdf5 {
namespace {

constexpr std::uint64_t largest_chunk = UINT32_MAX;  // bytes

void read_values(Cursor& message, std::uint64_t bytes, Layout& layout) {
  const std::uint64_t place = message.place();
  const auto taken = message.take(bytes);
  layout.values = {{taken.begin(), taken.end()}, place, message.widths()};
}

/// The lengths of a chunk, followed by that of an element.
void read_chunk(Cursor& message, std::uint64_t dimensions, std::size_t width, std::size_t rank, std::size_t item,
                Layout& layout) {
  if (dimensions != rank + 1) {
    message.fail("chunks of " + std::to_string(dimensions - 1) + " axes in an array of " + std::to_string(rank));
  }
  std::uint64_t bytes = item;
  for (std::size_t axis = 0; axis < rank; ++axis) {
    const std::uint64_t length = message.number(width);
    if (length == 0) message.fail("a chunk without a length");
    if (__builtin_mul_overflow(bytes, length, &bytes) || bytes > largest_chunk) {
      message.fail("a chunk of more than 4 GiB");
    }
    layout.chunk.push_back(static_cast<std::int64_t>(length));
  }
  const std::uint64_t stored_item = message.number(width);
  if (stored_item != item) {
    message.fail("chunks of elements of " + std::to_string(stored_item) + " bytes, where the type has " +
                 std::to_string(item));
  }
}

void read_old(Cursor& message, std::size_t rank, std::size_t item, Layout& layout) {
  const std::uint64_t dimensions = message.number(1), kind = message.number(1);
  message.skip(5);
  if (kind > 2) message.fail("a layout of kind " + std::to_string(kind));
  layout.kind = static_cast<Layout::Kind>(kind);
  if (layout.kind != Layout::Kind::compact) layout.address = message.address();
  if (layout.kind == Layout::Kind::chunked) {
    read_chunk(message, dimensions, 4, rank, item, layout);
    return;
  }
  message.skip(4 * dimensions);
  if (layout.kind == Layout::Kind::compact) read_values(message, message.number(4), layout);
}

void read_new_chunks(Cursor& message, std::size_t rank, std::size_t item, Layout& layout) {
  const std::uint64_t flags = message.number(1), dimensions = message.number(1), width = message.number(1);
  if (width < 1 || width > 8) message.fail("chunk lengths of " + std::to_string(width) + " bytes");
  layout.partial_chunks_unfiltered = (flags & 1) != 0;
  read_chunk(message, dimensions, static_cast<std::size_t>(width), rank, item, layout);
  const std::uint64_t index = message.number(1);
  switch (index) {
    case 1:
      layout.index = Layout::Index::single;
      if ((flags & 2) != 0) {
        layout.single_bytes = message.length();
        layout.single_skipped = static_cast<std::uint32_t>(message.number(4));
      }
      break;
    case 2: layout.index = Layout::Index::implicit; break;
    case 3:
      layout.index = Layout::Index::fixed_array;
      message.skip(1);
      break;
    case 4:
      layout.index = Layout::Index::extensible_array;
      message.skip(5);
      break;
    case 5:
      layout.index = Layout::Index::btree2;
      message.skip(6);
      break;
    default:
      throw Error(ErrorKind::unsupported,
                  "at byte " + std::to_string(message.place()) + ": a chunk index of kind " + std::to_string(index));
  }
  layout.address = message.address();
}

}  // namespace

Layout read_layout(Cursor message, std::size_t rank, std::size_t item) {
  Layout layout;
  const std::uint64_t version = message.number(1);
  if (version == 1 || version == 2) {
    read_old(message, rank, item, layout);
    return layout;
  }
  if (version != 3 && version != 4) {
    throw Error(ErrorKind::unsupported, "at byte " + std::to_string(message.place()) + ": a layout of version " +
                                            std::to_string(version) + "; 1 to 4 are supported");
  }
  const std::uint64_t kind = message.number(1);
  if (kind > (version == 4 ? 3u : 2u)) message.fail("a layout of kind " + std::to_string(kind));
  layout.kind = static_cast<Layout::Kind>(kind);
  switch (layout.kind) {
    case Layout::Kind::compact: read_values(message, message.number(2), layout); break;
    case Layout::Kind::contiguous: layout.address = message.address(); break;
    case Layout::Kind::chunked:
      if (version == 4) {
        read_new_chunks(message, rank, item, layout);
      } else {
        const std::uint64_t dimensions = message.number(1);
        layout.address = message.address();
        read_chunk(message, dimensions, 4, rank, item, layout);
      }
      break;
    case Layout::Kind::virtual_dataset: break;
  }
  return layout;
}

}  // namespace ruska::io::hdf5
