// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// What the library writes, in its oldest and its newest format, against what is read: layouts, indices, filters, types,
// links and attributes.
#include <algorithm>
#include <cstring>
#include <filesystem>

#include <blosc.h>
#include <gtest/gtest.h>
#include <hdf5.h>
#include <lz4.h>
#include <unistd.h>
#include <zstd.h>

#include "ruska/base/random.hpp"
#include "ruska/io/hdf5/file.hpp"
#include "tests/scratch_folder.hpp"

namespace ruska::io::hdf5 {
namespace {

namespace fs = std::filesystem;

using Bytes = std::vector<std::byte>;

/// A file of the library; true as parameter for the newest format it knows.
class Hdf5Reading : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override { make(0); }
  void TearDown() override {
    if (file_ >= 0) H5Fclose(file_);
  }
  bool newest() const { return GetParam(); }

  void make(hsize_t user_block) {
    if (file_ >= 0) H5Fclose(file_);
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS), creation = H5Pcreate(H5P_FILE_CREATE);
    H5Pset_libver_bounds(access, newest() ? H5F_LIBVER_V110 : H5F_LIBVER_EARLIEST, H5F_LIBVER_V110);
    H5Pset_userblock(creation, user_block);
    file_ = H5Fcreate(path_.c_str(), H5F_ACC_TRUNC, creation, access);
    H5Pclose(access);
    H5Pclose(creation);
    ASSERT_GE(file_, 0);
  }
  /// Ends writing.
  Group root() {
    if (file_ >= 0) H5Fclose(std::exchange(file_, -1));
    return OpenFile::open(path_)->root();
  }

  ScratchFolder folder_;
  fs::path path_ = folder_ / "made.h5";
  hid_t file_ = -1;
};

std::vector<hsize_t> lengths(const Shape& shape) { return {shape.begin(), shape.end()}; }

/// A new array; negative lengths in `largest` are without limit.
hid_t create(hid_t file, const char* name, hid_t type, const Shape& shape, hid_t creation, const Shape& largest = {}) {
  const auto size = lengths(shape);
  std::vector<hsize_t> most = size;
  for (std::size_t a = 0; a < largest.size(); ++a) {
    most[a] = largest[a] < 0 ? H5S_UNLIMITED : static_cast<hsize_t>(largest[a]);
  }
  const hid_t space =
      shape.empty() ? H5Screate(H5S_SCALAR) : H5Screate_simple(static_cast<int>(size.size()), size.data(), most.data());
  const hid_t array = H5Dcreate2(file, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
  H5Sclose(space);
  EXPECT_GE(array, 0) << name;
  return array;
}

void write(hid_t file, const char* name, hid_t type, const Shape& shape, hid_t creation, hid_t memory,
           const void* values, const Shape& largest = {}) {
  const hid_t array = create(file, name, type, shape, creation, largest);
  EXPECT_GE(H5Dwrite(array, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), 0) << name;
  H5Dclose(array);
}

std::vector<std::int32_t> ramp(std::int64_t count) {
  std::vector<std::int32_t> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int32_t>(i * 7919 % 100003) - 50000;
  return values;
}

Bytes read(const Array& array, const Region& region) {
  Bytes bytes(static_cast<std::size_t>(region.count() * array.element().bytes()));
  array.read(region, bytes);
  return bytes;
}

template <class T>
void expect_values(const Array& array, const std::vector<T>& values) {
  const Shape shape = array.shape();
  ASSERT_EQ(array.element().dtype, dtype_of<T>()) << array.path();
  ASSERT_EQ(count(shape), static_cast<std::int64_t>(values.size())) << array.path();
  const auto bytes = std::as_bytes(std::span(values));
  ASSERT_TRUE(std::ranges::equal(read(array, Region::whole(shape)), bytes)) << array.path();
  for (std::uint64_t i = 0; i < 40; ++i) {
    Random random(1, "regions", i);
    Region region;
    for (const std::int64_t length : shape) {
      region.start.push_back(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(length))));
      region.shape.push_back(
          1 + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(length - region.start.back()))));
    }
    Bytes expected(static_cast<std::size_t>(region.count()) * sizeof(T));
    copy_region(bytes, shape, sizeof(T), region, expected);
    ASSERT_EQ(read(array, region), expected)
        << array.path() << " " << to_string(region.start) << " " << to_string(region.shape);
  }
}

