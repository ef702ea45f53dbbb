// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/scan/scan_setup.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <set>

#include "ruska/core/metadata.hpp"
#include "ruska/ops/diffraction/electron_wave.hpp"
#include "ruska/ops/diffraction/frames.hpp"
#include "ruska/ops/diffraction/physical_scale.hpp"
#include "ruska/ops/diffraction/scan/bright_disc.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr std::int64_t most_rings = 1 << 16;

std::string show(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.5g", value);
  return text;
}

double rounded(double value) { return std::round(100 * value) / 100; }

/// 1/nm per pixel, from the calibration or the signal axes, and from there the unit that is asked for.
PhysicalPixel physical_pixel(const Description& data, const Calibration& calibration, std::optional<double> energy,
                             bool angle) {
  const double wavelength = energy ? electron_wavelength(*energy) : std::numeric_limits<double>::quiet_NaN();
  double size = std::numeric_limits<double>::quiet_NaN();
  const std::string& axis_unit = data.axes.back().units;
  const std::string& unit = calibration.pixel_size ? calibration.pixel_size->unit : axis_unit;
  if (energy || (!angle && unit != "mrad" && unit != "rad")) {
    size = pixel_in_reciprocal_nanometres(data, calibration, wavelength);
  }
  if (angle) size *= 1e3 * wavelength;
  if (!std::isfinite(size)) {
    throw Error(ErrorKind::invalid_argument,
                "lengths in " + std::string(angle ? "mrad" : "1/nm") +
                    " need the energy of the beam, which the metadata do not tell; give --beam_energy in keV");
  }
  return {size, angle ? "mrad" : "1/nm"};
}

std::vector<DetectorShape> shapes_about(double found_radius, Detectors& detectors) {
  // In pixels, whatever the unit of other lengths.
  const FrameGeometry& geometry = detectors.geometry;
  const double edge =
      std::min({geometry.center_x, geometry.center_y, static_cast<double>(geometry.width - 1) - geometry.center_x,
                static_cast<double>(geometry.height - 1) - geometry.center_y});
  using Kind = DetectorShape::Kind;
  const double radius = rounded(found_radius);
  std::vector<DetectorShape> shapes{
      {.name = "bright_field", .kind = Kind::disc, .inner = 0, .outer = radius},
      {.name = "annular_bright_field", .kind = Kind::annulus, .inner = rounded(radius / 2), .outer = radius}};
  if (const double inner = rounded(1.2 * radius); edge > inner + 1) {
    shapes.push_back({.name = "dark_field", .kind = Kind::annulus, .inner = inner, .outer = rounded(edge)});
  } else {
    detectors.story.push_back("no dark field: the bright disc reaches to the edge of the frames");
  }
  return shapes;
}

void add_given_masks(const Inputs& inputs, const std::vector<std::uint8_t>& left_out, Detectors& detectors) {
  const GivenMasks given = given_masks(inputs);
  if (given.number == 0) return;
  const std::int64_t pixels = inputs.at("data").describe().signal_size();
  const std::vector<double> all = inputs.at("detector_masks").read_all_as_double();
  const double none = std::numeric_limits<double>::quiet_NaN();
  for (std::int64_t m = 0; m < given.number; ++m) {
    detectors.names.push_back("mask " + std::to_string(m + 1));
    detectors.definitions.push_back(given.weighted ? "weights given" : "mask given");
    detectors.inner.push_back(none);
    detectors.outer.push_back(none);
    std::vector<double> one(all.begin() + m * pixels, all.begin() + (m + 1) * pixels);
    for (std::size_t p = 0; p < one.size(); ++p) {
      if (!std::isfinite(one[p])) throw Error(ErrorKind::bad_data, "detector_masks holds values that are not finite");
      if (!left_out.empty() && left_out[p] != 0) one[p] = 0;
    }
    if (given.weighted) {
      detectors.weights.push_back(std::move(one));
    } else {
      std::vector<std::uint8_t>& mask = detectors.binary.emplace_back();
      for (const double value : one) mask.push_back(value != 0 ? 1 : 0);
    }
  }
}

}  // namespace

