// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "ruska/core/rows.hpp"
#include "ruska/ops/unmix/nmf/alternation.hpp"
#include "ruska/ops/unmix/nmf/poisson_row_solver.hpp"

namespace ruska::ops::unmix {

/// How the upper triangle of w wᵀ lies in a table row.
struct PairTable {
  explicit PairTable(std::size_t count);

  void products(const double* w, double* out) const;
  void unpack(const double* packed, double* square) const;

  std::size_t components, width;
};

/// What the spectra's likelihood and its first two derivatives need, summed over the positions at given loadings w.
struct PoissonSums {
  std::size_t components = 0;
  std::vector<double> gain;         ///< Σ_p w_pk x_pc/λ_pc: channels × padded width
  std::vector<double> information;  ///< Σ_p w_pk w_pl x_pc/λ_pc²: channels × PairTable
  std::vector<double> loadings;     ///< Σ_p w_pk
  double objective = 0;             ///< Σ x ln(x/λ) − x + λ and what the loadings cost
};

/// Improves one row's loadings for a loaded row; leaves the solver at them. Returns what they cost beside the
/// divergence. Rows without signal are left out.
using RowStep = std::function<double(PoissonRowSolver& solver, std::int64_t row, double* loadings)>;

/// Refines every row's loadings in place, and sums. `step` makes what one worker uses for one block. Where `chosen` is
/// not empty, it and `loadings` are those of some rows, in rising order.
PoissonSums poisson_sums(const Rows& data, const std::vector<double>& table, std::vector<double>& loadings,
                         std::size_t components, std::span<const std::int64_t> chosen,
                         const std::function<RowStep()>& step, Context& context);

/// One pass of Poisson maximum likelihood (Kullback-Leibler divergence): a few Newton steps for the loadings of each
/// row, and the multiplicative update H ← H ∘ (Wᵀ (X / WH)) of Lee and Seung (Nature 401, 788 (1999)) for the spectra,
/// both touching nonzeros only. The loadings are refined in place; `chosen` as above.
Pass poisson_pass(const Rows& data, std::size_t components, std::span<const std::int64_t> chosen, Context& context);

/// Uncertainties at a solution, each side given the other.
struct PoissonUncertainty {
  std::vector<double> loadings;  ///< positions × components
  std::vector<double> spectra;   ///< channels × padded width
};
PoissonUncertainty poisson_uncertainty(const Rows& data, const Factorization& solution, Context& context);

}  // namespace ruska::ops::unmix
