// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/report/plot.hpp"

#include <algorithm>
#include <cmath>

namespace ruska::report {

namespace {

double scaled(Scale scale, double value) {
  switch (scale) {
    case Scale::root: return std::copysign(std::sqrt(std::fabs(value)), value);
    case Scale::logarithmic: return std::log(value);
    case Scale::linear: break;
  }
  return value;
}

}  // namespace

double Plot::y(double value) const {
  const double low = scaled(scale, y_low), high = scaled(scale, y_high);
  return bottom() - (scaled(scale, value) - low) / (high - low) * height;
}

void draw_frame(Svg& svg, const Plot& plot, const std::vector<Tick>& x_ticks, const std::vector<Tick>& y_ticks,
                bool numbers_below) {
  const LineStyle grid{.colour = "#e8ebef", .width = 1};
  for (const Tick& tick : x_ticks)
    svg.line({plot.x(tick.position), plot.top}, {plot.x(tick.position), plot.bottom()}, grid);
  for (const Tick& tick : y_ticks) {
    if (!tick.text.empty()) svg.line({plot.left, plot.y(tick.position)}, {plot.right(), plot.y(tick.position)}, grid);
  }
  svg.line({plot.left, plot.top}, {plot.left, plot.bottom()}, {.colour = faint_ink});
  svg.line({plot.left, plot.bottom()}, {plot.right(), plot.bottom()}, {.colour = faint_ink});
  for (const Tick& tick : x_ticks) {
    const double x = plot.x(tick.position);
    svg.line({x, plot.bottom()}, {x, plot.bottom() + 4}, {.colour = faint_ink});
    if (numbers_below) svg.text({x, plot.bottom() + 17}, tick.text, {.size = 11, .anchor = Anchor::middle});
  }
  for (const Tick& tick : y_ticks) {
    const double y = plot.y(tick.position);
    svg.line({plot.left - (tick.text.empty() ? 2 : 4), y}, {plot.left, y}, {.colour = faint_ink});
    svg.text({plot.left - 7, y + 4}, tick.text, {.size = 11, .anchor = Anchor::end});
  }
}

std::vector<std::vector<Point>> points_of(const Plot& plot, std::span<const double> x, std::span<const double> y) {
  std::vector<std::vector<Point>> runs;
  std::vector<Point> bucket;
  bool broken = true;
  const auto empty_bucket = [&] {
    if (bucket.empty()) return;
    std::vector<Point>& run = runs.back();
    const auto [low, high] =
        std::minmax_element(bucket.begin(), bucket.end(), [](const Point& a, const Point& b) { return a.y < b.y; });
    std::vector<const Point*> kept{&bucket.front(), &*low, &*high, &bucket.back()};
    std::sort(kept.begin(), kept.end());
    kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
    for (const Point* point : kept) run.push_back(*point);
    bucket.clear();
  };
  for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
    if (!std::isfinite(y[i]) || !std::isfinite(x[i]) || (plot.scale == Scale::logarithmic && !(y[i] > 0))) {
      empty_bucket();
      broken = true;
      continue;
    }
    const Point point{plot.x(x[i]), plot.y(y[i])};
    if (!bucket.empty() && std::floor(2 * bucket.front().x) != std::floor(2 * point.x)) empty_bucket();
    if (broken) runs.emplace_back();
    broken = false;
    bucket.push_back(point);
  }
  empty_bucket();
  return runs;
}

std::vector<double> spread(std::span<const double> wanted, double spacing, double low, double high) {
  // With y_i = x_i − i·spacing the order y_i ≤ y_{i+1} is all that is asked: isotonic regression, which pooling
  // adjacent violators solves in one pass.
  struct Block {
    double sum;
    double number;
    double mean() const { return sum / number; }
  };
  std::vector<Block> blocks;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    blocks.push_back({wanted[i] - static_cast<double>(i) * spacing, 1});
    while (blocks.size() > 1 && blocks[blocks.size() - 2].mean() > blocks.back().mean()) {
      const Block last = blocks.back();
      blocks.pop_back();
      blocks.back().sum += last.sum;
      blocks.back().number += last.number;
    }
  }
  const double highest = std::max(low, high - spacing * (static_cast<double>(wanted.size()) - 1));
  std::vector<double> places;
  for (const Block& block : blocks) {
    for (double k = 0; k < block.number; ++k) {
      places.push_back(std::clamp(block.mean(), low, highest) + static_cast<double>(places.size()) * spacing);
    }
  }
  return places;
}

}  // namespace ruska::report
