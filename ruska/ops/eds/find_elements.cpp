// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// The spectrum is fitted as a whole: y_i ≈ Σ_b β_b B_bi + Σ_f a_f T_fi + Σ_d π_d D_di with amplitudes ≥ 0, B a smooth
// background, T_f the template of family f (K, L or M lines of one element, relative weights fixed, escape peaks
// included), D what the detector makes of all lines together: pile-up of hard photons, pile-up that a soft photon takes
// part in (which pulse processors miss more often), and tails towards low energy of incompletely collected charge.
// Weights are 1 / (v_i + m_i²): v_i the fitted counts (Poisson), m_i the model's own error, since peaks are Gaussian,
// and relative weights of lines known, to some percent only. Elements enter
// one at a time, the one first that lowers χ² most (orthogonal matching pursuit; J. A. Tropp and A. C. Gilbert, IEEE
// Trans. Inf. Theory 53, 4655, 2007, with amplitudes ≥ 0), and leave again when later ones explain their counts; so
// overlaps such as Ti Kβ on V Kα or S K on Mo L and Pb M are decided by all lines of the families together. Energy
// scale and resolution are fitted between the rounds by Gauss–Newton steps.
//
// An element must further (a) lower χ² around its own strongest line, and (b) show its other families where theory,
// taken with a factor of four, says that they must be seen.
//
// Cost: n channels times the square of about 200 templates per round, three rounds; memory: n times 200 doubles.
#include "ruska/ops/eds/find_elements.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <set>
#include <utility>

#include "ruska/core/metadata.hpp"
#include "ruska/ops/eds/detector.hpp"
#include "ruska/ops/eds/non_negative_fit.hpp"
#include "ruska/ops/eds/spectrum_model.hpp"

namespace ruska::ops::eds {

namespace {

constexpr double softest = 0.16;          // keV; below lie the electronic noise and the strobe peak
constexpr double family_tolerance = 4.0;  // cross-sections, absorption and efficiency together
constexpr double most_shift = 0.040;      // keV
constexpr double most_gain = 0.010;
constexpr std::size_t most_elements = 40;

// By how much of a peak's height the model may be wrong: on the peak, within two widths of it, and by how much of a
// line's height through the tables' weight of that line relative to its family's alpha line. Errors of neighbouring
// channels go together, so that a peak of n channels counts as one reading: m_i grows by √n.
struct ModelError {
  double on_peak, near_peak;
};
constexpr ModelError before_calibration{0.03, 0.008};
constexpr ModelError after_calibration{0.006, 0.003};
constexpr double weight_error = 0.12;
constexpr double soft_weight_error = 0.4;  // L lines of the 3d metals, M lines: valence shells take part
constexpr int detector_columns = 3;
constexpr double exchange_gain = 4.0;    // χ² that an exchange of two elements must gain
constexpr double least_telling = 0.7;    // keV; an element that only softer lines show is possible at best
constexpr double main_line_share = 0.3;  // of the weight of a family's strongest line

struct Element {
  int atomic_number = 0;
  std::vector<int> columns;  // of its families
  double penalty = 0;        // χ² that a surprising element must gain beyond a common one
};

// Gains in χ² that an element must bring beyond the threshold, by how much it would surprise in a laboratory. They
// decide between elements whose lines overlap, and lift the threshold of the last class from 5 to 6.4 σ.
double penalty_of(int z) {
  constexpr int uncommon[] = {32, 34, 35, 44, 45, 49, 52, 53, 59, 72, 73, 80, 83};
  constexpr int rare[] = {5, 18, 21, 37, 54, 55, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 75, 76, 77, 81, 90, 92};
  if (std::find(std::begin(uncommon), std::end(uncommon), z) != std::end(uncommon)) return 9.0;
  return std::find(std::begin(rare), std::end(rare), z) != std::end(rare) ? 16.0 : 0.0;
}

class Search {
 public:
  Search(std::span<const double> counts, const EnergyAxis& axis, const ElementSearch& settings)
      : axis_(axis), settings_(settings) {
    const double low = std::max(softest, axis.low());
    const double high = std::min(settings.beam_energy, axis.high());
    first_ = std::max<std::int64_t>(0, static_cast<std::int64_t>(std::ceil(axis.channel(low))));
    skip_discriminator(counts);
    const std::int64_t last = std::min(axis.size, static_cast<std::int64_t>(std::floor(axis.channel(high))) + 1);
    size_ = std::max<std::int64_t>(0, last - first_);
    data_ = Eigen::VectorXd::Zero(size_);
    for (std::int64_t i = 0; i < size_; ++i) data_[i] = counts[static_cast<std::size_t>(first_ + i)];
    calibration_.resolution_mn_ka = start_resolution_ = settings.resolution_mn_ka.value_or(135.0);
  }

