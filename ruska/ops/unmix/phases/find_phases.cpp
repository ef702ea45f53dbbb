// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// From counts to phases, in six steps.
//
// 1. Neighbouring channels are added up; the noise edge of the weighted counts bounds the number of phases.
// 2. For each number: the purest positions give spectra; each is refined as the mean over the positions that are made
//    of it, chosen by one half of the counts and averaged over the other, so that noise cannot choose itself.
// 3. The number that best predicts held-out counts wins, among those whose spectra and areas differ enough.
// 4. The coupling of neighbours is chosen by held-out counts as well.
// 5. Other starts and repeated measurements give σ and stability.
// 6. Fisher information, starts and added-up counts say whether the counts support the answer at all.
//
// Plain Poisson factorisation is not used: from any start it lowers the objective by moving the spectra away from
// those of the phases (two to three times the error in abundance on simulated spheres), since nothing in it prefers
// the purest positions.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

#include <Eigen/Dense>

#include "ruska/ops/unmix/phases/phases.hpp"
#include "ruska/ops/unmix/phases/purest_positions.hpp"
#include "ruska/ops/unmix/row_values.hpp"

namespace ruska::ops::unmix {
namespace {

constexpr std::size_t most_groups = 512;     // of channels; below 40 eV each on the usual EDS axes
constexpr double least_group_counts = 50;    // noise of rarer ones is far from normal
constexpr std::int64_t most_automatic = 10;  // phases
constexpr double first_coupling = 100;       // an abundance differs by 0.1 between neighbours
constexpr double couplings[] = {10, 30, 100, 300, 1000};
constexpr double usual_purity = 0.9;  // of the purest positions, to be among those that are averaged
// Of further starts: nobody knows the right one.
constexpr double other_purities[] = {0.80, 0.95, 0.85, 0.99};
constexpr std::int64_t pooled_run = 8;  // positions added up to look for structure that single ones hide
constexpr double largest_sigma = 0.5;   // of an abundance: then one in six positions is on the wrong side of ½
constexpr double least_stability = 0.7;
constexpr double overdispersed = 1.5;  // variance over mean from which integers are no plain counts
constexpr double zero_vacuum = 0.5;    // counts

std::string text(const char* format, double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), format, value);
  return buffer;
}
std::string number_of_phases(std::int64_t phases) {
  return std::to_string(phases) + (phases == 1 ? " phase" : " phases");
}

/// Positions whose mean count over themselves and their neighbours reaches the threshold, without those that are below
/// it themselves by more than their neighbourhood's noise: the rim of a hole.
std::vector<std::uint8_t> positions_with_counts(const Rows& rows, const std::vector<double>& row_sum,
                                                const PositionGrid& grid, double threshold) {
  std::vector<std::uint8_t> used(row_sum.size(), 0);
  for (std::int64_t p = 0; p < grid.positions; ++p) {
    if (rows.row_masked(p)) continue;
    double sum = 0;
    std::int64_t there = 0;
    grid.for_each_in_window(p, 3, [&](std::int64_t q) {
      if (rows.row_masked(q)) return;
      sum += row_sum[static_cast<std::size_t>(q)];
      ++there;
    });
    const double mean = sum / static_cast<double>(there), own = row_sum[static_cast<std::size_t>(p)];
    const bool rim = own < threshold && own < mean - 3 * std::sqrt(mean);
    used[static_cast<std::size_t>(p)] = mean >= threshold && sum > 0 && !rim ? 1 : 0;
  }
  return used;
}

double quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  const auto index = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1));
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(index);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

/// Half the summed difference of two unit-sum spectra: the share of counts that lies in other channels.
double difference(const double* one, const double* other, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += std::fabs(one[i] - other[i]);
  return sum / 2;
}

double correlation(const Abundances& one, std::size_t k, const Abundances& other, std::size_t l, std::size_t phases,
                   const std::vector<std::uint8_t>& used) {
  double n = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
  for (std::size_t p = 0; p < used.size(); ++p) {
    if (used[p] == 0) continue;
    const auto a = static_cast<double>(one[p * phases + k]), b = static_cast<double>(other[p * phases + l]);
    n += 1;
    x += a;
    y += b;
    xx += a * a;
    yy += b * b;
    xy += a * b;
  }
  const double vx = xx - x * x / n, vy = yy - y * y / n;
  return vx > 0 && vy > 0 ? (xy - x * y / n) / std::sqrt(vx * vy) : 0.0;
}

