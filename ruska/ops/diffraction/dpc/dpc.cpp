// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
//   q(r) = s · R T E⁻¹ (c(r) − origin(r)),   β = λ q,   E t = −(p v / e) β,   ∇φ = 2π q
// with c the pattern's centre of mass (K. Müller et al., Nat. Commun. 5, 5653 (2014)), and the phase by Fourier
// integration (I. Lazić, E. G. T. Bosch and S. Lazar, Ultramicroscopy 160, 265 (2016)). q is exact for a phase object;
// of a thick specimen it is the mean momentum transfer. One pass over the data. Instead of steps that repeat
// differences and integrations until nothing changes, the field goes on as its mirror image, which is the least-squares
// solution with free borders at once.
#include "ruska/ops/diffraction/dpc/dpc.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numbers>

#include "ruska/core/metadata.hpp"
#include "ruska/core/rows.hpp"
#include "ruska/math/gradient_integration.hpp"
#include "ruska/ops/diffraction/calibration.hpp"
#include "ruska/ops/diffraction/center_of_mass.hpp"
#include "ruska/ops/diffraction/electron_wave.hpp"
#include "ruska/ops/diffraction/frames.hpp"
#include "ruska/ops/diffraction/physical_scale.hpp"
#include "ruska/ops/diffraction/scan_maps.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr auto parameters = std::tuple{
    parameter(
        &DpcParams::reference, "reference", "", one_of("auto|origin|mean|plane"),
        "What the undeflected beam's place is: the calibrated origin, the mean of all patterns, or a plane through "
        "them; auto: the origin where it is calibrated, else the mean."),
    parameter(
        &DpcParams::rotation, "rotation", "°", within(-360.0, 360.0),
        "Angle, from x towards y, that brings vectors on the detector into the scan's frame; auto: the calibrated "
        "one."),
    parameter(
        &DpcParams::transposed, "transposed", "",
        "Whether x and y of the detector are exchanged before that turn; auto: as calibrated, no where rotation is "
        "given."),
    parameter(&DpcParams::pixel_size, "pixel_size", "1/nm", within(1e-9, 1e6),
              "Size of a detector pixel; auto: the calibrated one, else that of the signal axes."),
    parameter(&DpcParams::beam_energy, "beam_energy", "keV", within(1.0, 3000.0),
              "Energy of the beam; auto: from the metadata."),
    parameter(
        &DpcParams::thickness, "thickness", "nm", within(1e-3, 1e6),
        "Thickness of the specimen, for the field in V/nm; auto: that of the metadata, and where there is none the "
        "field times the thickness, in V."),
    parameter(&DpcParams::border, "border", "", one_of("mirrored|periodic"),
              "How the field goes on beyond the scan while it is integrated."),
    parameter(
        &DpcParams::high_pass, "high_pass", "1/nm", within(0.0, 1e6),
        "Spatial frequency below which the phase is damped, since noise grows there; auto: half a period over the "
        "longer side of the scan."),
};

/// All that the physics needs, known before a value is read.
struct Setup {
  double wavelength = 0, energy = 0;  ///< nm, keV
  double pixel = 0;                   ///< 1/nm
  Matrix to_scan{};
  std::optional<double> thickness{};
  bool use_origin = false;
  Calibration calibration{};
  GradientIntegration integration{};
};

