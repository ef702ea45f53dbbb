// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eds/quantify/factors.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "ruska/base/error.hpp"
#include "ruska/ops/eds/detector.hpp"
#include "ruska/ops/eds/line_model.hpp"

namespace ruska::ops::eds {

namespace {

double positive_number(const std::string& text, const std::string& whole) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || end != text.c_str() + text.size() || !(value > 0) || !std::isfinite(value)) {
    throw Error(ErrorKind::invalid_argument,
                "'" + whole +
                    "' in 'factors' is no factor; write element=value or element=value±sigma with numbers "
                    "above zero, such as Fe=1.45 or Fe=1.45±0.03");
  }
  return value;
}

}  // namespace

std::vector<GivenFactor> given_factors(const std::vector<std::string>& texts) {
  std::vector<GivenFactor> factors;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    const std::string value = equals == std::string::npos ? "" : text.substr(equals + 1);
    const std::string sign = "±";
    const std::size_t plus_minus = value.find(sign);
    GivenFactor factor;
    factor.value = positive_number(value.substr(0, plus_minus), text);
    if (plus_minus != std::string::npos) factor.sigma = positive_number(value.substr(plus_minus + sign.size()), text);
    factor.atomic_number = atomic_number(text.substr(0, equals));
    for (const GivenFactor& other : factors) {
      if (other.atomic_number == factor.atomic_number) {
        throw Error(ErrorKind::invalid_argument,
                    "'factors' gives two values for " + symbol(factor.atomic_number) + "; leave one out");
      }
    }
    factors.push_back(factor);
  }
  return factors;
}

double alpha_cross_section(const Family& family, double beam_energy, const std::string& detector) {
  const double energy = alpha_line(family).energy;
  const double counted = detector == "polymer_window" ? polymer_window_efficiency(energy)
                         : detector == "windowless"   ? windowless_efficiency(energy)
                                                      : 1.0;
  return family_cross_section(family.atomic_number, family.family, beam_energy) * alpha_share(family) * counted;
}

double cross_section_error(char family) { return family == 'K' ? 0.1 : family == 'L' ? 0.2 : 0.3; }

}  // namespace ruska::ops::eds
