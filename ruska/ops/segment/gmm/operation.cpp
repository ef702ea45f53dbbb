// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/operation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ruska/ops/segment/class_output.hpp"
#include "ruska/ops/segment/gmm/gmm.hpp"
#include "ruska/ops/unmix/component_output.hpp"

namespace ruska::ops::segment {
namespace {

constexpr auto parameters = std::tuple{
    parameter(&GmmParams::clusters, "clusters", "", within<std::int64_t>(1, 1000),
              "Number of clusters; automatic: the least Bayesian information criterion decides"),
    parameter(&GmmParams::most_clusters, "most_clusters", "", within<std::int64_t>(1, 100),
              "The most clusters that are tried when their number is chosen"),
    parameter(
        &GmmParams::covariance, "covariance", "", one_of("full|tied|diagonal|spherical"),
        "Shape of the clusters: each its own ellipsoid, one ellipsoid for all, axes along the features, or balls"),
    parameter(&GmmParams::principal_components, "principal_components", "", within<std::int64_t>(0, 1000),
              "Principal components that the mixture is fitted on, 0 for the channels themselves; automatic: the "
              "channels where there are at most 16, else the components that stand above the noise, at most 10"),
    parameter(&GmmParams::normalization, "normalization", "", one_of(normalizations), normalization_help),
    parameter(&GmmParams::layout, "layout", "", one_of(layouts), layout_help),
    parameter(&GmmParams::starts, "starts", "", within<std::int64_t>(1, 1000),
              "Number of k-means++ starts of the k-means that gives the first clusters"),
    parameter(&GmmParams::max_iterations, "max_iterations", "", within<std::int64_t>(1, 1000000),
              "Most iterations of expectation maximisation"),
    parameter(&GmmParams::tolerance, "tolerance", "", within(0.0, 1e6),
              "Stop when the mean log-likelihood of a position changes by less than this"),
    parameter(&GmmParams::regularization, "regularization", "", within(0.0, 1e300),
              "Added to every variance, so that a cluster of few positions does not collapse; principal components are "
              "scaled so that the widest has unit variance"),
    parameter(&GmmParams::seed, "seed", "", at_least<std::int64_t>(0), "Seed of the k-means starts")};

std::int64_t reserved(const Description& given, const Description& data, const GmmParams& params) {
  return gmm_memory(data, params) + as_positions_memory(given, params.layout);
}

Plan check(const Inputs& inputs, const GmmParams& params) {
  const Description& given = inputs.at("data").describe();
  const Description data = positions_description(given, params.layout);
  const std::int64_t positions = data.navigation_size(), channels = data.signal_size();
  const std::int64_t clusters = std::min(positions, params.clusters.value_or(params.most_clusters));
  Plan plan;
  plan.outputs = {{"labels", data.navigation_shape(), DType::int32},
                  {"probabilities", unmix::maps_shape(data, clusters)},
                  {"spectra", unmix::spectra_shape(data, clusters)},
                  {"spectra_sigma", unmix::spectra_shape(data, clusters)}};
  plan.least_memory = reserved(given, data, params);
  plan.memory_per_worker = gmm_memory_per_worker(data, params) + Rows::bytes_per_worker(data);
  plan.memory = plan.least_memory + positions * channels * 8;
  const double dimensions = std::min<double>(static_cast<double>(channels), 10);
  plan.flops = 2 * 30 * static_cast<double>(positions * clusters) * dimensions * dimensions;
  plan.bytes_read = static_cast<double>(given.bytes());
  return plan;
}

Outputs run(const Inputs& inputs, const GmmParams& params, Context& context) {
  const Description& given = inputs.at("data").describe();
  const Dataset dataset = as_positions(inputs.at("data"), params.layout);
  const Description& data = dataset.describe();
  const Rows rows(dataset, context, masks_of(inputs, data),
                  reserved(given, data, params) + context.threads * gmm_memory_per_worker(data, params));
  const GmmResult result = gmm(rows, params, context);
  const auto clusters = static_cast<std::int64_t>(result.mixture.clusters);
  const auto count = result.mixture.clusters;
  const std::vector<std::string> names = numbered_names("cluster", clusters);

  std::vector<std::int32_t> labels(static_cast<std::size_t>(rows.rows()), -1);
  std::vector<double> probability(static_cast<std::size_t>(rows.rows()) * count,
                                  std::numeric_limits<double>::quiet_NaN());
  std::vector<double> size(count, 0.0);
  double certainty = 0;
  for (std::size_t i = 0; i < result.positions.size(); ++i) {
    const auto row = static_cast<std::size_t>(result.positions[i]);
    const auto own = result.probability.begin() + static_cast<std::ptrdiff_t>(i * count);
    const auto best = std::max_element(own, own + static_cast<std::ptrdiff_t>(count));
    labels[row] = static_cast<std::int32_t>(best - own);
    size[static_cast<std::size_t>(best - own)] += 1;
    certainty += *best / static_cast<double>(result.positions.size());
    std::copy_n(own, count, probability.begin() + static_cast<std::ptrdiff_t>(row * count));
  }

  Outputs outputs;
  outputs.add({.name = "labels",
               .title = "Clusters",
               .value = unmix::label_map(data, labels, "Clusters"),
               .view = unmix::view_of_map(data, View::labels),
               .components = names,
               .note = "The most probable cluster; the one of the largest weight is the first. Compared were " +
                       result.compared + ". -1: left out by a mask, or empty where shares are compared."});
  const Dataset maps = unmix::maps_of(data, probability, clusters, "Probability of each cluster");
  outputs.add({.name = "probabilities",
               .title = "Probability of each cluster",
               .value = maps,
               .view = unmix::view_of(maps),
               .components = names,
               .note = "Given that the clusters are normal distributions; between clusters that overlap it is the "
                       "share of positions here that belong to each."});
  add_class_spectra(outputs, data, class_spectra(rows, labels, clusters, "averaging clusters", context), names,
                    "cluster", "spectra", "Mean spectrum of each cluster",
                    "In the data's units, averaged over the positions whose most probable cluster it is. σ: standard "
                    "error of that mean, from the scatter of the positions.");

  std::vector<std::int64_t> number, positions;
  std::vector<double> weight, weight_sigma;
  for (std::size_t k = 0; k < count; ++k) {
    number.push_back(static_cast<std::int64_t>(k) + 1);
    positions.push_back(static_cast<std::int64_t>(size[k]));
    weight.push_back(result.mixture.weight[k]);
    // From the scatter of the probabilities themselves: Σ(p − weight)² / N².
    double scatter = 0;
    for (std::size_t i = 0; i < result.positions.size(); ++i) {
      const double off = result.probability[i * count + k] - weight.back();
      scatter += off * off;
    }
    weight_sigma.push_back(std::sqrt(scatter) / static_cast<double>(result.positions.size()));
  }
  Table table;
  table.columns = {{"cluster", "", number},
                   {"weight", "", weight},
                   {"weight_sigma", "", weight_sigma, "weight"},
                   {"positions", "", positions}};
  outputs.add({.name = "clusters",
               .title = "Weights of the clusters",
               .value = table,
               .view = View::table,
               .note = "σ: sampling error, the shapes of the clusters held fixed."});

  Table trials;
  std::vector<std::int64_t> tried, iterations;
  std::vector<double> likelihood, criterion, values;
  for (const Mixture& one : result.trials) {
    tried.push_back(static_cast<std::int64_t>(one.clusters));
    likelihood.push_back(one.log_likelihood);
    values.push_back(one.free_values());
    criterion.push_back(one.information_criterion(result.positions.size()));
    iterations.push_back(one.iterations);
  }
  trials.columns = {{"clusters", "", tried},
                    {"log_likelihood_per_position", "", likelihood},
                    {"free_values", "", values},
                    {"information_criterion", "", criterion},
                    {"iterations", "", iterations}};
  const std::string chosen = std::to_string(clusters) + " cluster" + (clusters == 1 ? "" : "s") + ": " +
                             (params.clusters ? "given" : "the information criterion is least");
  const bool at_the_limit = !params.clusters && clusters > 1 && clusters == params.most_clusters;
  outputs.add({.name = "trials",
               .title = "Numbers of clusters that were tried",
               .value = trials,
               .view = View::table,
               .note = chosen + (at_the_limit ? "; it is the most that was tried (most_clusters)." : ".")});
  outputs.add({.name = "log_likelihood",
               .title = "Mean log-likelihood of a position",
               .value = Number{result.mixture.log_likelihood, {}, ""},
               .view = View::number});

  const auto d = static_cast<std::int64_t>(result.mixture.dimensions);
  Description means;
  means.title = "Means of the clusters";
  means.axes = {{.name = "cluster", .role = Role::navigation, .size = clusters},
                {.name = "feature", .role = Role::signal, .size = d}};
  outputs.add({.name = "means",
               .title = "Means of the clusters among the features, less the mean of all",
               .value = Dataset::from_values<double>(means, result.mixture.mean)});
  means.title = "Covariances of the clusters";
  means.axes.push_back(means.axes.back());
  means.axes.back().name = "other feature";
  outputs.add({.name = "covariances",
               .title = "Covariances of the clusters",
               .value = Dataset::from_values<double>(means, result.mixture.covariances)});

  outputs.summary = {chosen + (at_the_limit ? "; it is the most that was tried" : ""),
                     "compared: " + result.compared + ", covariance " + params.covariance,
                     "mean probability of the chosen cluster: " + shown(certainty)};
  return outputs;
}

}  // namespace

const Operation& gmm_operation() {
  static const Operation operation = make_operation<GmmParams>(
      {.name = "segment.gmm",
       .version = 1,
       .summary = "Divides the positions of a map into overlapping normal distributions (Gaussian mixture).",
       .citations = {"A. P. Dempster, N. M. Laird and D. B. Rubin, J. R. Stat. Soc. B 39, 1 (1977)",
                     "G. Schwarz, Ann. Stat. 6, 461 (1978)"},
       .inputs = segment_ports(),
       .outputs = {{"labels", "number of the most probable cluster of each position, from 0; -1 where masked or empty"},
                   {"probabilities",
                    "probability of each cluster, (cluster | navigation axes); NaN where masked or empty"},
                   {"spectra", "mean spectrum of each cluster, (cluster | signal axes), in the data's units"},
                   {"spectra_sigma", "their standard errors"},
                   {"clusters", "weights of the clusters"},
                   {"trials", "likelihood and information criterion of every number of clusters tried"},
                   {"log_likelihood", "mean log-likelihood of a position"},
                   {"means", "means of the clusters among the features that were compared"},
                   {"covariances", "their covariances"}}},
      parameters, check, run);
  return operation;
}

}  // namespace ruska::ops::segment
