// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/strain/lattice.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace ruska::ops::diffraction {
namespace {

constexpr double smoothing_bins = 3, peak_distance_bins = 8;
constexpr std::size_t most_peaks = 60, most_candidates = 40, most_refined = 24;
constexpr double least_sine = 0.2;        // of the angle between basis vectors of a reduced lattice
constexpr double outlier_square = 4 * 4;  // (4 σ)²
constexpr double prior_freedom = 8;       // degrees of freedom that the scan's noise counts as in one position's

double dot(Vector a, Vector b) { return a.x * b.x + a.y * b.y; }

/// (h, k) of a vector from the origin, not rounded.
Vector index_of(const Lattice& lattice, Vector v) {
  const double area = lattice.area();
  return {(v.x * lattice.g2.y - v.y * lattice.g2.x) / area, (lattice.g1.x * v.y - lattice.g1.y * v.x) / area};
}

/// Sums of weighted least squares for rows (1, h, k).
struct NormalEquations {
  std::array<double, 9> matrix{};
  std::array<double, 3> right_x{}, right_y{};

  void add(double h, double k, Vector v, double weight) {
    const double row[3] = {1, h, k};
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 3; ++j) matrix[3 * i + j] += weight * row[i] * row[j];
      right_x[i] += weight * row[i] * v.x;
      right_y[i] += weight * row[i] * v.y;
    }
  }

  /// Nothing where the indices lie on one line.
  std::optional<std::array<double, 9>> inverse() const {
    const auto& m = matrix;
    const auto minor = [&](std::size_t a, std::size_t b, std::size_t c, std::size_t d) {
      return m[a] * m[d] - m[b] * m[c];
    };
    std::array<double, 9> inverse{minor(4, 5, 7, 8), minor(2, 1, 8, 7), minor(1, 2, 4, 5),
                                  minor(5, 3, 8, 6), minor(0, 2, 6, 8), minor(2, 0, 5, 3),
                                  minor(3, 4, 6, 7), minor(1, 0, 7, 6), minor(0, 1, 3, 4)};
    const double determinant = m[0] * inverse[0] + m[1] * inverse[3] + m[2] * inverse[6];
    if (!(determinant > 1e-9 * m[0] * m[4] * m[8])) return std::nullopt;
    for (double& value : inverse) value /= determinant;
    return inverse;
  }

  Lattice solution(const std::array<double, 9>& inverse, Vector origin) const {
    Vector parts[3];
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 3; ++j) {
        parts[i] = parts[i] + Vector{right_x[j], right_y[j]} * inverse[3 * i + j];
      }
    }
    return {origin + parts[0], parts[1], parts[2]};
  }
};

struct Peak {
  Vector at;
  double weight = 0;
};

std::vector<double> smoothed(const VectorMap& map) {
  std::vector<double> kernel;
  const auto reach = static_cast<std::int64_t>(3 * smoothing_bins);
  for (std::int64_t i = -reach; i <= reach; ++i) {
    kernel.push_back(std::exp(-0.5 * std::pow(static_cast<double>(i) / smoothing_bins, 2)));
  }
  const auto pass = [&](const std::vector<double>& in, std::int64_t length, std::int64_t stride, std::int64_t lines,
                        std::int64_t line_stride) {
    std::vector<double> out(in.size());
    for (std::int64_t line = 0; line < lines; ++line) {
      for (std::int64_t i = 0; i < length; ++i) {
        double sum = 0;
        for (std::int64_t j = std::max<std::int64_t>(0, i - reach); j <= std::min(length - 1, i + reach); ++j) {
          sum += in[static_cast<std::size_t>(line * line_stride + j * stride)] *
                 kernel[static_cast<std::size_t>(j - i + reach)];
        }
        out[static_cast<std::size_t>(line * line_stride + i * stride)] = sum;
      }
    }
    return out;
  };
  return pass(pass(map.values, map.width, 1, map.height, map.width), map.height, map.width, map.width, 1);
}

