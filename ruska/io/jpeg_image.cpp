// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// libjpeg reports errors by longjmp, so the functions that it can leave hold no object with a destructor. Its warnings
// of damaged data are errors here: the pixels after them are made up.
#include "ruska/io/jpeg_image.hpp"

#include <algorithm>
#include <csetjmp>
#include <cstdio>

#include <jerror.h>
#include <jpeglib.h>

#include "ruska/base/error.hpp"
#include "ruska/io/decoded_image.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

/// No encoder needs more passes over the picture; each pass of a hostile file costs as much as all its pixels.
constexpr int most_scans = 500;

/// A libjpeg decompressor that is freed when dropped, reading from a file.
class Reader {
 public:
  Reader(const RandomAccessFile& file, std::int64_t begin, std::int64_t size)
      : file_(file), position_(begin), end_(begin + size) {
    jpeg_.err = jpeg_std_error(&errors_);
    errors_.error_exit = fail;
    errors_.emit_message = warn;
    errors_.output_message = [](j_common_ptr) {};
    jpeg_.client_data = this;
    if (!create(*this)) refuse();
    source_.init_source = [](j_decompress_ptr) {};
    source_.fill_input_buffer = fill;
    source_.skip_input_data = skip;
    source_.resync_to_restart = jpeg_resync_to_restart;
    source_.term_source = [](j_decompress_ptr) {};
    jpeg_.src = &source_;
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() { jpeg_destroy_decompress(&jpeg_); }

  void header() {
    if (!read_header(*this)) refuse();
  }
  /// Fills `out`, which has the size that the header states.
  void pixels(JSAMPROW out, std::size_t row_bytes) {
    if (!read_pixels(*this, out, row_bytes)) refuse();
  }
  const jpeg_decompress_struct& jpeg() const { return jpeg_; }

 private:
  static Reader& of(j_common_ptr jpeg) { return *static_cast<Reader*>(jpeg->client_data); }

  [[noreturn]] void refuse() const {
    throw Error(ErrorKind::bad_data, "the JPEG image is damaged or cut short before byte " + std::to_string(position_) +
                                         " (" + message_ + ")");
  }

  static bool create(Reader& reader) {
    if (setjmp(reader.jump_) != 0) return false;
    jpeg_create_decompress(&reader.jpeg_);
    reader.jpeg_.client_data = &reader;
    return true;
  }
  static bool read_header(Reader& reader) {
    if (setjmp(reader.jump_) != 0) return false;
    jpeg_save_markers(&reader.jpeg_, JPEG_COM, 0xffff);
    jpeg_read_header(&reader.jpeg_, TRUE);
    return true;
  }
  static bool read_pixels(Reader& reader, JSAMPROW out, std::size_t row_bytes) {
    if (setjmp(reader.jump_) != 0) return false;
    reader.progress_.progress_monitor = limit_scans;
    reader.jpeg_.progress = &reader.progress_;
    jpeg_start_decompress(&reader.jpeg_);
    while (reader.jpeg_.output_scanline < reader.jpeg_.output_height) {
      JSAMPROW row = out + reader.jpeg_.output_scanline * row_bytes;
      jpeg_read_scanlines(&reader.jpeg_, &row, 1);
    }
    return true;
  }

  static void note(j_common_ptr jpeg) {
    char text[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, text);
    std::snprintf(of(jpeg).message_, sizeof(of(jpeg).message_), "%.150s", text);
  }
  [[noreturn]] static void fail(j_common_ptr jpeg) {
    note(jpeg);
    std::longjmp(of(jpeg).jump_, 1);
  }
  static void warn(j_common_ptr jpeg, int level) {
    const bool harmless = jpeg->err->msg_code == JWRN_EXTRANEOUS_DATA || jpeg->err->msg_code == JWRN_ADOBE_XFORM ||
                          jpeg->err->msg_code == JWRN_JFIF_MAJOR;
    if (level < 0 && !harmless) fail(jpeg);
  }
  static void limit_scans(j_common_ptr jpeg) {
    if (reinterpret_cast<j_decompress_ptr>(jpeg)->input_scan_number <= most_scans) return;
    std::snprintf(of(jpeg).message_, sizeof(of(jpeg).message_), "more than %d scans", most_scans);
    std::longjmp(of(jpeg).jump_, 1);
  }
  static boolean fill(j_decompress_ptr jpeg) {
    Reader& reader = of(reinterpret_cast<j_common_ptr>(jpeg));
    if (!reader.next_bytes()) ERREXIT(jpeg, JERR_INPUT_EOF);
    return TRUE;
  }
  bool next_bytes() {
    const std::int64_t left = end_ - position_;
    const auto wanted = static_cast<std::size_t>(std::min<std::int64_t>(left, sizeof(buffer_)));
    if (left <= 0) return false;
    try {
      file_.read(position_, {buffer_, wanted});
    } catch (const std::exception&) {
      return false;
    }
    position_ += static_cast<std::int64_t>(wanted);
    source_.next_input_byte = reinterpret_cast<const JOCTET*>(buffer_);
    source_.bytes_in_buffer = wanted;
    return true;
  }
  static void skip(j_decompress_ptr jpeg, long count) {
    Reader& reader = of(reinterpret_cast<j_common_ptr>(jpeg));
    if (count <= 0) return;
    const auto wanted = static_cast<std::size_t>(count);
    const auto here = static_cast<long>(std::min<std::size_t>(reader.source_.bytes_in_buffer, wanted));
    reader.source_.next_input_byte += here;
    reader.source_.bytes_in_buffer -= static_cast<std::size_t>(here);
    reader.position_ += count - here;
  }

  const RandomAccessFile& file_;
  jpeg_decompress_struct jpeg_{};
  jpeg_error_mgr errors_{};
  jpeg_source_mgr source_{};
  jpeg_progress_mgr progress_{};
  std::jmp_buf jump_{};
  std::int64_t position_, end_;
  char message_[160] = "";
  std::byte buffer_[4096];
};

}  // namespace

