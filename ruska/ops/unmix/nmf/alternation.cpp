// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/nmf/alternation.hpp"

#include <algorithm>
#include <cmath>
#include <deque>

#include "ruska/kernels/channel_table.hpp"
#include "ruska/math/nonnegative_least_squares.hpp"

namespace ruska::ops::unmix {
namespace {

constexpr std::size_t depth = 5;
constexpr double boldest = 0.1;  // an extrapolated value stays above this part of the plain step's

struct Extrapolation {
  explicit Extrapolation(std::size_t table_width) : width(table_width) {}

  std::size_t width;
  std::deque<std::vector<double>> residuals, images;

  void clear() {
    residuals.clear();
    images.clear();
  }

  /// Takes a point and its image and proposes the next point.
  std::vector<double> next(const std::vector<double>& point, const std::vector<double>& image) {
    std::vector<double> residual(point.size());
    for (std::size_t i = 0; i < point.size(); ++i) residual[i] = image[i] - point[i];
    residuals.push_back(std::move(residual));
    images.push_back(image);
    if (residuals.size() > depth + 1) {
      residuals.pop_front();
      images.pop_front();
    }
    const std::size_t n = residuals.size() - 1;
    if (n == 0) return image;

    // Least squares for the combination of differences that cancels the newest residual. Errors in a channel count
    // relative to the square root of its content, as Poisson noise does.
    const std::vector<double>& newest = residuals.back();
    std::vector<double> gram(n * n, 0.0), right(n, 0.0), mix(n, 0.0), scratch;
    for (std::size_t c = 0; c < point.size(); c += width) {
      double channel = 0;
      for (std::size_t i = c; i < c + width; ++i) channel += image[i];
      if (!(channel > 0)) continue;
      for (std::size_t i = c; i < c + width; ++i) {
        for (std::size_t a = 0; a < n; ++a) {
          const double da = newest[i] - residuals[a][i];
          right[a] += da * newest[i] / channel;
          for (std::size_t b = a; b < n; ++b) gram[a * n + b] += da * (newest[i] - residuals[b][i]) / channel;
        }
      }
    }
    double trace = 0;
    for (std::size_t a = 0; a < n; ++a) trace += gram[a * n + a];
    for (std::size_t a = 0; a < n; ++a) {
      gram[a * n + a] += 1e-10 * trace;
      for (std::size_t b = 0; b < a; ++b) gram[a * n + b] = gram[b * n + a];
    }
    if (!math::solve_positive_definite(gram.data(), right.data(), mix.data(), n, scratch)) return image;
    std::vector<double> proposal = image;
    for (std::size_t i = 0; i < point.size(); ++i) {
      for (std::size_t a = 0; a < n; ++a) proposal[i] -= mix[a] * (image[i] - images[a][i]);
      proposal[i] = std::max(proposal[i], boldest * image[i]);
    }
    return proposal;
  }
};

void scale(std::vector<double>& loadings, const std::vector<double>& by) {
  const std::size_t components = by.size();
  if (std::ranges::all_of(by, [](double one) { return one == 1; })) return;
  for (std::size_t i = 0; i < loadings.size(); ++i) loadings[i] *= by[i % components];
}

}  // namespace

std::vector<double> scale_to_unit_sums(std::vector<double>& table, std::size_t components) {
  const std::size_t width = kernels::padded_width(components);
  std::vector<double> sums(components, 0.0);
  for (std::size_t c = 0; c < table.size() / width; ++c) {
    for (std::size_t k = 0; k < components; ++k) sums[k] += table[c * width + k];
  }
  for (std::size_t c = 0; c < table.size() / width; ++c) {
    for (std::size_t k = 0; k < components; ++k) {
      if (sums[k] > 0) table[c * width + k] /= sums[k];
    }
  }
  return sums;
}

Descent descend(Factorization& state, const Pass& pass, double tolerance, std::int64_t most_passes) {
  Descent descent;
  Extrapolation extrapolation(kernels::padded_width(state.components));
  std::vector<double> point = state.table;  // where the next pass starts
  std::vector<double> loadings = state.loadings;
  PassResult kept;  // at state.table
  bool plain = true;
  int small_steps = 0;
  while (descent.passes < most_passes) {
    PassResult result = pass(point, loadings);
    ++descent.passes;
    const bool first = descent.objective.empty();
    if (!first && result.objective > descent.objective.back()) {
      if (plain) {
        // Only rounding makes a plain step rise: there is nothing left to gain.
        descent.converged = true;
        break;
      }
      extrapolation.clear();
      point = kept.table;
      loadings = state.loadings;
      scale(loadings, kept.loading_scale);
      plain = true;
      continue;
    }
    const double fall = first ? 0 : descent.objective.back() - result.objective;
    descent.objective.push_back(result.objective);
    state.table = point;
    state.loadings = loadings;
    kept = std::move(result);
    // One small step can be a hesitation of the extrapolation; two in a row are the end.
    small_steps = !first && fall <= tolerance * descent.objective.back() ? small_steps + 1 : 0;
    if (small_steps == 2 || descent.objective.back() == 0) {
      descent.converged = true;
      break;
    }
    point = extrapolation.next(point, kept.bold.empty() ? kept.table : kept.bold);
    plain = kept.bold.empty() && extrapolation.residuals.size() < 2;
    scale_to_unit_sums(point, state.components);
    scale(loadings, kept.loading_scale);
  }
  return descent;
}

}  // namespace ruska::ops::unmix