std::vector<DetectorShape> shapes_of(const ScanParams& params) {
  std::vector<DetectorShape> shapes;
  std::set<std::string> names;
  for (const std::string& text : params.detectors) {
    shapes.push_back(parse_detector(text));
    if (!names.insert(shapes.back().name).second) {
      throw Error(ErrorKind::invalid_argument, "two detectors have the name '" + shapes.back().name + "'");
    }
  }
  return shapes;
}

GivenMasks given_masks(const Inputs& inputs) {
  const Dataset* masks = inputs.find("detector_masks");
  if (masks == nullptr) return {};
  const Shape shape = masks->describe().shape(), frame = inputs.at("data").describe().signal_shape();
  const bool fits = (shape.size() == 2 || shape.size() == 3) && Shape(shape.end() - 2, shape.end()) == frame;
  if (!fits) {
    throw Error(ErrorKind::invalid_argument, "detector_masks has the shape " + to_string(shape) + ", and must have " +
                                                 to_string(frame) + " or a stack of these");
  }
  return {shape.size() == 2 ? 1 : shape[0], !is_integer(masks->describe().dtype)};
}

std::int64_t detector_count(const Inputs& inputs, const ScanParams& params) {
  const GivenMasks given = given_masks(inputs);
  if (params.detectors.empty() && given.number == 0) return 3;
  std::int64_t number = given.number;
  for (const DetectorShape& shape : shapes_of(params)) number += shape.count();
  return number;
}

ScanSetup setup_of(const Inputs& inputs, const ScanParams& params) {
  const Description& data = inputs.at("data").describe();
  require_uniform_signal_axes(data, "diffraction.scan");
  const auto [y, x] = signal_axes(data);
  ScanSetup setup;
  setup.calibration = calibration_of(inputs);
  Calibration& calibration = setup.calibration;
  if (params.pixel_size) calibration.pixel_size = PixelSizeCalibration{*params.pixel_size, 0, "1/nm", "given"};
  setup.energy = params.beam_energy ? params.beam_energy : beam_energy(data.metadata);
  if (setup.energy && !(*setup.energy > 0)) setup.energy.reset();
  const bool angle = params.lengths == "mrad", reciprocal = params.lengths == "1/nm";
  const std::string known = calibration.pixel_size ? calibration.pixel_size->unit : "";
  if (angle || reciprocal || (calibration.pixel_size && (setup.energy || (known != "mrad" && known != "rad")))) {
    setup.physical = physical_pixel(data, calibration, setup.energy, angle);
  }

  Matrix undistorted;
  if (calibration.ellipse) undistorted = calibration.ellipse->distortion().inverse();
  const auto scaled = [](double along_x, double along_y) { return Matrix{along_x, 0, 0, along_y}; };
  FrameGeometry& geometry = setup.geometry;
  geometry.height = y.size;
  geometry.width = x.size;
  if (params.lengths == "axis") {
    if (y.units != x.units) {
      throw Error(ErrorKind::invalid_argument, "the signal axes are in '" + y.units + "' and '" + x.units +
                                                   "', so that a radius has no unit; give lengths in px");
    }
    geometry.to_lengths = scaled(std::abs(x.scale), std::abs(y.scale));
    setup.ring_lengths = geometry.to_lengths * undistorted;
    setup.ring_unit = x.units;
  } else if (angle || reciprocal) {
    geometry.to_lengths = scaled(setup.physical->value, setup.physical->value) * undistorted;
    setup.ring_lengths = geometry.to_lengths;
    setup.ring_unit = setup.physical->unit;
  } else {
    setup.ring_lengths = undistorted;
    setup.ring_unit = setup.physical ? setup.physical->unit : "px";
    if (setup.physical) setup.ring_scale = setup.physical->value;
  }

  geometry.center_x = 0.5 * static_cast<double>(x.size - 1);
  geometry.center_y = 0.5 * static_cast<double>(y.size - 1);
  const auto index = [&](double value, const Axis& axis) {
    return params.lengths == "axis" ? (value - axis.offset) / axis.scale : value;
  };
  const bool given = params.center_x || params.center_y;
  if (calibration.origin) {
    const Vector origin = calibration.origin->mean();
    geometry.center_x = origin.x;
    geometry.center_y = origin.y;
    setup.center_x_known = setup.center_y_known = true;
    const OriginShifts shifts(*calibration.origin, data.navigation_shape());
    const Shift low = shifts.low(), high = shifts.high();
    setup.follows = params.follow_origin && !given && !shifts.none();
    const std::string moves = "; the origin moves by up to " +
                              std::to_string(std::max({high.x, -low.x, high.y, -low.y})) + " px over the scan";
    setup.center_story = "centre (" + show(origin.x) + ", " + show(origin.y) + ") px: the calibrated origin";
    if (setup.follows) setup.center_story += moves + ", and detectors follow it by whole pixels";
    if (!setup.follows && !shifts.none()) setup.center_story += moves + ", and detectors stay at its mean";
  }
  if (params.center_x) {
    geometry.center_x = index(*params.center_x, x);
    setup.center_x_known = true;
  }
  if (params.center_y) {
    geometry.center_y = index(*params.center_y, y);
    setup.center_y_known = true;
  }
  if (given && calibration.origin) {
    setup.center_story = "centre (" + show(geometry.center_x) + ", " + show(geometry.center_y) +
                         ") px: as given, in place of the calibrated origin, at all positions";
  }
  return setup;
}

