// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/abundances/abundances.hpp"

#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>

#include "ruska/base/printed.hpp"
#include "ruska/core/operation.hpp"
#include "ruska/ops/unmix/component_output.hpp"
#include "ruska/ops/unmix/count_noise.hpp"
#include "ruska/ops/unmix/given_spectra.hpp"

namespace ruska::ops::unmix {
namespace {

constexpr auto parameters = std::tuple{
    parameter(&AbundancesParams::method, "method", "", one_of("auto|likelihood|least_squares"),
              "How spectra are fitted: Poisson maximum likelihood, or least squares; auto: the likelihood for "
              "counts, least squares for other data"),
    parameter(&AbundancesParams::constraint, "constraint", "", one_of("sum_to_one|non_negative"),
              "Shares of each position's signal, which are at least 0 and sum to one, or amounts of the given "
              "spectra, which are only at least 0"),
    parameter(&AbundancesParams::weighting, "weighting", "", one_of("auto|poisson|none"),
              "Weights of the squares: the inverse mean of each channel, or none; auto: for counts alone. The "
              "likelihood needs none"),
    parameter(&AbundancesParams::gain, "gain", "", within(1e-12, 1e12),
              "Variance of a channel per count, by which integers that a camera has scaled become counts again; auto: "
              "1, unless the noise of integers shows that they are none")};

Plan check(const Inputs& inputs, const AbundancesParams&) {
  const Description& data = inputs.at("data").describe();
  const std::int64_t components = number_of_given_spectra(data, inputs.at("spectra").describe(), "spectra");
  const Shape maps = maps_shape(data, components);
  Plan plan;
  for (const char* name : {"abundances", "abundances_sigma", "low_68", "high_68", "low_95", "high_95"}) {
    plan.outputs.push_back({name, maps});
  }
  plan.outputs.push_back({"covariance", maps_shape(data, components * (components + 1) / 2)});
  plan.outputs.push_back({"misfit", data.navigation_shape()});
  plan.outputs.push_back({"deviance", data.navigation_shape()});
  plan.outputs.push_back({"residual", data.signal_shape()});
  plan.outputs.push_back({"residual_sigma", data.signal_shape()});
  plan.least_memory = abundances_memory(data, components) + noise_over_counts_memory(data);
  plan.memory_per_worker = abundances_memory_per_worker(data, components) + Rows::bytes_per_worker(data);
  plan.memory = plan.least_memory + data.navigation_size() * data.signal_size() * 8;
  plan.flops = 8.0 * static_cast<double>(data.navigation_size() * data.signal_size()) *
               static_cast<double>(components * components);
  plan.bytes_read = static_cast<double>(data.bytes());
  return plan;
}

/// Numbers of each position as an image.
Dataset image_of(const Description& data, const std::vector<double>& values, std::string title) {
  Description description;
  description.title = std::move(title);
  for (const Axis& axis : data.axes) {
    if (axis.role != Role::navigation) continue;
    description.axes.push_back(axis);
    description.axes.back().role = Role::signal;
  }
  return Dataset::from_values<double>(std::move(description), values);
}

Dataset spectrum_of(const Description& data, const std::vector<double>& values, std::string title) {
  Description description;
  description.title = std::move(title);
  description.signal_type = data.signal_type;
  description.metadata = data.metadata;
  for (const Axis& axis : data.axes) {
    if (axis.role == Role::signal) description.axes.push_back(axis);
  }
  return Dataset::from_values<double>(std::move(description), values);
}

View view_of_rank(std::size_t rank) { return rank == 1 ? View::spectra : rank == 2 ? View::maps : View::hidden; }

/// Square roots of the diagonal of each position's covariance.
std::vector<double> sigmas_of(const std::vector<double>& covariance, std::size_t count) {
  const std::size_t pairs = count * (count + 1) / 2;
  std::vector<double> sigma;
  for (std::size_t p = 0; p < covariance.size() / pairs; ++p) {
    const double* pair = covariance.data() + p * pairs;
    for (std::size_t k = 0; k < count; pair += count - k, ++k) {
      sigma.push_back(std::isnan(*pair) ? *pair : std::sqrt(std::max(0.0, *pair)));
    }
  }
  return sigma;
}

Outputs run(const Inputs& inputs, const AbundancesParams& params, Context& context) {
  const Dataset& dataset = inputs.at("data");
  const Description& data = dataset.describe();
  const std::int64_t components = number_of_given_spectra(data, inputs.at("spectra").describe(), "spectra");
  const auto count = static_cast<std::size_t>(components);
  const std::vector<double> spectra = inputs.at("spectra").read_all_as_double();
  const Rows rows(dataset, context, masks_of(inputs),
                  abundances_memory(data, components) + noise_over_counts_memory(data) +
                      context.threads * abundances_memory_per_worker(data, components));
  const Marginals sums = marginals(rows, context);
  AbundancesParams fitted_with = params;
  if (!fitted_with.gain && sums.counts) {
    const double noise = noise_over_counts(rows, context);
    fitted_with.gain = noise * noise;
    if (noise > 1) {
      context.warn(
          "the noise is " + printed("%.3g", noise) +
          " times that of counts, so that one electron or photon is more than one count: values are taken as " +
          printed("%.3g", *fitted_with.gain) + " times counts; give gain where it is known");
    }
  }
  AbundanceFit fit = fit_abundances(rows, sums, spectra, components, fitted_with, context);
  if (fit.likelihood && !sums.counts) {
    context.warn(
        "the data are no counts, so that the uncertainties of the likelihood are right only up to a factor; "
        "method least_squares takes them from the residuals");
  }

  const std::vector<std::string> names = component_names(components);
  const View maps = view_of_rank(data.navigation_shape().size());
  const std::string quantity = fit.shares ? "Abundance" : "Amount";
  const std::string noise = fit.likelihood || !fit.misfit.empty() ? "Poisson counts" : "the residuals' variance";
  const std::string intervals =
      "Unified intervals (Feldman and Cousins): they hold the true value as often as they say, also where that is " +
      std::string(fit.shares ? "0 or 1; there they are one-sided and end at it." : "0; there they end at it.");

  Outputs outputs;
  const auto add_maps = [&](const char* name, const std::string& title, std::vector<double>& values, View view,
                            std::string sigma, std::string note) {
    outputs.add({.name = name,
                 .title = title,
                 .value = maps_of(data, values, components, title),
                 .view = view,
                 .sigma = std::move(sigma),
                 .components = names,
                 .note = std::move(note)});
    values = {};
  };
  std::vector<double> sigma = sigmas_of(fit.covariance, count);
  add_maps("abundances", quantity + " of each spectrum", fit.abundances, maps, "abundances_sigma",
           fit.shares ? "Share of the position's signal that has this spectrum; shares sum to 1. Empty and masked "
                        "positions have no value."
                      : "In units of the given spectra. Masked positions have no value.");
  add_maps(
      "abundances_sigma", "Standard deviation of the " + std::string(fit.shares ? "abundances" : "amounts"), sigma,
      View::hidden, "",
      "From " + noise + ", of an estimate that is not held within bounds; close to a bound the interval says more.");

  std::vector<std::int64_t> number(count);
  std::iota(number.begin(), number.end(), 1);
  Table table;
  table.columns = {
      {"component", "", number},
      {fit.shares ? "share" : "mean_amount", "", fit.mean},
      {fit.shares ? "share_sigma" : "mean_amount_sigma", "", fit.mean_sigma, fit.shares ? "share" : "mean_amount"}};
  outputs.add({.name = "means",
               .title = fit.shares ? "Share of the whole signal" : "Mean amount",
               .value = std::move(table),
               .view = View::table,
               .note =
                   "From estimates that are not held within bounds, so that positions without a component do not add "
                   "up to some of it."});

  add_maps("low_68", "68 % interval, lower end", fit.low_68, View::hidden, "", intervals);
  add_maps("high_68", "68 % interval, upper end", fit.high_68, View::hidden, "", intervals);
  add_maps("low_95", "At least (lower end of the 95 % interval)", fit.low_95, maps, "", intervals);
  add_maps("high_95", "At most (upper end of the 95 % interval)", fit.high_95, maps, "", intervals);

  if (!fit.misfit.empty()) {
    outputs.add({.name = "misfit",
                 .title = "Misfit",
                 .value = image_of(data, fit.misfit, "Misfit"),
                 .view = maps,
                 .note =
                     "Pearson's χ², standardised: 0 ± 1 where the spectra explain the counts, above 3 where something "
                     "else is there."});
  }
  outputs.add({.name = "residual",
               .title = "What the spectra leave unexplained",
               .value = spectrum_of(data, fit.residual, "Residual"),
               .view = view_of_rank(data.signal_shape().size()),
               .sigma = fit.residual_sigma.empty() ? "" : "residual_sigma",
               .note = "Sum over all positions of the data less the fit."});
  if (!fit.residual_sigma.empty()) {
    outputs.add({.name = "residual_sigma",
                 .title = "Standard deviation of the residual",
                 .value = spectrum_of(data, fit.residual_sigma, "Standard deviation of the residual")});
  }
  outputs.add({.name = "deviance",
               .title = fit.likelihood ? "Deviance of each position" : "Weighted squared residuals of each position",
               .value = image_of(data, fit.deviance, "Deviance")});
  std::vector<std::string> pairs;
  for (std::size_t k = 1; k <= count; ++k) {
    for (std::size_t l = k; l <= count; ++l) pairs.push_back(std::to_string(k) + ", " + std::to_string(l));
  }
  outputs.add({.name = "covariance",
               .title = "Covariance of the components at each position",
               .value = maps_of(data, fit.covariance, static_cast<std::int64_t>(pairs.size()), "Covariance"),
               .components = pairs,
               .note = "Upper triangle of the covariance matrix, row by row."});

  char line[160];
  std::snprintf(line, sizeof line, "%s, %s", fit.likelihood ? "Poisson maximum likelihood" : "least squares",
                fit.shares ? "abundances sum to 1" : "amounts ≥ 0");
  outputs.summary.push_back(line);
  for (std::size_t k = 0; k < count && k < 8; ++k) {
    std::snprintf(line, sizeof line, "component %zu: %s %.4g ± %.2g", k + 1,
                  fit.shares ? "share of the signal" : "mean amount", fit.mean[k], fit.mean_sigma[k]);
    outputs.summary.push_back(line);
  }
  if (!fit.misfit.empty()) {
    std::size_t used = 0, bad = 0;
    for (const double one : fit.misfit) {
      used += std::isnan(one) ? 0 : 1;
      bad += one > 3 ? 1 : 0;
    }
    const double percent = used > 0 ? 100.0 * static_cast<double>(bad) / static_cast<double>(used) : 0.0;
    std::snprintf(line, sizeof line, "misfit above 3 σ at %.2g %% of the positions", percent);
    outputs.summary.push_back(line);
    if (percent > 5) {
      context.warn("the spectra do not explain " + std::to_string(static_cast<int>(std::lround(percent))) +
                   " % of the positions; look at misfit and residual for a spectrum that is missing");
    }
  }
  return outputs;
}

}  // namespace

const Operation& abundances_operation() {
  static const Operation operation = [] {
    std::vector<Port> ports = unmixing_ports(Values::real);
    ports.insert(ports.begin() + 1, given_spectra_port("spectra", true));
    return make_operation<AbundancesParams>(
        {.name = "unmix.abundances",
         .version = 1,
         .summary = "Fits given spectra to every position, with intervals that stay right near 0 and 1.",
         .citations = {"D. C. Heinz and C.-I. Chang, IEEE Trans. Geosci. Remote Sens. 39, 529 (2001)",
                       "G. J. Feldman and R. D. Cousins, Phys. Rev. D 57, 3873 (1998)"},
         .inputs = std::move(ports),
         .outputs = {{"abundances", "share or amount of each spectrum, (component | navigation axes)"},
                     {"abundances_sigma", "their standard deviation without the bounds"},
                     {"means", "share of each spectrum in the whole signal, or its mean amount, with σ"},
                     {"low_68", "lower ends of the 68 % intervals"},
                     {"high_68", "upper ends of the 68 % intervals"},
                     {"low_95", "lower ends of the 95 % intervals"},
                     {"high_95", "upper ends of the 95 % intervals"},
                     {"misfit", "standardised χ² of each position, of counts"},
                     {"residual", "sum over the positions of the data less the fit"},
                     {"residual_sigma", "its standard deviation, of counts"},
                     {"deviance", "deviance or weighted squared residuals of each position"},
                     {"covariance", "covariance of the components at each position, upper triangle"}}},
        parameters, check, run);
  }();
  return operation;
}

}  // namespace ruska::ops::unmix
