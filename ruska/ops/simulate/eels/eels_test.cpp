// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/simulate/eels/eels.hpp"

#include <cmath>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/core/metadata.hpp"
#include "ruska/core/record.hpp"
#include "ruska/ops/simulate/energy_loss.hpp"

namespace ruska::ops::simulate {
namespace {

Outputs run(const Json& params, int threads = 2) {
  Context context;
  context.threads = threads;
  return execute(eels_operation(), {}, params, context).outputs;
}

Scatterer nickel() { return scatterer({"Ni", {{"Ni", 1.0}}, 8.908}, 20.7, 9.0, 3.0, ElectronBeam{}); }

double sum(std::span<const double> values) { return std::accumulate(values.begin(), values.end(), 0.0); }

TEST(EnergyLoss, ProbabilitiesSumToAllScattering) {
  const Scatterer phase = nickel();
  const auto fine = phase.probabilities(0.5, 80000);  // to 40 keV
  EXPECT_NEAR(sum(fine) / phase.total(), 1.0, 2e-3);
  // Channels of any width hold the same.
  const auto coarse = phase.probabilities(2.0, 1000);
  EXPECT_NEAR(coarse[20], 0.5 * fine[78] + fine[79] + fine[80] + fine[81] + 0.5 * fine[82], 1e-3 * coarse[20]);
  EXPECT_NEAR(phase.valence * 128.0, 1.0, 0.4);  // a mean free path of about a hundred nm
}

TEST(EnergyLoss, ThePlasmonIsWhereItIsAndTheTailFallsWithItsExponent) {
  Scatterer phase = nickel();
  phase.edges.clear();
  const auto values = phase.probabilities(0.25, 8000);
  const auto highest = std::max_element(values.begin(), values.end()) - values.begin();
  EXPECT_NEAR(0.25 * static_cast<double>(highest), 20.7, 3.0);
  for (const double exponent : {2.5, 3.0, 4.0}) {
    phase.tail_exponent = exponent;
    const auto tail = phase.probabilities(1.0, 1600);
    const double local = -std::log(tail[1500] / tail[1000]) / std::log(1.5);
    // The plasmon's own E⁻³ stands beside it.
    EXPECT_GT(local, std::min(exponent, 3.0) - 0.05) << exponent;
    EXPECT_LT(local, std::max(exponent, 3.0) + 0.05) << exponent;
  }
}

TEST(EnergyLoss, EdgesBeginAtTheirOnset) {
  const Scatterer phase = nickel();
  const auto with = phase.probabilities(1.0, 1200), without = phase.probabilities(1.0, 1200, 28);
  EXPECT_NEAR(with[700], without[700], 1e-9 * with[700] + 1.0 * (with[700] - without[700]));
  const auto edge = [&](std::size_t loss) { return with[loss] - without[loss]; };
  EXPECT_GT(edge(854), 3.0 * edge(849));  // white line of L3 at 852.7 eV
  EXPECT_GT(edge(854), 1.5 * edge(862));
}

TEST(LossSpectrum, IsPoissonsLaw) {
  const Scatterer phase = nickel();
  const eels::LossAxis axis{-20.3, 0.5, 4000};
  const LossSpectrum spectrum({phase}, axis, 1.2);
  auto work = spectrum.work();
  std::vector<double> out(4000);
  for (const double thickness : {0.0, 0.3, 2.0}) {
    const double length = thickness / phase.total();
    spectrum.expected(std::span(&length, 1), 0.4, out, work);
    EXPECT_NEAR(sum(out), 1.0, 2e-3 * thickness + 1e-9);
    // Losses have next to no counts below 2 eV, so the peak there is e^(−t/λ) of all.
    double peak = 0, moment = 0;
    for (std::int64_t c = 0; axis.at(static_cast<double>(c)) < 2.4; ++c) {
      peak += out[static_cast<std::size_t>(c)];
      moment += out[static_cast<std::size_t>(c)] * axis.at(static_cast<double>(c));
    }
    EXPECT_NEAR(peak / std::exp(-thickness), 1.0, 0.01 + 0.02 * thickness);
    EXPECT_NEAR(moment / peak, 0.4, 0.03 + 0.04 * thickness);
  }
}

TEST(LossSpectrum, IsTheSameOnEveryAxis) {
  const Scatterer phase = nickel();
  const double length = 80.0;
  const eels::LossAxis whole{-10.0, 0.5, 2400}, part{700.0, 0.5, 500};
  const LossSpectrum a({phase}, whole, 1.0), b({phase}, part, 1.0);
  auto work_a = a.work(), work_b = b.work();
  std::vector<double> all(2400), some(500);
  a.expected(std::span(&length, 1), 0.0, all, work_a);
  b.expected(std::span(&length, 1), 0.0, some, work_b);
  for (std::size_t c = 0; c < 500; c += 7) EXPECT_NEAR(some[c] / all[1420 + c], 1.0, 1e-3) << c;
}

TEST(SimulateEels, TruthAddsUp) {
  const Outputs outputs = run({{"x", 16}, {"y", 12}, {"thickness", 0.8}});
  const auto thickness = outputs.dataset("thickness").read_all_as_double();
  const auto abundances = outputs.dataset("abundances").read_all_as_double();
  EXPECT_NEAR(sum(thickness) / 192.0, 0.8, 1e-9);
  for (std::size_t p = 0; p < 192; ++p) {
    EXPECT_NEAR(abundances[p] + abundances[192 + p] + abundances[384 + p], 1.0, 1e-12);
  }
  const auto single = outputs.dataset("single_scattering").read_all_as_double();
  for (std::size_t k = 0; k < 3; ++k)
    EXPECT_NEAR(sum(std::span(single).subspan(k * 512, 512)), 1.0, 0.04);  // the rest lies past the axis
  // All electrons but those past the end of the axis.
  const auto low = outputs.dataset("low_loss").read_all_as_double();
  EXPECT_NEAR(sum(low) / (192.0 * 1e6), 1.0, 0.03);
  // Counts of edges are positive where their element is.
  for (const double counts : outputs.dataset("edge_counts").read_all_as_double()) EXPECT_GE(counts, -1e-3);
}

TEST(SimulateEels, CountsAreThoseOfPoissonUnlessACameraTellsThem) {
  // The needle's lower left corner lies beside the specimen: only its zero-loss peak is there.
  const Json corner{{"x", 40},
                    {"y", 40},
                    {"phantom", "spheres"},
                    {"thickness", 0.0},
                    {"low_loss_channels", 64},
                    {"energy_channels", 16},
                    {"low_loss_electrons", 1e4}};
  const auto scatter = [&](const Json& more) {
    Json params = corner;
    params.update(more);
    const auto values = run(params).dataset("low_loss").read_all_as_double();
    double mean = 0, square = 0, next = 0;
    for (std::size_t p = 0; p < 1600; ++p) {
      const double one = values[p * 64 + 40], other = values[p * 64 + 41];  // 0 eV and 0.5 eV
      mean += one / 1600;
      square += one * one / 1600;
      next += one * other / 1600;
    }
    double mean_other = 0;
    for (std::size_t p = 0; p < 1600; ++p) mean_other += values[p * 64 + 41] / 1600;
    return std::tuple(mean, (square - mean * mean) / mean, (next - mean * mean_other) / mean);
  };
  const auto [mean, variance, shared] = scatter(Json::object());
  EXPECT_NEAR(variance, 1.0, 0.15);
  EXPECT_NEAR(shared, 0.0, 0.1);
  const auto [gained, gained_variance, gained_shared] = scatter({{"gain", 4.0}});
  EXPECT_NEAR(gained / mean, 4.0, 0.02);
  EXPECT_NEAR(gained_variance, 4.0, 0.5);
  const auto [spread, spread_variance, spread_shared] = scatter({{"point_spread", 2.0}});
  EXPECT_LT(spread_variance, 0.6);  // neighbours share their electrons
  EXPECT_GT(spread_shared, 0.15);
  EXPECT_EQ(run({{"x", 4}, {"y", 4}}).dataset("data").describe().dtype, DType::uint32);
  EXPECT_EQ(run({{"x", 4}, {"y", 4}, {"gain", 2.0}}).dataset("data").describe().dtype, DType::float32);
}

TEST(SimulateEels, TheSameBitsOnAnyNumberOfThreadsAndOthersForAnotherSeed) {
  const auto digest = [](int threads, int seed) {
    const Outputs outputs = run({{"x", 9}, {"y", 8}, {"seed", seed}, {"drift", 0.3}}, threads);
    return digest_of(outputs.dataset("data")) + digest_of(outputs.dataset("low_loss"));
  };
  EXPECT_EQ(digest(1, 0), digest(3, 0));
  EXPECT_NE(digest(1, 0), digest(1, 1));
}

TEST(SimulateEels, MetadataSayWhatEveryReaderNeeds) {
  const Description description = run({{"x", 5}, {"y", 4}, {"beam_energy", 80}}).dataset("data").describe();
  EXPECT_EQ(description.signal_type, "EELS");
  EXPECT_EQ(beam_energy(description.metadata), 80.0);
  EXPECT_THAT(elements(description.metadata), testing::UnorderedElementsAre("B", "C", "N", "O", "Fe"));
  EXPECT_TRUE(problems_of(description.metadata).empty());
}

TEST(SimulateEels, RefusesWhatCannotBe) {
  EXPECT_THROW(run({{"resolution", 0.1}}), Error);
  EXPECT_THROW(run({{"dispersion", 40.0}, {"resolution", 50.0}}), Error);  // the axis ends beyond all tables
}

}  // namespace
}  // namespace ruska::ops::simulate
