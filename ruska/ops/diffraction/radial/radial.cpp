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
#include <map>
#include <optional>

#include "ruska/core/executor.hpp"
#include "ruska/core/rows.hpp"
#include "ruska/ops/diffraction/calibration_summary.hpp"
#include "ruska/ops/diffraction/frames.hpp"
#include "ruska/ops/diffraction/origin_shifts.hpp"
#include "ruska/ops/diffraction/radial_bins.hpp"
#include "ruska/ops/diffraction/radial_plane.hpp"
#include "ruska/ops/diffraction/scan/frame_reader.hpp"
#include "ruska/ops/diffraction/scan_maps.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr auto parameters = std::tuple{
    parameter(&RadialParams::center_x, "center_x", "px",
              "Centre of the rings along x; auto: the calibrated origin, else the centre of mass of the bright disc."),
    parameter(&RadialParams::center_y, "center_y", "px",
              "Centre of the rings along y; auto: the calibrated origin, else the centre of mass of the bright disc."),
    parameter(&RadialParams::ellipse_ratio, "ellipse_ratio", "", within(1.0, 100.0),
              "Long semi-axis over short one of the ellipses that rings appear as; auto: as calibrated, else 1."),
    parameter(&RadialParams::ellipse_angle, "ellipse_angle", "°", within(-360.0, 360.0),
              "Direction of the long semi-axis, from x towards y, of a ratio that is given; auto: 0."),
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

PlaneParams plane_of(const RadialParams& params) {
  return {params.center_x, params.center_y, params.ellipse_ratio, params.ellipse_angle};
}

/// The frame that bins are made for: as large as the pattern, or larger by as much as the origin moves over the scan,
/// so that each position looks at its own part of it.
struct BinnedFrame {
  std::int64_t height = 0, width = 0;
  std::optional<OriginShifts> shifts{};  ///< nothing where the centre stays

  BinnedFrame(const Description& data, const Calibration& calibration, const PlaneParams& plane)
      : height(data.signal_shape()[0]), width(data.signal_shape()[1]) {
    if (!calibration.origin || plane.center_x || plane.center_y) return;
    const OriginShifts moves(*calibration.origin, data.navigation_shape());
    if (moves.none()) return;
    const std::int64_t more_y = moves.high().y - moves.low().y, more_x = moves.high().x - moves.low().x;
    if (more_y > height || more_x > width) {
      throw Error(
          ErrorKind::invalid_argument,
          "the calibrated origin moves by " + std::to_string(std::max(more_y, more_x)) +
              " px over the scan, more than a frame is long; give --center_x and --center_y, or calibrate anew");
    }
    shifts = moves;
    height += more_y;
    width += more_x;
  }
  /// Where a pattern's first pixel lies in it.
  Shift corner(std::int64_t position) const {
    if (!shifts) return {};
    const Shift shift = shifts->at(position);
    return {shifts->high().x - shift.x, shifts->high().y - shift.y};
  }
};

/// The plane of the bins, its centre in their frame.
RadialGeometry geometry_of(const Description& data, const Calibration& calibration, const RadialParams& params) {
  if (params.sectors == 2) {
    throw Error(ErrorKind::invalid_argument, "'sectors' is 2; 1 and 3 or more are allowed");
  }
  RadialGeometry geometry = radial_plane(data, calibration, plane_of(params));
  geometry.step = params.step;
  geometry.sectors = params.sectors;
  return geometry;
}

void set_rings(RadialGeometry& geometry, const BinnedFrame& frame, std::optional<double> radius) {
  if (frame.shifts) {
    geometry.center_y += static_cast<double>(frame.shifts->high().y);
    geometry.center_x += static_cast<double>(frame.shifts->high().x);
  }
  geometry.rings = rings_to_corner(geometry, frame.height, frame.width, radius);
}

/// The geometry with the most rings that a centre within the frame can give.
RadialGeometry planned_geometry(const Description& data, const Calibration& calibration, const RadialParams& params) {
  const BinnedFrame frame(data, calibration, plane_of(params));
  RadialGeometry geometry = geometry_of(data, calibration, params);
  set_rings(geometry, frame, params.radius);
  if (params.radius || center_known(calibration, plane_of(params))) return geometry;
  for (const double y : {0.0, static_cast<double>(frame.height - 1)}) {
    for (const double x : {0.0, static_cast<double>(frame.width - 1)}) {
      RadialGeometry corner = geometry;
      if (!params.center_y) corner.center_y = y;
      if (!params.center_x) corner.center_x = x;
      geometry.rings = std::max(geometry.rings, rings_to_corner(corner, frame.height, frame.width, {}));
    }
  }
  return geometry;
}

