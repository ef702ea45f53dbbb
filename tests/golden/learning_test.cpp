// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
// Clustering and classification of three well-known tables (iris, wine, digits) against what scikit-learn 1.2.1 gives
// for the same method and settings. The tables are read from Debian's package python3-sklearn. What has one optimum
// must agree to four digits; what depends on draws, within two standard errors of the mean over five seeds.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <numeric>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "ruska/ops/classify/support_vectors.hpp"
#include "ruska/ops/classify/trees.hpp"
#include "ruska/ops/segment/gmm/gmm.hpp"
#include "ruska/ops/segment/kmeans/kmeans.hpp"

namespace ruska {
namespace {

const std::filesystem::path folder = "/usr/lib/python3/dist-packages/sklearn/datasets/data";

struct Known {
  std::size_t rows = 0, columns = 0;
  std::vector<double> values;
  std::vector<std::int32_t> label;
};

/// A comma-separated table, the class last; gzipped or not. `header` leaves out the first line.
Known read_table(const std::string& name, bool header) {
  Known table;
  const gzFile file = gzopen((folder / name).c_str(), "rb");
  if (file == nullptr) return table;
  std::vector<char> line(1 << 16);
  for (bool first = true; gzgets(file, line.data(), static_cast<int>(line.size())) != nullptr; first = false) {
    if (first && header) continue;
    std::istringstream fields(line.data());
    std::vector<double> row;
    for (std::string field; std::getline(fields, field, ',');) row.push_back(std::stod(field));
    table.label.push_back(static_cast<std::int32_t>(row.back()));
    row.pop_back();
    table.columns = row.size();
    table.values.insert(table.values.end(), row.begin(), row.end());
    ++table.rows;
  }
  gzclose(file);
  return table;
}

class LearningGolden : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(folder)) GTEST_SKIP() << "python3-sklearn is not installed";
  }
  static Known iris() { return read_table("iris.csv", true); }
  static Known wine() { return read_table("wine_data.csv", true); }
  static Known digits() { return read_table("digits.csv.gz", false); }
};

Dataset dataset(const Known& table) {
  Description description;
  description.title = "table";
  description.axes = {{.name = "position", .role = Role::navigation, .size = static_cast<std::int64_t>(table.rows)},
                      {.name = "feature", .role = Role::signal, .size = static_cast<std::int64_t>(table.columns)}};
  return Dataset::from_values<double>(description, table.values);
}

/// Agreement of two labellings, 1 for equal ones and 0 for chance (Hubert and Arabie, J. Classif. 2, 193 (1985)).
double adjusted_rand_index(const std::vector<std::int32_t>& a, const std::vector<std::int32_t>& b) {
  std::map<std::pair<std::int32_t, std::int32_t>, double> both;
  std::map<std::int32_t, double> of_a, of_b;
  for (std::size_t i = 0; i < a.size(); ++i) {
    both[{a[i], b[i]}] += 1;
    of_a[a[i]] += 1;
    of_b[b[i]] += 1;
  }
  const auto pairs = [](const auto& counts) {
    double sum = 0;
    for (const auto& [key, n] : counts) sum += n * (n - 1) / 2;
    return sum;
  };
  const auto n = static_cast<double>(a.size());
  const double expected = pairs(of_a) * pairs(of_b) / (n * (n - 1) / 2);
  return (pairs(both) - expected) / ((pairs(of_a) + pairs(of_b)) / 2 - expected);
}

ops::segment::KmeansResult clustered(const Known& table, std::int64_t clusters, std::int64_t starts,
                                     std::int64_t seed) {
  ops::segment::KmeansParams params;
  params.clusters = clusters;
  params.starts = starts;
  params.seed = seed;
  params.normalization = "none";
  Context context;
  return ops::segment::kmeans(Rows(dataset(table), context), params, context);
}

TEST_F(LearningGolden, KmeansOfIris) {
  const Known table = iris();
  for (std::int64_t seed = 0; seed < 5; ++seed) {
    const auto result = clustered(table, 3, 10, seed);
    EXPECT_NEAR(result.best.inertia, 78.8514, 5e-5);
    EXPECT_NEAR(result.trials.front().silhouette.value, 0.5528, 5e-5);
    EXPECT_NEAR(adjusted_rand_index(result.best.label, table.label), 0.730, 5e-4);
  }
  // A single start reaches the optimum 98 times in a hundred.
  EXPECT_GE(clustered(table, 3, 200, 0).starts_agreeing, 0.95);
}

TEST_F(LearningGolden, KmeansOfDigits) {
  const Known table = digits();
  ASSERT_EQ(table.rows, 1797u);
  for (std::int64_t seed = 0; seed < 5; ++seed) {
    const auto result = clustered(table, 10, 10, seed);
    EXPECT_LE(result.best.inertia, 1.1662e6);
    EXPECT_GE(adjusted_rand_index(result.best.label, table.label), 0.66);
  }
}

