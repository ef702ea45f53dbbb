// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Symmetry STEM: every pattern by itself, streamed. What a pattern's scores are stands in symmetry_scores.cpp, how its
// centre is found in center_search.hpp, how a group follows in point_group.hpp.
#include "ruska/ops/diffraction/symmetry/symmetry.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numbers>

#include "ruska/core/executor.hpp"
#include "ruska/core/rows.hpp"
#include "ruska/ops/diffraction/calibration_summary.hpp"
#include "ruska/ops/diffraction/frames.hpp"
#include "ruska/ops/diffraction/scan/bright_disc.hpp"
#include "ruska/ops/diffraction/scan/frame_reader.hpp"
#include "ruska/ops/diffraction/scan_maps.hpp"
#include "ruska/ops/diffraction/symmetry/center_search.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr double widest_binned_radius = 24;  // px: what a disc is binned to; time rises with its third power
constexpr double inner_radius_px = 3;        // samples on opposite sides of a rotation share no pixel beyond it
constexpr double least_rings = 2;
constexpr double margin = 1;  // px that the interpolation needs beyond the outermost ring
constexpr std::size_t scored = 5;
constexpr std::size_t values_per_position = 2 * scored + 2 + 4 + 10 + 1;  // as stored below

constexpr auto parameters = std::tuple{
    parameter(
        &SymmetryParams::center_x, "center_x", "px",
        "Centre of the patterns along x; auto: the calibrated origin, position by position; else the middle of the "
        "bright disc, then the centre of symmetry of the summed patterns within 1 px."),
    parameter(&SymmetryParams::center_y, "center_y", "px", "Centre of the patterns along y; auto as for x."),
    parameter(
        &SymmetryParams::search, "search", "px", within(0.0, 16.0),
        "How far along x and y every pattern's own centre of symmetry is looked for; 0: all have the one centre."),
    parameter(&SymmetryParams::radius, "radius", "px", within(1.0, 1e6),
              "Radius of the disc that is compared; auto: as far as the frames reach."),
    parameter(
        &SymmetryParams::inner_radius, "inner_radius", "px", within(0.0, 1e6),
        "Radius of the disc in the middle that is left out; auto: 3 px of the binned pattern, within which pixels "
        "would be compared with themselves."),
    parameter(&SymmetryParams::binning, "binning", "px", within<std::int64_t>(1, 64),
              "Pixels along y and x that are summed into one before anything else; auto: so that the radius is at most "
              "24 of them."),
    parameter(&SymmetryParams::mean, "mean", "", one_of("disc|rings"),
              "What is taken off before patterns are correlated: the mean of the disc, or that of each ring, which "
              "leaves what depends on the angle. Groups are always told from the latter."),
    parameter(
        &SymmetryParams::noise, "noise", "", one_of("auto|counts|none"),
        "The noise of the values: that of counts, or none, as in denoised or simulated patterns; auto: counts for "
        "integers, none for floats. Without counts "
        "there is nothing to take off and no standard deviation."),
    parameter(&SymmetryParams::gain, "gain", "", within(1e-6, 1e6),
              "Value that one count gives: the variance of a value is this times its mean."),
    parameter(&SymmetryParams::tolerance, "tolerance", "", within(0.0, 1.0),
              "Deviation of a score from 1 that still passes for symmetric."),
};

/// The disc that is compared, in pixels of the binned pattern.
struct Disc {
  double y = 0, x = 0;
  double inner = 0, outer = 0;
  double search = 0;
  std::int64_t height = 0, width = 0;
  Matrix distortion{};

  PolarGrid grid() const { return {inner, outer, distortion}; }
};

/// What the calibration adds: where each position's centre lies from the mean one, and the ellipse.
struct Setting {
  Calibration calibration{};
  bool follows = false;
  double wander = 0;  ///< farthest from the mean origin, px
  Vector mean{};
  Matrix distortion{};

  Vector move(std::int64_t position, const Shape& scan) const {
    return follows ? calibration.origin->at_position(position, scan) - mean : Vector{};
  }
};

