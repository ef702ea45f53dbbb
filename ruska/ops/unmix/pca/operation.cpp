// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/operation.hpp"

#include <cmath>
#include <numeric>

#include "ruska/ops/unmix/component_output.hpp"
#include "ruska/ops/unmix/pca/pca.hpp"
#include "ruska/ops/unmix/pca/repeated.hpp"

namespace ruska::ops::unmix {
namespace {

constexpr auto parameters = std::tuple{
    parameter(&PcaParams::components, "components", "", at_least<std::int64_t>(1),
              "Number of components to keep; automatic: rank_rule decides"),
    parameter(&PcaParams::weighting, "weighting", "", one_of("auto|poisson|none"),
              "Keenan-Kotula weights that give the noise of counts equal variance; auto: for counts alone"),
    parameter(&PcaParams::center, "center", "", one_of("none|navigation|signal"),
              "Mean to subtract first: over the positions (the mean spectrum), over the channels of each position, or "
              "none; excludes Poisson weights"),
    parameter(&PcaParams::rank_rule, "rank_rule", "", one_of("gavish_donoho|count_splitting"),
              "How the number of components is chosen: by the noise threshold of the singular values, or by what half "
              "of the counts predicts of the other half"),
    parameter(&PcaParams::svd_solver, "svd_solver", "", one_of("full|randomized"),
              "How the components are found: full, exactly, with all singular values; randomized, by a search for the "
              "components that are given, much faster where there are many channels and positions"),
    parameter(&PcaParams::scree_length, "scree_length", "", within<std::int64_t>(1, 100000),
              "Number of singular values to report, and the most components that are chosen automatically"),
    parameter(&PcaParams::seed, "seed", "", at_least<std::int64_t>(0),
              "Seed of the count splitting and of the repeated measurements"),
    parameter(
        &PcaParams::bootstrap, "bootstrap", "", within<std::int64_t>(0, 1000),
        "Number of repeated measurements, drawn from the result and analysed again, whose spread is written beside "
        "the results")};

/// Bytes held beside the rows' own, altogether and for each worker. A repeated measurement is analysed beside the first
/// result, through rows of its own.
std::int64_t memory_held(const Description& data, const PcaParams& params) {
  const std::int64_t most =
      std::min({data.navigation_size(), data.signal_size(), params.components.value_or(params.scree_length)});
  return pca_memory(data, params) * (params.bootstrap > 0 ? 2 : 1) +
         (params.bootstrap > 0 ? repeat_memory(data, most) : 0);
}
std::int64_t memory_held_per_worker(const Description& data, const PcaParams& params) {
  return pca_memory_per_worker(data, params) + (params.bootstrap > 0 ? repeat_memory_per_worker(data) : 0);
}

Plan check(const Inputs& inputs, const PcaParams& params) {
  const Description& data = inputs.at("data").describe();
  const std::int64_t positions = data.navigation_size(), channels = data.signal_size();
  const std::int64_t most = std::min({positions, channels, params.components.value_or(params.scree_length)});
  const bool searched = params.svd_solver == "randomized";
  const std::int64_t shown = std::min({positions, channels, searched ? most + 1 : std::max(params.scree_length, most)});
  Plan plan;
  plan.outputs = {{"factors", spectra_shape(data, most)},
                  {"loadings", maps_shape(data, most)},
                  {"scree", {shown}},
                  {"reconstruction", data.shape()}};
  plan.least_memory = memory_held(data, params);
  plan.memory_per_worker = memory_held_per_worker(data, params) + Rows::bytes_per_worker(data);
  plan.memory = plan.least_memory + positions * channels * 8;
  const double smaller = static_cast<double>(std::min(positions, channels));
  // Of integers we expect the sparse kind, with a tenth of the elements filled.
  const double filled = is_integer(data.dtype) ? 0.1 : 1.0;
  const double elements = static_cast<double>(positions) * static_cast<double>(channels);
  constexpr double usual_passes = 5, each = 4;  // two products of a multiplication and an addition
  const double search = usual_passes * each * filled * elements * static_cast<double>(most);
  const double exact = filled * filled * elements * smaller + 4.0 / 3.0 * smaller * smaller * smaller;
  plan.flops = (searched ? search : exact) * static_cast<double>(1 + params.bootstrap);
  plan.bytes_read = static_cast<double>(data.bytes());
  return plan;
}

Outputs run(const Inputs& inputs, const PcaParams& params, Context& context) {
  const Dataset& dataset = inputs.at("data");
  const Description& data = dataset.describe();
  const Masks masks = masks_of(inputs);
  const Rows rows(dataset, context, masks,
                  memory_held(data, params) + context.threads * memory_held_per_worker(data, params));
  const PcaResult result = pca(rows, params, context);
  const auto channels = static_cast<std::size_t>(data.signal_size());
  const std::int64_t kept = result.components;
  const std::vector<std::string> names = component_names(kept);

  const Dataset factors = spectra_of(data, result.factors, kept, "Factors");
  const Dataset loadings = maps_of(data, result.loadings, kept, "Loadings");
  const std::string indistinct = about_indistinct(result);
  const std::string noise_note =
      (result.noise_over_counts == 1
           ? "σ: noise of the counts."
           : "σ: noise estimated from the median singular value" +
                 std::string(params.svd_solver == "randomized" ? " of some positions." : ".")) +
      (indistinct.empty() ? std::string()
                          : " Components " + indistinct.substr(std::string("components ").size()) + ".");

  Outputs outputs;
  outputs.add({.name = "factors",
               .title = "Factors",
               .value = factors,
               .view = view_of(factors),
               .sigma = "factors_sigma",
               .components = names,
               .note = "In the data's units; loadings times factors give the data. " + noise_note});
  outputs.add({.name = "loadings",
               .title = "Loadings",
               .value = loadings,
               .view = view_of(loadings),
               .sigma = "loadings_sigma",
               .components = names,
               .note = "Empty positions are 0, masked ones have no value. " + noise_note});

  const auto shown = static_cast<std::int64_t>(result.singular_values.size());
  Column number{"component", "", std::vector<std::int64_t>(static_cast<std::size_t>(shown))};
  std::iota(std::get<std::vector<std::int64_t>>(number.values).begin(),
            std::get<std::vector<std::int64_t>>(number.values).end(), 1);
  std::vector<double> ratio, ratio_sigma, cumulative, singular_sigma(static_cast<std::size_t>(shown), result.noise);
  double sum = 0;
  for (const double singular : result.singular_values) {
    const double total = result.total_sum_of_squares;
    ratio.push_back(total > 0 ? singular * singular / total : 0.0);
    ratio_sigma.push_back(total > 0 ? 2 * singular * result.noise / total : 0.0);
    cumulative.push_back(sum += ratio.back());
  }
  Description curve;
  curve.title = "Explained variance ratio";
  curve.axes = {component_axis(shown)};
  curve.axes[0].role = Role::signal;
  curve.axes[0].offset = 1;
  outputs.add({.name = "scree",
               .title = "Explained variance ratio",
               .value = Dataset::from_values<double>(curve, ratio),
               .view = View::scree,
               .chosen = kept,
               .note = "Of the whole " + std::string(result.poisson_weighted ? "weighted " : "") + "sum of squares. " +
                       std::to_string(kept) + " kept: " + result.reason + "."});
  Table table;
  table.columns = {number,
                   {"explained_variance_ratio", "", ratio},
                   {"explained_variance_ratio_sigma", "", ratio_sigma, "explained_variance_ratio"},
                   {"cumulative", "", cumulative},
                   {"singular_value", "", result.singular_values},
                   {"singular_value_sigma", "", singular_sigma, "singular_value"}};
  outputs.add({.name = "explained_variance_ratio",
               .title = "Explained variance",
               .value = std::move(table),
               .view = View::table,
               .note = "σ of a singular value is the noise of one element of the matrix, to first order; it holds for "
                       "components above the noise."});
  curve.title = "Singular values";
  outputs.add({.name = "singular_values",
               .title = "Singular values",
               .value = Dataset::from_values<double>(curve, result.singular_values)});
  outputs.add({.name = "rank",
               .title = "Number of components",
               .value = Number{static_cast<double>(kept), {}, ""},
               .view = View::number,
               .note = result.reason});
  outputs.add({.name = "reason", .title = "Why this number", .value = result.reason, .view = View::text});

  Dataset mean;
  if (!result.mean.empty()) {
    Description description;
    description.title = "Mean";
    description.metadata = data.metadata;
    const Role kept_role = params.center == "navigation" ? Role::signal : Role::navigation;
    for (const Axis& axis : data.axes) {
      if (axis.role != kept_role) continue;
      description.axes.push_back(axis);
      description.axes.back().role = Role::signal;
    }
    mean = Dataset::from_values<double>(std::move(description), result.mean);
    outputs.add({.name = "mean", .title = "Mean that was subtracted", .value = mean, .view = View::hidden});
  }
  Dataset reconstruction;
  if (params.center == "signal") {
    // A mean per position is one more component, whose spectrum is one in every channel.
    std::vector<double> more_factors = result.factors, more_loadings;
    more_factors.resize((static_cast<std::size_t>(kept) + 1) * channels, 1.0);
    for (std::size_t p = 0; p < result.mean.size(); ++p) {
      const auto first = result.loadings.begin() + static_cast<std::ptrdiff_t>(p) * kept;
      more_loadings.insert(more_loadings.end(), first, first + kept);
      more_loadings.push_back(result.mean[p]);
    }
    reconstruction = product(maps_of(data, more_loadings, kept + 1, ""), spectra_of(data, more_factors, kept + 1, ""),
                             Dataset(), "Reconstruction");
  } else {
    reconstruction = product(loadings, factors, mean, "Reconstruction");
  }
  outputs.add({.name = "reconstruction", .title = "Reconstruction", .value = reconstruction});

  const ComponentSigma sigma = sigma_of_components(result);
  outputs.add({.name = "factors_sigma",
               .title = "Uncertainty of the factors",
               .value = spectra_of(data, sigma.factors, kept, "Uncertainty of the factors")});
  outputs.add({.name = "loadings_sigma",
               .title = "Uncertainty of the loadings",
               .value = maps_of(data, sigma.loadings, kept, "Uncertainty of the loadings")});
  if (params.bootstrap > 0) {
    const Spread spread = repeat_pca(rows, masks, params, result, context);
    const std::string note =
        about_spread(spread.noise, params.bootstrap) +
        (indistinct.empty() ? "" : " Those that are not told apart were rotated onto this result first.");
    add_spread(outputs, data, spread.factors, spread.loadings, kept, names, note);
  }

  const std::string searched = params.svd_solver == "randomized" ? ", found by a randomised search" : "";
  outputs.summary = {
      std::to_string(kept) + " component" + (kept == 1 ? "" : "s") + " kept: " + result.reason + searched,
      std::string("weighting: ") + (result.poisson_weighted ? "poisson" : "none") + ", center: " + params.center};
  char line[96];
  std::snprintf(line, sizeof(line), "they explain %.3f %% of the whole %ssum of squares",
                100 * cumulative[static_cast<std::size_t>(kept) - 1], result.poisson_weighted ? "weighted " : "");
  outputs.summary.push_back(line);
  if (!indistinct.empty()) outputs.summary.push_back(indistinct);
  return outputs;
}

}  // namespace

const Operation& pca_operation() {
  static const Operation operation = make_operation<PcaParams>(
      {.name = "unmix.pca",
       .version = 3,
       .summary = "Principal components with Poisson weighting and an automatic number of components.",
       .citations = {"M. R. Keenan and P. G. Kotula, Surf. Interface Anal. 36, 203 (2004)",
                     "M. Gavish and D. L. Donoho, IEEE Trans. Inf. Theory 60, 5040 (2014)",
                     "C. Musco and C. Musco, Adv. Neural Inf. Process. Syst. 28, 1396 (2015)"},
       .inputs = unmixing_ports(Values::real),
       .outputs = {{"factors", "spectra of the components, (component | signal axes), in the data's units"},
                   {"factors_sigma", "their uncertainty"},
                   {"loadings", "maps of the components, (component | navigation axes)"},
                   {"loadings_sigma", "their uncertainty"},
                   {"factors_spread", "deviation of the factors of repeated measurements, where asked for"},
                   {"loadings_spread", "deviation of the loadings of repeated measurements, where asked for"},
                   {"scree", "share of the whole sum of squares that each component explains"},
                   {"explained_variance_ratio", "the same as a table, with singular values and uncertainties"},
                   {"singular_values", "singular values of the weighted, centred matrix"},
                   {"rank", "number of components kept"},
                   {"reason", "why so many"},
                   {"mean", "what centring subtracted; only when centred"},
                   {"reconstruction", "loadings times factors, evaluated when read"}}},
      parameters, check, run);
  return operation;
}

}  // namespace ruska::ops::unmix
