// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
//   q_i ≈ q_0 + h_i g1 + k_i g2     least squares over a position's disks, weighted by their inverse variance
//   F = G⁻¹ G_ref = R U,  ε = U − I     rows of G: g1, g2; polar decomposition, exact for any strain
// M. J. Hÿtch, E. Snoeck and R. Kilaas, Ultramicroscopy 74, 131 (1998) for F; V. B. Ozdol et al., Appl. Phys. Lett.
// 106, 253107 (2015) for strain from disks. Four passes over the lists: their extent, the map of all disks in which the
// lattice is found, fits that tell how disks scatter, fits that count. Memory: 24 numbers per position.
#include "ruska/ops/diffraction/strain/strain.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numbers>

#include "ruska/core/executor.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/core/rows.hpp"
#include "ruska/ops/diffraction/calibration_summary.hpp"
#include "ruska/ops/diffraction/disk_list.hpp"
#include "ruska/ops/diffraction/scan_maps.hpp"
#include "ruska/ops/diffraction/strain/calibrated_lists.hpp"
#include "ruska/ops/diffraction/strain/deformation.hpp"
#include "ruska/ops/diffraction/strain/lattice.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr std::int64_t map_bins = 512;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

constexpr auto parameters = std::tuple{
    parameter(
        &StrainParams::g1, "g1", "",
        "First basis vector of the lattice as kx,ky, as the lists have them before any calibration; none: found in the "
        "map of all disks."),
    parameter(&StrainParams::g2, "g2", "", "Second basis vector; given with the first or not at all."),
    parameter(&StrainParams::origin, "origin", "",
              "Where the direct beam is, as kx,ky; none: the strongest peak in the map of all disks."),
    parameter(&StrainParams::tolerance, "tolerance", "spacings", within(0.01, 0.5),
              "Largest distance of a disk from its lattice node, in lengths of the shorter basis vector."),
    parameter(&StrainParams::least_disks, "least_disks", "", within<std::int64_t>(3, 1000),
              "Fewest disks that a position's lattice is fitted to; with fewer it is left out."),
    parameter(&StrainParams::weighting, "weighting", "", one_of("auto|intensity|uniform"),
              "Variance of disks: a constant and a part that falls with intensity, both from the scan's own residuals; "
              "the second alone; the first alone."),
    parameter(
        &StrainParams::angle, "angle", "°", within(-360.0, 360.0),
        "Direction of the strain axes' x from that of the scan where the rotation is calibrated, else from that of the "
        "detector, towards y."),
};

std::optional<Vector> vector_of(const std::vector<double>& values, const std::string& name) {
  if (values.empty()) return std::nullopt;
  if (values.size() != 2 || !std::isfinite(values[0]) || !std::isfinite(values[1])) {
    throw Error(ErrorKind::invalid_argument,
                "'" + name + "' takes two numbers, kx,ky, and got " + std::to_string(values.size()));
  }
  return Vector{values[0], values[1]};
}

/// A map over the scan, with an axis of components in front where `number` > 0.
template <class T>
Dataset map_of(const Description& lists, std::int64_t number, const std::string& title, const std::string& quantity,
               const std::vector<T>& values) {
  return dataset_over<T>(scan_map_axes(lists, "component", number), title, quantity, values);
}

std::int64_t bytes_held(const Description& lists) {
  constexpr std::int64_t numbers_per_position = 40;  // fits, then maps, then their datasets
  constexpr std::int64_t maps = 36;                  // partial maps of the reduction, and those of the search for peaks
  return lists.navigation_size() * 8 * numbers_per_position + maps * map_bins * map_bins * 8 + (16 << 20);
}

/// A partition of lists as it is read, and as disks.
std::int64_t bytes_per_worker(const Description& lists) {
  const std::int64_t signal = lists.signal_size();
  return partitions_of(lists).largest() * (signal * (8 + 8 + static_cast<std::int64_t>(size_of(lists.dtype))) + 16) +
         (1 << 20);
}

