// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/report/number_text.hpp"

#include <cstdlib>
#include <limits>

#include <gtest/gtest.h>

namespace ruska::report {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

TEST(NumberText, SignificantDigits) {
  EXPECT_EQ(number_text(0), "0");
  EXPECT_EQ(number_text(1), "1");
  EXPECT_EQ(number_text(0.1 + 0.2), "0.3");
  EXPECT_EQ(number_text(3.14159265), "3.142");
  EXPECT_EQ(number_text(-0.00123456), "−0.001235");
  EXPECT_EQ(number_text(123456), "123456");
  EXPECT_EQ(number_text(999999.9), "1 × 10⁶");
  EXPECT_EQ(number_text(1.5e-12), "1.5 × 10⁻¹²");
  EXPECT_EQ(number_text(99.996, 4), "100");
  EXPECT_EQ(number_text(nan), "–");
  EXPECT_EQ(number_text(-std::numeric_limits<double>::infinity()), "−∞");
}

TEST(NumberText, TheUncertaintyHasTwoDigitsAndTheValueItsPlace) {
  EXPECT_EQ(number_with_sigma(45.3241, 0.2134), "45.32 ± 0.21");
  EXPECT_EQ(number_with_sigma(4.1, 0.218), "4.10 ± 0.22");
  EXPECT_EQ(number_with_sigma(0.5, 0.0996), "0.50 ± 0.10");
  EXPECT_EQ(number_with_sigma(12345.6, 123.4), "12346 ± 123");
  EXPECT_EQ(number_with_sigma(1234567, 2100), "(1.2346 ± 0.0021) × 10⁶");
  EXPECT_EQ(number_with_sigma(3.2e-7, 1.1e-8), "(3.20 ± 0.11) × 10⁻⁷");
  EXPECT_EQ(number_with_sigma(0, 0.5), "0.00 ± 0.50");
  EXPECT_EQ(number_with_sigma(-0.001, 0.5), "0.00 ± 0.50") << "no minus zero";
  EXPECT_EQ(number_with_sigma(-2.0, 0.5), "−2.00 ± 0.50");
}

TEST(NumberText, WithoutAnUncertaintyTheValueStandsAlone) {
  EXPECT_EQ(number_with_sigma(2.5, std::nullopt), "2.5");
  EXPECT_EQ(number_with_sigma(2.5, 0), "2.5");
  EXPECT_EQ(number_with_sigma(2.5, nan), "2.5");
  EXPECT_EQ(number_with_sigma(nan, 0.1), "–");
}

TEST(NumberText, ExactTextReadsBack) {
  for (const double value : {0.1, 1.0 / 3, 6.02214076e23, -5e-324})
    EXPECT_EQ(std::strtod(exact_text(value).c_str(), nullptr), value);
  EXPECT_EQ(exact_text(nan), "");
}

TEST(NumberText, Names) {
  EXPECT_EQ(readable("area_fraction"), "Area fraction");
  EXPECT_EQ(with_unit("Energy", "keV"), "Energy (keV)");
  EXPECT_EQ(with_unit("Channel", ""), "Channel");
}

}  // namespace
}  // namespace ruska::report
