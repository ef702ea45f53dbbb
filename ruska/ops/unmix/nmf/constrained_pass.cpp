// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// The maps first, for given spectra: at every position the data's cost plus the penalty's majorant is lowered, for the
// likelihood by a few damped Newton steps on the simplex, for squares exactly. Every position sees its neighbours as
// they were before the pass, so that the order in which positions are worked on does not matter. Then the spectra, for
// given maps, by a step that cannot raise the data's cost (SpectraModel). The objective therefore never rises.
#include "ruska/ops/unmix/nmf/constrained_pass.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "ruska/kernels/channel_table.hpp"
#include "ruska/math/nonnegative_least_squares.hpp"
#include "ruska/math/simplex_least_squares.hpp"
#include "ruska/ops/unmix/nmf/least_squares_pass.hpp"
#include "ruska/ops/unmix/nmf/poisson_pass.hpp"

namespace ruska::ops::unmix {
namespace {

constexpr int first_newton_steps = 50;  // from loadings of no meaning
constexpr int newton_steps = 4;
constexpr double newton_tolerance = 1e-6;  // nats per row
constexpr int most_attempts = 3;           // at a length of a step
// From loadings of no meaning the theory's steps are short, and it does no harm if the cost rises: these go nearly to
// the minimum of the quadratic model, that of weighted least squares, but not onto bounds where counts lie in channels
// that nothing reaches.
constexpr int free_steps = 2;
constexpr double free_length = 0.9;

/// Newton steps of one row's shares on the simplex. The concave part of the penalty is replaced by its tangent at every
/// step, which lies above it, so that no step raises the cost. One object per worker and block.
class SimplexNewton {
 public:
  SimplexNewton(std::size_t components, const std::vector<double>& row_sum, const MapPenalty& penalty, int steps)
      : count_(components),
        row_sum_(row_sum),
        penalty_(penalty),
        steps_(steps),
        quadratic_(std::vector<double>(components * components, 0.0), components),
        share_(components),
        whole_(components),
        next_(components),
        from_(components),
        step_(components),
        target_(components),
        slope_(components),
        right_(components),
        hessian_(components * components) {}

  /// Returns the penalty's own part of the row.
  double operator()(PoissonRowSolver& solver, std::int64_t row, double* w);

 private:
  bool direction(PoissonRowSolver& solver, std::int64_t row, double reached, double weight);
  void go(PoissonRowSolver& solver, double* w, double weight, bool with_hessian);
  bool move(PoissonRowSolver& solver, double* w, double length, bool with_hessian);
  /// Whether steps may be long. Where positions depend on each other, all move at once and none knows how far the
  /// others go: long steps then let components vanish that short ones keep.
  bool bold() const { return !penalty_.couples(); }
  /// The shares of the whole row's signal, of which `reached` is in channels that a spectrum reaches.
  const double* whole(double reached) {
    for (std::size_t k = 0; k < count_; ++k) whole_[k] = reached * share_[k];
    return whole_.data();
  }

