// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Counts of one line per element by `LineReader`, with their covariance C; composition and its slopes J by
// `CompositionSolver`; σ² = diag(J C Jᵀ) by counting, and Σ_j (J_ij I_j r_j)² by the factors' relative errors r, since
// every count enters multiplied by its factor. Two passes over the data: the sum spectrum, to which the model is made,
// and the maps.
#include "ruska/ops/eds/quantify/quantify.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include <xraylib/xraylib.h>

#include "ruska/base/printed.hpp"
#include "ruska/base/text.hpp"
#include "ruska/core/executor.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/core/rows.hpp"
#include "ruska/ops/eds/position_fit.hpp"
#include "ruska/ops/eds/quantify/composition.hpp"
#include "ruska/ops/eds/quantify/factors.hpp"
#include "ruska/ops/eds/quantify/line_reader.hpp"
#include "ruska/ops/eds/take_off_angle.hpp"
#include "ruska/ops/unmix/component_output.hpp"
#include "ruska/ops/unmix/marginals.hpp"

namespace ruska::ops::eds {

namespace {

constexpr auto parameters = std::tuple{
    parameter(&QuantifyParams::method, "method", "", one_of("cliff_lorimer|zeta|cross_section"),
              "How counts become a composition: by ratios alone, or with the dose also the mass thickness (ζ factors) "
              "or the atoms per area (partial cross-sections)."),
    parameter(&QuantifyParams::elements, "elements", "",
              "Elements of the composition, such as Fe,Pt; with none, those that factors are given for, else those "
              "found."),
    parameter(&QuantifyParams::exclude, "exclude", "",
              "Elements that are found but do not belong to the specimen, such as Cu of the grid; their lines are "
              "fitted all the same."),
    parameter(&QuantifyParams::lines, "lines", "",
              "Alpha lines to use in place of an element's main line, such as Pt_Ma."),
    parameter(&QuantifyParams::factors, "factors", "",
              "Factors as element=value or element=value±sigma: k (weight), ζ in kg/m² times electrons per photon, or "
              "cross-sections in barn, which hold the detector; those not given are computed."),
    parameter(&QuantifyParams::factor_error, "factor_error", "%", within(0.0, 1000.0),
              "Standard uncertainty of the factors; auto: that given with a factor, else none, and for computed ones "
              "10 % (K lines), 20 % (L) or 30 % (M)."),
    parameter(&QuantifyParams::intensities, "intensities", "", one_of("model|windows"),
              "Counts of lines by the fit of all lines at once as in eds.model_fit, or by windows as in eds.lines."),
    parameter(&QuantifyParams::absorption, "absorption", "",
              "Whether X-rays that the specimen absorbs are corrected for; cliff_lorimer then needs a thickness."),
    parameter(&QuantifyParams::take_off_angle, "take_off_angle", "°", within(0.1, 90.0),
              "Angle between detector and specimen surface; auto: from the metadata's elevation, azimuth and tilts."),
    parameter(&QuantifyParams::thickness, "thickness", "nm", within(0.01, 1e6),
              "Thickness of the specimen, for cliff_lorimer with absorption."),
    parameter(&QuantifyParams::density, "density", "g/cm³", within(0.001, 30.0),
              "Density of the specimen, for cliff_lorimer with absorption; auto: the elements' own, by volume."),
    parameter(&QuantifyParams::dose, "dose", "electrons", within(1.0, 1e20),
              "Electrons per position during the live time: current · live time / 1.602e-19 C; needed by zeta and "
              "cross_section."),
    parameter(&QuantifyParams::solid_angle, "solid_angle", "sr", within(1e-5, 12.5),
              "Solid angle of the detector, needed where zeta or cross_section factors are computed."),
    parameter(&QuantifyParams::detector, "detector", "", one_of("polymer_window|windowless|ideal"),
              "Which photons the detector counts, for computed factors."),
    parameter(&QuantifyParams::least_signal, "least_signal", "σ", within(0.0, 1000.0),
              "Positions whose total amount is below this many of its σ get no composition."),
    parameter(&QuantifyParams::window, "window", "FWHM", within(0.1, 20.0), "Windows: width over a line."),
    parameter(&QuantifyParams::background_left, "background_left", "FWHM", within(0.0, 50.0),
              "Windows: distance from the line to the nearer end of the left background window."),
    parameter(&QuantifyParams::background_right, "background_right", "FWHM", within(0.0, 50.0),
              "Windows: distance from the line to the nearer end of the right background window."),
    parameter(&QuantifyParams::background_width, "background_width", "FWHM", within(0.1, 20.0),
              "Windows: width of each background window."),
    parameter(&QuantifyParams::energy_resolution, "energy_resolution", "eV", within(50.0, 1000.0),
              "Full width at half maximum of Mn Kα, where its fit starts; auto: that of the metadata."),
    parameter(&QuantifyParams::beam_energy, "beam_energy", "keV", within(0.5, 2000.0),
              "Energy of the beam; auto: that of the metadata."),
    parameter(&QuantifyParams::significance, "significance", "σ", within(3.0, 100.0),
              "Least significance of an element that is found."),
};

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double avogadro = 6.02214076e23;
constexpr std::int64_t planned_columns = 48;

bool absolute(const QuantifyParams& params) { return params.method != "cliff_lorimer"; }

std::int64_t planned_elements(const QuantifyParams& params) {
  if (!params.elements.empty()) return static_cast<std::int64_t>(params.elements.size());
  if (!params.factors.empty()) return static_cast<std::int64_t>(params.factors.size());
  return 16;
}

// Five maps per element by position, and the datasets made of them one after the other.
std::int64_t bytes_held(const Description& data, std::int64_t elements) {
  return data.navigation_size() * (elements * 96 + 64) + data.signal_size() * planned_columns * 64 + (16 << 20);
}

std::int64_t bytes_per_worker(const Description& data) {
  const std::int64_t rows = partitions_of(data).largest();
  constexpr std::int64_t most_pairs = 16 * 17 / 2;
  return Rows::bytes_per_worker(data) +
         8 * (rows * (8 * planned_columns + 2 * most_pairs) +
              data.signal_size() * (3 * planned_columns + 2 * most_pairs) + 4 * planned_columns * planned_columns);
}

double needed(const std::optional<double>& value, const std::string& name, const std::string& why) {
  if (value) return *value;
  throw Error(ErrorKind::invalid_argument, "'" + name + "' is missing: " + why);
}

// What can be said wrong of the parameters before data are read.
void check_physics(const Description& data, const QuantifyParams& params) {
  energy_axis(data);
  element_search(data, params.beam_energy);
  for (const auto* names : {&params.elements, &params.exclude}) {
    for (const std::string& element : *names) atomic_number(element);
  }
  given_factors(params.factors);
  if (absolute(params)) {
    needed(params.dose, "dose",
           "the method " + params.method +
               " needs the electrons per position; give them, or choose the method cliff_lorimer");
  }
  if (!params.absorption) return;
  if (!params.take_off_angle && !take_off_angle(data)) {
    throw Error(ErrorKind::invalid_argument,
                "'take_off_angle' is missing: the metadata do not say the detector's elevation, and its azimuth where "
                "the stage is tilted, which the absorption correction needs");
  }
  const double angle = params.take_off_angle ? *params.take_off_angle : *take_off_angle(data);
  if (!(angle > 0.1)) {
    throw Error(ErrorKind::invalid_argument, "the metadata put the detector " + std::to_string(angle) +
                                                 "° above the specimen's surface; give take_off_angle");
  }
  if (!absolute(params)) {
    needed(params.thickness, "thickness",
           "cliff_lorimer corrects for absorption with the specimen's thickness in nm; give it, or choose the method "
           "zeta or cross_section, which measure the mass thickness");
  }
}

Plan check(const Inputs& inputs, const QuantifyParams& params) {
  const Description& data = inputs.at("data").describe();
  check_physics(data, params);
  const std::int64_t elements = planned_elements(params);
  Plan plan;
  for (const char* name : {"atomic", "atomic_sigma", "weight", "weight_sigma", "detection_limit"}) {
    plan.outputs.push_back({name, unmix::maps_shape(data, elements)});
  }
  plan.least_memory = bytes_held(data, elements);
  plan.memory_per_worker = bytes_per_worker(data);
  plan.memory = plan.least_memory;
  plan.bytes_read = 2.0 * static_cast<double>(data.bytes());
  plan.flops = 50.0 * static_cast<double>(count(data.shape()));
  return plan;
}

// One element of the composition: the family that is measured, and its factor.
struct Measured {
  int atomic_number = 0;
  std::size_t family = 0;
  double factor = 0;
  double factor_error = 0;  // relative
  bool computed = false;
};

std::vector<int> wanted_elements(const QuantifyParams& params, const LineModel& model) {
  std::vector<int> wanted;
  for (const std::string& element : params.elements) wanted.push_back(atomic_number(element));
  if (wanted.empty()) {
    for (const GivenFactor& factor : given_factors(params.factors)) wanted.push_back(factor.atomic_number);
  }
  if (wanted.empty()) {
    for (const FoundElement& one : model.found.elements) {
      if (one.confidence != "possible") wanted.push_back(one.atomic_number);
    }
  }
  for (const std::string& element : params.exclude) std::erase(wanted, atomic_number(element));
  return wanted;
}

std::size_t family_of(int z, const QuantifyParams& params, const LineModel& model) {
  std::string wanted;
  for (const std::string& name : params.lines) {
    const XrayLine line = xray_line(name, model.beam_energy);
    if (line.atomic_number == z) wanted = line.name();
  }
  if (wanted.empty()) {
    const double low = model.axis.at(static_cast<double>(model.first));
    const double high = model.axis.at(static_cast<double>(model.first + model.size - 1));
    const auto main = main_line(z, low, high, model.beam_energy);
    if (main) wanted = main->name();
  }
  std::string known;
  std::size_t last = model.families.size();
  for (std::size_t f = 0; f < model.families.size(); ++f) {
    if (model.families[f].atomic_number != z) continue;
    const std::string name = alpha_line(model.families[f]).name();
    if (name == wanted) return f;
    known += (known.empty() ? "" : ", ") + name;
    last = f;
  }
  // The main line may lie too near the axis' end to be fitted; then the family that is.
  if (params.lines.empty() && last < model.families.size()) return last;
  throw Error(ErrorKind::invalid_argument, "'lines': " + wanted + " is not an alpha line that can be measured here; " +
                                               symbol(z) + " has " + (known.empty() ? "none" : known));
}

std::vector<Measured> measured_elements(const QuantifyParams& params, const LineModel& model) {
  const std::vector<GivenFactor> given = given_factors(params.factors);
  std::vector<Measured> elements;
  double reference = 0;  // of computed k factors: the first element's, taken as its given one or 1
  for (const int z : wanted_elements(params, model)) {
    Measured one{.atomic_number = z, .family = family_of(z, params, model)};
    const Family& family = model.families[one.family];
    const auto factor =
        std::find_if(given.begin(), given.end(), [&](const GivenFactor& f) { return f.atomic_number == z; });
    if (factor != given.end()) {
      one.factor = factor->value;
      one.factor_error = factor->sigma ? *factor->sigma / factor->value : params.factor_error.value_or(0.0) / 100.0;
    } else {
      if (!given.empty() && !absolute(params)) {
        throw Error(ErrorKind::invalid_argument,
                    "'factors' gives none for " + symbol(z) +
                        "; k factors are ratios, so that given and computed ones cannot be mixed");
      }
      one.computed = true;
      const double area = alpha_cross_section(family, model.beam_energy, params.detector);  // cm²
      const double mass = AtomicWeight(z, nullptr);
      one.factor_error = params.factor_error ? *params.factor_error / 100.0 : cross_section_error(family.family);
      if (!(area > 0)) {
        throw Error(ErrorKind::invalid_argument, "no factor can be computed for " + alpha_line(family).label() +
                                                     ", which the detector does not count; give one in 'factors'");
      }
      if (!absolute(params)) {
        if (reference == 0) reference = mass / area;
        one.factor = mass / area / reference;
      } else {
        const double share = needed(params.solid_angle, "solid_angle",
                                    "computed " + params.method +
                                        " factors hold the detector's solid angle; give it, "
                                        "or factors for all elements") /
                             (4.0 * std::numbers::pi);
        one.factor = params.method == "zeta" ? 1e-3 * mass / (avogadro * area * 1e-4 * share) : area * share * 1e24;
      }
    }
    elements.push_back(one);
  }
  if (elements.empty() || (elements.size() < 2 && !absolute(params))) {
    throw Error(ErrorKind::invalid_argument, "a composition needs at least two elements, and " +
                                                 std::string(elements.empty() ? "none is" : "only one is") +
                                                 " named or found; name elements");
  }
  return elements;
}

Quantification quantification_of(const std::vector<Measured>& elements, const LineModel& model, const Description& data,
                                 const QuantifyParams& params) {
  Quantification settings;
  settings.absolute = absolute(params);
  settings.sensitivity.resize(static_cast<Eigen::Index>(elements.size()));
  settings.sensitivity_error.resize(settings.sensitivity.size());
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const Measured& one = elements[i];
    const double mass = 1e-3 * AtomicWeight(one.atomic_number, nullptr);  // kg/mol
    settings.atomic_numbers.push_back(one.atomic_number);
    settings.line_energies.push_back(alpha_line(model.families[one.family]).energy);
    const auto k = static_cast<Eigen::Index>(i);
    settings.sensitivity[k] = params.method == "zeta"            ? mass * *params.dose / one.factor
                              : params.method == "cross_section" ? one.factor * 1e-28 * *params.dose * avogadro
                                                                 : mass / one.factor;
    settings.sensitivity_error[k] = one.factor_error;
  }
  if (params.absorption) {
    const double angle = params.take_off_angle ? *params.take_off_angle : *take_off_angle(data);
    Quantification::Absorption absorption;
    absorption.cosecant = 1.0 / std::sin(angle * std::numbers::pi / 180.0);
    if (params.thickness) absorption.thickness = *params.thickness * 1e-9;
    if (params.density) absorption.density = *params.density * 1e3;
    settings.absorption = absorption;
  }
  return settings;
}

std::unique_ptr<LineReader> reader_of(const std::vector<Measured>& elements, const LineModel& model,
                                      const QuantifyParams& params, const Rows& rows) {
  const Description& data = rows.data().describe();
  if (params.intensities == "model") {
    std::vector<std::size_t> families;
    for (const Measured& one : elements) families.push_back(one.family);
    return model_reader(model, families, rows.rows());
  }
  std::vector<ExpectedLine> lines, others;
  for (const Measured& one : elements) {
    const auto k = static_cast<Eigen::Index>(one.family);
    lines.push_back({alpha_line(model.families[one.family]),
                     std::max(1.0, model.areas[k] * alpha_share(model.families[one.family]))});
  }
  for (std::size_t f = 0; f < model.families.size(); ++f) {
    double total = 0;
    for (const XrayLine& line : model.families[f].lines) total += line.weight;
    for (const XrayLine& line : model.families[f].lines) {
      if (line.energy < model.axis.low() || line.energy > model.axis.high()) continue;
      others.push_back({line, std::max(0.0, model.areas[static_cast<Eigen::Index>(f)] * line.weight / total)});
    }
  }
  const double resolution = params.energy_resolution.value_or(
      energy_resolution_mn_ka(data.metadata).value_or(model.calibration.resolution_mn_ka));
  return window_reader(
      line_windows(lines, others, model.axis, resolution,
                   {params.window, params.background_left, params.background_right, params.background_width}),
      rows.columns());
}

// What one spectrum's counts give, with σ; all NaN where they cannot support a composition.
struct Answer {
  Composition composition;
  Eigen::MatrixXd atomic_covariance;  // counting and factors
  Eigen::VectorXd atomic_sigma, atomic_counting_sigma, weight_sigma;
  Eigen::VectorXd atomic_limit, weight_limit;
  double mass_sigma = 0;
  bool supported = false;
};

Answer answer(const CompositionSolver& solver, const Eigen::VectorXd& counts, const Eigen::MatrixXd& covariance,
              const Eigen::VectorXd& absent_variance, double least_signal) {
  Answer result;
  const Eigen::VectorXd gain = solver.settings().sensitivity.cwiseInverse();
  const double total = counts.dot(gain);
  const double total_sigma = std::sqrt(std::max(0.0, gain.dot(covariance * gain)));
  // A composition divides by the total amount: without a total there is none, whatever the caller's threshold.
  if (!(total > 0) || !(total >= least_signal * total_sigma)) return result;
  Composition& composition = result.composition;
  const Eigen::VectorXd sigma = covariance.diagonal().cwiseMax(0.0).cwiseSqrt();
  composition = solver.solve(counts, sigma);
  if (!composition.converged || !(composition.amounts.sum() > 0)) return result;
  result.supported = true;

  const Eigen::MatrixXd& slope = composition.atomic_slope;
  const Eigen::MatrixXd counting = slope * covariance * slope.transpose();
  const Eigen::VectorXd factor_shift = counts.cwiseProduct(solver.settings().sensitivity_error);
  const Eigen::MatrixXd by_factors = slope * factor_shift.asDiagonal();
  result.atomic_covariance = counting + by_factors * by_factors.transpose();
  result.atomic_sigma = result.atomic_covariance.diagonal().cwiseMax(0.0).cwiseSqrt();
  result.atomic_counting_sigma = counting.diagonal().cwiseMax(0.0).cwiseSqrt();
  const Eigen::MatrixXd& mass = composition.weight_slope;
  const Eigen::MatrixXd mass_by_factors = mass * factor_shift.asDiagonal();
  result.weight_sigma = ((mass * covariance * mass.transpose()).diagonal() + mass_by_factors.rowwise().squaredNorm())
                            .cwiseMax(0.0)
                            .cwiseSqrt();
  result.mass_sigma =
      std::sqrt(std::max(0.0, composition.mass_slope.dot(covariance * composition.mass_slope.transpose()) +
                                  composition.mass_slope.transpose().cwiseProduct(factor_shift).squaredNorm()));

  const double amount = composition.amounts.cwiseMax(0.0).sum();
  const double mass_amount = composition.amounts.cwiseMax(0.0).dot(solver.molar_mass());
  result.atomic_limit.resize(counts.size());
  result.weight_limit.resize(counts.size());
  for (Eigen::Index i = 0; i < counts.size(); ++i) {
    const double least =
        3.0 * std::sqrt(std::max(0.0, absent_variance[i])) * gain[i] * composition.absorption_factor[i];
    result.atomic_limit[i] = std::min(1.0, least / amount);
    result.weight_limit[i] = std::min(1.0, least * solver.molar_mass()[i] / mass_amount);
  }
  return result;
}

struct Maps {
  std::vector<double> atomic, atomic_sigma, weight, weight_sigma, limit;  // position by element, in per cent
  std::vector<double> mass, mass_sigma;                                   // per position
  Eigen::VectorXd counts, absent_variance;                                // sums over all positions
  Eigen::MatrixXd covariance;
  double unsupported = 0;
};

Maps quantify_positions(const Rows& rows, const LineReader& reader, const CompositionSolver& solver,
                        const QuantifyParams& params, Context& context) {
  const Eigen::Index elements = solver.elements();
  const auto pairs = static_cast<Eigen::Index>(pairs_of(elements).size());
  const auto positions = static_cast<std::size_t>(rows.rows());
  Maps maps;
  for (auto* map : {&maps.atomic, &maps.atomic_sigma, &maps.weight, &maps.weight_sigma, &maps.limit}) {
    map->assign(positions * static_cast<std::size_t>(elements), nan);
  }
  if (absolute(params)) {
    maps.mass.assign(positions, nan);
    maps.mass_sigma.assign(positions, nan);
  }
  const auto width = static_cast<std::size_t>(2 * elements + pairs + 1);
  Executor executor(context);
  const std::vector<double> sums = executor.reduce<std::vector<double>>(
      "quantifying positions", rows.partitions(), [&] { return std::vector<double>(width, 0.0); },
      [&](std::vector<double>& partial, std::int64_t partition, RowRange range) {
        const auto block = rows.block(partition);
        LineReadings readings;
        reader.read(*block, rows.columns(), readings);
        Eigen::Map<Eigen::VectorXd> total(partial.data(), static_cast<Eigen::Index>(width));
        total.head(elements) += readings.counts.rowwise().sum();
        total.segment(elements, elements) += readings.absent_variance.rowwise().sum();
        total.segment(2 * elements, pairs) += readings.covariance.rowwise().sum();
        for (std::int64_t r = 0; r < range.size(); ++r) {
          const Answer one = answer(solver, readings.counts.col(r), matrix_of(readings.covariance.col(r), elements),
                                    readings.absent_variance.col(r), params.least_signal);
          if (!one.supported) {
            total[static_cast<Eigen::Index>(width) - 1] += 1.0;
            continue;
          }
          const auto at = static_cast<std::size_t>(range.begin + r);
          const auto put = [&](std::vector<double>& map, const Eigen::VectorXd& fractions) {
            Eigen::Map<Eigen::VectorXd>(map.data() + at * static_cast<std::size_t>(elements), elements) =
                100.0 * fractions;
          };
          put(maps.atomic, one.composition.atomic);
          put(maps.atomic_sigma, one.atomic_sigma);
          put(maps.weight, one.composition.weight);
          put(maps.weight_sigma, one.weight_sigma);
          put(maps.limit, one.atomic_limit);
          if (!maps.mass.empty()) {
            maps.mass[at] = one.composition.mass_thickness;
            maps.mass_sigma[at] = one.mass_sigma;
          }
        }
      },
      [](std::vector<double>& left, std::vector<double>&& right) {
        for (std::size_t i = 0; i < left.size(); ++i) left[i] += right[i];
      });
  for (auto* map : {&maps.atomic, &maps.atomic_sigma, &maps.weight, &maps.weight_sigma, &maps.limit}) {
    executor.gather(rows.partitions(), elements, std::span(*map));
  }
  if (!maps.mass.empty()) {
    executor.gather(rows.partitions(), 1, std::span(maps.mass));
    executor.gather(rows.partitions(), 1, std::span(maps.mass_sigma));
  }
  const Eigen::Map<const Eigen::VectorXd> total(sums.data(), static_cast<Eigen::Index>(width));
  maps.counts = total.head(elements);
  maps.absent_variance = total.segment(elements, elements);
  maps.covariance = matrix_of(total.segment(2 * elements, pairs), elements);
  maps.unsupported = total[static_cast<Eigen::Index>(width) - 1];
  return maps;
}

// The model's fit of the sum spectrum knows its own error, which the sum of the positions' fits does not.
void take_sum_of_model(Maps& maps, const std::vector<Measured>& elements, const LineModel& model) {
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const auto a = static_cast<Eigen::Index>(i), f = static_cast<Eigen::Index>(elements[i].family);
    const double share = alpha_share(model.families[elements[i].family]);
    maps.counts[a] = share * model.areas[f];
    maps.absent_variance[a] *= std::max(1.0, model.reduced_chi_square);
    for (std::size_t j = 0; j < elements.size(); ++j) {
      maps.covariance(a, static_cast<Eigen::Index>(j)) =
          share * alpha_share(model.families[elements[j].family]) *
          model.covariance(f, static_cast<Eigen::Index>(elements[j].family));
    }
  }
}

