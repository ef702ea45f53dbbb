// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ruska/ops/classify/training.hpp"

namespace ruska::ops::classify {

struct SupportVectorOptions {
  std::string kernel = "rbf";  ///< linear: u·v; rbf: exp(−γ|u − v|²); polynomial: (γ u·v + coef0)^degree
  double penalty = 1;
  double gamma = 0;  ///< 0: 1/(d · Var X), over the features that are used
  std::int64_t degree = 3;
  double coef0 = 0;
  double tolerance = 1e-3;
  std::int64_t folds = 5;  ///< of the calibration of probabilities
  std::int64_t seed = 0;
};

/// Trains one machine for every pair of classes with LIBSVM's C-SVC (Chang and Lin, ACM TIST 2, 27 (2011)).
/// Probabilities: a sigmoid of each pair's decision values (Platt 1999, in the form of Lin, Lin and Weng, Mach. Learn.
/// 68, 267 (2007)), fitted to values of held-out examples.
void train_support_vectors(const TrainingSet& set, const SupportVectorOptions& options, Model& model,
                           bool probabilities, Context& context);

/// Chooses by the pairs' votes (the first of equals); probabilities by coupling the pairs' (Wu, Lin and Weng, J. Mach.
/// Learn. Res. 5, 975 (2004), second method). Without calibration the probabilities are shares of the votes.
std::unique_ptr<Predictor> support_vector_predictor(const Model& model);

/// Bytes for training and predicting with so many examples: altogether, and for each worker.
std::int64_t support_vector_memory(std::int64_t examples, std::int64_t channels);
std::int64_t support_vector_memory_per_worker(std::int64_t examples, std::int64_t channels, std::int64_t rows);

/// Slope and offset of P(first class) = 1/(1 + exp(a · value + b)) for decision values and whether each is of the first
/// class.
std::pair<double, double> fitted_sigmoid(const std::vector<double>& value, const std::vector<bool>& first);

}  // namespace ruska::ops::classify
