// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/report/figure.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>
#include <pugixml.hpp>

#include "ruska/base/error.hpp"

namespace ruska::report {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();

Axis axis(std::string name, std::int64_t size, double scale = 1, std::string units = "nm") {
  Axis made;
  made.name = std::move(name);
  made.size = size;
  made.scale = scale;
  made.units = std::move(units);
  return made;
}

Output output(View view, Axes axes, const std::vector<float>& values) {
  Description description;
  description.axes = std::move(axes);
  Output made;
  made.name = "one";
  made.value = Dataset::from_values<float>(std::move(description), values);
  made.view = view;
  return made;
}

const Maps& maps_in(const Figure& figure) { return std::get<Maps>(figure.content); }

TEST(Figure, MapsAtSuccessiveAnglesAreAFilm) {
  std::vector<float> values(2 * 40 * 2 * 3);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const Output turning =
      output(View::maps, {axis("component", 2), axis("turn", 40, 9, "°"), axis("y", 2), axis("x", 3)}, values);
  const Figure figure = figure_of(turning, nullptr);
  const Film& film = std::get<Film>(figure.content);
  ASSERT_EQ(film.angles.size(), 20U);  // one of two
  EXPECT_EQ(film.angles[1], "18°");
  ASSERT_EQ(film.reels.size(), 2U);
  ASSERT_EQ(film.reels[1].frames.size(), 20U);
  EXPECT_EQ(film.reels[1].frames[1].values, (std::vector<float>{252, 253, 254, 255, 256, 257}));
  EXPECT_EQ(film.reels[1].range.high, 473);  // of the last frame shown
  EXPECT_EQ(figure.notes.size(), 1U);
  EXPECT_NE(draw(figure).find("36°"), std::string::npos);
}

TEST(Figure, AveragesLargeMapsAndTheirUncertainties) {
  // Two blocks of 2 × 2 at 1024 × 2: the mean skips NaN; four independent errors of 1 average to 1/2.
  std::vector<float> values(1024 * 2, 3), sigma(1024 * 2, 1);
  values[0] = nan;
  sigma[0] = nan;
  values[1] = 6;
  const Output map = output(View::maps, {axis("y", 1024, 2), axis("x", 2, 5)}, values);
  const Output errors = output(View::maps, {axis("y", 1024, 2), axis("x", 2, 5)}, sigma);
  const Figure figure = figure_of(map, &errors);
  const Maps& maps = maps_in(figure);
  ASSERT_EQ(maps.panels.size(), 1u);
  EXPECT_EQ(maps.panels[0].values.height, 512);
  EXPECT_EQ(maps.panels[0].values.width, 1);
  EXPECT_FLOAT_EQ(maps.panels[0].values.values[0], 4);
  EXPECT_FLOAT_EQ(maps.panels[0].sigma->values[0], std::sqrt(3.0F) / 3);
  EXPECT_FLOAT_EQ(maps.panels[0].sigma->values[1], 0.5F);
  EXPECT_DOUBLE_EQ(maps.y.scale, 4);
  EXPECT_DOUBLE_EQ(maps.y.offset, 1) << "the middle of the first block";
  ASSERT_EQ(figure.notes.size(), 1u);
  EXPECT_NE(figure.notes[0].find("mean of 2 × 2 pixels"), std::string::npos);
}

TEST(Figure, AHotPixelDoesNotHideTheMap) {
  std::vector<float> values;
  for (int i = 0; i < 1000; ++i) values.push_back(static_cast<float>(i % 100));
  values[7] = 1e6F;
  const Figure figure = figure_of(output(View::maps, {axis("y", 10), axis("x", 100)}, values), nullptr);
  const Range& range = maps_in(figure).panels[0].range;
  EXPECT_DOUBLE_EQ(range.low, 0);
  EXPECT_NEAR(range.high, 99, 1);
  EXPECT_TRUE(range.clipped_high);
  EXPECT_FALSE(range.clipped_low);
}

TEST(Figure, SignedMapsAreCentredOnZero) {
  const Figure figure = figure_of(output(View::maps, {axis("y", 1), axis("x", 3)}, {-1, 0, 4}), nullptr);
  const Range& range = maps_in(figure).panels[0].range;
  EXPECT_EQ(range.palette, Palette::diverging);
  EXPECT_DOUBLE_EQ(range.low, -4);
  EXPECT_DOUBLE_EQ(range.high, 4);
  EXPECT_FALSE(range.clipped_low || range.clipped_high);
}

TEST(Figure, FractionsShareOneScale) {
  const Figure figure =
      figure_of(output(View::maps, {axis("k", 2), axis("y", 1), axis("x", 2)}, {0.1F, 0.9F, 0.9F, 0.1F}), nullptr);
  EXPECT_TRUE(maps_in(figure).same_range);
  EXPECT_DOUBLE_EQ(maps_in(figure).panels[1].range.high, 1);
}

TEST(Figure, MapsOfNothingAndOfOneValueHaveARange) {
  for (const float value : {nan, 0.0F, 5.0F}) {
    const Figure figure = figure_of(output(View::maps, {axis("y", 1), axis("x", 1)}, {value}), nullptr);
    const Range& range = maps_in(figure).panels[0].range;
    EXPECT_LT(range.low, range.high) << value;
    if (value == 5.0F) {  // shown from zero: what is all there is does not look like nothing
      EXPECT_EQ(range.low, 0.0F);
      EXPECT_EQ(range.high, 5.0F);
    }
    EXPECT_NE(draw(figure).find("</svg>"), std::string::npos);
  }
}

TEST(Figure, SharesOfLabelsCountThePixelsThatHaveOne) {
  Output labels = output(View::labels, {axis("y", 2), axis("x", 4)}, {0, 0, 1, 1, 1, -1, nan, 2});
  labels.components = {"Fe", "Pt"};
  const Figure figure = figure_of(labels, nullptr);
  const Labels& content = std::get<Labels>(figure.content);
  ASSERT_EQ(content.classes.size(), 3u);
  EXPECT_EQ(content.classes[0].name, "Fe");
  EXPECT_EQ(content.classes[2].name, "class 2");
  EXPECT_DOUBLE_EQ(content.classes[0].fraction, 2.0 / 6);
  EXPECT_DOUBLE_EQ(content.classes[1].fraction, 3.0 / 6);
  EXPECT_DOUBLE_EQ(content.none, 0.25);
  EXPECT_EQ(content.numbers[6], -1) << "NaN is no class";
}

TEST(Figure, SpectraEndWhereNothingIsLeft) {
  std::vector<float> values(1000, 0);
  for (std::size_t i = 0; i < 300; ++i) values[i] = 100;
  Output spectra = output(View::spectra, {axis("Energy", 1000, 0.01, "keV")}, values);
  Figure figure = figure_of(spectra, nullptr);
  EXPECT_EQ(std::get<Curves>(figure.content).last, 299 + 25);
  ASSERT_EQ(figure.notes.size(), 1u);
  spectra.marks = {{-1, 7.5, "Ni Kα"}, {-1, std::numeric_limits<double>::quiet_NaN(), "nowhere"}};
  figure = figure_of(spectra, nullptr);
  EXPECT_EQ(std::get<Curves>(figure.content).last, 750 + 25) << "a mark keeps its place in view";
  EXPECT_EQ(std::get<Curves>(figure.content).marks.size(), 1u);
}

TEST(Figure, APeakThatDwarfsTheRestMakesHeightsRoots) {
  std::vector<float> values(400, 1);
  values[20] = 5;
  Figure figure = figure_of(output(View::spectra, {axis("Energy", 400)}, values), nullptr);
  EXPECT_FALSE(std::get<Curves>(figure.content).root);
  values[20] = 7;
  figure = figure_of(output(View::spectra, {axis("Energy", 400)}, values), nullptr);
  EXPECT_TRUE(std::get<Curves>(figure.content).root);
  ASSERT_EQ(figure.notes.size(), 1u);
  EXPECT_NE(figure.notes[0].find("square roots"), std::string::npos);
}

TEST(Figure, LeavesOutWhatDoesNotFitThePageAndSaysSo) {
  const std::vector<float> values(50 * 4, 1);
  const Figure figure = figure_of(output(View::maps, {axis("k", 50), axis("y", 2), axis("x", 2)}, values), nullptr);
  EXPECT_EQ(maps_in(figure).panels.size(), static_cast<std::size_t>(max_panels));
  ASSERT_FALSE(figure.notes.empty());
  EXPECT_NE(figure.notes[0].find("36 of 50 maps"), std::string::npos);
}

TEST(Figure, ComplexValuesShowTheirModulus) {
  Description description;
  description.axes = {axis("y", 1), axis("x", 2)};
  Output wave;
  wave.name = "wave";
  wave.view = View::maps;
  const std::vector<std::complex<float>> values{{3, 4}, {0, -2}};
  wave.value = Dataset::from_values<std::complex<float>>(description, values);
  const Figure figure = figure_of(wave, nullptr);
  EXPECT_EQ(maps_in(figure).panels[0].values.values, (std::vector<float>{5, 2}));
  EXPECT_NE(figure.notes.at(0).find("modulus"), std::string::npos);
}

TEST(Figure, RefusesShapesThatDoNotFit) {
  EXPECT_THROW(figure_of(output(View::maps, {axis("x", 3)}, {1, 2, 3}), nullptr), Error);
  EXPECT_THROW(figure_of(output(View::maps, {axis("k", 0), axis("y", 1), axis("x", 1)}, {}), nullptr), Error);
  EXPECT_THROW(figure_of(output(View::labels, {axis("k", 2), axis("y", 1), axis("x", 1)}, {0, 1}), nullptr), Error);
  const Output map = output(View::maps, {axis("y", 1), axis("x", 2)}, {1, 2});
  const Output sigma = output(View::maps, {axis("y", 2), axis("x", 1)}, {1, 2});
  EXPECT_THROW(figure_of(map, &sigma), Error);
}

TEST(Draw, EveryLabelOfACrowdedSpectrumHasItsOwnPlace) {
  std::vector<float> values(500, 1);
  Output spectra = output(View::spectra, {axis("Energy", 500, 0.02, "keV")}, values);
  for (int i = 0; i < 40; ++i) spectra.marks.push_back({-1, 5 + 0.01 * i, "Fe K" + std::to_string(i)});
  pugi::xml_document svg;
  ASSERT_TRUE(svg.load_string(draw(figure_of(spectra, nullptr)).c_str()));
  std::vector<double> places;
  for (const auto& found : svg.select_nodes("//text[@transform]")) {
    if (std::string_view(found.node().text().get()).starts_with("Fe K")) {
      places.push_back(found.node().attribute("x").as_double());
    }
  }
  ASSERT_EQ(places.size(), 40u);
  for (std::size_t i = 1; i < places.size(); ++i) EXPECT_GE(places[i] - places[i - 1], 12.9);
}

TEST(Figure, VectorsAreShownLessTheirMeanAndGapsStayGaps) {
  // x: 1, 3, none, 2; y: 5 everywhere.
  const Output field =
      output(View::vectors, {axis("component", 2), axis("y", 2), axis("x", 2)}, {1, 3, nan, 2, 5, 5, nan, 5});
  const Figure figure = figure_of(field, nullptr);
  const auto& vectors = std::get<Vectors>(figure.content);
  EXPECT_DOUBLE_EQ(vectors.mean_x, 2);
  EXPECT_DOUBLE_EQ(vectors.mean_y, 5);
  EXPECT_EQ(vectors.along_x.values[0], -1);
  EXPECT_EQ(vectors.along_y.values[1], 0);
  EXPECT_TRUE(std::isnan(vectors.along_x.values[2]));
  EXPECT_DOUBLE_EQ(vectors.largest, 1);
  pugi::xml_document svg;
  EXPECT_TRUE(svg.load_string(draw(figure).c_str()));
  EXPECT_THROW(figure_of(output(View::vectors, {axis("y", 2), axis("x", 2)}, {1, 2, 3, 4}), nullptr), Error);
}

TEST(Figure, PatternsSpanTheirPositiveValuesAndCarryOutlines) {
  Output image = output(View::pattern, {axis("ky", 2, 0.5), axis("kx", 3, 0.5)}, {0, 1, 1000, -3, 10, nan});
  image.outlines = {{"disc", {{0, 0, 1, 0, 1, 0.5}}}, {"empty", {}}};
  const Figure figure = figure_of(image, nullptr);
  const auto& pattern = std::get<Pattern>(figure.content);
  EXPECT_DOUBLE_EQ(pattern.low, 1);
  EXPECT_DOUBLE_EQ(pattern.high, 1000);
  const std::string drawn = draw(figure);
  pugi::xml_document svg;
  EXPECT_TRUE(svg.load_string(drawn.c_str()));
  EXPECT_NE(drawn.find("disc"), std::string::npos);
  EXPECT_EQ(draw(figure, false).find("font-weight=\"bold\""), std::string::npos) << "no title where a page has one";
  for (const float value : {0.0F, -1.0F, 7.0F, nan}) {
    const auto flat = figure_of(output(View::pattern, {axis("y", 1), axis("x", 1)}, {value}), nullptr);
    const auto& range = std::get<Pattern>(flat.content);
    EXPECT_TRUE(range.low > 0 && range.low < range.high) << value;
  }
}

}  // namespace
}  // namespace ruska::report
