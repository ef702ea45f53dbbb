// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "ruska/ops/segment/feature_space.hpp"

namespace ruska::ops::segment {

/// Some positions of a dataset, in memory.
struct Sample {
  std::vector<std::int64_t> positions;  ///< rising
  Dataset data;                         ///< (position | channel)
  FeatureSpace space;                   ///< that of the whole, for these positions
  std::vector<double> deviation;
};

/// How many positions a sample of at most `asked` takes of data with so many channels: no more than 64 MiB of values
/// unless that were fewer than 1,000.
std::int64_t sample_size(const Description& data, std::int64_t asked);

/// All positions with a weight where there are no more than `size`; else `size` of them, drawn at random, each as
/// likely as another.
Sample sample_of(const Rows& rows, const FeatureSpace& space, const std::vector<double>& deviation, std::int64_t size,
                 std::int64_t seed, Context& context);

/// Bytes that a sample takes, with what is needed to gather it.
std::int64_t sample_memory(const Description& data, std::int64_t asked);

}  // namespace ruska::ops::segment
