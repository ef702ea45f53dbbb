// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/report/synthetic_result.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ruska::report {
namespace {

constexpr std::int64_t height = 60, width = 80, channels = 1024, phases = 3;

Axis axis(std::string name, std::string units, std::int64_t size, double scale, double offset, Role role) {
  return {.name = std::move(name),
          .quantity = quantity_of(units),
          .units = units,
          .role = role,
          .size = size,
          .scale = scale,
          .offset = offset};
}
Axis component_axis(std::int64_t size) { return axis("component", "", size, 1, 0, Role::navigation); }
Axis y_axis() { return axis("y", "nm", height, 2.5, 0, Role::signal); }
Axis x_axis() { return axis("x", "nm", width, 2.0, -10, Role::signal); }
Axis energy_axis() { return axis("Energy", "keV", channels, 0.02, -0.1, Role::signal); }

Dataset dataset(const std::vector<double>& values, Axes axes, const char* quantity) {
  Description description;
  description.axes = std::move(axes);
  if (*quantity) description.metadata["Signal"]["quantity"] = quantity;
  return Dataset::from_values<double>(std::move(description), values);
}

/// Fractions of the three phases at a pixel: a needle, a sphere, the rest.
std::array<double, phases> fractions(std::int64_t y, std::int64_t x) {
  const double needle = std::exp(-std::pow((static_cast<double>(y) - 20 - 0.2 * static_cast<double>(x)) / 4, 2));
  const double distance = std::hypot(static_cast<double>(y) - 44, static_cast<double>(x) - 58);
  const double sphere = std::max(0.0, 1 - distance / 14);
  const double first = 0.9 * needle * (1 - sphere);
  const double second = 0.85 * sphere;
  return {first, second, 1 - first - second};
}

struct Line {
  std::int64_t phase;
  double energy, weight;
  const char* label;
};
constexpr Line lines[] = {
    {0, 0.851, 60, "Ni Lα"},  {0, 7.478, 90, "Ni Kα"},  {0, 8.265, 12, "Ni Kβ"},  {0, 8.048, 8, "Cu Kα"},
    {0, 8.905, 1.2, "Cu Kβ"}, {1, 0.573, 45, "Cr Lα"},  {1, 5.415, 100, "Cr Kα"}, {1, 5.947, 14, "Cr Kβ"},
    {1, 0.525, 30, "O Kα"},   {2, 1.740, 160, "Si Kα"}, {2, 1.836, 5, "Si Kβ"},   {2, 0.525, 10, "O Kα"},
};

double counts(std::int64_t phase, double energy) {
  if (energy < 0.05) return 0;
  double sum = 2.0 * std::max(0.0, 12 - energy) / std::max(energy, 0.1) * (1 - std::exp(-std::pow(energy / 0.6, 2)));
  for (const Line& line : lines) {
    const double deviation = 0.03 + 0.004 * line.energy;
    if (line.phase == phase) sum += line.weight * std::exp(-0.5 * std::pow((energy - line.energy) / deviation, 2));
  }
  return sum;
}

}  // namespace

