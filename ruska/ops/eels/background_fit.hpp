// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ruska/ops/eels/loss_axis.hpp"

namespace ruska::ops::eels {

/// How a background falls with the energy loss E.
enum class BackgroundModel {
  power_law,    ///< A E⁻ʳ
  exponential,  ///< A exp(−E / τ)
};

/// A background fitted to one spectrum: exp(level − exponent · f(E)), with f = ln(E / E₀) for a power law and
/// f = (E − E₀) / E₀ for an exponential, E₀ the middle of the window: either way d ln λ / d ln E at E₀ is −exponent.
struct Background {
  bool fitted = false;  ///< false where the window holds no counts, or the fit does not settle
  double level = 0;     ///< logarithm of the counts per channel at E₀
  double exponent = 0;
  double variance[3] = {0, 0, 0};  ///< level, level × exponent, exponent; for counts of variance = mean
  double chi_square = 0;           ///< Pearson's, of the window
};

/// Fits backgrounds over one window of channels by quasi-likelihood of counts (iteratively reweighted least squares
/// with weights 1 / λ of the fit itself, so that neither zeros nor noise below zero bias it as logarithms of data
/// would).
class BackgroundFit {
 public:
  /// Window of channels [begin, end), at least three; energies > 0 for a power law.
  BackgroundFit(const LossAxis& axis, std::int64_t begin, std::int64_t end,
                BackgroundModel model = BackgroundModel::power_law);

  Background fit(std::span<const double> spectrum) const;
  /// The background of a known exponent that has the counts of the window; `counts` > 0. Its χ² is not set.
  Background of_exponent(double exponent, double exponent_variance, double counts) const;

  double at(const Background& law, std::int64_t channel) const;
  /// Variance of `at`, for counts of variance = mean.
  double variance_at(const Background& law, std::int64_t channel) const;
  double counts(std::span<const double> spectrum) const;  ///< within the window
  double degrees() const { return static_cast<double>(end_ - begin_ - 2); }
  double reference() const { return reference_; }  ///< E₀, eV

  struct Integral {
    double value = 0, variance = 0;  ///< variance for counts of variance = mean
  };
  /// Sum over the channels [begin, end) and its variance by the fit's covariance.
  Integral integral(const Background& law, std::int64_t begin, std::int64_t end) const;

 private:
  std::int64_t begin_, end_;
  double reference_ = 0;
  std::vector<double> regressor_;  // f of every channel of the axis; 0 where it is not defined
};

}  // namespace ruska::ops::eels