TEST_F(LearningGolden, MixturesOfIris) {
  const Known table = iris();
  Context context;
  const Rows rows(dataset(table), context);
  ops::segment::GmmParams params;
  params.normalization = "none";
  params.clusters = 3;
  const std::map<std::string, double> likelihood{
      {"full", -1.2013}, {"tied", -1.7119}, {"diagonal", -2.0479}, {"spherical", -2.5621}};
  for (const auto& [covariance, expected] : likelihood) {
    params.covariance = covariance;
    const auto result = ops::segment::gmm(rows, params, context);
    EXPECT_NEAR(result.mixture.log_likelihood, expected, 1e-4) << covariance;
    if (covariance != "full") continue;
    std::vector<std::int32_t> label;
    for (std::size_t i = 0; i < table.rows; ++i) {
      const auto own = result.probability.begin() + static_cast<std::ptrdiff_t>(3 * i);
      label.push_back(static_cast<std::int32_t>(std::max_element(own, own + 3) - own));
    }
    EXPECT_NEAR(adjusted_rand_index(label, table.label), 0.904, 5e-4);
  }
  params.covariance = "full";
  params.clusters.reset();
  const auto result = ops::segment::gmm(rows, params, context);
  const std::vector<double> criterion{830.0, 574.0, 580.9};
  for (std::size_t k = 0; k < criterion.size(); ++k) {
    EXPECT_NEAR(result.trials[k].information_criterion(table.rows), criterion[k], 0.05) << k + 1;
  }
  EXPECT_EQ(result.mixture.clusters, 2u);
}

/// Mean accuracy of cross-validation over five seeds, and its standard error for one.
std::pair<double, double> accuracy(const Known& table, const std::string& normalization,
                                   const std::function<ops::classify::Train(std::int64_t)>& train) {
  ops::classify::Examples examples;
  examples.values = table.values;
  examples.label = table.label;
  for (std::int32_t k = 0; k <= *std::max_element(table.label.begin(), table.label.end()); ++k) {
    examples.classes.push_back(k + 1);
  }
  for (std::size_t i = 0; i < table.rows; ++i) examples.positions.push_back(static_cast<std::int64_t>(i));
  double mean = 0, sigma = 0;
  for (std::int64_t seed = 0; seed < 5; ++seed) {
    Context context;
    const auto result = ops::classify::cross_validate(examples, dataset(table).describe(), {},
                                                      {normalization, "none", 5, seed}, train(seed), context);
    mean += result.accuracy / 5;
    sigma += result.sigma / 5;
  }
  return {mean, sigma};
}

std::function<ops::classify::Train(std::int64_t)> machine(const std::string& kernel) {
  return [=](std::int64_t seed) -> ops::classify::Train {
    return [=](const auto& set, auto& model, bool probabilities, Context& context) {
      ops::classify::SupportVectorOptions options;
      options.kernel = kernel;
      options.seed = seed;
      ops::classify::train_support_vectors(set, options, model, probabilities, context);
    };
  };
}

std::function<ops::classify::Train(std::int64_t)> trees(std::int64_t number, const std::string& criterion = "gini") {
  return [=](std::int64_t seed) -> ops::classify::Train {
    return [=](const auto& set, auto& model, bool, Context& context) {
      ops::classify::TreeOptions options;
      options.criterion = criterion;
      options.seed = seed;
      options.trees = number;
      options.bootstrap = number > 1;
      if (number > 1) options.split_features = static_cast<std::int64_t>(std::sqrt(static_cast<double>(set.channels)));
      ops::classify::train_trees(set, options, model, context);
    };
  };
}

void expect_accuracy(const std::pair<double, double>& got, double expected) {
  EXPECT_NEAR(got.first, expected, 2 * got.second) << "σ " << got.second;
}

TEST_F(LearningGolden, SupportVectorMachines) {
  expect_accuracy(accuracy(digits(), "none", machine("rbf")), 0.987);
  expect_accuracy(accuracy(digits(), "none", machine("polynomial")), 0.988);
  expect_accuracy(accuracy(iris(), "none", machine("linear")), 0.967);
  expect_accuracy(accuracy(wine(), "standardize", machine("rbf")), 0.983);
  expect_accuracy(accuracy(wine(), "none", machine("rbf")), 0.657);
}

TEST_F(LearningGolden, SupportVectorsOfIris) {
  const Known table = iris();
  ops::classify::TrainingSet set{table.rows, table.columns, 3, table.values, table.label};
  ops::classify::Model model;
  model.classes = {1, 2, 3};
  model.scaling = ops::classify::fit_scaling("none", "none", table.values, table.rows, table.columns, {});
  Context context;
  ops::classify::train_support_vectors(set, {}, model, false, context);
  EXPECT_EQ(model.settings["support_vectors_per_class"], (Json{7, 29, 24}));
}

TEST_F(LearningGolden, TreesAndForests) {
  const auto [gini, sigma] = accuracy(digits(), "none", trees(1));
  EXPECT_NEAR(gini, 0.859, 0.02) << "σ " << sigma;
  EXPECT_NEAR(accuracy(digits(), "none", trees(1, "entropy")).first, gini, 0.02);
  expect_accuracy(accuracy(digits(), "none", trees(100)), 0.973);
  expect_accuracy(accuracy(wine(), "none", trees(100)), 0.972);
}

}  // namespace
}  // namespace ruska