Setting setting_of(const Inputs& inputs, const SymmetryParams& params) {
  const Description& data = inputs.at("data").describe();
  Setting setting;
  setting.calibration = calibration_of(inputs);
  if (setting.calibration.ellipse) setting.distortion = setting.calibration.ellipse->distortion();
  const auto& origin = setting.calibration.origin;
  if (!origin) return setting;
  setting.mean = origin->mean();
  setting.follows = origin->surface != "constant" && !params.center_x && !params.center_y;
  const Shape scan = data.navigation_shape();
  for (std::int64_t p = 0; setting.follows && p < data.navigation_size(); ++p) {
    const Vector move = setting.move(p, scan);
    setting.wander = std::max({setting.wander, std::abs(move.x), std::abs(move.y)});
  }
  return setting;
}

double binned(double pixel, std::int64_t binning) {
  return (pixel - static_cast<double>(binning - 1) / 2) / static_cast<double>(binning);
}
double unbinned(double pixel, std::int64_t binning) {
  return pixel * static_cast<double>(binning) + static_cast<double>(binning - 1) / 2;
}

std::int64_t binning_of(const Description& data, const SymmetryParams& params) {
  if (params.binning) return *params.binning;
  const Shape frame = data.signal_shape();
  const double radius = params.radius.value_or(static_cast<double>(std::min(frame[0], frame[1])) / 2);
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(radius / widest_binned_radius)));
}

Disc disc_about(const Description& data, const SymmetryParams& params, const Setting& setting, double y, double x,
                double search) {
  const std::int64_t binning = binning_of(data, params);
  const auto scale = static_cast<double>(binning);
  const Shape frame = data.signal_shape();
  Disc disc;
  disc.height = frame[0] / binning;
  disc.width = frame[1] / binning;
  disc.y = binned(y, binning);
  disc.x = binned(x, binning);
  disc.search = search / scale;
  const double edge = std::min(
      {disc.y, disc.x, static_cast<double>(disc.height - 1) - disc.y, static_cast<double>(disc.width - 1) - disc.x});
  // Parabolas about a node at the edge of the search look one step beyond it.
  disc.distortion = setting.distortion;
  const double stretched = setting.calibration.ellipse ? std::sqrt(setting.calibration.ellipse->ratio) : 1.0;
  const double room = (edge - 1.5 * disc.search - margin / 2 - setting.wander / scale) / stretched;
  disc.outer = params.radius ? *params.radius / scale : room;
  disc.inner = params.inner_radius ? *params.inner_radius / scale : inner_radius_px;
  const auto text = [&](double value) {
    char buffer[32];
    std::snprintf(buffer, sizeof(buffer), "%.4g", value * scale);
    return std::string(buffer);
  };
  if (disc.outer > room) {
    throw Error(ErrorKind::invalid_argument,
                "a disc of radius " + text(disc.outer) + " px about (" + std::to_string(x) + ", " + std::to_string(y) +
                    ") leaves the frames of " + to_string(frame) + " while its centre is looked for; at most " +
                    text(std::max(room, 0.0)) + " px are left: give a smaller --radius or --search");
  }
  if (!(disc.outer - disc.inner >= least_rings)) {
    throw Error(ErrorKind::invalid_argument,
                "between the inner radius " + text(disc.inner) + " px and the radius " +
                    text(std::max(disc.outer, 0.0)) + " px there are fewer than " + text(least_rings) +
                    " px; frames of " + to_string(frame) +
                    " are too small, or the centre is too near their edge: give --center_x, --center_y, --radius, "
                    "--inner_radius, --search or --binning");
  }
  return disc;
}

void bin(std::span<const double> frame, std::int64_t frame_width, std::int64_t binning, const Disc& disc,
         std::vector<double>& out) {
  out.assign(static_cast<std::size_t>(disc.height * disc.width), 0.0);
  for (std::int64_t y = 0; y < disc.height * binning; ++y) {
    const double* const row = frame.data() + y * frame_width;
    double* const sums = out.data() + (y / binning) * disc.width;
    for (std::int64_t x = 0; x < disc.width; ++x) {
      for (std::int64_t k = 0; k < binning; ++k) sums[x] += row[x * binning + k];
    }
  }
}

