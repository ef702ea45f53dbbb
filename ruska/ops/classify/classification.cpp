// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/classify/classification.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ruska/ops/segment/class_output.hpp"
#include "ruska/ops/segment/feature_space.hpp"
#include "ruska/ops/unmix/component_output.hpp"
#include "ruska/ops/unmix/marginals.hpp"

namespace ruska::ops::classify {
namespace {

constexpr std::int64_t planned_classes = 10;  // the plan reads no labels

std::vector<std::string> names_of(const Model& model) {
  std::vector<std::string> names;
  for (const std::int64_t one : model.classes) names.push_back("class " + std::to_string(one));
  return names;
}

/// The confusion matrix with the recall of every class.
Table confusion_table(const CrossValidation& validation, const std::vector<std::int64_t>& classes) {
  const std::size_t k = classes.size();
  Table table;
  table.columns.push_back({"true_class", "", classes});
  std::vector<double> recall, sigma;
  for (std::size_t found = 0; found < k; ++found) {
    std::vector<std::int64_t> column;
    for (std::size_t truth = 0; truth < k; ++truth) column.push_back(validation.confusion[truth * k + found]);
    table.columns.push_back({"taken_for_" + std::to_string(classes[found]), "", column});
  }
  for (std::size_t truth = 0; truth < k; ++truth) {
    const auto first = validation.confusion.begin() + static_cast<std::ptrdiff_t>(truth * k);
    const auto number =
        static_cast<double>(std::accumulate(first, first + static_cast<std::ptrdiff_t>(k), std::int64_t{0}));
    const double right = number > 0 ? static_cast<double>(validation.confusion[truth * k + truth]) / number : 0.0;
    recall.push_back(right);
    sigma.push_back(number > 0 ? std::sqrt(right * (1 - right) / number + 1 / (4 * number * number)) / (1 + 1 / number)
                               : 0.5);
  }
  table.columns.push_back({"recall", "", recall});
  table.columns.push_back({"recall_sigma", "", sigma, "recall"});
  return table;
}

}  // namespace

Classified classify(const Rows& rows, const Model& model, const Predictor& predictor, Context& context) {
  const auto columns = static_cast<std::size_t>(rows.columns());
  const std::size_t classes = model.classes.size();
  Classified result{std::vector<std::int32_t>(static_cast<std::size_t>(rows.rows()), -1),
                    std::vector<double>(static_cast<std::size_t>(rows.rows()) * classes, 0.0)};
  Executor executor(context);
  executor.for_each_chunk("classifying", rows.partitions(), [&](std::int64_t partition, RowRange range) {
    const auto block = rows.block(partition);
    const auto number = static_cast<std::size_t>(range.size()), begin = static_cast<std::size_t>(range.begin);
    std::vector<double> features(number * columns, 0.0);
    std::vector<std::uint8_t> empty(number, 0);
    for (std::size_t r = 0; r < number; ++r) {
      double* out = features.data() + r * columns;
      if (block->sparse) {
        for (auto i = static_cast<std::size_t>(block->row_start[r]);
             i < static_cast<std::size_t>(block->row_start[r + 1]); ++i) {
          out[block->channel[i]] = static_cast<double>(block->value[i]);
        }
      } else {
        std::copy_n(block->dense.begin() + static_cast<std::ptrdiff_t>(r * columns), columns, out);
      }
      for (std::size_t c = 0; c < columns; ++c) {
        if (std::isfinite(out[c])) continue;
        throw Error(ErrorKind::bad_data,
                    "the value at " +
                        unmix::place_of(rows.data().describe(), range.begin + static_cast<std::int64_t>(r),
                                        static_cast<std::int64_t>(c)) +
                        " is not finite; leave such channels out with a mask, or repair the data");
      }
      empty[r] = model.scaling.apply(out) ? 0 : 1;
    }
    double* probability = result.probability.data() + begin * classes;
    predictor.predict(features.data(), number, probability, result.chosen.data() + begin);
    for (std::size_t r = 0; r < number; ++r) {
      if (empty[r] == 0) continue;
      result.chosen[begin + r] = -1;
      std::fill_n(probability + r * classes, classes, 0.0);
    }
  });
  executor.gather(rows.partitions(), 1, std::span(result.chosen));
  executor.gather(rows.partitions(), static_cast<std::int64_t>(classes), std::span(result.probability));
  for (const double one : result.probability) {
    if (std::isfinite(one)) continue;
    throw Error(ErrorKind::invalid_argument,
                "the probabilities overflow: the values are too large for this classifier; scale them down");
  }
  return result;
}

void add_classified(Outputs& outputs, const Description& data, const Model& model, const Classified& classified,
                    const std::string& note) {
  const std::vector<std::string> names = names_of(model);
  outputs.add({.name = "labels",
               .title = "Classes",
               .value = unmix::label_map(data, classified.chosen, "Classes"),
               .view = unmix::view_of_map(data, View::labels),
               .components = names,
               .note = note});
  Dataset maps = unmix::maps_of(data, classified.probability, static_cast<std::int64_t>(names.size()),
                                "Probability of each class");
  Description description = maps.describe();
  description.axes.front().name = "class";
  maps = Dataset::from_values<double>(std::move(description), maps.read_all<double>());
  outputs.add({.name = "probabilities",
               .title = "Probability of each class",
               .value = maps,
               .view = unmix::view_of(maps),
               .components = names,
               .note = "Given that a position belongs to one of the classes: what lies outside all of them gets the "
                       "nearest one all the same."});
  std::vector<std::int32_t> numbers;
  for (const std::int32_t index : classified.chosen) {
    numbers.push_back(index < 0 ? 0 : static_cast<std::int32_t>(model.classes[static_cast<std::size_t>(index)]));
  }
  outputs.add({.name = "class_numbers",
               .title = "Classes, numbered as the labels",
               .value = unmix::label_map(data, numbers, "Classes, numbered as the labels")});
}

std::string share_line(const Model& model, const Classified& classified) {
  std::vector<double> share(model.classes.size(), 0.0);
  for (const std::int32_t index : classified.chosen) {
    if (index >= 0) share[static_cast<std::size_t>(index)] += 100 / static_cast<double>(classified.chosen.size());
  }
  std::string line = "positions: ";
  for (std::size_t k = 0; k < share.size() && k < 8; ++k) {
    line += (k == 0 ? "" : ", ") + segment::shown(share[k]) + " % class " + std::to_string(model.classes[k]);
  }
  return share.size() > 8 ? line + " …" : line;
}

std::vector<OutputPort> classified_ports() {
  return {{"labels", "class of each position as a number from 0 in the order of the classes; -1 for none"},
          {"probabilities", "probability of each class, (class | navigation axes)"},
          {"class_numbers", "class of each position, numbered as the labels were; 0 for none"}};
}

TrainingRun training_run(const Inputs& inputs, const std::string& layout, std::int64_t training_positions,
                         const TrainingOptions& options, const MethodMemory& memory) {
  const Description data = segment::positions_description(inputs.at("data").describe(), layout);
  const std::int64_t examples = std::min(training_positions, data.navigation_size());
  const std::int64_t rows = std::max(partitions_of(data).largest(), examples);
  return {.layout = layout,
          .training_positions = training_positions,
          .options = options,
          .method_memory = memory.altogether(examples, data.signal_size()),
          .method_memory_per_worker = memory.per_worker(examples, data.signal_size(), rows)};
}

std::vector<Port> training_ports() {
  return {
      {.name = "data",
       .help = "spectra, features or loadings: at least one navigation and one signal axis",
       .min_navigation = 1,
       .min_signal = 1},
      {.name = "labels",
       .help = "class numbers at some positions, 0 for none: an image over the navigation axes (a painted mask: whole "
               "numbers or one colour per class), or a table of indices along the navigation axes and the class"},
      {.name = "signal_mask",
       .help = "array over the signal axes; channels where it is not 0 are left out",
       .required = false}};
}

std::vector<OutputPort> training_outputs(std::vector<OutputPort> more) {
  std::vector<OutputPort> ports = classified_ports();
  ports.push_back({"confusion", "what held-out examples of each class were taken for"});
  ports.push_back({"accuracy", "part of the held-out examples that were taken for what they are"});
  for (OutputPort& port : more) ports.push_back(std::move(port));
  ports.push_back({"model", "the trained classifier, for classify.apply"});
  return ports;
}

std::int64_t classified_memory(const Description& data) {
  return data.navigation_size() * (8 * 3 * planned_classes + 16);
}

std::int64_t classified_memory_per_worker(const Description& data) {
  return partitions_of(data).largest() * (8 * data.signal_size() + 8);
}

Plan training_plan(const Inputs& inputs, const TrainingRun& run) {
  const Description& given = inputs.at("data").describe();
  const Description data = segment::positions_description(given, run.layout);
  const std::int64_t positions = data.navigation_size();
  Plan plan;
  plan.outputs = {{"labels", data.navigation_shape(), DType::int32},
                  {"probabilities", unmix::maps_shape(data, planned_classes)},
                  {"model", {std::min(run.training_positions, positions) * data.signal_size()}}};
  plan.least_memory = classified_memory(data) + examples_memory(data, run.training_positions) + run.method_memory +
                      segment::as_positions_memory(given, run.layout);
  plan.memory_per_worker =
      run.method_memory_per_worker + classified_memory_per_worker(data) + Rows::bytes_per_worker(data);
  plan.memory = plan.least_memory + positions * data.signal_size() * 8;
  const double examples = static_cast<double>(std::min(run.training_positions, positions));
  plan.flops =
      static_cast<double>(run.options.folds + 1) * 2 * examples * examples * static_cast<double>(data.signal_size()) +
      2 * static_cast<double>(positions) * 0.2 * examples * static_cast<double>(data.signal_size());
  plan.bytes_read = static_cast<double>(given.bytes());
  return plan;
}

Outputs train_and_classify(const Inputs& inputs, const TrainingRun& run, const Train& train,
                           const std::function<void(Outputs&, const Description&)>& more,
                           const std::function<std::string(const Model&)>& summary_of, Context& context) {
  const Plan plan = training_plan(inputs, run);
  const Dataset dataset = segment::as_positions(inputs.at("data"), run.layout);
  const Description& data = dataset.describe();
  const std::vector<std::uint8_t> masked = read_mask(inputs.find("signal_mask"), data.signal_shape(), "signal_mask");
  const std::vector<std::int64_t> labels = read_labels(inputs.at("labels"), data);
  const Rows rows(dataset, context, {{}, masked},
                  plan.least_memory + context.threads * (plan.memory_per_worker - Rows::bytes_per_worker(data)));
  const Examples examples = read_examples(rows, labels, run.training_positions, run.options.seed, context);

  const CrossValidation validation = cross_validate(examples, data, masked, run.options, train, context);
  std::vector<std::size_t> all(examples.positions.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  const Model model = train_model(examples, all, data, masked, run.options, train, true, context);
  const Classified classified = classify(rows, model, *predictor_of(model), context);

  Outputs outputs;
  add_classified(outputs, data, model, classified,
                 "Compared were values with normalization " + model.scaling.normalization +
                     (model.scaling.shares() ? "; positions without counts have no class." : "."));
  const std::string number = std::to_string(examples.positions.size());
  const std::string fold_words = std::to_string(run.options.folds) + "-fold cross-validation";
  outputs.add({.name = "accuracy",
               .title = "Accuracy",
               .value = Number{validation.accuracy, validation.sigma, ""},
               .view = View::number,
               .note = "Part of " + std::to_string(validation.held_out) +
                       " labelled positions that a classifier "
                       "trained on the others took for what they are (" +
                       fold_words +
                       "). σ: the larger of the counting error and the scatter of the folds. Positions beside each "
                       "other are alike: elsewhere on the map it can be less."});
  outputs.add({.name = "confusion",
               .title = "What held-out positions were taken for",
               .value = confusion_table(validation, model.classes),
               .view = View::table,
               .note = "Rows: labelled class; recall: part of it that was recognised, with its counting error."});
  if (more) more(outputs, data);
  outputs.add({.name = "model", .title = "Trained classifier", .value = dataset_of(model)});

  const std::string drawn = examples.labelled > static_cast<std::int64_t>(examples.positions.size())
                                ? " (drawn from " + std::to_string(examples.labelled) + ")"
                                : "";
  outputs.summary = {std::to_string(model.classes.size()) + " classes, " + number + " labelled positions" + drawn,
                     "accuracy " + segment::shown(validation.accuracy) + " ± " + segment::shown(validation.sigma) +
                         " in " + fold_words,
                     summary_of(model), share_line(model, classified)};
  if (validation.held_out == 0) {
    outputs.summary[1] = "no accuracy: every class has a single labelled position";
    context.warn("no class has two labelled positions, so that the accuracy could not be estimated");
  }
  return outputs;
}

void add_importances(Outputs& outputs, const Description& data, const std::vector<double>& mean,
                     const std::vector<double>& sigma, const std::string& note) {
  const auto dataset = [&](const std::vector<double>& values, const std::string& title) {
    Description description;
    description.title = title;
    description.signal_type = data.signal_type;
    description.metadata = data.metadata;
    for (const Axis& axis : data.axes) {
      if (axis.role == Role::signal) description.axes.push_back(axis);
    }
    return Dataset::from_values<double>(std::move(description), values);
  };
  const Dataset importances = dataset(mean, "Importance of each channel");
  outputs.add({.name = "importances",
               .title = "Importance of each channel",
               .value = importances,
               .view = unmix::view_of(importances),
               .sigma = "importances_sigma",
               .note = note});
  outputs.add({.name = "importances_sigma",
               .title = "Uncertainty: importance of each channel",
               .value = dataset(sigma, "Uncertainty: importance of each channel")});
}

}  // namespace ruska::ops::classify