/// The phase of the largest abundance; -1 where the position is left out.
std::vector<std::int32_t> dominant(const Abundances& abundances, std::size_t phases,
                                   const std::vector<std::uint8_t>& used) {
  std::vector<std::int32_t> map(used.size(), -1);
  for (std::size_t p = 0; p < used.size(); ++p) {
    if (used[p] == 0) continue;
    const auto first = abundances.begin() + static_cast<std::ptrdiff_t>(p * phases);
    map[p] = static_cast<std::int32_t>(std::max_element(first, first + static_cast<std::ptrdiff_t>(phases)) - first);
  }
  return map;
}

std::vector<double> areas_of(const std::vector<std::int32_t>& map, std::size_t phases, std::int64_t used) {
  std::vector<double> area(phases, 0.0);
  for (const std::int32_t phase : map) {
    if (phase >= 0) area[static_cast<std::size_t>(phase)] += 1 / static_cast<double>(used);
  }
  return area;
}

/// The positions that are made of a phase, as nearly as there are any: those above `purity` of what
/// the purest `minimum_area` of the positions reach. One byte per position and phase.
std::vector<std::uint8_t> purest(const Abundances& abundances, std::size_t phases,
                                 const std::vector<std::uint8_t>& used, double minimum_area, double purity) {
  std::vector<std::uint8_t> member(abundances.size(), 0);
  for (std::size_t k = 0; k < phases; ++k) {
    std::vector<double> values;
    for (std::size_t p = 0; p < used.size(); ++p) {
      if (used[p] != 0) values.push_back(static_cast<double>(abundances[p * phases + k]));
    }
    const double reached = quantile(std::move(values), 1 - minimum_area);
    for (std::size_t p = 0; p < used.size(); ++p) {
      const auto value = static_cast<double>(abundances[p * phases + k]);
      if (used[p] != 0 && value > 0 && value >= purity * reached) member[p * phases + k] = 1;
    }
  }
  return member;
}

/// For each spectrum of `mine` its partner in `theirs`, the most alike pair first.
std::vector<std::size_t> nearest_spectra(const std::vector<double>& mine, const std::vector<double>& theirs,
                                         std::size_t phases, std::size_t groups) {
  std::vector<std::size_t> match(phases, phases);
  std::vector<bool> taken(phases, false);
  for (std::size_t pair = 0; pair < phases; ++pair) {
    std::size_t left = 0, right = 0;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t k = 0; k < phases; ++k) {
      if (match[k] != phases) continue;
      for (std::size_t l = 0; l < phases; ++l) {
        if (taken[l]) continue;
        const double apart = difference(&mine[k * groups], &theirs[l * groups], groups);
        if (apart >= least) continue;
        least = apart;
        left = k;
        right = l;
      }
    }
    match[left] = right;
    taken[right] = true;
  }
  return match;
}

/// A number of phases that was tried.
struct Candidate {
  std::vector<double> spectra;  ///< phases × groups
  Abundances of_half;           ///< abundances that the first half of the counts gives
  std::vector<float> score;     ///< of the second half, per position
  double total = 0;
  std::string objection;  ///< why it is no answer; empty when it is one
  bool unstable = false;  ///< the objection is that other starts disagree
};

class Search {
 public:
  Search(const Rows& rows, const PhasesParams& params, Context& context)
      : rows_(rows), params_(params), context_(context), grid_(rows.data().describe().navigation_shape()) {}

  PhasesResult run();

