// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ruska/ops/eels/loss_axis.hpp"

namespace ruska::ops::eels {

/// A background A E⁻ʳ fitted to one spectrum: exp(level − exponent · ln(E / reference)).
struct PowerLaw {
  bool fitted = false;  ///< false where the window holds no counts, or the fit does not settle
  double level = 0;     ///< logarithm of the counts per channel at the reference energy
  double exponent = 0;
  double variance[3] = {0, 0, 0};  ///< level, level × exponent, exponent; for counts of variance = mean
  double chi_square = 0;           ///< Pearson's, of the window
};

/// Fits power laws over one window of channels by quasi-likelihood of counts (iteratively reweighted least squares with
/// weights 1 / λ of the fit itself, so that neither zeros nor noise below zero bias it as logarithms of data would).
class PowerLawFit {
 public:
  /// Window of channels [begin, end), at least three, energies > 0.
  PowerLawFit(const LossAxis& axis, std::int64_t begin, std::int64_t end);

  PowerLaw fit(std::span<const double> spectrum) const;
  double at(const PowerLaw& law, std::int64_t channel) const;
  double degrees() const { return static_cast<double>(end_ - begin_ - 2); }

  struct Integral {
    double value = 0, variance = 0;  ///< variance for counts of variance = mean
  };
  /// Sum over the channels [begin, end) and its variance by the fit's covariance.
  Integral integral(const PowerLaw& law, std::int64_t begin, std::int64_t end) const;

 private:
  std::int64_t begin_, end_;
  std::vector<double> logarithm_;  // ln(E / reference) of every channel of the axis; 0 where E ≤ 0
};

}  // namespace ruska::ops::eels
