// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
//   S(p, b) = Σ_k w(k, b) I(p, k),   mean S/A,   A(b) = Σ_k w(k, b),   σ² = Σ_k w² I
// with w the share of pixel k in bin b, exact (radial_bins.cpp). One pass over the data; time is that of reading and of
// one to two shares per pixel that is not zero. Memory: two numbers per position and bin.
#include "ruska/ops/diffraction/radial/radial.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>

#include "ruska/core/executor.hpp"
#include "ruska/core/rows.hpp"
#include "ruska/ops/diffraction/frames.hpp"
#include "ruska/ops/diffraction/radial_bins.hpp"
#include "ruska/ops/diffraction/radial_plane.hpp"
#include "ruska/ops/diffraction/scan/frame_reader.hpp"
#include "ruska/ops/diffraction/scan_maps.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr auto parameters = std::tuple{
    parameter(&RadialParams::center_x, "center_x", "px",
              "Centre of the rings along x; auto: centre of mass of the bright disc."),
    parameter(&RadialParams::center_y, "center_y", "px",
              "Centre of the rings along y; auto: centre of mass of the bright disc."),
    parameter(&RadialParams::ellipse_ratio, "ellipse_ratio", "", within(1.0, 100.0),
              "Long semi-axis over short one of the ellipses that rings appear as."),
    parameter(&RadialParams::ellipse_angle, "ellipse_angle", "°", within(-360.0, 360.0),
              "Direction of the long semi-axis, from x towards y."),
    parameter(&RadialParams::step, "step", "px", within(0.01, 1e6), "Width of a ring."),
    parameter(&RadialParams::radius, "radius", "px", within(0.01, 1e6),
              "Radius up to which rings are made; auto: to the farthest corner, so that every count is in one."),
    parameter(&RadialParams::sectors, "sectors", "", within<std::int64_t>(1, 720),
              "Equal parts of a turn that each ring is cut into, the first from x towards y: 1, or at least 3."),
    parameter(&RadialParams::value, "value", "", one_of("mean|sum"),
              "The mean value per pixel of each bin, or the sum over the bin."),
    parameter(&RadialParams::noise, "noise", "", one_of("auto|counts|none"),
              "Whether values are counts, whose variance is known; none: no standard deviations; auto: integers are."),
    parameter(&RadialParams::gain, "gain", "", within(1e-6, 1e6),
              "Value that one count gives: the variance of a value is this times its mean."),
};

RadialGeometry geometry_of(const Description& data, const RadialParams& params) {
  if (params.sectors == 2) {
    throw Error(ErrorKind::invalid_argument, "'sectors' is 2; 1 and 3 or more are allowed");
  }
  RadialGeometry geometry = radial_plane(data, params.ellipse_ratio, params.ellipse_angle);
  geometry.step = params.step;
  geometry.sectors = params.sectors;
  if (params.center_y) geometry.center_y = *params.center_y;
  if (params.center_x) geometry.center_x = *params.center_x;
  const Shape frame = data.signal_shape();
  geometry.rings = rings_to_corner(geometry, frame[0], frame[1], params.radius);
  return geometry;
}

/// The geometry with the most rings that a centre within the frame can give.
RadialGeometry planned_geometry(const Description& data, const RadialParams& params) {
  RadialGeometry geometry = geometry_of(data, params);
  if (params.radius) return geometry;
  const Shape frame = data.signal_shape();
  for (const double y : {0.0, static_cast<double>(frame[0] - 1)}) {
    for (const double x : {0.0, static_cast<double>(frame[1] - 1)}) {
      RadialGeometry corner = geometry;
      if (!params.center_y) corner.center_y = y;
      if (!params.center_x) corner.center_x = x;
      geometry.rings = std::max(geometry.rings, rings_to_corner(corner, frame[0], frame[1], {}));
    }
  }
  return geometry;
}

Axes profile_axes(const Description& data, const RadialGeometry& geometry, bool positions) {
  Axes axes;
  if (positions) axes.assign(data.axes.begin(), data.axes.end() - 2);
  for (Axis& axis : bin_axes(data, geometry)) axes.push_back(axis);
  return axes;
}

