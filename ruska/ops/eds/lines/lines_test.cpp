// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eds/lines/lines.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/base/random.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/core/record.hpp"
#include "ruska/ops/eds/detector.hpp"
#include "ruska/ops/eds/line_windows.hpp"

namespace ruska::ops::eds {
namespace {

const EnergyAxis axis{0.0, 0.01, 2000};

std::vector<ExpectedLine> named(std::initializer_list<const char*> names) {
  std::vector<ExpectedLine> lines;
  for (const char* name : names) lines.push_back({xray_line(name)});
  return lines;
}

TEST(LineWindows, LieWhereTheRuleSays) {
  const auto windows = line_windows(named({"Mn_Ka"}), {}, axis, 130, {});
  ASSERT_EQ(windows.size(), 1u);
  // Mn Kα at 5.8988 keV, 130 eV wide: 5.769 … 6.029 and 130 eV beyond 260 eV to either side.
  EXPECT_EQ(windows[0].signal.begin, 577);
  EXPECT_EQ(windows[0].signal.end, 603);
  EXPECT_EQ(windows[0].left.begin, 551);
  EXPECT_EQ(windows[0].left.end, 564);
  EXPECT_EQ(windows[0].right.begin, 616);
  EXPECT_EQ(windows[0].right.end, 629);
  EXPECT_DOUBLE_EQ(windows[0].ratio(), 1.0);
}

TEST(LineWindows, NeighboursShareTheWindowsAtTheEndsOfTheirGroup) {
  const auto alone = line_windows(named({"S_Ka"}), {}, axis, 130, {});
  const auto group = line_windows(named({"Cl_Ka", "Fe_Ka", "S_Ka"}), {}, axis, 130, {});
  EXPECT_EQ(group[0].line.name(), "Cl_Ka");  // the order of the request stays
  EXPECT_EQ(group[0].left.begin, alone[0].left.begin);
  EXPECT_EQ(group[2].left.begin, alone[0].left.begin);
  EXPECT_EQ(group[2].right.begin, group[0].right.begin);
  EXPECT_GT(group[2].right.begin, group[0].signal.end);
  EXPECT_GT(group[1].left.begin, group[0].right.end);  // iron stands apart
}

TEST(LineWindows, BackgroundKeepsClearOfOtherLines) {
  // The left window of Ga Kα would lie on Cu Kβ; with Cu known it moves below that line.
  const auto blind = line_windows(named({"Ga_Ka"}), {}, axis, 130, {});
  const auto aware = line_windows(named({"Ga_Ka"}), named({"Cu_Kb"}), axis, 130, {});
  EXPECT_LT(axis.at(static_cast<double>(blind[0].left.begin)), 8.905);
  EXPECT_GT(axis.at(static_cast<double>(blind[0].left.end)), 8.905);
  EXPECT_LT(axis.at(static_cast<double>(aware[0].left.end)), 8.905 - 1.9 * full_width(8.905, 130));
  EXPECT_EQ(aware[0].right.begin, blind[0].right.begin);
  EXPECT_FALSE(aware[0].crowded);
}

TEST(LineWindows, FaintNeighboursDoNotMatterAndValleysServeWhereNothingElseIsFree) {
  const std::vector<ExpectedLine> gallium{{xray_line("Ga_Ka"), 1000.0}};
  const auto blind = line_windows(gallium, {}, axis, 130, {});
  const auto faint = line_windows(gallium, {{xray_line("Cu_Kb"), 10.0}}, axis, 130, {});
  EXPECT_EQ(faint[0].left.begin, blind[0].left.begin);

  // Aluminium between magnesium and silicon on an axis that ends beside them.
  const EnergyAxis narrow{1.20, 0.01, 70};
  const auto valley = line_windows(named({"Al_Ka"}), named({"Mg_Ka", "Si_Ka"}), narrow, 130, {});
  EXPECT_FALSE(valley[0].crowded);
  EXPECT_GT(narrow.at(static_cast<double>(valley[0].left.begin)), 1.254 + full_width(1.254, 130) - 0.01);
  EXPECT_LE(valley[0].left.end, valley[0].signal.begin);
  EXPECT_GE(valley[0].right.begin, valley[0].signal.end);
}

TEST(LineWindows, AreCutAtTheAxisAndRefusedBeyondIt) {
  const EnergyAxis from_oxygen{0.43, 0.01, 400};
  const auto windows = line_windows(named({"O_Ka"}), {}, from_oxygen, 130, {});
  EXPECT_EQ(windows[0].left.size(), 0);
  EXPECT_GT(windows[0].right.size(), 0);
  EXPECT_THROW(line_windows(named({"Fe_Ka"}), {}, from_oxygen, 130, {}), Error);
  EXPECT_THROW(line_windows(named({"C_Ka"}), {}, from_oxygen, 130, {}), Error);
  EXPECT_THROW(line_windows(named({"O_Ka"}), {}, EnergyAxis{0.4, 0.4, 20}, 130, {0.1, 2, 2, 1}), Error);
}

TEST(LineCounts, SubtractTheStraightBackground) {
  LineWindows windows;
  windows.signal = {10, 20};
  windows.left = {0, 4};
  windows.right = {26, 27};
  const LineCounts counts = line_counts(windows, 150.0, 50.0);
  EXPECT_DOUBLE_EQ(counts.net, 150.0 - 2.0 * 50.0);
  EXPECT_DOUBLE_EQ(counts.variance, 150.0 + 4.0 * 50.0);
}

// A map of 6 × 5 spectra: background 2 per channel everywhere, an iron peak of `peak` counts where x > 2.
Dataset map_of_iron(std::uint64_t seed, double peak, const char* units = "keV", bool metadata = true) {
  Description description;
  description.title = "iron";
  const double unit = std::string(units) == "eV" ? 1000.0 : 1.0;
  description.axes = {{.name = "y", .quantity = "length", .units = "nm", .role = Role::navigation, .size = 6},
                      {.name = "x", .quantity = "length", .units = "nm", .role = Role::navigation, .size = 5},
                      {.name = "Energy",
                       .quantity = "energy",
                       .units = units,
                       .role = Role::signal,
                       .size = 1000,
                       .scale = 0.01 * unit}};
  if (metadata) {
    set(description.metadata, "Acquisition_instrument.TEM.beam_energy", 200.0);
    set(description.metadata, "Acquisition_instrument.TEM.Detector.EDS.energy_resolution_MnKa", 130.0);
  }
  std::vector<std::uint16_t> counts;
  const double sigma = full_width(6.404, 130) / 2.3548;
  for (std::int64_t p = 0; p < 30; ++p) {
    Random random(seed, "map", static_cast<std::uint64_t>(p));
    for (std::int64_t e = 0; e < 1000; ++e) {
      const double z = (0.01 * static_cast<double>(e) - 6.404) / sigma;
      const double line = p % 5 > 2 ? peak * 0.01 / (sigma * std::sqrt(2 * M_PI)) * std::exp(-0.5 * z * z) : 0.0;
      counts.push_back(static_cast<std::uint16_t>(random.poisson(2.0 + line)));
    }
  }
  return Dataset::from_values<std::uint16_t>(description, counts);
}

Outputs run(const Dataset& data, const Json& params) {
  Context context;
  return execute(lines_operation(), Inputs{{"data", data}}, params, context).outputs;
}

TEST(Lines, NetCountsAndTheirSigmaAreThoseOfManyMaps) {
  const Json params{{"lines", {"Fe_Ka"}}};
  double mean_on = 0, mean_off = 0, square_on = 0, sigma_on = 0;
  constexpr int maps = 40;
  constexpr int positions = 12;  // x > 2
  for (std::uint64_t seed = 0; seed < maps; ++seed) {
    const Outputs outputs = run(map_of_iron(seed, 300), params);
    const auto net = outputs.dataset("net").read_all_as_double();
    const auto sigma = outputs.dataset("net_sigma").read_all_as_double();
    ASSERT_EQ(net.size(), 30u);
    for (std::size_t p = 0; p < 30; ++p) {
      if (p % 5 > 2) {
        mean_on += net[p] / (maps * positions);
        square_on += net[p] * net[p] / (maps * positions);
        sigma_on += sigma[p] / (maps * positions);
      } else {
        mean_off += net[p] / (maps * 18);
      }
    }
  }
  // Two full widths hold 98.1 % of a Gaussian.
  EXPECT_NEAR(mean_on, 300 * 0.981, 3.0);
  EXPECT_NEAR(mean_off, 0.0, 2.0);
  EXPECT_NEAR(sigma_on / std::sqrt(square_on - mean_on * mean_on), 1.0, 0.1);
}

TEST(Lines, GrossIsTheSumOverTheWindowAndTheTableThatOfTheMap) {
  const Dataset data = map_of_iron(3, 500);
  const Outputs outputs = run(data, Json{{"lines", {"Fe_Ka", "Ti_Ka"}}, {"window", 1.5}});
  const auto windows = line_windows(named({"Fe_Ka", "Ti_Ka"}), {}, {0.0, 0.01, 1000}, 130, {1.5, 2, 2, 1});
  const auto values = data.read_all_as_double();
  const auto gross = outputs.dataset("gross").read_all_as_double();
  const auto net = outputs.dataset("net").read_all_as_double();
  const auto& table = outputs.table("lines");
  for (std::size_t line = 0; line < 2; ++line) {
    double total_gross = 0, total_net = 0;
    for (std::size_t p = 0; p < 30; ++p) {
      double sum = 0;
      for (auto c = windows[line].signal.begin; c < windows[line].signal.end; ++c) {
        sum += values[p * 1000 + static_cast<std::size_t>(c)];
      }
      EXPECT_EQ(gross[line * 30 + p], sum);
      total_gross += sum;
      total_net += net[line * 30 + p];
    }
    EXPECT_EQ(std::get<std::vector<double>>(table.columns[5].values)[line], total_gross);
    EXPECT_NEAR(std::get<std::vector<double>>(table.columns[6].values)[line], total_net, 1e-6);
  }
  EXPECT_EQ(outputs.dataset("net").describe().shape(), (Shape{2, 6, 5}));
}

TEST(Lines, FindsTheElementsWhenNoneIsNamed) {
  const Outputs outputs = run(map_of_iron(1, 3000), Json::object());
  const auto& names = std::get<std::vector<std::string>>(outputs.table("lines").columns[1].values);
  EXPECT_THAT(names, testing::ElementsAre("Fe_Ka"));
}

TEST(Lines, ElectronvoltsAreTheSameAsKiloelectronvolts) {
  const Json params{{"elements", {"Fe"}}};
  EXPECT_EQ(run(map_of_iron(5, 300), params).dataset("net").read_all_as_double(),
            run(map_of_iron(5, 300, "eV"), params).dataset("net").read_all_as_double());
}

TEST(Lines, RefusesWhatThePhysicsCannotAnswer) {
  const Dataset data = map_of_iron(1, 300);
  EXPECT_THROW(run(data, Json{{"lines", {"Fe_Kz"}}}), Error);
  EXPECT_THROW(run(data, Json{{"lines", {"Fe_Ka", "Fe_Ka"}}}), Error);
  EXPECT_THROW(run(data, Json{{"elements", {"Xx"}}}), Error);
  EXPECT_THROW(run(data, Json{{"lines", {"Sr_Ka"}}}), Error);                       // beyond the axis
  EXPECT_THROW(run(map_of_iron(1, 300, "nm"), Json{{"lines", {"Fe_Ka"}}}), Error);  // no energy axis
  EXPECT_THROW(run(map_of_iron(1, 300, "keV", false), Json::object()), Error);      // no beam energy
  EXPECT_THROW(run(map_of_iron(1, 0), Json::object()), Error);                      // nothing to be found
}

// One spectrum of 10 000 counts in Pt Lα and Cu K, as `copper` says, on a flat background.
Dataset platinum_on_a_grid(double copper) {
  Description description;
  description.title = "platinum";
  description.axes = {
      {.name = "y", .quantity = "length", .units = "nm", .role = Role::navigation, .size = 1},
      {.name = "x", .quantity = "length", .units = "nm", .role = Role::navigation, .size = 1},
      {.name = "Energy", .quantity = "energy", .units = "keV", .role = Role::signal, .size = 2000, .scale = 0.01}};
  set(description.metadata, "Acquisition_instrument.TEM.beam_energy", 200.0);
  set(description.metadata, "Acquisition_instrument.TEM.Detector.EDS.energy_resolution_MnKa", 130.0);
  std::vector<double> mean(2000, 5.0);
  const auto add = [&](const char* element, char family, double counts) {
    for (const XrayLine& line : xray_lines(atomic_number(element), 200.0)) {
      if (line.family != family) continue;
      for (const auto& [energy, weight] : line.transitions) {
        add_peak(mean, axis, energy, full_width(energy, 130), counts * weight);
      }
    }
  };
  add("Pt", 'L', 10000);
  add("Cu", 'K', copper);
  std::vector<std::uint16_t> counts;
  Random random(1, "platinum", 0);
  for (const double value : mean) counts.push_back(static_cast<std::uint16_t>(random.poisson(value)));
  return Dataset::from_values<std::uint16_t>(description, counts);
}

TEST(Lines, WarnsOfUnnamedElementsInTheBackgroundWindows) {
  const auto net_and_warnings = [](double copper, const Json& params) {
    Context context;
    const auto result = execute(lines_operation(), Inputs{{"data", platinum_on_a_grid(copper)}}, params, context);
    return std::pair{result.outputs.dataset("net").read_all_as_double()[0], context.warnings()};
  };
  const auto hidden = testing::Contains(testing::HasSubstr("Pt_La hold Cu_Kb of Cu"));
  const auto [lost, told] = net_and_warnings(100000, Json{{"lines", {"Pt_La"}}});
  EXPECT_LT(lost, 8000);  // Cu Kβ lies on the left window …
  EXPECT_THAT(told, hidden);
  const auto [kept, clear] = net_and_warnings(100000, Json{{"lines", {"Pt_La"}}, {"elements", {"Cu"}}});
  EXPECT_NEAR(kept, 9800, 500);  // … which with Cu named keeps clear of it
  EXPECT_THAT(clear, testing::Not(hidden));
  EXPECT_THAT(net_and_warnings(0, Json{{"lines", {"Pt_La"}}}).second, testing::IsEmpty());
}

TEST(Lines, WarnsOfOverlappingWindows) {
  Context context;
  execute(lines_operation(), Inputs{{"data", map_of_iron(1, 300)}}, Json{{"lines", {"Mn_Kb", "Fe_Ka"}}}, context);
  EXPECT_THAT(context.warnings(), testing::Contains(testing::HasSubstr("Mn_Kb with Fe_Ka")));
}

}  // namespace
}  // namespace ruska::ops::eds