hid_t chunked(const Shape& chunk) {
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  const auto size = lengths(chunk);
  H5Pset_chunk(creation, static_cast<int>(size.size()), size.data());
  return creation;
}

TEST_P(Hdf5Reading, LayoutsAndIndices) {
  struct Case {
    const char* name;
    Shape shape, chunk, largest;
    bool filtered, early;
  };
  // The newest format has an index of its own for each of these; the oldest has one for all.
  const std::vector<Case> cases{
      {"contiguous", {37, 53}, {}, {}, false, false},
      {"single", {37, 53}, {37, 53}, {}, false, false},
      {"single_filtered", {37, 53}, {37, 53}, {}, true, false},
      {"implicit", {37, 53}, {5, 7}, {}, false, true},
      {"fixed", {37, 53}, {5, 7}, {}, false, false},
      {"fixed_filtered", {37, 53}, {5, 7}, {}, true, false},
      {"fixed_within_limits", {37, 53}, {5, 7}, {60, 80}, true, false},
      {"fixed_paged", {60, 90}, {1, 1}, {}, false, false},
      {"fixed_paged_filtered", {60, 90}, {1, 2}, {}, true, false},
      {"extensible", {37, 53}, {5, 7}, {-1, 80}, false, false},
      {"extensible_second", {37, 53}, {5, 7}, {60, -1}, true, false},
      {"extensible_long", {6000}, {1}, {-1}, false, false},
      {"extensible_long_filtered", {7001}, {2}, {-1}, true, false},
      {"tree", {37, 53}, {5, 7}, {-1, -1}, false, false},
      {"tree_deep", {60, 90}, {1, 1}, {-1, -1}, false, false},
      {"tree_filtered", {60, 90}, {1, 2}, {-1, -1}, true, false},
      {"three_axes", {5, 6, 7}, {2, 1, 7}, {}, true, false},
  };
  for (const Case& one : cases) {
    const hid_t creation = one.chunk.empty() ? H5Pcreate(H5P_DATASET_CREATE) : chunked(one.chunk);
    if (one.filtered) H5Pset_deflate(creation, 1);
    if (one.early) H5Pset_alloc_time(creation, H5D_ALLOC_TIME_EARLY);
    write(file_, one.name, H5T_STD_I32LE, one.shape, creation, H5T_NATIVE_INT32, ramp(count(one.shape)).data(),
          one.largest);
    H5Pclose(creation);
  }
  const hid_t compact = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_layout(compact, H5D_COMPACT);
  write(file_, "compact", H5T_STD_I32LE, {4, 5}, compact, H5T_NATIVE_INT32, ramp(20).data());
  write(file_, "scalar", H5T_STD_I32LE, {}, H5P_DEFAULT, H5T_NATIVE_INT32, ramp(1).data());
  H5Pclose(compact);
  const Group all = root();
  for (const Case& one : cases) expect_values(all.array(one.name), ramp(count(one.shape)));
  expect_values(all.array("compact"), ramp(20));
  expect_values(all.array("scalar"), ramp(1));
}

