// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Filters by the numbers under which they are registered with The HDF Group. Every decoder fills a buffer of known size
// and fails where the input ends early, is longer or does not fit.
#include "ruska/io/hdf5/filters.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>

#include "ruska/base/error.hpp"
#include "ruska/io/compression.hpp"
#include "ruska/io/hdf5/bitshuffle.hpp"
#include "ruska/io/hdf5/checksum.hpp"
#include "ruska/io/hdf5/lzf.hpp"
#include "ruska/io/little_endian.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io::hdf5 {
namespace {

constexpr std::uint64_t deflate = 1, shuffle = 2, checksum = 3, lzf = 32000, blosc = 32001, lz4 = 32004,
                        bitshuffle = 32008, zstandard = 32015;

using namespace codec;

std::uint64_t big_endian(Bytes bytes, std::size_t width) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i) value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
  return value;
}

/// Big-endian: the decoded size (8), the block size (4), then blocks behind their sizes (4); a block as large as it
/// decodes to is stored as it is.
void decode_lz4(Bytes in, std::span<std::byte> out) {
  const char* name = "LZ4";
  if (in.size() < 12) damaged(name, "its header is cut short");
  if (big_endian(in, 8) != out.size()) damaged(name, "it claims " + of(big_endian(in, 8), out.size()));
  const std::size_t block = big_endian(in.subspan(8), 4);
  if (block == 0 && !out.empty()) damaged(name, "blocks of no bytes");
  in = in.subspan(12);
  while (!out.empty()) {
    if (in.size() < 4) damaged(name, "it is cut short");
    const std::size_t stored = big_endian(in, 4), decoded = std::min(block, out.size());
    in = in.subspan(4);
    if (stored > in.size()) damaged(name, "it is cut short");
    if (stored == decoded)
      std::copy_n(in.begin(), stored, out.begin());
    else
      decode_lz4_block(in.first(stored), out.first(decoded), name);
    in = in.subspan(stored);
    out = out.subspan(decoded);
  }
}

/// Blocks of a multiple of eight elements; the last up to seven elements follow as they are.
/// Values: version (2 numbers), bytes of an element, elements of a block or 0, 0 (plain), 2 (LZ4) or 3 (Zstandard).
void decode_bitshuffle(Bytes in, const std::vector<std::uint32_t>& values, std::span<std::byte> out) {
  const char* name = "bitshuffle";
  if (values.size() < 3 || values[2] == 0 || values[2] > out.size()) damaged(name, "no size of an element is given");
  const std::size_t item = values[2];
  std::size_t block = values.size() > 3 ? values[3] : 0;
  const std::uint32_t compression = values.size() > 4 ? values[4] : 0;
  if (compression != 0 && compression != 2 && compression != 3) {
    throw Error(ErrorKind::unsupported, "bitshuffle with compression " + std::to_string(compression) +
                                            "; plain, LZ4 and Zstandard are supported");
  }
  if (compression != 0) {
    if (in.size() < 12) damaged(name, "its header is cut short");
    if (big_endian(in, 8) != out.size()) damaged(name, "it claims " + of(big_endian(in, 8), out.size()));
    block = big_endian(in.subspan(8), 4) / item;
    in = in.subspan(12);
  }
  if (block == 0) block = std::max<std::size_t>(8192 / item / 8 * 8, 128);
  if (block % 8 != 0) damaged(name, "blocks of " + std::to_string(block) + " elements");
  // Of one block: the first is the longest.
  const std::size_t longest = std::min(block, out.size() / item) * item;
  const auto shuffled = std::make_unique_for_overwrite<std::byte[]>(compression != 0 ? longest : 0);
  std::size_t left = out.size() / item;
  while (left >= 8) {
    const std::size_t bytes = std::min(block, left / 8 * 8) * item;
    Bytes bits = in;
    if (compression != 0) {
      if (in.size() < 4) damaged(name, "it is cut short");
      const std::size_t stored = big_endian(in, 4);
      in = in.subspan(4);
      if (stored > in.size()) damaged(name, "it is cut short");
      const std::span<std::byte> decoded(shuffled.get(), bytes);
      if (compression == 2)
        decode_lz4_block(in.first(stored), decoded, name);
      else
        decode_zstandard(in.first(stored), decoded, name);
      in = in.subspan(stored);
      bits = decoded;
    } else {
      if (bytes > in.size()) damaged(name, "it is cut short");
      bits = in.first(bytes);
      in = in.subspan(bytes);
    }
    unshuffle_bits(bits, item, out.first(bytes));
    out = out.subspan(bytes);
    left -= bytes / item;
  }
  if (in.size() < out.size()) damaged(name, "it is cut short");
  std::copy_n(in.begin(), out.size(), out.begin());
}

Bytes checked(Bytes in) {
  const Bytes values = in.first(in.size() - 4);
  const auto stored = load<std::uint32_t>(in, values.size());
  const std::uint32_t found = fletcher32(values);
  // Early versions wrote the bytes of each half in the other order.
  const std::uint32_t swapped = (found & 0x00ff00ff) << 8 | (found & 0xff00ff00) >> 8;
  if (stored != found && stored != swapped) throw Error(ErrorKind::bad_data, "the checksum of a chunk is wrong");
  return values;
}

/// By how much a filter can shrink values at best.
std::uint64_t best_ratio(std::uint64_t id) {
  switch (id) {
    case deflate: return 1032;  // 258 bytes from two bits
    case lzf: return 88;        // 264 bytes from three
    case lz4: return 256;
    case shuffle:
    case checksum: return 1;
    default: return 65536;  // Zstandard stores a block of 128 KiB as four bytes
  }
}

}  // namespace

