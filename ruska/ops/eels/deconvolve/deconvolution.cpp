// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Standard deviations are those of the result's first derivatives. A change δ of the counts of one channel c moves
//   Fourier-log     J₁ by  F⁻¹[R / J] at c;  and where the channel counts for Z as well, by
//                          F⁻¹[ln(J / Z) − 1] at c (R = Z), or F⁻¹[−R / Z] at c + F⁻¹[R ln(J / Z)] / I₀ (R a Gaussian),
//   Fourier-ratio   J₁ by  F⁻¹[I₀ G / L] at c for the core losses, and for the low losses by
//                          −F⁻¹[J₁ / L] at c, + J₁ / I₀ where the channel counts for I₀.
// A channel that is reflected counts for Z twice, at its own place and at its mirror's.
#include "ruska/ops/eels/deconvolve/deconvolution.hpp"

#include <algorithm>
#include <cmath>

namespace ruska::ops::eels {

namespace {

using Complex = std::complex<double>;

bool alike(const LossAxis& a, const LossAxis& b) { return std::abs(a.scale - b.scale) <= 1e-4 * a.scale; }

std::int64_t rebinned_channels(const LossAxis& from, const LossAxis& to) {
  return static_cast<std::int64_t>(std::ceil(static_cast<double>(from.size) * from.scale / to.scale)) + 3;
}

// Σ_c variance_c kernel²(e − c) for every channel e.
void spread_variance(const LossTransform& transform, LossValues& kernel, std::span<const double> variance,
                     std::int64_t origin, LossValues& scratch, LossHalf& first, LossHalf& second,
                     std::vector<double>& out) {
  for (std::int64_t i = 0; i < transform.size(); ++i) scratch[i] = kernel[i] * kernel[i];
  // The transform without ends: squares are no spectrum.
  std::vector<double>& squares = out;
  squares.assign(scratch.values().begin(), scratch.values().end());
  transform.forward(squares, 0.0, false, scratch, first);
  transform.forward(variance, static_cast<double>(origin), false, scratch, second);
  for (std::int64_t k = 0; k < first.size(); ++k) first[k] *= second[k];
  transform.backward(first, scratch);
  out.assign(scratch.values().begin(), scratch.values().end());
}

}  // namespace

void separate_zero_loss(std::span<const double> spectrum, const ZeroLossRule& rule, Separated& out) {
  out.peak = find_zero_loss(spectrum);
  if (!out.peak.found) return;
  const auto size = static_cast<std::int64_t>(spectrum.size());
  out.values.assign(spectrum.size(), 0.0);
  out.counts = out.total = 0;
  out.counted = 0;
  const double end = out.peak.centre + (rule.reflected ? 0.0 : rule.cut);
  for (std::int64_t c = 0; c < size; ++c) {
    const auto i = static_cast<std::size_t>(c);
    const double channel = static_cast<double>(c);
    if (rule.reflected) {
      out.values[i] = reflected_at(spectrum, out.peak.centre, c);
    } else {
      out.values[i] = spectrum[i] * std::clamp(end - (channel - 0.5), 0.0, 1.0);
    }
    if (channel <= end) out.counted = c + 1;
    out.total += spectrum[i];
  }
  // Not the sum of the reflected values, whose channels do not meet at the centre.
  out.counts = (rule.reflected ? 2.0 : 1.0) * counts_below(spectrum, end);
  if (!(out.counts > 0) || !(out.total > 0)) out.peak.found = false;
}

Rebinned rebinned(std::span<const double> spectrum, double from_scale, double centre, double to_scale) {
  const double ratio = from_scale / to_scale;  // new channels per old one
  const auto old_size = static_cast<std::int64_t>(spectrum.size());
  const auto below = static_cast<std::int64_t>(std::ceil((centre + 0.5) * ratio)) + 1;
  const auto above = static_cast<std::int64_t>(std::ceil((static_cast<double>(old_size) - 0.5 - centre) * ratio)) + 1;
  Rebinned out;
  out.first = below;
  out.values.assign(static_cast<std::size_t>(below + above + 1), 0.0);
  for (std::int64_t c = 0; c < old_size; ++c) {
    const double low = (static_cast<double>(c) - 0.5 - centre) * ratio, high = low + ratio;
    const auto from = static_cast<std::int64_t>(std::floor(low + 0.5));
    const auto to = static_cast<std::int64_t>(std::floor(high + 0.5));
    for (std::int64_t m = from; m <= to; ++m) {
      const double share =
          (std::min(high, static_cast<double>(m) + 0.5) - std::max(low, static_cast<double>(m) - 0.5)) / ratio;
      if (share > 0 && m + below >= 0 && m + below < static_cast<std::int64_t>(out.values.size())) {
        out.values[static_cast<std::size_t>(m + below)] += share * spectrum[static_cast<std::size_t>(c)];
      }
    }
  }
  return out;
}

struct FourierLog::Work {
  explicit Work(const LossTransform& transform)
      : values(transform.values()),
        kernel(transform.values()),
        peak_kernel(transform.values()),
        common(transform.values()),
        spectrum(transform.half()),
        peak(transform.half()),
        result(transform.half()),
        other(transform.half()) {}
  LossValues values, kernel, peak_kernel, common;
  LossHalf spectrum, peak, result, other;
  Separated separated;
  std::vector<double> variance, spread;
};

FourierLog::FourierLog(std::int64_t channels, std::int64_t known, ZeroLossRule rule, std::optional<double> resolution,
                       double gain)
    : channels_(channels),
      rule_(rule),
      resolution_(resolution),
      gain_(gain),
      transform_(std::make_shared<const LossTransform>(channels, std::max(channels, known))) {}

std::shared_ptr<FourierLog::Work> FourierLog::work() const { return std::make_shared<Work>(*transform_); }

bool FourierLog::run(std::span<const double> spectrum, std::span<const double> zero_loss, std::span<double> out,
                     std::span<double> sigma, Work& work) const {
  const LossTransform& transform = *transform_;
  Separated& own = work.separated;
  separate_zero_loss(spectrum, rule_, own);
  if (!own.peak.found) return false;
  const bool given = !zero_loss.empty();
  double counted = 0;       // counts of the spectrum within half of a given peak's maximum, which scale it
  double from = 0, to = 0;  // those channels
  transform.forward(spectrum, 0.0, true, work.values, work.spectrum);
  if (given) {
    const ZeroLoss known = find_zero_loss(zero_loss);
    if (!known.found) return false;
    const double half = 0.5 * full_width(zero_loss, known);
    from = own.peak.centre - half;
    to = own.peak.centre + half;
    counted = counts_below(spectrum, to) - counts_below(spectrum, from);
    const double scale =
        counted / (counts_below(zero_loss, known.centre + half) - counts_below(zero_loss, known.centre - half));
    if (!(scale > 0)) return false;
    transform.forward(zero_loss, known.centre - own.peak.centre, false, work.values, work.peak);
    double counts = 0;
    for (const double value : zero_loss) counts += scale * value;
    own.counts = counts;
    for (std::int64_t k = 0; k < work.peak.size(); ++k) work.peak[k] *= scale;
  } else {
    transform.forward(own.values, 0.0, false, work.values, work.peak);
  }

  // R and ln(J / Z); the latter stays in `other` for σ.
  const double noise = gain_ * own.total;  // E|δJ(ν)|²
  const auto reconvolution = [&](std::int64_t k) {
    return resolution_ ? own.counts * transform.gaussian(k, *resolution_) * transform.moved(k, own.peak.centre)
                       : work.peak[k];
  };
  for (std::int64_t k = 0; k < work.result.size(); ++k) {
    const bool defined = std::norm(work.spectrum[k]) > 0 && std::norm(work.peak[k]) > 0;
    work.other[k] = defined ? std::log(work.spectrum[k] / work.peak[k]) : Complex(0.0);
    work.result[k] = reconvolution(k) * work.other[k];
  }
  if (sigma.empty()) {
    transform.backward(work.result, work.values);
    for (std::size_t c = 0; c < out.size(); ++c) out[c] = work.values[static_cast<std::int64_t>(c)];
    return true;
  }

  // What all channels that count for the peak do together, if anything: F⁻¹[R ln(J/Z)] / I₀ or that of a scale.
  for (std::int64_t k = 0; k < work.result.size(); ++k) {
    const Complex value = work.result[k];
    if (given) {
      work.result[k] = (resolution_ ? value - reconvolution(k) : value - work.peak[k]) / counted;
    } else {
      work.result[k] = resolution_ ? value / own.counts : Complex(0.0);
    }
  }
  transform.backward(work.result, work.common);
  for (std::int64_t k = 0; k < work.result.size(); ++k) {
    work.result[k] = reconvolution(k) * std::conj(work.spectrum[k]) / (std::norm(work.spectrum[k]) + noise);
  }
  transform.backward(work.result, work.kernel);
  for (std::int64_t k = 0; k < work.result.size(); ++k) {
    if (given) {
      work.result[k] = 0.0;
    } else if (resolution_) {
      work.result[k] = -reconvolution(k) * std::conj(work.peak[k]) / (std::norm(work.peak[k]) + noise);
    } else {
      work.result[k] = work.other[k] - 1.0;
    }
  }
  transform.backward(work.result, work.peak_kernel);
  // The result itself once more; `other` is free afterwards.
  for (std::int64_t k = 0; k < work.result.size(); ++k) work.result[k] = reconvolution(k) * work.other[k];
  transform.backward(work.result, work.values);
  for (std::size_t c = 0; c < out.size(); ++c) out[c] = work.values[static_cast<std::int64_t>(c)];

  work.variance.resize(spectrum.size());
  for (std::size_t c = 0; c < spectrum.size(); ++c) work.variance[c] = gain_ * std::max(spectrum[c], 0.0);
  spread_variance(transform, work.kernel, work.variance, 0, work.values, work.result, work.other, work.spread);
  const bool twice = rule_.reflected && !given;
  const std::int64_t begin = given ? std::max<std::int64_t>(0, static_cast<std::int64_t>(from)) : 0;
  const std::int64_t end = given ? std::min(channels_, static_cast<std::int64_t>(to) + 2) : own.counted;
  for (std::int64_t c = begin; c < end; ++c) {
    const double channel = static_cast<double>(c);
    const double share = given ? std::max(0.0, std::min(to, channel + 0.5) - std::max(from, channel - 0.5)) : 1.0;
    const double variance = work.variance[static_cast<std::size_t>(c)];
    if (variance == 0) continue;
    const auto mirror = static_cast<std::int64_t>(std::llround(2.0 * own.peak.centre - static_cast<double>(c)));
    const bool reflects = twice && mirror != c && mirror < channels_;
    for (std::int64_t e = 0; e < channels_; ++e) {
      const std::int64_t at = transform.place(e - c);
      const double all = work.kernel[at];
      double more = work.peak_kernel[at] + work.common[e] * (reflects ? 2.0 : share);
      if (reflects) more += work.peak_kernel[transform.place(e - mirror)];
      work.spread[static_cast<std::size_t>(e)] += variance * (2.0 * all + more) * more;
    }
  }
  for (std::size_t c = 0; c < sigma.size(); ++c) sigma[c] = std::sqrt(std::max(0.0, work.spread[c]));
  return true;
}

struct FourierRatio::Work {
  explicit Work(const LossTransform& transform)
      : values(transform.values()),
        kernel(transform.values()),
        core(transform.half()),
        low(transform.half()),
        result(transform.half()),
        other(transform.half()) {}
  LossValues values, kernel;
  LossHalf core, low, result, other;
  Separated separated;
  std::vector<double> variance, spread, both;
};

FourierRatio::FourierRatio(const LossAxis& axis, const LossAxis& low_axis, ZeroLossRule rule, double resolution,
                           double gain)
    : axis_(axis),
      low_axis_(low_axis),
      same_channels_(alike(axis, low_axis)),
      rule_(rule),
      sigma_(resolution / axis.scale),
      gain_(gain),
      transform_(std::make_shared<const LossTransform>(
          axis.size, same_channels_ ? low_axis.size : rebinned_channels(low_axis, axis))) {}

std::shared_ptr<FourierRatio::Work> FourierRatio::work() const { return std::make_shared<Work>(*transform_); }

bool FourierRatio::run(std::span<const double> core, std::span<const double> low, std::span<const double> data_sigma,
                       std::span<double> out, std::span<double> sigma, Work& work) const {
  const LossTransform& transform = *transform_;
  Separated& own = work.separated;
  separate_zero_loss(low, rule_, own);
  if (!own.peak.found) return false;
  transform.forward(core, 0.0, true, work.values, work.core);
  Rebinned other;
  if (same_channels_) {
    transform.forward(low, own.peak.centre, true, work.values, work.low);
  } else {
    other = rebinned(low, low_axis_.scale, own.peak.centre, axis_.scale);
    transform.forward(other.values, static_cast<double>(other.first), true, work.values, work.low);
  }
  const double noise = gain_ * own.total;
  for (std::int64_t k = 0; k < work.low.size(); ++k) {  // from here on I₀ / L
    work.low[k] = own.counts * std::conj(work.low[k]) / (std::norm(work.low[k]) + noise);
    work.result[k] = transform.gaussian(k, sigma_) * work.low[k] * work.core[k];
    work.other[k] = work.result[k] * work.low[k] / own.counts;
  }
  transform.backward(work.result, work.values);
  for (std::size_t c = 0; c < out.size(); ++c) out[c] = work.values[static_cast<std::int64_t>(c)];
  if (sigma.empty()) return true;

  // Of the low losses.
  transform.backward(work.other, work.kernel);
  const std::span<const double> counts = same_channels_ ? low : std::span<const double>(other.values);
  const auto origin = same_channels_ ? static_cast<std::int64_t>(std::llround(own.peak.centre)) : other.first;
  work.variance.resize(counts.size());
  for (std::size_t c = 0; c < counts.size(); ++c) work.variance[c] = gain_ * std::max(counts[c], 0.0);
  spread_variance(transform, work.kernel, work.variance, origin, work.values, work.result, work.other, work.both);
  const std::int64_t counted =
      origin + 1 + (rule_.reflected ? 0 : static_cast<std::int64_t>(rule_.cut * low_axis_.scale / axis_.scale));
  const double times = (rule_.reflected ? 2.0 : 1.0) / own.counts;
  for (std::int64_t c = 0; c < std::min(counted, static_cast<std::int64_t>(counts.size())); ++c) {
    const double variance = work.variance[static_cast<std::size_t>(c)];
    if (variance == 0) continue;
    for (std::int64_t e = 0; e < axis_.size; ++e) {
      const double all = -work.kernel[transform.place(e - (c - origin))];
      const double more = times * out[static_cast<std::size_t>(e)];
      work.both[static_cast<std::size_t>(e)] += variance * (2.0 * all + more) * more;
    }
  }
  // Of the core losses.
  for (std::int64_t k = 0; k < work.low.size(); ++k) work.low[k] *= transform.gaussian(k, sigma_);
  transform.backward(work.low, work.kernel);
  work.variance.resize(core.size());
  for (std::size_t c = 0; c < core.size(); ++c) {
    work.variance[c] = data_sigma.empty() ? gain_ * std::max(core[c], 0.0) : data_sigma[c] * data_sigma[c];
  }
  spread_variance(transform, work.kernel, work.variance, 0, work.values, work.result, work.other, work.spread);
  for (std::size_t c = 0; c < sigma.size(); ++c) sigma[c] = std::sqrt(std::max(0.0, work.spread[c] + work.both[c]));
  return true;
}

struct RichardsonLucy::Work {
  explicit Work(const LossTransform& transform)
      : values(transform.values()), kernel(transform.half()), half(transform.half()) {}
  LossValues values;
  LossHalf kernel, half;
  std::vector<double> estimate, ratio, reach;
};

RichardsonLucy::RichardsonLucy(const LossAxis& axis, const LossAxis& kernel_axis, std::int64_t iterations,
                               bool stop_at_noise, double gain)
    : axis_(axis),
      kernel_axis_(kernel_axis),
      same_channels_(alike(axis, kernel_axis)),
      iterations_(iterations),
      stop_at_noise_(stop_at_noise),
      gain_(gain),
      transform_(std::make_shared<const LossTransform>(
          axis.size, same_channels_ ? kernel_axis.size : rebinned_channels(kernel_axis, axis))) {}

std::shared_ptr<RichardsonLucy::Work> RichardsonLucy::work() const { return std::make_shared<Work>(*transform_); }

RichardsonLucy::Ended RichardsonLucy::run(std::span<const double> data, std::span<const double> kernel,
                                          std::span<const double> data_sigma, std::span<double> out, Work& work) const {
  const LossTransform& transform = *transform_;
  Ended ended;
  const ZeroLoss peak = find_zero_loss(kernel);
  if (!peak.found) return ended;
  std::vector<double> positive(kernel.begin(), kernel.end());
  double total = 0;
  for (double& value : positive) total += value = std::max(value, 0.0);
  for (double& value : positive) value /= total;
  if (same_channels_) {
    transform.forward(positive, peak.centre, false, work.values, work.kernel);
  } else {
    const Rebinned other = rebinned(positive, kernel_axis_.scale, peak.centre, axis_.scale);
    transform.forward(other.values, static_cast<double>(other.first), false, work.values, work.kernel);
  }
  const auto convolved = [&](std::vector<double>& values, bool reversed) {
    transform.forward(values, 0.0, false, work.values, work.half);
    for (std::int64_t k = 0; k < work.half.size(); ++k) {
      work.half[k] *= reversed ? std::conj(work.kernel[k]) : work.kernel[k];
    }
    transform.backward(work.half, work.values);
    for (std::size_t c = 0; c < values.size(); ++c) {
      values[c] = std::max(0.0, work.values[static_cast<std::int64_t>(c)]);
    }
  };
  const std::size_t size = data.size();
  work.reach.assign(size, 1.0);  // share of what starts in a channel that the axis sees
  convolved(work.reach, true);
  for (std::size_t c = 0; c < size; ++c) out[c] = std::max(data[c], 0.0);
  for (;;) {
    work.estimate.assign(out.begin(), out.end());
    convolved(work.estimate, false);
    double misfit = 0;
    work.ratio.assign(size, 0.0);
    for (std::size_t c = 0; c < size; ++c) {
      const double estimate = work.estimate[c];
      const double variance = data_sigma.empty() ? gain_ * estimate : data_sigma[c] * data_sigma[c];
      const double rest = data[c] - estimate;
      if (variance > 0) misfit += rest * (rest / variance);
      if (estimate > 0) work.ratio[c] = std::max(data[c], 0.0) / estimate;
    }
    ended.misfit = misfit / static_cast<double>(size);
    if (ended.iterations == iterations_ || (stop_at_noise_ && ended.misfit <= 1.0)) break;
    convolved(work.ratio, true);
    for (std::size_t c = 0; c < size; ++c) out[c] *= work.reach[c] > 1e-6 ? work.ratio[c] / work.reach[c] : 0.0;
    ++ended.iterations;
  }
  ended.done = true;
  return ended;
}

}  // namespace ruska::ops::eels
