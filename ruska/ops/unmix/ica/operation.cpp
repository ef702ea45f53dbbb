// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/operation.hpp"

#include <cmath>
#include <numeric>

#include "ruska/ops/unmix/component_output.hpp"
#include "ruska/ops/unmix/ica/ica.hpp"

namespace ruska::ops::unmix {
namespace {

constexpr auto parameters = std::tuple{
    parameter(
        &IcaParams::components, "components", "",
        "Which principal components to rotate, such as 1,2,4, exactly these; automatic: all that rank_rule keeps"),
    parameter(
        &IcaParams::algorithm, "algorithm", "", one_of("fastica|jade|sobi|orthomax"),
        "FastICA; JADE: fourth-order cumulants; SOBI: covariances between neighbours; orthomax rotation (varimax)"),
    parameter(&IcaParams::on, "on", "", one_of("factors|loadings"),
              "What is to be independent: the spectra (factors) or the maps (loadings)"),
    parameter(&IcaParams::derivative, "derivative", "", within<std::int64_t>(0, 2),
              "Order of the derivative that independence is judged on; 1 takes slow backgrounds out"),
    parameter(&IcaParams::nonlinearity, "nonlinearity", "", one_of("logcosh|exp|cube"),
              "FastICA: logcosh for all purposes, exp for heavy tails and outliers, cube for kurtosis"),
    parameter(&IcaParams::approach, "approach", "", one_of("parallel|deflation"),
              "FastICA: all components together, or one after the other"),
    parameter(&IcaParams::starts, "starts", "", within<std::int64_t>(1, 1000),
              "FastICA: random starts; the one farthest from Gaussian is kept, and how far the others agree is told"),
    parameter(&IcaParams::lags, "lags", "", within<std::int64_t>(1, 10000),
              "SOBI: the largest distance between neighbours, in channels or positions"),
    parameter(&IcaParams::gamma, "gamma", "", within(0.0, 1e3), "Orthomax: 1 is varimax, 0 quartimax"),
    parameter(
        &IcaParams::tolerance, "tolerance", "", within(0.0, 1.0),
        "When to stop: change of 1 - |cosine| (FastICA), angle in radians (JADE, SOBI), relative gain (orthomax)"),
    parameter(&IcaParams::max_iterations, "max_iterations", "", within<std::int64_t>(1, 1000000), "Most iterations"),
    parameter(&IcaParams::weighting, "weighting", "", one_of("auto|poisson|none"),
              "Weights of the principal components, as in unmix.pca"),
    parameter(&IcaParams::rank_rule, "rank_rule", "", one_of("gavish_donoho|count_splitting"),
              "How the number of components is chosen, as in unmix.pca"),
    parameter(&IcaParams::svd_solver, "svd_solver", "", one_of("full|randomized"),
              "How the principal components are found, as in unmix.pca; randomized needs components"),
    parameter(&IcaParams::seed, "seed", "", at_least<std::int64_t>(0),
              "Seed of the random starts and of the repeated measurements"),
    parameter(
        &IcaParams::bootstrap, "bootstrap", "", within<std::int64_t>(0, 1000),
        "Number of repeated measurements, drawn from the principal components and analysed again, whose spread is "
        "written beside the results")};

std::int64_t most_components(const Description& data, const IcaParams& params) {
  const std::int64_t most =
      params.components ? static_cast<std::int64_t>(params.components->size()) : PcaParams{}.scree_length;
  return std::min({data.navigation_size(), data.signal_size(), most});
}

Plan check(const Inputs& inputs, const IcaParams& params) {
  const Description& data = inputs.at("data").describe();
  const std::int64_t most = most_components(data, params);
  const auto positions = static_cast<double>(data.navigation_size()),
             channels = static_cast<double>(data.signal_size());
  Plan plan;
  plan.outputs = {
      {"factors", spectra_shape(data, most)}, {"loadings", maps_shape(data, most)}, {"reconstruction", data.shape()}};
  plan.least_memory = ica_memory(data, params);
  plan.memory_per_worker = ica_memory_per_worker(data, params) + Rows::bytes_per_worker(data);
  plan.memory = plan.least_memory + data.navigation_size() * data.signal_size() * 8;
  plan.flops = positions * channels * std::min(positions, channels) * (is_integer(data.dtype) ? 0.01 : 1.0) +
               1e3 * static_cast<double>(most * most) * (params.on == "loadings" ? positions : channels);
  plan.bytes_read = static_cast<double>(data.bytes());
  return plan;
}

std::vector<std::int64_t> counted_from_one(std::vector<std::int64_t> numbers) {
  for (std::int64_t& number : numbers) ++number;
  return numbers;
}

Outputs run(const Inputs& inputs, const IcaParams& params, Context& context) {
  const Dataset& dataset = inputs.at("data");
  const Description& data = dataset.describe();
  const Masks masks = masks_of(inputs);
  const Rows rows(dataset, context, masks,
                  ica_memory(data, params) + context.threads * ica_memory_per_worker(data, params));
  const IcaResult result = ica(rows, params, context, masks);
  const auto kept = static_cast<std::int64_t>(result.chosen.size());
  const std::vector<std::string> names = component_names(kept);
  if (!result.converged) {
    context.not_converged("the rotation still changed after " + std::to_string(result.iterations) +
                          " iterations; give --max_iterations more, --tolerance larger or fewer components");
  }
  std::string chosen;
  for (const std::int64_t number : counted_from_one(result.chosen)) {
    chosen += (chosen.empty() ? "" : ", ") + std::to_string(number);
  }

  const Dataset factors = spectra_of(data, result.factors, kept, "Factors");
  const Dataset loadings = maps_of(data, result.loadings, kept, "Loadings");
  const std::string noise_note = "σ: that of the principal components' space, the rotation held fixed.";
  Outputs outputs;
  outputs.add({.name = "factors",
               .title = "Factors",
               .value = factors,
               .view = view_of(factors),
               .sigma = "factors_sigma",
               .components = names,
               .note = "Of unit Euclidean norm; loadings times factors give the data. " + noise_note});
  outputs.add({.name = "loadings",
               .title = "Loadings",
               .value = loadings,
               .view = view_of(loadings),
               .sigma = "loadings_sigma",
               .components = names,
               .note = "In the data's units. Masked positions have no value. " + noise_note});

  std::vector<std::int64_t> number(static_cast<std::size_t>(kept));
  std::iota(number.begin(), number.end(), 1);
  outputs.add({.name = "components",
               .title = "Components",
               .value = Table{{{"component", "", number},
                               {"share", "", result.share},
                               {"excess_kurtosis", "", result.kurtosis},
                               {"agreement", "", result.agreement}}},
               .view = View::table,
               .note =
                   "Share: of the rotated part's sum of squares. Agreement: mean |cosine| with the nearest component "
                   "of the other random starts; 1 where there are none."});
  Description square;
  square.title = "Unmixing matrix";
  square.axes = {component_axis(kept), component_axis(kept)};
  square.axes[1].name = "principal component";
  square.axes[1].role = Role::signal;
  outputs.add({.name = "unmixing",
               .title = "Unmixing matrix",
               .value = Dataset::from_values<double>(std::move(square), result.unmixing)});
  outputs.add({.name = "reconstruction",
               .title = "Reconstruction",
               .value = product(loadings, factors, Dataset(), "Reconstruction")});
  outputs.add({.name = "factors_sigma",
               .title = "Uncertainty of the factors",
               .value = spectra_of(data, result.factors_sigma, kept, "Uncertainty of the factors")});
  outputs.add({.name = "loadings_sigma",
               .title = "Uncertainty of the loadings",
               .value = maps_of(data, result.loadings_sigma, kept, "Uncertainty of the loadings")});
  if (result.spread) {
    std::string note =
        about_spread(result.spread->noise, params.bootstrap) + " It holds what the rotation leaves open.";
    if (result.failed > 0) note += " Of these rotations " + std::to_string(result.failed) + " did not converge.";
    add_spread(outputs, data, result.spread->factors, result.spread->loadings, kept, names, note);
  }

  const double least = *std::min_element(result.agreement.begin(), result.agreement.end());
  outputs.summary = {
      "principal components " + chosen + " rotated: " + result.reason,
      params.algorithm + " on " +
          (params.derivative == 0 ? "" : "derivatives of order " + std::to_string(params.derivative) + " of ") +
          params.on + (result.converged ? ", converged after " : ", not converged after ") +
          std::to_string(result.iterations) + " iterations"};
  if (params.algorithm == "fastica" && params.starts > 1) {
    char line[96];
    std::snprintf(line, sizeof(line), "%d random starts agree to a cosine of %.4f or better in the mean",
                  static_cast<int>(params.starts), least);
    outputs.summary.emplace_back(line);
  }
  if (!result.indistinct.empty()) outputs.summary.push_back(result.indistinct);
  return outputs;
}

}  // namespace

const Operation& ica_operation() {
  static const Operation operation = make_operation<IcaParams>(
      {.name = "unmix.ica",
       .version = 3,
       .summary = "Independent components: principal components rotated by FastICA, JADE, SOBI or varimax.",
       .citations = {"A. Hyvärinen and E. Oja, Neural Netw. 13, 411 (2000)",
                     "F. de la Peña et al., Ultramicroscopy 111, 169 (2011)"},
       .inputs = unmixing_ports(Values::real),
       .outputs = {{"factors", "spectra of the components, (component | signal axes), of unit norm"},
                   {"factors_sigma", "their uncertainty"},
                   {"loadings", "maps of the components, (component | navigation axes), in the data's units"},
                   {"loadings_sigma", "their uncertainty"},
                   {"factors_spread", "deviation of the factors of repeated measurements, where asked for"},
                   {"loadings_spread", "deviation of the loadings of repeated measurements, where asked for"},
                   {"components", "share, kurtosis and agreement of the starts, per component"},
                   {"unmixing", "factors = unmixing · factors of the principal components"},
                   {"reconstruction", "loadings times factors, evaluated when read"}}},
      parameters, check, run);
  return operation;
}

}  // namespace ruska::ops::unmix
