// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace ruska {

/// Counter-based random numbers (Philox 4x32-10, Salmon et al., SC11 2011): the draws depend on the seed, the
/// stream's name and the element's index alone, never on who draws them or in what order.
///
/// One object serves one element; successive calls walk along that element's own sequence.
class Random {
 public:
  Random(std::uint64_t seed, std::string_view stream, std::uint64_t element);

  std::uint32_t bits();
  /// Uniform in the open interval (0, 1), 53 bits.
  double uniform();
  /// Uniform integer in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound);
  /// Standard normal.
  double normal();
  /// Poisson with the given mean ≥ 0 (multiplication below 10, Hörmann's PTRS above; Insurance: Mathematics and
  /// Economics 12, 39 (1993)).
  std::uint64_t poisson(double mean);
  /// Number of successes of `trials` with probability `p`.
  std::uint64_t binomial(std::uint64_t trials, double p);

 private:
  std::uint64_t key_;
  std::uint64_t element_;
  std::uint64_t block_ = 0;
  std::uint32_t buffer_[4];
  int left_ = 0;
};

}  // namespace ruska
