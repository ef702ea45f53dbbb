// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/rotation/rotation.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "ruska/core/metadata.hpp"
#include "ruska/core/rows.hpp"
#include "ruska/math/gradient_integration.hpp"
#include "ruska/ops/diffraction/aligned_mean.hpp"
#include "ruska/ops/diffraction/calibration.hpp"
#include "ruska/ops/diffraction/center_of_mass.hpp"
#include "ruska/ops/diffraction/frames.hpp"
#include "ruska/ops/diffraction/rotation/field_rotation.hpp"
#include "ruska/ops/diffraction/scan_maps.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr std::int64_t fewest_positions = 8;  // along each axis: with fewer the window leaves nothing to judge

constexpr auto parameters = std::tuple{
    parameter(&RotationParams::transposed, "transposed", "", one_of("auto|yes|no"),
              "Whether x and y of the detector are exchanged against the scan's; auto: what leaves less curl."),
    parameter(
        &RotationParams::contrast, "contrast", "", one_of("unknown|positive_peaks"),
        "What decides between an angle and the one 180° away, which leave the same curl: nothing, or that the phase "
        "of the specimen has peaks (atoms in vacuum or between others) and no pits."),
};

void require_scan(const Description& data) {
  const Shape scan = data.navigation_shape();
  if (scan.size() == 2 && scan[0] >= fewest_positions && scan[1] >= fewest_positions) return;
  throw Error(ErrorKind::invalid_argument, "the curl of a field needs a scan over two axes of at least " +
                                               std::to_string(fewest_positions) + " positions, and this one has " +
                                               to_string(scan));
}

Plan check(const Inputs& inputs, const RotationParams&) {
  const Description& data = inputs.at("data").describe();
  require_scan(data);
  require_uniform_signal_axes(data, "diffraction.rotation");
  calibration_of(inputs);
  const AlignedMeanMemory mean = aligned_mean_memory(data);
  const Shape scan = data.navigation_shape();
  const std::int64_t positions = data.navigation_size();
  Plan plan;
  plan.outputs = {{"calibration", data.signal_shape()},
                  {"transverse_share", {2, 181}},
                  {"field", shape_of(scan_map_axes(data, "component", 2))}};
  const GradientIntegration integration{.rows = scan[0], .columns = scan[1]};
  plan.least_memory = mean.held + positions * (static_cast<std::int64_t>(sizeof(CenterOfMass)) + 16 * 8) +
                      integration.bytes_held() + (16 << 20);
  plan.memory_per_worker = mean.per_worker;
  plan.memory = plan.least_memory;
  plan.bytes_read = 2.0 * static_cast<double>(data.bytes());
  plan.flops = 20.0 * static_cast<double>(count(data.shape()));
  return plan;
}

