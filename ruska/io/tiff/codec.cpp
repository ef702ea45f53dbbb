// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/tiff/codec.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include <tiffio.h>

#include "ruska/base/error.hpp"

namespace ruska::io::tiff {

namespace {

/// The most that libtiff may take at once; a chunk above it is refused before.
constexpr tmsize_t largest_allocation = tmsize_t{1} << 30;

}  // namespace

struct Codec::State {
  std::shared_ptr<const RandomAccessFile> file;
  std::int64_t position = 0;
  std::int64_t directory = -1;
  std::string message;
  TIFF* handle = nullptr;

  [[noreturn]] void fail(std::int64_t place, const std::string& doing) const {
    throw Error(ErrorKind::bad_data,
                doing + " at byte " + std::to_string(place) + " failed" + (message.empty() ? "" : ": " + message));
  }

  static State& of(thandle_t data) { return *static_cast<State*>(data); }

  // libtiff is C: nothing may be thrown through it.
  static tmsize_t read(thandle_t data, void* out, tmsize_t size) {
    State& state = of(data);
    const std::int64_t left = std::max<std::int64_t>(0, state.file->size() - state.position);
    const auto wanted = std::min<std::int64_t>(size, left);
    try {
      state.file->read(state.position, {static_cast<std::byte*>(out), static_cast<std::size_t>(wanted)});
    } catch (const std::exception&) {
      return 0;
    }
    state.position += wanted;
    return wanted;
  }
  static tmsize_t refuse_write(thandle_t, void*, tmsize_t) { return 0; }
  static toff_t seek(thandle_t data, toff_t offset, int from) {
    State& state = of(data);
    const auto base = static_cast<toff_t>(from == SEEK_CUR   ? state.position
                                          : from == SEEK_END ? state.file->size()
                                                             : 0);
    const toff_t target = base + offset;
    if (target > static_cast<toff_t>(INT64_MAX)) return static_cast<toff_t>(-1);
    state.position = static_cast<std::int64_t>(target);
    return target;
  }
  static int close(thandle_t) { return 0; }
  static toff_t size(thandle_t data) { return static_cast<toff_t>(of(data).file->size()); }
  static int note(TIFF*, void* data, const char*, const char* format, va_list arguments) {
    char text[200];
    std::vsnprintf(text, sizeof(text), format, arguments);
    try {
      of(data).message = text;
    } catch (const std::exception&) {
    }
    return 1;
  }
  static int ignore(TIFF*, void*, const char*, const char*, va_list) { return 1; }

  void open() {
    const std::unique_ptr<TIFFOpenOptions, decltype(&TIFFOpenOptionsFree)> options(TIFFOpenOptionsAlloc(),
                                                                                   TIFFOpenOptionsFree);
    if (!options) throw std::bad_alloc();
    TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), largest_allocation);
    TIFFOpenOptionsSetErrorHandlerExtR(options.get(), note, this);
    TIFFOpenOptionsSetWarningHandlerExtR(options.get(), ignore, this);
    // "h": no directory is read before one is asked for; "m": no memory mapping.
    handle = TIFFClientOpenExt("", "rhm", this, read, refuse_write, seek, close, size, nullptr, nullptr, options.get());
    if (handle == nullptr) fail(0, "reading the TIFF header");
  }
};

Codec::Codec(std::shared_ptr<const RandomAccessFile> file) : state_(std::make_unique<State>()) {
  state_->file = std::move(file);
}

Codec::~Codec() {
  if (state_->handle != nullptr) TIFFClose(state_->handle);
}

bool can_decode(std::uint64_t compression) {
  constexpr std::uint64_t known[] = {COMPRESSION_LZW,      COMPRESSION_ADOBE_DEFLATE, COMPRESSION_DEFLATE,
                                     COMPRESSION_PACKBITS, COMPRESSION_JPEG,          COMPRESSION_LZMA,
                                     COMPRESSION_ZSTD};
  return std::find(std::begin(known), std::end(known), compression) != std::end(known) &&
         TIFFIsCODECConfigured(static_cast<std::uint16_t>(compression)) != 0;
}

void Codec::decode(const Layout& layout, const Page& page, std::int64_t chunk, std::span<std::byte> out) {
  State& state = *state_;
  if (state.handle == nullptr) state.open();
  state.message.clear();
  if (state.directory != page.directory) {
    state.directory = -1;
    if (TIFFSetSubDirectory(state.handle, static_cast<std::uint64_t>(page.directory)) == 0) {
      state.fail(page.directory, "reading the TIFF directory");
    }
    state.directory = page.directory;
    if (layout.compression == COMPRESSION_JPEG && layout.colour) {
      TIFFSetField(state.handle, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    }
  }
  const auto size = static_cast<tmsize_t>(out.size());
  const auto number = static_cast<std::uint32_t>(chunk);
  const std::int64_t place = page.chunks[static_cast<std::size_t>(chunk)].offset;
  const tmsize_t whole = layout.tiled ? TIFFTileSize(state.handle) : TIFFStripSize(state.handle);
  if (whole != layout.chunk_row_bytes() * layout.chunk_height) state.fail(place, "matching the TIFF chunk's size");
  const tmsize_t got = layout.tiled ? TIFFReadEncodedTile(state.handle, number, out.data(), size)
                                    : TIFFReadEncodedStrip(state.handle, number, out.data(), size);
  if (got != size) state.fail(place, layout.tiled ? "decoding the TIFF tile" : "decoding the TIFF strip");
}

}  // namespace ruska::io::tiff
