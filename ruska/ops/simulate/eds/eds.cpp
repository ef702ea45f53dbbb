// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Cost: the counts drawn, two random numbers each; a position that expects more counts than there are channels draws a
// Poisson number per channel instead. Memory: the counts that differ from zero, 8 bytes each, twice while partial
// results are joined. The draws of a position depend on the seed and its number alone.
#include "ruska/ops/simulate/eds/eds.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "ruska/base/random.hpp"
#include "ruska/core/executor.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/ops/simulate/alias_table.hpp"
#include "ruska/ops/simulate/emission.hpp"
#include "ruska/ops/simulate/phantom.hpp"

namespace ruska::ops::simulate {

namespace {

constexpr auto parameters = std::tuple{
    parameter(&EdsParams::phantom, "phantom", "", one_of("needle|spheres"),
              "The specimen: a Si needle under Cr and Ni films, or two spheres in a matrix."),
    parameter(&EdsParams::x, "x", "", within<std::int64_t>(1, 65536),
              "Columns of the map; auto: 165 for the needle, 128 for the spheres."),
    parameter(&EdsParams::y, "y", "", within<std::int64_t>(1, 65536),
              "Rows of the map; auto: 124 for the needle, 128 for the spheres."),
    parameter(&EdsParams::tilts, "tilts", "", within<std::int64_t>(1, 3600),
              "Tilts from -90° to 90° about the needle's axis; 1 is a single map at 0° without a tilt axis."),
    parameter(&EdsParams::energy_channels, "energy_channels", "", within<std::int64_t>(1, 65536),
              "Channels of a spectrum; auto: 900 for the needle, 1024 for the spheres."),
    parameter(&EdsParams::dispersion, "dispersion", "eV", within(0.1, 1000.0), "Energy per channel."),
    parameter(&EdsParams::offset, "offset", "keV", within(-5.0, 100.0), "Energy of the first channel."),
    parameter(&EdsParams::counts_per_spectrum, "counts_per_spectrum", "", within(0.0, 1e6),
              "Counts that a spectrum has on average where the beam meets the specimen."),
    parameter(&EdsParams::beam_energy, "beam_energy", "keV", within(1.0, 1000.0), "Energy of the beam."),
    parameter(&EdsParams::energy_resolution, "energy_resolution", "eV", within(100.0, 300.0),
              "Full width at half maximum of Mn Kα."),
    parameter(&EdsParams::background_fraction, "background_fraction", "", within(0.0, 0.95),
              "Share of bremsstrahlung in the counts."),
    parameter(&EdsParams::detector, "detector", "", one_of("ideal|polymer_window"),
              "Which photons are counted: all, or what passes a polymer window and stops in the silicon."),
    parameter(&EdsParams::escape, "escape", "", "Whether silicon escape peaks appear."),
    parameter(&EdsParams::pile_up, "pile_up", "", within(0.0, 0.5),
              "Share of the counts that are two photons taken for one."),
    parameter(&EdsParams::peak_fraction, "peak_fraction", "", within(0.0, 1.0),
              "Share of the signal that a sphere has at its centre; the needle takes no notice."),
    parameter(&EdsParams::seed, "seed", "", at_least<std::int64_t>(0), "Seed of the random numbers."),
};

struct Setup {
  Phantom phantom;
  Scan scan;
  Spectrometer spectrometer;
  DType dtype;
};

Setup setup_of(const EdsParams& params) {
  Setup setup;
  const bool is_needle = params.phantom == "needle";
  setup.phantom = is_needle ? needle() : spheres(params.peak_fraction);
  if (!is_needle && params.tilts != 1) {
    throw Error(ErrorKind::invalid_argument, "tilts is " + std::to_string(params.tilts) +
                                                 ", but only the needle can be tilted; give 1 or phantom needle");
  }
  setup.scan = scan_of(setup.phantom, params.tilts, params.y.value_or(is_needle ? 124 : 128),
                       params.x.value_or(is_needle ? 165 : 128));
  Spectrometer& spectrometer = setup.spectrometer;
  spectrometer.axis = {params.offset, params.dispersion / 1000.0,
                       params.energy_channels.value_or(is_needle ? 900 : 1024)};
  spectrometer.beam_energy = params.beam_energy;
  spectrometer.resolution_mn_ka = params.energy_resolution;
  spectrometer.background_fraction = params.background_fraction;
  spectrometer.polymer_window = params.detector == "polymer_window";
  spectrometer.escape = params.escape;
  spectrometer.pile_up = params.pile_up;
  // The needle's brightest position has about five times the mean, so that no count can pass 65535 below this.
  setup.dtype = params.counts_per_spectrum <= 5000.0 ? DType::uint16 : DType::uint32;
  return setup;
}

Axes navigation_axes(const Setup& setup) {
  const Scan& scan = setup.scan;
  const bool calibrated = setup.phantom.kind == Phantom::Kind::needle;
  Axes axes;
  if (scan.tilts > 1) {
    axes.push_back({"tilt", "angle", "°", Role::navigation, scan.tilts, scan.tilt_step, scan.first_tilt});
  }
  for (const auto& [name, size] : {std::pair{"y", scan.y}, std::pair{"x", scan.x}}) {
    axes.push_back({name, "length", calibrated ? "nm" : "px", Role::navigation, size, scan.pixel, 0.0});
  }
  return axes;
}

Axis energy_axis_of(const Setup& setup) {
  const eds::EnergyAxis& axis = setup.spectrometer.axis;
  return {"Energy", "energy", "keV", Role::signal, axis.size, axis.scale, axis.offset};
}

Axis phase_axis(const Setup& setup) {
  return {"phase", "", "", Role::navigation, static_cast<std::int64_t>(setup.phantom.phases.size())};
}

Axes map_axes(const Setup& setup, bool per_phase) {
  Axes axes = navigation_axes(setup);
  for (Axis& axis : axes) axis.role = axis.name == "tilt" ? Role::navigation : Role::signal;
  if (per_phase) axes.insert(axes.begin(), phase_axis(setup));
  return axes;
}

std::vector<std::string> elements_of(const Phantom& phantom) {
  std::set<std::string> elements;
  for (const Phase& phase : phantom.phases) {
    for (const Constituent& part : phase.constituents) elements.insert(part.element);
  }
  return {elements.begin(), elements.end()};
}

Description description_of(const Setup& setup, const EdsParams& params) {
  Description description;
  description.title =
      params.phantom == "needle" ? "Simulated Ni/Cr films on a Si needle" : "Simulated spheres in a matrix";
  description.signal_type = "EDS_TEM";
  description.dtype = setup.dtype;
  description.axes = navigation_axes(setup);
  description.axes.push_back(energy_axis_of(setup));
  Json& metadata = description.metadata;
  set(metadata, "General.title", description.title);
  set(metadata, "Signal.signal_type", description.signal_type);
  set(metadata, "Acquisition_instrument.TEM.beam_energy", params.beam_energy);
  if (setup.scan.tilts == 1) set(metadata, "Acquisition_instrument.TEM.Stage.tilt_alpha", 0.0);
  set(metadata, "Acquisition_instrument.TEM.Detector.EDS.energy_resolution_MnKa", params.energy_resolution);
  std::vector<std::string> lines;
  const eds::EnergyAxis& axis = setup.spectrometer.axis;
  for (const std::string& element : elements_of(setup.phantom)) {
    if (const auto line = eds::main_line(eds::atomic_number(element), axis.low(), axis.high(), params.beam_energy)) {
      lines.push_back(line->name());
    }
  }
  set(metadata, "Sample.elements", elements_of(setup.phantom));
  set(metadata, "Sample.xray_lines", lines);
  return description;
}

// Counts of consecutive positions that grow at their end.
struct Drawn {
  SparseCounts counts;

