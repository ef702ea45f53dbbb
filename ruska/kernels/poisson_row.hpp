// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ruska::kernels {

/// The nonzeros of one row and the spectra at their channels, laid out for vectors: spectrum k at element j lies at
/// spectra[k · stride + j]. `count` is a multiple of row_padding; the elements that pad it have x = 0.
struct PoissonRow {
  const double* x;
  const double* spectra;
  std::size_t stride;
  std::size_t count;
  std::size_t components;
};

/// Elements per row are padded to a multiple of this, the widest vector of any target.
inline constexpr std::size_t row_padding = 8;

/// Lays out a row's nonzeros, values x at channels, and the spectra of a table (kernels/channel_table.hpp) there: `x`
/// and `spectra` are those of a PoissonRow with this stride, padding included. Returns 0 when some channel is one that
/// no spectrum reaches, else the smallest x, at most 1.
double lay_out_poisson_row(std::span<const std::uint32_t> channel, const double* value, const double* table,
                           std::size_t width, std::size_t components, std::size_t stride, double* x, double* spectra);

/// With λ_j = Σ_k w_k · spectra_kj, for one row:
///   ratio[j]    = x_j / λ_j (0 where x_j = 0),
///   curvature[j] = x_j / λ_j²,
///   gain[k]     = Σ_j ratio_j · spectra_kj,
///   hessian     = Σ_j x_j / λ_j² · spectra_kj · spectra_lj, a full components × components matrix; null to leave out.
/// False when some x_j > 0 has λ_j = 0; the results then mean nothing.
bool poisson_derivatives(const PoissonRow& row, const double* w, double* ratio, double* curvature, double* gain,
                         double* hessian);

/// Σ_j x_j · ln ratio_j over the elements with x_j > 0.
double poisson_log_sum(const PoissonRow& row, const double* ratio);

/// A row's part of what the spectra's likelihood needs: for each of its channels, to
///   table[channel[j] · (width + pair_width) + …] are added ratio_j · weight (width), then curvature_j · products.
/// Widths are multiples of table_padding.
void add_poisson_row(std::span<const std::uint32_t> channel, const double* ratio, const double* curvature,
                     const double* weight, std::size_t width, const double* products, std::size_t pair_width,
                     double* table);

namespace reference {
bool poisson_derivatives(const PoissonRow& row, const double* w, double* ratio, double* curvature, double* gain,
                         double* hessian);
double poisson_log_sum(const PoissonRow& row, const double* ratio);
double lay_out_poisson_row(std::span<const std::uint32_t> channel, const double* value, const double* table,
                           std::size_t width, std::size_t components, std::size_t stride, double* x, double* spectra);
void add_poisson_row(std::span<const std::uint32_t> channel, const double* ratio, const double* curvature,
                     const double* weight, std::size_t width, const double* products, std::size_t pair_width,
                     double* table);
}  // namespace reference

}  // namespace ruska::kernels
