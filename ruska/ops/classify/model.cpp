// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/classify/model.hpp"

#include <algorithm>
#include <cmath>

#include "ruska/base/digest.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/ops/classify/support_vectors.hpp"
#include "ruska/ops/classify/trees.hpp"

namespace ruska::ops::classify {
namespace {

constexpr const char* header_path = "Classifier.header";
constexpr const char* format_name = "ruska classifier";
constexpr int format_version = 1;
constexpr std::int64_t most_classes = 1000;

[[noreturn]] void damaged(const std::string& what) {
  throw Error(ErrorKind::bad_data, "not a classifier that ruska can use: " + what +
                                       "; give the output 'model' of classify.svm, classify.tree or classify.forest");
}

std::string digest_of_numbers(const std::vector<double>& values) { return digest_of(std::as_bytes(std::span(values))); }

Json axis_json(const Axis& axis) {
  return {{"name", axis.name},   {"quantity", axis.quantity}, {"units", axis.units},  {"size", axis.size},
          {"scale", axis.scale}, {"offset", axis.offset},     {"values", axis.values}};
}

Axis axis_from(const Json& json) {
  Axis axis;
  axis.name = json.at("name").get<std::string>();
  axis.quantity = json.at("quantity").get<std::string>();
  axis.units = json.at("units").get<std::string>();
  axis.size = json.at("size").get<std::int64_t>();
  axis.scale = json.at("scale").get<double>();
  axis.offset = json.at("offset").get<double>();
  axis.values = json.at("values").get<std::vector<double>>();
  if (axis.size < 1 || axis.size > (std::int64_t{1} << 40)) damaged("an axis of length " + std::to_string(axis.size));
  return axis;
}

/// Same coordinates within a thousandth of a channel at both ends.
bool same_calibration(const Axis& a, const Axis& b) {
  if (a.units.empty() || b.units.empty()) return true;
  if (a.units != b.units) return false;
  const double channel = std::abs(a.at(1) - a.at(0));
  const auto last = static_cast<double>(a.size - 1);
  const double off = std::max(std::abs(a.at(0) - b.at(0)), std::abs(a.at(last) - b.at(last)));
  return off <= 1e-3 * channel || a.size == 1;
}

}  // namespace

bool Scaling::apply(double* values) const {
  const std::size_t columns = factor.size();
  double divisor = 1;
  if (shares()) {
    double sum = 0;
    for (std::size_t c = 0; c < columns; ++c) sum += factor[c] != 0 ? values[c] : 0.0;
    if (!(sum > 0)) {
      std::fill(values, values + columns, 0.0);
      return false;
    }
    divisor = sum;
  }
  for (std::size_t c = 0; c < columns; ++c) values[c] = values[c] / divisor * factor[c] - offset[c];
  return true;
}

Scaling fit_scaling(const std::string& normalization, const std::string& otherwise, const std::vector<double>& values,
                    std::size_t rows, std::size_t columns, const std::vector<std::uint8_t>& masked_columns) {
  Scaling scaling;
  scaling.normalization = normalization;
  if (normalization == "auto") {
    const bool counts =
        columns > 1 && std::all_of(values.begin(), values.end(), [](double v) { return v >= 0 && v == std::floor(v); });
    scaling.normalization = counts ? "poisson" : otherwise;
  }
  scaling.factor.assign(columns, 1.0);
  scaling.offset.assign(columns, 0.0);
  double kept = 0;
  for (std::size_t c = 0; c < columns; ++c) {
    if (!masked_columns.empty() && masked_columns[c] != 0) scaling.factor[c] = 0;
    kept += scaling.factor[c];
  }
  if (scaling.shares() && std::any_of(values.begin(), values.end(), [](double v) { return v < 0; })) {
    throw Error(ErrorKind::invalid_argument, "the training values go below 0, and normalization '" +
                                                 scaling.normalization +
                                                 "' needs values ≥ 0; use 'none' or 'standardize'");
  }
  std::vector<double> mean(columns, 0.0);
  for (std::size_t i = 0; i < values.size(); ++i) mean[i % columns] += values[i] / static_cast<double>(rows);
  if (scaling.normalization == "poisson") {
    double total = 0;
    for (std::size_t c = 0; c < columns; ++c) total += scaling.factor[c] * mean[c];
    for (std::size_t c = 0; c < columns && total > 0; ++c) {
      if (scaling.factor[c] != 0) scaling.factor[c] = 1 / std::sqrt(mean[c] / total + 1 / kept);
    }
  } else if (scaling.normalization == "standardize") {
    std::vector<double> variance(columns, 0.0);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double off = values[i] - mean[i % columns];
      variance[i % columns] += off * off / static_cast<double>(rows);
    }
    for (std::size_t c = 0; c < columns; ++c) {
      // A spread at the level of rounding is none.
      const bool constant = variance[c] <= 1e-24 * mean[c] * mean[c];
      scaling.factor[c] = constant || scaling.factor[c] == 0 ? 0.0 : 1 / std::sqrt(variance[c]);
      scaling.offset[c] = mean[c] * scaling.factor[c];
    }
  }
  for (std::size_t c = 0; c < columns; ++c) {
    if (std::isfinite(scaling.factor[c]) && std::isfinite(scaling.offset[c]) && std::abs(mean[c]) < 1e140) continue;
    throw Error(ErrorKind::invalid_argument, "the values are too large for squared distances; scale them down");
  }
  return scaling;
}

