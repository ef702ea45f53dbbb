// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ruska/ops/classify/training.hpp"

namespace ruska::ops::classify {

struct TreeOptions {
  std::string criterion = "gini";
  std::optional<std::int64_t> max_depth{};
  std::int64_t min_leaf = 1;  ///< fewest examples of a leaf
  std::int64_t trees = 1;
  bool bootstrap = false;                      ///< every tree sees as many examples, drawn with replacement
  std::optional<std::int64_t> split_features;  ///< features that a split may choose from; all when empty
  std::int64_t seed = 0;
};

/// How much each channel's splits lowered the impurity, as a part of the whole, averaged over the trees.
struct Importances {
  std::vector<double> mean, sigma;  ///< sigma: standard error over the trees; 0 for one tree
};

/// Classification trees (Breiman, Friedman, Olshen and Stone 1984), split at the middle between neighbouring values so
/// that the impurity falls most (ties: the first feature looked at), alone or as a forest (Breiman, Mach. Learn. 45, 5
/// (2001)). A tree depends on the seed and its number alone.
Importances train_trees(const TrainingSet& set, const TreeOptions& options, Model& model, Context& context);

/// The mean of the trees' leaf fractions; chooses the class of the largest, the first of equals.
std::unique_ptr<Predictor> tree_predictor(const Model& model);

/// Bytes for training and predicting with so many examples: altogether, and for each worker.
std::int64_t trees_memory(std::int64_t examples, std::int64_t channels, std::int64_t trees);
std::int64_t trees_memory_per_worker(std::int64_t examples, std::int64_t channels, std::int64_t rows);

}  // namespace ruska::ops::classify
