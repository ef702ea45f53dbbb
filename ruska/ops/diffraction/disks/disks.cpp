// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Correlation of every pattern with the shape of the probe, peaks of the correlation, positions by likelihood
// (disk_finder.cpp). One pass over the data beside a look at few frames for the radius. Memory: five numbers for each
// of the most disks that a pattern may have.
#include "ruska/ops/diffraction/disks/disks.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numbers>

#include "ruska/core/executor.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/core/rows.hpp"
#include "ruska/ops/diffraction/disk_list.hpp"
#include "ruska/ops/diffraction/disks/disk_finder.hpp"
#include "ruska/ops/diffraction/disks/probe_shape.hpp"
#include "ruska/ops/diffraction/frames.hpp"
#include "ruska/ops/diffraction/pattern_axes.hpp"
#include "ruska/ops/diffraction/scan/bright_disc.hpp"
#include "ruska/ops/diffraction/scan_maps.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr double least_radius = 1;
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

constexpr auto parameters = std::tuple{
    parameter(&DisksParams::radius, "radius", "px", within(least_radius, 1e6),
              "Radius of the probe's disc; auto: that of the vacuum probe, or of the bright disc that a few frames "
              "show."),
    parameter(&DisksParams::blur, "blur", "px", within(0.0, 100.0),
              "Standard deviation of the blur of the disc's edge, beside that by the pixels; of no matter with a "
              "vacuum probe."),
    parameter(&DisksParams::power, "power", "", within(0.0, 1.0),
              "Power of the correlation's modulus: 1 cross-correlation, 0 phase correlation, between them hybrid."),
    parameter(&DisksParams::smoothing, "smoothing", "px", within(0.0, 100.0),
              "Standard deviation of a Gaussian over the correlation; phase correlation needs about 2."),
    parameter(&DisksParams::position, "position", "", one_of("likelihood|upsampling|parabola"),
              "Sub-pixel position: where the counts are likeliest; the correlation's peak, upsampled 16 times by "
              "its Fourier transform; a parabola through the peak."),
    parameter(&DisksParams::least_relative, "least_relative", "", within(0.0, 1.0),
              "Least correlation of a disk as a part of the strongest in its pattern."),
    parameter(&DisksParams::significance, "significance", "σ", within(0.0, 1000.0),
              "Least signal of a disk over its surroundings in standard deviations of counting noise."),
    parameter(&DisksParams::spacing, "spacing", "radii", within(0.0, 100.0),
              "Least distance between disks, in radii of the probe; of two the weaker goes."),
    parameter(&DisksParams::edge, "edge", "radii", within(0.0, 100.0),
              "Least distance of a disk's centre from the edge of the pattern, in radii of the probe."),
    parameter(&DisksParams::most_disks, "most_disks", "", within<std::int64_t>(1, 10000),
              "Most disks in a pattern; the strongest stay."),
    parameter(&DisksParams::hot_pixels, "hot_pixels", "σ", within(0.0, 1e6),
              "Pixels that exceed each neighbour by this many standard deviations take the median of their "
              "neighbours; 0: none does."),
    parameter(&DisksParams::counts_per_electron, "counts_per_electron", "", within(1e-9, 1e9),
              "What one electron counts, for all that depends on counting noise."),
};

/// Throws invalid_argument unless both are uniform and in one unit.
void check_signal_axes(const Description& data) {
  require_uniform_signal_axes(data, "diffraction.disks");
  const SignalAxes axes = signal_axes(data);
  if (axes.y.units == axes.x.units) return;
  throw Error(ErrorKind::invalid_argument, "the signal axes are in '" + axes.y.units + "' and '" + axes.x.units +
                                               "'; positions of disks need one unit");
}

DiskFinderSettings settings_of(const DisksParams& params, double radius) {
  return {.power = params.power,
          .smoothing = params.smoothing,
          .relative = params.least_relative,
          .significance = params.significance,
          .spacing = params.spacing * radius,
          .edge = params.edge * radius,
          .most = params.most_disks,
          .hot = params.hot_pixels,
          .gain = params.counts_per_electron,
          .position = params.position == "likelihood"   ? DiskPosition::likelihood
                      : params.position == "upsampling" ? DiskPosition::upsampling
                                                        : DiskPosition::parabola};
}

Shape list_shape(const Description& data, std::int64_t values, std::int64_t longest) {
  Shape shape = data.navigation_shape();
  shape.insert(shape.end(), {longest, values});
  return shape;
}

