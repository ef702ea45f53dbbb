// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/ellipse/ellipse.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>

#include "ruska/core/metadata.hpp"
#include "ruska/core/rows.hpp"
#include "ruska/ops/diffraction/aligned_mean.hpp"
#include "ruska/ops/diffraction/calibration.hpp"
#include "ruska/ops/diffraction/ellipse/ring_fit.hpp"
#include "ruska/ops/diffraction/ring_profile.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr double beyond_the_disc = 1.5;  // disc radii, from where rings are looked for

constexpr auto parameters = std::tuple{
    parameter(&EllipseParams::inner, "inner", "px", within(0.0, 65536.0),
              "Radius, from the origin, from which the ring is fitted; auto: the foot of the strongest ring."),
    parameter(&EllipseParams::outer, "outer", "px", within(0.0, 65536.0),
              "Radius up to which it is fitted; auto: its other foot."),
    parameter(&EllipseParams::significance, "significance", "σ", within(3.0, 1000.0),
              "Least height of the fitted ring, in its standard deviations, at which it counts as one."),
};

Plan check(const Inputs& inputs, const EllipseParams& params) {
  const Description& data = inputs.at("data").describe();
  require_uniform_signal_axes(data, "diffraction.ellipse");
  calibration_of(inputs);
  if (params.inner && params.outer && !(*params.outer > *params.inner)) {
    throw Error(ErrorKind::invalid_argument, "outer is " + std::to_string(*params.outer) +
                                                 " px and must be more than inner, " + std::to_string(*params.inner));
  }
  const AlignedMeanMemory mean = aligned_mean_memory(data);
  Plan plan;
  plan.outputs = {{"calibration", data.signal_shape()}};
  // The fit's slopes: eleven numbers per pixel, and the lists of pixels, values, weights and residuals.
  plan.least_memory = mean.held + 8 * 40 * data.signal_size() + (16 << 20);
  plan.memory_per_worker = mean.per_worker;
  plan.memory = plan.least_memory;
  plan.bytes_read = static_cast<double>(data.bytes());
  plan.flops = 8.0 * static_cast<double>(count(data.shape())) + 1e4 * static_cast<double>(data.signal_size());
  return plan;
}