  FoundElements run() {
    FoundElements found;
    found.background.assign(static_cast<std::size_t>(axis_.size), 0.0);
    found.fit = found.detector = found.variance = found.background;
    found.first_channel = first_;
    found.last_channel = first_ + size_;
    found.resolution_mn_ka = calibration_.resolution_mn_ka;
    if (size_ < 20 || data_.sum() < 50.0) return found;

    const double edge = 0.4 * full_width(axis_.at(static_cast<double>(first_)), calibration_.resolution_mn_ka);
    families_ = candidate_families(axis_.at(static_cast<double>(first_)) + edge,
                                   axis_.at(static_cast<double>(first_ + size_ - 1)) - 2 * edge, settings_.beam_energy);
    for (std::size_t f = 0; f < families_.size(); ++f) {
      const int z = families_[f].atomic_number;
      if (elements_.empty() || elements_.back().atomic_number != z) elements_.push_back({z, {}, penalty_of(z)});
      elements_.back().columns.push_back(static_cast<int>(f));
    }
    for (Element& element : elements_) {
      const auto& expected = settings_.expected;
      const bool hoped = std::find(expected.begin(), expected.end(), symbol(element.atomic_number)) != expected.end();
      element.penalty -= hoped ? 4.0 : 0.0;
    }

    expected_counts_ = smoothed();
    round(before_calibration, 400.0);
    calibrate();
    round(after_calibration, threshold());
    calibrate();
    with_detector_ = true;
    round(after_calibration, threshold());
    report(found);
    return found;
  }

 private:
  // Pulse processors cut off everything below a threshold near 0.2 keV: begins above the last rise by more than a
  // factor of eight between neighbouring stretches of 30 eV below 0.27 keV.
  void skip_discriminator(std::span<const double> counts) {
    const auto stretch = std::max<std::int64_t>(1, std::llround(0.03 / axis_.scale));
    const auto sum = [&](std::int64_t begin) {
      double total = 0;
      for (std::int64_t i = begin; i < begin + stretch; ++i) total += counts[static_cast<std::size_t>(i)];
      return total;
    };
    std::int64_t begin = first_;
    for (std::int64_t i = std::max(first_, stretch);
         i + stretch <= axis_.size && axis_.at(static_cast<double>(i)) < 0.27; ++i) {
      if (sum(i) > 8.0 * sum(i - stretch) + 30.0) begin = i + 1;
    }
    first_ = begin;
  }

  double threshold() const { return std::max(16.0, settings_.significance * settings_.significance); }
  int detector_column() const { return static_cast<int>(families_.size()); }
  int background_column() const { return detector_column() + detector_columns; }
  // Channels within a peak's full width.
  double channels_of_peak(std::int64_t i) const {
    return std::max(1.0, calibration_.width(axis_.at(static_cast<double>(first_ + i))) / axis_.scale);
  }

  Eigen::VectorXd box_mean(const Eigen::VectorXd& values, double widths) const {
    std::vector<double> sums(static_cast<std::size_t>(size_) + 1, 0.0);
    for (std::int64_t i = 0; i < size_; ++i)
      sums[static_cast<std::size_t>(i) + 1] = sums[static_cast<std::size_t>(i)] + values[i];
    Eigen::VectorXd mean(size_);
    for (std::int64_t i = 0; i < size_; ++i) {
      const double energy = axis_.at(static_cast<double>(first_ + i));
      const auto reach =
          std::max<std::int64_t>(1, static_cast<std::int64_t>(widths * calibration_.width(energy) / axis_.scale));
      const std::int64_t begin = std::max<std::int64_t>(0, i - reach), end = std::min(size_, i + reach + 1);
      mean[i] = (sums[static_cast<std::size_t>(end)] - sums[static_cast<std::size_t>(begin)]) /
                static_cast<double>(end - begin);
    }
    return mean;
  }
  Eigen::VectorXd smoothed() const { return box_mean(data_, 0.3); }

  void build_templates() {
    const Eigen::MatrixXd background = background_templates(axis_, calibration_.resolution_mn_ka, first_, size_);
    templates_.resize(size_, background_column() + background.cols());
    for (std::size_t f = 0; f < families_.size(); ++f) {
      templates_.col(static_cast<Eigen::Index>(f)) = family_template(families_[f], axis_, calibration_, first_, size_);
    }
    templates_.middleCols(detector_column(), detector_columns).setZero();
    if (with_detector_) {
      templates_.col(detector_column()) = pile_up(1.0, 1e9);
      templates_.col(detector_column() + 1) = pile_up(0.0, 1.0);
      templates_.col(detector_column() + 2) = tails();
    }
    templates_.rightCols(background.cols()) = background;
  }

