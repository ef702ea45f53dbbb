// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Fluctuation electron microscopy after M. M. J. Treacy and J. M. Gibson, Acta Cryst. A 52, 212 (1996), in conventions
// that T. L. Daulton, K. S. Bondi, K. F. Kelton, Ultramicroscopy 110, 1279 (2010) compare:
//   image   annular mean of the variance image, V(k) = Σ_p w_p V_p / Σ_p w_p,   V_p = ⟨I_p²⟩/⟨I_p⟩² − 1 over the scan
//   ring    variance over all pixels of the ring and all positions together
//   mean    variance over positions of the ring's mean
// with w the share of a pixel in a ring (radial_bins.cpp). For counts the mean of I² exceeds that of the square of its
// expectation by that of I, so that ⟨I⟩ · gain is taken off ⟨I²⟩, and Σ w² ⟨I⟩ · gain off the square of a ring's sum.
// The variance of a finite number N of positions is the unbiased one, and from ⟨I⟩² its own variance is taken off.
//
// One pass. The scan is cut into at most 32 runs of positions, whose sums are kept apart: leaving out each in turn
// gives the standard deviation (jackknife), which allows for neighbouring positions that see the same specimen.
#include "ruska/ops/diffraction/variance/variance.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

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

constexpr std::int64_t most_blocks = 32;
constexpr std::int64_t least_blocks = 4;
constexpr std::int64_t block_bytes =
    256 << 20;  // that the sums of all blocks may hold beyond the least number of these
constexpr std::size_t conventions = 3;

constexpr auto parameters = std::tuple{
    parameter(&VarianceParams::center_x, "center_x", "px",
              "Centre of the rings along x; auto: the calibrated origin, else the centre of mass of the bright disc."),
    parameter(&VarianceParams::center_y, "center_y", "px",
              "Centre of the rings along y; auto: the calibrated origin, else the centre of mass of the bright disc."),
    parameter(&VarianceParams::ellipse_ratio, "ellipse_ratio", "", within(1.0, 100.0),
              "Long semi-axis over short one of the ellipses that rings appear as; auto: as calibrated, else 1."),
    parameter(&VarianceParams::ellipse_angle, "ellipse_angle", "°", within(-360.0, 360.0),
              "Direction of the long semi-axis, from x towards y, of a ratio that is given; auto: 0."),
    parameter(&VarianceParams::step, "step", "px", within(0.01, 1e6), "Width of a ring."),
    parameter(&VarianceParams::radius, "radius", "px", within(0.01, 1e6),
              "Radius up to which rings are made; auto: to the farthest corner."),
    parameter(&VarianceParams::noise, "noise", "", one_of("auto|counts|none"),
              "Whether values are counts, whose noise is taken off; auto: integers are."),
    parameter(&VarianceParams::gain, "gain", "", within(1e-6, 1e6),
              "Value that one count gives: the variance of a value is this times its mean."),
};

std::int64_t blocks_of(const Description& data) {
  const std::int64_t most = std::clamp(block_bytes / (16 * data.signal_size()), least_blocks, most_blocks);
  return std::min(most, data.navigation_size());
}

PlaneParams plane_of(const VarianceParams& params) {
  return {params.center_x, params.center_y, params.ellipse_ratio, params.ellipse_angle};
}

/// The plane about its centre, or about (y, x) where that is not known.
RadialGeometry geometry_of(const Description& data, const Calibration& calibration, const VarianceParams& params,
                           double y, double x) {
  RadialGeometry geometry = radial_plane(data, calibration, plane_of(params));
  geometry.step = params.step;
  if (!center_known(calibration, plane_of(params))) {
    geometry.center_y = params.center_y.value_or(y);
    geometry.center_x = params.center_x.value_or(x);
  }
  const Shape frame = data.signal_shape();
  geometry.rings = rings_to_corner(geometry, frame[0], frame[1], params.radius);
  return geometry;
}

RadialGeometry planned_geometry(const Description& data, const Calibration& calibration, const VarianceParams& params) {
  const Shape frame = data.signal_shape();
  RadialGeometry most;
  for (const double y : {0.0, static_cast<double>(frame[0] - 1)}) {
    for (const double x : {0.0, static_cast<double>(frame[1] - 1)}) {
      const RadialGeometry one = geometry_of(data, calibration, params, y, x);
      if (one.rings > most.rings) most = one;
    }
  }
  return most;
}

