// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// After the calibration of py4DSTEM (B. H. Savitzky et al., Microsc. Microanal. 27, 712 (2021)): the brightest disc of
// every pattern, its centre of mass, a robust surface through all of them. We blur with running means instead of
// Fourier transforms (the maximum is only where the search begins), repeat the centre of mass until it stays, and
// choose the surface by an information criterion where none is asked for. Cost: two passes over the data, about 30
// operations per pixel; a third where the radius of the disc was misjudged.
#include "ruska/ops/diffraction/origin/origin.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numbers>

#include "ruska/core/executor.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/core/rows.hpp"
#include "ruska/ops/diffraction/aligned_mean.hpp"
#include "ruska/ops/diffraction/calibration.hpp"
#include "ruska/ops/diffraction/disc_center.hpp"
#include "ruska/ops/diffraction/frames.hpp"
#include "ruska/ops/diffraction/origin/surface_fit.hpp"
#include "ruska/ops/diffraction/scan/bright_disc.hpp"
#include "ruska/ops/diffraction/scan_maps.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr double tolerated_radius_change = 0.1;

constexpr auto parameters = std::tuple{
    parameter(&OriginParams::surface, "surface", "", one_of("auto|constant|plane|parabola"),
              "How the origin moves over the scan; auto: the one of these that the centres support best."),
    parameter(&OriginParams::probe_radius, "probe_radius", "px", within(0.5, 4096.0),
              "Radius of the undiffracted disc; auto: from the mean pattern."),
};

Plan check(const Inputs& inputs, const OriginParams&) {
  const Description& data = inputs.at("data").describe();
  require_uniform_signal_axes(data, "diffraction.origin");
  calibration_without_origin(inputs);
  const Shape map = shape_of(scan_map_axes(data, "component", 2));
  const AlignedMeanMemory mean = aligned_mean_memory(data);
  Plan plan;
  plan.outputs = {{"calibration", data.signal_shape()},
                  {"origin", map},
                  {"origin_sigma", map},
                  {"measured", map},
                  {"measured_sigma", map}};
  const std::int64_t positions = data.navigation_size();
  plan.least_memory = positions * (2 * static_cast<std::int64_t>(sizeof(DiscCenter)) + 16 + 10 * 8) + mean.held +
                      8 * data.signal_size() + (16 << 20);
  const Shape frame = data.signal_shape();
  plan.memory_per_worker = mean.per_worker + DiscFinder::bytes_held(frame[0], frame[1]) + 8 * data.signal_size();
  plan.memory = plan.least_memory;
  plan.bytes_read = 2.0 * static_cast<double>(data.bytes());
  plan.flops = 60.0 * static_cast<double>(count(data.shape()));
  return plan;
}

std::vector<DiscCenter> centers_of(const Dataset& data, const std::vector<std::uint8_t>& left_out, double radius,
                                   Context& context) {
  const Description& description = data.describe();
  const Shape frame = description.signal_shape();
  std::vector<DiscCenter> centers(static_cast<std::size_t>(description.navigation_size()));
  Executor executor(context);
  const Partitions partitions = partitions_of(description);
  executor.for_each_chunk("finding the disc of each pattern", partitions, [&](std::int64_t, RowRange range) {
    DiscFinder finder(frame[0], frame[1], radius);
    std::vector<double> kept(static_cast<std::size_t>(description.signal_size()));
    for_each_frame(data, range, false, left_out, [&](std::int64_t position, std::span<const double> values) {
      std::copy(values.begin(), values.end(), kept.begin());
      for (std::size_t p = 0; p < left_out.size(); ++p) kept[p] = left_out[p] == 0 ? kept[p] : 0.0;
      centers[static_cast<std::size_t>(position)] = finder.find(kept);
    });
  });
  executor.gather(partitions, 1, std::span(centers));
  return centers;
}

double radius_in(const std::vector<double>& pattern, const Shape& frame, const std::vector<std::uint8_t>& left_out) {
  return with_context([] { return "looking for the undiffracted disc (give --probe_radius where it cannot be found)"; },
                      [&] { return find_bright_disc(pattern, frame[0], frame[1], left_out).radius; });
}

