// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/base/random.hpp"

#include <bit>
#include <cmath>
#include <numbers>

#include <Random123/philox.h>

namespace ruska {
namespace {

std::uint64_t hash(std::string_view text) {  // FNV-1a
  std::uint64_t h = 0xcbf29ce484222325u;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return h;
}

std::uint64_t mix(std::uint64_t x) {  // the finaliser of SplitMix64
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

double log_factorial(double k) {
  int sign = 0;
  return lgamma_r(k + 1.0, &sign);
}

}  // namespace

Random::Random(std::uint64_t seed, std::string_view stream, std::uint64_t element)
    : key_(mix(seed + 0x9e3779b97f4a7c15u) ^ hash(stream)), element_(element) {}

std::uint32_t Random::bits() {
  if (left_ == 0) {
    const r123::Philox4x32::key_type key = {{static_cast<std::uint32_t>(key_), static_cast<std::uint32_t>(key_ >> 32)}};
    const r123::Philox4x32::ctr_type counter = {
        {static_cast<std::uint32_t>(element_), static_cast<std::uint32_t>(element_ >> 32),
         static_cast<std::uint32_t>(block_), static_cast<std::uint32_t>(block_ >> 32)}};
    const auto drawn = r123::Philox4x32()(counter, key);
    for (int i = 0; i < 4; ++i) buffer_[i] = drawn[static_cast<std::size_t>(i)];
    ++block_;
    left_ = 4;
  }
  return buffer_[4 - left_--];
}

double Random::uniform() {
  const std::uint64_t high = bits();
  const std::uint64_t both = (high << 32) | bits();
  return (static_cast<double>(both >> 11) + 0.5) * 0x1p-53;
}

std::uint64_t Random::below(std::uint64_t bound) {
  // Lemire's multiplication with rejection, ACM TOMACS 29, 3 (2019): exactly uniform.
  const std::uint64_t threshold = (0 - bound) % bound;
  for (;;) {
    const std::uint64_t high = bits();
    const unsigned __int128 product = static_cast<unsigned __int128>((high << 32) | bits()) * bound;
    if (static_cast<std::uint64_t>(product) >= threshold) return static_cast<std::uint64_t>(product >> 64);
  }
}

double Random::normal() {  // Box–Muller; one of the pair, so that every call costs the same draws
  const double radius = std::sqrt(-2.0 * std::log(uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

std::uint64_t Random::poisson(double mean) {
  if (!(mean > 0)) return 0;
  if (mean < 10) {
    const double limit = std::exp(-mean);
    std::uint64_t k = 0;
    for (double product = uniform(); product > limit; product *= uniform()) ++k;
    return k;
  }
  const double b = 0.931 + 2.53 * std::sqrt(mean);
  const double a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
  const double squeeze = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const double u = uniform() - 0.5;
    const double v = uniform();
    const double us = 0.5 - std::fabs(u);
    const double k = std::floor((2 * a / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= squeeze) return static_cast<std::uint64_t>(k);
    if (k < 0 || (us < 0.013 && v > us)) continue;
    if (std::log(v) + std::log(inverse_alpha) - std::log(a / (us * us) + b) <=
        k * std::log(mean) - mean - log_factorial(k)) {
      return static_cast<std::uint64_t>(k);
    }
  }
}

std::uint64_t Random::binomial(std::uint64_t trials, double p) {
  std::uint64_t successes = 0;
  if (p == 0.5) {  // one random bit per trial
    for (; trials >= 32; trials -= 32) successes += static_cast<std::uint64_t>(std::popcount(bits()));
    if (trials > 0) successes += static_cast<std::uint64_t>(std::popcount(bits() >> (32 - trials)));
    return successes;
  }
  for (std::uint64_t i = 0; i < trials; ++i) successes += uniform() < p ? 1 : 0;
  return successes;
}

}  // namespace ruska
