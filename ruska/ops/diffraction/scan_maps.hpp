// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "ruska/core/metadata.hpp"
#include "ruska/core/output.hpp"

// Results that have a value per scan position.
namespace ruska::ops::diffraction {

/// The scan's axes as those of an image, with an axis of `number` components in front (0 for none). A single pattern
/// has one position.
inline Axes scan_map_axes(const Description& data, const std::string& components, std::int64_t number) {
  Axes axes;
  if (number > 0) axes.push_back({.name = components, .role = Role::navigation, .size = number});
  for (const Axis& axis : data.axes) {
    if (axis.role != Role::navigation) continue;
    axes.push_back(axis);
    axes.back().role = Role::signal;
  }
  if (axes.size() == (number > 0 ? 1u : 0u)) axes.push_back({.name = "position", .role = Role::signal, .size = 1});
  return axes;
}

inline Shape shape_of(const Axes& axes) {
  Shape shape;
  for (const Axis& axis : axes) shape.push_back(axis.size);
  return shape;
}

/// Values over axes; `quantity` is what a colour bar says.
template <class V>
Dataset dataset_over(Axes axes, const std::string& title, const std::string& quantity, std::span<const V> values) {
  Description description;
  description.title = title;
  description.axes = std::move(axes);
  set(description.metadata, "General.title", title);
  if (!quantity.empty()) set(description.metadata, "Signal.quantity", quantity);
  return Dataset::from_values<V>(std::move(description), values);
}

/// How a report shows a value per position: an image, a curve along a line of positions, or not at all.
inline View scan_view(const Description& data, View image) {
  const std::size_t rank = data.navigation_shape().size();
  const bool curve = rank == 1 && (image == View::maps || image == View::vectors);
  return rank == 2 ? image : curve ? View::spectra : View::hidden;
}

}  // namespace ruska::ops::diffraction
