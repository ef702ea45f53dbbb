// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Cost: a Fourier transform for each of the two spectra of a position, one more for each element on the axis, and a
// random number per channel. The draws of a position depend on the seed and its number alone.
#include "ruska/ops/simulate/eels/eels.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "ruska/base/printed.hpp"
#include "ruska/base/random.hpp"
#include "ruska/core/executor.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/ops/eds/xray_lines.hpp"
#include "ruska/ops/simulate/energy_loss.hpp"
#include "ruska/ops/simulate/phantom.hpp"

namespace ruska::ops::simulate {

namespace {

constexpr double edge_window = 50.0;  // eV, in which counts of edges are told

constexpr auto parameters = std::tuple{
    parameter(&EelsParams::phantom, "phantom", "", one_of("spheres|needle"),
              "The specimen: spheres of Fe3O4 and BN in carbon, or a Si needle under Cr and Ni films."),
    parameter(&EelsParams::x, "x", "", within<std::int64_t>(1, 4096), "Columns of the map."),
    parameter(&EelsParams::y, "y", "", within<std::int64_t>(1, 4096), "Rows of the map."),
    parameter(&EelsParams::thickness, "thickness", "", within(0.0, 10.0),
              "Mean of t/λ where the beam meets the specimen."),
    parameter(&EelsParams::dispersion, "dispersion", "eV", within(0.001, 50.0), "Core losses: energy per channel."),
    parameter(&EelsParams::offset, "offset", "eV", within(-1000.0, 10000.0),
              "Core losses: energy of the first channel; auto: 150 for the spheres, 400 for the needle."),
    parameter(&EelsParams::energy_channels, "energy_channels", "", within<std::int64_t>(16, 16384),
              "Core losses: channels of a spectrum."),
    parameter(&EelsParams::low_loss_dispersion, "low_loss_dispersion", "eV", within(0.001, 50.0),
              "Low losses: energy per channel; auto: that of the core losses."),
    parameter(&EelsParams::low_loss_offset, "low_loss_offset", "eV", within(-1000.0, 0.0),
              "Low losses: energy of the first channel."),
    parameter(&EelsParams::low_loss_channels, "low_loss_channels", "", within<std::int64_t>(16, 16384),
              "Low losses: channels of a spectrum."),
    parameter(&EelsParams::electrons, "electrons", "", within(0.0, 1e12),
              "Core losses: electrons that reach the spectrometer at each position."),
    parameter(&EelsParams::low_loss_electrons, "low_loss_electrons", "", within(0.0, 1e12),
              "Low losses: electrons that reach the spectrometer at each position."),
    parameter(&EelsParams::resolution, "resolution", "eV", within(0.001, 50.0),
              "Full width at half maximum of the zero-loss peak."),
    parameter(&EelsParams::drift, "drift", "eV", within(0.0, 100.0),
              "Standard deviation of the zero-loss peak's energy over the positions."),
    parameter(&EelsParams::beam_energy, "beam_energy", "keV", within(1.0, 1000.0), "Energy of the beam."),
    parameter(&EelsParams::convergence_angle, "convergence_angle", "mrad", within(0.0, 200.0),
              "Semi-angle of the probe."),
    parameter(&EelsParams::collection_angle, "collection_angle", "mrad", within(0.1, 500.0),
              "Semi-angle of the spectrometer."),
    parameter(&EelsParams::background_exponent, "background_exponent", "", within(1.5, 6.0),
              "Exponent r of the tail of valence losses, the background of edges."),
    parameter(&EelsParams::gain, "gain", "", within(1e-3, 1e4),
              "Counts that the camera tells for one electron; other than 1 the integers are no counts."),
    parameter(&EelsParams::point_spread, "point_spread", "px", within(0.0, 50.0),
              "Full width at half maximum of the camera's Gaussian point spread, in channels."),
    parameter(&EelsParams::readout_noise, "readout_noise", "", within(0.0, 1e4),
              "Standard deviation of the camera's readout, in electrons."),
    parameter(&EelsParams::peak_fraction, "peak_fraction", "", within(0.0, 1.0),
              "Share of the thickness that a sphere has at its centre; the needle takes no notice."),
    parameter(&EelsParams::seed, "seed", "", at_least<std::int64_t>(0), "Seed of the random numbers."),
};

struct LossPhase {
  Phase phase;
  double plasmon_energy, plasmon_width;  // eV, typical of the material
};

struct Setup {
  Phantom phantom;
  Scan scan;
  std::vector<LossPhase> phases;
  ElectronBeam beam;
  eels::LossAxis core, low;
  bool camera = false;  // counts are no electrons
  DType dtype = DType::uint32;
};

Setup setup_of(const EelsParams& params) {
  Setup setup;
  const bool is_needle = params.phantom == "needle";
  setup.phantom = is_needle ? needle() : spheres(params.peak_fraction);
  if (is_needle) {
    setup.phases = {{setup.phantom.phases[0], 16.7, 3.2},
                    {setup.phantom.phases[1], 24.9, 8.0},
                    {setup.phantom.phases[2], 20.7, 9.0}};
  } else {
    setup.phases = {{{"C", {{"C", 1.0}}, 2.0}, 24.0, 12.0},
                    {{"Fe3O4", {{"Fe", 3.0}, {"O", 4.0}}, 5.17}, 22.0, 11.0},
                    {{"BN", {{"B", 1.0}, {"N", 1.0}}, 2.1}, 25.0, 8.0}};
  }
  setup.scan = scan_of(setup.phantom, 1, params.y, params.x);
  setup.beam = {params.beam_energy, params.convergence_angle, params.collection_angle};
  setup.core = {params.offset.value_or(is_needle ? 400.0 : 150.0), params.dispersion, params.energy_channels};
  setup.low = {params.low_loss_offset, params.low_loss_dispersion.value_or(params.dispersion),
               params.low_loss_channels};
  for (const eels::LossAxis* axis : {&setup.core, &setup.low}) {
    if (params.resolution < 0.8 * axis->scale) {
      throw Error(ErrorKind::invalid_argument, "the resolution is " + std::to_string(params.resolution) +
                                                   " eV, less than 0.8 of a channel of " + std::to_string(axis->scale) +
                                                   " eV; give a resolution of more or a dispersion of less");
    }
    if (axis->last() > 30000.0) {
      throw Error(ErrorKind::invalid_argument, "the axis ends at " + std::to_string(axis->last()) +
                                                   " eV; give fewer channels, so that it ends below 30000 eV");
    }
  }
  setup.camera = params.gain != 1.0 || params.point_spread > 0 || params.readout_noise > 0;
  setup.dtype = setup.camera ? DType::float32 : DType::uint32;
  return setup;
}

std::vector<std::string> elements_of(const Setup& setup) {
  std::set<std::string> elements;
  for (const LossPhase& one : setup.phases) {
    for (const Constituent& part : one.phase.constituents) elements.insert(part.element);
  }
  return {elements.begin(), elements.end()};
}

// Edges of which counts are told: the main edge of each element with room for its window.
std::vector<eels::Edge> told_edges(const Setup& setup) {
  std::vector<eels::Edge> edges;
  for (const std::string& element : elements_of(setup)) {
    const auto edge = eels::main_edge(eds::atomic_number(element), std::max(setup.core.offset, 30.0),
                                      setup.core.last() - edge_window);
    if (edge) edges.push_back(*edge);
  }
  return edges;
}

Axis loss_axis_of(const eels::LossAxis& axis) {
  return {"Energy loss", "energy", "eV", Role::signal, axis.size, axis.scale, axis.offset};
}

Axes navigation_axes(const Setup& setup, Role role) {
  const bool calibrated = setup.phantom.kind == Phantom::Kind::needle;
  Axes axes;
  for (const auto& [name, size] : {std::pair{"y", setup.scan.y}, std::pair{"x", setup.scan.x}}) {
    axes.push_back({name, "length", calibrated ? "nm" : "px", role, size, setup.scan.pixel, 0.0});
  }
  return axes;
}

Description described(const Setup& setup, const EelsParams& params, const eels::LossAxis& axis,
                      const std::string& title) {
  Description description;
  description.title = title;
  description.signal_type = "EELS";
  description.dtype = setup.dtype;
  description.axes = navigation_axes(setup, Role::navigation);
  description.axes.push_back(loss_axis_of(axis));
  Json& metadata = description.metadata;
  set(metadata, "General.title", title);
  set(metadata, "Signal.signal_type", description.signal_type);
  set(metadata, "Acquisition_instrument.TEM.beam_energy", params.beam_energy);
  set(metadata, "Acquisition_instrument.TEM.convergence_angle", params.convergence_angle);
  set(metadata, "Acquisition_instrument.TEM.Detector.EELS.collection_angle", params.collection_angle);
  std::vector<std::string> seen;
  for (const eels::Edge& edge : told_edges(setup)) seen.push_back(eds::symbol(edge.atomic_number));
  set(metadata, "Sample.elements", seen);
  return description;
}

std::string title_of(const Setup& setup) {
  return setup.phantom.kind == Phantom::Kind::needle ? "Simulated losses of Ni/Cr films on a Si needle"
                                                     : "Simulated losses of spheres in carbon";
}

Plan check(const Inputs&, const EelsParams& params) {
  const Setup setup = setup_of(params);
  const std::int64_t rows = setup.scan.positions();
  const auto edges = static_cast<std::int64_t>(told_edges(setup).size());
  const auto phases = static_cast<std::int64_t>(setup.phases.size());
  const Shape map{setup.scan.y, setup.scan.x};
  Plan plan;
  plan.outputs = {{"data", {map[0], map[1], setup.core.size}, setup.dtype},
                  {"low_loss", {map[0], map[1], setup.low.size}, setup.dtype},
                  {"abundances", {phases, map[0], map[1]}},
                  {"thickness", map},
                  {"zero_loss", map},
                  {"edge_counts", {edges, map[0], map[1]}},
                  {"single_scattering", {phases, setup.low.size}}};
  const std::int64_t grid =
      4 * (setup.core.size + setup.low.size) +
      4 * static_cast<std::int64_t>((std::max(0.0, setup.core.offset) + 20.0 * params.resolution) / setup.core.scale);
  plan.memory = 2 * 4 * rows * (setup.core.size + setup.low.size) + rows * 8 * 2 * (2 * phases + edges + 2) +
                grid * 16 * (phases + 1) * (edges + 2) + (24 << 20);
  plan.least_memory = plan.memory;
  plan.memory_per_worker = grid * 32;
  plan.flops = static_cast<double>(rows) * static_cast<double>(grid) * 60.0 * static_cast<double>(edges + 2);
  return plan;
}

// The camera: electrons of channels, of which there are `reach` more at either end, to what it tells.
class Camera {
 public:
  explicit Camera(const EelsParams& params) : params_(params) {
    const double sigma = params.point_spread / 2.3548;
    reach_ = sigma > 0 ? static_cast<std::int64_t>(std::ceil(4.0 * sigma)) + 1 : 0;
    double sum = 0;
    for (std::int64_t d = -reach_; d <= reach_; ++d) {
      const double x = static_cast<double>(d);
      const auto below = [&](double at) { return 0.5 * std::erfc(-at / (sigma * std::sqrt(2.0))); };
      kernel_.push_back(reach_ == 0 ? 1.0 : below(x + 0.5) - below(x - 0.5));
      sum += kernel_.back();
    }
    for (double& one : kernel_) one /= sum;
  }

