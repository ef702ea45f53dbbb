// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/origin/surface_fit.hpp"

#include <cmath>
#include <limits>

#include <Eigen/Dense>

namespace ruska::ops::diffraction {
namespace {

constexpr int robust_passes = 3;
constexpr double cut = 2.0;
constexpr std::int64_t enough_to_scatter = 8;  // centres more than coefficients: fewer may lie close by chance
constexpr double kept_by_cut = 0.8796;         // of a normal law's standard deviation

struct Grid {
  std::int64_t rows = 1, columns = 1;

  explicit Grid(const Shape& scan) {
    if (!scan.empty()) columns = scan.back();
    if (scan.size() > 1) rows = scan[scan.size() - 2];
  }
  /// 1, u, v, u², uv, v² with u and v from −1 to 1; 0 along an axis of one position.
  Eigen::VectorXd terms(std::int64_t position, Eigen::Index number) const {
    const auto along = [](std::int64_t index, std::int64_t size) {
      return size > 1 ? 2.0 * static_cast<double>(index) / static_cast<double>(size - 1) - 1 : 0.0;
    };
    const double u = along(position % columns, columns), v = along(position / columns % rows, rows);
    Eigen::VectorXd all(6);
    all << 1, u, v, u * u, u * v, v * v;
    return all.head(number);
  }
};

Eigen::Index coefficients_of(const std::string& surface) {
  return surface == "parabola" ? 6 : surface == "plane" ? 3 : 1;
}

/// The pseudo-inverse of a normal matrix: terms that the scan cannot tell apart share what they explain.
struct Inverse {
  Eigen::MatrixXd matrix;
  Eigen::Index rank = 0;
  explicit Inverse(const Eigen::MatrixXd& normal) : matrix(Eigen::MatrixXd::Zero(normal.rows(), normal.rows())) {
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(normal);
    const double least = 1e-10 * solver.eigenvalues().maxCoeff();
    for (Eigen::Index i = 0; i < normal.rows(); ++i) {
      if (!(solver.eigenvalues()[i] > least)) continue;
      ++rank;
      matrix += solver.eigenvectors().col(i) * solver.eigenvectors().col(i).transpose() / solver.eigenvalues()[i];
    }
  }
};

struct Judged {
  SurfaceFit fit;
  double criterion = 0;
};

Judged fit_one(const std::vector<DiscCenter>& centers, const Shape& scan, const std::string& surface) {
  const Grid grid(scan);
  const Eigen::Index number = coefficients_of(surface);
  Judged judged;
  SurfaceFit& fit = judged.fit;
  fit.used.resize(centers.size());
  std::int64_t found = 0;
  for (std::size_t p = 0; p < centers.size(); ++p) found += (fit.used[p] = centers[p].found) ? 1 : 0;
  Eigen::VectorXd x, y;
  Eigen::MatrixXd inverse;
  double correction = 1;
  for (int pass = 0; pass <= robust_passes; ++pass) {
    Eigen::MatrixXd normal = Eigen::MatrixXd::Zero(number, number);
    Eigen::VectorXd right_x = Eigen::VectorXd::Zero(number), right_y = right_x;
    fit.kept = 0;
    for (std::size_t p = 0; p < centers.size(); ++p) {
      if (!fit.used[p]) continue;
      const Eigen::VectorXd terms = grid.terms(static_cast<std::int64_t>(p), number);
      normal += terms * terms.transpose();
      right_x += terms * centers[p].at.x;
      right_y += terms * centers[p].at.y;
      ++fit.kept;
    }
    const Inverse solved(normal);
    if (fit.kept < solved.rank || fit.kept == 0) {
      throw Error(ErrorKind::bad_data, "only " + std::to_string(found) + " of " + std::to_string(centers.size()) +
                                           " patterns show a disc; that is too few for a " + surface +
                                           ". Give --probe_radius, or --surface constant");
    }
    inverse = solved.matrix;
    x = inverse * right_x;
    y = inverse * right_y;
    double squares_x = 0, squares_y = 0, counting_x = 0, counting_y = 0;
    for (std::size_t p = 0; p < centers.size(); ++p) {
      if (!fit.used[p]) continue;
      const Eigen::VectorXd terms = grid.terms(static_cast<std::int64_t>(p), number);
      squares_x += std::pow(centers[p].at.x - terms.dot(x), 2);
      squares_y += std::pow(centers[p].at.y - terms.dot(y), 2);
      counting_x += centers[p].sigma.x * centers[p].sigma.x / static_cast<double>(fit.kept);
      counting_y += centers[p].sigma.y * centers[p].sigma.y / static_cast<double>(fit.kept);
    }
    const auto freedom = static_cast<double>(std::max<std::int64_t>(1, fit.kept - solved.rank));
    fit.scatter_x = std::sqrt(squares_x / freedom) / correction;
    fit.scatter_y = std::sqrt(squares_y / freedom) / correction;
    if (fit.kept - solved.rank < enough_to_scatter) {
      fit.scatter_x = std::max(fit.scatter_x, std::sqrt(counting_x));
      fit.scatter_y = std::max(fit.scatter_y, std::sqrt(counting_y));
    }
    if (pass == robust_passes) break;
    // Rounding alone must not decide which of equal centres are kept.
    const double reach_x = cut * fit.scatter_x + 1e-9, reach_y = cut * fit.scatter_y + 1e-9;
    for (std::size_t p = 0; p < centers.size(); ++p) {
      const Eigen::VectorXd terms = grid.terms(static_cast<std::int64_t>(p), number);
      fit.used[p] = centers[p].found && std::abs(centers[p].at.x - terms.dot(x)) <= reach_x &&
                    std::abs(centers[p].at.y - terms.dot(y)) <= reach_y;
    }
    correction = kept_by_cut;
  }
  const auto list = [&](const Eigen::VectorXd& from) {
    return surface_in_indices({from.data(), from.data() + from.size()}, grid.rows, grid.columns);
  };
  fit.origin.surface = surface;
  fit.origin.x = list(x);
  fit.origin.y = list(y);
  fit.origin.scan = scan;
  double squares = 0;
  fit.sigma.resize(static_cast<std::size_t>(grid.rows * grid.columns));
  for (std::size_t p = 0; p < fit.sigma.size(); ++p) {
    const Eigen::VectorXd terms = grid.terms(static_cast<std::int64_t>(p), number);
    const double spread = std::max(0.0, terms.dot(inverse * terms));
    squares += spread;
    fit.sigma[p] = {fit.scatter_x * std::sqrt(spread), fit.scatter_y * std::sqrt(spread)};
  }
  const double mean_spread = std::sqrt(squares / static_cast<double>(fit.sigma.size()));
  fit.origin.sigma_x = fit.scatter_x * mean_spread;
  fit.origin.sigma_y = fit.scatter_y * mean_spread;
  // Of the found centres, since each surface keeps other ones; the floor keeps exact data from deciding by rounding.
  const auto n = static_cast<double>(found);
  constexpr double floor = 1e-6;
  judged.criterion = n * std::log(fit.scatter_x * fit.scatter_x + floor * floor) +
                     n * std::log(fit.scatter_y * fit.scatter_y + floor * floor) +
                     2 * static_cast<double>(number) * std::log(n);
  return judged;
}

}  // namespace

SurfaceFit fit_surface(const std::vector<DiscCenter>& centers, const Shape& scan, const std::string& surface) {
  if (surface != "auto") return fit_one(centers, scan, surface).fit;
  std::int64_t found = 0;
  for (const DiscCenter& one : centers) found += one.found ? 1 : 0;
  Judged best = fit_one(centers, scan, "constant");
  for (const char* richer : {"plane", "parabola"}) {
    if (found < 4 * coefficients_of(richer)) break;  // too few to judge
    Judged judged = fit_one(centers, scan, richer);
    if (judged.criterion < best.criterion) best = std::move(judged);
  }
  return std::move(best.fit);
}

}  // namespace ruska::ops::diffraction
