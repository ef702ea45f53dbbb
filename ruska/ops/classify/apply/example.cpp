// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/classify/labelled_example.hpp"

namespace ruska::ops::classify {

Inputs apply_example() {
  const Inputs inputs = labelled_example();
  const Operation& training = operation("classify.forest");
  Context context;
  context.threads = 1;
  const Outputs trained = training.run(inputs, complete(training.parameters, {{"folds", 2}}), context);
  return {{"data", inputs.at("data")}, {"model", trained.dataset("model")}};
}

}  // namespace ruska::ops::classify