std::string show(double value, const char* format = "%.3f") {
  char text[32];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

Outline circle(const Description& data, Vector center, double radius, const std::string& label) {
  const Axis &y = data.axes[data.axes.size() - 2], &x = data.axes.back();
  Outline outline{label, {{}}};
  for (int i = 0; i < 72; ++i) {
    const double angle = 2 * std::numbers::pi * i / 72;
    outline.lines[0].push_back(x.at(center.x + radius * std::cos(angle)));
    outline.lines[0].push_back(y.at(center.y + radius * std::sin(angle)));
  }
  return outline;
}

Outputs run(const Inputs& inputs, const OriginParams& params, Context& context) {
  const Dataset& data = inputs.at("data");
  const Description& description = data.describe();
  const Shape frame = description.signal_shape(), scan = description.navigation_shape();
  const std::vector<std::uint8_t> left_out = read_mask(inputs.find("mask"), frame, "mask");
  Calibration calibration = calibration_without_origin(inputs);
  calibration.origin.reset();

  double radius = 0;
  if (params.probe_radius) {
    radius = *params.probe_radius;
  } else {
    radius = radius_in(look_at_frames(data, {}, left_out, context).sum, frame, left_out);
  }
  std::vector<DiscCenter> centers;
  SurfaceFit fit;
  AlignedMean mean;
  for (int repeat = 0;; ++repeat) {
    centers = centers_of(data, left_out, radius, context);
    fit = fit_surface(centers, scan, params.surface);
    calibration.origin = fit.origin;
    mean = aligned_mean(data, calibration, left_out, context);
    if (params.probe_radius) break;
    // Descan widens the disc in the plain mean pattern; in the aligned one it is as wide as in each.
    const double aligned = radius_in(mean.pattern, frame, left_out);
    const bool misjudged = std::abs(aligned - radius) > tolerated_radius_change * radius;
    radius = aligned;
    if (!misjudged || repeat == 1) break;
  }
  calibration.origin->probe_radius = radius;

  const std::size_t positions = centers.size();
  const double none = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> fitted(2 * positions), fitted_sigma(2 * positions), measured(2 * positions, none),
      measured_sigma(2 * positions, none);
  double largest_move = 0;
  std::int64_t found = 0;
  for (std::size_t p = 0; p < positions; ++p) {
    const Vector at = calibration.origin->at_position(static_cast<std::int64_t>(p), scan);
    const Vector sigma = fit.sigma[p % fit.sigma.size()];
    fitted[p] = at.x;
    fitted[positions + p] = at.y;
    fitted_sigma[p] = sigma.x;
    fitted_sigma[positions + p] = sigma.y;
    largest_move = std::max(largest_move, length(at - mean.center));
    if (!centers[p].found) continue;
    ++found;
    measured[p] = centers[p].at.x;
    measured[positions + p] = centers[p].at.y;
    measured_sigma[p] = centers[p].sigma.x;
    measured_sigma[positions + p] = centers[p].sigma.y;
  }

  Outputs outputs;
  Output pattern = calibration_output(description, mean.pattern, calibration);
  pattern.outlines = {circle(description, mean.center, radius, "undiffracted beam")};
  outputs.add(std::move(pattern));
  const Axes axes = scan_map_axes(description, "component", 2);
  const std::string pixels = "Pixel of the detector (px)";
  const View view = scan_view(description, View::maps);
  outputs.add({.name = "origin",
               .title = "Origin of the patterns",
               .value = dataset_over<double>(axes, "Origin of the patterns", pixels, fitted),
               .view = view,
               .sigma = "origin_sigma",
               .components = {"x", "y"},
               .note = "The surface fitted: a " + fit.origin.surface + "."});
  outputs.add({.name = "origin_sigma",
               .title = "Standard deviation of the origin",
               .value = dataset_over<double>(axes, "Origin, standard deviation", pixels, fitted_sigma),
               .components = {"x", "y"}});
  outputs.add(
      {.name = "measured",
       .title = "Centre of the disc in each pattern",
       .value = dataset_over<double>(axes, "Centre of the disc in each pattern", pixels, measured),
       .view = view,
       .sigma = "measured_sigma",
       .components = {"x", "y"},
       .note = "What the surface was fitted to. The specimen moves it too; that is why the surface is smooth."});
  outputs.add({.name = "measured_sigma",
               .title = "Standard deviation of the centre of the disc",
               .value = dataset_over<double>(axes, "Centre of the disc, standard deviation", pixels, measured_sigma),
               .components = {"x", "y"},
               .note = "Counting statistics of one count per electron."});
  outputs.add({.name = "center_x",
               .title = "Mean origin, x",
               .value = Number{mean.center.x, fit.origin.sigma_x, "px"},
               .view = View::number});
  outputs.add({.name = "center_y",
               .title = "Mean origin, y",
               .value = Number{mean.center.y, fit.origin.sigma_y, "px"},
               .view = View::number});
  outputs.add({.name = "probe_radius",
               .title = "Radius of the undiffracted disc",
               .value = Number{radius, std::nullopt, "px"},
               .view = View::number});

  outputs.summary = {
      "mean origin (" + show(mean.center.x) + " ± " + show(fit.origin.sigma_x, "%.2g") + ", " + show(mean.center.y) +
          " ± " + show(fit.origin.sigma_y, "%.2g") + ") px, disc radius " + show(radius, "%.2f") + " px",
      "surface: " + fit.origin.surface + ", moves by up to " + show(largest_move, "%.2g") + " px; discs scatter by " +
          show(fit.scatter_x, "%.2g") + " and " + show(fit.scatter_y, "%.2g") + " px about it",
      std::to_string(fit.kept) + " of " + std::to_string(positions) + " patterns were used; " +
          std::to_string(static_cast<std::int64_t>(positions) - found) + " show no whole disc"};
  if (2 * fit.kept < static_cast<std::int64_t>(positions)) {
    context.warn("more than half of the patterns lie off the fitted origin; look at the map of measured centres");
  }
  return outputs;
}

}  // namespace

const Operation& origin_operation() {
  static const Operation operation = make_operation<OriginParams>(
      {.name = "diffraction.origin",
       .version = 1,
       .summary = "Finds where the undiffracted beam meets the detector at every scan position, as a smooth surface.",
       .citations = {"B. H. Savitzky et al., Microsc. Microanal. 27, 712 (2021)"},
       .inputs = calibrated_pattern_ports("A scan of diffraction patterns: two signal axes, y and x of the detector."),
       .outputs = {calibration_output_port(),
                   {"origin", "The fitted origin at every position, x and y (px)."},
                   {"origin_sigma", "Standard deviation of the fitted origin."},
                   {"measured", "Centre of the brightest disc of each pattern, x and y (px); NaN where there is none."},
                   {"measured_sigma", "Its standard deviation by counting statistics; NaN where there is none."},
                   {"center_x", "Mean origin along x."},
                   {"center_y", "Mean origin along y."},
                   {"probe_radius", "Radius of the undiffracted disc."}}},
      parameters, &check, &run);
  return operation;
}

}  // namespace ruska::ops::diffraction
