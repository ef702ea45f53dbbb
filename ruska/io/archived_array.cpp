// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/archived_array.hpp"

#include <cstring>
#include <mutex>

#include "ruska/io/little_endian.hpp"

namespace ruska::io {

namespace {

/// The byte behind the last element; throws bad_data where that does not fit 63 bits.
std::int64_t end_of(const Shape& shape, const StoredLayout& layout, std::size_t item) {
  if (count(shape) == 0) return layout.offset;
  std::int64_t end = layout.offset;
  bool overflow = __builtin_add_overflow(end, static_cast<std::int64_t>(item), &end);
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    std::int64_t reach = 0;
    overflow |= __builtin_mul_overflow(shape[axis] - 1, layout.stride[axis], &reach);
    overflow |= __builtin_add_overflow(end, reach, &end);
  }
  if (overflow) throw Error(ErrorKind::bad_data, "an array " + to_string(shape) + " needs more than 2^63 bytes");
  return end;
}

class DeflatedArray final : public Source {
 public:
  DeflatedArray(std::shared_ptr<const ZipArchive> archive, const ZipMember& member, Description description,
                StoredLayout layout)
      : archive_(std::move(archive)),
        member_(member),
        description_(std::move(description)),
        layout_(std::move(layout)) {}

  const Description& describe() const override { return description_; }
  std::int64_t buffered() const override { return member_.size; }

  void read(const Region& region, std::span<std::byte> out) const override {
    check_region(region, description_, out.size());
    if (out.empty()) return;
    std::call_once(decoded_, [this] { bytes_ = archive_->read(member_, member_.size); });
    std::int64_t start = layout_.offset;
    for (std::size_t axis = 0; axis < region.shape.size(); ++axis) start += region.start[axis] * layout_.stride[axis];
    std::byte* next = out.data();
    gather(region.shape, 0, start, next);
    if (layout_.swapped) swap_bytes(out, description_.dtype);
  }

 private:
  void gather(const Shape& shape, std::size_t axis, std::int64_t start, std::byte*& next) const {
    const std::size_t item = size_of(description_.dtype);
    if (axis == shape.size()) {
      std::memcpy(next, bytes_.data() + start, item);
      next += item;
      return;
    }
    if (axis + 1 == shape.size() && layout_.stride[axis] == static_cast<std::int64_t>(item)) {
      const std::size_t run = item * static_cast<std::size_t>(shape[axis]);
      std::memcpy(next, bytes_.data() + start, run);
      next += run;
      return;
    }
    for (std::int64_t i = 0; i < shape[axis]; ++i) gather(shape, axis + 1, start + i * layout_.stride[axis], next);
  }

  std::shared_ptr<const ZipArchive> archive_;
  ZipMember member_;
  Description description_;
  StoredLayout layout_;
  mutable std::once_flag decoded_;
  mutable std::vector<std::byte> bytes_;
};

}  // namespace

bool is_array_archive(std::span<const std::byte> head) {
  if (head.size() < 30 || load<std::uint32_t>(head) != 0x04034b50) return false;
  const std::size_t length = load<std::uint16_t>(head, 26);
  if (head.size() < 30 + length) return false;
  return std::string_view(reinterpret_cast<const char*>(head.data()) + 30, length).ends_with(".npy");
}

npy::ReadBytes reader_of(const ZipArchive& archive, const ZipMember& member) {
  return [&archive, &member](std::int64_t offset, std::int64_t count) {
    std::vector<std::byte> bytes = archive.read(member, offset + count);
    bytes.erase(bytes.begin(), bytes.begin() + offset);
    return bytes;
  };
}

std::shared_ptr<const Source> archived_array(std::shared_ptr<const ZipArchive> archive, const ZipMember& member,
                                             Description description, StoredLayout layout) {
  description.validate();
  const std::int64_t end = end_of(description.shape(), layout, size_of(description.dtype));
  if (layout.offset < 0 || end > member.size) {
    throw Error(ErrorKind::bad_data, "'" + member.name + "' has " + std::to_string(member.size) + " bytes; an array " +
                                         to_string(description.shape()) + " of " +
                                         std::string(name_of(description.dtype)) + " from byte " +
                                         std::to_string(layout.offset) + " on needs " + std::to_string(end));
  }
  if (member.method == 0) {
    layout.offset += archive->data_offset(member);
    return stored_array(archive->file(), std::move(description), std::move(layout));
  }
  return std::make_shared<DeflatedArray>(std::move(archive), member, std::move(description), std::move(layout));
}

}  // namespace ruska::io
