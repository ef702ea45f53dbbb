// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// Low rank plus sparse: X = L + S + noise. Zhou and Tao, GoDec, Proc. 28th ICML (2011), alternate a low-rank fit of
// X − S and the largest elements of X − L. Departures: L are the exact principal components with Poisson weights and an
// automatic rank; S are not a given number of elements but those that the noise does not explain. For counts that is
// the signed deviance √(2 (x ln(x/μ) − x + μ)): an excess is judged by the larger of the fit and of what position and
// channel alone predict, so that a single count where none was expected is none; a lack by the fit. Otherwise it is
// |x − l| over the standard deviation of the noise.
//
// A strong outlier makes a component of its own, or one together with few others in its channel or position, which then
// explains it. A component whose singular vectors lie by more than half on one position or channel, and by more than a
// tenth on the other, does not count for that element; as long as there are such components, only their elements are
// taken off.
//
// An outlier's value is replaced by the fit, rounded for integers: counts stay counts, and sparse data sparse.
//
// Cost per round: that of the principal components and one pass of positions · channels · components multiply-adds.
#include "ruska/ops/unmix/robust_pca/robust_pca.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "ruska/core/executor.hpp"
#include "ruska/ops/unmix/row_values.hpp"

namespace ruska::ops::unmix {
namespace {

constexpr std::size_t most_outliers = std::size_t{1} << 20;
// Of a singular vector's squares on one element.
constexpr double most_of_it = 0.5;
constexpr double some_of_it = 0.1;

// What one outlier is in the array that travels between ranks.
enum Number : std::size_t { position, channel, excess, significance, lone, numbers };

[[noreturn]] void too_many(std::size_t components) {
  throw Error(ErrorKind::invalid_argument,
              "more than " + std::to_string(most_outliers) + " elements are outliers: " + std::to_string(components) +
                  " components do not describe the data but for exceptions; give components or significance more");
}

PcaParams principal_params(const RobustPcaParams& params) {
  PcaParams principal;
  principal.components = params.components;
  principal.weighting = params.weighting;
  principal.rank_rule = params.rank_rule;
  principal.seed = params.seed;
  return principal;
}

/// How far a count lies from its mean, in standard deviations with sign.
double deviance(double count, double mean) {
  const double likelihood = (count > 0 ? count * std::log(count / mean) : 0.0) - (count - mean);
  return std::copysign(std::sqrt(2 * std::max(0.0, likelihood)), count - mean);
}

double deviation_of_count(double count, double fitted, double by_sums) {
  const double most = std::max(fitted, by_sums);
  if (most > 0 && count > most) return deviance(count, most);
  return fitted > 0 && count < fitted ? deviance(count, fitted) : 0.0;
}

/// What the components say of one position's spectrum.
class RowModel {
 public:
  RowModel(const PcaResult& fit, std::size_t columns)
      : fit_(fit), columns_(columns), few_(static_cast<std::size_t>(fit.components)), values_(columns) {
    for (std::size_t k = 0; k < few_.size(); ++k) {
      for (std::size_t c = 0; c < columns; ++c) {
        const double part = std::pow(fit.factors[k * columns + c] * fit.column_weight[c], 2);
        if (part > some_of_it) few_[k].push_back({c, part});
      }
    }
  }
  /// Components that few elements make are left out at these.
  void go_to(std::size_t row) {
    std::fill(values_.begin(), values_.end(), 0.0);
    lone_.clear();
    for (std::size_t k = 0; k < few_.size(); ++k) {
      const double loading = fit_.loadings[row * few_.size() + k];
      const double* const factor = &fit_.factors[k * columns_];
      for (std::size_t c = 0; c < columns_; ++c) values_[c] += loading * factor[c];
      if (few_[k].empty() || !(fit_.singular_values[k] > 0)) continue;
      const double on_row = std::pow(loading * fit_.row_weight[row] / fit_.singular_values[k], 2);
      for (const auto& [c, on_channel] : few_[k]) {
        if (std::min(on_row, on_channel) > some_of_it && std::max(on_row, on_channel) > most_of_it) {
          values_[c] -= loading * factor[c];
          lone_.push_back(c);
        }
      }
    }
  }
  double operator[](std::size_t column) const { return values_[column]; }
  bool is_lone(std::size_t column) const { return std::find(lone_.begin(), lone_.end(), column) != lone_.end(); }

