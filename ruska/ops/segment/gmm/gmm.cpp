// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/segment/gmm/gmm.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ruska/ops/segment/kmeans/kmeans.hpp"
#include "ruska/ops/unmix/pca/pca.hpp"

namespace ruska::ops::segment {
namespace {

constexpr std::int64_t most_channels_as_they_are = 16;
constexpr std::int64_t most_principal_components = 10;  // that are taken automatically

std::int64_t principal_components_of(std::int64_t channels, const GmmParams& params) {
  if (params.principal_components) return *params.principal_components;
  return channels <= most_channels_as_they_are ? 0 : most_principal_components;
}

unmix::PcaParams pca_params(const FeatureSpace* space, const GmmParams& params) {
  unmix::PcaParams pca;
  const bool poisson = space == nullptr || space->normalization == "poisson";
  pca.weighting = poisson ? "poisson" : "none";
  pca.center = poisson ? "none" : "navigation";
  pca.scree_length = most_principal_components + 1;
  if (params.principal_components) pca.components = *params.principal_components + (poisson ? 1 : 0);
  return pca;
}

/// Coordinates of the positions along principal components. Of counts: those of correspondence analysis, loadings over
/// the position's counts, whose first component is the same for all and left out.
Points along_principal_components(const Rows& rows, const FeatureSpace& space, const GmmParams& params,
                                  const std::vector<std::int64_t>& positions, std::string& compared, Context& context) {
  const bool poisson = space.normalization == "poisson";
  if (!poisson && space.normalization != "none") {
    throw Error(ErrorKind::invalid_argument,
                "normalization '" + space.normalization +
                    "' cannot be combined with principal components, which weigh channels themselves; use 'poisson' "
                    "for counts, 'none', or principal_components 0");
  }
  unmix::PcaParams pca = pca_params(&space, params);
  unmix::PcaResult result = unmix::pca(rows, pca, context);
  const std::int64_t first = poisson ? 1 : 0;
  if (result.components <= first) {
    // Nothing stands above the noise: the strongest direction shows that there is one cluster.
    pca.components = std::min(first + 1, std::min(space.rows_in_use, space.columns_in_use));
    result = unmix::pca(rows, pca, context);
  }
  const std::int64_t skipped = std::min(first, result.components - 1);
  Points points;
  points.number = positions.size();
  points.dimensions = static_cast<std::size_t>(result.components - skipped);
  points.values.resize(points.number * points.dimensions);
  std::vector<double> mean(points.dimensions, 0.0), square(points.dimensions, 0.0);
  for (std::size_t i = 0; i < points.number; ++i) {
    const auto row = static_cast<std::size_t>(positions[i]);
    for (std::size_t k = 0; k < points.dimensions; ++k) {
      const double value =
          result.loadings[row * static_cast<std::size_t>(result.components) + static_cast<std::size_t>(skipped) + k] *
          (poisson ? space.row_factor[row] : 1.0);
      points.values[i * points.dimensions + k] = value;
      mean[k] += value / static_cast<double>(points.number);
    }
  }
  for (std::size_t i = 0; i < points.values.size(); ++i) {
    points.values[i] -= mean[i % points.dimensions];
    square[i % points.dimensions] += points.values[i] * points.values[i];
  }
  // One unit for all: the widest coordinate has unit variance, so that the regularization means the same everywhere.
  const double widest = std::sqrt(*std::max_element(square.begin(), square.end()) / static_cast<double>(points.number));
  if (!std::isfinite(widest)) {
    throw Error(ErrorKind::invalid_argument, "the principal components overflow: the values are too large; scale them");
  }
  double magnitude = poisson ? 1 / space.total_weight : 0.0;
  for (std::size_t c = 0; c < space.mean.size() && !poisson; ++c) magnitude += space.mean[c] * space.mean[c];
  // Components come from a Gram matrix, which resolves no less than 1e-7 of the data: positions are equal below it.
  const double unit = widest > 1e-7 * std::sqrt(magnitude) ? 1 / widest : 0.0;
  for (double& value : points.values) value *= unit;
  compared = std::to_string(points.dimensions) + (poisson ? " principal component" : " centred principal component") +
             (points.dimensions == 1 ? "" : "s") + (poisson ? " of the shares of the counts" : "");
  return points;
}

/// The features of the positions, less their mean, read in pieces.
Points features_of_all(const Rows& rows, const FeatureSpace& space, const std::vector<std::int64_t>& positions,
                       Context& context) {
  const auto columns = static_cast<std::size_t>(rows.columns());
  std::vector<double> all(static_cast<std::size_t>(rows.rows()) * columns, 0.0);
  Executor executor(context);
  executor.for_each_chunk("reading features", rows.partitions(), [&](std::int64_t partition, RowRange range) {
    const auto block = rows.block(partition);
    for (std::int64_t r = 0; r < range.size(); ++r) {
      const auto row = static_cast<std::size_t>(range.begin + r);
      double* out = all.data() + row * columns;
      if (block->sparse) {
        const auto end = static_cast<std::size_t>(block->row_start[static_cast<std::size_t>(r) + 1]);
        for (auto i = static_cast<std::size_t>(block->row_start[static_cast<std::size_t>(r)]); i < end; ++i) {
          out[block->channel[i]] = static_cast<double>(block->value[i]);
        }
      } else {
        std::copy_n(block->dense.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(r) * columns), columns,
                    out);
      }
      for (std::size_t c = 0; c < columns; ++c) {
        out[c] = out[c] * space.row_factor[row] * space.column_factor[c] - space.mean[c];
      }
    }
  });
  executor.gather(rows.partitions(), rows.columns(), std::span(all));
  // Channels that are left out would make every covariance singular.
  std::vector<std::size_t> used;
  for (std::size_t c = 0; c < columns; ++c) {
    if (space.column_factor[c] != 0) used.push_back(c);
  }
  if (used.empty()) used.push_back(0);
  Points points;
  points.number = positions.size();
  points.dimensions = used.size();
  points.values.reserve(points.number * points.dimensions);
  for (const std::int64_t position : positions) {
    for (const std::size_t c : used) points.values.push_back(all[static_cast<std::size_t>(position) * columns + c]);
  }
  return points;
}

/// Labels to start from: k-means of the points.
std::vector<std::int32_t> first_labels(const Points& points, std::int64_t clusters, const GmmParams& params,
                                       std::int64_t& found, Context& context) {
  Description description;
  description.title = "points of the mixture";
  description.axes = {
      {.name = "position", .role = Role::navigation, .size = static_cast<std::int64_t>(points.number)},
      {.name = "dimension", .role = Role::signal, .size = static_cast<std::int64_t>(points.dimensions)}};
  KmeansParams kmeans_params;
  kmeans_params.clusters = clusters;
  kmeans_params.normalization = "none";
  kmeans_params.starts = params.starts;
  kmeans_params.seed = params.seed;
  kmeans_params.silhouette_sample = 2;  // not asked for here
  Context plenty;                       // the points are in memory: their blocks are part of the plan
  plenty.threads = context.threads;
  const Rows rows(Dataset::from_values<double>(std::move(description), points.values), plenty);
  KmeansResult result = kmeans(rows, kmeans_params, context);
  found = result.best.clusters;
  return std::move(result.best.label);
}

/// The clusters by falling weight, and the columns of the positions' probabilities with them.
void sort_by_weight(Mixture& mixture, std::vector<double>& probability) {
  std::vector<std::size_t> order(mixture.clusters);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return mixture.weight[a] > mixture.weight[b]; });
  const Mixture before = mixture;
  const std::size_t d = mixture.dimensions;
  for (std::size_t k = 0; k < mixture.clusters; ++k) {
    mixture.weight[k] = before.weight[order[k]];
    std::copy_n(before.mean.begin() + static_cast<std::ptrdiff_t>(order[k] * d), d,
                mixture.mean.begin() + static_cast<std::ptrdiff_t>(k * d));
    std::copy_n(before.covariances.begin() + static_cast<std::ptrdiff_t>(order[k] * d * d), d * d,
                mixture.covariances.begin() + static_cast<std::ptrdiff_t>(k * d * d));
  }
  std::vector<double> own(mixture.clusters);
  for (std::size_t i = 0; i < probability.size(); i += mixture.clusters) {
    std::copy_n(probability.begin() + static_cast<std::ptrdiff_t>(i), mixture.clusters, own.begin());
    for (std::size_t k = 0; k < mixture.clusters; ++k) probability[i + k] = own[order[k]];
  }
}

}  // namespace

