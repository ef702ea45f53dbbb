// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
//   t/λ = ln(I_t / I_0),   I_0 = a L,   σ² = g (I_t − L) / (L I_t),
// I_t all counts, I_0 those of the zero-loss peak, L the part of them that is counted (all of them, a = 1, below a cut;
// half of them, a = 2, by reflection), g the variance of a count: L and I_t − L are Poisson numbers (R. F. Egerton,
// Electron Energy-Loss Spectroscopy in the Electron Microscope, 3rd ed. 2011, section 5.1). By reflection the error of
// the peak's centre comes in addition, against which that of L runs: together they make between 0.65 and 1.3 of σ² L.
#include "ruska/ops/eels/thickness/thickness.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ruska/base/printed.hpp"
#include "ruska/core/executor.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/core/position_map.hpp"
#include "ruska/core/rows.hpp"
#include "ruska/ops/eels/loss_axis.hpp"
#include "ruska/ops/eels/mean_free_path.hpp"
#include "ruska/ops/eels/spectrum_rows.hpp"
#include "ruska/ops/eels/zero_loss.hpp"
#include "ruska/ops/unmix/component_output.hpp"
#include "ruska/ops/unmix/marginals.hpp"

namespace ruska::ops::eels {

namespace {

constexpr auto parameters = std::tuple{
    parameter(&ThicknessParams::zero_loss, "zero_loss", "", one_of("reflected|cut"),
              "How the zero-loss peak is told from the losses: its side of energy gains reflected about its centre, or "
              "everything below a cut."),
    parameter(
        &ThicknessParams::cut, "cut", "eV", within(0.01, 1000.0),
        "Loss below which everything is zero-loss, from the peak's centre; auto: the first minimum after the peak "
        "of the sum spectrum."),
    parameter(&ThicknessParams::density, "density", "g/cm³", within(0.01, 30.0),
              "Density of the specimen, from which the mean free path follows; auto: none, and t/λ alone."),
    parameter(&ThicknessParams::beam_energy, "beam_energy", "keV", within(1.0, 2000.0),
              "Energy of the beam, for the mean free path; auto: that of the metadata."),
    parameter(&ThicknessParams::convergence_angle, "convergence_angle", "mrad", within(0.0, 1000.0),
              "Semi-angle of the probe, for the mean free path; auto: that of the metadata."),
    parameter(&ThicknessParams::collection_angle, "collection_angle", "mrad", within(0.01, 1000.0),
              "Semi-angle of the spectrometer, for the mean free path; auto: that of the metadata."),
    parameter(&ThicknessParams::gain, "gain", "", within(1e-12, 1e12),
              "Variance of a channel per count; auto: that of the metadata, else 1."),
};

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double model_error = 0.1;  // of the mean free path's formula, as its authors compare it with experiments

double needed(const std::optional<double>& given, const std::optional<double>& known, const std::string& name) {
  if (given) return *given;
  if (known) return *known;
  throw Error(ErrorKind::invalid_argument, "'" + name +
                                               "' is missing: the metadata do not say it, and the mean free "
                                               "path depends on it; give it, or leave out density");
}

// nm; none where no density is given.
std::optional<double> mean_free_path(const Description& data, const ThicknessParams& params) {
  if (!params.density) return std::nullopt;
  const std::string instrument = "Acquisition_instrument." + instrument_of(data.metadata) + ".";
  const double energy = needed(params.beam_energy, beam_energy(data.metadata), "beam_energy");
  const double convergence =
      needed(params.convergence_angle, number_at(data.metadata, instrument + "convergence_angle"), "convergence_angle");
  const double collection =
      needed(params.collection_angle, number_at(data.metadata, instrument + "Detector.EELS.collection_angle"),
             "collection_angle");
  return inelastic_mean_free_path(*params.density, energy, convergence, collection);
}

std::int64_t bytes_held(const Description& data) {
  return data.navigation_size() * 96 + data.signal_size() * 128 + (8 << 20);
}

Plan check(const Inputs& inputs, const ThicknessParams& params) {
  const Description& data = inputs.at("data").describe();
  loss_axis(data);
  mean_free_path(data, params);
  Plan plan;
  for (const char* name : {"thickness", "thickness_sigma", "zero_loss"}) {
    plan.outputs.push_back({name, data.navigation_shape()});
  }
  plan.outputs.push_back({"spectra", unmix::spectra_shape(data, 2)});
  plan.least_memory = bytes_held(data);
  plan.memory_per_worker = Rows::bytes_per_worker(data) + data.signal_size() * 16;
  plan.memory = plan.least_memory;
  plan.bytes_read = 2.0 * static_cast<double>(data.bytes());
  plan.flops = 4.0 * static_cast<double>(count(data.shape()));
  return plan;
}

Outputs run(const Inputs& inputs, const ThicknessParams& params, Context& context) {
  const Dataset& dataset = inputs.at("data");
  const Description& data = dataset.describe();
  const LossAxis axis = loss_axis(data);
  const auto path = mean_free_path(data, params);
  const Rows rows(dataset, context, {}, bytes_held(data));
  const unmix::Marginals sums = unmix::marginals(rows, context);
  require_detector_counts(sums.total);
  const std::vector<double>& sum = sums.column_sum;
  const ZeroLoss zero = find_zero_loss(sum);
  if (!zero.found) {
    throw Error(ErrorKind::invalid_argument,
                "the sum spectrum has no zero-loss peak; the thickness follows from a low-loss spectrum that holds it");
  }
  const bool reflect = params.zero_loss == "reflected";
  const double cut = params.cut ? *params.cut / axis.scale : first_minimum_behind(sum, zero);
  const double gain = params.gain.value_or(std::max(
      number_at(data.metadata, "Signal.Noise_properties.Variance_linear_model.gain_factor").value_or(1.0), 1e-12));

  const auto positions = static_cast<std::size_t>(rows.rows());
  std::vector<double> thickness(positions, nan), sigma(positions, nan), centres(positions, nan);
  Executor executor(context);
  executor.for_each_chunk("separating the zero-loss peak", rows.partitions(),
                          [&](std::int64_t partition, RowRange range) {
                            const auto block = rows.block(partition);
                            SpectrumRows spectra(*block, rows.columns());
                            for (std::int64_t r = 0; r < range.size(); ++r) {
                              const auto spectrum = spectra.at(r);
                              const ZeroLoss own = find_zero_loss(spectrum);
                              if (!own.found) continue;
                              const auto at = static_cast<std::size_t>(range.begin + r);
                              const double all = sums.row_sum[at];
                              const double counted = counts_below(spectrum, own.centre + (reflect ? 0.0 : cut));
                              const double elastic = reflect ? 2.0 * counted : counted;
                              if (!(elastic > 0) || !(all > 0)) continue;
                              centres[at] = axis.at(own.centre);
                              thickness[at] = std::log(all / elastic);
                              // Where noise makes the losses negative they are as unsure as one count.
                              sigma[at] = std::sqrt(gain * std::max(all - counted, gain) / (counted * all));
                            }
                          });
  for (auto* map : {&thickness, &sigma, &centres}) executor.gather(rows.partitions(), 1, std::span(*map));

  double mean = 0, squares = 0, low = std::numeric_limits<double>::infinity(), high = -low;
  std::int64_t measured = 0;
  for (std::size_t p = 0; p < positions; ++p) {
    if (std::isnan(thickness[p])) continue;
    ++measured;
    mean += thickness[p];
    squares += sigma[p] * sigma[p];
    low = std::min(low, thickness[p]);
    high = std::max(high, thickness[p]);
  }
  if (measured == 0) {
    throw Error(ErrorKind::invalid_argument, "no position has a zero-loss peak above its noise");
  }
  mean /= static_cast<double>(measured);
  const double mean_sigma = std::sqrt(squares) / static_cast<double>(measured);
  if (measured < rows.rows()) {
    context.warn(std::to_string(rows.rows() - measured) + " of " + std::to_string(rows.rows()) +
                 " positions have no zero-loss peak and hold NaN");
  }

  const std::size_t rank = data.navigation_shape().size();
  const View view = rank == 2 ? View::maps : rank == 1 ? View::spectra : View::hidden;
  Outputs outputs;
  outputs.summary.push_back("t/λ: mean " + printed("%.4f", mean) + ", from " + printed("%.3f", low) + " to " +
                            printed("%.3f", high));
  if (path) {
    outputs.summary.push_back("mean free path " + printed("%.1f", *path) + " nm ± 10 %, mean thickness " +
                              printed("%.1f", mean * *path) + " ± " +
                              printed("%.1f", *path * std::hypot(mean_sigma, model_error * mean)) + " nm");
  }
  outputs.summary.push_back("zero-loss peak of the sum spectrum at " + printed("%.3f", axis.at(zero.centre)) + " eV");
  outputs.add({.name = "thickness",
               .title = "Thickness over the inelastic mean free path, t/λ",
               .value = position_map(data, thickness, "t/λ"),
               .view = view,
               .sigma = "thickness_sigma",
               .note = reflect ? "ln of all counts over those of the zero-loss peak, whose side of energy gains was "
                                 "reflected about its centre."
                               : "ln of all counts over those below " + printed("%.2f", cut * axis.scale) +
                                     " eV from the centre of the zero-loss peak."});
  outputs.add({.name = "mean_thickness",
               .title = "Mean of t/λ",
               .value = Number{.value = mean, .sigma = mean_sigma},
               .view = View::number});
  if (path) {
    outputs.add({.name = "mean_free_path",
                 .title = "Inelastic mean free path",
                 .value = Number{.value = *path, .sigma = model_error * *path, .unit = "nm"},
                 .view = View::number});
    for (double& value : thickness) value *= *path;
    outputs.add({.name = "thickness_nm",
                 .title = "Thickness in nm",
                 .value = position_map(data, thickness, "Thickness (nm)"),
                 .view = view,
                 .note = "t/λ times the mean free path, whose 10 % shift all positions together."});
  }
  std::vector<double> curves(2 * sum.size(), 0.0);
  for (std::size_t c = 0; c < sum.size(); ++c) {
    const double channel = static_cast<double>(c);
    curves[c] = sum[c];
    curves[sum.size() + c] = reflect ? reflected_at(sum, zero.centre, static_cast<std::int64_t>(c))
                                     : sum[c] * std::clamp(zero.centre + cut - (channel - 0.5), 0.0, 1.0);
  }
  outputs.add({.name = "spectra",
               .title = "Sum spectrum, and what of it is zero-loss",
               .value = unmix::spectra_of(data, curves, 2, "Sum spectrum and zero-loss peak"),
               .view = View::spectra,
               .components = {"all counts", "zero-loss peak"}});
  outputs.add({.name = "zero_loss",
               .title = "Energy of the zero-loss peak (eV)",
               .value = position_map(data, centres, "Energy of the zero-loss peak (eV)"),
               .view = view});
  outputs.add({.name = "thickness_sigma",
               .title = "Standard deviation of t/λ",
               .value = position_map(data, sigma, "t/λ, standard deviation"),
               .note = "Counting statistics with a variance of " + printed("%.4g", gain) + " per count."});
  return outputs;
}

}  // namespace

const Operation& thickness_operation() {
  static const Operation operation = make_operation<ThicknessParams>(
      {.name = "eels.thickness",
       .version = 1,
       .summary = "Measures the thickness over the inelastic mean free path, t/λ, from low-loss spectra.",
       .citations = {"R. F. Egerton, Electron Energy-Loss Spectroscopy in the Electron Microscope, 3rd ed. (2011)",
                     "K. Iakoubovskii et al., Microsc. Res. Tech. 71, 626 (2008)"},
       .inputs = {{.name = "data",
                   .help = "Low-loss spectra with their zero-loss peak over an energy-loss axis in eV.",
                   .values = Values::real,
                   .min_signal = 1,
                   .max_signal = 1}},
       .outputs = {{"thickness", "t/λ; NaN where there is no zero-loss peak."},
                   {"mean_thickness", "Mean of t/λ over the positions, with its counting error."},
                   {"mean_free_path", "Inelastic mean free path in nm, where a density is given."},
                   {"thickness_nm", "Thickness in nm, where a density is given; NaN where there is no zero-loss peak."},
                   {"spectra", "The sum spectrum, and what of it counts as zero-loss."},
                   {"zero_loss", "Energy of the zero-loss peak in eV; NaN where there is none."},
                   {"thickness_sigma", "Standard deviation of t/λ; NaN where there is no zero-loss peak."}}},
      parameters, &check, &run);
  return operation;
}

}  // namespace ruska::ops::eels
