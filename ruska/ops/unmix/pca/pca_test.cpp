// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/pca/pca.hpp"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>
#include <lapacke.h>
#include <rapidcheck/gtest.h>

#include "ruska/core/operation.hpp"
#include "ruska/ops/unmix/small_maps.hpp"

namespace ruska::ops::unmix {
namespace {

PcaResult analyse(const Dataset& data, const PcaParams& params, int threads = 2, const Masks& masks = {}) {
  Context context;
  context.threads = threads;
  return pca(Rows(data, context, masks), params, context);
}

/// The singular values and the rank-k approximation of a dense matrix, by LAPACK's SVD.
struct Reference {
  std::vector<double> singular_values, approximation;
};
Reference reference_svd(const std::vector<double>& matrix, std::size_t rows, std::size_t columns, std::size_t rank) {
  const std::size_t least = std::min(rows, columns);
  std::vector<double> a = matrix, u(rows * least), vt(least * columns);
  Reference reference{std::vector<double>(least), std::vector<double>(rows * columns, 0.0)};
  EXPECT_EQ(LAPACKE_dgesdd(LAPACK_ROW_MAJOR, 'S', static_cast<int>(rows), static_cast<int>(columns), a.data(),
                           static_cast<int>(columns), reference.singular_values.data(), u.data(),
                           static_cast<int>(least), vt.data(), static_cast<int>(columns)),
            0);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      for (std::size_t k = 0; k < rank; ++k) {
        reference.approximation[i * columns + j] +=
            u[i * least + k] * reference.singular_values[k] * vt[k * columns + j];
      }
    }
  }
  return reference;
}

/// loadings · factors, in data units.
std::vector<double> rebuilt(const PcaResult& result, std::size_t rows, std::size_t columns) {
  const auto count = static_cast<std::size_t>(result.components);
  std::vector<double> values(rows * columns, 0.0);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      for (std::size_t k = 0; k < count; ++k) {
        values[i * columns + j] += result.loadings[i * count + k] * result.factors[k * columns + j];
      }
    }
  }
  return values;
}

/// Compares a Poisson-weighted analysis with the SVD of the weighted matrix that plain loops make.
void expect_weighted_svd(std::int64_t height, std::int64_t width, std::int64_t channels, double counts,
                         std::int64_t rank) {
  const auto values = mixed_counts(height, width, channels, 3, counts, 7);
  const auto rows = static_cast<std::size_t>(height * width), columns = static_cast<std::size_t>(channels);
  std::vector<double> g(rows, 0.0), h(columns, 0.0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    g[i / columns] += values[i];
    h[i % columns] += values[i];
  }
  const auto weight = [&](std::size_t i) {
    const double product = g[i / columns] * h[i % columns];
    return product > 0 ? 1 / std::sqrt(product) : 0.0;
  };
  std::vector<double> weighted(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) weighted[i] = values[i] * weight(i);
  const Reference reference = reference_svd(weighted, rows, columns, static_cast<std::size_t>(rank));

  PcaParams params;
  params.components = rank;
  params.weighting = "poisson";
  const PcaResult result = analyse(small_map(height, width, channels, values), params);
  for (std::size_t k = 0; k < static_cast<std::size_t>(rank); ++k) {
    EXPECT_NEAR(result.singular_values[k], reference.singular_values[k], 1e-9) << k;
  }
  double total = 0;
  for (const double value : weighted) total += value * value;
  EXPECT_NEAR(result.total_sum_of_squares, total, 1e-10 * total);
  const std::vector<double> approximation = rebuilt(result, rows, columns);
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_NEAR(approximation[i] * weight(i), reference.approximation[i], 1e-8) << i;
  }
}

TEST(Pca, MeetsTheSvdForSparseCounts) { expect_weighted_svd(20, 30, 60, 8, 4); }
TEST(Pca, MeetsTheSvdForDenseCounts) { expect_weighted_svd(20, 30, 60, 2000, 4); }
TEST(Pca, MeetsTheSvdAlongTheRows) { expect_weighted_svd(4, 5, 200, 100, 3); }

TEST(Pca, FindsASmallAnswerByHand) {
  // [[3, 0], [0, 4]] has the singular values 4 and 3.
  PcaParams params;
  params.components = 2;
  params.weighting = "none";
  const PcaResult result = analyse(small_map<double>(1, 2, 2, {3, 0, 0, 4}), params);
  EXPECT_NEAR(result.singular_values[0], 4, 1e-12);
  EXPECT_NEAR(result.singular_values[1], 3, 1e-12);
  EXPECT_NEAR(result.total_sum_of_squares, 25, 1e-12);
  const std::vector<double> factors{0, 1, 1, 0}, loadings{0, 3, 4, 0};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(result.factors[i], factors[i], 1e-12);
    EXPECT_NEAR(result.loadings[i], loadings[i], 1e-12);
  }
}

