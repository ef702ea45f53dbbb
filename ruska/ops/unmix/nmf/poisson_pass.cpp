// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// D(X ‖ WH) = Σ x ln(x/λ) − x + λ with λ = WH, minimised alternately over W (rows: convex problems of K unknowns, see
// PoissonRowSolver) and H (one multiplicative step per pass, whose numerator the same pass gathers).
// Cost per pass: nonzeros · (K + K²/2 per Newton step); memory: one table of channels × K per worker.
// Departure: in the usual multiplicative rules W takes one small step per pass; here it is solved nearly exactly while
// the row is in the first-level cache, so that a pass over the data moves as far as many.
#include "ruska/ops/unmix/nmf/poisson_pass.hpp"

#include <algorithm>
#include <cmath>

#include "ruska/kernels/channel_table.hpp"
#include "ruska/math/nonnegative_least_squares.hpp"
#include "ruska/ops/unmix/nmf/poisson_row_solver.hpp"
#include "ruska/ops/unmix/row_values.hpp"

namespace ruska::ops::unmix {
namespace {

constexpr int newton_steps = 3;
constexpr double newton_tolerance = 1e-4;  // nats per row, far below the half nat per unknown of the noise

void add(std::vector<double>& left, std::vector<double>&& right) {
  for (std::size_t i = 0; i < left.size(); ++i) left[i] += right[i];
}

}  // namespace

Pass poisson_pass(const Rows& data, std::size_t components, Context& context) {
  return [&data, components, &context](const std::vector<double>& table, std::vector<double>& loadings) {
    const std::size_t width = kernels::padded_width(components);
    const std::size_t size = table.size();
    // The numerator of the spectra, the sums of the loadings and the objective travel as one array.
    const std::vector<double> sums = Executor(context).reduce<std::vector<double>>(
        "refining spectra", data.partitions(), [&] { return std::vector<double>(size + width + 1, 0.0); },
        [&](std::vector<double>& partial, std::int64_t partition, RowRange range) {
          const auto block = data.block(partition);
          RowValues values(*block, data.columns());
          PoissonRowSolver solver(table, components);
          std::vector<double> w(width, 0.0);
          double objective = 0;
          for (std::int64_t row = range.begin; row < range.end; ++row) {
            values.go_to(row - range.begin);
            solver.load(values.channel(), values.value());
            double* kept = loadings.data() + static_cast<std::size_t>(row) * components;
            solver.solve(kept, newton_steps, newton_tolerance);
            std::copy(kept, kept + components, w.begin());
            objective += solver.divergence(kept);
            kernels::add_row_to_table(solver.channel(), solver.ratio(), w.data(), width, partial.data());
            for (std::size_t k = 0; k < components; ++k) partial[size + k] += w[k];
          }
          partial[size + width] += objective;
        },
        add);
    PassResult result;
    result.objective = sums[size + width];
    result.table = table;
    for (std::size_t i = 0; i < size; ++i) {
      // A component that no row uses keeps its spectrum.
      if (i % width < components && sums[size + i % width] > 0) result.table[i] = table[i] * sums[i];
    }
    result.loading_scale = scale_to_unit_sums(result.table, components);
    for (std::size_t k = 0; k < components; ++k) {
      result.loading_scale[k] = sums[size + k] > 0 ? result.loading_scale[k] / sums[size + k] : 1.0;
    }
    return result;
  };
}

PoissonUncertainty poisson_uncertainty(const Rows& data, const Factorization& solution, Context& context) {
  const std::size_t components = solution.components;
  const std::size_t width = kernels::padded_width(components);
  const std::size_t pairs = components * (components + 1) / 2;
  const std::size_t pair_width = kernels::padded_width(pairs);
  const std::size_t channels = solution.channels;
  PoissonUncertainty result;
  result.loadings.assign(solution.loadings.size(), 0.0);
  // Per channel the information Σ x/λ² · w wᵀ on its part of the spectra; behind it the column sums and loading sums.
  const std::size_t size = channels * pair_width;
  Executor executor(context);
  const std::vector<double> sums = executor.reduce<std::vector<double>>(
      "estimating uncertainties", data.partitions(),
      [&] { return std::vector<double>(size + channels + components, 0.0); },
      [&](std::vector<double>& partial, std::int64_t partition, RowRange range) {
        const auto block = data.block(partition);
        RowValues values(*block, data.columns());
        PoissonRowSolver solver(solution.table, components);
        std::vector<double> products(pair_width, 0.0), information;
        for (std::int64_t row = range.begin; row < range.end; ++row) {
          const std::size_t first = static_cast<std::size_t>(row) * components;
          const double* w = solution.loadings.data() + first;
          values.go_to(row - range.begin);
          solver.load(values.channel(), values.value());
          solver.sigma(w, result.loadings.data() + first);
          const std::size_t count = solver.channel().size();
          for (std::size_t k = 0; k < components; ++k) partial[size + channels + k] += w[k];
          if (!(solver.sum() > 0)) continue;
          information.resize(count);
          for (std::size_t j = 0; j < count; ++j) {
            information[j] = solver.ratio()[j] * solver.ratio()[j] / solver.value()[j];
            partial[size + solver.channel()[j]] += solver.value()[j];
          }
          std::size_t at = 0;
          for (std::size_t k = 0; k < components; ++k) {
            for (std::size_t l = k; l < components; ++l) products[at++] = w[k] * w[l];
          }
          kernels::add_row_to_table(solver.channel(), information.data(), products.data(), pair_width, partial.data());
        }
      },
      add);
  executor.gather(data.partitions(), static_cast<std::int64_t>(components), std::span(result.loadings));

  result.spectra.assign(channels * width, 0.0);
  std::vector<double> matrix(components * components), variance(components), scratch;
  for (std::size_t c = 0; c < channels; ++c) {
    std::size_t at = c * pair_width;
    for (std::size_t k = 0; k < components; ++k) {
      for (std::size_t l = k; l < components; ++l) {
        matrix[k * components + l] = matrix[l * components + k] = sums[at++];
      }
    }
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
