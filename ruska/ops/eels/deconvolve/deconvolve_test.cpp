// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eels/deconvolve/deconvolve.hpp"

#include <cmath>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/base/random.hpp"
#include "ruska/core/record.hpp"
#include "ruska/ops/eels/deconvolve/deconvolution.hpp"
#include "ruska/ops/eels/low_loss_map.hpp"
#include "ruska/ops/simulate/energy_loss.hpp"

namespace ruska::ops::eels {
namespace {

const LossAxis low_axis{-20.0, 0.25, 1000};
constexpr double full_width_of_peak = 1.0;

/// Carbon that scatters with mean free path 1 / 0.01 nm, and edges or none.
simulate::Scatterer carbon(bool edges) {
  simulate::Scatterer made = simulate::scatterer({"C", {{"C", 1.0}}, 2.0}, 24.0, 10.0, 3.0, simulate::ElectronBeam{});
  if (!edges) made.edges.clear();
  return made;
}

std::vector<double> expected(const simulate::Scatterer& phase, const LossAxis& axis, double thickness,
                             double electrons) {
  const simulate::LossSpectrum spectrum({phase}, axis, full_width_of_peak);
  auto work = spectrum.work();
  std::vector<double> out(static_cast<std::size_t>(axis.size));
  const double length = thickness / phase.total();
  spectrum.expected(std::span(&length, 1), 0.0, out, work);
  for (double& value : out) value *= electrons;
  return out;
}

/// The single-scattering distribution seen through the zero-loss peak, whose area is that of elastic electrons.
std::vector<double> single(const simulate::Scatterer& phase, const LossAxis& axis, double thickness, double electrons) {
  const double step = 1e-4;  // t/λ so small that one scattering is all
  std::vector<double> thin = expected(phase, axis, step, electrons), none = expected(phase, axis, 0.0, electrons);
  for (std::size_t c = 0; c < thin.size(); ++c) {
    thin[c] = (thin[c] * std::exp(step) - none[c]) / step * thickness * std::exp(-thickness);
  }
  return thin;
}

std::vector<double> noisy(const std::vector<double>& means, std::uint64_t repetition) {
  Random random(3, "deconvolve", repetition);
  std::vector<double> out;
  for (const double mean : means) out.push_back(static_cast<double>(random.poisson(mean)));
  return out;
}

double relative_error(const std::vector<double>& found, const std::vector<double>& truth, std::size_t from,
                      std::size_t to) {
  double error = 0, norm = 0;
  for (std::size_t c = from; c < to; ++c) {
    error += (found[c] - truth[c]) * (found[c] - truth[c]);
    norm += truth[c] * truth[c];
  }
  return std::sqrt(error / norm);
}

double sum_of(std::span<const double> values) { return std::accumulate(values.begin(), values.end(), 0.0); }

class Thickness : public testing::TestWithParam<double> {};

TEST_P(Thickness, FourierLogFindsSingleScattering) {
  const double thickness = GetParam();
  const simulate::Scatterer phase = carbon(false);
  const auto spectrum = expected(phase, low_axis, thickness, 1e8);
  const auto truth = single(phase, low_axis, thickness, 1e8);
  const auto peak = expected(phase, low_axis, 0.0, 1e6);
  std::vector<double> out(spectrum.size());
  // With the exact peak nothing is lost but what lies beyond the axis.
  const FourierLog known(low_axis.size, low_axis.size, {}, std::nullopt, 1.0);
  ASSERT_TRUE(known.run(spectrum, peak, out, {}, *known.work()));
  EXPECT_LT(relative_error(out, truth, 88, 900), 0.01);
  const double elastic = 1e8 * std::exp(-thickness);
  // ln(I_t / I_0) is t/λ, less what lies beyond the end of the axis.
  EXPECT_NEAR(sum_of(out) / elastic, sum_of(truth) / elastic, 0.01 * thickness);
  EXPECT_NEAR(sum_of(out) / elastic, std::log(sum_of(spectrum) / elastic), 0.02 * thickness);
  // With the peak told from the data by reflection.
  const FourierLog reflected(low_axis.size, 0, {}, std::nullopt, 1.0);
  ASSERT_TRUE(reflected.run(spectrum, {}, out, {}, *reflected.work()));
  EXPECT_LT(relative_error(out, truth, 88, 900), 0.03);
  // Seen through a wider Gaussian: the same area.
  const FourierLog wide(low_axis.size, 0, {}, 4.0, 1.0);
  ASSERT_TRUE(wide.run(spectrum, {}, out, {}, *wide.work()));
  EXPECT_NEAR(sum_of(out) / elastic, sum_of(truth) / elastic, 0.02 * thickness);
}

TEST_P(Thickness, FourierRatioFindsTheEdgeOfSingleScattering) {
  const double thickness = GetParam();
  const simulate::Scatterer phase = carbon(true), bare = carbon(false);
  const LossAxis core_axis{250.0, 0.5, 400};
  const auto edge_of = [&](double t) {
    // The same carbon with and without its edge, so that the valence losses are the same.
    const double length = t / phase.total();
    std::vector<double> with = expected(phase, core_axis, t, 1e10);
    const auto without = expected(bare, core_axis, length * bare.total(), 1e10);
    const double less = std::exp(length * (bare.total() - phase.total()));
    for (std::size_t c = 0; c < with.size(); ++c) with[c] -= less * without[c];
    return with;
  };
  const auto core = edge_of(thickness);
  auto truth = edge_of(1e-4);
  for (double& value : truth) value *= thickness / 1e-4 * std::exp(-thickness);
  const auto low = expected(phase, low_axis, thickness, 1e8);
  std::vector<double> out(core.size());
  const FourierRatio ratio(core_axis, low_axis, {}, full_width_of_peak, 1.0);  // other channels: shared out
  ASSERT_TRUE(ratio.run(core, low, {}, out, {}, *ratio.work()));
  EXPECT_LT(relative_error(out, truth, 60, 380), 0.05) << "channels of 0.25 eV for 0.5 eV";
  const LossAxis same{-20.0, 0.5, 500};
  const FourierRatio alike(core_axis, same, {}, full_width_of_peak, 1.0);
  ASSERT_TRUE(alike.run(core, expected(phase, same, thickness, 1e8), {}, out, {}, *alike.work()));
  EXPECT_LT(relative_error(out, truth, 60, 380), 0.05);
}

INSTANTIATE_TEST_SUITE_P(OverMeanFreePath, Thickness, testing::Values(0.3, 1.0, 2.0),
                         [](const auto& one) { return "T" + std::to_string(std::lround(10 * one.param)); });

// Over repetitions, (found − mean) / σ has variance one.
TEST(FourierLog, KnowsItsSigma) {
  const LossAxis axis{-10.0, 0.25, 400};
  const simulate::Scatterer phase = carbon(false);
  const auto means = expected(phase, axis, 0.8, 1e5), peak = expected(phase, axis, 0.0, 1e5);
  for (const int kind : {0, 1, 2, 3}) {  // reflected; cut; a Gaussian; a given peak
    const FourierLog log(axis.size, kind == 3 ? axis.size : 0, {kind != 1, 10.0},
                         kind == 2 ? std::optional(2.5) : std::nullopt, 1.0);
    const auto work = log.work();
    const int repetitions = 300;
    std::vector<double> sum(400), square(400), variance(400), out(400), sigma(400);
    for (int n = 0; n < repetitions; ++n) {
      const auto data = noisy(means, static_cast<std::uint64_t>(n));
      ASSERT_TRUE(
          log.run(data, kind == 3 ? std::span<const double>(peak) : std::span<const double>(), out, sigma, *work));
      for (std::size_t c = 0; c < 400; ++c) {
        sum[c] += out[c] / repetitions;
        square[c] += out[c] * out[c] / repetitions;
        variance[c] += sigma[c] * sigma[c] / repetitions;
      }
    }
    double pull = 0;
    for (std::size_t c = 80; c < 380; ++c) pull += (square[c] - sum[c] * sum[c]) / variance[c] / 300;
    // σ leaves out how well a given peak is placed on the spectrum's own.
    EXPECT_NEAR(pull, 1.0, kind == 3 ? 0.25 : 0.12) << "kind " << kind;
  }
}

TEST(FourierRatio, KnowsItsSigma) {
  const LossAxis axis{250.0, 0.5, 300}, low{-10.0, 0.5, 200};
  const simulate::Scatterer phase = carbon(true);
  const auto core_means = expected(phase, axis, 0.8, 1e7), low_means = expected(phase, low, 0.8, 3e4);
  const FourierRatio ratio(axis, low, {}, 2.0, 1.0);
  const auto work = ratio.work();
  const int repetitions = 300;
  std::vector<double> sum(300), square(300), variance(300), out(300), sigma(300);
  for (int n = 0; n < repetitions; ++n) {
    ASSERT_TRUE(ratio.run(noisy(core_means, static_cast<std::uint64_t>(n)),
                          noisy(low_means, static_cast<std::uint64_t>(100000 + n)), {}, out, sigma, *work));
    for (std::size_t c = 0; c < 300; ++c) {
      sum[c] += out[c] / repetitions;
      square[c] += out[c] * out[c] / repetitions;
      variance[c] += sigma[c] * sigma[c] / repetitions;
    }
  }
  double pull = 0;
  for (std::size_t c = 30; c < 280; ++c) pull += (square[c] - sum[c] * sum[c]) / variance[c] / 250;
  EXPECT_NEAR(pull, 1.0, 0.12);
}

TEST(RichardsonLucy, SharpensAndKeepsCounts) {
  const LossAxis axis{280.0, 0.25, 200}, peak_axis{-5.0, 0.25, 41};
  const auto bell = [](double x, double sigma) { return std::exp(-0.5 * x * x / (sigma * sigma)) / sigma; };
  std::vector<double> kernel, data, out(200);
  for (std::int64_t c = 0; c < 41; ++c) kernel.push_back(1e4 * bell(peak_axis.at(static_cast<double>(c)), 1.0));
  for (std::int64_t c = 0; c < 200; ++c) {
    const double loss = axis.at(static_cast<double>(c));
    data.push_back(1e5 * (bell(loss - 300.0, std::hypot(0.6, 1.0)) + bell(loss - 304.0, std::hypot(0.6, 1.0))));
  }
  const RichardsonLucy lucy(axis, peak_axis, 200, false, 1.0);
  const auto ended = lucy.run(data, kernel, {}, out, *lucy.work());
  EXPECT_TRUE(ended.done);
  EXPECT_EQ(ended.iterations, 200);
  EXPECT_NEAR(sum_of(out) / sum_of(data), 1.0, 1e-3);
  const auto width = [&](const std::vector<double>& values) {  // of the first peak
    double moment = 0, sum = 0;
    for (std::size_t c = 60; c < 88; ++c) {
      const double x = axis.at(static_cast<double>(c)) - 300.0;
      moment += x * x * values[c];
      sum += values[c];
    }
    return std::sqrt(moment / sum);
  };
  EXPECT_NEAR(width(out), 0.6, 0.08);
  EXPECT_GT(width(data), 0.95);
  // It stops where the residuals are noise.
  std::vector<double> again(200);
  const RichardsonLucy stopping(axis, peak_axis, 1000, true, 1.0);
  const auto stopped = stopping.run(noisy(data, 1), kernel, {}, again, *stopping.work());
  EXPECT_LT(stopped.iterations, 1000);
  EXPECT_LE(stopped.misfit, 1.0);
}

Result deconvolved(const Inputs& inputs, const Json& params) {
  Context context;
  return execute(operation("eels.deconvolve"), inputs, params, context);
}

TEST(Deconvolve, GivesEveryPositionItsThickness) {
  const Result result = deconvolved({{"data", low_loss_map(4, 5, 0.7, 50000)}}, Json::object());
  const auto thickness = result.outputs.dataset("thickness").read_all_as_double();
  const auto sigma = result.outputs.dataset("thickness_sigma").read_all_as_double();
  const auto values = result.outputs.dataset("deconvolved").read_all_as_double();
  ASSERT_EQ(values.size(), 20u * 320u);
  for (std::size_t p = 0; p < 20; ++p) {
    EXPECT_NEAR(thickness[p], 0.7, 5 * sigma[p]);
    // The plasmon lies at 15 eV and its double at 30 eV is gone: channels of 0.25 eV from −10 eV on.
    const std::span<const double> one = std::span(values).subspan(p * 320, 320);
    const auto about = [&](double loss) {
      return sum_of(one.subspan(static_cast<std::size_t>((loss + 8.0) / 0.25), 16));
    };
    EXPECT_LT(std::abs(about(30.0)), 0.06 * about(15.0)) << p;
  }
}

TEST(Deconvolve, RefusesPairsThatAreNone) {
  const Dataset low = low_loss_map(2, 3, 0.5, 5000);
  const auto message = [](const Inputs& inputs, const Json& params) {
    try {
      deconvolved(inputs, params);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_THAT(message({{"data", low}, {"low_loss", low_loss_map(3, 3, 0.5, 5000)}}, Json::object()),
              testing::HasSubstr("same scan"));
  Description core = low.describe();
  core.axes[2].offset = 300.0;
  const Dataset losses = Dataset::from_values<std::uint16_t>(core, low.read_all<std::uint16_t>());
  EXPECT_THAT(message({{"data", losses}}, Json::object()), testing::HasSubstr("zero-loss peak"));
  EXPECT_THAT(message({{"data", losses}}, {{"method", "fourier_ratio"}}), testing::HasSubstr("'low_loss' is missing"));
  EXPECT_THAT(message({{"data", losses}}, {{"method", "richardson_lucy"}}), testing::HasSubstr("needs a kernel"));
  EXPECT_THAT(message({{"data", losses}, {"low_loss", low}, {"zero_loss", low}}, Json::object()),
              testing::HasSubstr("takes none"));
  core.axes[2].scale = 10.0;
  const Dataset coarse = Dataset::from_values<std::uint16_t>(core, low.read_all<std::uint16_t>());
  EXPECT_THAT(message({{"data", coarse}, {"low_loss", low}}, Json::object()), testing::HasSubstr("factor of ten"));
}

}  // namespace
}  // namespace ruska::ops::eels
