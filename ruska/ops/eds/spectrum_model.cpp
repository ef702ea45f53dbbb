// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eds/spectrum_model.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "ruska/ops/eds/detector.hpp"

namespace ruska::ops::eds {

namespace {

// Gases that no specimen keeps, and elements without a stable or long-lived isotope.
constexpr std::array excluded{10, 36, 43, 61, 84, 85, 86, 87, 88, 89, 91};
constexpr int uranium = 92;

enum class Part { all, alpha, escape };

Eigen::VectorXd draw(const Family& family, const EnergyAxis& axis, const Calibration& calibration, std::int64_t first,
                     std::int64_t size, Part part) {
  Eigen::VectorXd counts = Eigen::VectorXd::Zero(size);
  const std::span<double> view(counts.data(), static_cast<std::size_t>(size));
  const EnergyAxis window{axis.at(static_cast<double>(first)), axis.scale, size};
  double total = 0;
  for (const XrayLine& line : family.lines) total += line.weight;
  const auto add = [&](double energy, double area) {
    add_peak(view, window, calibration.place(energy), calibration.width(energy), area);
  };
  for (const XrayLine& line : family.lines) {
    if (part == Part::alpha && &line != &family.lines.front()) break;
    for (const auto& [energy, weight] : line.transitions) {
      const double escaped = escape_fraction(energy);
      if (part != Part::escape) add(energy, weight / total * (1.0 - escaped));
      if (part != Part::alpha && escaped > 0) add(energy - escape_energy, weight / total * escaped);
    }
  }
  return counts;
}

}  // namespace

std::vector<Family> candidate_families(double low, double high, double beam_energy) {
  std::vector<Family> families;
  for (int z = first_atomic_number; z <= uranium; ++z) {
    if (std::find(excluded.begin(), excluded.end(), z) != excluded.end()) continue;
    for (XrayLine& line : xray_lines(z, beam_energy)) {
      const bool starts =
          families.empty() || families.back().atomic_number != z || families.back().family != line.family;
      if (starts) families.push_back({z, line.family, {}});
      families.back().lines.push_back(std::move(line));
    }
  }
  std::erase_if(families, [&](const Family& family) {
    const double alpha = family.lines.front().energy;
    return alpha < low || alpha > high;
  });
  return families;
}

Eigen::VectorXd family_template(const Family& family, const EnergyAxis& axis, const Calibration& calibration,
                                std::int64_t first, std::int64_t size) {
  return draw(family, axis, calibration, first, size, Part::all);
}

Eigen::VectorXd alpha_template(const Family& family, const EnergyAxis& axis, const Calibration& calibration,
                               std::int64_t first, std::int64_t size) {
  return draw(family, axis, calibration, first, size, Part::alpha);
}

Eigen::VectorXd escape_template(const Family& family, const EnergyAxis& axis, const Calibration& calibration,
                                std::int64_t first, std::int64_t size) {
  return draw(family, axis, calibration, first, size, Part::escape);
}

Eigen::MatrixXd background_templates(const EnergyAxis& axis, double resolution_mn_ka, std::int64_t first,
                                     std::int64_t size) {
  const double low = axis.at(static_cast<double>(first) - 0.5);
  const double high = axis.at(static_cast<double>(first + size) - 0.5);
  // Bremsstrahlung bends at its soft end and hardly at its hard end.
  std::vector<double> knots{low};
  while (knots.back() < high) {
    const double energy = std::max(knots.back(), 0.0);
    knots.push_back(knots.back() + std::max(5.0 * full_width(energy, resolution_mn_ka), 0.25 * energy));
  }
  for (int i = 0; i < 3; ++i) {
    knots.insert(knots.begin(), knots.front() - (knots[1] - knots[0]));
    knots.push_back(2.0 * knots.back() - knots[knots.size() - 2]);
  }
  const auto count = static_cast<Eigen::Index>(knots.size()) - 4;
  Eigen::MatrixXd columns(size, count);
  for (Eigen::Index row = 0; row < size; ++row) {
    const double energy = axis.at(static_cast<double>(first + row));
    // De Boor's recurrence, degree by degree.
    std::vector<double> value(knots.size() - 1);
    for (std::size_t i = 0; i + 1 < knots.size(); ++i)
      value[i] = energy >= knots[i] && energy < knots[i + 1] ? 1.0 : 0.0;
    for (std::size_t degree = 1; degree <= 3; ++degree) {
      for (std::size_t i = 0; i + degree + 1 < knots.size(); ++i) {
        value[i] = (energy - knots[i]) / (knots[i + degree] - knots[i]) * value[i] +
                   (knots[i + degree + 1] - energy) / (knots[i + degree + 1] - knots[i + 1]) * value[i + 1];
      }
    }
    for (Eigen::Index i = 0; i < count; ++i) columns(row, i) = value[static_cast<std::size_t>(i)];
  }
  return columns;
}

}  // namespace ruska::ops::eds