Axes profile_axes(const Description& data, const RadialGeometry& geometry, bool positions) {
  Axes axes;
  if (positions) axes.assign(data.axes.begin(), data.axes.end() - 2);
  for (Axis& axis : bin_axes(geometry)) axes.push_back(axis);
  return axes;
}

Plan check(const Inputs& inputs, const RadialParams& params) {
  const Description& data = inputs.at("data").describe();
  check_frame_port(inputs, "mask");
  const Calibration calibration = calibration_of(inputs);
  const RadialGeometry geometry = planned_geometry(data, calibration, params);
  const BinnedFrame binned(data, calibration, plane_of(params));
  const Shape frame = data.signal_shape();
  const Shape bins = shape_of(bin_axes(geometry));
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
                      RadialBins::bytes_held(geometry, binned.height, binned.width) + (16 << 20);
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
Profiles profiles_of(const Dataset& data, const RadialBins& bins, const BinnedFrame& binned,
                     const std::vector<std::uint8_t>& left_out, bool counts, Context& context) {
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
        std::vector<T> kept;  // a row without what is left out, where bins do not know
        const auto add = [&](const T* values, std::int64_t first, std::int64_t pixels, std::int64_t position) {
          bins.add(values, first, pixels, profiles.sum.data() + position * number);
          if (counts) bins.add_squared(values, first, pixels, profiles.variance.data() + position * number);
        };
        reader.read(range, [&](const LoadedRows<T>& rows) {
          const std::int64_t first = rows.first_row * width, pixels = rows.rows * width;
          for (std::int64_t f = 0; f < rows.frames; ++f) {
            const T* const values = rows.values + f * rows.frame_stride;
            const std::int64_t position = rows.frame + f;
            check_values(values, pixels, first, position, description, left_out, counts);
            for (std::int64_t i = 0; i < pixels; ++i) {
              pattern[static_cast<std::size_t>(first + i)] += static_cast<double>(values[i]);
            }
            if (!binned.shifts) {
              add(values, first, pixels, position);
              continue;
            }
            const Shift corner = binned.corner(position);
            for (std::int64_t r = 0; r < rows.rows; ++r) {
              const T* row = values + r * width;
              if (!left_out.empty()) {
                kept.assign(row, row + width);
                for (std::int64_t x = 0; x < width; ++x) {
                  if (left_out[static_cast<std::size_t>(first + r * width + x)] != 0)
                    kept[static_cast<std::size_t>(x)] = 0;
                }
                row = kept.data();
              }
              add(row, (rows.first_row + r + corner.y) * binned.width + corner.x, width, position);
            }
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

/// Pixels that each bin holds at a position; kept while neighbours share a corner.
class PixelsOfBins {
 public:
  PixelsOfBins(const RadialBins& bins, const BinnedFrame& binned, const Shape& frame,
               const std::vector<std::uint8_t>& left_out)
      : bins_(bins), binned_(binned), frame_(frame), left_out_(left_out) {}

  const std::vector<double>& at(std::int64_t position) {
    if (!binned_.shifts) return bins_.area();
    const Shift corner = binned_.corner(position);
    std::vector<double>& area = known_[corner];
    if (!area.empty()) return area;
    area.resize(bins_.area().size());
    for (std::int64_t p = 0; p < frame_[0] * frame_[1]; ++p) {
      if (!left_out_.empty() && left_out_[static_cast<std::size_t>(p)] != 0) continue;
      const auto pixel =
          static_cast<std::size_t>((p / frame_[1] + corner.y) * binned_.width + p % frame_[1] + corner.x);
      for (std::int64_t s = bins_.start()[pixel]; s < bins_.start()[pixel + 1]; ++s) {
        const RadialBins::Share& share = bins_.shares()[static_cast<std::size_t>(s)];
        area[static_cast<std::size_t>(share.bin)] += share.weight;
      }
    }
    return area;
  }

 private:
  const RadialBins& bins_;
  const BinnedFrame& binned_;
  const Shape& frame_;
  const std::vector<std::uint8_t>& left_out_;
  std::map<Shift, std::vector<double>> known_;
};

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
  const Calibration calibration = calibration_of(inputs);
  const BinnedFrame binned(data, calibration, plane_of(params));
  RadialGeometry geometry = geometry_of(data, calibration, params);
  const std::string story = place_center(geometry, dataset, calibration, plane_of(params), left_out, context);
  const RadialGeometry of_frame = [&] {
    RadialGeometry drawn = geometry;
    drawn.rings = rings_to_corner(drawn, frame[0], frame[1], params.radius);
    return drawn;
  }();
  set_rings(geometry, binned, params.radius);
  const RadialBins bins(geometry, binned.height, binned.width, binned.shifts ? std::vector<std::uint8_t>{} : left_out);

  Profiles profiles = visit_dtype(data.dtype, [&]<class T>() -> Profiles {
    if constexpr (is_complex_v<T>) {
      throw Error(ErrorKind::internal, "complex data were let in");
    } else {
      return profiles_of<T>(dataset, bins, binned, left_out, counts, context);
    }
  });

  const auto positions = static_cast<std::size_t>(data.navigation_size());
  const auto number = static_cast<std::size_t>(bins.bins());
  PixelsOfBins pixels(bins, binned, frame, left_out);
  const bool sums = params.value == "sum";
  const auto whole = static_cast<double>(positions);
  std::vector<double> mean(number), mean_sigma(number), area(number);
  for (std::size_t p = 0; p < positions; ++p) {
    const std::vector<double>& here = pixels.at(static_cast<std::int64_t>(p));
    for (std::size_t b = 0; b < number; ++b) {
      const double divisor = sums ? 1.0 : std::max(here[b], 1e-300);
      double& sum = profiles.sum[p * number + b];
      mean[b] += sum;
      area[b] += here[b] / whole;
      if (counts) {
        double& variance = profiles.variance[p * number + b];
        mean_sigma[b] += variance;
        variance = std::sqrt(params.gain * variance) / divisor;
      }
      sum /= divisor;
    }
  }
  for (std::size_t b = 0; b < number; ++b) {
    const double divisor = sums ? 1.0 : std::max(area[b], 1e-300);
    mean[b] /= whole * divisor;
    mean_sigma[b] = std::sqrt(params.gain * mean_sigma[b]) / (whole * divisor);
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
               .value = dataset_over<double>(profile_axes(data, geometry, false), "Pixels in each bin", "Pixels", area),
               .note = binned.shifts ? "On average over the positions, whose centres lie differently." : ""});
  double total = 0;
  for (std::size_t p = 0; p < profiles.pattern.size(); ++p) {
    double& value = profiles.pattern[p];
    value = left_out.empty() || left_out[p] == 0 ? value / static_cast<double>(positions) : 0.0;
    total += value;
  }
  outputs.add(pattern_with_rings(data, of_frame, profiles.pattern));
  double in_rings = 0;
  for (std::size_t b = 0; b < number; ++b) in_rings += mean[b] * (sums ? 1.0 : area[b]);
  outputs.summary.push_back(story + (binned.shifts ? ", followed by whole pixels over the scan" : ""));
  const std::string ellipse = ellipse_story(calibration, plane_of(params));
  outputs.summary.push_back(std::to_string(geometry.rings) + " rings of " + show(params.step) + " px" +
                            (params.sectors > 1 ? " in " + std::to_string(params.sectors) + " sectors" : "") +
                            (ellipse.empty() ? "" : "; " + ellipse));
  outputs.summary.push_back(show(in_rings) + " of " + show(total) + " counts per pattern lie in them");
  outputs.summary.push_back(calibration_line(calibration));
  return outputs;
}

}  // namespace

const Operation& radial_operation() {
  static const Operation operation = make_operation<RadialParams>(
      {.name = "diffraction.radial",
       .version = 1,
       .summary = "Radial profile of every pattern, pixels shared out exactly among rings and sectors.",
       .citations = {"J. Kieffer and D. Karkoulis, J. Phys. Conf. Ser. 425, 202012 (2013)"},
       .inputs = calibrated_pattern_ports("Diffraction patterns over any navigation axes."),
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