std::int64_t bytes_held(const Description& data, const DisksParams& params) {
  const std::int64_t lists = data.navigation_size() * params.most_disks * static_cast<std::int64_t>(sizeof(FoundDisk));
  const std::int64_t height = data.signal_shape()[0], width = data.signal_shape()[1];
  // The lists as found, and as the two datasets; patterns for the report and, in float64, of the look at frames.
  return 3 * lists + data.navigation_size() * 16 + DiskFinder::bytes_held(height, width) + height * width * 8 * 40 +
         (24 << 20);
}

std::int64_t bytes_per_worker(const Description& data) {
  return frame_bytes_held(data) + DiskFinder::bytes_per_workspace(data.signal_shape()[0], data.signal_shape()[1]) +
         (1 << 20);
}

void check_radius(double radius, const Description& data) {
  const Shape frame = data.signal_shape();
  const double largest = DiskFinder::largest_radius(frame[0], frame[1]);
  if (radius >= least_radius && radius <= largest) return;
  char text[160];
  std::snprintf(text, sizeof(text),
                "a probe of radius %.4g px does not fit patterns of %lld × %lld pixels; from %.3g to a quarter of the "
                "shorter side, %.4g px, are possible",
                radius, static_cast<long long>(frame[0]), static_cast<long long>(frame[1]), least_radius, largest);
  throw Error(ErrorKind::invalid_argument, text);
}

Plan check(const Inputs& inputs, const DisksParams& params) {
  const Description& data = inputs.at("data").describe();
  check_frame_port(inputs, "probe");
  check_frame_port(inputs, "mask");
  check_signal_axes(data);
  if (params.radius) check_radius(*params.radius, data);
  Plan plan;
  plan.outputs = {{"disks", list_shape(data, 3, params.most_disks), DType::float32},
                  {"disks_sigma", list_shape(data, 2, params.most_disks), DType::float32},
                  {"number", shape_of(scan_map_axes(data, "", 0)), DType::int32},
                  {"vector_map", data.signal_shape()},
                  {"example", data.signal_shape(), DType::float32}};
  plan.least_memory = bytes_held(data, params);
  plan.memory = plan.least_memory;
  plan.memory_per_worker = bytes_per_worker(data);
  plan.bytes_read = static_cast<double>(data.bytes());
  const auto pixels = static_cast<double>(data.signal_size());
  plan.flops = static_cast<double>(data.navigation_size()) * pixels * (10 * std::log2(pixels + 2) + 20);
  return plan;
}

