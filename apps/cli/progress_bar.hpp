// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ruska/core/context.hpp"

namespace ruska::cli {

/// Draws a bar with the stage, the share done and the time left on standard error, where that is a terminal.
void show_progress(Context& context);
/// Wipes the bar, so that a line can be written; the next tick draws it again.
void hide_progress();

}  // namespace ruska::cli
