// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/classify/apply/apply.hpp"

#include "ruska/ops/classify/classification.hpp"
#include "ruska/ops/segment/feature_space.hpp"
#include "ruska/ops/unmix/component_output.hpp"

namespace ruska::ops::classify {
namespace {

constexpr auto parameters =
    std::tuple{parameter(&ApplyParams::layout, "layout", "", one_of(segment::layouts), segment::layout_help)};

std::int64_t model_numbers(const Inputs& inputs) { return count(inputs.at("model").describe().shape()); }

Plan check(const Inputs& inputs, const ApplyParams& params) {
  const Description& given = inputs.at("data").describe();
  const Description data = segment::positions_description(given, params.layout);
  const std::int64_t rows = partitions_of(data).largest(), numbers = model_numbers(inputs);
  Plan plan;
  plan.outputs = {{"labels", data.navigation_shape(), DType::int32},
                  {"probabilities", unmix::maps_shape(data, 2)},
                  {"class_numbers", data.navigation_shape(), DType::int32}};
  // The numbers as read, in the model and in the predictor, with what it adds.
  plan.least_memory = classified_memory(data) + segment::as_positions_memory(given, params.layout) + 8 * 5 * numbers;
  // A row compares itself with each support vector, of which there are fewer than numbers over channels.
  const std::int64_t vectors = numbers / std::max<std::int64_t>(1, data.signal_size()) + 64;
  plan.memory_per_worker = classified_memory_per_worker(data) + Rows::bytes_per_worker(data) + 8 * rows * vectors;
  plan.memory = plan.least_memory + data.navigation_size() * data.signal_size() * 8;
  plan.flops = 2 * static_cast<double>(data.navigation_size()) * static_cast<double>(numbers);
  plan.bytes_read = static_cast<double>(given.bytes());
  return plan;
}

Outputs run(const Inputs& inputs, const ApplyParams& params, Context& context) {
  const Plan plan = check(inputs, params);
  const Model model = model_of(inputs.at("model"));
  const std::unique_ptr<Predictor> predictor = predictor_of(model);
  const Dataset dataset = segment::as_positions(inputs.at("data"), params.layout);
  const Description& data = dataset.describe();
  check_fits(model, data);
  Masks masks;
  for (const double factor : model.scaling.factor) masks.columns.push_back(factor == 0 ? 1 : 0);
  const Rows rows(dataset, context, std::move(masks),
                  plan.least_memory + context.threads * (plan.memory_per_worker - Rows::bytes_per_worker(data)));
  const Classified classified = classify(rows, model, *predictor, context);
  Outputs outputs;
  add_classified(outputs, data, model, classified,
                 "By a classifier trained on other positions; nothing here says how far these are like its examples.");
  outputs.summary = {std::to_string(model.classes.size()) + " classes, normalization " + model.scaling.normalization,
                     share_line(model, classified)};
  return outputs;
}

}  // namespace

const Operation& apply_operation() {
  static const Operation operation = make_operation<ApplyParams>(
      {.name = "classify.apply",
       .version = 1,
       .summary = "Classifies a map with a classifier that classify.svm, classify.tree or classify.forest trained.",
       .inputs = {{.name = "data",
                   .help = "spectra, features or loadings with the channels that the classifier was trained on",
                   .min_navigation = 1,
                   .min_signal = 1},
                  {.name = "model", .help = "the output 'model' of a training run"}},
       .outputs = classified_ports()},
      parameters, check, run);
  return operation;
}

}  // namespace ruska::ops::classify