const char* factor_unit(const QuantifyParams& params) {
  return params.method == "zeta" ? "kg/m²" : params.method == "cross_section" ? "barn" : "";
}

Table table_of(const std::vector<Measured>& elements, const LineModel& model, const Maps& maps, const Answer& whole,
               const QuantifyParams& params) {
  std::vector<std::string> names, lines, sources;
  std::vector<double> counts, counts_sigma, factor, factor_sigma, absorption, atomic, sigma, counting, weight,
      weight_sigma, limit, weight_limit;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const auto k = static_cast<Eigen::Index>(i);
    const Measured& one = elements[i];
    names.push_back(symbol(one.atomic_number));
    lines.push_back(alpha_line(model.families[one.family]).name());
    counts.push_back(maps.counts[k]);
    counts_sigma.push_back(std::sqrt(std::max(0.0, maps.covariance(k, k))));
    factor.push_back(one.factor);
    factor_sigma.push_back(one.factor * one.factor_error);
    sources.push_back(one.computed ? "computed" : "given");
    absorption.push_back(whole.composition.absorption_factor[k]);
    atomic.push_back(100.0 * whole.composition.atomic[k]);
    sigma.push_back(100.0 * whole.atomic_sigma[k]);
    counting.push_back(100.0 * whole.atomic_counting_sigma[k]);
    weight.push_back(100.0 * whole.composition.weight[k]);
    weight_sigma.push_back(100.0 * whole.weight_sigma[k]);
    limit.push_back(100.0 * whole.atomic_limit[k]);
    weight_limit.push_back(100.0 * whole.weight_limit[k]);
  }
  return {{{"element", "", names},
           {"atomic", "at%", atomic},
           {"atomic_sigma", "at%", sigma, "atomic"},
           {"counting_sigma", "at%", counting},
           {"weight", "wt%", weight},
           {"weight_sigma", "wt%", weight_sigma, "weight"},
           {"detection_limit", "at%", limit},
           {"detection_limit_weight", "wt%", weight_limit},
           {"line", "", lines},
           {"counts", "counts", counts},
           {"counts_sigma", "counts", counts_sigma, "counts"},
           {"factor", factor_unit(params), factor},
           {"factor_sigma", factor_unit(params), factor_sigma, "factor"},
           {"factor_is", "", sources},
           {"absorption", "", absorption}}};
}

