// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/zspy/zarr_array.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include "ruska/base/error.hpp"
#include "ruska/io/compression.hpp"
#include "ruska/io/hdf5/bitshuffle.hpp"
#include "ruska/io/little_endian.hpp"
#include "ruska/io/stored_array.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io::zarr {
namespace {

constexpr std::int64_t most_chunk_bytes = std::int64_t{1} << 31;
constexpr std::int64_t most_listed = 65536;
constexpr std::size_t most_parts = 256;

Shape lengths_of(const Json& facts, const char* name, std::int64_t least) {
  Shape lengths;
  const auto found = facts.find(name);
  if (found == facts.end() || !found->is_array() || found->size() > 32) {
    throw Error(ErrorKind::bad_data, std::string("'") + name + "' is no list of at most 32 lengths");
  }
  for (const Json& one : *found) {
    if (!one.is_number_integer() || one.get<std::int64_t>() < least) {
      throw Error(ErrorKind::bad_data, std::string("'") + name + "' holds " + one.dump() + "; whole numbers from " +
                                           std::to_string(least) + " are expected");
    }
    lengths.push_back(one.get<std::int64_t>());
  }
  return lengths;
}

std::optional<DType> dtype_of_kind(const std::string& kind) {
  static const std::map<std::string, DType> kinds{
      {"u1", DType::uint8},   {"u2", DType::uint16},  {"u4", DType::uint32},    {"u8", DType::uint64},
      {"i1", DType::int8},    {"i2", DType::int16},   {"i4", DType::int32},     {"i8", DType::int64},
      {"f4", DType::float32}, {"f8", DType::float64}, {"c8", DType::complex64}, {"c16", DType::complex128},
      {"b1", DType::uint8}};
  const auto found = kinds.find(kind);
  if (found == kinds.end()) return std::nullopt;
  return found->second;
}

double real_number(const Json& value) {
  if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
  if (value.is_number()) return value.get<double>();
  if (value == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (value == "Infinity") return std::numeric_limits<double>::infinity();
  if (value == "-Infinity") return -std::numeric_limits<double>::infinity();
  throw Error(ErrorKind::bad_data, "the fill value " + value.dump() + " is no number");
}

std::vector<std::byte> element_of(const Json& value, DType dtype) {
  std::vector<std::byte> bytes(size_of(dtype), std::byte{0});
  if (value.is_null()) return bytes;
  visit_dtype(dtype, [&]<class T>() {
    T number{};
    if constexpr (is_complex_v<T>) {
      using Part = typename T::value_type;
      const bool pair = value.is_array() && value.size() == 2;
      number = {static_cast<Part>(real_number(pair ? value[0] : value)),
                static_cast<Part>(pair ? real_number(value[1]) : 0)};
    } else if constexpr (std::is_integral_v<T>) {
      if (value.is_number_unsigned() &&
          value.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<T>::max())) {
        number = static_cast<T>(value.get<std::uint64_t>());
      } else if (value.is_number_integer() && !value.is_number_unsigned() &&
                 std::in_range<T>(value.get<std::int64_t>())) {
        number = static_cast<T>(value.get<std::int64_t>());
      } else {
        const double real = real_number(value);
        if (real != 0 && real != 1) {
          throw Error(ErrorKind::bad_data,
                      "the fill value " + value.dump() + " does not fit " + std::string(name_of(dtype)));
        }
        number = static_cast<T>(real);
      }
    } else {
      number = static_cast<T>(real_number(value));
    }
    std::memcpy(bytes.data(), &number, sizeof number);
  });
  return bytes;
}

/// The fill value of structures is base64 of their bytes.
bool is_zero_in_base64(const Json& fill) {
  return fill.is_null() || (fill.is_string() && fill.get<std::string>().find_first_not_of("A=") == std::string::npos);
}

/// From the order in which the first index runs fastest to C order.
void to_c_order(std::span<std::byte> values, const Shape& shape, std::size_t item) {
  const std::vector<std::byte> other(values.begin(), values.end());
  const Shape stride = fortran_strides(shape, item);
  Shape index(shape.size(), 0);
  std::int64_t from = 0;
  for (std::size_t to = 0; to < values.size(); to += item) {
    std::memcpy(values.data() + to, other.data() + from, item);
    for (std::size_t a = shape.size(); a-- > 0;) {
      from += stride[a];
      if (++index[a] < shape[a]) break;
      from -= stride[a] * shape[a];
      index[a] = 0;
    }
  }
}

}  // namespace

