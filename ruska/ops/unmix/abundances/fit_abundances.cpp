// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// Abundances: the maximum of the Poisson likelihood (PoissonRowSolver), or least squares, over w ≥ 0. The likelihood's
// maximum has Σ w = counts by itself, since scaling all w is a parameter of its own; shares are w over that sum. Least
// squares take the sum as a constraint.
//
// Intervals: the maximum piles up at the bounds, so its spread says little there. The unbiased linear estimate x of the
// same component (LinearEstimate) is free to leave the range; its errors are near normal, and their variance when the
// truth is t is a linear function of the mixture:
//   amounts  V(t) = Σ_l w_l M_kl,   shares  V(t) = (Σ_l a_l M_kl − t²)/n,   M_kl = Σ_j c_kj² s_lj,
// with the other components where x says they are if component k is t. Intervals are those t that x does not reject
// (UnifiedInterval): they cover the truth as often as they say wherever it lies, 0 and 1 included.
// Cost per position: channels · 4 K², and K · 200 evaluations of V.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "ruska/kernels/channel_table.hpp"
#include "ruska/math/nonnegative_least_squares.hpp"
#include "ruska/math/pearson_misfit.hpp"
#include "ruska/math/simplex_least_squares.hpp"
#include "ruska/math/unified_interval.hpp"
#include "ruska/ops/unmix/abundances/abundances.hpp"
#include "ruska/ops/unmix/abundances/linear_estimate.hpp"
#include "ruska/ops/unmix/nmf/poisson_row_solver.hpp"
#include "ruska/ops/unmix/row_values.hpp"

