// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/phenom/embedded_image.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

#include <tiffio.h>

#include "ruska/base/error.hpp"

namespace ruska::io::phenom {

namespace {

constexpr std::uint32_t phenom_tag = 34683;
constexpr std::int64_t most_pixels = std::int64_t{1} << 28;
constexpr std::size_t longest_description = std::size_t{1} << 20;

/// The bytes that libtiff reads, and where it stands in them.
struct Memory {
  std::span<const std::byte> bytes;
  std::uint64_t at = 0;
};

tmsize_t read_memory(thandle_t handle, void* out, tmsize_t count) {
  Memory& memory = *static_cast<Memory*>(handle);
  const std::uint64_t left = memory.at < memory.bytes.size() ? memory.bytes.size() - memory.at : 0;
  const std::uint64_t now = std::min(left, static_cast<std::uint64_t>(std::max<tmsize_t>(count, 0)));
  if (now > 0) std::memcpy(out, memory.bytes.data() + memory.at, now);
  memory.at += now;
  return static_cast<tmsize_t>(now);
}
tmsize_t refuse_write(thandle_t, void*, tmsize_t) { return 0; }
toff_t seek_memory(thandle_t handle, toff_t offset, int from) {
  Memory& memory = *static_cast<Memory*>(handle);
  const std::uint64_t start = from == SEEK_SET ? 0 : from == SEEK_CUR ? memory.at : memory.bytes.size();
  return memory.at = start + offset;
}
int close_memory(thandle_t) { return 0; }
toff_t size_of_memory(thandle_t handle) { return static_cast<Memory*>(handle)->bytes.size(); }

}  // namespace

EmbeddedImage decode_image(std::span<const std::byte> tiff) {
  // libtiff would print what it thinks of a file; what matters of it becomes an Error here.
  static const bool silent = [] {
    TIFFSetErrorHandler(nullptr);
    TIFFSetWarningHandler(nullptr);
    return true;
  }();
  (void)silent;
  Memory memory{tiff};
  const std::unique_ptr<TIFF, decltype(&TIFFClose)> file(
      TIFFClientOpen("embedded image", "rm", &memory, read_memory, refuse_write, seek_memory, close_memory,
                     size_of_memory, nullptr, nullptr),
      TIFFClose);
  if (file == nullptr) throw Error(ErrorKind::bad_data, "an embedded image is no TIFF or damaged");

  std::uint32_t width = 0, height = 0;
  std::uint16_t bits = 1, samples = 1, format = SAMPLEFORMAT_UINT, planes = PLANARCONFIG_CONTIG;
  TIFFGetField(file.get(), TIFFTAG_IMAGEWIDTH, &width);
  TIFFGetField(file.get(), TIFFTAG_IMAGELENGTH, &height);
  TIFFGetFieldDefaulted(file.get(), TIFFTAG_BITSPERSAMPLE, &bits);
  TIFFGetFieldDefaulted(file.get(), TIFFTAG_SAMPLESPERPIXEL, &samples);
  TIFFGetFieldDefaulted(file.get(), TIFFTAG_SAMPLEFORMAT, &format);
  TIFFGetFieldDefaulted(file.get(), TIFFTAG_PLANARCONFIG, &planes);
  if ((bits != 8 && bits != 16) || format != SAMPLEFORMAT_UINT || TIFFIsTiled(file.get()) ||
      (samples > 1 && planes != PLANARCONFIG_CONTIG)) {
    throw Error(ErrorKind::unsupported, "an embedded TIFF image of " + std::to_string(samples) + " samples of " +
                                            std::to_string(bits) +
                                            " bits that is tiled, in planes or no unsigned "
                                            "integer; strips of 8 or 16 bits are supported");
  }
  EmbeddedImage image;
  image.height = height;
  image.width = width;
  image.samples = samples;
  image.dtype = bits == 8 ? DType::uint8 : DType::uint16;
  const std::int64_t pixels = image.height * image.width;
  // No compression of TIFF's makes more than some thousand bytes of one.
  if (height == 0 || width == 0 || samples == 0 || samples > 4 || image.height > most_pixels / image.width ||
      pixels > 4096 * static_cast<std::int64_t>(tiff.size())) {
    throw Error(ErrorKind::bad_data, "an embedded image of " + std::to_string(height) + " rows, " +
                                         std::to_string(width) + " columns and " + std::to_string(samples) +
                                         " samples in " + std::to_string(tiff.size()) + " bytes");
  }
  const auto row = static_cast<std::size_t>(image.width * image.samples * (bits / 8));
  if (TIFFScanlineSize(file.get()) != static_cast<tmsize_t>(row)) {
    throw Error(ErrorKind::bad_data, "the rows of an embedded image have " +
                                         std::to_string(TIFFScanlineSize(file.get())) + " bytes instead of " +
                                         std::to_string(row));
  }
  image.pixels.resize(row * height);
  for (std::uint32_t y = 0; y < height; ++y) {
    if (TIFFReadScanline(file.get(), image.pixels.data() + y * row, y, 0) != 1) {
      throw Error(ErrorKind::bad_data, "row " + std::to_string(y) + " of an embedded image cannot be decoded");
    }
  }
  std::uint32_t length = 0;
  const void* text = nullptr;
  if (TIFFGetField(file.get(), phenom_tag, &length, &text) == 1 && text != nullptr && length <= longest_description) {
    image.description.assign(static_cast<const char*>(text), length);
    image.description.erase(std::min(image.description.find('\0'), image.description.size()));
  }
  return image;
}

}  // namespace ruska::io::phenom
