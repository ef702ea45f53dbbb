// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "ruska/base/dtype.hpp"

namespace ruska::io::phenom {

/// An image as TIFF within another file.
struct EmbeddedImage {
  std::int64_t height = 0, width = 0, samples = 0;
  DType dtype = DType::uint8;     ///< uint8 or uint16
  std::vector<std::byte> pixels;  ///< rows, columns, samples
  std::string description;        ///< the XML that Phenom writes into tag 34683; empty where it is absent
};

/// Throws bad_data for what is damaged, unsupported for tiles, separate planes and values of other types.
EmbeddedImage decode_image(std::span<const std::byte> tiff);

}  // namespace ruska::io::phenom
