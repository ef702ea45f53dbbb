// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// Tomography with a parallel beam and a single tilt axis: every slice across the axis is reconstructed by itself,
// sixteen side by side. Cost of an iteration: 4 · angles · voxels multiply-adds per slice, in float32.
#include "ruska/ops/tomo/reconstruct/reconstruct.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ruska/base/random.hpp"
#include "ruska/core/executor.hpp"
#include "ruska/ops/tomo/reconstruct/slice_solver.hpp"

namespace ruska::ops::tomo {
namespace {

constexpr std::int64_t partition_bytes = std::int64_t{2} << 20;  // a batch of slices is a partition of its own

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::invalid_argument, why); }

bool is_angle(const Axis& axis) {
  return axis.units == "°" || axis.units == "deg" || axis.units == "degree" || axis.units == "degrees" ||
         axis.units == "rad" || axis.units == "mrad";
}

double radians_of(const Axis& axis, std::int64_t index) {
  const double value = axis.at(static_cast<double>(index));
  if (axis.units == "rad") return value;
  if (axis.units == "mrad") return value / 1000;
  return value / 180 * std::numbers::pi;
}

/// The box of one slice: all tilts, one row along the axis, everything across it.
Region region_of(const Description& data, const TiltSeries& series, std::int64_t slice) {
  Region region = Region::whole(data.shape());
  std::int64_t component = slice / series.slices;
  for (std::size_t a = series.tilt_axis; a-- > 0;) {
    region.start[a] = component % region.shape[a];
    component /= region.shape[a];
    region.shape[a] = 1;
  }
  const std::size_t along = series.tilt_axis + (series.along_y ? 1 : 2);
  region.start[along] = slice % series.slices;
  region.shape[along] = 1;
  return region;
}

/// Slices side by side, from the dataset or as zeros where there is no slice.
std::vector<float> read_batch(const Dataset& data, const TiltSeries& series, std::int64_t first, std::int64_t last,
                              const char* what) {
  const auto bins = static_cast<std::size_t>(series.width) * series.angles.size();
  std::vector<float> batch(bins * static_cast<std::size_t>(lanes), 0.0f);
  for (std::int64_t slice = first; slice < last; ++slice) {
    const std::vector<double> values = data.read_as_double(region_of(data.describe(), series, slice));
    for (std::size_t i = 0; i < bins; ++i) {
      if (!std::isfinite(values[i])) {
        throw Error(ErrorKind::bad_data, std::string(what) + " at slice " + std::to_string(slice % series.slices) +
                                             ", tilt " + std::to_string(i / static_cast<std::size_t>(series.width)) +
                                             ", position " +
                                             std::to_string(i % static_cast<std::size_t>(series.width)) +
                                             " is not finite; repair the series or cut it out");
      }
      batch[i * static_cast<std::size_t>(lanes) + static_cast<std::size_t>(slice - first)] =
          static_cast<float>(values[i]);
    }
  }
  return batch;
}

class Batch {
 public:
  Batch(const Dataset& data, const Dataset* sigma, const TiltSeries& series, const ReconstructParams& params,
        const SliceProjector& projector)
      : data_(data), sigma_(sigma), series_(series), params_(params), projector_(projector) {}

  void read(std::int64_t first, std::int64_t last) {
    first_ = first;
    projections = read_batch(data_, series_, first, last, "the value");
    if (sigma_ != nullptr) {
      deviations = read_batch(*sigma_, series_, first, last, "the standard deviation");
    } else if (is_integer(data_.describe().dtype)) {
      deviations.resize(projections.size());
      for (std::size_t i = 0; i < deviations.size(); ++i) deviations[i] = std::sqrt(std::max(0.0f, projections[i]));
    }
  }
  /// The projections with normal errors of their standard deviation added.
  std::vector<float> replicate(std::int64_t number) const {
    std::vector<float> copy = projections;
    for (std::size_t i = 0; i < copy.size(); ++i) {
      if (deviations[i] == 0) continue;
      const auto bin = i / static_cast<std::size_t>(lanes);
      const auto slice = static_cast<std::size_t>(first_) + i % static_cast<std::size_t>(lanes);
      Random random(static_cast<std::uint64_t>(params_.seed), "replicate " + std::to_string(number),
                    slice * static_cast<std::size_t>(projector_.bins()) + bin);
      copy[i] += deviations[i] * static_cast<float>(random.normal());
    }
    return copy;
  }

