// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "ruska/core/source.hpp"
#include "ruska/io/random_access_file.hpp"

namespace ruska::io {

/// The JPEG image (ITU-T T.81) of grey values or colours in `size` bytes of a file from `begin` on, decoded when it is
/// first read. Throws bad_data where it is damaged, unsupported for other colours.
std::shared_ptr<const Source> jpeg_image(std::shared_ptr<const RandomAccessFile> file, std::int64_t begin,
                                         std::int64_t size);

}  // namespace ruska::io
