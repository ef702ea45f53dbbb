// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/scan/scan_outputs.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <memory>

#include "ruska/core/metadata.hpp"
#include "ruska/ops/diffraction/calibration_summary.hpp"
#include "ruska/ops/diffraction/electron_wave.hpp"
#include "ruska/ops/diffraction/scan/mass_center.hpp"
#include "ruska/ops/diffraction/scan/suspicious_pixels.hpp"
#include "ruska/ops/diffraction/scan_maps.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr std::size_t most_pixels_listed = 1000;

std::string show(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.5g", value);
  return text;
}

const Description& data_of(const ScanRun& run) { return run.inputs.at("data").describe(); }

template <class V>
Dataset over_pattern(const ScanRun& run, const std::string& title, std::span<const V> values) {
  Description description;
  description.title = title;
  description.signal_type = data_of(run).signal_type;
  description.metadata = data_of(run).metadata;
  set(description.metadata, "General.title", title);
  description.axes = pattern_axes(run);
  return Dataset::from_values<V>(std::move(description), values);
}

/// Sums as they are stored: unsigned where the data are.
template <class Sum, class Make>
Dataset stored_sums(DType dtype, const std::vector<Sum>& values, const Make& make) {
  if constexpr (std::is_integral_v<Sum>) {
    if (dtype == DType::uint64) {
      return make(std::span(reinterpret_cast<const std::uint64_t*>(values.data()), values.size()));
    }
  }
  return make(std::span<const Sum>(values));
}

Table table_of_pixels(const std::vector<SuspiciousPixel>& pixels, std::int64_t frames) {
  std::vector<std::int64_t> x, y;
  std::vector<std::string> kind;
  std::vector<double> mean, expected, excess;
  for (std::size_t i = 0; i < std::min(pixels.size(), most_pixels_listed); ++i) {
    x.push_back(pixels[i].x);
    y.push_back(pixels[i].y);
    kind.push_back(pixels[i].excess > 0 ? "hot" : "dead");
    mean.push_back(pixels[i].sum / static_cast<double>(frames));
    expected.push_back(pixels[i].expected / static_cast<double>(frames));
    excess.push_back(pixels[i].excess);
  }
  return {{{"x", "px", x},
           {"y", "px", y},
           {"kind", "", kind},
           {"mean", "counts", mean},
           {"surroundings", "counts", expected},
           {"excess", "σ", excess}}};
}

/// Virtual images of all detectors, and the mean of each over the frames read.
template <class Sum>
Output images_of(const ScanRun& run, const PassSums<Sum>& pass, std::vector<double>& collected) {
  const Description& data = data_of(run);
  const Detectors& detectors = run.detectors;
  const auto positions = static_cast<std::size_t>(data.navigation_size());
  const auto per_frame = static_cast<std::size_t>(run.view.masks.sums());
  const std::size_t number = detectors.names.size(), weighted = detectors.weights.size();
  const auto make = [&](auto&& values) {
    using Value = std::decay_t<decltype(values[0])>;
    for (std::size_t d = 0; d < number; ++d) {
      double total = 0;
      for (std::size_t p = 0; p < positions; ++p) {
        Value& value = values[d * positions + p];
        value = d >= detectors.binary.size()
                    ? static_cast<Value>(pass.weighted[p * weighted + d - detectors.binary.size()])
                    : static_cast<Value>(pass.sums[p * per_frame + 3 + d]);
        total += static_cast<double>(value);
      }
      collected.push_back(total / static_cast<double>(pass.frames_read));
    }
    return stored_sums<Value>(sum_dtype(run.inputs), values, [&](auto span) {
      return dataset_over(scan_map_axes(data, "detector", static_cast<std::int64_t>(number)), "Virtual images",
                          "counts", span);
    });
  };
  return {.name = "images",
          .title = "Virtual images",
          .value =
              weighted > 0 ? make(std::vector<double>(number * positions)) : make(std::vector<Sum>(number * positions)),
          .view = scan_view(data, View::maps),
          .components = detectors.names,
          .note = run.following == nullptr ? "" : "Detectors follow the origin over the scan by whole pixels."};
}

