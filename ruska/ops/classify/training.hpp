// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ruska/core/operation.hpp"
#include "ruska/core/rows.hpp"
#include "ruska/ops/classify/model.hpp"

namespace ruska::ops::classify {

/// Class of every navigation position, as the user gave it; 0 for none.
/// `labels`: an image of whole numbers over the navigation axes, 0 or below for no class; an image of colours, where
/// black and transparent mean no class and every other colour is one (numbered from 1 by red, green, blue); or a table
/// with a row for each labelled position: its indices along the navigation axes, then its class.
/// Throws invalid_argument for another shape, values that are no whole numbers, and more than 1,000 classes.
std::vector<std::int64_t> read_labels(const Dataset& labels, const Description& data);

/// Labelled values.
struct Examples {
  std::vector<std::int64_t> positions;  ///< rising
  std::vector<std::int64_t> classes;    ///< the user's numbers, rising
  std::vector<std::int32_t> label;      ///< index into the classes, per position
  std::vector<double> values;           ///< positions × channels, unscaled
  std::int64_t labelled = 0;            ///< positions that had a label, before some were drawn
};

/// Reads the labelled positions, at most `most` of them. Throws invalid_argument for fewer than two classes, bad_data
/// for values that are not finite.
Examples read_examples(const Rows& rows, const std::vector<std::int64_t>& labels, std::int64_t most, std::int64_t seed,
                       Context& context);

/// Scaled examples, what a method trains on.
struct TrainingSet {
  std::size_t number = 0, channels = 0, classes = 0;
  std::vector<double> features;     ///< number × channels
  std::vector<std::int32_t> label;  ///< below `classes`
};

/// Trains on a set and fills `model.settings` and `model.numbers`; `probabilities` says whether they are needed, and
/// may be left out in cross-validation.
using Train = std::function<void(const TrainingSet&, Model& model, bool probabilities, Context&)>;

/// How to train, whatever the method.
struct TrainingOptions {
  std::string normalization = "auto";
  std::string otherwise = "none";  ///< what auto means for values that are no counts
  std::int64_t folds = 5;
  std::int64_t seed = 0;
};

/// Trains a model on some of the examples (indices).
Model train_model(const Examples& examples, const std::vector<std::size_t>& chosen, const Description& data,
                  const std::vector<std::uint8_t>& masked_columns, const TrainingOptions& options, const Train& train,
                  bool probabilities, Context& context);

/// The fold that holds each label out: the members of every class, shuffled, are dealt to the folds in turn, so that
/// folds keep the classes' proportions. −1 for the member of a class of one, which is never held out.
std::vector<std::int32_t> stratified_folds(const std::vector<std::int32_t>& label, std::size_t classes,
                                           std::int64_t folds, std::int64_t seed);

/// What held-out examples were taken for.
struct CrossValidation {
  std::vector<std::int64_t> confusion;  ///< true class × class found
  std::vector<double> fold_accuracy;
  double accuracy = 0;
  double sigma = 0;  ///< of the accuracy: the larger of the binomial one and that from the scatter of the folds
  std::int64_t held_out = 0;
};
CrossValidation cross_validate(const Examples& examples, const Description& data,
                               const std::vector<std::uint8_t>& masked_columns, const TrainingOptions& options,
                               const Train& train, Context& context);

/// Bytes for examples, their scaled copies and their folds, without the method's own.
std::int64_t examples_memory(const Description& data, std::int64_t most);

}  // namespace ruska::ops::classify
