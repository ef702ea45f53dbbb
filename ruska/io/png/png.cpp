// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// PNG images (ISO/IEC 15948) through libpng. Grey values keep their stored range, palettes become colours. libpng
// reports errors by longjmp, so the functions that it can leave hold no object with a destructor.
#include <algorithm>
#include <bit>
#include <csetjmp>
#include <cstdio>

#include <png.h>

#include "ruska/core/driver.hpp"
#include "ruska/io/decoded_image.hpp"
#include "ruska/io/random_access_file.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

constexpr std::size_t signature_size = 8;
constexpr std::int64_t best_deflate_ratio = 1032;

/// What libpng's callbacks see.
struct Stream {
  const RandomAccessFile* file = nullptr;
  std::int64_t position = 0;
  std::int64_t stored_row_bytes = 0;  ///< of a line before deflate, as the header has it
  char message[160] = "";
};

/// A libpng reader that is freed with its info.
class Reader {
 public:
  explicit Reader(const RandomAccessFile& file) {
    stream_.file = &file;
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &stream_, fail, ignore);
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
    if (info_ == nullptr) {
      png_destroy_read_struct(&png_, nullptr, nullptr);
      throw std::bad_alloc();
    }
    // Texts unpack a thousandfold, so that many of them could fill the memory.
    png_set_chunk_cache_max(png_, 64);
    png_set_chunk_malloc_max(png_, png_alloc_size_t{4} << 20);
    png_set_read_fn(png_, &stream_, read);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() { png_destroy_read_struct(&png_, &info_, nullptr); }

  png_structp png() { return png_; }
  png_infop info() { return info_; }
  std::int64_t stored_row_bytes() const { return stream_.stored_row_bytes; }

  /// The chunks before the pixels, and what is to be done with the pixels.
  void header() {
    if (!read_header(png_, info_)) refuse();
  }
  void rows(png_bytepp rows) {
    if (!read_rows(png_, rows)) refuse();
  }

 private:
  [[noreturn]] void refuse() const {
    throw Error(ErrorKind::bad_data, "the PNG image is damaged or cut short before byte " +
                                         std::to_string(stream_.position) + " (" + stream_.message + ")");
  }

