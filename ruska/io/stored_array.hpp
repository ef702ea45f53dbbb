// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "ruska/core/sink.hpp"
#include "ruska/core/source.hpp"
#include "ruska/io/file_to_write.hpp"
#include "ruska/io/random_access_file.hpp"

namespace ruska::io {

/// How the elements of an array lie in a file: element (i, j, …) starts at byte offset + i·stride[0] + j·stride[1] + …
struct StoredLayout {
  std::int64_t offset = 0;
  Shape stride{};        ///< bytes, one per axis, not 0; negative where the last element comes first in the file
  bool swapped = false;  ///< the other byte order than the machine's
};

/// The strides of an array without gaps whose last (`C order`) or first (`Fortran order`) index runs fastest.
/// Throw bad_data when the array has more than 2^63 bytes.
Shape c_strides(const Shape& shape, std::size_t item_size);
Shape fortran_strides(const Shape& shape, std::size_t item_size);

/// Reverses the bytes of every number of the dtype; the halves of a complex number each by itself.
void swap_bytes(std::span<std::byte> values, DType dtype);

/// An uncompressed array within a file. Reads touch the runs of bytes that a region needs, gaps of less than a few
/// pages included. Throws bad_data here when the file ends before the last element.
std::shared_ptr<const Source> stored_array(std::shared_ptr<const RandomAccessFile> file, Description description,
                                           StoredLayout layout);

/// A sink for a C-ordered array that follows `header` in a file, in the machine's byte order. The file has its full
/// length from the start. Throws io, and bad_data where a file that was begun before has another length.
std::unique_ptr<Sink> stored_array_sink(const std::filesystem::path& path, std::string_view header,
                                        const Description& description, Begun begun = Begun::anew);

}  // namespace ruska::io
