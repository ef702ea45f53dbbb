// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/simplex_vertices.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include <Eigen/Dense>

#include "ruska/base/random.hpp"

namespace ruska::ops::unmix {
namespace {

/// An exchange must enlarge the volume by more than rounding does.
constexpr double worth_an_exchange = 1 + 1e-9;

}  // namespace

std::vector<std::size_t> successive_projections(std::vector<double> points, std::size_t width, std::size_t asked) {
  const std::size_t number = points.size() / width;
  std::vector<std::size_t> found;
  std::vector<std::uint8_t> taken(number, 0);
  while (found.size() < asked) {
    std::size_t best = number;
    double best_norm = -1;
    for (std::size_t i = 0; i < number; ++i) {
      double norm = 0;
      for (std::size_t k = 0; k < width; ++k) norm += points[i * width + k] * points[i * width + k];
      if (taken[i] == 0 && norm > best_norm) {
        best_norm = norm;
        best = i;
      }
    }
    taken[best] = 1;
    found.push_back(best);
    if (!(best_norm > 0)) continue;
    const std::vector<double> direction(points.begin() + static_cast<std::ptrdiff_t>(best * width),
                                        points.begin() + static_cast<std::ptrdiff_t>((best + 1) * width));
    for (std::size_t i = 0; i < number; ++i) {
      double along = 0;
      for (std::size_t k = 0; k < width; ++k) along += points[i * width + k] * direction[k];
      for (std::size_t k = 0; k < width; ++k) points[i * width + k] -= along / best_norm * direction[k];
    }
  }
  return found;
}

std::vector<std::size_t> vertex_components(const std::vector<double>& points, std::size_t width, std::size_t asked,
                                           std::uint64_t seed, std::uint64_t start) {
  const std::size_t number = points.size() / width;
  const auto dimensions = static_cast<Eigen::Index>(width);
  // What all points have in common tells none from another: the first direction is orthogonal to their mean.
  Eigen::VectorXd mean = Eigen::VectorXd::Zero(dimensions);
  for (std::size_t i = 0; i < number; ++i) mean += Eigen::Map<const Eigen::VectorXd>(&points[i * width], dimensions);
  std::vector<Eigen::VectorXd> basis;
  const auto remove = [&](Eigen::VectorXd& vector) {
    for (const Eigen::VectorXd& one : basis) vector -= one.dot(vector) * one;
  };
  if (width > 1 && mean.norm() > 0) basis.push_back(mean.normalized());

  std::vector<std::size_t> found;
  std::vector<std::uint8_t> taken(number, 0);
  const std::string stream = "vertex_components." + std::to_string(start);
  while (found.size() < asked) {
    Random random(seed, stream, found.size());
    Eigen::VectorXd direction(dimensions);
    for (double& one : direction) one = random.normal();
    remove(direction);
    std::size_t best = number;
    double farthest = -1;
    for (std::size_t i = 0; i < number; ++i) {
      const double along = std::fabs(direction.dot(Eigen::Map<const Eigen::VectorXd>(&points[i * width], dimensions)));
      if (taken[i] == 0 && along > farthest) {
        farthest = along;
        best = i;
      }
    }
    taken[best] = 1;
    if (found.empty()) basis.clear();  // from here on the vertices take the mean's place
    found.push_back(best);
    Eigen::VectorXd vertex = Eigen::Map<const Eigen::VectorXd>(&points[best * width], dimensions);
    const double length = vertex.norm();
    remove(vertex);
    if (vertex.norm() > 1e-12 * length) basis.push_back(vertex.normalized());
  }
  return found;
}

std::vector<std::size_t> largest_simplex(const std::vector<double>& points, std::size_t width, std::size_t asked) {
  const std::size_t number = points.size() / width;
  const auto dimensions = static_cast<Eigen::Index>(asked);
  std::vector<std::size_t> found = successive_projections(points, width, asked);
  std::vector<std::uint8_t> taken(number, 0);
  for (const std::size_t one : found) taken[one] = 1;
  // With coordinates y = M⁻ᵀ p of a point in terms of the vertices (rows of M), putting it in the place of vertex k
  // multiplies the volume by |y_k|.
  Eigen::MatrixXd vertices(dimensions, dimensions);
  for (std::size_t exchange = 0; exchange < 100 * asked; ++exchange) {
    for (std::size_t k = 0; k < asked; ++k) {
      vertices.row(static_cast<Eigen::Index>(k)) =
          Eigen::Map<const Eigen::RowVectorXd>(&points[found[k] * width], dimensions);
    }
    const Eigen::FullPivLU<Eigen::MatrixXd> factors(vertices);
    if (!factors.isInvertible()) break;  // the points do not fill so many dimensions
    const Eigen::MatrixXd inverse = factors.inverse();
    double most = worth_an_exchange;
    std::size_t best = number, place = 0;
    Eigen::RowVectorXd coordinates(dimensions);
    for (std::size_t i = 0; i < number; ++i) {
      if (taken[i] != 0) continue;
      coordinates.noalias() = Eigen::Map<const Eigen::RowVectorXd>(&points[i * width], dimensions) * inverse;
      for (std::size_t k = 0; k < asked; ++k) {
        const double growth = std::fabs(coordinates(static_cast<Eigen::Index>(k)));
        if (growth > most) {
          most = growth;
          best = i;
          place = k;
        }
      }
    }
    if (best == number) break;
    taken[found[place]] = 0;
    taken[best] = 1;
    found[place] = best;
  }
  return found;
}

}  // namespace ruska::ops::unmix
