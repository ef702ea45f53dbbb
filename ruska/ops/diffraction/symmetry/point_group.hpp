// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "ruska/ops/diffraction/symmetry/symmetry_scores.hpp"

namespace ruska::ops::diffraction {

/// The point groups of a pattern that are told apart, each with the order of its axis and whether it has mirrors.
struct PointGroup {
  std::string_view name;
  std::int64_t order;
  bool mirrors;
};
inline constexpr std::array<PointGroup, 10> point_groups{{{"1", 1, false},
                                                          {"m", 1, true},
                                                          {"2", 2, false},
                                                          {"2mm", 2, true},
                                                          {"3", 3, false},
                                                          {"3m", 3, true},
                                                          {"4", 4, false},
                                                          {"4mm", 4, true},
                                                          {"6", 6, false},
                                                          {"6mm", 6, true}}};

/// Logarithm of the likelihood of the scores under each group.
///
/// A score of an operation that the group contains is 1 but for noise and for a deviation of standard deviation
/// `tolerance`; these scores are jointly normal. A score of an operation that it does not contain may be anything:
/// uniform from the least that the operation can give to 1, with noise. A mirror's score is the largest of all angles
/// and so lies higher, by some of its standard deviations, where there is no mirror.
std::array<double, 10> group_log_likelihoods(const SymmetryScores& scores, const ScoreCovariance& covariance,
                                             double tolerance);

/// Probabilities of the groups for equal prior probabilities.
std::array<double, 10> group_probabilities(const std::array<double, 10>& log_likelihoods);

/// The mean score of the operations that generate the group: what is largest at its centre. 0 for group "1".
double score_of_group(const SymmetryScores& scores, std::size_t group);

}  // namespace ruska::ops::diffraction
