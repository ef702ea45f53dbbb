// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
//   image_d(p) = Σ_{k in d} I(p, k),   c(p) = Σ k I(p, k) / Σ I(p, k)      k over the detector's pixels, p over the
//   scan
// One pass over the data, with the kernel of ruska/kernels/frame_sums.cpp; one look at few frames before it where
// centre or detectors are to be found. Time: that of reading the data. Memory: a few numbers per position and per
// pixel. The variance of c by counting statistics, V/N(p) with N the frame's counts, takes for V the frames' mean
// variance of k, which follows from the sum pattern without a second look at any frame: its variance is V plus that of
// c over the scan (law of total variance, frames weighted by their counts).
#include "ruska/ops/diffraction/scan/scan.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <set>

#include "ruska/base/text.hpp"
#include "ruska/core/executor.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/core/rows.hpp"
#include "ruska/ops/diffraction/scan/bright_disc.hpp"
#include "ruska/ops/diffraction/scan/detectors.hpp"
#include "ruska/ops/diffraction/scan/frame_pass.hpp"
#include "ruska/ops/diffraction/frames.hpp"
#include "ruska/ops/diffraction/scan/suspicious_pixels.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr std::size_t most_pixels_listed = 1000;
constexpr std::int64_t most_radial_bins = 1 << 16;

constexpr auto parameters = std::tuple{
    parameter(&ScanParams::detectors, "detectors", "",
              "Virtual detectors: NAME=disc:R, NAME=annulus:R1:R2, NAME=segments:N:R1:R2[:DEGREES], "
              "NAME=polygon:X:Y:X:Y:X:Y, each with @X:Y behind it to move its middle from the centre; none: bright "
              "field, annular bright field and dark field about the bright disc that a few frames show."),
    parameter(&ScanParams::center_x, "center_x", "",
              "Centre of the detectors along x, in px or as a coordinate of the axis; auto: that of the bright disc."),
    parameter(&ScanParams::center_y, "center_y", "",
              "Centre of the detectors along y, in px or as a coordinate of the axis; auto: that of the bright disc."),
    parameter(&ScanParams::lengths, "lengths", "", one_of("px|axis"),
              "What lengths of detectors, centre and radial step are in: pixels, or the signal axes' own unit."),
    parameter(&ScanParams::variance, "variance", "", "Also the variance of every pixel over the scan."),
    parameter(&ScanParams::radial, "radial", "",
              "Also the radial profile at every position: the mean of the pixels whose centre lies in each ring."),
    parameter(&ScanParams::radial_step, "radial_step", "", within(1e-9, 1e9),
              "Width of the rings of the radial profile."),
    parameter(&ScanParams::significance, "significance", "σ", within(3.0, 1000.0),
              "Least deviation of a pixel from its surroundings at which the table of suspicious pixels names it."),
};

struct SignalAxes {
  const Axis& y;
  const Axis& x;
};

SignalAxes signal_axes(const Description& data) {
  const std::size_t rank = data.axes.size();
  const SignalAxes axes{data.axes[rank - 2], data.axes[rank - 1]};
  for (const Axis* axis : {&axes.y, &axes.x}) {
    if (!axis->values.empty() || axis->scale == 0) {
      throw Error(ErrorKind::invalid_argument,
                  "the signal axis '" + axis->name + "' is not uniform; diffraction.scan needs pixels of equal size");
    }
  }
  return axes;
}

FrameGeometry geometry_of(const Description& data, const ScanParams& params) {
  const auto [y, x] = signal_axes(data);
  FrameGeometry geometry{y.size, x.size};
  if (params.lengths == "axis") {
    if (y.units != x.units) {
      throw Error(ErrorKind::invalid_argument, "the signal axes are in '" + y.units + "' and '" + x.units +
                                                   "', so that a radius has no unit; give lengths in px");
    }
    geometry.scale_y = std::abs(y.scale);
    geometry.scale_x = std::abs(x.scale);
  }
  const auto index = [&](double value, const Axis& axis) {
    return params.lengths == "axis" ? (value - axis.offset) / axis.scale : value;
  };
  if (params.center_y) geometry.center_y = index(*params.center_y, y);
  if (params.center_x) geometry.center_x = index(*params.center_x, x);
  return geometry;
}

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

/// Masks from the port `detector_masks`: one image, or a stack of them.
struct GivenMasks {
  std::int64_t number = 0;
  bool weighted = false;
};

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

