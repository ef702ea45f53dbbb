// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace ruska::ops::unmix {

/// The orthogonal matrix R (count × count, C order) for which R · theirs is nearest to ours, both count × length with
/// rows of about unit norm. Each of theirs goes to one of ours with a sign, from the largest |overlap| down; those of
/// one group are also rotated among themselves (Schönemann, Psychometrika 31, 1 (1966)). `group` numbers the group of
/// each.
std::vector<double> aligning_rotation(std::span<const double> ours, std::span<const double> theirs,
                                      std::span<const std::size_t> group, std::size_t length);

/// Turns factors to R · factors and loadings (positions × count) to loadings · Rᵀ; their product stays.
void align(std::span<const double> rotation, std::size_t count, std::vector<double>& factors,
           std::vector<double>& loadings);

}  // namespace ruska::ops::unmix