/// Strongest first; none within the distance of a stronger one.
std::vector<Peak> peaks_of(const VectorMap& map) {
  const std::vector<double> smooth = smoothed(map);
  std::vector<std::size_t> maxima;
  for (std::int64_t y = 0; y < map.height; ++y) {
    for (std::int64_t x = 0; x < map.width; ++x) {
      const double value = smooth[static_cast<std::size_t>(y * map.width + x)];
      if (!(value > 0)) continue;
      bool highest = true;
      for (std::int64_t i = std::max<std::int64_t>(0, y - 1); highest && i < std::min(map.height, y + 2); ++i) {
        for (std::int64_t j = std::max<std::int64_t>(0, x - 1); j < std::min(map.width, x + 2); ++j) {
          highest = highest && smooth[static_cast<std::size_t>(i * map.width + j)] <= value;
        }
      }
      if (highest) maxima.push_back(static_cast<std::size_t>(y * map.width + x));
    }
  }
  std::stable_sort(maxima.begin(), maxima.end(), [&](std::size_t a, std::size_t b) { return smooth[a] > smooth[b]; });
  std::vector<Peak> peaks;
  const double distance = peak_distance_bins * map.step;
  for (const std::size_t bin : maxima) {
    if (peaks.size() == most_peaks) break;
    const auto width = static_cast<std::size_t>(map.width);
    const auto row = static_cast<std::int64_t>(bin / width), column = static_cast<std::int64_t>(bin % width);
    const Vector middle{map.offset_x + map.step * static_cast<double>(column),
                        map.offset_y + map.step * static_cast<double>(row)};
    const bool alone = std::none_of(peaks.begin(), peaks.end(), [&](const Peak& other) {
      return (other.at - middle).square() < distance * distance;
    });
    if (!alone) continue;
    // The centroid of what is near, of the map as it was before it was smoothed.
    const auto near = static_cast<std::int64_t>(smoothing_bins);
    double sum = 0;
    Vector moment;
    for (std::int64_t i = std::max<std::int64_t>(0, row - near); i <= std::min(map.height - 1, row + near); ++i) {
      for (std::int64_t j = std::max<std::int64_t>(0, column - near); j <= std::min(map.width - 1, column + near);
           ++j) {
        const double value = map.values[static_cast<std::size_t>(i * map.width + j)];
        sum += value;
        moment = moment + Vector{static_cast<double>(j - column), static_cast<double>(i - row)} * value;
      }
    }
    const Vector at = sum > 0 ? middle + moment * (map.step / sum) : middle;
    peaks.push_back({at, std::sqrt(smooth[bin])});
  }
  return peaks;
}

/// Differences between peaks, those that most of the weight has in common first.
std::vector<Vector> common_differences(const std::vector<Peak>& peaks, double tolerance) {
  struct Vote {
    Vector sum;
    double weight = 0;
    Vector mean() const { return sum * (1 / weight); }
  };
  std::vector<Vote> votes;
  for (std::size_t i = 0; i < peaks.size(); ++i) {
    for (std::size_t j = i + 1; j < peaks.size(); ++j) {
      Vector v = peaks[j].at - peaks[i].at;
      if (v.square() < 4 * tolerance * tolerance) continue;
      if (v.x < 0 || (v.x == 0 && v.y < 0)) v = v * -1;
      const double weight = peaks[i].weight * peaks[j].weight;
      Vote* found = nullptr;
      for (Vote& vote : votes) {
        const Vector mean = vote.mean();
        if ((mean - v).square() < tolerance * tolerance) found = &vote;
        if ((mean + v).square() < tolerance * tolerance) {
          found = &vote;
          v = v * -1;
        }
        if (found != nullptr) break;
      }
      if (found == nullptr) found = &votes.emplace_back();
      found->sum = found->sum + v * weight;
      found->weight += weight;
    }
  }
  std::stable_sort(votes.begin(), votes.end(), [](const Vote& a, const Vote& b) { return a.weight > b.weight; });
  if (votes.size() > most_candidates) votes.resize(most_candidates);
  std::vector<Vector> vectors;
  for (const Vote& vote : votes) vectors.push_back(vote.mean());
  return vectors;
}

/// Weight on the nodes beyond what as many nodes would collect by chance.
double score_of(const Lattice& lattice, const std::vector<Peak>& peaks, double width) {
  const double chance = 2 * std::numbers::pi * width * width / std::abs(lattice.area());
  if (!(chance < 0.5)) return 0;
  double score = 0;
  for (const Peak& peak : peaks) {
    const Vector index = index_of(lattice, peak.at - lattice.origin);
    const Vector off = peak.at - lattice.node(std::round(index.x), std::round(index.y));
    score += peak.weight * (std::exp(-off.square() / (2 * width * width)) - chance) / (1 - chance);
  }
  return score;
}