Array::Array(std::shared_ptr<const Store> store, std::string key) : store_(std::move(store)), key_(std::move(key)) {
  with_context(
      [&] { return "'" + key_ + "/.zarray'"; },
      [&] {
        const Json facts = store_->json(key_of(key_, ".zarray"));
        if (!facts.is_object()) throw Error(ErrorKind::bad_data, "an object was expected");
        if (facts.value("zarr_format", Json()) != 2) {
          throw Error(ErrorKind::unsupported,
                      "Zarr version " + facts.value("zarr_format", Json()).dump() + " is not supported; version 2 is");
        }
        shape_ = lengths_of(facts, "shape", 0);
        chunk_ = lengths_of(facts, "chunks", 1);
        if (chunk_.size() != shape_.size()) {
          throw Error(ErrorKind::bad_data,
                      "chunks of the shape " + to_string(chunk_) + " of an array " + to_string(shape_));
        }
        count(shape_);
        read_type(facts.value("dtype", Json()));
        swapped_ = type_name_[0] == '>' && dtype_ && size_of(*dtype_) > 1;
        fortran_ = facts.value("order", Json()) == "F";
        if (facts.value("dimension_separator", Json()) == "/") separator_ = "/";
        const Json compressor = facts.value("compressor", Json());
        if (compressor.is_object()) compressor_ = compressor.value("id", Json()).dump();
        std::erase(compressor_, '"');
        for (const char* known : {"", "blosc", "zlib", "gzip", "zstd", "lz4"}) {
          if (compressor_ == known) known = nullptr;
          if (known == nullptr) break;
          if (std::string_view(known) == "lz4") {
            throw Error(ErrorKind::unsupported, "chunks compressed with '" + compressor_ +
                                                    "'; Blosc, zlib, gzip, Zstandard and LZ4 are supported");
          }
        }
        const Json filters = facts.value("filters", Json());
        if (filters.is_array()) {
          for (const Json& filter : filters) {
            const Json id = filter.is_object() ? filter.value("id", Json()) : Json();
            if (id == "vlen-utf8" && !dtype_ && filters.size() == 1) {
              texts_ = true;
            } else if (id == "shuffle" && dtype_ && shuffled_ == 0 && filters.size() == 1) {
              const Json width = filter.value("elementsize", Json());
              if (!width.is_number_unsigned() || width.get<std::uint64_t>() < 1 || width.get<std::uint64_t>() > 64) {
                throw Error(ErrorKind::bad_data, "shuffled elements of " + width.dump() + " bytes");
              }
              shuffled_ = width.get<std::size_t>();
            } else if (dtype_) {
              throw Error(ErrorKind::unsupported, "the filter " + id.dump() + " is not supported; a single shuffle is");
            }
          }
        }
        if (dtype_) {
          const std::int64_t bytes = static_cast<std::int64_t>(size_of(*dtype_));
          if (count(chunk_) > most_chunk_bytes / bytes) {
            throw Error(ErrorKind::unsupported, "chunks of the shape " + to_string(chunk_) +
                                                    " have more than 2 GiB, more than Zarr's codecs take");
          }
          const Json fill = facts.value("fill_value", Json());
          if (!fields_.empty() && !is_zero_in_base64(fill)) {
            throw Error(ErrorKind::unsupported, "elements of several parts with the fill value " + fill.dump() +
                                                    " are not supported; those filled with zeros are");
          }
          fill_ = element_of(fields_.empty() ? fill : Json(), *dtype_);
        }
      });
}

