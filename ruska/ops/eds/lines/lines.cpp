// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
//   net = G − r (B₁ + B₂),   r = n_G / (n_B1 + n_B2),   σ² = G + r² (B₁ + B₂),
// G, B₁ and B₂ the counts in the windows and n their channels; the windows of P. J. Statham, Anal. Chem. 49, 2149
// (1977), for a background that is straight between them. Two passes over the data: one for the sum spectrum, from
// which elements and resolution follow where they are not given, one for the maps. Memory: 48 bytes per line and
// position.
#include "ruska/ops/eds/lines/lines.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

#include "ruska/base/text.hpp"
#include "ruska/core/executor.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/core/rows.hpp"
#include "ruska/ops/eds/detector.hpp"
#include "ruska/ops/eds/find_elements.hpp"
#include "ruska/ops/eds/line_windows.hpp"
#include "ruska/ops/unmix/marginals.hpp"

namespace ruska::ops::eds {

namespace {

constexpr auto parameters = std::tuple{
    parameter(&LinesParams::elements, "elements", "",
              "Elements to map by their main line, such as Fe,Pt; with no elements and no lines, those found."),
    parameter(&LinesParams::lines, "lines", "", "Lines to map, such as Fe_Ka,Pt_La, besides those of elements."),
    parameter(&LinesParams::window, "window", "FWHM", within(0.1, 20.0), "Width of the window over a line."),
    parameter(&LinesParams::background_left, "background_left", "FWHM", within(0.0, 50.0),
              "Distance from the line to the nearer end of the left background window."),
    parameter(&LinesParams::background_right, "background_right", "FWHM", within(0.0, 50.0),
              "Distance from the line to the nearer end of the right background window."),
    parameter(&LinesParams::background_width, "background_width", "FWHM", within(0.1, 20.0),
              "Width of each background window."),
    parameter(&LinesParams::energy_resolution, "energy_resolution", "eV", within(50.0, 1000.0),
              "Full width at half maximum of Mn Kα; auto: that of the metadata, else fitted to the sum spectrum."),
    parameter(&LinesParams::beam_energy, "beam_energy", "keV", within(0.5, 2000.0),
              "Energy of the beam, which decides what lines there can be; auto: that of the metadata."),
    parameter(&LinesParams::significance, "significance", "σ", within(3.0, 100.0),
              "Least significance of an element that is found."),
};

// Lines that the user asked for; empty when they are to be found.
std::vector<XrayLine> asked_lines(const LinesParams& params, const Description& data) {
  std::vector<XrayLine> lines;
  const EnergyAxis axis = energy_axis(data);
  for (const std::string& name : params.lines) lines.push_back(xray_line(name, params.beam_energy));
  if (!params.elements.empty()) {
    const double energy = element_search(data, params.beam_energy).beam_energy;
    for (const std::string& element : params.elements) {
      const auto line = main_line(atomic_number(element), axis.low(), axis.high(), energy);
      if (!line) {
        throw Error(ErrorKind::invalid_argument, element + " has no Kα, Lα or Mα line within the energy axis, " +
                                                     std::to_string(axis.low()) + " … " + std::to_string(axis.high()) +
                                                     " keV, that a beam of " + std::to_string(energy) +
                                                     " keV excites; leave it out");
      }
      lines.push_back(*line);
    }
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (lines[i].name() == lines[j].name()) {
        throw Error(ErrorKind::invalid_argument, lines[i].name() + " is asked for twice");
      }
    }
  }
  return lines;
}

// A count of lines for the plan, before any value is read.
std::int64_t planned_lines(const LinesParams& params) {
  const auto asked = static_cast<std::int64_t>(params.lines.size() + params.elements.size());
  return asked > 0 ? asked : 16;
}

Shape map_shape(const Description& data, std::int64_t lines) {
  Shape shape = data.navigation_shape();
  shape.insert(shape.begin(), lines);
  return shape;
}

// G, B₁ + B₂ of every line and position; the net map, σ and G: three times 8 bytes twice over while they are turned.
std::int64_t bytes_held(const Description& data, std::int64_t lines) {
  return data.navigation_size() * (lines * 48 + 8) + data.signal_size() * 64 + (8 << 20);
}

Plan check(const Inputs& inputs, const LinesParams& params) {
  const Description& data = inputs.at("data").describe();
  asked_lines(params, data);
  const std::int64_t lines = planned_lines(params);
  Plan plan;
  for (const char* name : {"net", "net_sigma", "gross"}) plan.outputs.push_back({name, map_shape(data, lines)});
  plan.outputs.push_back({"spectrum", data.signal_shape()});
  plan.least_memory = bytes_held(data, lines);
  plan.memory_per_worker = Rows::bytes_per_worker(data);
  plan.memory = plan.least_memory;
  plan.bytes_read = 2.0 * static_cast<double>(data.bytes());
  plan.flops = 4.0 * static_cast<double>(count(data.shape()));
  return plan;
}

// The lines to map, and what else the background must keep clear of.
struct Request {
  std::vector<ExpectedLine> lines, others;
};

// Named lines: how strong they are is not known, so that all stronger lines of the same elements count as equals.
Request named(const std::vector<XrayLine>& lines, const EnergyAxis& axis, const LinesParams& params,
              const Description& data) {
  Request request;
  const auto energy = params.beam_energy ? params.beam_energy : beam_energy(data.metadata);
  std::set<int> elements;
  for (const XrayLine& line : lines) {
    request.lines.push_back({line});
    elements.insert(line.atomic_number);
  }
  for (const int z : elements) {
    for (XrayLine& line : lines_in_range(z, axis.low(), axis.high(), energy, 0.05)) {
      request.others.push_back({std::move(line)});
    }
  }
  return request;
}

Request of_found(const FoundElements& found, const EnergyAxis& axis, double beam_energy) {
  Request request;
  for (const FoundElement& element : found.elements) {
    const auto main = main_line(element.atomic_number, axis.low(), axis.high(), beam_energy);
    std::size_t chosen = 0;
    for (std::size_t k = 0; k < element.lines.size(); ++k) {
      if (main && element.lines[k].name() == main->name()) chosen = k;
      request.others.push_back({element.lines[k], element.line_counts[k]});
    }
    if (element.confidence != "possible") {
      request.lines.push_back({element.lines[chosen], element.line_counts[chosen]});
    }
  }
  return request;
}

double resolution_of(const LinesParams& params, const Description& data, const FoundElements* found, Context& context) {
  if (params.energy_resolution) return *params.energy_resolution;
  if (const auto known = energy_resolution_mn_ka(data.metadata)) return *known;
  context.warn("the metadata give no energy resolution; " + std::to_string(std::lround(found->resolution_mn_ka)) +
               " eV at Mn Kα was fitted to the sum spectrum");
  return found->resolution_mn_ka;
}

struct Sums {
  std::vector<double> signal, background;  // position by line
};

Sums window_sums(const Rows& rows, const std::vector<LineWindows>& windows, Context& context) {
  // What each channel adds to: sparse rows touch few channels, so that the way goes from channels to lines.
  struct Role {
    std::size_t line;
    bool background;
  };
  std::vector<std::vector<Role>> roles(static_cast<std::size_t>(rows.columns()));
  for (std::size_t line = 0; line < windows.size(); ++line) {
    const auto add = [&](const Channels& channels, bool background) {
      for (std::int64_t c = channels.begin; c < channels.end; ++c) {
        roles[static_cast<std::size_t>(c)].push_back({line, background});
      }
    };
    add(windows[line].signal, false);
    add(windows[line].left, true);
    add(windows[line].right, true);
  }
  const std::size_t count = windows.size();
  Sums sums{std::vector<double>(static_cast<std::size_t>(rows.rows()) * count, 0.0), {}};
  sums.background = sums.signal;
  Executor executor(context);
  executor.for_each_chunk("summing windows", rows.partitions(), [&](std::int64_t partition, RowRange range) {
    const auto block = rows.block(partition);
    const auto columns = static_cast<std::size_t>(rows.columns());
    for (std::int64_t r = 0; r < range.size(); ++r) {
      double* const signal = sums.signal.data() + static_cast<std::size_t>(range.begin + r) * count;
      double* const background = sums.background.data() + static_cast<std::size_t>(range.begin + r) * count;
      const auto add = [&](std::size_t channel, double value) {
        for (const Role& role : roles[channel]) (role.background ? background : signal)[role.line] += value;
      };
      if (block->sparse) {
        const auto end = static_cast<std::size_t>(block->row_start[static_cast<std::size_t>(r) + 1]);
        for (auto i = static_cast<std::size_t>(block->row_start[static_cast<std::size_t>(r)]); i < end; ++i) {
          add(block->channel[i], static_cast<double>(block->value[i]));
        }
      } else {
        const double* const row = block->dense.data() + static_cast<std::size_t>(r) * columns;
        for (std::size_t channel = 0; channel < columns; ++channel) add(channel, row[channel]);
      }
    }
  });
  executor.gather(rows.partitions(), static_cast<std::int64_t>(count), std::span(sums.signal));
  executor.gather(rows.partitions(), static_cast<std::int64_t>(count), std::span(sums.background));
  return sums;
}

Dataset map_of(const Description& data, const std::vector<LineWindows>& windows, const std::vector<double>& values,
               const std::string& title) {
  Description description;
  description.title = title;
  description.axes.push_back(
      {.name = "line", .role = Role::navigation, .size = static_cast<std::int64_t>(windows.size())});
  for (const Axis& axis : data.axes) {
    if (axis.role != Role::navigation) continue;
    description.axes.push_back(axis);
    description.axes.back().role = Role::signal;
  }
  if (description.axes.size() == 1) description.axes[0].role = Role::signal;
  std::vector<std::string> names, elements;
  for (const LineWindows& one : windows) {
    names.push_back(one.line.name());
    if (!std::count(elements.begin(), elements.end(), one.line.element)) elements.push_back(one.line.element);
  }
  set(description.metadata, "General.title", title);
  set(description.metadata, "Sample.elements", elements);
  set(description.metadata, "Sample.xray_lines", names);
  return Dataset::from_values<double>(std::move(description), values);
}

double sum_over(const Channels& channels, const std::vector<double>& spectrum) {
  double total = 0;
  for (std::int64_t c = channels.begin; c < channels.end; ++c) total += spectrum[static_cast<std::size_t>(c)];
  return total;
}
LineCounts counts_of_all(const LineWindows& one, const std::vector<double>& spectrum) {
  return line_counts(one, sum_over(one.signal, spectrum), sum_over(one.left, spectrum) + sum_over(one.right, spectrum));
}

Table table_of(const std::vector<LineWindows>& windows, const std::vector<double>& spectrum, const EnergyAxis& axis) {
  std::vector<std::string> elements, lines, overlaps;
  std::vector<double> energy, gross, net, sigma, significance, low, high;
  for (const LineWindows& one : windows) {
    const LineCounts counts = counts_of_all(one, spectrum);
    elements.push_back(one.line.element);
    lines.push_back(one.line.name());
    overlaps.push_back(join(one.overlaps, " "));
    energy.push_back(one.line.energy);
    low.push_back(axis.at(static_cast<double>(one.signal.begin)));
    high.push_back(axis.at(static_cast<double>(one.signal.end)));
    gross.push_back(counts.gross);
    net.push_back(counts.net);
    sigma.push_back(std::sqrt(counts.variance));
    significance.push_back(counts.variance > 0 ? counts.net / std::sqrt(counts.variance) : 0.0);
  }
  return {{{"element", "", elements},
           {"line", "", lines},
           {"energy", "keV", energy},
           {"window_low", "keV", low},
           {"window_high", "keV", high},
           {"gross", "counts", gross},
           {"net", "counts", net},
           {"net_sigma", "counts", sigma, "net"},
           {"significance", "σ", significance},
           {"overlaps", "", overlaps}}};
}

void warn_of_overlaps(const std::vector<LineWindows>& windows, Context& context) {
  for (const LineWindows& one : windows) {
    if (!one.crowded) continue;
    context.warn("the background windows of " + one.line.name() +
                 " hold other lines, since nothing near it is free of them; its net counts are too low");
  }
  std::string shared;
  for (const LineWindows& one : windows) {
    if (one.overlaps.empty()) continue;
    shared += (shared.empty() ? "" : "; ") + one.line.name() + " with " + join(one.overlaps, ", ");
  }
  if (!shared.empty()) {
    context.warn("windows that overlap hold counts of other lines: " + shared +
                 "; unmix.phases tells such elements apart");
  }
}

std::string show(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.0f", value);
  return text;
}

// Lines of elements that nobody named but that the spectrum shows: where they lie in the background windows of a named
// line, they are taken from its counts. Told when that is more than counting statistics and 2 % of the line.
void warn_of_unnamed(const std::vector<LineWindows>& windows, const FoundElements& found, const EnergyAxis& axis,
                     double resolution, const std::vector<double>& spectrum, Context& context) {
  constexpr double noticeable = 0.02;
  std::set<std::string> named;
  for (const LineWindows& one : windows) named.insert(one.line.element);
  for (const LineWindows& one : windows) {
    double taken = 0, most = 0;
    std::string worst, element;
    for (const FoundElement& other : found.elements) {
      if (named.count(other.element) || other.confidence == "possible") continue;
      for (std::size_t k = 0; k < other.lines.size(); ++k) {
        std::vector<double> peak(spectrum.size(), 0.0);
        for (const auto& [energy, weight] : other.lines[k].transitions) {
          add_peak(peak, axis, energy, full_width(energy, resolution),
                   other.line_counts[k] * weight / other.lines[k].weight);
        }
        const double own = one.ratio() * (sum_over(one.left, peak) + sum_over(one.right, peak));
        taken += own;
        if (own <= most) continue;
        most = own;
        worst = other.lines[k].name();
        element = other.element;
      }
    }
    const LineCounts counts = counts_of_all(one, spectrum);
    if (taken < std::max(std::sqrt(counts.variance), noticeable * std::abs(counts.net))) continue;
    context.warn("the background windows of " + one.line.name() + " hold " + worst + " of " + element +
                 ", which the sum spectrum shows: some " + show(taken) + " of " + show(counts.net + taken) +
                 " counts are lost to it; name " + element + " as well, so that they keep clear of it");
  }
}

Outputs run(const Inputs& inputs, const LinesParams& params, Context& context) {
  const Dataset& dataset = inputs.at("data");
  const Description& data = dataset.describe();
  const EnergyAxis axis = energy_axis(data);
  const Rows rows(dataset, context, {}, bytes_held(data, planned_lines(params)));
  const unmix::Marginals sums = unmix::marginals(rows, context);
  unmix::require_not_negative(rows, sums, "counting X-rays");

  Request request = named(asked_lines(params, data), axis, params, data);
  const bool search = request.lines.empty();
  std::optional<FoundElements> found;
  const bool width_known = params.energy_resolution || energy_resolution_mn_ka(data.metadata);
  const bool can_be_searched = (params.beam_energy || beam_energy(data.metadata)) && sums.total <= most_counts;
  if (search || !width_known || can_be_searched) {
    ElementSearch settings = element_search(data, params.beam_energy, params.energy_resolution);
    settings.significance = params.significance;
    found = find_elements(sums.column_sum, axis, settings);
    if (search) request = of_found(*found, axis, settings.beam_energy);
  }
  if (request.lines.empty()) {
    throw Error(ErrorKind::invalid_argument, "no element stands out of the noise by " + show(params.significance) +
                                                 " σ in the sum spectrum of " + show(sums.total) +
                                                 " counts; name elements or lines to map them all the same");
  }
  const double resolution = resolution_of(params, data, found ? &*found : nullptr, context);
  const std::vector<LineWindows> windows =
      line_windows(request.lines, request.others, axis, resolution,
                   {params.window, params.background_left, params.background_right, params.background_width});
  warn_of_overlaps(windows, context);
  if (!search && found) warn_of_unnamed(windows, *found, axis, resolution, sums.column_sum, context);

  const Sums counted = window_sums(rows, windows, context);
  const std::size_t positions = static_cast<std::size_t>(rows.rows());
  std::vector<double> net(counted.signal.size()), sigma(net.size()), gross(net.size());
  for (std::size_t line = 0; line < windows.size(); ++line) {
    for (std::size_t p = 0; p < positions; ++p) {
      const std::size_t from = p * windows.size() + line, to = line * positions + p;
      const LineCounts counts = line_counts(windows[line], counted.signal[from], counted.background[from]);
      gross[to] = counts.gross;
      net[to] = counts.net;
      sigma[to] = std::sqrt(counts.variance);
    }
  }

  std::vector<std::string> labels;
  std::vector<Mark> marks;
  const double unit = data.signal_axis().units == "eV" ? 1000.0 : 1.0;
  for (const LineWindows& one : windows) {
    labels.push_back(one.line.label());
    marks.push_back({-1, one.line.energy * unit, one.line.label()});
  }

  const std::size_t map_rank = data.navigation_shape().size();
  const View view = map_rank == 2 ? View::maps : map_rank == 1 ? View::spectra : View::hidden;
  Outputs outputs;
  outputs.add({.name = "net",
               .title = "Counts of each line above the background",
               .value = map_of(data, windows, net, "Net counts"),
               .view = view,
               .sigma = "net_sigma",
               .components = labels});
  outputs.add({.name = "net_sigma",
               .title = "Standard deviation of the net counts",
               .value = map_of(data, windows, sigma, "Net counts, standard deviation"),
               .components = labels,
               .note = "Poisson statistics of the counts in the window and in the scaled background windows."});
  outputs.add({.name = "gross",
               .title = "Counts in the window of each line",
               .value = map_of(data, windows, gross, "Gross counts"),
               .components = labels});
  Table table = table_of(windows, sums.column_sum, axis);
  const auto& net_of = std::get<std::vector<double>>(table.columns[6].values);
  const auto& sigma_of = std::get<std::vector<double>>(table.columns[7].values);
  for (std::size_t line = 0; line < windows.size() && line < 8; ++line) {
    outputs.summary.push_back(windows[line].line.label() + ": " + show(net_of[line]) + " ± " + show(sigma_of[line]) +
                              " net counts");
  }
  if (windows.size() > 8) outputs.summary.push_back("and " + std::to_string(windows.size() - 8) + " lines more");
  if (search) outputs.summary.push_back("elements found: " + describe(*found));
  outputs.add({.name = "lines",
               .title = "Lines, counts of the whole data set",
               .value = std::move(table),
               .view = View::table,
               .note =
                   "Windows reach from window_low up to, but not including, window_high; they also hold counts of the "
                   "lines named under overlaps."});
  Description sum;
  sum.title = "Sum spectrum";
  sum.signal_type = data.signal_type;
  sum.metadata = data.metadata;
  sum.axes = {data.signal_axis()};
  outputs.add({.name = "spectrum",
               .title = sum.title,
               .value = Dataset::from_values<double>(sum, sums.column_sum),
               .view = View::spectra,
               .marks = marks});
  return outputs;
}

}  // namespace

const Operation& lines_operation() {
  static const Operation operation = make_operation<LinesParams>(
      {.name = "eds.lines",
       .version = 1,
       .summary = "Maps the counts of X-ray lines above the background, with their standard deviation.",
       .citations = {"P. J. Statham, Anal. Chem. 49, 2149 (1977)",
                     "T. Schoonjans et al., Spectrochim. Acta B 66, 776 (2011)"},
       .inputs = {{.name = "data",
                   .help = "EDS counts over an energy axis in eV or keV.",
                   .values = Values::counts,
                   .min_signal = 1,
                   .max_signal = 1}},
       .outputs = {{"net", "Counts above the background, line by the navigation axes."},
                   {"net_sigma", "Standard deviation of net."},
                   {"gross", "Counts in the window of each line, background included."},
                   {"lines", "Energy, window, counts and significance of each line in the whole data set."},
                   {"spectrum", "The sum spectrum."}}},
      parameters, &check, &run);
  return operation;
}

}  // namespace ruska::ops::eds
