// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/source.hpp"

#include <cmath>
#include <cstring>

namespace ruska {
namespace {

Shape lengths(const Axes& axes, const Role* role) {
  Shape shape;
  for (const Axis& axis : axes) {
    if (role == nullptr || axis.role == *role) shape.push_back(axis.size);
  }
  return shape;
}

/// Calls `copy(offset in the array, offset in the box, bytes)` for every run of the box that is contiguous in both.
template <class Copy>
void for_each_run(const Shape& shape, std::size_t item_size, const Region& region, const Copy& copy) {
  if (region.count() == 0) return;
  const auto rank = static_cast<int>(shape.size());
  int outer = rank;  // axes below `outer` are walked, those from it on are one run
  std::int64_t run = 1;
  bool whole = true;
  while (outer > 0 && whole) {
    --outer;
    run *= region.shape[static_cast<std::size_t>(outer)];
    whole = region.shape[static_cast<std::size_t>(outer)] == shape[static_cast<std::size_t>(outer)];
  }
  Shape stride(shape.size(), 1);
  for (int a = rank - 2; a >= 0; --a) {
    stride[static_cast<std::size_t>(a)] =
        stride[static_cast<std::size_t>(a) + 1] * shape[static_cast<std::size_t>(a) + 1];
  }
  std::int64_t offset = 0;
  for (std::size_t a = 0; a < shape.size(); ++a) offset += region.start[a] * stride[a];
  Shape index(shape.size(), 0);
  const std::size_t bytes = static_cast<std::size_t>(run) * item_size;
  std::size_t done = 0;
  for (;;) {
    copy(static_cast<std::size_t>(offset) * item_size, done, bytes);
    done += bytes;
    int a = outer - 1;
    for (; a >= 0; --a) {
      const auto axis = static_cast<std::size_t>(a);
      offset += stride[axis];
      if (++index[axis] < region.shape[axis]) break;
      offset -= stride[axis] * region.shape[axis];
      index[axis] = 0;
    }
    if (a < 0) return;
  }
}

}  // namespace

Shape Description::shape() const { return lengths(axes, nullptr); }

Shape Description::navigation_shape() const {
  const Role role = Role::navigation;
  return lengths(axes, &role);
}

Shape Description::signal_shape() const {
  const Role role = Role::signal;
  return lengths(axes, &role);
}

std::int64_t Description::navigation_size() const { return ruska::count(navigation_shape()); }

std::int64_t Description::signal_size() const { return ruska::count(signal_shape()); }

std::int64_t Description::bytes() const {
  Shape with_item = shape();
  with_item.push_back(static_cast<std::int64_t>(size_of(dtype)));
  return ruska::count(with_item);
}

const Axis& Description::signal_axis() const {
  const Axis* found = nullptr;
  int signal_axes = 0;
  for (const Axis& axis : axes) {
    if (axis.role == Role::signal) {
      found = &axis;
      ++signal_axes;
    }
  }
  if (signal_axes != 1) {
    throw Error(ErrorKind::invalid_argument,
                "'" + title + "' has " + std::to_string(signal_axes) + " signal axes, where one (spectra) is needed");
  }
  return *found;
}

void Description::validate() const {
  const auto wrong = [&](const std::string& what) {
    throw Error(ErrorKind::bad_data, "signal '" + title + "': " + what);
  };
  bool in_signal = false;
  for (const Axis& axis : axes) {
    if (axis.size < 0) wrong("axis '" + axis.name + "' has the length " + std::to_string(axis.size));
    if (!std::isfinite(axis.scale) || !std::isfinite(axis.offset)) {
      wrong("axis '" + axis.name + "' has a scale or offset that is not finite");
    }
    if (!axis.values.empty() && static_cast<std::int64_t>(axis.values.size()) != axis.size) {
      wrong("axis '" + axis.name + "' has " + std::to_string(axis.values.size()) + " coordinates for " +
            std::to_string(axis.size) + " places");
    }
    if (axis.role == Role::signal)
      in_signal = true;
    else if (in_signal)
      wrong("a navigation axis follows a signal axis");
  }
  bytes();
  if (!chunk.empty()) {
    if (chunk.size() != axes.size()) wrong("the chunk " + to_string(chunk) + " has not one length per axis");
    for (const std::int64_t length : chunk) {
      if (length <= 0) wrong("the chunk " + to_string(chunk) + " is empty");
    }
  }
}

Region Region::whole(const Shape& shape) { return {Shape(shape.size(), 0), shape}; }

void check_region(const Region& region, const Description& description, std::size_t bytes) {
  const Shape shape = description.shape();
  bool inside = region.start.size() == shape.size() && region.shape.size() == shape.size();
  for (std::size_t a = 0; inside && a < shape.size(); ++a) {
    inside = region.start[a] >= 0 && region.shape[a] >= 0 && region.start[a] <= shape[a] - region.shape[a];
  }
  if (!inside) {
    throw Error(ErrorKind::invalid_argument, "the region " + to_string(region.shape) + " from " +
                                                 to_string(region.start) + " leaves the shape " + to_string(shape));
  }
  const auto wanted = static_cast<std::size_t>(region.count()) * size_of(description.dtype);
  if (bytes != wanted) {
    throw Error(ErrorKind::invalid_argument, "a region of " + std::to_string(wanted) + " bytes was asked for into " +
                                                 std::to_string(bytes) + " bytes");
  }
}

std::optional<std::int64_t> contiguous_start(const Region& region, const Shape& shape) {
  std::size_t partial = 0;  // the first axis along which the box is longer than one; all after it must be whole
  while (partial < shape.size() && region.shape[partial] == 1) ++partial;
  for (std::size_t a = partial + 1; a < shape.size(); ++a) {
    if (region.shape[a] != shape[a]) return std::nullopt;
  }
  std::int64_t start = 0;
  for (std::size_t a = 0; a < shape.size(); ++a) start = start * shape[a] + region.start[a];
  return start;
}

void copy_region(std::span<const std::byte> array, const Shape& shape, std::size_t item_size, const Region& region,
                 std::span<std::byte> out) {
  for_each_run(shape, item_size, region, [&](std::size_t in_array, std::size_t in_box, std::size_t bytes) {
    std::memcpy(out.data() + in_box, array.data() + in_array, bytes);
  });
}

void paste_region(std::span<const std::byte> values, const Region& region, std::span<std::byte> array,
                  const Shape& shape, std::size_t item_size) {
  for_each_run(shape, item_size, region, [&](std::size_t in_array, std::size_t in_box, std::size_t bytes) {
    std::memcpy(array.data() + in_array, values.data() + in_box, bytes);
  });
}

}  // namespace ruska
