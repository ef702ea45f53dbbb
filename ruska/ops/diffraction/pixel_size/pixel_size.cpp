// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/pixel_size/pixel_size.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>

#include "ruska/core/metadata.hpp"
#include "ruska/core/rows.hpp"
#include "ruska/ops/diffraction/aligned_mean.hpp"
#include "ruska/ops/diffraction/calibration.hpp"
#include "ruska/ops/diffraction/electron_wave.hpp"
#include "ruska/ops/diffraction/physical_scale.hpp"
#include "ruska/ops/diffraction/pixel_size/ring_match.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr double beyond_the_disc = 1.5;  // disc radii, from where rings are looked for

constexpr auto parameters = std::tuple{
    parameter(&PixelSizeParams::standard, "standard", "", one_of("Au|Ag|Al|Pt|Cu|Ni|Pd|Si|W|Fe|other"),
              "The crystal whose rings the patterns show; other: a cubic one of given lattice and constant."),
    parameter(&PixelSizeParams::lattice, "lattice", "", one_of("sc|bcc|fcc|diamond"), "Lattice of the other standard."),
    parameter(&PixelSizeParams::lattice_constant, "lattice_constant", "nm", within(0.05, 10.0),
              "Lattice constant, of the other standard or in place of the known one; auto: the known one."),
    parameter(
        &PixelSizeParams::expected, "expected", "1/nm", within(1e-6, 1e3),
        "Roughly the size of a pixel, where the search begins; auto: that of the signal axes, and where they have "
        "none all sizes that put three rings into the frame."),
    parameter(&PixelSizeParams::tolerance, "tolerance", "", within(0.005, 3.0),
              "How far the size may be from the expected one, as a share of it."),
    parameter(&PixelSizeParams::inner, "inner", "px", within(0.0, 65536.0),
              "Radius beyond which rings are looked for; auto: 1.5 radii of the undiffracted disc."),
};

PowderStandard standard_of(const PixelSizeParams& params) {
  PowderStandard standard{"the crystal given", params.lattice, params.lattice_constant.value_or(0)};
  for (const PowderStandard& known : powder_standards()) {
    if (known.name == params.standard) standard = known;
  }
  if (params.lattice_constant) standard.constant = *params.lattice_constant;
  if (!(standard.constant > 0)) {
    throw Error(ErrorKind::invalid_argument, "the standard is 'other'; give --lattice_constant in nm");
  }
  return standard;
}

/// The roughly known size, 1/nm per px.
std::optional<double> expected_size(const Description& data, const Calibration& calibration,
                                    const PixelSizeParams& params) {
  if (params.expected) return params.expected;
  Calibration without = calibration;
  without.pixel_size.reset();
  const auto energy = beam_energy(data.metadata);
  const Axis& axis = data.axes.back();
  const bool angle = axis.units == "mrad" || axis.units == "rad";
  if (angle && !energy) return std::nullopt;
  const double wavelength = energy ? electron_wavelength(*energy) : 1;
  if (!reciprocal_nanometres_of(axis.units, wavelength)) return std::nullopt;
  return pixel_in_reciprocal_nanometres(data, without, wavelength);
}

Calibration known_so_far(const Inputs& inputs) {
  const Description& data = inputs.at("data").describe();
  require_uniform_signal_axes(data, "diffraction.pixel_size");
  Calibration calibration = calibration_of(inputs);
  if (!calibration.origin) {
    throw Error(ErrorKind::invalid_argument,
                "the origin is not calibrated, and rings are measured from it; run diffraction.origin and give its "
                "calibration");
  }
  return calibration;
}

Plan check(const Inputs& inputs, const PixelSizeParams& params) {
  const Description& data = inputs.at("data").describe();
  const Calibration calibration = known_so_far(inputs);
  standard_of(params);
  expected_size(data, calibration, params);
  const AlignedMeanMemory mean = aligned_mean_memory(data);
  Plan plan;
  plan.outputs = {{"calibration", data.signal_shape()}};
  plan.least_memory = mean.held + 64 * data.signal_size() + (16 << 20);
  plan.memory_per_worker = mean.per_worker;
  plan.memory = plan.least_memory;
  plan.bytes_read = static_cast<double>(data.bytes());
  plan.flops = 8.0 * static_cast<double>(count(data.shape()));
  return plan;
}

