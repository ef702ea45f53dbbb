// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace ruska::ops::unmix {

/// Sums over all positions from which better spectra follow (nmf/poisson_pass.hpp).
struct PoissonSums;

/// What the spectra of a factorisation may be: each the sum of given columns (X-ray lines, background) with
/// coefficients ≥ 0 of sum 1, or free; the first of them may be known and stay as they are. A table holds, for each
/// column (for free spectra: for each channel), padded_width(components) coefficients, each component's of sum 1.
class SpectraModel {
 public:
  /// `known`: spectra × channels, unit sums. `columns`: columns × channels, unit sums; empty for free spectra.
  SpectraModel(std::size_t channels, std::size_t components, std::vector<double> known, std::vector<double> columns);

  std::size_t components() const { return components_; }
  std::size_t known() const { return known_count_; }

  /// Spectra (channels × padded width) of coefficients.
  std::vector<double> spectra_of(const std::vector<double>& table) const;
  /// Coefficients whose spectra come closest, in Kullback-Leibler divergence, to given ones; the known ones win.
  std::vector<double> nearest(const std::vector<double>& spectra) const;

  /// One step of expectation maximisation, which never lowers the likelihood (Dempster, Laird and Rubin, J. R. Stat.
  /// Soc. B 39, 1 (1977)).
  std::vector<double> expectation_step(const std::vector<double>& table, const PoissonSums& sums) const;
  /// One Newton step, which may overshoot.
  std::vector<double> newton_step(const std::vector<double>& table, const PoissonSums& sums) const;

  /// The minimum of ½ ⟨C, H D Hᵀ⟩ − ⟨B, H⟩ over one component after the other (hierarchical alternating least squares;
  /// Cichocki and Phan, IEICE Trans. Fundam. E92-A, 708 (2009)), unit sums kept: C = Wᵀ W (components × components),
  /// B = Wᵀ X √D (channels × padded width), D the squared weights of the channels.
  std::vector<double> least_squares_step(const std::vector<double>& table, const double* products, const double* gram,
                                         const std::vector<double>& squared_weight) const;

 private:
  bool free() const { return columns_.empty(); }
  std::size_t rows() const { return free() ? channels_ : columns_.size() / channels_; }
  void newton_of_channels(std::vector<double>& result, const PoissonSums& sums) const;
  void newton_of_columns(std::vector<double>& result, const PoissonSums& sums) const;

  std::size_t channels_, components_, width_, known_count_;
  std::vector<double> known_, columns_;
};

}  // namespace ruska::ops::unmix
