// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <fstream>

#include "apps/cli/describe_operation.hpp"
#include "apps/cli/job.hpp"
#include "ruska/base/text.hpp"

namespace ruska::cli {
namespace {

struct Options {
  std::string input, signal, output, parameter_file;
  std::map<std::string, std::string> words;  ///< parameter → what was typed
  std::map<std::string, std::string> files;  ///< port → file
  bool help = false;
  bool only_plan = false;
};

Json read_json(const std::string& path) {
  std::ifstream stream(path);
  if (!stream) throw Error(ErrorKind::not_found, "cannot open " + path);
  Json json = Json::parse(stream, nullptr, false);
  if (json.is_discarded()) throw Error(ErrorKind::bad_data, path + " is not JSON");
  return json;
}

std::string plan_for_people(const Json& plan) {
  std::string text = plan["operation"].get<std::string>() + " would take about " +
                     format_seconds(plan["seconds"].get<double>()) + " and " +
                     format_bytes(plan["memory_bytes"].get<double>()) + " of memory (at least " +
                     format_bytes(plan["least_memory_bytes"].get<double>()) + ", allowed " +
                     format_bytes(plan["allowed_memory_bytes"].get<double>()) + ")" +
                     (plan["fits"].get<bool>() ? "" : ": it does not fit") + "\n";
  for (const Json& output : plan["outputs"]) {
    text += "  " + output["name"].get<std::string>() + "  " + to_string(output["shape"].get<Shape>()) + " " +
            output["dtype"].get<std::string>() + "\n";
  }
  return text;
}

void run(Session& session, const Operation& operation, const Options& options) {
  if (options.help) {
    print(session, help_text(operation));
    return;
  }
  prepare(session);
  Job job{&operation, options.files, {}, Json::object(), options.output};
  if (!options.parameter_file.empty()) job.parameters = read_json(options.parameter_file);
  for (const ParameterFacts& facts : operation.parameters) {
    const auto word = options.words.find(facts.name);
    if (word != options.words.end()) job.parameters[facts.name] = parse_value(facts, word->second);
  }
  if (!options.input.empty()) {
    const std::string& port = operation.facts.inputs.front().name;
    job.files[port] = options.input;
    if (!options.signal.empty()) job.signals[port] = options.signal;
  }
  complete(operation.parameters, job.parameters);

  if (options.only_plan) {
    const Json predicted = plan(operation, open_inputs(job), job.parameters, session.context);
    print(session, session.json ? predicted.dump(2) + "\n" : plan_for_people(predicted));
    return;
  }
  if (job.output.empty()) {
    throw Error(ErrorKind::invalid_argument,
                "say where the result goes: -o result.h5 for one file, -o NAME for a folder with report, figures and "
                "tables (or --plan to only predict)");
  }
  const Result result = run_job(session, job);
  if (session.json) {
    print(session,
          Json{{"summary", result.outputs.summary}, {"output", job.output}, {"record", result.record}}.dump(2) + "\n");
    return;
  }
  print(session, join(result.outputs.summary, "\n") + (result.outputs.summary.empty() ? "" : "\n"));
  const bool folder = std::filesystem::is_directory(job.output);
  print(session, folder ? "Look at " + (std::filesystem::path(job.output) / "report.html").string() + "\n"
                        : "Wrote " + job.output + "\n");
  if (session.context.stopping()) throw Error(ErrorKind::cancelled, "stopped on request; what was done is written");
}

}  // namespace

void add_operation_commands(CLI::App& app, Session& session) {
  for (const Operation* operation : operations()) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand(operation->facts.name, operation->facts.summary);
    command->group("Operations");
    command->set_help_flag("");
    command->add_flag("--help", options->help, "All about this operation");
    if (!operation->facts.inputs.empty()) command->add_option("input", options->input, "The file to work on");
    command->add_option("--signal", options->signal, "Which signal of the file");
    command->add_option("-o,--output", options->output, "Where the result goes");
    command->add_option("--parameters", options->parameter_file, "A JSON file of parameters");
    command->add_flag("--plan", options->only_plan, "Predict memory, time and output shapes");
    command->add_flag("--json", session.json, "Summary and record as JSON");
    command->add_flag("--force", session.force, "Replace an existing output");
    if (!operation->facts.inputs.empty()) {
      command->add_flag("--preview", session.preview,
                        "First run on evenly spread positions and write that beside the output, as NAME.preview");
    }
    if (operation->facts.traits.keeps_partial) {
      command->add_flag("--keep-partial", session.context.keep_partial, "When stopped (Ctrl-C), write what is done");
    }
    add_run_flags(*command, session);
    for (std::size_t i = 1; i < operation->facts.inputs.size(); ++i) {
      const Port& port = operation->facts.inputs[i];
      command->add_option_function<std::string>(
          "--" + port.name, [options, name = port.name](const std::string& file) { options->files[name] = file; },
          port.help);
    }
    for (const ParameterFacts& facts : operation->parameters) {
      command->add_option_function<std::string>(
          "--" + facts.name, [options, name = facts.name](const std::string& word) { options->words[name] = word; },
          facts.help);
    }
    command->callback([options, operation, &session] { run(session, *operation, *options); });
  }
}

void add_run_command(CLI::App& app, Session& session) {
  auto path = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("run", "Run a recipe: a JSON file with the steps of an analysis");
  command
      ->add_option("recipe", *path,
                   "{\"schema_version\": 1, \"steps\": [{\"operation\", \"inputs\", "
                   "\"parameters\", \"output\"}]}")
      ->required();
  command->add_flag("--force", session.force, "Replace existing outputs");
  add_run_flags(*command, session);
  command->callback([path, &session] {
    prepare(session);
    const Json recipe = read_json(*path);
    with_context([&] { return *path; },
                 [&] {
                   if (!recipe.is_object() || recipe.value("schema_version", 0) != 1 || !recipe.contains("steps") ||
                       !recipe["steps"].is_array()) {
                     throw Error(ErrorKind::invalid_argument,
                                 "a recipe has \"schema_version\": 1 and a list \"steps\"");
                   }
                   for (const auto& [name, value] : recipe.items()) {
                     if (name != "schema_version" && name != "steps") {
                       throw Error(ErrorKind::invalid_argument, "a recipe has no member \"" + name + "\"");
                     }
                   }
                   std::vector<Job> jobs;
                   for (const Json& step : recipe["steps"]) {
                     jobs.push_back(job_from_json(step));
                     complete(jobs.back().operation->parameters, jobs.back().parameters);
                     if (jobs.back().output.empty())
                       throw Error(ErrorKind::invalid_argument, "each step needs an \"output\"");
                   }
                   for (const Job& job : jobs) {
                     const Result result = run_job(session, job);
                     print(session, command_line(job) + "\n" + join(result.outputs.summary, "\n") + "\n");
                   }
                 });
  });
}

}  // namespace ruska::cli