Plan check(const Inputs& inputs, const StrainParams& params) {
  const Description& lists = inputs.at("disks").describe();
  check_disk_list(lists, "disks");
  const CalibratedLists calibrated(inputs);
  const bool first = vector_of(params.g1, "g1").has_value(), second = vector_of(params.g2, "g2").has_value();
  vector_of(params.origin, "origin");
  if (first != second) {
    throw Error(ErrorKind::invalid_argument, "'g1' and 'g2' are given together or not at all");
  }
  if (const Dataset* reference = inputs.find("reference")) {
    const Shape got = reference->describe().shape(), wanted = lists.navigation_shape();
    if (got != wanted) {
      throw Error(ErrorKind::invalid_argument, "reference has the shape " + to_string(got) +
                                                   ", and must have that of the scan, " + to_string(wanted));
    }
  }
  Plan plan;
  const auto shape = [&](std::int64_t number) { return shape_of(scan_map_axes(lists, "component", number)); };
  plan.outputs = {{"strain", shape(3)},
                  {"strain_sigma", shape(3)},
                  {"rotation", shape(0)},
                  {"rotation_sigma", shape(0)},
                  {"lattice", shape(6)},
                  {"lattice_sigma", shape(6)},
                  {"residual", shape(0)},
                  {"disks_used", shape(0), DType::int32},
                  {"left_out", shape(0), DType::int32},
                  {"vector_map", {map_bins, map_bins}}};
  plan.least_memory = bytes_held(lists);
  plan.memory = plan.least_memory;
  plan.memory_per_worker = bytes_per_worker(lists);
  plan.bytes_read = 4 * static_cast<double>(lists.bytes());
  plan.flops = static_cast<double>(count(lists.shape())) * 200;
  return plan;
}

