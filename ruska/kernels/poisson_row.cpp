// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/kernels/poisson_row.hpp"

#include <algorithm>
#include <cmath>

#include "ruska/kernels/channel_table.hpp"

// foreach_target includes this file once per target and must come before all else of Highway.
// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ruska/kernels/poisson_row.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include <hwy/contrib/math/math-inl.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace ruska::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Lane = hn::CappedTag<double, row_padding>;
using Vector = hn::Vec<Lane>;

/// The ratios x/λ and x/λ², and whether any x > 0 meets λ = 0.
struct Ratios {
  Vector first, second;
};
HWY_INLINE Ratios ratios_of(Lane d, Vector x, Vector lambda, Vector& unreached) {
  const auto zero = hn::Zero(d);
  const auto positive = hn::Gt(lambda, zero);
  unreached = hn::Add(unreached, hn::IfThenZeroElse(positive, x));
  const auto inverse = hn::IfThenElseZero(positive, hn::Div(hn::Set(d, 1.0), lambda));
  const auto ratio = hn::Mul(x, inverse);
  return {ratio, hn::Mul(ratio, inverse)};
}

/// Sums in registers: one load of each spectrum serves λ, gain and hessian.
template <int K, bool with_hessian>
bool derivatives_in_registers(const PoissonRow& row, const double* w, double* ratio, double* curvature, double* gain,
                              double* hessian) {
  const Lane d;
  Vector weight[K], gains[K], products[K * (K + 1) / 2];
  for (int k = 0; k < K; ++k) {
    weight[k] = hn::Set(d, w[k]);
    gains[k] = hn::Zero(d);
  }
  if constexpr (with_hessian) {
    for (auto& product : products) product = hn::Zero(d);
  }
  auto unreached = hn::Zero(d);
  for (std::size_t j = 0; j < row.count; j += hn::Lanes(d)) {
    Vector spectrum[K];
    auto lambda = hn::Zero(d);
    for (int k = 0; k < K; ++k) {
      spectrum[k] = hn::LoadU(d, row.spectra + static_cast<std::size_t>(k) * row.stride + j);
      lambda = hn::MulAdd(weight[k], spectrum[k], lambda);
    }
    const Ratios ratios = ratios_of(d, hn::LoadU(d, row.x + j), lambda, unreached);
    hn::StoreU(ratios.first, d, ratio + j);
    hn::StoreU(ratios.second, d, curvature + j);
    int at = 0;
    for (int k = 0; k < K; ++k) {
      gains[k] = hn::MulAdd(ratios.first, spectrum[k], gains[k]);
      if constexpr (with_hessian) {
        const auto scaled = hn::Mul(ratios.second, spectrum[k]);
        for (int l = k; l < K; ++l, ++at) products[at] = hn::MulAdd(scaled, spectrum[l], products[at]);
      }
    }
  }
  int at = 0;
  for (int k = 0; k < K; ++k) {
    gain[k] = hn::GetLane(hn::SumOfLanes(d, gains[k]));
    if constexpr (with_hessian) {
      for (int l = k; l < K; ++l, ++at) {
        hessian[k * K + l] = hessian[l * K + k] = hn::GetLane(hn::SumOfLanes(d, products[at]));
      }
    }
  }
  return !(hn::GetLane(hn::SumOfLanes(d, unreached)) > 0);
}