  // Shape of two photons of the fitted lines taken for one, the softer of them within [low, high) keV; of sum 1.
  Eigen::VectorXd pile_up(double low, double high) const {
    Eigen::VectorXd sums = Eigen::VectorXd::Zero(size_);
    const double least = 1e-4 * lines_.maxCoeff();
    std::vector<std::int64_t> strong;
    for (std::int64_t i = 0; i < size_; ++i) {
      if (lines_[i] > least) strong.push_back(i);
    }
    const double shift = axis_.at(static_cast<double>(first_)) / axis_.scale;
    for (const std::int64_t i : strong) {
      const double softer = axis_.at(static_cast<double>(first_ + i));
      if (softer < low || softer >= high) continue;
      for (const std::int64_t j : strong) {
        if (j < i) continue;
        const double place = static_cast<double>(i + j) + shift;
        if (place < 0 || place >= static_cast<double>(size_ - 1)) continue;
        const auto below = static_cast<std::int64_t>(place);
        const double above = place - static_cast<double>(below), product = lines_[i] * lines_[j] * (i == j ? 0.5 : 1.0);
        sums[below] += product * (1.0 - above);
        sums[below + 1] += product * above;
      }
    }
    const double total = sums.sum();
    if (total > 0) sums /= total;
    return sums;
  }

  // The fitted lines, each photon short by an exponentially distributed energy of 0.15 keV on average; of sum 1.
  Eigen::VectorXd tails() const {
    const double keep = std::exp(-axis_.scale / 0.15);
    Eigen::VectorXd tail = Eigen::VectorXd::Zero(size_);
    double carried = 0;
    for (std::int64_t i = size_ - 1; i >= 0; --i) {
      carried = keep * carried + lines_[i];
      tail[i] = carried;
    }
    const double total = tail.sum();
    if (total > 0) tail /= total;
    return tail;
  }

  void weigh(ModelError error) {
    const Eigen::VectorXd near = box_mean(expected_counts_, 2.0);
    Eigen::VectorXd unsure = Eigen::VectorXd::Zero(size_);
    for (const int element : chosen_) {
      for (const int column : elements_[static_cast<std::size_t>(element)].columns) {
        if (!(amplitudes_[column] > 0)) continue;
        const Family& family = families_[static_cast<std::size_t>(column)];
        const bool soft = family.family == 'M' || (family.family == 'L' && family.atomic_number <= 30);
        unsure += (soft ? soft_weight_error : weight_error) * amplitudes_[column] *
                  (templates_.col(column) - alpha_template(family, axis_, calibration_, first_, size_)).cwiseMax(0.0);
      }
    }
    weights_.resize(size_);
    for (std::int64_t i = 0; i < size_; ++i) {
      // Soft peaks are distorted by charge lost at the surface and by the discriminator.
      const double soft = 0.5 / std::max(0.1, axis_.at(static_cast<double>(first_ + i)));
      const double systematic =
          (error.on_peak * expected_counts_[i] + error.near_peak * near[i]) * (1.0 + soft * soft) + unsure[i];
      weights_[i] =
          1.0 / (std::max({expected_counts_[i], near[i] * 0.05, 1e-3}) + channels_of_peak(i) * systematic * systematic);
    }
    const Eigen::MatrixXd weighted = weights_.asDiagonal() * templates_;
    gram_.noalias() = templates_.transpose() * weighted;
    right_.noalias() = weighted.transpose() * data_;
    data_square_ = data_.dot(weights_.cwiseProduct(data_));
  }

  std::vector<int> columns_of(const std::vector<int>& chosen) const {
    std::vector<int> columns;
    for (const int element : chosen) {
      const auto& own = elements_[static_cast<std::size_t>(element)].columns;
      columns.insert(columns.end(), own.begin(), own.end());
    }
    if (with_detector_) {
      for (int d = 0; d < detector_columns; ++d) columns.push_back(detector_column() + d);
    }
    for (auto c = background_column(); c < templates_.cols(); ++c) columns.push_back(c);
    return columns;
  }

  NonNegativeFit fit(const std::vector<int>& chosen, const Eigen::VectorXd& start) const {
    return NonNegativeFit(gram_, right_, columns_of(chosen), start);
  }

  void keep(const NonNegativeFit& result) {
    amplitudes_ = result.amplitudes();
    objective_ = result.objective();
    fitted_ = templates_ * amplitudes_;
    const Eigen::Index background = templates_.cols() - background_column();
    background_ = templates_.rightCols(background) * amplitudes_.tail(background);
    lines_ = templates_.leftCols(detector_column()) * amplitudes_.head(detector_column());
  }

  // One round of selection, from nothing, at the present calibration.
  void round(ModelError error, double least_gain) {
    build_templates();
    for (int pass = 0; pass < 2; ++pass) {  // the second with weights from the first one's fit
      weigh(error);
      select(least_gain);
      exchange();
      expected_counts_ = fitted_;
    }
  }