namespace ruska::ops::unmix {
namespace {

using RowMatrix = LinearEstimate::RowMatrix;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();
/// The linear estimate is weighted for a mixture this far inside, where no channel's mean is zero: it spreads a little
/// more than at the maximum itself, but a single count cannot decide.
constexpr double interior = 0.02;
/// The variance of an amount along the line of the other components is itself an estimate; it is taken as at least this
/// part of that of the mixture fitted.
constexpr double least_variance = 0.5;
constexpr double one_sigma = 0.682689492137086;

/// Which of a worker's sums over positions stands where.
struct Totals {
  explicit Totals(std::size_t components) : count(components) {}
  std::size_t count;
  std::size_t fitted(std::size_t k) const { return k; }
  std::size_t linear(std::size_t k) const { return count + k; }
  std::size_t variance(std::size_t k) const { return 2 * count + k; }
  std::size_t counts() const { return 3 * count; }
  std::size_t rows() const { return 3 * count + 1; }
  std::size_t size() const { return 3 * count + 2; }
};

struct Problem {
  std::size_t count, channels;
  bool likelihood, shares, known_noise;
  RowMatrix spectra;           ///< unit sums; 0 in masked channels
  std::vector<double> scale;   ///< sums of the spectra as given
  std::vector<double> table;   ///< spectra, channel by channel
  std::vector<double> weight;  ///< of the squares
  std::vector<double> weighted_table, gram;
  double freedom = 1;  ///< channels less components
  double gain = 1;     ///< the fit sees the data over it, as counts
  math::UnifiedInterval of_68{one_sigma}, of_95{0.95};
};

[[noreturn]] void refuse(const std::string& message) { throw Error(ErrorKind::invalid_argument, message); }

Problem make_problem(const Rows& data, const Marginals& sums, std::span<const double> given, std::int64_t components,
                     const AbundancesParams& params) {
  Problem problem;
  problem.count = static_cast<std::size_t>(components);
  problem.channels = static_cast<std::size_t>(data.columns());
  if (components < 1 || given.size() != problem.count * problem.channels) {
    refuse(std::to_string(given.size()) + " values are not " + std::to_string(components) + " spectra of " +
           std::to_string(problem.channels) + " channels");
  }
  problem.likelihood = params.method == "likelihood" || (params.method == "auto" && sums.counts);
  problem.shares = params.constraint == "sum_to_one";
  if (problem.likelihood) require_not_negative(data, sums, "the Poisson likelihood");

  bool negative = false;
  problem.spectra.resize(components, static_cast<Eigen::Index>(problem.channels));
  problem.scale.assign(problem.count, 0.0);
  for (std::size_t k = 0; k < problem.count; ++k) {
    double sum = 0, magnitude = 0;
    for (std::size_t c = 0; c < problem.channels; ++c) {
      const double value = data.column_masked(static_cast<std::int64_t>(c)) ? 0.0 : given[k * problem.channels + c];
      if (!std::isfinite(value)) {
        refuse("spectrum " + std::to_string(k + 1) + " is not finite in channel " + std::to_string(c));
      }
      if (value < 0 && problem.likelihood) {
        refuse("spectrum " + std::to_string(k + 1) + " is negative in channel " + std::to_string(c) +
               ", which no mean of counts can be; clip it, or fit by method least_squares");
      }
      negative = negative || value < 0;
      sum += value;
      magnitude += std::fabs(value);
      problem.spectra(static_cast<Eigen::Index>(k), static_cast<Eigen::Index>(c)) = value;
    }
    if (!(sum > 1e-6 * magnitude) && problem.shares) {
      refuse("spectrum " + std::to_string(k + 1) + " sums to " + std::to_string(sum) +
             " over the channels in use, so that no share of the signal can be told; leave it out, or take constraint "
             "non_negative");
    }
    problem.scale[k] = problem.shares || problem.likelihood ? sum : magnitude;
    if (!(problem.scale[k] > 0)) refuse("spectrum " + std::to_string(k + 1) + " is empty; leave it out");
    problem.spectra.row(static_cast<Eigen::Index>(k)) /= problem.scale[k];
  }
  problem.known_noise = sums.counts && !negative;
  problem.gain = params.gain.value_or(1.0);
  for (double& scale : problem.scale) scale /= problem.gain;

  const std::size_t width = kernels::padded_width(problem.count);
  problem.table.assign(problem.channels * width, 0.0);
  const bool weighted =
      !problem.likelihood && (params.weighting == "poisson" || (params.weighting == "auto" && sums.counts));
  if (weighted) require_not_negative(data, sums, "Poisson weighting");
  for (std::size_t c = 0; c < problem.channels; ++c) {
    const bool empty = weighted && !(sums.column_sum[c] > 0);
    const bool left_out = data.column_masked(static_cast<std::int64_t>(c)) || empty;
    problem.weight.push_back(left_out ? 0.0 : weighted ? 1 / sums.column_sum[c] : 1.0);
    problem.freedom += left_out ? 0 : 1;
    for (std::size_t k = 0; k < problem.count; ++k) {
      problem.table[c * width + k] = problem.spectra(static_cast<Eigen::Index>(k), static_cast<Eigen::Index>(c));
    }
  }
  problem.freedom = std::max(1.0, problem.freedom - 1 - static_cast<double>(components));
  problem.weighted_table = problem.table;
  for (std::size_t i = 0; i < problem.weighted_table.size(); ++i)
    problem.weighted_table[i] *= problem.weight[i / width];
  const Eigen::Map<const Eigen::RowVectorXd> weight(problem.weight.data(), static_cast<Eigen::Index>(problem.channels));
  const RowMatrix gram = problem.spectra * weight.asDiagonal() * problem.spectra.transpose();
  problem.gram.assign(gram.data(), gram.data() + gram.size());
  return problem;
}

/// Fits one row after another. One object per worker and block.
class RowFit {
 public:
  RowFit(const Problem& problem, AbundanceFit& fit)
      : problem_(problem),
        fit_(fit),
        totals_(problem.count),
        solver_(problem.table, problem.count),
        nonnegative_(problem.gram, problem.count),
        simplex_(problem.gram, problem.count),
        linear_(problem.spectra),
        fitted_(problem.count),
        estimate_(problem.count),
        mixture_(problem.count),
        products_(kernels::padded_width(problem.count)) {
    const std::vector<double> equal(problem.count, 1 / static_cast<double>(problem.count));
    const bool independent =
        problem.likelihood ? linear_.weigh_by_mixture(equal.data()) : linear_.weigh_by(problem.weight, problem.shares);
    if (!independent) {
      refuse("the " + std::to_string(problem.count) +
             " spectra are not independent over the channels in use: one is a mixture of the others; leave it out");
    }
  }

  void fit(std::size_t row, RowValues& values, double* totals);
  void leave_out(std::size_t row);

 private:
  void maximum(RowValues& values);
  void spread(std::size_t row);
  void interval(std::size_t row, std::size_t k);
  double misfit(RowValues& values);

