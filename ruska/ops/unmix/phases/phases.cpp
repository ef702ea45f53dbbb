// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/phases/phases.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "ruska/core/operation.hpp"
#include "ruska/core/position_map.hpp"
#include "ruska/ops/unmix/component_output.hpp"
#include "ruska/ops/unmix/phases/name_phases.hpp"

namespace ruska::ops::unmix {
namespace {

constexpr auto parameters = std::tuple{
    parameter(&PhasesParams::phases, "phases", "", within<std::int64_t>(1, 32),
              "Number of phases; automatic: as many as stand above the noise and predict held-out counts"),
    parameter(&PhasesParams::minimum_area, "minimum_area", "", within(1e-6, 0.5),
              "Smallest share of the positions that counts as a phase; an automatic number never gives smaller ones"),
    parameter(&PhasesParams::sensitivity, "sensitivity", "", within(0.0, 1.0),
              "Smallest share of a spectrum's counts that must lie in other channels for two spectra to be two phases; "
              "smaller values tell more alike phases apart"),
    parameter(&PhasesParams::elements, "elements", "",
              "Elements to look for, as symbols; empty: those that the spectra show"),
    parameter(&PhasesParams::vacuum_level, "vacuum_level", "", within(0.0, 0.9),
              "Positions whose counts, averaged with their neighbours', are below this part of the 95th percentile "
              "have no phase (nor have those below half a count, nor the rims of such places)"),
    parameter(&PhasesParams::starts, "starts", "", within<std::int64_t>(0, 1000),
              "Further starts, from random halves of the positions and of the counts, that tell the stability of the "
              "phases and enter every sigma"),
    parameter(&PhasesParams::bootstrap, "bootstrap", "", within<std::int64_t>(0, 10000),
              "Simulated repetitions of the measurement that tell the counting noise of abundances and areas"),
    parameter(&PhasesParams::seed, "seed", "", at_least<std::int64_t>(0),
              "Seed of count splitting, starts and repetitions")};

constexpr double softest_xrays = 0.1;  // keV; no element but lithium has a line below

std::int64_t most_phases(const PhasesParams& params) { return params.phases.value_or(10); }

Plan check(const Inputs& inputs, const PhasesParams& params) {
  const Description& data = inputs.at("data").describe();
  const std::int64_t phases = std::min(most_phases(params), std::max<std::int64_t>(1, data.navigation_size()));
  Plan plan;
  plan.outputs = {{"phase_map", data.navigation_shape(), DType::int32},
                  {"abundances", maps_shape(data, phases)},
                  {"spectra", spectra_shape(data, phases)},
                  {"residual", data.navigation_shape()}};
  plan.least_memory = phases_memory(data, params);
  plan.memory_per_worker = phases_memory_per_worker(data) + Rows::bytes_per_worker(data);
  plan.memory = plan.least_memory + data.navigation_size() * data.signal_size() * 8;
  const auto positions = static_cast<double>(data.navigation_size());
  const auto groups = static_cast<double>(std::min<std::int64_t>(data.signal_size(), 512));
  // Some thirty expansions of the likelihood and two thousand sweeps with three phases, and the Gram matrices.
  plan.flops = positions * (30 * groups * 20 + 2000 * 60 + 0.02 * groups * groups) + 20 * groups * groups * groups;
  plan.bytes_read = static_cast<double>(data.bytes());
  return plan;
}

std::string format(const char* pattern, double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), pattern, value);
  return buffer;
}

/// "12.3 ± 0.4 %", with as many digits as σ has.
std::string percent(double share, double sigma) {
  const int digits = sigma > 0 ? std::clamp(static_cast<int>(std::ceil(-std::log10(100 * sigma))), 1, 3) : 1;
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), "%.*f ± %.*f %%", digits, 100 * share, digits, 100 * sigma);
  return buffer;
}