  void append(Drawn&& next) {
    const std::int64_t base = counts.nonzeros();
    counts.channel.insert(counts.channel.end(), next.counts.channel.begin(), next.counts.channel.end());
    counts.value.insert(counts.value.end(), next.counts.value.begin(), next.counts.value.end());
    counts.row_start.reserve(counts.row_start.size() + next.counts.row_start.size());
    for (std::size_t row = 1; row < next.counts.row_start.size(); ++row) {
      counts.row_start.push_back(base + next.counts.row_start[row]);
    }
    next.counts = {};
  }

  std::vector<std::byte> pack() const {
    std::vector<std::byte> bytes;
    const auto add = [&](const auto& values) {
      const auto size = static_cast<std::uint64_t>(values.size());
      const auto head = std::as_bytes(std::span(&size, 1)), body = std::as_bytes(std::span(values));
      bytes.insert(bytes.end(), head.begin(), head.end());
      bytes.insert(bytes.end(), body.begin(), body.end());
    };
    add(counts.row_start);
    add(counts.channel);
    add(counts.value);
    return bytes;
  }
  static Drawn unpack(std::span<const std::byte> bytes) {
    const auto take = [&](auto& values) {
      std::uint64_t size = 0;
      std::copy_n(bytes.begin(), sizeof size, std::as_writable_bytes(std::span(&size, 1)).begin());
      bytes = bytes.subspan(sizeof size);
      values.resize(size);
      const auto body = std::as_writable_bytes(std::span(values));
      std::copy_n(bytes.begin(), body.size(), body.begin());
      bytes = bytes.subspan(body.size());
    };
    Drawn drawn;
    take(drawn.counts.row_start);
    take(drawn.counts.channel);
    take(drawn.counts.value);
    return drawn;
  }
};

// One position: `means` holds the expected counts of each phase.
class Sampler {
 public:
  Sampler(std::vector<Emission> emissions, std::uint64_t seed) : emissions_(std::move(emissions)), seed_(seed) {
    for (const Emission& one : emissions_) tables_.emplace_back(one.spectrum);
  }