void Array::read_type(const Json& type) {
  const auto refuse = [&] {
    throw Error(ErrorKind::unsupported, "elements of the type " + type.dump() +
                                            " are not supported; numbers and structures of numbers of one type are");
  };
  const auto is_name = [](const Json& name) { return name.is_string() && name.get<std::string>().size() >= 2; };
  if (is_name(type)) {
    type_name_ = type.get<std::string>();
    dtype_ = dtype_of_kind(type_name_.substr(1));
    return;
  }
  if (!type.is_array() || type.empty() || type.size() > most_parts) refuse();
  for (const Json& part : type) {
    if (!part.is_array() || part.size() != 2 || !part[0].is_string() || !is_name(part[1])) refuse();
    if (part[1] != type[0][1]) refuse();
    fields_.push_back(part[0].get<std::string>());
  }
  type_name_ = type[0][1].get<std::string>();
  dtype_ = dtype_of_kind(type_name_.substr(1));
  if (!dtype_) refuse();
  const auto parts = static_cast<std::int64_t>(fields_.size());
  shape_.push_back(parts);
  chunk_.push_back(parts);
  count(shape_);
}

void Array::fail(ErrorKind kind, const std::string& what) const { throw Error(kind, "'" + key_ + "': " + what); }

std::string Array::chunk_key(const Shape& place) const {
  std::string name;
  const std::size_t rank = place.size() - (fields_.empty() ? 0 : 1);
  for (std::size_t a = 0; a < rank; ++a) name += (name.empty() ? "" : separator_) + std::to_string(place[a]);
  const std::string key = key_of(key_, name.empty() ? "0" : name);
  if (separator_ == "/" || rank < 2 || store_->has(key)) return key;
  // Nested stores written before the separator was noted.
  std::string nested = key;
  std::replace(nested.begin() + static_cast<std::ptrdiff_t>(key_.size()), nested.end(), '.', '/');
  return nested;
}

void Array::decompress(std::span<const std::byte> stored, std::span<std::byte> out) const {
  if (compressor_.empty()) {
    if (stored.size() != out.size()) {
      throw Error(ErrorKind::bad_data, "the chunk has " + codec::of(stored.size(), out.size()));
    }
    std::copy(stored.begin(), stored.end(), out.begin());
  } else if (compressor_ == "blosc") {
    codec::decode_blosc(stored, out);
  } else if (compressor_ == "zlib") {
    codec::decode_deflate(stored, out);
  } else if (compressor_ == "gzip") {
    codec::decode_gzip(stored, out);
  } else if (compressor_ == "zstd") {
    codec::decode_zstandard(stored, out, "Zstandard");
  } else {
    // The decoded size, then one block.
    if (stored.size() < 4 || load<std::uint32_t>(stored, 0) != out.size()) codec::damaged("LZ4", "its size is wrong");
    codec::decode_lz4_block(stored.subspan(4), out, "LZ4");
  }
}

void Array::decode(const std::string& key, std::span<std::byte> out) const {
  with_context([&] { return "chunk '" + key + "'"; },
               [&] {
                 // No compression lengthens by more than this.
                 const auto limit = static_cast<std::int64_t>(out.size() + out.size() / 64 + 4096);
                 const auto stored = store_->read(key, limit);
                 if (!stored) throw Error(ErrorKind::io, "it is gone");
                 if (shuffled_ > 1) {
                   std::vector<std::byte> values(out.size());
                   decompress(*stored, values);
                   hdf5::unshuffle_bytes(values, shuffled_, out);
                 } else {
                   decompress(*stored, out);
                 }
                 if (swapped_) swap_bytes(out, *dtype_);
                 if (fortran_) {
                   // Whole elements stand in that order, not their parts.
                   Shape elements = chunk_;
                   if (!fields_.empty()) elements.pop_back();
                   to_c_order(out, elements, size_of(*dtype_) * std::max<std::size_t>(fields_.size(), 1));
                 }
               });
}

std::vector<std::byte> Array::decoded(const std::string& key, std::size_t bytes) const {
  constexpr std::size_t best_ratio = 65536;
  const std::int64_t stored = store_->size(key).value_or(0);
  if (bytes / best_ratio > static_cast<std::size_t>(stored)) {
    throw Error(ErrorKind::bad_data, "chunk '" + key + "': " + std::to_string(stored) + " bytes cannot hold the " +
                                         std::to_string(bytes) + " that they stand for");
  }
  std::vector<std::byte> values(bytes);
  decode(key, values);
  return values;
}