  std::size_t count_;
  const std::vector<double>& row_sum_;
  const MapPenalty& penalty_;
  int steps_;
  math::SimplexLeastSquares quadratic_;
  std::vector<double> share_, whole_, next_, from_, step_, target_, slope_, right_, hessian_;
  double fall_ = 0, decrement_ = 0;
};

double SimplexNewton::operator()(PoissonRowSolver& solver, std::int64_t row, double* w) {
  const double sum = solver.sum();
  double total = 0;
  for (std::size_t k = 0; k < count_; ++k) total += w[k];
  for (std::size_t k = 0; k < count_; ++k) {
    share_[k] = total > 0 ? w[k] / total : 1 / static_cast<double>(count_);
    w[k] = sum * share_[k];
  }
  // Channels that no spectrum reaches take no part: the shares that the penalty sees sum to a little less than one.
  const double reached = sum / row_sum_[static_cast<std::size_t>(row)];
  double weight = 0;
  if (penalty_.couples()) {
    weight = reached * reached * penalty_.pull(row, target_.data());
    for (double& one : target_) one /= reached;
  }
  if (!solver.derivatives(w, true)) {
    // The start left out every spectrum that reaches some channel with counts.
    for (std::size_t k = 0; k < count_; ++k) {
      share_[k] = 0.999 * share_[k] + 0.001 / static_cast<double>(count_);
      w[k] = sum * share_[k];
    }
    solver.derivatives(w, true);
  }
  for (int step = 0; step < steps_ && direction(solver, row, reached, weight); ++step) {
    if (steps_ == first_newton_steps && step < free_steps && bold()) {
      move(solver, w, free_length, true);
    } else {
      go(solver, w, weight, step + 1 < steps_);
    }
  }
  return penalty_.own(whole(reached));
}

/// The Newton step from where the solver is; false when nothing is left to gain.
bool SimplexNewton::direction(PoissonRowSolver& solver, std::int64_t row, double reached, double weight) {
  const double sum = solver.sum();
  penalty_.slope(row, whole(reached), slope_.data());
  double lowest = std::numeric_limits<double>::infinity(), here = 0;
  for (std::size_t k = 0; k < count_; ++k) {
    slope_[k] = reached * slope_[k] - sum * solver.gain()[k] + weight * (share_[k] - target_[k]);
    lowest = std::min(lowest, slope_[k]);
    here += slope_[k] * share_[k];
  }
  // To first order no point of the simplex lies lower than this.
  if (!(here - lowest > newton_tolerance)) return false;
  double trace = 0;
  for (std::size_t kl = 0; kl < count_ * count_; ++kl) hessian_[kl] = sum * sum * solver.hessian()[kl];
  for (std::size_t k = 0; k < count_; ++k) trace += hessian_[k * count_ + k] += weight;
  for (std::size_t k = 0; k < count_; ++k) {
    // Fewer nonzeros than spectra leave the matrix singular. A larger one only shortens the step.
    hessian_[k * count_ + k] += 1e-9 * trace + 1e-300;
    right_[k] = -slope_[k];
    for (std::size_t l = 0; l < count_; ++l) right_[k] += hessian_[k * count_ + l] * share_[l];
    next_[k] = share_[k];
  }
  quadratic_.set_gram(hessian_.data());
  quadratic_.improve(right_.data(), next_.data());
  double fall = 0, square = 0;  // expected to first order, and the squared length in the Hessian's metric
  for (std::size_t k = 0; k < count_; ++k) {
    double curved = 0;
    for (std::size_t l = 0; l < count_; ++l) curved += hessian_[k * count_ + l] * (next_[l] - share_[l]);
    square += (next_[k] - share_[k]) * curved;
    fall -= (next_[k] - share_[k]) * slope_[k];
  }
  if (!(fall > newton_tolerance)) return false;
  for (std::size_t k = 0; k < count_; ++k) step_[k] = next_[k] - share_[k];
  from_ = share_;
  fall_ = fall;
  decrement_ = std::sqrt(std::max(0.0, square) / solver.least_value());
  return true;
}

/// To that part of the step from where it was found. False where counts lie in channels that nothing reaches.
bool SimplexNewton::move(PoissonRowSolver& solver, double* w, double length, bool with_hessian) {
  for (std::size_t k = 0; k < count_; ++k) {
    share_[k] = std::max(0.0, from_[k] + length * step_[k]);
    w[k] = solver.sum() * share_[k];
  }
  return solver.derivatives(w, with_hessian);
}

/// Along the step as far as the cost is known to fall. A short step is taken as it is and a long one damped, as the
/// theory of self-concordant functions wants, unless the cost, which is convex along it, still falls where it ends.
void SimplexNewton::go(PoissonRowSolver& solver, double* w, double weight, bool with_hessian) {
  const double sum = solver.sum(), damped = decrement_ < 0.5 ? 1.0 : 1 / (1 + decrement_);
  double length = 1;
  // The part of the slope along the step that does not come from the counts.
  double other = 0;
  for (std::size_t k = 0; k < count_; ++k) {
    other += step_[k] * (slope_[k] + sum * solver.gain()[k] - weight * share_[k]);
  }
  for (int attempt = 0;; ++attempt) {
    if (attempt == most_attempts || !bold()) length = damped;
    const bool reached = move(solver, w, length, with_hessian);
    if (length <= damped) return;
    double along = other;
    for (std::size_t k = 0; k < count_; ++k) along += step_[k] * (weight * share_[k] - sum * solver.gain()[k]);
    if (reached && along <= 0) return;
    // Where a straight line between the slopes at both ends crosses zero.
    length = reached ? std::max(damped, length * fall_ / (fall_ + along)) : damped;
  }
}

/// One row's shares under squares: ½ s² aᵀ G a − s aᵀ b plus the penalty's majorant, s the row's weighted sum.
class ShareSquares {
 public:
  ShareSquares(const std::vector<double>& gram, std::size_t components, const MapPenalty& penalty, double variance,
               bool sum_to_one)
      : gram_(gram),
        count_(components),
        penalty_(penalty),
        variance_(variance),
        sum_to_one_(sum_to_one),
        simplex_(gram, components),
        nonnegative_(gram, components),
        share_(components),
        target_(components),
        slope_(components),
        right_(components),
        hessian_(components * components) {}

