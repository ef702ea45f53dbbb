// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/classify/training.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "ruska/base/random.hpp"
#include "ruska/ops/segment/gathered_rows.hpp"
#include "ruska/ops/unmix/marginals.hpp"

namespace ruska::ops::classify {
namespace {

constexpr std::size_t most_classes = 1000;

std::int64_t class_number(double value, const std::string& place) {
  if (!std::isfinite(value)) {
    throw Error(ErrorKind::bad_data, "the label at " + place + " is not finite; labels are whole numbers, 0 for none");
  }
  if (value != std::floor(value) || std::abs(value) > 2147483647.0) {
    throw Error(ErrorKind::invalid_argument, "the label at " + place + " is " + std::to_string(value) +
                                                 "; labels are whole numbers below 2^31, 0 for none");
  }
  return std::max<std::int64_t>(0, static_cast<std::int64_t>(value));
}

/// Colours as class numbers, from 1 in the order of red, green, blue; black and transparent are none.
std::vector<std::int64_t> numbered_colours(const std::vector<double>& values, std::size_t fields) {
  const std::size_t colours = fields == 4 || fields == 3 ? 3 : 1;
  const bool has_alpha = fields == 4 || fields == 2;
  std::vector<std::vector<double>> colour(values.size() / fields);
  std::map<std::vector<double>, std::int64_t> number;
  for (std::size_t p = 0; p < colour.size(); ++p) {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(p * fields);
    const std::vector<double> one(first, first + static_cast<std::ptrdiff_t>(colours));
    const bool none = (has_alpha && values[p * fields + fields - 1] == 0) ||
                      std::all_of(one.begin(), one.end(), [](double v) { return v == 0; });
    if (none) continue;
    colour[p] = one;
    number[one] = 0;
    if (number.size() > most_classes) {
      throw Error(ErrorKind::invalid_argument,
                  "the labels have more than 1000 colours; a painted mask has one colour per class, without smoothed "
                  "edges and without JPEG compression");
    }
  }
  std::int64_t next = 0;
  for (auto& [key, value] : number) value = ++next;
  std::vector<std::int64_t> labels(colour.size(), 0);
  for (std::size_t p = 0; p < colour.size(); ++p) {
    if (!colour[p].empty()) labels[p] = number[colour[p]];
  }
  return labels;
}

}  // namespace

std::vector<std::int64_t> read_labels(const Dataset& labels, const Description& data) {
  const Description& description = labels.describe();
  const Shape shape = description.shape(), navigation = data.navigation_shape();
  Shape image = shape;
  const bool colours = !description.fields.empty();
  if (colours) image.pop_back();
  const auto axes = static_cast<std::int64_t>(navigation.size());
  const bool is_table = shape.size() == 2 && shape[1] == axes + 1 && image != navigation && !colours;
  if (image != navigation && !is_table) {
    throw Error(ErrorKind::invalid_argument,
                "labels has the shape " + to_string(shape) + ", and must be an image of shape " +
                    to_string(navigation) + " as the data's navigation axes, or a table of " +
                    std::to_string(axes + 1) + " columns: the position along each navigation axis, then the class");
  }
  const std::vector<double> values = labels.read_all_as_double();
  if (colours) return numbered_colours(values, description.fields.size());
  std::vector<std::int64_t> result(static_cast<std::size_t>(count(navigation)), 0);
  if (!is_table) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      result[i] = class_number(values[i], unmix::place_of(data, static_cast<std::int64_t>(i), 0));
    }
    return result;
  }
  const auto width = static_cast<std::size_t>(axes) + 1;
  for (std::size_t row = 0; row * width < values.size(); ++row) {
    std::int64_t position = 0;
    for (std::size_t a = 0; a < navigation.size(); ++a) {
      const double index = values[row * width + a];
      if (!(index >= 0 && index < static_cast<double>(navigation[a])) || index != std::floor(index)) {
        throw Error(ErrorKind::invalid_argument, "row " + std::to_string(row) + " of labels names the index " +
                                                     std::to_string(index) + " along navigation axis " +
                                                     std::to_string(a) + ", which has " +
                                                     std::to_string(navigation[a]) + " positions, from 0");
      }
      position = position * navigation[a] + static_cast<std::int64_t>(index);
    }
    result[static_cast<std::size_t>(position)] =
        class_number(values[row * width + width - 1], "row " + std::to_string(row));
  }
  return result;
}