  void draw(std::int64_t position, std::span<const double> means, SparseCounts& counts,
            std::vector<std::uint32_t>& channels) const {
    double mean = 0;
    for (const double one : means) mean += one;
    Random random(seed_, "eds", static_cast<std::uint64_t>(position));
    const std::size_t size = emissions_.front().spectrum.size();
    if (mean > static_cast<double>(size)) {
      for (std::size_t channel = 0; channel < size; ++channel) {
        double expected = 0;
        for (std::size_t phase = 0; phase < means.size(); ++phase) {
          expected += means[phase] * emissions_[phase].spectrum[channel];
        }
        push(counts, static_cast<std::uint32_t>(channel), static_cast<std::uint32_t>(random.poisson(expected)));
      }
    } else {
      channels.clear();
      for (std::size_t phase = 0; phase < means.size(); ++phase) {
        for (std::uint64_t left = random.poisson(means[phase]); left > 0; --left) {
          channels.push_back(tables_[phase].draw(random));
        }
      }
      std::sort(channels.begin(), channels.end());
      for (std::size_t i = 0; i < channels.size();) {
        std::size_t next = i;
        while (next < channels.size() && channels[next] == channels[i]) ++next;
        push(counts, channels[i], static_cast<std::uint32_t>(next - i));
        i = next;
      }
    }
    counts.row_start.push_back(counts.nonzeros());
  }

 private:
  static void push(SparseCounts& counts, std::uint32_t channel, std::uint32_t value) {
    if (value == 0) return;
    counts.channel.push_back(channel);
    counts.value.push_back(value);
  }

