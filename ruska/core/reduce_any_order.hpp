// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ruska/base/spare.hpp"
#include "ruska/core/executor.hpp"

namespace ruska {

/// As `Executor::reduce`, with one partial result per worker instead of one per leaf of the tree: whichever partitions
/// a worker meets go into the same one. Only for accumulation that is exact, so that no order and no grouping shows in
/// the result: sums of integers, maxima. `init()` makes an empty partial result. Every rank gets the result.
template <class T>
T reduce_any_order(Context& context, const std::string& stage, const Partitions& partitions,
                   const std::function<T()>& init, const std::function<void(T&, std::int64_t, RowRange)>& accumulate,
                   const std::function<void(T&, T&&)>& merge) {
  Spare<T> partials;
  Executor(context).for_each_chunk(stage, partitions, [&](std::int64_t partition, RowRange range) {
    T partial = partials.take(init);
    accumulate(partial, partition, range);
    partials.give(std::move(partial));
  });
  std::vector<T> idle = partials.take_all();
  T result = idle.empty() ? init() : std::move(idle.front());
  for (std::size_t i = 1; i < idle.size(); ++i) merge(result, std::move(idle[i]));

  Communicator& ranks = *context.ranks;
  if (ranks.size() == 1) return result;
  const auto gathered = ranks.all_gather(Transport<T>::pack(result));
  T whole = Transport<T>::unpack(gathered.front());
  for (std::size_t rank = 1; rank < gathered.size(); ++rank) merge(whole, Transport<T>::unpack(gathered[rank]));
  return whole;
}

}  // namespace ruska
