// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ruska/core/record.hpp"

namespace ruska::report {

/// A result with one output of every view, made up for tests: three phases on 60 × 80 pixels of 2.5 × 2 nm, with
/// hostile names in one of them.
Result synthetic_result();

/// The name of the third phase: markup, a quote and an ampersand.
inline constexpr const char* hostile_name = "<script>alert('x')</script> & \"Si\"";

}  // namespace ruska::report
