// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "ruska/core/source.hpp"
#include "ruska/io/bcf/single_file_system.hpp"

/// The packed spectra of a .bcf map.
///
/// The stream starts with height and width (uint32 each); from byte 0x1A0 on follow the lines, each with the number of
/// its pixels that have counts (uint32) and these pixels. A pixel has 22 bytes before its data, all little-endian:
///
///   uint32 x; uint16 channels in use; uint16 channels packed; uint32 -; uint16 packing; uint16 -; uint16 pulses;
///   uint32 bytes of data
///
/// packing 0: one uint16 per pulse, its channel. packing 1: the same with 12 bits per pulse; the bits run from the
/// highest of one little-endian uint16 to the next. Others: runs of channels, each with one byte for the width of a
/// value (0, 1, 2, 4 or 8 nibbles) and one for the number of channels; unless the width is 0 (zeros), a base value of
/// twice that width follows and then the values, to which the base is added (nibbles: low one first). After the runs
/// come the number of bytes of additional pulses (uint32, counted as data), and these as uint16 (not counted).
namespace ruska::io::bcf {

/// Rows and columns of a map, from the first bytes of its stream. Throws bad_data.
Shape map_shape(const Stream& stream);

/// The counts of a map. The first read walks through the stream once and notes where each pixel lies (16 bytes per
/// pixel that has counts); reads then decode the pixels that they need. Up to 64 MiB of a compressed stream are kept
/// inflated. `description` says (y, x, channel) and an unsigned dtype; a dense read throws unsupported where a count
/// exceeds it.
std::shared_ptr<const Source> packed_map(std::shared_ptr<const Stream> stream, Description description);

}  // namespace ruska::io::bcf
