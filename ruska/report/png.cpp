// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/report/png.hpp"

#include <cmath>
#include <memory>
#include <vector>

#include <cairo.h>
#include <librsvg/rsvg.h>
#include <png.h>

#include "ruska/base/error.hpp"

namespace ruska::report {
namespace {

struct Writer {
  png_structp png = nullptr;
  png_infop info = nullptr;
  ~Writer() { png_destroy_write_struct(&png, &info); }
};

void append(png_structp png, png_bytep bytes, png_size_t size) {
  static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<const char*>(bytes), size);
}

[[noreturn]] void fail(png_structp, png_const_charp message) {
  throw Error(ErrorKind::io, std::string("libpng: ") + message);
}

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

}  // namespace

std::string encode_png(std::int64_t width, std::int64_t height, std::span<const std::uint8_t> rgba) {
  if (width < 1 || height < 1 ||
      rgba.size() != static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 4) {
    throw Error(ErrorKind::internal, "a picture of " + std::to_string(width) + " × " + std::to_string(height) +
                                         " pixels was given " + std::to_string(rgba.size()) + " bytes");
  }
  std::string out;
  Writer writer;
  writer.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, fail, nullptr);
  writer.info = writer.png ? png_create_info_struct(writer.png) : nullptr;
  if (!writer.info) throw Error(ErrorKind::out_of_memory, "no memory to write a PNG");
  png_set_write_fn(writer.png, &out, append, nullptr);
  png_set_IHDR(writer.png, writer.info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height), 8,
               PNG_COLOR_TYPE_RGBA, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(writer.png, writer.info);
  for (std::int64_t row = 0; row < height; ++row) {
    png_write_row(writer.png, const_cast<png_bytep>(rgba.data() + row * width * 4));
  }
  png_write_end(writer.png, writer.info);
  return out;
}

std::vector<std::uint8_t> enlarge(std::int64_t width, std::int64_t height, std::span<const std::uint8_t> rgba,
                                  std::int64_t factor) {
  std::vector<std::uint8_t> out;
  out.reserve(rgba.size() * static_cast<std::size_t>(factor * factor));
  for (std::int64_t y = 0; y < height * factor; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      const std::uint8_t* pixel = rgba.data() + (y / factor * width + x) * 4;
      for (std::int64_t k = 0; k < factor; ++k) out.insert(out.end(), pixel, pixel + 4);
    }
  }
  return out;
}

std::string rasterise(std::string_view svg, double zoom) {
  GError* error = nullptr;
  const std::unique_ptr<RsvgHandle, Deleter<g_object_unref>> handle(
      rsvg_handle_new_from_data(reinterpret_cast<const guint8*>(svg.data()), svg.size(), &error));
  if (!handle) {
    const std::string why = error ? error->message : "unknown";
    g_clear_error(&error);
    throw Error(ErrorKind::internal, "librsvg refuses the figure: " + why);
  }
  gdouble width = 0, height = 0;
  if (!rsvg_handle_get_intrinsic_size_in_pixels(handle.get(), &width, &height) || !(width > 0) || !(height > 0)) {
    throw Error(ErrorKind::internal, "a figure without a size");
  }
  const int columns = static_cast<int>(std::ceil(width * zoom)), rows = static_cast<int>(std::ceil(height * zoom));
  const std::unique_ptr<cairo_surface_t, Deleter<cairo_surface_destroy>> surface(
      cairo_image_surface_create(CAIRO_FORMAT_RGB24, columns, rows));
  if (cairo_surface_status(surface.get()) != CAIRO_STATUS_SUCCESS) {
    throw Error(ErrorKind::out_of_memory,
                "no memory for a picture of " + std::to_string(columns) + " × " + std::to_string(rows) + " pixels");
  }
  {
    const std::unique_ptr<cairo_t, Deleter<cairo_destroy>> cairo(cairo_create(surface.get()));
    cairo_set_source_rgb(cairo.get(), 1, 1, 1);
    cairo_paint(cairo.get());
    const RsvgRectangle viewport{0, 0, width * zoom, height * zoom};
    if (!rsvg_handle_render_document(handle.get(), cairo.get(), &viewport, &error)) {
      const std::string why = error ? error->message : "unknown";
      g_clear_error(&error);
      throw Error(ErrorKind::internal, "librsvg cannot draw the figure: " + why);
    }
  }
  cairo_surface_flush(surface.get());
  const unsigned char* bytes = cairo_image_surface_get_data(surface.get());
  const int stride = cairo_image_surface_get_stride(surface.get());
  std::vector<std::uint8_t> rgba(static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows) * 4);
  for (int y = 0; y < rows; ++y) {
    const auto* row = reinterpret_cast<const std::uint32_t*>(bytes + static_cast<std::ptrdiff_t>(y) * stride);
    std::uint8_t* out = rgba.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(columns) * 4;
    for (int x = 0; x < columns; ++x, out += 4) {
      out[0] = static_cast<std::uint8_t>(row[x] >> 16);
      out[1] = static_cast<std::uint8_t>(row[x] >> 8);
      out[2] = static_cast<std::uint8_t>(row[x]);
      out[3] = 255;
    }
  }
  return encode_png(columns, rows, rgba);
}

}  // namespace ruska::report
