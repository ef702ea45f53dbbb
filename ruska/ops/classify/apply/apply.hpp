// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace ruska::ops::classify {

struct ApplyParams {
  std::string layout = "auto";
};

}  // namespace ruska::ops::classify
