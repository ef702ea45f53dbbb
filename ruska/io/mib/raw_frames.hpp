// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "ruska/core/source.hpp"
#include "ruska/io/random_access_file.hpp"

namespace ruska::io::mib {

/// How raw frames (R64) lie in a file. Lines are what the chips gave at once: of one chip, a row; of four, a row of
/// each, one after the other. Values stand in big-endian words of 64 bits, the first in the lowest bits, 1, 8 or 16
/// bits each.
struct RawLayout {
  std::int64_t offset = 0;       ///< of the first frame's values
  std::int64_t frame_bytes = 0;  ///< from frame to frame
  std::int64_t lines = 0;        ///< of a frame
  std::int64_t line_bytes = 0;
  int bits = 8;             ///< of a value as stored
  bool four_chips = false;  ///< two by two; the chips of the lower row are turned by 180°
};

/// The frames as images with the last stored row first. `description` has uint8 or, of 16 bits, uint16; its last two
/// axes are the rows and columns of the image, those before count the frames. Throws bad_data when the file ends
/// before.
std::shared_ptr<const Source> raw_frames(std::shared_ptr<const RandomAccessFile> file, Description description,
                                         RawLayout layout);

}  // namespace ruska::io::mib
