// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "ruska/core/axis.hpp"
#include "ruska/core/context.hpp"

namespace ruska::ops::unmix {

/// What the independence of components is judged on: samples of `components` numbers each, sample-major, in one or more
/// grids of neighbours. A sample whose first number is NaN is left out.
struct Samples {
  std::int64_t components = 0;
  std::vector<double> values;
  std::vector<Shape> grids;  ///< one after the other, C order

  std::int64_t size() const { return components == 0 ? 0 : static_cast<std::int64_t>(values.size()) / components; }
};

/// Differences of the given order (0, 1 or 2) between neighbours along each axis of a grid, one grid per axis (for
/// order 0 the grid itself). Axes too short for it are left out.
Samples differences(const Samples& samples, int order);

/// Samples of zero mean and unit covariance, and the matrix (components × components, C order) that makes them so:
/// white = matrix · (sample − mean).
struct Whitened {
  Samples samples;
  std::vector<double> matrix;
};

/// By the eigenvectors of the covariance. Throws invalid_argument when there are fewer samples than components or the
/// components are linearly dependent.
Whitened whiten(Samples samples, Context& context);

}  // namespace ruska::ops::unmix
