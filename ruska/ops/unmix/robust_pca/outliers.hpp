// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "ruska/core/dataset.hpp"

namespace ruska::ops::unmix {

/// Elements of a matrix of positions × channels that a model does not explain, in C order.
struct Outliers {
  std::vector<std::int64_t> position, channel;
  std::vector<double> excess;        ///< value less the model's
  std::vector<double> significance;  ///< the same in standard deviations

  std::size_t size() const { return position.size(); }
  void add(std::int64_t at_position, std::int64_t at_channel, double by, double deviations) {
    position.push_back(at_position);
    channel.push_back(at_channel);
    excess.push_back(by);
    significance.push_back(deviations);
  }
  /// Whether the same elements are outliers in both.
  bool same_elements(const Outliers& other) const { return position == other.position && channel == other.channel; }
};

/// The data less the excess of their outliers, lazily. Integers stay integers: their excess must be whole.
Dataset without_outliers(const Dataset& data, Outliers outliers);

}  // namespace ruska::ops::unmix
