// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/operation.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>

#include "ruska/ops/tomo/reconstruct/reconstruct.hpp"
#include "ruska/ops/tomo/reconstruct/slice_projector.hpp"

namespace ruska::ops::tomo {
namespace {

constexpr int turning_views = 24;           // of a full turn
constexpr double suspicious_misfit = 0.25;  // beyond what noise and sampling leave

constexpr auto parameters = std::tuple{
    parameter(&ReconstructParams::method, "method", "", one_of("sirt|fbp"),
              "Simultaneous iterative reconstruction, or filtered back-projection"),
    parameter(&ReconstructParams::angles, "angles", "°",
              "Tilt of every image; auto: the coordinates of the axis before y and x, where its unit is an angle"),
    parameter(&ReconstructParams::axis, "axis", "", one_of("y|x"), "Direction of the tilt axis in the images"),
    parameter(&ReconstructParams::axis_position, "axis_position", "px", within(0.0, 1e6),
              "Where the tilt axis lies across the images; auto: in the middle"),
    parameter(&ReconstructParams::iterations, "iterations", "", within<std::int64_t>(1, 100000), "Iterations of sirt"),
    parameter(&ReconstructParams::non_negative, "non_negative", "", "Whether negative values are cut off"),
    parameter(&ReconstructParams::total_variation, "total_variation", "", within(0.0, 1.0),
              "sirt: how strongly noise is smoothed between edges, as a share of the largest value; 0.01 is mild"),
    parameter(&ReconstructParams::window, "window", "", one_of("hann|ramp"),
              "fbp: damping of the filter at high frequencies; ramp has none"),
    parameter(&ReconstructParams::replicates, "replicates", "", within<std::int64_t>(0, 10000),
              "sirt: repetitions with new noise that the standard deviations come from; 0 or 1: none"),
    parameter(&ReconstructParams::seed, "seed", "", at_least<std::int64_t>(0), "Seed of the replicates' noise")};

/// The axes of the volume: those before the tilt, then z, y and x.
Axes volume_axes(const Description& data, const TiltSeries& series) {
  Axes axes(data.axes.begin(), data.axes.begin() + static_cast<std::ptrdiff_t>(series.tilt_axis));
  for (Axis& axis : axes) axis.role = Role::navigation;
  Axis z = data.axes[series.tilt_axis + (series.along_y ? 2 : 1)];
  z.name = "z";
  z.values.clear();
  z.offset = -z.scale * static_cast<double>(z.size - 1) / 2;
  axes.push_back(z);
  axes.push_back(data.axes[series.tilt_axis + 1]);
  axes.push_back(data.axes[series.tilt_axis + 2]);
  for (auto axis = axes.end() - 3; axis != axes.end(); ++axis) axis->role = Role::signal;
  return axes;
}

Shape shape_of(const Axes& axes) {
  Shape shape;
  for (const Axis& axis : axes) shape.push_back(axis.size);
  return shape;
}

/// The axes of planes across one of the three.
Axes plane_axes(const Axes& volume, std::int64_t components, std::size_t across) {
  Axes axes{{.name = "component", .role = Role::navigation, .size = components}};
  for (std::size_t a = 0; a < 3; ++a) {
    if (a != across) axes.push_back(volume[volume.size() - 3 + a]);
  }
  return axes;
}

Plan check(const Inputs& inputs, const ReconstructParams& params) {
  const Dataset& dataset = inputs.at("data");
  const Description& data = dataset.describe();
  const TiltSeries series = tilt_series(data, params);
  if (const Dataset* sigma = inputs.find("sigma"); sigma && sigma->describe().shape() != data.shape()) {
    throw Error(ErrorKind::invalid_argument, "sigma has the shape " + to_string(sigma->describe().shape()) +
                                                 " and the data " + to_string(data.shape()) + "; they must be equal");
  }
  const Axes axes = volume_axes(data, series);
  Plan plan;
  plan.outputs = {{"volume", shape_of(axes), DType::float32}};
  const char* names[] = {"plane_z", "plane_y", "plane_x"};
  for (std::size_t a = 0; a < 3; ++a) {
    plan.outputs.push_back({names[a], shape_of(plane_axes(axes, series.components, a)), DType::float32});
  }
  plan.least_memory = reconstruct_memory(series, params);
  plan.memory_per_worker = reconstruct_memory_per_worker(series, params);
  plan.memory = plan.least_memory;
  const double slices = static_cast<double>(series.components * series.slices);
  const double rays = static_cast<double>(series.width * series.width) * static_cast<double>(series.angles.size());
  plan.flops = slices * rays * 8 * (params.method == "fbp" ? 1.0 : static_cast<double>(params.iterations)) *
               static_cast<double>(1 + params.replicates);
  plan.bytes_read = static_cast<double>(data.bytes());
  return plan;
}

Dataset dataset_of(Axes axes, std::string title, const Description& data, const std::vector<float>& values) {
  Description description;
  description.title = std::move(title);
  description.axes = std::move(axes);
  description.metadata = data.metadata;
  return Dataset::from_values<float>(std::move(description), values);
}

/// The plane across each axis that holds most, of every component.
std::vector<float> fullest_plane(const std::vector<float>& volume, const Shape& shape, std::int64_t components,
                                 std::size_t across) {
  const std::int64_t size[3] = {shape[shape.size() - 3], shape[shape.size() - 2], shape[shape.size() - 1]};
  const std::int64_t stride[3] = {size[1] * size[2], size[2], 1};
  const std::size_t first = across == 0 ? 1 : 0, second = across == 2 ? 1 : 2;
  std::vector<float> planes;
  for (std::int64_t component = 0; component < components; ++component) {
    const float* const values = volume.data() + component * size[0] * size[1] * size[2];
    const auto plane = [&](std::int64_t at, auto&& visit) {
      for (std::int64_t i = 0; i < size[first]; ++i) {
        for (std::int64_t j = 0; j < size[second]; ++j) {
          visit(values[at * stride[across] + i * stride[first] + j * stride[second]]);
        }
      }
    };
    std::int64_t fullest = 0;
    double most = -1;
    for (std::int64_t at = 0; at < size[across]; ++at) {
      double sum = 0;
      plane(at, [&](float value) { sum += std::max(0.0f, value); });
      if (sum > most) {
        most = sum;
        fullest = at;
      }
    }
    plane(fullest, [&](float value) { planes.push_back(value); });
  }
  return planes;
}

/// A volume seen from all sides: its projections, turned about the tilt axis, into `views`.
void turn(std::span<const float> volume, const TiltSeries& series, const SliceProjector& projector,
          std::span<float> views) {
  const std::int64_t width = series.width, height = series.slices;
  std::vector<float> slices(static_cast<std::size_t>(projector.voxels() * lanes));
  std::vector<float> projections(static_cast<std::size_t>(projector.bins() * lanes));
  for (std::int64_t first = 0; first < height; first += lanes) {
    std::fill(slices.begin(), slices.end(), 0.0f);
    const std::int64_t number = std::min(lanes, height - first);
    for (std::int64_t z = 0; z < width; ++z) {
      for (std::int64_t s = 0; s < number; ++s) {
        for (std::int64_t across = 0; across < width; ++across) {
          const std::int64_t at =
              series.along_y ? (z * height + first + s) * width + across : (z * width + across) * height + first + s;
          slices[static_cast<std::size_t>((z * width + across) * lanes + s)] = volume[static_cast<std::size_t>(at)];
        }
      }
    }
    projector.forward(slices, projections);
    for (std::int64_t v = 0; v < turning_views; ++v) {
      for (std::int64_t s = 0; s < number; ++s) {
        for (std::int64_t t = 0; t < width; ++t) {
          const std::int64_t pixel = series.along_y ? (first + s) * width + t : t * height + first + s;
          views[static_cast<std::size_t>(v * height * width + pixel)] =
              projections[static_cast<std::size_t>((v * width + t) * lanes + s)];
        }
      }
    }
  }
}

/// All components, turned alike.
std::vector<float> turned(const std::vector<float>& volume, const TiltSeries& series) {
  std::vector<double> angles;
  for (int v = 0; v < turning_views; ++v) angles.push_back(2 * std::numbers::pi * v / turning_views);
  const SliceProjector projector(series.width, angles, static_cast<double>(series.width - 1) / 2);
  const auto voxels = static_cast<std::size_t>(series.slices * series.width * series.width);
  const auto pixels = static_cast<std::size_t>(turning_views * series.slices * series.width);
  const auto components = static_cast<std::size_t>(series.components);
  std::vector<float> views(components * pixels);
  for (std::size_t c = 0; c < components; ++c) {
    turn(std::span(volume).subspan(c * voxels, voxels), series, projector,
         std::span(views).subspan(c * pixels, pixels));
  }
  return views;
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g %%", 100 * share);
  return text;
}

Outputs run(const Inputs& inputs, const ReconstructParams& params, Context& context) {
  const Dataset& dataset = inputs.at("data");
  const Description& data = dataset.describe();
  const TiltSeries series = tilt_series(data, params);
  const Volume volume = reconstruct(dataset, inputs.find("sigma"), params, context);
  const Axes axes = volume_axes(data, series);
  const Shape shape = shape_of(axes);
  std::vector<std::string> names;
  for (std::int64_t c = 1; c <= series.components; ++c) {
    names.push_back(series.components == 1 ? "volume" : "component " + std::to_string(c));
  }

  Outputs outputs;
  const char* planes[] = {"plane_z", "plane_y", "plane_x"};
  for (std::size_t a = 0; a < 3; ++a) {
    const std::string axis = axes[axes.size() - 3 + a].name;
    outputs.add({.name = planes[a],
                 .title = "Plane across " + (axis.empty() ? std::string("an axis") : axis) + " that holds most",
                 .value = dataset_of(plane_axes(axes, series.components, a), "Plane across " + axis, data,
                                     fullest_plane(volume.values, shape, series.components, a)),
                 .view = View::maps,
                 .components = names});
  }
  Axes turning{
      {.name = "component", .role = Role::navigation, .size = series.components},
      {.name = "turn", .units = "°", .role = Role::navigation, .size = turning_views, .scale = 360.0 / turning_views},
      data.axes[series.tilt_axis + 1],
      data.axes[series.tilt_axis + 2]};
  turning[2].role = turning[3].role = Role::signal;
  outputs.add(
      {.name = "turned",
       .title = "Seen from all sides",
       .value = dataset_of(std::move(turning), "Projections of the volume", data, turned(volume.values, series)),
       .view = View::maps,
       .components = names,
       .note = "Projections of the reconstruction, turned about the tilt axis."});
  outputs.add({.name = "volume",
               .title = "Volume",
               .value = dataset_of(axes, "Volume", data, volume.values),
               .sigma = volume.sigma.empty() ? "" : "volume_sigma",
               .note = "In the data's unit per voxel."});
  if (!volume.sigma.empty()) {
    outputs.add({.name = "volume_sigma",
                 .title = "Standard deviation of the volume",
                 .value = dataset_of(axes, "Standard deviation of the volume", data, volume.sigma)});
  }
  if (!volume.misfit.empty()) {
    outputs.add({.name = "misfit",
                 .title = "What projections of the volume leave of the data",
                 .value = Table{{{"component", "", names}, {"misfit", "", volume.misfit}}},
                 .view = View::table,
                 .note = "Root of the summed squares of data minus projections, over that of the data."});
    for (std::size_t c = 0; c < names.size() && c < 6; ++c) {
      outputs.summary.push_back(names[c] + ": its projections leave " + percent(volume.misfit[c]) + " of the data");
    }
  }
  if (std::any_of(volume.misfit.begin(), volume.misfit.end(), [](double share) { return share > suspicious_misfit; })) {
    outputs.summary.push_back("so much is left that the geometry is in doubt: does the tilt axis lie along " +
                              params.axis + " (--axis), and where (--axis_position)?");
  }
  outputs.summary.push_back(std::to_string(series.angles.size()) + " tilts, " + std::to_string(series.slices) +
                            " slices of " + std::to_string(series.width) + " × " + std::to_string(series.width));
  if (volume.sigma.empty()) {
    outputs.summary.emplace_back(params.method == "fbp"
                                     ? "no standard deviations: those of the data are not known (--sigma)"
                                     : "no standard deviations: ask for --replicates 10");
  }
  return outputs;
}

}  // namespace

const Operation& reconstruct_operation() {
  static const Operation operation = make_operation<ReconstructParams>(
      {.name = "tomo.reconstruct",
       .version = 2,
       .summary = "Reconstructs volumes from a tilt series of images or maps: SIRT or filtered back-projection.",
       .citations = {"P. Gilbert, J. Theor. Biol. 36, 105 (1972)", "A. Chambolle, J. Math. Imaging Vis. 20, 89 (2004)",
                     "A. C. Kak and M. Slaney, Principles of Computerized Tomographic Imaging (IEEE Press, 1988)"},
       .inputs = {{.name = "data",
                   .help = "Aligned tilt series, (…, tilt, y, x); axes before the tilt count components.",
                   .values = Values::real},
                  {.name = "sigma",
                   .help = "Standard deviations of the data, of their shape (default: those of counts, for integers).",
                   .required = false,
                   .values = Values::real}},
       .outputs = {{"plane_z", "The plane across z that holds most, of every component."},
                   {"plane_y", "The same across y."},
                   {"plane_x", "The same across x."},
                   {"turned", "Projections of the volume from all sides, (component, turn, y, x)."},
                   {"volume", "The volume, (…, z, y, x)."},
                   {"volume_sigma", "Its standard deviation, where it is known."},
                   {"misfit", "What the volume's projections leave of the data; of sirt."}}},
      parameters, check, run);
  return operation;
}

}  // namespace ruska::ops::tomo
