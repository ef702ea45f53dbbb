// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eds/lines/windows.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ruska/base/error.hpp"

namespace ruska::ops::eds {

namespace {

Channels channels_between(const EnergyAxis& axis, double low, double high) {
  const auto nearest = [&](double energy) {
    const double channel = std::nearbyint(axis.channel(energy));
    return static_cast<std::int64_t>(std::clamp(channel, -1.0, static_cast<double>(axis.size) + 1.0));
  };
  return {nearest(low), nearest(high)};
}

Channels cut(Channels channels, const EnergyAxis& axis) {
  channels.begin = std::clamp<std::int64_t>(channels.begin, 0, axis.size);
  channels.end = std::clamp<std::int64_t>(channels.end, channels.begin, axis.size);
  return channels;
}

}  // namespace

std::vector<LineWindows> line_windows(const std::vector<XrayLine>& lines, const EnergyAxis& axis,
                                      double resolution_mn_ka, const WindowRule& rule) {
  std::vector<LineWindows> all;
  for (const XrayLine& line : lines) {
    const double energy = line.energy, width = full_width(energy, resolution_mn_ka);
    LineWindows windows;
    windows.line = line;
    windows.signal = channels_between(axis, energy - 0.5 * rule.width * width, energy + 0.5 * rule.width * width);
    windows.left = channels_between(axis, energy - (rule.background_left + rule.background_width) * width,
                                    energy - rule.background_left * width);
    windows.right = channels_between(axis, energy + rule.background_right * width,
                                     energy + (rule.background_right + rule.background_width) * width);
    if (windows.signal.begin < 0 || windows.signal.end > axis.size || windows.signal.size() < 1) {
      throw Error(ErrorKind::invalid_argument,
                  "the window of " + line.name() + ", " + std::to_string(energy - 0.5 * rule.width * width) + " … " +
                      std::to_string(energy + 0.5 * rule.width * width) + " keV, " +
                      (windows.signal.size() < 1 ? "covers no channel" : "leaves the energy axis") +
                      ", which runs from " + std::to_string(axis.low()) + " to " + std::to_string(axis.high()) +
                      " keV in steps of " + std::to_string(axis.scale));
    }
    all.push_back(std::move(windows));
  }

  // Groups of neighbours, in the order of energy.
  std::vector<std::size_t> order(all.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return all[a].line.energy < all[b].line.energy; });
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first;
    while (last + 1 < order.size() && (all[order[last]].right.end > all[order[last + 1]].signal.begin ||
                                       all[order[last + 1]].left.begin < all[order[last]].signal.end)) {
      ++last;
    }
    const Channels left = all[order[first]].left, right = all[order[last]].right;
    for (std::size_t k = first; k <= last; ++k) {
      LineWindows& windows = all[order[k]];
      windows.left = cut(left, axis);
      windows.right = cut(right, axis);
      if (windows.left.size() + windows.right.size() == 0) {
        throw Error(ErrorKind::invalid_argument,
                    "no background window of " + windows.line.name() +
                        " covers a channel of the energy axis; give other background_left, background_right or "
                        "background_width");
      }
    }
    first = last + 1;
  }
  return all;
}

LineCounts line_counts(const LineWindows& windows, double signal, double background) {
  const double ratio = windows.ratio();
  return {signal, signal - ratio * background, signal + ratio * ratio * background};
}

}  // namespace ruska::ops::eds
