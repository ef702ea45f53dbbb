// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/segment/kmeans/kmeans.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "ruska/ops/segment/kmeans/centre_distances.hpp"
#include "ruska/ops/segment/sample.hpp"

namespace ruska::ops::segment {
namespace {

constexpr double same_inertia = 1e-3;  // starts that differ by less are the same answer for a user

std::string show(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.4g", value);
  return text;
}

struct BestOfStarts {
  Clustering best;
  double agreeing = 0;
};

BestOfStarts best_of_starts(const Positions& positions, std::int64_t clusters, const KmeansParams& params,
                            Context& context) {
  std::vector<Clustering> starts =
      seed_clusterings(positions, clusters, clusters == 1 ? 1 : params.starts, params.seed, context);
  lloyd(positions, params.max_iterations, params.tolerance, starts, "clustering", context);
  const auto best = std::min_element(starts.begin(), starts.end(),
                                     [](const Clustering& a, const Clustering& b) { return a.inertia < b.inertia; });
  const auto agreeing = std::count_if(starts.begin(), starts.end(), [&](const Clustering& one) {
    return one.inertia <= best->inertia * (1 + same_inertia);
  });
  const double part = static_cast<double>(agreeing) / static_cast<double>(starts.size());
  return {std::move(*best), part};
}

/// The trial that the rule prefers, and why.
std::size_t choose(const std::vector<Trial>& trials, bool by_silhouette, std::string& reason) {
  std::size_t best = 0;
  for (std::size_t t = 1; t < trials.size(); ++t) {
    const bool better = by_silhouette
                            ? trials[best].clusters < 2 || trials[t].silhouette.value > trials[best].silhouette.value
                            : trials[t].information_criterion < trials[best].information_criterion;
    if (better) best = t;
  }
  if (by_silhouette) {
    reason = "the mean silhouette is largest, " + show(trials[best].silhouette.value);
  } else {
    reason = "the information criterion is least";
  }
  if (trials.size() > 1 && best + 1 == trials.size()) {
    reason += "; it is the most that was tried (most_clusters), more may be better";
  }
  return best;
}

std::int64_t most_clusters(const KmeansParams& params) { return params.clusters.value_or(params.most_clusters); }

}  // namespace

KmeansResult kmeans(const Rows& rows, const KmeansParams& params, Context& context) {
  const FeatureSpace space = feature_space(rows, params.normalization, context);
  if (params.clusters && *params.clusters > space.rows_in_use) {
    throw Error(ErrorKind::invalid_argument, "clusters is " + std::to_string(*params.clusters) + ", and there are " +
                                                 std::to_string(space.rows_in_use) + " positions to cluster");
  }
  const std::vector<double> deviation = squared_deviations(rows, space, context);
  KmeansResult result;
  result.normalization = space.normalization;
  result.in_use = space.rows_in_use;
  for (std::size_t row = 0; row < deviation.size(); ++row) {
    result.total_scatter += space.row_weight[row] * deviation[row];
  }

  const Sample sample =
      sample_of(rows, space, deviation, sample_size(rows.data().describe(), params.sample), params.seed, context);
  result.sampled = static_cast<std::int64_t>(sample.positions.size());
  // The sample is in memory: its blocks are worth keeping, and their size is part of the plan.
  Context unlimited_cache;
  unlimited_cache.threads = context.threads;
  const Rows sample_rows(sample.data, unlimited_cache);
  const Positions few{sample_rows, sample.space, sample.deviation};
  const Silhouettes silhouettes(few, params.silhouette_sample, params.seed, context);

  std::vector<BestOfStarts> tried;
  const auto attempt = [&](std::int64_t clusters) {
    tried.push_back(best_of_starts(few, clusters, params, context));
    const Clustering& one = tried.back().best;
    result.trials.push_back(
        {one.clusters, one.inertia, silhouettes.mean(one), information_criterion(one, sample.space)});
  };
  std::size_t chosen = 0;
  if (params.clusters) {
    attempt(*params.clusters);
    result.reason = "given";
  } else {
    const bool by_silhouette = params.choose_by == "silhouette";
    const std::int64_t most = std::min(params.most_clusters, result.sampled);
    for (std::int64_t clusters = 1; clusters <= most; ++clusters) {
      attempt(clusters);
      // Fewer distinct positions than clusters: more would only repeat this.
      if (tried.back().best.clusters < clusters) break;
    }
    chosen = choose(result.trials, by_silhouette, result.reason);
    std::string other;
    const std::size_t by_the_other_rule = choose(result.trials, !by_silhouette, other);
    if (by_the_other_rule != chosen) {
      result.reason += "; the " + std::string(by_silhouette ? "information criterion" : "silhouette") + " would take " +
                       std::to_string(result.trials[by_the_other_rule].clusters);
    }
  }
  result.starts_agreeing = tried[chosen].agreeing;
  Clustering& best = tried[chosen].best;
  const std::int64_t wanted = params.clusters.value_or(best.clusters);
  if (best.clusters < wanted) {
    context.warn("only " + std::to_string(best.clusters) + " positions differ from each other, so that there are " +
                 std::to_string(best.clusters) + " clusters instead of " + std::to_string(wanted));
  }

  if (result.sampled == space.rows_in_use) {
    Clustering whole = std::move(best);
    std::vector<std::int32_t> label(static_cast<std::size_t>(rows.rows()), -1);
    for (std::size_t i = 0; i < sample.positions.size(); ++i) {
      label[static_cast<std::size_t>(sample.positions[i])] = whole.label[i];
    }
    whole.label = std::move(label);
    result.best = std::move(whole);
  } else if (params.algorithm == "mini_batch") {
    result.best = std::move(best);
    mini_batches({rows, space, deviation}, params.batch, params.max_iterations, params.seed, result.best, context);
  } else {
    std::vector<Clustering> one{std::move(best)};
    lloyd({rows, space, deviation}, params.max_iterations, params.tolerance, one, "clustering all positions", context);
    result.best = std::move(one.front());
  }
  sort_by_size(result.best);
  result.expected_noise = space.degrees_of_freedom *
                          static_cast<double>(std::max<std::int64_t>(0, space.rows_in_use - result.best.clusters));
  if (!result.best.converged) {
    context.not_converged("k-means stopped after " + std::to_string(params.max_iterations) +
                          " iterations; positions may still change their cluster: give more max_iterations");
  }
  return result;
}

std::int64_t kmeans_memory(const Description& data, const KmeansParams& params) {
  const std::int64_t positions = data.navigation_size(), channels = data.signal_size();
  const std::int64_t clusters = most_clusters(params), size = sample_size(data, params.sample);
  const std::int64_t candidates =
      params.starts * (2 + static_cast<std::int64_t>(std::log(std::max(1.0, double(clusters)))));
  const std::int64_t together = params.starts * clusters;
  std::int64_t bytes = positions * (8 * 5 + 4 * 3) + 8 * channels * (6 + 8 * clusters);
  bytes += sample_memory(data, params.sample) + size * (12 * (channels + 4));  // the blocks of the sample's rows
  bytes += size * (8 * params.starts + 8 * candidates + 12 * params.starts) + 8 * channels * (candidates + together);
  // Labels and centres of the best of every number that is tried.
  bytes += (params.clusters ? 1 : params.most_clusters) * (4 * size + 8 * channels * clusters);
  bytes += CentreDistances::table_bytes(channels, std::max(together, candidates));
  bytes += Silhouettes::memory(channels, std::min(size, params.silhouette_sample));
  // Sums, centres on their way, and changes of the sums on their way up the reduction tree.
  return bytes + 7 * 8 * together * (channels + 4);
}

std::int64_t kmeans_memory_per_worker(const Description& data, const KmeansParams& params) {
  const std::int64_t rows = std::max(partitions_of(data).largest(), std::int64_t{1});
  return clustering_memory_per_worker(data.signal_size(), most_clusters(params), params.starts,
                                      std::min(rows, sample_size(data, params.sample))) +
         CentreDistances::product_bytes(rows, most_clusters(params)) + 8 * 4 * data.signal_size();
}

}  // namespace ruska::ops::segment
