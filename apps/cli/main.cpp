// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
// The command line: reads the arguments, runs one command, turns errors into a sentence and an exit status.
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <new>

#include "apps/cli/progress_bar.hpp"
#include "apps/cli/session.hpp"
#include "ruska/base/error.hpp"
#include "ruska/base/text.hpp"
#include "ruska/core/operation.hpp"
#ifdef RUSKA_WITH_MPI
#include "ruska/core/mpi_communicator.hpp"
#endif

namespace ruska::cli {
namespace {

Context* running = nullptr;

void ask_to_stop(int signal) {
  if (running != nullptr) running->cancel();
  std::signal(signal, SIG_DFL);  // a second one ends at once
}

std::string exit_codes() {
  std::string text = "Exit status: 0 success, 1 a replay that came out differently";
  for (const ErrorKindFacts& facts : error_kinds()) {
    text += ", " + std::to_string(facts.exit_status) + " " + std::string(facts.meaning);
  }
  return text + ".";
}

int report(const Session& session, const Error& error) {
  hide_progress();
  std::cerr << "ruska: " << error.what() << std::endl;
  const int status = facts_of(error.kind()).exit_status;
  // The other ranks may wait for this one; the launcher ends them when it sees this status.
  if (session.context.ranks->size() > 1) std::_Exit(status);
  return status;
}

Error explained(const CLI::ParseError& error, const CLI::App& app, int argc, char** argv) {
  const std::string first = argc > 1 ? argv[1] : "";
  std::vector<std::string> names;
  const CLI::App* command = nullptr;
  for (const CLI::App* one : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(one->get_name());
    if (one->get_name() == first) command = one;
  }
  std::string message = error.what();
  if (command == nullptr && !first.empty() && first[0] != '-') {
    const std::string nearest = nearest_name(first, names);
    message = "there is no command or operation '" + first + "'" +
              (nearest.empty() ? "" : "; did you mean '" + nearest + "'?") + " `ruska list` shows all";
  } else if (command != nullptr && error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError)) {
    std::vector<std::string> options;
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) options.push_back("--" + name);
    }
    for (const std::string& extra : command->remaining()) {
      if (extra.empty()) continue;
      const std::string nearest = extra[0] == '-' ? nearest_name(extra.substr(0, extra.find('=')), options) : "";
      message = (extra[0] == '-' ? "there is no option '" : "the argument is one too many: '") + extra + "'" +
                (nearest.empty() ? "" : "; did you mean " + nearest + "?");
      break;
    }
  }
  return Error(ErrorKind::invalid_argument,
               message + (command != nullptr ? " (`ruska help " + first + "` shows what there is)" : ""));
}

int run(int argc, char** argv) {
  Session session;
#ifdef RUSKA_WITH_MPI
  if (auto ranks = mpi_communicator()) session.context.ranks = std::move(ranks);
#endif
  running = &session.context;
  std::signal(SIGINT, ask_to_stop);
  std::signal(SIGTERM, ask_to_stop);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file above the size limit is then a failed write, told as such

  CLI::App app(
      "ruska: machine learning on large, noisy electron-microscopy data.\n\n"
      "  ruska info map.emd                          what is in a file\n"
      "  ruska unmix.phases map.emd -o phases        named phases, with report\n"
      "  ruska list                                  every operation\n"
      "  ruska help unmix.phases                     all about one");
  app.footer(exit_codes());
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  app.set_version_flag("--version", [] { return std::string("ruska ") + RUSKA_VERSION; });

  add_info_command(app, session);
  add_list_command(app, session);
  add_help_command(app, session);
  add_schema_command(app, session);
  add_convert_command(app, session);
  add_run_command(app, session);
  add_replay_command(app, session);
  add_doctor_command(app, session);
  add_completion_command(app, session);
  add_reference_command(app, session);
  add_operation_commands(app, session);

  try {
    if (argc == 1) {
      print(session, app.help());
      return 0;
    }
    app.parse(argc, argv);
    hide_progress();
    return std::cout.fail() ? facts_of(ErrorKind::io).exit_status : 0;
  } catch (const CLI::Success& success) {
    return session.leads() ? app.exit(success) : 0;
  } catch (const CLI::RuntimeError& ended) {
    return ended.get_exit_code();
  } catch (const CLI::ParseError& error) {
    return report(session, explained(error, app, argc, argv));
  } catch (const Error& error) {
    return report(session, error);
  } catch (const std::bad_alloc&) {
    return report(session, Error(ErrorKind::out_of_memory, "the machine has no more memory; try --memory with less"));
  } catch (const std::exception& error) {
    return report(session, Error(ErrorKind::internal, std::string("a defect in ruska: ") + error.what()));
  }
}

}  // namespace
}  // namespace ruska::cli

int main(int argc, char** argv) { return ruska::cli::run(argc, argv); }
