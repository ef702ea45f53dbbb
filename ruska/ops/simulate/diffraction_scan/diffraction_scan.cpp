// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Two passes: one over at most 16384 patterns for the dose and the mean pattern, one that draws. Each pattern follows
// from its position and the seed alone. Where all patterns fit the memory they are drawn once and kept; otherwise each
// is drawn when it is read.
#include "ruska/ops/simulate/diffraction_scan/diffraction_scan.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "ruska/core/executor.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/ops/diffraction/electron_wave.hpp"
#include "ruska/ops/simulate/diffraction_scan/counting_detector.hpp"
#include "ruska/ops/simulate/diffraction_scan/pattern_source.hpp"
#include "ruska/ops/simulate/diffraction_scan/specimen.hpp"

namespace ruska::ops::simulate {
namespace {

using diffraction::Calibration;
using diffraction::electron_wavelength;

constexpr std::int64_t most_patterns_for_dose = 16384;
constexpr double most_counts_of_uint16 = 60000;  // in a pattern: no pixel can then leave 16 bits

constexpr auto parameters = std::tuple{
    parameter(&DiffractionScanParams::specimen, "specimen", "",
              one_of("disks|lattice|point_group|phase_object|amorphous|powder"),
              "What is scanned: discs of a strained crystal; overlapping coherent discs of a lattice; patterns of "
              "exact point groups; a graphene-like phase object; an amorphous film; polycrystalline gold."),
    parameter(&DiffractionScanParams::x, "x", "", within<std::int64_t>(1, 65536),
              "Columns of the scan; auto: by specimen."),
    parameter(&DiffractionScanParams::y, "y", "", within<std::int64_t>(1, 65536),
              "Rows of the scan; auto: by specimen."),
    parameter(&DiffractionScanParams::detector_x, "detector_x", "px", within<std::int64_t>(4, 8192),
              "Width of a pattern; auto: by specimen, or as its height."),
    parameter(&DiffractionScanParams::detector_y, "detector_y", "px", within<std::int64_t>(4, 8192),
              "Height of a pattern; auto: by specimen, or as its width."),
    parameter(&DiffractionScanParams::step, "step", "nm", within(1e-4, 1e4), "Step of the scan; auto: by specimen."),
    parameter(&DiffractionScanParams::disc_radius, "disc_radius", "px", within(0.5, 4096.0),
              "Radius of the probe's disc in the pattern; auto: by specimen and detector."),
    parameter(&DiffractionScanParams::disc_edge, "disc_edge", "px", within(0.05, 10.0),
              "Width w of the disc's edge, 1 / (1 + exp((k - radius) / w))."),
    parameter(&DiffractionScanParams::spacing, "spacing", "px", within(1.0, 8192.0),
              "Distance of neighbouring discs (disks, lattice) or radius of the ring (amorphous); auto: by detector."),
    parameter(&DiffractionScanParams::beam_energy, "beam_energy", "keV", within(1.0, 3000.0),
              "Energy of the beam; auto: 60 for the phase object, else 200."),
    parameter(
        &DiffractionScanParams::convergence_angle, "convergence_angle", "mrad", within(1e-3, 200.0),
        "Semi-angle of the probe, which disc_radius stands for: it sets the pixel size; auto: by specimen, and for "
        "the lattice so that its period is 12 positions."),
    parameter(&DiffractionScanParams::defocus, "defocus", "nm", within(-1e4, 1e4),
              "Defocus of the probe on the phase object."),
    parameter(&DiffractionScanParams::orientation, "orientation", "°", within(-360.0, 360.0),
              "Turn of the lattice, of the first mirror line or of the phase object, from x towards y."),
    parameter(&DiffractionScanParams::dislocation, "dislocation", "",
              "lattice: whether a dislocation runs through near the middle of the scan."),
    parameter(
        &DiffractionScanParams::lattice_vectors, "lattice_vectors", "px",
        "disks: x and y of the two reciprocal lattice vectors without strain; none: a square lattice of the given "
        "spacing and orientation."),
    parameter(&DiffractionScanParams::strain, "strain", "", within(-0.3, 0.3),
              "disks: e_xx in the middle of an inclusion; e_yy is half of it with the other sign."),
    parameter(&DiffractionScanParams::lattice_rotation, "lattice_rotation", "°", within(-30.0, 30.0),
              "disks: largest rotation of the lattice, which goes back and forth along the columns."),
    parameter(&DiffractionScanParams::missing_disks, "missing_disks", "", within(0.0, 1.0),
              "disks: probability of a diffracted disc to be absent from a pattern."),
    parameter(&DiffractionScanParams::extra_disks, "extra_disks", "", within<std::int64_t>(0, 1000),
              "disks: discs off the lattice in each pattern."),
    parameter(&DiffractionScanParams::intensity_variation, "intensity_variation", "", within(0.0, 1.0),
              "disks: how far a disc's intensity may be off its mean, as a share of it, in each pattern anew."),
    parameter(&DiffractionScanParams::point_groups, "point_groups", "",
              "point_group: one of 1, 2, 3, 4, 6, m, 2mm, 3m, 4mm, 6mm for each of as many stripes of the scan."),
    parameter(&DiffractionScanParams::phase, "phase", "rad", within(0.0, 3.0),
              "phase_object: phase at the middle of an atom."),
    parameter(&DiffractionScanParams::speckle, "speckle", "", within(0.0, 1.0),
              "amorphous, powder: share of the rings that fluctuates."),
    parameter(&DiffractionScanParams::dose, "dose", "", within(0.0, 1e9),
              "Expected counts, the mean over the scan, without background."),
    parameter(&DiffractionScanParams::dose_per, "dose_per", "", one_of("pattern|pixel"),
              "What the dose is counted per."),
    parameter(&DiffractionScanParams::noise, "noise", "",
              "Whether Poisson counts are drawn; otherwise the data are the expected counts, float32."),
    parameter(&DiffractionScanParams::background, "background", "", within(0.0, 1e6),
              "Counts that every pixel has on top."),
    parameter(&DiffractionScanParams::hot_pixels, "hot_pixels", "", within<std::int64_t>(0, 1 << 20),
              "Pixels that count 1000 on average, whatever falls on them."),
    parameter(&DiffractionScanParams::dead_pixels, "dead_pixels", "", within<std::int64_t>(0, 1 << 20),
              "Pixels that count nothing."),
    parameter(&DiffractionScanParams::center_x, "center_x", "px", within(-8192.0, 16384.0),
              "Where the undiffracted beam meets the detector in the middle of the scan; auto: the detector's middle."),
    parameter(&DiffractionScanParams::center_y, "center_y", "px", within(-8192.0, 16384.0),
              "The same along y; auto: the detector's middle."),
    parameter(&DiffractionScanParams::descan_plane, "descan_plane", "px", within(-1000.0, 1000.0),
              "How far the pattern moves, linearly, from the middle of the scan to its corner."),
    parameter(&DiffractionScanParams::descan_parabola, "descan_parabola", "px", within(-1000.0, 1000.0),
              "How far it moves with the square of the distance on top of that."),
    parameter(&DiffractionScanParams::ellipticity, "ellipticity", "", within(1.0, 10.0),
              "Ratio a/b of the ellipse that a circle appears as."),
    parameter(&DiffractionScanParams::ellipse_angle, "ellipse_angle", "°", within(-360.0, 360.0),
              "Direction of its long axis, from x towards y."),
    parameter(&DiffractionScanParams::rotation, "rotation", "°", within(-360.0, 360.0),
              "Angle, from x towards y, by which vectors on the detector must be turned to be in the scan's frame."),
    parameter(&DiffractionScanParams::transposed, "transposed", "",
              "Whether x and y of the detector are exchanged before that turn."),
    parameter(&DiffractionScanParams::seed, "seed", "", at_least<std::int64_t>(0), "Seed of the random numbers."),
};

/// What an automatic parameter becomes; lengths on the detector as a share of its shorter side.
struct Usual {
  std::int64_t rows, columns, detector;
  double step, radius, spacing, energy, convergence;  ///< convergence in mrad; 0: from the lattice's period
};

Usual usual_of(const std::string& specimen) {
  if (specimen == "lattice") return {96, 96, 24, 0.03, 6.5 / 24, 7.0 / 24, 200, 0};
  if (specimen == "point_group") return {16, 16, 64, 0.02, 0.42, 0, 200, 20};
  // Twelve cells along x and seven along y, so that the scan's borders meet.
  if (specimen == "phase_object") return {97, 96, 64, 0.246 / 8, 0.25, 0, 60, 30};
  if (specimen == "powder") return {8, 8, 128, 2, 2.5 / 128, 0, 200, 1};
  if (specimen == "amorphous") return {16, 16, 128, 2, 4.0 / 128, 0.3, 200, 1};
  return {12, 12, 64, 2, 3.2 / 64, 14.0 / 64, 200, 2};
}

double normal_angle(double degrees, double period) { return degrees - period * std::floor(degrees / period); }

struct Setup {
  std::int64_t rows, columns, height, width;
  double step, spacing, energy, convergence, pixel_size;
  Disc disc;
  Calibration truth;
  DType dtype;