  static bool read_header(png_structp png, png_infop info) {
    if (setjmp(png_jmpbuf(png)) != 0) return false;
    png_read_info(png, info);
    static_cast<Stream*>(png_get_io_ptr(png))->stored_row_bytes =
        static_cast<std::int64_t>(png_get_rowbytes(png, info));
    const int colour = png_get_color_type(png, info);
    if (colour == PNG_COLOR_TYPE_PALETTE) {
      png_set_palette_to_rgb(png);
      if (png_get_valid(png, info, PNG_INFO_tRNS) != 0) png_set_tRNS_to_alpha(png);
    } else {
      png_set_packing(png);
    }
    if (png_get_bit_depth(png, info) == 16 && std::endian::native == std::endian::little) png_set_swap(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    return true;
  }
  static bool read_rows(png_structp png, png_bytepp rows) {
    if (setjmp(png_jmpbuf(png)) != 0) return false;
    png_read_image(png, rows);
    return true;
  }

  static void fail(png_structp png, png_const_charp message) {
    Stream& stream = *static_cast<Stream*>(png_get_error_ptr(png));
    std::snprintf(stream.message, sizeof(stream.message), "%.150s", message);
    png_longjmp(png, 1);
  }
  static void ignore(png_structp, png_const_charp) {}
  static void read(png_structp png, png_bytep out, size_t size) {
    Stream& stream = *static_cast<Stream*>(png_get_io_ptr(png));
    if (!fill(stream, out, size)) png_error(png, "no more bytes");
  }
  static bool fill(Stream& stream, png_bytep out, size_t size) {
    try {
      stream.file->read(stream.position, {reinterpret_cast<std::byte*>(out), size});
      stream.position += static_cast<std::int64_t>(size);
      return true;
    } catch (const std::exception&) {
      return false;
    }
  }

  Stream stream_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

Json original_of(Reader& reader) {
  Json original = Json::object();
  png_uint_32 across = 0, down = 0;
  int unit = 0;
  if (png_get_pHYs(reader.png(), reader.info(), &across, &down, &unit) != 0) {
    original["pHYs"] = Json{{"x", across}, {"y", down}, {"unit", unit == PNG_RESOLUTION_METER ? "metre" : "unknown"}};
  }
  png_timep time = nullptr;
  if (png_get_tIME(reader.png(), reader.info(), &time) != 0) {
    original["tIME"] = Json{time->year, time->month, time->day, time->hour, time->minute, time->second};
  }
  png_textp texts = nullptr;
  const int count = png_get_text(reader.png(), reader.info(), &texts, nullptr);
  Json lines = Json::array();
  for (int i = 0; i < count; ++i) {
    lines.push_back(Json{to_utf8(texts[i].key), to_utf8(texts[i].text == nullptr ? "" : texts[i].text)});
  }
  if (count > 0) original["text"] = std::move(lines);
  return original;
}

Confidence probe(const Probe& file) {
  const bool match = file.head.size() >= signature_size &&
                     png_sig_cmp(reinterpret_cast<png_const_bytep>(file.head.data()), 0, signature_size) == 0;
  if (match) return Confidence::content;
  return extension_of(file.path) == "png" ? Confidence::extension : Confidence::none;
}

/// Throws bad_data where a chunk before the pixels is longer than the file: libpng takes and fills the memory for what
/// a chunk claims before it reads it.
void check_chunks(const RandomAccessFile& file) {
  constexpr std::int64_t around = 12;  // length, type and checksum
  for (std::int64_t at = signature_size; file.size() - at >= around;) {
    const std::vector<std::byte> head = file.read(at, 8);
    std::int64_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) length = length << 8 | std::to_integer<std::int64_t>(head[i]);
    const std::string type(reinterpret_cast<const char*>(head.data()) + 4, 4);
    if (type == "IDAT" || type == "IEND") return;
    if (length > file.size() - at - around) {
      throw Error(ErrorKind::bad_data, "the chunk '" + to_utf8(type) + "' at byte " + std::to_string(at) + " claims " +
                                           std::to_string(length) + " bytes, but the file ends " +
                                           std::to_string(file.size() - at) +
                                           " bytes further on; it is cut short or damaged");
    }
    at += length + around;
  }
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const auto file = std::make_shared<const RandomAccessFile>(path);
  const std::vector<std::byte> start = file->read(0, signature_size);
  if (png_sig_cmp(reinterpret_cast<png_const_bytep>(start.data()), 0, signature_size) != 0) {
    throw Error(ErrorKind::bad_data, path.filename().string() + " does not start with the mark of a PNG image");
  }
  check_chunks(*file);
  Reader reader(*file);
  reader.header();
  const std::int64_t height = png_get_image_height(reader.png(), reader.info());
  if (reader.stored_row_bytes() > best_deflate_ratio * file->size() / std::max<std::int64_t>(height, 1)) {
    throw Error(ErrorKind::bad_data, path.filename().string() + " claims " + std::to_string(height) + " lines of " +
                                         std::to_string(reader.stored_row_bytes()) + " bytes, which cannot come from " +
                                         std::to_string(file->size()) + " bytes");
  }
  Description description;
  description.dtype = png_get_bit_depth(reader.png(), reader.info()) == 16 ? DType::uint16 : DType::uint8;
  set_image_axes(description, height, png_get_image_width(reader.png(), reader.info()),
                 png_get_channels(reader.png(), reader.info()));
  description.original = original_of(reader);
  const auto bytes = static_cast<std::size_t>(description.bytes());
  const std::int64_t row_bytes = description.bytes() / description.axes[0].size;
  if (static_cast<std::int64_t>(png_get_rowbytes(reader.png(), reader.info())) != row_bytes) {
    throw Error(ErrorKind::unsupported, "a PNG image whose lines have " +
                                            std::to_string(png_get_rowbytes(reader.png(), reader.info())) +
                                            " bytes where " + std::to_string(row_bytes) + " are expected");
  }
  const auto decode = [file, bytes, row_bytes] {
    std::vector<std::byte> values(bytes);
    std::vector<png_bytep> rows;
    for (std::size_t at = 0; at < bytes; at += static_cast<std::size_t>(row_bytes)) {
      rows.push_back(reinterpret_cast<png_bytep>(values.data() + at));
    }
    Reader again(*file);
    again.header();
    again.rows(rows.data());
    return values;
  };
  return {decoded_image(std::move(description), file->size(), decode)};
}

}  // namespace

const Driver& png_driver() {
  static const Driver driver{"png", "PNG image", {"png"}, probe, open, nullptr};
  return driver;
}

}  // namespace ruska::io
