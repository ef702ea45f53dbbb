// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Reading and writing the values of arrays. HDF5 decodes chunks one at a time under its lock; here the compressed bytes
// of a chunk are taken as they are (H5Dread_chunk) and inflated by whichever thread asked, so that decoding runs on
// all threads. Two threads that want the same chunk share one decode. Memory: the cache's bound, plus one chunk per
// reading thread.
#include <algorithm>
#include <cstring>
#include <future>
#include <list>
#include <map>

#include <zlib.h>

#include "ruska/io/hdf5.hpp"
#include "ruska/io/hdf5_internal.hpp"

namespace ruska::io::hdf5 {
namespace {

using Bytes = std::shared_ptr<const std::vector<std::byte>>;

constexpr std::int64_t default_cache = std::int64_t{64} << 20;
// The best that deflate can do is 1032:1 (258 bytes from two bits).
constexpr std::int64_t best_deflate_ratio = 1032;

enum class Filter { deflate, shuffle };

/// Copies the box [start, start + shape) of `from` to the place `to_start` of `to`; all starts are relative to their
/// own array.
void copy_box(const std::byte* from, const Shape& from_shape, const Shape& from_start, std::byte* to,
              const Shape& to_shape, const Shape& to_start, const Shape& shape, std::size_t item) {
  const std::size_t rank = shape.size();
  if (rank == 0) {
    std::memcpy(to, from, item);
    return;
  }
  std::vector<std::size_t> from_stride(rank, item), to_stride(rank, item);
  for (std::size_t a = rank - 1; a > 0; --a) {
    from_stride[a - 1] = from_stride[a] * static_cast<std::size_t>(from_shape[a]);
    to_stride[a - 1] = to_stride[a] * static_cast<std::size_t>(to_shape[a]);
  }
  for (std::size_t a = 0; a < rank; ++a) {
    from += static_cast<std::size_t>(from_start[a]) * from_stride[a];
    to += static_cast<std::size_t>(to_start[a]) * to_stride[a];
  }
  const std::size_t run = static_cast<std::size_t>(shape[rank - 1]) * item;
  Shape index(rank, 0);
  for (;;) {
    std::memcpy(to, from, run);
    std::size_t a = rank - 1;
    for (; a > 0; --a) {
      const std::size_t axis = a - 1;
      from += from_stride[axis];
      to += to_stride[axis];
      if (++index[axis] < shape[axis]) break;
      from -= from_stride[axis] * static_cast<std::size_t>(shape[axis]);
      to -= to_stride[axis] * static_cast<std::size_t>(shape[axis]);
      index[axis] = 0;
    }
    if (a == 0) return;
  }
}

/// HDF5's shuffle filter stores the first bytes of all elements, then the second bytes, …
std::vector<std::byte> unshuffled(const std::vector<std::byte>& in, std::size_t item) {
  const std::size_t elements = in.size() / item;
  std::vector<std::byte> out(in.size());
  for (std::size_t b = 0; b < item; ++b) {
    const std::byte* plane = in.data() + b * elements;
    for (std::size_t i = 0; i < elements; ++i) out[i * item + b] = plane[i];
  }
  std::copy(in.begin() + static_cast<std::ptrdiff_t>(elements * item), in.end(),
            out.begin() + static_cast<std::ptrdiff_t>(elements * item));
  return out;
}

std::vector<hsize_t> to_hsize(const Shape& shape) { return {shape.begin(), shape.end()}; }

}  // namespace

struct Array::ArrayState : Object::State {
  using State::State;

  Shape shape, chunk;
  std::optional<Element> element;
  std::string type_name;
  std::int64_t item = 0;
  // Filters in the order in which they were applied; set only where `decodes`.
  std::vector<Filter> filters;
  std::size_t shuffled_item = 1;
  bool decodes = false;

  struct Cached {
    std::shared_future<Bytes> bytes;
    std::list<std::int64_t>::iterator place;
    bool counted = false;
  };
  std::mutex mutex;
  std::map<std::int64_t, Cached> cache;  // by chunk number
  std::list<std::int64_t> recent;        // most recent first
  std::int64_t cached_bytes = 0;
  std::int64_t cache_limit = default_cache;

  std::int64_t chunk_bytes() const { return count(chunk) * item; }