Setup setup_of(const Inputs& inputs, const DpcParams& params) {
  const Description& data = inputs.at("data").describe();
  require_uniform_signal_axes(data, "diffraction.dpc");
  Setup setup;
  setup.calibration = calibration_of(inputs);
  Calibration& calibration = setup.calibration;
  const auto energy = params.beam_energy ? params.beam_energy : beam_energy(data.metadata);
  if (!energy || !(*energy > 0)) {
    throw Error(ErrorKind::invalid_argument, "the beam energy is not known; give --beam_energy in keV");
  }
  setup.energy = *energy;
  setup.wavelength = electron_wavelength(*energy);
  if (params.rotation) {
    calibration.rotation = RotationCalibration{*params.rotation, 0, params.transposed.value_or(false), true};
  } else if (params.transposed) {
    throw Error(ErrorKind::invalid_argument, "transposed is given without rotation; give --rotation too");
  }
  if (!calibration.rotation) {
    throw Error(ErrorKind::invalid_argument,
                "the rotation between scan and detector is not known, and without it the phase means nothing; run "
                "diffraction.rotation and give its calibration, or give --rotation");
  }
  if (params.pixel_size) calibration.pixel_size = PixelSizeCalibration{*params.pixel_size, 0, "1/nm", ""};
  setup.pixel = pixel_in_reciprocal_nanometres(data, calibration, setup.wavelength);
  setup.to_scan = calibration.to_scan();
  setup.thickness = params.thickness ? params.thickness : number_at(data.metadata, "Sample.thickness");
  if (setup.thickness && !(*setup.thickness > 0)) setup.thickness.reset();
  if (params.reference == "origin" && !calibration.origin) {
    throw Error(ErrorKind::invalid_argument,
                "the origin is not calibrated; run diffraction.origin and give its calibration, or give --reference "
                "mean");
  }
  setup.use_origin = calibration.origin && (params.reference == "auto" || params.reference == "origin");
  const Shape scan = data.navigation_shape();
  const ScanStep step = scan_step_in_nanometres(data);
  const double longest = std::max(static_cast<double>(scan[0]) * step.y, static_cast<double>(scan[1]) * step.x);
  setup.integration = {.rows = scan[0],
                       .columns = scan[1],
                       .step_y = step.y,
                       .step_x = step.x,
                       .high_pass = params.high_pass.value_or(0.5 / std::max(longest, 1e-300)),
                       .mirrored = params.border == "mirrored"};
  return setup;
}

Plan check(const Inputs& inputs, const DpcParams& params) {
  const Description& data = inputs.at("data").describe();
  const Setup setup = setup_of(inputs, params);
  const Shape vectors = shape_of(scan_map_axes(data, "component", 2)), scalars = data.navigation_shape();
  Plan plan;
  plan.outputs = {{"phase", scalars},       {"phase_sigma", scalars}, {"field", vectors},
                  {"field_sigma", vectors}, {"deflection", vectors},  {"deflection_sigma", vectors}};
  plan.least_memory = data.navigation_size() * (static_cast<std::int64_t>(sizeof(CenterOfMass)) + 24 * 8) +
                      setup.integration.bytes_held() + (16 << 20);
  plan.memory_per_worker = frame_bytes_held(data);
  plan.memory = plan.least_memory;
  plan.bytes_read = static_cast<double>(data.bytes());
  plan.flops = 6.0 * static_cast<double>(count(data.shape()));
  return plan;
}

/// Least-squares plane through the values where `counts`, by weights of 1.
std::vector<double> without_plane(const std::vector<double>& values, const std::vector<CenterOfMass>& centers,
                                  const Shape& scan, bool only_mean) {
  // Columns and rows about their middle; over a whole grid they would be orthogonal, but positions may be empty.
  double normal[3][3] = {}, right[3] = {};
  const auto terms = [&](std::size_t p, double(&t)[3]) {
    t[0] = 1;
    t[1] = only_mean
               ? 0
               : static_cast<double>(p % static_cast<std::size_t>(scan[1])) - 0.5 * static_cast<double>(scan[1] - 1);
    t[2] = only_mean
               ? 0
               : static_cast<double>(p / static_cast<std::size_t>(scan[1])) - 0.5 * static_cast<double>(scan[0] - 1);
  };
  double t[3];
  for (std::size_t p = 0; p < values.size(); ++p) {
    if (!(centers[p].counts > 0)) continue;
    terms(p, t);
    for (int i = 0; i < 3; ++i) {
      right[i] += t[i] * values[p];
      for (int j = 0; j < 3; ++j) normal[i][j] += t[i] * t[j];
    }
  }
  // Gaussian elimination; a term that never varies is left out.
  double solution[3] = {};
  bool there[3] = {};
  for (int i = 0; i < 3; ++i) {
    there[i] = normal[i][i] > 1e-9;
    for (int k = i + 1; k < 3 && there[i]; ++k) {
      const double factor = normal[k][i] / normal[i][i];
      for (int j = i; j < 3; ++j) normal[k][j] -= factor * normal[i][j];
      right[k] -= factor * right[i];
    }
  }
  for (int i = 2; i >= 0; --i) {
    if (!there[i]) continue;
    double rest = right[i];
    for (int j = i + 1; j < 3; ++j) rest -= normal[i][j] * solution[j];
    solution[i] = rest / normal[i][i];
  }
  std::vector<double> result(values.size());
  for (std::size_t p = 0; p < values.size(); ++p) {
    terms(p, t);
    result[p] = values[p] - solution[0] * t[0] - solution[1] * t[1] - solution[2] * t[2];
  }
  return result;
}

