// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eds/quantify/quantify.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <xraylib/xraylib.h>

#include "ruska/core/record.hpp"
#include "ruska/ops/eds/line_model.hpp"
#include "ruska/ops/eds/quantify/composition.hpp"
#include "ruska/ops/eds/quantify/factors.hpp"
#include "ruska/ops/eds/small_spectra.hpp"
#include "ruska/ops/eds/take_off_angle.hpp"

namespace ruska::ops::eds {
namespace {

Result quantified(const Dataset& data, const Json& params) {
  Context context;
  return execute(operation("eds.quantify"), Inputs{{"data", data}}, params, context);
}

const std::vector<double>& column(const Result& result, const std::string& name) {
  for (const Column& one : result.outputs.table("composition").columns) {
    if (one.name == name) return std::get<std::vector<double>>(one.values);
  }
  throw std::out_of_range(name);
}

std::string refusal(const Dataset& data, const Json& params) {
  try {
    quantified(data, params);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid_argument) << error.what();
    return error.what();
  }
  return "no error";
}

/// Counts of the alpha line out of those of its family within the axis of `small_spectra`.
double alpha_counts(const PureFamily& pure) {
  Family family{atomic_number(pure.element), pure.family[0], {}};
  for (XrayLine& line : xray_lines(family.atomic_number, 200.0)) {
    if (line.family == family.family) family.lines.push_back(std::move(line));
  }
  return pure.counts / family_template(family, {0.0, 0.01, 1000}, {}, 0, 1000).sum() * alpha_share(family);
}

TEST(TakeOffAngle, OfTheDetectorsDirectionAndTheSurfacesNormal) {
  EXPECT_NEAR(take_off_angle(22, 0, 0, 0), 22.0, 1e-10);
  EXPECT_NEAR(take_off_angle(22, 0, 10, 0), 32.0, 1e-10);
  EXPECT_NEAR(take_off_angle(22, 90, 0, 10), 32.0, 1e-10);
  EXPECT_NEAR(take_off_angle(22, 45, 10, 0), 28.865971201155283, 1e-10);  // the documented example of eXSpy 0.3
}

TEST(Composition, CliffLorimerOfTheFePtNanoparticles) {
  // Counts and k factors of eXSpy's documentation, which prints 15.41 and 84.59 at%.
  Quantification settings;
  settings.atomic_numbers = {26, 78};
  settings.line_energies = {6.404, 9.442};
  settings.sensitivity = Eigen::Vector2d(AtomicWeight(26, nullptr) / 1.450226, AtomicWeight(78, nullptr) / 5.075602);
  settings.sensitivity_error = Eigen::Vector2d::Zero();
  const Composition found = CompositionSolver(settings).solve(Eigen::Vector2d(2754, 15090), Eigen::Vector2d(68, 129));
  EXPECT_NEAR(100 * found.atomic[0], 15.41, 0.005);
  EXPECT_NEAR(100 * found.atomic[1], 84.59, 0.005);
}

TEST(Composition, AbsorptionIsUndone) {
  // Al and Ni in a film of NiAl: 0.2 kg/m², counts as the film sends them.
  Quantification settings;
  settings.atomic_numbers = {13, 28};
  settings.line_energies = {1.487, 7.478};
  settings.sensitivity = Eigen::Vector2d(2e6, 1e6);  // counts per mol/m²
  settings.sensitivity_error = Eigen::Vector2d::Zero();
  settings.absolute = true;
  const double mass_al = 1e-3 * AtomicWeight(13, nullptr), mass_ni = 1e-3 * AtomicWeight(28, nullptr);
  const double amount = 0.2 / (mass_al + mass_ni);
  const double cosecant = 1.0 / std::sin(22.0 * M_PI / 180.0);
  Eigen::Vector2d counts;
  for (int i = 0; i < 2; ++i) {
    const double energy = settings.line_energies[static_cast<std::size_t>(i)];
    const double x = 0.1 * (CS_Total(13, energy, nullptr) * mass_al + CS_Total(28, energy, nullptr) * mass_ni) /
                     (mass_al + mass_ni) * 0.2 * cosecant;
    counts[i] = settings.sensitivity[i] * amount * (1.0 - std::exp(-x)) / x;
  }
  const Eigen::Vector2d sigma = counts.cwiseSqrt();
  const Composition blind = CompositionSolver(settings).solve(counts, sigma);
  EXPECT_LT(blind.atomic[0], 0.47);
  settings.absorption = Quantification::Absorption{.cosecant = cosecant};
  const Composition found = CompositionSolver(settings).solve(counts, sigma);
  ASSERT_TRUE(found.converged);
  EXPECT_NEAR(found.atomic[0], 0.5, 1e-7);
  EXPECT_NEAR(found.mass_thickness, 0.2, 1e-7);

  // The same film by ratios, its thickness and density being known.
  settings.absolute = false;
  settings.absorption->thickness = 1e-7;
  settings.absorption->density = 0.2 / 1e-7;
  EXPECT_NEAR(CompositionSolver(settings).solve(counts, sigma).atomic[0], 0.5, 1e-7);
}

TEST(Composition, SlopesAreThoseOfTheFractions) {
  Quantification settings;
  settings.atomic_numbers = {8, 22, 26};
  settings.line_energies = {0.525, 4.511, 6.404};
  settings.sensitivity = Eigen::Vector3d(1.0, 2.0, 3.0);
  settings.sensitivity_error = Eigen::Vector3d::Zero();
  const CompositionSolver solver(settings);
  const Eigen::Vector3d counts(300, 500, 700);
  const Composition found = solver.solve(counts, counts.cwiseSqrt());
  for (int j = 0; j < 3; ++j) {
    Eigen::Vector3d above = counts;
    above[j] += 1e-3;
    const Composition moved = solver.solve(above, counts.cwiseSqrt());
    for (int i = 0; i < 3; ++i) {
      EXPECT_NEAR((moved.atomic[i] - found.atomic[i]) / 1e-3, found.atomic_slope(i, j), 1e-8);
      EXPECT_NEAR((moved.weight[i] - found.weight[i]) / 1e-3, found.weight_slope(i, j), 1e-8);
    }
  }
}

TEST(Factors, AreReadWithTheirSigma) {
  const auto factors = given_factors({"Fe=1.45", "Pt=5.07±0.2"});
  EXPECT_EQ(factors[0].atomic_number, 26);
  EXPECT_EQ(factors[0].value, 1.45);
  EXPECT_FALSE(factors[0].sigma.has_value());
  EXPECT_EQ(factors[1].sigma, 0.2);
  for (const char* wrong : {"Fe", "Fe=", "Fe=-1", "Fe=nan", "Fe=1±x", "=1", "Xx=1"}) {
    EXPECT_THROW(given_factors({wrong}), Error) << wrong;
  }
  EXPECT_THROW(given_factors({"Fe=1", "Fe=2"}), Error);
}

class CoverageOf : public testing::TestWithParam<const char*> {};

TEST_P(CoverageOf, CompositionsLieWithinTheirSigmaAsOftenAsTheyShould) {
  const std::vector<PureFamily> families{{"Ti", "K", 400.0}, {"Fe", "K", 300.0}, {"Cu", "K", 200.0}};
  const double k[] = {1.0, 1.2, 1.5};
  double total = 0, mass_total = 0, amount[3], mass[3];
  for (std::size_t i = 0; i < 3; ++i) {
    mass[i] = k[i] * alpha_counts(families[i]);
    amount[i] = mass[i] / AtomicWeight(atomic_number(families[i].element), nullptr);
    total += amount[i];
    mass_total += mass[i];
  }
  const Dataset data = small_spectra(families, 300.0, 40, 40, 3);
  const Result result = quantified(data, {{"factors", {"Ti=1.0", "Fe=1.2", "Cu=1.5"}}, {"intensities", GetParam()}});
  const auto atomic = result.outputs.dataset("atomic").read_all_as_double();
  const auto sigma = result.outputs.dataset("atomic_sigma").read_all_as_double();
  const auto weight = result.outputs.dataset("weight").read_all_as_double();
  const auto weight_sigma = result.outputs.dataset("weight_sigma").read_all_as_double();
  for (std::size_t i = 0; i < 3; ++i) {
    const double truth = 100.0 * amount[i] / total, mass_truth = 100.0 * mass[i] / mass_total;
    double inside = 0, mass_inside = 0;
    for (std::size_t p = 0; p < 1600; ++p) {
      const std::size_t at = i * 1600 + p;
      inside += std::abs(atomic[at] - truth) < sigma[at] ? 1.0 / 1600 : 0.0;
      mass_inside += std::abs(weight[at] - mass_truth) < weight_sigma[at] ? 1.0 / 1600 : 0.0;
    }
    EXPECT_NEAR(inside, 0.683, 0.05) << families[i].element;
    EXPECT_NEAR(mass_inside, 0.683, 0.05) << families[i].element;
    EXPECT_NEAR(column(result, "atomic")[i], truth, 4.0 * column(result, "atomic_sigma")[i]);
    EXPECT_NEAR(column(result, "weight")[i], mass_truth, 4.0 * column(result, "weight_sigma")[i]);
  }
}

INSTANTIATE_TEST_SUITE_P(Intensities, CoverageOf, testing::Values("model", "windows"),
                         [](const auto& one) { return std::string(one.param); });

TEST(Quantify, FactorErrorsAddInQuadratureAndAreTheSameForAllPositions) {
  const Dataset data = small_spectra({{"Ti", "K", 4000.0}, {"Fe", "K", 4000.0}}, 100.0, 6, 6);
  const Result sure = quantified(data, {{"factors", {"Ti=1", "Fe=1"}}});
  const Result unsure = quantified(data, {{"factors", {"Ti=1±0.05", "Fe=1"}}});
  const double x = column(unsure, "atomic")[0] / 100.0;
  const double by_factor = 100.0 * x * (1.0 - x) * 0.05;
  EXPECT_NEAR(column(unsure, "atomic_sigma")[0], std::hypot(column(sure, "atomic_sigma")[0], by_factor), 1e-9);
  EXPECT_NEAR(column(unsure, "counting_sigma")[0], column(sure, "atomic_sigma")[0], 1e-12);
  EXPECT_NEAR(column(unsure, "atomic_sigma")[1], column(unsure, "atomic_sigma")[0], 1e-9);
  const auto covariance = unsure.outputs.dataset("covariance").read_all_as_double();
  EXPECT_NEAR(covariance[1], -covariance[0], 1e-9);  // two fractions of sum one
}

TEST(Quantify, ThreeMethodsAgreeOnTheComposition) {
  const Dataset data = small_spectra({{"Ti", "K", 4000.0}, {"Fe", "K", 3000.0}}, 100.0, 5, 5);
  const Json computed{{"elements", {"Ti", "Fe"}}, {"dose", 1e9}, {"solid_angle", 0.5}};
  const auto by = [&](const char* method) {
    Json params = computed;
    params["method"] = method;
    return quantified(data, params);
  };
  const Result ratios = by("cliff_lorimer"), zeta = by("zeta"), areas = by("cross_section");
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_NEAR(column(zeta, "atomic")[i], column(ratios, "atomic")[i], 1e-9);
    EXPECT_NEAR(column(areas, "atomic")[i], column(ratios, "atomic")[i], 1e-9);
  }
  const auto mass = zeta.outputs.dataset("mass_thickness").read_all_as_double();
  const auto same = areas.outputs.dataset("mass_thickness").read_all_as_double();
  for (std::size_t p = 0; p < mass.size(); ++p) EXPECT_NEAR(same[p], mass[p], 1e-9 * mass[p]);
}

