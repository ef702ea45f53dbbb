// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
//   y_p ≈ M a_p,   a_p = (MᵀWM)⁻¹ MᵀW y_p,   cov a_p = H diag(λ_p) Hᵀ,   H = (MᵀWM)⁻¹MᵀW,
// the columns of M being the line families of `LineModel` and a background. Two passes over the data: one for the sum
// spectrum, to which the model is made, one for the maps.
#include "ruska/ops/eds/model_fit/model_fit.hpp"

#include <algorithm>
#include <cmath>

#include "ruska/base/printed.hpp"
#include "ruska/core/executor.hpp"
#include "ruska/core/position_map.hpp"
#include "ruska/core/rows.hpp"
#include "ruska/ops/eds/line_model.hpp"
#include "ruska/ops/eds/position_fit.hpp"
#include "ruska/ops/unmix/component_output.hpp"
#include "ruska/ops/unmix/marginals.hpp"

namespace ruska::ops::eds {

namespace {

constexpr auto parameters = std::tuple{
    parameter(&ModelFitParams::elements, "elements", "",
              "Elements to fit with all their lines, such as Fe,Pt; with none, those found."),
    parameter(&ModelFitParams::also_found, "also_found", "",
              "Whether elements that the sum spectrum shows are fitted besides those named, so that their lines do not "
              "count as those of others."),
    parameter(
        &ModelFitParams::background, "background", "", one_of("auto|shape|free"),
        "Background of a position: the sum spectrum's times a parabola in the logarithm of the energy (shape), or "
        "splines of its own (free); auto: free below ten positions."),
    parameter(
        &ModelFitParams::weights, "weights", "", one_of("mean|position"),
        "Weights of the channels: those of the mean spectrum for all positions, or each position's own, by Poisson "
        "likelihood."),
    parameter(&ModelFitParams::non_negative, "non_negative", "",
              "Whether counts must be ≥ 0; sums over regions are then too large."),
    parameter(&ModelFitParams::lowest_energy, "lowest_energy", "keV", within(0.0, 200.0),
              "Lower end of the channels fitted; auto: above the electronic noise."),
    parameter(&ModelFitParams::highest_energy, "highest_energy", "keV", within(0.0, 200.0),
              "Upper end of the channels fitted; auto: the end of the axis or the beam energy."),
    parameter(&ModelFitParams::energy_resolution, "energy_resolution", "eV", within(50.0, 1000.0),
              "Full width at half maximum of Mn Kα, where its fit starts; auto: that of the metadata."),
    parameter(&ModelFitParams::beam_energy, "beam_energy", "keV", within(0.5, 2000.0),
              "Energy of the beam, which decides what lines there can be; auto: that of the metadata."),
    parameter(&ModelFitParams::significance, "significance", "σ", within(3.0, 100.0),
              "Least significance of an element that is found."),
};

constexpr std::int64_t planned_columns = 48;

std::int64_t planned_families(const ModelFitParams& params) {
  const auto named = static_cast<std::int64_t>(params.elements.size());
  return 2 * named + (named == 0 || params.also_found ? 20 : 0);
}

// Counts and σ by position, and the maps made of them one after the other; background and χ².
std::int64_t bytes_held(const Description& data, std::int64_t families) {
  return data.navigation_size() * (families * 40 + 40) + data.signal_size() * planned_columns * 64 + (16 << 20);
}

std::int64_t bytes_per_worker(const Description& data) {
  const std::int64_t rows = partitions_of(data).largest();
  return Rows::bytes_per_worker(data) + 8 * (rows * (8 * planned_columns) + 3 * data.signal_size() * planned_columns +
                                             4 * planned_columns * planned_columns);
}

LineModelChoice choice_of(const ModelFitParams& params) {
  return {.elements = params.elements,
          .also_found = params.also_found,
          .beam_energy = params.beam_energy,
          .energy_resolution = params.energy_resolution,
          .lowest_energy = params.lowest_energy,
          .highest_energy = params.highest_energy,
          .significance = params.significance};
}

Plan check(const Inputs& inputs, const ModelFitParams& params) {
  const Description& data = inputs.at("data").describe();
  energy_axis(data);
  element_search(data, params.beam_energy);
  for (const std::string& element : params.elements) atomic_number(element);
  const std::int64_t families = planned_families(params);
  Plan plan;
  for (const char* name : {"counts", "counts_sigma"}) {
    plan.outputs.push_back({name, unmix::maps_shape(data, families)});
  }
  for (const char* name : {"background", "chi_square"}) plan.outputs.push_back({name, data.navigation_shape()});
  plan.outputs.push_back({"spectrum", unmix::spectra_shape(data, 3)});
  plan.outputs.push_back({"residual", data.signal_shape()});
  plan.least_memory = bytes_held(data, families);
  plan.memory_per_worker = bytes_per_worker(data);
  plan.memory = plan.least_memory;
  plan.bytes_read = 2.0 * static_cast<double>(data.bytes());
  const auto cells = static_cast<double>(count(data.shape()));
  plan.flops = cells * (params.weights == "mean" ? 50.0 : 5000.0);
  return plan;
}

struct Maps {
  std::vector<double> counts, sigma;           // position by family
  std::vector<double> background, chi_square;  // per position
};

Maps fit_positions(const Rows& rows, const LineModel& model, const ModelFitParams& params, Context& context) {
  const bool free = params.background == "free" || (params.background == "auto" && rows.rows() < enough_for_shape);
  const PositionFit fit(model, rows.rows(), free, params.non_negative);
  const Eigen::Index families = fit.families();
  std::vector<std::pair<Eigen::Index, Eigen::Index>> diagonal;
  Eigen::VectorXd on_axis(families);
  for (Eigen::Index f = 0; f < families; ++f) {
    diagonal.push_back({f, f});
    on_axis[f] = model.share_on_axis(static_cast<std::size_t>(f));
  }
  const Eigen::MatrixXd terms = fit.covariance_terms(diagonal);
  const auto positions = static_cast<std::size_t>(rows.rows());
  Maps maps;
  maps.counts.resize(positions * static_cast<std::size_t>(families));
  maps.sigma.resize(maps.counts.size());
  maps.background.resize(positions);
  maps.chi_square.resize(positions);
  Executor executor(context);
  executor.for_each_chunk("fitting positions", rows.partitions(), [&](std::int64_t partition, RowRange range) {
    const auto block = rows.block(partition);
    PositionFit::Batch batch;
    fit.fit(*block, rows.columns(), batch);
    Eigen::MatrixXd variances;
    Eigen::VectorXd chi_square;
    if (params.weights == "position") {
      fit.refit(*block, rows.columns(), batch, variances, chi_square);
    } else {
      variances.noalias() = terms * batch.mixture;
      chi_square = fit.chi_square(batch);
    }
    const Eigen::Index count = range.size();
    const auto begin = range.begin;
    Eigen::Map<Eigen::MatrixXd>(maps.counts.data() + begin * families, families, count) =
        on_axis.asDiagonal() * batch.amplitudes.topRows(families);
    Eigen::Map<Eigen::MatrixXd>(maps.sigma.data() + begin * families, families, count) =
        on_axis.asDiagonal() * variances.cwiseMax(0.0).cwiseSqrt();
    Eigen::Map<Eigen::VectorXd>(maps.background.data() + begin, count) = fit.background_counts(batch);
    Eigen::Map<Eigen::VectorXd>(maps.chi_square.data() + begin, count) = chi_square;
  });
  executor.gather(rows.partitions(), families, std::span(maps.counts));
  executor.gather(rows.partitions(), families, std::span(maps.sigma));
  executor.gather(rows.partitions(), 1, std::span(maps.background));
  executor.gather(rows.partitions(), 1, std::span(maps.chi_square));
  return maps;
}

// The sum spectrum's families.
Table table_of(const LineModel& model) {
  std::vector<std::string> elements, families, lines, partners;
  std::vector<double> energy, counts, sigma, significance, alpha, alpha_sigma, correlation;
  for (std::size_t f = 0; f < model.families.size(); ++f) {
    const Family& family = model.families[f];
    const auto k = static_cast<Eigen::Index>(f);
    const double area = model.areas[k], error = std::sqrt(model.covariance(k, k));
    elements.push_back(symbol(family.atomic_number));
    families.push_back(std::string(1, family.family));
    lines.push_back(alpha_line(family).name());
    energy.push_back(alpha_line(family).energy);
    counts.push_back(area * model.share_on_axis(f));
    sigma.push_back(error * model.share_on_axis(f));
    significance.push_back(area / error);
    alpha.push_back(area * alpha_share(family));
    alpha_sigma.push_back(error * alpha_share(family));
    double strongest = 0;
    std::string partner;
    for (Eigen::Index other = 0; other < model.areas.size(); ++other) {
      if (other == k) continue;
      const double one = model.covariance(k, other) / (error * std::sqrt(model.covariance(other, other)));
      if (std::abs(one) > std::abs(strongest)) {
        strongest = one;
        partner = label_of(model.families[static_cast<std::size_t>(other)]);
      }
    }
    partners.push_back(partner);
    correlation.push_back(strongest);
  }
  return {{{"element", "", elements},
           {"family", "", families},
           {"counts", "counts", counts},
           {"counts_sigma", "counts", sigma, "counts"},
           {"significance", "σ", significance},
           {"alpha_line", "", lines},
           {"alpha_energy", "keV", energy},
           {"alpha_counts", "counts", alpha},
           {"alpha_counts_sigma", "counts", alpha_sigma, "alpha_counts"},
           {"most_correlated", "", partners},
           {"correlation", "", correlation}}};
}

Dataset spectrum_of(const Description& data, const std::vector<double>& sum, const LineModel& model) {
  const std::size_t channels = sum.size();
  std::vector<double> curves(3 * channels, 0.0);
  std::copy(sum.begin(), sum.end(), curves.begin());
  for (std::int64_t i = 0; i < model.size; ++i) {
    const auto channel = static_cast<std::size_t>(model.first + i);
    curves[channels + channel] = model.fit[i];
    curves[2 * channels + channel] = model.background[i];
  }
  return unmix::spectra_of(data, curves, 3, "Sum spectrum and its fit");
}

Dataset residual_of(const Description& data, const LineModel& model) {
  std::vector<double> residual(static_cast<std::size_t>(data.signal_size()), 0.0);
  for (std::int64_t i = 0; i < model.size; ++i) {
    residual[static_cast<std::size_t>(model.first + i)] =
        (model.data[i] - model.fit[i]) / std::sqrt(std::max(1.0, model.fit[i]));
  }
  Description description;
  description.title = "Residual of the sum spectrum";
  description.axes = {data.signal_axis()};
  return Dataset::from_values<double>(std::move(description), residual);
}

Outputs run(const Inputs& inputs, const ModelFitParams& params, Context& context) {
  const Dataset& dataset = inputs.at("data");
  const Description& data = dataset.describe();
  energy_axis(data);
  const Rows rows(dataset, context, {}, bytes_held(data, planned_families(params)));
  const unmix::Marginals sums = unmix::marginals(rows, context);
  unmix::require_not_negative(rows, sums, "counting X-rays");
  const LineModel model = line_model(sums.column_sum, data, choice_of(params));
  Maps maps = fit_positions(rows, model, params, context);

  const auto families = static_cast<std::int64_t>(model.families.size());
  std::vector<std::string> labels;
  std::vector<Mark> marks;
  const double unit = data.signal_axis().units == "eV" ? 1000.0 : 1.0;
  for (const Family& family : model.families) {
    labels.push_back(label_of(family));
    for (const XrayLine& line : family.lines) {
      if (line.weight < 0.1 || line.energy > model.axis.high()) continue;
      marks.push_back({-1, line.energy * unit, line.label()});
    }
  }
  const std::size_t map_rank = data.navigation_shape().size();
  const View view = map_rank == 2 ? View::maps : map_rank == 1 ? View::spectra : View::hidden;
  Outputs outputs;
  outputs.add({.name = "counts",
               .title = "Counts of each family of lines",
               .value = unmix::maps_of(data, maps.counts, families, "Counts of each family of lines"),
               .view = view,
               .sigma = "counts_sigma",
               .components = labels,
               .note = "All lines of a family within the channels fitted. Negative counts are noise about zero: they "
                       "keep sums over regions right."});
  maps.counts = {};
  Table table = table_of(model);
  const auto& counts = std::get<std::vector<double>>(table.columns[2].values);
  const auto& sigma = std::get<std::vector<double>>(table.columns[3].values);
  for (std::size_t f = 0; f < labels.size() && f < 7; ++f) {
    outputs.summary.push_back(labels[f] + ": " + printed("%.0f", counts[f]) + " ± " + printed("%.0f", sigma[f]) +
                              " counts");
  }
  if (labels.size() > 7) outputs.summary.push_back("and " + std::to_string(labels.size() - 7) + " families more");
  outputs.summary.push_back("χ² per degree of freedom of the sum spectrum: " +
                            printed("%.2f", model.reduced_chi_square));
  if (params.elements.empty()) outputs.summary.push_back("elements found: " + describe(model.found));
  outputs.add({.name = "families",
               .title = "Families of lines, counts of the whole data set",
               .value = std::move(table),
               .view = View::table,
               .note = "σ holds counting statistics, overlaps, the background and the model's own error; a correlation "
                       "near ±1 says that the spectrum hardly tells the two families apart."});
  outputs.add({.name = "spectrum",
               .title = "Sum spectrum and its fit",
               .value = spectrum_of(data, sums.column_sum, model),
               .view = View::spectra,
               .components = {"counts", "fit", "background"},
               .marks = marks});
  outputs.add({.name = "residual",
               .title = "Residual of the sum spectrum over its Poisson σ",
               .value = residual_of(data, model),
               .view = View::spectra,
               .note = "Structure beyond ±3 tells of a missing line, or of peaks that are not quite Gaussian where "
                       "counts are many."});
  outputs.add({.name = "chi_square",
               .title = "χ² per degree of freedom",
               .value = position_map(data, maps.chi_square, "χ² per degree of freedom"),
               .view = view,
               .note = "One where the model describes the position's spectrum."});
  outputs.add({.name = "background",
               .title = "Background counts within the channels fitted",
               .value = position_map(data, maps.background, "Background counts"),
               .view = view});
  outputs.add({.name = "counts_sigma",
               .title = "Standard deviation of the counts of each family",
               .value = unmix::maps_of(data, maps.sigma, families, "Counts of each family, standard deviation"),
               .components = labels,
               .note = "Counting statistics, overlaps included."});
  Description covariance;
  covariance.title = "Covariance of the families' counts in the sum spectrum";
  covariance.axes = {{.name = "family", .role = Role::signal, .size = families},
                     {.name = "other family", .role = Role::signal, .size = families}};
  std::vector<double> values;
  for (Eigen::Index i = 0; i < families; ++i) {
    for (Eigen::Index j = 0; j < families; ++j) {
      values.push_back(model.covariance(i, j) * model.share_on_axis(static_cast<std::size_t>(i)) *
                       model.share_on_axis(static_cast<std::size_t>(j)));
    }
  }
  outputs.add({.name = "covariance",
               .title = covariance.title,
               .value = Dataset::from_values<double>(covariance, values),
               .components = labels});
  return outputs;
}

}  // namespace

const Operation& model_fit_operation() {
  static const Operation operation = make_operation<ModelFitParams>(
      {.name = "eds.model_fit",
       .version = 1,
       .summary = "Fits all X-ray lines and the background at every position and so tells overlapping lines apart.",
       .citations = {"F. H. Schamber, in X-ray Fluorescence Analysis of Environmental Samples, 241 (1977)",
                     "T. Schoonjans et al., Spectrochim. Acta B 66, 776 (2011)"},
       .inputs = {{.name = "data",
                   .help = "EDS counts over an energy axis in eV or keV.",
                   .values = Values::counts,
                   .min_signal = 1,
                   .max_signal = 1}},
       .outputs = {{"counts", "Counts of each family of lines, family by the navigation axes."},
                   {"families", "Counts of each family in the sum spectrum, with what they are correlated with."},
                   {"spectrum", "The sum spectrum, its fit and its background."},
                   {"residual", "Counts less fit over the Poisson standard deviation, of the sum spectrum."},
                   {"chi_square", "χ² per degree of freedom at each position."},
                   {"background", "Counts of the background within the channels fitted."},
                   {"counts_sigma", "Standard deviation of counts."},
                   {"covariance", "Covariance of the counts of the sum spectrum, family by family."}}},
      parameters, &check, &run);
  return operation;
}

}  // namespace ruska::ops::eds