void check_frame_port(const Inputs& inputs, const std::string& port) {
  const Dataset* given = inputs.find(port);
  const Shape frame = inputs.at("data").describe().signal_shape();
  if (given == nullptr || given->describe().shape() == frame) return;
  throw Error(ErrorKind::invalid_argument, port + " has the shape " + to_string(given->describe().shape()) +
                                               ", and must have that of a frame, " + to_string(frame));
}

bool corrected(const Inputs& inputs) { return inputs.find("dark") != nullptr || inputs.find("gain") != nullptr; }

/// What sums are stored as: NumPy's choice for integers.
DType sum_dtype(const Inputs& inputs) {
  const DType dtype = inputs.at("data").describe().dtype;
  if (corrected(inputs) || !is_integer(dtype)) return DType::float64;
  return name_of(dtype).front() == 'u' ? DType::uint64 : DType::int64;
}

std::int64_t planned_bins(const FrameGeometry& geometry, const ScanParams& params) {
  if (!params.radial) return 0;
  // From a centre that is not known yet to the corner of the frame at most; one that is given may lie outside.
  const auto along = [](const std::optional<double>& center, double index, std::int64_t size, double scale) {
    const auto length = static_cast<double>(size);
    return (center ? std::max(std::abs(index), std::abs(index - length)) : length) * scale;
  };
  const double reach = std::hypot(along(params.center_y, geometry.center_y, geometry.height, geometry.scale_y),
                                  along(params.center_x, geometry.center_x, geometry.width, geometry.scale_x));
  const double bins = std::ceil(reach / params.radial_step) + 1;
  if (!(bins <= static_cast<double>(most_radial_bins))) {
    throw Error(ErrorKind::invalid_argument, "a radial step of " + std::to_string(params.radial_step) + " makes " +
                                                 std::to_string(bins) + " rings; at most " +
                                                 std::to_string(most_radial_bins) + " are allowed");
  }
  return static_cast<std::int64_t>(bins);
}

/// A map over the scan, with an axis of `number` components in front.
Axes map_axes(const Description& data, const std::string& name, std::int64_t number) {
  Axes axes;
  if (number > 0) axes.push_back({.name = name, .role = Role::navigation, .size = number});
  for (const Axis& axis : data.axes) {
    if (axis.role != Role::navigation) continue;
    axes.push_back(axis);
    axes.back().role = Role::signal;
  }
  if (axes.empty()) axes.push_back({.name = "position", .role = Role::signal, .size = 1});
  if (axes.size() == 1) axes.front().role = Role::signal;
  return axes;
}

Shape shape_of(const Axes& axes) {
  Shape shape;
  for (const Axis& axis : axes) shape.push_back(axis.size);
  return shape;
}

std::int64_t detector_count(const Inputs& inputs, const ScanParams& params) {
  const GivenMasks given = given_masks(inputs);
  if (params.detectors.empty() && given.number == 0) return 3;
  std::int64_t number = given.number;
  for (const DetectorShape& shape : shapes_of(params)) number += shape.count();
  return number;
}

std::int64_t bytes_held(const Inputs& inputs, const ScanParams& params, std::int64_t bins) {
  const Description& data = inputs.at("data").describe();
  const std::int64_t detectors = detector_count(inputs, params), pixels = data.signal_size();
  const std::int64_t weighted = given_masks(inputs).weighted ? given_masks(inputs).number : 0;
  const PassMemory pass = pass_memory(data, corrected(inputs), 3 + detectors, weighted, bins, params.variance);
  // Maps: images, two of the centre of mass, two of its deviation, totals, profiles; each once more while it is made.
  const std::int64_t maps = data.navigation_size() * 8 * (detectors + 5 + bins + std::max(detectors, bins));
  // Patterns and masks: some are made while others are there; runs of a mask at worst take 8 bytes per two pixels.
  const std::int64_t patterns = pixels * (detectors * 12 + weighted * 16 + 96);
  return pass.held + maps + patterns + (16 << 20);
}