void Array::read_chunk(const Shape& place, const Region& region, std::span<std::byte> out) const {
  const std::size_t item = size_of(*dtype_), rank = shape_.size();
  Region in_chunk{Shape(rank), Shape(rank)}, in_region{Shape(rank), Shape(rank)};
  for (std::size_t a = 0; a < rank; ++a) {
    const std::int64_t origin = place[a] * chunk_[a];
    const std::int64_t begin = std::max(origin, region.start[a]);
    const std::int64_t end = std::min(origin + chunk_[a], region.start[a] + region.shape[a]);
    in_chunk.start[a] = begin - origin;
    in_region.start[a] = begin - region.start[a];
    in_chunk.shape[a] = in_region.shape[a] = end - begin;
  }
  const std::size_t bytes = static_cast<std::size_t>(count(chunk_)) * item;
  const std::string key = chunk_key(place);
  const bool there = store_->has(key);
  const auto straight = contiguous_start(in_region, region.shape);
  if (there && straight && in_chunk.shape == chunk_) {
    decode(key, out.subspan(static_cast<std::size_t>(*straight) * item, bytes));
    return;
  }
  std::vector<std::byte> part(static_cast<std::size_t>(in_chunk.count()) * item);
  if (!there) {
    for (std::size_t at = 0; at < part.size(); at += item) std::memcpy(part.data() + at, fill_.data(), item);
  } else {
    bool whole = true;
    std::int64_t number = 0;
    for (std::size_t a = 0; a < rank; ++a) {
      whole = whole && in_chunk.shape[a] == std::min(chunk_[a], shape_[a] - place[a] * chunk_[a]);
      number = number * ((shape_[a] - 1) / chunk_[a] + 1) + place[a];
    }
    // What is read whole is not needed again soon.
    const ChunkCache::Chunk values = whole ? std::make_shared<const std::vector<std::byte>>(decoded(key, bytes))
                                           : cache_->get(number, [&] { return decoded(key, bytes); });
    copy_region(*values, chunk_, item, in_chunk, part);
  }
  paste_region(part, in_region, out, region.shape, item);
}

void Array::read(const Region& region, std::span<std::byte> out) const {
  if (!dtype_) fail(ErrorKind::unsupported, "elements of the type '" + type_name_ + "' are not supported; numbers are");
  if (out.empty()) return;
  Shape first, spans;
  for (std::size_t a = 0; a < shape_.size(); ++a) {
    first.push_back(region.start[a] / chunk_[a]);
    spans.push_back((region.start[a] + region.shape[a] - 1) / chunk_[a] - first[a] + 1);
  }
  const auto read_one = [&](std::int64_t number) {
    Shape place = first;
    for (std::size_t a = place.size(); a-- > 0;) {
      place[a] += number % spans[a];
      number /= spans[a];
    }
    read_chunk(place, region, out);
  };
  const std::int64_t chunks = count(spans);
  if (chunks == 1) {
    read_one(0);
    return;
  }
  // Isolated: a thread that waits here must not take up a task of whoever called, which may hold what this needs.
  tbb::this_task_arena::isolate([&] {
    tbb::parallel_for(tbb::blocked_range<std::int64_t>(0, chunks, 1), [&](const auto& range) {
      for (std::int64_t number = range.begin(); number < range.end(); ++number) read_one(number);
    });
  });
}

std::int64_t Array::buffered() const {
  std::int64_t bytes = dtype_ ? static_cast<std::int64_t>(size_of(*dtype_)) : 1;
  for (std::size_t a = 0; a < shape_.size(); ++a) {
    const std::int64_t chunks = shape_[a] == 0 ? 0 : (shape_[a] - 1) / chunk_[a] + 1;
    if (__builtin_mul_overflow(bytes, chunk_[a], &bytes) || __builtin_mul_overflow(bytes, chunks, &bytes)) {
      return cache_->limit();
    }
  }
  return std::min(bytes, cache_->limit());
}

std::vector<double> Array::read_numbers() const {
  constexpr std::int64_t most = std::int64_t{1} << 24;
  if (!dtype_ || is_complex(*dtype_)) fail(ErrorKind::unsupported, "real numbers were expected here");
  if (count(shape_) > most) fail(ErrorKind::bad_data, "a list of " + std::to_string(count(shape_)) + " numbers");
  std::vector<std::byte> bytes(static_cast<std::size_t>(count(shape_)) * size_of(*dtype_));
  read(Region::whole(shape_), bytes);
  std::vector<double> numbers;
  visit_dtype(*dtype_, [&]<class T>() {
    if constexpr (!is_complex_v<T>) {
      for (std::size_t at = 0; at < bytes.size(); at += sizeof(T)) {
        T value;
        std::memcpy(&value, bytes.data() + at, sizeof value);
        numbers.push_back(static_cast<double>(value));
      }
    }
  });
  return numbers;
}

