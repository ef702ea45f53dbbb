// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// Every kernel against its plain reference, for every SIMD target that this CPU has.
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "ruska/kernels/channel_table.hpp"
#include "ruska/kernels/dense_rows.hpp"
#include "ruska/kernels/gram.hpp"
#include "ruska/kernels/nonzeros.hpp"
#include "ruska/kernels/poisson_row.hpp"
#include "ruska/kernels/targets.hpp"

namespace ruska::kernels {
namespace {

struct SparseRow {
  std::vector<std::uint32_t> channel;
  std::vector<double> value;
};

SparseRow sparse_row(std::size_t channels, double filled, std::mt19937& random) {
  SparseRow row;
  std::uniform_real_distribution<double> uniform;
  for (std::uint32_t c = 0; c < channels; ++c) {
    if (uniform(random) >= filled) continue;
    row.channel.push_back(c);
    row.value.push_back(1 + std::floor(5 * uniform(random)));
  }
  return row;
}

std::vector<double> uniform_values(std::size_t count, std::mt19937& random) {
  std::uniform_real_distribution<double> uniform(0.1, 1);
  std::vector<double> values(count);
  for (double& value : values) value = uniform(random);
  return values;
}

void expect_near(const std::vector<double>& got, const std::vector<double>& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_NEAR(got[i], expected[i], 1e-12 * (1 + std::abs(expected[i]))) << i;
  }
}

TEST(ChannelTable, MeetsItsReferenceOnEveryTarget) {
  std::mt19937 random(1);
  for_each_target([&](const char* target) {
    SCOPED_TRACE(target);
    for (const std::size_t width : {4u, 8u, 12u, 20u, 36u, 44u}) {
      for (const double filled : {0.0, 0.02, 0.4, 1.0}) {
        const SparseRow row = sparse_row(57, filled, random);
        std::vector<double> table = uniform_values(57 * width, random), expected_table = table;
        std::vector<double> out(width), expected(width);
        row_times_table(row.channel, row.value.data(), table.data(), width, out.data());
        reference::row_times_table(row.channel, row.value.data(), table.data(), width, expected.data());
        expect_near(out, expected);
        const std::vector<float> stored(row.value.begin(), row.value.end());
        std::vector<double> of_stored(width);
        row_times_table(row.channel, stored.data(), table.data(), width, of_stored.data());
        EXPECT_EQ(of_stored, out);
        add_row_to_table(row.channel, row.value.data(), expected.data(), width, table.data());
        reference::add_row_to_table(row.channel, row.value.data(), expected.data(), width, expected_table.data());
        expect_near(table, expected_table);
      }
    }
  });
}

TEST(DenseRows, MeetTheirReferenceOnEveryTarget) {
  std::mt19937 random(3);
  for_each_target([&](const char* target) {
    SCOPED_TRACE(target);
    for (const std::size_t width : {4u, 12u, 16u, 28u}) {
      for (const std::size_t count : {0u, 1u, 4u, 7u}) {
        const std::vector<double> rows = uniform_values(count * 33, random);
        std::vector<double> table = uniform_values(33 * width, random), expected_table = table;
        std::vector<double> out(count * width), expected(count * width);
        rows_times_table(rows.data(), count, 33, table.data(), width, out.data());
        reference::rows_times_table(rows.data(), count, 33, table.data(), width, expected.data());
        expect_near(out, expected);
        add_rows_to_table(rows.data(), count, 33, expected.data(), width, table.data());
        reference::add_rows_to_table(rows.data(), count, 33, expected.data(), width, expected_table.data());
        expect_near(table, expected_table);
      }
    }
  });
}

TEST(Gram, MeetsItsReference) {
  std::mt19937 random(2);
  for (const double filled : {0.0, 0.03, 0.1, 0.5, 1.0}) {
    const SparseRow row = sparse_row(41, filled, random);
    std::vector<double> packed(packed_size(41), 0.5), expected = packed;
    add_outer_product(row.channel, row.value.data(), 41, packed.data());
    reference::add_outer_product(row.channel, row.value.data(), 41, expected.data());
    EXPECT_EQ(packed, expected);
  }
}

TEST(Gram, PacksTheUpperTriangleWithoutGaps) {
  constexpr std::size_t n = 5;
  std::size_t at = 0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i; j < n; ++j) EXPECT_EQ(packed_row(n, i) + j, at++);
  }
  EXPECT_EQ(packed_size(n), at);
}

/// A row whose last elements are padding.
struct PaddedRow {
  std::vector<double> x, spectra;
  PoissonRow row;

  PaddedRow(std::size_t components, std::size_t count, std::mt19937& random)
      : x(uniform_values(64, random)), spectra(uniform_values(64 * components, random)) {
    const std::size_t padded = (count + row_padding - 1) / row_padding * row_padding;
    for (std::size_t j = count; j < padded; ++j) {
      x[j] = 0;
      for (std::size_t k = 0; k < components; ++k) spectra[k * 64 + j] = 0;
    }
    row = {x.data(), spectra.data(), 64, padded, components};
  }
};

