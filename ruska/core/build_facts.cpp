// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <cblas.h>
#include <hwy/targets.h>

#include "ruska/core/record.hpp"

namespace ruska {

Json build_facts() {
  const std::int64_t supported = hwy::SupportedTargets();
  const std::int64_t best = supported & -supported;  // Highway numbers better targets lower
  return {{"ruska", RUSKA_VERSION},
          {"compiler", __VERSION__},
          {"build_type", RUSKA_BUILD_TYPE},
          {"simd", hwy::TargetName(best)},
          {"blas", openblas_get_config()}};
}

}  // namespace ruska
