// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/hdf5/stored_values.hpp"

#include <algorithm>
#include <cstring>

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include "ruska/base/error.hpp"
#include "ruska/io/stored_array.hpp"

namespace ruska::io::hdf5 {
namespace {

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

/// Stored elements in the file as bytes: one more axis runs over the bytes of an element.
std::shared_ptr<const Source> stored_bytes(const FileBlocks& file, std::uint64_t address, const Shape& shape,
                                           std::size_t item) {
  Description description;
  description.dtype = DType::uint8;
  Shape all = shape;
  all.push_back(static_cast<std::int64_t>(item));
  for (const std::int64_t length : all) {
    Axis axis;
    axis.size = length;
    description.axes.push_back(axis);
  }
  const std::int64_t place = file.place(address, static_cast<std::uint64_t>(count(all)));
  return stored_array(file.file(), description, {place, c_strides(all, 1)});
}

Region with_bytes(Region region, std::size_t item) {
  region.start.push_back(0);
  region.shape.push_back(static_cast<std::int64_t>(item));
  return region;
}

}  // namespace

/// The part of a region that lies in one chunk.
struct StoredValues::Overlap {
  Shape place;                       ///< of the chunk in the grid
  std::int64_t number = 0;           ///< of the chunk, in C order
  Shape in_chunk, in_region, shape;  ///< where the part begins in both, and its lengths
  bool whole = false;                ///< all of the chunk's values that lie within the array
  bool cut = false;                  ///< the array ends within the chunk
};

StoredValues::StoredValues(const FileBlocks& file, const ObjectHeader& header, const Datatype& type,
                           const Dataspace& space)
    : file_(file),
      shape_(space.null ? Shape{0} : space.shape),
      item_(type.size),
      space_rank_(shape_.size()),
      cache_(std::make_unique<ChunkCache>()) {
  const Message* message = header.find(MessageType::layout);
  if (message == nullptr) throw Error(ErrorKind::bad_data, "an array without a layout");
  layout_ = read_layout(resolved(file, *message).cursor(), space.shape.size(), type.size);
  if (const Message* filters = header.find(MessageType::filters)) {
    filters_ = FilterPipeline(resolved(file, *filters).cursor());
  }
  in_other_files_ =
      layout_.kind == Layout::Kind::virtual_dataset || header.find(MessageType::external_files) != nullptr;
  chunk_ = layout_.chunk;
  Shape inner;
  for (const Datatype* one = &type; one->type_class == Datatype::Class::array; one = one->base.get()) {
    inner.insert(inner.end(), one->dimensions.begin(), one->dimensions.end());
    item_ = one->base->size;
  }
  shape_.insert(shape_.end(), inner.begin(), inner.end());
  if (!chunk_.empty()) chunk_.insert(chunk_.end(), inner.begin(), inner.end());
  Shape all = shape_;
  all.push_back(static_cast<std::int64_t>(item_));
  const std::int64_t bytes = count(all);
  read_fill_value(header, type);
  if (in_other_files_) return;
  switch (layout_.kind) {
    case Layout::Kind::compact:
      if (static_cast<std::uint64_t>(bytes) > layout_.values.bytes.size()) {
        fail_at(layout_.values.place, "an array of " + std::to_string(bytes) + " bytes is stored as " +
                                          std::to_string(layout_.values.bytes.size()));
      }
      break;
    case Layout::Kind::contiguous:
      if (layout_.address != undefined_address && bytes > 0) {
        contiguous_ = stored_bytes(file, layout_.address, shape_, item_);
      }
      break;
    case Layout::Kind::chunked:
      if (space_rank_ == 0 || space.null) throw Error(ErrorKind::bad_data, "chunks of an array without axes");
      index_ = chunk_index(file, layout_, space, static_cast<std::uint64_t>(count(chunk_)) * item_, !filters_.empty());
      break;
    case Layout::Kind::virtual_dataset: break;
  }
}

StoredValues::~StoredValues() = default;

/// IV.A.2.e and f.
void StoredValues::read_fill_value(const ObjectHeader& header, const Datatype& type) {
  std::span<const std::byte> value;
  Message message;
  if (const Message* found = header.find(MessageType::fill_value)) {
    message = resolved(file_, *found);
    Cursor cursor = message.cursor();
    const std::uint64_t version = cursor.number(1);
    if (version < 1 || version > 3) cursor.fail("a fill value of version " + std::to_string(version));
    bool defined = false;
    if (version == 3) {
      defined = (cursor.number(1) & 0x20) != 0;
    } else {
      cursor.skip(2);
      defined = cursor.number(1) != 0 || version == 1;
    }
    if (defined && cursor.left() >= 4) value = cursor.take(cursor.number(4));
  } else if (const Message* old = header.find(MessageType::old_fill_value)) {
    message = resolved(file_, *old);
    Cursor cursor = message.cursor();
    value = cursor.take(cursor.number(4));
  }
  // Fill values of variable length would refer to a heap; what was never written reads as empty.
  if (value.empty() || type.type_class == Datatype::Class::list) return;
  if (value.size() != type.size) {
    throw Error(ErrorKind::bad_data, "a fill value of " + std::to_string(value.size()) + " bytes for elements of " +
                                         std::to_string(type.size));
  }
  for (std::size_t at = item_; at < value.size(); at += item_) {
    if (!std::equal(value.begin(), value.begin() + static_cast<std::ptrdiff_t>(item_),
                    value.begin() + static_cast<std::ptrdiff_t>(at))) {
      throw Error(ErrorKind::unsupported, "a fill value whose numbers differ is not supported");
    }
  }
  fill_value_.assign(value.begin(), value.begin() + static_cast<std::ptrdiff_t>(item_));
  if (std::all_of(fill_value_.begin(), fill_value_.end(), [](std::byte b) { return b == std::byte{0}; })) {
    fill_value_.clear();
  }
}

void StoredValues::check_readable() const {
  if (in_other_files_) {
    throw Error(ErrorKind::unsupported, layout_.kind == Layout::Kind::virtual_dataset
                                            ? "virtual datasets, whose values lie in other files, are not supported"
                                            : "the values lie in other files, which is not supported");
  }
  filters_.check_supported();
}

void StoredValues::set_cache(std::int64_t bytes) const { cache_->set_limit(bytes); }

std::int64_t StoredValues::buffered() const {
  if (filters_.empty() || index_ == nullptr) return 0;
  std::int64_t bytes = static_cast<std::int64_t>(item_);
  // Whole chunks are kept, so what the array ends in counts in full.
  for (std::size_t a = 0; a < shape_.size(); ++a) {
    const std::int64_t chunks = shape_[a] == 0 ? 0 : (shape_[a] - 1) / chunk_[a] + 1;
    if (__builtin_mul_overflow(bytes, chunk_[a], &bytes) || __builtin_mul_overflow(bytes, chunks, &bytes)) {
      return cache_->limit();
    }
  }
  return std::min(bytes, cache_->limit());
}

void StoredValues::fill(std::span<std::byte> out) const {
  if (fill_value_.empty()) {
    std::fill(out.begin(), out.end(), std::byte{0});
    return;
  }
  for (std::size_t at = 0; at + item_ <= out.size(); at += item_) {
    std::memcpy(out.data() + at, fill_value_.data(), item_);
  }
}

void StoredValues::read(const Region& region, std::span<std::byte> out) const {
  check_readable();
  if (out.empty()) return;
  switch (layout_.kind) {
    case Layout::Kind::compact: copy_region(layout_.values.bytes, shape_, item_, region, out); return;
    case Layout::Kind::contiguous:
      if (contiguous_ == nullptr)
        fill(out);
      else
        contiguous_->read(with_bytes(region, item_), out);
      return;
    default: read_chunks(region, out);
  }
}

void StoredValues::read_chunks(const Region& region, std::span<std::byte> out) const {
  const std::size_t rank = shape_.size();
  Shape first(rank), spans(rank);
  for (std::size_t a = 0; a < rank; ++a) {
    first[a] = region.start[a] / chunk_[a];
    spans[a] = (region.start[a] + region.shape[a] - 1) / chunk_[a] - first[a] + 1;
  }
  const auto read_one = [&](std::int64_t number) {
    Overlap part{Shape(rank), 0, Shape(rank), Shape(rank), Shape(rank), true, false};
    for (std::size_t a = rank; a-- > 0;) {
      part.place[a] = first[a] + number % spans[a];
      number /= spans[a];
    }
    for (std::size_t a = 0; a < rank; ++a) {
      const std::int64_t chunk_begin = part.place[a] * chunk_[a];
      const std::int64_t chunk_end = chunk_begin + std::min(chunk_[a], shape_[a] - chunk_begin);
      const std::int64_t begin = std::max(chunk_begin, region.start[a]);
      const std::int64_t end = std::min(chunk_end, region.start[a] + region.shape[a]);
      part.number = part.number * ((shape_[a] - 1) / chunk_[a] + 1) + part.place[a];
      part.in_chunk[a] = begin - chunk_begin;
      part.in_region[a] = begin - region.start[a];
      part.shape[a] = end - begin;
      part.whole = part.whole && begin == chunk_begin && end == chunk_end;
      part.cut = part.cut || chunk_end - chunk_begin < chunk_[a];
    }
    read_chunk(part, region, out);
  };
  const std::int64_t chunks = count(spans);
  if (chunks == 1 || filters_.empty()) {
    for (std::int64_t number = 0; number < chunks; ++number) read_one(number);
    return;
  }
  // Isolated: a thread that waits here must not take up a task of whoever called, which may hold what this needs.
  tbb::this_task_arena::isolate([&] {
    tbb::parallel_for(tbb::blocked_range<std::int64_t>(0, chunks, 1), [&](const auto& range) {
      for (std::int64_t number = range.begin(); number < range.end(); ++number) read_one(number);
    });
  });
}

void StoredValues::read_chunk(const Overlap& part, const Region& region, std::span<std::byte> out) const {
  const Shape place(part.place.begin(), part.place.begin() + static_cast<std::ptrdiff_t>(space_rank_));
  const auto chunk = index_->find(place);
  if (!chunk) {
    fill_box(part, region, out);
    return;
  }
  if (filters_.empty() || (part.cut && layout_.partial_chunks_unfiltered)) {
    read_unfiltered(*chunk, part, region, out);
    return;
  }
  const std::size_t rank = shape_.size();
  const std::size_t bytes = static_cast<std::size_t>(count(chunk_)) * item_;
  const Shape origin(rank, 0);
  if (part.whole) {
    const auto at = part.cut ? std::nullopt : contiguous_start({part.in_region, part.shape}, region.shape);
    if (at) {
      decode(*chunk, out.subspan(static_cast<std::size_t>(*at) * item_, bytes));
      return;
    }
    std::vector<std::byte> values(bytes);
    decode(*chunk, values);
    copy_box(values.data(), chunk_, origin, out.data(), region.shape, part.in_region, part.shape, item_);
    return;
  }
  const ChunkCache::Chunk values = cache_->get(part.number, [&] {
    std::vector<std::byte> decoded(bytes);
    decode(*chunk, decoded);
    return decoded;
  });
  copy_box(values->data(), chunk_, part.in_chunk, out.data(), region.shape, part.in_region, part.shape, item_);
}

void StoredValues::decode(const StoredChunk& chunk, std::span<std::byte> out) const {
  if (chunk.bytes < filters_.fewest_stored(out.size())) {
    throw Error(ErrorKind::bad_data, "a chunk of " + std::to_string(chunk.bytes) + " bytes cannot hold the " +
                                         std::to_string(out.size()) + " bytes it stands for");
  }
  Block block = file_.block(chunk.address, chunk.bytes);
  with_context([&] { return "at byte " + std::to_string(block.place); },
               [&] { filters_.decode(std::move(block.bytes), chunk.skipped, out); });
}

void StoredValues::read_unfiltered(const StoredChunk& chunk, const Overlap& part, const Region& region,
                                   std::span<std::byte> out) const {
  const auto bytes = static_cast<std::uint64_t>(count(chunk_)) * item_;
  if (chunk.bytes != bytes) {
    throw Error(ErrorKind::bad_data, "a chunk of " + std::to_string(bytes) + " bytes is stored as " +
                                         std::to_string(chunk.bytes) + " at the address " +
                                         std::to_string(chunk.address));
  }
  const auto stored_start = contiguous_start({part.in_chunk, part.shape}, chunk_);
  const auto wanted_start = contiguous_start({part.in_region, part.shape}, region.shape);
  if (stored_start && wanted_start) {
    const auto length = static_cast<std::size_t>(count(part.shape)) * item_;
    file_.file()->read(file_.place(chunk.address, bytes) + *stored_start * static_cast<std::int64_t>(item_),
                       out.subspan(static_cast<std::size_t>(*wanted_start) * item_, length));
    return;
  }
  const auto source = stored_bytes(file_, chunk.address, chunk_, item_);
  std::vector<std::byte> values(static_cast<std::size_t>(count(part.shape)) * item_);
  source->read(with_bytes({part.in_chunk, part.shape}, item_), values);
  copy_box(values.data(), part.shape, Shape(shape_.size(), 0), out.data(), region.shape, part.in_region, part.shape,
           item_);
}

void StoredValues::fill_box(const Overlap& part, const Region& region, std::span<std::byte> out) const {
  // Row by row, so that a chunk that is not there needs no memory.
  Shape row = part.shape;
  std::vector<std::byte> values(static_cast<std::size_t>(row.back()) * item_);
  fill(values);
  const std::int64_t rows = count(part.shape) / part.shape.back();
  Shape at = part.in_region;
  const std::size_t rank = row.size();
  for (std::int64_t done = 0; done < rows; ++done) {
    std::size_t to = 0;
    for (std::size_t a = 0; a < rank; ++a) {
      to = to * static_cast<std::size_t>(region.shape[a]) + static_cast<std::size_t>(at[a]);
    }
    std::memcpy(out.data() + to * item_, values.data(), values.size());
    for (std::size_t a = rank - 1; a-- > 0;) {
      if (++at[a] < part.in_region[a] + part.shape[a]) break;
      at[a] = part.in_region[a];
    }
  }
}

}  // namespace ruska::io::hdf5
