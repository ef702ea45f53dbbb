// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

/// Decoders of chunks of arrays. Each fills a buffer of known size and throws bad_data where the input ends early, is
/// longer or does not fit; `filter` names the compression in messages.
namespace ruska::io::codec {

using Bytes = std::span<const std::byte>;

[[noreturn]] void damaged(const std::string& filter, const std::string& why);
/// "3 of 4 bytes"
std::string of(std::size_t got, std::size_t wanted);

/// zlib's format (RFC 1950).
void decode_deflate(Bytes in, std::span<std::byte> out);
/// gzip's format (RFC 1952).
void decode_gzip(Bytes in, std::span<std::byte> out);
void decode_lz4_block(Bytes in, std::span<std::byte> out, const char* filter);
void decode_zstandard(Bytes in, std::span<std::byte> out, const char* filter);
void decode_blosc(Bytes in, std::span<std::byte> out);

/// zlib's format again, written at a level from 1 (fast) to 9.
std::vector<std::byte> encode_deflate(Bytes in, int level);

}  // namespace ruska::io::codec
