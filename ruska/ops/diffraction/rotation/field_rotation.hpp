// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ruska::ops::diffraction {

/// The turn that makes a vector field the gradient of something.
struct FieldRotation {
  double angle = 0, sigma = 0;   ///< degrees from x towards y, in (−90, 90]; the field turned by it has least curl
  double transverse_share = 0;   ///< what is left of curl: power of the transverse part over the whole power, 0 to 1
  std::vector<double> share_at;  ///< that share at −90°, −89° … 90°
};

/// In the Fourier domain a gradient lies along k everywhere. With L = k̂·v and T = k̂×v of the field before it is turned,
/// turning by θ leaves the transverse part T cos θ + L sin θ, whose power summed over all k is a sinusoid of 2θ with
/// its minimum at 2θ = atan2(−2 Σ Re L*T, Σ|L|² − Σ|T|²): no search over angles. Noise that is alike in all directions
/// adds the same to both sums and moves nothing. The curl itself would weigh each k by k², and by what differences make
/// of it. σ from the scatter of the terms of d/dθ over k (sandwich estimate). `x`, `y`: components in C order (rows,
/// columns), at steps that long; their means do not matter.
FieldRotation rotation_of_field(std::span<const double> x, std::span<const double> y, std::int64_t rows,
                                std::int64_t columns, double step_y, double step_x);

}  // namespace ruska::ops::diffraction