  Camera camera() const { return {height, width, rows, columns, truth}; }
  std::int64_t positions() const { return rows * columns; }
  std::int64_t pixels() const { return height * width; }
};

double dose_per_pattern(const DiffractionScanParams& params, std::int64_t pixels) {
  return params.dose_per == "pixel" ? params.dose * static_cast<double>(pixels) : params.dose;
}

Setup setup_of(const DiffractionScanParams& params) {
  const Usual usual = usual_of(params.specimen);
  Setup setup{};
  setup.rows = params.y.value_or(usual.rows);
  setup.columns = params.x.value_or(usual.columns);
  setup.height = params.detector_y.value_or(params.detector_x.value_or(usual.detector));
  setup.width = params.detector_x.value_or(params.detector_y.value_or(usual.detector));
  const auto side = static_cast<double>(std::min(setup.height, setup.width));
  setup.step = params.step.value_or(usual.step);
  setup.disc = {params.disc_radius.value_or(usual.radius * side), params.disc_edge};
  setup.spacing = params.spacing.value_or(std::max(1.0, usual.spacing * side));
  setup.energy = params.beam_energy.value_or(usual.energy);
  const double wavelength = electron_wavelength(setup.energy);
  const double of_the_period = 1e3 * wavelength * setup.disc.radius / (12 * setup.step * setup.spacing);
  setup.convergence = params.convergence_angle.value_or(usual.convergence > 0 ? usual.convergence : of_the_period);
  setup.pixel_size = 1e-3 * setup.convergence / wavelength / setup.disc.radius;
  const Vector center{params.center_x.value_or(0.5 * static_cast<double>(setup.width - 1)),
                      params.center_y.value_or(0.5 * static_cast<double>(setup.height - 1))};
  Calibration& truth = setup.truth;
  truth.frame = {setup.height, setup.width};
  truth.origin = descan(center, params.descan_plane, params.descan_parabola, setup.rows, setup.columns);
  truth.origin->probe_radius = setup.disc.radius;
  truth.ellipse = diffraction::EllipseCalibration{params.ellipticity, 0, normal_angle(params.ellipse_angle, 180), 0};
  truth.pixel_size = diffraction::PixelSizeCalibration{setup.pixel_size, 0, "1/nm", "simulation"};
  const double rotation = normal_angle(params.rotation, 360);
  truth.rotation =
      diffraction::RotationCalibration{rotation > 180 ? rotation - 360 : rotation, 0, params.transposed, true};
  const double most =
      (dose_per_pattern(params, setup.pixels()) + params.background * static_cast<double>(setup.pixels()));
  setup.dtype = !params.noise ? DType::float32 : most <= most_counts_of_uint16 ? DType::uint16 : DType::uint32;
  return setup;
}

std::unique_ptr<Specimen> specimen_of(const Setup& setup, const DiffractionScanParams& params) {
  const Camera camera = setup.camera();
  const auto seed = static_cast<std::uint64_t>(params.seed);
  if (params.specimen == "lattice") {
    const double period = 1 / (setup.spacing * setup.pixel_size * setup.step);
    return lattice_specimen(camera, setup.disc, setup.spacing, period, params.dislocation);
  }
  if (params.specimen == "point_group") {
    return point_group_specimen(camera, setup.disc, {params.point_groups, params.orientation, seed});
  }
  if (params.specimen == "phase_object") {
    return phase_specimen(camera, setup.disc,
                          {.peak = params.phase,
                           .step = setup.step,
                           .wavelength = electron_wavelength(setup.energy),
                           .pixel_size = setup.pixel_size,
                           .defocus = params.defocus,
                           .orientation = params.orientation});
  }
  if (params.specimen == "amorphous") {
    return ring_specimen(
        camera, setup.disc,
        {.rings = {{setup.spacing, 0.12 * setup.spacing, 1}}, .speckle = params.speckle, .seed = seed});
  }
  if (params.specimen == "powder") {
    return ring_specimen(camera, setup.disc,
                         {.rings = gold_rings(camera, setup.disc), .speckle = params.speckle, .seed = seed});
  }
  const std::vector<double>& given = params.lattice_vectors;
  if (!given.empty() && given.size() != 4) {
    throw Error(ErrorKind::invalid_argument, "lattice_vectors has " + std::to_string(given.size()) +
                                                 " numbers; give x and y of two vectors, or none");
  }
  const Matrix turned = diffraction::turn(params.orientation);
  DiskLattice lattice{.vectors = {turned * Vector{setup.spacing, 0}, turned * Vector{0, setup.spacing}},
                      .strain = params.strain,
                      .rotation = params.lattice_rotation,
                      .missing = params.missing_disks,
                      .extra = params.extra_disks,
                      .variation = params.intensity_variation,
                      .seed = seed};
  if (!given.empty()) lattice.vectors = {Vector{given[0], given[1]}, Vector{given[2], given[3]}};
  return std::make_unique<DiskSpecimen>(camera, setup.disc, lattice);
}

CountingDetector detector_of(const Setup& setup, const DiffractionScanParams& params) {
  return {setup.pixels(), params.background, params.dead_pixels, params.hot_pixels,
          static_cast<std::uint64_t>(params.seed)};
}

Axes scan_axes(const Setup& setup, Role role) {
  return {{.name = "y", .quantity = "length", .units = "nm", .role = role, .size = setup.rows, .scale = setup.step},
          {.name = "x", .quantity = "length", .units = "nm", .role = role, .size = setup.columns, .scale = setup.step}};
}

Axes pattern_axes(const Setup& setup) {
  Axes axes;
  for (const auto& [name, size] : {std::pair{"ky", setup.height}, std::pair{"kx", setup.width}}) {
    axes.push_back({.name = name,
                    .quantity = "reciprocal length",
                    .units = "1/nm",
                    .role = Role::signal,
                    .size = size,
                    .scale = setup.pixel_size,
                    .offset = -0.5 * static_cast<double>(size - 1) * setup.pixel_size});
  }
  return axes;
}

Description description_of(const Setup& setup, const DiffractionScanParams& params) {
  Description description;
  description.title = "Simulated scan of " + std::string(params.specimen == "disks"          ? "a strained crystal"
                                                         : params.specimen == "lattice"      ? "a lattice"
                                                         : params.specimen == "point_group"  ? "point groups"
                                                         : params.specimen == "phase_object" ? "a phase object"
                                                         : params.specimen == "powder"       ? "polycrystalline gold"
                                                                                             : "an amorphous film");
  description.signal_type = "electron_diffraction";
  description.dtype = setup.dtype;
  description.axes = scan_axes(setup, Role::navigation);
  for (const Axis& axis : pattern_axes(setup)) description.axes.push_back(axis);
  Json& metadata = description.metadata;
  set(metadata, "General.title", description.title);
  set(metadata, "Signal.signal_type", description.signal_type);
  set(metadata, "Acquisition_instrument.TEM.beam_energy", setup.energy);
  set(metadata, "Acquisition_instrument.TEM.convergence_angle", setup.convergence);
  return description;
}

Axes map_axes(const Setup& setup, std::int64_t components) {
  Axes axes = scan_axes(setup, Role::signal);
  if (components > 1) axes.insert(axes.begin(), {.name = "component", .role = Role::navigation, .size = components});
  return axes;
}

Shape shape_of(const Axes& axes) {
  Shape shape;
  for (const Axis& axis : axes) shape.push_back(axis.size);
  return shape;
}

std::vector<TruthMap> truth_maps(const Camera& camera, const Specimen& specimen) {
  std::vector<TruthMap> maps = specimen.truth();
  maps.push_back({.name = "center",
                  .title = "Centre of the pattern",
                  .unit = "px",
                  .note = "The truth: where the undiffracted beam meets the detector.",
                  .components = {"x", "y"},
                  .fill = [&camera](std::int64_t position, std::span<double> values) {
                    const Vector origin = camera.origin(position);
                    values[0] = origin.x;
                    values[1] = origin.y;
                  }});
  return maps;
}

Plan check(const Inputs&, const DiffractionScanParams& params) {
  const Setup setup = setup_of(params);
  const Camera camera = setup.camera();
  const std::unique_ptr<Specimen> specimen = specimen_of(setup, params);
  detector_of(setup, params);
  const Description data = description_of(setup, params);
  Plan plan;
  plan.outputs = {{"data", data.shape(), setup.dtype}};
  std::int64_t numbers = 0;
  for (const TruthMap& map : truth_maps(camera, *specimen)) {
    const auto components = static_cast<std::int64_t>(map.components.size());
    plan.outputs.push_back(
        {map.name, shape_of(map_axes(setup, components)), map.labels ? DType::int64 : DType::float64});
    numbers += components;
  }
  if (const auto* disks = dynamic_cast<const DiskSpecimen*>(specimen.get())) {
    plan.outputs.push_back({"disks", {setup.rows, setup.columns, disks->slots(), 3}, DType::float64});
  }
  plan.outputs.push_back({"calibration", data.signal_shape()});
  // Truth maps, once more while each becomes a dataset; patterns of the dose, of workers and their discs.
  const std::int64_t pattern = 8 * setup.pixels();
  plan.least_memory = setup.positions() * 8 * (numbers + 4) + 40 * pattern + (36 << 20);
  plan.memory_per_worker = 8 * pattern + (4 << 20);
  plan.memory = plan.least_memory + data.bytes();
  plan.flops = static_cast<double>(count(data.shape())) * (params.noise ? 100.0 : 40.0);
  return plan;
}

std::string show(double value, const char* format = "%.5g") {
  char text[32];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

Table settings_of(const Setup& setup, double dose) {
  std::vector<std::string> names, units;
  std::vector<double> values;
  const auto add = [&](const char* name, double value, const char* unit) {
    names.emplace_back(name);
    values.push_back(value);
    units.emplace_back(unit);
  };
  const Calibration& truth = setup.truth;
  add("disc radius", setup.disc.radius, "px");
  add("pixel size", setup.pixel_size, "1/nm");
  add("convergence angle", setup.convergence, "mrad");
  add("beam energy", setup.energy, "keV");
  add("ellipse a/b", truth.ellipse->ratio, "");
  add("ellipse angle", truth.ellipse->angle, "°");
  add("rotation", truth.rotation->angle, "°");
  add("transposed", truth.rotation->transposed ? 1 : 0, "");
  add("counts per unit of intensity", dose, "");
  return {{{"quantity", "", names}, {"value", "", values}, {"unit", "", units}}};
}

/// Everything that a frame is made from.
struct Maker {
  std::shared_ptr<const Specimen> specimen;
  CountingDetector detector;
  double scale = 1;
  std::int64_t pixels = 0;
  DType dtype = DType::uint16;

  void make(std::int64_t position, std::span<std::byte> frame) const {
    std::vector<double> means(static_cast<std::size_t>(pixels));
    specimen->expect(position, means);
    detector.respond(scale, means);
    if (dtype == DType::float32) {
      auto* const values = reinterpret_cast<float*>(frame.data());
      for (std::size_t p = 0; p < means.size(); ++p) values[p] = static_cast<float>(means[p]);
    } else if (dtype == DType::uint16) {
      detector.count(position, means, std::span(reinterpret_cast<std::uint16_t*>(frame.data()), means.size()));
    } else {
      detector.count(position, means, std::span(reinterpret_cast<std::uint32_t*>(frame.data()), means.size()));
    }
  }
};

Dataset data_of(const Setup& setup, const DiffractionScanParams& params, const std::shared_ptr<const Maker>& maker,
                std::int64_t rest, Context& context) {
  Description description = description_of(setup, params);
  if (rest + description.bytes() > context.memory) {
    context.check();
    return frames_made_when_read(std::move(description), [maker](std::int64_t position, std::span<std::byte> frame) {
      maker->make(position, frame);
    });
  }
  const std::size_t bytes = static_cast<std::size_t>(setup.pixels()) * size_of(setup.dtype);
  auto frames = std::make_shared<std::vector<std::byte>>(bytes * static_cast<std::size_t>(setup.positions()));
  const Partitions partitions(setup.positions(), static_cast<std::int64_t>(bytes));
  Executor executor(context);
  executor.for_each_chunk("drawing patterns", partitions, [&](std::int64_t, RowRange range) {
    for (std::int64_t position = range.begin; position < range.end; ++position) {
      maker->make(position, std::span(*frames).subspan(static_cast<std::size_t>(position) * bytes, bytes));
    }
  });
  executor.gather(partitions, static_cast<std::int64_t>(bytes), std::span(*frames));
  return frames_made_when_read(std::move(description),
                               [frames, bytes](std::int64_t position, std::span<std::byte> frame) {
                                 const auto* const from = frames->data() + static_cast<std::size_t>(position) * bytes;
                                 std::copy(from, from + frame.size(), frame.begin());
                               });
}

/// In the form that diffraction.disks gives its lists.
Dataset disk_list(const Setup& setup, const std::shared_ptr<const Specimen>& specimen, const DiskSpecimen& disks,
                  double scale) {
  Description description;
  description.title = "Discs of each pattern";
  description.dtype = DType::float64;
  description.axes = scan_axes(setup, Role::navigation);
  description.axes.push_back({.name = "disk", .role = Role::signal, .size = disks.slots()});
  description.axes.push_back({.name = "value", .role = Role::signal, .size = 3});
  set(description.metadata, "General.title", description.title);
  set(description.metadata, "Diffraction.disk_values", Json::array({"ky", "kx", "intensity"}));
  set(description.metadata, "Diffraction.disk_units", "px");
  return frames_made_when_read(
      std::move(description),
      [specimen, &disks, scale, width = static_cast<double>(setup.width), height = static_cast<double>(setup.height)](
          std::int64_t position, std::span<std::byte> frame) {
        auto* values = reinterpret_cast<double*>(frame.data());
        for (const DiskSpecimen::Drawn& one : disks.discs(position)) {
          const bool there = one.intensity > 0 && one.place.x >= 0 && one.place.y >= 0 && one.place.x <= width - 1 &&
                             one.place.y <= height - 1;
          const auto none = std::numeric_limits<double>::quiet_NaN();
          *values++ = there ? one.place.y : none;
          *values++ = there ? one.place.x : none;
          *values++ = there ? one.intensity * scale * disks.shape_sum() : none;
        }
      });
}

Outputs run(const Inputs&, const DiffractionScanParams& params, Context& context) {
  const Setup setup = setup_of(params);
  const Camera camera = setup.camera();
  const std::shared_ptr<const Specimen> specimen = specimen_of(setup, params);
  const std::int64_t positions = setup.positions(), pixels = setup.pixels();

  const std::int64_t looked_at = std::min(positions, most_patterns_for_dose);
  const Partitions partitions(looked_at, 8 * pixels);
  std::vector<double> mean = Executor(context).reduce<std::vector<double>>(
      "measuring the dose", partitions, [&] { return std::vector<double>(static_cast<std::size_t>(pixels)); },
      [&](std::vector<double>& sum, std::int64_t, RowRange range) {
        std::vector<double> pattern(sum.size());
        for (std::int64_t i = range.begin; i < range.end; ++i) {
          specimen->expect(i * positions / looked_at, pattern);
          for (std::size_t p = 0; p < sum.size(); ++p) sum[p] += pattern[p];
        }
      },
      [](std::vector<double>& left, std::vector<double>&& right) {
        for (std::size_t p = 0; p < left.size(); ++p) left[p] += right[p];
      });
  double total = 0;
  for (double& value : mean) total += value /= static_cast<double>(looked_at);
  if (!(total > 0)) {
    throw Error(ErrorKind::invalid_argument,
                "nothing falls on the detector; give center_x and center_y within it, and a smaller descan");
  }
  const double scale = dose_per_pattern(params, pixels) / total;
  const auto maker =
      std::make_shared<const Maker>(Maker{specimen, detector_of(setup, params), scale, pixels, setup.dtype});
  maker->detector.respond(scale, mean);

  Outputs outputs;
  const Description description = description_of(setup, params);
  const Plan planned = check({}, params);
  const std::int64_t rest = planned.least_memory + context.threads * planned.memory_per_worker;
  outputs.add({.name = "data", .title = description.title, .value = data_of(setup, params, maker, rest, context)});
  for (const TruthMap& map : truth_maps(camera, *specimen)) {
    const std::size_t components = map.components.size(), stride = static_cast<std::size_t>(positions);
    std::vector<double> values(components * stride), here(components);
    for (std::int64_t position = 0; position < positions; ++position) {
      map.fill(position, here);
      for (std::size_t c = 0; c < components; ++c) values[c * stride + static_cast<std::size_t>(position)] = here[c];
    }
    Description of_map;
    of_map.title = map.title;
    of_map.axes = map_axes(setup, static_cast<std::int64_t>(components));
    set(of_map.metadata, "General.title", map.title);
    if (!map.unit.empty()) set(of_map.metadata, "Signal.quantity", map.title + " (" + map.unit + ")");
    Output output;
    output.name = map.name;
    output.title = map.title;
    output.note = map.note;
    if (map.labels) {
      const std::vector<std::int64_t> labels(values.begin(), values.end());
      output.value = Dataset::from_values<std::int64_t>(of_map, labels);
      output.view = View::labels;
      output.components = params.point_groups;
    } else {
      output.value = Dataset::from_values<double>(of_map, values);
      output.view = View::maps;
      if (components > 1) output.components = map.components;
    }
    outputs.add(std::move(output));
  }
  if (const auto* disks = dynamic_cast<const DiskSpecimen*>(specimen.get())) {
    outputs.add(
        {.name = "disks",
         .title = "Discs of each pattern",
         .value = disk_list(setup, specimen, *disks, scale),
         .note = "The truth: ky, kx in detector pixels and expected counts of each disc; NaN where it is absent."});
  }
  outputs.add(diffraction::calibration_output(description, mean, setup.truth));
  const std::vector<std::uint8_t>& faults = maker->detector.faults();
  if (params.hot_pixels + params.dead_pixels > 0) {
    Description of_faults;
    of_faults.title = "Faulty pixels";
    of_faults.axes = pattern_axes(setup);
    outputs.add({.name = "pixel_faults",
                 .title = "Faulty pixels",
                 .value = Dataset::from_values<std::uint8_t>(of_faults, faults),
                 .note = "The truth: 1 for a dead pixel, 2 for a hot one."});
  }
  outputs.add(
      {.name = "settings", .title = "What was simulated", .value = settings_of(setup, scale), .view = View::table});
  outputs.summary = {description.title + ": " + to_string(description.shape()) + " " +
                         std::string(name_of(setup.dtype)) + ", " + show(dose_per_pattern(params, pixels)) +
                         " counts per pattern expected",
                     "truth: " + setup.truth.story()};
  return outputs;
}

}  // namespace

const Operation& diffraction_scan_operation() {
  static const Operation operation = make_operation<DiffractionScanParams>(
      {.name = "simulate.diffraction_scan",
       .version = 1,
       .summary = "Simulates a scan of diffraction patterns with Poisson counts, and gives the truth beside it.",
       .citations = {"J. M. Rodenburg and R. H. T. Bates, Phil. Trans. R. Soc. A 339, 521 (1992)",
                     "C. Ophus, Microsc. Microanal. 25, 563 (2019)"},
       .inputs = {},
       .outputs = {{"data", "The scan: counts, y, x, ky and kx."},
                   {"lattice", "disks: the truth, lattice vectors g1 x, g1 y, g2 x, g2 y at every position."},
                   {"strain", "disks: the truth, e_xx, e_yy, e_xy and rotation at every position."},
                   {"disks",
                    "disks: the truth, ky, kx (px) and counts of every disc; NaN where a disc is absent or outside."},
                   {"phase", "phase_object: the truth, the object's phase at every position."},
                   {"probed_phase", "phase_object: the truth, the phase averaged over the probe."},
                   {"point_group", "point_group: the truth, which of the groups given."},
                   {"center", "The truth: centre of the pattern at every position, x and y."},
                   {"calibration", "The expected mean pattern; its metadata hold the true calibration."},
                   {"pixel_faults", "The truth: dead and hot pixels."},
                   {"settings", "The truth: numbers that hold for the whole scan."}}},
      parameters, &check, &run);
  return operation;
}

}  // namespace ruska::ops::simulate
