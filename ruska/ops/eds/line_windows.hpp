// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ruska/ops/eds/xray_lines.hpp"

namespace ruska::ops::eds {

/// Widths and distances of windows in full widths at half maximum of the line.
struct WindowRule {
  double width = 2.0;             ///< of the window over the line
  double background_left = 2.0;   ///< from the line to the nearer end of the left background window
  double background_right = 2.0;  ///< from the line to the nearer end of the right background window
  double background_width = 1.0;  ///< of each background window
};

/// A line and how many counts it is expected to have, in any unit common to all lines.
struct ExpectedLine {
  XrayLine line;
  double counts = 1;
};

/// Channels [begin, end).
struct Channels {
  std::int64_t begin = 0, end = 0;
  std::int64_t size() const { return end - begin; }
  bool overlaps(const Channels& other) const { return begin < other.end && other.begin < end; }
};

struct LineWindows {
  XrayLine line;
  Channels signal, left, right;
  bool crowded = false;  ///< no stretch free of other lines was found: the background windows hold some
  std::vector<std::string>
      overlaps{};  ///< lines of other elements whose windows meet this one's: it holds their counts
  /// Channels of the signal over channels of both background windows.
  double ratio() const { return static_cast<double>(signal.size()) / static_cast<double>(left.size() + right.size()); }
};

/// Windows over the lines, in their order. A window's end lies at the whole channel nearest to its energy, the lower
/// end counted in, the upper one out. A background window that meets the window of another line, of `lines` or of
/// `others`, with more than 2 % of this line's counts moves outward beyond it, up to ten widths; neighbours so share
/// the windows at the ends of their group. A side on which nothing is free does not count; where neither is, background
/// windows of half the width may stand in the valleys between the lines. Windows are cut at the ends of the axis and at
/// 0.1 keV, where the noise of the electronics begins.
/// Throws invalid_argument naming the line when its window leaves the axis, covers no channel, or neither background
/// window covers one.
std::vector<LineWindows> line_windows(const std::vector<ExpectedLine>& lines, const std::vector<ExpectedLine>& others,
                                      const EnergyAxis& axis, double resolution_mn_ka, const WindowRule& rule);

/// Counts in a line's window, what remains above its background, and σ² of that: gross + ratio² · background, both
/// Poisson.
struct LineCounts {
  double gross = 0, net = 0, variance = 0;
};
LineCounts line_counts(const LineWindows& windows, double signal, double background);

}  // namespace ruska::ops::eds