 private:
  struct Part {
    std::size_t channel;
    double share;
  };
  const PcaResult& fit_;
  std::size_t columns_;
  std::vector<std::vector<Part>> few_;  // per component, the channels that hold much of it
  std::vector<double> values_;
  std::vector<std::size_t> lone_;
};

struct Found {
  Outliers all;
  Outliers lone;  ///< those among them that had a component of their own
};

/// The elements of the data that the components do not explain. One pass.
Found find_outliers(const Rows& data, const PcaResult& fit, double least, Context& context) {
  const auto columns = static_cast<std::size_t>(data.columns()), count = static_cast<std::size_t>(fit.components);
  const Marginals& sums = fit.marginals;
  const bool whole = is_integer(data.data().describe().dtype);
  const auto found = Executor(context).reduce<std::vector<double>>(
      "looking for outliers", data.partitions(), [] { return std::vector<double>(); },
      [&](std::vector<double>& into, std::int64_t partition, RowRange range) {
        const auto block = data.block(partition);
        std::vector<double> values(columns);
        RowModel model(fit, columns);
        for (std::int64_t row = range.begin; row < range.end; ++row) {
          if (data.row_masked(row)) continue;
          const auto r = static_cast<std::size_t>(row);
          copy_row(*block, row - range.begin, values);
          model.go_to(r);
          const double share = sums.total > 0 ? sums.row_sum[r] / sums.total : 0.0;
          for (std::size_t c = 0; c < columns; ++c) {
            if (data.column_masked(static_cast<std::int64_t>(c))) continue;
            double deviation = 0;
            if (sums.counts) {
              deviation = deviation_of_count(values[c], model[c], share * sums.column_sum[c]);
            } else if (fit.noise > 0) {
              deviation = (values[c] - model[c]) * fit.row_weight[r] * fit.column_weight[c] / fit.noise;
            }
            if (!(std::abs(deviation) > least)) continue;
            const double replaced = whole ? std::round(std::max(0.0, model[c])) : model[c];
            if (values[c] == replaced) continue;
            into.insert(into.end(), {static_cast<double>(row), static_cast<double>(c), values[c] - replaced, deviation,
                                     model.is_lone(c) ? 1.0 : 0.0});
          }
          if (into.size() > numbers * most_outliers) too_many(count);
        }
      },
      [](std::vector<double>& left, std::vector<double>&& right) {
        left.insert(left.end(), right.begin(), right.end());
      });
  if (found.size() > numbers * most_outliers) too_many(count);
  Found result;
  for (std::size_t i = 0; i < found.size(); i += numbers) {
    const auto add_to = [&](Outliers& outliers) {
      outliers.add(static_cast<std::int64_t>(found[i + position]), static_cast<std::int64_t>(found[i + channel]),
                   found[i + excess], found[i + significance]);
    };
    add_to(result.all);
    if (found[i + lone] > 0) add_to(result.lone);
  }
  return result;
}

/// The elements of both, in order; of an element in both, the second's numbers.
Outliers joined(const Outliers& first, const Outliers& second) {
  Outliers both;
  const auto place = [](const Outliers& from, std::size_t at) {
    return std::pair(from.position[at], from.channel[at]);
  };
  const auto take = [&](const Outliers& from, std::size_t at) {
    both.add(from.position[at], from.channel[at], from.excess[at], from.significance[at]);
  };
  std::size_t i = 0;
  for (std::size_t j = 0; j < second.size(); ++j) {
    for (; i < first.size() && place(first, i) < place(second, j); ++i) take(first, i);
    if (i < first.size() && place(first, i) == place(second, j)) ++i;
    take(second, j);
  }
  for (; i < first.size(); ++i) take(first, i);
  return both;
}

}  // namespace

RobustPcaResult robust_pca(const Dataset& data, const Masks& masks, const RobustPcaParams& params, Context& context) {
  const Description& description = data.describe();
  const std::int64_t reserved =
      robust_pca_memory(description, params) + context.threads * pca_memory_per_worker(description);
  RobustPcaResult result;
  while (!result.converged && result.iterations < params.iterations) {
    ++result.iterations;
    {
      const Rows cleaned(without_outliers(data, result.outliers), context, masks, reserved);
      result.components = pca(cleaned, principal_params(params), context);
    }
    const Rows rows(data, context, masks, reserved);
    Found found = find_outliers(rows, result.components, params.significance, context);
    const bool all_shared = found.lone.size() == 0;
    result.converged = all_shared && found.all.same_elements(result.outliers);
    result.outliers = all_shared ? std::move(found.all) : joined(result.outliers, found.lone);
  }
  return result;
}

std::int64_t robust_pca_memory(const Description& data, const RobustPcaParams& params) {
  // Outliers of this round, of the last, and twice more while partial results are merged and copied.
  const auto outliers = static_cast<std::int64_t>(numbers * sizeof(double)) *
                        std::min<std::int64_t>(data.navigation_size() * data.signal_size(), most_outliers);
  return pca_memory(data, principal_params(params)) + 4 * outliers + data.signal_size() * 4 * 8;
}

}  // namespace ruska::ops::unmix
