// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include <Eigen/Dense>

namespace ruska::ops::eds {

/// How the counts of one line per element become amounts of substance.
struct Quantification {
  std::vector<int> atomic_numbers;
  std::vector<double> line_energies;  ///< keV
  Eigen::VectorXd sensitivity;        ///< counts per amount: per mol/m² where `absolute`, else in a common unit
  Eigen::VectorXd sensitivity_error;  ///< relative σ
  bool absolute = false;              ///< whether amounts are mol/m²

  /// Absorption of the lines on their way out of a thin film; none without it.
  struct Absorption {
    double cosecant = 1;                ///< of the take-off angle
    std::optional<double> thickness{};  ///< m, where amounts are not absolute
    std::optional<double> density{};    ///< kg/m³; none: from the composition and the elements' own densities
  };
  std::optional<Absorption> absorption{};
};

/// What the counts of one spectrum say.
struct Composition {
  Eigen::VectorXd amounts;            ///< per element, in the units of `Quantification`
  Eigen::VectorXd atomic, weight;     ///< fractions of sum 1
  Eigen::VectorXd absorption_factor;  ///< by which counts were multiplied
  double mass_thickness = 0;          ///< kg/m², where absolute
  bool converged = true;

  Eigen::MatrixXd atomic_slope, weight_slope;  ///< ∂ fraction_i / ∂ counts_j
  Eigen::RowVectorXd mass_slope;               ///< ∂ mass_thickness / ∂ counts_j
};

/// Composition from counts, with absorption x / (1 − e⁻ˣ), x_i = Σ_j w_j (μ/ρ)_j(E_i) · ρt · csc α, iterated until
/// amounts change by less than 1e-9 of their sum.
class CompositionSolver {
 public:
  explicit CompositionSolver(Quantification settings);

  const Quantification& settings() const { return settings_; }
  Eigen::Index elements() const { return molar_mass_.size(); }
  const Eigen::VectorXd& molar_mass() const { return molar_mass_; }  ///< kg/mol

  /// Needs Σ counts / sensitivity > 0. `sigma` are the counts' standard deviations, which set the steps of slopes.
  Composition solve(const Eigen::VectorXd& counts, const Eigen::VectorXd& sigma) const;

 private:
  Composition without_slopes(const Eigen::VectorXd& counts) const;

  Quantification settings_;
  Eigen::VectorXd molar_mass_, own_density_;
  Eigen::MatrixXd mass_absorption_;  // m²/kg, line by element
};

}  // namespace ruska::ops::eds