Plan check(const Inputs& inputs, const VarianceParams& params) {
  const Description& data = inputs.at("data").describe();
  check_frame_port(inputs, "mask");
  if (data.navigation_size() > 0 && data.navigation_size() < least_blocks) {
    throw Error(ErrorKind::invalid_argument, "a variance over " + std::to_string(data.navigation_size()) +
                                                 " positions; at least " + std::to_string(least_blocks) +
                                                 " are needed, and hundreds for a small standard deviation");
  }
  const RadialGeometry geometry = planned_geometry(data, calibration_of(inputs), params);
  const Shape frame = data.signal_shape(), bins = shape_of(bin_axes(geometry));
  Shape curves = bins;
  curves.insert(curves.begin(), conventions);
  Plan plan;
  plan.outputs = {{"variance", curves}, {"variance_sigma", curves},   {"uncorrected", curves},   {"mean_profile", bins},
                  {"counts", bins},     {"mean_profile_sigma", bins}, {"variance_image", frame}, {"mean", frame}};
  const std::int64_t blocks = blocks_of(data);
  plan.least_memory = 2 * blocks * 8 * (2 * data.signal_size() + 2 * geometry.rings) + 20 * 8 * data.signal_size() +
                      64 * 8 * geometry.rings + RadialBins::bytes_held(geometry, frame[0], frame[1]) + (16 << 20);
  plan.memory_per_worker =
      std::max(FrameReader<double>::bytes_held(data, false), frame_bytes_held(data)) + 64 * 8 * geometry.rings;
  plan.memory = plan.least_memory;
  plan.bytes_read = static_cast<double>(data.bytes());
  plan.flops = 6 * static_cast<double>(count(data.shape()));
  return plan;
}

/// What is summed over a run of positions, in one run of numbers.
struct Sums {
  Sums(std::size_t pixels, std::size_t rings) : number_of_pixels(pixels), number_of_rings(rings) {}
  std::size_t number_of_pixels, number_of_rings;
  std::size_t width() const { return 2 * number_of_pixels + 2 * number_of_rings; }
  double* value(double* run) const { return run; }                                ///< Σ I per pixel
  double* square(double* run) const { return run + number_of_pixels; }            ///< Σ I² per pixel
  double* ring(double* run) const { return run + 2 * number_of_pixels; }          ///< Σ S, S = Σ w I per ring
  double* ring_square(double* run) const { return ring(run) + number_of_rings; }  ///< Σ S²
};

template <class T>
void add_frames(const Dataset& data, RowRange range, const RadialBins& bins, const std::vector<std::uint8_t>& left_out,
                bool counts, const Sums& sums, double* run, Context& context) {
  const Description& description = data.describe();
  const std::int64_t width = description.signal_shape()[1], height = description.signal_shape()[0];
  const Correction none;
  FrameReader<T> reader(data, none);
  std::vector<double> ring;  // of the frames whose rows come in parts
  double *const value = sums.value(run), *const square = sums.square(run);
  reader.read(range, [&](const LoadedRows<T>& rows) {
    context.check();
    const std::int64_t first = rows.first_row * width, pixels = rows.rows * width;
    if (rows.first_row == 0) ring.assign(static_cast<std::size_t>(rows.frames) * sums.number_of_rings, 0.0);
    for (std::int64_t f = 0; f < rows.frames; ++f) {
      const T* const values = rows.values + f * rows.frame_stride;
      check_values(values, pixels, first, rows.frame + f, description, left_out, counts);
      for (std::int64_t i = 0; i < pixels; ++i) {
        const auto v = static_cast<double>(values[i]);
        value[first + i] += v;
        square[first + i] += v * v;
      }
      double* const of_frame = ring.data() + static_cast<std::size_t>(f) * sums.number_of_rings;
      bins.add(values, first, pixels, of_frame);
      if (rows.first_row + rows.rows < height) continue;
      for (std::size_t b = 0; b < sums.number_of_rings; ++b) {
        sums.ring(run)[b] += of_frame[b];
        sums.ring_square(run)[b] += of_frame[b] * of_frame[b];
      }
    }
  });
}