HWY_INLINE double dot3(Lane d, const double* a, const double* b, const double* c, std::size_t count) {
  auto sum = hn::Zero(d);
  for (std::size_t j = 0; j < count; j += hn::Lanes(d)) {
    sum = hn::MulAdd(hn::Mul(hn::LoadU(d, a + j), hn::LoadU(d, b + j)), hn::LoadU(d, c + j), sum);
  }
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

/// For numbers of components whose sums do not fit registers.
bool derivatives_in_memory(const PoissonRow& row, const double* w, double* ratio, double* curvature, double* gain,
                           double* hessian) {
  const Lane d;
  const std::size_t components = row.components;
  auto unreached = hn::Zero(d);
  const auto lambda_at = [&](std::size_t j) HWY_ATTR {
    auto lambda = hn::Zero(d);
    for (std::size_t k = 0; k < components; ++k) {
      lambda = hn::MulAdd(hn::Set(d, w[k]), hn::LoadU(d, row.spectra + k * row.stride + j), lambda);
    }
    return lambda;
  };
  for (std::size_t j = 0; j < row.count; j += hn::Lanes(d)) {
    const Ratios ratios = ratios_of(d, hn::LoadU(d, row.x + j), lambda_at(j), unreached);
    hn::StoreU(ratios.first, d, ratio + j);
    hn::StoreU(ratios.second, d, curvature + j);
  }
  for (std::size_t k = 0; hessian != nullptr && k < components; ++k) {
    for (std::size_t l = k; l < components; ++l) {
      hessian[k * components + l] = hessian[l * components + k] =
          dot3(d, curvature, row.spectra + k * row.stride, row.spectra + l * row.stride, row.count);
    }
  }
  for (std::size_t k = 0; k < components; ++k) {
    auto sum = hn::Zero(d);
    for (std::size_t j = 0; j < row.count; j += hn::Lanes(d)) {
      sum = hn::MulAdd(hn::LoadU(d, ratio + j), hn::LoadU(d, row.spectra + k * row.stride + j), sum);
    }
    gain[k] = hn::GetLane(hn::SumOfLanes(d, sum));
  }
  return !(hn::GetLane(hn::SumOfLanes(d, unreached)) > 0);
}

template <int K>
bool derivatives_of(const PoissonRow& row, const double* w, double* ratio, double* curvature, double* gain,
                    double* hessian) {
  return hessian != nullptr ? derivatives_in_registers<K, true>(row, w, ratio, curvature, gain, hessian)
                            : derivatives_in_registers<K, false>(row, w, ratio, curvature, gain, hessian);
}

bool PoissonDerivatives(const PoissonRow& row, const double* w, double* ratio, double* curvature, double* gain,
                        double* hessian) {
  switch (row.components) {
    case 1: return derivatives_of<1>(row, w, ratio, curvature, gain, hessian);
    case 2: return derivatives_of<2>(row, w, ratio, curvature, gain, hessian);
    case 3: return derivatives_of<3>(row, w, ratio, curvature, gain, hessian);
    case 4: return derivatives_of<4>(row, w, ratio, curvature, gain, hessian);
    case 5: return derivatives_of<5>(row, w, ratio, curvature, gain, hessian);
    case 6: return derivatives_of<6>(row, w, ratio, curvature, gain, hessian);
    default: return derivatives_in_memory(row, w, ratio, curvature, gain, hessian);
  }
}

double PoissonLogSum(const PoissonRow& row, const double* ratio) {
  const Lane d;
  auto sum = hn::Zero(d);
  const auto one = hn::Set(d, 1.0);
  for (std::size_t j = 0; j < row.count; j += hn::Lanes(d)) {
    const auto x = hn::LoadU(d, row.x + j);
    const auto safe = hn::IfThenElse(hn::Gt(x, hn::Zero(d)), hn::LoadU(d, ratio + j), one);
    sum = hn::MulAdd(x, hn::Log(d, safe), sum);
  }
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

/// The spectra of as many channels as there are lanes, from index + k on; their sum is returned.
HWY_INLINE Vector gather_spectra(Lane d, hn::Vec<hn::RebindToSigned<Lane>> index, const double* table,
                                 std::size_t components, std::size_t stride, double* spectra) {
  auto reach = hn::Zero(d);
  for (std::size_t k = 0; k < components; ++k) {
    const auto spectrum = hn::GatherIndex(d, table + k, index);
    hn::StoreU(spectrum, d, spectra + k * stride);
    reach = hn::Add(reach, spectrum);
  }
  return reach;
}

double LayOutPoissonRow(std::span<const std::uint32_t> channel, const double* value, const double* table,
                        std::size_t width, std::size_t components, std::size_t stride, double* x, double* spectra) {
  const Lane d;
  const hn::RebindToSigned<Lane> of_index;
  const hn::Rebind<std::uint32_t, Lane> of_channel;
  const std::size_t lanes = hn::Lanes(d), size = channel.size();
  const auto index_of = [&](const std::uint32_t* first) HWY_ATTR {
    const auto row = hn::Mul(hn::LoadU(of_channel, first), hn::Set(of_channel, static_cast<std::uint32_t>(width)));
    return hn::BitCast(of_index, hn::PromoteTo(hn::RebindToUnsigned<Lane>(), row));
  };
  auto least = hn::Set(d, 1.0), least_reach = hn::Set(d, 1.0);
  std::size_t j = 0;
  for (; j + lanes <= size; j += lanes) {
    const auto values = hn::LoadU(d, value + j);
    hn::StoreU(values, d, x + j);
    least = hn::Min(least, values);
    const auto reach = gather_spectra(d, index_of(channel.data() + j), table, components, stride, spectra + j);
    least_reach = hn::Min(least_reach, reach);
  }
  const std::size_t end = (size + row_padding - 1) / row_padding * row_padding;
  for (; j < end; j += lanes) {
    // Padding repeats a channel of the row, so that nothing there needs care, with a value of 0.
    std::uint32_t channels[row_padding];
    double values[row_padding];
    for (std::size_t i = 0; i < lanes; ++i) {
      const bool is_there = j + i < size;
      channels[i] = is_there ? channel[j + i] : channel[0];
      values[i] = is_there ? value[j + i] : 0.0;
      if (is_there) least = hn::Min(least, hn::Set(d, values[i]));
    }
    hn::StoreU(hn::LoadU(d, values), d, x + j);
    const auto reach = gather_spectra(d, index_of(channels), table, components, stride, spectra + j);
    least_reach = hn::Min(least_reach, reach);
  }
  if (!(hn::GetLane(hn::MinOfLanes(d, least_reach)) > 0)) return 0;
  return hn::GetLane(hn::MinOfLanes(d, least));
}

void AddPoissonRow(std::span<const std::uint32_t> channel, const double* ratio, const double* curvature,
                   const double* weight, std::size_t width, const double* products, std::size_t pair_width,
                   double* table) {
  const hn::CappedTag<double, table_padding> d;
  const std::size_t lanes = hn::Lanes(d), cell_width = width + pair_width;
  for (std::size_t j = 0; j < channel.size(); ++j) {
    double* cell = table + channel[j] * cell_width;
    const auto first = hn::Set(d, ratio[j]), second = hn::Set(d, curvature[j]);
    for (std::size_t k = 0; k < width; k += lanes) {
      hn::StoreU(hn::MulAdd(first, hn::LoadU(d, weight + k), hn::LoadU(d, cell + k)), d, cell + k);
    }
    for (std::size_t k = 0; k < pair_width; k += lanes) {
      double* to = cell + width + k;
      hn::StoreU(hn::MulAdd(second, hn::LoadU(d, products + k), hn::LoadU(d, to)), d, to);
    }
  }
}

}  // namespace ruska::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ruska::kernels {

HWY_EXPORT(PoissonDerivatives);
HWY_EXPORT(PoissonLogSum);
HWY_EXPORT(LayOutPoissonRow);
HWY_EXPORT(AddPoissonRow);

bool poisson_derivatives(const PoissonRow& row, const double* w, double* ratio, double* curvature, double* gain,
                         double* hessian) {
  return HWY_DYNAMIC_DISPATCH(PoissonDerivatives)(row, w, ratio, curvature, gain, hessian);
}

double poisson_log_sum(const PoissonRow& row, const double* ratio) {
  return HWY_DYNAMIC_DISPATCH(PoissonLogSum)(row, ratio);
}

double lay_out_poisson_row(std::span<const std::uint32_t> channel, const double* value, const double* table,
                           std::size_t width, std::size_t components, std::size_t stride, double* x, double* spectra) {
  return HWY_DYNAMIC_DISPATCH(LayOutPoissonRow)(channel, value, table, width, components, stride, x, spectra);
}

void add_poisson_row(std::span<const std::uint32_t> channel, const double* ratio, const double* curvature,
                     const double* weight, std::size_t width, const double* products, std::size_t pair_width,
                     double* table) {
  HWY_DYNAMIC_DISPATCH(AddPoissonRow)(channel, ratio, curvature, weight, width, products, pair_width, table);
}

namespace reference {

double lay_out_poisson_row(std::span<const std::uint32_t> channel, const double* value, const double* table,
                           std::size_t width, std::size_t components, std::size_t stride, double* x, double* spectra) {
  double least = 1;
  for (std::size_t j = 0; j < (channel.size() + row_padding - 1) / row_padding * row_padding; ++j) {
    const bool is_there = j < channel.size();
    x[j] = is_there ? value[j] : 0;
    if (is_there) least = std::min(least, value[j]);
    double reach = 0;
    for (std::size_t k = 0; k < components; ++k) {
      spectra[k * stride + j] = table[(is_there ? channel[j] : channel[0]) * width + k];
      reach += spectra[k * stride + j];
    }
    if (!(reach > 0)) return 0;
  }
  return least;
}

void add_poisson_row(std::span<const std::uint32_t> channel, const double* ratio, const double* curvature,
                     const double* weight, std::size_t width, const double* products, std::size_t pair_width,
                     double* table) {
  for (std::size_t j = 0; j < channel.size(); ++j) {
    double* cell = table + channel[j] * (width + pair_width);
    for (std::size_t k = 0; k < width; ++k) cell[k] += ratio[j] * weight[k];
    for (std::size_t k = 0; k < pair_width; ++k) cell[width + k] += curvature[j] * products[k];
  }
}

bool poisson_derivatives(const PoissonRow& row, const double* w, double* ratio, double* curvature, double* gain,
                         double* hessian) {
  const std::size_t components = row.components;
  bool reached = true;
  for (std::size_t k = 0; k < components; ++k) gain[k] = 0;
  for (std::size_t kl = 0; hessian != nullptr && kl < components * components; ++kl) hessian[kl] = 0;
  for (std::size_t j = 0; j < row.count; ++j) {
    double lambda = 0;
    for (std::size_t k = 0; k < components; ++k) lambda += w[k] * row.spectra[k * row.stride + j];
    reached = reached && !(row.x[j] > 0 && !(lambda > 0));
    ratio[j] = lambda > 0 ? row.x[j] / lambda : 0;
    curvature[j] = lambda > 0 ? ratio[j] / lambda : 0;
    for (std::size_t k = 0; k < components; ++k) {
      const double spectrum = row.spectra[k * row.stride + j];
      gain[k] += ratio[j] * spectrum;
      for (std::size_t l = 0; hessian != nullptr && l < components; ++l) {
        hessian[k * components + l] += curvature[j] * spectrum * row.spectra[l * row.stride + j];
      }
    }
  }
  return reached;
}

double poisson_log_sum(const PoissonRow& row, const double* ratio) {
  double sum = 0;
  for (std::size_t j = 0; j < row.count; ++j) {
    if (row.x[j] > 0) sum += row.x[j] * std::log(ratio[j]);
  }
  return sum;
}

}  // namespace reference
}  // namespace ruska::kernels
#endif