  void select(double least_gain) {
    chosen_.clear();
    std::set<int> banned;
    keep(fit(chosen_, Eigen::VectorXd::Zero(templates_.cols())));
    while (chosen_.size() < most_elements) {
      const Eigen::VectorXd slope = right_ - gram_ * amplitudes_;
      std::vector<std::pair<double, int>> ranking;
      for (std::size_t e = 0; e < elements_.size(); ++e) {
        const int element = static_cast<int>(e);
        if (banned.count(element) || std::count(chosen_.begin(), chosen_.end(), element)) continue;
        double score = 0;
        for (const int column : elements_[e].columns) {
          const double gain = std::max(0.0, slope[column]);
          score += gain * gain / std::max(gram_(column, column), 1e-300);
        }
        if (score > least_gain) ranking.push_back({-score, element});
      }
      std::sort(ranking.begin(), ranking.end());
      if (ranking.size() > 14) ranking.resize(14);

      double best = least_gain;
      int winner = -1;
      for (const auto& [score, element] : ranking) {
        if (-score + 4.0 < best) break;  // what it gains with all else held; `exchange` mends what this misses
        std::vector<int> with = chosen_;
        with.push_back(element);
        const double gain =
            objective_ - fit(with, amplitudes_).objective() - elements_[static_cast<std::size_t>(element)].penalty;
        if (gain > best) {
          best = gain;
          winner = element;
        }
      }
      if (winner < 0) break;
      chosen_.push_back(winner);
      keep(fit(chosen_, amplitudes_));
      if (!believable(winner)) {
        banned.insert(winner);
        chosen_.pop_back();
        keep(fit(chosen_, amplitudes_));
        continue;
      }
      // Whoever is no longer needed leaves for good: it had entered in place of what came later.
      for (std::size_t k = 0; k + 1 < chosen_.size();) {
        std::vector<int> without = chosen_;
        without.erase(without.begin() + static_cast<std::ptrdiff_t>(k));
        const NonNegativeFit smaller = fit(without, amplitudes_);
        if (smaller.objective() - objective_ < least_gain || !believable(chosen_[k])) {
          banned.insert(chosen_[k]);
          chosen_ = without;
          keep(smaller);
        } else {
          ++k;
        }
      }
    }
  }

  // Replaces elements by absent ones that explain the spectrum better in their place, until none does. The search adds
  // one element at a time and may be misled by what is still missing: pile-up of Al hides the main line of Ag, and what
  // is left of its second line looks like U.
  void exchange() {
    for (std::size_t swaps = 0; swaps < most_elements; ++swaps) {
      Rival best;
      std::size_t place = 0;
      for (std::size_t k = 0; k < chosen_.size(); ++k) {
        const Rival rival = rival_of(chosen_[k]);
        if (rival.element < 0 || rival.loss >= best.loss) continue;
        best = rival;
        place = k;
      }
      if (best.element < 0 || best.loss > -exchange_gain) return;
      const int leaves = std::exchange(chosen_[place], best.element);
      keep(fit(chosen_, amplitudes_));
      if (believable(best.element)) continue;
      chosen_[place] = leaves;
      keep(fit(chosen_, amplitudes_));
      return;
    }
  }

  // Of the amplitude alone, neighbours held: enough for upper limits.
  double variance_of(int column) const { return gram_(column, column) > 0 ? 1.0 / gram_(column, column) : 1e300; }

  // χ² that the element's columns gain in the channels within one width of an energy, all other amplitudes held.
  double local_gain(int element, double energy) const {
    const double centre = calibration_.place(energy);
    const double reach = calibration_.width(energy);
    double gain = 0;
    for (std::int64_t i = 0; i < size_; ++i) {
      if (std::abs(axis_.at(static_cast<double>(first_ + i)) - centre) > reach) continue;
      double own = 0;
      for (const int column : elements_[static_cast<std::size_t>(element)].columns) {
        own += amplitudes_[column] * templates_(i, column);
      }
      const double with = data_[i] - fitted_[i], without = with + own;
      gain += weights_[i] * (without * without - with * with);
    }
    return gain;
  }

  bool believable(int element) const {
    const Element& one = elements_[static_cast<std::size_t>(element)];
    int strongest = -1;
    double most = 0;
    for (const int column : one.columns) {
      const double significance = amplitudes_[column] * std::sqrt(gram_(column, column));
      if (significance > most) {
        most = significance;
        strongest = column;
      }
    }
    if (strongest < 0) return false;
    const Family& seen = families_[static_cast<std::size_t>(strongest)];
    if (local_gain(element, seen.lines.front().energy) < 9.0) return false;

    // Harder families must be there in the ratio of theory; softer ones may be absorbed.
    for (const int column : one.columns) {
      const Family& other = families_[static_cast<std::size_t>(column)];
      const double energy = other.lines.front().energy;
      if (column == strongest || energy < seen.lines.front().energy) continue;
      const double overvoltage = settings_.beam_energy / (1.1 * energy);
      if (overvoltage < 1.3) continue;
      double ratio = family_cross_section(one.atomic_number, other.family, settings_.beam_energy) /
                     family_cross_section(one.atomic_number, seen.family, settings_.beam_energy);
      ratio *= polymer_window_efficiency(energy) / std::max(0.05, polymer_window_efficiency(seen.lines.front().energy));
      if (!settings_.transmission) ratio *= std::pow(1.0 - 1.0 / overvoltage, 1.5);
      const double wanted = ratio * amplitudes_[strongest] / family_tolerance;
      if (amplitudes_[column] + 3.0 * std::sqrt(variance_of(column)) < wanted) return false;
    }
    return true;
  }

