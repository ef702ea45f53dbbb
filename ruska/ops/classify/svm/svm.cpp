// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/classify/svm/svm.hpp"

#include <cmath>

#include "ruska/ops/classify/classification.hpp"
#include "ruska/ops/classify/support_vectors.hpp"
#include "ruska/ops/segment/feature_space.hpp"

namespace ruska::ops::classify {
namespace {

constexpr auto parameters = std::tuple{
    parameter(&SvmParams::kernel, "kernel", "", one_of("linear|rbf|polynomial"),
              "How alike two positions are: their product, a Gaussian of their distance, or a power of their product"),
    parameter(&SvmParams::penalty, "penalty", "", within(1e-9, 1e9),
              "Price C of examples on the wrong side: larger follows the examples, smaller gives a smoother border"),
    parameter(&SvmParams::gamma, "gamma", "", within(1e-30, 1e30),
              "Inverse squared width of the Gaussian, or factor of the product; automatic: one over the number of "
              "channels and the variance of the features"),
    parameter(&SvmParams::degree, "degree", "", within<std::int64_t>(1, 20), "Power of the polynomial kernel"),
    parameter(&SvmParams::coef0, "coef0", "", within(-1e9, 1e9), "Added to the product of the polynomial kernel"),
    parameter(&SvmParams::tolerance, "tolerance", "", within(1e-9, 1.0),
              "Largest violation of the optimality conditions at which training stops"),
    parameter(&SvmParams::normalization, "normalization", "", one_of(segment::normalizations),
              "What is compared: none, the values; unit_sum, each position's values divided by their sum; standardize, "
              "each channel in units of its standard deviation among the labelled positions; poisson, shares of the "
              "counts in units of their counting noise; auto: poisson for counts, standardize for other values"),
    parameter(&SvmParams::layout, "layout", "", one_of(segment::layouts), segment::layout_help),
    parameter(&SvmParams::folds, "folds", "", within<std::int64_t>(2, 100),
              "Parts of the labelled positions that are held out in turn to measure the accuracy"),
    parameter(&SvmParams::training_positions, "training_positions", "", within<std::int64_t>(4, 1000000),
              "Most labelled positions that are trained on; of more, some of every class are drawn"),
    parameter(&SvmParams::seed, "seed", "", at_least<std::int64_t>(0), "Seed of the folds and of every other draw")};

TrainingRun run_of(const Inputs& inputs, const SvmParams& params) {
  return training_run(inputs, params.layout, params.training_positions,
                      {params.normalization, "standardize", params.folds, params.seed},
                      {support_vector_memory, support_vector_memory_per_worker});
}

Plan check(const Inputs& inputs, const SvmParams& params) { return training_plan(inputs, run_of(inputs, params)); }

Outputs run(const Inputs& inputs, const SvmParams& params, Context& context) {
  SupportVectorOptions options;
  options.kernel = params.kernel;
  options.penalty = params.penalty;
  options.gamma = params.gamma.value_or(0);
  options.degree = params.degree;
  options.coef0 = params.coef0;
  options.tolerance = params.tolerance;
  options.seed = params.seed;
  return train_and_classify(
      inputs, run_of(inputs, params),
      [&](const TrainingSet& set, Model& model, bool probabilities, Context& of) {
        train_support_vectors(set, options, model, probabilities, of);
      },
      {},
      [&](const Model& model) {
        std::int64_t vectors = 0;
        for (const Json& one : model.settings.at("support_vectors_per_class")) vectors += one.get<std::int64_t>();
        return params.kernel + " kernel, " + std::to_string(vectors) + " support vectors";
      },
      context);
}

}  // namespace

const Operation& svm_operation() {
  static const Operation operation = make_operation<SvmParams>(
      {.name = "classify.svm",
       .version = 1,
       .summary = "Learns classes from labelled positions and classifies the whole map (support vector machine).",
       .citations = {"C.-C. Chang and C.-J. Lin, ACM Trans. Intell. Syst. Technol. 2, 27 (2011)",
                     "H.-T. Lin, C.-J. Lin and R. C. Weng, Mach. Learn. 68, 267 (2007)",
                     "T.-F. Wu, C.-J. Lin and R. C. Weng, J. Mach. Learn. Res. 5, 975 (2004)"},
       .inputs = training_ports(),
       .outputs = training_outputs({})},
      parameters, check, run);
  return operation;
}

}  // namespace ruska::ops::classify
