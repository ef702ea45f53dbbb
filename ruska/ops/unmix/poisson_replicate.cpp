// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// The counts of a component at a position are Poisson with the loading as their mean; each falls into a channel by the
// component's spectrum. Sums of independent Poisson counts are Poisson, so that the channels have the means they
// should.
#include "ruska/ops/unmix/poisson_replicate.hpp"

#include <algorithm>

#include "ruska/base/random.hpp"
#include "ruska/ops/simulate/alias_table.hpp"

namespace ruska::ops::unmix {
namespace {

class PoissonReplicate final : public Source {
 public:
  PoissonReplicate(Description description, const std::vector<double>& factors, const std::vector<double>& loadings,
                   std::uint64_t seed, std::uint64_t replicate)
      : description_(std::move(description)), loadings_(loadings), seed_(seed), replicate_(replicate) {
    const auto channels = static_cast<std::size_t>(description_.signal_size());
    for (std::size_t k = 0; k < factors.size() / channels; ++k) {
      const std::span<const double> spectrum(factors.data() + k * channels, channels);
      // An empty spectrum is drawn from nowhere.
      const bool empty = std::none_of(spectrum.begin(), spectrum.end(), [](double value) { return value > 0; });
      channel_of_.emplace_back(empty ? std::vector<double>(1, 1.0)
                                     : std::vector<double>(spectrum.begin(), spectrum.end()));
      empty_.push_back(empty ? 1 : 0);
    }
  }

  const Description& describe() const override { return description_; }

  SparseCounts read_counts(std::int64_t begin, std::int64_t end) const override {
    SparseCounts counts;
    std::vector<std::uint32_t> drawn;
    for (std::int64_t row = begin; row < end; ++row) {
      const auto position = static_cast<std::uint64_t>(row);
      Random random(seed_, "poisson replicate",
                    replicate_ * static_cast<std::uint64_t>(description_.navigation_size()) + position);
      drawn.clear();
      for (std::size_t k = 0; k < channel_of_.size(); ++k) {
        const double mean = loadings_[position * channel_of_.size() + k];
        if (!(mean > 0) || empty_[k] != 0) continue;
        for (std::uint64_t left = random.poisson(mean); left > 0; --left) drawn.push_back(channel_of_[k].draw(random));
      }
      std::sort(drawn.begin(), drawn.end());
      for (std::size_t i = 0; i < drawn.size(); ++i) {
        if (i > 0 && drawn[i] == drawn[i - 1]) {
          ++counts.value.back();
        } else {
          counts.channel.push_back(drawn[i]);
          counts.value.push_back(1);
        }
      }
      counts.row_start.push_back(counts.nonzeros());
    }
    return counts;
  }

  void read(const Region& region, std::span<std::byte> out) const override {
    check_region(region, description_, out.size());
    fill_from_counts(description_, region, out,
                     [this](std::int64_t begin, std::int64_t end) { return read_counts(begin, end); });
  }

 private:
  Description description_;
  const std::vector<double>& loadings_;
  std::uint64_t seed_, replicate_;
  std::vector<simulate::AliasTable> channel_of_;
  std::vector<std::uint8_t> empty_;
};

}  // namespace

Dataset poisson_replicate(const Description& like, const std::vector<double>& factors,
                          const std::vector<double>& loadings, std::uint64_t seed, std::uint64_t replicate) {
  Description description;
  description.title = "replicate";
  description.axes = like.axes;
  description.dtype = DType::uint32;
  description.sparse = true;
  description.lazy = true;
  return Dataset(std::make_shared<PoissonReplicate>(std::move(description), factors, loadings, seed, replicate));
}

}  // namespace ruska::ops::unmix