TEST_P(Hdf5Reading, WhatWasNeverWrittenHasTheFillValue) {
  const std::int32_t fill = -7;
  for (const bool in_chunks : {false, true}) {
    const hid_t creation = in_chunks ? chunked({3, 4}) : H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_fill_value(creation, H5T_NATIVE_INT32, &fill);
    H5Dclose(create(file_, in_chunks ? "chunks" : "contiguous", H5T_STD_I32LE, {7, 9}, creation));
    const hid_t holes = create(file_, in_chunks ? "holes" : "written", H5T_STD_I32BE, {7, 9}, creation);
    const hsize_t start[] = {3, 4}, size[] = {1, 2};
    const hid_t space = H5Dget_space(holes), memory = H5Screate_simple(2, size, nullptr);
    H5Sselect_hyperslab(space, H5S_SELECT_SET, start, nullptr, size, nullptr);
    const std::int32_t values[] = {1, 2};
    H5Dwrite(holes, H5T_NATIVE_INT32, memory, space, H5P_DEFAULT, values);
    H5Sclose(space);
    H5Sclose(memory);
    H5Dclose(holes);
    H5Pclose(creation);
  }
  H5Dclose(create(file_, "none", H5T_STD_I32LE, {2, 2}, H5P_DEFAULT));
  const Group all = root();
  std::vector<std::int32_t> expected(63, fill);
  expect_values(all.array("chunks"), expected);
  expect_values(all.array("contiguous"), expected);
  expected[3 * 9 + 4] = 1;
  expected[3 * 9 + 5] = 2;
  expect_values(all.array("holes"), expected);
  expect_values(all.array("written"), expected);
  expect_values(all.array("none"), std::vector<std::int32_t>(4, 0));
}

TEST_P(Hdf5Reading, FiltersOfTheLibrary) {
  const auto values = ramp(40 * 30);
  for (const unsigned kinds : {1u, 2u, 3u, 4u, 5u, 6u, 7u}) {
    const hid_t creation = chunked({7, 30});
    if ((kinds & 1) != 0) H5Pset_shuffle(creation);
    if ((kinds & 2) != 0) H5Pset_deflate(creation, 6);
    if ((kinds & 4) != 0) H5Pset_fletcher32(creation);
    write(file_, ("last" + std::to_string(kinds)).c_str(), H5T_STD_I32LE, {40, 30}, creation, H5T_NATIVE_INT32,
          values.data());
    H5Pclose(creation);
  }
  // The checksum before the compression.
  const hid_t creation = chunked({7, 30});
  H5Pset_fletcher32(creation);
  H5Pset_deflate(creation, 6);
  write(file_, "first", H5T_STD_I32LE, {40, 30}, creation, H5T_NATIVE_INT32, values.data());
  H5Pclose(creation);
  const Group all = root();
  for (const std::string& name : all.names()) expect_values(all.array(name), values);
}

void put(Bytes& to, std::uint64_t value, std::size_t width) {
  for (std::size_t i = width; i-- > 0;) to.push_back(static_cast<std::byte>(value >> (8 * i)));
}