  std::vector<float> projections, deviations;  ///< deviations are empty where they are not known

 private:
  const Dataset& data_;
  const Dataset* sigma_;
  const TiltSeries& series_;
  const ReconstructParams& params_;
  const SliceProjector& projector_;
  std::int64_t first_ = 0;
};

/// From batches of slices side by side to components × z × y × x.
std::vector<float> arrange(const std::vector<float>& batches, const TiltSeries& series) {
  const std::int64_t width = series.width, voxels = width * width;
  std::vector<float> volume(static_cast<std::size_t>(series.components * series.slices * voxels));
  for (std::int64_t component = 0; component < series.components; ++component) {
    for (std::int64_t s = 0; s < series.slices; ++s) {
      const std::int64_t slice = component * series.slices + s;
      const float* const from = batches.data() + slice / lanes * lanes * voxels + slice % lanes;
      for (std::int64_t z = 0; z < width; ++z) {
        for (std::int64_t across = 0; across < width; ++across) {
          const std::int64_t to = series.along_y ? ((component * width + z) * series.slices + s) * width + across
                                                 : ((component * width + z) * width + across) * series.slices + s;
          volume[static_cast<std::size_t>(to)] = from[(z * width + across) * lanes];
        }
      }
    }
  }
  return volume;
}

bool has_sigma(const Dataset& data, const Dataset* sigma, const ReconstructParams& params) {
  const bool known = sigma != nullptr || is_integer(data.describe().dtype);
  return known && (params.method == "fbp" || params.replicates > 1);
}

}  // namespace

TiltSeries tilt_series(const Description& data, const ReconstructParams& params) {
  TiltSeries series;
  if (data.axes.size() < 3) refuse("a tilt series has the axes tilt, y and x; '" + data.title + "' has less");
  series.tilt_axis = data.axes.size() - 3;
  const Axis& tilt = data.axes[series.tilt_axis];
  const Axis& y = data.axes[series.tilt_axis + 1];
  const Axis& x = data.axes[series.tilt_axis + 2];
  if (params.angles) {
    if (static_cast<std::int64_t>(params.angles->size()) != tilt.size) {
      refuse("'angles' holds " + std::to_string(params.angles->size()) + " angles for " + std::to_string(tilt.size) +
             " images");
    }
    for (const double angle : *params.angles) {
      if (!std::isfinite(angle)) refuse("'angles' holds a value that is not finite");
      series.angles.push_back(angle / 180 * std::numbers::pi);
    }
  } else if (is_angle(tilt)) {
    for (std::int64_t i = 0; i < tilt.size; ++i) series.angles.push_back(radians_of(tilt, i));
  } else {
    refuse("the axis '" + tilt.name + "' before y and x has the unit '" + tilt.units +
           "', which is no angle; give --angles in degrees, one per image");
  }
  series.along_y = params.axis == "y";
  series.slices = series.along_y ? y.size : x.size;
  series.width = series.along_y ? x.size : y.size;
  for (std::size_t a = 0; a < series.tilt_axis; ++a) series.components *= data.axes[a].size;
  if (series.components == 0 || series.slices == 0 || series.width == 0 || series.angles.empty()) {
    refuse("the series " + to_string(data.shape()) + " is empty");
  }
  if (series.width < 2) refuse("slices of a single position across the tilt axis cannot be reconstructed");
  if (params.axis_position &&
      !(*params.axis_position >= 0 && *params.axis_position <= static_cast<double>(series.width - 1))) {
    refuse("'axis_position' is " + std::to_string(*params.axis_position) + " and must lie within the image, 0 to " +
           std::to_string(series.width - 1) + " px");
  }
  return series;
}