  void describe() {
    const Handle type(H5Dget_type(handle), H5Tclose);
    const Handle space(H5Dget_space(handle), H5Sclose);
    const Handle creation(H5Dget_create_plist(handle), H5Pclose);
    if (!type || !space || !creation) throw_failure(file->path(), path, "reading the description");
    const auto extent = shape_of(space);
    shape = extent.value_or(Shape{0});
    element = element_of(type);
    type_name = class_name(type);
    item = element ? element->bytes() : static_cast<std::int64_t>(H5Tget_size(type));
    Shape all = shape;
    all.push_back(item);
    count(all);
    if (H5Pget_external_count(creation) > 0) {
      throw Error(ErrorKind::unsupported, "'" + file->path().string() + "', " + path +
                                              ": the values lie in other files, which is not supported");
    }
    const H5D_layout_t layout = H5Pget_layout(creation);
    if (layout == H5D_VIRTUAL) {
      throw Error(ErrorKind::unsupported, "'" + file->path().string() + "', " + path +
                                              ": virtual datasets, whose values lie in other files, are not supported");
    }
    if (layout != H5D_CHUNKED) return;
    std::vector<hsize_t> lengths(shape.size());
    if (H5Pget_chunk(creation, static_cast<int>(lengths.size()), lengths.data()) < 0) {
      throw_failure(file->path(), path, "reading the chunk shape");
    }
    for (const hsize_t length : lengths) {
      if (length == 0 || length > UINT32_MAX) {
        throw Error(ErrorKind::bad_data, "'" + file->path().string() + "', " + path + ": a chunk of length " +
                                             std::to_string(length) + " cannot exist");
      }
      chunk.push_back(static_cast<std::int64_t>(length));
    }
    Shape chunk_item = chunk;
    chunk_item.push_back(item);
    count(chunk_item);
    read_filters(creation, type);
  }

  void read_filters(hid_t creation, hid_t type) {
    if (!element) return;
    const Handle memory = memory_type(*element);
    if (H5Tequal(type, memory) <= 0) return;
    const int number = H5Pget_nfilters(creation);
    bool deflated = false;
    for (int i = 0; i < number; ++i) {
      unsigned flags = 0, config = 0, values[1] = {1};
      std::size_t length = 1;
      switch (H5Pget_filter2(creation, static_cast<unsigned>(i), &flags, &length, values, 0, nullptr, &config)) {
        case H5Z_FILTER_DEFLATE:
          filters.push_back(Filter::deflate);
          deflated = true;
          break;
        case H5Z_FILTER_SHUFFLE:
          filters.push_back(Filter::shuffle);
          shuffled_item = std::max<std::size_t>(length > 0 ? values[0] : 1, 1);
          break;
        default: return;
      }
    }
    decodes = deflated;
  }

  std::vector<std::byte> inflated(const std::vector<std::byte>& in) const {
    const auto wanted = static_cast<std::size_t>(chunk_bytes());
    std::vector<std::byte> out(wanted);
    uLongf got = wanted;
    const int status = uncompress(reinterpret_cast<Bytef*>(out.data()), &got, reinterpret_cast<const Bytef*>(in.data()),
                                  static_cast<uLong>(in.size()));
    if (status != Z_OK || got != wanted) {
      throw Error(ErrorKind::bad_data, "'" + file->path().string() + "', " + path +
                                           ": a compressed chunk is damaged (zlib status " + std::to_string(status) +
                                           ", " + std::to_string(got) + " of " + std::to_string(wanted) + " bytes)");
    }
    return out;
  }

  /// A chunk that the index does not know, read by HDF5 itself: the fill value, or an error where the index is damaged.
  std::vector<std::byte> unindexed(const Shape& chunk_index) const {
    if (chunk_bytes() > (std::int64_t{1} << 30)) {
      throw Error(ErrorKind::bad_data, "'" + file->path().string() + "', " + path + ": a missing chunk stands for " +
                                           std::to_string(chunk_bytes()) + " bytes");
    }
    Region box{Shape(shape.size()), Shape(shape.size())};
    for (std::size_t a = 0; a < shape.size(); ++a) {
      box.start[a] = chunk_index[a] * chunk[a];
      box.shape[a] = std::min(chunk[a], shape[a] - box.start[a]);
    }
    std::vector<std::byte> inside(static_cast<std::size_t>(box.count() * item));
    read_directly(box, inside);
    std::vector<std::byte> whole(static_cast<std::size_t>(chunk_bytes()));
    const Shape origin(shape.size(), 0);
    copy_box(inside.data(), box.shape, origin, whole.data(), chunk, origin, box.shape, static_cast<std::size_t>(item));
    return whole;
  }

  void read_directly(const Region& region, std::span<std::byte> out) const {
    const Lock lock;
    const Handle memory = memory_type(*element);
    const Handle space = select(region);
    const Handle target = memory_space(region);
    if (H5Dread(handle, memory, target, space, H5P_DEFAULT, out.data()) < 0) {
      throw_failure(file->path(), path, "reading values");
    }
  }