std::int64_t planned_rings(const ScanSetup& setup, const ScanParams& params, const Shape& scan) {
  if (!params.radial) return 0;
  const FrameGeometry& frame = setup.geometry;
  const auto height = static_cast<double>(frame.height), width = static_cast<double>(frame.width);
  Shift low, high;
  if (setup.follows) {
    const OriginShifts shifts(*setup.calibration.origin, scan);
    low = shifts.low();
    high = shifts.high();
  }
  // A centre that is not known yet lies within the frame.
  const auto centers = [](bool known, double center, double size, std::int64_t lowest, std::int64_t highest) {
    return std::array<double, 2>{(known ? center : 0) + static_cast<double>(lowest),
                                 (known ? center : size) + static_cast<double>(highest)};
  };
  double reach = 0;
  for (const double center_x : centers(setup.center_x_known, frame.center_x, width, low.x, high.x)) {
    for (const double center_y : centers(setup.center_y_known, frame.center_y, height, low.y, high.y)) {
      for (const double corner_x : {0.0, width - 1}) {
        for (const double corner_y : {0.0, height - 1}) {
          const Vector from{corner_x - center_x, corner_y - center_y};
          reach = std::max(reach, length(setup.ring_lengths * from));
        }
      }
    }
  }
  // A hair more, so that rounding puts no pixel beyond the last ring.
  const double rings = std::floor(reach / params.radial_step * (1 + 1e-9)) + 1;
  if (!(rings <= static_cast<double>(most_rings))) {
    throw Error(ErrorKind::invalid_argument, "a radial step of " + show(params.radial_step) + " makes " + show(rings) +
                                                 " rings; at most " + std::to_string(most_rings) +
                                                 " are allowed: give a larger --radial_step");
  }
  return static_cast<std::int64_t>(rings);
}

Correction correction_of(const Inputs& inputs) {
  Correction correction;
  const auto read = [&](const char* port) {
    const Dataset* given = inputs.find(port);
    std::vector<double> values;
    if (given != nullptr) values = given->read_all_as_double();
    for (const double value : values) {
      if (!std::isfinite(value)) {
        throw Error(ErrorKind::bad_data, std::string(port) + " holds values that are not finite");
      }
    }
    return values;
  };
  correction.dark = read("dark");
  correction.gain = read("gain");
  return correction;
}