std::shared_ptr<const Source> jpeg_image(std::shared_ptr<const RandomAccessFile> file, std::int64_t begin,
                                         std::int64_t size) {
  if (begin < 0 || size < 0 || begin > file->size() || size > file->size() - begin) {
    throw Error(ErrorKind::bad_data, "a JPEG image of " + std::to_string(size) + " bytes at byte " +
                                         std::to_string(begin) + " in a file of " + std::to_string(file->size()));
  }
  Reader reader(*file, begin, size);
  reader.header();
  const jpeg_decompress_struct& jpeg = reader.jpeg();
  const int samples = jpeg.out_color_space == JCS_GRAYSCALE ? 1 : jpeg.out_color_space == JCS_RGB ? 3 : 0;
  if (samples == 0) {
    throw Error(ErrorKind::unsupported, "a JPEG image of " + std::to_string(jpeg.num_components) +
                                            " components that are neither grey values nor YCbCr or RGB colours");
  }
  Description description;
  description.dtype = DType::uint8;
  set_image_axes(description, jpeg.image_height, jpeg.image_width, samples);
  Json comments = Json::array();
  for (const jpeg_marker_struct* marker = jpeg.marker_list; marker != nullptr; marker = marker->next) {
    comments.push_back(to_utf8({reinterpret_cast<const char*>(marker->data), marker->data_length}));
  }
  if (!comments.empty()) description.original["comments"] = std::move(comments);
  const auto bytes = static_cast<std::size_t>(description.bytes());
  const std::size_t row_bytes = jpeg.image_width * static_cast<std::size_t>(samples);
  const auto decode = [file, begin, size, bytes, row_bytes] {
    std::vector<std::byte> values(bytes);
    Reader again(*file, begin, size);
    again.header();
    again.pixels(reinterpret_cast<JSAMPROW>(values.data()), row_bytes);
    return values;
  };
  return decoded_image(std::move(description), size, decode);
}

}  // namespace ruska::io
