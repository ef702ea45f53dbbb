// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/report/ticks.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "ruska/report/number_text.hpp"

namespace ruska::report {
namespace {

/// The largest of 1, 2 or 5 times a power of ten that is at most `limit`.
double round_step_below(double limit) {
  const double power = std::pow(10.0, std::floor(std::log10(limit)));
  for (const double factor : {5.0, 2.0}) {
    if (factor * power <= limit * (1 + 1e-12)) return factor * power;
  }
  return power;
}

struct LengthUnit {
  std::string_view name;
  double metres;
};
constexpr std::array length_units{LengthUnit{"pm", 1e-12}, LengthUnit{"nm", 1e-9}, LengthUnit{"µm", 1e-6},
                                  LengthUnit{"mm", 1e-3}, LengthUnit{"m", 1.0}};

std::optional<double> metres_of(std::string_view units) {
  if (units == "Å") return 1e-10;
  if (units == "um" || units == "μm") return 1e-6;
  for (const LengthUnit& unit : length_units) {
    if (unit.name == units) return unit.metres;
  }
  return std::nullopt;
}

}  // namespace

std::vector<Tick> linear_ticks(double low, double high, int wanted) {
  if (!(high > low) || !std::isfinite(high - low)) return {};
  double step = round_step_below((high - low) / std::max(wanted, 1));
  while ((high - low) / step > 1.6 * wanted) step = round_step_below(step * 2.6);
  const double largest = std::max(std::fabs(low), std::fabs(high));
  const int digits = std::clamp(static_cast<int>(std::floor(std::log10(largest / step) + 1e-9)) + 2, 1, 12);
  std::vector<Tick> ticks;
  for (double i = std::ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; ++i) {
    ticks.push_back({i * step, number_text(i * step, digits)});
  }
  return ticks;
}

std::vector<Tick> root_ticks(double low, double high, int wanted) {
  std::vector<double> positions;
  if (low <= 0 && high >= 0) positions.push_back(0);
  for (const double end : {low, high}) {
    if (end == 0 || !std::isfinite(end)) continue;
    for (int i = 1; i <= wanted; ++i) {
      const double place = static_cast<double>(i) / wanted;
      positions.push_back(std::copysign(round_step_below(std::fabs(end) * place * place), end));
    }
  }
  std::sort(positions.begin(), positions.end());
  positions.erase(std::unique(positions.begin(), positions.end()), positions.end());
  std::vector<Tick> ticks;
  for (const double position : positions) {
    if (position >= low && position <= high) ticks.push_back({position, number_text(position, 1)});
  }
  return ticks;
}

std::vector<Tick> logarithmic_ticks(double low, double high) {
  if (!(low > 0) || !(high > low)) return {};
  if (std::log10(high / low) < 1) return linear_ticks(low, high, 4);
  const int first = static_cast<int>(std::floor(std::log10(low)));
  const int last = static_cast<int>(std::ceil(std::log10(high)));
  const int stride = std::max(1, (last - first) / 8);
  std::vector<Tick> ticks;
  for (int exponent = first; exponent <= last; ++exponent) {
    for (int factor = 1; factor <= 9; ++factor) {
      if (factor > 1 && stride > 1) break;
      const double position = factor * std::pow(10.0, exponent);
      if (position < low * (1 - 1e-9) || position > high * (1 + 1e-9)) continue;
      const bool told = factor == 1 && (exponent - first) % stride == 0;
      ticks.push_back({position, told ? number_text(position, 1) : ""});
    }
  }
  return ticks;
}

std::optional<ScaleBar> scale_bar(const Axis& x, double fraction) {
  const double scale =
      x.values.size() > 1 ? (x.values.back() - x.values.front()) / static_cast<double>(x.values.size() - 1) : x.scale;
  if (x.size < 1 || !std::isfinite(scale) || scale == 0) return std::nullopt;
  const double size = std::fabs(scale);
  const double length = round_step_below(fraction * static_cast<double>(x.size) * size);
  ScaleBar bar{length / size, number_text(length)};
  if (const auto metres = metres_of(x.units)) {
    const double in_metres = length * *metres;
    const LengthUnit* best = &length_units.front();
    for (const LengthUnit& unit : length_units) {
      if (in_metres >= unit.metres * (1 - 1e-9)) best = &unit;
    }
    bar.text = number_text(in_metres / best->metres, 3) + " " + std::string(best->name);
  } else if (!x.units.empty()) {
    bar.text += " " + x.units;
  } else if (size == std::floor(size)) {
    bar.text += " px";
  }
  return bar;
}

double pixel_aspect(const Axis& y, const Axis& x) {
  const double aspect = std::fabs(y.scale / x.scale);
  if (y.units != x.units || !y.values.empty() || !x.values.empty() || !std::isfinite(aspect) || aspect == 0) return 1;
  // Beyond this a map would be a line; someone looks at two unlike axes that share a unit.
  return aspect > 0.05 && aspect < 20 ? aspect : 1;
}

}  // namespace ruska::report
