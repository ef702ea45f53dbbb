// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// One pass fits every spectrum; the spectra without their background are computed where they are read:
//   out(E) = y(E) − B(E),   σ² = g (max(y, B) + var B),
// var B by the covariance of the fit and g the variance of a channel per count (R. F. Egerton, Ultramicroscopy 9, 387,
// 1982). Smoothed exponents are those of the neighbours, weighted by a Gaussian of their distance and by their own
// inverse variances; the amplitude then is what the position's own counts ask for (after P. Cueva et al., Microsc.
// Microanal. 18, 667, 2012, who average spectra instead).
#include "ruska/ops/eels/background/background.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "ruska/base/printed.hpp"
#include "ruska/core/executor.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/core/position_map.hpp"
#include "ruska/core/rows.hpp"
#include "ruska/ops/eds/xray_lines.hpp"
#include "ruska/ops/eels/background_fit.hpp"
#include "ruska/ops/eels/edge_windows.hpp"
#include "ruska/ops/eels/spectrum_rows.hpp"
#include "ruska/ops/eels/spectrumwise_source.hpp"
#include "ruska/ops/unmix/component_output.hpp"
#include "ruska/ops/unmix/marginals.hpp"

namespace ruska::ops::eels {

namespace {

constexpr auto parameters = std::tuple{
    parameter(&BackgroundParams::edge, "edge", "",
              "Edge before which the background is fitted, such as Fe_L3, or an element such as Fe for its edge of "
              "least energy among K, L3 and M5; auto: the first such edge of the elements that the metadata name, "
              "unless from and to are given."),
    parameter(&BackgroundParams::from, "from", "eV", within(0.01, 1e6),
              "Start of the window in which the background is fitted; auto: follows from the edge."),
    parameter(&BackgroundParams::to, "to", "eV", within(0.01, 1e6), "End of that window; auto: follows from the edge."),
    parameter(&BackgroundParams::background_width, "background_width", "eV", within(0.01, 10000.0),
              "Width of the window before an edge; auto: a tenth of the onset, but not back to within 20 eV of the "
              "edge before it."),
    parameter(&BackgroundParams::margin, "margin", "eV", within(0.0, 1000.0),
              "Distance from the end of that window to the onset; auto: 5 eV, at least one channel."),
    parameter(&BackgroundParams::energy_shift, "energy_shift", "eV", within(-1000.0, 1000.0),
              "By how much edges lie above the tables' energies on this axis."),
    parameter(&BackgroundParams::model, "model", "", one_of("power_law|exponential"),
              "How the background falls with the energy loss."),
    parameter(&BackgroundParams::smoothing, "smoothing", "px", within(0.0, 1000.0),
              "Standard deviation of the Gaussian over which positions share their exponent; 0: each has its own."),
    parameter(&BackgroundParams::gain, "gain", "", within(1e-12, 1e12),
              "Variance of a channel per count; auto: from the scatter about the fits."),
};

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double most_misfit = 5.0;  // standard deviations of χ² per degree of freedom
constexpr double smoothing_reach = 3.0;

// Why a background means little.
enum Flag : std::int64_t { sound = 0, empty = 1, unsettled = 2, rising = 3, misfit = 4 };
const std::vector<std::string>& flag_names() {
  static const std::vector<std::string> names = {"fitted", "no counts before the edge", "fit does not settle",
                                                 "rises with energy", "no such background"};
  return names;
}

struct Window {
  Channels channels;
  std::vector<Edge> edges;     // known ones on the axis, for marks
  std::optional<Edge> before;  // the edge that it lies before
};

Window window_of(const BackgroundParams& params, const Description& data, const LossAxis& axis) {
  Window window;
  if (params.from.has_value() != params.to.has_value()) {
    throw Error(ErrorKind::invalid_argument, std::string("'") + (params.from ? "to" : "from") +
                                                 "' is missing: a window needs both of its ends, or give 'edge'");
  }
  std::vector<Edge> named;
  const double first = axis.at(static_cast<double>(least_background_channels + 1));
  for (const std::string& element : elements(data.metadata)) {
    const auto edge =
        main_edge(eds::atomic_number(element), first - params.energy_shift, axis.last() - params.energy_shift);
    if (edge) named.push_back(*edge);
  }
  if (params.edge) {
    const bool whole_name = params.edge->find('_') != std::string::npos;
    const auto asked = asked_edges(whole_name ? std::vector<std::string>{} : std::vector<std::string>{*params.edge},
                                   whole_name ? std::vector<std::string>{*params.edge} : std::vector<std::string>{},
                                   params.energy_shift, data, axis);
    window.before = asked.front();
    named.push_back(asked.front());
  }
  const std::vector<Edge> all = edges_of_same_elements(named, axis);
  if (params.from) {
    window.channels = {channel_from(axis, *params.from), channel_from(axis, *params.to)};
  } else {
    if (!window.before) {
      // The first edge with room for a window before it.
      std::sort(named.begin(), named.end(), [](const Edge& a, const Edge& b) { return a.onset < b.onset; });
      for (const Edge& edge : named) {
        const Channels room =
            background_window(edge, all, axis, params.energy_shift, params.background_width, params.margin);
        if (room.size() < least_background_channels) continue;
        window.before = edge;
        break;
      }
    }
    if (!window.before) {
      throw Error(ErrorKind::invalid_argument,
                  "no edge is named, and the metadata name no element with an edge on the axis that has " +
                      std::to_string(least_background_channels) + " channels before it; give edge, or from and to");
    }
    window.channels =
        background_window(*window.before, all, axis, params.energy_shift, params.background_width, params.margin);
  }
  if (window.channels.size() < least_background_channels) {
    throw Error(ErrorKind::invalid_argument,
                "the window of the background holds " + std::to_string(window.channels.size()) + " channels, but " +
                    std::to_string(least_background_channels) + " at least are needed; the axis goes from " +
                    std::to_string(axis.offset) + " to " + std::to_string(axis.last()) +
                    " eV: change from and to, or edge and background_width");
  }
  if (!(axis.at(static_cast<double>(window.channels.begin)) > 0)) {
    throw Error(ErrorKind::invalid_argument, "the window of the background begins at " +
                                                 std::to_string(axis.at(static_cast<double>(window.channels.begin))) +
                                                 " eV; backgrounds fall with energy losses above zero");
  }
  for (const Edge& edge : all) {
    if (edge.shell != "L1" && edge.shell != "M1" && edge.shell != "M2" && edge.shell != "M3") {
      window.edges.push_back(edge);
    }
  }
  return window;
}

// Backgrounds, χ² and flags by position, the maps made of them, and spectra on their way into a file, which takes them
// in pieces of 16 MiB.
std::int64_t bytes_held(const Description& data) {
  return data.navigation_size() * 192 + data.signal_size() * 256 + (40 << 20);
}

Shape subtracted_shape(const Description& data, std::int64_t first) {
  Shape shape = data.shape();
  shape.back() -= first;
  return shape;
}

DType computed_type(const Description& data) { return data.dtype == DType::float64 ? DType::float64 : DType::float32; }

Plan check(const Inputs& inputs, const BackgroundParams& params) {
  const Description& data = inputs.at("data").describe();
  const Window window = window_of(params, data, loss_axis(data));
  Plan plan;
  for (const char* name : {"subtracted", "subtracted_sigma"}) {
    plan.outputs.push_back({name, subtracted_shape(data, window.channels.begin), computed_type(data)});
  }
  for (const char* name : {"exponent", "exponent_sigma", "amplitude", "amplitude_sigma", "misfit"}) {
    plan.outputs.push_back({name, data.navigation_shape()});
  }
  plan.outputs.push_back({"flags", data.navigation_shape(), DType::int32});
  plan.outputs.push_back({"spectra", unmix::spectra_shape(data, 3)});
  plan.least_memory = bytes_held(data);
  plan.memory_per_worker = Rows::bytes_per_worker(data) + data.signal_size() * 16;
  plan.memory = plan.least_memory;
  plan.bytes_read = 4.0 * static_cast<double>(data.bytes());
  plan.flops = 400.0 * static_cast<double>(count(data.shape()));
  return plan;
}

struct Fitted {
  Background law;
  double counts = 0;  // of the window
  std::int64_t flag = sound;
};

Fitted fit_one(const BackgroundFit& fit, std::span<const double> spectrum) {
  Fitted one;
  one.law = fit.fit(spectrum);
  one.counts = fit.counts(spectrum);
  if (!(one.counts > 0)) {
    one.flag = empty;
  } else if (!one.law.fitted) {
    one.flag = unsettled;
  } else if (!(one.law.exponent > 0)) {
    one.flag = rising;
  }
  return one;
}

// Exponents of the neighbourhood instead of each position's own, along the last two navigation axes.
void share_exponents(std::vector<Fitted>& fitted, const BackgroundFit& fit, const Shape& navigation, double width,
                     Context& context) {
  const auto rank = navigation.size();
  const std::int64_t columns = rank > 0 ? navigation[rank - 1] : 1;
  const std::int64_t lines = rank > 1 ? navigation[rank - 2] : 1;
  const auto positions = static_cast<std::int64_t>(fitted.size());
  const auto reach = static_cast<std::int64_t>(std::ceil(smoothing_reach * width));
  std::vector<double> kernel;
  for (std::int64_t d = -reach; d <= reach; ++d) {
    kernel.push_back(std::exp(-0.5 * static_cast<double>(d * d) / (width * width)));
  }
  const auto weight = [&](std::int64_t d) { return kernel[static_cast<std::size_t>(d + reach)]; };
  // Separable: Σ w r / v, Σ w / v and Σ w² / v, first along the columns, then along the lines.
  struct Sums {
    double moment = 0, weight = 0, square = 0;
  };
  std::vector<Sums> across(fitted.size()), both(fitted.size());
  Executor executor(context);
  const Partitions partitions(positions, columns * static_cast<std::int64_t>(sizeof(Sums)));
  executor.for_each_chunk("sharing exponents along lines", partitions, [&](std::int64_t, RowRange range) {
    for (std::int64_t p = range.begin; p < range.end; ++p) {
      Sums& sums = across[static_cast<std::size_t>(p)];
      const std::int64_t column = p % columns;
      for (std::int64_t d = std::max(-reach, -column); d <= std::min(reach, columns - 1 - column); ++d) {
        const Fitted& other = fitted[static_cast<std::size_t>(p + d)];
        if (!other.law.fitted) continue;
        const double share = weight(d) / other.law.variance[2];
        sums.moment += share * other.law.exponent;
        sums.weight += share;
        sums.square += weight(d) * share;
      }
    }
  });
  executor.gather(partitions, 1, std::span(across));
  executor.for_each_chunk("sharing exponents between lines", partitions, [&](std::int64_t, RowRange range) {
    for (std::int64_t p = range.begin; p < range.end; ++p) {
      Sums& sums = both[static_cast<std::size_t>(p)];
      const std::int64_t line = p / columns % lines;
      for (std::int64_t d = std::max(-reach, -line); d <= std::min(reach, lines - 1 - line); ++d) {
        const Sums& other = across[static_cast<std::size_t>(p + d * columns)];
        sums.moment += weight(d) * other.moment;
        sums.weight += weight(d) * other.weight;
        sums.square += weight(d) * weight(d) * other.square;
      }
    }
  });
  executor.gather(partitions, 1, std::span(both));
  for (std::size_t p = 0; p < fitted.size(); ++p) {
    Fitted& one = fitted[p];
    const Sums& sums = both[p];
    if (!(one.counts > 0) || !(sums.weight > 0)) continue;
    const double chi_square = one.law.chi_square;
    const bool own = one.law.fitted;
    one.law = fit.of_exponent(sums.moment / sums.weight, sums.square / (sums.weight * sums.weight), one.counts);
    one.law.chi_square = own ? chi_square : nan;
    one.flag = one.law.exponent > 0 ? sound : rising;
  }
}

// The spectra without their background, or the standard deviation of that, from channel `first` on.
Dataset without_background(const Dataset& dataset, std::shared_ptr<const std::vector<Fitted>> fitted,
                           std::shared_ptr<const BackgroundFit> fit, std::int64_t first, bool sigma, double gain,
                           const std::string& title) {
  const Description& data = dataset.describe();
  const Axis& axis = data.signal_axis();
  const Description description = computed_spectra(data, title, axis.size - first, axis.at(static_cast<double>(first)));
  const auto make = [=] {
    return [=](std::int64_t position, Spectra spectra, RowRange channels, std::span<double> out) {
      const Background& law = (*fitted)[static_cast<std::size_t>(position)].law;
      for (std::int64_t c = channels.begin; c < channels.end; ++c) {
        double& value = out[static_cast<std::size_t>(c - channels.begin)];
        if (!law.fitted) {
          value = nan;
          continue;
        }
        const double counts = spectra[0][static_cast<std::size_t>(c + first)];
        const double background = fit->at(law, c + first);
        value = sigma ? std::sqrt(gain * (std::max(counts, background) + fit->variance_at(law, c + first)))
                      : counts - background;
      }
    };
  };
  return Dataset(std::make_shared<SpectrumwiseSource>(std::vector{dataset}, description, make), dataset.origin());
}

std::string range_of(std::vector<double> values, const char* format) {
  values.erase(std::remove_if(values.begin(), values.end(), [](double v) { return std::isnan(v); }), values.end());
  if (values.empty()) return "none";
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
  };
  return printed(format, at(0.5)) + " (median; nine of ten positions from " + printed(format, at(0.05)) + " to " +
         printed(format, at(0.95)) + ")";
}

Outputs run(const Inputs& inputs, const BackgroundParams& params, Context& context) {
  const Dataset& dataset = inputs.at("data");
  const Description& data = dataset.describe();
  const LossAxis axis = loss_axis(data);
  const Window window = window_of(params, data, axis);
  const bool power = params.model == "power_law";
  const auto fit =
      std::make_shared<const BackgroundFit>(axis, window.channels.begin, window.channels.end,
                                            power ? BackgroundModel::power_law : BackgroundModel::exponential);
  const Rows rows(dataset, context, {}, bytes_held(data));
  const unmix::Marginals sums = unmix::marginals(rows, context);
  require_detector_counts(sums.total);

  const auto positions = static_cast<std::size_t>(rows.rows());
  auto fitted = std::make_shared<std::vector<Fitted>>(positions);
  Executor executor(context);
  executor.for_each_chunk("fitting backgrounds", rows.partitions(), [&](std::int64_t partition, RowRange range) {
    const auto block = rows.block(partition);
    SpectrumRows spectra(*block, rows.columns());
    for (std::int64_t r = 0; r < range.size(); ++r) {
      (*fitted)[static_cast<std::size_t>(range.begin + r)] = fit_one(*fit, spectra.at(r));
    }
  });
  executor.gather(rows.partitions(), 1, std::span(*fitted));

  double chi_square = 0, degrees = 0;
  for (const Fitted& one : *fitted) {
    if (!one.law.fitted) continue;
    chi_square += one.law.chi_square;
    degrees += fit->degrees();
  }
  if (!(degrees > 0)) {
    throw Error(ErrorKind::invalid_argument, "no position has counts in the window from " +
                                                 printed("%g", axis.at(static_cast<double>(window.channels.begin))) +
                                                 " to " +
                                                 printed("%g", axis.at(static_cast<double>(window.channels.end - 1))) +
                                                 " eV to fit a background to; choose another window");
  }
  const double gain = params.gain.value_or(std::max(chi_square / degrees, 1e-12));
  if (params.smoothing > 0) share_exponents(*fitted, *fit, data.navigation_shape(), params.smoothing, context);

  std::vector<double> exponent(positions, nan), exponent_sigma(positions, nan), amplitude(positions, nan),
      amplitude_sigma(positions, nan), misfits(positions, nan);
  std::vector<std::int32_t> flags(positions);
  std::vector<std::int64_t> flagged(flag_names().size(), 0);
  // d ln A: for a power law A is the counts at 1 eV, for an exponential those at 0 eV.
  const double to_amplitude = power ? std::log(fit->reference()) : 1.0;
  const double to_exponent = power ? 1.0 : 1.0 / fit->reference();
  const double scatter = gain * std::sqrt(2.0 / fit->degrees());
  for (std::size_t p = 0; p < positions; ++p) {
    Fitted& one = (*fitted)[p];
    if (one.law.fitted) {
      const Background& law = one.law;
      exponent[p] = to_exponent * law.exponent;
      exponent_sigma[p] = to_exponent * std::sqrt(gain * law.variance[2]);
      amplitude[p] = std::exp(law.level + to_amplitude * law.exponent);
      amplitude_sigma[p] =
          amplitude[p] * std::sqrt(std::max(0.0, gain * (law.variance[0] + 2.0 * to_amplitude * law.variance[1] +
                                                         to_amplitude * to_amplitude * law.variance[2])));
      misfits[p] = law.chi_square / (gain * fit->degrees());
      if (one.flag == sound && law.chi_square / fit->degrees() > gain + most_misfit * scatter) one.flag = misfit;
    }
    flags[p] = static_cast<std::int32_t>(one.flag);
    ++flagged[static_cast<std::size_t>(one.flag)];
  }

  const double low = axis.at(static_cast<double>(window.channels.begin));
  const double high = axis.at(static_cast<double>(window.channels.end - 1));
  const std::string place = "from " + printed("%g", low) + " to " + printed("%g", high) + " eV";
  const Fitted whole = fit_one(*fit, sums.column_sum);
  const std::string symbol = power ? "exponent r" : "decay 1/τ (1/eV)";
  Outputs outputs;
  outputs.summary.push_back((power ? "power law" : "exponential") + std::string(" fitted ") + place +
                            (window.before ? ", before " + window.before->label() + " at " +
                                                 printed("%g", window.before->onset + params.energy_shift) + " eV"
                                           : ""));
  outputs.summary.push_back(symbol + ": " + range_of(exponent, "%.3g") + "; of the sum spectrum " +
                            printed("%.4g", to_exponent * whole.law.exponent) + " ± " +
                            printed("%.2g", to_exponent * std::sqrt(gain * whole.law.variance[2])));
  outputs.summary.push_back("a channel scatters with " + printed("%.3g", gain) + " times the variance of counts" +
                            (params.gain ? ", as given" : ", as measured about the fits"));
  for (std::size_t flag = 1; flag < flagged.size(); ++flag) {
    if (flagged[flag] == 0) continue;
    const std::string sentence = std::to_string(flagged[flag]) + " of " + std::to_string(positions) +
                                 " positions are flagged: " + flag_names()[flag];
    outputs.summary.push_back(sentence);
    context.warn(sentence + (flag <= unsettled ? "; they hold NaN" : "") +
                 "; the output flags, given as navigation_mask to unmix operations, leaves them out");
  }

  const std::size_t rank = data.navigation_shape().size();
  const View view = rank == 2 ? View::maps : rank == 1 ? View::spectra : View::hidden;
  const std::int64_t first = window.channels.begin;
  std::vector<Mark> marks;
  const double unit = data.signal_axis().units == "keV" ? 1e-3 : 1.0;
  for (const Edge& edge : window.edges) {
    const double onset = edge.onset + params.energy_shift;
    if (onset > axis.offset && onset < axis.last()) marks.push_back({-1, onset * unit, edge.label()});
  }
  const std::size_t channels = sums.column_sum.size();
  std::vector<double> curves(3 * channels, 0.0);
  for (std::size_t c = 0; c < channels; ++c) {
    curves[c] = sums.column_sum[c];
    if (!whole.law.fitted || static_cast<std::int64_t>(c) < first) continue;
    curves[channels + c] = fit->at(whole.law, static_cast<std::int64_t>(c));
    curves[2 * channels + c] = sums.column_sum[c] - curves[channels + c];
  }
  outputs.add({.name = "spectra",
               .title = "Sum spectrum, its background, and what lies above it",
               .value = unmix::spectra_of(data, curves, 3, "Sum spectrum, background and difference"),
               .view = View::spectra,
               .components = {"all counts", "background", "above the background"},
               .marks = marks,
               .note = "The background of the sum spectrum, fitted " + place + " and extrapolated."});
  outputs.add({.name = "exponent",
               .title = power ? "Exponent r of the background" : "Decay 1/τ of the background (1/eV)",
               .value = position_map(data, exponent, power ? "Exponent r" : "Decay (1/eV)"),
               .view = view,
               .sigma = "exponent_sigma"});
  Description labels = position_map(data, exponent, "Why a background means little").describe();
  outputs.add(
      {.name = "flags",
       .title = "Where a background means little",
       .value = Dataset::from_values<std::int32_t>(labels, flags),
       .view = rank == 2 && flagged.front() < static_cast<std::int64_t>(positions) ? View::labels : View::hidden,
       .components = flag_names(),
       .note = "No such background: χ² of the window lies more than five standard deviations above that of the "
               "whole data set. Given as navigation_mask, this leaves out what is flagged."});
  outputs.add({.name = "misfit",
               .title = "χ² of the background fit per degree of freedom",
               .value = position_map(data, misfits, "χ² per degree of freedom"),
               .view = view,
               .note = "Over the variance of " + printed("%.3g", gain) + " per count; 1 on average."});
  outputs.add({.name = "subtracted",
               .title = "Spectra without their background",
               .value = without_background(dataset, fitted, fit, first, false, gain, "Spectra without background"),
               .sigma = "subtracted_sigma",
               .marks = marks});
  outputs.add({.name = "subtracted_sigma",
               .title = "Standard deviation of the spectra without their background",
               .value = without_background(dataset, fitted, fit, first, true, gain,
                                           "Spectra without background, standard deviation"),
               .note = "Counting and the extrapolation of the fit. The latter is common to the channels of a spectrum: "
                       "for sums over channels take eels.edge_map."});
  const std::string amplitude_unit = power ? "counts per channel at 1 eV" : "counts per channel at 0 eV";
  outputs.add({.name = "amplitude",
               .title = "Amplitude A of the background (" + amplitude_unit + ")",
               .value = position_map(data, amplitude, "Amplitude A"),
               .sigma = "amplitude_sigma"});
  outputs.add({.name = "exponent_sigma",
               .title = "Standard deviation of the exponent",
               .value = position_map(data, exponent_sigma, "Exponent, standard deviation")});
  outputs.add({.name = "amplitude_sigma",
               .title = "Standard deviation of the amplitude",
               .value = position_map(data, amplitude_sigma, "Amplitude, standard deviation")});
  return outputs;
}

}  // namespace

