// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/pca/repeated.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ruska/ops/unmix/aligned_components.hpp"
#include "ruska/ops/unmix/count_noise.hpp"

namespace ruska::ops::unmix {
namespace {

void add_squares(std::vector<double>& sum, const std::vector<double>& found, const std::vector<double>& expected) {
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += (found[i] - expected[i]) * (found[i] - expected[i]);
}

MeasurementNoise noise_of(const Rows& data, const PcaResult& fit, Context& context) {
  if (fit.poisson_weighted) return {fit.noise_over_counts * fit.noise_over_counts};
  if (!fit.marginals.counts) return {0};
  const double ratio = noise_over_counts(data, context);
  return {ratio * ratio};
}

/// The factors as unit vectors of the weighted matrix.
std::vector<double> directions(const PcaResult& result) {
  std::vector<double> vectors = result.factors;
  const std::size_t channels = result.column_weight.size();
  for (std::size_t i = 0; i < vectors.size(); ++i) vectors[i] *= result.column_weight[i % channels];
  return vectors;
}

}  // namespace

SpreadSum::SpreadSum(const std::vector<double>& factors, const std::vector<double>& loadings)
    : factors_(factors), loadings_(loadings) {
  sum_.factors.assign(factors.size(), 0.0);
  sum_.loadings.assign(loadings.size(), 0.0);
}

void SpreadSum::add(const std::vector<double>& factors, const std::vector<double>& loadings) {
  add_squares(sum_.factors, factors, factors_);
  add_squares(sum_.loadings, loadings, loadings_);
  ++number_;
}

Spread SpreadSum::finish(MeasurementNoise noise) && {
  for (double& one : sum_.factors) one = std::sqrt(one / number_);
  for (double& one : sum_.loadings) one = std::sqrt(one / number_);
  sum_.noise = noise;
  return std::move(sum_);
}

MeasurementNoise repeat(const Rows& data, const Masks& masks, const PcaResult& fit, std::int64_t repetitions,
                        std::int64_t seed, std::int64_t held, Context& context,
                        const std::function<void(const Rows&)>& analyse) {
  const Description& description = data.data().describe();
  const MeasurementNoise noise = noise_of(data, fit, context);
  for (std::int64_t replicate = 0; replicate < repetitions; ++replicate) {
    const Dataset drawn = model_replicate(description, fit, noise, static_cast<std::uint64_t>(seed),
                                          static_cast<std::uint64_t>(replicate));
    const std::int64_t reading = context.threads * Rows::bytes_per_worker(drawn.describe());
    const std::int64_t cached = 8 * data.rows() * data.columns();
    const Rows rows(drawn, context, masks,
                    std::max<std::int64_t>(0, std::min(context.memory - reading, held + cached)));
    analyse(rows);
  }
  return noise;
}

Spread repeat_pca(const Rows& data, const Masks& masks, const PcaParams& params, const PcaResult& fit,
                  Context& context) {
  PcaParams again = params;
  again.components = fit.components;
  again.scree_length = fit.components;
  again.weighting = fit.poisson_weighted ? "poisson" : "none";
  again.bootstrap = 0;
  const std::vector<double> ours = directions(fit);
  std::vector<std::size_t> groups = indistinct_groups(fit);
  groups.resize(static_cast<std::size_t>(fit.components));
  const Description& description = data.data().describe();
  const std::int64_t held =
      2 * pca_memory(description, params) + repeat_memory(description, fit.components) +
      context.threads * (pca_memory_per_worker(description, params) + Rows::bytes_per_worker(description));
  SpreadSum sum(fit.factors, fit.loadings);
  const MeasurementNoise noise =
      repeat(data, masks, fit, params.bootstrap, params.seed, held, context, [&](const Rows& rows) {
        PcaResult other = pca(rows, again, context);
        const std::vector<double> rotation =
            aligning_rotation(ours, directions(other), groups, static_cast<std::size_t>(data.columns()));
        align(rotation, groups.size(), other.factors, other.loadings);
        sum.add(other.factors, other.loadings);
      });
  return std::move(sum).finish(noise);
}

std::int64_t repeat_memory_per_worker(const Description& data) {
  Description drawn = data;
  drawn.dtype = DType::float64;
  // A row's means and their running sum; the counts of a block while they are drawn.
  return Rows::bytes_per_worker(drawn) + 16 * data.signal_size();
}

std::int64_t repeat_memory(const Description& data, std::int64_t components) {
  // The spread, what is added to it, and its rotated copy; the sample that tells the noise.
  return 8 * components * 4 * (data.navigation_size() + data.signal_size()) + noise_over_counts_memory(data);
}

std::vector<std::size_t> indistinct_groups(const PcaResult& result) {
  std::vector<std::size_t> group(
      std::min(static_cast<std::size_t>(result.components) + 1, result.singular_values.size()), 0);
  for (std::size_t k = 1; k < group.size(); ++k) {
    const double gap = result.singular_values[k - 1] - result.singular_values[k];
    group[k] = group[k - 1] + (gap >= 2 * std::numbers::sqrt2 * result.noise ? 1 : 0);
  }
  return group;
}

std::string about_indistinct(const PcaResult& result) {
  const std::vector<std::size_t> group = indistinct_groups(result);
  std::string runs;
  for (std::size_t first = 0, last = 0; first < group.size(); first = last) {
    while (last < group.size() && group[last] == group[first]) ++last;
    if (last - first < 2) continue;
    if (!runs.empty()) runs += ", ";
    runs += std::to_string(first + 1) + (last - first == 2 ? " and " : " to ") + std::to_string(last);
  }
  if (runs.empty()) return "";
  return "components " + runs +
         " have singular values within their error: the data determine the space they span, not each of them";
}

std::string about_spread(const MeasurementNoise& noise, std::int64_t repetitions) {
  std::string kind = "Gaussian noise of the standard deviation found";
  if (noise.gain == 1) kind = "the noise of counts";
  if (noise.gain > 1) {
    char text[64];
    std::snprintf(text, sizeof(text), "the noise of counts at %.3g counts per quantum", noise.gain);
    kind = text;
  }
  return "Root mean square deviation of the components of " + std::to_string(repetitions) +
         " repeated measurements, drawn from this result with " + kind + ", from this result.";
}

}  // namespace ruska::ops::unmix
