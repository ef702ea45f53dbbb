// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eds/model_fit/model_fit.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/core/record.hpp"
#include "ruska/ops/eds/line_model.hpp"
#include "ruska/ops/eds/small_spectra.hpp"

namespace ruska::ops::eds {
namespace {

Result fitted(const Dataset& data, const Json& params = Json::object()) {
  Context context;
  return execute(operation("eds.model_fit"), Inputs{{"data", data}}, params, context);
}

template <class T>
const std::vector<T>& column(const Table& table, const std::string& name) {
  for (const Column& one : table.columns) {
    if (one.name == name) return std::get<std::vector<T>>(one.values);
  }
  throw std::out_of_range(name);
}

/// Where a family stands in the table.
std::size_t row_of(const Table& table, const std::string& element, const std::string& family) {
  const auto& elements = column<std::string>(table, "element");
  const auto& families = column<std::string>(table, "family");
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (elements[i] == element && families[i] == family) return i;
  }
  throw std::out_of_range(element + family);
}

/// Share of the positions whose value lies within one σ of the truth, and the mean of (value − truth) / σ.
struct Coverage {
  double share = 0, pull = 0, pull_square = 0;
};
Coverage coverage(const Result& result, std::size_t family, double truth) {
  const auto values = result.outputs.dataset("counts").read_all_as_double();
  const auto sigmas = result.outputs.dataset("counts_sigma").read_all_as_double();
  const auto positions = static_cast<std::size_t>(result.outputs.dataset("background").describe().signal_size());
  Coverage found;
  for (std::size_t p = 0; p < positions; ++p) {
    const double pull = (values[family * positions + p] - truth) / sigmas[family * positions + p];
    found.share += std::abs(pull) < 1.0 ? 1.0 : 0.0;
    found.pull += pull;
    found.pull_square += pull * pull;
  }
  found.share /= static_cast<double>(positions);
  found.pull /= static_cast<double>(positions);
  found.pull_square /= static_cast<double>(positions);
  return found;
}

struct Overlap {
  const char* name;
  std::vector<PureFamily> families;
  std::vector<std::string> elements;
  const char* weights;
};

class Overlapping : public testing::TestWithParam<Overlap> {};

TEST_P(Overlapping, LinesAreToldApartWithinTheirSigma) {
  const Overlap& overlap = GetParam();
  const Dataset data = small_spectra(overlap.families, 300.0, 40, 40);
  const Result result = fitted(data, {{"elements", overlap.elements}, {"weights", overlap.weights}});
  const Table& table = result.outputs.table("families");
  for (const PureFamily& one : overlap.families) {
    const std::size_t row = row_of(table, one.element, one.family);
    const double all = one.counts * 1600.0;
    EXPECT_NEAR(column<double>(table, "counts")[row], all, 3.5 * column<double>(table, "counts_sigma")[row])
        << one.element;
    const Coverage found = coverage(result, row, one.counts);
    EXPECT_NEAR(found.share, 0.683, 0.05) << one.element;  // 1600 positions: ± 0.012
    EXPECT_NEAR(found.pull, 0.0, 0.12) << one.element;     // ± 0.025, and what the common model is off
    EXPECT_NEAR(found.pull_square, 1.0, 0.15) << one.element;
  }
  const auto chi_square = result.outputs.dataset("chi_square").read_all_as_double();
  double mean = 0;
  for (const double one : chi_square) mean += one / static_cast<double>(chi_square.size());
  EXPECT_NEAR(mean, 1.0, 0.05);
}

INSTANTIATE_TEST_SUITE_P(
    Pairs, Overlapping,
    testing::Values(Overlap{"TitaniumAndBarium", {{"Ti", "K", 150.0}, {"Ba", "L", 200.0}}, {"Ti", "Ba"}, "mean"},
                    Overlap{"IronAndCobalt", {{"Fe", "K", 300.0}, {"Co", "K", 60.0}}, {"Fe", "Co"}, "mean"},
                    Overlap{
                        "IronAndCobaltByLikelihood", {{"Fe", "K", 300.0}, {"Co", "K", 60.0}}, {"Fe", "Co"}, "position"},
                    Overlap{"SulfurAndMolybdenum", {{"S", "K", 200.0}, {"Mo", "L", 200.0}}, {"S", "Mo"}, "mean"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(ModelFit, AnElementThatIsNotThereScattersAboutZero) {
  const Dataset data = small_spectra({{"Fe", "K", 300.0}}, 300.0, 30, 30);
  const Result result = fitted(data, {{"elements", {"Fe", "Co"}}});
  const Table& table = result.outputs.table("families");
  const std::size_t row = row_of(table, "Co", "K");
  EXPECT_NEAR(column<double>(table, "counts")[row], 0.0, 3.5 * column<double>(table, "counts_sigma")[row]);
  const Coverage found = coverage(result, row, 0.0);
  EXPECT_NEAR(found.share, 0.683, 0.06);

  const Result bounded = fitted(data, {{"elements", {"Fe", "Co"}}, {"non_negative", true}});
  for (const double value : bounded.outputs.dataset("counts").read_all_as_double()) EXPECT_GE(value, 0.0);
}

TEST(ModelFit, MapsAddUpToTheSumSpectrum) {
  const Dataset data = small_spectra({{"Ti", "K", 150.0}, {"Fe", "K", 80.0}}, 200.0, 20, 20);
  const Result result = fitted(data);
  const Table& table = result.outputs.table("families");
  const auto counts = result.outputs.dataset("counts").read_all_as_double();
  for (const char* element : {"Ti", "Fe"}) {
    const std::size_t row = row_of(table, element, "K");
    double sum = 0;
    for (std::size_t p = 0; p < 400; ++p) sum += counts[row * 400 + p];
    EXPECT_NEAR(sum, column<double>(table, "counts")[row], column<double>(table, "counts_sigma")[row]) << element;
  }
}

TEST(ModelFit, RefusesWhatItCannotFit) {
  const Dataset data = small_spectra({{"Fe", "K", 300.0}}, 300.0, 6, 6);
  const auto message = [&](const Json& params) {
    try {
      fitted(data, params);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_THAT(message({{"elements", {"Fe", "Fe"}}}), testing::HasSubstr("Fe is asked for twice"));
  EXPECT_THAT(message({{"elements", {"Xx"}}}), testing::HasSubstr("'Xx' is no element"));
  EXPECT_THAT(message({{"elements", {"C"}}, {"lowest_energy", 2.0}}), testing::HasSubstr("C has no"));
  EXPECT_THAT(message({{"lowest_energy", 6.0}, {"highest_energy", 6.1}}), testing::HasSubstr("channels"));
}

}  // namespace
}  // namespace ruska::ops::eds
