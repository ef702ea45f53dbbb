// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace ruska::ops::eels {

/// Mean free path (nm) of inelastic scattering into a collection semi-angle (mrad), of a probe of convergence
/// semi-angle (mrad) and beam energy (keV) in a material of density (g/cm³): K. Iakoubovskii et al., Microsc. Res.
/// Tech. 71, 626 (2008), who find it right to about 10 %.
double inelastic_mean_free_path(double density, double beam_energy, double convergence, double collection);

}  // namespace ruska::ops::eels