std::unique_ptr<Predictor> predictor_of(const Model& model) {
  if (model.kind == "svm") return support_vector_predictor(model);
  if (model.kind == "trees") return tree_predictor(model);
  damaged("its kind is '" + model.kind + "'");
}

Dataset dataset_of(const Model& model) {
  std::vector<double> values = model.scaling.factor;
  values.insert(values.end(), model.scaling.offset.begin(), model.scaling.offset.end());
  values.insert(values.end(), model.numbers.begin(), model.numbers.end());
  Json axes = Json::array();
  for (const Axis& axis : model.signal) axes.push_back(axis_json(axis));
  const Json header{{"format", format_name},
                    {"version", format_version},
                    {"kind", model.kind},
                    {"classes", model.classes},
                    {"normalization", model.scaling.normalization},
                    {"signal_axes", axes},
                    {"settings", model.settings},
                    {"length", values.size()},
                    {"digest", digest_of_numbers(values)}};
  Description description;
  description.title = "Classifier";
  description.axes = {{.name = "number", .role = Role::signal, .size = static_cast<std::int64_t>(values.size())}};
  set(description.metadata, header_path, header.dump());
  return Dataset::from_values<double>(std::move(description), values);
}

Model model_of(const Dataset& dataset) {
  const Description& description = dataset.describe();
  const std::optional<std::string> text = text_at(description.metadata, header_path);
  if (!text) damaged("'" + description.title + "' has no metadata " + header_path);
  if (description.axes.size() != 1) damaged("its numbers have the shape " + to_string(description.shape()));
  const std::vector<double> values = dataset.read_all_as_double();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) damaged("its number " + std::to_string(i) + " is not finite");
  }
  if (description.dtype != DType::float64) {
    damaged("its numbers are " + std::string(name_of(description.dtype)) + ", not float64");
  }
  Model model;
  try {
    const Json header = Json::parse(*text);
    if (header.at("format") != format_name || header.at("version") != format_version) {
      damaged("its format is " + header.at("format").dump() + " version " + header.at("version").dump());
    }
    if (header.at("length") != values.size() || header.at("digest") != digest_of_numbers(values)) {
      damaged("its numbers are not those that were written");
    }
    model.kind = header.at("kind").get<std::string>();
    model.classes = header.at("classes").get<std::vector<std::int64_t>>();
    model.scaling.normalization = header.at("normalization").get<std::string>();
    for (const Json& axis : header.at("signal_axes")) model.signal.push_back(axis_from(axis));
    model.settings = header.at("settings");
  } catch (const Json::exception& error) {
    damaged(std::string("its header is damaged: ") + error.what());
  }
  if (model.classes.size() < 2 || static_cast<std::int64_t>(model.classes.size()) > most_classes ||
      !std::is_sorted(model.classes.begin(), model.classes.end(), std::less_equal<>())) {
    damaged("its classes are not at least 2 rising numbers");
  }
  const std::string& normalization = model.scaling.normalization;
  if (normalization != "none" && normalization != "unit_sum" && normalization != "standardize" &&
      normalization != "poisson") {
    damaged("its normalization is '" + normalization + "'");
  }
  Shape signal;
  for (const Axis& axis : model.signal) signal.push_back(axis.size);
  const auto channels = static_cast<std::size_t>(count(signal));
  if (model.signal.empty() || channels > values.size() / 2) damaged("it has too few numbers for its channels");
  const auto at = [&](std::size_t place) { return values.begin() + static_cast<std::ptrdiff_t>(place); };
  model.scaling.factor.assign(at(0), at(channels));
  model.scaling.offset.assign(at(channels), at(2 * channels));
  model.numbers.assign(at(2 * channels), values.end());
  return model;
}

void check_fits(const Model& model, const Description& data) {
  const auto refuse = [&](const std::string& what) {
    throw Error(ErrorKind::invalid_argument, "the classifier does not fit '" + data.title + "': " + what);
  };
  Axes signal;
  for (const Axis& axis : data.axes) {
    if (axis.role == Role::signal) signal.push_back(axis);
  }
  Shape trained;
  for (const Axis& axis : model.signal) trained.push_back(axis.size);
  if (trained != data.signal_shape()) {
    refuse("it was trained on signals of shape " + to_string(trained) + ", and these are " +
           to_string(data.signal_shape()) + "; crop or rebin them to the same channels");
  }
  for (std::size_t a = 0; a < signal.size(); ++a) {
    if (same_calibration(model.signal[a], signal[a])) continue;
    refuse("its axis '" + signal[a].name + "' is calibrated otherwise than that of the training data (from " +
           std::to_string(signal[a].at(0)) + " " + signal[a].units + " instead of " +
           std::to_string(model.signal[a].at(0)) + " " + model.signal[a].units + "); rebin or recalibrate one of them");
  }
}

}  // namespace ruska::ops::classify