std::string show(double value, const char* format = "%.3g") {
  char text[32];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

double root_mean_square(const std::vector<double>& values) {
  double sum = 0, number = 0;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    sum += value * value;
    number += 1;
  }
  return number > 0 ? std::sqrt(sum / number) : 0.0;
}

Outputs run(const Inputs& inputs, const DpcParams& params, Context& context) {
  const Dataset& data = inputs.at("data");
  const Description& description = data.describe();
  const Setup setup = setup_of(inputs, params);
  const Shape scan = description.navigation_shape();
  const std::vector<std::uint8_t> left_out = read_mask(inputs.find("mask"), description.signal_shape(), "mask");
  const std::vector<CenterOfMass> centers = centers_of_mass(data, left_out, context);
  const std::size_t positions = centers.size();

  // 1/nm in the scan's frame; positions without counts take part as zeros of no variance.
  std::vector<double> x(positions), y(positions), variance_x(positions), variance_y(positions), covariance(positions);
  std::int64_t empty = 0;
  const Matrix& m = setup.to_scan;
  for (std::size_t p = 0; p < positions; ++p) {
    const CenterOfMass& center = centers[p];
    if (!(center.counts > 0)) {
      ++empty;
      continue;
    }
    Vector at = center.at;
    if (setup.use_origin) at = at - setup.calibration.origin->at_position(static_cast<std::int64_t>(p), scan);
    at = setup.pixel * (m * at);
    x[p] = at.x;
    y[p] = at.y;
    const double scale = setup.pixel * setup.pixel;
    const double a = center.variance_x, b = center.variance_y, c = center.covariance;
    variance_x[p] = scale * (m.xx * m.xx * a + m.xy * m.xy * b + 2 * m.xx * m.xy * c);
    variance_y[p] = scale * (m.yx * m.yx * a + m.yy * m.yy * b + 2 * m.yx * m.yy * c);
    covariance[p] = scale * (m.xx * m.yx * a + m.xy * m.yy * b + (m.xx * m.yy + m.xy * m.yx) * c);
  }
  if (empty == static_cast<std::int64_t>(positions)) {
    throw Error(ErrorKind::bad_data, "all patterns are empty, so that there is no centre of mass");
  }
  if (!setup.use_origin) {
    x = without_plane(x, centers, scan, params.reference != "plane");
    y = without_plane(y, centers, scan, params.reference != "plane");
  }
  std::vector<double> gradient_x(positions), gradient_y(positions);
  for (std::size_t p = 0; p < positions; ++p) {
    if (!(centers[p].counts > 0)) x[p] = y[p] = 0;
    gradient_x[p] = 2 * std::numbers::pi * x[p];
    gradient_y[p] = 2 * std::numbers::pi * y[p];
  }
  const std::vector<double> phase = setup.integration.integrate(gradient_x, gradient_y);
  std::vector<double> phase_sigma = setup.integration.variance(variance_x, variance_y, covariance);
  for (double& one : phase_sigma) one = 2 * std::numbers::pi * std::sqrt(one);

  const double none = std::numeric_limits<double>::quiet_NaN();
  // β in mrad; E t = −(p v) β in V with p v in keV and β in mrad.
  const double to_deflection = 1e3 * setup.wavelength;
  const double to_field = -momentum_times_velocity(setup.energy) * to_deflection / setup.thickness.value_or(1.0);
  std::vector<double> deflection(2 * positions, none), deflection_sigma = deflection, field = deflection,
                                                       field_sigma = deflection;
  for (std::size_t p = 0; p < positions; ++p) {
    if (!(centers[p].counts > 0)) continue;
    const double sigma_x = std::sqrt(std::max(0.0, variance_x[p])), sigma_y = std::sqrt(std::max(0.0, variance_y[p]));
    deflection[p] = to_deflection * x[p];
    deflection[positions + p] = to_deflection * y[p];
    deflection_sigma[p] = to_deflection * sigma_x;
    deflection_sigma[positions + p] = to_deflection * sigma_y;
    field[p] = to_field * x[p];
    field[positions + p] = to_field * y[p];
    field_sigma[p] = std::abs(to_field) * sigma_x;
    field_sigma[positions + p] = std::abs(to_field) * sigma_y;
  }

  Outputs outputs;
  const Axes vectors = scan_map_axes(description, "component", 2), scalars = scan_map_axes(description, "", 0);
  const std::string unit = setup.thickness ? "V/nm" : "V";
  const std::string what = setup.thickness ? "Electric field" : "Electric field times thickness";
  outputs.add({.name = "phase",
               .title = "Phase",
               .value = dataset_over<double>(scalars, "Phase", "Phase (rad)", phase),
               .view = View::maps,
               .sigma = "phase_sigma",
               .note = "Averaged over the probe; of mean zero, and damped below " + show(setup.integration.high_pass) +
                       " 1/nm."});
  outputs.add({.name = "field",
               .title = what,
               .value = dataset_over<double>(vectors, what, what + " (" + unit + ")", field),
               .view = View::vectors,
               .sigma = "field_sigma",
               .components = {"x", "y"},
               .note = "The field that deflects the beam, averaged over the probe; electrons go against it. x to the "
                       "right, y downward, as in the scan."});
  outputs.add({.name = "phase_sigma",
               .title = "Standard deviation of the phase",
               .value = dataset_over<double>(scalars, "Phase, standard deviation", "Phase (rad)", phase_sigma),
               .view = View::maps,
               .note = "Counting statistics alone, one count per electron."});
  outputs.add(
      {.name = "field_sigma",
       .title = "Standard deviation of the field",
       .value = dataset_over<double>(vectors, what + ", standard deviation", what + " (" + unit + ")", field_sigma),
       .components = {"x", "y"}});
  outputs.add({.name = "deflection",
               .title = "Deflection of the beam",
               .value = dataset_over<double>(vectors, "Deflection", "Deflection (mrad)", deflection),
               .sigma = "deflection_sigma",
               .components = {"x", "y"}});
  outputs.add(
      {.name = "deflection_sigma",
       .title = "Standard deviation of the deflection",
       .value = dataset_over<double>(vectors, "Deflection, standard deviation", "Deflection (mrad)", deflection_sigma),
       .components = {"x", "y"}});

  const double spread = root_mean_square(field), noise = root_mean_square(field_sigma);
  outputs.summary = {
      what + ": " + show(spread) + " " + unit + " rms, of which counting noise " + show(noise) + " " + unit,
      "phase: " + show(root_mean_square(phase)) + " rad rms, counting noise " + show(root_mean_square(phase_sigma)) +
          " rad",
      "with " + setup.calibration.story() + "; beam " + show(setup.energy, "%.4g") + " keV"};
  if (empty > 0) {
    outputs.summary.push_back(std::to_string(empty) + " patterns are empty; their field counted as zero in the phase");
  }
  if (noise > 0.7 * spread) {
    context.warn("the field is hardly above its counting noise; average positions or denoise the patterns");
  }
  if (setup.calibration.rotation && !setup.calibration.rotation->sign_known) {
    context.warn("the rotation is known up to 180° only, so that phase and field may have the other sign");
  }
  return outputs;
}