  Bytes decode(const Shape& chunk_index) const {
    std::vector<hsize_t> offset;
    for (std::size_t a = 0; a < chunk.size(); ++a) offset.push_back(static_cast<hsize_t>(chunk_index[a] * chunk[a]));
    std::vector<std::byte> stored;
    std::uint32_t skipped = 0;
    {
      const Lock lock;
      hsize_t bytes = 0;
      if (H5Dget_chunk_storage_size(handle, offset.data(), &bytes) < 0 || bytes == 0) {
        H5Eclear2(H5E_DEFAULT);
        return std::make_shared<std::vector<std::byte>>(unindexed(chunk_index));
      }
      if (bytes > static_cast<hsize_t>(file->size()) ||
          chunk_bytes() / best_deflate_ratio > static_cast<std::int64_t>(bytes) + 64) {
        throw Error(ErrorKind::bad_data, "'" + file->path().string() + "', " + path + ": a chunk of " +
                                             std::to_string(bytes) + " bytes cannot hold the " +
                                             std::to_string(chunk_bytes()) + " bytes it stands for");
      }
      stored.resize(static_cast<std::size_t>(bytes));
      if (H5Dread_chunk(handle, H5P_DEFAULT, offset.data(), &skipped, stored.data()) < 0) {
        throw_failure(file->path(), path, "reading a chunk");
      }
    }
    for (std::size_t i = filters.size(); i-- > 0;) {
      if ((skipped >> i) & 1U) continue;
      stored = filters[i] == Filter::deflate ? inflated(stored) : unshuffled(stored, shuffled_item);
    }
    if (static_cast<std::int64_t>(stored.size()) != chunk_bytes()) {
      throw Error(ErrorKind::bad_data, "'" + file->path().string() + "', " + path + ": a chunk has " +
                                           std::to_string(stored.size()) + " bytes where " +
                                           std::to_string(chunk_bytes()) + " are needed");
    }
    return std::make_shared<std::vector<std::byte>>(std::move(stored));
  }

  Bytes chunk_values(const Shape& index, std::int64_t number) {
    std::promise<Bytes> promise;
    std::shared_future<Bytes> wanted;
    bool mine = false;
    {
      const std::lock_guard guard(mutex);
      const auto found = cache.find(number);
      if (found != cache.end()) {
        recent.splice(recent.begin(), recent, found->second.place);
        wanted = found->second.bytes;
      } else {
        wanted = promise.get_future().share();
        recent.push_front(number);
        cache[number] = {wanted, recent.begin(), false};
        mine = true;
      }
    }
    if (mine) {
      try {
        promise.set_value(decode(index));
        keep(number);
      } catch (...) {
        promise.set_exception(std::current_exception());
        const std::lock_guard guard(mutex);
        recent.erase(cache.at(number).place);
        cache.erase(number);
      }
    }
    return wanted.get();
  }

  /// Counts a chunk that has been decoded and drops the least recent ones beyond the bound.
  void keep(std::int64_t number) {
    const std::lock_guard guard(mutex);
    cache.at(number).counted = true;
    cached_bytes += chunk_bytes();
    trim();
  }

  void trim() {
    for (auto place = recent.end(); cached_bytes > cache_limit && place != recent.begin();) {
      --place;
      const auto entry = cache.find(*place);
      if (!entry->second.counted) continue;
      cached_bytes -= chunk_bytes();
      cache.erase(entry);
      place = recent.erase(place);
    }
  }

  void read_chunks(const Region& region, std::span<std::byte> out) {
    const std::size_t rank = shape.size();
    Shape first(rank), last(rank), grid(rank);
    for (std::size_t a = 0; a < rank; ++a) {
      first[a] = region.start[a] / chunk[a];
      last[a] = (region.start[a] + region.shape[a] - 1) / chunk[a];
      grid[a] = (shape[a] + chunk[a] - 1) / chunk[a];
    }
    Shape index = first;
    for (;;) {
      std::int64_t number = 0;
      Shape in_chunk(rank), in_region(rank), box(rank);
      for (std::size_t a = 0; a < rank; ++a) {
        number = number * grid[a] + index[a];
        const std::int64_t begin = std::max(index[a] * chunk[a], region.start[a]);
        const std::int64_t end = std::min((index[a] + 1) * chunk[a], region.start[a] + region.shape[a]);
        in_chunk[a] = begin - index[a] * chunk[a];
        in_region[a] = begin - region.start[a];
        box[a] = end - begin;
      }
      const Bytes values = chunk_values(index, number);
      copy_box(values->data(), chunk, in_chunk, out.data(), region.shape, in_region, box,
               static_cast<std::size_t>(item));
      std::size_t a = rank;
      for (; a > 0; --a) {
        if (++index[a - 1] <= last[a - 1]) break;
        index[a - 1] = first[a - 1];
      }
      if (a == 0) return;
    }
  }