 private:
  std::uint64_t seed(std::uint64_t purpose) const {
    return static_cast<std::uint64_t>(params_.seed) * 0x9e3779b97f4a7c15u + purpose;
  }
  void prepare();
  std::vector<double> spectra_of(std::int64_t phases, std::uint64_t start) const;
  std::vector<double> refined(std::vector<double> spectra, std::uint64_t part_seed, double purity) const;
  Candidate candidate(std::int64_t phases) const;
  /// Both choose by held-out counts.
  std::size_t choose_number(const std::vector<Candidate>& candidates);
  void choose_coupling(const Candidate& chosen);
  /// Takes a number of phases for the answer: coupling, maps, stability.
  void settle(const Candidate& chosen);
  void order_by_area(std::vector<double>& spectra, Abundances& abundances) const;
  /// Deviations and stability from other starts; then, on top, those of repeated measurements.
  void try_other_starts();
  void repeat_measurement();
  void collect_spectra();
  void judge();

  const Rows& rows_;
  const PhasesParams& params_;
  Context& context_;
  PositionGrid grid_;
  Marginals marginals_;
  std::unique_ptr<GroupedCounts> data_;
  std::unique_ptr<AbundanceField> field_;
  std::vector<float> scores_;
  std::vector<double> spectra_;           ///< phases × groups, unit sums
  std::vector<double> starts_deviation_;  ///< phases × groups: relative spread of the spectra over the starts
  std::vector<float> squares_;            ///< positions × phases: mean squared deviations of abundances
  std::vector<double> area_squares_;
  std::string hidden_;  ///< why there may be more phases than the one that is left; empty when nothing says so
  PhasesResult result_;
};

void Search::prepare() {
  marginals_ = marginals(rows_, context_);
  require_not_negative(rows_, marginals_, "finding phases");
  if (!std::isfinite(marginals_.total)) {
    throw Error(ErrorKind::bad_data, "the values add up to more than a float64 holds; they are no counts");
  }
  if (!(marginals_.total > 0)) {
    throw Error(ErrorKind::bad_data, "all values that the masks leave in are zero: there is nothing to find phases in");
  }

  std::vector<double> sums;  // of positions that have any: most of a map may be empty
  for (std::int64_t p = 0; p < grid_.positions; ++p) {
    const double sum = marginals_.row_sum[static_cast<std::size_t>(p)];
    if (!rows_.row_masked(p) && sum > 0) sums.push_back(sum);
  }
  result_.vacuum_threshold =
      std::max(marginals_.counts ? zero_vacuum : 0.0, params_.vacuum_level * quantile(std::move(sums), 0.95));
  std::vector<std::uint8_t> used = positions_with_counts(rows_, marginals_.row_sum, grid_, result_.vacuum_threshold);
  std::vector<double> column_sum = marginals_.column_sum;
  // Groups are to hold enough counts; values on another scale are measured by their mean size instead.
  const double least = marginals_.counts ? least_group_counts : marginals_.total * 1e-6;
  data_ = std::make_unique<GroupedCounts>(rows_, group_channels(column_sum, most_groups, least), std::move(used));
  result_.used = data_->used_rows();
  result_.vacuum = marginals_.rows_left_in - result_.used;

  // Integers of an EDS detector are photons. Others, such as those of a camera, may be counts times a gain.
  const bool photons = marginals_.counts && rows_.data().describe().signal_type.starts_with("EDS");
  double measured = photons ? 1.0 : measure_dispersion(*data_, marginals_.row_sum, grid_.line, context_);
  const double floor = marginals_.total / static_cast<double>(result_.used) * 1e-8;  // noise-free values
  measured = marginals_.counts && measured < overdispersed ? 1.0 : std::max(measured, floor);
  data_->set_dispersion(measured, marginals_.counts);
  result_.dispersion = measured;
  for (double& sum : marginals_.row_sum) sum /= measured;

  double counts = 0;
  for (std::size_t p = 0; p < data_->used().size(); ++p) counts += data_->used()[p] != 0 ? marginals_.row_sum[p] : 0;
  result_.counts_per_position = counts / static_cast<double>(result_.used);
  field_ = std::make_unique<AbundanceField>(*data_, grid_, context_);
}

std::vector<double> Search::spectra_of(std::int64_t phases, std::uint64_t start) const {
  const std::int64_t window = averaging_window(result_.edge, phases, grid_, params_.minimum_area);
  return purest_spectra(*data_, result_.edge, scores_, marginals_.row_sum, grid_, {phases, window, seed(1), start},
                        context_);
}

