// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
//   image_d(p) = Σ_{k in d} I(p, k),   c(p) = Σ k I(p, k) / Σ I(p, k)      k over the detector's pixels, p over the
//   scan
// One pass over the data, with the kernel of ruska/kernels/frame_sums.cpp; one look at few frames before it where
// centre or detectors are to be found. Time: that of reading the data. Memory: a few numbers per position and per
// pixel. With a calibration detectors follow its origin by whole pixels (following_detectors.hpp), so that integers
// stay exact.
#include "ruska/ops/diffraction/scan/scan.hpp"

#include <algorithm>
#include <optional>

#include "ruska/core/executor.hpp"
#include "ruska/core/rows.hpp"
#include "ruska/ops/diffraction/calibration_summary.hpp"
#include "ruska/ops/diffraction/scan/frame_pass.hpp"
#include "ruska/ops/diffraction/scan/scan_outputs.hpp"
#include "ruska/ops/diffraction/scan/scan_setup.hpp"
#include "ruska/ops/diffraction/scan_maps.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr auto parameters = std::tuple{
    parameter(&ScanParams::detectors, "detectors", "",
              "Virtual detectors: NAME=disc:R, NAME=annulus:R1:R2, NAME=segments:N:R1:R2[:DEGREES], "
              "NAME=polygon:X:Y:X:Y:X:Y, each with @X:Y behind it to move its middle from the centre; none: bright "
              "field, annular bright field and dark field about the bright disc that a few frames show."),
    parameter(&ScanParams::center_x, "center_x", "",
              "Centre of the detectors along x, in px or, with lengths in axis, its coordinate; auto: the calibrated "
              "origin, else that of the bright disc."),
    parameter(&ScanParams::center_y, "center_y", "",
              "Centre of the detectors along y, in px or, with lengths in axis, its coordinate; auto: the calibrated "
              "origin, else that of the bright disc."),
    parameter(
        &ScanParams::lengths, "lengths", "", one_of("px|axis|1/nm|mrad"),
        "What lengths of detectors and the radial step are in: pixels, the signal axes' own unit, or 1/nm or mrad "
        "by the pixel size, the calibrated ellipse taken out."),
    parameter(&ScanParams::follow_origin, "follow_origin", "",
              "Whether detectors move, by whole pixels, with the calibrated origin over the scan; otherwise its mean "
              "serves all positions."),
    parameter(&ScanParams::pixel_size, "pixel_size", "1/nm", within(1e-9, 1e9),
              "Size of a detector pixel; auto: from the calibration, or the signal axes where lengths need it."),
    parameter(&ScanParams::beam_energy, "beam_energy", "keV", within(1.0, 3000.0),
              "Energy of the beam, which angles need; auto: from the metadata."),
    parameter(&ScanParams::variance, "variance", "", "Also the variance of every pixel over the scan."),
    parameter(&ScanParams::radial, "radial", "",
              "Also the radial profile at every position: the mean of the pixels whose centre lies in each ring, the "
              "calibrated ellipse taken out."),
    parameter(&ScanParams::radial_step, "radial_step", "", within(1e-9, 1e9),
              "Width of the rings of the radial profile."),
    parameter(&ScanParams::significance, "significance", "σ", within(3.0, 1000.0),
              "Least deviation of a pixel from its surroundings at which the table of suspicious pixels names it."),
};

std::int64_t bytes_held(const Inputs& inputs, const ScanParams& params, const ScanSetup& setup, std::int64_t rings) {
  const Description& data = inputs.at("data").describe();
  const std::int64_t detectors = detector_count(inputs, params), pixels = data.signal_size();
  const std::int64_t weighted = given_masks(inputs).weighted ? given_masks(inputs).number : 0;
  const PassMemory pass = pass_memory(data, is_corrected(inputs), 3 + detectors, weighted, rings, params.variance);
  // Maps: images, two of the centre of mass, two of its deviation, totals, profiles; each once more while it is made.
  const std::int64_t maps = data.navigation_size() * 8 * (detectors + 5 + rings + std::max(detectors, rings));
  // Patterns and masks: some are made while others are there; runs of a mask at worst take 8 bytes per two pixels.
  const std::int64_t patterns = pixels * (detectors * 12 + weighted * 16 + 108);
  return pass.held + maps + patterns + (setup.follows ? FollowingDetectors::bytes_kept() : 0) + (16 << 20);
}

Plan check(const Inputs& inputs, const ScanParams& params) {
  const Description& data = inputs.at("data").describe();
  for (const char* port : {"dark", "gain", "mask"}) check_frame_port(inputs, port);
  const ScanSetup setup = setup_of(inputs, params);
  const std::int64_t detectors = detector_count(inputs, params);
  const std::int64_t rings = planned_rings(setup, params, data.navigation_shape());
  const DType sums = sum_dtype(inputs);
  const auto map = [&](const char* components, std::int64_t number) {
    return shape_of(scan_map_axes(data, components, number));
  };
  Plan plan;
  plan.outputs = {{"images", map("detector", detectors), given_masks(inputs).weighted ? DType::float64 : sums},
                  {"center_of_mass", map("component", 2)},
                  {"center_of_mass_sigma", map("component", 2)},
                  {"total", map("", 0), sums},
                  {"mean", data.signal_shape()},
                  {"maximum", data.signal_shape(), is_corrected(inputs) ? DType::float64 : data.dtype},
                  {"sum", data.signal_shape(), sums}};
  if (params.variance) plan.outputs.push_back({"variance", data.signal_shape()});
  if (params.radial) {
    Shape profiles = data.navigation_shape();
    profiles.push_back(rings);
    plan.outputs.push_back({"radial", profiles});
  }
  Shape masks = data.signal_shape();
  masks.insert(masks.begin(), detectors);
  plan.outputs.push_back({"masks", masks, given_masks(inputs).weighted ? DType::float64 : DType::uint8});
  plan.least_memory = bytes_held(inputs, params, setup, rings);
  plan.memory_per_worker = pass_memory(data, is_corrected(inputs), 0, 0, 0, params.variance).per_worker;
  if (setup.follows) {
    plan.memory_per_worker += 2 * FollowingDetectors::bytes_per_view(data.signal_size(), 1 + detectors, params.radial);
  }
  plan.memory = plan.least_memory;
  plan.bytes_read = static_cast<double>(data.bytes());
  plan.flops = static_cast<double>(count(data.shape())) * static_cast<double>(4 + detectors);
  return plan;
}

