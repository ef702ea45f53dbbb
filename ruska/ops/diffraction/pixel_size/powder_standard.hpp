// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ruska::ops::diffraction {

/// A cubic crystal whose rings are known.
struct PowderStandard {
  std::string name;
  std::string lattice;  ///< "sc", "bcc", "fcc" or "diamond"
  double constant = 0;  ///< nm
};
/// Au, Ag, Al, Pt, Cu, Ni, Pd, Si, W, Fe at room temperature (NIST and CRC values).
const std::vector<PowderStandard>& powder_standards();

/// A ring of a powder pattern.
struct PowderRing {
  double frequency = 0;           ///< 1/d, 1/nm
  std::string indices;            ///< "111"
  std::int64_t multiplicity = 0;  ///< lattice points on the sphere
};
/// All rings that the lattice allows up to 1/d = `largest`, rising; rings of equal d are one.
std::vector<PowderRing> powder_rings(const PowderStandard& standard, double largest);

}  // namespace ruska::ops::diffraction
