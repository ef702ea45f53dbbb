// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eds/lines/windows.hpp"

#include <algorithm>
#include <cmath>

#include "ruska/base/error.hpp"

namespace ruska::ops::eds {

namespace {

constexpr double noise_ends = 0.1;    // keV
constexpr double longest_way = 10.0;  // full widths from the line

struct Span {
  double low = 0, high = 0;
};

class Placement {
 public:
  Placement(const std::vector<XrayLine>& lines, const std::vector<XrayLine>& others, const EnergyAxis& axis,
            double resolution_mn_ka, const WindowRule& rule)
      : axis_(axis), resolution_(resolution_mn_ka), rule_(rule) {
    for (const auto* list : {&lines, &others}) {
      for (const XrayLine& line : *list) peaks_.push_back(line.energy);
    }
  }

  LineWindows place(const XrayLine& line) const {
    LineWindows windows;
    windows.line = line;
    const Span peak = over(line.energy);
    windows.signal = {nearest(peak.low), nearest(peak.high)};
    const bool empty = windows.signal.size() < 1;
    if (windows.signal.begin < 0 || windows.signal.end > axis_.size || empty) {
      throw Error(ErrorKind::invalid_argument,
                  "the window of " + line.name() + ", " + std::to_string(peak.low) + " … " + std::to_string(peak.high) +
                      " keV, " + (empty ? "covers no channel of" : "leaves") + " the energy axis, which runs from " +
                      std::to_string(axis_.low()) + " to " + std::to_string(axis_.high()) + " keV in steps of " +
                      std::to_string(axis_.scale));
    }
    windows.left = free_window(line.energy, -1);
    windows.right = free_window(line.energy, 1);
    if (windows.left.size() + windows.right.size() == 0) {
      windows.crowded = true;
      windows.left = cut(beside(line.energy, -1));
      windows.right = cut(beside(line.energy, 1));
    }
    if (windows.left.size() + windows.right.size() == 0) {
      throw Error(ErrorKind::invalid_argument,
                  "no background window of " + line.name() +
                      " covers a channel of the energy axis; give other background_left, background_right or "
                      "background_width");
    }
    return windows;
  }

 private:
  double width(double energy) const { return full_width(energy, resolution_); }
  Span over(double energy) const {
    const double half = 0.5 * rule_.width * width(energy);
    return {energy - half, energy + half};
  }
  Span beside(double energy, int side) const {
    const double near = side < 0 ? rule_.background_left : rule_.background_right;
    const double far = near + rule_.background_width;
    return side < 0 ? Span{energy - far * width(energy), energy - near * width(energy)}
                    : Span{energy + near * width(energy), energy + far * width(energy)};
  }

  Channels free_window(double energy, int side) const {
    Span window = beside(energy, side);
    for (bool moved = true; moved;) {
      moved = false;
      for (const double other : peaks_) {
        const Span peak = over(other);
        if (peak.high <= window.low || peak.low >= window.high || (other - energy) * side <= 0) continue;
        const Span further = beside(other, side);
        if ((further.low - window.low) * side <= 0) continue;
        window = further;
        moved = true;
      }
    }
    const double way = (side < 0 ? energy - window.high : window.low - energy) / width(energy);
    const double asked = side < 0 ? rule_.background_left : rule_.background_right;
    return way > std::max(longest_way, asked) ? Channels{} : cut(window);
  }

  std::int64_t nearest(double energy) const {
    const double channel = std::nearbyint(axis_.channel(energy));
    return static_cast<std::int64_t>(std::clamp(channel, -1.0, static_cast<double>(axis_.size) + 1.0));
  }
  Channels cut(const Span& span) const {
    const std::int64_t first = std::clamp<std::int64_t>(nearest(noise_ends), 0, axis_.size);
    Channels channels;
    channels.begin = std::clamp<std::int64_t>(nearest(span.low), first, axis_.size);
    channels.end = std::clamp<std::int64_t>(nearest(span.high), channels.begin, axis_.size);
    return channels;
  }

  EnergyAxis axis_;
  double resolution_;
  WindowRule rule_;
  std::vector<double> peaks_;
};

}  // namespace

std::vector<LineWindows> line_windows(const std::vector<XrayLine>& lines, const std::vector<XrayLine>& others,
                                      const EnergyAxis& axis, double resolution_mn_ka, const WindowRule& rule) {
  const Placement placement(lines, others, axis, resolution_mn_ka, rule);
  std::vector<LineWindows> all;
  for (const XrayLine& line : lines) all.push_back(placement.place(line));
  return all;
}

LineCounts line_counts(const LineWindows& windows, double signal, double background) {
  const double ratio = windows.ratio();
  return {signal, signal - ratio * background, signal + ratio * ratio * background};
}

}  // namespace ruska::ops::eds
