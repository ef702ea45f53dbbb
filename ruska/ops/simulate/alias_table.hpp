// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ruska/base/random.hpp"

namespace ruska::ops::simulate {

/// Draws from a discrete distribution at a cost that does not depend on its size: Walker's alias method in Vose's form
/// (IEEE Trans. Softw. Eng. 17, 972, 1991).
class AliasTable {
 public:
  /// Weights ≥ 0, not all zero; at most 2³² of them.
  explicit AliasTable(std::span<const double> weights);

  std::uint32_t draw(Random& random) const {
    const double place = random.uniform() * static_cast<double>(keep_.size());
    const auto index = static_cast<std::uint32_t>(place);
    return place - index < keep_[index] ? index : other_[index];
  }

 private:
  std::vector<double> keep_;
  std::vector<std::uint32_t> other_;
};

}  // namespace ruska::ops::simulate