Volume reconstruct(const Dataset& data, const Dataset* sigma, const ReconstructParams& params, Context& context) {
  const TiltSeries series = tilt_series(data.describe(), params);
  const std::int64_t slices = series.components * series.slices, batches = (slices + lanes - 1) / lanes;
  const SliceProjector projector(series.width, series.angles,
                                 params.axis_position.value_or(static_cast<double>(series.width - 1) / 2));
  const auto size = static_cast<std::size_t>(projector.voxels() * lanes);
  const bool with_sigma = has_sigma(data, sigma, params);
  std::vector<float> values(static_cast<std::size_t>(batches) * size), deviations(with_sigma ? values.size() : 0);
  std::vector<double> fits(static_cast<std::size_t>(batches * lanes * 2));  // residual and data of each slice

  const FilteredBackProjection direct(projector, series.angles, params.window);
  const Sirt iterative(projector, {.iterations = params.iterations,
                                   .non_negative = params.non_negative,
                                   .total_variation = params.total_variation});
  const Partitions partitions(batches, partition_bytes);
  Executor executor(context);
  executor.for_each_chunk("reconstructing slices", partitions, [&](std::int64_t, RowRange range) {
    for (std::int64_t b = range.begin; b < range.end; ++b) {
      Batch batch(data, sigma, series, params, projector);
      batch.read(b * lanes, std::min(slices, (b + 1) * lanes));
      const std::span<float> into = std::span(values).subspan(static_cast<std::size_t>(b) * size, size);
      const std::span<float> spread =
          with_sigma ? std::span(deviations).subspan(static_cast<std::size_t>(b) * size, size) : std::span<float>();
      if (params.method == "fbp") {
        direct.solve(batch.projections, into);
        if (params.non_negative) {
          for (float& value : into) value = std::max(0.0f, value);
        }
        if (with_sigma) direct.solve_sigma(batch.deviations, spread);
        continue;
      }
      const Sirt::Fit fit = iterative.solve(batch.projections, into, [&] { context.check(); });
      for (std::size_t s = 0; s < fit.data.size(); ++s) {
        const std::size_t at = (static_cast<std::size_t>(b * lanes) + s) * 2;
        fits[at] = fit.residual[s];
        fits[at + 1] = fit.data[s];
      }
      if (!with_sigma) continue;
      std::vector<float> one(size), mean(size, 0.0f);
      for (std::int64_t r = 0; r < params.replicates; ++r) {
        iterative.solve(batch.replicate(r), one, [&] { context.check(); });
        // Welford's update of mean and summed squares.
        for (std::size_t i = 0; i < size; ++i) {
          const float before = one[i] - mean[i];
          mean[i] += before / static_cast<float>(r + 1);
          spread[i] += before * (one[i] - mean[i]);
        }
      }
      for (float& value : spread) value = std::sqrt(value / static_cast<float>(params.replicates - 1));
    }
  });
  executor.gather(partitions, static_cast<std::int64_t>(size), std::span(values));
  if (with_sigma) executor.gather(partitions, static_cast<std::int64_t>(size), std::span(deviations));
  executor.gather(partitions, lanes * 2, std::span(fits));

  Volume volume;
  volume.values = arrange(values, series);
  values = {};
  if (with_sigma) volume.sigma = arrange(deviations, series);
  for (std::int64_t component = 0; component < series.components && params.method == "sirt"; ++component) {
    double residual = 0, sum = 0;
    for (std::int64_t s = component * series.slices; s < (component + 1) * series.slices; ++s) {
      residual += fits[static_cast<std::size_t>(2 * s)];
      sum += fits[static_cast<std::size_t>(2 * s + 1)];
    }
    volume.misfit.push_back(sum > 0 ? std::sqrt(residual / sum) : 0.0);
  }
  return volume;
}

std::int64_t reconstruct_memory(const TiltSeries& series, const ReconstructParams& params) {
  const std::int64_t slices = series.components * series.slices;
  const std::int64_t volume = (slices + lanes) * series.width * series.width * 4;
  // Batches and their arrangement, both twice with standard deviations; the views of the result.
  const std::int64_t copies = params.method == "fbp" || params.replicates > 1 ? 5 : 3;
  return copies * volume + (std::int64_t{8} << 20);
}

std::int64_t reconstruct_memory_per_worker(const TiltSeries& series, const ReconstructParams& params) {
  const std::int64_t bins = static_cast<std::int64_t>(series.angles.size()) * series.width * lanes * 4;
  const std::int64_t voxels = series.width * series.width * lanes * 4;
  return 6 * bins + (params.total_variation > 0 ? 6 : 3) * voxels;
}

}  // namespace ruska::ops::tomo