Plan check(const Inputs& inputs, const ScanParams& params) {
  const Description& data = inputs.at("data").describe();
  for (const char* port : {"dark", "gain", "mask"}) check_frame_port(inputs, port);
  const FrameGeometry geometry = geometry_of(data, params);
  const std::int64_t detectors = detector_count(inputs, params), bins = planned_bins(geometry, params);
  const DType sums = sum_dtype(inputs);
  Plan plan;
  plan.outputs = {
      {"images", shape_of(map_axes(data, "detector", detectors)), given_masks(inputs).weighted ? DType::float64 : sums},
      {"center_of_mass", shape_of(map_axes(data, "component", 2))},
      {"center_of_mass_sigma", shape_of(map_axes(data, "component", 2))},
      {"total", shape_of(map_axes(data, "", 0)), sums},
      {"mean", data.signal_shape()},
      {"maximum", data.signal_shape(), corrected(inputs) ? DType::float64 : data.dtype},
      {"sum", data.signal_shape(), sums}};
  if (params.variance) plan.outputs.push_back({"variance", data.signal_shape()});
  if (params.radial) plan.outputs.push_back({"radial", shape_of(map_axes(data, "radius", bins))});
  Shape masks = data.signal_shape();
  masks.insert(masks.begin(), detectors);
  plan.outputs.push_back({"masks", masks, given_masks(inputs).weighted ? DType::float64 : DType::uint8});
  plan.least_memory = bytes_held(inputs, params, bins);
  plan.memory_per_worker = pass_memory(data, corrected(inputs), 0, 0, 0, params.variance).per_worker;
  plan.memory = plan.least_memory;
  plan.bytes_read = static_cast<double>(data.bytes());
  plan.flops = static_cast<double>(count(data.shape())) * static_cast<double>(4 + detectors);
  return plan;
}

std::string show(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.5g", value);
  return text;
}

/// Detectors of the request, and how centre and radii came about.
struct Detectors {
  FrameGeometry geometry;
  std::vector<Detector> binary;
  std::vector<std::string> definitions;
  std::vector<std::string> story;
};

double rounded(double value) { return std::round(100 * value) / 100; }