std::string show(double value, const char* format = "%.5g") {
  char text[48];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

/// The box that holds all disks.
struct Extent {
  double low_x = std::numeric_limits<double>::infinity(), high_x = -low_x, low_y = low_x, high_y = -low_x;
  std::int64_t disks = 0;

  void add(const Disk& disk) {
    if (!(disk.intensity > 0)) return;
    low_x = std::min(low_x, disk.kx);
    high_x = std::max(high_x, disk.kx);
    low_y = std::min(low_y, disk.ky);
    high_y = std::max(high_y, disk.ky);
    disks += 1;
  }
  void merge(const Extent& other) {
    low_x = std::min(low_x, other.low_x);
    high_x = std::max(high_x, other.high_x);
    low_y = std::min(low_y, other.low_y);
    high_y = std::max(high_y, other.high_y);
    disks += other.disks;
  }
};

/// Reduces one value over all lists; a vector of one is what travels between ranks.
template <class T, class Add, class Merge>
T over_lists(const CalibratedLists& lists, const Partitions& partitions, Context& context, const std::string& stage,
             const T& empty, const Add& add, const Merge& merge) {
  std::vector<T> result = Executor(context).reduce<std::vector<T>>(
      stage, partitions, [&] { return std::vector<T>{empty}; },
      [&](std::vector<T>& total, std::int64_t, RowRange range) {
        const DiskLists read = lists.read(range);
        for (std::size_t p = 0; p < read.positions(); ++p) add(total.front(), read.at(p));
      },
      [&](std::vector<T>& left, std::vector<T>&& right) { merge(left.front(), right.front()); });
  return result.front();
}

VectorMap map_of_vectors(const CalibratedLists& lists, const Partitions& partitions, Context& context) {
  const Extent extent = over_lists(
      lists, partitions, context, "measuring the lists", Extent{},
      [](Extent& total, std::span<const Disk> disks) {
        for (const Disk& disk : disks) total.add(disk);
      },
      [](Extent& left, const Extent& right) { left.merge(right); });
  if (extent.disks == 0) {
    throw Error(ErrorKind::bad_data, "the lists hold no disk with an intensity above zero; there is nothing to fit");
  }
  VectorMap map{map_bins, map_bins, 1, 0, 0, {}};
  const double side = std::max(extent.high_x - extent.low_x, extent.high_y - extent.low_y);
  if (!(side > 0) || !std::isfinite(side)) {
    throw Error(ErrorKind::bad_data, "all disks lie at one place; a lattice needs three that are not on one line");
  }
  map.step = side / static_cast<double>(map_bins - 8);
  const double half = static_cast<double>(map_bins - 1) / 2 * map.step;
  map.offset_x = (extent.low_x + extent.high_x) / 2 - half;
  map.offset_y = (extent.low_y + extent.high_y) / 2 - half;
  const auto bins = static_cast<std::size_t>(map_bins * map_bins);
  map.values = Executor(context).reduce<std::vector<double>>(
      "adding up all disks", partitions, [&] { return std::vector<double>(bins); },
      [&](std::vector<double>& total, std::int64_t, RowRange range) {
        VectorMap part = map;
        part.values = std::move(total);
        for (const Disk& disk : lists.read(range).disks) part.add(disk);
        total = std::move(part.values);
      },
      [](std::vector<double>& left, std::vector<double>&& right) {
        for (std::size_t i = 0; i < left.size(); ++i) left[i] += right[i];
      });
  return map;
}

Lattice lattice_of_scan(const VectorMap& map, const StrainParams& params, const CalibratedLists& lists) {
  auto origin = vector_of(params.origin, "origin");
  if (origin) origin = lists.place_from_lists(*origin);
  if (!params.g1.empty()) {
    const std::size_t strongest =
        static_cast<std::size_t>(std::max_element(map.values.begin(), map.values.end()) - map.values.begin());
    const auto width = static_cast<std::size_t>(map.width);
    const Vector peak{map.offset_x + map.step * static_cast<double>(strongest % width),
                      map.offset_y + map.step * static_cast<double>(strongest / width)};
    const Lattice lattice{origin.value_or(peak), lists.from_lists(*vector_of(params.g1, "g1")),
                          lists.from_lists(*vector_of(params.g2, "g2"))};
    if (!(std::abs(lattice.area()) > 1e-3 * lattice.g1.square())) {
      throw Error(ErrorKind::invalid_argument, "'g1' and 'g2' lie on one line; they must span the lattice");
    }
    return lattice;
  }
  const auto lattice = find_lattice(map, origin);
  if (!lattice) {
    throw Error(ErrorKind::bad_data,
                "the disks of the whole scan lie on no common lattice; give --g1 and --g2, or leave out of the lists "
                "what is not crystal");
  }
  return *lattice;
}

double median_of(std::vector<double>& values) {
  const std::size_t half = values.size() / 2;
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(half), values.end());
  const double upper = values[half];
  if (values.size() % 2 == 1) return upper;
  return 0.5 * (upper + *std::max_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(half)));
}

/// What a position's fit comes to, as it is gathered from ranks.
struct Fitted {
  Lattice lattice{{nan, nan}, {nan, nan}, {nan, nan}};
  std::array<double, 9> covariance{};
  double residual = nan;
  std::int32_t used = 0;
  std::int32_t failure = 0;
};

/// Median of the fitted positions of the region.
struct Reference {
  Lattice lattice;
  std::int64_t positions = 0;
};

Reference reference_of(const std::vector<Fitted>& fits, const std::vector<std::uint8_t>& region) {
  Reference reference;
  std::array<std::vector<double>, 6> parts;
  for (std::size_t p = 0; p < fits.size(); ++p) {
    if (fits[p].failure != 0 || (!region.empty() && region[p] == 0)) continue;
    const Lattice& l = fits[p].lattice;
    const double values[6] = {l.origin.x, l.origin.y, l.g1.x, l.g1.y, l.g2.x, l.g2.y};
    for (std::size_t i = 0; i < 6; ++i) parts[i].push_back(values[i]);
    reference.positions += 1;
  }
  if (reference.positions == 0) {
    throw Error(ErrorKind::bad_data, region.empty()
                                         ? "no position has disks enough on the lattice; lower --least_disks or give "
                                           "--g1 and --g2"
                                         : "no position of the reference region has disks enough on the lattice; "
                                           "choose another region");
  }
  double median[6];
  for (std::size_t i = 0; i < 6; ++i) median[i] = median_of(parts[i]);
  reference.lattice = {{median[0], median[1]}, {median[2], median[3]}, {median[4], median[5]}};
  return reference;
}

