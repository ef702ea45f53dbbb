// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/segment/class_output.hpp"

#include <cmath>
#include <cstdio>

#include "ruska/ops/unmix/component_output.hpp"

namespace ruska::ops::segment {

std::vector<Port> segment_ports() {
  std::vector<Port> ports = unmix::unmixing_ports(Values::real);
  ports.front().help = "spectra, features or loadings: at least one navigation and one signal axis";
  return ports;
}

Masks masks_of(const Inputs& inputs, const Description& positions) {
  return {read_mask(inputs.find("navigation_mask"), positions.navigation_shape(), "navigation_mask"),
          read_mask(inputs.find("signal_mask"), positions.signal_shape(), "signal_mask")};
}

ClassSpectra class_spectra(const Rows& rows, const std::vector<std::int32_t>& labels, std::int64_t classes,
                           const std::string& stage, Context& context) {
  const auto columns = static_cast<std::size_t>(rows.columns()), number = static_cast<std::size_t>(classes);
  ClassSpectra spectra{std::vector<double>(number * columns, 0.0), std::vector<double>(number * columns, 0.0),
                       std::vector<double>(number, 0.0)};
  for (const std::int32_t label : labels) {
    if (label >= 0) spectra.positions[static_cast<std::size_t>(label)] += 1;
  }
  const auto scan = [&](const std::string& what, bool squares) {
    return Executor(context).reduce<std::vector<double>>(
        what, rows.partitions(), [&] { return std::vector<double>(number * (columns + 1), 0.0); },
        [&](std::vector<double>& sum, std::int64_t partition, RowRange range) {
          const auto block = rows.block(partition);
          for (std::int64_t r = 0; r < range.size(); ++r) {
            const std::int32_t label = labels[static_cast<std::size_t>(range.begin + r)];
            if (label < 0) continue;
            const auto k = static_cast<std::size_t>(label);
            double* out = sum.data() + k * columns;
            const double* mean = spectra.mean.data() + k * columns;
            if (block->sparse) {
              // Zeros are (0 − mean)²: `positions` · mean² below, taken back here where a value is.
              const auto end = static_cast<std::size_t>(block->row_start[static_cast<std::size_t>(r) + 1]);
              for (auto i = static_cast<std::size_t>(block->row_start[static_cast<std::size_t>(r)]); i < end; ++i) {
                const auto value = static_cast<double>(block->value[i]);
                const std::size_t c = block->channel[i];
                out[c] += squares ? value * (value - 2 * mean[c]) : value;
              }
              sum[number * columns + k] += 1;
            } else {
              const double* dense = block->dense.data() + static_cast<std::size_t>(r) * columns;
              for (std::size_t c = 0; c < columns; ++c) {
                out[c] += squares ? (dense[c] - mean[c]) * (dense[c] - mean[c]) : dense[c];
              }
            }
          }
        },
        [](std::vector<double>& left, std::vector<double>&& right) {
          for (std::size_t i = 0; i < left.size(); ++i) left[i] += right[i];
        });
  };
  const std::vector<double> sums = scan(stage, false);
  for (std::size_t k = 0; k < number; ++k) {
    if (spectra.positions[k] == 0) continue;
    for (std::size_t c = 0; c < columns; ++c)
      spectra.mean[k * columns + c] = sums[k * columns + c] / spectra.positions[k];
  }
  const std::vector<double> squares = scan(stage + ": scatter", true);
  for (std::size_t k = 0; k < number; ++k) {
    const double n = spectra.positions[k];
    if (n < 2) continue;
    for (std::size_t c = 0; c < columns; ++c) {
      const double mean = spectra.mean[k * columns + c];
      const double square = squares[k * columns + c] + squares[number * columns + k] * mean * mean;
      spectra.sigma[k * columns + c] = std::sqrt(std::max(0.0, square) / (n * (n - 1)));
    }
  }
  return spectra;
}

void add_class_spectra(Outputs& outputs, const Description& data, const ClassSpectra& spectra,
                       const std::vector<std::string>& names, const std::string& axis_name, const std::string& name,
                       const std::string& title, const std::string& note) {
  const auto dataset = [&](const std::vector<double>& values, const std::string& of) {
    const Dataset made = unmix::spectra_of(data, values, static_cast<std::int64_t>(names.size()), of);
    Description description = made.describe();
    description.axes.front().name = axis_name;
    return Dataset::from_values<double>(std::move(description), made.read_all<double>());
  };
  const Dataset mean = dataset(spectra.mean, title);
  outputs.add({.name = name,
               .title = title,
               .value = mean,
               .view = unmix::view_of(mean),
               .sigma = name + "_sigma",
               .components = names,
               .note = note});
  outputs.add({.name = name + "_sigma",
               .title = "Uncertainty: " + title,
               .value = dataset(spectra.sigma, "Uncertainty: " + title)});
}

std::vector<std::string> numbered_names(const std::string& word, std::int64_t count) {
  std::vector<std::string> names;
  for (std::int64_t k = 1; k <= count; ++k) names.push_back(word + " " + std::to_string(k));
  return names;
}

std::string shown(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.4g", value);
  return text;
}

}  // namespace ruska::ops::segment
