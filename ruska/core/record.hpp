// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "ruska/core/operation.hpp"

namespace ruska {

/// What came out and how it was made. The record is one JSON object: operation, version, parameters with every
/// default written out, inputs (file, signal, digest), outputs (name, digest), build, warnings, wall time.
struct Result {
  Outputs outputs;
  Json record;
};

/// Checks ports, parameters and memory, runs the operation and writes the Record.
/// Throws invalid_argument, out_of_memory (with the plan's figures) and what the operation throws.
Result execute(const Operation& operation, const Inputs& inputs, const Json& parameters, Context& context);

/// The plan of a run as JSON: predicted memory, time, output shapes.
Json plan(const Operation& operation, const Inputs& inputs, const Json& parameters, const Context& context);

/// What tells an input apart from others: the digest of its file, or of its values where it comes from a folder, a
/// series of files or memory.
std::string digest_of_input(const Dataset& data);

/// Compiler, version, commit, SIMD level, BLAS.
Json build_facts();

}  // namespace ruska
