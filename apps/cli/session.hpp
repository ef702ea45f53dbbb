// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "ruska/core/context.hpp"
#include "ruska/core/driver.hpp"

namespace ruska::cli {

/// What every command shares: how to run, what to say, and whether a rank may speak and write.
struct Session {
  Context context;
  int threads = 0;     ///< 0: what the process may use
  std::string memory;  ///< "4G"; empty: most of what the process may use
  bool json = false;
  bool quiet = false;
  bool force = false;
  bool preview = false;  ///< a look at evenly spread positions before the run

  /// Rank 0 alone prints and writes.
  bool leads() const { return context.ranks->rank() == 0; }
};

/// --threads, --memory, --quiet, --strict: for commands that work for a while.
void add_run_flags(CLI::App& command, Session& session);
/// Puts the flags into the context and starts the progress bar.
void prepare(Session& session);

/// "512M", "4G", "2GiB", "1000000" → bytes. Throws invalid_argument.
std::int64_t parse_bytes(const std::string& text);
/// Bytes for people: "1.5 GiB".
std::string format_bytes(double bytes);
/// Seconds for people: "42 s", "3 min 20 s".
std::string format_seconds(double seconds);

/// "FILE" or "FILE::SIGNAL": the signal by number or title, the obvious one by default.
Dataset open_signal(const std::string& argument, const std::string& signal);

/// Prints to standard output unless this rank is silent.
void print(const Session& session, const std::string& text);
/// A line on standard error, "ruska: …", above the progress bar.
void say(const Session& session, const std::string& text);

// Each adds its subcommand. Its callback runs when the command line has been read.
void add_info_command(CLI::App& app, Session& session);
void add_list_command(CLI::App& app, Session& session);
void add_help_command(CLI::App& app, Session& session);
void add_schema_command(CLI::App& app, Session& session);
void add_convert_command(CLI::App& app, Session& session);
void add_run_command(CLI::App& app, Session& session);
void add_replay_command(CLI::App& app, Session& session);
void add_doctor_command(CLI::App& app, Session& session);
void add_completion_command(CLI::App& app, Session& session);
void add_reference_command(CLI::App& app, Session& session);
void add_operation_commands(CLI::App& app, Session& session);

}  // namespace ruska::cli
