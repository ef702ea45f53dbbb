// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/operation.hpp"

#include <algorithm>
#include <cstdio>
#include <numeric>

#include "ruska/ops/unmix/component_output.hpp"
#include "ruska/ops/unmix/given_spectra.hpp"
#include "ruska/ops/unmix/nmf/nmf.hpp"
#include "ruska/ops/unmix/rotation_range.hpp"

namespace ruska::ops::unmix {
namespace {

constexpr double unstable_angle = 10.0;  // degrees; beyond it two spectra name different materials

constexpr auto parameters = std::tuple{
    parameter(&NmfParams::components, "components", "", at_least<std::int64_t>(1),
              "Number of components; automatic: as many as principal components stand above the noise"),
    parameter(&NmfParams::loss, "loss", "", one_of("poisson|frobenius"),
              "What is minimised: the Poisson likelihood's divergence, or weighted squares"),
    parameter(&NmfParams::weighting, "weighting", "", one_of("auto|poisson|none"),
              "Weights of the squares and of the search for a start (Keenan-Kotula); auto: for counts alone"),
    parameter(&NmfParams::initialization, "initialization", "", one_of("pure_pixel|random"),
              "Spectra to start from: those of the purest positions after averaging and denoising, or random ones"),
    parameter(&NmfParams::starts, "starts", "", within<std::int64_t>(1, 1000),
              "Number of starts; the angle between what they find is the stability. Pure positions: the first is kept, "
              "the others search random halves of the positions; random: the lowest objective is kept. Of very many "
              "positions a "
              "sample decides"),
    parameter(&NmfParams::tolerance, "tolerance", "", within(0.0, 1.0),
              "Stop when the objective falls by less than this part of itself per pass"),
    parameter(&NmfParams::max_iterations, "max_iterations", "", within<std::int64_t>(1, 1000000),
              "Most passes over the data per start"),
    parameter(&NmfParams::seed, "seed", "", at_least<std::int64_t>(0), "Seed of the random starts, halves and samples"),
    parameter(&NmfParams::spectra, "spectra", "", one_of("free|lines"),
              "What spectra may be: anything at least 0, or sums of X-ray lines and a smooth background (EDS)"),
    parameter(&NmfParams::elements, "elements", "",
              "Elements whose lines make up the spectra; none: those that the sum spectrum shows"),
    parameter(&NmfParams::beam_energy, "beam_energy", "keV", within(0.1, 3000.0),
              "Beam energy, which says what lines there can be; automatic: from the metadata"),
    parameter(&NmfParams::sum_to_one, "sum_to_one", "",
              "Hold the shares of each position's signal to a sum of one; the Poisson likelihood does so by itself"),
    parameter(
        &NmfParams::smoothness, "smoothness", "nats", within(0.0, 1e9),
        "What a difference of 1 between the shares of neighbours costs; 0: neighbours know nothing of each other"),
    parameter(&NmfParams::smoothing, "smoothing", "", one_of("total_variation|laplacian"),
              "Whether differences cost in proportion to their height, which lets edges stand, or half their square"),
    parameter(
        &NmfParams::sparsity, "sparsity", "nats", within(0.0, 1e9),
        "Weight of what makes shares vanish, of each share; automatic: ½ for shares of counts (Jeffreys' prior), which "
        "balances the noise that widens the spectra, and 0 where all spectra are known"),
    parameter(&NmfParams::sparsity_penalty, "sparsity_penalty", "", one_of("logarithm|l1"),
              "The logarithm of 1 + share / 0.02, or the share itself (for shares whose sum is free)"),
    parameter(&NmfParams::automatic_relevance, "automatic_relevance", "",
              "Start with more components and keep those that the data need; each costs its logarithm"),
    parameter(&NmfParams::rank_rule, "rank_rule", "", one_of("gavish_donoho|count_splitting"),
              "How the number of components is found: singular values above the noise, or components of one half of "
              "the counts "
              "that predict the other"),
    parameter(&NmfParams::bootstrap, "bootstrap", "", within<std::int64_t>(0, 1000),
              "Number of repeated measurements, drawn from the fit and fitted again, whose spread is written beside "
              "the results")};

/// Bytes held beside the rows' own, altogether and for each worker. A repeated measurement is fitted beside the first
/// fit, through rows of its own.
std::int64_t memory_held(const Description& data, const NmfParams& params) {
  return nmf_memory(data, params) * (params.bootstrap > 0 ? 2 : 1);
}
std::int64_t memory_held_per_worker(const Description& data, const NmfParams& params) {
  return nmf_memory_per_worker(data, params) + (params.bootstrap > 0 ? Rows::bytes_per_worker(data) : 0);
}

Plan check(const Inputs& inputs, const NmfParams& params) {
  const Description& data = inputs.at("data").describe();
  const std::int64_t positions = data.navigation_size(), channels = data.signal_size();
  const std::int64_t components = std::min({positions, channels, params.components.value_or(8)});
  if (const Dataset* given = inputs.find("known")) number_of_given_spectra(data, given->describe(), "known");
  Plan plan;
  plan.outputs = {{"factors", spectra_shape(data, components)},
                  {"loadings", maps_shape(data, components)},
                  {"loadings_sigma", maps_shape(data, components)},
                  {"reconstruction", data.shape()}};
  plan.least_memory = memory_held(data, params);
  plan.memory_per_worker = memory_held_per_worker(data, params) + Rows::bytes_per_worker(data);
  plan.memory = plan.least_memory + positions * channels * 8;
  const double filled = is_integer(data.dtype) ? 0.1 : 1.0;
  const double elements = filled * static_cast<double>(positions) * static_cast<double>(channels);
  const double passes = 20.0 * static_cast<double>(params.starts);
  plan.flops = elements * static_cast<double>(components * (components + 8)) * passes +
               elements * filled * static_cast<double>(std::min(positions, channels));
  plan.bytes_read = static_cast<double>(data.bytes());
  return plan;
}

Outputs run(const Inputs& inputs, const NmfParams& params, Context& context) {
  const Dataset& dataset = inputs.at("data");
  const Description& data = dataset.describe();
  const Rows rows(dataset, context, masks_of(inputs),
                  memory_held(data, params) + context.threads * memory_held_per_worker(data, params));
  std::vector<double> known;
  if (const Dataset* given = inputs.find("known")) {
    number_of_given_spectra(data, given->describe(), "known");
    known = given->read_all_as_double();
  }
  const NmfResult result = nmf(rows, params, context, known, masks_of(inputs));
  const std::int64_t count = result.components;
  std::vector<std::string> names = component_names(count);
  for (std::size_t k = 0; k < result.known.size(); ++k) {
    if (result.known[k] != 0) names[k] += " (known)";
  }
  const bool poisson = params.loss == "poisson";

  const Dataset factors = spectra_of(data, result.factors, count, "Factors");
  const Dataset loadings = maps_of(data, result.loadings, count, "Loadings");
  char sparsity_note[96] = "";
  if (result.sparsity > 0) {
    std::snprintf(sparsity_note, sizeof(sparsity_note), " Small shares are drawn to 0 by sparsity %g%s.",
                  result.sparsity, params.sparsity ? "" : " (Jeffreys' prior)");
  }
  std::string sigma_note =
      poisson ? "σ: observed Fisher information of Poisson counts, the other side held fixed. Near zero the true "
                "uncertainty is one-sided and this one is only its scale."
              : "σ: residual variance, the other side held fixed. Near zero the true uncertainty is one-sided.";
  if (poisson && !result.counts) sigma_note += " The data are no counts, so that it is right only up to a factor.";

  Outputs outputs;
  outputs.add({.name = "factors",
               .title = "Spectra of the components",
               .value = factors,
               .view = view_of(factors),
               .sigma = "factors_sigma",
               .components = names,
               .note = "Each has unit sum" + (result.columns.empty() ? std::string() : ", made of " + result.columns) +
                       ". " + sigma_note});
  outputs.add({.name = "loadings",
               .title = "Counts of each component",
               .value = loadings,
               .view = view_of(loadings),
               .sigma = "loadings_sigma",
               .components = names,
               .note = std::string("In counts. Empty positions are 0, masked ones have no value.") + sparsity_note +
                       " " + sigma_note});

  const auto passes = static_cast<std::int64_t>(result.objective.size());
  Description trace;
  trace.title = "Objective";
  trace.axes = {Axis{.name = "pass", .role = Role::signal, .size = passes, .offset = 1}};
  outputs.add({.name = "objective",
               .title = std::string(poisson ? "Divergence" : "Half the weighted squared residuals") +
                        (result.sparsity > 0 ? " and sparsity after each pass" : " after each pass"),
               .value = Dataset::from_values<double>(trace, result.objective),
               .view = View::spectra,
               .note = result.converged ? "Converged." : "Not converged."});

  std::vector<double> total(static_cast<std::size_t>(count), 0.0);
  for (std::size_t i = 0; i < result.loadings.size(); ++i) {
    if (result.loadings[i] == result.loadings[i]) total[i % total.size()] += result.loadings[i];
  }
  std::vector<std::int64_t> number(static_cast<std::size_t>(count));
  std::iota(number.begin(), number.end(), 1);
  Table table;
  table.columns = {{"component", "", number}, {"counts", "", total}};
  std::string stability_note = "One start: nothing to compare.";
  if (!result.stability.empty()) {
    table.columns.push_back({"angle_between_starts", "°", result.stability});
    stability_note = "Mean angle between a component's spectrum and its match in the other " +
                     std::to_string(params.starts - 1) + " starts.";
    for (std::size_t k = 0; k < result.stability.size(); ++k) {
      if (result.stability[k] <= unstable_angle) continue;
      char sentence[160];
      std::snprintf(sentence, sizeof(sentence),
                    "component %zu is not stable: other starts find a spectrum at %.0f° from it; do not rely on it",
                    k + 1, result.stability[k]);
      context.warn(sentence);
    }
  }
  outputs.add({.name = "stability",
               .title = "Components and their stability",
               .value = std::move(table),
               .view = View::table,
               .note = stability_note});
  outputs.add({.name = "components",
               .title = "Number of components",
               .value = Number{static_cast<double>(count), {}, ""},
               .view = View::number,
               .note = result.reason});
  outputs.add({.name = "reconstruction",
               .title = "Reconstruction",
               .value = product(loadings, factors, Dataset(), "Reconstruction")});
  outputs.add({.name = "factors_sigma",
               .title = "Uncertainty of the spectra",
               .value = spectra_of(data, result.factors_sigma, count, "Uncertainty of the spectra")});
  outputs.add({.name = "loadings_sigma",
               .title = "Uncertainty of the counts",
               .value = maps_of(data, result.loadings_sigma, count, "Uncertainty of the counts")});

  if (!result.factors_spread.empty()) {
    const std::string spread_note = "Root mean square deviation of " + std::to_string(params.bootstrap) +
                                    " fits of repeated measurements, drawn from this fit, from this fit.";
    add_spread(outputs, data, result.factors_spread, result.loadings_spread, count, names, spread_note, "counts");
  }
  if (count > 1) {
    const RotationRange range = rotation_range(result.factors, result.factors_sigma, result.loadings,
                                               result.loadings_sigma, static_cast<std::size_t>(count));
    std::vector<std::int64_t> of, with;
    std::vector<double> may_hold, may_lack;
    for (std::int64_t k = 0; k < count; ++k) {
      for (std::int64_t l = 0; l < count; ++l) {
        if (k == l) continue;
        of.push_back(k + 1);
        with.push_back(l + 1);
        may_hold.push_back(100 * std::min(1.0, range.may_hold[static_cast<std::size_t>(k * count + l)]));
        may_lack.push_back(100 * std::min(1.0, range.may_lack[static_cast<std::size_t>(k * count + l)]));
      }
    }
    outputs.add({.name = "rotation",
                 .title = "What the spectra could be as well",
                 .value = Table{{{"component", "", of},
                                 {"other", "", with},
                                 {"may_hold", "%", may_hold},
                                 {"may_lack", "%", may_lack}}},
                 .view = View::table,
                 .note =
                     "Data and non-negativity allow up to may_hold of the component's spectrum to belong to the other "
                     "one, or up to may_lack of the other one to be missing in it."});
  }

  char line[128];
  std::snprintf(line, sizeof(line), "%s after %lld passes, objective %.6g",
                result.converged ? "converged" : "not converged", static_cast<long long>(passes),
                result.objective.back());
  outputs.summary = {std::to_string(count) + " component" + (count == 1 ? "" : "s") + " (" + result.reason + ")", line};
  if (!result.stability.empty()) {
    std::string angles;
    for (const double angle : result.stability) {
      std::snprintf(line, sizeof(line), "%s%.1f°", angles.empty() ? "" : ", ", angle);
      angles += line;
    }
    outputs.summary.push_back("angle between starts: " + angles);
  }
  return outputs;
}

}  // namespace

const Operation& nmf_operation() {
  static const Operation operation = [] {
    std::vector<Port> ports = unmixing_ports(Values::counts);
    ports.push_back(given_spectra_port("known", false));
    return make_operation<NmfParams>(
        {.name = "unmix.nmf",
         .version = 5,
         .summary =
             "Non-negative spectra and maps by Poisson likelihood or weighted squares, started at pure positions.",
         .citations = {"D. D. Lee and H. S. Seung, Nature 401, 788 (1999)",
                       "M. C. U. Araújo et al., Chemom. Intell. Lab. Syst. 57, 65 (2001)",
                       "H. Kim and H. Park, SIAM J. Matrix Anal. Appl. 30, 713 (2008)",
                       "A. Teurtrie et al., Ultramicroscopy 249, 113719 (2023)"},
         .inputs = std::move(ports),
         .outputs = {{"factors", "spectra of the components, (component | signal axes), each of unit sum"},
                     {"factors_sigma", "their uncertainty"},
                     {"loadings", "counts of each component at each position, (component | navigation axes)"},
                     {"loadings_sigma", "their uncertainty"},
                     {"objective", "what is minimised, after each pass"},
                     {"stability", "counts of each component and the angle between what different starts find"},
                     {"factors_spread", "deviation of the spectra of repeated measurements, where asked for"},
                     {"loadings_spread", "deviation of the counts of repeated measurements, where asked for"},
                     {"rotation", "how much of each spectrum could belong to each other one"},
                     {"components", "number of components"},
                     {"reconstruction", "loadings times factors, evaluated when read"}}},
        parameters, check, run);
  }();
  return operation;
}

}  // namespace ruska::ops::unmix
