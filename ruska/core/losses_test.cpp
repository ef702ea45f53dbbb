// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/losses.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/core/metadata.hpp"

namespace ruska {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Description map() {
  Description description;
  description.title = "map";
  description.signal_type = "EDS_TEM";
  description.dtype = DType::uint16;
  description.axes = {{"y", "length", "nm", Role::navigation, 3, 0.5, 1}, {"", "energy", "keV", Role::signal, 4, 0.01}};
  set(description.metadata, "General.title", "map");
  set(description.metadata, "Acquisition_instrument.TEM.beam_energy", 200);
  set(description.metadata, "Sample.elements", Json{"Fe", "Pt"});
  description.original = {{"header", {{"a", 1}, {"b", "two"}, {"c", ""}}}};
  return description;
}

TEST(LossesTest, NothingIsLostOfTheSame) {
  Description kept = map();
  kept.metadata["Acquisition_instrument"]["TEM"]["beam_energy"] = 200.0;
  kept.original["more"] = true;
  EXPECT_THAT(losses(map(), kept), IsEmpty());
}

TEST(LossesTest, EveryLossHasItsLine) {
  Description kept = map();
  kept.dtype = DType::float32;
  kept.title = "";
  kept.signal_type = "";
  kept.axes[0].name = "height";
  kept.axes[0].role = Role::signal;
  kept.axes[0].scale = 0.25;
  kept.axes[1].units = "";
  kept.metadata = Json::object();
  kept.original = {{"header", {{"a", 1}}}};
  EXPECT_THAT(
      losses(map(), kept),
      ElementsAre("the type uint16, which is read as float32", "axis 'y': the name 'y', which is read as 'height'",
                  "axis 'y': the role of a navigation axis, which is read as signal",
                  "axis 'y': the scale 0.5, which is read as 0.25", "axis 1: the units 'keV'", "the title 'map'",
                  "the signal type 'EDS_TEM'", "metadata Acquisition_instrument.TEM.beam_energy = 200",
                  "metadata Sample.elements = [\"Fe\",\"Pt\"]", "1 of the 2 entries of the original file's header"));
}

TEST(LossesTest, AnotherShapeIsToldOnceAndManyEntriesInSum) {
  Description given = map(), kept = map();
  kept.axes.pop_back();
  for (int i = 0; i < 50; ++i) given.metadata["list"]["entry" + std::to_string(i)] = i;
  const auto lines = losses(given, kept);
  EXPECT_EQ(lines.front(), "the shape (3, 4) with its axes, which is read as (3)");
  EXPECT_EQ(lines.size(), 22u);
  EXPECT_EQ(lines.back(), "30 entries more of the metadata");
}

}  // namespace
}  // namespace ruska
