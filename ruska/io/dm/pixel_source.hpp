// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "ruska/core/source.hpp"
#include "ruska/io/stored_array.hpp"

namespace ruska::io::dm {

/// Colour pixels that are stored as B, G, R, A, read as R, G, B, A. `stored` has the four parts as its last axis.
std::shared_ptr<const Source> colour_source(std::shared_ptr<const Source> stored);

/// Fourier transforms of real images, of which the half is stored with the zero frequency in its first column: column j
/// of a row holds the column N/2 - j of the transform, N being its width. The other half follows from
/// F(-y, -x) = conj F(y, x). `description` is that of the whole transforms, complex, with one or more axes; the rows of
/// N/2 + 1 numbers begin at `offset` of the file.
std::shared_ptr<const Source> half_transform(std::shared_ptr<const RandomAccessFile> file, Description description,
                                             std::int64_t offset, bool swapped);

}  // namespace ruska::io::dm