/// Basis vectors and nodes over the map of all disks.
std::vector<Outline> outlines_of(const Lattice& lattice, const VectorMap& map) {
  const auto line = [](Vector a, Vector b) { return std::vector<double>{a.x, a.y, b.x, b.y}; };
  Outline nodes{"lattice", {}};
  const double size = 0.12 * lattice.spacing();
  const double reach = static_cast<double>(map.width) * map.step / lattice.spacing();
  const auto most = static_cast<std::int64_t>(std::min(20.0, reach));
  const auto inside = [&](Vector v) {
    const double x = (v.x - map.offset_x) / map.step, y = (v.y - map.offset_y) / map.step;
    return x > 0 && y > 0 && x < static_cast<double>(map.width - 1) && y < static_cast<double>(map.height - 1);
  };
  for (std::int64_t h = -most; h <= most; ++h) {
    for (std::int64_t k = -most; k <= most; ++k) {
      const Vector at = lattice.node(static_cast<double>(h), static_cast<double>(k));
      if (!inside(at)) continue;
      std::vector<double> circle;
      for (int i = 0; i < 16; ++i) {
        const double turn = 2 * std::numbers::pi * i / 16;
        circle.insert(circle.end(), {at.x + size * std::cos(turn), at.y + size * std::sin(turn)});
      }
      nodes.lines.push_back(std::move(circle));
    }
  }
  return {{"g1", {line(lattice.origin, lattice.node(1, 0))}},
          {"g2", {line(lattice.origin, lattice.node(0, 1))}},
          std::move(nodes)};
}

Dataset vector_map_dataset(const Description& lists, const VectorMap& map, const std::string& units) {
  Description description;
  description.title = "Map of all disks";
  description.metadata = lists.metadata;
  set(description.metadata, "General.title", description.title);
  description.axes = {{"ky", quantity_of(units), units, Role::signal, map.height, map.step, map.offset_y},
                      {"kx", quantity_of(units), units, Role::signal, map.width, map.step, map.offset_x}};
  return Dataset::from_values<double>(std::move(description), map.values);
}

Table lattice_table(const Lattice& lattice) {
  const Vector vectors[2] = {lattice.g1, lattice.g2};
  Table table;
  std::vector<double> x, y, length, direction;
  for (const Vector& v : vectors) {
    x.push_back(v.x);
    y.push_back(v.y);
    length.push_back(std::sqrt(v.square()));
    direction.push_back(std::atan2(v.y, v.x) * 180 / std::numbers::pi);
  }
  table.columns = {{"vector", "", std::vector<std::string>{"g1", "g2"}},
                   {"kx", "", x},
                   {"ky", "", y},
                   {"length", "", length},
                   {"direction", "°", direction}};
  return table;
}

