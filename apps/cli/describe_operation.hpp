// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "ruska/core/operation.hpp"

namespace ruska::cli {

/// Everything a user must know of an operation, for the terminal.
std::string help_text(const Operation& operation);
/// The same as a Markdown table of parameters, inputs and outputs.
std::string reference_text(const Operation& operation);
/// The value that a command-line word means for this parameter. Throws invalid_argument naming the parameter.
Json parse_value(const ParameterFacts& facts, const std::string& word);
/// The word that `parse_value` reads back as this value: "auto" for null, lists with commas.
std::string word_of(const Json& value);

}  // namespace ruska::cli