std::string show(double value, const char* format = "%.4g") {
  char text[32];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

/// Closed line of pixels center + matrix · radius (cos, sin) in the axes' units.
Outline ring_outline(const Description& data, const std::string& label, Vector center, const Matrix& matrix,
                     double radius) {
  const Axis &y = data.axes[data.axes.size() - 2], &x = data.axes.back();
  Outline outline{label, {{}}};
  for (int i = 0; i < 120; ++i) {
    const double angle = 2 * std::numbers::pi * i / 120;
    const Vector at = center + radius * (matrix * Vector{std::cos(angle), std::sin(angle)});
    outline.lines[0].push_back(x.at(at.x));
    outline.lines[0].push_back(y.at(at.y));
  }
  return outline;
}

/// Where the pattern's intensity has its middle: a start where no origin is known.
Vector centroid(const AlignedMean& pattern, std::int64_t width) {
  double sum = 0, x = 0, y = 0;
  for (std::size_t p = 0; p < pattern.pattern.size(); ++p) {
    const double value = std::max(0.0, pattern.pattern[p]);
    sum += value;
    x += value * static_cast<double>(static_cast<std::int64_t>(p) % width);
    y += value * static_cast<double>(static_cast<std::int64_t>(p) / width);
  }
  if (!(sum > 0)) throw Error(ErrorKind::bad_data, "the mean pattern is nowhere above zero");
  return {x / sum, y / sum};
}

Outputs run(const Inputs& inputs, const EllipseParams& params, Context& context) {
  const Dataset& data = inputs.at("data");
  const Description& description = data.describe();
  const Shape frame = description.signal_shape();
  const std::vector<std::uint8_t> left_out = read_mask(inputs.find("mask"), frame, "mask");
  Calibration calibration = calibration_of(inputs);
  calibration.ellipse.reset();
  AlignedMean pattern = aligned_mean(data, calibration, left_out, context);
  if (!calibration.origin) pattern.center = centroid(pattern, frame[1]);

  const RingProfile profile = ring_profile(pattern, frame[0], frame[1], pattern.center, Matrix{}, 1.0);
  double inner = params.inner.value_or(0), outer = params.outer.value_or(0);
  if (!params.inner || !params.outer) {
    const double disc = calibration.origin ? calibration.origin->probe_radius : 0;
    const std::vector<RingPeak> peaks = ring_peaks(profile, std::max({3.0, beyond_the_disc * disc, inner}));
    if (peaks.empty()) {
      throw Error(ErrorKind::bad_data,
                  "no ring shows in the mean pattern; give --inner and --outer, or a mask that covers the beam");
    }
    if (!params.inner) inner = peaks.front().inner;
    if (!params.outer) outer = peaks.front().outer;
    if (!(outer > inner)) {
      throw Error(ErrorKind::bad_data, "no ring shows beyond " + show(inner) + " px; give --inner and --outer");
    }
  }
  const RingFit ring = fit_ring(pattern, frame[0], frame[1], pattern.center, inner, outer);
  const bool stands_out =
      ring.height > params.significance * ring.height_sigma && ring.radius > inner && ring.radius < outer;
  if (!std::isfinite(ring.ellipse.ratio) || !(ring.ellipse.ratio < 100) || !stands_out) {
    throw Error(ErrorKind::bad_data, "between " + show(inner) + " and " + show(outer) +
                                         " px no ring stands out of the noise; give --inner and --outer about one");
  }
  calibration.ellipse = ring.ellipse;
  const bool origin_from_ring = !calibration.origin;
  if (origin_from_ring) {
    calibration.origin = OriginCalibration{.x = {ring.center.x},
                                           .y = {ring.center.y},
                                           .sigma_x = ring.center_sigma.x,
                                           .sigma_y = ring.center_sigma.y,
                                           .scan = description.navigation_shape()};
  }
  if (!ring.converged) {
    context.not_converged("the fit of the ring had not settled after 100 steps");
  }

  Outputs outputs;
  Output shown = calibration_output(description, pattern.pattern, calibration);
  shown.outlines = {ring_outline(description, "ring fitted", ring.center, ring.ellipse.distortion(), ring.radius),
                    ring_outline(description, "fitted from", pattern.center, Matrix{}, inner),
                    ring_outline(description, "fitted up to", pattern.center, Matrix{}, outer)};
  outputs.add(std::move(shown));
  outputs.add({.name = "ratio",
               .title = "Ellipse, a/b",
               .value = Number{ring.ellipse.ratio, ring.ellipse.ratio_sigma, ""},
               .view = View::number});
  outputs.add({.name = "angle",
               .title = "Direction of the long axis",
               .value = Number{ring.ellipse.angle, ring.ellipse.angle_sigma, "°"},
               .view = View::number,
               .note = "From x towards y."});
  outputs.add({.name = "radius",
               .title = "Radius of the undistorted ring",
               .value = Number{ring.radius, ring.radius_sigma, "px"},
               .view = View::number});
  outputs.add({.name = "center_x",
               .title = "Centre of the ring, x",
               .value = Number{ring.center.x, ring.center_sigma.x, "px"},
               .view = View::number});
  outputs.add({.name = "center_y",
               .title = "Centre of the ring, y",
               .value = Number{ring.center.y, ring.center_sigma.y, "px"},
               .view = View::number});

  // The profile before and after: a sharper ring is the proof.
  const RingProfile corrected =
      ring_profile(pattern, frame[0], frame[1], ring.center, ring.ellipse.distortion().inverse(), 1.0);
  const std::size_t bins = std::min(profile.mean.size(), corrected.mean.size());
  std::vector<double> both(profile.mean.begin(), profile.mean.begin() + static_cast<std::ptrdiff_t>(bins));
  both.insert(both.end(), corrected.mean.begin(), corrected.mean.begin() + static_cast<std::ptrdiff_t>(bins));
  Description curves;
  curves.title = "Azimuthal mean";
  curves.axes = {{.name = "distortion", .role = Role::navigation, .size = 2},
                 {.name = "radius", .units = "px", .role = Role::signal, .size = static_cast<std::int64_t>(bins)}};
  set(curves.metadata, "General.title", curves.title);
  set(curves.metadata, "Signal.quantity", "Mean of the pixels at each radius");
  outputs.add({.name = "profiles",
               .title = "Azimuthal mean before and after",
               .value = Dataset::from_values<double>(curves, both),
               .view = View::spectra,
               .components = {"as it is", "ellipse taken out"},
               .marks = {{-1, ring.radius, "ring"}}});
  outputs.add(
      {.name = "ring",
       .title = "The ring fitted",
       .value =
           Table{
               {{"quantity", "", std::vector<std::string>{"inner flank, σ", "outer flank, σ", "height", "reduced χ²"}},
                {"value", "",
                 std::vector<double>{ring.width_inside, ring.width_outside, ring.height, ring.reduced_chi_square}},
                {"unit", "", std::vector<std::string>{"px", "px", "counts", ""}}}},
       .view = View::table});

  const double stretch = ring.ellipse.ratio - 1;
  outputs.summary = {
      "ellipse a/b " + show(ring.ellipse.ratio, "%.5f") + " ± " + show(ring.ellipse.ratio_sigma, "%.1g") +
          ", long axis at " + show(ring.ellipse.angle, "%.2f") + " ± " + show(ring.ellipse.angle_sigma, "%.1g") + "°",
      "from the ring of radius " + show(ring.radius, "%.2f") + " px about (" + show(ring.center.x, "%.2f") + ", " +
          show(ring.center.y, "%.2f") + "), fitted between " + show(inner) + " and " + show(outer) + " px"};
  if (origin_from_ring) {
    outputs.summary.emplace_back("no origin was calibrated; the centre of the ring stands for it in the calibration");
  }
  if (stretch < 2 * ring.ellipse.ratio_sigma) {
    outputs.summary.emplace_back("no ellipticity stands out of its uncertainty; the angle means nothing");
  }
  return outputs;
}

}  // namespace

const Operation& ellipse_operation() {
  static const Operation operation = make_operation<EllipseParams>(
      {.name = "diffraction.ellipse",
       .version = 1,
       .summary = "Measures the elliptic distortion of diffraction patterns from a ring in their mean.",
       .citations = {"B. H. Savitzky et al., Microsc. Microanal. 27, 712 (2021)"},
       .inputs =
           calibrated_pattern_ports("Diffraction patterns with a ring: two signal axes, y and x of the detector."),
       .outputs = {calibration_output_port(),
                   {"ratio", "Ratio a/b ≥ 1 of the ellipse that a circle appears as."},
                   {"angle", "Direction of its long axis, from x towards y."},
                   {"radius", "Radius of the ring without the distortion."},
                   {"center_x", "Centre of the ring along x."},
                   {"center_y", "Centre of the ring along y."},
                   {"profiles", "Azimuthal mean of the mean pattern before and after the distortion is taken out."},
                   {"ring", "Widths, height and quality of the fitted ring."}}},
      parameters, &check, &run);
  return operation;
}

}  // namespace ruska::ops::diffraction
