// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ruska/ops/unmix/ica/samples.hpp"

namespace ruska::ops::unmix {

/// The orthonormal matrix (components × components, C order) whose rows are the directions of independent components
/// in whitened samples.
struct Rotation {
  std::vector<double> matrix;
  std::int64_t iterations = 0;
  bool converged = false;
};

struct FastIcaOptions {
  std::string nonlinearity = "logcosh";  ///< logcosh: tanh u; exp: u exp(−u²/2); cube: u³
  bool deflation = false;                ///< one component after the other instead of all together
  double tolerance = 1e-10;              ///< of 1 − |cosine| between two iterations
  std::int64_t most_iterations = 1000;
  std::uint64_t seed = 0;
  std::uint64_t start = 0;  ///< which of the random starts
};

/// Fixed-point iteration from a random rotation; A. Hyvärinen, IEEE Trans. Neural Netw. 10, 626 (1999).
/// components² · samples multiply-adds per iteration (deflation: per component and iteration, components · samples).
Rotation fast_ica(const Samples& white, const FastIcaOptions& options, Context& context);

/// How far the components of a rotation are from Gaussian: Σ (E G(y) − E G(ν))², G the integral of the nonlinearity.
/// The larger, the better the start that led there.
double contrast(const Samples& white, const Rotation& rotation, const std::string& nonlinearity, Context& context);

/// Joint diagonalisation of the fourth-order cumulant matrices; Cardoso and Souloumiac, IEE Proc. F 140, 362 (1993).
/// components⁴ / 2 · samples multiply-adds.
Rotation jade(const Samples& white, double tolerance, std::int64_t most_iterations, Context& context);

/// Joint diagonalisation of covariances between neighbours 1 to `lags` apart along each axis of each grid; Belouchrani
/// et al., IEEE Trans. Signal Process. 45, 434 (1997). Throws invalid_argument when no axis is longer than one lag.
Rotation sobi(const Samples& white, std::int64_t lags, double tolerance, std::int64_t most_iterations,
              Context& context);

/// Maximises Σ_k (Σ y⁴ − γ/n (Σ y²)²): γ = 1 is varimax, γ = 0 quartimax; H. F. Kaiser, Psychometrika 23, 187 (1958).
Rotation orthomax(const Samples& white, double gamma, double tolerance, std::int64_t most_iterations, Context& context);

}  // namespace ruska::ops::unmix