std::string show(double value, const char* format = "%.5g") {
  char text[32];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

Outputs run(const Inputs& inputs, const PixelSizeParams& params, Context& context) {
  const Dataset& data = inputs.at("data");
  const Description& description = data.describe();
  const Shape frame = description.signal_shape();
  const std::vector<std::uint8_t> left_out = read_mask(inputs.find("mask"), frame, "mask");
  Calibration calibration = known_so_far(inputs);
  const PowderStandard standard = standard_of(params);
  const auto expected = expected_size(description, calibration, params);
  calibration.pixel_size.reset();
  const AlignedMean pattern = aligned_mean(data, calibration, left_out, context);
  Matrix undistorted, distortion;
  if (calibration.ellipse) {
    distortion = calibration.ellipse->distortion();
    undistorted = distortion.inverse();
  }
  const RingProfile profile = ring_profile(pattern, frame[0], frame[1], pattern.center, undistorted, 0.5);
  const double inner = params.inner.value_or(std::max(3.0, beyond_the_disc * calibration.origin->probe_radius));
  const double reach = profile.radius(profile.mean.size() - 1);
  double low = 0, high = 0;
  if (expected) {
    low = *expected / (1 + params.tolerance);
    high = *expected * (1 + params.tolerance);
  } else {
    // The first ring outside `inner`, the third inside the frame.
    const std::vector<PowderRing> rings = powder_rings(standard, 4 / standard.constant);
    low = rings.at(2).frequency / std::max(reach, 1.0);
    high = rings.at(0).frequency / inner;
    if (!(high > low)) {
      throw Error(ErrorKind::bad_data, "between " + show(inner) + " and " + show(reach) +
                                           " px there is no room for three rings; give a smaller --inner");
    }
  }
  const RingMatch match = match_rings(profile, standard, inner, low, high);
  calibration.pixel_size = PixelSizeCalibration{match.pixel_size, match.sigma, "1/nm", standard.name};

  Outputs outputs;
  Output shown = calibration_output(description, pattern.pattern, calibration);
  std::vector<Mark> marks;
  const Axis &axis_y = description.axes[description.axes.size() - 2], &axis_x = description.axes.back();
  std::vector<std::string> indices;
  std::vector<double> frequencies, radii, heights, sigmas;
  for (const MeasuredRing& one : match.rings) {
    indices.push_back(one.ring.indices);
    frequencies.push_back(one.ring.frequency);
    radii.push_back(one.radius);
    heights.push_back(one.height);
    sigmas.push_back(one.height_sigma);
    if (!(one.height > 3 * one.height_sigma)) continue;
    marks.push_back({-1, one.ring.frequency, one.ring.indices});
    Outline outline{one.ring.indices, {{}}};
    for (int i = 0; i < 120; ++i) {
      const double angle = 2 * std::numbers::pi * i / 120;
      const Vector at = pattern.center + one.radius * (distortion * Vector{std::cos(angle), std::sin(angle)});
      outline.lines[0].push_back(axis_x.at(at.x));
      outline.lines[0].push_back(axis_y.at(at.y));
    }
    shown.outlines.push_back(std::move(outline));
  }
  outputs.add(std::move(shown));
  outputs.add({.name = "pixel_size",
               .title = "Size of a pixel",
               .value = Number{match.pixel_size, match.sigma, "1/nm"},
               .view = View::number,
               .note = "Along x and y alike, once the ellipse is taken out. The lattice constant's own uncertainty is "
                       "not in it."});
  Description curve;
  curve.title = "Azimuthal mean";
  curve.axes = {{.name = "profile", .role = Role::navigation, .size = 2},
                {.name = "scattering vector",
                 .units = "1/nm",
                 .role = Role::signal,
                 .size = static_cast<std::int64_t>(profile.mean.size()),
                 .scale = profile.step * match.pixel_size}};
  set(curve.metadata, "General.title", curve.title);
  set(curve.metadata, "Signal.quantity", "Mean of the pixels at each radius");
  std::vector<double> curves = profile.mean;
  curves.insert(curves.end(), match.fitted.begin(), match.fitted.end());
  outputs.add({.name = "profile",
               .title = "Azimuthal mean with the rings of " + standard.name,
               .value = Dataset::from_values<double>(curve, curves),
               .view = View::spectra,
               .components = {"measured", "fitted"},
               .marks = marks});
  outputs.add({.name = "rings",
               .title = "Rings fitted",
               .value = Table{{{"ring", "", indices},
                               {"reciprocal spacing", "1/nm", frequencies},
                               {"radius", "px", radii},
                               {"height", "counts", heights},
                               {"height σ", "counts", sigmas, "height"}}},
               .view = View::table});
  outputs.summary = {"pixel size " + show(match.pixel_size, "%.6g") + " ± " + show(match.sigma, "%.2g") +
                         " 1/nm from " + std::to_string(match.significant) + " rings of " + standard.name + ", " +
                         show(match.width, "%.2g") + " px wide",
                     "the comb correlates " + show(match.score, "%.2f") + " with the profile, " +
                         show(match.rival_score, "%.2f") + " at the best other scale"};
  if (!match.converged) context.not_converged("the fit of the rings had not settled after 200 steps");
  if (match.rival_score > 0.9 * match.score) {
    context.warn("another scale fits the rings nearly as well; give --expected, or a smaller --tolerance");
  }
  return outputs;
}

}  // namespace

const Operation& pixel_size_operation() {
  static const Operation operation = make_operation<PixelSizeParams>(
      {.name = "diffraction.pixel_size",
       .version = 1,
       .summary = "Measures the size of a detector pixel in 1/nm from the powder rings of a known crystal.",
       .citations = {"B. H. Savitzky et al., Microsc. Microanal. 27, 712 (2021)"},
       .inputs =
           calibrated_pattern_ports("Diffraction patterns of a powder: two signal axes, y and x of the detector."),
       .outputs = {calibration_output_port(),
                   {"pixel_size", "Size of a detector pixel, 1/nm."},
                   {"profile", "Azimuthal mean of the mean pattern against 1/d, as measured and as fitted."},
                   {"rings", "Radius and fitted height of each ring."}}},
      parameters, &check, &run);
  return operation;
}

}  // namespace ruska::ops::diffraction
