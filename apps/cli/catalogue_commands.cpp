// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "apps/cli/describe_operation.hpp"
#include "apps/cli/session.hpp"
#include "ruska/core/operation.hpp"

namespace ruska::cli {
namespace {

constexpr const char* run_flags[] = {"--threads", "--memory", "--quiet",  "--strict", "--json",
                                     "--plan",    "--force",  "--signal", "--output", "--parameters"};

std::string completion_script() {
  std::string script =
      "# bash completion for ruska: source <(ruska completion)\n"
      "_ruska() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    COMPREPLY=($(compgen -W \"info list help schema convert run replay doctor completion";
  for (const Operation* one : operations()) script += " " + one->facts.name;
  script +=
      "\" -- \"$word\")); return\n"
      "  fi\n"
      "  case ${COMP_WORDS[1]}:$before in\n";
  for (const Operation* one : operations()) {
    for (const ParameterFacts& facts : one->parameters) {
      std::string choices = facts.automatic ? "auto" : "";
      for (const std::string& choice : facts.choices) choices += " " + choice;
      if (facts.type == "boolean") choices += " true false";
      if (!choices.empty()) {
        script += "    " + one->facts.name + ":--" + facts.name + ") words=\"" + choices + "\";;\n";
      }
    }
  }
  script +=
      "  esac\n"
      "  if [ -z \"$words\" ]; then case ${COMP_WORDS[1]} in\n"
      "    help|schema) words=\"";
  for (const Operation* one : operations()) script += one->facts.name + " ";
  script += "\";;\n";
  for (const Operation* one : operations()) {
    script += "    " + one->facts.name + ") [[ $word == -* ]] && words=\"";
    for (const char* flag : run_flags) script += std::string(flag) + " ";
    for (const ParameterFacts& facts : one->parameters) script += "--" + facts.name + " ";
    for (std::size_t i = 1; i < one->facts.inputs.size(); ++i) script += "--" + one->facts.inputs[i].name + " ";
    script += "\";;\n";
  }
  return script +
         "  esac; fi\n"
         "  if [ -n \"$words\" ]; then COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
         "  else COMPREPLY=($(compgen -f -- \"$word\")); fi\n"
         "}\n"
         "complete -o filenames -F _ruska ruska\n";
}

}  // namespace

void add_list_command(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("list", "Every operation and every file format");
  command->add_flag("--json", session.json, "As JSON");
  command->callback([&session] {
    if (session.json) {
      Json all{{"operations", Json::array()}, {"formats", Json::array()}};
      for (const Operation* one : operations()) {
        all["operations"].push_back(
            {{"name", one->facts.name}, {"version", one->facts.version}, {"summary", one->facts.summary}});
      }
      for (const Driver* driver : drivers()) {
        all["formats"].push_back({{"name", driver->name},
                                  {"title", driver->title},
                                  {"extensions", driver->extensions},
                                  {"writes", driver->create != nullptr}});
      }
      print(session, all.dump(2) + "\n");
      return;
    }
    std::size_t width = 0;
    for (const Operation* one : operations()) width = std::max(width, one->facts.name.size());
    for (const Driver* driver : drivers()) width = std::max(width, driver->name.size());
    const auto padded = [&](std::string_view name) {
      return "  " + std::string(name) + std::string(width + 2 - name.size(), ' ');
    };
    std::string text = "Operations (`ruska help NAME` tells all of one)\n";
    for (const Operation* one : operations()) text += padded(one->facts.name) + one->facts.summary + "\n";
    text += "\nFile formats\n";
    for (const Driver* driver : drivers()) {
      text += padded(driver->name) + std::string(driver->title) + " (";
      for (std::size_t i = 0; i < driver->extensions.size(); ++i) {
        text += (i ? ", ." : ".") + std::string(driver->extensions[i]);
      }
      text += driver->create != nullptr ? "), read and written\n" : "), read\n";
    }
    print(session, text);
  });
}

void add_help_command(CLI::App& app, Session& session) {
  auto name = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("help", "All about one command or operation");
  command->add_option("name", *name, "A command or an operation");
  command->callback([name, &app, &session] {
    if (name->empty()) {
      print(session, app.help());
      return;
    }
    for (CLI::App* one : app.get_subcommands([](const CLI::App*) { return true; })) {
      if (one->get_name() == *name && name->find('.') == std::string::npos) {
        print(session, one->help());
        return;
      }
    }
    print(session, help_text(operation(*name)));
  });
}

void add_schema_command(CLI::App& app, Session& session) {
  auto name = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("schema", "JSON Schema of an operation's parameters");
  command->add_option("operation", *name, "The operation")->required();
  command->callback([name, &session] { print(session, schema_of(operation(*name)).dump(2) + "\n"); });
}

void add_completion_command(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("completion", "Completion for bash: source <(ruska completion)");
  command->callback([&session] { print(session, completion_script()); });
}

void add_reference_command(CLI::App& app, Session& session) {
  auto name = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("reference", "The reference page of an operation, in Markdown");
  command->add_option("operation", *name, "The operation")->required();
  command->callback([name, &session] { print(session, reference_text(operation(*name))); });
}

}  // namespace ruska::cli
