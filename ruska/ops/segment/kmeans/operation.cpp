// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/operation.hpp"

#include <algorithm>

#include "ruska/ops/segment/class_output.hpp"
#include "ruska/ops/segment/kmeans/kmeans.hpp"
#include "ruska/ops/unmix/component_output.hpp"

namespace ruska::ops::segment {
namespace {

constexpr auto parameters = std::tuple{
    parameter(&KmeansParams::clusters, "clusters", "", within<std::int64_t>(1, 1000),
              "Number of clusters; automatic: choose_by decides"),
    parameter(&KmeansParams::most_clusters, "most_clusters", "", within<std::int64_t>(2, 100),
              "The most clusters that are tried when their number is chosen"),
    parameter(
        &KmeansParams::choose_by, "choose_by", "", one_of("silhouette|information_criterion"),
        "How the number of clusters is chosen: by the largest mean silhouette (2 at least; mixtures of phases make "
        "no clusters of their own), or the least Bayesian information criterion (1 at least; whatever stands "
        "above the noise is a cluster)"),
    parameter(&KmeansParams::normalization, "normalization", "", one_of(normalizations), normalization_help),
    parameter(&KmeansParams::layout, "layout", "", one_of(layouts), layout_help),
    parameter(&KmeansParams::algorithm, "algorithm", "", one_of("lloyd|mini_batch"),
              "How all positions are clustered where they are more than the sample: Lloyd's iterations over all of "
              "them, or mini-batches"),
    parameter(&KmeansParams::starts, "starts", "", within<std::int64_t>(1, 1000),
              "Number of k-means++ starts; the one of the least inertia on the sample goes on"),
    parameter(&KmeansParams::max_iterations, "max_iterations", "", within<std::int64_t>(1, 1000000),
              "Most iterations of Lloyd, or most times that mini-batches go over the data"),
    parameter(&KmeansParams::tolerance, "tolerance", "", within(0.0, 1.0),
              "Stop when the centres' summed squared moves are below this part of the mean variance of a channel"),
    parameter(&KmeansParams::sample, "sample", "", within<std::int64_t>(10, 10000000),
              "Most positions on which starts and numbers of clusters are compared; fewer where they would take more "
              "than 64 MiB"),
    parameter(&KmeansParams::silhouette_sample, "silhouette_sample", "", within<std::int64_t>(2, 20000),
              "Most positions whose silhouettes are averaged; memory grows with its square"),
    parameter(&KmeansParams::batch, "batch", "", within<std::int64_t>(1, 1000000000),
              "Positions of a mini-batch, rounded up to whole pieces of the data"),
    parameter(&KmeansParams::seed, "seed", "", at_least<std::int64_t>(0), "Seed of starts, samples and batches")};

std::int64_t reserved(const Description& given, const Description& data, const KmeansParams& params) {
  return kmeans_memory(data, params) + as_positions_memory(given, params.layout);
}

Plan check(const Inputs& inputs, const KmeansParams& params) {
  const Description& given = inputs.at("data").describe();
  const Description data = positions_description(given, params.layout);
  const std::int64_t positions = data.navigation_size(), channels = data.signal_size();
  const std::int64_t clusters = std::min(positions, params.clusters.value_or(params.most_clusters));
  Plan plan;
  plan.outputs = {{"labels", data.navigation_shape(), DType::int32},
                  {"spectra", unmix::spectra_shape(data, clusters)},
                  {"spectra_sigma", unmix::spectra_shape(data, clusters)},
                  {"inertia_trace", {params.max_iterations}}};
  plan.least_memory = reserved(given, data, params);
  plan.memory_per_worker = kmeans_memory_per_worker(data, params) + Rows::bytes_per_worker(data);
  plan.memory = plan.least_memory + positions * channels * 8;
  const double filled = is_integer(data.dtype) ? 0.1 : 1.0;
  const auto passes = [&](std::int64_t rows) {
    return filled * 2 * 20 * static_cast<double>(rows) * static_cast<double>(channels) * static_cast<double>(clusters);
  };
  const std::int64_t sampled = std::min(positions, params.sample);
  plan.flops = passes(positions) + passes(sampled) * static_cast<double>(params.starts) *
                                       (params.clusters ? 1.0 : static_cast<double>(params.most_clusters) / 2);
  plan.bytes_read = static_cast<double>(given.bytes());
  return plan;
}

std::string words_for(const std::string& normalization) {
  if (normalization == "poisson") return "shares of the counts in units of their counting noise";
  if (normalization == "unit_sum") return "shares of each position's sum";
  if (normalization == "standardize") return "channels in units of their standard deviation";
  return "values as they are";
}

Outputs run(const Inputs& inputs, const KmeansParams& params, Context& context) {
  const Description& given = inputs.at("data").describe();
  const Dataset dataset = as_positions(inputs.at("data"), params.layout);
  const Description& data = dataset.describe();
  const Rows rows(dataset, context, masks_of(inputs, data),
                  reserved(given, data, params) + context.threads * kmeans_memory_per_worker(data, params));
  const KmeansResult result = kmeans(rows, params, context);
  const Clustering& best = result.best;
  const std::vector<std::string> names = numbered_names("cluster", best.clusters);
  const bool shares = result.normalization == "poisson" || result.normalization == "unit_sum";

  Outputs outputs;
  outputs.add({.name = "labels",
               .title = "Clusters",
               .value = unmix::label_map(data, best.label, "Clusters"),
               .view = unmix::view_of_map(data, View::labels),
               .components = names,
               .note = "The cluster whose centre is nearest; compared were " + words_for(result.normalization) +
                       ". The largest cluster is the first. -1: left out by a mask" +
                       std::string(shares ? ", or empty." : ".")});
  add_class_spectra(outputs, data, class_spectra(rows, best.label, best.clusters, "averaging clusters", context), names,
                    "cluster", "spectra", "Mean spectrum of each cluster",
                    "In the data's units, averaged over the positions of the cluster. σ: standard error of that mean, "
                    "from the scatter of the positions; where clusters touch, the border that noise drew between "
                    "them is not part of it.");

  std::vector<std::int64_t> number, size = best.size;
  std::vector<double> fraction;
  for (std::int64_t k = 0; k < best.clusters; ++k) {
    number.push_back(k + 1);
    fraction.push_back(static_cast<double>(best.size[static_cast<std::size_t>(k)]) /
                       static_cast<double>(result.in_use));
  }
  Table clusters;
  clusters.columns = {{"cluster", "", number}, {"positions", "", size}, {"fraction", "", fraction}};
  outputs.add({.name = "clusters", .title = "Sizes of the clusters", .value = clusters, .view = View::table});

  Table trials;
  std::vector<std::int64_t> tried;
  std::vector<double> inertia, silhouette, silhouette_sigma, criterion;
  for (const Trial& one : result.trials) {
    tried.push_back(one.clusters);
    inertia.push_back(one.inertia);
    silhouette.push_back(one.silhouette.value);
    silhouette_sigma.push_back(one.silhouette.sigma);
    criterion.push_back(one.information_criterion);
  }
  trials.columns = {{"clusters", "", tried},
                    {"inertia", "", inertia},
                    {"silhouette", "", silhouette},
                    {"silhouette_sigma", "", silhouette_sigma, "silhouette"},
                    {"information_criterion", "", criterion}};
  const std::string chosen_words =
      std::to_string(best.clusters) + " cluster" + (best.clusters == 1 ? "" : "s") + ": " + result.reason;
  outputs.add({.name = "trials",
               .title = "Numbers of clusters that were tried",
               .value = trials,
               .view = View::table,
               .note = chosen_words + ". On " + std::to_string(result.sampled) + " of " +
                       std::to_string(result.in_use) +
                       " positions. A good number has a large silhouette (1 at most) or a small criterion."});

  Description trace;
  trace.title = "Inertia";
  trace.axes = {Axis{
      .name = "iteration", .role = Role::signal, .size = static_cast<std::int64_t>(best.trace.size()), .offset = 1}};
  const std::string noise = result.expected_noise > 0
                                ? " The end is " + shown(best.inertia / result.expected_noise) +
                                      " times what counting noise alone leaves: 1 where positions of a cluster differ "
                                      "by noise only."
                                : "";
  outputs.add({.name = "inertia_trace",
               .title = "Inertia after each iteration",
               .value = Dataset::from_values<double>(trace, best.trace),
               .view = View::spectra,
               .note = (best.converged ? "Converged." : "Not converged.") + noise});
  outputs.add({.name = "inertia",
               .title = "Inertia",
               .value = Number{best.inertia, {}, ""},
               .view = View::number,
               .note = "Weighted sum of squared distances to the own centre."});
  const Trial& own = *std::find_if(result.trials.begin(), result.trials.end(), [&](const Trial& one) {
    return one.clusters == best.clusters || &one == &result.trials.back();
  });
  outputs.add({.name = "silhouette",
               .title = "Mean silhouette",
               .value = Number{own.silhouette.value, own.silhouette.sigma, ""},
               .view = View::number,
               .note = "On a sample of the positions; noise in many channels makes it small."});

  outputs.summary = {chosen_words, "compared: " + words_for(result.normalization),
                     shown(100 * result.starts_agreeing) + " % of the starts found this answer",
                     result.total_scatter > 0
                         ? "clusters explain " + shown(100 * (1 - best.inertia / result.total_scatter)) +
                               " % of the scatter between positions, noise included"
                         : "all positions are equal"};
  return outputs;
}

}  // namespace

const Operation& kmeans_operation() {
  static const Operation operation = make_operation<KmeansParams>(
      {.name = "segment.kmeans",
       .version = 2,
       .summary = "Divides the positions of a map into clusters of similar spectra or features (k-means).",
       .citations = {"S. P. Lloyd, IEEE Trans. Inf. Theory 28, 129 (1982)",
                     "D. Arthur and S. Vassilvitskii, Proc. 18th ACM-SIAM SODA, 1027 (2007)",
                     "G. Hamerly, Proc. SIAM Data Mining, 130 (2010)", "D. Sculley, Proc. 19th WWW, 1177 (2010)",
                     "P. J. Rousseeuw, J. Comput. Appl. Math. 20, 53 (1987)",
                     "D. Pelleg and A. Moore, Proc. 17th ICML, 727 (2000)"},
       .inputs = segment_ports(),
       .outputs = {{"labels", "number of the cluster of each position, from 0; -1 where masked or empty"},
                   {"spectra", "mean spectrum of each cluster, (cluster | signal axes), in the data's units"},
                   {"spectra_sigma", "their standard errors"},
                   {"clusters", "sizes of the clusters"},
                   {"trials", "inertia, silhouette and information criterion of every number of clusters tried"},
                   {"inertia_trace", "inertia after each iteration"},
                   {"inertia", "weighted sum of squared distances to the own centre"},
                   {"silhouette", "mean silhouette of a sample of the positions"}}},
      parameters, check, run);
  return operation;
}

}  // namespace ruska::ops::segment
