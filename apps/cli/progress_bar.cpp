// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/progress_bar.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include <sys/ioctl.h>
#include <unistd.h>

#include "apps/cli/session.hpp"

namespace ruska::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct Bar {
  std::string stage;
  Clock::time_point stage_start = Clock::now();
  Clock::time_point drawn{};
  bool visible = false;
};

Bar& bar() {
  static Bar the_bar;
  return the_bar;
}

void draw(const Progress& progress) {
  Bar& state = bar();
  const auto now = Clock::now();
  if (progress.done == 0 || progress.stage != state.stage) {
    state.stage = progress.stage;
    state.stage_start = now;
  }
  if (now - state.drawn < std::chrono::milliseconds(80) && progress.done != progress.total) return;
  state.drawn = now;

  const double share = progress.total > 0 ? std::min(1.0, double(progress.done) / double(progress.total)) : 0.0;
  const double spent = std::chrono::duration<double>(now - state.stage_start).count();
  std::string left;
  if (share > 0.02 && spent > 0.2) left = format_seconds(spent / share * (1 - share)) + " left";

  winsize size{};
  const int columns = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
  const int width = std::clamp(columns - 52, 8, 40);
  const int filled = static_cast<int>(share * width);
  std::string text = "\r" + std::string(static_cast<std::size_t>(filled), '#') +
                     std::string(static_cast<std::size_t>(width - filled), '.');
  char percent[16];
  std::snprintf(percent, sizeof(percent), " %3.0f %%  ", 100 * share);
  text += percent + progress.stage.substr(0, 26);
  if (!left.empty()) text += "  " + left;
  text += "\x1b[K";
  std::fputs(text.c_str(), stderr);
  std::fflush(stderr);
  state.visible = true;
}

}  // namespace

void show_progress(Context& context) {
  if (!::isatty(STDERR_FILENO)) return;
  context.on_progress = draw;
}

void hide_progress() {
  if (!bar().visible) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  bar().visible = false;
}

}  // namespace ruska::cli