Bytes with_lz4(std::span<const std::byte> in) {
  Bytes out(static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(in.size()))));
  const int size = LZ4_compress_default(reinterpret_cast<const char*>(in.data()), reinterpret_cast<char*>(out.data()),
                                        static_cast<int>(in.size()), static_cast<int>(out.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

Bytes with_zstandard(std::span<const std::byte> in) {
  Bytes out(ZSTD_compressBound(in.size()));
  out.resize(ZSTD_compress(out.data(), out.size(), in.data(), in.size(), 3));
  return out;
}

/// Bit by bit, as the definition says.
Bytes bit_shuffled(std::span<const std::byte> in, std::size_t item) {
  const std::size_t elements = in.size() / item;
  Bytes out(in.size(), std::byte{0});
  for (std::size_t e = 0; e < elements; ++e) {
    for (std::size_t bit = 0; bit < 8 * item; ++bit) {
      const bool set = (std::to_integer<unsigned>(in[e * item + bit / 8]) >> (bit % 8) & 1) != 0;
      const std::size_t at = bit * elements + e;
      if (set) out[at / 8] |= static_cast<std::byte>(1u << (at % 8));
    }
  }
  return out;
}

Bytes with_bitshuffle(std::span<const std::byte> in, std::size_t item, std::size_t block, unsigned compression) {
  Bytes out;
  if (compression != 0) {
    put(out, in.size(), 8);
    put(out, block * item, 4);
  }
  std::size_t left = in.size() / item;
  while (left >= 8) {
    const std::size_t bytes = std::min(block, left / 8 * 8) * item;
    const Bytes bits = bit_shuffled(in.first(bytes), item);
    const Bytes stored = compression == 2 ? with_lz4(bits) : compression == 3 ? with_zstandard(bits) : bits;
    if (compression != 0) put(out, stored.size(), 4);
    out.insert(out.end(), stored.begin(), stored.end());
    in = in.subspan(bytes);
    left -= bytes / item;
  }
  out.insert(out.end(), in.begin(), in.end());
  return out;
}

Bytes with_lz4_blocks(std::span<const std::byte> in, std::size_t block) {
  Bytes out;
  put(out, in.size(), 8);
  put(out, block, 4);
  while (!in.empty()) {
    const auto now = in.first(std::min(block, in.size()));
    Bytes stored = with_lz4(now);
    if (stored.size() >= now.size()) stored.assign(now.begin(), now.end());
    put(out, stored.size(), 4);
    out.insert(out.end(), stored.begin(), stored.end());
    in = in.subspan(now.size());
  }
  return out;
}

Bytes with_blosc(std::span<const std::byte> in, std::size_t item, const char* compressor, int shuffle) {
  Bytes out(in.size() + BLOSC_MAX_OVERHEAD);
  const int size = blosc_compress_ctx(5, shuffle, item, in.size(), in.data(), out.data(), out.size(), compressor, 0, 1);
  EXPECT_GT(size, 0) << compressor;
  out.resize(static_cast<std::size_t>(std::max(size, 0)));
  return out;
}

/// Runs, and references to what lies one value back.
Bytes with_lzf(std::span<const std::byte> in) {
  Bytes out;
  for (std::size_t at = 0; at < in.size();) {
    std::size_t same = 0;
    while (at >= 4 && at + same < in.size() && same < 264 && in[at + same] == in[at + same - 4]) ++same;
    if (same >= 3) {
      const std::size_t length = same - 2;
      if (length < 7) {
        out.push_back(static_cast<std::byte>(length << 5));
      } else {
        out.push_back(std::byte{7 << 5});
        out.push_back(static_cast<std::byte>(length - 7));
      }
      out.push_back(std::byte{3});
      at += same;
    } else {
      out.push_back(std::byte{0});
      out.push_back(in[at++]);
    }
  }
  return out;
}

TEST_P(Hdf5Reading, FiltersThatAreRegistered) {
  constexpr std::int64_t edge = 100;
  std::vector<std::int32_t> values(static_cast<std::size_t>(3 * edge * edge + 5 * edge));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int32_t>(i / 50);
  const Shape shape{3 * edge + 5, edge}, chunk{edge, edge};
  const auto add = [&](const std::string& name, H5Z_filter_t filter, const std::vector<unsigned>& client,
                       const auto& encode) {
    const hid_t creation = chunked(chunk);
    // The library itself does not know these filters, so it is given what they make.
    H5Pset_filter(creation, filter, H5Z_FLAG_OPTIONAL, client.size(), client.data());
    const hid_t array = create(file_, name.c_str(), H5T_STD_I32LE, shape, creation);
    for (std::int64_t c = 0; c < 4; ++c) {
      std::vector<std::int32_t> one(static_cast<std::size_t>(edge * edge), 0);
      const auto begin = static_cast<std::size_t>(c * edge * edge);
      std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(begin), std::min(one.size(), values.size() - begin),
                  one.begin());
      const hsize_t offset[] = {static_cast<hsize_t>(c * edge), 0};
      const auto raw = std::as_bytes(std::span(one));
      // The third chunk was not filtered.
      const Bytes stored = c == 2 ? Bytes(raw.begin(), raw.end()) : encode(raw);
      EXPECT_GE(H5Dwrite_chunk(array, H5P_DEFAULT, c == 2 ? 1 : 0, offset, stored.size(), stored.data()), 0) << name;
    }
    H5Dclose(array);
    H5Pclose(creation);
  };
  using In = std::span<const std::byte>;
  for (const unsigned compression : {0u, 2u, 3u}) {
    for (const unsigned block : {0u, 64u, 4096u}) {
      const std::size_t used = block == 0 ? 2048 : block;
      add("bitshuffle_" + std::to_string(compression) + "_" + std::to_string(block), 32008,
          {0, 4, 4, block, compression}, [&](In in) { return with_bitshuffle(in, 4, used, compression); });
    }
  }
  add("lz4", 32004, {0}, [&](In in) { return with_lz4_blocks(in, 1 << 14); });
  add("zstandard", 32015, {3}, [&](In in) { return with_zstandard(in); });
  add("lzf", 32000, {4, 261, 4 * edge * edge}, [&](In in) { return with_lzf(in); });
  for (const char* compressor : {"blosclz", "lz4", "zstd", "zlib"}) {
    for (const int shuffle : {0, 1, 2}) {
      add(std::string("blosc_") + compressor + std::to_string(shuffle), 32001, {2, 2, 4, 4 * edge * edge},
          [&](In in) { return with_blosc(in, 4, compressor, shuffle); });
    }
  }
  const unsigned client[] = {0};
  const hid_t creation = chunked(chunk);
  H5Pset_filter(creation, 32999, H5Z_FLAG_OPTIONAL, 1, client);
  H5Dclose(create(file_, "unknown", H5T_STD_I32LE, shape, creation));
  H5Pclose(creation);
  const Group all = root();
  for (const std::string& name : all.names()) {
    if (name == "unknown") continue;
    expect_values(all.array(name), values);
  }
  try {
    all.array("unknown").check_readable();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsupported);
    EXPECT_NE(std::string(error.what()).find("32999"), std::string::npos);
  }
}

