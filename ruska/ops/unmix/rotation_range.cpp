// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/rotation_range.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace ruska::ops::unmix {
namespace {

constexpr double allowed = 4.0;  // sum of squared violations: two standard deviations of one value
constexpr double most = 1e6;     // beyond it the one has nothing of the other

struct Element {
  double a, b, sigma;
};

/// The largest t for which Σ min(0, (a − t b)/σ)² stays within what is allowed. `values` gives a ≥ 0, b ≥ 0, σ by
/// index; σ of 0 and values that are not finite are left out.
template <class Values>
double largest_part(std::size_t count, const Values& values) {
  std::vector<Element> elements;
  for (std::size_t i = 0; i < count; ++i) {
    const Element one = values(i);
    if (one.sigma > 0 && std::isfinite(one.a) && one.b > 0 && one.b < std::numeric_limits<double>::infinity()) {
      elements.push_back(one);
    }
  }
  const auto too_much = [&](double t) {
    double sum = 0;
    for (std::size_t i = 0; i < elements.size() && sum <= allowed; ++i) {
      const double below = std::min(0.0, elements[i].a - t * elements[i].b) / elements[i].sigma;
      sum += below * below;
    }
    return sum > allowed;
  };
  if (!too_much(most)) return most;
  double low = 0, high = most;
  while (high - low > 1e-6 * high) {
    // What is not below zero here is not for smaller parts.
    std::erase_if(elements, [&](const Element& one) { return one.a >= high * one.b; });
    // Halving on a logarithmic scale: parts of a thousandth matter as much as parts of one.
    const double middle = low > 0 ? std::sqrt(low * high) : high > 1e-9 ? high * 1e-3 : 0.0;
    if (middle == 0) return 0;
    (too_much(middle) ? high : low) = middle;
  }
  return low;
}

}  // namespace

RotationRange rotation_range(const std::vector<double>& factors, const std::vector<double>& factors_sigma,
                             const std::vector<double>& loadings, const std::vector<double>& loadings_sigma,
                             std::size_t components) {
  RotationRange range{std::vector<double>(components * components, 0.0),
                      std::vector<double>(components * components, 0.0)};
  const std::size_t channels = factors.size() / components, positions = loadings.size() / components;
  for (std::size_t k = 0; k < components; ++k) {
    for (std::size_t l = 0; l < components; ++l) {
      if (k == l) continue;
      range.may_hold[k * components + l] = largest_part(channels, [&](std::size_t c) {
        return Element{factors[k * channels + c], factors[l * channels + c], factors_sigma[k * channels + c]};
      });
      range.may_lack[k * components + l] = largest_part(positions, [&](std::size_t p) {
        return Element{loadings[p * components + l], loadings[p * components + k], loadings_sigma[p * components + l]};
      });
    }
  }
  return range;
}

}  // namespace ruska::ops::unmix