  const Problem& problem_;
  AbundanceFit& fit_;
  Totals totals_;
  PoissonRowSolver solver_;
  math::NonnegativeLeastSquares nonnegative_;
  math::SimplexLeastSquares simplex_;
  LinearEstimate linear_;
  std::vector<double> fitted_, estimate_, mixture_, products_;  // counts of each component
  RowMatrix covariance_;                                        // of the estimate
  Eigen::RowVectorXd mean_;
  double sum_ = 0, deviance_ = 0, noise_ = 0;
  // Of shares whose noise is measured: variances of the w, their covariances with the sum, and its variance.
  std::vector<double> unbound_, with_sum_;
  double variance_of_sum_ = 0;
};

/// The bounded fit and its deviance.
void RowFit::maximum(RowValues& values) {
  const std::size_t count = problem_.count;
  sum_ = std::accumulate(values.value().begin(), values.value().end(), 0.0);
  if (problem_.likelihood) {
    solver_.load(values.channel(), values.value());
    sum_ = solver_.sum();
    std::fill(fitted_.begin(), fitted_.end(), sum_ / static_cast<double>(count));
    solver_.solve(fitted_.data(), 100, 1e-12);
    deviance_ = 2 * solver_.divergence(fitted_.data());
    return;
  }
  double squares = 0;
  for (std::size_t j = 0; j < values.channel().size(); ++j) {
    squares += problem_.weight[values.channel()[j]] * values.value()[j] * values.value()[j];
  }
  kernels::row_times_table(values.channel(), values.value().data(), problem_.weighted_table.data(), products_.size(),
                           products_.data());
  if (!problem_.shares) {
    nonnegative_.solve(products_.data(), fitted_.data());
  } else if (sum_ > 0) {
    mixture_.assign(products_.begin(), products_.begin() + static_cast<std::ptrdiff_t>(count));
    for (double& one : mixture_) one /= sum_;
    simplex_.solve(mixture_.data(), fitted_.data());
    for (double& one : fitted_) one *= sum_;
  } else {
    std::fill(fitted_.begin(), fitted_.end(), 0.0);
  }
  deviance_ = squares;
  for (std::size_t k = 0; k < count; ++k) {
    double step = -2 * products_[k];
    for (std::size_t l = 0; l < count; ++l) step += problem_.gram[k * count + l] * fitted_[l];
    deviance_ += fitted_[k] * step;
  }
  deviance_ = std::max(0.0, deviance_);
}

/// (χ² − expected)/σ of the row.
double RowFit::misfit(RowValues& values) {
  mean_.noalias() = Eigen::Map<const Eigen::RowVectorXd>(fitted_.data(), static_cast<Eigen::Index>(problem_.count)) *
                    problem_.spectra;
  math::PearsonMisfit misfit;
  std::size_t next = 0;
  for (std::size_t c = 0; c < problem_.channels; ++c) {
    const bool seen = next < values.channel().size() && values.channel()[next] == c;
    misfit.add(seen ? values.value()[next++] : 0.0, mean_(static_cast<Eigen::Index>(c)));
  }
  return misfit.value();
}

/// The covariance of the linear estimate at the fit, and its place in the result.
void RowFit::spread(std::size_t row) {
  const std::size_t count = problem_.count;
  if (problem_.known_noise || problem_.likelihood) {
    // Of likelihoods of what are no counts the curvature still says how far the fit can move, in the data's own units.
    covariance_ = linear_.poisson_covariance(fitted_.data());
    if (problem_.shares) {
      const Eigen::Map<const Eigen::VectorXd> w(fitted_.data(), static_cast<Eigen::Index>(count));
      covariance_ -= w * w.transpose() / sum_;
    }
  } else {
    noise_ = deviance_ / problem_.freedom;
    covariance_ = noise_ * linear_.unit_covariance();
    if (problem_.shares) {
      // A share is w/Σw, and the sum is as noisy as its parts.
      const Eigen::VectorXd with_sum = covariance_.rowwise().sum();
      const Eigen::Map<const Eigen::VectorXd> w(fitted_.data(), static_cast<Eigen::Index>(count));
      const Eigen::VectorXd share = w / sum_;
      with_sum_.assign(with_sum.data(), with_sum.data() + with_sum.size());
      variance_of_sum_ = with_sum.sum();
      unbound_.assign(count, 0.0);
      for (std::size_t k = 0; k < count; ++k) {
        unbound_[k] = covariance_(static_cast<Eigen::Index>(k), static_cast<Eigen::Index>(k));
      }
      covariance_ += variance_of_sum_ * share * share.transpose();
      covariance_ -= share * with_sum.transpose();
      covariance_ -= with_sum * share.transpose();
    }
  }
  double* out = fit_.covariance.data() + row * (count * (count + 1) / 2);
  for (std::size_t k = 0; k < count; ++k) {
    const double unit = problem_.shares ? sum_ : problem_.scale[k];
    for (std::size_t l = k; l < count; ++l) {
      const double other = problem_.shares ? sum_ : problem_.scale[l];
      *out++ = covariance_(static_cast<Eigen::Index>(k), static_cast<Eigen::Index>(l)) / (unit * other);
    }
  }
}

void RowFit::interval(std::size_t row, std::size_t k) {
  const std::size_t count = problem_.count, at = row * count + k;
  const auto index = static_cast<Eigen::Index>(k);
  if (problem_.shares && count == 1) {
    fit_.low_68[at] = fit_.high_68[at] = fit_.low_95[at] = fit_.high_95[at] = 1.0;
    return;
  }
  const double n = problem_.shares ? sum_ : 1.0;  // what w is counted in
  const double x = estimate_[k] / n, upper = problem_.shares ? 1.0 : infinity;
  const double fixed = covariance_(index, index);
  const auto sigma_of = [&](double variance) { return std::sqrt(std::max(0.0, variance)) / n; };
  // Variance in counts², linear in t along the line of the estimate.
  double on_line = 0, slope = 0, others = 0, least = infinity, most = 0;
  for (std::size_t l = 0; l < count && (problem_.known_noise || problem_.likelihood); ++l) {
    const double per_count = linear_.poisson_variance(k, l);
    on_line += estimate_[l] * per_count;
    if (fixed > 0) slope += covariance_(static_cast<Eigen::Index>(l), index) / fixed * per_count;
    if (l == k) continue;
    others += fitted_[l] * per_count;
    least = std::min(least, per_count);
    most = std::max(most, per_count);
  }
  const double own = linear_.poisson_variance(k, k);
  const auto sigma = [&](double t) {
    if (!problem_.known_noise && !problem_.likelihood) {
      if (!problem_.shares) return sigma_of(fixed);
      return sigma_of(unbound_[k] - 2 * t * with_sum_[k] + t * t * variance_of_sum_);
    }
    const double line = on_line + (t - x) * n * slope;
    if (!problem_.shares) return sigma_of(std::max(line, least_variance * (t * own + others)));
    // Whatever the others are, together they have 1 − t.
    return sigma_of(std::clamp(line, n * (t * own + (1 - t) * least), n * (t * own + (1 - t) * most)) - n * t * t);
  };
  const double unit = problem_.shares ? 1.0 : problem_.scale[k];
  const auto [low_68, high_68] = problem_.of_68(x, upper, sigma);
  const auto [low_95, high_95] = problem_.of_95(x, upper, sigma);
  fit_.low_68[at] = low_68 / unit;
  fit_.high_68[at] = high_68 / unit;
  fit_.low_95[at] = low_95 / unit;
  fit_.high_95[at] = high_95 / unit;
}

void RowFit::fit(std::size_t row, RowValues& values, double* totals) {
  const std::size_t count = problem_.count;
  maximum(values);
  fit_.deviance[row] = deviance_;
  if (problem_.known_noise) fit_.misfit[row] = misfit(values);
  totals[totals_.rows()] += 1;
  if (problem_.shares && !(sum_ > 0)) {
    // Nothing was counted: every share is possible.
    for (std::size_t k = 0; k < count; ++k) {
      fit_.abundances[row * count + k] = nan;
      fit_.low_68[row * count + k] = fit_.low_95[row * count + k] = 0;
      fit_.high_68[row * count + k] = fit_.high_95[row * count + k] = 1;
    }
    std::fill_n(fit_.covariance.begin() + static_cast<std::ptrdiff_t>(row * (count * (count + 1) / 2)),
                count * (count + 1) / 2, nan);
    return;
  }
  if (problem_.likelihood) {
    const double equal = 1 / static_cast<double>(count);
    for (std::size_t k = 0; k < count; ++k) {
      mixture_[k] = sum_ > 0 ? (1 - interior) * fitted_[k] / sum_ + interior * equal : equal;
    }
    if (!linear_.weigh_by_mixture(mixture_.data())) {
      std::fill(mixture_.begin(), mixture_.end(), equal);
      linear_.weigh_by_mixture(mixture_.data());
    }
  }
  linear_.estimate(values.channel(), values.value(), estimate_.data());
  spread(row);
  totals[totals_.counts()] += sum_;
  for (std::size_t k = 0; k < count; ++k) {
    interval(row, k);
    fit_.abundances[row * count + k] = fitted_[k] / (problem_.shares ? sum_ : problem_.scale[k]);
    totals[totals_.fitted(k)] += fitted_[k];
    totals[totals_.linear(k)] += estimate_[k];
    totals[totals_.variance(k)] += covariance_(static_cast<Eigen::Index>(k), static_cast<Eigen::Index>(k));
  }
}

void RowFit::leave_out(std::size_t row) {
  const std::size_t count = problem_.count;
  for (auto* values : {&fit_.abundances, &fit_.low_68, &fit_.high_68, &fit_.low_95, &fit_.high_95}) {
    std::fill_n(values->begin() + static_cast<std::ptrdiff_t>(row * count), count, nan);
  }
  const std::size_t pairs = count * (count + 1) / 2;
  std::fill_n(fit_.covariance.begin() + static_cast<std::ptrdiff_t>(row * pairs), pairs, nan);
  fit_.deviance[row] = nan;
  if (!fit_.misfit.empty()) fit_.misfit[row] = nan;
}

}  // namespace

AbundanceFit fit_abundances(const Rows& data, const Marginals& sums, std::span<const double> spectra,
                            std::int64_t components, const AbundancesParams& params, Context& context) {
  const Problem problem = make_problem(data, sums, spectra, components, params);
  const std::size_t count = problem.count;
  AbundanceFit fit;
  fit.likelihood = problem.likelihood;
  fit.shares = problem.shares;
  const auto positions = static_cast<std::size_t>(data.rows());
  for (auto* values : {&fit.abundances, &fit.low_68, &fit.high_68, &fit.low_95, &fit.high_95}) {
    values->assign(positions * count, 0.0);
  }
  fit.covariance.assign(positions * (count * (count + 1) / 2), 0.0);
  fit.deviance.assign(positions, 0.0);
  if (problem.known_noise) fit.misfit.assign(positions, 0.0);

  const Totals totals(count);
  Executor executor(context);
  const std::vector<double> sum = executor.reduce<std::vector<double>>(
      "fitting abundances", data.partitions(), [&] { return std::vector<double>(totals.size(), 0.0); },
      [&](std::vector<double>& partial, std::int64_t partition, RowRange range) {
        const auto block = data.block(partition);
        RowValues values(*block, data.columns());
        RowFit rows(problem, fit);
        for (std::int64_t row = range.begin; row < range.end; ++row) {
          if (data.row_masked(row)) {
            rows.leave_out(static_cast<std::size_t>(row));
            continue;
          }
          values.go_to(row - range.begin);
          if (problem.gain != 1) {
            for (double& value : values.value()) value /= problem.gain;
          }
          rows.fit(static_cast<std::size_t>(row), values, partial.data());
        }
      },
      [](std::vector<double>& left, std::vector<double>&& right) {
        for (std::size_t i = 0; i < left.size(); ++i) left[i] += right[i];
      });
  for (auto* values : {&fit.abundances, &fit.low_68, &fit.high_68, &fit.low_95, &fit.high_95, &fit.covariance,
                       &fit.deviance, &fit.misfit}) {
    if (positions == 0) break;
    executor.gather(data.partitions(), static_cast<std::int64_t>(values->size() / positions), std::span(*values));
  }

  for (std::size_t k = 0; k < count; ++k) {
    const double unit = problem.shares ? sum[totals.counts()] : problem.scale[k] * sum[totals.rows()];
    fit.mean.push_back(unit > 0 ? sum[totals.linear(k)] / unit : nan);
    fit.mean_sigma.push_back(unit > 0 ? std::sqrt(std::max(0.0, sum[totals.variance(k)])) / unit : nan);
  }
  for (std::size_t c = 0; c < problem.channels; ++c) {
    double model = 0;
    for (std::size_t k = 0; k < count; ++k) {
      model += sum[totals.fitted(k)] * problem.spectra(static_cast<Eigen::Index>(k), static_cast<Eigen::Index>(c));
    }
    fit.residual.push_back(sums.column_sum[c] - problem.gain * model);
    if (problem.known_noise) fit.residual_sigma.push_back(problem.gain * std::sqrt(std::max(0.0, model)));
  }
  return fit;
}

std::int64_t abundances_memory(const Description& data, std::int64_t components) {
  const std::int64_t positions = data.navigation_size(), channels = data.signal_size();
  const std::int64_t numbers = 6 * components + components * (components + 1) / 2 + 2;
  // Results position by position, and once more as maps; spectra as given, scaled, as tables.
  return 8 * (2 * positions * numbers + channels * (6 * components + 20)) + (std::int64_t{1} << 19);
}

std::int64_t abundances_memory_per_worker(const Description& data, std::int64_t components) {
  return 8 * data.signal_size() * (6 * components + 10);
}

}  // namespace ruska::ops::unmix
