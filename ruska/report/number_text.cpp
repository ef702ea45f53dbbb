// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/report/number_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace ruska::report {
namespace {

std::string fixed(double value, int places) {
  std::array<char, 400> buffer;
  const int length = std::snprintf(buffer.data(), buffer.size(), "%.*f", std::max(places, 0), value);
  std::string text(buffer.data(), static_cast<std::size_t>(length));
  if (text.front() == '-' && text.find_first_of("123456789") == std::string::npos) text.erase(0, 1);
  return text;
}

/// The power of ten of the first digit after rounding to `digits` of them.
int exponent_of(double value, int digits) {
  if (value == 0) return 0;
  std::array<char, 64> buffer;
  std::snprintf(buffer.data(), buffer.size(), "%.*e", digits - 1, std::fabs(value));
  return std::atoi(std::string_view(buffer.data()).substr(std::string_view(buffer.data()).find('e') + 1).data());
}

std::string power_of_ten(int exponent) {
  static constexpr std::array superscripts{"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string text = " × 10";
  if (exponent < 0) text += "⁻";
  for (const char digit : std::to_string(std::abs(exponent)))
    text += superscripts[static_cast<std::size_t>(digit - '0')];
  return text;
}

/// U+2212, which is as wide as a digit.
std::string with_minus(std::string text) {
  if (!text.empty() && text.front() == '-') text.replace(0, 1, "−");
  return text;
}

void drop_trailing_zeros(std::string& text) {
  if (text.find('.') == std::string::npos) return;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
}

std::string infinite(double value) { return value > 0 ? "∞" : "−∞"; }

bool scientific(int exponent) { return exponent >= 6 || exponent <= -5; }

}  // namespace

std::string number_text(double value, int digits) {
  if (std::isnan(value)) return "–";
  if (std::isinf(value)) return infinite(value);
  const int exponent = exponent_of(value, digits);
  if (!scientific(exponent)) {
    std::string text = fixed(value, digits - 1 - exponent);
    drop_trailing_zeros(text);
    return with_minus(std::move(text));
  }
  std::string text = fixed(value / std::pow(10.0, exponent), digits - 1);
  drop_trailing_zeros(text);
  return with_minus(std::move(text)) + power_of_ten(exponent);
}

std::string number_with_sigma(double value, std::optional<double> sigma) {
  if (!sigma || !std::isfinite(*sigma) || *sigma <= 0 || !std::isfinite(value)) return number_text(value);
  const int sigma_exponent = exponent_of(*sigma, 2);
  const int leading = std::max(value == 0 ? sigma_exponent : exponent_of(value, 3), sigma_exponent);
  const int places = 1 - sigma_exponent;
  if (!scientific(leading)) {
    // Digits before the point cannot be dropped; an uncertainty of 120 is written out.
    return with_minus(fixed(value, places)) + " ± " + fixed(*sigma, places);
  }
  const double unit = std::pow(10.0, leading);
  return "(" + with_minus(fixed(value / unit, places + leading)) + " ± " + fixed(*sigma / unit, places + leading) +
         ")" + power_of_ten(leading);
}

std::string exact_text(double value) {
  if (std::isnan(value)) return {};
  std::array<char, 64> buffer;
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), result.ptr};
}

std::string with_unit(std::string_view name, std::string_view unit) {
  std::string text(name);
  if (!unit.empty()) text.append(" (").append(unit).append(")");
  return text;
}

std::string readable(std::string_view name) {
  std::string text(name);
  std::replace(text.begin(), text.end(), '_', ' ');
  if (!text.empty() && text.front() >= 'a' && text.front() <= 'z')
    text.front() = static_cast<char>(text.front() - 'a' + 'A');
  return text;
}

}  // namespace ruska::report