GmmResult gmm(const Rows& rows, const GmmParams& params, Context& context) {
  const FeatureSpace space = feature_space(rows, params.normalization, context);
  squared_deviations(rows, space, context);  // refuses values whose squares overflow
  GmmResult result;
  for (std::size_t row = 0; row < space.row_weight.size(); ++row) {
    if (space.row_weight[row] != 0) result.positions.push_back(static_cast<std::int64_t>(row));
  }
  if (params.clusters && *params.clusters > space.rows_in_use) {
    throw Error(ErrorKind::invalid_argument, "clusters is " + std::to_string(*params.clusters) + ", and there are " +
                                                 std::to_string(space.rows_in_use) + " positions to cluster");
  }
  Points points;
  if (principal_components_of(rows.columns(), params) > 0) {
    points = along_principal_components(rows, space, params, result.positions, result.compared, context);
  } else {
    points = features_of_all(rows, space, result.positions, context);
    result.compared = std::to_string(points.dimensions) + " channels, normalization " + space.normalization;
  }

  const MixtureOptions options{params.covariance, params.max_iterations, params.tolerance, params.regularization};
  const std::int64_t least = params.clusters.value_or(1);
  const std::int64_t most = params.clusters.value_or(std::min(params.most_clusters, space.rows_in_use));
  std::size_t best = 0;
  for (std::int64_t clusters = least; clusters <= most; ++clusters) {
    std::int64_t found = 0;
    const std::vector<std::int32_t> labels = first_labels(points, clusters, params, found, context);
    Mixture mixture = fit_mixture(points, labels, static_cast<std::size_t>(found), options, context);
    std::vector<double> probability = responsibilities(points, mixture, context);
    result.trials.push_back(std::move(mixture));
    if (result.probability.empty() || result.trials.back().information_criterion(points.number) <
                                          result.trials[best].information_criterion(points.number)) {
      best = result.trials.size() - 1;
      result.probability = std::move(probability);
    }
    if (found < clusters) break;  // fewer distinct points than clusters
  }
  result.mixture = result.trials[best];
  sort_by_weight(result.mixture, result.probability);
  if (!result.mixture.converged) {
    context.not_converged("the mixture has not settled after " + std::to_string(params.max_iterations) +
                          " iterations; give more max_iterations");
  }
  return result;
}

