// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/job.hpp"
#include "ruska/core/driver.hpp"
#include "ruska/core/record.hpp"
#include "ruska/io/hspy/result_file.hpp"

namespace ruska::cli {
namespace {

/// What changed since the record was written, as sentences.
std::vector<std::string> changed_inputs(const Json& record) {
  std::vector<std::string> changes;
  for (const Json& input : record.value("inputs", Json::array())) {
    const std::string file = input.value("file", "");
    if (file.empty())
      throw Error(ErrorKind::unsupported, "the result was made from data in memory; nothing to replay from");
    const Dataset data = [&] {
      try {
        return open_file(file).signal(input.value("signal", ""));
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::not_found) throw;
        throw Error(ErrorKind::not_found, "the input " + file + " is no longer there; name it anew with --input");
      }
    }();
    if (digest_of_input(data) != input.value("digest", "")) {
      changes.push_back("the input " + file + " has changed since");
    }
  }
  return changes;
}

/// The names of outputs that came out differently.
std::vector<std::string> differences(const Json& before, const Json& now) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::max(before.size(), now.size()); ++i) {
    if (i < before.size() && i < now.size() && before[i] == now[i]) continue;
    names.push_back(i < before.size() ? before[i].value("name", "") : now[i].value("name", ""));
  }
  return names;
}

}  // namespace

void add_replay_command(CLI::App& app, Session& session) {
  struct Options {
    std::string result, input, output;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("replay", "Run the record of a result again and compare");
  command->add_option("result", options->result, "A result file or a result folder")->required();
  command->add_option("--input", options->input, "Where the input lies now, when it has moved");
  command->add_option("-o,--output", options->output, "Where to write the new result (default: only compare)");
  command->add_flag("--force", session.force, "Replace an existing output");
  add_run_flags(*command, session);
  command->callback([options, &session] {
    prepare(session);
    std::filesystem::path path = options->result;
    if (std::filesystem::is_directory(path)) path /= "result.h5";
    Json record = io::read_record(path);
    if (record.value("interrupted", false)) {
      throw Error(
          ErrorKind::unsupported,
          "the result is what a stopped run had done; where it stopped cannot be repeated (`ruska run` takes its "
          "record as a recipe's step)");
    }
    if (!options->input.empty() && !record["inputs"].empty()) record["inputs"][0]["file"] = options->input;
    for (const std::string& change : changed_inputs(record)) say(session, "warning: " + change);

    Job job = job_from_json(record);
    job.output = options->output;
    if (job.operation->facts.version != record.value("operation_version", 0)) {
      say(session, "warning: " + job.operation->facts.name + " has changed its version since");
    }
    const Result result = job.output.empty()
                              ? execute(*job.operation, open_inputs(job), job.parameters, session.context)
                              : run_job(session, job);
    const auto different = differences(record["outputs"], result.record["outputs"]);
    if (different.empty()) {
      print(session, job.operation->facts.name + ": all " + std::to_string(result.record["outputs"].size()) +
                         " outputs came out the same, bit for bit\n");
      return;
    }
    std::string text = job.operation->facts.name + ": came out differently:";
    for (const std::string& name : different) text += " " + name;
    text += "\n";
    for (const auto& [key, value] : record["build"].items()) {
      const std::string& name = key;
      if (value != result.record["build"].value(name, Json())) {
        text += "  " + name + " was " + value.dump() + " and is " + result.record["build"].value(name, Json()).dump() +
                "\n";
      }
    }
    print(session, text);
    throw CLI::RuntimeError(1);
  });
}

}  // namespace ruska::cli