std::vector<double> Search::refined(std::vector<double> spectra, std::uint64_t part_seed, double purity) const {
  const std::size_t n = data_->groups(), phases = spectra.size() / n;
  std::vector<double> sum(spectra.size(), 0.0);
  for (const auto which : {Part::first, Part::second}) {
    const Part here{which, part_seed}, other{which == Part::first ? Part::second : Part::first, part_seed};
    const Abundances abundances = field_->fit(here, spectra, {first_coupling}, 2);
    const auto member = purest(abundances, phases, data_->used(), params_.minimum_area, purity);
    const std::vector<double> part = field_->collect(other, member, phases);
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += part[i];
  }
  for (std::size_t k = 0; k < phases; ++k) {
    const auto first = sum.begin() + static_cast<std::ptrdiff_t>(k * n);
    const double total = std::accumulate(first, first + static_cast<std::ptrdiff_t>(n), 0.0);
    if (!(total > 0)) continue;  // no counts to average: the search's own spectrum stays
    for (std::size_t g = 0; g < n; ++g) spectra[k * n + g] = sum[k * n + g] / total;
  }
  return spectra;
}

Candidate Search::candidate(std::int64_t phases) const {
  const std::size_t n = data_->groups();
  Candidate one;
  if (phases == 1) {
    for (const double weight : result_.edge.group_weight) {
      one.spectra.push_back(weight > 0 ? 1 / (weight * weight) : 0.0);
    }
  } else {
    one.spectra = refined(spectra_of(phases, 0), seed(2), usual_purity);
  }
  one.of_half = field_->fit({Part::first, seed(3)}, one.spectra, {first_coupling}, 2);
  one.score = field_->score({Part::second, seed(3)}, one.spectra, one.of_half);
  for (std::size_t p = 0; p < one.score.size(); ++p) one.total += static_cast<double>(one.score[p]);
  const auto count = static_cast<std::size_t>(phases);
  for (std::size_t k = 0; k < count; ++k) {
    for (std::size_t l = 0; l < k; ++l) {
      const double apart = difference(&one.spectra[k * n], &one.spectra[l * n], n);
      if (apart < params_.sensitivity) {
        one.objection = "two of its spectra differ in " + text("%.1f", 100 * apart) +
                        " % of their counts (sensitivity " + text("%.3g", 100 * params_.sensitivity) + " %)";
      }
    }
  }
  const std::vector<double> area = areas_of(dominant(one.of_half, count, data_->used()), count, result_.used);
  const double smallest = *std::min_element(area.begin(), area.end());
  if (one.objection.empty() && smallest < params_.minimum_area) {
    one.objection = "one would cover " + text("%.2f", 100 * smallest) + " % of the area (minimum_area " +
                    text("%.3g", 100 * params_.minimum_area) + " %)";
  }
  return one;
}

