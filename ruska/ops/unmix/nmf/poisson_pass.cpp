// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// D(X ‖ WH) = Σ x ln(x/λ) − x + λ with λ = WH, minimised alternately over W (rows: convex problems of K unknowns, see
// PoissonRowSolver) and H (channels: likewise; one Newton step per pass, whose gradient and Hessian the same pass
// gathers, with the multiplicative step to fall back on).
// Cost per pass: nonzeros · K²/2 · (Newton steps + 1); memory: one table of channels × (K + K²/2) per worker.
// Departure: in the usual multiplicative rules W and H take one small step per pass; here W is solved nearly exactly
// while the row is in the first-level cache, and H moves by second order, so that a pass moves as far as many.
#include "ruska/ops/unmix/nmf/poisson_pass.hpp"

#include <algorithm>
#include <cmath>

#include "ruska/kernels/channel_table.hpp"
#include "ruska/math/nonnegative_least_squares.hpp"
#include "ruska/ops/unmix/row_values.hpp"

namespace ruska::ops::unmix {
namespace {

constexpr int newton_steps = 4;            // from loadings of the pass before
constexpr int first_newton_steps = 50;     // from loadings of no meaning
constexpr double newton_tolerance = 1e-6;  // nats per row, far below the half nat per unknown of the noise

constexpr double timid = 0.1;  // a Newton step leaves at least this part of a spectrum's value: counts
                               // in a channel that no spectrum reaches would have no likelihood

void add(std::vector<double>& left, std::vector<double>&& right) {
  for (std::size_t i = 0; i < left.size(); ++i) left[i] += right[i];
}

/// Where those of a range of rows stand among rising ones.
RowRange places_of(std::span<const std::int64_t> rows, RowRange range) {
  const auto at = [&](std::int64_t row) { return std::ranges::lower_bound(rows, row) - rows.begin(); };
  return {at(range.begin), at(range.end)};
}

/// One Newton step of the spectra for fixed loadings: the channels are independent convex problems, whose quadratic
/// models with gradient Σw − gain and Hessian `information` are solved over non-negative values.
std::vector<double> newton_spectra(const std::vector<double>& table, const double* gain, const double* information,
                                   const double* loading_sums, std::size_t components) {
  const std::size_t width = kernels::padded_width(components);
  const PairTable pairs(components);
  std::vector<double> result = table, hessian(components * components), right(components), next(components);
  for (std::size_t c = 0; c < table.size() / width; ++c) {
    const double* now = table.data() + c * width;
    pairs.unpack(information + c * pairs.width, hessian.data());
    double trace = 0;
    for (std::size_t k = 0; k < components; ++k) trace += hessian[k * components + k];
    if (!(trace > 0)) continue;
    for (std::size_t k = 0; k < components; ++k) {
      right[k] = gain[c * width + k] - loading_sums[k];
      hessian[k * components + k] += 1e-9 * trace;
      for (std::size_t l = 0; l < components; ++l) right[k] += hessian[k * components + l] * now[l];
    }
    math::NonnegativeLeastSquares(hessian, components).solve(right.data(), next.data());
    for (std::size_t k = 0; k < components; ++k) result[c * width + k] = std::max(next[k], timid * now[k]);
  }
  scale_to_unit_sums(result, components);
  return result;
}

}  // namespace

PairTable::PairTable(std::size_t count) : components(count), width(kernels::padded_width(count * (count + 1) / 2)) {}

void PairTable::products(const double* w, double* out) const {
  for (std::size_t k = 0; k < components; ++k) {
    for (std::size_t l = k; l < components; ++l) *out++ = w[k] * w[l];
  }
}

void PairTable::unpack(const double* packed, double* square) const {
  for (std::size_t k = 0; k < components; ++k) {
    for (std::size_t l = k; l < components; ++l) square[k * components + l] = square[l * components + k] = *packed++;
  }
}

PoissonSums poisson_sums(const Rows& data, const std::vector<double>& table, std::vector<double>& loadings,
                         std::size_t components, std::span<const std::int64_t> chosen,
                         const std::function<RowStep()>& step, Context& context) {
  const std::size_t width = kernels::padded_width(components);
  const PairTable pairs(components);
  const std::size_t channels = table.size() / width;
  // For each channel gain and information of the spectra side by side; the sums of the loadings and the objective.
  const std::size_t cell = width + pairs.width;
  const std::size_t loading_sums = channels * cell;
  const std::size_t objective = loading_sums + components;
  const std::vector<double> sums = Executor(context).reduce<std::vector<double>>(
      "refining spectra", data.partitions(), [&] { return std::vector<double>(objective + 1, 0.0); },
      [&](std::vector<double>& partial, std::int64_t partition, RowRange range) {
        // Places in the loadings: rows, or where they stand among those chosen.
        const RowRange places = chosen.empty() ? range : places_of(chosen, range);
        if (places.size() == 0) return;
        const auto block = data.block(partition);
        RowValues values(*block, data.columns());
        PoissonRowSolver solver(table, components);
        const RowStep improve = step();
        std::vector<double> w(width, 0.0), products(pairs.width, 0.0);
        double cost = 0;
        for (std::int64_t place = places.begin; place < places.end; ++place) {
          const std::int64_t row = chosen.empty() ? place : chosen[static_cast<std::size_t>(place)];
          double* kept = loadings.data() + static_cast<std::size_t>(place) * components;
          values.go_to(row - range.begin);
          solver.load(values.channel(), values.value());
          if (!(solver.sum() > 0)) {
            std::fill(kept, kept + components, 0.0);
            continue;
          }
          cost += improve(solver, row, kept);
          cost += solver.divergence(kept);
          std::copy(kept, kept + components, w.begin());
          pairs.products(kept, products.data());
          kernels::add_poisson_row(solver.channel(), solver.ratio(), solver.curvature(), w.data(), width,
                                   products.data(), pairs.width, partial.data());
          for (std::size_t k = 0; k < components; ++k) partial[loading_sums + k] += w[k];
        }
        partial[objective] += cost;
      },
      add);
  PoissonSums result{components, std::vector<double>(table.size()), std::vector<double>(channels * pairs.width),
                     std::vector<double>(components), sums[objective]};
  for (std::size_t c = 0; c < channels; ++c) {
    std::copy_n(sums.begin() + static_cast<std::ptrdiff_t>(c * cell), width,
                result.gain.begin() + static_cast<std::ptrdiff_t>(c * width));
    std::copy_n(sums.begin() + static_cast<std::ptrdiff_t>(c * cell + width), pairs.width,
                result.information.begin() + static_cast<std::ptrdiff_t>(c * pairs.width));
  }
  std::copy_n(sums.begin() + static_cast<std::ptrdiff_t>(loading_sums), components, result.loadings.begin());
  return result;
}

Pass poisson_pass(const Rows& data, std::size_t components, std::span<const std::int64_t> chosen, Context& context) {
  return [&data, components, chosen, &context, steps = first_newton_steps](const std::vector<double>& table,
                                                                           std::vector<double>& loadings) mutable {
    const std::size_t width = kernels::padded_width(components);
    const auto step = [steps] {
      return [steps](PoissonRowSolver& solver, std::int64_t, double* w) {
        solver.solve(w, steps, newton_tolerance);
        return 0.0;
      };
    };
    const PoissonSums sums = poisson_sums(data, table, loadings, components, chosen, step, context);
    steps = newton_steps;
    PassResult result;
    result.objective = sums.objective;
    result.table = table;
    for (std::size_t i = 0; i < table.size(); ++i) {
      // A component that no row uses keeps its spectrum.
      if (i % width < components && sums.loadings[i % width] > 0) result.table[i] = table[i] * sums.gain[i];
    }
    result.loading_scale = scale_to_unit_sums(result.table, components);
    for (std::size_t k = 0; k < components; ++k) {
      const double loading_sum = sums.loadings[k];
      result.loading_scale[k] = loading_sum > 0 ? result.loading_scale[k] / loading_sum : 1.0;
    }
    result.bold = newton_spectra(table, sums.gain.data(), sums.information.data(), sums.loadings.data(), components);
    return result;
  };
}

PoissonUncertainty poisson_uncertainty(const Rows& data, const Factorization& solution, Context& context) {
  const std::size_t components = solution.components;
  const std::size_t width = kernels::padded_width(components);
  const PairTable pairs(components);
  const std::size_t channels = solution.channels;
  PoissonUncertainty result;
  result.loadings.assign(solution.loadings.size(), 0.0);
  // Per channel the information Σ x/λ² · w wᵀ on its part of the spectra; behind it the column sums and loading sums.
  const std::size_t size = channels * pairs.width;
  Executor executor(context);
  const std::vector<double> sums = executor.reduce<std::vector<double>>(
      "estimating uncertainties", data.partitions(),
      [&] { return std::vector<double>(size + channels + components, 0.0); },
      [&](std::vector<double>& partial, std::int64_t partition, RowRange range) {
        const auto block = data.block(partition);
        RowValues values(*block, data.columns());
        PoissonRowSolver solver(solution.table, components);
        std::vector<double> products(pairs.width, 0.0);
        for (std::int64_t row = range.begin; row < range.end; ++row) {
          const std::size_t first = static_cast<std::size_t>(row) * components;
          const double* w = solution.loadings.data() + first;
          values.go_to(row - range.begin);
          solver.load(values.channel(), values.value());
          solver.sigma(w, result.loadings.data() + first);
          const std::size_t count = solver.channel().size();
          for (std::size_t k = 0; k < components; ++k) partial[size + channels + k] += w[k];
          if (!(solver.sum() > 0)) continue;
          for (std::size_t j = 0; j < count; ++j) partial[size + solver.channel()[j]] += solver.value()[j];
          pairs.products(w, products.data());
          kernels::add_row_to_table(solver.channel(), solver.curvature(), products.data(), pairs.width, partial.data());
        }
      },
      add);
  executor.gather(data.partitions(), static_cast<std::int64_t>(components), std::span(result.loadings));

  result.spectra.assign(channels * width, 0.0);
  std::vector<double> matrix(components * components), variance(components), scratch;
  for (std::size_t c = 0; c < channels; ++c) {
    pairs.unpack(sums.data() + c * pairs.width, matrix.data());
    const bool known = math::inverse_diagonal(matrix.data(), variance.data(), components, scratch);
    for (std::size_t k = 0; k < components; ++k) {
      const double loading_sum = sums[size + channels + k];
      // No spectrum can be wrong by more than all counts of the channel.
      const double most = loading_sum > 0 ? std::max(1.0, sums[size + c]) / loading_sum : 0.0;
      result.spectra[c * width + k] = known ? std::min(most, std::sqrt(variance[k])) : most;
    }
  }
  return result;
}

}  // namespace ruska::ops::unmix