bool is_basis(const Lattice& lattice, double shortest) {
  const double lengths = std::sqrt(lattice.g1.square() * lattice.g2.square());
  return lattice.spacing() >= shortest && std::abs(lattice.area()) >= least_sine * lengths;
}

std::optional<Lattice> refined(const Lattice& lattice, const std::vector<Peak>& peaks, double width, bool keep_origin) {
  NormalEquations equations;
  for (const Peak& peak : peaks) {
    const Vector from = peak.at - lattice.origin;
    const Vector index = index_of(lattice, from);
    const double h = std::round(index.x), k = std::round(index.y);
    if ((peak.at - lattice.node(h, k)).square() > 6.25 * width * width) continue;
    equations.add(h, k, from, peak.weight);
  }
  if (keep_origin) equations.add(0, 0, {}, 1e6 * (equations.matrix[0] + 1));
  const auto inverse = equations.inverse();
  if (!inverse) return std::nullopt;
  return equations.solution(*inverse, lattice.origin);
}

}  // namespace

double Lattice::spacing() const { return std::sqrt(std::min(g1.square(), g2.square())); }

Lattice reduced(Lattice lattice) {
  Vector &a = lattice.g1, &b = lattice.g2;
  for (int i = 0; i < 64; ++i) {
    if (a.square() > b.square()) std::swap(a, b);
    const double steps = std::round(dot(a, b) / a.square());
    if (steps == 0) break;
    b = b - a * steps;
  }
  if (a.square() > b.square()) std::swap(a, b);
  if (a.x < 0 || (a.x == 0 && a.y < 0)) a = a * -1;
  if (lattice.area() < 0) b = b * -1;
  return lattice;
}

void VectorMap::add(const Disk& disk) {
  const double column = std::floor((disk.kx - offset_x) / step + 0.5),
               row = std::floor((disk.ky - offset_y) / step + 0.5);
  if (!(column >= 0 && row >= 0 && column < static_cast<double>(width) && row < static_cast<double>(height))) return;
  values[static_cast<std::size_t>(row) * static_cast<std::size_t>(width) + static_cast<std::size_t>(column)] +=
      std::max(0.0, disk.intensity);
}

std::optional<Lattice> find_lattice(const VectorMap& map, std::optional<Vector> origin) {
  const std::vector<Peak> peaks = peaks_of(map);
  if (peaks.size() < 3) return std::nullopt;
  const double width = peak_distance_bins * map.step / 2, shortest = 2 * peak_distance_bins * map.step;
  const std::vector<Vector> vectors = common_differences(peaks, width);
  const Vector middle = origin.value_or(peaks.front().at);
  struct Candidate {
    Lattice lattice;
    double score = 0;
  };
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    for (std::size_t j = i + 1; j < vectors.size(); ++j) {
      const Lattice lattice = reduced({middle, vectors[i], vectors[j]});
      if (!is_basis(lattice, shortest)) continue;
      candidates.push_back({lattice, score_of(lattice, peaks, width)});
    }
  }
  const auto higher = [](const Candidate& a, const Candidate& b) { return a.score > b.score; };
  std::stable_sort(candidates.begin(), candidates.end(), higher);
  if (candidates.size() > most_refined) candidates.resize(most_refined);
  for (Candidate& candidate : candidates) {
    for (int round = 0; round < 4; ++round) {
      const auto better = refined(candidate.lattice, peaks, width, origin.has_value());
      if (!better || !is_basis(reduced(*better), shortest)) break;
      candidate.lattice = reduced(*better);
    }
    candidate.score = score_of(candidate.lattice, peaks, width);
  }
  std::stable_sort(candidates.begin(), candidates.end(), higher);
  if (candidates.empty() || !(candidates.front().score > 0)) return std::nullopt;
  return candidates.front().lattice;
}