std::size_t Search::choose_number(const std::vector<Candidate>& candidates) {
  hidden_.clear();
  const auto count = static_cast<double>(result_.used);
  // Whether `other` predicts as well as `best` within two standard errors of the difference.
  const auto as_good = [&](const Candidate& other, const Candidate& best) {
    double sum = 0, squares = 0;
    for (std::size_t p = 0; p < best.score.size(); ++p) {
      const double d = static_cast<double>(best.score[p]) - static_cast<double>(other.score[p]);
      sum += d;
      squares += d * d;
    }
    const double variance = std::max(0.0, squares - sum * sum / count);
    return sum <= 2 * std::sqrt(variance);
  };
  std::size_t best = 0;
  for (std::size_t i = 1; i < candidates.size(); ++i) {
    if (candidates[i].objection.empty() && candidates[i].total > candidates[best].total) best = i;
  }
  for (std::size_t i = 0; i < best; ++i) {
    if (candidates[i].objection.empty() && as_good(candidates[i], candidates[best])) {
      best = i;
      break;
    }
  }
  std::string reason = std::to_string(best + 1) + ": " + std::to_string(result_.edge.rank) +
                       (result_.edge.rank == 1 ? " component stands" : " components stand") +
                       " above the noise edge of the weighted counts";
  if (result_.edge.rank > static_cast<std::int64_t>(candidates.size())) {
    reason += ", of which " + std::to_string(candidates.size()) + " are tried";
  }
  if (candidates.size() > 1) {
    if (best > 0) {
      reason += "; held-out counts are best predicted by " + number_of_phases(static_cast<std::int64_t>(best) + 1) +
                " (gain in log-likelihood over one: " + text("%.0f", candidates[best].total - candidates[0].total) +
                ")";
    } else {
      reason += "; held-out counts are predicted as well by one phase as by more";
    }
  }
  bool more_predict = false;
  for (std::size_t i = best + 1; i < candidates.size(); ++i) {
    more_predict = more_predict || candidates[i].total > candidates[0].total;
    if (candidates[i].objection.empty()) continue;
    reason += "; not " + std::to_string(i + 1) + ", since " + candidates[i].objection;
    if (candidates[i].unstable && best == 0)
      hidden_ = "with " + number_of_phases(static_cast<std::int64_t>(i) + 1) + " " + candidates[i].objection;
  }
  if (best == 0 && candidates.size() > 1 && !more_predict) {
    hidden_ = "counts of single positions (" + text("%.3g", result_.counts_per_position) +
              " on average) do not predict held-out counts better with more than one phase, though " +
              std::to_string(candidates.size()) + " components stand above the noise";
  }
  result_.reason = reason;
  return best;
}

void Search::choose_coupling(const Candidate& chosen) {
  result_.coupling = {first_coupling};
  if (result_.phases == 1) return;
  Abundances abundances = chosen.of_half;
  double best = -std::numeric_limits<double>::infinity();
  for (const double strength : couplings) {
    abundances = field_->fit({Part::first, seed(3)}, chosen.spectra, {strength}, 2, std::move(abundances));
    double total = 0;
    for (const float one : field_->score({Part::second, seed(3)}, chosen.spectra, abundances)) {
      total += static_cast<double>(one);
    }
    if (total <= best) break;
    best = total;
    result_.coupling.strength = strength;
  }
}

void Search::order_by_area(std::vector<double>& spectra, Abundances& abundances) const {
  const std::size_t n = data_->groups(), phases = spectra.size() / n;
  const std::vector<double> area = areas_of(dominant(abundances, phases, data_->used()), phases, result_.used);
  std::vector<std::size_t> order(phases);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return area[a] > area[b]; });
  const std::vector<double> old_spectra = spectra;
  const Abundances old_abundances = abundances;
  for (std::size_t k = 0; k < phases; ++k) {
    std::copy_n(old_spectra.begin() + static_cast<std::ptrdiff_t>(order[k] * n), n,
                spectra.begin() + static_cast<std::ptrdiff_t>(k * n));
    for (std::size_t p = 0; p < data_->used().size(); ++p) {
      abundances[p * phases + k] = old_abundances[p * phases + order[k]];
    }
  }
}

void Search::try_other_starts() {
  const std::size_t n = data_->groups();
  const auto phases = static_cast<std::size_t>(result_.phases);
  const Abundances& fitted = result_.abundances;
  const std::vector<std::uint8_t>& used = data_->used();
  squares_.assign(fitted.size(), 0.0f);
  area_squares_.assign(phases, 0.0);
  starts_deviation_.assign(spectra_.size(), 0.0);
  result_.stability.assign(phases, 1.0);
  if (phases == 1 || params_.starts == 0) return;

  const auto starts = static_cast<double>(params_.starts);
  std::fill(result_.stability.begin(), result_.stability.end(), 0.0);
  for (std::int64_t start = 1; start <= params_.starts; ++start) {
    const auto number = static_cast<std::uint64_t>(start);
    const std::vector<double> other = refined(spectra_of(result_.phases, number), seed(100 + number),
                                              other_purities[number % std::size(other_purities)]);
    const Abundances again = field_->fit({}, other, result_.coupling, 2);
    const std::vector<std::size_t> match = nearest_spectra(spectra_, other, phases, n);
    const std::vector<double> area = areas_of(dominant(again, phases, used), phases, result_.used);
    for (std::size_t k = 0; k < phases; ++k) {
      const std::size_t l = match[k];
      result_.stability[k] += correlation(fitted, k, again, l, phases, used) / starts;
      const double d = area[l] - result_.area[k];
      area_squares_[k] += d * d / starts;
      for (std::size_t p = 0; p < used.size(); ++p) {
        const float e = again[p * phases + l] - fitted[p * phases + k];
        squares_[p * phases + k] += e * e / static_cast<float>(starts);
      }
      for (std::size_t g = 0; g < n; ++g) {
        const double e = other[l * n + g] - spectra_[k * n + g];
        starts_deviation_[k * n + g] += e * e / starts;
      }
    }
  }
  for (std::size_t i = 0; i < spectra_.size(); ++i) {
    starts_deviation_[i] = spectra_[i] > 0 ? std::sqrt(starts_deviation_[i]) / spectra_[i] : 0.0;
  }
}

