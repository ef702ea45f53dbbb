// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ruska/core/source.hpp"

namespace ruska::io {

/// Lines of numbers, one line per position of an orientation map.
struct OrientationTable {
  std::vector<double> values;  ///< positions, columns
  std::int64_t columns = 0;

  std::int64_t positions() const { return columns == 0 ? 0 : static_cast<std::int64_t>(values.size()) / columns; }
};

/// The raster of the positions; `rows` is 0 where they are a mere list.
struct OrientationRaster {
  std::int64_t rows = 0, columns = 0;
  double step_y = 0, step_x = 0;  ///< µm
};

/// Reads the lines of `text`, parted by blanks and tabs; empty lines are passed over. `first_line` is the number of the
/// first for messages. Throws bad_data where a line has another number of columns than the first or a word that is no
/// finite number.
OrientationTable read_orientation_table(std::string_view text, std::int64_t first_line);

/// A signal of the columns at every position: (y, x, column), or (position, column) for a list. `names` are those of
/// the first columns; the others are numbered. Throws bad_data when the raster has another number of positions.
std::shared_ptr<const Source> orientation_map(const OrientationTable& table, const OrientationRaster& raster,
                                              std::vector<std::string> names, Json original);

}  // namespace ruska::io
