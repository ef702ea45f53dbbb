// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/aligned_components.hpp"

#include <cmath>

#include <Eigen/Dense>

namespace ruska::ops::unmix {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Eigen::Index index(std::size_t i) { return static_cast<Eigen::Index>(i); }

}  // namespace

std::vector<double> aligning_rotation(std::span<const double> ours, std::span<const double> theirs,
                                      std::span<const std::size_t> group, std::size_t length) {
  const std::size_t count = group.size();
  const Eigen::Map<const Matrix> a(ours.data(), index(count), index(length));
  const Eigen::Map<const Matrix> b(theirs.data(), index(count), index(length));
  const Matrix overlap = a * b.transpose();

  std::vector<std::size_t> partner(count, count);
  std::vector<bool> taken(count, false);
  for (std::size_t pair = 0; pair < count; ++pair) {
    std::size_t best_ours = count, best_theirs = count;
    for (std::size_t p = 0; p < count; ++p) {
      for (std::size_t q = 0; q < count && partner[p] == count; ++q) {
        const bool better = best_ours == count || std::abs(overlap(index(p), index(q))) >
                                                      std::abs(overlap(index(best_ours), index(best_theirs)));
        if (!taken[q] && better) best_ours = p, best_theirs = q;
      }
    }
    partner[best_ours] = best_theirs;
    taken[best_theirs] = true;
  }

  std::vector<double> rotation(count * count, 0.0);
  for (std::size_t first = 0; first < count; ++first) {
    std::vector<std::size_t> members;
    for (std::size_t p = 0; p < count; ++p) {
      if (group[p] == group[first]) members.push_back(p);
    }
    if (members.front() != first) continue;
    const std::size_t size = members.size();
    if (size == 1) {
      rotation[first * count + partner[first]] = overlap(index(first), index(partner[first])) < 0 ? -1 : 1;
      continue;
    }
    Eigen::MatrixXd block(size, size);
    for (std::size_t p = 0; p < size; ++p) {
      for (std::size_t q = 0; q < size; ++q) {
        block(index(p), index(q)) = overlap(index(members[p]), index(partner[members[q]]));
      }
    }
    const Eigen::JacobiSVD<Eigen::MatrixXd> svd(block, Eigen::ComputeFullU | Eigen::ComputeFullV);
    const Eigen::MatrixXd nearest = svd.matrixU() * svd.matrixV().transpose();
    for (std::size_t p = 0; p < size; ++p) {
      for (std::size_t q = 0; q < size; ++q) {
        rotation[members[p] * count + partner[members[q]]] = nearest(index(p), index(q));
      }
    }
  }
  return rotation;
}

void align(std::span<const double> rotation, std::size_t count, std::vector<double>& factors,
           std::vector<double>& loadings) {
  const Eigen::Map<const Matrix> turn(rotation.data(), index(count), index(count));
  Eigen::Map<Matrix> spectra(factors.data(), index(count), index(factors.size() / count));
  Eigen::Map<Matrix> maps(loadings.data(), index(loadings.size() / count), index(count));
  spectra = (turn * spectra).eval();
  maps = (maps * turn.transpose()).eval();
}

}  // namespace ruska::ops::unmix