/// (⟨x²⟩ − noise)/⟨x⟩² − 1 from the sums over N elements, of which the noise of their sum's square is known; N
/// positions make the variance, so that N/(N − 1) of it is the expected one, and 1/N of that is in the mean's square. 0
/// where all is dark.
double normalised(double sum, double squares, double noise, double elements, double positions) {
  const double mean = sum / elements;
  const double spread = (squares / elements - mean * mean) * positions / (positions - 1);
  const double mean_square = mean * mean - spread / positions;
  return mean_square > 0 && mean > 0 ? (spread - noise / elements) / mean_square : 0.0;
}

/// The three variances of the sums over `positions` positions.
struct Curves {
  std::vector<double> variance;  ///< conventions × rings
  std::vector<double> image;     ///< per pixel
};

Curves curves_of(const Sums& sums, double* run, const RadialBins& bins, double positions, double gain) {
  const std::size_t rings = sums.number_of_rings, pixels = sums.number_of_pixels;
  Curves curves;
  curves.variance.resize(conventions * rings);
  curves.image.resize(pixels);
  std::vector<double> lit(rings), squares(rings), noise(rings), ring_noise(rings);
  const double *const value = sums.value(run), *const square = sums.square(run);
  for (std::size_t p = 0; p < pixels; ++p) {
    if (bins.start()[p] == bins.start()[p + 1]) continue;
    curves.image[p] = normalised(value[p], square[p], gain * value[p], positions, positions);
    for (std::int64_t s = bins.start()[p]; s < bins.start()[p + 1]; ++s) {
      const RadialBins::Share& share = bins.shares()[static_cast<std::size_t>(s)];
      const auto b = static_cast<std::size_t>(share.bin);
      squares[b] += share.weight * square[p];
      noise[b] += share.weight * gain * value[p];
      ring_noise[b] += share.weight * share.weight * gain * value[p];
      if (!(value[p] > 0)) continue;
      curves.variance[b] += share.weight * curves.image[p];
      lit[b] += share.weight;
    }
  }
  for (std::size_t b = 0; b < rings; ++b) {
    const double sum = sums.ring(run)[b], area = bins.area()[b];
    curves.variance[b] = lit[b] > 0 ? curves.variance[b] / lit[b] : 0.0;
    if (!(sum > 0)) continue;
    // Over pixels and positions together the mean is known so well that its own variance matters to none.
    const double mean = sum / (area * positions);
    curves.variance[rings + b] = ((squares[b] - noise[b]) / (area * positions)) / (mean * mean) - 1;
    curves.variance[2 * rings + b] = normalised(sum, sums.ring_square(run)[b], ring_noise[b], positions, positions);
  }
  return curves;
}

std::string show(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.4g", value);
  return text;
}

