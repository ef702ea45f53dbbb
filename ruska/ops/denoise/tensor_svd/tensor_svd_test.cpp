// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/denoise/tensor_svd/tensor_svd.hpp"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "ruska/base/random.hpp"
#include "ruska/core/operation.hpp"

namespace ruska::ops::denoise {
namespace {

Description described(const Shape& navigation, const Shape& signal) {
  Description description;
  description.title = "small";
  for (const std::int64_t size : navigation) {
    description.axes.push_back(
        {.name = "n" + std::to_string(description.axes.size()), .role = Role::navigation, .size = size, .scale = 0.5});
  }
  for (const std::int64_t size : signal) {
    description.axes.push_back(
        {.name = "s" + std::to_string(description.axes.size()), .units = "1/nm", .role = Role::signal, .size = size});
  }
  return description;
}

/// A sum of `rank` products of one smooth positive curve per axis, mean about `level`.
std::vector<double> separable(const Shape& shape, int rank, double level) {
  std::vector<double> values(static_cast<std::size_t>(count(shape)), 0.0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (int r = 0; r < rank; ++r) {
      double product = level / rank;
      std::size_t rest = i;
      for (std::size_t a = shape.size(); a-- > 0;) {
        const auto n = static_cast<std::size_t>(shape[a]);
        product *=
            1 + 0.9 * std::sin(2 * 3.14159265 * (r + 1) * static_cast<double>(rest % n) / static_cast<double>(n) + r +
                               static_cast<double>(a));
        rest /= n;
      }
      values[i] += product;
    }
  }
  return values;
}

std::vector<std::uint16_t> counted(const std::vector<double>& means, std::uint64_t seed) {
  std::vector<std::uint16_t> counts(means.size());
  for (std::size_t i = 0; i < counts.size(); ++i)
    counts[i] = static_cast<std::uint16_t>(Random(seed, "test", i).poisson(means[i]));
  return counts;
}

Outputs run(const Dataset& data, const Json& given, int threads = 2) {
  Context context;
  context.threads = threads;
  const Operation& tensor_svd = operation("denoise.tensor_svd");
  return tensor_svd.run({{"data", data}}, complete(tensor_svd.parameters, given), context);
}

double mean_square_error(const Dataset& data, const std::vector<double>& truth) {
  const std::vector<double> values = data.read_all_as_double();
  EXPECT_EQ(values.size(), truth.size());
  double sum = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) sum += (values[i] - truth[i]) * (values[i] - truth[i]);
  return sum / static_cast<double>(truth.size());
}

TEST(TensorSvd, RecoversALowRankTensorOfEveryKindOfData) {
  struct Kind {
    Shape navigation, signal;
    const char* modes;
    std::vector<double> ranks;
  };
  const Kind kinds[] = {{{9, 10}, {6, 7}, "three", {3, 3, 3}},     {{9, 10}, {30}, "three", {3, 3, 3}},
                        {{12}, {9, 10}, "three", {3, 3, 3}},       {{}, {12, 9, 10}, "three", {3, 3, 3}},
                        {{5, 6, 7}, {4, 5}, "four", {3, 3, 3, 3}}, {{5, 6}, {7, 8}, "four", {3, 3, 3, 3}}};
  for (const Kind& kind : kinds) {
    const Description description = described(kind.navigation, kind.signal);
    const std::vector<double> values = separable(description.shape(), 3, 10);
    const Dataset data = Dataset::from_values<double>(description, values);
    for (const char* algorithm : {"hosvd", "hooi"}) {
      const Outputs outputs = run(data, {{"ranks", kind.ranks}, {"modes", kind.modes}, {"algorithm", algorithm}});
      const Dataset& denoised = outputs.dataset("denoised");
      EXPECT_LT(mean_square_error(denoised, values), 1e-10) << to_string(description.shape());
      EXPECT_NEAR(outputs.number("captured_share").value, 1, 1e-6);
      EXPECT_EQ(denoised.describe().shape(), description.shape());
      EXPECT_EQ(denoised.describe().navigation_shape(), description.navigation_shape());
      EXPECT_EQ(denoised.describe().axes.back().units, "1/nm");
      EXPECT_TRUE(denoised.describe().lazy);
    }
  }
}

TEST(TensorSvd, FindsTheRanksOfCountsAndOfWhiteNoise) {
  const Description description = described({40, 36}, {12, 10});
  const std::vector<double> means = separable(description.shape(), 3, 2);
  const std::vector<std::uint16_t> counts = counted(means, 3);
  const Outputs of_counts = run(Dataset::from_values<std::uint16_t>(description, counts), {});
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(of_counts.table("ranks").columns[1].values),
            (std::vector<std::int64_t>{3, 3, 3}))
      << of_counts.text("reason");
  EXPECT_LT(mean_square_error(of_counts.dataset("denoised"), means), 0.01 * 2);  // the noise has a variance of 2

