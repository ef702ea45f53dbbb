// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/scan/detectors.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>

#include "ruska/base/error.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr std::int64_t most_segments = 360;

[[noreturn]] void wrong(const std::string& text, const std::string& what) {
  throw Error(ErrorKind::invalid_argument,
              "the detector '" + text + "' " + what +
                  "; detectors are NAME=disc:R, NAME=annulus:R1:R2, NAME=segments:N:R1:R2 (with :ANGLE), "
                  "NAME=polygon:X:Y:X:Y:X:Y, and @X:Y behind it moves one from the centre");
}

std::vector<double> numbers_of(const std::string& text, std::string_view list) {
  std::vector<double> numbers;
  while (true) {
    const std::size_t colon = list.find(':');
    const std::string_view item = list.substr(0, colon);
    double value = 0;
    const auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), value);
    if (error != std::errc{} || end != item.data() + item.size() || !std::isfinite(value)) {
      wrong(text, "has '" + std::string(item) + "' where a number must be");
    }
    numbers.push_back(value);
    if (colon == std::string_view::npos) return numbers;
    list.remove_prefix(colon + 1);
  }
}

std::string shown(double value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  return {buffer, end};
}

/// Points along an arc, in lengths from the middle.
void add_arc(std::vector<double>& line, double radius, double from, double to) {
  const int steps = std::max(2, static_cast<int>(std::ceil(std::abs(to - from) / (2 * std::numbers::pi) * 96)));
  for (int i = 0; i <= steps; ++i) {
    const double angle = from + (to - from) * i / steps;
    line.push_back(radius * std::cos(angle));
    line.push_back(radius * std::sin(angle));
  }
}

bool inside_polygon(const std::vector<double>& corners, double x, double y) {
  bool inside = false;
  const std::size_t number = corners.size() / 2;
  for (std::size_t i = 0, j = number - 1; i < number; j = i++) {
    const double xi = corners[2 * i], yi = corners[2 * i + 1], xj = corners[2 * j], yj = corners[2 * j + 1];
    if ((yi > y) != (yj > y) && x < (xj - xi) * (y - yi) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}

}  // namespace

DetectorShape parse_detector(const std::string& text) {
  DetectorShape shape;
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) wrong(text, "has no name");
  shape.name = text.substr(0, equals);
  std::string_view rest = std::string_view(text).substr(equals + 1);
  if (const std::size_t at = rest.find('@'); at != std::string_view::npos) {
    const std::vector<double> middle = numbers_of(text, rest.substr(at + 1));
    if (middle.size() != 2) wrong(text, "has a middle of " + std::to_string(middle.size()) + " numbers");
    shape.x = middle[0];
    shape.y = middle[1];
    rest = rest.substr(0, at);
  }
  const std::size_t colon = rest.find(':');
  const std::string_view kind = rest.substr(0, colon);
  std::vector<double> numbers;
  if (colon != std::string_view::npos) numbers = numbers_of(text, rest.substr(colon + 1));
  const auto needs = [&](std::size_t least, std::size_t most) {
    if (numbers.size() < least || numbers.size() > most) {
      wrong(text, "gives " + std::to_string(numbers.size()) + " numbers to its " + std::string(kind));
    }
  };
  const auto ring = [&](double inner, double outer) {
    if (!(inner >= 0 && outer > inner)) wrong(text, "needs radii 0 ≤ R1 < R2");
    shape.inner = inner;
    shape.outer = outer;
  };
  if (kind == "disc") {
    needs(1, 1);
    shape.kind = DetectorShape::Kind::disc;
    ring(0, numbers[0]);
  } else if (kind == "annulus") {
    needs(2, 2);
    shape.kind = DetectorShape::Kind::annulus;
    ring(numbers[0], numbers[1]);
  } else if (kind == "segments") {
    needs(3, 4);
    shape.kind = DetectorShape::Kind::segments;
    if (!(numbers[0] >= 2 && numbers[0] <= most_segments && numbers[0] == std::floor(numbers[0]))) {
      wrong(text, "needs 2 to " + std::to_string(most_segments) + " segments");
    }
    shape.segments = static_cast<std::int64_t>(numbers[0]);
    ring(numbers[1], numbers[2]);
    if (numbers.size() == 4) shape.angle = numbers[3];
  } else if (kind == "polygon") {
    if (numbers.size() < 6 || numbers.size() % 2 != 0) wrong(text, "needs at least three corners, x and y of each");
    shape.kind = DetectorShape::Kind::polygon;
    shape.corners = std::move(numbers);
  } else {
    wrong(text, "is of no known kind");
  }
  return shape;
}