Detectors detectors_of(const Inputs& inputs, const ScanParams& params, const ScanSetup& setup,
                       const Correction& correction, const std::vector<std::uint8_t>& left_out, Context& context) {
  const Dataset& data = inputs.at("data");
  Detectors detectors;
  detectors.geometry = setup.geometry;
  FrameGeometry& geometry = detectors.geometry;
  const bool automatic = params.detectors.empty() && given_masks(inputs).number == 0;
  const bool needs_center = automatic || !params.detectors.empty() || params.radial;
  const bool center_known = setup.center_x_known && setup.center_y_known;
  detectors.shapes = shapes_of(params);
  double radius = setup.calibration.origin ? setup.calibration.origin->probe_radius : 0;
  if (!setup.center_story.empty() && needs_center) detectors.story.push_back(setup.center_story);
  if ((automatic && !(radius > 0)) || (needs_center && !center_known)) {
    const Look look = look_at_frames(data, correction, left_out, context);
    const BrightDisc disc = find_bright_disc(look.mean(), geometry.height, geometry.width, left_out);
    if (!setup.center_x_known) geometry.center_x = disc.x;
    if (!setup.center_y_known) geometry.center_y = disc.y;
    radius = disc.radius;
    detectors.story.push_back("bright disc of " + std::to_string(look.frames) + " frames: centre (" + show(disc.x) +
                              ", " + show(disc.y) + ") px, radius " + show(disc.radius) + " px");
  }
  detectors.shape_geometry = geometry;
  if (automatic) {
    detectors.shape_geometry.to_lengths = {};
    detectors.shapes = shapes_about(radius, detectors);
  }
  const Matrix& m = detectors.shape_geometry.to_lengths;
  const double length_of_pixel = std::sqrt(std::abs(m.xx * m.yy - m.xy * m.yx));
  for (const DetectorShape& shape : detectors.shapes) {
    const bool round = shape.kind != DetectorShape::Kind::polygon;
    const std::string unit = automatic                                              ? " px"
                             : params.lengths == "1/nm" || params.lengths == "mrad" ? " " + params.lengths
                                                                                    : std::string();
    for (Detector& one : make_detectors(shape, detectors.shape_geometry)) {
      detectors.names.push_back(one.name);
      detectors.definitions.push_back(definition_of(shape) + unit);
      detectors.inner.push_back(round ? shape.inner / length_of_pixel : std::numeric_limits<double>::quiet_NaN());
      detectors.outer.push_back(round ? shape.outer / length_of_pixel : std::numeric_limits<double>::quiet_NaN());
      detectors.outlines.push_back({one.name, std::move(one.outline.lines)});
      detectors.binary.push_back(std::move(one.mask));
    }
  }
  add_given_masks(inputs, left_out, detectors);
  return detectors;
}

FrameView view_of(const Detectors& detectors, const ScanSetup& setup, const std::vector<std::uint8_t>& left_out,
                  double radial_step, bool radial, Shift shift) {
  const FrameGeometry& geometry = detectors.geometry;
  std::vector<std::vector<std::uint8_t>> binary = detectors.binary;
  if (shift != Shift{}) {
    FrameGeometry moved = detectors.shape_geometry;
    moved.shift_x = shift.x;
    moved.shift_y = shift.y;
    std::size_t next = 0;
    for (const DetectorShape& shape : detectors.shapes) {
      for (Detector& one : make_detectors(shape, moved)) binary[next++] = std::move(one.mask);
    }
  }
  FrameView view{kernels::FrameMasks(geometry.height, geometry.width, left_out, binary)};
  if (!radial) return view;
  FrameGeometry rings = geometry;
  rings.to_lengths = setup.ring_lengths;
  rings.shift_x = shift.x;
  rings.shift_y = shift.y;
  view.rings.assign(static_cast<std::size_t>(geometry.height * geometry.width), -1);
  for (std::int64_t y = 0; y < geometry.height; ++y) {
    for (std::int64_t x = 0; x < geometry.width; ++x) {
      const auto pixel = static_cast<std::size_t>(y * geometry.width + x);
      if (!left_out.empty() && left_out[pixel] != 0) continue;
      const double ring = std::floor(length(rings.at(y, x)) / radial_step);
      if (!(ring < static_cast<double>(most_rings))) {
        throw Error(ErrorKind::invalid_argument,
                    "the centre lies so far outside that the radial profile would have more than " +
                        std::to_string(most_rings) + " rings");
      }
      view.rings[pixel] = static_cast<std::int32_t>(ring);
      if (view.ring_area.size() <= static_cast<std::size_t>(ring))
        view.ring_area.resize(static_cast<std::size_t>(ring) + 1);
      view.ring_area[static_cast<std::size_t>(ring)] += 1;
    }
  }
  return view;
}

}  // namespace ruska::ops::diffraction
