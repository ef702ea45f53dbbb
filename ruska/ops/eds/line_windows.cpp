// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eds/line_windows.hpp"

#include <algorithm>
#include <cmath>

#include "ruska/base/error.hpp"

namespace ruska::ops::eds {

namespace {

constexpr double noise_ends = 0.1;    // keV
constexpr double longest_way = 10.0;  // full widths from the line

constexpr double negligible = 0.02;  // of the line's own counts

struct Span {
  double low = 0, high = 0;
};

// Finds the windows of one line among others.
class Placement {
 public:
  Placement(const ExpectedLine& wanted, const std::vector<ExpectedLine>& lines, const std::vector<ExpectedLine>& others,
            const EnergyAxis& axis, double resolution_mn_ka, const WindowRule& rule)
      : line_(wanted.line), axis_(axis), resolution_(resolution_mn_ka), rule_(rule) {
    for (const auto* list : {&lines, &others}) {
      for (const ExpectedLine& other : *list) {
        if (other.counts > negligible * wanted.counts && other.line.energy != line_.energy) {
          peaks_.push_back(other.line.energy);
          const Span theirs = over(other.line.energy), own = over(line_.energy);
          const std::string name = other.line.name();
          const bool meets = other.line.element != line_.element && theirs.high > own.low && theirs.low < own.high;
          if (meets && std::find(overlaps_.begin(), overlaps_.end(), name) == overlaps_.end()) {
            overlaps_.push_back(name);
          }
        }
      }
    }
  }

  LineWindows place() const {
    LineWindows windows;
    windows.line = line_;
    windows.overlaps = overlaps_;
    const Span peak = over(line_.energy);
    windows.signal = {nearest(peak.low), nearest(peak.high)};
    const bool empty = windows.signal.size() < 1;
    if (windows.signal.begin < 0 || windows.signal.end > axis_.size || empty) {
      throw Error(ErrorKind::invalid_argument,
                  "the window of " + line_.name() + ", " + std::to_string(peak.low) + " … " +
                      std::to_string(peak.high) + " keV, " + (empty ? "covers no channel of" : "leaves") +
                      " the energy axis, which runs from " + std::to_string(axis_.low()) + " to " +
                      std::to_string(axis_.high()) + " keV in steps of " + std::to_string(axis_.scale));
    }
    const auto choose = [&](auto&& window_on) {
      if (windows.left.size() + windows.right.size() > 0) return false;
      windows.left = window_on(-1);
      windows.right = window_on(1);
      return true;
    };
    choose([&](int side) { return beyond_neighbours(side); });
    choose([&](int side) { return in_valley(side); });
    windows.crowded = choose([&](int side) { return cut(beside(line_.energy, side)); });
    if (windows.left.size() + windows.right.size() == 0) {
      throw Error(ErrorKind::invalid_argument,
                  "no background window of " + line_.name() +
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

  bool free(const Span& window) const {
    return std::none_of(peaks_.begin(), peaks_.end(), [&](double energy) {
      const Span peak = over(energy);
      return peak.high > window.low && peak.low < window.high;
    });
  }

  Channels beyond_neighbours(int side) const {
    Span window = beside(line_.energy, side);
    for (bool moved = true; moved;) {
      moved = false;
      for (const double other : peaks_) {
        const Span peak = over(other);
        if (peak.high <= window.low || peak.low >= window.high || (other - line_.energy) * side <= 0) continue;
        const Span further = beside(other, side);
        if ((further.low - window.low) * side <= 0) continue;
        window = further;
        moved = true;
      }
    }
    const double way = (side < 0 ? line_.energy - window.high : window.low - line_.energy) / width(line_.energy);
    const double asked = side < 0 ? rule_.background_left : rule_.background_right;
    return free(window) && way <= std::max(longest_way, asked) ? cut(window) : Channels{};
  }

  // The stretch nearest to where the rule wants it, closer to the line and half as wide.
  Channels in_valley(int side) const {
    const double asked = side < 0 ? rule_.background_left : rule_.background_right;
    const double own = width(line_.energy), wide = 0.5 * rule_.background_width * own;
    for (double from = asked; from >= 0.5 * rule_.width; from -= 0.1) {
      const double near = line_.energy + side * from * own;
      const Span window = side < 0 ? Span{near - wide, near} : Span{near, near + wide};
      if (free(window)) return cut(window);
    }
    return {};
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

  XrayLine line_;
  EnergyAxis axis_;
  double resolution_;
  WindowRule rule_;
  std::vector<double> peaks_;
  std::vector<std::string> overlaps_;
};

}  // namespace

std::vector<LineWindows> line_windows(const std::vector<ExpectedLine>& lines, const std::vector<ExpectedLine>& others,
                                      const EnergyAxis& axis, double resolution_mn_ka, const WindowRule& rule) {
  std::vector<LineWindows> all;
  for (const ExpectedLine& line : lines) {
    all.push_back(Placement(line, lines, others, axis, resolution_mn_ka, rule).place());
  }
  return all;
}

LineCounts line_counts(const LineWindows& windows, double signal, double background) {
  const double ratio = windows.ratio();
  return {signal, signal - ratio * background, signal + ratio * ratio * background};
}

}  // namespace ruska::ops::eds
