// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/component_output.hpp"

namespace ruska::ops::unmix {
namespace {

Axes with_component(const Axes& axes, Role kept, std::int64_t components) {
  Axes result{component_axis(components)};
  for (const Axis& axis : axes) {
    if (axis.role != kept) continue;
    result.push_back(axis);
    result.back().role = Role::signal;
  }
  return result;
}

}  // namespace

std::vector<Port> unmixing_ports(Values values) {
  return {{.name = "data",
           .help = "spectrum image: at least one navigation and one signal axis",
           .required = true,
           .values = values,
           .min_navigation = 1,
           .min_signal = 1},
          {.name = "navigation_mask",
           .help = "image over the navigation axes; positions where it is not 0 are left out",
           .required = false,
           .values = Values::real},
          {.name = "signal_mask",
           .help = "array over the signal axes; channels where it is not 0 are left out",
           .required = false,
           .values = Values::real}};
}

Masks masks_of(const Inputs& inputs) {
  const Description& data = inputs.at("data").describe();
  return {read_mask(inputs.find("navigation_mask"), data.navigation_shape(), "navigation_mask"),
          read_mask(inputs.find("signal_mask"), data.signal_shape(), "signal_mask")};
}

Axis component_axis(std::int64_t components) {
  Axis axis;
  axis.name = "component";
  axis.role = Role::navigation;
  axis.size = components;
  return axis;
}

Shape spectra_shape(const Description& data, std::int64_t components) {
  Shape shape = data.signal_shape();
  shape.insert(shape.begin(), components);
  return shape;
}

Shape maps_shape(const Description& data, std::int64_t components) {
  Shape shape = data.navigation_shape();
  shape.insert(shape.begin(), components);
  return shape;
}

Dataset spectra_of(const Description& data, const std::vector<double>& values, std::int64_t components,
                   std::string title) {
  Description description;
  description.title = std::move(title);
  description.signal_type = data.signal_type;
  description.axes = with_component(data.axes, Role::signal, components);
  description.metadata = data.metadata;
  return Dataset::from_values<double>(std::move(description), values);
}

Dataset maps_of(const Description& data, const std::vector<double>& values, std::int64_t components,
                std::string title) {
  Description description;
  description.title = std::move(title);
  description.axes = with_component(data.axes, Role::navigation, components);
  const auto count = static_cast<std::size_t>(components);
  const std::size_t positions = count == 0 ? 0 : values.size() / count;
  std::vector<double> transposed(values.size());
  for (std::size_t p = 0; p < positions; ++p) {
    for (std::size_t k = 0; k < count; ++k) transposed[k * positions + p] = values[p * count + k];
  }
  return Dataset::from_values<double>(std::move(description), transposed);
}

View view_of(const Dataset& components) {
  switch (components.describe().signal_shape().size()) {
    case 1: return View::spectra;
    case 2: return View::maps;
    default: return View::hidden;
  }
}

Dataset label_map(const Description& data, const std::vector<std::int32_t>& labels, std::string title) {
  Description description;
  description.title = std::move(title);
  for (const Axis& axis : data.axes) {
    if (axis.role != Role::navigation) continue;
    description.axes.push_back(axis);
    description.axes.back().role = Role::signal;
  }
  return Dataset::from_values<std::int32_t>(std::move(description), labels);
}

View view_of_map(const Description& data, View picture) {
  switch (data.navigation_shape().size()) {
    case 1: return View::spectra;
    case 2: return picture;
    default: return View::hidden;
  }
}

std::vector<std::string> component_names(std::int64_t components) {
  std::vector<std::string> names;
  for (std::int64_t k = 1; k <= components; ++k) names.push_back("component " + std::to_string(k));
  return names;
}

void add_spread(Outputs& outputs, const Description& data, const std::vector<double>& factors,
                const std::vector<double>& loadings, std::int64_t components, const std::vector<std::string>& names,
                const std::string& note, const std::string& maps) {
  outputs.add({.name = "factors_spread",
               .title = "Spread of the spectra under repetition",
               .value = spectra_of(data, factors, components, "Spread of the spectra"),
               .components = names,
               .note = note});
  const Dataset spread = maps_of(data, loadings, components, "Spread of the " + maps);
  outputs.add({.name = "loadings_spread",
               .title = "Spread of the " + maps + " under repetition",
               .value = spread,
               .view = view_of(spread),
               .components = names,
               .note = note});
}

}  // namespace ruska::ops::unmix