Result synthetic_result() {
  const std::vector<std::string> names{"Ni", "Cr (O)", hostile_name};
  std::vector<double> abundance(phases * height * width), sigma(abundance.size()), residual, labels;
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      const auto here = fractions(y, x);
      for (std::int64_t k = 0; k < phases; ++k) {
        const auto place = static_cast<std::size_t>((k * height + y) * width + x);
        abundance[place] = here[static_cast<std::size_t>(k)];
        sigma[place] = 0.02 + 0.05 * std::sqrt(std::max(0.0, here[static_cast<std::size_t>(k)]));
        const bool outside = y < 8 && x < 10;
        if (outside) abundance[place] = sigma[place] = std::numeric_limits<double>::quiet_NaN();
      }
      residual.push_back(std::sin(static_cast<double>(x) / 5) * std::cos(static_cast<double>(y) / 7) * 1.8);
      const auto best = std::max_element(here.begin(), here.end()) - here.begin();
      labels.push_back(y < 8 && x < 10 ? -1.0 : static_cast<double>(best));
    }
  }
  residual[40] = 60;
  std::vector<double> spectra, spectra_sigma, scree;
  std::vector<Mark> marks;
  for (std::int64_t k = 0; k < phases; ++k) {
    for (std::int64_t i = 0; i < channels; ++i) {
      spectra.push_back(counts(k, energy_axis().at(static_cast<double>(i))));
      spectra_sigma.push_back(0.5 * std::sqrt(spectra.back()));
    }
  }
  for (const Line& line : lines) marks.push_back({line.phase, line.energy, line.label});
  for (int i = 0; i < 120; ++i) {
    scree.push_back(i < phases ? 900.0 / std::pow(5.0, i) : 8.0 * std::exp(-0.01 * i));
  }

  Result result;
  Outputs& outputs = result.outputs;
  outputs.summary = {"3 phases: Ni (14.2 ± 0.3 % of the area), Cr (O) (4.1 ± 0.2 %), Si (81.7 ± 0.4 %).",
                     "3 components: the fourth singular value does not exceed the noise edge."};
  outputs.add({.name = "phase_map",
               .title = "Phases",
               .value = dataset(labels, {y_axis(), x_axis()}, ""),
               .view = View::labels,
               .components = names,
               .note = "Each pixel has the phase that is most abundant there; pixels without counts have none."});
  outputs.add({.name = "abundances",
               .title = "Abundance of each phase",
               .value = dataset(abundance, {component_axis(phases), y_axis(), x_axis()}, "Share of the counts"),
               .view = View::maps,
               .sigma = "abundances_sigma",
               .components = names});
  outputs.add({.name = "abundances_sigma",
               .title = "Uncertainty of the abundances",
               .value = dataset(sigma, {component_axis(phases), y_axis(), x_axis()}, ""),
               .view = View::maps});
  outputs.add({.name = "spectra",
               .title = "Mean spectrum of each phase",
               .value = dataset(spectra, {component_axis(phases), energy_axis()}, "Counts per pixel"),
               .view = View::spectra,
               .sigma = "spectra_sigma",
               .components = names,
               .marks = marks});
  outputs.add({.name = "spectra_sigma",
               .title = "Uncertainty of the spectra",
               .value = dataset(spectra_sigma, {component_axis(phases), energy_axis()}, "")});
  outputs.add(
      {.name = "scree",
       .title = "How many components",
       .value = dataset(scree, {component_axis(120)}, "Singular value"),
       .view = View::scree,
       .chosen = phases,
       .note = "3 are kept: they stand above the noise edge of 8.1 (Gavish & Donoho), and count splitting agrees."});
  outputs.add({.name = "residual",
               .title = "Residual",
               .value = dataset(residual, {y_axis(), x_axis()}, "Residual (standard deviations)"),
               .view = View::maps,
               .note = "Counts that no phase explains."});
  Table table;
  table.columns = {
      {"phase", "", names},
      {"area_fraction", "%", std::vector<double>{14.237, 4.0951, 81.668}},
      {"area_fraction_sigma", "%", std::vector<double>{0.3121, 0.218, 0.38}, "area_fraction"},
      {"pixels", "", std::vector<std::int64_t>{683, 197, 3920}},
      {"elements", "",
       std::vector<std::string>{"Ni (212 σ), Cu (9.1 σ)", "=SUM(1,2), Cr (301 σ)", "Si (840 σ), O (4.2 σ)"}},
  };
  outputs.add({.name = "phases",
               .title = "Phases in numbers",
               .value = std::move(table),
               .view = View::table,
               .note = "Elements by their lines, with the significance of the strongest."});
  outputs.add({.name = "chi_square",
               .title = "Reduced χ²",
               .value = Number{1.0342, 0.0021, ""},
               .view = View::number,
               .note = "1 where the counts' noise explains all that is left."});
  outputs.add({.name = "counts",
               .title = "Counts in all",
               .value = Number{12345678, std::nullopt, "counts"},
               .view = View::number});
  outputs.add({.name = "reason",
               .title = "Why three",
               .value = std::string("Two rules agree.\nNo third one was needed."),
               .view = View::text});
  result.record = {{"schema_version", 1},
                   {"operation", "unmix.phases"},
                   {"operation_version", 1},
                   {"parameters", {{"components", nullptr}, {"seed", 1}}},
                   {"warnings",
                    {"The phases 'Cr (O)' and 'Ni' are not identifiable below 20 counts per pixel: <b>their</b> "
                     "spectra can be turned into each other."}},
                   {"wall_seconds", 1.25}};
  return result;
}

}  // namespace ruska::report
