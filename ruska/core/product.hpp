// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ruska/core/dataset.hpp"

namespace ruska {

/// The source behind `product()`. Whoever writes such a dataset to a file can store its parts instead of its values.
class ProductSource final : public Source {
 public:
  /// Throws invalid_argument when the parts do not fit together.
  ProductSource(Dataset loadings, Dataset factors, Dataset mean, std::string title);

  const Description& describe() const override { return description_; }
  /// Costs (positions + channels) · components read and positions · channels · components multiplied. Sums run in
  /// float64 in the order of the components, whatever the region.
  void read(const Region& region, std::span<std::byte> out) const override;

  const Dataset& loadings() const { return loadings_; }
  const Dataset& factors() const { return factors_; }
  /// Invalid when there is none.
  const Dataset& mean() const { return mean_; }

 private:
  Dataset loadings_, factors_, mean_;
  Description description_;
};

}  // namespace ruska
