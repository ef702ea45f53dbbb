// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/kernels/exponential.hpp"

#include <cmath>

// foreach_target includes this file once per target and must come before all else of Highway.
// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ruska/kernels/exponential.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include <hwy/contrib/math/math-inl.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace ruska::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void TakeExponentials(double* values, std::size_t count) {
  const hn::ScalableTag<double> d;
  const auto least = hn::Set(d, -708.0);
  const auto exponential = [&](auto value) HWY_ATTR {
    return hn::IfThenElseZero(hn::Ge(value, least), hn::Exp(d, hn::Max(value, least)));
  };
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) {
    hn::StoreU(exponential(hn::LoadU(d, values + i)), d, values + i);
  }
  if (i == count) return;
  // The same instructions for what is left, so that a value's place changes no bit.
  HWY_ALIGN double rest[hn::MaxLanes(hn::ScalableTag<double>())] = {};
  for (std::size_t j = i; j < count; ++j) rest[j - i] = values[j];
  hn::Store(exponential(hn::Load(d, rest)), d, rest);
  for (std::size_t j = i; j < count; ++j) values[j] = rest[j - i];
}

}  // namespace ruska::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ruska::kernels {

HWY_EXPORT(TakeExponentials);

void take_exponentials(double* values, std::size_t count) { HWY_DYNAMIC_DISPATCH(TakeExponentials)(values, count); }

namespace reference {

void take_exponentials(double* values, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) values[i] = values[i] < -708 ? 0.0 : std::exp(values[i]);
}

}  // namespace reference
}  // namespace ruska::kernels
#endif
