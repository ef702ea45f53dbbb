// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ruska/core/dataset.hpp"
#include "ruska/core/executor.hpp"
#include "ruska/ops/diffraction/plane.hpp"

/// Lists of diffraction disks, one per scan position, as a dataset: the navigation axes of the scan, then the signal
/// axes `disk`, as long as the longest list, and `value` = (ky, kx, intensity, …); floats, all values of a disk NaN
/// behind the end of a shorter list. ky runs along the first axis of a pattern, kx along the last. The metadata name
/// the values at Diffraction.disk_values, the unit of ky and kx at Diffraction.disk_units and, at
/// Diffraction.disk_grid, offset and scale of the detector's axes in that unit and their lengths, as far as they are
/// known.
namespace ruska::ops::diffraction {

/// A disk's centre in the list's unit, and its intensity.
struct Disk {
  double ky = 0, kx = 0, intensity = 0;
};

/// The lists of consecutive scan positions, absent disks left out.
struct DiskLists {
  std::vector<Disk> disks;
  std::vector<std::size_t> start{0};

  std::size_t positions() const { return start.size() - 1; }
  std::span<const Disk> at(std::size_t position) const {
    return std::span(disks).subspan(start[position], start[position + 1] - start[position]);
  }
};

/// Throws invalid_argument naming `port` unless the signal axes are those of disk lists.
void check_disk_list(const Description& lists, const std::string& port);

/// Throws bad_data for a value that is not finite in a disk that is not absent.
DiskLists read_disks(const Dataset& lists, RowRange positions);

/// The unit of ky and kx; empty where it is not known.
std::string disk_units(const Description& lists);

/// How ky and kx of a list follow from detector pixels: coordinate = offset + scale · pixel.
struct DiskGrid {
  Vector offset{}, scale{1, 1};
  Shape frame{};  ///< height and width of the patterns; empty when they are not known

  Vector pixel(Vector at) const { return {(at.x - offset.x) / scale.x, (at.y - offset.y) / scale.y}; }
};
/// Of lists that say nothing, pixels where their unit is px or not known. Nothing for those in another unit. Throws
/// bad_data for a grid that is broken.
std::optional<DiskGrid> disk_grid(const Description& lists);
/// The metadata of patterns, with the grid of their signal axes.
Json with_disk_grid(const Description& patterns);

/// A dataset of lists: `values` has `longest` times (ky, kx, intensity) per position. T is float or double.
template <class T>
Dataset disk_list_dataset(const Axes& navigation, std::int64_t longest, const std::string& title,
                          const std::string& units, const Json& metadata, std::span<const T> values);

}  // namespace ruska::ops::diffraction
