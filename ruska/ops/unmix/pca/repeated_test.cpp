// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/pca/repeated.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "ruska/base/random.hpp"
#include "ruska/core/operation.hpp"
#include "ruska/ops/unmix/aligned_components.hpp"
#include "ruska/ops/unmix/ica/ica.hpp"
#include "ruska/ops/unmix/small_maps.hpp"

namespace ruska::ops::unmix {
namespace {

constexpr std::size_t rows = 16 * 18, columns = 50, phases = 3;

/// Means of three phases of lines on a background.
std::vector<double> means(double counts) {
  std::vector<double> values(rows * columns);
  for (std::size_t r = 0; r < rows; ++r) {
    const double y = static_cast<double>(r / 18) / 16, x = static_cast<double>(r % 18) / 18;
    const double share[phases] = {1.2 - y, 0.6 * y * y + 0.1, 0.3 + 0.3 * std::sin(6 * x)};
    for (std::size_t c = 0; c < columns; ++c) {
      double value = 0;
      for (std::size_t k = 0; k < phases; ++k) {
        const double distance = (static_cast<double>(c) - 8 - 14 * static_cast<double>(k)) / 3;
        value += share[k] * (std::exp(-distance * distance / 2) + 0.1);
      }
      values[r * columns + c] = counts * value / 8;
    }
  }
  return values;
}

enum class Kind { counts, camera, gaussian };
constexpr double gain = 4, deviation = 0.7;

Dataset measured(const std::vector<double>& mean, Kind kind, std::uint64_t number) {
  std::vector<double> values(mean.size());
  for (std::size_t i = 0; i < mean.size(); ++i) {
    Random random(99, "measured", number * mean.size() + i);
    values[i] = kind == Kind::gaussian ? mean[i] + deviation * random.normal()
                : kind == Kind::camera ? gain * static_cast<double>(random.poisson(mean[i] / gain))
                                       : static_cast<double>(random.poisson(mean[i]));
  }
  Description description;
  description.title = "phases";
  description.axes = {Axis{.name = "y", .role = Role::navigation, .size = 16},
                      Axis{.name = "x", .role = Role::navigation, .size = 18},
                      Axis{.name = "Energy", .role = Role::signal, .size = columns}};
  return Dataset::from_values<double>(description, values);
}

struct Inside {
  double factors = 0, loadings = 0;
};

/// How often the deviation of components from those of the means lies within one standard deviation.
class Coverage {
 public:
  explicit Coverage(const std::vector<double>& truth_factors, const std::vector<double>& truth_loadings)
      : factors_(truth_factors), loadings_(truth_loadings) {}
  void add(const std::vector<double>& factors, const std::vector<double>& factors_sigma,
           const std::vector<double>& loadings, const std::vector<double>& loadings_sigma) {
    // The truth in the order and with the signs of what was found.
    std::vector<double> spectra = factors_, maps = loadings_;
    const std::vector<std::size_t> each{0, 1, 2};
    const std::vector<double> rotation = aligning_rotation(factors, spectra, each, columns);
    align(rotation, phases, spectra, maps);
    for (std::size_t i = 0; i < factors.size(); ++i)
      inside_.factors += std::abs(factors[i] - spectra[i]) < factors_sigma[i];
    for (std::size_t i = 0; i < loadings.size(); ++i)
      inside_.loadings += std::abs(loadings[i] - maps[i]) < loadings_sigma[i];
    ++number_;
  }
  Inside share() const {
    return {inside_.factors / (number_ * static_cast<double>(factors_.size())),
            inside_.loadings / (number_ * static_cast<double>(loadings_.size()))};
  }