/// Binned pixels that hold one that is left out.
std::vector<std::uint8_t> binned_mask(const std::vector<std::uint8_t>& left_out, std::int64_t frame_width,
                                      std::int64_t binning, const Disc& disc) {
  std::vector<std::uint8_t> mask;
  if (std::find_if(left_out.begin(), left_out.end(), [](std::uint8_t one) { return one != 0; }) == left_out.end()) {
    return mask;
  }
  mask.resize(static_cast<std::size_t>(disc.height * disc.width));
  for (std::int64_t y = 0; y < disc.height * binning; ++y) {
    for (std::int64_t x = 0; x < disc.width * binning; ++x) {
      if (left_out[static_cast<std::size_t>(y * frame_width + x)] == 0) continue;
      mask[static_cast<std::size_t>((y / binning) * disc.width + x / binning)] = 1;
    }
  }
  return mask;
}

/// An upper bound of the grid that any centre gives.
PolarGrid largest_grid(const Description& data, const SymmetryParams& params) {
  const Shape frame = data.signal_shape();
  const auto scale = static_cast<double>(binning_of(data, params));
  const double most = static_cast<double>(std::min(frame[0], frame[1])) / 2 / scale;
  const double outer = std::clamp(params.radius.value_or(1e9) / scale, 1.0, std::max(most, 1.0));
  return {0.01 * outer, outer};
}

std::int64_t bytes_per_worker(const Description& data, const SymmetryParams& params) {
  return SymmetryScorer::bytes_held(largest_grid(data, params), data.signal_shape()[0], data.signal_shape()[1]) +
         frame_bytes_held(data) + 8 * 8 * data.signal_size();
}

Plan check(const Inputs& inputs, const SymmetryParams& params) {
  const Description& data = inputs.at("data").describe();
  const Shape frame = data.signal_shape();
  check_frame_port(inputs, "mask");
  require_uniform_signal_axes(data, "diffraction.symmetry");
  const Setting setting = setting_of(inputs, params);
  const auto& origin = setting.calibration.origin;
  if (origin || (params.center_x && params.center_y)) {
    disc_about(data, params, setting, params.center_y.value_or(setting.mean.y),
               params.center_x.value_or(setting.mean.x), params.search);
  }
  Plan plan;
  plan.outputs = {{"group", shape_of(scan_map_axes(data, "", 0)), DType::int32},
                  {"probability", shape_of(scan_map_axes(data, "", 0))},
                  {"scores", shape_of(scan_map_axes(data, "operation", scored))},
                  {"mirror_angle", shape_of(scan_map_axes(data, "", 0))},
                  {"center", shape_of(scan_map_axes(data, "component", 2))},
                  {"probabilities", shape_of(scan_map_axes(data, "group", point_groups.size()))},
                  {"mean", frame}};
  if (are_counts(params.noise, data)) {
    plan.outputs.push_back({"scores_sigma", shape_of(scan_map_axes(data, "operation", scored))});
    plan.outputs.push_back({"mirror_angle_sigma", shape_of(scan_map_axes(data, "", 0))});
    plan.outputs.push_back({"center_sigma", shape_of(scan_map_axes(data, "component", 2))});
  }
  const std::int64_t maps = data.navigation_size() * static_cast<std::int64_t>(values_per_position) * 8;
  plan.least_memory = 2 * maps + 10 * 8 * data.signal_size() + (16 << 20);
  plan.memory_per_worker = bytes_per_worker(data, params);
  plan.memory = plan.least_memory;
  plan.bytes_read = static_cast<double>(data.bytes());
  const PolarGrid grid = largest_grid(data, params);
  const double centers = params.search > 0 ? std::pow(2 * std::ceil(2 * params.search) + 1, 2) + 30 : 1;
  plan.flops = static_cast<double>(data.navigation_size()) * (centers + 3) *
               static_cast<double>(grid.rings * grid.angles) * static_cast<double>(60 + grid.angles);
  return plan;
}

/// Where the patterns' centre is, in pixels, and how it was found.
struct Center {
  double y = 0, x = 0;
  std::string story;
};

