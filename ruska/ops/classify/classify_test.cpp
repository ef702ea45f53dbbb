// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/base/digest.hpp"
#include "ruska/base/random.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/ops/classify/classification.hpp"
#include "ruska/ops/classify/labelled_example.hpp"
#include "ruska/ops/classify/support_vectors.hpp"
#include "ruska/ops/classify/trees.hpp"

namespace ruska::ops::classify {
namespace {

Outputs run(const std::string& name, const Inputs& inputs, const Json& parameters = Json::object(), int threads = 2) {
  Context context;
  context.threads = threads;
  const Operation& one = operation(name);
  return one.run(inputs, complete(one.parameters, parameters), context);
}

void expect_refused(const std::function<void()>& action, ErrorKind kind, const std::string& words) {
  try {
    action();
    ADD_FAILURE() << "not refused: " << words;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    EXPECT_THAT(error.what(), testing::HasSubstr(words));
  }
}

TrainingSet points(const std::vector<double>& values, const std::vector<std::int32_t>& label, std::size_t classes) {
  return {label.size(), values.size() / label.size(), classes, values, label};
}

Model model_for(const TrainingSet& set) {
  Model model;
  for (std::size_t k = 0; k < set.classes; ++k) model.classes.push_back(static_cast<std::int64_t>(k) + 1);
  model.scaling = {"none", std::vector<double>(set.channels, 1.0), std::vector<double>(set.channels, 0.0)};
  model.signal = {{.name = "channel", .role = Role::signal, .size = static_cast<std::int64_t>(set.channels)}};
  return model;
}

TEST(SupportVectors, TwoPointsOnALine) {
  // Between −1 and +1 the widest margin of ±1 is f(x) = x, with a coefficient of ½ for each point.
  const TrainingSet set = points({1, -1}, {0, 1}, 2);
  Model model = model_for(set);
  Context context;
  SupportVectorOptions options;
  options.kernel = "linear";
  options.tolerance = 1e-9;
  train_support_vectors(set, options, model, false, context);
  ASSERT_EQ(model.numbers.size(), 4u);
  EXPECT_NEAR(model.numbers[0], 1, 1e-6);
  EXPECT_NEAR(model.numbers[1], 0, 1e-6);
  const std::vector<double> at{0.2, -0.1};
  std::vector<double> probability(4);
  std::vector<std::int32_t> chosen(2);
  predictor_of(model)->predict(at.data(), 2, probability.data(), chosen.data());
  EXPECT_THAT(chosen, testing::ElementsAre(0, 1));
}

TEST(SupportVectors, KernelsReproduceLibsvmsDecisions) {
  // A circle in a ring is out of reach of a line and easy for the others.
  std::vector<double> values;
  std::vector<std::int32_t> label;
  for (std::uint64_t i = 0; i < 200; ++i) {
    Random random(1, "ring", i);
    const double angle = 2 * M_PI * random.uniform(), radius = (i % 2 == 0 ? 1 : 3) + 0.2 * random.normal();
    values.push_back(radius * std::cos(angle));
    values.push_back(radius * std::sin(angle));
    label.push_back(static_cast<std::int32_t>(i % 2));
  }
  const TrainingSet set = points(values, label, 2);
  for (const char* kernel : {"linear", "rbf", "polynomial"}) {
    Model model = model_for(set);
    SupportVectorOptions options;
    options.kernel = kernel;
    options.degree = 2;
    Context context;
    train_support_vectors(set, options, model, true, context);
    std::vector<double> probability(400);
    std::vector<std::int32_t> chosen(200);
    predictor_of(model)->predict(set.features.data(), 200, probability.data(), chosen.data());
    int right = 0;
    for (std::size_t i = 0; i < 200; ++i) {
      right += chosen[i] == label[i] ? 1 : 0;
      EXPECT_NEAR(probability[2 * i] + probability[2 * i + 1], 1, 1e-9);
    }
    if (std::string(kernel) == "linear") {
      EXPECT_LT(right, 150);
    } else {
      EXPECT_EQ(right, 200) << kernel;
    }
  }
}

TEST(SupportVectors, ManyExamplesGiveTheMachineOfFew) {
  // Few examples go to LIBSVM with their kernel values, many with their features. What is added lies far from the
  // border, where it is no support vector, so that both ways find the same machine.
  const auto ring = [](std::uint64_t number) {
    std::vector<double> values;
    std::vector<std::int32_t> label;
    for (std::uint64_t i = 0; i < number; ++i) {
      Random random(4, "ring", i);
      const bool added = i >= 1000;
      const double angle = 2 * M_PI * random.uniform();
      const double radius = added ? 0.01 : (i % 2 == 0 ? 1 : 3) + 0.2 * random.normal();
      values.push_back(radius * std::cos(angle));
      values.push_back(radius * std::sin(angle));
      label.push_back(added ? 0 : static_cast<std::int32_t>(i % 2));
    }
    return points(values, label, 2);
  };
  const TrainingSet few = ring(1000), many = ring(2100);
  for (const char* kernel : {"rbf", "polynomial"}) {
    SupportVectorOptions options;
    options.kernel = kernel;
    options.gamma = 0.5;
    options.degree = 2;
    options.coef0 = 1;
    options.tolerance = 1e-6;
    Model of_few = model_for(few), of_many = model_for(many);
    Context context;
    train_support_vectors(few, options, of_few, false, context);
    train_support_vectors(many, options, of_many, true, context);
    ASSERT_EQ(of_few.numbers.size(), of_many.numbers.size()) << kernel;
    for (std::size_t i = 0; i + 2 < of_few.numbers.size(); ++i) {
      EXPECT_NEAR(of_few.numbers[i], of_many.numbers[i], 1e-3) << kernel << ' ' << i;
    }
    // The sigmoid, from machines of its own: sure of both sides.
    std::vector<double> probability(4);
    std::vector<std::int32_t> chosen(2);
    const std::vector<double> at{0.5, 0, 3, 0};
    predictor_of(of_many)->predict(at.data(), 2, probability.data(), chosen.data());
    EXPECT_GT(probability[0], 0.9) << kernel;
    EXPECT_GT(probability[3], 0.9) << kernel;
  }
}

TEST(SupportVectors, TheSigmoidMeetsTheLogisticTruth) {
  std::vector<double> value;
  std::vector<bool> first;
  for (std::uint64_t i = 0; i < 20000; ++i) {
    Random random(3, "logistic", i);
    value.push_back(2 * random.normal());
    first.push_back(random.uniform() < 1 / (1 + std::exp(-1.5 * value.back() + 0.5)));
  }
  const auto [slope, shift] = fitted_sigmoid(value, first);
  EXPECT_NEAR(slope, -1.5, 0.06);
  EXPECT_NEAR(shift, 0.5, 0.06);
}

TEST(Trees, SplitAtTheMiddle) {
  const TrainingSet set = points({1, 5, 2, 5, 6, 5, 7, 5}, {0, 0, 1, 1}, 2);
  Model model = model_for(set);
  Context context;
  const Importances importances = train_trees(set, {}, model, context);
  // Three nodes: channel 0 at 4, then two pure leaves.
  EXPECT_THAT(model.numbers, testing::ElementsAre(3, 0, 4, 1, 2, 0.5, 0.5, -1, 0, 0, 0, 1, 0, -1, 0, 0, 0, 0, 1));
  EXPECT_THAT(importances.mean, testing::ElementsAre(1, 0));
}

TEST(Trees, StopWhereTheyAreTold) {
  std::vector<double> values;
  std::vector<std::int32_t> label;
  for (std::uint64_t i = 0; i < 64; ++i) {
    values.push_back(static_cast<double>(i));
    label.push_back(static_cast<std::int32_t>(Random(2, "coin", i).below(2)));
  }
  const TrainingSet set = points(values, label, 2);
  for (const bool by_depth : {true, false}) {
    TreeOptions options;
    if (by_depth) options.max_depth = 2;
    if (!by_depth) options.min_leaf = 16;
    Model model = model_for(set);
    Context context;
    train_trees(set, options, model, context);
    EXPECT_LE(model.settings["nodes"].get<int>(), 7);
    EXPECT_GT(model.settings["nodes"].get<int>(), 1);
  }
}

TEST(Trees, TakeTheBestOfAllSplits) {
  // Against every split tried plainly, with ties between values and without.
  for (const bool ties : {true, false}) {
    for (const char* criterion : {"gini", "entropy"}) {
      constexpr std::size_t number = 300, channels = 3;
      std::vector<double> values;
      std::vector<std::int32_t> label;
      for (std::uint64_t i = 0; i < number; ++i) {
        Random random(5, "splits", i);
        label.push_back(static_cast<std::int32_t>(random.below(3)));
        for (std::size_t c = 0; c < channels; ++c) {
          const double value = random.normal() + (c == 1 ? 0.7 * label.back() : 0);
          values.push_back(ties ? std::round(3 * value) : value);
        }
      }
      const auto impurity = [&](const std::array<double, 3>& count) {
        const double all = count[0] + count[1] + count[2];
        double sum = 0;
        for (const double one : count) {
          if (one > 0)
            sum += criterion == std::string("gini") ? one / all * (1 - one / all) : -one / all * std::log2(one / all);
        }
        return all * sum;
      };
      const auto after = [&](std::size_t channel, double threshold) {
        std::array<double, 3> below{}, above{};
        for (std::size_t i = 0; i < number; ++i) {
          (values[i * channels + channel] <= threshold ? below : above)[static_cast<std::size_t>(label[i])] += 1;
        }
        return impurity(below) + impurity(above);
      };
      double least = std::numeric_limits<double>::infinity();
      for (std::size_t i = 0; i < values.size(); ++i) least = std::min(least, after(i % channels, values[i]));
      TreeOptions options;
      options.criterion = criterion;
      options.max_depth = 1;
      const TrainingSet set = points(values, label, 3);
      Model model = model_for(set);
      Context context;
      train_trees(set, options, model, context);
      ASSERT_EQ(model.numbers[0], 3);
      EXPECT_NEAR(after(static_cast<std::size_t>(model.numbers[1]), model.numbers[2]), least, 1e-9)
          << criterion << (ties ? " with ties" : "");
    }
  }
}

TEST(Trees, LearnByHeartHoweverManyExamplesANodeHas) {
  // Labels at random: small nodes and large ones, with common values and without, must all be split to the end.
  for (const std::size_t number : {30u, 1000u, 20000u}) {
    for (const bool ties : {true, false}) {
      std::vector<double> values;
      std::vector<std::int32_t> label;
      for (std::uint64_t i = 0; i < number; ++i) {
        Random random(6, "by heart", i);
        // With ties, the two channels together tell the examples apart.
        values.push_back(ties ? std::floor(static_cast<double>(i) / 150) : random.normal());
        values.push_back(ties ? static_cast<double>(i % 150) : random.normal());
        label.push_back(static_cast<std::int32_t>(random.below(3)));
      }
      const TrainingSet set = points(values, label, 3);
      Model model = model_for(set);
      Context context;
      train_trees(set, {}, model, context);
      std::vector<double> probability(3 * number);
      std::vector<std::int32_t> chosen(number);
      predictor_of(model)->predict(set.features.data(), number, probability.data(), chosen.data());
      EXPECT_EQ(chosen, label) << number << (ties ? " with ties" : "");
    }
  }
}

TEST(Folds, KeepTheProportionsOfTheClasses) {
  std::vector<std::int32_t> label(103, 0);
  for (std::size_t i = 0; i < 20; ++i) label[5 * i] = 1;
  label[102] = 2;
  const std::vector<std::int32_t> fold = stratified_folds(label, 3, 5, 0);
  EXPECT_EQ(fold[102], -1) << "the only member of a class is never held out";
  for (std::int32_t f = 0; f < 5; ++f) {
    int ones = 0, all = 0;
    for (std::size_t i = 0; i < label.size(); ++i) {
      ones += fold[i] == f && label[i] == 1 ? 1 : 0;
      all += fold[i] == f ? 1 : 0;
    }
    EXPECT_EQ(ones, 4);
    EXPECT_NEAR(all, 20.4, 1);
  }
}

TEST(Labels, ComeAsImagesColoursAndTables) {
  const Dataset data = example_spectrum_image(2, 3, 4);
  const auto described = [](Shape shape, std::vector<std::string> fields = {}) {
    Description description;
    description.title = "labels";
    for (const std::int64_t size : shape) description.axes.push_back({.role = Role::signal, .size = size});
    description.fields = std::move(fields);
    return description;
  };
  const std::vector<std::int64_t> expected{0, 2, 0, 0, 0, 1};
  const auto image = Dataset::from_values<std::uint8_t>(described({2, 3}), std::vector<std::uint8_t>{0, 2, 0, 0, 0, 1});
  EXPECT_EQ(read_labels(image, data.describe()), expected);
  const auto table = Dataset::from_values<double>(described({2, 3}), std::vector<double>{0, 1, 2, 1, 2, 1});
  EXPECT_EQ(read_labels(table, data.describe()), (std::vector<std::int64_t>{0, 1, 2, 1, 2, 1})) << "an image first";
  const auto rows =
      Dataset::from_values<double>(described({4, 3}), std::vector<double>{0, 1, 2, 1, 2, 1, 0, 0, 0, 1, 0, -1});
  EXPECT_EQ(read_labels(rows, data.describe()), expected);
  std::vector<std::uint8_t> colours(24, 0);
  for (std::size_t p = 0; p < 6; ++p) colours[4 * p + 3] = 255;
  colours[4 * 1] = 200;      // red sorts behind green
  colours[4 * 5 + 1] = 200;  // green
  colours[4 * 3] = 77;
  colours[4 * 3 + 3] = 0;  // transparent
  EXPECT_EQ(read_labels(Dataset::from_values<std::uint8_t>(described({2, 3, 4}, {"R", "G", "B", "A"}), colours),
                        data.describe()),
            expected);
  const auto refused = [&](const Dataset& labels, ErrorKind kind, const std::string& words) {
    expect_refused([&] { read_labels(labels, data.describe()); }, kind, words);
  };
  refused(Dataset::from_values<double>(described({5}), std::vector<double>(5, 1)), ErrorKind::invalid_argument,
          "must be an image of shape");
  refused(Dataset::from_values<double>(described({2, 3}), std::vector<double>(6, 1.5)), ErrorKind::invalid_argument,
          "whole numbers");
  refused(Dataset::from_values<double>(described({1, 3}), std::vector<double>{0, 3, 1}), ErrorKind::invalid_argument,
          "which has 3 positions");
}

TEST(Classify, EveryMethodFindsTheTwoPhases) {
  const Inputs inputs = labelled_example();
  for (const char* name : {"classify.svm", "classify.tree", "classify.forest"}) {
    const Outputs outputs = run(name, inputs);
    const auto numbers = outputs.dataset("class_numbers").read_all<std::int32_t>();
    int wrong = 0;
    for (std::size_t p = 0; p < numbers.size(); ++p) wrong += numbers[p] != (p % 8 < 4 ? 1 : 3) ? 1 : 0;
    EXPECT_LE(wrong, std::string(name) == "classify.tree" ? 4 : 0) << name;
    EXPECT_GE(outputs.number("accuracy").value, 0.8) << name;
    EXPECT_GT(*outputs.number("accuracy").sigma, 0) << name;
    const auto probability = outputs.dataset("probabilities").read_all<double>();
    for (std::size_t p = 0; p < 48; ++p) EXPECT_NEAR(probability[p] + probability[48 + p], 1, 1e-9);
  }
}

TEST(Classify, ApplyRepeatsTheTrainingRunBitForBit) {
  const Inputs inputs = labelled_example();
  for (const char* name : {"classify.svm", "classify.tree", "classify.forest"}) {
    for (const char* normalization : {"auto", "none", "standardize", "unit_sum"}) {
      const Outputs trained = run(name, inputs, {{"normalization", normalization}}, 1);
      const Outputs applied =
          run("classify.apply", {{"data", inputs.at("data")}, {"model", trained.dataset("model")}}, {}, 7);
      for (const char* output : {"labels", "probabilities", "class_numbers"}) {
        EXPECT_EQ(digest_of(trained.dataset(output)), digest_of(applied.dataset(output))) << name << normalization;
      }
    }
  }
}

TEST(Classify, ProbabilitiesOfTheMachineAreCalibrated) {
  // Overlapping classes: of the positions that it gives the first class with about p, about p are of it.
  std::vector<double> values;
  std::vector<std::uint16_t> labels;
  std::vector<std::int32_t> truth;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    Random random(11, "overlap", i);
    truth.push_back(static_cast<std::int32_t>(i % 2));
    values.push_back(random.normal() + (i % 2 == 0 ? 0 : 1.5));
    values.push_back(random.normal());
    labels.push_back(i < 600 ? static_cast<std::uint16_t>(i % 2 + 1) : std::uint16_t{0});
  }
  Description description;
  description.axes = {{.name = "y", .role = Role::navigation, .size = 40},
                      {.name = "x", .role = Role::navigation, .size = 50},
                      {.name = "channel", .role = Role::signal, .size = 2}};
  Description painted;
  painted.axes = {{.role = Role::signal, .size = 40}, {.role = Role::signal, .size = 50}};
  const Outputs outputs = run("classify.svm", {{"data", Dataset::from_values<double>(description, values)},
                                               {"labels", Dataset::from_values<std::uint16_t>(painted, labels)}});
  const auto probability = outputs.dataset("probabilities").read_all<double>();
  std::vector<double> expected(5, 0.0), found(5, 0.0), number(5, 0.0);
  for (std::size_t i = 600; i < 2000; ++i) {
    const auto bin = std::min<std::size_t>(4, static_cast<std::size_t>(probability[i] * 5));
    expected[bin] += probability[i];
    found[bin] += truth[i] == 0 ? 1 : 0;
    number[bin] += 1;
  }
  for (std::size_t bin = 0; bin < 5; ++bin) {
    if (number[bin] < 50) continue;
    EXPECT_NEAR(expected[bin] / number[bin], found[bin] / number[bin], 0.05 + 2 * 0.5 / std::sqrt(number[bin])) << bin;
  }
}

TEST(Classify, TheAccuracyIsHonest) {
  // The accuracy that cross-validation tells, against that on as many positions that it never saw.
  double pull = 0;
  constexpr int runs = 12;
  for (std::uint64_t seed = 0; seed < runs; ++seed) {
    std::vector<double> values;
    std::vector<std::uint16_t> labels;
    for (std::uint64_t i = 0; i < 1000; ++i) {
      Random random(seed, "accuracy", i);
      for (int c = 0; c < 3; ++c) values.push_back(random.normal() + (i % 2 == 0 ? 0 : 0.8));
      labels.push_back(i < 200 ? static_cast<std::uint16_t>(i % 2 + 1) : std::uint16_t{0});
    }
    Description description;
    description.axes = {{.name = "x", .role = Role::navigation, .size = 1000},
                        {.name = "channel", .role = Role::signal, .size = 3}};
    Description painted;
    painted.axes = {{.role = Role::signal, .size = 1000}};
    const Outputs outputs = run("classify.svm",
                                {{"data", Dataset::from_values<double>(description, values)},
                                 {"labels", Dataset::from_values<std::uint16_t>(painted, labels)}},
                                {{"kernel", "linear"}});
    const auto numbers = outputs.dataset("class_numbers").read_all<std::int32_t>();
    double right = 0;
    for (std::size_t i = 200; i < 1000; ++i) right += numbers[i] == static_cast<std::int32_t>(i % 2 + 1) ? 1 : 0;
    const Number told = outputs.number("accuracy");
    const double own = right * (800 - right) / 800 / 800 / 800;  // counting error of the 800
    pull += std::pow(told.value - right / 800, 2) / (*told.sigma * *told.sigma + own) / runs;
  }
  EXPECT_LT(pull, 1 + 3 * std::sqrt(2.0 / runs));
}

TEST(Models, DamagedOnesAreRefused) {
  const Inputs inputs = labelled_example();
  const auto bad = [&](const Dataset& model, const std::string& words) {
    expect_refused(
        [&] {
          run("classify.apply", {{"data", inputs.at("data")}, {"model", model}});
        },
        ErrorKind::bad_data, words);
  };
  bad(inputs.at("data"), "has no metadata");
  for (const char* name : {"classify.svm", "classify.forest"}) {
    const Dataset good = run(name, inputs).dataset("model");
    const std::vector<double> values = good.read_all<double>();
    const Json header = Json::parse(*text_at(good.describe().metadata, "Classifier.header"));
    // Every number changed in turn to what hurts, with a digest that fits: refused, or an answer; never a crash.
    const auto with = [&](const std::vector<double>& changed, Json changed_header) {
      Description description = good.describe();
      description.axes.front().size = static_cast<std::int64_t>(changed.size());
      changed_header["length"] = changed.size();
      changed_header["digest"] = digest_of(std::as_bytes(std::span(changed)));
      set(description.metadata, "Classifier.header", changed_header.dump());
      return Dataset::from_values<double>(std::move(description), changed);
    };
    const std::size_t step = std::max<std::size_t>(1, values.size() / 150);
    for (std::size_t i = 0; i < values.size(); i += step) {
      for (const double hostile : {-5.0, 0.5, 1e18, -1.0, 3e300}) {
        std::vector<double> changed = values;
        changed[i] = hostile;
        try {
          run("classify.apply", {{"data", inputs.at("data")}, {"model", with(changed, header)}});
        } catch (const Error& error) {
          EXPECT_TRUE(error.kind() == ErrorKind::bad_data || error.kind() == ErrorKind::invalid_argument)
              << error.what();
        }
      }
    }
    for (const std::size_t length : {values.size() - 1, values.size() / 2, std::size_t{3}, std::size_t{65}}) {
      bad(with({values.begin(), values.begin() + static_cast<std::ptrdiff_t>(length)}, header), "");
    }
    for (const auto& [key, value] : header.items()) {
      // Trees need no settings.
      if (key == "length" || key == "digest" || (key == "settings" && std::string(name) == "classify.forest")) continue;
      for (const Json& hostile : {Json(nullptr), Json("text"), Json(-1), Json(1e300), Json::array({1, 1}),
                                  Json::object(), Json::array({Json{{"size", -3}}})}) {
        Json changed = header;
        changed[key] = hostile;
        bad(with(values, changed), "");
      }
    }
    for (const auto& [key, value] : header["settings"].items()) {
      if (std::string(name) == "classify.forest" || key == "penalty" || key == "support_vectors_per_class") continue;
      Json changed = header;
      changed["settings"][key] = "text";
      bad(with(values, changed), "damaged");
    }
    std::vector<double> altered = values;
    altered[0] += 1;
    Description description = good.describe();
    bad(Dataset::from_values<double>(description, altered), "not those that were written");
  }
}

TEST(Models, RefuseDataOfOtherChannels) {
  const Inputs inputs = labelled_example();
  const Dataset model = run("classify.tree", inputs).dataset("model");
  expect_refused(
      [&] {
        run("classify.apply", {{"data", example_spectrum_image(6, 8, 31)}, {"model", model}});
      },
      ErrorKind::invalid_argument, "does not fit");
  Description shifted = inputs.at("data").describe();
  shifted.axes.back().offset += 1;
  const Dataset other = Dataset::from_values<std::uint16_t>(shifted, inputs.at("data").read_all<std::uint16_t>());
  expect_refused(
      [&] {
        run("classify.apply", {{"data", other}, {"model", model}});
      },
      ErrorKind::invalid_argument, "calibrated otherwise");
}

}  // namespace
}  // namespace ruska::ops::classify
