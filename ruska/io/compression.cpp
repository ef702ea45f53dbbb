// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/compression.hpp"

#include <blosc.h>
#include <lz4.h>
#include <zlib.h>
#include <zstd.h>

#include "ruska/base/error.hpp"

namespace ruska::io::codec {

void damaged(const std::string& filter, const std::string& why) {
  throw Error(ErrorKind::bad_data, "a chunk compressed with " + filter + " is damaged: " + why);
}

std::string of(std::size_t got, std::size_t wanted) {
  return std::to_string(got) + " of " + std::to_string(wanted) + " bytes";
}

void decode_deflate(Bytes in, std::span<std::byte> out) {
  uLongf got = static_cast<uLongf>(out.size());
  const int status = uncompress(reinterpret_cast<Bytef*>(out.data()), &got, reinterpret_cast<const Bytef*>(in.data()),
                                static_cast<uLong>(in.size()));
  if (status != Z_OK || got != out.size()) {
    damaged("deflate", "zlib status " + std::to_string(status) + ", " + of(got, out.size()));
  }
}

void decode_gzip(Bytes in, std::span<std::byte> out) {
  if (in.size() > UINT32_MAX || out.size() > UINT32_MAX) damaged("gzip", "it is too large");
  z_stream stream{};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  constexpr int gzip_alone = 16;
  if (inflateInit2(&stream, MAX_WBITS + gzip_alone) != Z_OK)
    throw Error(ErrorKind::out_of_memory, "zlib has no memory");
  const int status = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  if (status != Z_STREAM_END || stream.avail_out != 0) {
    damaged("gzip", "zlib status " + std::to_string(status) + ", " + of(out.size() - stream.avail_out, out.size()));
  }
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

}  // namespace ruska::io::codec