Examples read_examples(const Rows& rows, const std::vector<std::int64_t>& labels, std::int64_t most, std::int64_t seed,
                       Context& context) {
  Examples examples;
  std::vector<std::int64_t> labelled;
  for (std::size_t p = 0; p < labels.size(); ++p) {
    if (labels[p] <= 0) continue;
    labelled.push_back(static_cast<std::int64_t>(p));
    examples.classes.push_back(labels[p]);
  }
  std::sort(examples.classes.begin(), examples.classes.end());
  examples.classes.erase(std::unique(examples.classes.begin(), examples.classes.end()), examples.classes.end());
  if (examples.classes.size() < 2 || examples.classes.size() > most_classes) {
    throw Error(ErrorKind::invalid_argument, "labels name " + std::to_string(examples.classes.size()) + " classes at " +
                                                 std::to_string(labelled.size()) +
                                                 " positions; 2 to 1000 classes are needed, numbered from 1");
  }
  examples.labelled = static_cast<std::int64_t>(labelled.size());
  // Every class keeps its share of the examples, and one at least.
  for (const std::int64_t one : examples.classes) {
    std::vector<std::int64_t> members;
    for (const std::int64_t position : labelled) {
      if (labels[static_cast<std::size_t>(position)] == one) members.push_back(position);
    }
    const double share = static_cast<double>(members.size()) / static_cast<double>(labelled.size());
    const auto quota = std::max<std::int64_t>(1, static_cast<std::int64_t>(share * static_cast<double>(most)));
    const std::vector<std::int64_t> drawn =
        segment::drawn_positions(members, examples.labelled <= most ? examples.labelled : quota, seed, "training");
    examples.positions.insert(examples.positions.end(), drawn.begin(), drawn.end());
  }
  std::sort(examples.positions.begin(), examples.positions.end());
  for (const std::int64_t position : examples.positions) {
    const auto at =
        std::lower_bound(examples.classes.begin(), examples.classes.end(), labels[static_cast<std::size_t>(position)]);
    examples.label.push_back(static_cast<std::int32_t>(at - examples.classes.begin()));
  }
  examples.values = segment::gathered_rows(rows, examples.positions, "reading labelled positions", context);
  const auto columns = static_cast<std::size_t>(rows.columns());
  for (std::size_t i = 0; i < examples.values.size(); ++i) {
    if (std::isfinite(examples.values[i])) continue;
    throw Error(ErrorKind::bad_data, "the value at " +
                                         unmix::place_of(rows.data().describe(), examples.positions[i / columns],
                                                         static_cast<std::int64_t>(i % columns)) +
                                         " is not finite; leave such channels out with a mask, or repair the data");
  }
  return examples;
}

Model train_model(const Examples& examples, const std::vector<std::size_t>& chosen, const Description& data,
                  const std::vector<std::uint8_t>& masked_columns, const TrainingOptions& options, const Train& train,
                  bool probabilities, Context& context) {
  TrainingSet set;
  set.number = chosen.size();
  set.channels = static_cast<std::size_t>(data.signal_size());
  set.classes = examples.classes.size();
  for (const std::size_t i : chosen) {
    const auto first = examples.values.begin() + static_cast<std::ptrdiff_t>(i * set.channels);
    set.features.insert(set.features.end(), first, first + static_cast<std::ptrdiff_t>(set.channels));
    set.label.push_back(examples.label[i]);
  }
  Model model;
  model.classes = examples.classes;
  for (const Axis& axis : data.axes) {
    if (axis.role == Role::signal) model.signal.push_back(axis);
  }
  model.scaling =
      fit_scaling(options.normalization, options.otherwise, set.features, set.number, set.channels, masked_columns);
  for (std::size_t i = 0; i < set.number; ++i) model.scaling.apply(set.features.data() + i * set.channels);
  train(set, model, probabilities, context);
  return model;
}