std::string show(double value, const char* format = "%.4g") {
  char text[32];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

Center center_of(const Dataset& data, const SymmetryParams& params, const Setting& setting,
                 const std::vector<std::uint8_t>& left_out, Context& context) {
  if (params.center_x && params.center_y) return {*params.center_y, *params.center_x, "given"};
  if (setting.calibration.origin) {
    return {params.center_y.value_or(setting.mean.y), params.center_x.value_or(setting.mean.x),
            setting.follows ? "mean of the calibrated origin, which each position's own centre follows"
                            : "the calibrated origin"};
  }
  const Description& description = data.describe();
  const Shape frame = description.signal_shape();
  const Look look = look_at_frames(data, {}, left_out, context);
  const BrightDisc bright = find_bright_disc(look.sum, frame[0], frame[1], left_out);
  Center center{params.center_y.value_or(bright.y), params.center_x.value_or(bright.x),
                "middle of the bright disc of " + std::to_string(look.frames) + " frames"};
  if (params.center_x || params.center_y) return center;
  const std::int64_t binning = binning_of(description, params);
  const double search = std::max(1.0, static_cast<double>(binning));
  SymmetryParams about = params;
  about.radius.reset();
  const Disc disc = disc_about(description, about, setting, center.y, center.x, search);
  const PolarGrid grid = disc.grid();
  SymmetryScorer scorer(grid, disc.height, disc.width, are_counts(params.noise, description) ? params.gain : 0,
                        binned_mask(left_out, frame[1], binning, disc));
  std::vector<double> values;
  bin(look.sum, frame[1], binning, disc, values);
  if (!scorer.load(values)) return center;
  const PatternSymmetry sum = find_symmetry(scorer, disc.y, disc.x, disc.search, params.tolerance);
  if (!sum.any || sum.group == 0) return center;
  return {unbinned(sum.y, binning), unbinned(sum.x, binning),
          "centre of the symmetry " + std::string(point_groups[sum.group].name) + " of the sum of " +
              std::to_string(look.frames) + " frames"};
}

/// A score of the ring-wise correlation as one of the whole disc, whose radial part every operation keeps.
double with_radial_part(double score, const SymmetryScores& scores, bool whole_disc) {
  if (!whole_disc) return score;
  const double radial = std::max(scores.radial_power, 0.0);
  return (score * scores.power + radial) / (scores.power + radial);
}

/// What is kept of a position, in one run of numbers.
void store(const PatternSymmetry& found, const SymmetryParams& params, std::int64_t binning, double* out) {
  std::fill(out, out + values_per_position, std::numeric_limits<double>::quiet_NaN());
  double* const probabilities = out + 2 * scored + 6;
  double& group = out[values_per_position - 1];
  group = -1;
  if (!found.any) {
    std::fill(probabilities, probabilities + point_groups.size(), 1.0 / static_cast<double>(point_groups.size()));
    return;
  }
  const bool whole_disc = params.mean == "disc";
  const double share =
      whole_disc ? found.scores.power / (found.scores.power + std::max(found.scores.radial_power, 0.0)) : 1.0;
  for (std::size_t o = 0; o < scored; ++o) {
    const bool mirror = o + 1 == scored;
    const double score = mirror ? found.scores.mirror[0].score : found.scores.rotation[o];
    out[o] = with_radial_part(score, found.scores, whole_disc);
    out[scored + o] = share * std::sqrt(mirror ? found.covariance.mirror[0] : found.covariance.rotation[o][o]);
  }
  const PointGroup& best = point_groups[found.group];
  const auto m = static_cast<std::size_t>(
      std::find(mirror_orders.begin(), mirror_orders.end(), best.mirrors ? best.order : 1) - mirror_orders.begin());
  out[2 * scored] = found.scores.mirror[m].angle;
  // An angle that is not known at all is uniform over the angles that there are.
  const double most = 180.0 / static_cast<double>(mirror_orders[m]) / std::sqrt(12.0);
  out[2 * scored + 1] = std::min(found.scores.mirror[m].angle_sigma, most);
  out[2 * scored + 2] = unbinned(found.x, binning);
  out[2 * scored + 3] = unbinned(found.y, binning);
  out[2 * scored + 4] = found.x_sigma * static_cast<double>(binning);
  out[2 * scored + 5] = found.y_sigma * static_cast<double>(binning);
  std::copy(found.probability.begin(), found.probability.end(), probabilities);
  group = static_cast<double>(found.group);
}

/// Column `index` of the stored runs, and those after it, one after the other.
std::vector<double> columns(const std::vector<double>& stored, std::size_t index, std::size_t number) {
  const std::size_t positions = stored.size() / values_per_position;
  std::vector<double> values(number * positions);
  for (std::size_t c = 0; c < number; ++c) {
    for (std::size_t p = 0; p < positions; ++p) values[c * positions + p] = stored[p * values_per_position + index + c];
  }
  return values;
}

/// Whether more than half of the samples about the mean centre are left out.
bool none_left(const PolarGrid& grid, const std::vector<std::uint8_t>& bad, const Disc& disc) {
  if (bad.empty()) return false;
  std::size_t lost = 0;
  for (std::size_t s = 0; s < grid.x.size(); ++s) {
    const auto y = static_cast<std::int64_t>(disc.y + static_cast<double>(grid.y[s]) + 0.5);
    const auto x = static_cast<std::int64_t>(disc.x + static_cast<double>(grid.x[s]) + 0.5);
    lost += bad[static_cast<std::size_t>(std::clamp<std::int64_t>(y, 0, disc.height - 1) * disc.width +
                                         std::clamp<std::int64_t>(x, 0, disc.width - 1))];
  }
  return 2 * lost > grid.x.size();
}

Outputs run(const Inputs& inputs, const SymmetryParams& params, Context& context) {
  const Dataset& dataset = inputs.at("data");
  const Description& data = dataset.describe();
  const Shape frame = data.signal_shape();
  const std::int64_t binning = binning_of(data, params);
  const std::vector<std::uint8_t> left_out = read_mask(inputs.find("mask"), frame, "mask");
  const Setting setting = setting_of(inputs, params);
  const Center center = center_of(dataset, params, setting, left_out, context);
  const Disc disc = disc_about(data, params, setting, center.y, center.x, params.search);
  const PolarGrid grid = disc.grid();
  const std::vector<std::uint8_t> bad = binned_mask(left_out, frame[1], binning, disc);
  const Shape scan = data.navigation_shape();
  const auto positions = static_cast<std::size_t>(data.navigation_size());

  std::vector<double> stored(positions * values_per_position);
  const Partitions partitions = frame_partitions(data);
  Executor executor(context);
  const std::vector<double> sum = executor.reduce<std::vector<double>>(
      "comparing patterns with their images", partitions,
      [&] { return std::vector<double>(static_cast<std::size_t>(data.signal_size())); },
      [&](std::vector<double>& total, std::int64_t, RowRange range) {
        SymmetryScorer scorer(grid, disc.height, disc.width, are_counts(params.noise, data) ? params.gain : 0, bad);
        std::vector<double> values, kept(total.size());
        for_each_frame(dataset, range, are_counts(params.noise, data), left_out,
                       [&](std::int64_t position, std::span<const double> pattern) {
                         for (std::size_t p = 0; p < total.size(); ++p) {
                           kept[p] = left_out.empty() || left_out[p] == 0 ? pattern[p] : 0.0;
                           total[p] += kept[p];
                         }
                         bin(kept, frame[1], binning, disc, values);
                         PatternSymmetry found;
                         const Vector move = setting.move(position, scan);
                         const auto scale = static_cast<double>(binning);
                         if (scorer.load(values))
                           found = find_symmetry(scorer, disc.y + move.y / scale, disc.x + move.x / scale, disc.search,
                                                 params.tolerance);
                         store(found, params, binning,
                               stored.data() + static_cast<std::size_t>(position) * values_per_position);
                       });
      },
      [](std::vector<double>& left, std::vector<double>&& right) {
        for (std::size_t p = 0; p < left.size(); ++p) left[p] += right[p];
      });
  executor.gather(partitions, static_cast<std::int64_t>(values_per_position), std::span(stored));

  std::vector<std::string> names;
  for (const PointGroup& group : point_groups) names.emplace_back(group.name);
  const std::vector<std::string> operations{"180° (C2)", "120° (C3)", "90° (C4)", "60° (C6)", "mirror"};
  const std::string correlation = "Correlation";
  std::vector<std::int32_t> labels;
  std::vector<double> probability;
  std::vector<std::int64_t> number(point_groups.size());
  std::vector<double> mean_probability(point_groups.size());
  for (std::size_t p = 0; p < positions; ++p) {
    const double* const one = stored.data() + p * values_per_position;
    labels.push_back(static_cast<std::int32_t>(one[values_per_position - 1]));
    const auto group = static_cast<std::size_t>(std::max(labels.back(), 0));
    probability.push_back(one[2 * scored + 6 + group]);
    if (labels.back() < 0) continue;
    number[group] += 1;
    mean_probability[group] += probability.back();
  }

  Outputs outputs;
  const std::string disc_text = "rings from " + show(disc.inner * static_cast<double>(binning)) + " to " +
                                show(disc.outer * static_cast<double>(binning)) + " px";
  outputs.add({.name = "group",
               .title = "Point group of the pattern",
               .value = dataset_over<std::int32_t>(scan_map_axes(data, "", 0), "Point group", "", labels),
               .view = scan_view(data, View::labels),
               .components = names,
               .note = "The most probable of ten groups, all equally probable beforehand. -1: no azimuthal contrast "
                       "beyond three standard deviations."});
  outputs.add({.name = "probability",
               .title = "Probability of that group",
               .value = dataset_over<double>(scan_map_axes(data, "", 0), "Probability of the group", "Probability",
                                             probability),
               .view = scan_view(data, View::maps),
               .note = "Under the model of the documentation: a score of an operation of the group is 1 within noise "
                       "and tolerance, any other is uniform. 0.1 where there is no group."});
  outputs.add({.name = "scores",
               .title = "Correlation of each pattern with its image",
               .value = dataset_over<double>(scan_map_axes(data, "operation", scored), "Symmetry scores", correlation,
                                             columns(stored, 0, scored)),
               .view = scan_view(data, View::maps),
               .sigma = are_counts(params.noise, data) ? "scores_sigma" : "",
               .components = operations,
               .note = std::string(are_counts(params.noise, data)
                                       ? "Counting noise is taken off: 1 means symmetric at any dose. "
                                       : "Nothing is taken off for noise. ") +
                       "The mirror's score is the largest of all angles and so lies too high where there is none."});
  if (are_counts(params.noise, data)) {
    outputs.add(
        {.name = "scores_sigma",
         .title = "Standard deviation of the correlations",
         .value = dataset_over<double>(scan_map_axes(data, "operation", scored), "Symmetry scores, standard deviation",
                                       correlation, columns(stored, scored, scored)),
         .components = operations});
  }
  outputs.add({.name = "mirror_angle",
               .title = "Angle of the best mirror",
               .value = dataset_over<double>(scan_map_axes(data, "", 0), "Angle of the best mirror", "Angle (°)",
                                             columns(stored, 2 * scored, 1)),
               .view = scan_view(data, View::maps),
               .sigma = are_counts(params.noise, data) ? "mirror_angle_sigma" : "",
               .note = "From x towards y; of a group with n mirrors one of them, below 180°/n."});
  if (are_counts(params.noise, data)) {
    outputs.add(
        {.name = "mirror_angle_sigma",
         .title = "Standard deviation of the mirror's angle",
         .value = dataset_over<double>(scan_map_axes(data, "", 0), "Angle of the best mirror, standard deviation",
                                       "Angle (°)", columns(stored, 2 * scored + 1, 1))});
  }
  outputs.add({.name = "center",
               .title = "Centre of symmetry",
               .value = dataset_over<double>(scan_map_axes(data, "component", 2), "Centre of symmetry", "Position (px)",
                                             columns(stored, 2 * scored + 2, 2)),
               .view = scan_view(data, View::maps),
               .sigma = are_counts(params.noise, data) ? "center_sigma" : "",
               .components = {"x", "y"},
               .note = params.search > 0 ? "Within " + show(params.search) + " px of " +
                                               (setting.follows ? std::string("each position's calibrated origin.")
                                                                : "(" + show(center.x) + ", " + show(center.y) + ").")
                                         : "One for all: none was looked for."});
  if (are_counts(params.noise, data)) {
    outputs.add(
        {.name = "center_sigma",
         .title = "Standard deviation of the centre",
         .value = dataset_over<double>(scan_map_axes(data, "component", 2), "Centre of symmetry, standard deviation",
                                       "Position (px)", columns(stored, 2 * scored + 4, 2)),
         .components = {"x", "y"}});
  }
  outputs.add({.name = "probabilities",
               .title = "Probability of every group",
               .value = dataset_over<double>(scan_map_axes(data, "group", static_cast<std::int64_t>(names.size())),
                                             "Probability of every group", "Probability",
                                             columns(stored, 2 * scored + 6, names.size())),
               .components = names});
  {
    std::vector<double> mean = sum;
    for (double& value : mean) value /= static_cast<double>(positions);
    const auto scale = static_cast<double>(binning);
    outputs.add(
        {.name = "mean",
         .title = "Mean pattern",
         .value = pattern_dataset<double>(data, "Mean pattern", mean),
         .view = View::pattern,
         .note = "Between the circles patterns are compared: " + disc_text + ", " + std::to_string(binning) + " × " +
                 std::to_string(binning) + " pixels summed.",
         .outlines = {
             {"outer radius", {circle_line(data, {center.x, center.y}, disc.outer * scale, disc.distortion)}},
             {"inner radius", {circle_line(data, {center.x, center.y}, disc.inner * scale, disc.distortion)}}}});
  }
  std::vector<std::string> share;
  std::vector<double> average;
  for (std::size_t g = 0; g < names.size(); ++g) {
    share.push_back(show(100 * static_cast<double>(number[g]) / static_cast<double>(positions), "%.1f"));
    average.push_back(number[g] > 0 ? mean_probability[g] / static_cast<double>(number[g]) : 0.0);
  }
  outputs.add({.name = "groups",
               .title = "Point groups",
               .value = Table{{{"group", "", names},
                               {"positions", "", number},
                               {"share", "%", share},
                               {"mean_probability", "", average}}},
               .view = View::table});

  if (none_left(grid, bad, disc)) {
    context.warn("so little of the disc is left by the mask that its symmetry means nothing");
  }
  outputs.summary.push_back("centre (" + show(center.x) + ", " + show(center.y) + ") px: " + center.story);
  outputs.summary.push_back(disc_text + ", binned " + std::to_string(binning) + " × " + std::to_string(binning));
  std::vector<std::size_t> order;
  for (std::size_t g = 0; g < names.size(); ++g) {
    if (number[g] > 0) order.push_back(g);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return number[a] > number[b]; });
  for (std::size_t i = 0; i < std::min<std::size_t>(order.size(), 5); ++i) {
    outputs.summary.push_back("group " + names[order[i]] + ": " + share[order[i]] +
                              " % of the positions, mean probability " + show(average[order[i]], "%.2f"));
  }
  outputs.summary.push_back(calibration_line(setting.calibration));
  const auto none = std::count(labels.begin(), labels.end(), -1);
  if (none > 0) {
    outputs.summary.push_back("no azimuthal contrast beyond the noise at " + std::to_string(none) + " of " +
                              std::to_string(positions) + " positions");
  }
  return outputs;
}

}  // namespace

