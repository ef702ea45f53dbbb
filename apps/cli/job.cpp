// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/job.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>

#include "apps/cli/describe_operation.hpp"
#include "ruska/base/pending_file.hpp"
#include "ruska/core/every_nth.hpp"
#include "ruska/io/hspy/result_file.hpp"
#include "ruska/report/report.hpp"

namespace ruska::cli {
namespace {

namespace fs = std::filesystem;

bool is_result_file(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".h5" || extension == ".hspy" || extension == ".hdf5";
}

std::string shell_quoted(const std::string& word) {
  const bool plain = !word.empty() && word.find_first_not_of(
                                          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789_./,:=+-") == std::string::npos;
  if (plain) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::array<char, 32> text{};
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

fs::path preview_folder(const Job& job) {
  fs::path folder = job.output;
  return folder.replace_extension(".preview");
}

void write_output(Session& session, const Job& job, const Result& result) {
  with_context([&] { return "writing " + job.output; },
               [&] {
                 if (is_result_file(job.output)) {
                   PendingFile pending(job.output, PendingFile::Kind::file, session.force);
                   io::write_result(pending.path(), result);
                   session.context.check();
                   pending.commit();
                   return;
                 }
                 PendingFile pending(job.output, PendingFile::Kind::folder, session.force);
                 io::write_result(pending.path() / "result.h5", result);
                 // The data's, not that of a port whose name comes earlier in the alphabet.
                 const auto data = job.operation->facts.inputs.empty()
                                       ? job.files.end()
                                       : job.files.find(job.operation->facts.inputs.front().name);
                 const auto file = data == job.files.end() ? std::string() : fs::path(data->second).filename().string();
                 session.context.check();
                 report::write_report(pending.path(), result,
                                      {.title = job.operation->facts.name + (file.empty() ? "" : " of " + file),
                                       .command = command_line(job),
                                       .input = file,
                                       .program = std::string("ruska ") + RUSKA_VERSION,
                                       .finished = now_text()});
                 session.context.check();
                 pending.commit();
               });
}

/// Runs the job on few positions, evenly spread, and writes the result as a folder beside the output.
void write_preview(Session& session, const Job& job, const Inputs& inputs) {
  const std::string& port = job.operation->facts.inputs.front().name;
  const Dataset& data = inputs.at(port);
  const std::int64_t step = preview_step(data.describe());
  if (step == 1) {
    say(session, "no preview: the data have few positions");
    return;
  }
  Inputs few = inputs;
  few.set(port, every_nth_position(data, step));
  Job preview = job;
  preview.output = preview_folder(job);
  Session quick;
  quick.context.threads = session.context.threads;
  quick.context.memory = session.context.memory;
  quick.force = true;
  const Result result = execute(*job.operation, few, job.parameters, quick.context);
  write_output(quick, preview, result);
  say(session, "preview of every " + std::to_string(step) +
                   "th position along each axis: " + (fs::path(preview.output) / "report.html").string());
}

}  // namespace

Inputs open_inputs(const Job& job) {
  Inputs inputs;
  for (const auto& [port, path] : job.files) {
    const auto signal = job.signals.find(port);
    inputs.set(port, open_signal(path, signal == job.signals.end() ? "" : signal->second));
  }
  return inputs;
}

Result run_job(Session& session, const Job& job) {
  if (session.leads()) {
    // Refuse an output that cannot be written before the work, not after it.
    PendingFile probe(job.output, is_result_file(job.output) ? PendingFile::Kind::file : PendingFile::Kind::folder,
                      session.force);
  }
  const Inputs inputs = open_inputs(job);
  if (session.preview && session.leads()) write_preview(session, job, inputs);
  Result result = execute(*job.operation, inputs, job.parameters, session.context);
  for (const std::string& warning : session.context.warnings()) say(session, "warning: " + warning);
  if (session.leads()) {
    write_output(session, job, result);
    if (session.preview) fs::remove_all(preview_folder(job));
  }
  return result;
}

std::string command_line(const Job& job) {
  std::string line = "ruska " + job.operation->facts.name;
  bool first = true;
  for (const Port& port : job.operation->facts.inputs) {
    const auto file = job.files.find(port.name);
    if (file != job.files.end()) {
      if (!first) line += " --" + port.name;
      line += " " + shell_quoted(file->second);
      const auto signal = job.signals.find(port.name);
      if (signal != job.signals.end() && !signal->second.empty()) {
        line += first ? " --signal " + shell_quoted(signal->second) : "::" + shell_quoted(signal->second);
      }
    }
    first = false;
  }
  for (const ParameterFacts& facts : job.operation->parameters) {
    if (!job.parameters.contains(facts.name) || job.parameters.at(facts.name) == facts.default_value) continue;
    line += " --" + facts.name + " " + shell_quoted(word_of(job.parameters.at(facts.name)));
  }
  return line + " -o " + shell_quoted(job.output);
}

Job job_from_json(const Json& step) {
  static constexpr std::array known{"operation",         "parameters", "inputs",    "output",   "schema_version",
                                    "operation_version", "outputs",    "citations", "warnings", "build",
                                    "wall_seconds",      "interrupted"};
  const auto wrong = [](const std::string& what) { throw Error(ErrorKind::invalid_argument, what); };
  if (!step.is_object() || !step.contains("operation") || !step["operation"].is_string()) {
    wrong("a step must be an object with the member \"operation\"");
  }
  for (const auto& [name, value] : step.items()) {
    const std::string& wanted = name;
    if (std::find(known.begin(), known.end(), wanted) == known.end()) wrong("a step has no member \"" + name + "\"");
  }
  Job job;
  job.operation = &operation(step["operation"].get<std::string>());
  if (step.contains("parameters")) job.parameters = step["parameters"];
  if (step.contains("output")) {
    if (!step["output"].is_string()) wrong("\"output\" must be a path");
    job.output = step["output"].get<std::string>();
  }
  const Json inputs = step.value("inputs", Json::array());
  for (const Json& input : inputs) {
    if (!input.is_object() || !input.contains("file") || !input["file"].is_string()) {
      wrong("each of \"inputs\" must be an object with the member \"file\"");
    }
    const std::string port = input.value(
        "port", job.operation->facts.inputs.empty() ? std::string() : job.operation->facts.inputs.front().name);
    job.files[port] = input["file"].get<std::string>();
    if (input.contains("signal")) {
      const Json& signal = input["signal"];
      job.signals[port] = signal.is_string() ? signal.get<std::string>() : signal.dump();
    }
  }
  return job;
}

}  // namespace ruska::cli