  void solve(std::int64_t row, double scale, const double* products, double* w) {
    if (!(scale > 0)) {
      std::fill(w, w + count_, 0.0);
      return;
    }
    const double weight = variance_ * penalty_.majorant(row, target_.data(), slope_.data());
    for (std::size_t k = 0; k < count_; ++k) {
      for (std::size_t l = 0; l < count_; ++l) {
        hessian_[k * count_ + l] = scale * scale * gram_[k * count_ + l] + (k == l ? weight : 0.0);
      }
      right_[k] = scale * products[k] + weight * target_[k] - variance_ * slope_[k];
    }
    if (sum_to_one_) {
      simplex_.set_gram(hessian_.data());
      simplex_.solve(right_.data(), share_.data());
    } else {
      nonnegative_.set_gram(hessian_.data());
      nonnegative_.solve(right_.data(), share_.data());
    }
    for (std::size_t k = 0; k < count_; ++k) w[k] = scale * share_[k];
  }

 private:
  const std::vector<double>& gram_;
  std::size_t count_;
  const MapPenalty& penalty_;
  double variance_;
  bool sum_to_one_;
  math::SimplexLeastSquares simplex_;
  math::NonnegativeLeastSquares nonnegative_;
  std::vector<double> share_, target_, slope_, right_, hessian_;
};

/// Loadings of a weighted matrix in the data's units.
std::vector<double> unweighted(const WeightedMatrix& matrix, const std::vector<double>& loadings,
                               std::size_t components) {
  std::vector<double> result = loadings;
  for (std::size_t i = 0; i < result.size(); ++i) {
    const double weight = matrix.row_weight[i / components];
    result[i] = weight > 0 ? result[i] / weight : 0.0;
  }
  return result;
}

}  // namespace

Pass constrained_poisson_pass(const Rows& data, const std::vector<double>& row_sum, const SpectraModel& model,
                              MapPenalty& penalty, std::span<const std::int64_t> chosen, Context& context) {
  return [&data, &row_sum, &model, &penalty, chosen, &context, steps = first_newton_steps](
             const std::vector<double>& table, std::vector<double>& loadings) mutable {
    const std::size_t components = model.components();
    if (penalty.couples()) penalty.touch(loadings);
    const auto step = [&]() -> RowStep { return SimplexNewton(components, row_sum, penalty, steps); };
    const PoissonSums sums = poisson_sums(data, model.spectra_of(table), loadings, components, chosen, step, context);
    if (penalty.couples()) {
      Executor(context).gather(data.partitions(), static_cast<std::int64_t>(components), std::span(loadings));
    }
    steps = newton_steps;
    PassResult result;
    result.objective = sums.objective + (penalty.couples() ? penalty.coupled(loadings) : 0.0);
    result.table = model.expectation_step(table, sums);
    result.bold = model.newton_step(table, sums);
    result.loading_scale.assign(components, 1.0);
    return result;
  };
}

Pass constrained_squares_pass(const WeightedMatrix& matrix, double total_sum_of_squares, double noise, bool sum_to_one,
                              const std::vector<double>& row_sum, const SpectraModel& model, MapPenalty& penalty,
                              Context& context) {
  return [&matrix, total_sum_of_squares, variance = noise * noise, sum_to_one, &row_sum, &model, &penalty, &context](
             const std::vector<double>& table, std::vector<double>& loadings) {
    const std::size_t components = model.components(), width = kernels::padded_width(components);
    penalty.touch(unweighted(matrix, loadings, components));
    std::vector<double> weighted = model.spectra_of(table);
    for (std::size_t i = 0; i < weighted.size(); ++i) weighted[i] *= matrix.column_weight[i / width];
    const std::vector<double> gram = gram_of(weighted, components);
    const auto solution = [&]() -> RowSolution {
      return [&, squares = ShareSquares(gram, components, penalty, variance, sum_to_one)](
                 std::int64_t row, const double* products, double* w) mutable {
        const auto index = static_cast<std::size_t>(row);
        squares.solve(row, matrix.row_weight[index] * row_sum[index], products, w);
      };
    };
    SquaresSums sums = squares_sums(matrix, weighted, loadings, components, solution, context);
    Executor(context).gather(matrix.data.partitions(), static_cast<std::int64_t>(components), std::span(loadings));
    PassResult result;
    result.objective = half_squares(total_sum_of_squares, sums, weighted, gram) +
                       variance * penalty.value(unweighted(matrix, loadings, components));
    std::vector<double> squared_weight(matrix.column_weight);
    for (double& one : squared_weight) one *= one;
    for (std::size_t i = 0; i < sums.products.size(); ++i) sums.products[i] *= matrix.column_weight[i / width];
    result.table = model.least_squares_step(table, sums.products.data(), sums.gram.data(), squared_weight);
    result.loading_scale.assign(components, 1.0);
    return result;
  };
}

}  // namespace ruska::ops::unmix