Outputs run(const Inputs& inputs, const StrainParams& params, Context& context) {
  const CalibratedLists lists(inputs);
  const Description& data = lists.describe();
  const std::vector<std::uint8_t> region = read_mask(inputs.find("reference"), data.navigation_shape(), "reference");
  const Partitions partitions = partitions_of(data);
  const VectorMap map = map_of_vectors(lists, partitions, context);
  LatticeFitRequest request{lattice_of_scan(map, params, lists), params.tolerance, params.least_disks};

  const NoiseEstimate scatter = over_lists(
      lists, partitions, context, "measuring how disks scatter", NoiseEstimate{},
      [&](NoiseEstimate& total, std::span<const Disk> disks) {
        const LatticeFit fit = fit_lattice(disks, request);
        // Three disks fit exactly, and few more tell little.
        if (fit.failure != LatticeFailure::none || fit.used < 6) return;
        for (const DiskResidual& residual : fit.residuals) total.add(residual);
      },
      [](NoiseEstimate& left, const NoiseEstimate& right) { left.merge(right); });
  const double floor = std::pow(1e-9 * request.start.spacing(), 2);
  request.noise = scatter.result(params.weighting != "intensity", params.weighting != "uniform", floor);

  const auto positions = static_cast<std::size_t>(data.navigation_size());
  std::vector<Fitted> fits(positions);
  Executor executor(context);
  executor.for_each_chunk("fitting lattices", partitions, [&](std::int64_t, RowRange range) {
    const DiskLists read = lists.read(range);
    for (std::size_t p = 0; p < read.positions(); ++p) {
      const LatticeFit fit = fit_lattice(read.at(p), request);
      Fitted& fitted = fits[static_cast<std::size_t>(range.begin) + p];
      fitted.failure = static_cast<std::int32_t>(fit.failure);
      if (fit.failure != LatticeFailure::none) continue;
      fitted.lattice = fit.lattice;
      fitted.covariance = fit.covariance;
      fitted.residual = fit.residual;
      fitted.used = static_cast<std::int32_t>(fit.used);
    }
  });
  executor.gather<Fitted>(partitions, 1, fits);
  const Reference reference = reference_of(fits, region);

  std::vector<double> strain(3 * positions, nan), strain_sigma = strain, rotation(positions, nan),
                                                  rotation_sigma = rotation, residual = rotation,
                                                  lattice(6 * positions, nan), lattice_sigma = lattice;
  std::vector<std::int32_t> used(positions), left_out(positions, -1);
  std::int64_t few = 0, on_line = 0;
  // The reference is a median, whose variance is π/2 that of a mean.
  double variance[4] = {};
  const auto in_region = [&](std::size_t p) { return fits[p].failure == 0 && (region.empty() || region[p] != 0); };
  for (std::size_t p = 0; p < positions; ++p) {
    if (!in_region(p)) continue;
    const Deformation sigma = deformation_sigma(fits[p].lattice, reference.lattice, params.angle, fits[p].covariance);
    const double parts[4] = {sigma.xx, sigma.yy, sigma.xy, sigma.rotation};
    for (std::size_t i = 0; i < 4; ++i) variance[i] += parts[i] * parts[i];
  }
  const auto number = static_cast<double>(reference.positions);
  for (double& one : variance) one *= (reference.positions > 2 ? std::numbers::pi / 2 : 1) / (number * number);
  double disks_used = 0;
  for (std::size_t p = 0; p < positions; ++p) {
    const Fitted& fit = fits[p];
    used[p] = fit.used;
    if (fit.failure != 0) {
      left_out[p] = fit.failure - 1;
      (fit.failure == static_cast<std::int32_t>(LatticeFailure::too_few_disks) ? few : on_line) += 1;
      continue;
    }
    const Deformation value = deformation_of(fit.lattice, reference.lattice, params.angle);
    const Deformation sigma = deformation_sigma(fit.lattice, reference.lattice, params.angle, fit.covariance);
    // A single reference position has no strain against itself; its own scatter is in the difference of others alone.
    const auto total = [&](double own, std::size_t part) { return std::sqrt(own * own + variance[part]); };
    const double values[3] = {value.xx, value.yy, value.xy}, sigmas[3] = {sigma.xx, sigma.yy, sigma.xy};
    for (std::size_t i = 0; i < 3; ++i) {
      strain[i * positions + p] = 100 * values[i];
      strain_sigma[i * positions + p] = 100 * total(sigmas[i], i);
    }
    rotation[p] = value.rotation;
    rotation_sigma[p] = total(sigma.rotation, 3);
    residual[p] = fit.residual;
    disks_used += fit.used;
    const Lattice& l = fit.lattice;
    const double parts[6] = {l.g1.x, l.g1.y, l.g2.x, l.g2.y, l.origin.x, l.origin.y};
    for (std::size_t i = 0; i < 6; ++i) {
      lattice[i * positions + p] = parts[i];
      lattice_sigma[i * positions + p] = std::sqrt(fit.covariance[i < 2 ? 4 : i < 4 ? 8 : 0]);
    }
  }
  const auto fitted = static_cast<std::int64_t>(positions) - few - on_line;

  const std::string units = lists.unit(), unit = units.empty() ? "the lists' unit" : units;
  const View map_view = scan_view(data, View::maps);
  const Calibration& known = lists.calibration();
  Outputs outputs;
  const std::string frame = known.rotation ? "scan" : "detector";
  std::string axes_note = params.angle == 0 ? (known.rotation ? "x and y are those of the scan, as in the picture."
                                                              : "x runs to the right on the detector and y downward.")
                                            : "The strain axes' x lies " + show(params.angle) + "° from the " + frame +
                                                  "'s, towards its y.";
  if (known.ellipse) axes_note += " The ellipse of the patterns is taken out.";
  outputs.add({.name = "strain",
               .title = "Strain",
               .value = map_of(data, 3, "Strain", "Strain (%)", strain),
               .view = map_view,
               .sigma = "strain_sigma",
               .components = {"xx", "yy", "xy"},
               .note = "Against the median lattice of " + std::to_string(reference.positions) +
                       (region.empty() ? " positions, all that could be fitted. " : " positions of the region. ") +
                       "Positive: the crystal is stretched. " + axes_note});
  outputs.add({.name = "strain_sigma",
               .title = "Standard deviation of strain",
               .value = map_of(data, 3, "Strain, standard deviation", "Strain (%)", strain_sigma),
               .components = {"xx", "yy", "xy"}});
  outputs.add({.name = "rotation",
               .title = "Rotation of the lattice",
               .value = map_of(data, 0, "Rotation", "Rotation (°)", rotation),
               .view = map_view,
               .sigma = "rotation_sigma",
               .note = "From x towards y of the " + frame + ", against the same reference."});
  outputs.add({.name = "rotation_sigma",
               .title = "Standard deviation of the rotation",
               .value = map_of(data, 0, "Rotation, standard deviation", "Rotation (°)", rotation_sigma)});
  outputs.add({.name = "vector_map",
               .title = "All disks and the lattice",
               .value = vector_map_dataset(data, map, units),
               .view = View::pattern,
               .note = "Intensity of the disks of all positions by where they are, with the reference lattice.",
               .outlines = outlines_of(reference.lattice, map)});
  outputs.add({.name = "reference_lattice",
               .title = "Reference lattice",
               .value = lattice_table(reference.lattice),
               .view = View::table,
               .note = "In " + unit + "; directions from x towards y."});
  outputs.add({.name = "residual",
               .title = "Distance of disks from their lattice nodes",
               .value = map_of(data, 0, "Residual", "Root mean square (" + unit + ")", residual),
               .view = map_view});
  outputs.add({.name = "disks_used",
               .title = "Disks that the lattice was fitted to",
               .value = map_of(data, 0, "Disks used", "disks", used),
               .view = map_view});
  outputs.add({.name = "left_out",
               .title = "Positions left out",
               .value = map_of(data, 0, "Left out", "", left_out),
               .view = few + on_line > 0 ? scan_view(data, View::labels) : View::hidden,
               .components = {"too few disks", "disks on one line"},
               .note = "-1: fitted."});
  outputs.add({.name = "lattice",
               .title = "Lattice at every position",
               .value = map_of(data, 6, "Lattice", unit, lattice),
               .sigma = "lattice_sigma",
               .components = {"g1 x", "g1 y", "g2 x", "g2 y", "origin x", "origin y"}});
  outputs.add({.name = "lattice_sigma",
               .title = "Standard deviation of the lattice",
               .value = map_of(data, 6, "Lattice, standard deviation", unit, lattice_sigma),
               .components = {"g1 x", "g1 y", "g2 x", "g2 y", "origin x", "origin y"}});

  if (!known.empty()) outputs.add(calibration_summary(known, beam_energy(data.metadata)));

  const Lattice& g = reference.lattice;
  outputs.summary.push_back("lattice at " + std::to_string(fitted) + " of " + std::to_string(positions) +
                            " positions, " + show(disks_used / static_cast<double>(fitted), "%.3g") +
                            " disks each on average; left out: " + std::to_string(few) + " with too few disks, " +
                            std::to_string(on_line) + " with disks on one line");
  outputs.summary.push_back("reference g1 (" + show(g.g1.x) + ", " + show(g.g1.y) + "), g2 (" + show(g.g2.x) + ", " +
                            show(g.g2.y) + ") " + unit + (params.g1.empty() ? ", found in the map of all disks" : ""));
  const DiskNoise& noise = request.noise;
  const double bright = std::sqrt(noise.flat);
  outputs.summary.push_back(
      "disks scatter by " + show(bright, "%.2g") + " " + unit +
      (noise.shot > 0 ? " and, of intensity I, by " + show(std::sqrt(noise.shot), "%.2g") + "/√I more (in squares)"
                      : ""));
  const char* const names[3] = {"xx", "yy", "xy"};
  for (std::size_t i = 0; i < 3; ++i) {
    std::vector<double> values, sigmas;
    for (std::size_t p = 0; p < positions; ++p) {
      if (left_out[p] >= 0) continue;
      values.push_back(strain[i * positions + p]);
      sigmas.push_back(strain_sigma[i * positions + p]);
    }
    std::sort(values.begin(), values.end());
    const auto at = [&](double share) {
      return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
    };
    outputs.summary.push_back(std::string("strain ") + names[i] + ": 5 to 95 % of positions " + show(at(0.05), "%.3g") +
                              " to " + show(at(0.95), "%.3g") + " %, median σ " + show(median_of(sigmas), "%.2g") +
                              " %");
  }
  outputs.summary.push_back(calibration_line(known));
  return outputs;
}

}  // namespace