const Operation& background_operation() {
  static const Operation operation = make_operation<BackgroundParams>(
      {.name = "eels.background",
       .version = 1,
       .summary = "Fits the background before an edge, extrapolates and subtracts it, with σ and flags.",
       .citations = {"R. F. Egerton, Ultramicroscopy 9, 387 (1982)",
                     "R. F. Egerton, Electron Energy-Loss Spectroscopy in the Electron Microscope, 3rd ed. (2011)",
                     "P. Cueva et al., Microsc. Microanal. 18, 667 (2012)"},
       .inputs = {{.name = "data",
                   .help = "Spectra over an energy-loss axis in eV.",
                   .values = Values::real,
                   .min_signal = 1,
                   .max_signal = 1}},
       .outputs = {{"spectra", "The sum spectrum, its background, and what lies above it."},
                   {"exponent", "Exponent r of a power law, or 1/τ of an exponential; NaN where none can be fitted."},
                   {"flags",
                    "0 where the background can be believed; else 1 no counts before the edge, 2 the fit does "
                    "not settle, 3 the background rises with energy, 4 the window holds no such background."},
                   {"misfit", "χ² of the fit per degree of freedom; NaN where none can be fitted."},
                   {"subtracted",
                    "The spectra from the start of the window on, without their background; NaN where "
                    "none can be fitted."},
                   {"subtracted_sigma", "Standard deviation of subtracted; NaN where no background can be fitted."},
                   {"amplitude", "Amplitude A in counts per channel; NaN where none can be fitted."},
                   {"exponent_sigma", "Standard deviation of exponent; NaN where none can be fitted."},
                   {"amplitude_sigma", "Standard deviation of amplitude; NaN where none can be fitted."}}},
      parameters, &check, &run);
  return operation;
}

}  // namespace ruska::ops::eels