Plan check(const Inputs& inputs, const RadialParams& params) {
  const Description& data = inputs.at("data").describe();
  check_mask_shape(inputs);
  const RadialGeometry geometry = planned_geometry(data, params);
  const Shape frame = data.signal_shape();
  const Shape bins = shape_of(bin_axes(data, geometry));
  Plan plan;
  plan.outputs = {{"mean_profile", bins},
                  {"profile", shape_of(profile_axes(data, geometry, true))},
                  {"area", bins},
                  {"mean", frame}};
  if (are_counts(params.noise, data)) {
    plan.outputs.push_back({"mean_profile_sigma", bins});
    plan.outputs.push_back({"profile_sigma", shape_of(profile_axes(data, geometry, true))});
  }
  const std::int64_t numbers = geometry.rings * geometry.sectors * (are_counts(params.noise, data) ? 2 : 1);
  plan.least_memory = 3 * 8 * data.navigation_size() * numbers + 20 * 8 * data.signal_size() + 64 * 8 * numbers +
                      RadialBins::bytes_held(geometry, frame[0], frame[1]) + (16 << 20);
  plan.memory_per_worker =
      std::max(FrameReader<double>::bytes_held(data, false), frame_bytes_held(data)) + 3 * 8 * data.signal_size();
  plan.memory = plan.least_memory;
  plan.bytes_read = static_cast<double>(data.bytes());
  plan.flops = 6 * static_cast<double>(count(data.shape()));
  return plan;
}

/// Sums of all positions, and the sum pattern.
struct Profiles {
  std::vector<double> sum, variance;  ///< positions × bins
  std::vector<double> pattern;
};

template <class T>
Profiles profiles_of(const Dataset& data, const RadialBins& bins, const std::vector<std::uint8_t>& left_out,
                     bool counts, Context& context) {
  const Description& description = data.describe();
  const std::int64_t positions = description.navigation_size(), number = bins.bins();
  const std::int64_t width = description.signal_shape()[1];
  Profiles profiles;
  profiles.sum.resize(static_cast<std::size_t>(positions * number));
  if (counts) profiles.variance.resize(profiles.sum.size());
  const Partitions partitions = frame_partitions(description);
  Executor executor(context);
  const Correction none;
  profiles.pattern = executor.reduce<std::vector<double>>(
      "summing over rings", partitions,
      [&] { return std::vector<double>(static_cast<std::size_t>(description.signal_size())); },
      [&](std::vector<double>& pattern, std::int64_t, RowRange range) {
        FrameReader<T> reader(data, none);
        reader.read(range, [&](const LoadedRows<T>& rows) {
          const std::int64_t first = rows.first_row * width, pixels = rows.rows * width;
          for (std::int64_t f = 0; f < rows.frames; ++f) {
            const T* const values = rows.values + f * rows.frame_stride;
            check_values(values, pixels, first, rows.frame + f, description, left_out, counts);
            for (std::int64_t i = 0; i < pixels; ++i) {
              pattern[static_cast<std::size_t>(first + i)] += static_cast<double>(values[i]);
            }
            bins.add(values, first, pixels, profiles.sum.data() + (rows.frame + f) * number);
            if (counts) bins.add_squared(values, first, pixels, profiles.variance.data() + (rows.frame + f) * number);
          }
        });
      },
      [](std::vector<double>& left, std::vector<double>&& right) {
        for (std::size_t p = 0; p < left.size(); ++p) left[p] += right[p];
      });
  executor.gather(partitions, number, std::span(profiles.sum));
  if (counts) executor.gather(partitions, number, std::span(profiles.variance));
  return profiles;
}

std::string show(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.5g", value);
  return text;
}

