// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// An array of an HDF5 file seen as a signal: its axes permuted and picked where the format stores them in another
// order than ruska's (navigation first).
#include "ruska/io/hdf5/source.hpp"

#include "ruska/io/hdf5/permuted.hpp"

namespace ruska::io::hdf5 {
namespace {

std::vector<int> in_order(std::size_t axes) {
  std::vector<int> order;
  for (std::size_t i = 0; i < axes; ++i) order.push_back(static_cast<int>(i));
  return order;
}

}  // namespace

Hdf5Source::Hdf5Source(Description description, Array array)
    : Hdf5Source(std::move(description), array, in_order(array.shape().size())) {}

Hdf5Source::Hdf5Source(Description description, Array array, std::vector<int> order, Shape fixed)
    : description_(std::move(description)),
      array_(std::move(array)),
      order_(std::move(order)),
      fixed_(std::move(fixed)) {
  const Element& element = array_.element();
  const Shape& lengths = array_.shape();
  fixed_.resize(lengths.size(), 0);
  if (order_.size() != description_.axes.size()) {
    array_.fail(ErrorKind::bad_data, "the array of shape " + to_string(lengths) + " has " +
                                         std::to_string(description_.axes.size()) + " described axes");
  }
  for (std::size_t i = 0; i < order_.size(); ++i) {
    const std::int64_t length = lengths.at(static_cast<std::size_t>(order_[i]));
    if (length != description_.axes[i].size) {
      array_.fail(ErrorKind::bad_data, "axis '" + description_.axes[i].name + "' has the length " +
                                           std::to_string(description_.axes[i].size) + " and the array " +
                                           std::to_string(length));
    }
  }
  for (std::size_t a = 0; a < lengths.size(); ++a) {
    if (fixed_[a] < 0 || fixed_[a] >= std::max<std::int64_t>(lengths[a], 1)) {
      array_.fail(ErrorKind::bad_data,
                  "there is no index " + std::to_string(fixed_[a]) + " in a length of " + std::to_string(lengths[a]));
    }
  }
  description_.dtype = element.dtype;
  description_.fields = element.fields;
  if (!array_.chunk().empty()) {
    description_.chunk.clear();
    for (const int axis : order_) description_.chunk.push_back(array_.chunk()[static_cast<std::size_t>(axis)]);
  }
  if (!element.fields.empty()) {
    const auto fields = static_cast<std::int64_t>(element.fields.size());
    Axis axis;
    axis.name = "field";
    axis.size = fields;
    description_.axes.push_back(axis);
    if (!description_.chunk.empty()) description_.chunk.push_back(fields);
  }
  description_.validate();
  array_.check_readable();
}

void Hdf5Source::read(const Region& region, std::span<std::byte> out) const {
  check_region(region, description_, out.size());
  if (out.empty()) return;
  if (!description_.fields.empty()) {
    // Whole structures are read; a part of the fields is cut out of them.
    const std::size_t last = description_.axes.size() - 1;
    const auto fields = static_cast<std::int64_t>(description_.fields.size());
    if (region.shape[last] != fields) {
      Region whole = region;
      whole.start[last] = 0;
      whole.shape[last] = fields;
      std::vector<std::byte> structures(static_cast<std::size_t>(whole.count()) * size_of(description_.dtype));
      read(whole, structures);
      Region part{Shape(region.start.size(), 0), region.shape};
      part.start[last] = region.start[last];
      copy_region(structures, whole.shape, size_of(description_.dtype), part, out);
      return;
    }
  }
  const Shape& lengths = array_.shape();
  Region stored{fixed_, Shape(lengths.size(), 1)};
  bool straight = true;
  for (std::size_t i = 0; i < order_.size(); ++i) {
    const auto axis = static_cast<std::size_t>(order_[i]);
    stored.start[axis] = region.start[i];
    stored.shape[axis] = region.shape[i];
    straight = straight && (i == 0 || order_[i] > order_[i - 1]);
  }
  if (straight) {
    array_.read(stored, out);
    return;
  }
  std::vector<std::byte> values(out.size());
  array_.read(stored, values);
  Shape array_stride(lengths.size(), 1);
  for (std::size_t a = lengths.size(); a-- > 1;) array_stride[a - 1] = array_stride[a] * stored.shape[a];
  Shape shape, stride;
  for (std::size_t i = 0; i < order_.size(); ++i) {
    shape.push_back(region.shape[i]);
    stride.push_back(array_stride[static_cast<std::size_t>(order_[i])]);
  }
  permute(values.data(), shape, stride, static_cast<std::size_t>(array_.element().bytes()), out.data());
}

Shape chunk_for(const Description& description) {
  constexpr std::int64_t target = std::int64_t{1} << 20;
  const Shape shape = description.shape();
  Shape chunk(shape.size(), 1);
  std::int64_t left = target / static_cast<std::int64_t>(size_of(description.dtype));
  for (std::size_t a = shape.size(); a-- > 0;) {
    const std::int64_t length = std::max<std::int64_t>(shape[a], 1);
    chunk[a] = std::min(length, std::max<std::int64_t>(left, 1));
    left /= chunk[a];
  }
  return chunk;
}

}  // namespace ruska::io::hdf5