std::string show(double value, const char* format = "%.4g") {
  char text[48];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

/// The shape that disks are looked for with, and how it came about.
struct Probe {
  ProbeShape shape;
  std::string story;
};

Probe probe_of(const Inputs& inputs, const DisksParams& params, const std::vector<std::uint8_t>& left_out,
               Context& context) {
  const Dataset& dataset = inputs.at("data");
  const Description& data = dataset.describe();
  const Shape frame = data.signal_shape();
  if (const Dataset* probe = inputs.find("probe")) {
    const std::vector<double> values = probe->read_all_as_double();
    for (const double value : values) {
      if (!std::isfinite(value)) throw Error(ErrorKind::bad_data, "probe holds values that are not finite");
    }
    Probe found{ProbeShape::measured(values, frame[0], frame[1], left_out), ""};
    check_radius(found.shape.radius(), data);
    found.story = "vacuum probe of radius " + show(found.shape.radius()) + " px";
    return found;
  }
  if (params.radius) {
    return {ProbeShape::disc(*params.radius, params.blur), "disc of radius " + show(*params.radius) + " px, as given"};
  }
  const Look look = look_at_frames(dataset, {}, left_out, context);
  if (look.not_finite) {
    throw Error(ErrorKind::bad_data, "the pattern at position " + position_text(data, *look.not_finite) + " of '" +
                                         data.title + "' holds a value that is not finite");
  }
  const BrightDisc disc = find_bright_disc(look.mean(), frame[0], frame[1], left_out);
  check_radius(disc.radius, data);
  return {ProbeShape::disc(disc.radius, params.blur), "disc of radius " + show(disc.radius) + " px, as the mean of " +
                                                          std::to_string(look.frames) + " frames shows it"};
}

/// One pattern into a finder's image. Throws bad_data for values that no pattern can have.
template <class T>
void load(const T* values, const DiskFinder& finder, DiskFinder::Workspace& work, const Description& data,
          std::int64_t position) {
  const std::int64_t height = data.signal_shape()[0], width = data.signal_shape()[1];
  for (std::int64_t y = 0; y < height; ++y) {
    float* const row = finder.row(work, y);
    const T* const from = values + y * width;
    if constexpr (std::is_integral_v<T>) {
      for (std::int64_t x = 0; x < width; ++x) row[x] = static_cast<float>(from[x]);
    } else {
      bool sound = true;
      for (std::int64_t x = 0; x < width; ++x) {
        sound = sound && std::abs(from[x]) <= T{1e30F};  // squares and sums of it stay finite
        row[x] = static_cast<float>(from[x]);
      }
      if (sound) continue;
      for (std::int64_t x = 0; x < width; ++x) {
        if (std::abs(from[x]) <= T{1e30F}) continue;
        throw Error(ErrorKind::bad_data,
                    "pattern " + std::to_string(position) + " of '" + data.title + "' has the value " +
                        show(static_cast<double>(from[x])) + " at row " + std::to_string(y) + ", column " +
                        std::to_string(x) +
                        (std::isfinite(from[x]) ? "; patterns up to 1e30 can be correlated" : ", which is not finite"));
      }
    }
  }
}

struct FoundLists {
  std::int64_t most = 0;
  std::vector<FoundDisk> disks;  // `most` per position
  std::vector<std::int32_t> number;
};

template <class T>
FoundLists find_all(const Dataset& dataset, const DiskFinder& finder, std::int64_t most, Context& context) {
  const Description& data = dataset.describe();
  const auto positions = static_cast<std::size_t>(data.navigation_size());
  FoundLists lists{most, std::vector<FoundDisk>(positions * static_cast<std::size_t>(most)),
                   std::vector<std::int32_t>(positions)};
  const Partitions partitions = frame_partitions(data);
  Executor executor(context);
  executor.for_each_chunk("finding disks", partitions, [&](std::int64_t, RowRange range) {
    DiskFinder::Workspace work(finder);
    for_each_stored_frame<T>(dataset, range, [&](std::int64_t position, const T* values) {
      context.check();
      load(values, finder, work, data, position);
      const std::vector<FoundDisk> found = finder.find(work);
      std::copy(found.begin(), found.end(), lists.disks.begin() + position * most);
      lists.number[static_cast<std::size_t>(position)] = static_cast<std::int32_t>(found.size());
    });
  });
  executor.gather<FoundDisk>(partitions, most, lists.disks);
  executor.gather<std::int32_t>(partitions, 1, lists.number);
  return lists;
}

/// Intensities of all disks, each shared among the four pixels about its centre.
std::vector<double> vector_map_of(const FoundLists& lists, std::int64_t height, std::int64_t width) {
  std::vector<double> map(static_cast<std::size_t>(height * width));
  for (std::size_t p = 0; p < lists.number.size(); ++p) {
    for (std::int32_t d = 0; d < lists.number[p]; ++d) {
      const FoundDisk& disk = lists.disks[p * static_cast<std::size_t>(lists.most) + static_cast<std::size_t>(d)];
      const double y = std::floor(static_cast<double>(disk.ky)), x = std::floor(static_cast<double>(disk.kx));
      const double in_y = static_cast<double>(disk.ky) - y, in_x = static_cast<double>(disk.kx) - x;
      for (std::int64_t i = 0; i < 2; ++i) {
        for (std::int64_t j = 0; j < 2; ++j) {
          const std::int64_t row = static_cast<std::int64_t>(y) + i, column = static_cast<std::int64_t>(x) + j;
          if (row < 0 || column < 0 || row >= height || column >= width) continue;
          map[static_cast<std::size_t>(row * width + column)] +=
              static_cast<double>(disk.intensity) * (i == 0 ? 1 - in_y : in_y) * (j == 0 ? 1 - in_x : in_x);
        }
      }
    }
  }
  return map;
}

template <class T>
Outputs run_as(const Inputs& inputs, const DisksParams& params, Context& context) {
  const Dataset& dataset = inputs.at("data");
  const Description& data = dataset.describe();
  const auto [axis_y, axis_x] = signal_axes(data);
  const Shape frame = data.signal_shape();
  const std::vector<std::uint8_t> left_out = read_mask(inputs.find("mask"), frame, "mask");
  const Probe probe = probe_of(inputs, params, left_out, context);
  const double radius = probe.shape.radius();
  const DiskFinder finder(probe.shape, frame[0], frame[1], settings_of(params, radius), left_out);
  const FoundLists lists = find_all<T>(dataset, finder, params.most_disks, context);

  const auto positions = lists.number.size();
  const auto longest =
      static_cast<std::size_t>(std::max<std::int32_t>(1, *std::max_element(lists.number.begin(), lists.number.end())));
  std::vector<float> values(positions * longest * 3, nan), sigmas(positions * longest * 2, nan);
  std::vector<double> deviations, strengths;
  std::int64_t all = 0, full = 0;
  for (std::size_t p = 0; p < positions; ++p) {
    const auto number = static_cast<std::size_t>(lists.number[p]);
    all += lists.number[p];
    full += lists.number[p] == params.most_disks ? 1 : 0;
    for (std::size_t d = 0; d < number; ++d) {
      const FoundDisk& disk = lists.disks[p * static_cast<std::size_t>(lists.most) + d];
      float* const value = values.data() + (p * longest + d) * 3;
      value[0] = static_cast<float>(axis_y.at(static_cast<double>(disk.ky)));
      value[1] = static_cast<float>(axis_x.at(static_cast<double>(disk.kx)));
      value[2] = disk.intensity;
      float* const sigma = sigmas.data() + (p * longest + d) * 2;
      sigma[0] = static_cast<float>(static_cast<double>(disk.sigma_y) * std::abs(axis_y.scale));
      sigma[1] = static_cast<float>(static_cast<double>(disk.sigma_x) * std::abs(axis_x.scale));
    }
  }
  // The middle of all disks, without holding them twice: those of at most a thousand positions.
  const std::size_t step = std::max<std::size_t>(1, positions / 1000);
  for (std::size_t p = 0; p < positions; p += step) {
    for (std::int32_t d = 0; d < lists.number[p]; ++d) {
      const FoundDisk& disk = lists.disks[p * static_cast<std::size_t>(lists.most) + static_cast<std::size_t>(d)];
      deviations.push_back(std::hypot(static_cast<double>(disk.sigma_y), static_cast<double>(disk.sigma_x)) /
                           std::numbers::sqrt2);
      strengths.push_back(static_cast<double>(disk.intensity));
    }
  }

  Axes scan;
  for (const Axis& axis : data.axes) {
    if (axis.role == Role::navigation) scan.push_back(axis);
  }
  const std::string units = axis_x.units.empty() ? "px" : axis_x.units;
  const auto length = static_cast<std::int64_t>(longest);
  Outputs outputs;
  outputs.add({.name = "disks",
               .title = "Disks of every pattern",
               .value = disk_list_dataset<float>(scan, length, "Disks", units, with_disk_grid(data), values),
               .sigma = "disks_sigma"});
  {
    Description description;
    description.title = "Disks, standard deviation of ky and kx";
    description.axes = scan;
    description.axes.push_back({.name = "disk", .role = Role::signal, .size = length});
    description.axes.push_back({.name = "value", .role = Role::signal, .size = 2});
    set(description.metadata, "General.title", description.title);
    set(description.metadata, "Diffraction.disk_units", units);
    outputs.add({.name = "disks_sigma",
                 .title = "Standard deviation of the disks' ky and kx",
                 .value = Dataset::from_values<float>(std::move(description), sigmas)});
  }
  outputs.add(
      {.name = "number",
       .title = "Number of disks",
       .value = dataset_over<std::int32_t>(scan_map_axes(data, "", 0), "Number of disks", "Disks", lists.number),
       .view = scan_view(data, View::maps)});
  outputs.add({.name = "vector_map",
               .title = "All disks of the scan",
               .value = pattern_dataset<double>(data, "Map of all disks", vector_map_of(lists, frame[0], frame[1])),
               .view = View::pattern,
               .note = "Counts of the disks of all patterns, each at its disk's centre."});

  // The pattern with most disks, with what was found in it: the quickest way to see whether the settings are right.
  const auto shown =
      static_cast<std::int64_t>(std::max_element(lists.number.begin(), lists.number.end()) - lists.number.begin());
  std::vector<float> pattern(static_cast<std::size_t>(data.signal_size()));
  for_each_stored_frame<T>(dataset, {shown, shown + 1}, [&](std::int64_t, const T* from) {
    for (std::size_t i = 0; i < pattern.size(); ++i) pattern[i] = std::max(0.0F, static_cast<float>(from[i]));
  });
  Outline circles{"disks", {}};
  for (std::int32_t d = 0; d < lists.number[static_cast<std::size_t>(shown)]; ++d) {
    const FoundDisk& disk = lists.disks[static_cast<std::size_t>(shown * lists.most + d)];
    circles.lines.push_back(circle_line(data, {static_cast<double>(disk.kx), static_cast<double>(disk.ky)}, radius));
  }
  std::vector<Outline> outlines;
  if (!circles.lines.empty()) outlines.push_back(std::move(circles));
  outputs.add({.name = "example",
               .title = "The pattern with most disks",
               .value = pattern_dataset<float>(data, "Pattern with most disks", pattern),
               .view = View::pattern,
               .note = "Position " + std::to_string(shown) +
                       " of the scan, row by row from 0; values below 0 are shown "
                       "as 0.",
               .outlines = std::move(outlines)});
  {
    Description description;
    description.title = "Kernel";
    const double middle = -static_cast<double>(finder.side() / 2);
    description.axes = {{.name = "ky", .units = "px", .role = Role::signal, .size = finder.side(), .offset = middle},
                        {.name = "kx", .units = "px", .role = Role::signal, .size = finder.side(), .offset = middle}};
    set(description.metadata, "General.title", description.title);
    outputs.add({.name = "kernel",
                 .title = "What disks were looked for with",
                 .value = Dataset::from_values<float>(std::move(description), finder.kernel())});
  }

  outputs.summary.push_back("probe: " + probe.story);
  outputs.summary.push_back(std::to_string(all) + " disks in " + std::to_string(positions) + " patterns, " +
                            show(static_cast<double>(all) / static_cast<double>(positions), "%.3g") + " on average");
  if (!deviations.empty()) {
    const auto median = [](std::vector<double>& of) {
      const auto half = of.begin() + static_cast<std::ptrdiff_t>(of.size() / 2);
      std::nth_element(of.begin(), half, of.end());
      return *half;
    };
    outputs.summary.push_back("median disk: " + show(median(strengths), "%.3g") + " counts above background, σ " +
                              show(median(deviations), "%.2g") + " px by counting statistics");
  }
  if (full > 0) {
    outputs.summary.push_back(std::to_string(full) + " patterns have the most disks allowed, " +
                              std::to_string(params.most_disks) + "; weaker ones were left out there");
  }
  return outputs;
}

Outputs run(const Inputs& inputs, const DisksParams& params, Context& context) {
  return visit_dtype(inputs.at("data").describe().dtype, [&]<class T>() -> Outputs {
    if constexpr (is_complex_v<T>) {
      throw Error(ErrorKind::internal, "complex data were let in");
    } else {
      return run_as<T>(inputs, params, context);
    }
  });
}

}  // namespace