  // Gauss–Newton steps in shift, gain and widths, all amplitudes > 0 free. A scale that runs to its limits says that
  // the peaks were misnamed, not that the instrument was: the scale is then left as the file gives it.
  void calibrate() {
    step_calibration();
    if (std::abs(calibration_.shift) < most_shift && std::abs(calibration_.gain - 1.0) < most_gain) return;
    calibration_.shift = 0;
    calibration_.gain = 1;
    build_templates();
    weigh(after_calibration);
    keep(fit(chosen_, amplitudes_));
  }

  void step_calibration() {
    for (int step = 0; step < 12; ++step) {
      std::vector<int> active;
      double low = 1e9, high = 0;
      for (int column = 0; column < detector_column(); ++column) {
        if (amplitudes_[column] * std::sqrt(gram_(column, column)) < 10.0) continue;
        low = std::min(low, families_[static_cast<std::size_t>(column)].lines.front().energy);
        high = std::max(high, families_[static_cast<std::size_t>(column)].lines.front().energy);
      }
      if (high == 0) return;
      for (int column = 0; column < templates_.cols(); ++column) {
        if (amplitudes_[column] > 0) active.push_back(column);
      }
      const bool free_gain = high - low > 2.0;
      const auto shape = [&](const Calibration& at) {
        Eigen::VectorXd sum = Eigen::VectorXd::Zero(size_);
        for (const int column : active) {
          if (column < detector_column()) {
            sum += amplitudes_[column] *
                   family_template(families_[static_cast<std::size_t>(column)], axis_, at, first_, size_);
          }
        }
        return sum;
      };
      constexpr double by_shift = 0.001, by_gain = 0.0005, by_resolution = 1.0, by_slope = 0.02;
      Eigen::MatrixXd columns(size_, static_cast<Eigen::Index>(active.size()) + 4);
      for (std::size_t k = 0; k < active.size(); ++k) {
        columns.col(static_cast<Eigen::Index>(k)) = templates_.col(active[k]);
      }
      const auto derivative = [&](auto change) {
        Calibration up = calibration_, down = calibration_;
        change(up, 1.0);
        change(down, -1.0);
        return ((shape(up) - shape(down)) / 2.0).eval();
      };
      columns.col(columns.cols() - 4) = derivative([&](Calibration& c, double sign) { c.shift += sign * by_shift; });
      columns.col(columns.cols() - 3) = free_gain
                                            ? derivative([&](Calibration& c, double sign) { c.gain += sign * by_gain; })
                                            : Eigen::VectorXd::Zero(size_).eval();
      columns.col(columns.cols() - 2) =
          derivative([&](Calibration& c, double sign) { c.resolution_mn_ka += sign * by_resolution; });
      columns.col(columns.cols() - 1) =
          free_gain ? derivative([&](Calibration& c, double sign) { c.slope += sign * by_slope; })
                    : Eigen::VectorXd::Zero(size_).eval();
      const Eigen::MatrixXd weighted = weights_.asDiagonal() * columns;
      Eigen::MatrixXd normal = columns.transpose() * weighted;
      // A priori: the scale is right to 10 eV and 0.2 %, the resolution to 10 eV when it was given, else to 30 eV, and
      // the slope, which the Fano factor fixes, to 0.1.
      const double spread = settings_.resolution_mn_ka ? 10.0 : 30.0;
      Eigen::VectorXd pull = weighted.transpose() * (data_ - fitted_);
      const auto prior = [&](Eigen::Index from_end, double unit, double sigma, double now) {
        const Eigen::Index k = columns.cols() - from_end;
        normal(k, k) += (unit / sigma) * (unit / sigma);
        pull[k] -= now * unit / (sigma * sigma);
      };
      prior(4, by_shift, 0.010, calibration_.shift);
      prior(3, by_gain, 0.002, calibration_.gain - 1.0);
      prior(2, by_resolution, spread, calibration_.resolution_mn_ka - start_resolution_);
      prior(1, by_slope, 0.1, calibration_.slope - 2.5);
      normal.diagonal() *= 1.0 + 1e-9;
      // The step is shortened as a whole, since its parts compensate each other; what would leave its bounds is held.
      struct Part {
        double Calibration::*value;
        double unit, longest_step, low, high;
      };
      const Part parts[] = {
          {&Calibration::shift, by_shift, 0.008, -most_shift, most_shift},
          {&Calibration::gain, by_gain, 0.003, 1.0 - most_gain, 1.0 + most_gain},
          {&Calibration::resolution_mn_ka, by_resolution, 8.0, 0.8 * start_resolution_, 1.4 * start_resolution_},
          {&Calibration::slope, by_slope, 0.2, 2.2, 2.9}};
      const Eigen::Index first_part = columns.cols() - 4;
      Eigen::VectorXd change;
      for (bool again = true; again;) {
        again = false;
        change = normal.ldlt().solve(pull);
        for (Eigen::Index k = 0; k < 4; ++k) {
          const Part& part = parts[k];
          const double now = calibration_.*part.value, step_of_part = change[first_part + k] * part.unit;
          if ((now >= part.high && step_of_part > 0) || (now <= part.low && step_of_part < 0)) {
            normal.row(first_part + k).setZero();
            normal.col(first_part + k).setZero();
            normal(first_part + k, first_part + k) = 1.0;
            pull[first_part + k] = 0.0;
            again = true;
          }
        }
      }
      double share = 1.0;
      for (Eigen::Index k = 0; k < 4; ++k) {
        const double length = std::abs(change[first_part + k] * parts[k].unit);
        if (length > parts[k].longest_step) share = std::min(share, parts[k].longest_step / length);
      }
      const Calibration before = calibration_;
      for (Eigen::Index k = 0; k < 4; ++k) {
        double& value = calibration_.*parts[k].value;
        value = std::clamp(value + share * change[first_part + k] * parts[k].unit, parts[k].low, parts[k].high);
      }
      for (const int column : active) {
        if (column < detector_column()) {
          templates_.col(column) =
              family_template(families_[static_cast<std::size_t>(column)], axis_, calibration_, first_, size_);
        }
      }
      weigh(after_calibration);
      keep(fit(chosen_, amplitudes_));
      if (std::abs(calibration_.shift - before.shift) < 1e-5 && std::abs(calibration_.gain - before.gain) < 1e-6 &&
          std::abs(calibration_.resolution_mn_ka - before.resolution_mn_ka) < 0.05) {
        break;
      }
    }
  }