std::string show(double value, const char* format = "%.2f") {
  char text[32];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

/// Third moment of the values about their mean: above 0 for peaks on a plain, below 0 for pits.
double third_moment(const std::vector<double>& values) {
  double mean = 0, sum = 0;
  for (const double value : values) mean += value / static_cast<double>(values.size());
  for (const double value : values) sum += std::pow(value - mean, 3);
  return sum;
}

Outputs run(const Inputs& inputs, const RotationParams& params, Context& context) {
  const Dataset& data = inputs.at("data");
  const Description& description = data.describe();
  const std::vector<std::uint8_t> left_out = read_mask(inputs.find("mask"), description.signal_shape(), "mask");
  Calibration calibration = calibration_of(inputs);
  calibration.rotation.reset();
  const Shape scan = description.navigation_shape();
  const std::vector<CenterOfMass> centers = centers_of_mass(data, left_out, context);
  const auto positions = centers.size();

  // Undistorted pixels about the origin; an empty pattern takes the mean, which says nothing.
  const Matrix undistorted = calibration.to_scan();
  std::vector<double> x(positions), y(positions);
  Vector mean;
  double counted = 0;
  for (std::size_t p = 0; p < positions; ++p) {
    if (!(centers[p].counts > 0)) continue;
    Vector at = centers[p].at;
    if (calibration.origin) at = at - calibration.origin->at_position(static_cast<std::int64_t>(p), scan);
    at = undistorted * at;
    x[p] = at.x;
    y[p] = at.y;
    mean = mean + at;
    counted += 1;
  }
  if (counted == 0) throw Error(ErrorKind::bad_data, "all patterns are empty, so that there is no centre of mass");
  mean = (1 / counted) * mean;
  for (std::size_t p = 0; p < positions; ++p) {
    const bool empty = !(centers[p].counts > 0);
    x[p] = empty ? 0 : x[p] - mean.x;
    y[p] = empty ? 0 : y[p] - mean.y;
  }

  const double step_y = std::abs(description.axes[0].scale), step_x = std::abs(description.axes[1].scale);
  if (!(step_x > 0) || !(step_y > 0)) {
    throw Error(ErrorKind::invalid_argument, "the scan's axes have steps of length 0; their ratio is needed");
  }
  const FieldRotation plain = rotation_of_field(x, y, scan[0], scan[1], step_y, step_x);
  const FieldRotation exchanged = rotation_of_field(y, x, scan[0], scan[1], step_y, step_x);
  const bool transposed = params.transposed == "yes" ||
                          (params.transposed == "auto" && exchanged.transverse_share < plain.transverse_share);
  const FieldRotation& chosen = transposed ? exchanged : plain;
  RotationCalibration rotation{chosen.angle, chosen.sigma, transposed, false};

  const auto turned = [&](const Matrix& matrix) {
    std::vector<double> field(2 * positions);
    for (std::size_t p = 0; p < positions; ++p) {
      const Vector v = matrix * Vector{x[p], y[p]};
      field[p] = v.x;
      field[positions + p] = v.y;
    }
    return field;
  };
  std::vector<double> field = turned(rotation.to_scan());
  if (params.contrast == "positive_peaks") {
    const GradientIntegration integration{.rows = scan[0], .columns = scan[1], .step_y = step_y, .step_x = step_x};
    const std::span<const double> both(field);
    if (third_moment(integration.integrate(both.first(positions), both.subspan(positions))) < 0) {
      rotation.angle += rotation.angle > 0 ? -180 : 180;
      field = turned(rotation.to_scan());
    }
    rotation.sign_known = true;
  }
  calibration.rotation = rotation;
  const AlignedMean pattern = aligned_mean(data, calibration, left_out, context);

  Outputs outputs;
  outputs.add({.name = "angle",
               .title = "Rotation",
               .value = Number{rotation.angle, rotation.sigma, "°"},
               .view = View::number,
               .note = rotation.sign_known ? "The sense was chosen so that the phase has peaks."
                                           : "The curl cannot tell this angle from the one 180° away."});
  Description curve;
  curve.title = "Curl that is left";
  curve.axes = {{.name = "detector axes", .role = Role::navigation, .size = 2},
                {.name = "angle", .quantity = "angle", .units = "°", .role = Role::signal, .size = 181, .offset = -90}};
  set(curve.metadata, "General.title", curve.title);
  set(curve.metadata, "Signal.quantity", "Share of the field's power that no gradient has");
  std::vector<double> shares = plain.share_at;
  shares.insert(shares.end(), exchanged.share_at.begin(), exchanged.share_at.end());
  outputs.add({.name = "transverse_share",
               .title = "Curl that is left after turning by each angle",
               .value = Dataset::from_values<double>(curve, shares),
               .view = View::spectra,
               .components = {"as they are", "x and y exchanged"},
               .marks = {{transposed ? 1 : 0, chosen.angle, show(chosen.angle) + "°"}}});
  outputs.add({.name = "field",
               .title = "Centre of mass in the scan's frame",
               .value = dataset_over<double>(scan_map_axes(description, "component", 2),
                                             "Centre of mass in the scan's frame", "Undistorted pixels (px)", field),
               .view = View::vectors,
               .components = {"x", "y"},
               .note = "About its mean; x to the right, y downward, as in the scan."});
  const auto yes_no = [](bool value) { return std::string(value ? "yes" : "no"); };
  outputs.add(
      {.name = "candidates",
       .title = "Both ways to lay the detector's axes",
       .value = Table{{{"exchanged", "", std::vector<std::string>{"no", "yes"}},
                       {"angle", "°", std::vector<double>{plain.angle, exchanged.angle}},
                       {"angle σ", "°", std::vector<double>{plain.sigma, exchanged.sigma}, "angle"},
                       {"curl left", "", std::vector<double>{plain.transverse_share, exchanged.transverse_share}}}},
       .view = View::table});
  outputs.add(calibration_output(description, pattern.pattern, calibration));
  outputs.summary = {"rotation " + show(rotation.angle) + " ± " + show(rotation.sigma, "%.2g") +
                         "°, x and y exchanged: " + yes_no(transposed) +
                         (rotation.sign_known ? "" : "; the angle 180° away leaves the same curl"),
                     "curl left: " + show(100 * plain.transverse_share, "%.1f") + " % as they are, " +
                         show(100 * exchanged.transverse_share, "%.1f") + " % with x and y exchanged"};
  if (chosen.transverse_share > 0.45 || chosen.sigma > 10) {
    context.warn("the centre of mass hardly has a direction in which its curl vanishes: the rotation is not measured");
  } else if (params.transposed == "auto" && std::abs(plain.transverse_share - exchanged.transverse_share) < 0.05) {
    context.warn("both ways to lay the detector's axes leave nearly the same curl; give --transposed yes or no");
  }
  return outputs;
}

}  // namespace

const Operation& rotation_operation() {
  static const Operation operation = make_operation<RotationParams>(
      {.name = "diffraction.rotation",
       .version = 1,
       .summary = "Finds the angle between scan and detector from the curl of the centre of mass.",
       .citations = {"B. H. Savitzky et al., Microsc. Microanal. 27, 712 (2021)",
                     "I. Lazić, E. G. T. Bosch and S. Lazar, Ultramicroscopy 160, 265 (2016)"},
       .inputs = calibrated_pattern_ports(
           "A scan of diffraction patterns over y and x: two signal axes, y and x of the detector."),
       .outputs = {{"angle", "Angle, from x towards y, that brings vectors on the detector into the scan's frame."},
                   {"transverse_share",
                    "Share of the field's power that no gradient has, against the angle, for both "
                    "ways to lay the detector's axes."},
                   {"field", "The centre of mass in the scan's frame about its mean, x and y (undistorted px)."},
                   {"candidates", "Angle and curl left for both ways to lay the detector's axes."},
                   calibration_output_port()}},
      parameters, &check, &run);
  return operation;
}

}  // namespace ruska::ops::diffraction