LatticeFit fit_lattice(std::span<const Disk> disks, const LatticeFitRequest& request) {
  struct Indexed {
    Vector from;  // the origin at the outset
    double h = 0, k = 0, square = 0, intensity = 0;
    bool out = false;
  };
  LatticeFit fit;
  fit.failure = LatticeFailure::too_few_disks;
  const Lattice& start = request.start;
  const double spacing = start.spacing(), reach = std::pow(spacing / 2, 2);
  Vector origin = start.origin;
  double brightest = 0, farthest = 0;
  for (const Disk& disk : disks) {
    const Vector at{disk.kx, disk.ky};
    if (disk.intensity > brightest && (at - start.origin).square() <= reach) {
      brightest = disk.intensity;
      origin = at;
    }
  }
  for (const Disk& disk : disks) {
    if (disk.intensity > 0) farthest = std::max(farthest, (Vector{disk.kx, disk.ky} - origin).square());
  }
  farthest = std::sqrt(farthest);
  Lattice lattice{{}, start.g1, start.g2};
  const double limit = std::pow(request.tolerance * spacing, 2);
  std::vector<Indexed> indexed;
  const auto assign = [&](double radius) {
    std::vector<Indexed> now;
    for (const Disk& disk : disks) {
      if (!(disk.intensity > 0)) continue;
      const Vector from = Vector{disk.kx, disk.ky} - origin;
      if (from.square() > radius * radius) continue;
      const Vector index = index_of(lattice, from - lattice.origin);
      Indexed one{from, std::round(index.x), std::round(index.y), 0, disk.intensity};
      one.square = (from - lattice.node(one.h, one.k)).square();
      if (!(one.square <= limit)) continue;
      const auto same = std::find_if(now.begin(), now.end(),
                                     [&](const Indexed& other) { return other.h == one.h && other.k == one.k; });
      if (same == now.end()) {
        now.push_back(one);
      } else if (one.square < same->square) {
        *same = one;
      }
    }
    // What has been found out about a disk stays true as long as its node does.
    bool changed = now.size() != indexed.size();
    for (std::size_t i = 0; i < now.size() && !changed; ++i) {
      changed = now[i].h != indexed[i].h || now[i].k != indexed[i].k || now[i].from.x != indexed[i].from.x ||
                now[i].from.y != indexed[i].from.y;
    }
    if (changed) indexed = std::move(now);
    return changed;
  };
  std::array<double, 9> inverse{};
  const auto solve = [&] {
    NormalEquations equations;
    for (const Indexed& one : indexed) {
      if (!one.out) equations.add(one.h, one.k, one.from, 1 / request.noise.variance(one.intensity));
    }
    const auto found = equations.inverse();
    if (!found) return false;
    const Lattice solved = equations.solution(*found, {});
    // A basis that has grown out of recognition was fitted to disks of something else.
    if (!(std::abs(solved.area()) > 0.2 * std::abs(start.area()))) return false;
    inverse = *found;
    lattice = solved;
    return true;
  };

  const double first = 1.3 * std::sqrt(std::max(start.g1.square(), start.g2.square()));
  bool solved = false;
  for (double radius = first; radius < farthest; radius *= 1.5) {
    assign(radius);
    if (indexed.size() >= 4) solve();
  }
  for (int round = 0; round < 10; ++round) {
    const bool changed = assign(farthest * (1 + 1e-12) + spacing * 1e-9);
    if (!changed && solved) break;
    if (static_cast<std::int64_t>(indexed.size()) < request.least) return fit;
    solved = solve();
    if (!solved) {
      fit.failure = LatticeFailure::on_one_line;
      return fit;
    }
  }
  if (!solved) return fit;

  // What the fit has absorbed of a disk's variance: its leverage.
  const auto freedom_of = [&](const Indexed& one) {
    const double row[3] = {1, one.h, one.k};
    double leverage = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 3; ++j) leverage += row[i] * inverse[3 * i + j] * row[j];
    }
    leverage /= request.noise.variance(one.intensity);
    return one.out ? 1 + leverage : std::max(1e-6, 1 - leverage);
  };
  const double smallest = std::pow(1e-10 * spacing, 2);
  std::vector<double> squares(indexed.size());
  for (int round = 0; round < 8; ++round) {
    for (std::size_t i = 0; i < indexed.size(); ++i) {
      const Indexed& one = indexed[i];
      squares[i] = ((one.from - lattice.node(one.h, one.k)).square() + smallest) /
                   (request.noise.variance(one.intensity) * freedom_of(one));
    }
    std::vector<double> sorted = squares;
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
    std::nth_element(sorted.begin(), middle, sorted.end());
    const double scale = *middle / (2 * std::numbers::ln2);  // median of χ² with two degrees of freedom
    const double most = outlier_square * (request.noise.known ? std::max(1.0, scale) : scale);
    bool changed = false;
    std::vector<Indexed> before = indexed;
    std::int64_t left = 0;
    for (std::size_t i = 0; i < indexed.size(); ++i) {
      const bool out = squares[i] > most;
      changed = changed || out != indexed[i].out;
      indexed[i].out = out;
      left += out ? 0 : 1;
    }
    if (!changed) break;
    if (left < request.least || !solve()) {
      indexed = std::move(before);
      break;
    }
  }

  double chi_square = 0, sum = 0;
  for (const Indexed& one : indexed) {
    if (one.out) continue;
    const double square = (one.from - lattice.node(one.h, one.k)).square();
    chi_square += square / request.noise.variance(one.intensity);
    sum += square;
    fit.used += 1;
    fit.residuals.push_back({one.intensity, square / (2 * freedom_of(one))});
  }
  if (fit.used < request.least) return fit;
  const double freedom = 2 * static_cast<double>(fit.used) - 6;
  const double prior = request.noise.known ? prior_freedom : 0;
  const double factor = prior + freedom > 0 ? (prior + chi_square) / (prior + freedom) : 1;
  for (std::size_t i = 0; i < 9; ++i) fit.covariance[i] = inverse[i] * factor;
  fit.residual = std::sqrt(sum / static_cast<double>(fit.used));
  fit.lattice = {origin + lattice.origin, lattice.g1, lattice.g2};
  fit.failure = LatticeFailure::none;
  return fit;
}