template <class Sum>
Output radial_of(const ScanRun& run, const PassSums<Sum>& pass) {
  const Description& data = data_of(run);
  const auto rings = static_cast<std::size_t>(run.rings);
  std::vector<double> profile(pass.radial.size());
  std::shared_ptr<const FrameView> moved;
  for (std::size_t p = 0; p * rings < profile.size(); ++p) {
    if (run.following != nullptr) moved = run.following->view(run.following->shift(static_cast<std::int64_t>(p)));
    const std::vector<double>& area = moved ? moved->ring_area : run.view.ring_area;
    for (std::size_t r = 0; r < std::min(rings, area.size()); ++r) {
      if (area[r] > 0) profile[p * rings + r] = static_cast<double>(pass.radial[p * rings + r]) / area[r];
    }
  }
  const double step = run.params.radial_step * run.setup.ring_scale;
  Axes axes(data.axes.begin(), data.axes.end() - 2);
  axes.push_back({.name = "radius",
                  .units = run.setup.ring_unit,
                  .role = Role::signal,
                  .size = run.rings,
                  .scale = step,
                  .offset = step / 2});
  return {.name = "radial",
          .title = "Mean of each ring at every position",
          .value = dataset_over<double>(std::move(axes), "Radial profiles", "Mean counts per pixel", profile)};
}

Output masks_of(const ScanRun& run) {
  const Detectors& detectors = run.detectors;
  Axes axes = pattern_axes(run);
  axes.insert(
      axes.begin(),
      {.name = "detector", .role = Role::navigation, .size = static_cast<std::int64_t>(detectors.names.size())});
  const auto joined = [&](auto value) {
    std::vector<decltype(value)> all;
    for (const auto& mask : detectors.binary) all.insert(all.end(), mask.begin(), mask.end());
    for (const auto& mask : detectors.weights) {
      for (const double weight : mask) all.push_back(static_cast<decltype(value)>(weight));
    }
    return dataset_over<decltype(value)>(axes, "Detectors", "weight", all);
  };
  return {.name = "masks",
          .title = "Detectors",
          .value = detectors.weights.empty() ? joined(std::uint8_t{}) : joined(double{}),
          .components = detectors.names};
}

/// The physical length of a pixel that the table and the legend tell radii in: mrad where the beam energy is known.
std::optional<PhysicalPixel> told_pixel(const ScanRun& run) {
  const auto& physical = run.setup.physical;
  if (!physical || physical->unit == "mrad" || !run.setup.energy) return physical;
  return PhysicalPixel{1e3 * electron_wavelength(*run.setup.energy) * physical->value, "mrad"};
}

Output detector_table(const ScanRun& run, const std::vector<double>& collected) {
  const Detectors& detectors = run.detectors;
  std::vector<std::int64_t> area;
  for (const auto& mask : detectors.binary) {
    std::int64_t pixels = 0;
    for (std::size_t p = 0; p < mask.size(); ++p) {
      pixels += mask[p] != 0 && (run.left_out.empty() || run.left_out[p] == 0) ? 1 : 0;
    }
    area.push_back(pixels);
  }
  for (const auto& mask : detectors.weights) {
    area.push_back(static_cast<std::int64_t>(mask.size()) - std::count(mask.begin(), mask.end(), 0.0));
  }
  Table table{{{"detector", "", detectors.names}, {"definition", "", detectors.definitions}}};
  if (const auto pixel = told_pixel(run)) {
    std::vector<double> inner = detectors.inner, outer = detectors.outer;
    for (double& one : inner) one *= pixel->value;
    for (double& one : outer) one *= pixel->value;
    table.columns.push_back({"from", pixel->unit, inner});
    table.columns.push_back({"to", pixel->unit, outer});
  }
  table.columns.push_back({"pixels", "", area});
  table.columns.push_back({"mean", "counts per frame", collected});
  return {.name = "detectors", .title = "Detectors", .value = std::move(table), .view = View::table};
}