std::int64_t gmm_memory(const Description& data, const GmmParams& params) {
  const std::int64_t positions = data.navigation_size(), channels = data.signal_size();
  const std::int64_t components = principal_components_of(channels, params);
  const std::int64_t dimensions = components > 0 ? components : channels;
  const std::int64_t clusters = params.clusters.value_or(params.most_clusters);
  Description points;
  points.dtype = DType::float64;
  points.axes = {{.name = "position", .role = Role::navigation, .size = positions},
                 {.name = "dimension", .role = Role::signal, .size = dimensions}};
  KmeansParams kmeans_params;
  kmeans_params.clusters = clusters;
  kmeans_params.starts = params.starts;
  kmeans_params.silhouette_sample = 2;
  // The points, the copy that k-means takes and its blocks; probabilities and labels.
  std::int64_t bytes = positions * (8 * dimensions * 4 + 8 * clusters * 3 + 64) + 64 * channels;
  bytes += kmeans_memory(points, kmeans_params);
  bytes += (clusters + 8) * clusters * 8 * dimensions * (dimensions + 2);
  if (components > 0) bytes += unmix::pca_memory(data, pca_params(nullptr, params));
  return bytes;
}

std::int64_t gmm_memory_per_worker(const Description& data, const GmmParams& params) {
  const std::int64_t components = principal_components_of(data.signal_size(), params);
  const std::int64_t dimensions = components > 0 ? components : data.signal_size();
  const std::int64_t clusters = params.clusters.value_or(params.most_clusters);
  Description points;
  points.dtype = DType::float64;
  points.axes = {{.name = "position", .role = Role::navigation, .size = data.navigation_size()},
                 {.name = "dimension", .role = Role::signal, .size = dimensions}};
  KmeansParams kmeans_params;
  kmeans_params.clusters = clusters;
  kmeans_params.starts = params.starts;
  return kmeans_memory_per_worker(points, kmeans_params) + Rows::bytes_per_worker(points) +
         2 * 8 * clusters * (dimensions + 1) * (dimensions + 1) + mixture_block_bytes(dimensions, clusters) +
         (components > 0 ? unmix::pca_memory_per_worker(data) : 0);
}

}  // namespace ruska::ops::segment