  std::int64_t reach() const { return reach_; }

  /// `drawn`: electrons.
  template <class T>
  void record(std::span<const double> drawn, Random& random, std::span<T> out) const {
    for (std::size_t c = 0; c < out.size(); ++c) {
      double value = 0;
      for (std::size_t k = 0; k < kernel_.size(); ++k) value += kernel_[k] * drawn[c + k];
      if (params_.readout_noise > 0) value += params_.readout_noise * random.normal();
      out[c] = static_cast<T>(std::min(params_.gain * value, 4294967295.0));
    }
  }

 private:
  const EelsParams& params_;
  std::int64_t reach_ = 0;
  std::vector<double> kernel_;
};

eels::LossAxis widened(const eels::LossAxis& axis, std::int64_t reach) {
  return {axis.at(static_cast<double>(-reach)), axis.scale, axis.size + 2 * reach};
}

struct Truth {
  std::vector<double> lengths;      // nm, position by phase
  std::vector<double> edge_counts;  // position by edge
  std::vector<double> zero;         // eV
};

template <class T>
Outputs simulated(const EelsParams& params, Context& context) {
  const Setup setup = setup_of(params);
  const std::size_t phases = setup.phases.size();
  const std::int64_t rows = setup.scan.positions();
  const auto positions = static_cast<std::size_t>(rows);
  const Camera camera(params);
  const eels::LossAxis core = widened(setup.core, camera.reach()), low = widened(setup.low, camera.reach());
  std::vector<Scatterer> scatterers;
  std::vector<double> inverse_path;
  for (const LossPhase& one : setup.phases) {
    scatterers.push_back(
        scatterer(one.phase, one.plasmon_energy, one.plasmon_width, params.background_exponent, setup.beam));
    inverse_path.push_back(scatterers.back().total());
  }
  const LossSpectrum core_spectrum(scatterers, core, params.resolution);
  const LossSpectrum low_spectrum(scatterers, low, params.resolution);
  const std::vector<eels::Edge> edges = told_edges(setup);
  std::vector<LossSpectrum> without;
  for (const eels::Edge& edge : edges) {
    std::vector<Scatterer> others = scatterers;
    for (Scatterer& one : others) {
      std::erase_if(one.edges, [&](const EdgeScattering& own) { return own.edge.atomic_number == edge.atomic_number; });
    }
    without.emplace_back(others, core, params.resolution);
  }

  Truth truth;
  truth.lengths.assign(positions * phases, 0.0);
  double total = 0;
  std::int64_t inside = 0;
  for (std::int64_t position = 0; position < rows; ++position) {
    const std::vector<double> here = amounts(setup.phantom, setup.scan, position);
    double sum = 0;
    for (std::size_t phase = 0; phase < phases; ++phase) {
      truth.lengths[static_cast<std::size_t>(position) * phases + phase] = here[phase];
      sum += here[phase] * inverse_path[phase];
    }
    total += sum;
    inside += sum > 0 ? 1 : 0;
  }
  const double scale = total > 0 ? params.thickness * static_cast<double>(inside) / total : 0.0;
  for (double& length : truth.lengths) length *= scale;

  const auto core_size = static_cast<std::size_t>(setup.core.size), low_size = static_cast<std::size_t>(setup.low.size);
  std::vector<T> core_values(positions * core_size), low_values(positions * low_size);
  truth.edge_counts.assign(positions * edges.size(), 0.0);
  truth.zero.assign(positions, 0.0);
  Executor executor(context);
  const Partitions partitions(rows, static_cast<std::int64_t>((core_size + low_size) * sizeof(T)));
  executor.for_each_chunk("scattering electrons", partitions, [&](std::int64_t, RowRange range) {
    LossSpectrum::Work core_work = core_spectrum.work(), low_work = low_spectrum.work();
    std::vector<double> expected(static_cast<std::size_t>(core.size)), less(expected.size()),
        low_expected(static_cast<std::size_t>(low.size)), drawn(std::max(expected.size(), low_expected.size()));
    for (std::int64_t position = range.begin; position < range.end; ++position) {
      const auto p = static_cast<std::size_t>(position);
      Random random(static_cast<std::uint64_t>(params.seed), "eels", static_cast<std::uint64_t>(position));
      truth.zero[p] = params.drift > 0 ? params.drift * random.normal() : 0.0;
      const auto lengths = std::span<const double>(truth.lengths).subspan(p * phases, phases);
      const auto draw = [&](const std::vector<double>& means, double electrons, std::span<T> out) {
        for (std::size_t c = 0; c < means.size(); ++c) {
          drawn[c] = static_cast<double>(random.poisson(electrons * means[c]));
        }
        camera.record(std::span<const double>(drawn), random, out);
      };
      core_spectrum.expected(lengths, truth.zero[p], expected, core_work);
      low_spectrum.expected(lengths, truth.zero[p], low_expected, low_work);
      draw(expected, params.electrons, std::span(core_values).subspan(p * core_size, core_size));
      draw(low_expected, params.low_loss_electrons, std::span(low_values).subspan(p * low_size, low_size));
      for (std::size_t e = 0; e < edges.size(); ++e) {
        LossSpectrum::Work work = without[e].work();
        without[e].expected(lengths, truth.zero[p], less, work);
        const double onset = edges[e].onset + truth.zero[p];
        double counts = 0;
        for (std::size_t c = 0; c < expected.size(); ++c) {
          const double loss = core.at(static_cast<double>(c));
          if (loss >= onset && loss < onset + edge_window) counts += expected[c] - less[c];
        }
        truth.edge_counts[p * edges.size() + e] = params.gain * params.electrons * counts;
      }
    }
  });
  executor.gather(partitions, setup.core.size, std::span(core_values));
  executor.gather(partitions, setup.low.size, std::span(low_values));
  executor.gather(partitions, 1, std::span(truth.zero));
  executor.gather(partitions, static_cast<std::int64_t>(edges.size()), std::span(truth.edge_counts));

  std::vector<double> abundances(positions * phases, 0.0), thickness(positions, 0.0),
      edge_maps(positions * edges.size(), 0.0);
  for (std::size_t p = 0; p < positions; ++p) {
    for (std::size_t k = 0; k < phases; ++k) thickness[p] += truth.lengths[p * phases + k] * inverse_path[k];
    for (std::size_t k = 0; k < phases && thickness[p] > 0; ++k) {
      abundances[k * positions + p] = truth.lengths[p * phases + k] * inverse_path[k] / thickness[p];
    }
    for (std::size_t e = 0; e < edges.size(); ++e) {
      edge_maps[e * positions + p] = truth.edge_counts[p * edges.size() + e];
    }
  }
  std::vector<double> scattering;
  for (std::size_t k = 0; k < phases; ++k) {
    const auto first = static_cast<std::int64_t>(std::floor(setup.low.channel(0.0) + 0.5));
    const std::vector<double> probabilities =
        scatterers[k].probabilities(setup.low.scale, std::max<std::int64_t>(1, setup.low.size - first));
    for (std::int64_t c = 0; c < setup.low.size; ++c) {
      scattering.push_back(c < first ? 0.0 : probabilities[static_cast<std::size_t>(c - first)] / inverse_path[k]);
    }
  }

  std::vector<std::string> names, labels, table_elements, table_edges;
  std::vector<double> onsets, totals, paths;
  for (const LossPhase& one : setup.phases) names.push_back(one.phase.name);
  for (const double inverse : inverse_path) paths.push_back(1.0 / inverse);
  std::vector<Mark> marks;
  for (std::size_t e = 0; e < edges.size(); ++e) {
    labels.push_back(edges[e].label());
    table_elements.push_back(eds::symbol(edges[e].atomic_number));
    table_edges.push_back(edges[e].name());
    onsets.push_back(edges[e].onset);
    double sum = 0;
    for (std::size_t p = 0; p < positions; ++p) sum += truth.edge_counts[p * edges.size() + e];
    totals.push_back(sum);
    marks.push_back({-1, edges[e].onset, labels.back()});
  }

  Outputs outputs;
  outputs.add({.name = "data",
               .title = title_of(setup) + ", core losses",
               .value = Dataset::from_values<T>(described(setup, params, setup.core, title_of(setup) + ", core losses"),
                                                core_values),
               .marks = marks});
  core_values = {};
  outputs.add({.name = "low_loss",
               .title = title_of(setup) + ", low losses",
               .value = Dataset::from_values<T>(described(setup, params, setup.low, title_of(setup) + ", low losses"),
                                                low_values)});
  low_values = {};
  const auto maps = [&](const std::string& title, const std::string& axis, std::int64_t components) {
    Description description;
    description.title = title;
    description.axes = navigation_axes(setup, Role::signal);
    if (!axis.empty()) description.axes.insert(description.axes.begin(), {axis, "", "", Role::navigation, components});
    return description;
  };
  outputs.add({.name = "abundances",
               .title = "Abundance of each phase",
               .value = Dataset::from_values<double>(
                   maps("Abundance of each phase", "phase", static_cast<std::int64_t>(phases)), abundances),
               .view = View::maps,
               .components = names,
               .note = "The truth: share of t/λ that each phase has."});
  outputs.add({.name = "thickness",
               .title = "Thickness over the inelastic mean free path, t/λ",
               .value = Dataset::from_values<double>(maps("t/λ", "", 0), thickness),
               .view = View::maps,
               .note = "The truth."});
  outputs.add({.name = "edge_counts",
               .title = "Counts of each edge",
               .value = Dataset::from_values<double>(
                   maps("Counts of each edge", "edge", static_cast<std::int64_t>(edges.size())), edge_maps),
               .view = View::maps,
               .components = labels,
               .note = "The truth: expected core-loss counts within 50 eV from the onset that would not be there "
                       "without the element, plural scattering included."});
  outputs.add({.name = "edges",
               .title = "Edges",
               .value = Table{{{"element", "", table_elements},
                               {"edge", "", table_edges},
                               {"onset", "eV", onsets},
                               {"expected_counts", "counts", totals}}},
               .view = View::table});
  outputs.add({.name = "phases",
               .title = "Phases",
               .value = Table{{{"phase", "", names}, {"mean_free_path", "nm", paths}}},
               .view = View::table});
  Description single;
  single.title = "Single scattering of each phase";
  single.signal_type = "EELS";
  single.axes = {{"phase", "", "", Role::navigation, static_cast<std::int64_t>(phases)}, loss_axis_of(setup.low)};
  outputs.add({.name = "single_scattering",
               .title = single.title,
               .value = Dataset::from_values<double>(single, scattering),
               .view = View::spectra,
               .components = names,
               .note = "The truth: probability per channel that a scattered electron loses this energy."});
  outputs.add({.name = "zero_loss",
               .title = "Energy of the zero-loss peak (eV)",
               .value = Dataset::from_values<double>(maps("Energy of the zero-loss peak (eV)", "", 0), truth.zero),
               .note = "The truth."});
  outputs.summary.push_back(title_of(setup) + ": " + std::to_string(setup.scan.y) + " × " +
                            std::to_string(setup.scan.x) + " positions, " + std::to_string(setup.core.size) +
                            " core-loss and " + std::to_string(setup.low.size) + " low-loss channels");
  for (std::size_t k = 0; k < phases; ++k) {
    outputs.summary.push_back(names[k] + ": mean free path " + printed("%.1f", paths[k]) + " nm");
  }
  if (inside < rows) {
    outputs.summary.push_back(std::to_string(rows - inside) + " positions lie beside the specimen");
  }
  return outputs;
}

Outputs run(const Inputs&, const EelsParams& params, Context& context) {
  return setup_of(params).camera ? simulated<float>(params, context) : simulated<std::uint32_t>(params, context);
}

}  // namespace

const Operation& eels_operation() {
  static const Operation operation = make_operation<EelsParams>(
      {.name = "simulate.eels",
       .version = 1,
       .summary = "Simulates core-loss and low-loss spectrum images of a phantom, with the truth beside them.",
       .citations = {"R. F. Egerton, Electron Energy-Loss Spectroscopy in the Electron Microscope, 3rd ed. (2011)",
                     "K. Iakoubovskii et al., Microsc. Res. Tech. 71, 626 (2008)",
                     "T. Schoonjans et al., Spectrochim. Acta B 66, 776 (2011)"},
       .inputs = {},
       .outputs = {{"data", "Core losses: what the camera tells, y, x and energy."},
                   {"low_loss", "Low losses of the same positions, with the zero-loss peak."},
                   {"abundances", "The truth: share of each phase in t/λ, phase by y, x."},
                   {"thickness", "The truth: t/λ, y, x."},
                   {"edge_counts", "The truth: expected core-loss counts of each edge within 50 eV, edge by y, x."},
                   {"edges", "Onset and expected counts of each edge."},
                   {"phases", "Mean free path of each phase."},
                   {"single_scattering", "The truth: single-scattering distribution of each phase over low losses."},
                   {"zero_loss", "The truth: energy of the zero-loss peak, y, x."}},
       .traits = {.streams = false, .holds_everything = "the spectra drawn are its result and are kept"}},
      parameters, &check, &run);
  return operation;
}

}  // namespace ruska::ops::simulate