const Operation& symmetry_operation() {
  static const Operation operation = make_operation<SymmetryParams>(
      {.name = "diffraction.symmetry",
       .version = 1,
       .summary = "Symmetry of every pattern of a scan: correlation under rotations and mirrors, and its point group.",
       .citations = {"M. Krajnak and J. Etheridge, PNAS 117, 27805 (2020)"},
       .inputs = calibrated_pattern_ports("Diffraction patterns over any navigation axes."),
       .outputs =
           {{"group",
             "Number of the most probable group: 0 to 9 for 1, m, 2, 2mm, 3, 3m, 4, 4mm, 6, 6mm; -1 for none."},
            {"probability", "Its probability."},
            {"scores",
             "Correlation of the pattern with itself turned by 180°, 120°, 90°, 60° and mirrored at the best line; NaN "
             "where there is no azimuthal contrast."},
            {"scores_sigma", "Its standard deviation by counting statistics; NaN where it is NaN."},
            {"mirror_angle", "Angle of the best mirror, from x towards y; NaN where there is no contrast."},
            {"mirror_angle_sigma", "Its standard deviation by counting statistics; NaN where it is NaN."},
            {"center", "Centre about which the pattern is most symmetric, x and y; NaN where there is no contrast."},
            {"center_sigma", "Its standard deviation by counting statistics; NaN where it is NaN."},
            {"probabilities", "Probability of every group."},
            {"mean", "Mean of all frames."},
            {"groups", "Number of positions and mean probability of each group."}}},
      parameters, &check, &run);
  return operation;
}

}  // namespace ruska::ops::diffraction
