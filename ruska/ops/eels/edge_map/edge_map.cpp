// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
//   N = S − B,   σ² = g (S + var B),
// S the counts within the window after the onset, B the extrapolated power law over it, var B by the covariance of its
// two parameters (R. F. Egerton, Ultramicroscopy 9, 387, 1982), and g the variance of a channel per count. Where nobody
// gives g it is Pearson's χ² per degree of freedom of the background fits, over all positions: what the detector really
// does, gain and correlated readout included as far as single channels show it.
#include "ruska/ops/eels/edge_map/edge_map.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ruska/base/printed.hpp"
#include "ruska/base/text.hpp"
#include "ruska/core/executor.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/core/rows.hpp"
#include "ruska/ops/eels/background_fit.hpp"
#include "ruska/ops/eels/edge_windows.hpp"
#include "ruska/ops/eels/loss_axis.hpp"
#include "ruska/ops/eels/spectrum_rows.hpp"
#include "ruska/ops/unmix/component_output.hpp"
#include "ruska/ops/unmix/marginals.hpp"

namespace ruska::ops::eels {

namespace {

constexpr auto parameters = std::tuple{
    parameter(&EdgeMapParams::elements, "elements", "",
              "Elements to map by their edge of least energy among K, L3 and M5, such as Cu,Zn; with neither elements "
              "nor edges, those that the metadata name."),
    parameter(&EdgeMapParams::edges, "edges", "", "Edges to map, such as Fe_L3,O_K, besides those of elements."),
    parameter(&EdgeMapParams::signal_width, "signal_width", "eV", within(0.01, 10000.0),
              "Width of the window over the edge, from its onset on."),
    parameter(&EdgeMapParams::background_width, "background_width", "eV", within(0.01, 10000.0),
              "Width of the window before the edge in which the background is fitted; auto: a tenth of the onset, but "
              "not back to within 20 eV of the edge before it."),
    parameter(&EdgeMapParams::margin, "margin", "eV", within(0.0, 1000.0),
              "Distance from the end of that window to the onset; auto: 5 eV, at least one channel."),
    parameter(&EdgeMapParams::energy_shift, "energy_shift", "eV", within(-1000.0, 1000.0),
              "By how much edges lie above the tables' energies on this axis."),
    parameter(&EdgeMapParams::gain, "gain", "", within(1e-12, 1e12),
              "Variance of a channel per count; auto: from the scatter about the background fits."),
};

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

struct Mapped {
  Edge edge;
  Channels before{}, over{};
  std::string beneath{};  // edges of other elements between the windows' ends: their counts are in it
};

std::vector<Mapped> windows_of(const std::vector<Edge>& edges, const EdgeMapParams& params, const LossAxis& axis) {
  const std::vector<Edge> all = edges_of_same_elements(edges, axis);
  std::vector<Mapped> mapped;
  for (const Edge& edge : edges) {
    Mapped one{.edge = edge};
    const double onset = edge.onset + params.energy_shift;
    one.before = background_window(edge, all, axis, params.energy_shift, params.background_width, params.margin);
    one.over = {channel_from(axis, onset), channel_from(axis, onset + params.signal_width)};
    if (one.before.size() < least_background_channels || one.over.size() == 0) {
      throw Error(ErrorKind::invalid_argument,
                  edge.name() + " at " + std::to_string(onset) + " eV has " + std::to_string(one.before.size()) +
                      " channels before and " + std::to_string(one.over.size()) +
                      " after its onset on the axis, where at least 4 and 1 are needed; leave it out, or change "
                      "background_width or signal_width");
    }
    std::vector<std::string> beneath;
    for (const Edge& other : all) {
      const double place = other.onset + params.energy_shift;
      if (other.atomic_number == edge.atomic_number || place <= axis.at(static_cast<double>(one.before.begin)) ||
          place >= axis.at(static_cast<double>(one.over.end - 1))) {
        continue;
      }
      beneath.push_back(other.label());
    }
    one.beneath = join(beneath, " ");
    mapped.push_back(one);
  }
  return mapped;
}

std::int64_t planned_edges(const EdgeMapParams& params, const Description& data) {
  const auto named = static_cast<std::int64_t>(params.elements.size() + params.edges.size());
  return named > 0 ? named : std::max<std::int64_t>(1, static_cast<std::int64_t>(elements(data.metadata).size()));
}

// Counts, both parts of σ² and exponents by position; and the maps made of them one after the other.
std::int64_t bytes_held(const Description& data, std::int64_t edges) {
  return data.navigation_size() * (edges * 64 + 8) + data.signal_size() * (edges + 8) * 32 + (8 << 20);
}

Plan check(const Inputs& inputs, const EdgeMapParams& params) {
  const Description& data = inputs.at("data").describe();
  const LossAxis axis = loss_axis(data);
  const auto edges = static_cast<std::int64_t>(
      windows_of(asked_edges(params.elements, params.edges, params.energy_shift, data, axis), params, axis).size());
  Plan plan;
  for (const char* name : {"counts", "counts_sigma", "exponent"}) {
    plan.outputs.push_back({name, unmix::maps_shape(data, edges)});
  }
  plan.outputs.push_back({"spectra", unmix::spectra_shape(data, edges + 1)});
  plan.least_memory = bytes_held(data, planned_edges(params, data));
  plan.memory_per_worker = Rows::bytes_per_worker(data) + data.signal_size() * 16;
  plan.memory = plan.least_memory;
  plan.bytes_read = 2.0 * static_cast<double>(data.bytes());
  plan.flops = 200.0 * static_cast<double>(count(data.shape()));
  return plan;
}

// What one spectrum says of one edge.
struct Reading {
  Background law;
  double counts = nan;    // N
  double variance = nan;  // σ² for g = 1
};

Reading read_edge(std::span<const double> spectrum, const Mapped& mapped, const BackgroundFit& fit) {
  Reading reading;
  reading.law = fit.fit(spectrum);
  if (!reading.law.fitted) return reading;
  double gross = 0;
  for (std::int64_t c = mapped.over.begin; c < mapped.over.end; ++c) gross += spectrum[static_cast<std::size_t>(c)];
  const auto background = fit.integral(reading.law, mapped.over.begin, mapped.over.end);
  reading.counts = gross - background.value;
  // Where noise has taken the window below its background, the background tells how noisy it is.
  reading.variance = std::max(gross, background.value) + background.variance;
  return reading;
}

struct Maps {
  std::vector<double> counts, variance, exponent;  // position by edge
  double chi_square = 0, degrees = 0;
  double unfitted = 0;
};

Maps map_edges(const Rows& rows, const std::vector<Mapped>& mapped, const std::vector<BackgroundFit>& fits,
               Context& context) {
  const std::size_t edges = mapped.size();
  Maps maps;
  maps.counts.assign(static_cast<std::size_t>(rows.rows()) * edges, nan);
  maps.variance = maps.exponent = maps.counts;
  Executor executor(context);
  const std::vector<double> sums = executor.reduce<std::vector<double>>(
      "fitting backgrounds", rows.partitions(), [] { return std::vector<double>(3, 0.0); },
      [&](std::vector<double>& partial, std::int64_t partition, RowRange range) {
        const auto block = rows.block(partition);
        SpectrumRows spectra(*block, rows.columns());
        for (std::int64_t r = 0; r < range.size(); ++r) {
          const auto spectrum = spectra.at(r);
          for (std::size_t e = 0; e < edges; ++e) {
            const Reading one = read_edge(spectrum, mapped[e], fits[e]);
            if (!one.law.fitted) {
              partial[2] += 1.0;
              continue;
            }
            const std::size_t at = static_cast<std::size_t>(range.begin + r) * edges + e;
            maps.counts[at] = one.counts;
            maps.variance[at] = one.variance;
            maps.exponent[at] = one.law.exponent;
            partial[0] += one.law.chi_square;
            partial[1] += fits[e].degrees();
          }
        }
      },
      [](std::vector<double>& left, std::vector<double>&& right) {
        for (std::size_t i = 0; i < left.size(); ++i) left[i] += right[i];
      });
  for (auto* map : {&maps.counts, &maps.variance, &maps.exponent}) {
    executor.gather(rows.partitions(), static_cast<std::int64_t>(edges), std::span(*map));
  }
  maps.chi_square = sums[0];
  maps.degrees = sums[1];
  maps.unfitted = sums[2];
  return maps;
}

Outputs run(const Inputs& inputs, const EdgeMapParams& params, Context& context) {
  const Dataset& dataset = inputs.at("data");
  const Description& data = dataset.describe();
  const LossAxis axis = loss_axis(data);
  const std::vector<Mapped> mapped =
      windows_of(asked_edges(params.elements, params.edges, params.energy_shift, data, axis), params, axis);
  const Rows rows(dataset, context, {}, bytes_held(data, planned_edges(params, data)));
  const unmix::Marginals sums = unmix::marginals(rows, context);
  require_detector_counts(sums.total);
  std::vector<BackgroundFit> fits;
  for (const Mapped& one : mapped) fits.emplace_back(axis, one.before.begin, one.before.end);
  Maps maps = map_edges(rows, mapped, fits, context);
  if (!(maps.degrees > 0)) {
    throw Error(ErrorKind::invalid_argument, "no position has counts before an edge to fit a background to");
  }
  const double gain = params.gain.value_or(maps.chi_square / maps.degrees);
  for (double& value : maps.variance) value = std::sqrt(gain * value);
  if (maps.unfitted > 0) {
    context.warn(printed("%.0f", maps.unfitted) +
                 " backgrounds could not be fitted for want of counts; their positions "
                 "hold NaN");
  }

  const std::size_t edges = mapped.size();
  const std::size_t channels = sums.column_sum.size();
  std::vector<std::string> names, labels, beneath;
  std::vector<double> onset, before_low, before_high, over_low, over_high, counts, sigma, significance, exponent;
  std::vector<double> curves((edges + 1) * channels, 0.0);
  std::copy(sums.column_sum.begin(), sums.column_sum.end(), curves.begin());
  std::vector<Mark> marks;
  const double unit = data.signal_axis().units == "keV" ? 1e-3 : 1.0;
  Outputs outputs;
  for (std::size_t e = 0; e < edges; ++e) {
    const Mapped& one = mapped[e];
    const Reading whole = read_edge(sums.column_sum, one, fits[e]);
    const double error = std::sqrt(gain * whole.variance);
    names.push_back(one.edge.name());
    labels.push_back(one.edge.label());
    beneath.push_back(one.beneath);
    onset.push_back(one.edge.onset + params.energy_shift);
    before_low.push_back(axis.at(static_cast<double>(one.before.begin)));
    before_high.push_back(axis.at(static_cast<double>(one.before.end - 1)));
    over_low.push_back(axis.at(static_cast<double>(one.over.begin)));
    over_high.push_back(axis.at(static_cast<double>(one.over.end - 1)));
    counts.push_back(whole.counts);
    sigma.push_back(error);
    significance.push_back(error > 0 ? whole.counts / error : 0.0);
    exponent.push_back(whole.law.fitted ? whole.law.exponent : nan);
    marks.push_back({0, onset.back() * unit, labels.back()});
    marks.push_back({static_cast<std::int64_t>(e) + 1, onset.back() * unit, labels.back()});
    if (whole.law.fitted) {
      const auto end = std::min(static_cast<std::int64_t>(channels), 2 * one.over.end - one.over.begin);
      for (std::int64_t c = one.before.begin; c < end; ++c) {
        curves[(e + 1) * channels + static_cast<std::size_t>(c)] =
            sums.column_sum[static_cast<std::size_t>(c)] - fits[e].at(whole.law, c);
      }
    }
    if (e < 8) {
      outputs.summary.push_back(labels.back() + ": " + printed("%.4g", whole.counts) + " ± " + printed("%.2g", error) +
                                " counts above the background, r = " + printed("%.2f", exponent.back()));
    }
    if (!one.beneath.empty()) {
      context.warn("the windows of " + labels.back() + " hold the onset of " + one.beneath +
                   ", whose counts go into its background or its signal");
    }
  }
  outputs.summary.push_back(params.gain ? "variance of a channel per count, given: " + printed("%.4g", gain)
                                        : "variance of a channel per count, measured: " + printed("%.4g", gain));
  const std::size_t map_rank = data.navigation_shape().size();
  const View view = map_rank == 2 ? View::maps : map_rank == 1 ? View::spectra : View::hidden;
  const auto count = static_cast<std::int64_t>(edges);
  outputs.add({.name = "counts",
               .title = "Counts of each edge above its background",
               .value = unmix::maps_of(data, maps.counts, count, "Counts of each edge"),
               .view = view,
               .sigma = "counts_sigma",
               .components = labels,
               .note = "Within " + printed("%g", params.signal_width) +
                       " eV from the onset. Negative counts are noise "
                       "about zero."});
  maps.counts = {};
  outputs.add({.name = "edges",
               .title = "Edges, counts of the whole data set",
               .value = Table{{{"edge", "", names},
                               {"onset", "eV", onset},
                               {"counts", "counts", counts},
                               {"counts_sigma", "counts", sigma, "counts"},
                               {"significance", "σ", significance},
                               {"exponent", "", exponent},
                               {"background_from", "eV", before_low},
                               {"background_to", "eV", before_high},
                               {"signal_from", "eV", over_low},
                               {"signal_to", "eV", over_high},
                               {"other_edges_within", "", beneath}}},
               .view = View::table,
               .note = "σ holds counting and the extrapolation of the fitted background. That a background is no power "
                       "law, as over another edge's tail, is not in it."});
  std::vector<std::string> curve_names{"all counts"};
  for (const std::string& label : labels) curve_names.push_back(label + " above its background");
  outputs.add({.name = "spectra",
               .title = "Sum spectrum, and what lies above each background",
               .value = unmix::spectra_of(data, curves, count + 1, "Sum spectrum and edges"),
               .view = View::spectra,
               .components = curve_names,
               .marks = marks,
               .note = "Each edge from the start of its background window to twice its signal window."});
  outputs.add({.name = "counts_sigma",
               .title = "Standard deviation of the counts of each edge",
               .value = unmix::maps_of(data, maps.variance, count, "Counts of each edge, standard deviation"),
               .view = view,
               .components = labels});
  maps.variance = {};
  outputs.add({.name = "exponent",
               .title = "Exponent of the background before each edge",
               .value = unmix::maps_of(data, maps.exponent, count, "Exponent of the background"),
               .components = labels});
  return outputs;
}

}  // namespace

const Operation& edge_map_operation() {
  static const Operation operation = make_operation<EdgeMapParams>(
      {.name = "eels.edge_map",
       .version = 1,
       .summary = "Maps the counts of ionisation edges above an extrapolated power-law background, with σ.",
       .citations = {"R. F. Egerton, Ultramicroscopy 9, 387 (1982)",
                     "R. F. Egerton, Electron Energy-Loss Spectroscopy in the Electron Microscope, 3rd ed. (2011)",
                     "T. Schoonjans et al., Spectrochim. Acta B 66, 776 (2011)"},
       .inputs = {{.name = "data",
                   .help = "Core-loss spectra over an energy-loss axis in eV.",
                   .values = Values::real,
                   .min_signal = 1,
                   .max_signal = 1}},
       .outputs = {{"counts",
                    "Counts above the background, edge by the navigation axes; NaN where no background can be fitted."},
                   {"edges", "Onset, windows, counts with σ and exponent of each edge in the whole data set."},
                   {"spectra", "The sum spectrum, and what of it lies above the background of each edge."},
                   {"counts_sigma", "Standard deviation of counts; NaN where no background can be fitted."},
                   {"exponent", "Exponent r of the background; NaN where no background can be fitted."}}},
      parameters, &check, &run);
  return operation;
}

}  // namespace ruska::ops::eels