std::string join(const std::vector<std::string>& words, const std::string& between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

/// "Fe (312 σ), Pt (55 σ), Cu (40 σ, grid or holder?), Ho? (6 σ)"
std::string elements_of(const NamedPhases& named, std::size_t phase) {
  if (named.found.empty()) return "";
  std::vector<std::string> words;
  for (const eds::FoundElement& one : named.found[phase].elements) {
    words.push_back(one.element + (one.confidence == "possible" ? "? (" : " (") + format("%.0f σ", one.significance) +
                    (one.note.find("grid") != std::string::npos ? ", grid or holder?" : "") + ")");
  }
  return words.empty() ? "none significant" : join(words, ", ");
}

Dataset named_phase_axis(const Dataset& components) {
  Description description = components.describe();
  description.axes.front().name = "phase";
  return Dataset::from_values<double>(std::move(description), components.read_all<double>());
}
Dataset phase_maps(const Description& data, const std::vector<float>& values, std::int64_t phases, std::string title) {
  return named_phase_axis(maps_of(data, {values.begin(), values.end()}, phases, std::move(title)));
}

Table phases_table(const PhasesResult& result, const NamedPhases& named) {
  std::vector<std::int64_t> number(static_cast<std::size_t>(result.phases)), positions;
  std::iota(number.begin(), number.end(), 0);
  std::vector<std::string> elements;
  for (std::size_t k = 0; k < number.size(); ++k) {
    positions.push_back(std::count(result.map.begin(), result.map.end(), static_cast<std::int32_t>(k)));
    elements.push_back(elements_of(named, k));
  }
  return {{{"phase", "", number},
           {"name", "", named.names},
           {"area_fraction", "", result.area},
           {"area_fraction_sigma", "", result.area_sigma, "area_fraction"},
           {"positions", "", positions},
           {"mean_counts", "", result.mean_counts},
           {"stability", "", result.stability},
           {"elements", "", elements}}};
}

Table elements_table(const NamedPhases& named) {
  std::vector<std::int64_t> phase;
  std::vector<std::string> name, element, line, confidence, note;
  std::vector<double> energy, counts, sigma, significance;
  for (std::size_t k = 0; k < named.found.size(); ++k) {
    for (const eds::FoundElement& one : named.found[k].elements) {
      phase.push_back(static_cast<std::int64_t>(k));
      name.push_back(named.names[k]);
      element.push_back(one.element);
      line.push_back(one.lines.empty() ? "" : one.lines.front().name());
      energy.push_back(one.lines.empty() ? 0.0 : one.lines.front().energy);
      counts.push_back(one.counts);
      sigma.push_back(one.sigma);
      significance.push_back(one.significance);
      confidence.push_back(one.confidence);
      note.push_back(one.note);
    }
  }
  return {{{"phase", "", phase},
           {"name", "", name},
           {"element", "", element},
           {"line", "", line},
           {"energy", "keV", energy},
           {"counts", "", counts},
           {"counts_sigma", "", sigma, "counts"},
           {"significance", "", significance},
           {"confidence", "", confidence},
           {"note", "", note}}};
}

std::vector<std::string> summary_of(const PhasesResult& result, const NamedPhases& named) {
  constexpr std::size_t most_lines_of_phases = 6;
  std::vector<std::string> lines;
  std::string first = std::to_string(result.phases) + (result.phases == 1 ? " phase" : " phases") + " in " +
                      std::to_string(result.used) + " positions with " + format("%.3g", result.counts_per_position) +
                      " counts each on average";
  if (result.vacuum > 0) {
    first += "; " + std::to_string(result.vacuum) + " positions below " + format("%.2g", result.vacuum_threshold) +
             " counts have no phase";
  }
  lines.push_back(first);
  const std::string area = result.vacuum > 0 ? " of the area with counts" : " of the area";
  for (std::size_t k = 0; k < named.names.size() && k < most_lines_of_phases; ++k) {
    const std::string share = result.phases == 1 ? "all" : percent(result.area[k], result.area_sigma[k]);
    std::string line = std::to_string(k) + " " + named.names[k] + ": " + share + area;
    if (const std::string elements = elements_of(named, k); !elements.empty()) line += "; " + elements;
    lines.push_back(line);
  }
  if (named.names.size() > most_lines_of_phases) {
    lines.push_back("and " + std::to_string(named.names.size() - most_lines_of_phases) + " smaller phases");
  }
  lines.push_back("number of phases " + result.reason);
  lines.push_back("identifiable? " + result.verdict);
  return lines;
}

/// The masks of the inputs; of EDS spectra also the channels below the softest X-rays, where the zero (strobe) peak and
/// the noise of the electronics lie, which come and go with the scan and not with the specimen.
Masks masks_for(const Inputs& inputs) {
  Masks masks = masks_of(inputs);
  const Description& data = inputs.at("data").describe();
  if (!data.signal_type.starts_with("EDS") || data.signal_shape().size() != 1) return masks;
  const Axis& axis = data.signal_axis();
  if (axis.units != "keV" && axis.units != "eV") return masks;
  const double softest = axis.units == "eV" ? 1000 * softest_xrays : softest_xrays;
  masks.columns.resize(static_cast<std::size_t>(axis.size), 0);
  for (std::int64_t c = 0; c < axis.size; ++c) {
    if (axis.at(static_cast<double>(c)) < softest) masks.columns[static_cast<std::size_t>(c)] = 1;
  }
  return masks;
}

Outputs run(const Inputs& inputs, const PhasesParams& params, Context& context) {
  const Dataset& dataset = inputs.at("data");
  const Description& data = dataset.describe();
  const Rows rows(dataset, context, masks_for(inputs),
                  phases_memory(data, params) + context.threads * phases_memory_per_worker(data));
  const PhasesResult result = find_phases(rows, params, context);
  const NamedPhases named = name_phases(data, result.pure_counts, result.phases, params.elements);
  if (!result.identifiable) context.warn(result.verdict);
  if (result.dispersion != 1) {
    context.warn("the values vary " + format("%.3g", result.dispersion) +
                 " times as much as counts of their size, so they are taken as counts times that factor; where the "
                 "detector spreads one event over channels this is too low");
  }

  std::vector<double> spectra = result.pure_counts;
  const std::size_t channels = spectra.size() / static_cast<std::size_t>(result.phases);
  for (std::size_t i = 0; i < spectra.size(); ++i) {
    spectra[i] /= static_cast<double>(std::max<std::int64_t>(1, result.pure_positions[i / channels]));
  }

  Outputs outputs;
  outputs.add({.name = "phase_map",
               .title = "Phases",
               .value = label_map(data, result.map, "Phases"),
               .view = view_of_map(data, View::labels),
               .components = named.names,
               .note = "The phase of the largest abundance. " + named.note + " -1: left out by a mask, or fewer than " +
                       format("%.2g", result.vacuum_threshold) + " counts on average with its neighbours."});
  outputs.add({.name = "abundances",
               .title = "Abundance of each phase",
               .value = phase_maps(data, result.abundances, result.phases, "Abundance of each phase"),
               .view = view_of_map(data, View::maps),
               .sigma = "abundances_sigma",
               .components = named.names,
               .note = "Share of the counts that each phase sends, relative to its purest positions: a phase that is "
                       "nowhere pure appears purer than it is."});
  Dataset phase_spectra = named_phase_axis(spectra_of(data, spectra, result.phases, "Mean spectrum of each phase"));
  outputs.add({.name = "spectra",
               .title = "Mean spectrum of each phase",
               .value = phase_spectra,
               .view = view_of(phase_spectra),
               .sigma = "spectra_sigma",
               .components = named.names,
               .marks = marks_of(named, data),
               .note = "Counts per position, averaged over the purest positions of the phase. EDS channels below "
                       "0.1 keV (zero peak, noise) are left out of everything."});
  outputs.add({.name = "phases",
               .title = "Phases",
               .value = phases_table(result, named),
               .view = View::table,
               .note = "σ of the area: repeated measurements (counting noise) and other starts (choice of spectra). "
                       "Stability: correlation of the phase's map between starts."});
  if (!named.found.empty()) {
    outputs.add({.name = "elements",
                 .title = "Elements of each phase",
                 .value = elements_table(named),
                 .view = View::table,
                 .note = "Counts over the purest positions of the phase, and their significance in σ."});
  }
  outputs.add({.name = "identifiable",
               .title = "Do the counts support this answer?",
               .value = result.verdict,
               .view = View::text});

  const std::size_t shown = std::min<std::size_t>(result.edge.eigenvalues.size(), 20);
  Description curve;
  curve.title = "Components of the weighted counts";
  Axis number = component_axis(static_cast<std::int64_t>(shown));
  number.role = Role::signal;
  number.offset = 1;
  curve.axes = {number};
  outputs.add({.name = "scree",
               .title = "Components of the weighted counts",
               .value = Dataset::from_values<double>(curve, std::span(result.edge.eigenvalues).first(shown)),
               .view = View::scree,
               .chosen = result.phases,
               .note = "Eigenvalues in units of the mean noise; the noise edge is " + format("%.3f", result.edge.edge) +
                       ". Number of phases " + result.reason + "."});
  outputs.add({.name = "residual",
               .title = "Misfit of each position",
               .value = position_map(data, {result.residual.begin(), result.residual.end()}, "Misfit of each position"),
               .view = view_of_map(data, View::maps),
               .note = "χ² less its expectation, in units of its standard deviation: 0 where the phases explain the "
                       "counts, above 3 where something else is there."});
  outputs.add({.name = "probability",
               .title = "Probability of the phase shown",
               .value = position_map(data, {result.probability.begin(), result.probability.end()},
                                     "Probability of the phase shown"),
               .view = view_of_map(data, View::maps),
               .note = "Share of the repeated measurements that give the same phase."});
  outputs.add({.name = "number_of_phases",
               .title = "Number of phases",
               .value = Number{static_cast<double>(result.phases), {}, ""},
               .view = View::number,
               .note = result.reason});
  outputs.add({.name = "abundances_sigma",
               .title = "Uncertainty of the abundances",
               .value = phase_maps(data, result.abundances_sigma, result.phases, "Uncertainty of the abundances")});
  outputs.add(
      {.name = "spectra_sigma",
       .title = "Uncertainty of the spectra",
       .value = named_phase_axis(spectra_of(data, result.spectra_sigma, result.phases, "Uncertainty of the spectra"))});
  outputs.summary = summary_of(result, named);
  return outputs;
}

}  // namespace

