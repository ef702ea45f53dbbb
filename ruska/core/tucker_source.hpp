// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "ruska/core/dataset.hpp"

namespace ruska {

/// A lazily evaluated Tucker product: element (i₁, …, i_N) = Σ core[r₁, …, r_N] · Π_k factors[k][r_k, i_k], float32,
/// where i_k may run over several adjacent axes. Whoever writes such a dataset to a file can store its parts instead of
/// its values.
class TuckerSource final : public Source {
 public:
  /// The first axis of each factor counts its components; the rest of their axes, in order, are the axes of the
  /// product, the first `navigation_axes` of them navigation. Metadata, signal type and the vendor's remainder are the
  /// last factor's. `non_negative` puts 0 for what would be below. Throws invalid_argument when the parts do not fit.
  TuckerSource(Dataset core, std::vector<Dataset> factors, std::int64_t navigation_axes, bool non_negative,
               std::string title);

  const Description& describe() const override { return description_; }
  /// Reads the core and the factors' parts that the region concerns. Sums run in float64, in the order of the
  /// components, whatever the region. The last mode costs its components per element, the others a small part of that.
  void read(const Region& region, std::span<std::byte> out) const override;

  const Dataset& core() const { return core_; }
  const std::vector<Dataset>& factors() const { return factors_; }
  std::int64_t navigation_axes() const { return navigation_axes_; }
  bool non_negative() const { return non_negative_; }

 private:
  Dataset core_;
  std::vector<Dataset> factors_;
  std::int64_t navigation_axes_;
  bool non_negative_;
  Description description_;
};

/// The same as a dataset.
Dataset tucker(Dataset core, std::vector<Dataset> factors, std::int64_t navigation_axes, bool non_negative,
               std::string title);

}  // namespace ruska