  std::vector<float> noisy(means.size());
  for (std::size_t i = 0; i < noisy.size(); ++i)
    noisy[i] = static_cast<float>(means[i] + 0.7 * Random(4, "white", i).normal());
  const Outputs of_white = run(Dataset::from_values<float>(description, noisy), {});
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(of_white.table("ranks").columns[1].values),
            (std::vector<std::int64_t>{3, 3, 3}))
      << of_white.text("reason");
  EXPECT_NEAR(of_white.number("noise").value, 0.7, 0.01);
}

TEST(TensorSvd, KeepsOneComponentOfNoiseAlone) {
  const Description description = described({30, 32}, {50});
  const std::vector<double> flat(static_cast<std::size_t>(count(description.shape())), 1.5);
  const Outputs outputs = run(Dataset::from_values<std::uint16_t>(description, counted(flat, 5)), {});
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(outputs.table("ranks").columns[1].values),
            (std::vector<std::int64_t>{1, 1, 1}))
      << outputs.text("reason");
}

TEST(TensorSvd, IterationCapturesNoLessThanTheTruncatedDecomposition) {
  const Description description = described({20, 22}, {9, 8});
  const Dataset data =
      Dataset::from_values<std::uint16_t>(description, counted(separable(description.shape(), 3, 0.5), 6));
  const Json ranks{3, 2, 2};
  EXPECT_GT(run(data, {{"ranks", ranks}, {"tolerance", 1e-9}}).number("captured_share").value,
            run(data, {{"ranks", ranks}, {"algorithm", "hosvd"}}).number("captured_share").value);
}

TEST(TensorSvd, WeightsLeaveEmptyPlacesEmpty) {
  const Description description = described({20, 22}, {30});
  std::vector<double> means = separable(description.shape(), 2, 3);
  for (std::size_t i = 0; i < means.size(); ++i) means[i] *= i % 30 < 10 ? 0 : i % 30 < 20 ? 4 : 0.2;
  const Dataset data = Dataset::from_values<std::uint16_t>(description, counted(means, 7));
  const Outputs outputs = run(data, {{"ranks", {2, 2, 2}}, {"weighting", "poisson"}, {"non_negative", "no"}});
  const std::vector<double> values = outputs.dataset("denoised").read_all_as_double();
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_TRUE(std::isfinite(values[i]));
    if (i % 30 < 10) {
      ASSERT_EQ(values[i], 0) << i;
    }
  }
  EXPECT_LT(mean_square_error(outputs.dataset("denoised"), means), 0.1);
}

TEST(TensorSvd, ClipsWhenAsked) {
  const Description description = described({20, 22}, {30});
  const Dataset data =
      Dataset::from_values<std::uint16_t>(description, counted(separable(description.shape(), 2, 0.05), 8));
  const auto least = [&](const char* clip) {
    const auto values = run(data, {{"ranks", {4, 4, 4}}, {"non_negative", clip}}).dataset("denoised").read_all<float>();
    return *std::min_element(values.begin(), values.end());
  };
  EXPECT_LT(least("no"), 0);
  EXPECT_EQ(least("yes"), 0);
  EXPECT_EQ(least("auto"), 0);
}

TEST(TensorSvd, GivesTheSameBitsForAnyNumberOfThreads) {
  const Description description = described({50, 22}, {20, 30});
  const Dataset data =
      Dataset::from_values<std::uint16_t>(description, counted(separable(description.shape(), 3, 0.5), 9));
  const auto one = run(data, {}, 1), many = run(data, {}, 7);
  for (const char* name : {"core", "factors_1", "factors_2", "factors_3", "scree_3"}) {
    EXPECT_EQ(one.dataset(name).read_all<double>(), many.dataset(name).read_all<double>()) << name;
  }
}

void expect_refused(const Dataset& data, const Json& given, const std::string& words) {
  try {
    run(data, given);
    FAIL() << "not refused: " << words;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid_argument) << error.what();
    EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
  }
}

TEST(TensorSvd, RefusesWhatMakesNoSense) {
  const Description description = described({6, 7}, {8});
  std::vector<float> values(336, 1.5f);
  const Dataset data = Dataset::from_values<float>(description, values);
  expect_refused(data, {{"ranks", {2, 3, 7}}}, "the rank of mode 3 is 7");
  expect_refused(data, {{"ranks", {2, 3}}}, "one rank per mode");
  expect_refused(data, {{"ranks", {2, 2, 1.5}}}, "whole numbers");
  expect_refused(data, {{"modes", "four"}}, "do not make four modes");
  expect_refused(data, {{"weighting", "poisson"}}, "no counts");
  expect_refused(data, {{"noise", "counts"}}, "no counts");
  values[5] = 1e35f;
  expect_refused(Dataset::from_values<float>(description, values), {}, "single precision");
}

}  // namespace
}  // namespace ruska::ops::denoise
