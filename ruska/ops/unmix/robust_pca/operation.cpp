// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/operation.hpp"

#include <cmath>
#include <numeric>

#include "ruska/ops/unmix/component_output.hpp"
#include "ruska/ops/unmix/robust_pca/robust_pca.hpp"

namespace ruska::ops::unmix {
namespace {

constexpr std::size_t most_listed = 1000;

constexpr auto parameters =
    std::tuple{parameter(&RobustPcaParams::components, "components", "", at_least<std::int64_t>(1),
                         "Number of components of the low-rank part; automatic: rank_rule decides"),
               parameter(&RobustPcaParams::significance, "significance", "", within(2.0, 1000.0),
                         "How many standard deviations an element must lie off the low-rank part to be an outlier"),
               parameter(&RobustPcaParams::weighting, "weighting", "", one_of("auto|poisson|none"),
                         "Weights of the principal components, as in unmix.pca"),
               parameter(&RobustPcaParams::rank_rule, "rank_rule", "", one_of("gavish_donoho|count_splitting"),
                         "How the number of components is chosen, as in unmix.pca"),
               parameter(&RobustPcaParams::iterations, "iterations", "", within<std::int64_t>(1, 1000),
                         "Most rounds of components and outliers"),
               parameter(&RobustPcaParams::cleaned, "cleaned", "",
                         "Also write the data with outliers replaced by the low-rank part"),
               parameter(&RobustPcaParams::seed, "seed", "", at_least<std::int64_t>(0), "Seed of the count splitting")};

Plan check(const Inputs& inputs, const RobustPcaParams& params) {
  const Description& data = inputs.at("data").describe();
  const std::int64_t positions = data.navigation_size(), channels = data.signal_size();
  const std::int64_t most = std::min({positions, channels, params.components.value_or(PcaParams{}.scree_length)});
  Plan plan;
  plan.outputs = {{"factors", spectra_shape(data, most)},
                  {"loadings", maps_shape(data, most)},
                  {"outliers_per_position", data.navigation_shape(), DType::int64},
                  {"outliers_per_channel", data.signal_shape(), DType::int64},
                  {"low_rank", data.shape()}};
  if (params.cleaned) plan.outputs.push_back({"cleaned", data.shape(), data.dtype});
  plan.least_memory = robust_pca_memory(data, params) + 8 * (positions + channels);
  plan.memory_per_worker = pca_memory_per_worker(data) + Rows::bytes_per_worker(data);
  plan.memory = plan.least_memory + positions * channels * 8;
  const double smaller = static_cast<double>(std::min(positions, channels));
  const double elements = static_cast<double>(positions) * static_cast<double>(channels);
  plan.flops = 3 * elements * (smaller * (is_integer(data.dtype) ? 0.01 : 1.0) + static_cast<double>(most));
  plan.bytes_read = 3 * static_cast<double>(data.bytes());
  return plan;
}

/// Axes of one role as a signal of their own.
Description part_of(const Description& data, Role role, std::string title) {
  Description part;
  part.title = std::move(title);
  for (const Axis& axis : data.axes) {
    if (axis.role != role) continue;
    part.axes.push_back(axis);
    part.axes.back().role = Role::signal;
  }
  return part;
}

Table table_of(const Outliers& outliers, const Description& data) {
  std::vector<std::size_t> order(outliers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::abs(outliers.significance[a]) > std::abs(outliers.significance[b]);
  });
  order.resize(std::min(order.size(), most_listed));
  std::vector<std::string> place;
  std::vector<double> excess, significance;
  for (const std::size_t i : order) {
    place.push_back(place_of(data, outliers.position[i], outliers.channel[i]));
    excess.push_back(outliers.excess[i]);
    significance.push_back(outliers.significance[i]);
  }
  return {{{"place", "", place}, {"excess", "", excess}, {"significance", "σ", significance}}};
}

Outputs run(const Inputs& inputs, const RobustPcaParams& params, Context& context) {
  const Dataset& dataset = inputs.at("data");
  const Description& data = dataset.describe();
  const RobustPcaResult result = robust_pca(dataset, masks_of(inputs), params, context);
  if (!result.converged) {
    context.not_converged("the outliers still changed after " + std::to_string(result.iterations) +
                          " rounds; give --iterations or --significance more");
  }
  const PcaResult& components = result.components;
  const std::int64_t kept = components.components;
  const std::vector<std::string> names = component_names(kept);
  const Dataset factors = spectra_of(data, components.factors, kept, "Factors");
  const Dataset loadings = maps_of(data, components.loadings, kept, "Loadings");

  Outputs outputs;
  outputs.add({.name = "factors",
               .title = "Factors",
               .value = factors,
               .view = view_of(factors),
               .sigma = "factors_sigma",
               .components = names,
               .note = "Of the low-rank part. σ: noise to first order, the other side held fixed."});
  outputs.add({.name = "loadings",
               .title = "Loadings",
               .value = loadings,
               .view = view_of(loadings),
               .sigma = "loadings_sigma",
               .components = names});

  std::vector<std::int64_t> per_position(static_cast<std::size_t>(data.navigation_size()));
  std::vector<std::int64_t> per_channel(static_cast<std::size_t>(data.signal_size()));
  for (std::size_t i = 0; i < result.outliers.size(); ++i) {
    ++per_position[static_cast<std::size_t>(result.outliers.position[i])];
    ++per_channel[static_cast<std::size_t>(result.outliers.channel[i])];
  }
  const auto view = [](const Description& part) {
    return part.axes.size() == 2 ? View::maps : part.axes.size() == 1 ? View::spectra : View::hidden;
  };
  Description map = part_of(data, Role::navigation, "Outliers per position");
  Description spectrum = part_of(data, Role::signal, "Outliers per channel");
  const View map_view = view(map), spectrum_view = view(spectrum);
  outputs.add({.name = "outliers_per_position",
               .title = "Outliers per position",
               .value = Dataset::from_values<std::int64_t>(std::move(map), per_position),
               .view = map_view});
  outputs.add({.name = "outliers_per_channel",
               .title = "Outliers per channel",
               .value = Dataset::from_values<std::int64_t>(std::move(spectrum), per_channel),
               .view = spectrum_view});
  outputs.add({.name = "outliers",
               .title = "Outliers",
               .value = table_of(result.outliers, data),
               .view = View::table,
               .note = result.outliers.size() > most_listed
                           ? "The " + std::to_string(most_listed) + " most significant of " +
                                 std::to_string(result.outliers.size()) + "."
                           : "Excess over the low-rank part, and how many standard deviations that is."});
  outputs.add(
      {.name = "low_rank", .title = "Low-rank part", .value = product(loadings, factors, Dataset(), "Low-rank part")});
  if (params.cleaned) {
    outputs.add(
        {.name = "cleaned", .title = "Data without outliers", .value = without_outliers(dataset, result.outliers)});
  }
  outputs.add({.name = "factors_sigma",
               .title = "Uncertainty of the factors",
               .value = spectra_of(data, sigma_of_factors(components), kept, "Uncertainty of the factors")});
  outputs.add({.name = "loadings_sigma",
               .title = "Uncertainty of the loadings",
               .value = maps_of(data, sigma_of_loadings(components), kept, "Uncertainty of the loadings")});
  char share[64];
  std::snprintf(
      share, sizeof(share), "%.2g",
      static_cast<double>(result.outliers.size()) / static_cast<double>(per_position.size() * per_channel.size()));
  outputs.summary = {std::to_string(result.outliers.size()) + " outliers (a share of " + share +
                         " of all elements), found in " + std::to_string(result.iterations) + " rounds",
                     std::to_string(kept) + " component" + (kept == 1 ? "" : "s") + ": " + components.reason};
  return outputs;
}

}  // namespace

const Operation& robust_pca_operation() {
  static const Operation operation = make_operation<RobustPcaParams>(
      {.name = "unmix.robust_pca",
       .version = 1,
       .summary = "Low rank plus sparse: principal components, and the elements that noise does not explain.",
       .citations = {"T. Zhou and D. Tao, Proc. 28th Int. Conf. Machine Learning (2011), 33",
                     "E. J. Candès et al., J. ACM 58, 11 (2011)"},
       .inputs = unmixing_ports(Values::real),
       .outputs = {{"factors", "spectra of the components, (component | signal axes), in the data's units"},
                   {"factors_sigma", "their uncertainty"},
                   {"loadings", "maps of the components, (component | navigation axes)"},
                   {"loadings_sigma", "their uncertainty"},
                   {"outliers", "place, excess and significance of the elements that are not of low rank"},
                   {"outliers_per_position", "number of outliers at each position"},
                   {"outliers_per_channel", "number of outliers in each channel"},
                   {"low_rank", "loadings times factors, evaluated when read"},
                   {"cleaned", "the data with outliers replaced by the low-rank part, when asked for"}}},
      parameters, check, run);
  return operation;
}

}  // namespace ruska::ops::unmix
