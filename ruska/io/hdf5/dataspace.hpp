// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "ruska/core/axis.hpp"
#include "ruska/io/hdf5/file_blocks.hpp"

namespace ruska::io::hdf5 {

/// How many elements there are (IV.A.2.b), versions 1 and 2 of the message.
struct Dataspace {
  bool null = false;  ///< holds nothing at all, not even one element
  Shape shape{};
  /// To what lengths it may grow; nothing for "without limit".
  std::vector<std::optional<std::int64_t>> largest{};
};

/// Throws bad_data.
Dataspace read_dataspace(Cursor& message);

}  // namespace ruska::io::hdf5
