// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/simulate/eds/eds.hpp"

#include <cmath>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/core/metadata.hpp"
#include "ruska/core/record.hpp"
#include "ruska/ops/simulate/alias_table.hpp"
#include "ruska/ops/simulate/emission.hpp"

namespace ruska::ops::simulate {
namespace {

Outputs run(const Json& params, int threads = 2) {
  Context context;
  context.threads = threads;
  return execute(eds_operation(), {}, params, context).outputs;
}

double sum(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

TEST(SimulateEds, CountsScatterAboutTheExpectationAsPoissonDoes) {
  const Json params{{"x", 60}, {"y", 45}, {"counts_per_spectrum", 40}};
  const Outputs outputs = run(params);
  const auto expected = outputs.dataset("expected_counts").read_all_as_double();
  const Dataset& data = outputs.dataset("data");
  const SparseCounts counts = data.source().read_counts(0, 60 * 45);
  double chi_square = 0, inside = 0, total = 0, total_expected = 0;
  for (std::size_t p = 0; p < expected.size(); ++p) {
    double drawn = 0;
    for (auto i = counts.row_start[p]; i < counts.row_start[p + 1]; ++i)
      drawn += counts.value[static_cast<std::size_t>(i)];
    total += drawn;
    total_expected += expected[p];
    if (expected[p] == 0) {
      EXPECT_EQ(drawn, 0) << "counts beside the needle";
      continue;
    }
    chi_square += (drawn - expected[p]) * (drawn - expected[p]) / expected[p];
    ++inside;
  }
  EXPECT_NEAR(total_expected / inside, 40.0, 1e-3);
  EXPECT_NEAR(total, total_expected, 4 * std::sqrt(total_expected));
  EXPECT_NEAR(chi_square / inside, 1.0, 5 * std::sqrt(2 / inside));
}

TEST(SimulateEds, SpectraOfPurePositionsAreThoseOfTheTruth) {
  for (const double mean : {60.0, 3000.0}) {  // drawn count by count, and channel by channel
    const Outputs outputs = run(Json{{"x", 40}, {"y", 30}, {"counts_per_spectrum", mean}, {"energy_channels", 900}});
    const auto abundance = outputs.dataset("abundances").read_all_as_double();
    const auto spectra = outputs.dataset("spectra").read_all_as_double();
    const auto values = outputs.dataset("data").read_all_as_double();
    for (std::size_t phase = 0; phase < 3; ++phase) {
      std::vector<double> measured(900, 0.0);
      for (std::size_t p = 0; p < 1200; ++p) {
        if (abundance[phase * 1200 + p] < 1.0) continue;
        for (std::size_t e = 0; e < 900; ++e) measured[e] += values[p * 900 + e];
      }
      const double total = sum(measured);
      ASSERT_GT(total, 1000) << phase;
      double chi_square = 0, used = 0;
      for (std::size_t e = 0; e < 900; ++e) {
        const double wanted = total * spectra[phase * 900 + e];
        if (wanted == 0) {
          EXPECT_EQ(measured[e], 0);
        } else if (wanted > 5) {
          chi_square += (measured[e] - wanted) * (measured[e] - wanted) / wanted;
          ++used;
        }
      }
      EXPECT_NEAR(chi_square / used, 1.0, 6 * std::sqrt(2 / used)) << "phase " << phase << " at " << mean;
    }
  }
}

TEST(SimulateEds, TruthAddsUp) {
  for (const char* phantom : {"needle", "spheres"}) {
    const Outputs outputs = run(Json{{"phantom", phantom}, {"x", 32}, {"y", 32}});
    const auto abundance = outputs.dataset("abundances").read_all_as_double();
    const auto expected = outputs.dataset("expected_counts").read_all_as_double();
    for (std::size_t p = 0; p < 1024; ++p) {
      const double all = abundance[p] + abundance[1024 + p] + abundance[2048 + p];
      EXPECT_NEAR(all, expected[p] > 0 ? 1.0 : 0.0, 1e-6) << phantom << " " << p;
    }
    const Dataset& spectra = outputs.dataset("spectra");
    const auto channels = static_cast<std::size_t>(spectra.describe().axes[1].size);
    const auto values = spectra.read_all_as_double();
    for (std::size_t phase = 0; phase < 3; ++phase) {
      EXPECT_NEAR(sum({values.begin() + static_cast<std::ptrdiff_t>(phase * channels),
                       values.begin() + static_cast<std::ptrdiff_t>((phase + 1) * channels)}),
                  1.0, 1e-12);
    }
  }
}

TEST(SimulateEds, TheSameBitsOnAnyNumberOfThreadsAndOthersForAnotherSeed) {
  const auto counts = [](int threads, int seed) {
    const Outputs outputs = run(Json{{"x", 50}, {"y", 40}, {"seed", seed}}, threads);
    return digest_of(outputs.dataset("data"));
  };
  const std::string one = counts(1, 0);
  EXPECT_EQ(one, counts(2, 0));
  EXPECT_EQ(one, counts(7, 0));
  EXPECT_NE(one, counts(2, 1));
}

TEST(SimulateEds, PublishedSizeByDefaultAndATiltAxisOnlyWhereThereAreTilts) {
  const Json small{{"x", 33}, {"y", 25}, {"energy_channels", 900}};
  const Json one = plan(eds_operation(), {}, Json::object(), Context());
  EXPECT_EQ(one["outputs"][0]["shape"], (Json{124, 165, 900}));
  const Json full = plan(eds_operation(), {}, Json{{"tilts", 73}}, Context());
  EXPECT_EQ(full["outputs"][0]["shape"], (Json{73, 124, 165, 900}));
  EXPECT_LT(full["memory_bytes"].get<double>(), 4.0 * (1 << 30));

  Json tilted = small;
  tilted["tilts"] = 5;
  const Description description = run(tilted).dataset("data").describe();
  ASSERT_EQ(description.axes.size(), 4u);
  EXPECT_EQ(description.axes[0].name, "tilt");
  EXPECT_DOUBLE_EQ(description.axes[0].at(0), -90.0);
  EXPECT_DOUBLE_EQ(description.axes[0].at(4), 90.0);
  EXPECT_EQ(run(small).dataset("data").describe().axes.size(), 3u);
}

TEST(SimulateEds, MetadataSayWhatEveryReaderNeeds) {
  const Description description = run(Json{{"x", 20}, {"y", 15}, {"beam_energy", 300}}).dataset("data").describe();
  EXPECT_EQ(description.signal_type, "EDS_TEM");
  EXPECT_TRUE(description.sparse);
  EXPECT_EQ(beam_energy(description.metadata), 300.0);
  EXPECT_EQ(energy_resolution_mn_ka(description.metadata), 130.0);
  EXPECT_THAT(elements(description.metadata), testing::UnorderedElementsAre("Si", "Cr", "Ni"));
  EXPECT_EQ(description.signal_axis().units, "keV");
  EXPECT_EQ(description.axes[0].units, "nm");
  EXPECT_TRUE(problems_of(description.metadata).empty());
}

TEST(SimulateEds, RefusesWhatCannotBe) {
  EXPECT_THROW(run(Json{{"phantom", "spheres"}, {"tilts", 2}}), Error);
  EXPECT_THROW(run(Json{{"offset", 50.0}}), Error);  // no line up there
}

TEST(SimulateEds, NoCountsAskedForGivesNone) {
  const Outputs outputs = run(Json{{"counts_per_spectrum", 0}, {"x", 10}, {"y", 10}});
  EXPECT_EQ(outputs.dataset("data").source().read_counts(0, 100).nonzeros(), 0);
}

TEST(Phantom, NeedleKeepsItsLengthAlongTheBeamAtEveryTilt) {
  const Phantom phantom = needle();
  const Scan scan = scan_of(phantom, 7, 62, 80);
  for (std::int64_t position = 0; position < 62 * 80; ++position) {
    double first = 0;
    for (std::int64_t tilt = 0; tilt < 7; ++tilt) {
      const auto lengths = amounts(phantom, scan, tilt * 62 * 80 + position);
      for (const double length : lengths) EXPECT_GE(length, 0.0);
      const double all = lengths[0] + lengths[1] + lengths[2];
      if (tilt == 0) first = all;
      EXPECT_NEAR(all, first, 1e-9);  // the body is round, only its layers are not
    }
  }
}

TEST(Phantom, SpheresAreThoseOfTheRecipe) {
  const Phantom phantom = spheres(0.8);
  const Scan scan = scan_of(phantom, 1, 128, 128);
  EXPECT_NEAR(amounts(phantom, scan, 50 * 128 + 50)[1], 0.8, 1e-12);
  EXPECT_NEAR(amounts(phantom, scan, 75 * 128 + 82)[2], 0.8, 1e-12);
  EXPECT_NEAR(amounts(phantom, scan, 50 * 128 + 50 - 15)[1], 0.8 * 0.8, 1e-12);  // √(1 − 15²/25²)
  EXPECT_EQ(amounts(phantom, scan, 5 * 128 + 5)[0], 1.0);
  const Scan half = scan_of(phantom, 1, 64, 64);
  EXPECT_NEAR(amounts(phantom, half, 25 * 64 + 25)[1], 0.8, 1e-12);
  EXPECT_NEAR(amounts(phantom, half, 37 * 64 + 41)[2], 0.8, 1e-12);
  EXPECT_THROW(amounts(phantom, half, 64 * 64), Error);
}

TEST(Emission, LinesStandWhereTheTablesSayAndBackgroundHasItsShare) {
  Spectrometer spectrometer;
  spectrometer.axis = {0.0, 0.01, 1000};
  spectrometer.background_fraction = 0.3;
  const Emission iron = emission({"iron", {{"Fe", 1.0}}, 7.87}, spectrometer);
  EXPECT_NEAR(sum(iron.spectrum), 1.0, 1e-12);
  const auto around = [&](double energy, double reach) {
    double counts = 0;
    for (std::size_t i = 0; i < 1000; ++i) {
      if (std::abs(0.01 * static_cast<double>(i) - energy) < reach) counts += iron.spectrum[i];
    }
    return counts;
  };
  const double flat = around(9.0, 0.2);
  EXPECT_GT(around(6.404, 0.2), 20 * flat);
  EXPECT_NEAR((around(7.058, 0.2) - flat) / (around(6.404, 0.2) - flat), 0.13, 0.03);
  spectrometer.background_fraction = 0;
  const Emission bare = emission({"iron", {{"Fe", 1.0}}, 7.87}, spectrometer);
  EXPECT_NEAR(bare.brightness / iron.brightness, 0.7, 1e-9);
}

TEST(Emission, EscapeAndPileUpMoveCountsWithoutLosingThem) {
  Spectrometer spectrometer;
  spectrometer.axis = {0.0, 0.01, 2000};
  const Phase calcium{"Ca", {{"Ca", 1.0}}, 1.55};
  const Emission plain = emission(calcium, spectrometer);
  spectrometer.escape = true;
  spectrometer.pile_up = 0.1;
  const Emission real = emission(calcium, spectrometer);
  EXPECT_NEAR(sum(real.spectrum), 1.0, 1e-12);
  const auto at = [](const Emission& one, double energy) {
    return one.spectrum[static_cast<std::size_t>(std::lround(energy / 0.01))];
  };
  EXPECT_LT(at(plain, 3.692 - 1.740), 1e-9);
  EXPECT_GT(at(real, 3.692 - 1.740), 1e-5);
  EXPECT_LT(at(plain, 2 * 3.692), 1e-9);
  EXPECT_GT(at(real, 2 * 3.692), 1e-3);
}

TEST(AliasTable, DrawsEachIndexAsOftenAsItsWeightSays) {
  const std::vector<double> weights{0.0, 1.0, 2.0, 0.0, 5.0, 0.5, 1e-9};
  const AliasTable table(weights);
  Random random(3, "alias", 0);
  std::vector<double> drawn(weights.size(), 0.0);
  constexpr int draws = 200000;
  for (int i = 0; i < draws; ++i) ++drawn[table.draw(random)];
  EXPECT_EQ(drawn[0], 0);
  EXPECT_EQ(drawn[3], 0);
  for (const std::size_t i : {1u, 2u, 4u, 5u}) {
    const double expected = draws * weights[i] / 8.5;
    EXPECT_NEAR(drawn[i], expected, 5 * std::sqrt(expected)) << i;
  }
  EXPECT_THROW(AliasTable(std::vector<double>{0.0, 0.0}), Error);
}

}  // namespace
}  // namespace ruska::ops::simulate