std::vector<std::int32_t> stratified_folds(const std::vector<std::int32_t>& label, std::size_t classes,
                                           std::int64_t folds, std::int64_t seed) {
  std::vector<std::int32_t> fold(label.size(), -1);
  std::int64_t next = 0;
  for (std::size_t k = 0; k < classes; ++k) {
    std::vector<std::size_t> members;
    for (std::size_t i = 0; i < label.size(); ++i) {
      if (label[i] == static_cast<std::int32_t>(k)) members.push_back(i);
    }
    if (members.size() < 2) continue;
    Random random(static_cast<std::uint64_t>(seed), "folds", k);
    for (std::size_t i = members.size(); i > 1; --i) std::swap(members[i - 1], members[random.below(i)]);
    // The next class goes on where this one ended, so that the folds grow alike.
    for (const std::size_t i : members) fold[i] = static_cast<std::int32_t>(next++ % folds);
  }
  return fold;
}

CrossValidation cross_validate(const Examples& examples, const Description& data,
                               const std::vector<std::uint8_t>& masked_columns, const TrainingOptions& options,
                               const Train& train, Context& context) {
  const std::size_t classes = examples.classes.size();
  const auto channels = static_cast<std::size_t>(data.signal_size());
  const std::vector<std::int32_t> fold = stratified_folds(examples.label, classes, options.folds, options.seed);
  CrossValidation result;
  result.confusion.assign(classes * classes, 0);
  std::int64_t right = 0;
  for (std::int32_t f = 0; f < options.folds; ++f) {
    std::vector<std::size_t> inside, outside;
    for (std::size_t i = 0; i < fold.size(); ++i) (fold[i] == f ? outside : inside).push_back(i);
    if (outside.empty()) continue;
    const Model model = train_model(examples, inside, data, masked_columns, options, train, false, context);
    std::vector<double> features;
    for (const std::size_t i : outside) {
      const auto first = examples.values.begin() + static_cast<std::ptrdiff_t>(i * channels);
      features.insert(features.end(), first, first + static_cast<std::ptrdiff_t>(channels));
      model.scaling.apply(features.data() + features.size() - channels);
    }
    std::vector<double> probability(outside.size() * classes);
    std::vector<std::int32_t> found(outside.size());
    predictor_of(model)->predict(features.data(), outside.size(), probability.data(), found.data());
    std::int64_t right_here = 0;
    for (std::size_t i = 0; i < outside.size(); ++i) {
      const auto truth = static_cast<std::size_t>(examples.label[outside[i]]);
      ++result.confusion[truth * classes + static_cast<std::size_t>(found[i])];
      right_here += found[i] == examples.label[outside[i]] ? 1 : 0;
    }
    right += right_here;
    result.held_out += static_cast<std::int64_t>(outside.size());
    result.fold_accuracy.push_back(static_cast<double>(right_here) / static_cast<double>(outside.size()));
  }
  if (result.held_out == 0) return result;
  const auto number = static_cast<double>(result.held_out);
  result.accuracy = static_cast<double>(right) / number;
  // Wilson's half width at one σ stays honest at 0 and 1, where the plain binomial one vanishes.
  const double p = result.accuracy;
  const double binomial = std::sqrt(p * (1 - p) / number + 1 / (4 * number * number)) / (1 + 1 / number);
  double scatter = 0;
  const auto folds = static_cast<double>(result.fold_accuracy.size());
  for (const double one : result.fold_accuracy) scatter += (one - p) * (one - p);
  const double of_folds = folds > 1 ? std::sqrt(scatter / (folds - 1) / folds) : 0.0;
  result.sigma = std::max(binomial, of_folds);
  return result;
}

std::int64_t examples_memory(const Description& data, std::int64_t most) {
  const std::int64_t number = std::min(most, data.navigation_size());
  // Labels as read, as numbers and as positions with keys; values, and copies of them scaled, in and out of a fold.
  return 64 * data.navigation_size() + segment::gathered_rows_memory(number, data.signal_size()) +
         number * (8 * 4 * data.signal_size() + 256);
}

}  // namespace ruska::ops::classify