  Handle select(const Region& region) const {
    if (shape.empty()) return Handle(H5Screate(H5S_SCALAR), H5Sclose);
    Handle space(H5Dget_space(handle), H5Sclose);
    const auto start = to_hsize(region.start), lengths = to_hsize(region.shape);
    if (!space || H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, lengths.data(), nullptr) < 0) {
      throw_failure(file->path(), path, "selecting a region");
    }
    return space;
  }

  Handle memory_space(const Region& region) const {
    if (shape.empty()) return Handle(H5Screate(H5S_SCALAR), H5Sclose);
    const auto lengths = to_hsize(region.shape);
    return Handle(H5Screate_simple(static_cast<int>(lengths.size()), lengths.data(), nullptr), H5Sclose);
  }

  void check(const Region& region, std::size_t bytes) const {
    bool inside = region.start.size() == shape.size() && region.shape.size() == shape.size();
    for (std::size_t a = 0; inside && a < shape.size(); ++a) {
      inside = region.start[a] >= 0 && region.shape[a] >= 0 && region.start[a] <= shape[a] - region.shape[a];
    }
    if (!inside || bytes != static_cast<std::size_t>(region.count() * item)) {
      throw Error(ErrorKind::invalid_argument, "'" + path + "' of shape " + to_string(shape) + " has no region " +
                                                   to_string(region.shape) + " from " + to_string(region.start) +
                                                   " of " + std::to_string(bytes) + " bytes");
    }
  }
};

Array::ArrayState& Array::array() const { return static_cast<ArrayState&>(*state_); }

Array Group::array(const std::string& name) const {
  const Lock lock;
  if (kind(name) != Kind::array) fail(ErrorKind::bad_data, "an array '" + name + "' was expected here");
  const std::string at = path() == "/" ? "/" + name : path() + "/" + name;
  Handle opened(H5Dopen2(state_->handle, name.c_str(), H5P_DEFAULT), H5Dclose);
  if (!opened) throw_failure(file(), at, "opening the array");
  const auto state = std::make_shared<Array::ArrayState>(state_->file, std::move(opened), at);
  Array(state).check_addresses();
  state->describe();
  return Array(state);
}

Array Group::create_array(const std::string& name, const Element& element, const Shape& shape,
                          const Storage& storage) const {
  const Lock lock;
  const std::string at = path() == "/" ? "/" + name : path() + "/" + name;
  const Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  const Handle access(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose);
  if (!storage.chunk.empty()) {
    const auto lengths = to_hsize(storage.chunk);
    H5Pset_chunk(creation, static_cast<int>(lengths.size()), lengths.data());
    // Regions come in C order; the cache must hold the chunks that a row of them touches until they are full.
    H5Pset_chunk_cache(access, 12421, static_cast<std::size_t>(default_cache), 1.0);
    if (storage.gzip > 0) {
      H5Pset_shuffle(creation);
      H5Pset_deflate(creation, static_cast<unsigned>(storage.gzip));
    }
  }
  const auto lengths = to_hsize(shape);
  const Handle space(shape.empty() ? H5Screate(H5S_SCALAR)
                                   : H5Screate_simple(static_cast<int>(lengths.size()), lengths.data(), nullptr),
                     H5Sclose);
  const Handle type = memory_type(element);
  Handle made(H5Dcreate2(state_->handle, name.c_str(), type, space, H5P_DEFAULT, creation, access), H5Dclose);
  if (!made) throw_failure(file(), at, "making the array", true);
  const auto state = std::make_shared<Array::ArrayState>(state_->file, std::move(made), at);
  state->describe();
  return Array(state);
}

const Shape& Array::shape() const { return array().shape; }

const Shape& Array::chunk() const { return array().chunk; }

bool Array::is_numeric() const { return array().element.has_value(); }

const Element& Array::element() const {
  if (!array().element) {
    fail(ErrorKind::unsupported, "elements of the type '" + array().type_name + "' are not supported; numbers are");
  }
  return *array().element;
}