std::int64_t phases_memory(const Description& data, const PhasesParams& params) {
  const std::int64_t k = most_phases(params);
  // Candidates, information and slope, abundances in hand, σ, scores, sums; all but the sums in float32.
  const std::int64_t floats = k * (k + 3) / 2 + k * (k + 1) / 2 + k + 8 * k + 24;
  return data.navigation_size() * (4 * floats + 64) + 4 * k * data.signal_size() * 8 + (std::int64_t{8} << 20);
}

std::int64_t phases_memory_per_worker(const Description& data) {
  // Two partial pairs of Gram matrices, and the thinned copy of a partition.
  return (std::int64_t{10} << 20) + 2 * Rows::bytes_per_worker(data);
}

const Operation& phases_operation() {
  static const Operation operation = make_operation<PhasesParams>(
      {.name = "unmix.phases",
       .version = 1,
       .summary = "Finds the phases of a spectrum image in one step: maps, spectra, elements and uncertainties.",
       .citations = {"M. R. Keenan and P. G. Kotula, Surf. Interface Anal. 36, 203 (2004)",
                     "M. E. Winter, Proc. SPIE 3753, 266 (1999)",
                     "S. Geman and D. E. McClure, Bull. Int. Stat. Inst. 52, 5 (1987)",
                     "A. Neufeld et al., J. Mach. Learn. Res. 25, 1 (2024)"},
       .inputs = unmixing_ports(Values::counts),
       .outputs = {{"phase_map", "number of the phase at each position, from 0; -1 for none"},
                   {"abundances", "share of the counts that each phase sends, (phase | navigation axes)"},
                   {"abundances_sigma", "its uncertainty: counting noise and choice of spectra"},
                   {"spectra", "mean spectrum of each phase in counts per position, (phase | signal axes)"},
                   {"spectra_sigma", "its uncertainty"},
                   {"phases", "table: name, area, mean counts, stability and elements of each phase"},
                   {"elements", "table: elements of each phase with their main lines and significance; EDS alone"},
                   {"identifiable", "whether the counts support the answer, and why"},
                   {"scree", "eigenvalues of the weighted counts in units of the noise"},
                   {"residual", "misfit of each position in units of its standard deviation"},
                   {"probability", "how sure the phase of each position is"},
                   {"number_of_phases", "how many phases, and why"}}},
      parameters, check, run);
  return operation;
}

}  // namespace ruska::ops::unmix