void NoiseEstimate::add(const DiskResidual& residual) {
  const double octave = std::floor(std::log2(residual.intensity)) + static_cast<double>(bins) / 2;
  Bin& bin = bins_[static_cast<std::size_t>(std::clamp(octave, 0.0, static_cast<double>(bins - 1)))];
  bin.number += 1;
  bin.variance += residual.variance;
  bin.inverse += 1 / residual.intensity;
}

void NoiseEstimate::merge(const NoiseEstimate& other) {
  for (std::size_t i = 0; i < bins; ++i) {
    bins_[i].number += other.bins_[i].number;
    bins_[i].variance += other.bins_[i].variance;
    bins_[i].inverse += other.bins_[i].inverse;
  }
}

DiskNoise NoiseEstimate::result(bool with_flat, bool with_shot, double floor) const {
  double number = 0, variance = 0, inverse = 0;
  for (const Bin& bin : bins_) {
    number += bin.number;
    variance += bin.variance;
    inverse += bin.inverse;
  }
  DiskNoise noise{floor, 0, true};
  if (!(number > 0)) return noise;
  noise.flat = with_flat ? variance / number : 0;
  noise.shot = with_flat ? 0 : variance / inverse;
  // Weighted least squares with the weights of the last round maximises Σ n (−ln µ − m/µ), µ = flat + shot / I.
  for (int round = 0; with_flat && with_shot && round < 60; ++round) {
    double ff = 0, fs = 0, ss = 0, fm = 0, sm = 0;
    for (const Bin& bin : bins_) {
      if (!(bin.number > 0)) continue;
      const double mean = bin.variance / bin.number, x = bin.inverse / bin.number;
      const double expected = noise.flat + noise.shot * x + floor;
      const double weight = bin.number / (expected * expected);
      ff += weight;
      fs += weight * x;
      ss += weight * x * x;
      fm += weight * mean;
      sm += weight * x * mean;
    }
    const double determinant = ff * ss - fs * fs;
    double flat = fm / ff, shot = 0;
    if (determinant > 1e-12 * ff * ss) {
      flat = (fm * ss - sm * fs) / determinant;
      shot = (ff * sm - fs * fm) / determinant;
      if (shot < 0) {
        shot = 0;
        flat = fm / ff;
      } else if (flat < 0) {
        flat = 0;
        shot = sm / ss;
      }
    }
    noise.flat = flat;
    noise.shot = shot;
  }
  noise.flat += floor;
  return noise;
}

}  // namespace ruska::ops::diffraction
