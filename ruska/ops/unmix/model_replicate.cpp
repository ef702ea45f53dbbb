// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// The number of counts of a position is Poisson with the sum of the means; each count falls into a channel with the
// probability of that channel's share. The channels are then independent and Poisson with their own means. Where a
// position has more counts than channels the channels are drawn directly.
#include "ruska/ops/unmix/model_replicate.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "ruska/base/random.hpp"

namespace ruska::ops::unmix {
namespace {

class ModelReplicate final : public Source {
 public:
  ModelReplicate(Description description, const PcaResult& fit, MeasurementNoise noise, std::uint64_t seed,
                 std::uint64_t replicate)
      : description_(std::move(description)), fit_(fit), noise_(noise), seed_(seed), replicate_(replicate) {}

  const Description& describe() const override { return description_; }

  SparseCounts read_counts(std::int64_t begin, std::int64_t end) const override {
    SparseCounts counts;
    std::vector<double> values(channels());
    for (std::int64_t row = begin; row < end; ++row) {
      draw(row, values);
      for (std::size_t c = 0; c < values.size(); ++c) {
        if (values[c] == 0) continue;
        counts.channel.push_back(static_cast<std::uint32_t>(c));
        counts.value.push_back(static_cast<std::uint32_t>(values[c]));
      }
      counts.row_start.push_back(counts.nonzeros());
    }
    return counts;
  }

  void read(const Region& region, std::span<std::byte> out) const override {
    check_region(region, description_, out.size());
    if (description_.sparse) {
      return fill_from_counts(description_, region, out,
                              [this](std::int64_t begin, std::int64_t end) { return read_counts(begin, end); });
    }
    // Navigation axes come first.
    const Shape navigation = description_.navigation_shape(), signal = description_.signal_shape();
    const auto split = static_cast<std::ptrdiff_t>(navigation.size());
    const Region of_signal{{region.start.begin() + split, region.start.end()},
                           {region.shape.begin() + split, region.shape.end()}};
    const Shape box{region.shape.begin(), region.shape.begin() + split};
    const std::size_t bytes = static_cast<std::size_t>(of_signal.count()) * sizeof(double);
    std::vector<double> values(channels());
    for (std::int64_t i = 0; i < count(box); ++i) {
      std::int64_t row = 0, rest = i, stride = 1;
      for (std::size_t a = box.size(); a-- > 0;) {
        row += (region.start[a] + rest % box[a]) * stride;
        rest /= box[a];
        stride *= navigation[a];
      }
      draw(row, values);
      copy_region(std::as_bytes(std::span(values)), signal, sizeof(double), of_signal,
                  out.subspan(static_cast<std::size_t>(i) * bytes, bytes));
    }
  }

 private:
  std::size_t channels() const { return static_cast<std::size_t>(description_.signal_size()); }

  void draw(std::int64_t row, std::vector<double>& values) const {
    const auto position = static_cast<std::size_t>(row);
    const std::size_t count = static_cast<std::size_t>(fit_.components);
    const double* const loading = fit_.loadings.data() + position * count;
    if (std::isnan(loading[0])) {
      std::ranges::fill(values, 0.0);
      return;
    }
    if (!fit_.mean.empty() && !fit_.mean_per_position) {
      values = fit_.mean;
    } else {
      std::ranges::fill(values, fit_.mean.empty() ? 0.0 : fit_.mean[position]);
    }
    for (std::size_t k = 0; k < count; ++k) {
      const double* const factor = fit_.factors.data() + k * values.size();
      for (std::size_t c = 0; c < values.size(); ++c) values[c] += loading[k] * factor[c];
    }
    Random random(seed_, "model replicate",
                  replicate_ * static_cast<std::uint64_t>(description_.navigation_size()) + position);
    if (noise_.gain > 0) return draw_counts(random, values);
    const double of_row = fit_.row_weight[position];
    for (std::size_t c = 0; c < values.size(); ++c) {
      const double weight = of_row * fit_.column_weight[c];
      values[c] = weight > 0 ? values[c] + random.normal() * fit_.noise / weight : 0.0;
    }
  }

  /// From means to gain · Poisson(mean / gain).
  void draw_counts(Random& random, std::vector<double>& values) const {
    double total = 0;
    for (double& value : values) total += value = std::max(0.0, value / noise_.gain);
    if (total >= static_cast<double>(values.size())) {
      for (double& value : values) value = noise_.gain * static_cast<double>(random.poisson(value));
      return;
    }
    std::vector<double> upto(values.size());
    std::partial_sum(values.begin(), values.end(), upto.begin());
    std::ranges::fill(values, 0.0);
    if (!(total > 0)) return;
    for (std::uint64_t left = random.poisson(upto.back()); left > 0; --left) {
      const auto channel = std::ranges::upper_bound(upto, random.uniform() * upto.back()) - upto.begin();
      values[std::min(static_cast<std::size_t>(channel), values.size() - 1)] += noise_.gain;
    }
  }

  Description description_;
  const PcaResult& fit_;
  MeasurementNoise noise_;
  std::uint64_t seed_, replicate_;
};

}  // namespace

Dataset model_replicate(const Description& like, const PcaResult& fit, MeasurementNoise noise, std::uint64_t seed,
                        std::uint64_t replicate) {
  Description description;
  description.title = "replicate";
  description.axes = like.axes;
  description.sparse = noise.gain == 1;
  description.dtype = description.sparse ? DType::uint32 : DType::float64;
  description.lazy = true;
  return Dataset(std::make_shared<ModelReplicate>(std::move(description), fit, noise, seed, replicate));
}

}  // namespace ruska::ops::unmix