  // The lines of a family that stand out: more than three σ of the counts in the channels they cover.
  struct VisibleLine {
    XrayLine line;
    double counts;
  };
  std::vector<VisibleLine> visible_lines(int column) const {
    std::vector<VisibleLine> visible;
    const Family& family = families_[static_cast<std::size_t>(column)];
    double total = 0;
    for (const XrayLine& line : family.lines) total += line.weight;
    for (const XrayLine& line : family.lines) {
      const double centre = calibration_.place(line.energy);
      const double reach = calibration_.width(line.energy);
      double variance = 0;
      bool inside = false;
      for (std::int64_t i = 0; i < size_; ++i) {
        if (std::abs(axis_.at(static_cast<double>(first_ + i)) - centre) > reach) continue;
        variance += fitted_[i];
        inside = true;
      }
      const double counts = amplitudes_[column] * line.weight / total;
      if (inside && counts > 3.0 * std::sqrt(std::max(variance, 1.0))) visible.push_back({line, counts});
    }
    return visible;
  }

  // Whether a main line of the candidate lies within a peak's width of a visible line of the element.
  bool overlap(int element, int candidate) const {
    for (const int column : elements_[static_cast<std::size_t>(element)].columns) {
      for (const auto& [line, counts] : visible_lines(column)) {
        for (const int other : elements_[static_cast<std::size_t>(candidate)].columns) {
          const auto& lines = families_[static_cast<std::size_t>(other)].lines;
          for (const XrayLine& one : lines) {
            if (one.weight < main_line_share * lines.front().weight) continue;
            if (std::abs(one.energy - line.energy) < calibration_.width(one.energy)) return true;
          }
        }
      }
    }
    return false;
  }

  // An absent element that would explain the spectrum in place of a present one, and the χ² that this would cost.
  struct Rival {
    int element = -1;
    double loss = 9.0;
  };
  // The best rival of a present element; none where every other costs more than 9.
  Rival rival_of(int element) const {
    std::vector<int> with;
    for (const int one : chosen_) {
      if (one != element) with.push_back(one);
    }
    const NonNegativeFit without = fit(with, amplitudes_);
    with.push_back(-1);
    Rival best;
    for (std::size_t e = 0; e < elements_.size(); ++e) {
      const int candidate = static_cast<int>(e);
      if (std::count(chosen_.begin(), chosen_.end(), candidate) || !overlap(element, candidate)) continue;
      with.back() = candidate;
      const double loss = fit(with, without.amplitudes()).objective() - objective_ + elements_[e].penalty -
                          elements_[static_cast<std::size_t>(element)].penalty;
      if (loss < best.loss) best = {candidate, loss};
    }
    return best;
  }

