// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/simulate/alias_table.hpp"

#include <numeric>

#include "ruska/base/error.hpp"

namespace ruska::ops::simulate {

AliasTable::AliasTable(std::span<const double> weights) : keep_(weights.size(), 1.0), other_(weights.size()) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  if (!(sum > 0)) throw Error(ErrorKind::internal, "a distribution without weight");
  std::iota(other_.begin(), other_.end(), 0u);
  std::vector<double> share(weights.size());
  std::vector<std::uint32_t> small, large;
  for (std::uint32_t i = 0; i < share.size(); ++i) {
    share[i] = weights[i] / sum * static_cast<double>(share.size());
    (share[i] < 1.0 ? small : large).push_back(i);
  }
  while (!small.empty() && !large.empty()) {
    const std::uint32_t poor = small.back(), rich = large.back();
    small.pop_back();
    keep_[poor] = share[poor];
    other_[poor] = rich;
    share[rich] -= 1.0 - share[poor];
    if (share[rich] < 1.0) {
      large.pop_back();
      small.push_back(rich);
    }
  }
  // Rounding alone leaves indices in either list; a channel of no weight must still never be drawn.
  for (const std::uint32_t rest : small) {
    if (weights[rest] == 0.0) {
      keep_[rest] = 0.0;
      std::uint32_t likely = 0;
      while (weights[likely] == 0.0) ++likely;
      other_[rest] = likely;
    }
  }
}

}  // namespace ruska::ops::simulate