const Operation& disks_operation() {
  static const Operation operation = make_operation<DisksParams>(
      {.name = "diffraction.disks",
       .version = 1,
       .summary = "Diffraction disks of every pattern of a 4D-STEM scan: position with standard deviation, and counts.",
       .citations = {"T. C. Pekin et al., Ultramicroscopy 176, 170 (2017)",
                     "M. Guizar-Sicairos, S. T. Thurman and J. R. Fienup, Opt. Lett. 33, 156 (2008)"},
       .inputs = {{.name = "data",
                   .help = "Diffraction patterns over any navigation axes.",
                   .values = Values::real,
                   .min_signal = 2,
                   .max_signal = 2},
                  {.name = "probe",
                   .help = "Pattern of the probe in vacuum; without it a disc stands for the probe.",
                   .required = false,
                   .values = Values::real},
                  {.name = "mask",
                   .help = "Bad pixels: those where it is not 0 take the median of their neighbours.",
                   .required = false,
                   .values = Values::real}},
       .outputs = {{"disks",
                    "Lists of disks: ky, kx in the signal axes' unit and counts above background; NaN where a list has "
                    "no more disks."},
                   {"disks_sigma",
                    "Standard deviations of ky and kx by counting statistics; NaN where there is no disk."},
                   {"number", "Number of disks in each pattern."},
                   {"vector_map", "Counts of all disks at their centres, in the pattern's axes."},
                   {"example", "The pattern with most disks."},
                   {"kernel", "The probe less an annulus, which patterns are correlated with."}}},
      parameters, &check, &run);
  return operation;
}

}  // namespace ruska::ops::diffraction