  std::string origin_of(int z) const {
    if (z == 6) return "often contamination or the support film";
    if (!settings_.transmission) return "";
    if (z == 29 || z == 30) return "often from the grid or the holder";
    if (z == 14) return "the detector itself adds a little";
    if (z == 40) return "also in the collimators of some detectors";
    if (z == 82) return "also in the shielding of the column";
    if (z == 27) return "also in the pole piece";
    return "";
  }

  void report(FoundElements& found) const {
    found.resolution_mn_ka = calibration_.resolution_mn_ka;
    found.resolution_slope = calibration_.slope;
    found.energy_shift = calibration_.shift;
    found.energy_gain = calibration_.gain;
    const Eigen::VectorXd detector = templates_.middleCols(detector_column(), detector_columns) *
                                     amplitudes_.segment(detector_column(), detector_columns);
    for (std::int64_t i = 0; i < size_; ++i) {
      found.detector[static_cast<std::size_t>(first_ + i)] = detector[i];
      found.variance[static_cast<std::size_t>(first_ + i)] = 1.0 / weights_[i];
      found.fit[static_cast<std::size_t>(first_ + i)] = fitted_[i];
      found.background[static_cast<std::size_t>(first_ + i)] = background_[i];
    }
    const NonNegativeFit last = fit(chosen_, amplitudes_);
    const Eigen::MatrixXd covariance = last.covariance(gram_);
    const auto degrees = static_cast<double>(size_) - static_cast<double>(last.positive().size());
    found.reduced_chi_square = degrees > 0 ? (data_square_ + objective_) / degrees : 0.0;
    const double inflation = std::max(1.0, found.reduced_chi_square);
    const auto place = [&](int column) {
      const auto at = std::find(last.positive().begin(), last.positive().end(), column);
      return at == last.positive().end() ? Eigen::Index{-1} : at - last.positive().begin();
    };

    for (const int index : chosen_) {
      const Element& element = elements_[static_cast<std::size_t>(index)];
      FoundElement one;
      one.atomic_number = element.atomic_number;
      one.element = symbol(element.atomic_number);
      double variance = 0;
      int significant_families = 0;
      std::vector<std::pair<double, std::vector<VisibleLine>>> by_family;
      for (const int column : element.columns) {
        const Eigen::Index k = place(column);
        if (k < 0) continue;
        const double on_axis = templates_.col(column).sum();
        const double counts = amplitudes_[column] * on_axis;
        const double sigma = std::sqrt(covariance(k, k) * inflation) * on_axis;
        one.counts += counts;
        for (const int other : element.columns) {
          const Eigen::Index l = place(other);
          if (l >= 0) variance += covariance(k, l) * inflation * on_axis * templates_.col(other).sum();
        }
        one.significance = std::max(one.significance, counts / sigma);
        if (counts / sigma < 3.0) continue;
        ++significant_families;
        by_family.push_back({counts / sigma, visible_lines(column)});
      }
      one.sigma = std::sqrt(std::max(0.0, variance));
      if (one.significance < settings_.significance) continue;
      std::stable_sort(by_family.begin(), by_family.end(),
                       [](const auto& a, const auto& b) { return a.first > b.first; });
      for (auto& [significance, lines] : by_family) {
        for (VisibleLine& visible : lines) {
          one.lines.push_back(std::move(visible.line));
          one.line_counts.push_back(visible.counts);
        }
      }
      if (one.lines.empty()) continue;

      const int rival = rival_of(index).element;
      const bool strong = one.significance >= 2.0 * settings_.significance;
      const bool several = significant_families > 1 || one.lines.size() > 1;
      // Nothing confirms L lines among the K lines of light elements, whose peaks have tails, when K is out of reach.
      const bool only_soft =
          one.atomic_number > 18 &&
          std::all_of(one.lines.begin(), one.lines.end(), [](const auto& l) { return l.energy < least_telling; });
      if (rival >= 0 || only_soft) {
        one.confidence = "possible";
      } else if (strong && (several || one.significance >= 4.0 * settings_.significance)) {
        one.confidence = "certain";
      } else {
        one.confidence = strong || several ? "probable" : "possible";
      }
      one.note = origin_of(element.atomic_number);
      if (only_soft) one.note += std::string(one.note.empty() ? "" : "; ") + "its soft lines alone show it";
      if (rival >= 0) {
        const std::string word =
            "or " + symbol(elements_[static_cast<std::size_t>(rival)].atomic_number) + ", whose lines overlap";
        one.note += (one.note.empty() ? "" : "; ") + word;
      }
      found.elements.push_back(std::move(one));
    }
    std::stable_sort(found.elements.begin(), found.elements.end(),
                     [](const FoundElement& a, const FoundElement& b) { return a.counts > b.counts; });
    report_artefacts(found, covariance, place);
  }