template <class T>
void write_typed(hid_t file, const std::string& name, hid_t little, hid_t big, hid_t memory,
                 const std::vector<T>& values) {
  const Shape shape{static_cast<std::int64_t>(values.size())};
  write(file, (name + "_little").c_str(), little, shape, H5P_DEFAULT, memory, values.data());
  write(file, (name + "_big").c_str(), big, shape, H5P_DEFAULT, memory, values.data());
}

TEST_P(Hdf5Reading, NumbersOfEveryType) {
  const auto in_both = [&]<class T>(const std::string& name, hid_t little, hid_t big, hid_t memory, T) {
    const std::vector<T> values{static_cast<T>(1), static_cast<T>(-2), std::numeric_limits<T>::max(),
                                std::numeric_limits<T>::lowest()};
    if (file_ >= 0) {
      write_typed(file_, name, little, big, memory, values);
      return;
    }
    const Group all = root();
    for (const char* order : {"_little", "_big"}) expect_values(all.array(name + order), values);
  };
  for (int pass = 0; pass < 2; ++pass) {
    in_both("int8", H5T_STD_I8LE, H5T_STD_I8BE, H5T_NATIVE_INT8, std::int8_t{});
    in_both("int16", H5T_STD_I16LE, H5T_STD_I16BE, H5T_NATIVE_INT16, std::int16_t{});
    in_both("int32", H5T_STD_I32LE, H5T_STD_I32BE, H5T_NATIVE_INT32, std::int32_t{});
    in_both("int64", H5T_STD_I64LE, H5T_STD_I64BE, H5T_NATIVE_INT64, std::int64_t{});
    in_both("uint8", H5T_STD_U8LE, H5T_STD_U8BE, H5T_NATIVE_UINT8, std::uint8_t{});
    in_both("uint16", H5T_STD_U16LE, H5T_STD_U16BE, H5T_NATIVE_UINT16, std::uint16_t{});
    in_both("uint32", H5T_STD_U32LE, H5T_STD_U32BE, H5T_NATIVE_UINT32, std::uint32_t{});
    in_both("uint64", H5T_STD_U64LE, H5T_STD_U64BE, H5T_NATIVE_UINT64, std::uint64_t{});
    in_both("float32", H5T_IEEE_F32LE, H5T_IEEE_F32BE, H5T_NATIVE_FLOAT, float{});
    in_both("float64", H5T_IEEE_F64LE, H5T_IEEE_F64BE, H5T_NATIVE_DOUBLE, double{});
    root();
  }
}

