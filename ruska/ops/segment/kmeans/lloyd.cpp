// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <functional>

#include <cblas.h>

#include "ruska/ops/segment/kmeans/assignment.hpp"

namespace ruska::ops::segment {
namespace {

/// What ends Lloyd's iterations.
struct Thresholds {
  double move = 0;      ///< summed squares of the moves of all centres
  double distinct = 0;  ///< weighted square of a distance beyond what rounding takes a position from its own mean
};

Thresholds thresholds_of(const Positions& positions, double tolerance) {
  const FeatureSpace& space = positions.space;
  double scatter = 0;
  for (std::size_t row = 0; row < positions.deviation.size(); ++row) {
    scatter += space.row_weight[row] * positions.deviation[row];
  }
  const double mean_deviation = scatter / space.total_weight;
  return {tolerance * mean_deviation / static_cast<double>(std::max<std::int64_t>(1, space.columns_in_use)),
          1e-12 * (space.mean_square() + mean_deviation) * space.total_weight /
              static_cast<double>(std::max<std::int64_t>(1, space.rows_in_use))};
}

struct Step {
  double moved = 0;  ///< Σ |move|² of the centres that went to the mean of their positions
  bool refilled = false;
};

/// Moves every centre to the mean of its positions, and the first that has none to the farthest position.
Step step(const Positions& positions, double distinct, std::vector<double> means, Course& course, Context& context) {
  Clustering& one = course.clustering;
  const std::size_t columns = course.layout.columns;
  Step done;
  std::vector<double> by(course.layout.clusters, 0.0), away(columns);
  for (std::size_t k = 0; k < by.size(); ++k) {
    const auto centre = means.begin() + static_cast<std::ptrdiff_t>(k * columns);
    const auto before = one.centres.begin() + static_cast<std::ptrdiff_t>(k * columns);
    const bool empty = course.size(k) == 0;
    if (empty) {
      std::copy_n(before, columns, centre);
      if (done.refilled) continue;
      const Farthest found = farthest(positions, one, context);
      if (found.weighted_square <= distinct) continue;
      const std::vector<double> there = features_of(positions.rows.data(), positions.space, {found.position});
      std::copy(there.begin(), there.end(), centre);
      done.refilled = true;
    }
    std::transform(centre, centre + static_cast<std::ptrdiff_t>(columns), before, away.begin(), std::minus<>());
    const double square = cblas_ddot(static_cast<int>(columns), away.data(), 1, away.data(), 1);
    by[k] = std::sqrt(square);
    if (!empty) done.moved += square;
  }
  one.centres = std::move(means);
  course.moved(by);
  return done;
}

}  // namespace

void lloyd(const Positions& positions, std::int64_t iterations, double tolerance, std::vector<Clustering>& clusterings,
           const std::string& stage, Context& context) {
  const Thresholds thresholds = thresholds_of(positions, tolerance);
  Assigner assigner(positions);
  std::vector<Course> courses;
  courses.reserve(clusterings.size());
  for (Clustering& one : clusterings) courses.emplace_back(positions, one);
  std::vector<Course*> active;
  for (Course& course : courses) active.push_back(&course);
  std::vector<std::uint8_t> last(courses.size(), 0);  // the next pass only assigns

  for (std::int64_t iteration = 0; !active.empty(); ++iteration) {
    const std::vector<double> changes = assigner.assign(positions.rows.partitions(), {}, active, stage, context);
    std::vector<Course*> still;
    for (std::size_t a = 0; a < active.size(); ++a) {
      Course& course = *active[a];
      Clustering& one = course.clustering;
      bool changed = false;
      if (!changes.empty()) {
        const auto own = std::span(changes).subspan(a * course.layout.length(), course.layout.length());
        course.add(own);
        changed = own[course.layout.changed()] > 0;
      }
      std::vector<double> means = course.means();
      one.inertia = course.inertia(means);
      one.trace.push_back(one.inertia);
      one.size.resize(course.layout.clusters);
      for (std::size_t k = 0; k < one.size.size(); ++k) one.size[k] = static_cast<std::int64_t>(course.size(k));
      std::uint8_t& ends = last[static_cast<std::size_t>(&course - courses.data())];
      if (ends) continue;
      const Step done = step(positions, thresholds.distinct, std::move(means), course, context);
      const bool settled = !changed && !done.refilled;
      const bool near = done.moved <= thresholds.move && !done.refilled;
      one.converged = settled || near;
      if (settled) continue;
      if (near || iteration + 1 >= iterations) ends = 1;
      still.push_back(&course);
    }
    active = std::move(still);
  }
  for (Clustering& one : clusterings) complete(positions, one, context);
}

}  // namespace ruska::ops::segment
