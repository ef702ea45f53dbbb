// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// The deconvolved spectra and their σ are computed where they are read; one pass over them makes the sum spectrum.
#include "ruska/ops/eels/deconvolve/deconvolve.hpp"

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
#include "ruska/ops/eels/deconvolve/deconvolution.hpp"
#include "ruska/ops/eels/edges.hpp"
#include "ruska/ops/eels/spectrum_rows.hpp"
#include "ruska/ops/eels/spectrumwise_source.hpp"
#include "ruska/ops/unmix/component_output.hpp"
#include "ruska/ops/unmix/marginals.hpp"

namespace ruska::ops::eels {

namespace {

constexpr auto parameters = std::tuple{
    parameter(&DeconvolveParams::method, "method", "", one_of("auto|fourier_log|fourier_ratio|richardson_lucy"),
              "Fourier-log takes plural scattering out of low losses, Fourier-ratio out of core losses by their low "
              "losses, Richardson-Lucy what the kernel holds (low losses if given, else a zero-loss peak); auto: "
              "Fourier-ratio where low losses are given, else Fourier-log."),
    parameter(&DeconvolveParams::zero_loss_rule, "zero_loss_rule", "", one_of("reflected|cut"),
              "How the zero-loss peak is told from the losses where none is given: its side of energy gains reflected "
              "about its centre, or everything below a cut."),
    parameter(&DeconvolveParams::cut, "cut", "eV", within(0.01, 1000.0),
              "Loss below which everything is zero-loss, from the peak's centre; auto: the first minimum after the "
              "peak of the sum spectrum."),
    parameter(&DeconvolveParams::resolution, "resolution", "eV", within(0.001, 100.0),
              "Full width at half maximum of the Gaussian that the result is seen through; auto: the zero-loss peak "
              "itself for Fourier-log, a Gaussian of its width for Fourier-ratio."),
    parameter(&DeconvolveParams::iterations, "iterations", "", within<std::int64_t>(1, 10000),
              "Most iterations of Richardson-Lucy."),
    parameter(&DeconvolveParams::stop_at_noise, "stop_at_noise", "",
              "Whether Richardson-Lucy stops at a position as soon as its residuals are no larger than the noise."),
    parameter(&DeconvolveParams::gain, "gain", "", within(1e-12, 1e12),
              "Variance of a channel per count; auto: that of the metadata, else 1."),
};

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double width_of_sigma = 2.3548200450309493;
constexpr double thickest = 3.0;  // t/λ, beyond which the logarithm of a complex number is no longer one-valued

enum class Method { log, ratio, lucy };

std::string printed_scale(double scale) { return printed("%.4g", scale) + " eV"; }

void same_positions(const Description& data, const Dataset* other, const std::string& port) {
  if (other == nullptr) return;
  loss_axis(other->describe());
  const Shape positions = other->describe().navigation_shape();
  if (!positions.empty() && positions != data.navigation_shape()) {
    throw Error(ErrorKind::invalid_argument, "'" + port + "' has the positions " + to_string(positions) +
                                                 ", but the data have " + to_string(data.navigation_shape()) +
                                                 "; it must be of the same scan, or a single spectrum");
  }
}

void holds_zero(const Description& spectra, const std::string& port) {
  const LossAxis axis = loss_axis(spectra);
  if (axis.offset < 0 && axis.last() > 0) return;
  throw Error(ErrorKind::invalid_argument, "'" + port + "' goes from " + std::to_string(axis.offset) + " to " +
                                               std::to_string(axis.last()) +
                                               " eV; it must hold the zero-loss peak with its side of energy gains");
}

struct Chosen {
  Method method;
  const Dataset* kernel = nullptr;  // low losses, or a zero-loss peak
  const Dataset* sigma = nullptr;
};

Chosen chosen_of(const Inputs& inputs, const DeconvolveParams& params) {
  const Description& data = inputs.at("data").describe();
  const LossAxis axis = loss_axis(data);
  const Dataset* const low = inputs.find("low_loss");
  const Dataset* const peak = inputs.find("zero_loss");
  const Dataset* const sigma = inputs.find("data_sigma");
  same_positions(data, low, "low_loss");
  same_positions(data, peak, "zero_loss");
  if (low != nullptr) holds_zero(low->describe(), "low_loss");
  if (peak != nullptr) holds_zero(peak->describe(), "zero_loss");
  if (sigma != nullptr && sigma->describe().shape() != data.shape()) {
    throw Error(ErrorKind::invalid_argument, "'data_sigma' has the shape " + to_string(sigma->describe().shape()) +
                                                 ", but the data have " + to_string(data.shape()));
  }
  const auto unused = [&](const std::string& port, const std::string& method) {
    throw Error(ErrorKind::invalid_argument,
                "'" + port + "' is given, but " + method + " takes none; leave it out or choose another method");
  };
  const std::string name = params.method != "auto" ? params.method : low != nullptr ? "fourier_ratio" : "fourier_log";
  Chosen chosen{};
  if (name == "fourier_log") {
    if (low != nullptr) unused("low_loss", "Fourier-log");
    if (sigma != nullptr) unused("data_sigma", "Fourier-log");
    holds_zero(data, "data");
    if (peak != nullptr && std::abs(loss_axis(peak->describe()).scale - axis.scale) > 1e-4 * axis.scale) {
      throw Error(ErrorKind::invalid_argument, "'zero_loss' has channels of " +
                                                   printed_scale(loss_axis(peak->describe()).scale) + ", the data of " +
                                                   printed_scale(axis.scale) + "; Fourier-log needs the same");
    }
    chosen = {Method::log, peak, nullptr};
  } else if (name == "fourier_ratio") {
    if (peak != nullptr) unused("zero_loss", "Fourier-ratio");
    chosen = {Method::ratio, &inputs.at("low_loss"), sigma};
  } else {
    if (low != nullptr && peak != nullptr) unused("zero_loss", "Richardson-Lucy with low losses");
    if (low == nullptr && peak == nullptr) {
      throw Error(ErrorKind::invalid_argument, "Richardson-Lucy needs a kernel: give 'low_loss' or 'zero_loss'");
    }
    chosen = {Method::lucy, low != nullptr ? low : peak, sigma};
  }
  if (chosen.kernel != nullptr) {
    const double ratio = loss_axis(chosen.kernel->describe()).scale / axis.scale;
    if (ratio > 10.0 || ratio < 0.1) {
      throw Error(ErrorKind::invalid_argument, "the low losses have channels of " + printed_scale(ratio * axis.scale) +
                                                   ", the data of " + printed_scale(axis.scale) +
                                                   "; more than a factor of ten is no pair of spectra");
    }
  }
  return chosen;
}

// Where the zero-loss peak is found: the data themselves, or what is given.
const Dataset& low_losses(const Inputs& inputs, const Chosen& chosen) {
  return chosen.method == Method::log ? inputs.at("data") : *chosen.kernel;
}

std::int64_t kernel_channels(const Chosen& chosen, const Description& data) {
  return chosen.kernel != nullptr ? chosen.kernel->describe().signal_size() : data.signal_size();
}

// Maps of the low losses, sums, and spectra on their way into a file, which takes them in pieces of 16 MiB.
std::int64_t bytes_held(const Description& data, const Chosen& chosen) {
  return data.navigation_size() * 96 + (data.signal_size() + kernel_channels(chosen, data)) * 1024 + (56 << 20);
}

std::int64_t bytes_per_worker(const Description& data, const Chosen& chosen) {
  const Partitions partitions = partitions_of(data);
  std::int64_t bytes = Rows::bytes_per_worker(data);
  if (chosen.kernel != nullptr) bytes = std::max(bytes, Rows::bytes_per_worker(chosen.kernel->describe()));
  return bytes + partitions.largest() * data.signal_size() * 16 + (8 << 20) +
         (data.signal_size() + kernel_channels(chosen, data)) * 512;
}

DType computed_type(const Description& data) { return data.dtype == DType::float64 ? DType::float64 : DType::float32; }

Plan check(const Inputs& inputs, const DeconvolveParams& params) {
  const Description& data = inputs.at("data").describe();
  const Chosen chosen = chosen_of(inputs, params);
  Plan plan;
  plan.outputs.push_back({"deconvolved", data.shape(), computed_type(data)});
  if (chosen.method != Method::lucy) {
    plan.outputs.push_back({"deconvolved_sigma", data.shape(), computed_type(data)});
  }
  const Description& low = low_losses(inputs, chosen).describe();
  plan.outputs.push_back({"thickness", low.navigation_shape()});
  plan.outputs.push_back({"thickness_sigma", low.navigation_shape()});
  plan.outputs.push_back({"spectra", unmix::spectra_shape(data, 2)});
  plan.least_memory = bytes_held(data, chosen);
  plan.memory_per_worker = bytes_per_worker(data, chosen);
  plan.memory = plan.least_memory;
  plan.bytes_read = 4.0 * static_cast<double>(data.bytes()) + 4.0 * static_cast<double>(low.bytes());
  const double steps = chosen.method == Method::lucy ? 4.0 * static_cast<double>(params.iterations) : 30.0;
  plan.flops = steps * 60.0 * static_cast<double>(data.navigation_size()) *
               static_cast<double>(data.signal_size() + kernel_channels(chosen, data));
  return plan;
}

// What the low losses say of each position, and of them all.
struct LowLosses {
  std::vector<double> thickness, sigma, elastic;
  std::vector<double> sum;
  ZeroLossRule rule;
  double width = 0;   // of the zero-loss peak of the sum, eV
  double centre = 0;  // eV
};

LowLosses low_losses_of(const Dataset& dataset, const DeconvolveParams& params, double gain, std::int64_t reserved,
                        Context& context) {
  const LossAxis axis = loss_axis(dataset.describe());
  const Rows rows(dataset, context, {}, reserved);
  const unmix::Marginals sums = unmix::marginals(rows, context);
  require_detector_counts(sums.total);
  LowLosses low;
  low.sum = sums.column_sum;
  const ZeroLoss zero = find_zero_loss(low.sum);
  if (!zero.found) {
    throw Error(ErrorKind::invalid_argument,
                "the sum of '" + dataset.describe().title +
                    "' has no zero-loss peak; deconvolution needs one that the axis does not cut off");
  }
  low.rule.reflected = params.zero_loss_rule == "reflected";
  low.rule.cut = params.cut ? *params.cut / axis.scale : first_minimum_behind(low.sum, zero);
  low.width = axis.scale * full_width(low.sum, zero);
  low.centre = axis.at(zero.centre);
  const auto positions = static_cast<std::size_t>(rows.rows());
  low.thickness.assign(positions, nan);
  low.sigma = low.elastic = low.thickness;
  Executor executor(context);
  executor.for_each_chunk(
      "separating the zero-loss peak", rows.partitions(), [&](std::int64_t partition, RowRange range) {
        const auto block = rows.block(partition);
        SpectrumRows spectra(*block, rows.columns());
        Separated own;
        for (std::int64_t r = 0; r < range.size(); ++r) {
          separate_zero_loss(spectra.at(r), low.rule, own);
          if (!own.peak.found) continue;
          const auto at = static_cast<std::size_t>(range.begin + r);
          const double counted = own.counts / (low.rule.reflected ? 2.0 : 1.0);
          low.elastic[at] = own.counts;
          low.thickness[at] = std::log(own.total / own.counts);
          low.sigma[at] = std::sqrt(gain * std::max(own.total - counted, gain) / (counted * own.total));
        }
      });
  for (auto* map : {&low.thickness, &low.sigma, &low.elastic}) executor.gather(rows.partitions(), 1, std::span(*map));
  return low;
}

Outputs run(const Inputs& inputs, const DeconvolveParams& params, Context& context) {
  const Dataset& dataset = inputs.at("data");
  const Description& data = dataset.describe();
  const LossAxis axis = loss_axis(data);
  const Chosen chosen = chosen_of(inputs, params);
  const double gain = params.gain.value_or(std::max(
      number_at(data.metadata, "Signal.Noise_properties.Variance_linear_model.gain_factor").value_or(1.0), 1e-12));
  const std::int64_t reserved = bytes_held(data, chosen);
  const Dataset& low_dataset = low_losses(inputs, chosen);
  const LossAxis low_axis = loss_axis(low_dataset.describe());
  const LowLosses low = low_losses_of(low_dataset, params, gain, reserved, context);
  std::vector<double> sum = low.sum;
  if (chosen.method != Method::log) {
    const Rows rows(dataset, context, {}, reserved);
    const unmix::Marginals sums = unmix::marginals(rows, context);
    require_detector_counts(sums.total);
    sum = sums.column_sum;
  } else if (chosen.kernel != nullptr) {
    const Rows rows(*chosen.kernel, context, {}, reserved);
    const unmix::Marginals sums = unmix::marginals(rows, context);
    require_detector_counts(sums.total);
  }
  if (chosen.sigma != nullptr) unmix::marginals(Rows(*chosen.sigma, context, {}, reserved), context);

  double mean = 0, squares = 0, thick = 0;
  std::int64_t measured = 0;
  for (std::size_t p = 0; p < low.thickness.size(); ++p) {
    if (std::isnan(low.thickness[p])) continue;
    ++measured;
    mean += low.thickness[p];
    squares += low.sigma[p] * low.sigma[p];
    thick += low.thickness[p] > thickest ? 1.0 : 0.0;
  }
  if (measured == 0) {
    throw Error(ErrorKind::invalid_argument, "no position has a zero-loss peak above its noise");
  }
  mean /= static_cast<double>(measured);
  if (measured < static_cast<std::int64_t>(low.thickness.size())) {
    context.warn(std::to_string(static_cast<std::int64_t>(low.thickness.size()) - measured) + " of " +
                 std::to_string(low.thickness.size()) + " positions have no zero-loss peak and hold NaN");
  }
  if (chosen.method == Method::log && thick > 0) {
    context.warn(printed("%.0f", thick) +
                 " positions are thicker than t/λ = 3, where the complex logarithm of "
                 "Fourier-log may be on the wrong branch");
  }
  if (std::abs(low.centre) > low_axis.scale && chosen.method != Method::log) {
    context.warn("the zero-loss peak of the low losses lies at " + printed("%.3f", low.centre) +
                 " eV; losses are counted from it, but the data keep their axis: align both by eels.align_zlp");
  }
  const bool resampled = chosen.kernel != nullptr && std::abs(low_axis.scale - axis.scale) > 1e-4 * axis.scale;
  if (resampled) {
    context.warn("the low losses, in channels of " + printed_scale(low_axis.scale) +
                 ", were shared out over channels of " + printed_scale(axis.scale) + " as the data have, by overlap");
  }
  const double resolution = params.resolution.value_or(low.width);
  if (chosen.method == Method::ratio) {
    const double highest = *std::max_element(sum.begin(), sum.end());
    if (highest > 0 && sum.front() > 0.5 * highest) {
      context.warn("the core losses begin at " + printed("%.0f", 100.0 * sum.front() / highest) +
                   " % of their maximum: with a background still in them, what lies before the axis is missing in the "
                   "ratio; subtract it by eels.background first");
    }
  }

  std::vector<Dataset> parts{dataset};
  if (chosen.kernel != nullptr) parts.push_back(*chosen.kernel);
  if (chosen.sigma != nullptr) parts.push_back(*chosen.sigma);
  const auto source_of = [&](const std::string& title, bool with_sigma) {
    const Description description = computed_spectra(data, title, data.signal_size(), data.signal_axis().offset);
    const bool has_kernel = chosen.kernel != nullptr, has_sigma = chosen.sigma != nullptr;
    const auto channels = static_cast<std::size_t>(axis.size);
    // `fill(spectra, out, sigma)` makes whole spectra; σ is empty where none is asked for.
    const auto reading = [=](auto fill) {
      return [=, whole = std::vector<double>(channels), deviation = std::vector<double>(channels)](
                 std::int64_t, Spectra spectra, RowRange asked, std::span<double> out) mutable {
        const bool done =
            fill(spectra, std::span<double>(whole), with_sigma ? std::span<double>(deviation) : std::span<double>());
        for (std::int64_t c = asked.begin; c < asked.end; ++c) {
          const auto i = static_cast<std::size_t>(c);
          out[static_cast<std::size_t>(c - asked.begin)] = !done ? nan : with_sigma ? deviation[i] : whole[i];
        }
      };
    };
    std::function<SpectrumwiseSource::Compute()> make;
    if (chosen.method == Method::log) {
      const auto log = std::make_shared<const FourierLog>(
          axis.size, has_kernel ? low_dataset.describe().signal_size() : 0, low.rule,
          params.resolution ? std::optional(*params.resolution / width_of_sigma / axis.scale) : std::nullopt, gain);
      make = [=] {
        return SpectrumwiseSource::Compute(reading([=, work = log->work()](Spectra spectra, auto out, auto sigma) {
          return log->run(spectra[0], has_kernel ? spectra[1] : std::span<const double>(), out, sigma, *work);
        }));
      };
    } else if (chosen.method == Method::ratio) {
      const auto ratio =
          std::make_shared<const FourierRatio>(axis, low_axis, low.rule, resolution / width_of_sigma, gain);
      make = [=] {
        return SpectrumwiseSource::Compute(reading([=, work = ratio->work()](Spectra spectra, auto out, auto sigma) {
          return ratio->run(spectra[0], spectra[1], has_sigma ? spectra[2] : std::span<const double>(), out, sigma,
                            *work);
        }));
      };
    } else {
      const auto lucy =
          std::make_shared<const RichardsonLucy>(axis, low_axis, params.iterations, params.stop_at_noise, gain);
      make = [=] {
        return SpectrumwiseSource::Compute(reading([=, work = lucy->work()](Spectra spectra, auto out, auto) {
          return lucy->run(spectra[0], spectra[1], has_sigma ? spectra[2] : std::span<const double>(), out, *work).done;
        }));
      };
    }
    return Dataset(std::make_shared<SpectrumwiseSource>(parts, description, make), dataset.origin());
  };
  const std::string title = chosen.method == Method::lucy ? "Deconvolved spectra" : "Single scattering";
  const Dataset deconvolved = source_of(title, false);

  const std::size_t channels = sum.size();
  Executor executor(context);
  const Partitions partitions = partitions_of(data);
  const std::vector<double> single = executor.reduce<std::vector<double>>(
      "deconvolving", partitions, [&] { return std::vector<double>(channels, 0.0); },
      [&](std::vector<double>& partial, std::int64_t, RowRange range) {
        for (const Region& region : regions_of_rows(deconvolved.describe(), range)) {
          const std::vector<double> values = deconvolved.read_as_double(region);
          for (std::size_t i = 0; i < values.size(); ++i) {
            if (!std::isnan(values[i])) partial[i % channels] += values[i];
          }
        }
      },
      [](std::vector<double>& left, std::vector<double>&& right) {
        for (std::size_t i = 0; i < left.size(); ++i) left[i] += right[i];
      });

  Outputs outputs;
  const std::string method = chosen.method == Method::log     ? "Fourier-log"
                             : chosen.method == Method::ratio ? "Fourier-ratio"
                                                              : "Richardson-Lucy";
  outputs.summary.push_back(
      method + (chosen.method == Method::lucy
                    ? ", at most " + std::to_string(params.iterations) + " iterations"
                    : ", seen through " + (chosen.method == Method::log && !params.resolution
                                               ? "the zero-loss peak, " + printed("%.3g", low.width) + " eV wide"
                                               : "a Gaussian " + printed("%.3g", resolution) + " eV wide")));
  outputs.summary.push_back("t/λ of the low losses: mean " + printed("%.4f", mean) + " ± " +
                            printed("%.2g", std::sqrt(squares) / static_cast<double>(measured)));
  if (chosen.method == Method::log) {
    double area = 0, elastic = 0, scattered = 0;
    for (const double value : single) area += value;
    for (std::size_t p = 0; p < low.elastic.size(); ++p) {
      if (std::isnan(low.elastic[p])) continue;
      elastic += low.elastic[p];
      scattered += low.elastic[p] * low.thickness[p];
    }
    outputs.summary.push_back(
        "area of single scattering over that of the zero-loss peaks: " + printed("%.4f", area / elastic) +
        ", where t/λ says " + printed("%.4f", scattered / elastic));
  }
  std::vector<double> curves(sum);
  curves.insert(curves.end(), single.begin(), single.end());
  std::vector<Mark> marks;
  const double unit = data.signal_axis().units == "keV" ? 1e-3 : 1.0;
  for (const std::string& element : elements(data.metadata)) {
    for (const Edge& edge : edges_within(eds::atomic_number(element), std::max(axis.offset, 0.0), axis.last())) {
      if (edge.shell == "L1" || edge.shell == "M1" || edge.shell == "M2" || edge.shell == "M3") continue;
      marks.push_back({-1, edge.onset * unit, edge.label()});
    }
  }
  outputs.add({.name = "spectra",
               .title = "Sum spectrum before and after deconvolution",
               .value = unmix::spectra_of(data, curves, 2, "Sum spectrum before and after"),
               .view = View::spectra,
               .components = {"as recorded", chosen.method == Method::lucy ? "deconvolved" : "single scattering"},
               .marks = marks});
  const Description& positions = low_dataset.describe();
  const std::size_t rank = positions.navigation_shape().size();
  const View view = rank == 2 ? View::maps : rank == 1 ? View::spectra : View::hidden;
  if (!(chosen.method == Method::lucy && inputs.find("low_loss") == nullptr)) {
    outputs.add({.name = "thickness",
                 .title = "Thickness over the inelastic mean free path, t/λ",
                 .value = position_map(positions, low.thickness, "t/λ"),
                 .view = view,
                 .sigma = "thickness_sigma",
                 .note = "ln of all low-loss counts over those of the zero-loss peak."});
    outputs.add({.name = "thickness_sigma",
                 .title = "Standard deviation of t/λ",
                 .value = position_map(positions, low.sigma, "t/λ, standard deviation")});
  }
  outputs.add({.name = "deconvolved",
               .title = title,
               .value = deconvolved,
               .sigma = chosen.method == Method::lucy ? "" : "deconvolved_sigma",
               .marks = marks});
  if (chosen.method != Method::lucy) {
    outputs.add({.name = "deconvolved_sigma",
                 .title = title + ", standard deviation",
                 .value = source_of(title + ", standard deviation", true),
                 .note = "Counting statistics with a variance of " + printed("%.4g", gain) +
                         " per count, to first order. Neighbouring channels share it."});
  }
  return outputs;
}

}  // namespace

const Operation& deconvolve_operation() {
  static const Operation operation = make_operation<DeconvolveParams>(
      {.name = "eels.deconvolve",
       .version = 1,
       .summary = "Takes plural scattering out of energy-loss spectra: Fourier-log, Fourier-ratio, Richardson-Lucy.",
       .citations = {"R. F. Egerton, Electron Energy-Loss Spectroscopy in the Electron Microscope, 3rd ed. (2011)",
                     "W. H. Richardson, J. Opt. Soc. Am. 62, 55 (1972)", "L. B. Lucy, Astron. J. 79, 745 (1974)"},
       .inputs = {{.name = "data",
                   .help =
                       "Low losses with their zero-loss peak (Fourier-log), or core losses without their background "
                       "(Fourier-ratio), over an energy-loss axis in eV.",
                   .values = Values::real,
                   .min_signal = 1,
                   .max_signal = 1},
                  {.name = "low_loss",
                   .help = "Low losses of the same positions, or one spectrum for all.",
                   .required = false,
                   .values = Values::real,
                   .min_signal = 1,
                   .max_signal = 1},
                  {.name = "zero_loss",
                   .help = "A zero-loss peak of known shape, such as one through vacuum, for Fourier-log or as the "
                           "kernel of Richardson-Lucy.",
                   .required = false,
                   .values = Values::real,
                   .min_signal = 1,
                   .max_signal = 1},
                  {.name = "data_sigma",
                   .help = "Standard deviation of the core losses, such as subtracted_sigma of eels.background; "
                           "otherwise that of counts.",
                   .required = false,
                   .values = Values::real,
                   .min_signal = 1,
                   .max_signal = 1}},
       .outputs = {{"spectra", "The sum spectrum before and after."},
                   {"thickness", "t/λ of the low losses; NaN where there is no zero-loss peak."},
                   {"thickness_sigma", "Standard deviation of thickness; NaN where there is no zero-loss peak."},
                   {"deconvolved", "The deconvolved spectra; NaN where there is no zero-loss peak."},
                   {"deconvolved_sigma",
                    "Standard deviation of deconvolved, but for Richardson-Lucy; NaN where there is "
                    "no zero-loss peak."}}},
      parameters, &check, &run);
  return operation;
}

}  // namespace ruska::ops::eels
