// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eds/line_model.hpp"

#include <algorithm>
#include <cmath>

#include "ruska/base/printed.hpp"
#include "ruska/ops/eds/detector.hpp"
#include "ruska/ops/eds/non_negative_fit.hpp"

namespace ruska::ops::eds {

namespace {

constexpr int last_passes = 8;  // of the weights; they settle to 1e-4 in four or five
constexpr int calibration_steps = 12;

// The elements of the model in their order, and the first of them that were named.
std::vector<int> elements_of(const LineModelChoice& choice, const FoundElements& found) {
  std::vector<int> elements;
  for (const std::string& name : choice.elements) {
    const int z = atomic_number(name);
    if (std::count(elements.begin(), elements.end(), z)) {
      throw Error(ErrorKind::invalid_argument, name + " is asked for twice");
    }
    elements.push_back(z);
  }
  if (!elements.empty() && !choice.also_found) return elements;
  for (const FoundElement& one : found.elements) {
    if (one.confidence != "possible" && !std::count(elements.begin(), elements.end(), one.atomic_number)) {
      elements.push_back(one.atomic_number);
    }
  }
  return elements;
}

// Mean over the channels within `reach` of each.
Eigen::VectorXd smoothed(const Eigen::VectorXd& values, Eigen::Index reach) {
  Eigen::VectorXd mean(values.size());
  for (Eigen::Index i = 0; i < values.size(); ++i) {
    const Eigen::Index begin = std::max<Eigen::Index>(0, i - reach), end = std::min(values.size(), i + reach + 1);
    mean[i] = values.segment(begin, end - begin).mean();
  }
  return mean;
}

void draw_templates(LineModel& model) {
  model.templates.resize(model.size, static_cast<Eigen::Index>(model.families.size()));
  for (std::size_t f = 0; f < model.families.size(); ++f) {
    model.templates.col(static_cast<Eigen::Index>(f)) =
        family_template(model.families[f], model.axis, model.calibration, model.first, model.size);
  }
}

// What is fitted of the calibration: unit of its part, how well it is known beforehand, and its longest step.
struct Part {
  double Calibration::*value;
  double unit, prior, step;
};
constexpr Part calibration_parts[] = {{&Calibration::shift, 1e-3, 0.010, 0.008},
                                      {&Calibration::gain, 1e-3, 0.002, 0.003},
                                      {&Calibration::resolution_mn_ka, 1.0, 10.0, 8.0}};
constexpr Eigen::Index part_count = 3;

// By how much the fit's lines change per unit of each part.
Eigen::MatrixXd calibration_columns(const LineModel& model) {
  Eigen::MatrixXd columns(model.size, part_count);
  LineModel moved = model;
  for (Eigen::Index k = 0; k < part_count; ++k) {
    const Part& part = calibration_parts[k];
    moved.calibration = model.calibration;
    moved.calibration.*part.value += 0.5 * part.unit;
    draw_templates(moved);
    columns.col(k) = moved.templates * model.areas;
    moved.calibration.*part.value -= part.unit;
    draw_templates(moved);
    columns.col(k) -= moved.templates * model.areas;
  }
  return columns;
}

// The fit at one calibration: its weights, the columns of the background that are > 0, and χ².
struct SumFit {
  Eigen::VectorXd weights;
  Eigen::MatrixXd background;
  double chi_square = 0;
};

SumFit fit_sum(LineModel& model, int passes) {
  const Eigen::Index families = model.templates.cols(), splines = model.background_columns.cols();
  Eigen::MatrixXd columns(model.size, families + splines);
  columns << model.templates, model.background_columns;
  std::vector<int> all(static_cast<std::size_t>(families + splines));
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int>(i);

  // The search knows how wrong its own model may be; where its fit and this one differ, the counts of this one scatter.
  Eigen::VectorXd searched(model.size), variance(model.size);
  for (Eigen::Index i = 0; i < model.size; ++i) {
    searched[i] = model.found.fit[static_cast<std::size_t>(model.first + i)];
    variance[i] = model.found.variance[static_cast<std::size_t>(model.first + i)];
  }
  const double half_peak = 0.5 *
                           model.calibration.width(model.axis.at(static_cast<double>(model.first + model.size / 2))) /
                           model.axis.scale;
  const Eigen::VectorXd local = smoothed(model.data, std::max<Eigen::Index>(1, static_cast<Eigen::Index>(half_peak)));
  const Eigen::VectorXd least = (0.2 * local).cwiseMax(0.5);
  Eigen::VectorXd lambda = local.cwiseMax(0.5);
  Eigen::VectorXd start = Eigen::VectorXd::Zero(columns.cols());
  SumFit result;
  for (int pass = 0; pass < passes; ++pass) {
    result.weights = (variance + lambda - searched).cwiseMax(lambda).cwiseInverse();
    const Eigen::MatrixXd weighted = result.weights.asDiagonal() * columns;
    const Eigen::MatrixXd gram = columns.transpose() * weighted;
    const Eigen::VectorXd right = weighted.transpose() * model.data;
    // Which splines a background ≥ 0 needs; with these the families are then free.
    const NonNegativeFit bounded(gram, right, all, start);
    start = bounded.amplitudes();
    std::vector<Eigen::Index> free;
    for (Eigen::Index k = 0; k < families; ++k) free.push_back(k);
    for (Eigen::Index k = families; k < columns.cols(); ++k) {
      if (start[k] > 0) free.push_back(k);
    }
    Eigen::MatrixXd part = gram(free, free);
    part.diagonal() *= 1.0 + 1e-11;  // two families of the same shape must not make the matrix singular
    const Eigen::VectorXd amplitudes = part.llt().solve(right(free));
    model.areas = amplitudes.head(families);
    const Eigen::Index used = amplitudes.size() - families;
    const Eigen::MatrixXd fitted = columns(Eigen::all, free);
    result.background = fitted.rightCols(used);
    model.background = (result.background * amplitudes.tail(used)).cwiseMax(0.0);
    model.fit = model.background + model.templates * model.areas;
    lambda = model.fit.cwiseMax(least);
  }
  result.chi_square = (model.data - model.fit).cwiseAbs2().cwiseProduct(result.weights).sum();
  return result;
}

// XᵀWX of the families, the background and the calibration, with what is known of the latter beforehand.
Eigen::MatrixXd normal_matrix(const Eigen::MatrixXd& columns, const Eigen::VectorXd& weights) {
  Eigen::MatrixXd normal = columns.transpose() * weights.asDiagonal() * columns;
  normal.diagonal() *= 1.0 + 1e-11;
  for (Eigen::Index k = 0; k < part_count; ++k) {
    const Part& part = calibration_parts[k];
    const Eigen::Index at = columns.cols() - part_count + k;
    normal(at, at) += part.unit * part.unit / (part.prior * part.prior);
  }
  return normal;
}

Eigen::MatrixXd all_columns(const LineModel& model, const SumFit& fit) {
  Eigen::MatrixXd columns(model.size, model.templates.cols() + fit.background.cols() + part_count);
  columns << model.templates, fit.background, calibration_columns(model);
  return columns;
}

// Gauss–Newton steps of the calibration from where it stands; gives χ² with the pull of `known`.
double calibrate(LineModel& model, const Calibration& known) {
  double objective = 0;
  for (int step = 0; step <= calibration_steps; ++step) {
    draw_templates(model);
    const SumFit fit = fit_sum(model, 3);
    objective = fit.chi_square;
    for (const Part& part : calibration_parts) {
      const double away = (model.calibration.*part.value - known.*part.value) / part.prior;
      objective += away * away;
    }
    if (step == calibration_steps) break;
    const Eigen::MatrixXd columns = all_columns(model, fit);
    Eigen::VectorXd pull = columns.transpose() * fit.weights.cwiseProduct(model.data - model.fit);
    for (Eigen::Index k = 0; k < part_count; ++k) {
      const Part& part = calibration_parts[k];
      pull[columns.cols() - part_count + k] -=
          (model.calibration.*part.value - known.*part.value) * part.unit / (part.prior * part.prior);
    }
    const Eigen::VectorXd change = normal_matrix(columns, fit.weights).ldlt().solve(pull).tail(part_count);
    double share = 1.0, furthest = 0.0;
    for (Eigen::Index k = 0; k < part_count; ++k) {
      const Part& part = calibration_parts[k];
      const double length = std::abs(change[k]) * part.unit;
      if (length > part.step) share = std::min(share, part.step / length);
      furthest = std::max(furthest, length / part.prior);
    }
    if (!change.allFinite() || furthest < 1e-4) break;
    for (Eigen::Index k = 0; k < part_count; ++k) {
      const Part& part = calibration_parts[k];
      model.calibration.*part.value += share * change[k] * part.unit;
    }
    model.calibration.resolution_mn_ka =
        std::clamp(model.calibration.resolution_mn_ka, 0.7 * known.resolution_mn_ka, 1.5 * known.resolution_mn_ka);
  }
  return objective;
}

// The search calibrates with what it has found, and may have taken one of two named elements for the other; so the
// nominal calibration is a second start, and that with the lesser χ² stays.
void fit(LineModel& model, const Calibration& nominal) {
  LineModel other = model;
  other.calibration = nominal;
  const double from_search = calibrate(model, nominal), from_nominal = calibrate(other, nominal);
  if (from_nominal < from_search) model.calibration = other.calibration;
  draw_templates(model);
  const SumFit best = fit_sum(model, last_passes);
  const Eigen::MatrixXd normal = normal_matrix(all_columns(model, best), best.weights);
  const Eigen::Index families = model.templates.cols();
  model.covariance = normal.ldlt().solve(Eigen::MatrixXd::Identity(normal.rows(), families)).topRows(families);
  model.covariance = (0.5 * (model.covariance + model.covariance.transpose())).eval();
  const auto degrees = static_cast<double>(model.size - families - best.background.cols());
  model.reduced_chi_square = degrees > 0 ? best.chi_square / degrees : 0.0;
  model.covariance *= std::max(1.0, model.reduced_chi_square);
}

}  // namespace

std::string label_of(const Family& family) { return symbol(family.atomic_number) + " " + family.family; }

const XrayLine& alpha_line(const Family& family) {
  const std::string name = std::string(1, family.family) + "a";
  for (const XrayLine& line : family.lines) {
    if (line.line == name) return line;
  }
  return family.lines.front();
}

double alpha_share(const Family& family) {
  double total = 0;
  for (const XrayLine& line : family.lines) total += line.weight;
  const XrayLine& alpha = alpha_line(family);
  return alpha.weight / total * (1.0 - escape_fraction(alpha.energy));
}

LineModel line_model(std::span<const double> sum, const Description& data, const LineModelChoice& choice) {
  LineModel model;
  model.axis = energy_axis(data);
  ElementSearch search = element_search(data, choice.beam_energy, choice.energy_resolution);
  search.significance = choice.significance;
  if (!choice.elements.empty()) search.expected = choice.elements;
  model.beam_energy = search.beam_energy;
  model.found = find_elements(sum, model.axis, search);
  model.calibration = {model.found.energy_shift, model.found.energy_gain, model.found.resolution_mn_ka,
                       model.found.resolution_slope};

  model.first = model.found.first_channel;
  std::int64_t last = model.found.last_channel;
  if (choice.lowest_energy) {
    model.first =
        std::max(model.first, static_cast<std::int64_t>(std::ceil(model.axis.channel(*choice.lowest_energy))));
  }
  if (choice.highest_energy) {
    last = std::min(last, static_cast<std::int64_t>(std::floor(model.axis.channel(*choice.highest_energy))) + 1);
  }
  model.size = last - model.first;

  const std::vector<int> elements = elements_of(choice, model.found);
  if (elements.empty()) {
    throw Error(ErrorKind::invalid_argument,
                "no element stands out of the noise of the sum spectrum; name elements to fit them all the same");
  }
  if (model.size < 20) {
    throw Error(ErrorKind::invalid_argument,
                "only " + std::to_string(std::max<std::int64_t>(0, model.size)) +
                    " channels lie between the electronic noise, the beam energy and the ends of the range to be "
                    "fitted; at least 20 are needed");
  }
  const double low = model.axis.at(static_cast<double>(model.first));
  const double high = model.axis.at(static_cast<double>(last - 1));
  const double edge = 0.4 * full_width(low, model.calibration.resolution_mn_ka);
  std::vector<Family> candidates = candidate_families(low + edge, high - 2.0 * edge, model.beam_energy);
  for (const int z : elements) {
    const std::size_t before = model.families.size();
    for (const Family& family : candidates) {
      if (family.atomic_number == z) model.families.push_back(family);
    }
    if (model.families.size() == before) {
      throw Error(ErrorKind::invalid_argument, symbol(z) + " has no Kα, Lα or Mα line between " + printed("%.2f", low) +
                                                   " and " + printed("%.2f", high) + " keV that a beam of " +
                                                   printed("%.2f", model.beam_energy) + " keV excites; leave it out");
    }
  }
  // Splines that barely reach into the range would only make the fit ill-conditioned.
  const Eigen::MatrixXd splines =
      background_templates(model.axis, model.calibration.resolution_mn_ka, model.first, model.size);
  std::vector<Eigen::Index> kept;
  for (Eigen::Index k = 0; k < splines.cols(); ++k) {
    if (splines.col(k).maxCoeff() > 0.02) kept.push_back(k);
  }
  const Eigen::VectorXd detector =
      Eigen::Map<const Eigen::VectorXd>(model.found.detector.data() + model.first, model.size);
  const bool distorted = detector.sum() > 0;
  model.background_columns.resize(model.size, static_cast<Eigen::Index>(kept.size()) + (distorted ? 1 : 0));
  model.background_columns.leftCols(static_cast<Eigen::Index>(kept.size())) = splines(Eigen::all, kept);
  if (distorted) model.background_columns.rightCols(1) = detector / detector.maxCoeff();
  const Eigen::Index columns = static_cast<Eigen::Index>(model.families.size()) + model.background_columns.cols();
  if (model.size <= columns) {
    throw Error(ErrorKind::invalid_argument,
                std::to_string(columns) + " families and pieces of background cannot be fitted to " +
                    std::to_string(model.size) + " channels; name fewer elements or fit a longer range");
  }
  model.data = Eigen::Map<const Eigen::VectorXd>(sum.data() + model.first, model.size);
  fit(model, {.resolution_mn_ka = search.resolution_mn_ka.value_or(model.found.resolution_mn_ka)});
  return model;
}

}  // namespace ruska::ops::eds
