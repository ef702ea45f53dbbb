// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// The centre of each zero-loss peak by `find_zero_loss`; the aligned spectra are computed where they are read.
#include "ruska/ops/eels/align_zlp/align_zlp.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "ruska/base/printed.hpp"
#include "ruska/core/executor.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/core/position_map.hpp"
#include "ruska/core/rows.hpp"
#include "ruska/ops/eels/align_zlp/shifted_spectra.hpp"
#include "ruska/ops/eels/loss_axis.hpp"
#include "ruska/ops/eels/spectrum_rows.hpp"
#include "ruska/ops/eels/zero_loss.hpp"
#include "ruska/ops/unmix/marginals.hpp"

namespace ruska::ops::eels {

namespace {

constexpr auto parameters = std::tuple{
    parameter(&AlignZlpParams::interpolation, "interpolation", "", one_of("linear|nearest"),
              "Values at fractions of a channel: straight between channels, which smooths noise a little, or those of "
              "the nearest, which keeps counts as they are."),
};

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// Shifts and their maps; and the aligned spectra on their way into a file, which takes them in pieces of 8 MiB.
std::int64_t bytes_held(const Description& data) {
  return data.navigation_size() * 72 + data.signal_size() * 128 + (32 << 20);
}

DType dtype_of_aligned(const Description& data) {
  return data.dtype == DType::float64 ? DType::float64 : DType::float32;
}

void check_partner(const Description& data, const Dataset* partner) {
  if (partner == nullptr) return;
  loss_axis(partner->describe());
  if (partner->describe().navigation_shape() != data.navigation_shape()) {
    throw Error(ErrorKind::invalid_argument,
                "'also' has the positions " + to_string(partner->describe().navigation_shape()) +
                    ", but the data have " + to_string(data.navigation_shape()) + "; they must be the same scan");
  }
}

Plan check(const Inputs& inputs, const AlignZlpParams&) {
  const Description& data = inputs.at("data").describe();
  loss_axis(data);
  check_partner(data, inputs.find("also"));
  Plan plan;
  plan.outputs = {{"aligned", data.shape(), dtype_of_aligned(data)},
                  {"shift", data.navigation_shape()},
                  {"shift_sigma", data.navigation_shape()}};
  if (const Dataset* partner = inputs.find("also")) {
    plan.outputs.push_back({"also_aligned", partner->describe().shape(), dtype_of_aligned(partner->describe())});
  }
  plan.least_memory = bytes_held(data);
  plan.memory_per_worker = Rows::bytes_per_worker(data) + data.signal_size() * 16;
  plan.memory = plan.least_memory;
  plan.bytes_read = 3.0 * static_cast<double>(data.bytes());
  plan.flops = 6.0 * static_cast<double>(count(data.shape()));
  return plan;
}

// The data with every spectrum moved by its shift (eV) more than `common`, cropped to what all spectra have.
Dataset moved(const Dataset& dataset, const std::vector<double>& shifts, double common, bool nearest) {
  const Description& data = dataset.describe();
  const LossAxis axis = loss_axis(data);
  std::vector<double> channels;
  double least = 0, most = 0;
  for (const double shift : shifts) {
    channels.push_back(std::isnan(shift) ? 0.0 : (shift - common) / axis.scale);
    least = std::min(least, channels.back());
    most = std::max(most, channels.back());
  }
  const auto first = static_cast<std::int64_t>(std::ceil(-least));
  const std::int64_t kept = axis.size - first - static_cast<std::int64_t>(std::ceil(most));
  if (kept < 1) {
    throw Error(ErrorKind::invalid_argument, "the zero-loss peak wanders over " + std::to_string(most - least) +
                                                 " channels, so that none of the " + std::to_string(axis.size) +
                                                 " is left that all spectra have");
  }
  const double unit = data.signal_axis().units == "keV" ? 1e-3 : 1.0;
  const double offset = (axis.at(static_cast<double>(first)) - common) * unit;
  return Dataset(shifted_spectra(dataset, std::move(channels), nearest, first, kept, offset), dataset.origin());
}

Outputs run(const Inputs& inputs, const AlignZlpParams& params, Context& context) {
  const Dataset& dataset = inputs.at("data");
  const Description& data = dataset.describe();
  const LossAxis axis = loss_axis(data);
  const Dataset* const partner = inputs.find("also");
  check_partner(data, partner);
  const Rows rows(dataset, context, {}, bytes_held(data));
  const unmix::Marginals sums = unmix::marginals(rows, context);
  require_detector_counts(sums.total);
  const double gain = std::max(
      number_at(data.metadata, "Signal.Noise_properties.Variance_linear_model.gain_factor").value_or(1.0), 0.0);

  const auto positions = static_cast<std::size_t>(rows.rows());
  std::vector<double> shifts(positions, nan), sigma(positions, nan);
  Executor executor(context);
  executor.for_each_chunk("finding zero-loss peaks", rows.partitions(), [&](std::int64_t partition, RowRange range) {
    const auto block = rows.block(partition);
    SpectrumRows spectra(*block, rows.columns());
    for (std::int64_t r = 0; r < range.size(); ++r) {
      const ZeroLoss own = find_zero_loss(spectra.at(r));
      if (!own.found) continue;
      const auto at = static_cast<std::size_t>(range.begin + r);
      shifts[at] = axis.at(own.centre);
      sigma[at] = axis.scale * std::sqrt(gain * own.centre_variance);
    }
  });
  for (auto* map : {&shifts, &sigma}) executor.gather(rows.partitions(), 1, std::span(*map));

  std::vector<double> sorted;
  for (const double shift : shifts) {
    if (!std::isnan(shift)) sorted.push_back(shift);
  }
  if (sorted.empty()) {
    throw Error(ErrorKind::invalid_argument, "no spectrum has a zero-loss peak to align by");
  }
  std::sort(sorted.begin(), sorted.end());
  // Moves of a whole number of channels need no interpolation: most spectra should need the least.
  const double common = sorted[sorted.size() / 2];
  if (sorted.size() < positions) {
    context.warn(std::to_string(positions - sorted.size()) + " of " + std::to_string(positions) +
                 " spectra have no zero-loss peak; they are moved by the median of the others");
  }

  const std::size_t rank = data.navigation_shape().size();
  const View view = rank == 2 ? View::maps : rank == 1 ? View::spectra : View::hidden;
  const bool nearest = params.interpolation == "nearest";
  Outputs outputs;
  outputs.summary.push_back("zero-loss peak at " + printed("%.3f", common) + " eV (median), from " +
                            printed("%.3f", sorted.front()) + " to " + printed("%.3f", sorted.back()) + " eV");
  outputs.add({.name = "shift",
               .title = "Energy of the zero-loss peak before alignment (eV)",
               .value = position_map(data, shifts, "Energy of the zero-loss peak (eV)"),
               .view = view,
               .sigma = "shift_sigma",
               .note = "Every spectrum is moved back by this energy."});
  const Dataset aligned = moved(dataset, shifts, common, nearest);
  outputs.add({.name = "aligned", .title = "Aligned spectra", .value = aligned});
  if (partner != nullptr) {
    outputs.add({.name = "also_aligned",
                 .title = "Aligned spectra of the second data set",
                 .value = moved(*partner, shifts, common, nearest)});
  }
  outputs.add({.name = "shift_sigma",
               .title = "Standard deviation of the energy of the zero-loss peak (eV)",
               .value = position_map(data, sigma, "Energy of the zero-loss peak, standard deviation (eV)"),
               .note = "Counting statistics with a variance of " + printed("%.4g", gain) + " per count."});
  return outputs;
}

}  // namespace

const Operation& align_zlp_operation() {
  static const Operation operation = make_operation<AlignZlpParams>(
      {.name = "eels.align_zlp",
       .version = 1,
       .summary = "Moves every spectrum so that its zero-loss peak lies at 0 eV, to a fraction of a channel.",
       .citations = {"R. F. Egerton, Electron Energy-Loss Spectroscopy in the Electron Microscope, 3rd ed. (2011)"},
       .inputs = {{.name = "data",
                   .help = "Low-loss spectra with their zero-loss peak over an energy-loss axis in eV.",
                   .values = Values::real,
                   .min_signal = 1,
                   .max_signal = 1},
                  {.name = "also",
                   .help = "Spectra recorded at the same positions, such as core losses, that are moved with them.",
                   .required = false,
                   .values = Values::real,
                   .min_signal = 1,
                   .max_signal = 1}},
       .outputs = {{"shift", "Energy of the zero-loss peak in eV; NaN where there is none."},
                   {"aligned", "The spectra with the zero-loss peak at 0 eV, cropped to what all of them have."},
                   {"also_aligned", "The second data set, moved by the same energies."},
                   {"shift_sigma", "Standard deviation of shift; NaN where there is no zero-loss peak."}}},
      parameters, &check, &run);
  return operation;
}

}  // namespace ruska::ops::eels
