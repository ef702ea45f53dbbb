// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/ellipse/ellipse.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "ruska/core/metadata.hpp"
#include "ruska/core/rows.hpp"
#include "ruska/ops/diffraction/aligned_mean.hpp"
#include "ruska/ops/diffraction/calibration.hpp"
#include "ruska/ops/diffraction/ellipse/ring_fit.hpp"
#include "ruska/ops/diffraction/ellipse/ring_system.hpp"
#include "ruska/ops/diffraction/ring_profile.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr double beyond_the_disc = 1.5;  // disc radii, from where rings are looked for

constexpr auto parameters = std::tuple{
    parameter(&EllipseParams::inner, "inner", "px", within(0.0, 65536.0),
              "Radius, from the origin, from which one ring is fitted; auto, with outer too: all rings that show, each "
              "between its feet."),
    parameter(&EllipseParams::outer, "outer", "px", within(0.0, 65536.0),
              "Radius up to which it is fitted; auto: the outer foot of the strongest ring beyond inner."),
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

/// The ring between bounds of which one at least is given.
RingSystem one_ring(const AlignedMean& pattern, const Shape& frame, const RingProfile& profile, double from,
                    const EllipseParams& params) {
  double inner = params.inner.value_or(0), outer = params.outer.value_or(0);
  if (!params.inner || !params.outer) {
    const std::vector<RingPeak> peaks = ring_peaks(profile, std::max(from, inner));
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
  TriedRing ring{inner, outer, fit_ring(pattern, frame[0], frame[1], pattern.center, inner, outer)};
  if (const std::string why = why_no_ring(*ring.fit, inner, outer, params.significance); !why.empty()) {
    throw Error(ErrorKind::bad_data, "between " + show(inner) + " and " + show(outer) +
                                         " px no ring stands out of the noise (" + why +
                                         "); give --inner and --outer about one");
  }
  RingSystem system;
  system.ellipse = ring.fit->ellipse;
  system.center = ring.fit->center;
  system.center_sigma = ring.fit->center_sigma;
  system.converged = ring.fit->converged;
  system.rings.push_back(std::move(ring));
  return system;
}

Table table_of_rings(const RingSystem& system) {
  std::vector<double> radius, radius_sigma, ratio, ratio_sigma, angle, angle_sigma, inner, outer, around, chi;
  std::vector<std::string> counts;
  const double none = std::numeric_limits<double>::quiet_NaN();
  for (const TriedRing& ring : system.rings) {
    const RingFit empty{.ellipse = {none, none, none, none},
                        .radius = none,
                        .radius_sigma = none,
                        .reduced_chi_square = none,
                        .around = none};
    const RingFit& fit = ring.fit ? *ring.fit : empty;
    radius.push_back(fit.radius);
    radius_sigma.push_back(fit.radius_sigma);
    ratio.push_back(fit.ellipse.ratio);
    ratio_sigma.push_back(fit.ellipse.ratio_sigma);
    angle.push_back(fit.ellipse.angle);
    angle_sigma.push_back(fit.ellipse.angle_sigma);
    inner.push_back(ring.inner);
    outer.push_back(ring.outer);
    around.push_back(100 * fit.around);
    chi.push_back(fit.reduced_chi_square);
    counts.push_back(ring.rejected.empty() ? "counts" : ring.rejected);
  }
  return {{{"radius", "px", radius},
           {"radius σ", "px", radius_sigma, "radius"},
           {"ratio", "", ratio},
           {"ratio σ", "", ratio_sigma, "ratio"},
           {"long axis", "°", angle},
           {"long axis σ", "°", angle_sigma, "long axis"},
           {"from", "px", inner},
           {"to", "px", outer},
           {"around", "%", around},
           {"reduced χ²", "", chi},
           {"verdict", "", counts}}};
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
  const double disc = calibration.origin ? calibration.origin->probe_radius : 0;
  const double from = std::max(3.0, beyond_the_disc * disc);
  const RingSystem system = params.inner || params.outer
                                ? one_ring(pattern, frame, profile, from, params)
                                : find_rings(pattern, frame[0], frame[1], pattern.center, from, params.significance);
  const RingFit& strongest = *system.strongest().fit;
  calibration.ellipse = system.ellipse;
  const bool origin_from_ring = !calibration.origin;
  if (origin_from_ring) {
    calibration.origin = OriginCalibration{.x = {system.center.x},
                                           .y = {system.center.y},
                                           .sigma_x = system.center_sigma.x,
                                           .sigma_y = system.center_sigma.y,
                                           .scan = description.navigation_shape()};
  }
  if (!system.converged) {
    context.not_converged("the fit of a ring had not settled after 100 steps");
  }

  Outputs outputs;
  Output shown = calibration_output(description, pattern.pattern, calibration);
  Outline fitted{"rings that count", {}}, rejected{"rejected", {}};
  std::vector<Mark> marks;
  for (const TriedRing& ring : system.rings) {
    if (!ring.fit) continue;
    const bool counts = ring.rejected.empty();
    const Matrix distortion = counts ? system.ellipse.distortion() : ring.fit->ellipse.distortion();
    const Vector center = counts ? system.center : ring.fit->center;
    if (!std::isfinite(ring.fit->radius) || !std::isfinite(distortion.xx)) continue;
    (counts ? fitted : rejected).lines.push_back(circle_line(description, center, ring.fit->radius, distortion));
    if (counts) marks.push_back({1, ring.fit->radius, "ring"});
  }
  shown.outlines = {std::move(fitted)};
  if (!rejected.lines.empty()) shown.outlines.push_back(std::move(rejected));
  outputs.add(std::move(shown));
  outputs.add({.name = "ratio",
               .title = "Ellipse, a/b",
               .value = Number{system.ellipse.ratio, system.ellipse.ratio_sigma, ""},
               .view = View::number});
  outputs.add({.name = "angle",
               .title = "Direction of the long axis",
               .value = Number{system.ellipse.angle, system.ellipse.angle_sigma, "°"},
               .view = View::number,
               .note = "From x towards y."});
  outputs.add({.name = "radius",
               .title = "Radius of the strongest ring, undistorted",
               .value = Number{strongest.radius, strongest.radius_sigma, "px"},
               .view = View::number});
  outputs.add({.name = "center_x",
               .title = "Centre of the rings, x",
               .value = Number{system.center.x, system.center_sigma.x, "px"},
               .view = View::number});
  outputs.add({.name = "center_y",
               .title = "Centre of the rings, y",
               .value = Number{system.center.y, system.center_sigma.y, "px"},
               .view = View::number});

  // The profile before and after: a sharper ring is the proof.
  const RingProfile corrected =
      ring_profile(pattern, frame[0], frame[1], system.center, system.ellipse.distortion().inverse(), 1.0);
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
               .marks = std::move(marks)});
  outputs.add({.name = "rings",
               .title = "Rings that were looked at",
               .value = table_of_rings(system),
               .view = View::table,
               .note = system.counted() > 1 ? "Rings scatter by " + show(system.spread, "%.2g") +
                                                  " times their own standard deviations" +
                                                  (system.spread > 1 ? ", which those of the result contain." : ".")
                                            : ""});

  const double stretch = system.ellipse.ratio - 1;
  const auto rings = system.counted();
  outputs.summary = {"ellipse a/b " + show(system.ellipse.ratio, "%.5f") + " ± " +
                         show(system.ellipse.ratio_sigma, "%.1g") + ", long axis at " +
                         show(system.ellipse.angle, "%.2f") + " ± " + show(system.ellipse.angle_sigma, "%.1g") + "°",
                     "from " + std::to_string(rings) + (rings == 1 ? " ring" : " rings") + " about (" +
                         show(system.center.x, "%.2f") + ", " + show(system.center.y, "%.2f") +
                         "), the strongest of radius " + show(strongest.radius, "%.2f") + " px, fitted between " +
                         show(system.strongest().inner) + " and " + show(system.strongest().outer) + " px"};
  const auto left_over = static_cast<std::int64_t>(system.rings.size()) - rings;
  if (left_over > 0) {
    outputs.summary.push_back(std::to_string(left_over) + " more that the profile shows " +
                              (left_over == 1 ? "does" : "do") + " not count; the table says why");
  }
  if (origin_from_ring) {
    outputs.summary.emplace_back("no origin was calibrated; the centre of the rings stands for it in the calibration");
  }
  if (stretch < 2 * system.ellipse.ratio_sigma) {
    outputs.summary.emplace_back("no ellipticity stands out of its uncertainty; the angle means nothing");
  }
  return outputs;
}

}  // namespace

const Operation& ellipse_operation() {
  static const Operation operation = make_operation<EllipseParams>(
      {.name = "diffraction.ellipse",
       .version = 1,
       .summary = "Measures the elliptic distortion of diffraction patterns from the rings in their mean.",
       .citations = {"B. H. Savitzky et al., Microsc. Microanal. 27, 712 (2021)"},
       .inputs =
           calibrated_pattern_ports("Diffraction patterns with a ring: two signal axes, y and x of the detector."),
       .outputs = {calibration_output_port(),
                   {"ratio", "Ratio a/b ≥ 1 of the ellipse that a circle appears as."},
                   {"angle", "Direction of its long axis, from x towards y."},
                   {"radius", "Radius of the strongest ring without the distortion."},
                   {"center_x", "Centre of the rings along x."},
                   {"center_y", "Centre of the rings along y."},
                   {"profiles", "Azimuthal mean of the mean pattern before and after the distortion is taken out."},
                   {"rings", "Every ring looked at, its ellipse, and whether it counts."}}},
      parameters, &check, &run);
  return operation;
}

}  // namespace ruska::ops::diffraction
