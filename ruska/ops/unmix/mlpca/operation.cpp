// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/operation.hpp"

#include <cmath>

#include "ruska/ops/unmix/component_output.hpp"
#include "ruska/ops/unmix/mlpca/mlpca.hpp"

namespace ruska::ops::unmix {
namespace {

constexpr auto parameters = std::tuple{
    parameter(&MlpcaParams::components, "components", "", at_least<std::int64_t>(1),
              "Number of components; automatic: rank_rule decides"),
    parameter(&MlpcaParams::rank_rule, "rank_rule", "", one_of("gavish_donoho|count_splitting"),
              "How the number of components is chosen, as in unmix.pca"),
    parameter(&MlpcaParams::tolerance, "tolerance", "", within(0.0, 1.0),
              "Stop when an iteration lowers the objective by less than this part of it"),
    parameter(&MlpcaParams::iterations, "iterations", "", within<std::int64_t>(1, 100000), "Most iterations"),
    parameter(&MlpcaParams::seed, "seed", "", at_least<std::int64_t>(0), "Seed of the count splitting")};

std::int64_t most_components(const Description& data, const MlpcaParams& params) {
  return std::min({data.navigation_size(), data.signal_size(), params.components.value_or(PcaParams{}.scree_length)});
}

Plan check(const Inputs& inputs, const MlpcaParams& params) {
  const Description& data = inputs.at("data").describe();
  if (const Dataset* variance = inputs.find("variance"); variance && variance->describe().shape() != data.shape()) {
    throw Error(ErrorKind::invalid_argument, "variance has the shape " + to_string(variance->describe().shape()) +
                                                 " and the data " + to_string(data.shape()) + "; they must be equal");
  }
  const std::int64_t most = most_components(data, params);
  const double elements = static_cast<double>(data.navigation_size()) * static_cast<double>(data.signal_size());
  Plan plan;
  plan.outputs = {
      {"factors", spectra_shape(data, most)}, {"loadings", maps_shape(data, most)}, {"reconstruction", data.shape()}};
  plan.least_memory = mlpca_memory(data, params);
  plan.memory_per_worker = mlpca_memory_per_worker(data, params) + Rows::bytes_per_worker(data);
  if (const Dataset* variance = inputs.find("variance")) {
    plan.memory_per_worker += Rows::bytes_per_worker(variance->describe());
  }
  plan.memory = plan.least_memory + data.navigation_size() * data.signal_size() * 8;
  plan.flops = 10 * elements * static_cast<double>(2 * most * most);
  plan.bytes_read = static_cast<double>(data.bytes());
  return plan;
}

Outputs run(const Inputs& inputs, const MlpcaParams& params, Context& context) {
  const Dataset& dataset = inputs.at("data");
  const Description& data = dataset.describe();
  const std::int64_t reserved = mlpca_memory(data, params) + context.threads * mlpca_memory_per_worker(data, params);
  std::optional<Rows> variance;
  std::int64_t for_variance = 0;
  if (const Dataset* given = inputs.find("variance")) {
    Context share;
    share.threads = context.threads;
    for_variance = context.threads * Rows::bytes_per_worker(given->describe()) + given->source().buffered();
    share.memory = for_variance;
    variance.emplace(*given, share);
  }
  const Rows rows(dataset, context, masks_of(inputs), reserved + for_variance);
  const MlpcaResult result = mlpca(rows, variance ? &*variance : nullptr, params, context);
  if (!result.converged) {
    context.not_converged("the fit still improved after " + std::to_string(result.iterations) +
                          " iterations; give --iterations more or --tolerance larger");
  }
  const std::int64_t kept = result.components;
  const std::vector<std::string> names = component_names(kept);
  const Dataset factors = spectra_of(data, result.factors, kept, "Factors");
  const Dataset loadings = maps_of(data, result.loadings, kept, "Loadings");

  Outputs outputs;
  outputs.add({.name = "factors",
               .title = "Factors",
               .value = factors,
               .view = view_of(factors),
               .sigma = "factors_sigma",
               .components = names,
               .note =
                   "Orthonormal; loadings times factors give the data. σ: the variances carried through the weighted "
                   "least squares, the other side held fixed."});
  outputs.add({.name = "loadings",
               .title = "Loadings",
               .value = loadings,
               .view = view_of(loadings),
               .sigma = "loadings_sigma",
               .components = names,
               .note = "In the data's units. Empty positions are 0, masked ones have no value."});
  Description curve;
  curve.title = "Objective";
  curve.axes = {{.name = "iteration",
                 .role = Role::signal,
                 .size = static_cast<std::int64_t>(result.objective.size()),
                 .offset = 1}};
  outputs.add({.name = "objective",
               .title = "Weighted squares per degree of freedom",
               .value = Dataset::from_values<double>(curve, result.objective),
               .view = View::spectra,
               .note = "1 where the components leave nothing but noise of the given variance."});
  curve.title = "Singular values";
  curve.axes = {component_axis(kept)};
  curve.axes[0].role = Role::signal;
  outputs.add({.name = "singular_values",
               .title = "Singular values",
               .value = Dataset::from_values<double>(curve, result.singular_values)});
  outputs.add({.name = "reconstruction",
               .title = "Reconstruction",
               .value = product(loadings, factors, Dataset(), "Reconstruction")});
  outputs.add({.name = "factors_sigma",
               .title = "Uncertainty of the factors",
               .value = spectra_of(data, result.factors_sigma, kept, "Uncertainty of the factors")});
  outputs.add({.name = "loadings_sigma",
               .title = "Uncertainty of the loadings",
               .value = maps_of(data, result.loadings_sigma, kept, "Uncertainty of the loadings")});
  char line[96];
  std::snprintf(line, sizeof(line), "weighted squares per degree of freedom: %.4f after %d iterations",
                result.objective.back(), static_cast<int>(result.iterations));
  outputs.summary = {std::to_string(kept) + " component" + (kept == 1 ? "" : "s") + " kept: " + result.reason, line};
  return outputs;
}

}  // namespace

const Operation& mlpca_operation() {
  static std::vector<Port> ports = [] {
    std::vector<Port> all = unmixing_ports(Values::real);
    all.push_back(
        {.name = "variance",
         .help = "variance of every element, of the data's shape; 0 leaves an element out (default: of counts)",
         .required = false,
         .values = Values::real});
    return all;
  }();
  static const Operation operation = make_operation<MlpcaParams>(
      {.name = "unmix.mlpca",
       .version = 1,
       .summary = "Maximum-likelihood principal components for counts, or for any known variance of every element.",
       .citations = {"P. D. Wentzell et al., J. Chemometrics 11, 339 (1997)"},
       .inputs = ports,
       .outputs = {{"factors", "spectra of the components, (component | signal axes), orthonormal"},
                   {"factors_sigma", "their uncertainty"},
                   {"loadings", "maps of the components, (component | navigation axes), in the data's units"},
                   {"loadings_sigma", "their uncertainty"},
                   {"objective", "weighted squares per degree of freedom after each iteration"},
                   {"singular_values", "singular values of loadings times factors"},
                   {"reconstruction", "loadings times factors, evaluated when read"}}},
      parameters, check, run);
  return operation;
}

}  // namespace ruska::ops::unmix