TEST(Quantify, AbsentElementsStayBelowTheDetectionLimit) {
  const Dataset data = small_spectra({{"Ti", "K", 400.0}, {"Fe", "K", 300.0}}, 300.0, 30, 30);
  const Result result = quantified(data, {{"factors", {"Ti=1", "Fe=1", "Ni=1"}}});
  const auto atomic = result.outputs.dataset("atomic").read_all_as_double();
  const auto limit = result.outputs.dataset("detection_limit").read_all_as_double();
  double above = 0;
  for (std::size_t p = 0; p < 900; ++p) above += atomic[1800 + p] > limit[1800 + p] ? 1.0 / 900 : 0.0;
  EXPECT_LT(above, 0.015);  // three σ: 0.00135 of normal numbers, more of the few counts of this background
  EXPECT_LT(column(result, "atomic")[2], column(result, "detection_limit")[2]);
}

TEST(Quantify, SaysWhatIsMissing) {
  using testing::HasSubstr;
  const Dataset data = small_spectra({{"Ti", "K", 400.0}, {"Fe", "K", 300.0}}, 300.0, 5, 5);
  EXPECT_THAT(refusal(data, {{"method", "zeta"}}), HasSubstr("'dose' is missing"));
  EXPECT_THAT(refusal(data, {{"method", "zeta"}, {"dose", 1e9}}), HasSubstr("'solid_angle' is missing"));
  EXPECT_THAT(refusal(data, {{"absorption", true}}), HasSubstr("'take_off_angle' is missing"));
  EXPECT_THAT(refusal(data, {{"absorption", true}, {"take_off_angle", 22.0}}), HasSubstr("'thickness' is missing"));
  EXPECT_THAT(refusal(data, {{"elements", {"Ti"}}}), HasSubstr("at least two elements"));
  EXPECT_THAT(refusal(data, {{"elements", {"Ti", "Fe"}}, {"factors", {"Ti=1"}}}), HasSubstr("gives none for Fe"));
  EXPECT_THAT(refusal(data, {{"elements", {"Ti", "Fe"}}, {"lines", {"Fe_Kb"}}}),
              HasSubstr("Fe_Kb is not an alpha line"));
  EXPECT_THAT(refusal(data, {{"elements", {"Ti", "Pu"}}, {"exclude", {"Xx"}}}), HasSubstr("'Xx' is no element"));
}

TEST(Quantify, EmptyPositionsHaveNoComposition) {
  Description description = small_spectra({}, 0.0, 2, 2).describe();
  const auto full = small_spectra({{"Ti", "K", 400.0}, {"Fe", "K", 300.0}}, 300.0, 2, 2).read_all<std::uint16_t>();
  std::vector<std::uint16_t> counts(full);
  std::fill(counts.begin() + 3000, counts.end(), std::uint16_t{0});
  const Result result =
      quantified(Dataset::from_values<std::uint16_t>(description, counts), {{"factors", {"Ti=1", "Fe=1"}}});
  const auto atomic = result.outputs.dataset("atomic").read_all_as_double();
  EXPECT_TRUE(std::isfinite(atomic[0]));
  EXPECT_TRUE(std::isnan(atomic[3]));
  EXPECT_THAT(result.record["warnings"].dump(), testing::HasSubstr("too few counts"));
}

}  // namespace
}  // namespace ruska::ops::eds
