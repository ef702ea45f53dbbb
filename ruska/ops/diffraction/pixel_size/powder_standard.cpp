// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/pixel_size/powder_standard.hpp"

#include <cmath>
#include <cstdint>
#include <map>

namespace ruska::ops::diffraction {
namespace {

bool allowed(const std::string& lattice, int h, int k, int l) {
  const bool all_even = h % 2 == 0 && k % 2 == 0 && l % 2 == 0, all_odd = h % 2 != 0 && k % 2 != 0 && l % 2 != 0;
  if (lattice == "bcc") return (h + k + l) % 2 == 0;
  if (lattice == "fcc") return all_even || all_odd;
  if (lattice == "diamond") return all_odd || (all_even && (h + k + l) % 4 == 0);
  return true;
}

}  // namespace

const std::vector<PowderStandard>& powder_standards() {
  static const std::vector<PowderStandard> standards{
      {"Au", "fcc", 0.40786}, {"Ag", "fcc", 0.40862}, {"Al", "fcc", 0.40495}, {"Pt", "fcc", 0.39236},
      {"Cu", "fcc", 0.36149}, {"Ni", "fcc", 0.35238}, {"Pd", "fcc", 0.38898}, {"Si", "diamond", 0.54310},
      {"W", "bcc", 0.31652},  {"Fe", "bcc", 0.28665},
  };
  return standards;
}

std::vector<PowderRing> powder_rings(const PowderStandard& standard, double largest) {
  struct Family {
    std::string indices;
    std::int64_t points = 0;
  };
  std::map<int, Family> families;  // by h² + k² + l²
  const int most = static_cast<int>(std::floor(largest * standard.constant));
  for (int h = -most; h <= most; ++h) {
    for (int k = -most; k <= most; ++k) {
      for (int l = -most; l <= most; ++l) {
        const int square = h * h + k * k + l * l;
        if (square == 0 || std::sqrt(square) > largest * standard.constant || !allowed(standard.lattice, h, k, l)) {
          continue;
        }
        Family& family = families[square];
        ++family.points;
        if (h >= k && k >= l && l >= 0) {
          const std::string gap = h > 9 ? " " : "";
          family.indices += (family.indices.empty() ? "" : "/") + std::to_string(h) + gap + std::to_string(k) + gap +
                            std::to_string(l);
        }
      }
    }
  }
  std::vector<PowderRing> rings;
  for (const auto& [square, family] : families) {
    rings.push_back({std::sqrt(square) / standard.constant, family.indices, family.points});
  }
  return rings;
}

}  // namespace ruska::ops::diffraction
