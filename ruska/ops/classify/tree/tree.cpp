// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/classify/tree/tree.hpp"

#include <cmath>

#include "ruska/ops/classify/classification.hpp"
#include "ruska/ops/classify/trees.hpp"
#include "ruska/ops/segment/feature_space.hpp"

namespace ruska::ops::classify {
namespace {

constexpr auto parameters = std::tuple{
    parameter(&TreeParams::criterion, "criterion", "", one_of("gini|entropy"),
              "Impurity that splits lower: the Gini index or Shannon's entropy"),
    parameter(&TreeParams::max_depth, "max_depth", "", within<std::int64_t>(1, 1000),
              "Most splits from the root to a leaf; automatic: as many as it takes"),
    parameter(&TreeParams::min_leaf, "min_leaf", "", within<std::int64_t>(1, 1000000),
              "Fewest labelled positions of a leaf; more give smoother probabilities"),
    parameter(&TreeParams::normalization, "normalization", "", one_of(segment::normalizations),
              "What is compared: none, the values; unit_sum, each position's values divided by their sum; standardize, "
              "each channel in units of its standard deviation among the labelled positions; poisson, shares of the "
              "counts in units of their counting noise; auto: poisson for counts, none for other values"),
    parameter(&TreeParams::layout, "layout", "", one_of(segment::layouts), segment::layout_help),
    parameter(&TreeParams::folds, "folds", "", within<std::int64_t>(2, 100),
              "Parts of the labelled positions that are held out in turn to measure the accuracy"),
    parameter(&TreeParams::training_positions, "training_positions", "", within<std::int64_t>(4, 1000000),
              "Most labelled positions that are trained on; of more, some of every class are drawn"),
    parameter(&TreeParams::seed, "seed", "", at_least<std::int64_t>(0), "Seed of the folds and of every other draw")};

TrainingRun run_of(const Inputs& inputs, const TreeParams& params) {
  return training_run(inputs, params.layout, params.training_positions,
                      {params.normalization, "none", params.folds, params.seed},
                      {[](std::int64_t examples, std::int64_t channels) { return trees_memory(examples, channels, 1); },
                       trees_memory_per_worker});
}

Plan check(const Inputs& inputs, const TreeParams& params) { return training_plan(inputs, run_of(inputs, params)); }

Outputs run(const Inputs& inputs, const TreeParams& params, Context& context) {
  TreeOptions options;
  options.criterion = params.criterion;
  options.max_depth = params.max_depth;
  options.min_leaf = params.min_leaf;
  options.seed = params.seed;
  Importances importances;
  return train_and_classify(
      inputs, run_of(inputs, params),
      [&](const TrainingSet& set, Model& model, bool last, Context& of) {
        Importances found = train_trees(set, options, model, of);
        if (last) importances = std::move(found);
      },
      [&](Outputs& outputs, const Description& data) {
        add_importances(outputs, data, importances.mean, importances.sigma,
                        "Part of the fall of impurity that splits on the channel brought. A channel beside a chosen "
                        "one may carry the "
                        "same information and get nothing.");
      },
      [&](const Model& model) {
        return std::to_string((model.settings.at("nodes").get<std::int64_t>() + 1) / 2) + " leaves, " +
               params.criterion;
      },
      context);
}

}  // namespace

const Operation& tree_operation() {
  static const Operation operation = make_operation<TreeParams>(
      {.name = "classify.tree",
       .version = 1,
       .summary = "Learns classes from labelled positions and classifies the whole map (decision tree).",
       .citations =
           {"L. Breiman, J. H. Friedman, R. A. Olshen and C. J. Stone, Classification and Regression Trees (1984)"},
       .inputs = training_ports(),
       .outputs = training_outputs({{"importances", "how much each channel's splits separate the classes; sums to 1"},
                                    {"importances_sigma", "their standard errors over the trees"}})},
      parameters, check, run);
  return operation;
}

}  // namespace ruska::ops::classify
