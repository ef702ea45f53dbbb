// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "ruska/core/source.hpp"

namespace ruska::ops::unmix {

/// Which positions lie side by side: along the last two navigation axes. Further axes (tilt, time) stack such images,
/// whose neighbours in the stack need not show the same place.
struct PositionGrid {
  std::int64_t positions = 0;
  std::int64_t line = 1;   ///< length of the last axis
  std::int64_t lines = 1;  ///< length of the axis before it

  explicit PositionGrid(const Shape& navigation)
      : positions(count(navigation)),
        line(navigation.empty() ? 1 : navigation.back()),
        lines(navigation.size() < 2 ? 1 : navigation[navigation.size() - 2]) {}

  std::int64_t column(std::int64_t position) const { return position % line; }
  std::int64_t row(std::int64_t position) const { return position / line % lines; }
  /// 0 or 1 as on a chess board: the neighbours of one colour all have the other.
  int colour(std::int64_t position) const { return static_cast<int>((column(position) + row(position)) & 1); }

  /// Calls `action(neighbour)` for the up to four direct neighbours.
  template <class Action>
  void for_each_neighbour(std::int64_t position, Action&& action) const {
    const std::int64_t x = column(position), y = row(position);
    if (x > 0) action(position - 1);
    if (x + 1 < line) action(position + 1);
    if (y > 0) action(position - line);
    if (y + 1 < lines) action(position + line);
  }

  /// Calls `action(other)` for all positions of a square window with odd edge, the position itself included.
  template <class Action>
  void for_each_in_window(std::int64_t position, std::int64_t edge, Action&& action) const {
    const std::int64_t x = column(position), y = row(position), reach = edge / 2;
    for (std::int64_t dy = -reach; dy <= reach; ++dy) {
      if (y + dy < 0 || y + dy >= lines) continue;
      for (std::int64_t dx = -reach; dx <= reach; ++dx) {
        if (x + dx < 0 || x + dx >= line) continue;
        action(position + dy * line + dx);
      }
    }
  }
  /// Positions in a full window.
  std::int64_t window_size(std::int64_t edge) const { return edge * (lines > 1 ? edge : 1); }
};

}  // namespace ruska::ops::unmix