  std::vector<Emission> emissions_;
  std::vector<AliasTable> tables_;
  std::uint64_t seed_;
};

Shape shape_of(const Axes& axes) {
  Shape shape;
  for (const Axis& axis : axes) shape.push_back(axis.size);
  return shape;
}

Plan check(const Inputs&, const EdsParams& params) {
  const Setup setup = setup_of(params);
  const auto phases = static_cast<std::int64_t>(setup.phantom.phases.size());
  const std::int64_t rows = setup.scan.positions();
  const Description description = description_of(setup, params);
  Plan plan;
  plan.outputs = {{"data", description.shape(), setup.dtype},
                  {"abundances", shape_of(map_axes(setup, true)), DType::float32},
                  {"expected_counts", shape_of(map_axes(setup, false)), DType::float32},
                  {"spectra", {phases, setup.spectrometer.axis.size}, DType::float64}};
  const double counts = static_cast<double>(rows) * params.counts_per_spectrum;
  const double cells = static_cast<double>(rows) * static_cast<double>(setup.spectrometer.axis.size);
  const double nonzeros = std::min(counts + 6.0 * std::sqrt(counts), cells);
  // Twice the counts while partial results are joined, with the slack of growing arrays; and the truth.
  plan.memory = static_cast<std::int64_t>(3.0 * 8.0 * nonzeros) + rows * (3 * 8 + 4 * 4 * (phases + 1)) + (16 << 20);
  plan.least_memory = plan.memory;
  plan.flops = 100.0 * std::min(counts, cells) + 500.0 * static_cast<double>(rows);
  return plan;
}

Table composition_of(const Phantom& phantom) {
  std::vector<std::string> phases, elements, quantities;
  std::vector<double> values;
  for (const Phase& phase : phantom.phases) {
    for (const auto& [element, amount] : phase.constituents) {
      phases.push_back(phase.name);
      elements.push_back(element);
      quantities.push_back(phase.density == 0 ? "line weight" : "atomic fraction");
      values.push_back(amount);
    }
  }
  return {{{"phase", "", std::move(phases)},
           {"element", "", std::move(elements)},
           {"quantity", "", std::move(quantities)},
           {"value", "", std::move(values)}}};
}

std::vector<Mark> marks_of(const Setup& setup) {
  std::vector<Mark> marks;
  for (std::size_t phase = 0; phase < setup.phantom.phases.size(); ++phase) {
    for (const Constituent& part : setup.phantom.phases[phase].constituents) {
      const eds::EnergyAxis& axis = setup.spectrometer.axis;
      for (const auto& line : eds::lines_in_range(eds::atomic_number(part.element), axis.low(), axis.high(),
                                                  setup.spectrometer.beam_energy, 0.1)) {
        marks.push_back({static_cast<std::int64_t>(phase), line.energy, line.label()});
      }
    }
  }
  return marks;
}

Outputs run(const Inputs&, const EdsParams& params, Context& context) {
  const Setup setup = setup_of(params);
  const Phantom& phantom = setup.phantom;
  const std::size_t phases = phantom.phases.size();
  const std::int64_t rows = setup.scan.positions();
  const std::int64_t channels = setup.spectrometer.axis.size;
  std::vector<Emission> emissions;
  for (const Phase& phase : phantom.phases) emissions.push_back(emission(phase, setup.spectrometer));

  Executor executor(context);
  const Partitions partitions(rows, channels * static_cast<std::int64_t>(size_of(setup.dtype)));

  // Signal of each phase at each position, phases last; scaled to counts below.
  std::vector<double> signal(static_cast<std::size_t>(rows) * phases, 0.0);
  executor.for_each_chunk("shaping the specimen", partitions, [&](std::int64_t, RowRange range) {
    for (std::int64_t position = range.begin; position < range.end; ++position) {
      const std::vector<double> lengths = amounts(phantom, setup.scan, position);
      for (std::size_t phase = 0; phase < phases; ++phase) {
        signal[static_cast<std::size_t>(position) * phases + phase] = lengths[phase] * emissions[phase].brightness;
      }
    }
  });
  executor.gather(partitions, static_cast<std::int64_t>(phases), std::span(signal));

  double total = 0;
  std::int64_t inside = 0;
  std::vector<std::int64_t> areas(phases, 0);
  for (std::int64_t position = 0; position < rows; ++position) {
    const double* const here = signal.data() + static_cast<std::size_t>(position) * phases;
    double sum = 0;
    for (std::size_t phase = 0; phase < phases; ++phase) sum += here[phase];
    if (!(sum > 0)) continue;
    total += sum;
    ++inside;
    ++areas[static_cast<std::size_t>(std::max_element(here, here + phases) - here)];
  }
  const double scale = total > 0 ? params.counts_per_spectrum * static_cast<double>(inside) / total : 0.0;
  for (double& value : signal) value *= scale;

  std::vector<double> spectra;
  for (const Emission& one : emissions) spectra.insert(spectra.end(), one.spectrum.begin(), one.spectrum.end());
  const Sampler sampler(std::move(emissions), static_cast<std::uint64_t>(params.seed));
  Drawn drawn = executor.reduce<Drawn>(
      "drawing counts", partitions, [] { return Drawn{}; },
      [&](Drawn& leaf, std::int64_t, RowRange range) {
        std::vector<std::uint32_t> scratch;
        for (std::int64_t position = range.begin; position < range.end; ++position) {
          sampler.draw(position, std::span(signal).subspan(static_cast<std::size_t>(position) * phases, phases),
                       leaf.counts, scratch);
        }
      },
      [](Drawn& left, Drawn&& right) { left.append(std::move(right)); });
  std::uint64_t drawn_total = 0;
  for (const std::uint32_t value : drawn.counts.value) drawn_total += value;

  std::vector<float> abundances(static_cast<std::size_t>(rows) * phases, 0.0f);
  std::vector<float> expected(static_cast<std::size_t>(rows), 0.0f);
  for (std::int64_t position = 0; position < rows; ++position) {
    const auto p = static_cast<std::size_t>(position);
    double sum = 0;
    for (std::size_t phase = 0; phase < phases; ++phase) sum += signal[p * phases + phase];
    expected[p] = static_cast<float>(sum);
    if (!(sum > 0)) continue;
    for (std::size_t phase = 0; phase < phases; ++phase) {
      abundances[phase * static_cast<std::size_t>(rows) + p] = static_cast<float>(signal[p * phases + phase] / sum);
    }
  }

  std::vector<std::string> names;
  for (const Phase& phase : phantom.phases) names.push_back(phase.name);
  Outputs outputs;
  const Description description = description_of(setup, params);
  outputs.add({.name = "data",
               .title = description.title,
               .value = Dataset::from_counts(description, std::move(drawn.counts))});

  Description maps;
  maps.title = "Abundance of each phase";
  maps.axes = map_axes(setup, true);
  outputs.add({.name = "abundances",
               .title = maps.title,
               .value = Dataset::from_values<float>(maps, abundances),
               .view = View::maps,
               .components = names,
               .note = "The truth: share of the expected counts that each phase sends."});
  Description dose;
  dose.title = "Expected counts";
  dose.axes = map_axes(setup, false);
  outputs.add({.name = "expected_counts",
               .title = dose.title,
               .value = Dataset::from_values<float>(dose, expected),
               .view = View::maps,
               .note = "The truth: mean of the Poisson law of the counts at each position."});
  Description pure;
  pure.title = "Spectrum of each phase";
  pure.signal_type = description.signal_type;
  pure.metadata = description.metadata;
  pure.axes = {phase_axis(setup), energy_axis_of(setup)};
  outputs.add({.name = "spectra",
               .title = pure.title,
               .value = Dataset::from_values<double>(pure, spectra),
               .view = View::spectra,
               .components = names,
               .marks = marks_of(setup),
               .note = "The truth: each of sum 1."});
  outputs.add({.name = "composition",
               .title = "Composition of each phase",
               .value = composition_of(phantom),
               .view = View::table});

  outputs.summary.push_back(description.title + ": " + to_string(description.shape()) + ", " +
                            std::to_string(drawn_total) + " counts");
  for (std::size_t phase = 0; phase < phases; ++phase) {
    outputs.summary.push_back("phase " + names[phase] + " dominates " + std::to_string(areas[phase]) + " of " +
                              std::to_string(rows) + " positions");
  }
  if (inside < rows) {
    outputs.summary.push_back(std::to_string(rows - inside) + " positions lie beside the specimen and have no counts");
  }
  return outputs;
}

}  // namespace

const Operation& eds_operation() {
  static const Operation operation = make_operation<EdsParams>(
      {.name = "simulate.eds",
       .version = 1,
       .summary = "Simulates an EDS spectrum image of a phantom, with Poisson counts and the truth beside it.",
       .citations = {"T. Schoonjans et al., Spectrochim. Acta B 66, 776 (2011)",
                     "M. Green and V. E. Cosslett, Proc. Phys. Soc. 78, 1206 (1961)",
                     "H. A. Kramers, Phil. Mag. 46, 836 (1923)",
                     "H. Teurtrie et al., Ultramicroscopy 249, 113719 (2023)"},
       .inputs = {},
       .outputs = {{"data", "The spectrum image: counts, (tilt,) y, x and energy."},
                   {"abundances", "The truth: share of each phase in the expected counts, phase by (tilt,) y, x."},
                   {"expected_counts", "The truth: mean of the Poisson law at each position."},
                   {"spectra", "The truth: spectrum of each phase, of sum 1."},
                   {"composition", "The truth: elements of each phase."}},
       .traits = {.streams = false, .holds_everything = "the counts drawn are its result and are kept, sparse"}},
      parameters, &check, &run);
  return operation;
}

}  // namespace ruska::ops::simulate
