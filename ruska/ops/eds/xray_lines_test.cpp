// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eds/xray_lines.hpp"

#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "ruska/base/error.hpp"

namespace ruska::ops::eds {
namespace {

TEST(XrayLines, EnergiesAgreeWithTheTableThatMicroscopistsUse) {
  // keV, Bearden & Burr / Bearden (1967), as HyperSpy lists them.
  const std::pair<const char*, double> table[] = {
      {"O_Ka", 0.5249},    {"Al_Ka", 1.4865}, {"Si_Ka", 1.7397}, {"Ti_Ka", 4.5109},
      {"Mn_Ka", 5.8987},   {"Fe_Ka", 6.4039}, {"Ni_Ka", 7.4781}, {"Cu_Ka", 8.0478},
      {"Fe_Kb", 7.0580},   {"Cu_La", 0.9295}, {"Sr_La", 1.8065}, {"Pt_La", 9.4421},
      {"Pt_Lb1", 11.0707}, {"Pt_Ma", 2.0505}, {"Au_Ma", 2.1229}, {"P_Ka", 2.0137},
  };
  for (const auto& [name, energy] : table) EXPECT_NEAR(xray_line(name).energy, energy, 0.002) << name;
}

TEST(XrayLines, WeightsOfTheLinesOfPlatinum) {
  // Against the table of Siegbahn lines that DTSA-II and HyperSpy share; subshell models differ by tens of percent.
  EXPECT_DOUBLE_EQ(xray_line("Pt_La").weight, 1.0);
  EXPECT_NEAR(xray_line("Pt_Lb1").weight, 0.41, 0.12);
  EXPECT_NEAR(xray_line("Pt_Lb2").weight, 0.22, 0.05);
  EXPECT_NEAR(xray_line("Pt_Ll").weight, 0.055, 0.01);
  EXPECT_NEAR(xray_line("Fe_Kb").weight, 0.127, 0.02);
}

TEST(XrayLines, ComeStrongestFirstAndTheirTransitionsSumToTheirWeight) {
  for (int z = first_atomic_number; z <= last_atomic_number; ++z) {
    char family = 0;
    double last = 0;
    std::set<std::string> names;
    for (const XrayLine& line : xray_lines(z, 200.0)) {
      EXPECT_TRUE(names.insert(line.name()).second) << line.name();
      if (line.family == family) {
        EXPECT_LE(line.weight, last) << line.name();
      }
      family = line.family;
      last = line.weight;
      double sum = 0;
      for (const auto& transition : line.transitions) sum += transition.weight;
      EXPECT_NEAR(sum, line.weight, 1e-12);
      EXPECT_EQ(xray_line(line.name(), 200.0).energy, line.energy);
    }
  }
}

TEST(XrayLines, BeamEnergyMasksShellsThatItCannotIonise) {
  for (const XrayLine& line : xray_lines(atomic_number("Pt"), 10.0)) EXPECT_EQ(line.family, 'M') << line.name();
  // 12 keV ionises L3 (11.56 keV) but neither L2 nor L1: Lβ1, Lβ3 and Lγ1 vanish.
  std::set<std::string> names;
  for (const XrayLine& line : xray_lines(atomic_number("Pt"), 12.0)) names.insert(line.line);
  EXPECT_TRUE(names.count("La"));
  EXPECT_TRUE(names.count("Lb2"));
  EXPECT_FALSE(names.count("Lb1"));
  EXPECT_FALSE(names.count("Lg1"));
  EXPECT_FALSE(names.count("Ka"));
}

TEST(XrayLines, MainLine) {
  EXPECT_EQ(main_line(atomic_number("Pt"), 0.2, 20, 200)->name(), "Pt_La");
  EXPECT_EQ(main_line(atomic_number("Pt"), 0.2, 20, 15)->name(), "Pt_Ma");
  EXPECT_EQ(main_line(atomic_number("Fe"), 0.2, 20, 200)->name(), "Fe_Ka");
  EXPECT_EQ(main_line(atomic_number("Fe"), 0.2, 20, 10)->name(), "Fe_La");
  EXPECT_EQ(main_line(atomic_number("O"), 0.2, 20, 0.8)->name(), "O_Ka");  // nothing better excited
  EXPECT_FALSE(main_line(atomic_number("O"), 0.8, 20, 200).has_value());
}

TEST(XrayLines, ResolutionFormula) {
  EXPECT_NEAR(full_width(5.8987, 130), 0.130, 1e-12);
  EXPECT_NEAR(full_width(8.0478, 130), std::sqrt(2.5 * (8.0478 - 5.8987) * 1000 + 130 * 130) / 1000, 1e-12);
  EXPECT_NEAR(full_width(0.0, 100), 0.030, 1e-12);
}

TEST(XrayLines, CrossSectionsFallWithTheShellsDepthAndVanishBelowTheEdge) {
  EXPECT_EQ(family_cross_section(26, 'K', 7.0), 0.0);
  EXPECT_GT(family_cross_section(26, 'K', 20.0), 0.0);
  // Q_K of iron at 20 keV: 7.9e-20 ln(20/7.112) / (7.112 · 20) cm², times the yield 0.3546.
  EXPECT_NEAR(family_cross_section(26, 'K', 20.0) / (7.9e-20 * std::log(20 / 7.112) / (7.112 * 20) * 0.3546), 1.0,
              0.02);
}

TEST(XrayLines, UnknownNamesAreRefusedWithTheKnownOnes) {
  for (const char* name : {"", "Xx", "fe", "H", "He"}) EXPECT_THROW(atomic_number(name), Error) << name;
  try {
    xray_line("Fe_Kz");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
    EXPECT_NE(std::string(error.what()).find("Fe_Ka"), std::string::npos);
  }
  EXPECT_THROW(xray_line("Fe"), Error);
  EXPECT_EQ(xray_line("Fe_Lb3").label(), "Fe Lβ3");
}

}  // namespace
}  // namespace ruska::ops::eds
