// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ruska::ops::simulate {

/// A detector that counts electrons: a background, pixels that count nothing and pixels that always count many.
class CountingDetector {
 public:
  static constexpr double hot_counts = 1000;  ///< mean reading of a hot pixel

  /// Dead and hot pixels are drawn without repetition; throws invalid_argument when there are more than pixels.
  CountingDetector(std::int64_t pixels, double background, std::int64_t dead, std::int64_t hot, std::uint64_t seed);

  /// Turns an intensity into the mean reading of each pixel: intensity · scale + background, faults put in.
  void respond(double scale, std::span<double> pattern) const;
  /// Poisson counts about these means. The draws depend on seed and position alone.
  template <class T>
  void count(std::int64_t position, std::span<const double> means, std::span<T> counts) const;

  /// 0 for a good pixel, 1 for a dead one, 2 for a hot one.
  const std::vector<std::uint8_t>& faults() const { return faults_; }

 private:
  double background_;
  std::uint64_t seed_;
  std::vector<std::uint8_t> faults_;
};

}  // namespace ruska::ops::simulate