void Search::repeat_measurement() {
  const auto phases = static_cast<std::size_t>(result_.phases);
  const Abundances& fitted = result_.abundances;
  const std::vector<std::uint8_t>& used = data_->used();
  const auto repetitions = static_cast<float>(params_.bootstrap);
  result_.probability.assign(used.size(), 0.0f);
  if (phases > 1 && params_.bootstrap > 0) {
    const Likelihood likelihood = field_->expand({}, spectra_, fitted);
    for (std::int64_t replicate = 0; replicate < params_.bootstrap; ++replicate) {
      const Abundances again = repeated_measurement(*field_, likelihood, fitted, result_.coupling, seed(4),
                                                    static_cast<std::uint64_t>(replicate), context_);
      for (std::size_t i = 0; i < fitted.size(); ++i) {
        squares_[i] += (again[i] - fitted[i]) * (again[i] - fitted[i]) / repetitions;
      }
      const std::vector<std::int32_t> map = dominant(again, phases, used);
      for (std::size_t p = 0; p < used.size(); ++p) {
        if (used[p] != 0 && map[p] == result_.map[p]) result_.probability[p] += 1 / repetitions;
      }
      const std::vector<double> area = areas_of(map, phases, result_.used);
      for (std::size_t k = 0; k < phases; ++k) {
        area_squares_[k] +=
            (area[k] - result_.area[k]) * (area[k] - result_.area[k]) / static_cast<double>(repetitions);
      }
    }
  } else {
    std::copy(used.begin(), used.end(), result_.probability.begin());
  }
  for (const float square : squares_) result_.abundances_sigma.push_back(std::sqrt(square));
  for (const double square : area_squares_) result_.area_sigma.push_back(std::sqrt(square));
}

void Search::collect_spectra() {
  const auto phases = static_cast<std::size_t>(result_.phases);
  const auto channels = static_cast<std::size_t>(rows_.columns());
  const std::size_t n = data_->groups();
  const auto member = phases == 1
                          ? data_->used()
                          : purest(result_.abundances, phases, data_->used(), params_.minimum_area, usual_purity);
  result_.pure_positions.assign(phases, 0);
  for (std::size_t i = 0; i < member.size(); ++i) result_.pure_positions[i % phases] += member[i];
  result_.pure_counts = Executor(context_).reduce<std::vector<double>>(
      "averaging spectra", rows_.partitions(), [&] { return std::vector<double>(phases * channels, 0.0); },
      [&](std::vector<double>& partial, std::int64_t partition, RowRange range) {
        const auto block = rows_.block(partition);
        RowValues values(*block, rows_.columns());
        for (std::int64_t r = 0; r < range.size(); ++r) {
          const auto row = static_cast<std::size_t>(range.begin + r);
          if (data_->used()[row] == 0) continue;
          values.go_to(r);
          for (std::size_t k = 0; k < phases; ++k) {
            if (member[row * phases + k] == 0) continue;
            for (std::size_t i = 0; i < values.channel().size(); ++i) {
              partial[k * channels + values.channel()[i]] += values.value()[i];
            }
          }
        }
      },
      [](std::vector<double>& left, std::vector<double>&& right) {
        for (std::size_t i = 0; i < left.size(); ++i) left[i] += right[i];
      });
  result_.spectra_sigma.assign(phases * channels, 0.0);
  for (std::size_t k = 0; k < phases; ++k) {
    const auto positions = static_cast<double>(std::max<std::int64_t>(1, result_.pure_positions[k]));
    for (std::size_t c = 0; c < channels; ++c) {
      const double counts = result_.pure_counts[k * channels + c];
      const double of_starts = counts * starts_deviation_[k * n + data_->channel_groups().of_channel[c]];
      result_.spectra_sigma[k * channels + c] =
          std::sqrt(counts * result_.dispersion + of_starts * of_starts) / positions;
    }
  }
}