 private:
  std::vector<double> factors_, loadings_;
  Inside inside_;
  double number_ = 0;
};

PcaParams params_of(Kind kind, std::int64_t bootstrap) {
  PcaParams params;
  params.components = phases;
  params.weighting = kind == Kind::gaussian ? "none" : "poisson";
  params.bootstrap = bootstrap;
  return params;
}

/// Coverage of σ to first order and of the bootstrap's, over `measurements`.
std::pair<Inside, Inside> coverage(Kind kind, double counts, std::uint64_t measurements, std::int64_t bootstrap) {
  Context context;
  context.threads = 2;
  const std::vector<double> mean = means(counts);
  Description description = measured(mean, kind, 0).describe();
  const Dataset exact = Dataset::from_values<double>(description, mean);
  const PcaResult truth = pca(Rows(exact, context), params_of(kind, 0), context);
  Coverage first_order(truth.factors, truth.loadings), repeated(truth.factors, truth.loadings);
  for (std::uint64_t number = 0; number < measurements; ++number) {
    const Dataset data = measured(mean, kind, number);
    const Rows data_rows(data, context);
    const PcaResult result = pca(data_rows, params_of(kind, bootstrap), context);
    const ComponentSigma sigma = sigma_of_components(result);
    first_order.add(result.factors, sigma.factors, result.loadings, sigma.loadings);
    if (bootstrap == 0) continue;
    const Spread spread = repeat_pca(data_rows, {}, params_of(kind, bootstrap), result, context);
    repeated.add(result.factors, spread.factors, result.loadings, spread.loadings);
  }
  return {first_order.share(), bootstrap > 0 ? repeated.share() : Inside{}};
}

TEST(PcaUncertainty, CoversTheTruthAsOftenAsItSays) {
  const auto expect_covers = [](Kind kind, double counts) {
    const Inside share = coverage(kind, counts, 30, 0).first;
    SCOPED_TRACE(counts);
    EXPECT_NEAR(share.factors, 0.683, 0.03);
    EXPECT_NEAR(share.loadings, 0.683, 0.03);
  };
  for (const double counts : {25, 100, 400}) expect_covers(Kind::counts, counts);
  for (const double counts : {100, 400}) expect_covers(Kind::camera, counts);
  for (const double counts : {40, 160}) expect_covers(Kind::gaussian, counts);
}

TEST(PcaUncertainty, OfRepeatedMeasurementsCoversTheTruthAsOftenAsItSays) {
  for (const Kind kind : {Kind::counts, Kind::camera, Kind::gaussian}) {
    const Inside share = coverage(kind, kind == Kind::gaussian ? 80 : 400, 8, 25).second;
    SCOPED_TRACE(static_cast<int>(kind));
    EXPECT_NEAR(share.factors, 0.683, 0.05);
    EXPECT_NEAR(share.loadings, 0.683, 0.03);
  }
}

TEST(PcaUncertainty, IcaOfRepeatedMeasurementsCoversTheTruth) {
  Context context;
  const std::vector<double> mean = means(3000);
  IcaParams params;
  params.components = std::vector<double>{1, 2, 3};
  params.algorithm = "jade";
  params.weighting = "poisson";
  const Dataset exact = Dataset::from_values<double>(measured(mean, Kind::counts, 0).describe(), mean);
  const IcaResult truth = ica(Rows(exact, context), params, context);
  Coverage covered(truth.factors, truth.loadings);
  params.bootstrap = 20;
  for (std::uint64_t number = 0; number < 6; ++number) {
    const Dataset data = measured(mean, Kind::counts, number);
    const IcaResult result = ica(Rows(data, context), params, context);
    ASSERT_TRUE(result.spread.has_value());
    EXPECT_EQ(result.failed, 0);
    covered.add(result.factors, result.spread->factors, result.loadings, result.spread->loadings);
  }
  EXPECT_NEAR(covered.share().factors, 0.683, 0.08);
  EXPECT_NEAR(covered.share().loadings, 0.683, 0.08);
}

TEST(PcaUncertainty, HasTheSameBitsForAnyThreadsAndMemory) {
  const Dataset data = measured(means(60), Kind::counts, 3);
  std::vector<Spread> spreads;
  for (const int threads : {1, 2, 7}) {
    Context context;
    context.threads = threads;
    const PcaParams params = params_of(Kind::counts, 3);
    // With 7 threads nothing stays in memory between passes.
    const std::int64_t reading = threads * Rows::bytes_per_worker(data.describe());
    const Rows data_rows(data, context, {}, threads == 7 ? context.memory - reading : 0);
    const PcaResult result = pca(data_rows, params, context);
    spreads.push_back(repeat_pca(data_rows, {}, params, result, context));
  }
  for (const Spread& spread : spreads) {
    EXPECT_EQ(spread.factors, spreads[0].factors);
    EXPECT_EQ(spread.loadings, spreads[0].loadings);
    EXPECT_EQ(spread.noise.gain, 1);
  }
}

TEST(PcaUncertainty, LeavesMaskedPositionsWithoutValueAndMaskedChannelsAtZero) {
  Context context;
  Masks masks{std::vector<std::uint8_t>(rows, 0), std::vector<std::uint8_t>(columns, 0)};
  masks.rows[5] = masks.columns[7] = 1;
  const Dataset data = measured(means(60), Kind::counts, 0);
  const Rows data_rows(data, context, masks);
  const PcaParams params = params_of(Kind::counts, 2);
  const PcaResult result = pca(data_rows, params, context);
  const Spread spread = repeat_pca(data_rows, masks, params, result, context);
  for (std::size_t k = 0; k < phases; ++k) {
    EXPECT_TRUE(std::isnan(spread.loadings[5 * phases + k]));
    EXPECT_GT(spread.loadings[6 * phases + k], 0);
    EXPECT_EQ(spread.factors[k * columns + 7], 0);
    EXPECT_GT(spread.factors[k * columns + 8], 0);
  }
}

TEST(PcaUncertainty, TellsWhichComponentsNoiseMixes) {
  PcaResult result;
  result.components = 4;
  result.singular_values = {10, 5, 4.9, 3, 2.95};
  result.noise = 0.1;
  EXPECT_EQ(indistinct_groups(result), (std::vector<std::size_t>{0, 1, 1, 2, 2}));
  EXPECT_EQ(about_indistinct(result).substr(0, 36), "components 2 and 3, 4 and 5 have sin");
  result.noise = 1e-3;
  EXPECT_EQ(about_indistinct(result), "");
}

// Two components of equal strength: found in any mixture, which a rotation takes back.
TEST(PcaUncertainty, RotatesWhatIsNotToldApart) {
  const std::vector<double> ours{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0};
  const double c = std::cos(0.7), s = std::sin(0.7);
  std::vector<double> factors{0, 0, -1, 0, c, s, 0, 0, -s, c, 0, 0}, loadings{3, 1, 2, 0, 5, -1};
  const std::vector<double> before = loadings;
  const std::vector<double> rotation = aligning_rotation(ours, factors, std::vector<std::size_t>{0, 0, 1}, 4);
  align(rotation, 3, factors, loadings);
  for (std::size_t i = 0; i < ours.size(); ++i) EXPECT_NEAR(factors[i], ours[i], 1e-12);
  EXPECT_NEAR(loadings[0], c * before[1] - s * before[2], 1e-12);
  EXPECT_NEAR(loadings[2], -before[0], 1e-12);
}

TEST(PcaUncertainty, IsAnOutputOfBothOperationsWhereAskedFor) {
  Inputs inputs;
  inputs.set("data", measured(means(60), Kind::counts, 0));
  for (const char* name : {"unmix.pca", "unmix.ica"}) {
    SCOPED_TRACE(name);
    const Operation& wanted = operation(name);
    Context context;
    const Outputs without = wanted.run(inputs, complete(wanted.parameters, Json::object()), context);
    EXPECT_EQ(without.find("factors_spread"), nullptr);
    const Outputs with = wanted.run(inputs, complete(wanted.parameters, {{"bootstrap", 2}}), context);
    EXPECT_EQ(with.dataset("factors_spread").describe().shape(), with.dataset("factors").describe().shape());
    EXPECT_EQ(with.dataset("loadings_spread").describe().shape(), with.dataset("loadings").describe().shape());
  }
}

}  // namespace
}  // namespace ruska::ops::unmix