void warn_of_origins(const std::vector<Measured>& elements, const LineModel& model, const QuantifyParams& params,
                     Context& context) {
  if (!params.elements.empty() || !params.factors.empty()) return;
  std::string doubtful;
  for (const FoundElement& one : model.found.elements) {
    const bool used = std::any_of(elements.begin(), elements.end(), [&](const Measured& measured) {
      return measured.atomic_number == one.atomic_number;
    });
    if (used && !one.note.empty()) doubtful += (doubtful.empty() ? "" : "; ") + one.element + " (" + one.note + ")";
  }
  if (!doubtful.empty()) {
    context.warn("every element found was taken as part of the specimen, also " + doubtful +
                 "; give exclude where that is wrong");
  }
}

std::string sums_text(const std::vector<Measured>& elements, const LineModel& model, const Maps& maps) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const auto k = static_cast<Eigen::Index>(i);
    texts.push_back(alpha_line(model.families[elements[i].family]).label() + " has " + printed("%.0f", maps.counts[k]) +
                    " ± " + printed("%.0f", std::sqrt(std::max(0.0, maps.covariance(k, k)))) + " counts");
  }
  return join(texts, ", ");
}

Outputs run(const Inputs& inputs, const QuantifyParams& params, Context& context) {
  const Dataset& dataset = inputs.at("data");
  const Description& data = dataset.describe();
  check_physics(data, params);
  const Rows rows(dataset, context, {}, bytes_held(data, planned_elements(params)));
  const unmix::Marginals sums = unmix::marginals(rows, context);
  unmix::require_not_negative(rows, sums, "counting X-rays");

  LineModelChoice choice{.elements = params.elements,
                         .beam_energy = params.beam_energy,
                         .energy_resolution = params.energy_resolution,
                         .significance = params.significance};
  for (const GivenFactor& factor : given_factors(params.factors)) {
    if (params.elements.empty()) choice.elements.push_back(symbol(factor.atomic_number));
  }
  const LineModel model = line_model(sums.column_sum, data, choice);
  const std::vector<Measured> elements = measured_elements(params, model);
  warn_of_origins(elements, model, params, context);
  const CompositionSolver solver(quantification_of(elements, model, data, params));
  const auto reader = reader_of(elements, model, params, rows);
  Maps maps = quantify_positions(rows, *reader, solver, params, context);
  if (params.intensities == "model") take_sum_of_model(maps, elements, model);

  // The sum has the dose of all positions.
  Quantification of_sum = solver.settings();
  if (of_sum.absolute) of_sum.sensitivity *= static_cast<double>(rows.rows());
  const Answer whole =
      answer(CompositionSolver(of_sum), maps.counts, maps.covariance, maps.absent_variance, params.least_signal);
  if (!whole.supported) {
    throw Error(ErrorKind::invalid_argument,
                "the counts of the whole data set do not support a composition: " + sums_text(elements, model, maps));
  }
  if (maps.unsupported > 0) {
    context.warn(printed("%.0f", maps.unsupported) + " of " + std::to_string(rows.rows()) +
                 " positions have too few counts for a composition and hold NaN");
  }

  const auto count = static_cast<std::int64_t>(elements.size());
  std::vector<std::string> labels;
  bool any_computed = false, any_without_error = false;
  for (const Measured& one : elements) {
    labels.push_back(symbol(one.atomic_number));
    any_computed = any_computed || one.computed;
    any_without_error = any_without_error || one.factor_error == 0;
  }
  const std::size_t map_rank = data.navigation_shape().size();
  const View view = map_rank == 2 ? View::maps : map_rank == 1 ? View::spectra : View::hidden;
  Outputs outputs;
  for (std::size_t i = 0; i < labels.size() && i < 8; ++i) {
    const auto k = static_cast<Eigen::Index>(i);
    outputs.summary.push_back(labels[i] + ": " + printed("%.2f", 100.0 * whole.composition.atomic[k]) + " ± " +
                              printed("%.2f", 100.0 * whole.atomic_sigma[k]) + " at%, " +
                              printed("%.2f", 100.0 * whole.composition.weight[k]) + " ± " +
                              printed("%.2f", 100.0 * whole.weight_sigma[k]) + " wt%");
  }
  if (absolute(params)) {
    outputs.summary.push_back("mean mass thickness: " + printed("%.3g", 1e6 * whole.composition.mass_thickness) +
                              " ± " + printed("%.2g", 1e6 * whole.mass_sigma) + " mg/m²");
  }
  std::string factor_words = any_computed ? "Factors are computed from cross-sections, whose error is the larger part "
                                            "of σ; it shifts all positions together."
                                          : "Factors are given.";
  if (any_without_error) factor_words += " σ knows of no error of the factors; factor_error tells it.";
  if (!params.absorption) factor_words += " Absorption within the specimen is not corrected for.";
  outputs.add({.name = "atomic",
               .title = "Composition in atomic per cent",
               .value = unmix::maps_of(data, maps.atomic, count, "Composition (at%)"),
               .view = view,
               .sigma = "atomic_sigma",
               .components = labels,
               .note = factor_words});
  maps.atomic = {};
  outputs.add({.name = "composition",
               .title = "Composition of the whole data set",
               .value = table_of(elements, model, maps, whole, params),
               .view = View::table,
               .note = "counting_sigma is the part of atomic_sigma that counting statistics make, overlaps and "
                       "background included. An element below its detection limit (three σ of its background) is not "
                       "shown to be there."});
  Description covariance;
  covariance.title = "Covariance of the atomic per cent of the whole data set";
  covariance.axes = {{.name = "element", .role = Role::signal, .size = count},
                     {.name = "other element", .role = Role::signal, .size = count}};
  std::vector<double> values;
  for (Eigen::Index i = 0; i < whole.atomic_covariance.rows(); ++i) {
    for (Eigen::Index j = 0; j < whole.atomic_covariance.cols(); ++j) {
      values.push_back(1e4 * whole.atomic_covariance(i, j));
    }
  }
  outputs.add({.name = "covariance",
               .title = covariance.title,
               .value = Dataset::from_values<double>(covariance, values),
               .components = labels});
  const auto add_map = [&](const char* name, const std::string& title, std::vector<double>& of, View how,
                           const std::string& note = {}, const std::string& sigma = {}) {
    outputs.add({.name = name,
                 .title = title,
                 .value = unmix::maps_of(data, of, count, title),
                 .view = how,
                 .sigma = sigma,
                 .components = labels,
                 .note = note});
    of = {};
  };
  add_map("atomic_sigma", "Standard deviation of the atomic per cent", maps.atomic_sigma, view,
          "Counting, overlaps and background, and the factors' errors.");
  add_map("weight", "Composition in weight per cent", maps.weight, View::hidden, {}, "weight_sigma");
  add_map("weight_sigma", "Standard deviation of the weight per cent", maps.weight_sigma, View::hidden);
  add_map("detection_limit", "Detection limit in atomic per cent", maps.limit, view,
          "Three σ of the counts that the line's place would have without the element.");
  if (absolute(params)) {
    const auto add_mass = [&](const char* name, const std::string& title, const std::vector<double>& of, View how,
                              const std::string& sigma) {
      Dataset map = unmix::maps_of(data, of, 1, title);
      outputs.add({.name = name, .title = title, .value = std::move(map), .view = how, .sigma = sigma});
    };
    add_mass("mass_thickness", "Mass thickness (kg/m²)", maps.mass, view, "mass_thickness_sigma");
    add_mass("mass_thickness_sigma", "Mass thickness, standard deviation (kg/m²)", maps.mass_sigma, View::hidden, {});
  }
  return outputs;
}

}  // namespace

