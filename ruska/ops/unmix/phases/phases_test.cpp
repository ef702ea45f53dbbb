// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/phases/phases.hpp"

#include <cmath>
#include <map>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/base/random.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/core/record.hpp"
#include "ruska/ops/unmix/phases/name_phases.hpp"
#include "ruska/ops/unmix/phases/purest_positions.hpp"

namespace ruska::ops::unmix {
namespace {

constexpr std::int64_t channels = 200;

Axis energy_axis() {
  return {
      .name = "Energy", .quantity = "energy", .units = "keV", .role = Role::signal, .size = channels, .scale = 0.05};
}

/// Unit-sum spectrum of Gaussian lines (keV) on a flat background of a tenth of the counts.
std::vector<double> spectrum(const std::vector<double>& lines) {
  std::vector<double> values(channels, 0.1 / channels);
  for (std::size_t c = 0; c < channels; ++c) {
    const double energy = energy_axis().at(static_cast<double>(c));
    for (const double line : lines) {
      values[c] += std::exp(-0.5 * std::pow((energy - line) / 0.06, 2)) * 0.05 / 0.06 / std::sqrt(2 * M_PI) * 0.9 /
                   static_cast<double>(lines.size());
    }
  }
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  for (double& value : values) value /= sum;
  return values;
}
const std::vector<double> iron = spectrum({6.404, 0.705});
const std::vector<double> titanium = spectrum({4.511});

Description description_of(const Shape& navigation, std::string signal_type = "EDS_TEM") {
  Description description;
  description.title = "test";
  description.signal_type = std::move(signal_type);
  const char* const names[] = {"tilt", "y", "x"};
  for (std::size_t a = 0; a < navigation.size(); ++a) {
    description.axes.push_back(
        {.name = names[3 - navigation.size() + a], .units = "nm", .role = Role::navigation, .size = navigation[a]});
  }
  description.axes.push_back(energy_axis());
  set(description.metadata, "Acquisition_instrument.TEM.beam_energy", 200.0);
  return description;
}

/// Poisson counts; `share(position)` is the part of iron, `counts(position)` the mean of the sum.
Dataset draw(const Description& description, const std::function<double(std::int64_t)>& share,
             const std::function<double(std::int64_t)>& counts, std::uint64_t seed = 1) {
  std::vector<std::uint16_t> values;
  for (std::int64_t p = 0; p < description.navigation_size(); ++p) {
    for (std::size_t c = 0; c < channels; ++c) {
      const double mean = counts(p) * (share(p) * iron[c] + (1 - share(p)) * titanium[c]);
      Random random(seed, "test", static_cast<std::uint64_t>(p) * channels + c);
      values.push_back(static_cast<std::uint16_t>(random.poisson(mean)));
    }
  }
  return Dataset::from_values<std::uint16_t>(description, values);
}
double many(std::int64_t) { return 300; }

Outputs run(const Inputs& inputs, const Json& parameters = Json::object(), Context* given = nullptr) {
  Context context;
  return execute(operation("unmix.phases"), inputs, parameters, given != nullptr ? *given : context).outputs;
}

struct Field {
  explicit Field(const Dataset& dataset)
      : rows(dataset, context),
        counts(rows, group_channels(std::vector<double>(channels, 1.0), channels, 0),
               std::vector<std::uint8_t>(static_cast<std::size_t>(rows.rows()), 1)),
        grid(dataset.describe().navigation_shape()),
        field(counts, grid, context) {}
  Context context;
  Rows rows;
  GroupedCounts counts;
  PositionGrid grid;
  AbundanceField field;
};

TEST(ChannelGroups, HoldEnoughCountsAndCoverAllChannels) {
  const std::vector<double> sums{5, 5, 0, 0, 20, 1, 1, 30, 2, 2};
  const ChannelGroups groups = group_channels(sums, 100, 10);
  EXPECT_EQ(groups.count, 3u);
  EXPECT_THAT(groups.of_channel, testing::ElementsAre(0, 0, 1, 1, 1, 2, 2, 2, 2, 2));
  EXPECT_EQ(group_channels({0, 0, 0}, 10, 1).count, 1u);
  EXPECT_EQ(group_channels(std::vector<double>(1000, 1.0), 100, 0).count, 100u);
}

TEST(PositionGrid, NeighboursHaveTheOtherColourAndStayInTheirImage) {
  const PositionGrid grid({2, 4, 5});
  for (std::int64_t p = 0; p < grid.positions; ++p) {
    grid.for_each_neighbour(p, [&](std::int64_t q) {
      EXPECT_NE(grid.colour(p), grid.colour(q));
      EXPECT_EQ(p / 20, q / 20);
    });
  }
  int corner = 0, middle = 0;
  grid.for_each_neighbour(0, [&](std::int64_t) { ++corner; });
  grid.for_each_neighbour(6, [&](std::int64_t) { ++middle; });
  EXPECT_EQ(corner, 2);
  EXPECT_EQ(middle, 4);
}

TEST(GroupedCounts, HalvesAddUpToTheWhole) {
  const Field one(draw(
      description_of({6, 7}), [](std::int64_t p) { return p % 2; }, many));
  std::map<std::pair<std::int64_t, std::uint32_t>, double> left;
  double first = 0, total = 0;
  for (std::int64_t part = 0; part < one.rows.partitions().count(); ++part) {
    const auto add = [&](double sign, double& sum) {
      return [&, sign](std::int64_t row, std::span<const std::uint32_t> g, std::span<const double> y) {
        for (std::size_t i = 0; i < g.size(); ++i) {
          left[{row, g[i]}] += sign * y[i];
          sum += y[i];
        }
      };
    };
    double second = 0;
    one.counts.visit(part, {Part::whole, 0}, add(1, total));
    one.counts.visit(part, {Part::first, 9}, add(-1, first));
    one.counts.visit(part, {Part::second, 9}, add(-1, second));
  }
  for (const auto& [place, rest] : left) EXPECT_EQ(rest, 0);
  EXPECT_NEAR(first / total, 0.5, 5 * 0.5 / std::sqrt(total));
}

TEST(GroupedCounts, MeasureTheDispersion) {
  const auto share = [](std::int64_t p) { return p % 16 < 8 ? 1.0 : 0.0; };
  const Dataset counts = draw(description_of({16, 16}), share, many);
  std::vector<double> scaled;
  for (const double value : counts.read_all_as_double()) scaled.push_back(7 * value);
  const Field once(counts), seven(Dataset::from_values<double>(counts.describe(), scaled));
  for (const auto* one : {&once, &seven}) {
    Context context;
    const Marginals sums = marginals(one->rows, context);
    EXPECT_NEAR(measure_dispersion(one->counts, sums.row_sum, 16, context), one == &once ? 1 : 7,
                one == &once ? 0.2 : 1.4);
  }
}

TEST(NoiseEdge, CountsTheComponents) {
  for (const bool two : {false, true}) {
    Field one(draw(
        description_of({20, 20}), [&](std::int64_t p) { return two && p % 20 < 6 ? 1.0 : 0.0; }, many));
    EXPECT_EQ(noise_edge(one.counts, 5, 1, 20, 0, one.context).rank, two ? 2 : 1);
  }
}

TEST(AbundanceField, ReachesTheMaximumOfTheLikelihoodOfOnePosition) {
  const auto truth = [](std::int64_t p) { return static_cast<double>(p) / 8; };
  const Field one(draw(description_of({9}), truth, [](std::int64_t) { return 5000.0; }));
  std::vector<double> spectra = iron;
  spectra.insert(spectra.end(), titanium.begin(), titanium.end());
  const Abundances fitted = one.field.fit({}, spectra, {0}, 8);
  const std::vector<float> best = one.field.score({}, spectra, fitted);
  for (std::size_t p = 0; p < 9; ++p) {
    EXPECT_NEAR(fitted[2 * p], static_cast<double>(p) / 8, 0.05);
    EXPECT_NEAR(fitted[2 * p] + fitted[2 * p + 1], 1, 1e-5);
  }
  for (const float step : {-0.03f, 0.03f}) {
    Abundances beside = fitted;
    for (std::size_t p = 0; p < 9; ++p) {
      beside[2 * p] = std::clamp(fitted[2 * p] + step, 0.0f, 1.0f);
      beside[2 * p + 1] = 1 - beside[2 * p];
    }
    const std::vector<float> score = one.field.score({}, spectra, beside);
    for (std::size_t p = 0; p < 9; ++p) EXPECT_LE(score[p], best[p] + 0.02f) << p;
  }
}

TEST(AbundanceField, CouplingPullsNeighboursTogetherAndLeavesEdges) {
  const Field one(draw(
      description_of({16, 16}), [](std::int64_t p) { return p % 16 < 8 ? 1.0 : 0.0; },
      [](std::int64_t) { return 8.0; }));
  std::vector<double> spectra = iron;
  spectra.insert(spectra.end(), titanium.begin(), titanium.end());
  const auto error = [&](double strength) {
    const Abundances fitted = one.field.fit({}, spectra, {strength}, 3);
    double sum = 0;
    for (std::size_t p = 0; p < 256; ++p) sum += std::fabs(fitted[2 * p] - (p % 16 < 8 ? 1.0 : 0.0)) / 256;
    return sum;
  };
  EXPECT_LT(error(10), error(0));
  EXPECT_LT(error(10), 0.05);
}

TEST(Phases, FindsTwoHalvesAndNamesThem) {
  const Outputs outputs =
      run({{"data", draw(
                        description_of({20, 24}), [](std::int64_t p) { return p % 24 < 8 ? 1.0 : 0.0; }, many)}});
  EXPECT_EQ(outputs.number("number_of_phases").value, 2);
  EXPECT_THAT(outputs.text("identifiable"), testing::StartsWith("yes"));
  const auto map = outputs.dataset("phase_map").read_all<std::int32_t>();
  for (std::size_t p = 0; p < map.size(); ++p) EXPECT_EQ(map[p], p % 24 < 8 ? 1 : 0) << p;
  const Table& table = outputs.table("phases");
  EXPECT_THAT(std::get<std::vector<std::string>>(table.columns[1].values), testing::ElementsAre("Ti", "Fe"));
  EXPECT_NEAR(std::get<std::vector<double>>(table.columns[2].values)[1], 1.0 / 3, 1e-9);
  // The mean spectrum of a phase is that of its positions, to its σ.
  const auto spectra = outputs.dataset("spectra").read_all<double>();
  const auto sigma = outputs.dataset("spectra_sigma").read_all<double>();
  int beyond = 0;
  for (std::size_t c = 0; c < channels; ++c) {
    beyond += std::fabs(spectra[channels + c] - 300 * iron[c]) > 3 * sigma[channels + c] + 0.02 ? 1 : 0;
  }
  EXPECT_LE(beyond, 4);
  EXPECT_LE(outputs.summary.size(), 10u);
}

TEST(Phases, OnePhaseIsOnePhase) {
  const Outputs outputs = run({{"data", draw(
                                            description_of({20, 20}), [](std::int64_t) { return 0.3; }, many)}});
  EXPECT_EQ(outputs.number("number_of_phases").value, 1);
  EXPECT_THAT(outputs.text("identifiable"), testing::StartsWith("yes"));
}

TEST(Phases, PositionsWithoutCountsHaveNoPhase) {
  const auto hole = [](std::int64_t p) { return p / 20 < 6 && p % 20 < 10; };
  const Outputs outputs =
      run({{"data", draw(
                        description_of({20, 20}), [](std::int64_t p) { return p % 20 < 10 ? 1.0 : 0.0; },
                        [&](std::int64_t p) { return hole(p) ? 0.0 : 300.0; })}});
  const auto map = outputs.dataset("phase_map").read_all<std::int32_t>();
  EXPECT_EQ(map[0], -1);
  EXPECT_EQ(map[3 * 20 + 4], -1);
  EXPECT_GE(map[10 * 20 + 4], 0);
  EXPECT_EQ(outputs.number("number_of_phases").value, 2);
  EXPECT_THAT(outputs.summary.front(), testing::HasSubstr("have no phase"));
}

TEST(Phases, MasksLeaveOut) {
  const Description description = description_of({20, 20});
  Description mask;
  mask.axes = {description.axes[0], description.axes[1]};
  std::vector<std::uint8_t> left_out(400, 0);
  for (std::size_t p = 0; p < 400; ++p) left_out[p] = p % 20 < 10 ? 1 : 0;
  for (Axis& axis : mask.axes) axis.role = Role::signal;
  const Outputs outputs = run({{"data", draw(
                                            description, [](std::int64_t p) { return p % 20 < 10 ? 1.0 : 0.0; }, many)},
                               {"navigation_mask", Dataset::from_values<std::uint8_t>(mask, left_out)}});
  EXPECT_EQ(outputs.number("number_of_phases").value, 1);
  const auto map = outputs.dataset("phase_map").read_all<std::int32_t>();
  EXPECT_EQ(map[0], -1);
  EXPECT_EQ(map[15], 0);
}

TEST(Phases, TakesLineScansAndStacks) {
  const auto half = [](std::int64_t p) { return p % 20 < 10 ? 1.0 : 0.0; };
  const Outputs line =
      run({{"data", draw(
                        description_of({60}), [](std::int64_t p) { return p < 30 ? 1.0 : 0.0; }, many)}});
  EXPECT_EQ(line.number("number_of_phases").value, 2);
  EXPECT_EQ(line.dataset("abundances").describe().shape(), (Shape{2, 60}));
  const Outputs stack = run({{"data", draw(description_of({3, 10, 20}), half, many)}});
  EXPECT_EQ(stack.number("number_of_phases").value, 2);
  EXPECT_EQ(stack.dataset("abundances").describe().shape(), (Shape{2, 3, 10, 20}));
  EXPECT_EQ(stack.dataset("phase_map").describe().shape(), (Shape{3, 10, 20}));
}

TEST(Phases, SpectraOtherThanXraysHaveNoElements) {
  const auto half = [](std::int64_t p) { return p % 20 < 10 ? 1.0 : 0.0; };
  const Dataset data = draw(description_of({16, 20}, "EELS"), half, many);
  const Outputs outputs = run({{"data", data}});
  EXPECT_EQ(outputs.number("number_of_phases").value, 2);
  EXPECT_EQ(outputs.find("elements"), nullptr);
  EXPECT_THAT(outputs.find("phase_map")->note, testing::HasSubstr("EELS"));
  try {
    run({{"data", data}}, {{"elements", {"Fe"}}});
    FAIL() << "looked for elements in EELS";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
  }
}

TEST(Phases, SensitivityAndMinimumAreaDecideWhatIsAPhase) {
  // A sixteenth of the area holds a tenth more iron.
  const Dataset data = draw(
      description_of({24, 24}), [](std::int64_t p) { return p % 24 < 6 && p / 24 < 6 ? 0.3 : 0.1; },
      [](std::int64_t) { return 2000.0; });
  EXPECT_EQ(run({{"data", data}}).number("number_of_phases").value, 2);
  EXPECT_EQ(run({{"data", data}}, {{"sensitivity", 0.3}}).number("number_of_phases").value, 1);
  EXPECT_EQ(run({{"data", data}}, {{"minimum_area", 0.2}}).number("number_of_phases").value, 1);
}

TEST(Phases, SaysWhenMorePhasesAreAskedForThanThereAre) {
  const Dataset data = draw(
      description_of({12, 12}), [](std::int64_t) { return 0.5; }, many);
  Context context;
  const Outputs outputs = run({{"data", data}}, {{"phases", 3}}, &context);
  EXPECT_EQ(outputs.number("number_of_phases").value, 3);
  EXPECT_THAT(outputs.text("identifiable"), testing::StartsWith("not identifiable"));
  EXPECT_THAT(context.warnings(), testing::Contains(testing::HasSubstr("not identifiable")));
}

TEST(Phases, RefusesWhatIsNoCounts) {
  const Description description = description_of({4, 4});
  const auto refuses = [&](double value, ErrorKind kind) {
    std::vector<double> values(16 * channels, 0.0);
    values[5] = value;
    try {
      run({{"data", Dataset::from_values<double>(description, values)}});
      FAIL() << "took " << value;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
    }
  };
  refuses(-1, ErrorKind::invalid_argument);
  refuses(0, ErrorKind::bad_data);
  refuses(std::numeric_limits<double>::infinity(), ErrorKind::bad_data);
}

TEST(Phases, OverdispersedValuesAreTakenAsScaledCounts) {
  const Description description = description_of({20, 20});
  const Dataset counts = draw(
      description, [](std::int64_t p) { return p % 20 < 10 ? 1.0 : 0.0; }, many);
  std::vector<float> scaled;
  for (const double value : counts.read_all_as_double()) scaled.push_back(static_cast<float>(12.5 * value));
  Context context;
  const Outputs outputs = run({{"data", Dataset::from_values<float>(description, scaled)}}, Json::object(), &context);
  EXPECT_EQ(outputs.number("number_of_phases").value, 2);
  EXPECT_THAT(context.warnings(), testing::Contains(testing::HasSubstr("taken as counts times that factor")));
}

}  // namespace
}  // namespace ruska::ops::unmix