  template <class Place>
  void report_artefacts(FoundElements& found, const Eigen::MatrixXd& covariance, const Place& place) const {
    for (int column = 0; column < detector_column(); ++column) {
      if (!(amplitudes_[column] > 0)) continue;
      const Family& family = families_[static_cast<std::size_t>(column)];
      const Eigen::VectorXd escape = amplitudes_[column] * escape_template(family, axis_, calibration_, first_, size_);
      Eigen::Index peak = 0;
      if (escape.size() == 0 || !(escape.maxCoeff(&peak) > 0)) continue;
      double variance = 0;
      for (std::int64_t i = 0; i < size_; ++i) {
        if (escape[i] > 0.1 * escape[peak]) variance += fitted_[i];
      }
      if (escape.sum() < 5.0 * std::sqrt(variance)) continue;
      found.artefacts.push_back({"Si escape of " + family.lines.front().label(),
                                 axis_.at(static_cast<double>(first_ + peak)), escape.sum(), std::sqrt(variance)});
    }
    const char* const names[detector_columns] = {"pile-up", "pile-up with soft X-rays", "tails of incomplete charge"};
    for (int d = 0; d < detector_columns; ++d) {
      const int column = detector_column() + d;
      const Eigen::Index k = place(column);
      if (k < 0) continue;
      const double counts = amplitudes_[column], sigma = std::sqrt(covariance(k, k));
      Eigen::Index peak = 0;
      templates_.col(column).maxCoeff(&peak);
      if (counts > 5.0 * sigma) {
        found.artefacts.push_back({names[d], axis_.at(static_cast<double>(first_ + peak)), counts, sigma});
      }
    }
  }

  EnergyAxis axis_;
  ElementSearch settings_;
  std::int64_t first_ = 0, size_ = 0;
  Eigen::VectorXd data_;
  Calibration calibration_;
  double start_resolution_ = 0;
  bool with_detector_ = false;

  std::vector<Family> families_;
  std::vector<Element> elements_;
  Eigen::MatrixXd templates_, gram_;
  Eigen::VectorXd expected_counts_, weights_, right_;
  double data_square_ = 0;

  std::vector<int> chosen_;
  Eigen::VectorXd amplitudes_, fitted_, background_, lines_;
  double objective_ = 0;
};

}  // namespace

ElementSearch element_search(const Description& description, std::optional<double> given_beam_energy,
                             std::optional<double> resolution_mn_ka) {
  ElementSearch search;
  const std::optional<double> energy = given_beam_energy ? given_beam_energy : beam_energy(description.metadata);
  if (!energy || !(*energy > 0)) {
    throw Error(ErrorKind::invalid_argument,
                "'" + description.title +
                    "' does not say its beam energy, which decides what lines there can be; give "
                    "beam_energy in keV");
  }
  search.beam_energy = *energy;
  search.resolution_mn_ka = resolution_mn_ka ? resolution_mn_ka : energy_resolution_mn_ka(description.metadata);
  search.transmission = instrument_of(description.metadata) != "SEM";
  search.expected = elements(description.metadata);
  return search;
}

bool FoundElements::contains(std::string_view element) const {
  return std::any_of(elements.begin(), elements.end(), [&](const FoundElement& one) { return one.element == element; });
}

FoundElements find_elements(std::span<const double> counts, const EnergyAxis& energy, const ElementSearch& search) {
  if (counts.size() != static_cast<std::size_t>(energy.size)) {
    throw Error(ErrorKind::invalid_argument, "a spectrum of " + std::to_string(counts.size()) +
                                                 " channels on an energy axis of " + std::to_string(energy.size));
  }
  if (!(search.beam_energy > 0) || !(energy.scale > 0)) {
    throw Error(ErrorKind::invalid_argument, "beam energy and energy per channel must be > 0 keV; they are " +
                                                 std::to_string(search.beam_energy) + " and " +
                                                 std::to_string(energy.scale));
  }
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (!(counts[i] >= 0) || !std::isfinite(counts[i])) {
      throw Error(ErrorKind::invalid_argument, "channel " + std::to_string(i) + " holds " + std::to_string(counts[i]) +
                                                   "; counts must be finite and not negative");
    }
  }
  const double total = std::accumulate(counts.begin(), counts.end(), 0.0);
  if (total > most_counts) {
    throw Error(ErrorKind::invalid_argument,
                "the spectrum sums to " + std::to_string(total) +
                    ", more than any detector counts; are these intensities in other units?");
  }
  return Search(counts, energy, search).run();
}

std::string describe(const FoundElements& found) {
  std::string text;
  for (const FoundElement& one : found.elements) {
    char significance[32];
    std::snprintf(significance, sizeof significance, "%.0f σ", one.significance);
    text += (text.empty() ? "" : ", ") + one.element + " (" + one.confidence + ", " + significance +
            (one.note.empty() ? "" : "; " + one.note) + ")";
  }
  return text.empty() ? "no element stands out of the noise" : text;
}

}  // namespace ruska::ops::eds
