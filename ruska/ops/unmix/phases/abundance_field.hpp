// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "ruska/ops/unmix/phases/grouped_counts.hpp"
#include "ruska/ops/unmix/phases/position_grid.hpp"

namespace ruska::ops::unmix {

/// The log-likelihood of every position to second order in its abundances: −½ aᵀFa + bᵀa.
struct Likelihood {
  std::size_t phases = 0;
  std::vector<float> information;  ///< F: positions × packed lower triangle, phases(phases+1)/2
  std::vector<float> slope;        ///< b: positions × phases
};

/// Abundances of every position: positions × phases, ≥ 0, of sum 1; zeros where a position is left out.
using Abundances = std::vector<float>;

/// How strongly neighbours pull on each other: the energy is (coupling/2) · Σ over neighbours of
/// edge² · ln(1 + |a_p − a_q|²/edge²), which smooths small differences and lets large ones, phase boundaries, stand
/// (Geman and McClure's family of robust penalties).
struct Coupling {
  double strength = 0;
  double edge = 0.1;
};

/// Maximum a posteriori abundances of given unit-sum spectra under Poisson counts and the coupling of neighbours.
class AbundanceField {
 public:
  AbundanceField(const GroupedCounts& data, const PositionGrid& grid, Context& context);

  /// Fisher scoring: `rounds` times the likelihood is expanded about the abundances and the field solved.
  /// `start` is the first expansion point; empty for equal abundances.
  Abundances fit(Part part, const std::vector<double>& spectra, Coupling coupling, int rounds,
                 Abundances start = {}) const;
  /// The second-order likelihood about `at`, with the expected (Fisher) information.
  Likelihood expand(Part part, const std::vector<double>& spectra, const Abundances& at) const;
  /// Moves `abundances` to the minimum of energy minus likelihood, by exact exchange between two phases at a time,
  /// positions of one chess-board colour at once.
  /// `slope` replaces the likelihood's own; the same for repeated measurements.
  void solve(const Likelihood& likelihood, const std::vector<float>& slope, Coupling coupling, Abundances& abundances,
             int most_sweeps) const;

  /// Σ counts · ln model of every position.
  std::vector<float> score(Part part, const std::vector<double>& spectra, const Abundances& abundances) const;

  /// Adds up the counts of positions by phase: phases × groups. `member` has one byte per position and phase.
  std::vector<double> collect(Part part, const std::vector<std::uint8_t>& member, std::size_t phases) const;

  /// (χ² − expected)/σ of every position: Pearson's χ² over the groups, whose mean and variance under Poisson counts
  /// are the number of groups and 2 · groups + Σ 1/mean.
  std::vector<float> residual(const std::vector<double>& spectra, const Abundances& abundances) const;

  const GroupedCounts& data() const { return data_; }
  const PositionGrid& grid() const { return grid_; }

 private:
  const GroupedCounts& data_;
  const PositionGrid& grid_;
  Context& context_;
};

/// One draw of abundances as they would come out of repeated measurements of the same specimen (parametric bootstrap):
/// slopes drawn from the normal law N(F·a, F), then solved.
Abundances repeated_measurement(const AbundanceField& field, const Likelihood& likelihood, const Abundances& fitted,
                                Coupling coupling, std::uint64_t seed, std::uint64_t replicate, Context& context);

}  // namespace ruska::ops::unmix
