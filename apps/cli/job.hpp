// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "apps/cli/session.hpp"
#include "ruska/core/record.hpp"

namespace ruska::cli {

/// One run of one operation: what a command line, a recipe's step and a Record say alike.
struct Job {
  const Operation* operation = nullptr;
  std::map<std::string, std::string> files;    ///< port → path, or path::signal
  std::map<std::string, std::string> signals;  ///< port → number or title, where the path does not say
  Json parameters = Json::object();
  std::string output;
};

/// Opens the inputs. A job without --memory given asks for what the process may use.
Inputs open_inputs(const Job& job);

/// Runs and writes the output: a result file for .h5, .hspy and .hdf5, else a folder with result, report, figures and
/// tables. Nothing is visible under the output's name before all of it is there.
Result run_job(Session& session, const Job& job);

/// The command line that repeats the job, with every parameter that differs from its default.
std::string command_line(const Job& job);

/// A step of a recipe, or a Record. Unknown keys are errors.
Job job_from_json(const Json& step);

}  // namespace ruska::cli
