// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eds/non_negative_fit.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "ruska/base/random.hpp"

namespace ruska::ops::eds {
namespace {

std::vector<int> all_columns(Eigen::Index count) {
  std::vector<int> columns;
  for (int c = 0; c < count; ++c) columns.push_back(c);
  return columns;
}

TEST(NonNegativeFit, LeavesOutWhatWouldBeNegative) {
  Eigen::MatrixXd a(3, 2);
  a << 1, 1, 0, 1, 0, 0;
  const Eigen::Vector3d y(2, -1, 0);  // free solution: (3, −1)
  const NonNegativeFit fit(a.transpose() * a, a.transpose() * y, {0, 1}, Eigen::VectorXd::Zero(2));
  EXPECT_NEAR(fit.amplitudes()[0], 2.0, 1e-9);
  EXPECT_EQ(fit.amplitudes()[1], 0.0);
  EXPECT_EQ(fit.positive(), std::vector<int>{0});
  EXPECT_NEAR(fit.objective(), -4.0, 1e-9);
  EXPECT_NEAR(fit.covariance(a.transpose() * a)(0, 0), 1.0, 1e-9);
}

RC_GTEST_PROP(NonNegativeFit, MeetsTheConditionsOfTheOptimumFromAnyStart, ()) {
  const auto columns = *rc::gen::inRange(1, 12);
  const auto seed = *rc::gen::inRange(0, 1000000);
  Random random(static_cast<std::uint64_t>(seed), "fit", 0);
  Eigen::MatrixXd a(20, columns);
  for (Eigen::Index i = 0; i < a.size(); ++i) a.data()[i] = random.normal();
  Eigen::VectorXd y(20);
  for (Eigen::Index i = 0; i < 20; ++i) y[i] = random.normal();
  const Eigen::MatrixXd gram = a.transpose() * a;
  const Eigen::VectorXd right = a.transpose() * y;
  Eigen::VectorXd start = Eigen::VectorXd::Zero(columns);
  for (Eigen::Index i = 0; i < columns; ++i) start[i] = random.uniform() < 0.5 ? 0.0 : random.uniform();
  const NonNegativeFit fit(gram, right, all_columns(columns), start);
  const Eigen::VectorXd slope = gram * fit.amplitudes() - right;
  for (Eigen::Index i = 0; i < columns; ++i) {
    RC_ASSERT(fit.amplitudes()[i] >= 0);
    RC_ASSERT(slope[i] > -1e-7);
    RC_ASSERT(fit.amplitudes()[i] == 0 || std::abs(slope[i]) < 1e-7);
  }
}

TEST(NonNegativeFit, TwoEqualColumnsShareWithoutFailing) {
  Eigen::MatrixXd a(4, 2);
  a << 1, 1, 2, 2, 3, 3, 4, 4;
  const Eigen::Vector4d y(2, 4, 6, 8);
  const NonNegativeFit fit(a.transpose() * a, a.transpose() * y, {0, 1}, Eigen::Vector2d(0.5, 0.5));
  EXPECT_NEAR(fit.amplitudes().sum(), 2.0, 1e-6);
}

}  // namespace
}  // namespace ruska::ops::eds