/// Outlines in the units of the pattern's axes.
std::vector<Outline> outlines_of(const ScanRun& run) {
  const Axes axes = pattern_axes(run);
  const auto pixel = told_pixel(run);
  std::vector<Outline> outlines = run.detectors.outlines;
  for (std::size_t d = 0; d < outlines.size(); ++d) {
    const double inner = run.detectors.inner[d], outer = run.detectors.outer[d];
    if (pixel && std::isfinite(outer)) {
      outlines[d].label += inner > 0 ? " " + show(inner * pixel->value) + " to " : " up to ";
      outlines[d].label += show(outer * pixel->value) + " " + pixel->unit;
    }
    for (std::vector<double>& line : outlines[d].lines) {
      for (std::size_t i = 0; i + 1 < line.size(); i += 2) {
        line[i] = axes[1].at(line[i]);
        line[i + 1] = axes[0].at(line[i + 1]);
      }
    }
  }
  return outlines;
}

}  // namespace

bool is_corrected(const Inputs& inputs) { return inputs.find("dark") != nullptr || inputs.find("gain") != nullptr; }

DType sum_dtype(const Inputs& inputs) {
  const DType dtype = inputs.at("data").describe().dtype;
  if (is_corrected(inputs) || !is_integer(dtype)) return DType::float64;
  return name_of(dtype).front() == 'u' ? DType::uint64 : DType::int64;
}

Axes pattern_axes(const ScanRun& run) {
  Axes axes(data_of(run).axes.end() - 2, data_of(run).axes.end());
  const auto& physical = run.setup.physical;
  if (!physical || !run.setup.calibration.pixel_size) return axes;
  const double centers[] = {run.detectors.geometry.center_y, run.detectors.geometry.center_x};
  for (std::size_t a = 0; a < 2; ++a) {
    axes[a].units = physical->unit;
    axes[a].quantity = quantity_of(physical->unit);
    axes[a].scale = physical->value;
    axes[a].offset = -physical->value * centers[a];
  }
  return axes;
}

