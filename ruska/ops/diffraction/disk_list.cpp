// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/disk_list.hpp"

#include <cmath>

#include "ruska/base/error.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/core/rows.hpp"
#include "ruska/ops/diffraction/pattern_axes.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr const char* values_key = "Diffraction.disk_values";
constexpr const char* units_key = "Diffraction.disk_units";
constexpr const char* grid_key = "Diffraction.disk_grid";

}  // namespace

void check_disk_list(const Description& lists, const std::string& port) {
  const std::vector<std::string> names = texts_at(lists.metadata, values_key);
  const bool named =
      names.empty() || (names.size() >= 3 && names[0] == "ky" && names[1] == "kx" && names[2] == "intensity");
  const Shape shape = lists.signal_shape();
  if (shape.size() == 2 && shape[0] > 0 && shape[1] >= 3 && named) return;
  throw Error(ErrorKind::invalid_argument,
              port + " has the signal shape " + to_string(shape) +
                  "; lists of disks have the axes disk and value, the values ky, kx and intensity, as "
                  "diffraction.disks makes them");
}

DiskLists read_disks(const Dataset& lists, RowRange positions) {
  const Description& description = lists.describe();
  const Shape signal = description.signal_shape();
  const auto longest = static_cast<std::size_t>(signal[0]), width = static_cast<std::size_t>(signal[1]);
  DiskLists found;
  for (const Region& region : regions_of_rows(description, positions)) {
    const std::vector<double> values = lists.read_as_double(region);
    for (std::size_t at = 0; at < values.size(); at += longest * width) {
      for (std::size_t d = 0; d < longest; ++d) {
        const double* const disk = values.data() + at + d * width;
        std::size_t finite = 0, absent = 0;
        for (std::size_t v = 0; v < 3; ++v) {
          finite += std::isfinite(disk[v]) ? 1 : 0;
          absent += std::isnan(disk[v]) ? 1 : 0;
        }
        if (absent == 3) continue;
        if (finite != 3) {
          throw Error(ErrorKind::bad_data,
                      "disk " + std::to_string(d) + " of position " +
                          std::to_string(positions.begin + static_cast<std::int64_t>(found.positions())) + " of '" +
                          description.title + "' is not finite; a disk that is absent has NaN for all its values");
        }
        found.disks.push_back({disk[0], disk[1], disk[2]});
      }
      found.start.push_back(found.disks.size());
    }
  }
  return found;
}

std::string disk_units(const Description& lists) { return text_at(lists.metadata, units_key).value_or(""); }

std::optional<DiskGrid> disk_grid(const Description& lists) {
  const Json* stored = find(lists.metadata, grid_key);
  if (stored == nullptr) {
    const std::string units = disk_units(lists);
    if (units.empty() || units == "px") return DiskGrid{};
    return std::nullopt;
  }
  const auto pair = [&](const char* name) {
    const Json* values = find(*stored, name);
    if (values == nullptr || !values->is_array() || values->size() != 2 || !(*values)[0].is_number() ||
        !(*values)[1].is_number()) {
      throw Error(ErrorKind::bad_data, std::string("the metadata at ") + grid_key + " are broken: " + name);
    }
    return Vector{(*values)[1].get<double>(), (*values)[0].get<double>()};
  };
  const Vector frame = pair("shape");
  DiskGrid grid{
      pair("offset"), pair("scale"), {static_cast<std::int64_t>(frame.y), static_cast<std::int64_t>(frame.x)}};
  if (!std::isfinite(grid.offset.x + grid.offset.y) || !std::isnormal(grid.scale.x) || !std::isnormal(grid.scale.y)) {
    throw Error(ErrorKind::bad_data, std::string("the metadata at ") + grid_key + " are broken: offset and scale");
  }
  return grid;
}

Json with_disk_grid(const Description& patterns) {
  Json metadata = patterns.metadata;
  const SignalAxes axes = signal_axes(patterns);
  set(metadata, grid_key,
      Json{{"offset", Json::array({axes.y.offset, axes.x.offset})},
           {"scale", Json::array({axes.y.scale, axes.x.scale})},
           {"shape", Json::array({axes.y.size, axes.x.size})}});
  return metadata;
}

template <class T>
Dataset disk_list_dataset(const Axes& navigation, std::int64_t longest, const std::string& title,
                          const std::string& units, const Json& metadata, std::span<const T> values) {
  Description description;
  description.title = title;
  description.axes = navigation;
  description.axes.push_back({.name = "disk", .role = Role::signal, .size = longest});
  description.axes.push_back({.name = "value", .role = Role::signal, .size = 3});
  description.metadata = metadata;
  set(description.metadata, "General.title", title);
  set(description.metadata, values_key, Json::array({"ky", "kx", "intensity"}));
  set(description.metadata, units_key, units);
  return Dataset::from_values<T>(std::move(description), values);
}

template Dataset disk_list_dataset<float>(const Axes&, std::int64_t, const std::string&, const std::string&,
                                          const Json&, std::span<const float>);
template Dataset disk_list_dataset<double>(const Axes&, std::int64_t, const std::string&, const std::string&,
                                           const Json&, std::span<const double>);

}  // namespace ruska::ops::diffraction
