// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/session.hpp"

#include <charconv>
#include <cmath>
#include <iostream>

#include "apps/cli/progress_bar.hpp"
#include "ruska/base/error.hpp"

namespace ruska::cli {

void add_run_flags(CLI::App& command, Session& session) {
  command.add_option("--threads", session.threads, "Threads to work on (default: all that the process may use)")
      ->check(CLI::Range(1, 4096));
  command.add_option("--memory", session.memory, "Memory to stay within, such as 4G (default: 70 % of what there is)");
  command.add_flag("--quiet", session.quiet, "No progress bar");
  command.add_flag("--strict", session.context.strict, "An iteration that does not converge is an error");
}

void prepare(Session& session) {
  if (session.threads > 0) session.context.threads = session.threads;
  if (!session.memory.empty()) session.context.memory = parse_bytes(session.memory);
  if (!session.quiet && session.leads()) show_progress(session.context);
}

std::int64_t parse_bytes(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string suffix(end, text.data() + text.size());
  static const std::map<std::string, int> powers{{"", 0},     {"B", 0},   {"K", 10},   {"KB", 10}, {"KiB", 10},
                                                 {"M", 20},   {"MB", 20}, {"MiB", 20}, {"G", 30},  {"GB", 30},
                                                 {"GiB", 30}, {"T", 40},  {"TB", 40},  {"TiB", 40}};
  const auto power = powers.find(suffix);
  if (error != std::errc() || power == powers.end() || !(number > 0) || !(number < 1e6 * 0x1p30)) {
    throw Error(ErrorKind::invalid_argument, "--memory is '" + text + "'; give a size such as 512M or 4G");
  }
  return static_cast<std::int64_t>(std::ldexp(number, power->second));
}

std::string format_bytes(double bytes) {
  const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  int unit = 0;
  for (; bytes >= 1024 && unit < 5; ++unit) bytes /= 1024;
  char text[32];
  std::snprintf(text, sizeof(text), bytes < 10 && unit > 0 ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
  return text;
}

std::string format_seconds(double seconds) {
  char text[48];
  if (seconds < 10)
    std::snprintf(text, sizeof(text), "%.1f s", seconds);
  else if (seconds < 60)
    std::snprintf(text, sizeof(text), "%.0f s", seconds);
  else if (seconds < 3600)
    std::snprintf(text, sizeof(text), "%d min %02d s", int(seconds) / 60, int(seconds) % 60);
  else
    std::snprintf(text, sizeof(text), "%d h %02d min", int(seconds) / 3600, int(seconds) / 60 % 60);
  return text;
}

Dataset open_signal(const std::string& argument, const std::string& signal) {
  std::string path = argument, which = signal;
  if (const std::size_t mark = argument.rfind("::"); which.empty() && mark != std::string::npos) {
    path = argument.substr(0, mark);
    which = argument.substr(mark + 2);
  }
  return open_file(path).signal(which);
}

void print(const Session& session, const std::string& text) {
  if (session.leads()) std::cout << text << std::flush;
}

void say(const Session& session, const std::string& text) {
  if (!session.leads()) return;
  hide_progress();
  std::cerr << "ruska: " << text << std::endl;
}

}  // namespace ruska::cli