/// A run over one stored type, or over float64 where values are corrected.
template <class T>
Outputs run_as(const Inputs& inputs, const ScanParams& params, Context& context) {
  const Dataset& dataset = inputs.at("data");
  const Description& data = dataset.describe();
  const Shape frame = data.signal_shape(), scan = data.navigation_shape();
  const ScanSetup setup = setup_of(inputs, params);
  const Correction correction = correction_of(inputs);
  const std::vector<std::uint8_t> left_out = read_mask(inputs.find("mask"), frame, "mask");
  const Detectors detectors = detectors_of(inputs, params, setup, correction, left_out, context);
  const auto make = [&](Shift shift) {
    return view_of(detectors, setup, left_out, params.radial_step, params.radial, shift);
  };
  const FrameView view = make({});
  std::optional<FollowingDetectors> following;
  if (setup.follows) following.emplace(OriginShifts(*setup.calibration.origin, scan), make);
  PassRequest request{.masks = view.masks, .weights = detectors.weights, .squares = params.variance};
  if (params.radial) {
    request.bins = view.rings;
    request.bin_count =
        following ? planned_rings(setup, params, scan) : static_cast<std::int64_t>(view.ring_area.size());
  }
  if (following) request.following = &*following;
  PassResult<T> pass = pass_over_frames<T>(dataset, correction, request, context);
  const ScanRun done{inputs, params, setup, detectors, view, request.following, left_out, request.bin_count};
  Description description;
  description.title = "Maximum pattern";
  description.signal_type = data.signal_type;
  description.metadata = data.metadata;
  set(description.metadata, "General.title", description.title);
  description.axes = pattern_axes(done);
  return scan_outputs<typename PassResult<T>::Sum>(
      done, pass, Dataset::from_values<T>(std::move(description), std::span<const T>(pass.maximum)), context);
}

Outputs run(const Inputs& inputs, const ScanParams& params, Context& context) {
  const DType dtype = is_corrected(inputs) ? DType::float64 : inputs.at("data").describe().dtype;
  return visit_dtype(dtype, [&]<class T>() -> Outputs {
    if constexpr (is_complex_v<T>) {
      throw Error(ErrorKind::internal, "complex data were let in");
    } else {
      return run_as<T>(inputs, params, context);
    }
  });
}

Port frame_port(std::string name, std::string help) {
  return {.name = std::move(name), .help = std::move(help), .required = false, .values = Values::real};
}

}  // namespace

const Operation& scan_operation() {
  static const Operation operation = make_operation<ScanParams>(
      {.name = "diffraction.scan",
       .version = 1,
       .summary = "Virtual images, centre of mass, mean and maximum pattern of a 4D-STEM scan in one read.",
       .citations = {"J. M. Rodenburg and R. H. T. Bates, Phil. Trans. R. Soc. A 339, 521 (1992)",
                     "K. Müller et al., Nat. Commun. 5, 5653 (2014)"},
       .inputs = {{.name = "data",
                   .help = "Diffraction patterns over any navigation axes.",
                   .values = Values::real,
                   .min_signal = 2,
                   .max_signal = 2},
                  frame_port("dark", "Frame that is subtracted from every frame."),
                  frame_port("gain", "Frame that every frame is multiplied by, after dark."),
                  frame_port("mask", "Beam stop and bad pixels: those where it is not 0 are left out of everything."),
                  calibration_port(),
                  frame_port("detector_masks",
                             "More detectors: a frame or a stack of frames; integers collect where they are not 0, "
                             "floats are weights.")},
       .outputs = {{"images", "Sum over each detector at every position."},
                   {"center_of_mass",
                    "Centre of mass along x and y as coordinates of the signal axes, or, with a calibration, from its "
                    "origin in its units; NaN where a frame has no counts."},
                   {"center_of_mass_sigma", "Its standard deviation by counting statistics; NaN where it is NaN."},
                   {"total", "Sum over each frame."},
                   {"mean", "Mean of all frames."},
                   {"maximum", "Largest value of each pixel."},
                   {"sum", "Sum of all frames."},
                   {"variance", "Variance of each pixel over all frames, when asked for."},
                   {"radial", "Mean over each ring at every position, when asked for; 0 where it holds no pixel."},
                   {"masks", "The detectors' pixels, or their weights."},
                   {"positions_read", "1 where the position was read, when the run was stopped and kept."},
                   {"detectors", "Definition, pixels and mean counts of each detector."},
                   calibration_summary_port(),
                   {"pixels", "Hot and dead pixels, in standard deviations from their surroundings."}},
       .traits = {.keeps_partial = true}},
      parameters, &check, &run);
  return operation;
}

}  // namespace ruska::ops::diffraction