const Operation& quantify_operation() {
  static const Operation operation = make_operation<QuantifyParams>(
      {.name = "eds.quantify",
       .version = 1,
       .summary = "Quantifies thin specimens from X-ray lines: composition, σ and detection limit at every position.",
       .citations = {"G. Cliff and G. W. Lorimer, J. Microsc. 103, 203 (1975)",
                     "M. Watanabe and D. B. Williams, J. Microsc. 221, 89 (2006)",
                     "K. E. MacArthur et al., Microsc. Microanal. 22, 71 (2016)",
                     "T. Schoonjans et al., Spectrochim. Acta B 66, 776 (2011)"},
       .inputs = {{.name = "data",
                   .help = "EDS counts over an energy axis in eV or keV.",
                   .values = Values::counts,
                   .min_signal = 1,
                   .max_signal = 1}},
       .outputs = {{"atomic", "Atomic per cent, element by the navigation axes; NaN where counts are too few."},
                   {"composition", "Composition of the whole data set with σ, detection limits, counts and factors."},
                   {"covariance", "Covariance of the atomic per cent of the whole data set, element by element."},
                   {"atomic_sigma", "Standard deviation of atomic; NaN where counts are too few."},
                   {"weight", "Weight per cent; NaN where counts are too few."},
                   {"weight_sigma", "Standard deviation of weight; NaN where counts are too few."},
                   {"detection_limit", "Detection limit in atomic per cent; NaN where counts are too few."},
                   {"mass_thickness",
                    "Mass thickness in kg/m², by zeta and cross_section; NaN where counts are too few."},
                   {"mass_thickness_sigma", "Standard deviation of mass_thickness; NaN where counts are too few."}}},
      parameters, &check, &run);
  return operation;
}

}  // namespace ruska::ops::eds
