// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <hwy/highway.h>

namespace ruska::kernels {

/// Runs `action` once for every SIMD target that was compiled and that this CPU has, then returns to the best one.
/// For tests; not while other threads run kernels.
template <class Action>
void for_each_target(Action&& action) {
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    action(hwy::TargetName(target));
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace ruska::kernels