TEST_P(Hdf5Reading, OtherTypes) {
  // Floats of two bytes, as NumPy writes them.
  const hid_t half = H5Tcopy(H5T_IEEE_F32LE);
  H5Tset_fields(half, 15, 10, 5, 0, 10);
  H5Tset_size(half, 2);
  H5Tset_ebias(half, 15);
  const std::vector<float> floats{0.5f, -2, 65504, 6e-8f, 0, 1e9f};
  write(file_, "half", half, {6}, H5P_DEFAULT, H5T_NATIVE_FLOAT, floats.data());
  // Integers of which not every bit counts.
  const hid_t odd = H5Tcopy(H5T_STD_U16LE);
  H5Tset_precision(odd, 12);
  const std::vector<std::uint16_t> odds{1, 4095};
  write(file_, "odd", odd, {2}, H5P_DEFAULT, H5T_NATIVE_UINT16, odds.data());
  // Structures with gaps and another order of bytes.
  struct Pair {
    float r, i;
  };
  const std::vector<Pair> pairs{{1, 2}, {-3, 4}};
  const hid_t memory = H5Tcreate(H5T_COMPOUND, sizeof(Pair));
  H5Tinsert(memory, "r", 0, H5T_NATIVE_FLOAT);
  H5Tinsert(memory, "i", 4, H5T_NATIVE_FLOAT);
  const hid_t stored = H5Tcreate(H5T_COMPOUND, 13);
  H5Tinsert(stored, "r", 1, H5T_IEEE_F32LE);
  H5Tinsert(stored, "i", 7, H5T_IEEE_F32BE);
  write(file_, "complex", stored, {2}, H5P_DEFAULT, memory, pairs.data());
  const hid_t unlike = H5Tcreate(H5T_COMPOUND, 12), text = H5Tcopy(H5T_C_S1);
  H5Tset_size(text, 4);
  H5Tinsert(unlike, "number", 0, H5T_NATIVE_DOUBLE);
  H5Tinsert(unlike, "name", 8, text);
  const char record[] =
      "\0\0\0\0\0\0\xf8\x3f"
      "abc";
  write(file_, "unlike", unlike, {1}, H5P_DEFAULT, unlike, record);
  // Arrays as elements.
  const hsize_t inner[] = {2, 3};
  const hid_t array = H5Tarray_create2(H5T_STD_I32BE, 2, inner), native = H5Tarray_create2(H5T_NATIVE_INT32, 2, inner);
  const hid_t creation = chunked({3});
  H5Pset_deflate(creation, 1);
  write(file_, "arrays", array, {7}, creation, native, ramp(42).data());
  H5Pclose(creation);
  // Enumerations.
  const hid_t truth = H5Tenum_create(H5T_NATIVE_INT8), colour = H5Tenum_create(H5T_STD_U16BE);
  std::int8_t no = 0, yes = 1;
  H5Tenum_insert(truth, "FALSE", &no);
  H5Tenum_insert(truth, "TRUE", &yes);
  std::uint16_t red = 0x0100, blue = 0x0200;  // stored as 1 and 2
  H5Tenum_insert(colour, "red", &red);
  H5Tenum_insert(colour, "blue", &blue);
  const std::int8_t truths[] = {1, 0, 1};
  const std::uint16_t colours[] = {0x0200, 0x0100};
  write(file_, "truths", truth, {3}, H5P_DEFAULT, truth, truths);
  write(file_, "colours", colour, {2}, H5P_DEFAULT, colour, colours);
  // Bytes without a meaning, and bits.
  const hid_t opaque = H5Tcreate(H5T_OPAQUE, 3);
  H5Tset_tag(opaque, "three bytes");
  write(file_, "opaque", opaque, {2}, H5P_DEFAULT, opaque, "abcdef");
  write(file_, "bits", H5T_STD_B8LE, {2}, H5P_DEFAULT, H5T_NATIVE_B8, "\x81\x02");
  // A type that lies in the file by itself.
  const hid_t named = H5Tcopy(H5T_STD_I32LE);
  H5Tcommit2(file_, "type", named, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  write(file_, "of_named_type", named, {5}, H5P_DEFAULT, H5T_NATIVE_INT32, ramp(5).data());
  H5Tclose(named);
  const Group all = root();
  std::vector<float> halves = floats;
  halves[3] = 0x1p-24f;
  halves[5] = std::numeric_limits<float>::infinity();
  expect_values(all.array("half"), halves);
  EXPECT_FALSE(all.array("odd").is_numeric());
  EXPECT_EQ(all.array("odd").value(), (Json{"<integer of 2 bytes>", "<integer of 2 bytes>"}));
  expect_values(all.array("complex"), std::vector<std::complex<float>>{{1, 2}, {-3, 4}});
  EXPECT_EQ(all.array("unlike").value(), Json::array({Json{{"number", 1.5}, {"name", "abc"}}}));
  EXPECT_EQ(all.array("arrays").shape(), (Shape{7, 2, 3}));
  EXPECT_EQ(all.array("arrays").chunk(), (Shape{3, 2, 3}));
  expect_values(all.array("arrays"), ramp(42));
  EXPECT_EQ(all.array("truths").value(), (Json{true, false, true}));
  EXPECT_TRUE(all.array("truths").element().boolean);
  EXPECT_EQ(all.array("colours").value(), (Json{2, 1}));
  EXPECT_EQ(all.array("opaque").value(), (Json{"0x616263", "0x646566"}));
  EXPECT_EQ(all.array("bits").value(), (Json{0x81, 2}));
  EXPECT_EQ(all.kind("type"), Kind::other);
  expect_values(all.array("of_named_type"), ramp(5));
}

TEST_P(Hdf5Reading, TextsListsAndReferences) {
  struct Padding {
    const char* name;
    H5T_str_t padding;
    const char* stored;
  };
  for (const Padding& one : {Padding{"terminated", H5T_STR_NULLTERM, "ab\0xcde\0"},
                             {"padded", H5T_STR_NULLPAD, "ab\0\0cdef"},
                             {"spaces", H5T_STR_SPACEPAD, "ab  cdef"}}) {
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, 4);
    H5Tset_strpad(type, one.padding);
    write(file_, one.name, type, {2}, H5P_DEFAULT, type, one.stored);
  }
  const hid_t text = H5Tcopy(H5T_C_S1);
  H5Tset_size(text, H5T_VARIABLE);
  H5Tset_cset(text, H5T_CSET_UTF8);
  std::vector<std::string> texts;
  std::vector<const char*> pointers;
  for (int i = 0; i < 1000; ++i) texts.push_back(i == 5 ? "" : std::string(static_cast<std::size_t>(i), 'x') + "µ");
  for (const std::string& one : texts) pointers.push_back(one.c_str());
  write(file_, "texts", text, {1000}, H5P_DEFAULT, text, pointers.data());
  const hid_t creation = chunked({300});
  H5Pset_deflate(creation, 1);
  write(file_, "texts_in_chunks", text, {1000}, creation, text, pointers.data());
  H5Dclose(create(file_, "no_texts", text, {3}, H5P_DEFAULT));
  const hid_t list = H5Tvlen_create(H5T_STD_I16BE), native = H5Tvlen_create(H5T_NATIVE_INT16);
  std::int16_t numbers[] = {1, 2, -3};
  const hvl_t lists[] = {{3, numbers}, {0, nullptr}, {1, numbers}};
  write(file_, "lists", list, {3}, H5P_DEFAULT, native, lists);
  hobj_ref_t references[2];
  H5Rcreate(&references[0], file_, "/lists", H5R_OBJECT, -1);
  H5Rcreate(&references[1], file_, "/texts", H5R_OBJECT, -1);
  write(file_, "references", H5T_STD_REF_OBJ, {2}, H5P_DEFAULT, H5T_STD_REF_OBJ, references);
  const hid_t null_space = H5Screate(H5S_NULL);
  const hid_t empty = H5Dcreate2(file_, "null", H5T_STD_I32LE, null_space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  H5Dclose(empty);
  const Group all = root();
  EXPECT_EQ(all.array("terminated").read_texts(), (std::vector<std::string>{"ab", "cde"}));
  EXPECT_EQ(all.array("padded").read_texts(), (std::vector<std::string>{"ab", "cdef"}));
  EXPECT_EQ(all.array("spaces").read_texts(), (std::vector<std::string>{"ab", "cdef"}));
  EXPECT_EQ(all.array("texts").read_texts(), texts);
  EXPECT_EQ(all.array("texts_in_chunks").read_texts(), texts);
  EXPECT_EQ(all.array("no_texts").read_texts(), (std::vector<std::string>(3)));
  EXPECT_EQ(all.array("lists").value(), Json::parse("[[1, 2, -3], [], [1]]"));
  EXPECT_EQ(all.array("references").value(), (Json{"<reference>", "<reference>"}));
  const auto targets = all.array("references").references();
  ASSERT_EQ(targets.size(), 2u);
  EXPECT_EQ(targets[0], all.array("lists").address());
  EXPECT_EQ(all.kind_at(targets[1]), Kind::array);
  EXPECT_EQ(all.array_at(targets[1]).read_texts(), texts);
  EXPECT_TRUE(all.array("null").value().is_null());
  EXPECT_TRUE(all.array("null").read_all().empty());
}

TEST_P(Hdf5Reading, ManyMembersAndAttributes) {
  std::vector<std::string> made;
  for (int i = 0; i < 600; ++i) made.push_back("member " + std::to_string(i * 7919 % 600));
  const auto fill = [&](const char* name, bool ordered) {
    const hid_t creation = H5Pcreate(H5P_GROUP_CREATE);
    if (ordered) H5Pset_link_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    const hid_t group = H5Gcreate2(file_, name, H5P_DEFAULT, creation, H5P_DEFAULT);
    for (const std::string& one : made) {
      H5Gclose(H5Gcreate2(group, one.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    }
    H5Gclose(group);
    H5Pclose(creation);
  };
  fill("sorted", false);
  fill("ordered", true);
  const hid_t group = H5Gcreate2(file_, "attributes", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  for (int i = 0; i < 300; ++i) {
    const hsize_t length = i == 7 && newest() ? 20000 : 10;  // in the newest format one of them is "huge"
    const hid_t space = H5Screate_simple(1, &length, nullptr);
    const hid_t attribute =
        H5Acreate2(group, ("a" + std::to_string(i)).c_str(), H5T_STD_I32LE, space, H5P_DEFAULT, H5P_DEFAULT);
    std::vector<std::int32_t> values = ramp(static_cast<std::int64_t>(length));
    values[0] = i;
    H5Awrite(attribute, H5T_NATIVE_INT32, values.data());
    H5Aclose(attribute);
    H5Sclose(space);
  }
  H5Gclose(group);
  const Group all = root();
  EXPECT_EQ(all.group("ordered").names(), made);
  std::vector<std::string> sorted = made;
  std::ranges::sort(sorted);
  EXPECT_EQ(all.group("sorted").names(), sorted);
  for (const std::string& one : made) {
    EXPECT_EQ(all.kind("sorted/" + one), Kind::group);
    EXPECT_EQ(all.kind("ordered/" + one), Kind::group);
  }
  const Group with = all.group("attributes");
  EXPECT_EQ(with.attribute_names().size(), 300u);
  for (int i = 0; i < 300; ++i) {
    const Json value = with.attribute("a" + std::to_string(i));
    ASSERT_EQ(value.size(), i == 7 && newest() ? 20000u : 10u) << i;
    EXPECT_EQ(value[0], i);
    EXPECT_EQ(value[9], ramp(10)[9]);
  }
}

TEST_P(Hdf5Reading, BlocksBeforeTheFile) {
  make(2048);
  write(file_, "data", H5T_STD_I32LE, {5, 6}, H5P_DEFAULT, H5T_NATIVE_INT32, ramp(30).data());
  const hid_t creation = chunked({2, 6});
  H5Pset_deflate(creation, 1);
  write(file_, "chunks", H5T_STD_I32LE, {5, 6}, creation, H5T_NATIVE_INT32, ramp(30).data());
  H5Pclose(creation);
  const Group all = root();
  expect_values(all.array("data"), ramp(30));
  expect_values(all.array("chunks"), ramp(30));
}

INSTANTIATE_TEST_SUITE_P(Formats, Hdf5Reading, ::testing::Bool(),
                         [](const auto& format) { return format.param ? "newest" : "oldest"; });

}  // namespace
}  // namespace ruska::io::hdf5