const Operation& strain_operation() {
  static const Operation operation = make_operation<StrainParams>(
      {.name = "diffraction.strain",
       .version = 1,
       .summary = "Strain and rotation of a crystal at every position of a scan from its lists of diffraction disks.",
       .citations = {"M. J. Hÿtch, E. Snoeck and R. Kilaas, Ultramicroscopy 74, 131 (1998)",
                     "V. B. Ozdol et al., Appl. Phys. Lett. 106, 253107 (2015)"},
       .inputs = {{.name = "disks",
                   .help = "Lists of disks over any navigation axes, as diffraction.disks makes them and py4DSTEM's "
                           "files hold them; all values are NaN where a list has no more disks.",
                   .values = Values::real,
                   .min_signal = 2,
                   .max_signal = 2},
                  {.name = "reference",
                   .help = "Region of the scan that counts as unstrained: positions where it is not 0; without it the "
                           "whole scan.",
                   .required = false,
                   .values = Values::real},
                  calibration_port()},
       .outputs = {{"strain", "Strain xx, yy and xy in percent; NaN where no lattice could be fitted."},
                   {"strain_sigma", "Its standard deviation, that of the reference included; NaN where the strain is."},
                   {"rotation", "Rotation in degrees from x towards y; NaN where no lattice could be fitted."},
                   {"rotation_sigma", "Its standard deviation; NaN where the rotation is."},
                   {"vector_map", "Summed intensity of all disks by place."},
                   {"reference_lattice", "Basis vectors of the reference."},
                   calibration_summary_port(),
                   {"residual",
                    "Root mean square distance of disks from their nodes; NaN where no lattice could be fitted."},
                   {"disks_used", "Number of disks that the lattice was fitted to."},
                   {"left_out",
                    "Why no lattice could be fitted: 0 too few disks, 1 all on one line; -1 where it could."},
                   {"lattice", "g1, g2 and the origin, each x and y; NaN where no lattice could be fitted."},
                   {"lattice_sigma", "Their standard deviations; NaN where the lattice is."}}},
      parameters, &check, &run);
  return operation;
}

}  // namespace ruska::ops::diffraction
