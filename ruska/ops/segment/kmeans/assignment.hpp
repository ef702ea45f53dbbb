// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "ruska/base/spare.hpp"
#include "ruska/ops/segment/kmeans/clustering.hpp"

namespace ruska::ops::segment {

/// Where the sums of one clustering lie in a row of doubles.
struct SumsLayout {
  std::size_t clusters, columns;
  std::size_t values(std::size_t k) const { return k * columns; }
  std::size_t weight(std::size_t k) const { return clusters * columns + k; }
  std::size_t size(std::size_t k) const { return clusters * (columns + 1) + k; }
  std::size_t deviation() const { return clusters * (columns + 2); }  ///< Σ weight · |f − mean|² of those assigned
  std::size_t changed() const { return deviation() + 1; }             ///< positions with another label than before
  std::size_t length() const { return deviation() + 2; }
};

/// A clustering on its way, with what spares work: a position whose nearest centre leads by more than all centres have
/// moved since keeps its label unseen (Hamerly, SIAM Data Mining 2010, with one bound: the lead), and the sums change
/// by the positions that change their label.
class Course {
 public:
  /// All positions of `clustering`, which must live longer, are without a label.
  Course(const Positions& positions, Clustering& clustering);

  void clear_labels();
  void clear_sums();
  /// Adds what an assigner found.
  void add(std::span<const double> change);
  /// The means of the clusters' positions less the mean of all, as centres; zeros where there are no positions.
  std::vector<double> means() const;
  /// Σ weight · |f − centre|² of the assigned positions, from their means: |f − m − c|² = |f − m|² + |c|² − 2 c·(f −
  /// m).
  double inertia(std::span<const double> means) const;
  double weight(std::size_t cluster) const { return sums_[layout.weight(cluster)]; }
  double size(std::size_t cluster) const { return sums_[layout.size(cluster)]; }
  /// Says that centres went by these distances.
  void moved(std::span<const double> by);

  const SumsLayout layout;
  Clustering& clustering;
  std::vector<double> lead;  ///< per position: how much nearer its centre is than the next, less what was lost since
  std::vector<double> lost;  ///< per cluster: what its positions may have lost of their lead by the last move

 private:
  const FeatureSpace& space_;
  std::vector<double> sums_;
};

/// Assigns positions to their nearest centres, the first of equals.
class Assigner {
 public:
  explicit Assigner(const Positions& positions);

  /// Assigns every position of the partitions (of the chosen ones, where any are named) in every course and returns the
  /// changes of their sums, one course after the other; empty where no label changed.
  std::vector<double> assign(const Partitions& partitions, const std::vector<std::int64_t>& chosen,
                             const std::vector<Course*>& courses, const std::string& stage, Context& context);

 private:
  const Positions& positions_;
  double mean_square_;
  Spare<std::vector<double>> spare_;
};

/// The position with the largest weighted squared distance to its centre.
struct Farthest {
  std::int64_t position = -1;
  double weighted_square = 0;
};
Farthest farthest(const Positions& positions, const Clustering& clustering, Context& context);

/// Labels of all ranks, and no clusters that are empty.
void complete(const Positions& positions, Clustering& clustering, Context& context);

}  // namespace ruska::ops::segment
