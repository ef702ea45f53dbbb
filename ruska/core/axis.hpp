// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ruska/base/json.hpp"

namespace ruska {

/// Navigation axes say where the probe was; signal axes say what the detector resolved there.
enum class Role { navigation, signal };

/// One axis of a dataset: coordinate = offset + scale · index, or a table of coordinates.
struct Axis {
  std::string name{};
  std::string quantity{};  ///< what is measured along it: "length", "energy", "time" …; empty when unknown
  std::string units{};     ///< "nm", "keV", "1/nm"; empty when the file gives none
  Role role = Role::signal;
  std::int64_t size = 0;
  double scale = 1.0;
  double offset = 0.0;
  std::vector<double> values{};  ///< coordinates of a non-uniform axis; empty for a uniform one

  double at(double index) const;
  /// The index whose coordinate lies nearest, clipped to the axis.
  std::int64_t nearest(double coordinate) const;
};

using Axes = std::vector<Axis>;
using Shape = std::vector<std::int64_t>;

std::string_view name_of(Role role);
/// The quantity that units imply ("nm" → "length", "keV" → "energy"); empty when they imply none.
std::string quantity_of(std::string_view units);
Json to_json(const Axis& axis);
/// Product of the lengths; 1 for no axes. Throws bad_data when it does not fit 63 bits.
std::int64_t count(const Shape& shape);
std::string to_string(const Shape& shape);

}  // namespace ruska