Outputs run(const Inputs& inputs, const RadialParams& params, Context& context) {
  const Dataset& dataset = inputs.at("data");
  const Description& data = dataset.describe();
  const Shape frame = data.signal_shape();
  const bool counts = are_counts(params.noise, data);
  const std::vector<std::uint8_t> left_out = read_mask(inputs.find("mask"), frame, "mask");
  RadialGeometry geometry = geometry_of(data, params);
  const std::string story = place_center(geometry, dataset, params.center_y, params.center_x, left_out, context);
  geometry.rings = rings_to_corner(geometry, frame[0], frame[1], params.radius);
  const RadialBins bins(geometry, frame[0], frame[1], left_out);

  Profiles profiles = visit_dtype(data.dtype, [&]<class T>() -> Profiles {
    if constexpr (is_complex_v<T>) {
      throw Error(ErrorKind::internal, "complex data were let in");
    } else {
      return profiles_of<T>(dataset, bins, left_out, counts, context);
    }
  });

  const auto positions = static_cast<std::size_t>(data.navigation_size());
  const auto number = static_cast<std::size_t>(bins.bins());
  const auto divisor = [&](std::size_t b) { return params.value == "sum" ? 1.0 : std::max(bins.area()[b], 1e-300); };
  std::vector<double> mean(number), mean_sigma(number);
  for (std::size_t p = 0; p < positions; ++p) {
    for (std::size_t b = 0; b < number; ++b) {
      double& sum = profiles.sum[p * number + b];
      mean[b] += sum;
      if (counts) {
        double& variance = profiles.variance[p * number + b];
        mean_sigma[b] += variance;
        variance = std::sqrt(params.gain * variance) / divisor(b);
      }
      sum /= divisor(b);
    }
  }
  for (std::size_t b = 0; b < number; ++b) {
    mean[b] /= static_cast<double>(positions) * divisor(b);
    mean_sigma[b] = std::sqrt(params.gain * mean_sigma[b]) / (static_cast<double>(positions) * divisor(b));
  }

  const std::string quantity = params.value == "sum" ? "Sum over the bin" : "Mean value per pixel";
  const View view = params.sectors == 1 ? View::spectra : View::maps;
  Outputs outputs;
  outputs.add(
      {.name = "mean_profile",
       .title =
           params.sectors == 1 ? "Radial profile, mean of all positions" : "Rings and sectors, mean of all positions",
       .value = dataset_over<double>(profile_axes(data, geometry, false), "Mean radial profile", quantity, mean),
       .view = view,
       .sigma = counts ? "mean_profile_sigma" : ""});
  if (counts) {
    outputs.add({.name = "mean_profile_sigma",
                 .title = "Standard deviation of the mean profile",
                 .value = dataset_over<double>(profile_axes(data, geometry, false),
                                               "Mean radial profile, standard deviation", quantity, mean_sigma),
                 .note = "Counting statistics; what positions differ in is not in it."});
  }
  outputs.add(
      {.name = "profile",
       .title = "Radial profile at every position",
       .value = dataset_over<double>(profile_axes(data, geometry, true), "Radial profiles", quantity, profiles.sum),
       .sigma = counts ? "profile_sigma" : ""});
  if (counts) {
    outputs.add({.name = "profile_sigma",
                 .title = "Standard deviation of the profiles",
                 .value = dataset_over<double>(profile_axes(data, geometry, true),
                                               "Radial profiles, standard deviation", quantity, profiles.variance)});
  }
  outputs.add({.name = "area",
               .title = "Pixels in each bin",
               .value = dataset_over<double>(profile_axes(data, geometry, false), "Pixels in each bin", "Pixels",
                                             bins.area())});
  double total = 0;
  for (std::size_t p = 0; p < profiles.pattern.size(); ++p) {
    double& value = profiles.pattern[p];
    value = left_out.empty() || left_out[p] == 0 ? value / static_cast<double>(positions) : 0.0;
    total += value;
  }
  outputs.add(pattern_with_rings(data, geometry, profiles.pattern));
  double binned = 0;
  for (std::size_t b = 0; b < number; ++b) binned += mean[b] * (params.value == "sum" ? 1.0 : bins.area()[b]);
  outputs.summary.push_back(story);
  outputs.summary.push_back(std::to_string(geometry.rings) + " rings of " + show(params.step) + " px" +
                            (params.sectors > 1 ? " in " + std::to_string(params.sectors) + " sectors" : "") +
                            (params.ellipse_ratio > 1
                                 ? ", ellipse " + show(params.ellipse_ratio) + " at " + show(params.ellipse_angle) + "°"
                                 : ""));
  outputs.summary.push_back(show(binned) + " of " + show(total) + " counts per pattern lie in them");
  return outputs;
}

}  // namespace

const Operation& radial_operation() {
  static const Operation operation = make_operation<RadialParams>(
      {.name = "diffraction.radial",
       .version = 1,
       .summary = "Radial profile of every pattern, pixels shared out exactly among rings and sectors.",
       .citations = {"J. Kieffer and D. Karkoulis, J. Phys. Conf. Ser. 425, 202012 (2013)"},
       .inputs = {{.name = "data",
                   .help = "Diffraction patterns over any navigation axes.",
                   .values = Values::real,
                   .min_signal = 2,
                   .max_signal = 2},
                  mask_port()},
       .outputs = {{"mean_profile", "Mean of the profiles of all positions; 0 where a bin holds no pixel."},
                   {"mean_profile_sigma", "Its standard deviation by counting statistics."},
                   {"profile", "Profile of every position; 0 where a bin holds no pixel."},
                   {"profile_sigma", "Its standard deviation by counting statistics."},
                   {"area", "Pixels that each bin holds."},
                   {"mean", "Mean of all frames, with rings drawn."}}},
      parameters, &check, &run);
  return operation;
}

}  // namespace ruska::ops::diffraction