Outputs run(const Inputs& inputs, const VarianceParams& params, Context& context) {
  const Dataset& dataset = inputs.at("data");
  const Description& data = dataset.describe();
  const Shape frame = data.signal_shape();
  const bool counts = are_counts(params.noise, data);
  const double gain = counts ? params.gain : 0;
  const std::vector<std::uint8_t> left_out = read_mask(inputs.find("mask"), frame, "mask");
  const Calibration calibration = calibration_of(inputs);
  RadialGeometry geometry = radial_plane(data, calibration, plane_of(params));
  const std::string story = place_center(geometry, dataset, calibration, plane_of(params), left_out, context);
  geometry = geometry_of(data, calibration, params, geometry.center_y, geometry.center_x);
  const RadialBins bins(geometry, frame[0], frame[1], left_out);
  const auto rings = static_cast<std::size_t>(geometry.rings), pixels = static_cast<std::size_t>(data.signal_size());

  const Sums sums(pixels, rings);
  const std::int64_t positions = data.navigation_size(), blocks = blocks_of(data);
  const auto range_of = [&](std::int64_t block) {
    return RowRange{block * positions / blocks, (block + 1) * positions / blocks};
  };
  std::vector<double> runs(static_cast<std::size_t>(blocks) * sums.width());
  const Partitions partitions(blocks, INT64_MAX);  // one block each
  Executor executor(context);
  executor.for_each_chunk("summing squares", partitions, [&](std::int64_t, RowRange some) {
    for (std::int64_t block = some.begin; block < some.end; ++block) {
      double* const run = runs.data() + static_cast<std::size_t>(block) * sums.width();
      visit_dtype(data.dtype, [&]<class T>() {
        if constexpr (!is_complex_v<T>) {
          add_frames<T>(dataset, range_of(block), bins, left_out, counts, sums, run, context);
        }
      });
    }
  });
  executor.gather(partitions, static_cast<std::int64_t>(sums.width()), std::span(runs));

  std::vector<double> total(sums.width());
  for (std::size_t i = 0; i < runs.size(); ++i) total[i % sums.width()] += runs[i];
  for (std::size_t p = 0; p < pixels; ++p) {
    if (!left_out.empty() && left_out[p] != 0) continue;
    if (!std::isfinite(sums.square(total.data())[p])) {
      throw Error(ErrorKind::bad_data,
                  "the sum of squares of pixel (" + std::to_string(p / static_cast<std::size_t>(frame[1])) + ", " +
                      std::to_string(p % static_cast<std::size_t>(frame[1])) + ") is not finite in float64");
    }
  }
  const auto number = static_cast<double>(positions);
  const Curves whole = curves_of(sums, total.data(), bins, number, gain);
  const Curves uncorrected = curves_of(sums, total.data(), bins, number, 0);
  std::vector<double> mean(rings), mean_sigma(rings), per_position(rings), sigma(conventions * rings);
  for (std::size_t b = 0; b < rings; ++b) {
    const double area = std::max(bins.area()[b], 1e-300);
    per_position[b] = sums.ring(total.data())[b] / number;
    mean[b] = per_position[b] / area;
  }
  // Leaving out one run of positions at a time.
  std::vector<double> first(conventions * rings), second(conventions * rings), rest(sums.width());
  std::vector<double> mean_first(rings), mean_second(rings);
  for (std::int64_t block = 0; block < blocks; ++block) {
    context.check();
    for (std::size_t i = 0; i < rest.size(); ++i)
      rest[i] = total[i] - runs[static_cast<std::size_t>(block) * sums.width() + i];
    const auto left = number - static_cast<double>(range_of(block).size());
    const Curves without = curves_of(sums, rest.data(), bins, left, gain);
    for (std::size_t i = 0; i < sigma.size(); ++i) {
      const double difference = without.variance[i] - whole.variance[i];
      first[i] += difference;
      second[i] += difference * difference;
    }
    for (std::size_t b = 0; b < rings; ++b) {
      const double difference = sums.ring(rest.data())[b] / left / std::max(bins.area()[b], 1e-300) - mean[b];
      mean_first[b] += difference;
      mean_second[b] += difference * difference;
    }
  }
  const auto jackknife = [&](double sum, double squares) {
    const auto n = static_cast<double>(blocks);
    return std::sqrt(std::max(0.0, (n - 1) / n * (squares - sum * sum / n)));
  };
  for (std::size_t i = 0; i < sigma.size(); ++i) sigma[i] = jackknife(first[i], second[i]);
  for (std::size_t b = 0; b < rings; ++b) mean_sigma[b] = jackknife(mean_first[b], mean_second[b]);

  Axes axes = bin_axes(geometry);
  Axes curve_axes = axes;
  curve_axes.insert(
      curve_axes.begin(),
      Axis{.name = "convention", .role = Role::navigation, .size = static_cast<std::int64_t>(conventions)});
  const std::vector<std::string> names{"annular mean of the variance image", "ring ensemble", "annular means"};
  Outputs outputs;
  outputs.add({.name = "variance",
               .title = "Normalised variance V(k)",
               .value = dataset_over<double>(curve_axes, "Normalised variance", "V", whole.variance),
               .view = View::spectra,
               .sigma = "variance_sigma",
               .components = names,
               .note = counts ? "Counting noise is taken off: 0 where patterns differ by nothing else."
                              : "Nothing is taken off for noise."});
  outputs.add({.name = "variance_sigma",
               .title = "Standard deviation of V(k)",
               .value = dataset_over<double>(curve_axes, "Normalised variance, standard deviation", "V", sigma),
               .components = names,
               .note = "Jackknife over " + std::to_string(blocks) + " runs of positions."});
  outputs.add({.name = "uncorrected",
               .title = "V(k) with the counting noise in it",
               .value = dataset_over<double>(curve_axes, "Normalised variance, uncorrected", "V", uncorrected.variance),
               .view = counts ? View::spectra : View::hidden,
               .components = names});
  outputs.add({.name = "mean_profile",
               .title = "Mean intensity of each ring",
               .value = dataset_over<double>(axes, "Mean radial profile", "Mean value per pixel", mean),
               .view = View::spectra,
               .sigma = "mean_profile_sigma"});
  outputs.add({.name = "mean_profile_sigma",
               .title = "Standard deviation of the mean intensity",
               .value = dataset_over<double>(axes, "Mean radial profile, standard deviation", "Mean value per pixel",
                                             mean_sigma)});
  outputs.add({.name = "counts",
               .title = "Sum over each ring and pattern",
               .value = dataset_over<double>(axes, "Sum over the ring", "Sum", per_position)});
  const Axes frame_axes(data.axes.end() - 2, data.axes.end());
  outputs.add({.name = "variance_image",
               .title = "Variance image",
               .value = dataset_over<double>(frame_axes, "Variance image", "V", whole.image),
               .view = View::maps,
               .note = "Normalised variance of each pixel over the scan."});
  std::vector<double> pattern(pixels);
  for (std::size_t p = 0; p < pixels; ++p) {
    if (left_out.empty() || left_out[p] == 0) pattern[p] = sums.value(total.data())[p] / number;
  }
  outputs.add(pattern_with_rings(data, geometry, pattern));

  outputs.summary.push_back(story);
  if (const std::string ellipse = ellipse_story(calibration, plane_of(params)); !ellipse.empty()) {
    outputs.summary.push_back(ellipse);
  }
  outputs.summary.push_back(calibration_line(calibration));
  if (calibration.origin && !OriginShifts(*calibration.origin, data.navigation_shape()).none()) {
    context.warn(
        "the origin moves by half a pixel or more over the scan; the variance of a pixel is taken where it is, so that "
        "descan adds to it and blurs the rings");
  }
  outputs.summary.push_back(std::to_string(positions) + " positions, " + std::to_string(rings) + " rings of " +
                            show(params.step) + " px");
  for (std::size_t c = 0; c < conventions; ++c) {
    std::size_t best = 0;
    double most = -1;
    for (std::size_t b = 0; b < rings; ++b) {
      const double s = sigma[c * rings + b], v = whole.variance[c * rings + b];
      if (s > 0 && v / s > most) {
        most = v / s;
        best = b;
      }
    }
    if (most < 3) {
      outputs.summary.push_back(names[c] + ": no variance beyond 3 σ");
      continue;
    }
    outputs.summary.push_back(names[c] + ": V = " + show(whole.variance[c * rings + best]) + " ± " +
                              show(sigma[c * rings + best]) + " where it stands out most, at " +
                              show(axes[0].at(static_cast<double>(best))) + " " + axes[0].units);
  }
  return outputs;
}

}  // namespace

