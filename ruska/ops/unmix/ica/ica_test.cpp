// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/ica/ica.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/base/random.hpp"
#include "ruska/ops/unmix/ica/rotations.hpp"

namespace ruska::ops::unmix {
namespace {

constexpr std::size_t sources = 3;

/// Three independent sources of unit variance: uniform, two-sided exponential, and a slow wave with noise.
Samples source_samples(std::int64_t number) {
  Samples samples;
  samples.components = sources;
  samples.grids = {{number}};
  for (std::int64_t i = 0; i < number; ++i) {
    Random random(5, "sources", static_cast<std::uint64_t>(i));
    const double uniform = (random.uniform() - 0.5) * std::sqrt(12.0);
    const double exponential = std::log(random.uniform()) * (random.uniform() < 0.5 ? 1 : -1) / std::sqrt(2.0);
    const double wave = std::sqrt(2.0) * std::sin(0.05 * static_cast<double>(i));
    samples.values.insert(samples.values.end(), {uniform, exponential, wave});
  }
  return samples;
}

constexpr double mixing[sources][sources] = {{1.0, 0.6, -0.4}, {0.3, -1.2, 0.8}, {-0.7, 0.5, 1.5}};

Samples mixed(const Samples& samples) {
  Samples result = samples;
  for (std::int64_t i = 0; i < samples.size(); ++i) {
    for (std::size_t p = 0; p < sources; ++p) {
      double value = 10.0 * static_cast<double>(p);
      for (std::size_t q = 0; q < sources; ++q) {
        value += mixing[p][q] * samples.values[static_cast<std::size_t>(i) * sources + q];
      }
      result.values[static_cast<std::size_t>(i) * sources + p] = value;
    }
  }
  return result;
}

/// How far rotation · whitening · mixing is from a permutation with signs: the largest of what should be zero, relative
/// to the largest of its row.
double crosstalk(const Rotation& rotation, const Whitened& white) {
  double worst = 0;
  for (std::size_t p = 0; p < sources; ++p) {
    double row[sources] = {};
    for (std::size_t j = 0; j < sources; ++j) {
      for (std::size_t i = 0; i < sources; ++i) {
        for (std::size_t q = 0; q < sources; ++q) {
          row[q] += rotation.matrix[p * sources + i] * white.matrix[i * sources + j] * mixing[j][q];
        }
      }
    }
    std::sort(row, row + sources, [](double a, double b) { return std::abs(a) > std::abs(b); });
    worst = std::max(worst, std::abs(row[1] / row[0]));
  }
  return worst;
}

class Separation : public testing::Test {
 protected:
  Context context;
  Whitened white = whiten(mixed(source_samples(20000)), context);
};

TEST_F(Separation, WhiteSamplesHaveUnitCovariance) {
  double sum[sources] = {}, products[sources][sources] = {};
  for (std::int64_t i = 0; i < white.samples.size(); ++i) {
    const double* const x = &white.samples.values[static_cast<std::size_t>(i) * sources];
    for (std::size_t p = 0; p < sources; ++p) {
      sum[p] += x[p] / 20000;
      for (std::size_t q = 0; q < sources; ++q) products[p][q] += x[p] * x[q] / 20000;
    }
  }
  for (std::size_t p = 0; p < sources; ++p) {
    EXPECT_NEAR(sum[p], 0, 1e-9);
    for (std::size_t q = 0; q < sources; ++q) EXPECT_NEAR(products[p][q], p == q ? 1 : 0, 1e-9);
  }
}

TEST_F(Separation, FastIcaFindsTheSourcesWithEveryNonlinearity) {
  for (const char* nonlinearity : {"logcosh", "exp", "cube"}) {
    for (const bool deflation : {false, true}) {
      const Rotation rotation =
          fast_ica(white.samples, {.nonlinearity = nonlinearity, .deflation = deflation}, context);
      EXPECT_TRUE(rotation.converged) << nonlinearity;
      EXPECT_LT(crosstalk(rotation, white), 0.05) << nonlinearity << (deflation ? ", deflation" : ", parallel");
    }
  }
  EXPECT_THROW(fast_ica(white.samples, {.nonlinearity = "square"}, context), Error);
}

TEST_F(Separation, JadeSobiAndVarimaxFindThem) {
  const Rotation by_cumulants = jade(white.samples, 1e-8, 100, context);
  EXPECT_TRUE(by_cumulants.converged);
  EXPECT_LT(crosstalk(by_cumulants, white), 0.05);
  // The wave alone is correlated with its neighbours: second order tells it from the two others, not these apart.
  const Rotation by_neighbours = sobi(white.samples, 20, 1e-8, 100, context);
  double most = 0;
  for (std::size_t p = 0; p < sources; ++p) {
    double correlation = 0;
    for (std::int64_t i = 0; i + 1 < white.samples.size(); ++i) {
      double now = 0, next = 0;
      for (std::size_t q = 0; q < sources; ++q) {
        now += by_neighbours.matrix[p * sources + q] * white.samples.values[static_cast<std::size_t>(i) * sources + q];
        next +=
            by_neighbours.matrix[p * sources + q] * white.samples.values[static_cast<std::size_t>(i + 1) * sources + q];
      }
      correlation += now * next / 20000;
    }
    most = std::max(most, correlation);
  }
  EXPECT_GT(most, 0.995);
  const Rotation simple = orthomax(white.samples, 1, 1e-12, 500, context);
  EXPECT_TRUE(simple.converged);
}

TEST_F(Separation, TellsWhenItHasNotConverged) {
  EXPECT_FALSE(fast_ica(white.samples, {.tolerance = 1e-15, .most_iterations = 2}, context).converged);
  EXPECT_FALSE(orthomax(white.samples, 1, 0, 1, context).converged);
}

TEST(Differences, RunAlongEachAxisAndSkipWhatIsLeftOut) {
  const double none = std::numeric_limits<double>::quiet_NaN();
  const Samples grid{1, {1, 2, 4, 8, none, 32}, {{2, 3}}};
  const Samples first = differences(grid, 1);
  ASSERT_EQ(first.grids, (std::vector<Shape>{{1, 3}, {2, 2}}));
  EXPECT_THAT(first.values, testing::ElementsAre(7, testing::IsNan(), 28, 1, 2, testing::IsNan(), testing::IsNan()));
  const Samples second = differences(grid, 2);
  ASSERT_EQ(second.grids, (std::vector<Shape>{{2, 1}}));
  EXPECT_THAT(second.values, testing::ElementsAre(1, testing::IsNan()));
}

/// Positions × channels from two spectra with sharp lines on one slope.
Dataset two_spectra() {
  Description description;
  description.axes = {{.name = "y", .role = Role::navigation, .size = 6},
                      {.name = "x", .role = Role::navigation, .size = 8},
                      {.name = "energy", .role = Role::signal, .size = 60}};
  std::vector<double> values;
  for (int p = 0; p < 48; ++p) {
    const double a = 1 + p % 7, b = 1 + (p * 5) % 11;
    for (int e = 0; e < 60; ++e) {
      const double slope = 0.02 * (60 - e);
      const double first = slope + std::exp(-0.5 * (e - 15) * (e - 15)),
                   second = slope + std::exp(-0.5 * (e - 40) * (e - 40));
      values.push_back(a * first + b * second);
    }
  }
  return Dataset::from_values<double>(description, values);
}

IcaResult analyse(const IcaParams& params) {
  Context context;
  return ica(Rows(two_spectra(), context), params, context);
}

TEST(Ica, SeparatesTwoSpectraAndKeepsTheirProduct) {
  IcaParams params;
  params.components = {1, 2};
  for (const char* algorithm : {"fastica", "jade"}) {
    params.algorithm = algorithm;
    const IcaResult result = analyse(params);
    EXPECT_TRUE(result.converged);
    const auto data = two_spectra().read_all_as_double();
    for (std::size_t p = 0; p < 48; ++p) {
      for (std::size_t e = 0; e < 60; ++e) {
        const double fit =
            result.loadings[p * 2] * result.factors[e] + result.loadings[p * 2 + 1] * result.factors[60 + e];
        ASSERT_NEAR(fit, data[p * 60 + e], 1e-9);
      }
    }
    for (std::size_t k = 0; k < 2; ++k) {
      const double* const factor = &result.factors[k * 60];
      const double own = std::max(factor[15] - factor[20], factor[40] - factor[45]);
      const double other = std::min(std::abs(factor[15] - factor[20]), std::abs(factor[40] - factor[45]));
      EXPECT_LT(other, 0.15 * own) << algorithm << ", component " << k;
      EXPECT_NEAR(std::inner_product(factor, factor + 60, factor, 0.0), 1, 1e-12);
    }
    EXPECT_GE(result.share[0], result.share[1]);
  }
}

TEST(Ica, RotatesExactlyTheComponentsThatAreNamed) {
  IcaParams params;
  params.components = {2};
  params.derivative = 0;
  const IcaResult result = analyse(params);
  EXPECT_EQ(result.chosen, (std::vector<std::int64_t>{1}));
  Context context;
  PcaParams principal;
  principal.components = 2;
  const PcaResult two = pca(Rows(two_spectra(), context), principal, context);
  double overlap = 0, norm = 0;
  for (std::size_t e = 0; e < 60; ++e) {
    overlap += result.factors[e] * two.factors[60 + e];
    norm += two.factors[60 + e] * two.factors[60 + e];
  }
  EXPECT_NEAR(std::abs(overlap), std::sqrt(norm), 1e-9);
}

TEST(Ica, RefusesComponentsThatCannotBe) {
  IcaParams params;
  for (const std::vector<double>& wrong : {std::vector<double>{0}, {1.5}, {1, 1}, {}, {1, 1000}}) {
    params.components = wrong;
    EXPECT_THROW(analyse(params), Error);
  }
  params.components = {1, 2, 3};  // the data have two
  EXPECT_THROW(analyse(params), Error);
}

}  // namespace
}  // namespace ruska::ops::unmix
