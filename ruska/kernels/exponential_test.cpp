// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/kernels/exponential.hpp"

#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "ruska/kernels/targets.hpp"

namespace ruska::kernels {
namespace {

TEST(Exponential, EveryTargetAgreesWithTheReference) {
  std::vector<double> values{0.0, -0.0, 1.0, -1.0, -708.0, -708.0001, -745.0, -1e300, 700.0, 1e-300, -1e-17};
  for (int i = 0; i < 4000; ++i) values.push_back(-720 + 0.355 * i);
  std::vector<double> expected = values;
  reference::take_exponentials(expected.data(), expected.size());
  for_each_target([&](const char* target) {
    std::vector<double> found = values;
    take_exponentials(found.data(), found.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      EXPECT_NEAR(found[i], expected[i], 2 * std::numeric_limits<double>::epsilon() * expected[i])
          << target << ' ' << values[i];
      double alone = values[i];
      take_exponentials(&alone, 1);
      EXPECT_EQ(alone, found[i]) << target << ' ' << values[i];
    }
  });
}

}  // namespace
}  // namespace ruska::kernels
