// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ruska/core/context.hpp"
#include "ruska/core/dataset.hpp"

namespace ruska::ops::tomo {

struct ReconstructParams {
  std::string method = "sirt";
  std::optional<std::vector<double>> angles{};
  std::string axis = "y";
  std::optional<double> axis_position{};
  std::int64_t iterations = 100;
  bool non_negative = true;
  double total_variation = 0;
  std::string window = "hann";
  std::int64_t replicates = 0;
  std::int64_t seed = 0;
};

/// How a dataset is a tilt series: (…, tilt, y, x), whatever stands before the tilt counting components.
struct TiltSeries {
  std::size_t tilt_axis = 0;
  std::vector<double> angles;   ///< in radians
  std::int64_t components = 1;  ///< product of the axes before the tilt
  std::int64_t slices = 0;      ///< along the tilt axis' direction, per component
  std::int64_t width = 0;       ///< across it
  bool along_y = true;          ///< the specimen turns about an axis parallel to y
};

/// Throws invalid_argument when there is no tilt axis, its angles are not known, or the numbers do not fit.
TiltSeries tilt_series(const Description& data, const ReconstructParams& params);

struct Volume {
  std::vector<float> values;   ///< components × z × y × x
  std::vector<float> sigma;    ///< the same shape; empty where it is not known
  std::vector<double> misfit;  ///< per component: ‖projections − data‖ / ‖data‖; of sirt
};

/// Reconstructs every component slice by slice. `sigma`: standard deviations of the data, of their shape, or null;
/// whole numbers ≥ 0 have those of counts. Throws bad_data for values that are not finite.
Volume reconstruct(const Dataset& data, const Dataset* sigma, const ReconstructParams& params, Context& context);

/// Bytes that `reconstruct` holds: altogether, and on top for each worker.
std::int64_t reconstruct_memory(const TiltSeries& series, const ReconstructParams& params);
std::int64_t reconstruct_memory_per_worker(const TiltSeries& series, const ReconstructParams& params);

}  // namespace ruska::ops::tomo