template <class Sum>
Outputs scan_outputs(const ScanRun& run, const PassSums<Sum>& pass, Dataset maximum, Context& context) {
  const Description& data = data_of(run);
  const auto positions = static_cast<std::size_t>(data.navigation_size());
  const auto per_frame = static_cast<std::size_t>(run.view.masks.sums());
  const DType sums = sum_dtype(run.inputs);
  Outputs outputs;
  outputs.summary = run.detectors.story;
  std::vector<double> collected;
  outputs.add(images_of(run, pass, collected));

  const MassCenters center = mass_centers<Sum>(pass.sums, run.view.masks.sums(), pass.pattern_sum, data, run.setup);
  const bool calibrated = !run.setup.calibration.empty();
  const std::string coordinate =
      (calibrated ? "Centre of mass (" : "Coordinate of the signal axis (") + center.unit + ")";
  outputs.add(
      {.name = "center_of_mass",
       .title = "Centre of mass",
       .value = dataset_over<double>(scan_map_axes(data, "component", 2), "Centre of mass", coordinate, center.center),
       .view = scan_view(data, View::vectors),
       .sigma = "center_of_mass_sigma",
       .components = {"x", "y"},
       .note = center.story});
  outputs.add({.name = "center_of_mass_sigma",
               .title = "Standard deviation of the centre of mass",
               .value = dataset_over<double>(scan_map_axes(data, "component", 2), "Centre of mass, standard deviation",
                                             coordinate, center.sigma),
               .components = {"x", "y"},
               .note = "Counting statistics of one count per electron, with the patterns' mean width."});
  std::vector<Sum> total(positions);
  for (std::size_t p = 0; p < positions; ++p) total[p] = pass.sums[p * per_frame];
  outputs.add({.name = "total",
               .title = "Total counts",
               .value = stored_sums<Sum>(
                   sums, total,
                   [&](auto span) { return dataset_over(scan_map_axes(data, "", 0), "Total counts", "counts", span); }),
               .view = scan_view(data, View::maps)});

  std::vector<double> sum(pass.pattern_sum.begin(), pass.pattern_sum.end());
  const Shape frame = data.signal_shape();
  const std::vector<SuspiciousPixel> suspicious =
      find_suspicious_pixels(sum, frame[0], frame[1], run.left_out, run.params.significance);
  for (double& value : sum) value /= static_cast<double>(pass.frames_read);
  const std::vector<Outline> outlines = outlines_of(run);
  const std::string drawn = run.following == nullptr ? "" : "Detectors are drawn about the mean origin.";
  outputs.add({.name = "mean",
               .title = "Mean pattern",
               .value = over_pattern<double>(run, "Mean pattern", sum),
               .view = View::pattern,
               .note = drawn,
               .outlines = outlines});
  outputs.add({.name = "maximum",
               .title = "Maximum pattern",
               .value = std::move(maximum),
               .view = View::pattern,
               .note = drawn,
               .outlines = outlines});
  outputs.add({.name = "sum", .title = "Sum pattern", .value = stored_sums<Sum>(sums, pass.pattern_sum, [&](auto span) {
                                                        return over_pattern(run, "Sum pattern", span);
                                                      })});
  if (run.params.variance) {
    outputs.add({.name = "variance",
                 .title = "Variance of each pixel over the scan",
                 .value = over_pattern<double>(run, "Variance pattern", pass.variance),
                 .view = View::pattern});
  }
  if (run.params.radial) outputs.add(radial_of(run, pass));
  outputs.add(masks_of(run));
  outputs.add(detector_table(run, collected));
  if (calibrated) outputs.add(calibration_summary(run.setup.calibration, run.setup.energy));

  const auto hot = std::count_if(suspicious.begin(), suspicious.end(), [](const auto& one) { return one.excess > 0; });
  const auto dead = static_cast<std::ptrdiff_t>(suspicious.size()) - hot;
  outputs.add({.name = "pixels",
               .title = "Pixels that do not fit their surroundings",
               .value = table_of_pixels(suspicious, pass.frames_read),
               .view = suspicious.empty() ? View::hidden : View::table,
               .note = suspicious.size() > most_pixels_listed
                           ? "The " + std::to_string(most_pixels_listed) + " worst of " +
                                 std::to_string(suspicious.size()) + " are listed."
                           : ""});
  if (pass.frames_read < data.navigation_size()) {
    outputs.add({.name = "positions_read",
                 .title = "Positions read before the run was stopped",
                 .value = dataset_over<std::uint8_t>(scan_map_axes(data, "", 0), "Positions read", "", pass.read),
                 .view = scan_view(data, View::maps)});
    outputs.summary.push_back("stopped after " + std::to_string(pass.frames_read) + " of " +
                              std::to_string(data.navigation_size()) +
                              " positions: the others hold 0, or NaN in the centre of mass");
    context.warn(outputs.summary.back());
  }
  const std::vector<std::string>& names = run.detectors.names;
  for (std::size_t d = 0; d < names.size() && d < 3; ++d) {
    outputs.summary.push_back(names[d] + " (" + run.detectors.definitions[d] + "): " + show(collected[d]) +
                              " counts per frame");
  }
  if (names.size() > 3) outputs.summary.push_back("and " + std::to_string(names.size() - 3) + " detectors more");
  if (std::isfinite(center.mean.x) && std::isfinite(center.mean.y)) {
    const std::string unit = data.axes.back().units.empty() ? "px" : data.axes.back().units;
    outputs.summary.push_back("centre of mass of all frames: (" + show(center.mean.x) + ", " + show(center.mean.y) +
                              ") " + unit + " on the detector");
  } else {
    outputs.summary.emplace_back("no frame holds counts: there is no centre of mass");
  }
  outputs.summary.push_back(std::to_string(hot) + " hot and " + std::to_string(dead) + " dead pixels beyond " +
                            show(run.params.significance) + " σ");
  outputs.summary.push_back(calibration_line(run.setup.calibration));
  return outputs;
}

template Outputs scan_outputs(const ScanRun&, const PassSums<std::int64_t>&, Dataset, Context&);
template Outputs scan_outputs(const ScanRun&, const PassSums<double>&, Dataset, Context&);

}  // namespace ruska::ops::diffraction