void Array::read(const Region& region, std::span<std::byte> out) const {
  ArrayState& state = array();
  element();
  state.check(region, out.size());
  if (out.empty()) return;
  if (state.decodes) {
    state.read_chunks(region, out);
    return;
  }
  state.read_directly(region, out);
}

std::vector<std::byte> Array::read_all() const {
  element();
  const std::int64_t bytes = count(shape()) * array().item;
  if (bytes > (std::int64_t{1} << 30) && bytes / best_deflate_ratio > file_size()) {
    fail(ErrorKind::bad_data, "an array of " + std::to_string(bytes) + " bytes does not fit the file");
  }
  std::vector<std::byte> out(static_cast<std::size_t>(bytes));
  read(Region::whole(shape()), out);
  return out;
}

std::vector<double> Array::read_numbers() const {
  const Element& type = element();
  if (is_complex(type.dtype) || !type.fields.empty()) fail(ErrorKind::unsupported, "real numbers were expected here");
  const auto bytes = read_all();
  std::vector<double> numbers;
  numbers.reserve(bytes.size() / size_of(type.dtype));
  visit_dtype(type.dtype, [&]<class T>() {
    if constexpr (!is_complex_v<T>) {
      for (std::size_t i = 0; i + sizeof(T) <= bytes.size(); i += sizeof(T)) {
        T value;
        std::memcpy(&value, bytes.data() + i, sizeof(T));
        numbers.push_back(static_cast<double>(value));
      }
    }
  });
  return numbers;
}

void Array::check_stored_texts() const {
  const ArrayState& state = array();
  if (reference_check() == nullptr || count(state.shape) == 0) return;
  const Handle creation(H5Dget_create_plist(state.handle), H5Pclose);
  const std::int64_t elements = count(state.shape);
  if (elements > file_size() / 16) fail(ErrorKind::bad_data, "more texts than the file can hold");
  if (H5Pget_layout(creation) == H5D_CONTIGUOUS) {
    const haddr_t offset = H5Dget_offset(state.handle);
    if (offset == HADDR_UNDEF) return;  // never written
    reference_check()->references(
        reference_check()->bytes(offset - reference_check()->base(), static_cast<std::uint64_t>(elements) * 16),
        elements);
    return;
  }
  // Small tables of texts are chunks of a few; what is filtered or stored in the header itself is left to HDF5.
  if (H5Pget_layout(creation) != H5D_CHUNKED || H5Pget_nfilters(creation) != 0) return;
  const std::int64_t per_chunk = count(state.chunk);
  if (per_chunk > file_size() / 16) fail(ErrorKind::bad_data, "a chunk of more texts than the file can hold");
  Shape grid(state.shape.size());
  for (std::size_t a = 0; a < grid.size(); ++a) grid[a] = (state.shape[a] + state.chunk[a] - 1) / state.chunk[a];
  for (std::int64_t number = 0; number < count(grid); ++number) {
    std::vector<hsize_t> offset(grid.size());
    std::int64_t rest = number;
    for (std::size_t a = grid.size(); a-- > 0;) {
      offset[a] = static_cast<hsize_t>(rest % grid[a] * state.chunk[a]);
      rest /= grid[a];
    }
    hsize_t bytes = 0;
    if (H5Dget_chunk_storage_size(state.handle, offset.data(), &bytes) < 0 || bytes == 0) {
      H5Eclear2(H5E_DEFAULT);
      continue;
    }
    if (bytes != static_cast<hsize_t>(per_chunk) * 16) fail(ErrorKind::bad_data, "a chunk of texts is cut short");
    std::vector<std::byte> stored(static_cast<std::size_t>(bytes));
    std::uint32_t skipped = 0;
    if (H5Dread_chunk(state.handle, H5P_DEFAULT, offset.data(), &skipped, stored.data()) < 0) {
      throw_failure(file(), path(), "reading a chunk");
    }
    reference_check()->references(stored, per_chunk);
  }
}

void Array::set_cache(std::int64_t bytes) const {
  const std::lock_guard guard(array().mutex);
  array().cache_limit = bytes;
  array().trim();
}

void Array::write(const Region& region, std::span<const std::byte> values) const {
  const ArrayState& state = array();
  element();
  state.check(region, values.size());
  if (values.empty()) return;
  const Lock lock;
  const Handle memory = memory_type(*state.element);
  const Handle space = state.select(region);
  const Handle source = state.memory_space(region);
  if (H5Dwrite(state.handle, memory, source, space, H5P_DEFAULT, values.data()) < 0) {
    throw_failure(file(), path(), "writing values", true);
  }
}

}  // namespace ruska::io::hdf5
