// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/count_noise.hpp"

#include <algorithm>
#include <cmath>

#include "ruska/core/every_nth.hpp"
#include "ruska/math/singular_threshold.hpp"
#include "ruska/ops/unmix/marginals.hpp"

namespace ruska::ops::unmix {

namespace {

// Beyond it the noise is not that of counts: a camera's gain, or excess noise. Maps of counted X-rays lie within 0.94
// and 1.01, spectra of EELS cameras at 2 and 4.
constexpr double most_noise_of_counts = 1.2;
constexpr double fewest_for_median = 32;  // singular values
constexpr std::int64_t most_sampled = 256;

// The step along every navigation axis that leaves at most that many positions.
std::int64_t sampling_step(const Description& data) {
  for (std::int64_t step = 1;; ++step) {
    std::int64_t left = 1;
    for (const std::int64_t size : data.navigation_shape()) left *= (size + step - 1) / step;
    if (left <= most_sampled) return step;
  }
}

// Those of some values, one per position, that belong to every `step`-th position along each navigation axis.
template <class T>
std::vector<T> at_every_nth(const std::vector<T>& values, const Shape& navigation, std::int64_t step) {
  std::vector<T> out;
  for (std::size_t p = 0; p < values.size(); ++p) {
    auto rest = static_cast<std::int64_t>(p);
    bool kept = true;
    for (std::size_t a = navigation.size(); a-- > 0;) {
      kept = kept && rest % navigation[a] % step == 0;
      rest /= navigation[a];
    }
    if (kept) out.push_back(values[p]);
  }
  return out;
}

Rows few_positions(const Rows& data, std::int64_t step, Context& context) {
  Masks masks{std::vector<std::uint8_t>(static_cast<std::size_t>(data.rows())),
              std::vector<std::uint8_t>(static_cast<std::size_t>(data.columns()))};
  for (std::size_t r = 0; r < masks.rows.size(); ++r) masks.rows[r] = data.row_masked(static_cast<std::int64_t>(r));
  for (std::size_t c = 0; c < masks.columns.size(); ++c) {
    masks.columns[c] = data.column_masked(static_cast<std::int64_t>(c));
  }
  masks.rows = at_every_nth(masks.rows, data.data().describe().navigation_shape(), step);
  const Dataset thinned = every_nth_position(data.data(), step);
  // They alone are kept: the rest of the memory is the caller's.
  const std::int64_t reading = context.threads * Rows::bytes_per_worker(thinned.describe());
  const std::int64_t kept = 8 * thinned.describe().navigation_size() * thinned.describe().signal_size();
  return {thinned, context, std::move(masks),
          std::max<std::int64_t>(0, context.memory - reading - thinned.source().buffered() - kept)};
}

}  // namespace

MedianNoise median_noise(const LeadingComponents& leading, const WeightedMatrix& matrix) {
  const auto used_rows = static_cast<double>(matrix.used_rows());
  const auto used_columns = static_cast<double>(matrix.used_columns());
  const double smaller = std::min(used_rows, used_columns);
  MedianNoise noise;
  noise.deviation = math::noise_from_median(leading.singular_values, smaller, std::max(used_rows, used_columns));
  const double of_counts = std::sqrt(leading.mean_poisson_variance);
  if (smaller >= fewest_for_median && noise.deviation > most_noise_of_counts * of_counts) {
    noise.over_counts = noise.deviation / of_counts;
  }
  return noise;
}

FewPositions few_positions_of(const WeightedMatrix& matrix, std::int64_t vectors, Context& context) {
  const Description& description = matrix.data.data().describe();
  const Shape navigation = description.navigation_shape();
  const std::int64_t step = sampling_step(description);
  const Rows few = few_positions(matrix.data, step, context);
  const WeightedMatrix part{few, at_every_nth(matrix.row_weight, navigation, step), matrix.column_weight,
                            at_every_nth(matrix.row_mean, navigation, step), matrix.column_mean};
  LeadingComponents leading = leading_components(part, vectors, context);
  return {median_noise(leading, part), std::move(leading.vectors)};
}

double noise_over_counts(const Rows& data, Context& context) {
  const Description& description = data.data().describe();
  if (description.navigation_shape().empty()) return 1;
  const Rows few = few_positions(data, sampling_step(description), context);
  const Marginals sums = marginals(few, context);
  if (!(sums.total > 0)) return 1;
  const WeightedMatrix matrix{few, poisson_weights(sums.row_sum), poisson_weights(sums.column_sum)};
  return median_noise(leading_components(matrix, 1, context), matrix).over_counts;
}

std::int64_t noise_over_counts_memory(const Description& data) {
  return leading_components_memory(std::min(most_sampled, data.navigation_size()), data.signal_size(), 1) +
         most_sampled * data.signal_size() * 12 + data.navigation_size();
}

}  // namespace ruska::ops::unmix