std::vector<DetectorShape> shapes_about(const BrightDisc& disc, const FrameGeometry& geometry, Detectors& detectors) {
  // In pixels, whatever the unit of other lengths.
  const double edge =
      std::min({geometry.center_x, geometry.center_y, static_cast<double>(geometry.width - 1) - geometry.center_x,
                static_cast<double>(geometry.height - 1) - geometry.center_y});
  using Kind = DetectorShape::Kind;
  const double radius = rounded(disc.radius);
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

Detectors detectors_of(const Inputs& inputs, const ScanParams& params, const Correction& correction,
                       const std::vector<std::uint8_t>& left_out, Context& context) {
  const Dataset& data = inputs.at("data");
  Detectors detectors;
  detectors.geometry = geometry_of(data.describe(), params);
  FrameGeometry& geometry = detectors.geometry;
  const bool automatic = params.detectors.empty() && given_masks(inputs).number == 0;
  const bool needs_center = automatic || !params.detectors.empty() || params.radial;
  std::vector<DetectorShape> shapes = shapes_of(params);
  FrameGeometry lengths = geometry;
  if (automatic || (needs_center && !(params.center_x && params.center_y))) {
    const Look look = look_at_frames(data, correction, left_out, context);
    const BrightDisc disc = find_bright_disc(look.mean(), geometry.height, geometry.width, left_out);
    if (!params.center_x) geometry.center_x = disc.x;
    if (!params.center_y) geometry.center_y = disc.y;
    detectors.story.push_back("bright disc of " + std::to_string(look.frames) + " frames: centre (" + show(disc.x) +
                              ", " + show(disc.y) + ") px, radius " + show(disc.radius) + " px");
    lengths = geometry;
    if (automatic) {
      lengths.scale_x = lengths.scale_y = 1;
      shapes = shapes_about(disc, geometry, detectors);
    }
  }
  for (const DetectorShape& shape : shapes) {
    std::vector<Detector> made;
    try {
      made = make_detectors(shape, lengths);
    } catch (const Error&) {
      // A ring that the program chose may be too thin to hold a pixel; one that was asked for may not.
      if (!automatic) throw;
      detectors.story.push_back("no " + shape.name + ": it would hold no pixel");
    }
    for (Detector& one : made) {
      detectors.definitions.push_back(definition_of(shape) + (automatic ? " px" : ""));
      detectors.binary.push_back(std::move(one));
    }
  }
  return detectors;
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

/// Which ring a pixel is in.
std::vector<std::int32_t> radial_bins(const FrameGeometry& geometry, double step,
                                      const std::vector<std::uint8_t>& left_out, std::int64_t& number) {
  std::vector<std::int32_t> bins(static_cast<std::size_t>(geometry.height * geometry.width), -1);
  number = 0;
  for (std::int64_t y = 0; y < geometry.height; ++y) {
    for (std::int64_t x = 0; x < geometry.width; ++x) {
      const auto pixel = static_cast<std::size_t>(y * geometry.width + x);
      if (!left_out.empty() && left_out[pixel] != 0) continue;
      const double radius = std::hypot((static_cast<double>(x) - geometry.center_x) * geometry.scale_x,
                                       (static_cast<double>(y) - geometry.center_y) * geometry.scale_y);
      const double bin = std::floor(radius / step);
      if (!(bin < static_cast<double>(most_radial_bins))) {
        throw Error(ErrorKind::invalid_argument,
                    "the centre lies so far outside that the radial profile would have more than " +
                        std::to_string(most_radial_bins) + " rings");
      }
      bins[pixel] = static_cast<std::int32_t>(bin);
      number = std::max(number, static_cast<std::int64_t>(bin) + 1);
    }
  }
  return bins;
}

template <class V>
Dataset map_dataset(Axes axes, const std::string& title, const std::string& quantity, std::span<const V> values) {
  Description description;
  description.title = title;
  description.axes = std::move(axes);
  set(description.metadata, "General.title", title);
  if (!quantity.empty()) set(description.metadata, "Signal.quantity", quantity);
  return Dataset::from_values<V>(std::move(description), values);
}

template <class V>
Dataset pattern_dataset(const Description& data, const std::string& title, std::span<const V> values) {
  Description description;
  description.title = title;
  description.signal_type = data.signal_type;
  description.metadata = data.metadata;
  description.axes.assign(data.axes.end() - 2, data.axes.end());
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

struct CenterOfMass {
  std::vector<double> center, sigma;  // x of all positions, then y
  double mean_x = 0, mean_y = 0;      // px
};

template <class T>
CenterOfMass center_of_mass(const PassResult<T>& pass, const Description& data, std::int64_t sums_per_frame) {
  const auto [axis_y, axis_x] = signal_axes(data);
  const auto positions = static_cast<std::size_t>(data.navigation_size());
  const auto width = static_cast<std::size_t>(axis_x.size);
  double total = 0, mean[2] = {}, spread[2] = {};
  for (std::size_t p = 0; p < pass.pattern_sum.size(); ++p) {
    const auto value = static_cast<double>(pass.pattern_sum[p]);
    total += value;
    mean[0] += value * static_cast<double>(p % width);
    mean[1] += value * static_cast<double>(p / width);
  }
  for (double& one : mean) one /= total;
  for (std::size_t p = 0; p < pass.pattern_sum.size(); ++p) {
    const auto value = static_cast<double>(pass.pattern_sum[p]);
    spread[0] += value * std::pow(static_cast<double>(p % width) - mean[0], 2);
    spread[1] += value * std::pow(static_cast<double>(p / width) - mean[1], 2);
  }
  CenterOfMass result;
  result.mean_x = mean[0];
  result.mean_y = mean[1];
  result.center.assign(2 * positions, std::numeric_limits<double>::quiet_NaN());
  result.sigma = result.center;
  for (std::size_t p = 0; p < positions; ++p) {
    const auto* const sums = pass.sums.data() + p * static_cast<std::size_t>(sums_per_frame);
    const auto counts = static_cast<double>(sums[0]);
    if (!(counts > 0)) continue;
    for (std::size_t axis = 0; axis < 2; ++axis) {
      const double center = static_cast<double>(sums[1 + axis]) / counts;
      result.center[axis * positions + p] = center;
      spread[axis] -= counts * std::pow(center - mean[axis], 2);
    }
  }
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const Axis& of = axis == 0 ? axis_x : axis_y;
    const double variance = std::max(0.0, spread[axis] / total);
    for (std::size_t p = 0; p < positions; ++p) {
      double& center = result.center[axis * positions + p];
      if (std::isnan(center)) continue;
      const auto counts = static_cast<double>(pass.sums[p * static_cast<std::size_t>(sums_per_frame)]);
      center = of.at(center);
      result.sigma[axis * positions + p] = std::sqrt(variance / counts) * std::abs(of.scale);
    }
  }
  return result;
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

/// A run over one stored type, or over float64 where values are corrected.
template <class T>
Outputs run_as(const Inputs& inputs, const ScanParams& params, Context& context) {
  using Sum = typename PassResult<T>::Sum;
  const Dataset& dataset = inputs.at("data");
  const Description& data = dataset.describe();
  const auto [axis_y, axis_x] = signal_axes(data);
  const Shape frame = data.signal_shape();
  const std::int64_t pixels = data.signal_size();
  const auto positions = static_cast<std::size_t>(data.navigation_size());
  const Correction correction = correction_of(inputs);
  const std::vector<std::uint8_t> left_out = read_mask(inputs.find("mask"), frame, "mask");
  Detectors detectors = detectors_of(inputs, params, correction, left_out, context);

  std::vector<std::string> names;
  std::vector<std::vector<std::uint8_t>> binary;
  std::vector<std::vector<double>> weights;
  std::vector<Outline> outlines;
  for (Detector& one : detectors.binary) {
    names.push_back(one.name);
    outlines.push_back({one.name, std::move(one.outline.lines)});
    for (std::vector<double>& line : outlines.back().lines) {
      for (std::size_t i = 0; i + 1 < line.size(); i += 2) {
        line[i] = axis_x.at(line[i]);
        line[i + 1] = axis_y.at(line[i + 1]);
      }
    }
    binary.push_back(std::move(one.mask));
  }
  const GivenMasks given = given_masks(inputs);
  if (given.number > 0) {
    const std::vector<double> all = inputs.at("detector_masks").read_all_as_double();
    for (std::int64_t m = 0; m < given.number; ++m) {
      names.push_back("mask " + std::to_string(m + 1));
      detectors.definitions.push_back(given.weighted ? "weights given" : "mask given");
      std::vector<double> one(all.begin() + m * pixels, all.begin() + (m + 1) * pixels);
      for (std::size_t p = 0; p < one.size(); ++p) {
        if (!std::isfinite(one[p])) throw Error(ErrorKind::bad_data, "detector_masks holds values that are not finite");
        if (!left_out.empty() && left_out[p] != 0) one[p] = 0;
      }
      if (given.weighted) {
        weights.push_back(std::move(one));
      } else {
        std::vector<std::uint8_t>& mask = binary.emplace_back();
        for (const double value : one) mask.push_back(value != 0 ? 1 : 0);
      }
    }
  }
  const kernels::FrameMasks masks(frame[0], frame[1], left_out, binary);
  PassRequest request{.masks = masks, .weights = weights, .squares = params.variance};
  if (params.radial) {
    request.bins = radial_bins(detectors.geometry, params.radial_step, left_out, request.bin_count);
  }
  PassResult<T> pass = pass_over_frames<T>(dataset, correction, request, context);

  const DType sums = sum_dtype(inputs);
  const auto per_frame = static_cast<std::size_t>(masks.sums());
  const std::size_t view_rank = data.navigation_shape().size();
  const View map_view = view_rank == 2 ? View::maps : view_rank == 1 ? View::spectra : View::hidden;
  const auto number = static_cast<std::int64_t>(names.size());
  Outputs outputs;
  outputs.summary = detectors.story;

  std::vector<double> collected;
  {
    const auto image = [&](std::size_t d, auto& values) {
      for (std::size_t p = 0; p < positions; ++p) {
        const bool of_weights = d >= binary.size();
        if constexpr (std::is_same_v<std::decay_t<decltype(values[0])>, double>) {
          values[d * positions + p] = of_weights ? pass.weighted[p * weights.size() + d - binary.size()]
                                                 : static_cast<double>(pass.sums[p * per_frame + 3 + d]);
        } else {
          values[d * positions + p] = pass.sums[p * per_frame + 3 + d];
        }
      }
    };
    const auto make = [&](auto&& values) {
      for (std::size_t d = 0; d < names.size(); ++d) image(d, values);
      for (std::size_t d = 0; d < names.size(); ++d) {
        double total = 0;
        for (std::size_t p = 0; p < positions; ++p) total += static_cast<double>(values[d * positions + p]);
        collected.push_back(total / static_cast<double>(pass.frames_read));
      }
      using Value = std::decay_t<decltype(values[0])>;
      return stored_sums<Value>(sums, values, [&](auto span) {
        return map_dataset(map_axes(data, "detector", number), "Virtual images", "counts", span);
      });
    };
    Dataset images = given.weighted ? make(std::vector<double>(names.size() * positions))
                                    : make(std::vector<Sum>(names.size() * positions));
    outputs.add({.name = "images",
                 .title = "Virtual images",
                 .value = std::move(images),
                 .view = map_view,
                 .components = names});
  }

  const CenterOfMass center = center_of_mass(pass, data, masks.sums());
  const std::string unit = axis_x.units.empty() ? "px" : axis_x.units;
  const std::string coordinate = "Coordinate of the signal axis (" + unit + ")";
  outputs.add(
      {.name = "center_of_mass",
       .title = "Centre of mass",
       .value = map_dataset<double>(map_axes(data, "component", 2), "Centre of mass", coordinate, center.center),
       .view = view_rank == 2 ? View::vectors : map_view,
       .sigma = "center_of_mass_sigma",
       .components = {"x", "y"},
       .note = "Directions are those on the detector: x to the right, y downward."});
  outputs.add({.name = "center_of_mass_sigma",
               .title = "Standard deviation of the centre of mass",
               .value = map_dataset<double>(map_axes(data, "component", 2), "Centre of mass, standard deviation",
                                            coordinate, center.sigma),
               .components = {"x", "y"},
               .note = "Counting statistics of one count per electron, with the patterns' mean width."});
  {
    std::vector<Sum> total(positions);
    for (std::size_t p = 0; p < positions; ++p) total[p] = pass.sums[p * per_frame];
    outputs.add({.name = "total",
                 .title = "Total counts",
                 .value = stored_sums<Sum>(
                     sums, total,
                     [&](auto span) { return map_dataset(map_axes(data, "", 0), "Total counts", "counts", span); }),
                 .view = map_view});
  }

  std::vector<double> sum(pass.pattern_sum.begin(), pass.pattern_sum.end());
  const std::vector<SuspiciousPixel> suspicious =
      find_suspicious_pixels(sum, frame[0], frame[1], left_out, params.significance);
  for (double& value : sum) value /= static_cast<double>(pass.frames_read);
  outputs.add({.name = "mean",
               .title = "Mean pattern",
               .value = pattern_dataset<double>(data, "Mean pattern", sum),
               .view = View::pattern,
               .outlines = outlines});
  outputs.add({.name = "maximum",
               .title = "Maximum pattern",
               .value = pattern_dataset<T>(data, "Maximum pattern", pass.maximum),
               .view = View::pattern,
               .outlines = outlines});
  outputs.add({.name = "sum", .title = "Sum pattern", .value = stored_sums<Sum>(sums, pass.pattern_sum, [&](auto span) {
                                                        return pattern_dataset(data, "Sum pattern", span);
                                                      })});
  if (params.variance) {
    outputs.add({.name = "variance",
                 .title = "Variance of each pixel over the scan",
                 .value = pattern_dataset<double>(data, "Variance pattern", pass.variance),
                 .view = View::pattern});
  }
  if (params.radial) {
    std::vector<double> area(static_cast<std::size_t>(request.bin_count));
    for (const std::int32_t bin : request.bins) {
      if (bin >= 0) area[static_cast<std::size_t>(bin)] += 1;
    }
    std::vector<double> profile(pass.radial.size());
    for (std::size_t i = 0; i < profile.size(); ++i) {
      const double ring = area[i % area.size()];
      profile[i] = ring > 0 ? static_cast<double>(pass.radial[i]) / ring : 0.0;
    }
    Description description;
    description.title = "Radial profiles";
    description.axes.assign(data.axes.begin(), data.axes.end() - 2);
    description.axes.push_back({.name = "radius",
                                .units = params.lengths == "axis" ? axis_x.units : "px",
                                .role = Role::signal,
                                .size = request.bin_count,
                                .scale = params.radial_step,
                                .offset = params.radial_step / 2});
    outputs.add({.name = "radial",
                 .title = "Mean of each ring at every position",
                 .value = Dataset::from_values<double>(std::move(description), profile)});
  }
  {
    Axes axes{{.name = "detector", .role = Role::navigation, .size = number}};
    axes.insert(axes.end(), data.axes.end() - 2, data.axes.end());
    const auto joined = [&](auto value) {
      std::vector<decltype(value)> all;
      for (const auto& mask : binary) all.insert(all.end(), mask.begin(), mask.end());
      for (const auto& mask : weights) {
        for (const double weight : mask) all.push_back(static_cast<decltype(value)>(weight));
      }
      return map_dataset<decltype(value)>(axes, "Detectors", "weight", all);
    };
    outputs.add({.name = "masks",
                 .title = "Detectors",
                 .value = given.weighted ? joined(double{}) : joined(std::uint8_t{}),
                 .components = names});
  }
  std::vector<std::int64_t> area;
  for (const auto& mask : binary) {
    std::int64_t number_of_pixels = 0;
    for (std::size_t p = 0; p < mask.size(); ++p) {
      number_of_pixels += mask[p] != 0 && (left_out.empty() || left_out[p] == 0) ? 1 : 0;
    }
    area.push_back(number_of_pixels);
  }
  for (const auto& mask : weights)
    area.push_back(static_cast<std::int64_t>(mask.size()) - std::count(mask.begin(), mask.end(), 0.0));
  outputs.add({.name = "detectors",
               .title = "Detectors",
               .value = Table{{{"detector", "", names},
                               {"definition", "", detectors.definitions},
                               {"pixels", "", area},
                               {"mean", "counts per frame", collected}}},
               .view = View::table});
  const auto hot = std::count_if(suspicious.begin(), suspicious.end(), [](const auto& one) { return one.excess > 0; });
  const auto dead = static_cast<std::ptrdiff_t>(suspicious.size()) - hot;
  outputs.add({.name = "pixels",
               .title = "Pixels that do not fit their surroundings",
               .value = table_of_pixels(suspicious, pass.frames_read),
               .view = View::table,
               .note = suspicious.size() > most_pixels_listed
                           ? "The " + std::to_string(most_pixels_listed) + " worst of " +
                                 std::to_string(suspicious.size()) + " are listed."
                           : ""});
  if (pass.frames_read < data.navigation_size()) {
    outputs.add({.name = "positions_read",
                 .title = "Positions read before the run was stopped",
                 .value = map_dataset<std::uint8_t>(map_axes(data, "", 0), "Positions read", "", pass.read),
                 .view = map_view});
    outputs.summary.push_back("stopped after " + std::to_string(pass.frames_read) + " of " +
                              std::to_string(data.navigation_size()) +
                              " positions: the others hold 0, or NaN in the centre of mass");
    context.warn(outputs.summary.back());
  }
  for (std::size_t d = 0; d < names.size() && d < 3; ++d) {
    outputs.summary.push_back(names[d] + " (" + detectors.definitions[d] + "): " + show(collected[d]) +
                              " counts per frame");
  }
  if (names.size() > 3) outputs.summary.push_back("and " + std::to_string(names.size() - 3) + " detectors more");
  if (std::isfinite(center.mean_x) && std::isfinite(center.mean_y)) {
    outputs.summary.push_back("centre of mass of all frames: (" + show(axis_x.at(center.mean_x)) + ", " +
                              show(axis_y.at(center.mean_y)) + ") " + unit);
  } else {
    outputs.summary.emplace_back("no frame holds counts: there is no centre of mass");
  }
  outputs.summary.push_back(std::to_string(hot) + " hot and " + std::to_string(dead) + " dead pixels beyond " +
                            show(params.significance) + " σ");
  return outputs;
}

Outputs run(const Inputs& inputs, const ScanParams& params, Context& context) {
  const DType dtype = corrected(inputs) ? DType::float64 : inputs.at("data").describe().dtype;
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
                  frame_port("detector_masks",
                             "More detectors: a frame or a stack of frames; integers collect where they are not 0, "
                             "floats are weights.")},
       .outputs = {{"images", "Sum over each detector at every position."},
                   {"center_of_mass",
                    "Centre of mass along x and y as coordinates of the signal axes; NaN where a frame has no counts."},
                   {"center_of_mass_sigma", "Its standard deviation by counting statistics; NaN where it is NaN."},
                   {"total", "Sum over each frame."},
                   {"mean", "Mean of all frames."},
                   {"maximum", "Largest value of each pixel."},
                   {"sum", "Sum of all frames."},
                   {"variance", "Variance of each pixel over all frames, when asked for."},
                   {"radial", "Mean over each ring at every position, when asked for."},
                   {"masks", "The detectors' pixels, or their weights."},
                   {"positions_read", "1 where the position was read, when the run was stopped and kept."},
                   {"detectors", "Definition, pixels and mean counts of each detector."},
                   {"pixels", "Hot and dead pixels, in standard deviations from their surroundings."}},
       .traits = {.keeps_partial = true}},
      parameters, &check, &run);
  return operation;
}

}  // namespace ruska::ops::diffraction
