// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ruska/core/operation.hpp"
#include "ruska/ops/classify/training.hpp"

namespace ruska::ops::classify {

/// What a classifier says of every position.
struct Classified {
  std::vector<std::int32_t> chosen;  ///< index into the classes; -1 where shares are compared and there are no counts
  std::vector<double> probability;   ///< positions × classes; 0 there
};

/// One pass over the rows. Throws bad_data for values that are not finite.
Classified classify(const Rows& rows, const Model& model, const Predictor& predictor, Context& context);

/// Outputs labels, class_numbers and probabilities.
void add_classified(Outputs& outputs, const Description& data, const Model& model, const Classified& classified,
                    const std::string& note);
/// What a run says of its map in one line.
std::string share_line(const Model& model, const Classified& classified);
/// Descriptions of what `add_classified` adds.
std::vector<OutputPort> classified_ports();

/// What all operations have that train a classifier and apply it to the map that it was trained on.
struct TrainingRun {
  std::string layout = "auto";
  std::int64_t training_positions = 5000;
  TrainingOptions options;
  std::int64_t method_memory = 0;             ///< of the method, altogether
  std::int64_t method_memory_per_worker = 0;  ///< and for each worker
};

/// Bytes that a method needs for so many examples: altogether, and for each worker that predicts so many rows.
struct MethodMemory {
  std::function<std::int64_t(std::int64_t examples, std::int64_t channels)> altogether;
  std::function<std::int64_t(std::int64_t examples, std::int64_t channels, std::int64_t rows)> per_worker;
};

/// The run that the options ask for, with the memory of a method filled in.
TrainingRun training_run(const Inputs& inputs, const std::string& layout, std::int64_t training_positions,
                         const TrainingOptions& options, const MethodMemory& memory);

/// The ports data, labels and signal_mask.
std::vector<Port> training_ports();
/// `more` describes what the method adds.
std::vector<OutputPort> training_outputs(std::vector<OutputPort> more);
Plan training_plan(const Inputs& inputs, const TrainingRun& run);
/// Reads labels and examples, cross-validates, trains on all examples, classifies every position; `more` adds outputs
/// of the method and `summary_of` a line about the model.
Outputs train_and_classify(const Inputs& inputs, const TrainingRun& run, const Train& train,
                           const std::function<void(Outputs&, const Description&)>& more,
                           const std::function<std::string(const Model&)>& summary_of, Context& context);

/// Bytes that classifying needs: altogether and for each worker, without the method's own.
std::int64_t classified_memory(const Description& data);
std::int64_t classified_memory_per_worker(const Description& data);

/// Importances of the channels as an output with σ, for the methods that have them.
void add_importances(Outputs& outputs, const Description& data, const std::vector<double>& mean,
                     const std::vector<double>& sigma, const std::string& note);

}  // namespace ruska::ops::classify