std::string definition_of(const DetectorShape& shape) {
  std::string text = shape.name + "=";
  switch (shape.kind) {
    case DetectorShape::Kind::disc: text += "disc:" + shown(shape.outer); break;
    case DetectorShape::Kind::annulus: text += "annulus:" + shown(shape.inner) + ":" + shown(shape.outer); break;
    case DetectorShape::Kind::segments:
      text += "segments:" + std::to_string(shape.segments) + ":" + shown(shape.inner) + ":" + shown(shape.outer) + ":" +
              shown(shape.angle);
      break;
    case DetectorShape::Kind::polygon:
      text += "polygon";
      for (const double corner : shape.corners) text += ":" + shown(corner);
      break;
  }
  if (shape.x != 0 || shape.y != 0) text += "@" + shown(shape.x) + ":" + shown(shape.y);
  return text;
}

std::vector<Detector> make_detectors(const DetectorShape& shape, const FrameGeometry& geometry) {
  using Kind = DetectorShape::Kind;
  constexpr double turn = 2 * std::numbers::pi;
  const auto pixels = static_cast<std::size_t>(geometry.height * geometry.width);
  std::vector<Detector> detectors(static_cast<std::size_t>(shape.count()));
  const double first_angle = shape.angle / 360 * turn;
  const double step = turn / static_cast<double>(shape.count());
  const Matrix to_pixels = geometry.to_lengths.inverse();
  for (std::size_t s = 0; s < detectors.size(); ++s) {
    Detector& one = detectors[s];
    one.name = shape.name + (shape.kind == Kind::segments ? std::to_string(s + 1) : "");
    one.mask.resize(pixels);
    one.outline.name = one.name;
    auto& lines = one.outline.lines;
    if (shape.kind == Kind::polygon) {
      lines.push_back(shape.corners);
    } else if (shape.kind == Kind::segments) {
      const double from = first_angle + step * static_cast<double>(s);
      add_arc(lines.emplace_back(), shape.outer, from, from + step);
      if (shape.inner > 0) {
        add_arc(lines.back(), shape.inner, from + step, from);
      } else {
        lines.back().insert(lines.back().end(), {0, 0});
      }
    } else {
      add_arc(lines.emplace_back(), shape.outer, 0, turn);
      if (shape.inner > 0) add_arc(lines.emplace_back(), shape.inner, 0, turn);
    }
    for (std::vector<double>& line : lines) {
      for (std::size_t i = 0; i + 1 < line.size(); i += 2) {
        const Vector at = to_pixels * Vector{line[i] + shape.x, line[i + 1] + shape.y};
        line[i] = geometry.center_x + at.x;
        line[i + 1] = geometry.center_y + at.y;
      }
    }
  }
  for (std::int64_t row = 0; row < geometry.height; ++row) {
    for (std::int64_t column = 0; column < geometry.width; ++column) {
      const Vector at = geometry.at(row, column);
      const double x = at.x - shape.x, y = at.y - shape.y;
      std::size_t segment = 0;
      bool inside = false;
      if (shape.kind == Kind::polygon) {
        inside = inside_polygon(shape.corners, x, y);
      } else {
        const double radius = std::hypot(x, y);
        inside = radius <= shape.outer && (shape.inner == 0 || radius > shape.inner);
        if (inside && shape.kind == Kind::segments) {
          double part = std::fmod((std::atan2(y, x) - first_angle) / step, static_cast<double>(shape.segments));
          if (part < 0) part += static_cast<double>(shape.segments);
          segment = std::min(static_cast<std::size_t>(part), detectors.size() - 1);
        }
      }
      if (inside) detectors[segment].mask[static_cast<std::size_t>(row * geometry.width + column)] = 1;
    }
  }
  if (geometry.shift_x != 0 || geometry.shift_y != 0) return detectors;
  for (const Detector& one : detectors) {
    if (std::find(one.mask.begin(), one.mask.end(), 1) == one.mask.end()) {
      throw Error(ErrorKind::invalid_argument, "the detector '" + one.name + "' of " + definition_of(shape) +
                                                   " holds no pixel of the " + std::to_string(geometry.height) + " x " +
                                                   std::to_string(geometry.width) +
                                                   " frames; are its lengths in the right unit (--lengths)?");
    }
  }
  return detectors;
}

}  // namespace ruska::ops::diffraction
