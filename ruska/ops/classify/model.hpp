// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ruska/core/dataset.hpp"

namespace ruska::ops::classify {

/// What makes features of the values of one position: feature_c = value_c · factor_c − offset_c, values first divided
/// by their sum where shares are compared.
struct Scaling {
  std::string normalization;  ///< none, unit_sum, standardize, poisson
  std::vector<double> factor, offset;

  bool shares() const { return normalization == "unit_sum" || normalization == "poisson"; }
  /// Replaces the values of one position; false, and zeros, where shares are compared and the values have no sum > 0.
  bool apply(double* values) const;
};

/// The scaling that a normalization means for training values (rows × channels): standardize takes their means and
/// standard deviations; poisson divides by √(h + 1/d), with h the shares of the channels and d their number, as
/// segment.kmeans does; auto is poisson for counts, else `otherwise`. Columns that are masked get factor 0.
/// Throws invalid_argument for negative values where shares are asked for.
Scaling fit_scaling(const std::string& normalization, const std::string& otherwise, const std::vector<double>& values,
                    std::size_t rows, std::size_t columns, const std::vector<std::uint8_t>& masked_columns);

/// A trained classifier as data: what it compares, and numbers that `predictor_of` knows how to read.
struct Model {
  std::string kind;                   ///< svm, trees
  std::vector<std::int64_t> classes;  ///< the user's class numbers, rising
  Axes signal;                        ///< the signal axes that it was trained on
  Scaling scaling;
  Json settings = Json::object();  ///< kernel and so on
  std::vector<double> numbers;
};

/// Classifies features. All members may be called from several threads at once.
class Predictor {
 public:
  virtual ~Predictor() = default;
  /// `features`: rows × channels, scaled. Fills rows × classes probabilities and one index into the classes per row.
  virtual void predict(const double* features, std::size_t rows, double* probability, std::int32_t* chosen) const = 0;
};

/// Throws bad_data when settings and numbers do not make a classifier of the model's kind.
std::unique_ptr<Predictor> predictor_of(const Model& model);

/// A model as a dataset: float64 numbers along one axis, the rest as JSON text under metadata "Classifier.header".
Dataset dataset_of(const Model& model);
/// Reads a model; every size and index is checked. Throws bad_data for what is no model, or a damaged one.
Model model_of(const Dataset& dataset);

/// Throws invalid_argument unless data with these axes can be classified by the model: as many channels, and the same
/// calibration where both have units.
void check_fits(const Model& model, const Description& data);

}  // namespace ruska::ops::classify