TEST(Pca, SparseAndDenseBlocksAgree) {
  const auto counts = mixed_counts(20, 30, 60, 3, 10, 3);
  // A tenth is not exact in float32, so that these rows are dense.
  std::vector<double> tenths(counts.begin(), counts.end());
  for (double& value : tenths) value *= 0.1;
  Context context;
  const Dataset sparse = small_map(20, 30, 60, counts), dense = small_map(20, 30, 60, tenths);
  ASSERT_TRUE(Rows(sparse, context).block(0)->sparse);
  ASSERT_FALSE(Rows(dense, context).block(0)->sparse);
  PcaParams params;
  params.components = 3;
  for (const char* weighting : {"none", "poisson"}) {
    params.weighting = weighting;
    const PcaResult one = analyse(sparse, params), other = analyse(dense, params);
    const double scale = std::string(weighting) == "none" ? 10 : 1;
    for (std::size_t k = 0; k < 3; ++k) {
      EXPECT_NEAR(one.singular_values[k], scale * other.singular_values[k], 1e-10 * one.singular_values[0]);
    }
    const auto a = rebuilt(one, 600, 60), b = rebuilt(other, 600, 60);
    for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], 10 * b[i], 1e-9);
  }
}

TEST(Pca, GivesTheSameBitsForAnyNumberOfThreads) {
  const Dataset data = small_map(40, 50, 90, mixed_counts(40, 50, 90, 3, 30, 4));
  for (const char* rule : {"gavish_donoho", "count_splitting"}) {
    PcaParams params;
    params.rank_rule = rule;
    const PcaResult one = analyse(data, params, 1);
    for (const int threads : {2, 7}) {
      const PcaResult many = analyse(data, params, threads);
      EXPECT_EQ(one.factors, many.factors);
      EXPECT_EQ(one.loadings, many.loadings);
      EXPECT_EQ(one.singular_values, many.singular_values);
      EXPECT_EQ(one.reason, many.reason);
    }
  }
}

TEST(Pca, ChoosesTheRankOfMixtures) {
  for (const int materials : {1, 2, 3, 4}) {
    const Dataset data = small_map(40, 40, 80, mixed_counts(40, 40, 80, materials, 300, 5));
    for (const char* rule : {"gavish_donoho", "count_splitting"}) {
      PcaParams params;
      params.rank_rule = rule;
      const PcaResult result = analyse(data, params);
      EXPECT_EQ(result.components, materials) << rule << ": " << result.reason;
    }
  }
}

TEST(Pca, CentresAlongEitherSide) {
  const auto values = mixed_counts(6, 7, 30, 3, 200, 6);
  const std::size_t rows = 42, columns = 30;
  for (const std::string center : {"navigation", "signal"}) {
    std::vector<double> row_mean(rows, 0.0), column_mean(columns, 0.0), centred(values.begin(), values.end());
    for (std::size_t i = 0; i < values.size(); ++i) {
      row_mean[i / columns] += values[i] / static_cast<double>(columns);
      column_mean[i % columns] += values[i] / static_cast<double>(rows);
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      centred[i] -= center == "signal" ? row_mean[i / columns] : column_mean[i % columns];
    }
    PcaParams params;
    params.components = 2;
    params.center = center;
    const PcaResult result = analyse(small_map(6, 7, 30, values), params);
    EXPECT_FALSE(result.poisson_weighted);
    const Reference reference = reference_svd(centred, rows, columns, 2);
    EXPECT_NEAR(result.singular_values[0], reference.singular_values[0], 1e-9 * reference.singular_values[0]);
    EXPECT_NEAR(result.singular_values[1], reference.singular_values[1], 1e-9 * reference.singular_values[0]);
    const auto approximation = rebuilt(result, rows, columns);
    for (std::size_t i = 0; i < values.size(); ++i) ASSERT_NEAR(approximation[i], reference.approximation[i], 1e-7);
    const auto& mean = center == "signal" ? row_mean : column_mean;
    ASSERT_EQ(result.mean.size(), mean.size());
    for (std::size_t i = 0; i < mean.size(); ++i) EXPECT_NEAR(result.mean[i], mean[i], 1e-10);
  }
}

TEST(Pca, LeavesOutWhatIsMasked) {
  auto values = mixed_counts(8, 9, 20, 2, 50, 8);
  Masks masks{std::vector<std::uint8_t>(72, 0), std::vector<std::uint8_t>(20, 0)};
  masks.rows[5] = masks.columns[3] = 1;
  PcaParams params;
  params.components = 2;
  const PcaResult result = analyse(small_map(8, 9, 20, values), params, 2, masks);
  // What stands in masked places must not matter.
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i / 20 == 5 || i % 20 == 3) values[i] = 60000;
  }
  const PcaResult other = analyse(small_map(8, 9, 20, values), params, 2, masks);
  EXPECT_EQ(result.factors, other.factors);
  EXPECT_EQ(result.singular_values, other.singular_values);
  for (std::size_t i = 0; i < result.loadings.size(); ++i) EXPECT_EQ(std::isnan(result.loadings[i]), i / 2 == 5) << i;
  EXPECT_EQ(result.factors[3], 0);
  EXPECT_EQ(result.factors[20 + 3], 0);
}