void Search::judge() {
  const std::size_t n = data_->groups();
  const auto phases = static_cast<std::size_t>(result_.phases);
  std::vector<std::string> objections;
  std::vector<std::string> grounds;

  if (phases == 1) {
    const NoiseEdge pooled = noise_edge(*data_, 1, pooled_run, grid_.line, seed(5), context_);
    if (!hidden_.empty()) {
      objections.push_back(hidden_);
    } else if (result_.edge.rank == 1 && pooled.rank > 1 && !params_.phases) {
      objections.push_back("single positions (" + text("%.3g", result_.counts_per_position) +
                           " counts on average) show one phase, but " + std::to_string(pooled.rank) +
                           " components stand above the noise once " + std::to_string(pooled_run) +
                           " positions are added up; rebin");
    } else if (result_.edge.rank == 1) {
      grounds.push_back("nothing but one spectrum stands above the noise, even when " + std::to_string(pooled_run) +
                        " positions are added up");
    } else {
      grounds.push_back("what else stands above the noise is less than sensitivity or minimum_area ask for");
    }
  } else {
    // Cramér–Rao bound of the abundances of one position of median counts, at equal shares, on the simplex.
    std::vector<double> sums;
    for (std::size_t p = 0; p < data_->used().size(); ++p) {
      if (data_->used()[p] != 0) sums.push_back(marginals_.row_sum[p]);
    }
    const double counts = quantile(sums, 0.5);
    const auto size = static_cast<Eigen::Index>(phases);
    Eigen::MatrixXd information = Eigen::MatrixXd::Zero(size, size);
    for (std::size_t g = 0; g < n; ++g) {
      double mean = 0;
      for (std::size_t k = 0; k < phases; ++k) mean += spectra_[k * n + g] / static_cast<double>(phases);
      if (!(mean > 0)) continue;
      for (std::size_t k = 0; k < phases; ++k) {
        for (std::size_t l = 0; l < phases; ++l) {
          information(static_cast<Eigen::Index>(k), static_cast<Eigen::Index>(l)) +=
              counts * spectra_[k * n + g] * spectra_[l * n + g] / mean;
        }
      }
    }
    Eigen::MatrixXd to_simplex = Eigen::MatrixXd::Zero(size, size - 1);
    for (Eigen::Index k = 0; k + 1 < size; ++k) {
      to_simplex(k, k) = 1;
      to_simplex(size - 1, k) = -1;
    }
    const Eigen::MatrixXd reduced = to_simplex.transpose() * information * to_simplex;
    const Eigen::MatrixXd covariance =
        to_simplex * reduced.completeOrthogonalDecomposition().pseudoInverse() * to_simplex.transpose();
    const double sigma = std::sqrt(std::max(0.0, covariance.diagonal().maxCoeff()));
    if (!(sigma <= largest_sigma)) {
      const double factor = std::pow(sigma / largest_sigma, 2);
      objections.push_back(
          "with the median of " + text("%.3g", counts) + " counts an abundance of a single position is known to ±" +
          text("%.2f", sigma) +
          " at best (Fisher information), where ±0.5 no longer tells a phase from none; add up at least " +
          std::to_string(static_cast<std::int64_t>(std::ceil(factor))) + " positions (rebin) or count longer");
    } else {
      grounds.push_back("the abundances of one position of median counts are known to ±" + text("%.2f", sigma) +
                        " or better");
    }
    if (params_.starts > 0) {
      const double least = *std::min_element(result_.stability.begin(), result_.stability.end());
      if (least < least_stability) {
        objections.push_back("other starts give another map for at least one phase (correlation " +
                             text("%.2f", least) + ", " + text("%.1f", least_stability) + " needed)");
      } else {
        grounds.push_back("other starts give the same maps (correlation at least " + text("%.2f", least) + ")");
      }
    }
    if (params_.phases && result_.edge.rank < result_.phases) {
      objections.push_back("only " + std::to_string(result_.edge.rank) +
                           " components stand above the noise, fewer than the phases asked for");
    }
  }
  result_.identifiable = objections.empty();
  result_.verdict = result_.identifiable ? "yes: " : "not identifiable: ";
  const std::vector<std::string>& said = result_.identifiable ? grounds : objections;
  for (std::size_t i = 0; i < said.size(); ++i) result_.verdict += (i > 0 ? "; " : "") + said[i];
}