const Operation& variance_operation() {
  static const Operation operation = make_operation<VarianceParams>(
      {.name = "diffraction.variance",
       .version = 1,
       .summary =
           "Fluctuation electron microscopy: normalised variance of a scan's patterns over rings, less counting noise.",
       .citations = {"M. M. J. Treacy and J. M. Gibson, Acta Cryst. A 52, 212 (1996)",
                     "T. L. Daulton, K. S. Bondi, K. F. Kelton, Ultramicroscopy 110, 1279 (2010)"},
       .inputs = calibrated_pattern_ports("Diffraction patterns over any navigation axes."),
       .outputs = {{"variance",
                    "V(k): annular mean of the variance image, ring ensemble variance, variance of annular means; 0 "
                    "where a ring is dark."},
                   {"variance_sigma", "Its standard deviation, from leaving out runs of positions."},
                   {"uncorrected", "V(k) with the counting noise in it."},
                   {"mean_profile", "Mean value per pixel of each ring."},
                   {"mean_profile_sigma", "Its standard deviation, from leaving out runs of positions."},
                   {"counts", "Mean sum over each ring."},
                   {"variance_image", "Normalised variance of each pixel over the scan."},
                   {"mean", "Mean of all frames, with rings drawn."}}},
      parameters, &check, &run);
  return operation;
}

}  // namespace ruska::ops::diffraction
