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

// The mask at every `step`-th position along each navigation axis.
std::vector<std::uint8_t> sampled(const std::vector<std::uint8_t>& mask, const Shape& navigation, std::int64_t step) {
  std::vector<std::uint8_t> out;
  for (std::size_t p = 0; p < mask.size(); ++p) {
    auto rest = static_cast<std::int64_t>(p);
    bool kept = true;
    for (std::size_t a = navigation.size(); a-- > 0;) {
      kept = kept && rest % navigation[a] % step == 0;
      rest /= navigation[a];
    }
    if (kept) out.push_back(mask[p]);
  }
  return out;
}

}  // namespace

double noise_over_counts(const LeadingComponents& leading, const WeightedMatrix& matrix) {
  const auto used_rows = static_cast<double>(matrix.used_rows());
  const auto used_columns = static_cast<double>(matrix.used_columns());
  const double smaller = std::min(used_rows, used_columns);
  if (smaller < fewest_for_median) return 1;
  const double measured = math::noise_from_median(leading.singular_values, smaller, std::max(used_rows, used_columns));
  const double of_counts = std::sqrt(leading.mean_poisson_variance);
  return measured > most_noise_of_counts * of_counts ? measured / of_counts : 1;
}

double noise_over_counts(const Rows& data, const Masks& masks, Context& context) {
  const Description& description = data.data().describe();
  if (description.navigation_shape().empty()) return 1;
  const std::int64_t step = sampling_step(description);
  const Dataset thinned = every_nth_position(data.data(), step);
  // Read anew rather than kept: the rest of the memory is the caller's.
  const std::int64_t reading = context.threads * Rows::bytes_per_worker(thinned.describe());
  const Rows few(thinned, context, {sampled(masks.rows, description.navigation_shape(), step), masks.columns},
                 std::max<std::int64_t>(0, context.memory - reading - thinned.source().buffered()));
  const Marginals sums = marginals(few, context);
  if (!(sums.total > 0)) return 1;
  const WeightedMatrix matrix{few, poisson_weights(sums.row_sum), poisson_weights(sums.column_sum)};
  return noise_over_counts(leading_components(matrix, 1, context), matrix);
}

std::int64_t noise_over_counts_memory(const Description& data) {
  return leading_components_memory(std::min(most_sampled, data.navigation_size()), data.signal_size(), 1) +
         most_sampled * data.signal_size() * 12 + data.navigation_size();
}

}  // namespace ruska::ops::unmix
