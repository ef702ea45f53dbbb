// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/dataset.hpp"

#include <cmath>
#include <cstring>

#include <gtest/gtest.h>

#include "ruska/core/metadata.hpp"

namespace ruska {
namespace {

Dataset small(std::vector<std::int32_t> values) {
  Description description;
  description.title = "small";
  description.axes = {{.name = "y", .units = "nm", .role = Role::navigation, .size = 2, .scale = 0.5, .offset = 1},
                      {.name = "E", .units = "keV", .role = Role::signal, .size = 3, .scale = 0.1}};
  return Dataset::from_values<std::int32_t>(description, values);
}

TEST(Dataset, ReadsRegionsAndCrops) {
  const Dataset data = small({1, 2, 3, 4, 5, 6});
  EXPECT_EQ(data.read<std::int32_t>({{0, 1}, {2, 2}}), (std::vector<std::int32_t>{2, 3, 5, 6}));
  const Dataset part = crop(data, {{1, 1}, {1, 2}});
  EXPECT_EQ(part.read_all<std::int32_t>(), (std::vector<std::int32_t>{5, 6}));
  EXPECT_DOUBLE_EQ(part.describe().axes[0].offset, 1.5);
  EXPECT_DOUBLE_EQ(part.describe().axes[1].offset, 0.1);
  EXPECT_THROW(data.read<std::int32_t>({{0, 2}, {1, 2}}), Error);
  EXPECT_THROW(data.read<float>({{0, 0}, {1, 1}}), Error);
}

TEST(Dataset, ShowsWhatLiesInMemoryWithoutAGap) {
  const Dataset data = small({1, 2, 3, 4, 5, 6});
  const auto seen = [](const Dataset& from, const Region& region) {
    const auto bytes = from.source().view(region);
    std::vector<std::int32_t> values(bytes.size() / sizeof(std::int32_t));
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  };
  EXPECT_EQ(seen(data, {{1, 0}, {1, 3}}), (std::vector<std::int32_t>{4, 5, 6}));
  EXPECT_EQ(seen(data, {{0, 1}, {1, 2}}), (std::vector<std::int32_t>{2, 3}));
  EXPECT_EQ(seen(data, {{0, 1}, {2, 2}}), (std::vector<std::int32_t>{}));
  EXPECT_EQ(seen(crop(data, {{1, 0}, {1, 3}}), {{0, 1}, {1, 2}}), (std::vector<std::int32_t>{5, 6}));
  EXPECT_THROW(data.source().view({{0, 2}, {1, 2}}), Error);
}

TEST(Dataset, StatisticsAreExactForIntegers) {
  const Statistics values = statistics(small({1, -2, 3, 2147483647, 2147483647, 2147483647}));
  EXPECT_EQ(values.sum, 2.0 + 3.0 * 2147483647.0);
  EXPECT_EQ(values.min, -2);
  EXPECT_EQ(values.max, 2147483647);
}

TEST(Dataset, SparseCountsReadAsTheirDenseSelf) {
  Description description;
  description.dtype = DType::uint16;
  description.axes = {
      {.role = Role::navigation, .size = 2}, {.role = Role::navigation, .size = 2}, {.role = Role::signal, .size = 4}};
  const Dataset data = Dataset::from_counts(description, {{0, 1, 1, 3, 4}, {2, 0, 3, 1}, {9, 8, 7, 6}});
  EXPECT_EQ(data.read_all<std::uint16_t>(),
            (std::vector<std::uint16_t>{0, 0, 9, 0, 0, 0, 0, 0, 8, 0, 0, 7, 0, 6, 0, 0}));
  EXPECT_EQ(data.read<std::uint16_t>({{0, 0, 2}, {2, 1, 2}}), (std::vector<std::uint16_t>{9, 0, 0, 7}));
  const SparseCounts last = data.source().read_counts(2, 4);
  EXPECT_EQ(last.row_start, (std::vector<std::int64_t>{0, 2, 3}));
  EXPECT_THROW(data.source().read_counts(2, 5), Error);
}

TEST(Dataset, DigestFollowsValuesAndAxes) {
  EXPECT_EQ(digest_of(small({1, 2, 3, 4, 5, 6})), digest_of(small({1, 2, 3, 4, 5, 6})));
  EXPECT_NE(digest_of(small({1, 2, 3, 4, 5, 6})), digest_of(small({1, 2, 3, 4, 5, 7})));
}

TEST(Dataset, DescriptionsThatMakeNoSenseAreRefused) {
  Description description;
  description.axes = {{.role = Role::signal, .size = 2}, {.role = Role::navigation, .size = 2}};
  EXPECT_THROW(description.validate(), Error);
  description.axes = {{.role = Role::signal, .size = 1ll << 40}, {.role = Role::signal, .size = 1ll << 40}};
  EXPECT_THROW(description.validate(), Error);
  description.axes = {{.role = Role::signal, .size = 2, .scale = std::nan("")}};
  EXPECT_THROW(description.validate(), Error);
}

TEST(Metadata, FindsAndSetsByPath) {
  Json tree = Json::object();
  set(tree, "Acquisition_instrument.SEM.beam_energy", 15.0);
  EXPECT_EQ(beam_energy(tree), 15.0);
  EXPECT_EQ(instrument_of(tree), "SEM");
  EXPECT_EQ(find(tree, "Acquisition_instrument.SEM.beam_energy.deeper"), nullptr);
  EXPECT_TRUE(problems_of(tree).empty());
  set(tree, "Acquisition_instrument.SEM.beam_energy", "15 kV");
  EXPECT_EQ(problems_of(tree).size(), 1u);
}

}  // namespace
}  // namespace ruska
