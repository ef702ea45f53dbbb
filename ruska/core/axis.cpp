// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/axis.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "ruska/base/error.hpp"

namespace ruska {

double Axis::at(double index) const {
  if (values.empty()) return offset + scale * index;
  const double clipped = std::clamp(index, 0.0, static_cast<double>(values.size() - 1));
  const auto below = std::min(static_cast<std::size_t>(clipped), values.size() - 1);
  const auto above = std::min(below + 1, values.size() - 1);
  return std::lerp(values[below], values[above], clipped - static_cast<double>(below));
}

std::int64_t Axis::nearest(double coordinate) const {
  if (values.empty()) {
    const double index = std::round((coordinate - offset) / scale);
    return static_cast<std::int64_t>(std::clamp(index, 0.0, static_cast<double>(size - 1)));
  }
  const auto closer = [&](double a, double b) { return std::fabs(a - coordinate) < std::fabs(b - coordinate); };
  return std::min_element(values.begin(), values.end(), closer) - values.begin();
}

std::string_view name_of(Role role) { return role == Role::navigation ? "navigation" : "signal"; }

std::string quantity_of(std::string_view units) {
  struct Known {
    std::string_view units, quantity;
  };
  static constexpr std::array known{
      Known{"m", "length"},          Known{"mm", "length"},        Known{"µm", "length"},
      Known{"um", "length"},         Known{"nm", "length"},        Known{"Å", "length"},
      Known{"pm", "length"},         Known{"eV", "energy"},        Known{"keV", "energy"},
      Known{"1/nm", "wavenumber"},   Known{"1/Å", "wavenumber"},   Known{"1/µm", "wavenumber"},
      Known{"1 / nm", "wavenumber"}, Known{"1 / Å", "wavenumber"}, Known{"1 / µm", "wavenumber"},
      Known{"mrad", "angle"},        Known{"rad", "angle"},        Known{"°", "angle"},
      Known{"deg", "angle"},         Known{"s", "time"},           Known{"ms", "time"},
      Known{"µs", "time"},           Known{"ns", "time"},          Known{"K", "temperature"},
  };
  for (const Known& one : known) {
    if (one.units == units) return std::string(one.quantity);
  }
  return {};
}

Json to_json(const Axis& axis) {
  Json json{{"name", axis.name},     {"quantity", axis.quantity}, {"units", axis.units},       {"scale", axis.scale},
            {"offset", axis.offset}, {"size", axis.size},         {"role", name_of(axis.role)}};
  if (!axis.values.empty()) json["values"] = axis.values;
  return json;
}

std::int64_t count(const Shape& shape) {
  std::int64_t product = 1;
  for (const std::int64_t length : shape) {
    if (length < 0 || __builtin_mul_overflow(product, length, &product)) {
      throw Error(ErrorKind::bad_data, "an array of shape " + to_string(shape) + " cannot exist");
    }
  }
  return product;
}

std::string to_string(const Shape& shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + ")";
}

}  // namespace ruska
