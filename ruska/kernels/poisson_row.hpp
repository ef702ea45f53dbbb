// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace ruska::kernels {

/// The nonzeros of one row and the spectra at their channels, laid out for vectors: spectrum k at element j lies at
/// spectra[k · stride + j]. `count` is a multiple of row_padding; the elements that pad it have x = 0 and spectra 0.
struct PoissonRow {
  const double* x;
  const double* spectra;
  std::size_t stride;
  std::size_t count;
  std::size_t components;
};

/// Elements per row are padded to a multiple of this, the widest vector of any target.
inline constexpr std::size_t row_padding = 8;

/// With λ_j = Σ_k w_k · spectra_kj, for one row:
///   ratio[j]    = x_j / λ_j (0 where x_j = 0),
///   gain[k]     = Σ_j ratio_j · spectra_kj,
///   hessian     = Σ_j x_j / λ_j² · spectra_kj · spectra_lj, a full components × components matrix; null to leave out.
/// False when some x_j > 0 has λ_j = 0; the results then mean nothing.
bool poisson_derivatives(const PoissonRow& row, const double* w, double* ratio, double* gain, double* hessian);

/// Σ_j x_j · ln ratio_j over the elements with x_j > 0.
double poisson_log_sum(const PoissonRow& row, const double* ratio);

namespace reference {
bool poisson_derivatives(const PoissonRow& row, const double* w, double* ratio, double* gain, double* hessian);
double poisson_log_sum(const PoissonRow& row, const double* ratio);
}  // namespace reference

}  // namespace ruska::kernels