Json Array::texts() const {
  constexpr std::int64_t longest = std::int64_t{16} << 20;
  const auto stored = store_->read(chunk_key({0}), longest);
  if (!stored || !compressor_.empty()) return "<array of texts>";
  Json list = Json::array();
  std::span<const std::byte> left(*stored);
  const auto number = [&] {
    if (left.size() < 4) fail(ErrorKind::bad_data, "the list of texts is cut short");
    const auto value = load<std::uint32_t>(left, 0);
    left = left.subspan(4);
    return value;
  };
  const std::uint32_t texts = number();
  for (std::uint32_t i = 0; i < texts; ++i) {
    const std::uint32_t bytes = number();
    if (bytes > left.size()) fail(ErrorKind::bad_data, "the list of texts is cut short");
    list.push_back(to_utf8({reinterpret_cast<const char*>(left.data()), bytes}));
    left = left.subspan(bytes);
  }
  return list;
}

Json Array::value() const {
  if (count(shape_) > most_listed) return "<array of shape " + to_string(shape_) + ">";
  if (dtype_ && !is_complex(*dtype_)) {
    Json list = Json::array();
    for (const double one : read_numbers()) {
      if (is_integer(*dtype_)) {
        list.push_back(static_cast<std::int64_t>(one));
      } else {
        list.push_back(one);
      }
    }
    return list;
  }
  if (texts_ && shape_.size() == 1 && chunk_[0] >= shape_[0]) return texts();
  return "<array of type " + type_name_ + ">";
}

namespace {

class ArraySource final : public Source {
 public:
  ArraySource(Description description, Array array, std::vector<int> order)
      : description_(std::move(description)), array_(std::move(array)), order_(std::move(order)) {
    if (!array_.dtype())
      array_.fail(ErrorKind::unsupported, "the values are no numbers; ragged signals are not supported");
    description_.dtype = *array_.dtype();
    description_.fields = array_.fields();
    description_.chunk.clear();
    for (const int axis : order_) description_.chunk.push_back(array_.chunk()[static_cast<std::size_t>(axis)]);
    description_.validate();
  }
  const Description& describe() const override { return description_; }
  std::int64_t buffered() const override { return array_.buffered(); }

  void read(const Region& region, std::span<std::byte> out) const override {
    check_region(region, description_, out.size());
    if (out.empty()) return;
    Region stored{Shape(order_.size()), Shape(order_.size())};
    for (std::size_t i = 0; i < order_.size(); ++i) {
      stored.start[static_cast<std::size_t>(order_[i])] = region.start[i];
      stored.shape[static_cast<std::size_t>(order_[i])] = region.shape[i];
    }
    if (std::is_sorted(order_.begin(), order_.end())) {
      array_.read(stored, out);
      return;
    }
    std::vector<std::byte> values(out.size());
    array_.read(stored, values);
    const std::size_t item = size_of(description_.dtype);
    const Shape strides = c_strides(stored.shape, item);
    Shape index(order_.size(), 0);
    std::int64_t from = 0;
    for (std::size_t to = 0; to < out.size(); to += item) {
      std::memcpy(out.data() + to, values.data() + from, item);
      for (std::size_t a = order_.size(); a-- > 0;) {
        const std::int64_t stride = strides[static_cast<std::size_t>(order_[a])];
        from += stride;
        if (++index[a] < region.shape[a]) break;
        from -= stride * region.shape[a];
        index[a] = 0;
      }
    }
  }

 private:
  Description description_;
  Array array_;
  std::vector<int> order_;
};

}  // namespace

std::shared_ptr<const Source> source(Description description, Array array, std::vector<int> order) {
  return std::make_shared<ArraySource>(std::move(description), std::move(array), std::move(order));
}

}  // namespace ruska::io::zarr
