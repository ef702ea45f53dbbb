// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/simulate/diffraction_scan/counting_detector.hpp"

#include <algorithm>
#include <string>

#include "ruska/base/error.hpp"
#include "ruska/base/random.hpp"

namespace ruska::ops::simulate {
namespace {

constexpr double fewest_per_pixel = 0.25;  // mean counts below which drawing count by count is the faster way

}  // namespace

CountingDetector::CountingDetector(std::int64_t pixels, double background, std::int64_t dead, std::int64_t hot,
                                   std::uint64_t seed)
    : background_(background), seed_(seed), faults_(static_cast<std::size_t>(pixels), 0) {
  if (dead + hot > pixels) {
    throw Error(ErrorKind::invalid_argument, "dead_pixels and hot_pixels are " + std::to_string(dead) + " and " +
                                                 std::to_string(hot) + ", and the detector has " +
                                                 std::to_string(pixels) + " pixels; give fewer");
  }
  Random random(seed, "pixel faults", 0);
  for (std::int64_t i = 0; i < dead + hot;) {
    std::uint8_t& pixel = faults_[random.below(static_cast<std::uint64_t>(pixels))];
    if (pixel != 0) continue;
    pixel = i < dead ? 1 : 2;
    ++i;
  }
}

void CountingDetector::respond(double scale, std::span<double> pattern) const {
  for (std::size_t p = 0; p < pattern.size(); ++p) {
    const double reading = pattern[p] * scale + background_;
    pattern[p] = faults_[p] == 0 ? reading : faults_[p] == 1 ? 0.0 : hot_counts;
  }
}

template <class T>
void CountingDetector::count(std::int64_t position, std::span<const double> means, std::span<T> counts) const {
  Random random(seed_, "diffraction scan", static_cast<std::uint64_t>(position));
  double total = 0;
  for (const double mean : means) total += mean;
  if (total > fewest_per_pixel * static_cast<double>(means.size())) {
    for (std::size_t p = 0; p < means.size(); ++p) counts[p] = static_cast<T>(random.poisson(means[p]));
    return;
  }
  // A Poisson number of counts, each put into a pixel by its share: the same law as pixel by pixel.
  std::vector<double> up_to(means.size());
  double sum = 0;
  for (std::size_t p = 0; p < means.size(); ++p) up_to[p] = sum += means[p];
  std::fill(counts.begin(), counts.end(), T{0});
  for (std::uint64_t left = random.poisson(total); left > 0; --left) {
    const auto at = std::upper_bound(up_to.begin(), up_to.end(), random.uniform() * sum);
    const auto pixel = static_cast<std::size_t>(at - up_to.begin());
    ++counts[std::min(pixel, counts.size() - 1)];
  }
}

template void CountingDetector::count(std::int64_t, std::span<const double>, std::span<std::uint16_t>) const;
template void CountingDetector::count(std::int64_t, std::span<const double>, std::span<std::uint32_t>) const;

}  // namespace ruska::ops::simulate
