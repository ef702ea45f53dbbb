// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ruska/ops/unmix/marginals.hpp"
#include "ruska/ops/unmix/nmf/alternation.hpp"
#include "ruska/ops/unmix/nmf/nmf.hpp"
#include "ruska/ops/unmix/weighted_matrix.hpp"

namespace ruska::ops::unmix {

/// A factorisation to be solved: the data, what is minimised, and what the spectra and maps must be.
struct NmfProblem {
  const Rows& data;
  const NmfParams& params;
  const Marginals& sums;
  Context& context;
  bool poisson_loss = true;
  WeightedMatrix matrix;            ///< of the least squares; unit weights for the Poisson loss
  double total_sum_of_squares = 0;  ///< of the least squares
  double noise = 0;                 ///< standard deviation of an element of the weighted matrix
  std::vector<double> known{};      ///< spectra that stay as they are, unit sums; they come first
  double sparsity = 0;              ///< weight of the logarithm of the shares (or of the shares)
  std::vector<double> columns{};    ///< what the other spectra are made of, unit sums; empty for anything

  /// Positions to which starts are fitted, in rising order; empty where they are fitted to all (`choose_sample`).
  std::vector<std::int64_t> sample{};

  std::size_t channels() const { return static_cast<std::size_t>(data.columns()); }
  std::size_t known_count() const { return channels() == 0 ? 0 : known.size() / channels(); }
  /// Whether anything but non-negativity is asked of spectra or maps.
  bool constrained() const;
};

/// Throws invalid_argument for negative data.
NmfProblem make_nmf_problem(const Rows& data, const NmfParams& params, const Marginals& sums, Context& context);

/// Very many positions tell apart where starts lead no better than many do: of likelihoods without coupling between
/// positions, a sample of those with signal (drawn by params.seed), where it is a small part of them.
std::vector<std::int64_t> choose_sample(const NmfProblem& problem);
/// Bytes of a sample and the loadings of its solutions.
std::int64_t sample_memory(std::int64_t positions, std::int64_t components);

struct NmfSolution {
  Factorization state;  ///< table and loadings of the weighted matrix
  Descent descent;
  std::vector<std::uint8_t> known;  ///< per component: its spectrum was given
};

/// Descends from given spectra (components × channels, data units). With automatic relevance, components that lose all
/// their signal are left out of the solution. `chosen`: on these positions alone, where not empty; the solution's
/// loadings are then theirs, and on several ranks those of the rank's own positions.
NmfSolution solve_nmf(const NmfProblem& problem, std::span<const double> spectra, std::int64_t components,
                      bool automatic_relevance, std::span<const std::int64_t> chosen = {});

/// Spectra of a solution in data units and unit sums, and the factor by which the loadings grow.
struct SolvedSpectra {
  std::vector<double> values;  ///< components × channels
  std::vector<double> sums;    ///< before scaling
};
SolvedSpectra spectra_of(const NmfProblem& problem, const Factorization& state);

/// The solution in data units, its components in order of falling total, with uncertainties.
NmfResult finished(const NmfProblem& problem, const NmfSolution& solution);

}  // namespace ruska::ops::unmix