std::vector<Port> ports() {
  std::vector<Port> all = calibrated_pattern_ports(
      "A scan of diffraction patterns over y and x: two signal axes, y and x of the detector.");
  all.front().min_navigation = all.front().max_navigation = 2;  // the field is integrated over y and x
  return all;
}

}  // namespace

const Operation& dpc_operation() {
  static const Operation operation = make_operation<DpcParams>(
      {.name = "diffraction.dpc",
       .version = 1,
       .summary = "Differential phase contrast: electric field and phase of the specimen from the centre of mass.",
       .citations = {"K. Müller et al., Nat. Commun. 5, 5653 (2014)",
                     "I. Lazić, E. G. T. Bosch and S. Lazar, Ultramicroscopy 160, 265 (2016)"},
       .inputs = ports(),
       .outputs = {{"phase", "Phase of the specimen averaged over the probe, of mean zero (rad)."},
                   {"field",
                    "Electric field, x and y (V/nm, or times the thickness, V); NaN where a pattern is empty."},
                   {"phase_sigma", "Standard deviation of the phase by counting statistics."},
                   {"field_sigma", "Standard deviation of the field; NaN where a pattern is empty."},
                   {"deflection", "Deflection of the beam, x and y (mrad); NaN where a pattern is empty."},
                   {"deflection_sigma", "Standard deviation of the deflection; NaN where a pattern is empty."}}},
      parameters, &check, &run);
  return operation;
}

}  // namespace ruska::ops::diffraction