TEST(PoissonRow, MeetsItsReferenceOnEveryTarget) {
  std::mt19937 random(3);
  for_each_target([&](const char* target) {
    SCOPED_TRACE(target);
    for (std::size_t components = 1; components <= 9; ++components) {
      for (const std::size_t count : {0u, 1u, 7u, 8u, 53u}) {
        const PaddedRow padded(components, count, random);
        const PoissonRow& row = padded.row;
        const std::vector<double> w = uniform_values(components, random);
        std::vector<double> ratio(64, 0.0), curvature = ratio, gain(components), hessian(components * components);
        std::vector<double> expected_ratio = ratio, expected_curvature = ratio, expected_gain = gain,
                            expected_hessian = hessian;
        EXPECT_TRUE(poisson_derivatives(row, w.data(), ratio.data(), curvature.data(), gain.data(), hessian.data()));
        EXPECT_TRUE(reference::poisson_derivatives(row, w.data(), expected_ratio.data(), expected_curvature.data(),
                                                   expected_gain.data(), expected_hessian.data()));
        expect_near(ratio, expected_ratio);
        expect_near(curvature, expected_curvature);
        expect_near(gain, expected_gain);
        expect_near(hessian, expected_hessian);
        EXPECT_TRUE(poisson_derivatives(row, w.data(), ratio.data(), curvature.data(), gain.data(), nullptr));
        expect_near(ratio, expected_ratio);
        expect_near(gain, expected_gain);
        const double sum = poisson_log_sum(row, ratio.data());
        const double expected_sum = reference::poisson_log_sum(row, ratio.data());
        EXPECT_NEAR(sum, expected_sum, 1e-11 * (1 + std::abs(expected_sum)));
      }
    }
  });
}

TEST(PoissonRow, SaysWhereNoSpectrumReaches) {
  std::mt19937 random(4);
  for_each_target([&](const char* target) {
    SCOPED_TRACE(target);
    for (const std::size_t components : {2u, 9u}) {
      const PaddedRow padded(components, 20, random);
      const std::vector<double> nothing(components, 0.0);
      std::vector<double> ratio(64), curvature(64), gain(components), hessian(components * components);
      EXPECT_FALSE(
          poisson_derivatives(padded.row, nothing.data(), ratio.data(), curvature.data(), gain.data(), hessian.data()));
      EXPECT_FALSE(reference::poisson_derivatives(padded.row, nothing.data(), ratio.data(), curvature.data(),
                                                  gain.data(), hessian.data()));
    }
  });
}

TEST(PoissonRow, IsLaidOutAndAddedAsItsReferenceOnEveryTarget) {
  std::mt19937 random(5);
  for_each_target([&](const char* target) {
    SCOPED_TRACE(target);
    for (const std::size_t components : {1u, 3u, 9u}) {
      const std::size_t width = padded_width(components), pair_width = padded_width(components * (components + 1) / 2);
      std::vector<double> table = uniform_values(57 * width, random);
      for (const double filled : {0.0, 0.02, 0.4, 1.0}) {
        SparseRow row = sparse_row(57, filled, random);
        if (filled == 0.4) row.value.back() = 0.25;
        std::vector<double> x(64, 7.0), spectra(64 * components, 7.0), expected_x = x, expected_spectra = spectra;
        const double least = lay_out_poisson_row(row.channel, row.value.data(), table.data(), width, components, 64,
                                                 x.data(), spectra.data());
        EXPECT_EQ(least, reference::lay_out_poisson_row(row.channel, row.value.data(), table.data(), width, components,
                                                        64, expected_x.data(), expected_spectra.data()));
        EXPECT_EQ(least, filled == 0.4 ? 0.25 : 1.0);
        EXPECT_EQ(x, expected_x);
        EXPECT_EQ(spectra, expected_spectra);

        const std::vector<double> ratio = uniform_values(57, random), curvature = uniform_values(57, random);
        const std::vector<double> weight = uniform_values(width, random), products = uniform_values(pair_width, random);
        std::vector<double> sums = uniform_values(57 * (width + pair_width), random), expected_sums = sums;
        add_poisson_row(row.channel, ratio.data(), curvature.data(), weight.data(), width, products.data(), pair_width,
                        sums.data());
        reference::add_poisson_row(row.channel, ratio.data(), curvature.data(), weight.data(), width, products.data(),
                                   pair_width, expected_sums.data());
        expect_near(sums, expected_sums);
      }
      // A channel that no spectrum reaches.
      std::fill_n(table.begin() + static_cast<std::ptrdiff_t>(20 * width), width, 0.0);
      const SparseRow full = sparse_row(57, 1.0, random);
      std::vector<double> x(64), spectra(64 * components);
      EXPECT_EQ(lay_out_poisson_row(full.channel, full.value.data(), table.data(), width, components, 64, x.data(),
                                    spectra.data()),
                0.0);
    }
  });
}

template <class T>
void expect_same_nonzeros(std::mt19937& random) {
  for (const std::size_t count : {0u, 1u, 63u, 64u, 65u, 1000u}) {
    for (const unsigned period : {1u, 3u, 40u}) {
      std::vector<T> values(count);
      for (T& value : values) value = random() % period == 0 ? static_cast<T>(1 + random() % 200) : T{0};
      if constexpr (std::is_floating_point_v<T>) {
        if (count > 10) values[3] = std::numeric_limits<T>::quiet_NaN();
        if (count > 10) values[4] = T{-0.0};
      }
      std::vector<std::uint32_t> got(count), expected(count);
      got.resize(find_nonzeros(values.data(), count, got.data()));
      expected.resize(reference::find_nonzeros(values.data(), count, expected.data()));
      EXPECT_EQ(got, expected);
    }
  }
}

TEST(Nonzeros, MeetTheirReferenceOnEveryTarget) {
  std::mt19937 random(6);
  for_each_target([&](const char* target) {
    SCOPED_TRACE(target);
    expect_same_nonzeros<std::uint8_t>(random);
    expect_same_nonzeros<std::uint16_t>(random);
    expect_same_nonzeros<std::uint32_t>(random);
    expect_same_nonzeros<float>(random);
    expect_same_nonzeros<double>(random);
  });
}

}  // namespace
}  // namespace ruska::kernels
