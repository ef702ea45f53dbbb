// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/compression.hpp"

#include <memory>

#include <blosc.h>
#include <libdeflate.h>
#include <lz4.h>
#include <zstd.h>

#include "ruska/base/error.hpp"

namespace ruska::io::codec {

void damaged(const std::string& filter, const std::string& why) {
  throw Error(ErrorKind::bad_data, "a chunk compressed with " + filter + " is damaged: " + why);
}

std::string of(std::size_t got, std::size_t wanted) {
  return std::to_string(got) + " of " + std::to_string(wanted) + " bytes";
}

namespace {

/// One per thread: it is not to be shared, and making it costs as much as inflating a few kilobytes.
libdeflate_decompressor* decompressor() {
  struct Free {
    void operator()(libdeflate_decompressor* one) const { libdeflate_free_decompressor(one); }
  };
  thread_local const std::unique_ptr<libdeflate_decompressor, Free> own(libdeflate_alloc_decompressor());
  if (own == nullptr) throw Error(ErrorKind::out_of_memory, "no memory to inflate");
  return own.get();
}

void check(libdeflate_result result, std::size_t got, std::size_t wanted, const char* filter) {
  if (result == LIBDEFLATE_BAD_DATA) damaged(filter, "its bits or its checksum are wrong, or it is cut short");
  if (result == LIBDEFLATE_INSUFFICIENT_SPACE)
    damaged(filter, "it holds more than " + std::to_string(wanted) + " bytes");
  if (result != LIBDEFLATE_SUCCESS || got != wanted) damaged(filter, of(got, wanted));
}

}  // namespace

void decode_deflate(Bytes in, std::span<std::byte> out) {
  std::size_t got = 0;
  const libdeflate_result result =
      libdeflate_zlib_decompress(decompressor(), in.data(), in.size(), out.data(), out.size(), &got);
  check(result, got, out.size(), "deflate");
}

void decode_gzip(Bytes in, std::span<std::byte> out) {
  std::size_t got = 0;
  const libdeflate_result result =
      libdeflate_gzip_decompress(decompressor(), in.data(), in.size(), out.data(), out.size(), &got);
  check(result, got, out.size(), "gzip");
}

void decode_lz4_block(Bytes in, std::span<std::byte> out, const char* filter) {
  if (in.size() > LZ4_MAX_INPUT_SIZE || out.size() > LZ4_MAX_INPUT_SIZE) damaged(filter, "a block is too large");
  const int got = LZ4_decompress_safe(reinterpret_cast<const char*>(in.data()), reinterpret_cast<char*>(out.data()),
                                      static_cast<int>(in.size()), static_cast<int>(out.size()));
  if (got < 0 || static_cast<std::size_t>(got) != out.size()) damaged(filter, "a block does not decode");
}

void decode_zstandard(Bytes in, std::span<std::byte> out, const char* filter) {
  const std::size_t got = ZSTD_decompress(out.data(), out.size(), in.data(), in.size());
  if (ZSTD_isError(got)) damaged(filter, ZSTD_getErrorName(got));
  if (got != out.size()) damaged(filter, of(got, out.size()));
}

void decode_blosc(Bytes in, std::span<std::byte> out) {
  std::size_t claimed = 0;
  if (in.size() < BLOSC_MIN_HEADER_LENGTH || blosc_cbuffer_validate(in.data(), in.size(), &claimed) != 0 ||
      claimed != out.size()) {
    damaged("Blosc", "its header does not fit " + std::to_string(out.size()) + " bytes");
  }
  const int got = blosc_decompress_ctx(in.data(), out.data(), out.size(), 1);
  if (got < 0 || static_cast<std::size_t>(got) != out.size()) damaged("Blosc", "status " + std::to_string(got));
}

std::vector<std::byte> encode_deflate(Bytes in, int level) {
  struct Free {
    void operator()(libdeflate_compressor* one) const { libdeflate_free_compressor(one); }
  };
  thread_local std::unique_ptr<libdeflate_compressor, Free> own;
  thread_local int level_of_own = 0;
  if (own == nullptr || level_of_own != level) {
    own.reset(libdeflate_alloc_compressor(level));
    level_of_own = level;
  }
  if (own == nullptr) throw Error(ErrorKind::out_of_memory, "no memory to compress");
  std::vector<std::byte> out(libdeflate_zlib_compress_bound(own.get(), in.size()));
  out.resize(libdeflate_zlib_compress(own.get(), in.data(), in.size(), out.data(), out.size()));
  return out;
}

}  // namespace ruska::io::codec
