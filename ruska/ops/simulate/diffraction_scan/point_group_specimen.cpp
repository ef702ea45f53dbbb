// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numbers>

#include "ruska/base/error.hpp"
#include "ruska/base/random.hpp"
#include "ruska/base/text.hpp"
#include "ruska/ops/simulate/diffraction_scan/specimen.hpp"

namespace ruska::ops::simulate {
namespace {

struct Group {
  int rotations = 1;
  bool mirrors = false;
};

Group group_of(const std::string& name) {
  const std::vector<std::string>& known = known_point_groups();
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    throw Error(ErrorKind::invalid_argument, "point_groups holds '" + name + "'; allowed are " + join(known, ", "));
  }
  const bool mirrors = name.back() == 'm';
  return {name == "m" ? 1 : name[0] - '0', mirrors};
}

struct Blob {
  Vector place{};
  double width = 0, height = 0;
};

/// A convergent-beam disc filled with Gaussian blobs: a few at random places, and their images under the group. Blobs
/// stay away from the mirror lines, and no group's pattern has another's symmetry by chance.
std::vector<Blob> blobs_of(Group group, double radius, double orientation, std::uint64_t seed, std::uint64_t stripe) {
  const int order = group.rotations * (group.mirrors ? 2 : 1);
  const double sector = 2 * std::numbers::pi / order;
  Random random(seed, "point group", stripe);
  std::vector<Blob> blobs;
  for (int i = 0, number = 2 + 12 / order; i < number; ++i) {
    const double distance = radius * (0.25 + 0.6 * (i + random.uniform()) / number);
    const double angle = sector * (0.2 + 0.6 * random.uniform());
    const double width = radius * (0.08 + 0.06 * random.uniform()), height = 0.5 + random.uniform();
    for (int n = 0; n < group.rotations; ++n) {
      for (int mirror = 0; mirror <= (group.mirrors ? 1 : 0); ++mirror) {
        const double image = (mirror == 1 ? -angle : angle) + 2 * std::numbers::pi * n / group.rotations +
                             orientation * diffraction::radians_per_degree;
        blobs.push_back({{distance * std::cos(image), distance * std::sin(image)}, width, height});
      }
    }
  }
  return blobs;
}

class PointGroupSpecimen final : public Specimen {
 public:
  PointGroupSpecimen(const Camera& camera, Disc disc, const PointGroupPatterns& patterns)
      : camera_(camera), disc_(disc), names_(patterns.groups) {
    if (names_.empty()) {
      throw Error(ErrorKind::invalid_argument,
                  "point_groups is empty; allowed are " + join(known_point_groups(), ", "));
    }
    for (std::size_t i = 0; i < names_.size(); ++i) {
      blobs_.push_back(blobs_of(group_of(names_[i]), disc.radius, patterns.orientation, patterns.seed, i));
    }
    if (!camera_.still()) return;
    for (std::size_t i = 0; i < names_.size(); ++i) fixed_.push_back(make(i, camera_.origin(0)));
  }

  void expect(std::int64_t position, std::span<double> pattern) const override {
    const std::size_t stripe = stripe_of(position);
    if (fixed_.empty()) {
      const std::vector<double> made = make(stripe, camera_.origin(position));
      std::copy(made.begin(), made.end(), pattern.begin());
    } else {
      std::copy(fixed_[stripe].begin(), fixed_[stripe].end(), pattern.begin());
    }
  }

  std::vector<TruthMap> truth() const override {
    std::string note = "The truth: numbers stand for";
    for (std::size_t i = 0; i < names_.size(); ++i) note += " " + std::to_string(i) + " = " + names_[i];
    return {{.name = "point_group",
             .title = "Point group of the pattern",
             .note = note,
             .components = {""},
             .fill = [this](std::int64_t position,
                            std::span<double> values) { values[0] = static_cast<double>(stripe_of(position)); },
             .labels = true}};
  }

 private:
  std::size_t stripe_of(std::int64_t position) const {
    return static_cast<std::size_t>(position % camera_.columns * static_cast<std::int64_t>(names_.size()) /
                                    camera_.columns);
  }
  std::vector<double> make(std::size_t stripe, Vector origin) const {
    constexpr double between = 0.1;  // the blobs' heights are 0.5 to 1.5
    std::vector<double> pattern(static_cast<std::size_t>(camera_.pixels()));
    double total = 0;
    camera_.for_each_pixel(origin, [&](std::size_t pixel, Vector k) {
      double sum = between;
      for (const Blob& blob : blobs_[stripe]) {
        const double x = k.x - blob.place.x, y = k.y - blob.place.y;
        sum += blob.height * std::exp(-0.5 * (x * x + y * y) / (blob.width * blob.width));
      }
      total += pattern[pixel] = sum * disc_(length(k));
    });
    for (double& value : pattern) value /= total;
    return pattern;
  }

  Camera camera_;
  Disc disc_;
  std::vector<std::string> names_;
  std::vector<std::vector<Blob>> blobs_;
  std::vector<std::vector<double>> fixed_;
};

}  // namespace

const std::vector<std::string>& known_point_groups() {
  static const std::vector<std::string> names{"1", "2", "3", "4", "6", "m", "2mm", "3m", "4mm", "6mm"};
  return names;
}

std::unique_ptr<Specimen> point_group_specimen(const Camera& camera, Disc disc, const PointGroupPatterns& patterns) {
  return std::make_unique<PointGroupSpecimen>(camera, disc, patterns);
}

}  // namespace ruska::ops::simulate
