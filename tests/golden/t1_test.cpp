// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// Test T1: how well the tensor decomposition denoises an analytic lattice scan, beside matrix principal components.
#include <cmath>
#include <cstdio>

#include <gtest/gtest.h>

#include "ruska/core/operation.hpp"
#include "tests/golden/lattice_scan.hpp"

namespace ruska {
namespace {

Outputs denoised(const Dataset& data, const Json& given) {
  Context context;
  const Operation& tensor_svd = operation("denoise.tensor_svd");
  return tensor_svd.run({{"data", data}}, complete(tensor_svd.parameters, given), context);
}

double best_of_matrix_components(const golden::LatticeScan& scan, const Dataset& data, double dose) {
  double best = 0;
  for (const int components : {5, 9, 15}) {
    Context context;
    const Operation& pca = operation("unmix.pca");
    const Json given = complete(pca.parameters, {{"components", components}, {"weighting", "none"}});
    const Dataset values = pca.run({{"data", data}}, given, context).dataset("reconstruction");
    best = std::max(best, scan.peak_signal_to_noise(values.read_all_as_double(), dose));
  }
  return best;
}

struct Case {
  const char* name;
  bool dislocation;
  double dose;
  // dB that an independent prototype in NumPy reached on its own draw of the noise
  double noisy, matrix, iterated, best;  ///< best: of all ranks tried
};

class T1 : public testing::TestWithParam<Case> {};

TEST_P(T1, MeetsTheTableAndChoosesBetterRanks) {
  const Case& expected = GetParam();
  const golden::LatticeScan scan(expected.dislocation);
  const Dataset data = scan.draw(expected.dose, 1);
  const auto quality = [&](const Json& given) {
    return scan.peak_signal_to_noise(denoised(data, given).dataset("denoised").read_all_as_double(), expected.dose);
  };
  const double noisy = scan.peak_signal_to_noise(data.read_all_as_double(), expected.dose);
  const double matrix = best_of_matrix_components(scan, data, expected.dose);
  const double start = quality({{"ranks", {9, 9, 13}}, {"algorithm", "hosvd"}, {"non_negative", "no"}});
  const double iterated = quality({{"ranks", {9, 9, 13}}, {"non_negative", "no"}});
  const double too_many = quality({{"ranks", {25, 25, 20}}, {"non_negative", "no"}});
  const double clipped = quality({{"ranks", {25, 25, 20}}});
  const Outputs automatic = denoised(data, Json::object());
  const double chosen = scan.peak_signal_to_noise(automatic.dataset("denoised").read_all_as_double(), expected.dose);
  std::printf(
      "%s: noisy %.2f, matrix %.2f, st-HOSVD (9,9,13) %.2f, HOOI %.2f, (25,25,20) %.2f, clipped %.2f, "
      "automatic %.2f dB\n  %s\n",
      expected.name, noisy, matrix, start, iterated, too_many, clipped, chosen, automatic.text("reason").c_str());
  EXPECT_NEAR(noisy, expected.noisy, 0.1);
  EXPECT_NEAR(matrix, expected.matrix, 0.3);
  EXPECT_GE(iterated, expected.iterated - 0.3);  // stopping before noise is fitted makes it better
  EXPECT_GE(chosen, expected.best - 1);
  EXPECT_GT(clipped, too_many);
  EXPECT_GT(iterated, matrix + 5);
  EXPECT_EQ(automatic.dataset("denoised").describe().shape(), data.describe().shape());
}

INSTANTIATE_TEST_SUITE_P(Golden, T1,
                         testing::Values(Case{"perfect_dose_1", false, 1.0, 20.7, 34.3, 43.5, 45.7},
                                         Case{"perfect_dose_tenth", false, 0.1, 10.7, 25.3, 33.2, 35.6},
                                         Case{"dislocation_dose_1", true, 1.0, 20.7, 34.3, 42.7, 42.7},
                                         Case{"dislocation_dose_tenth", true, 0.1, 10.7, 25.4, 33.6, 33.6}),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace ruska
