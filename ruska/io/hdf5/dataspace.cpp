// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/hdf5/dataspace.hpp"

namespace ruska::io::hdf5 {

Dataspace read_dataspace(Cursor& message) {
  constexpr std::uint64_t most_axes = 32;
  Dataspace space;
  const std::uint64_t version = message.number(1), rank = message.number(1), flags = message.number(1);
  if (version != 1 && version != 2) message.fail("a dataspace of version " + std::to_string(version));
  if (rank > most_axes) message.fail("a dataspace of " + std::to_string(rank) + " axes");
  if (version == 1)
    message.skip(5);
  else
    space.null = message.number(1) == 2;
  const auto length = [&](std::uint64_t value) {
    if (value > static_cast<std::uint64_t>(INT64_MAX)) message.fail("an axis of " + std::to_string(value));
    return static_cast<std::int64_t>(value);
  };
  for (std::uint64_t axis = 0; axis < rank; ++axis) space.shape.push_back(length(message.length()));
  const std::uint64_t unlimited = undefined_address >> (64 - 8 * message.widths().length);
  for (std::uint64_t axis = 0; axis < rank; ++axis) {
    if ((flags & 1) == 0) {
      space.largest.emplace_back(space.shape[axis]);
      continue;
    }
    const std::uint64_t value = message.length();
    if (value == unlimited) {
      space.largest.emplace_back(std::nullopt);
      continue;
    }
    space.largest.emplace_back(length(value));
    if (*space.largest.back() < space.shape[axis]) message.fail("an axis that is longer than it may grow");
  }
  count(space.shape);
  return space;
}

}  // namespace ruska::io::hdf5