FilterPipeline::FilterPipeline(Cursor message) {
  const std::uint64_t version = message.number(1), count = message.number(1);
  if (version != 1 && version != 2) message.fail("a list of filters of version " + std::to_string(version));
  if (count > 32) message.fail(std::to_string(count) + " filters, where HDF5 allows 32");
  if (version == 1) message.skip(6);
  for (std::uint64_t i = 0; i < count; ++i) {
    Filter filter;
    filter.id = message.number(2);
    const bool named = version == 1 || filter.id >= 256;
    const std::uint64_t name_bytes = named ? message.number(2) : 0;
    message.skip(2);
    const std::uint64_t values = message.number(2);
    if (name_bytes > 0) {
      const auto name = message.take(version == 1 ? (name_bytes + 7) / 8 * 8 : name_bytes);
      filter.name = std::string(reinterpret_cast<const char*>(name.data()), name.size());
      filter.name = to_utf8(filter.name.substr(0, filter.name.find('\0')));
    }
    if (values > message.left() / 4) message.fail("a filter of " + std::to_string(values) + " values");
    for (std::uint64_t v = 0; v < values; ++v) filter.values.push_back(static_cast<std::uint32_t>(message.number(4)));
    if (version == 1 && values % 2 == 1) message.skip(4);
    filters_.push_back(std::move(filter));
  }
}

void FilterPipeline::check_supported() const {
  bool compressed = false;
  for (const Filter& filter : filters_) {
    const bool known = filter.id == deflate || filter.id == shuffle || filter.id == checksum || filter.id == lzf ||
                       filter.id == blosc || filter.id == lz4 || filter.id == bitshuffle || filter.id == zstandard;
    if (!known) {
      static constexpr const char* built_in[] = {"", "", "", "", "szip", "N-bit", "scale-offset"};
      const std::string name = filter.id < std::size(built_in) ? built_in[filter.id] : filter.name;
      throw Error(ErrorKind::unsupported,
                  "values filtered with " + (name.empty() ? "an unnamed filter" : "'" + name + "'") + " (number " +
                      std::to_string(filter.id) +
                      "); deflate, shuffle, Fletcher32, LZF, Blosc, LZ4, bitshuffle and Zstandard are supported");
    }
    if (filter.id == shuffle || filter.id == checksum) continue;
    if (compressed) throw Error(ErrorKind::unsupported, "values that are compressed twice are not supported");
    compressed = true;
  }
}

std::uint64_t FilterPipeline::fewest_stored(std::uint64_t bytes) const {
  std::uint64_t ratio = 1;
  for (const Filter& filter : filters_) ratio = std::max(ratio, best_ratio(filter.id));
  // Headers count for more than they hold, so a little less is still believed.
  return bytes / ratio - std::min<std::uint64_t>(bytes / ratio, 64);
}

void FilterPipeline::decode(std::vector<std::byte> stored, std::uint32_t skipped, std::span<std::byte> out) const {
  const auto applied = [&](std::size_t i) { return (skipped >> i & 1) == 0; };
  Bytes now = stored;
  std::unique_ptr<std::byte[]> other;
  // The last step writes to `out` itself.
  std::size_t last = filters_.size();
  for (std::size_t i = filters_.size(); i-- > 0;) {
    if (applied(i) && filters_[i].id != checksum) last = i;
  }
  for (std::size_t i = filters_.size(); i-- > 0;) {
    if (!applied(i)) continue;
    const Filter& filter = filters_[i];
    if (filter.id == checksum) {
      if (now.size() < 4) damaged("Fletcher32", "it is cut short");
      now = checked(now);
      continue;
    }
    // What the filters before made of the chunk: checksums lengthen it.
    std::size_t wanted = out.size();
    for (std::size_t before = 0; before < i; ++before) {
      if (applied(before) && filters_[before].id == checksum) wanted += 4;
    }
    // A compressor before a shuffle has made sizes that only the bytes themselves tell.
    const bool compressed_before =
        std::any_of(filters_.begin(), filters_.begin() + static_cast<std::ptrdiff_t>(i),
                    [](const Filter& one) { return one.id != shuffle && one.id != checksum; });
    if (compressed_before && filter.id == shuffle) wanted = now.size();
    std::unique_ptr<std::byte[]> made;
    std::span<std::byte> target = out;
    if (i != last || wanted != out.size()) {
      made = std::make_unique_for_overwrite<std::byte[]>(wanted);
      target = {made.get(), wanted};
    }
    switch (filter.id) {
      case deflate: decode_deflate(now, target); break;
      case shuffle: {
        if (now.size() != wanted) damaged("shuffle", of(now.size(), wanted));
        const std::size_t item = filter.values.empty() ? 0 : filter.values[0];
        if (item == 0) damaged("shuffle", "elements of no bytes");
        unshuffle_bytes(now, item, target);
        break;
      }
      case lzf:
        if (!decode_lzf(now, target)) damaged("LZF", "it does not decode to " + std::to_string(wanted) + " bytes");
        break;
      case blosc: decode_blosc(now, target); break;
      case lz4: decode_lz4(now, target); break;
      case bitshuffle: decode_bitshuffle(now, filter.values, target); break;
      case zstandard: decode_zstandard(now, target, "Zstandard"); break;
      default: throw Error(ErrorKind::internal, "a filter that was not checked");
    }
    now = target;
    if (made != nullptr) other = std::move(made);
  }
  if (now.data() == out.data()) return;
  if (now.size() != out.size()) {
    throw Error(ErrorKind::bad_data, "a chunk has " + of(now.size(), out.size()));
  }
  std::copy(now.begin(), now.end(), out.begin());
}

}  // namespace ruska::io::hdf5