void Search::settle(const Candidate& chosen) {
  const std::size_t phases = chosen.spectra.size() / data_->groups();
  result_.phases = static_cast<std::int64_t>(phases);
  spectra_ = chosen.spectra;
  choose_coupling(chosen);
  result_.abundances = field_->fit({}, spectra_, result_.coupling, 3);
  order_by_area(spectra_, result_.abundances);
  result_.map = dominant(result_.abundances, phases, data_->used());
  result_.area = areas_of(result_.map, phases, result_.used);
  try_other_starts();
}

PhasesResult Search::run() {
  prepare();
  const auto available = std::min<std::int64_t>(result_.used, static_cast<std::int64_t>(data_->groups()));
  if (params_.phases && *params_.phases > available) {
    throw Error(ErrorKind::invalid_argument, "phases is " + std::to_string(*params_.phases) + ", and the data have " +
                                                 std::to_string(result_.used) + " positions with counts and " +
                                                 std::to_string(data_->groups()) + " groups of channels");
  }
  result_.edge =
      noise_edge(*data_, std::max(most_automatic, params_.phases.value_or(1)), 1, grid_.line, seed(0), context_);
  scores_ = component_scores(*data_, result_.edge, marginals_.row_sum, context_);

  if (params_.phases) {
    const Candidate only = candidate(*params_.phases);
    result_.phases = *params_.phases;
    result_.reason = std::to_string(result_.phases) + ": as asked for; " + std::to_string(result_.edge.rank) +
                     " components stand above the noise edge of the weighted counts";
    if (!only.objection.empty())
      context_.warn("of the " + std::to_string(result_.phases) + " phases asked for, " + only.objection);
    settle(only);
  } else {
    std::vector<Candidate> candidates;
    const std::int64_t most = std::min({result_.edge.rank, most_automatic, available});
    for (std::int64_t phases = 1; phases <= most; ++phases) candidates.push_back(candidate(phases));
    for (;;) {
      const std::size_t best = choose_number(candidates);
      settle(candidates[best]);
      const double least = *std::min_element(result_.stability.begin(), result_.stability.end());
      if (best == 0 || least >= least_stability) break;
      candidates[best].unstable = true;
      candidates[best].objection = "other starts give other maps (correlation " + text("%.2f", least) + ", " +
                                   text("%.1f", least_stability) + " needed)";
    }
  }
  repeat_measurement();
  result_.residual = field_->residual(spectra_, result_.abundances);
  collect_spectra();
  judge();

  const auto phases = static_cast<std::size_t>(result_.phases);
  result_.mean_counts.assign(phases, 0.0);
  for (std::size_t p = 0; p < result_.map.size(); ++p) {
    if (result_.map[p] >= 0) {
      result_.mean_counts[static_cast<std::size_t>(result_.map[p])] += marginals_.row_sum[p] * result_.dispersion;
    }
  }
  for (std::size_t k = 0; k < phases; ++k) {
    const double positions = result_.area[k] * static_cast<double>(result_.used);
    if (positions > 0) result_.mean_counts[k] /= positions;
  }
  return std::move(result_);
}

}  // namespace

PhasesResult find_phases(const Rows& rows, const PhasesParams& params, Context& context) {
  return Search(rows, params, context).run();
}

}  // namespace ruska::ops::unmix
