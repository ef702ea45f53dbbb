// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ruska/ops/unmix/model_replicate.hpp"
#include "ruska/ops/unmix/pca/pca.hpp"

namespace ruska::ops::unmix {

/// Root mean square deviations of what repeated measurements give from what was found, of the same shapes.
struct Spread {
  std::vector<double> factors, loadings;
  MeasurementNoise noise;  ///< with which they were drawn
};

/// Sums up the squared deviations of one result after the other.
class SpreadSum {
 public:
  SpreadSum(const std::vector<double>& factors, const std::vector<double>& loadings);
  void add(const std::vector<double>& factors, const std::vector<double>& loadings);
  Spread finish(MeasurementNoise noise) &&;

 private:
  const std::vector<double>& factors_;
  const std::vector<double>& loadings_;
  Spread sum_;
  double number_ = 0;
};

/// Calls `analyse` with `repetitions` repeated measurements of the fit, one after the other, and tells what noise they
/// had: that of counts for counts, times a camera's gain where there is one, and Gaussian noise otherwise. Nothing of a
/// repeated measurement is kept that does not fit the context's memory beside `held` bytes and the data's own cache.
MeasurementNoise repeat(const Rows& data, const Masks& masks, const PcaResult& fit, std::int64_t repetitions,
                        std::int64_t seed, std::int64_t held, Context& context,
                        const std::function<void(const Rows&)>& analyse);

/// Principal components of repeated measurements, each brought to those of the fit by order and sign, and by a rotation
/// among components that the data do not tell apart.
Spread repeat_pca(const Rows& data, const Masks& masks, const PcaParams& params, const PcaResult& fit,
                  Context& context);

/// What a repetition takes beside the first analysis: altogether, and on top for each worker.
std::int64_t repeat_memory_per_worker(const Description& data);
std::int64_t repeat_memory(const Description& data, std::int64_t components);

/// The group of each component and of the first that is left out, if there is one: neighbours whose singular values
/// differ by less than two standard deviations of their difference belong together, since noise decides how they mix.
std::vector<std::size_t> indistinct_groups(const PcaResult& result);
/// A sentence about them: "components 2 and 3 have …"; empty where all are told apart.
std::string about_indistinct(const PcaResult& result);
/// How the spread came about, for notes.
std::string about_spread(const MeasurementNoise& noise, std::int64_t repetitions);

}  // namespace ruska::ops::unmix