TEST(Pca, TakesEmptyPositionsAndChannels) {
  auto values = mixed_counts(8, 9, 20, 2, 50, 9);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i / 20 == 7 || i % 20 == 11) values[i] = 0;
  }
  PcaParams params;
  params.components = 2;
  const PcaResult result = analyse(small_map(8, 9, 20, values), params);
  for (const double value : result.factors) EXPECT_TRUE(std::isfinite(value));
  for (const double value : result.loadings) EXPECT_TRUE(std::isfinite(value));
  EXPECT_EQ(result.loadings[14], 0);
  EXPECT_EQ(result.loadings[15], 0);
  EXPECT_EQ(result.factors[11], 0);
}

TEST(Pca, TakesTheSmallestAndTheDullest) {
  const PcaResult one = analyse(small_map<std::uint16_t>(1, 1, 1, {5}), {});
  EXPECT_EQ(one.components, 1);
  EXPECT_NEAR(one.loadings[0] * one.factors[0], 5, 1e-12);
  const PcaResult nothing = analyse(small_map(3, 4, 5, std::vector<std::uint16_t>(60, 0)), {});
  EXPECT_EQ(nothing.components, 1);
  for (const double value : nothing.factors) EXPECT_EQ(value, 0);
  for (const char* weighting : {"none", "poisson"}) {
    PcaParams params;
    params.weighting = weighting;
    const PcaResult constant = analyse(small_map(3, 4, 5, std::vector<std::uint16_t>(60, 7)), params);
    EXPECT_EQ(constant.components, 1) << constant.reason;
    for (const double value : rebuilt(constant, 12, 5)) EXPECT_NEAR(value, 7, 1e-10);
  }
}

void expect_refused(const Dataset& data, const PcaParams& params, ErrorKind kind, const std::string& words) {
  try {
    analyse(data, params);
    FAIL() << "not refused: " << words;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind);
    EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
  }
}

TEST(Pca, RefusesWhatMakesNoSense) {
  std::vector<float> values(24, 1.5f);
  values[4 * 3 + 2] = std::numeric_limits<float>::quiet_NaN();
  expect_refused(small_map(2, 3, 4, values), {}, ErrorKind::bad_data, "(y 1, x 0, Energy 2)");
  values[4 * 3 + 2] = -1;
  PcaParams params;
  params.weighting = "poisson";
  expect_refused(small_map(2, 3, 4, values), params, ErrorKind::invalid_argument, "(y 1, x 0, Energy 2) is negative");
  params.center = "navigation";
  expect_refused(small_map(2, 3, 4, values), params, ErrorKind::invalid_argument, "cannot be combined");
  params = {};
  params.rank_rule = "count_splitting";
  expect_refused(small_map(2, 3, 4, values), params, ErrorKind::invalid_argument, "needs counts");
  params.components = 5;
  expect_refused(small_map(2, 3, 4, values), params, ErrorKind::invalid_argument, "at most 4");
}

RC_GTEST_PROP(Pca, PermutingPositionsPermutesLoadings, ()) {
  const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1000);
  constexpr std::size_t rows = 30, columns = 16;
  const auto values = mixed_counts(5, 6, columns, 2, 100, seed);
  std::vector<std::size_t> order(rows);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::shuffle(order.begin(), order.end(), std::mt19937_64(seed));
  std::vector<std::uint16_t> shuffled;
  for (const std::size_t row : order) {
    shuffled.insert(shuffled.end(), values.begin() + static_cast<std::ptrdiff_t>(row * columns),
                    values.begin() + static_cast<std::ptrdiff_t>((row + 1) * columns));
  }
  PcaParams params;
  params.components = 2;
  const PcaResult one = analyse(small_map(5, 6, columns, values), params);
  const PcaResult other = analyse(small_map(5, 6, columns, shuffled), params);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t k = 0; k < 2; ++k) {
      RC_ASSERT(std::abs(other.loadings[i * 2 + k] - one.loadings[order[i] * 2 + k]) < 1e-7);
    }
  }
}

TEST(PcaOperation, GivesEveryOutputAndALazyReconstruction) {
  const auto values = mixed_counts(8, 9, 20, 2, 50, 10);
  const Dataset data = small_map(8, 9, 20, values);
  for (const char* center : {"none", "navigation", "signal"}) {
    Context context;
    const Operation& pca_of_registry = operation("unmix.pca");
    const Json parameters = complete(pca_of_registry.parameters, {{"components", 20}, {"center", center}});
    const Outputs outputs = pca_of_registry.run({{"data", data}}, parameters, context);
    for (const OutputPort& port : pca_of_registry.facts.outputs) {
      EXPECT_EQ(outputs.find(port.name) != nullptr,
                port.name == "mean" ? std::string(center) != "none" : !port.name.ends_with("_spread"))
          << port.name;
    }
    const Dataset& reconstruction = outputs.dataset("reconstruction");
    EXPECT_TRUE(reconstruction.describe().lazy);
    // All components together are the data.
    const std::vector<double> rebuilt_values = reconstruction.read_all_as_double();
    for (std::size_t i = 0; i < values.size(); ++i) ASSERT_NEAR(rebuilt_values[i], values[i], 1e-7) << center;
  }
}

}  // namespace
}  // namespace ruska::ops::unmix
