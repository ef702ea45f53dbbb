// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Counts y_g of a position with n counts in all have the mean n Σ_k a_k s_kg, a on the simplex, s_k of unit sum. With
// m_g = Σ_k a_k s_kg the log-likelihood is Σ_g y_g ln m_g; its slope is b_k = Σ_g y_g s_kg / m_g and its expected
// curvature F_kl = n Σ_g s_kg s_lg / m_g. Newton steps with F are Fisher scoring.
//
// Cost of an expansion: positions × groups × phases²/2 multiplications as a matrix product, plus nonzeros × phases.
// Cost of a sweep: positions × phases³/2. Memory: phases(phases+5)/2 floats per position.
#include "ruska/ops/unmix/phases/abundance_field.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <Eigen/Dense>

#include "ruska/base/random.hpp"
#include "ruska/math/pearson_misfit.hpp"

namespace ruska::ops::unmix {
namespace {

using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr double interior = 0.02;  // expansions are taken this far inside the simplex, where no mean is zero
constexpr double least_mean = 1e-12;
constexpr float settled = 5e-4f;  // a sweep that moves no abundance further ends the solution
// Below so many positions a half-sweep takes less time than handing it to threads: every rank solves all of it.
constexpr std::int64_t alone = 8192;
constexpr int sweeps_between_checks = 4;
constexpr std::int64_t rows_at_once = 64;
constexpr double background_share = 1e-6;  // of a held-out score: a channel that no spectrum has is no miracle

constexpr std::size_t packed(std::size_t phases) { return phases * (phases + 1) / 2; }
constexpr std::size_t at(std::size_t i, std::size_t j) { return i * (i + 1) / 2 + j; }  // j ≤ i

/// What one update of a field needs.
struct Update {
  const PositionGrid& grid;
  const std::vector<std::uint8_t>& used;
  const Likelihood& likelihood;
  const std::vector<float>& slope;
  Coupling coupling;
  Abundances& abundances;
};

/// Updates the positions of one colour within a range; returns the largest move. `fixed` is the number of phases, or 0
/// for any: with it known the compiler unrolls the loops, which halves the time for three phases.
template <std::size_t fixed>
float update(const Update& field, int colour, RowRange range) {
  const std::size_t phases = fixed > 0 ? fixed : field.likelihood.phases;
  const auto strength = static_cast<float>(field.coupling.strength);
  const auto softness = static_cast<float>(1 / (field.coupling.edge * field.coupling.edge));
  std::array<float, fixed> room{};
  std::vector<float> more(fixed > 0 ? 0 : phases);
  float* pull = fixed > 0 ? room.data() : more.data();
  float largest = 0;
  for (std::int64_t p = range.begin; p < range.end; ++p) {
    const auto here = static_cast<std::size_t>(p);
    if (field.used[here] == 0 || field.grid.colour(p) != colour) continue;
    float* a = &field.abundances[here * phases];
    const float* f = &field.likelihood.information[here * packed(phases)];
    const float* b = &field.slope[here * phases];
    std::copy(b, b + phases, pull);
    float weight = 0;
    if (strength > 0) {
      field.grid.for_each_neighbour(p, [&](std::int64_t q) {
        const auto there = static_cast<std::size_t>(q);
        if (field.used[there] == 0) return;
        const float* other = &field.abundances[there * phases];
        float distance = 0;
        for (std::size_t k = 0; k < phases; ++k) distance += (a[k] - other[k]) * (a[k] - other[k]);
        const float w = strength / (1 + softness * distance);
        weight += w;
        for (std::size_t k = 0; k < phases; ++k) pull[k] += w * other[k];
      });
    }
    for (std::size_t i = 1; i < phases; ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        float gradient = pull[i] - pull[j] - weight * (a[i] - a[j]);
        for (std::size_t k = 0; k < phases; ++k) {
          const float fi = f[k <= i ? at(i, k) : at(k, i)], fj = f[k <= j ? at(j, k) : at(k, j)];
          gradient -= (fi - fj) * a[k];
        }
        const float curvature = f[at(i, i)] + f[at(j, j)] - 2 * f[at(i, j)] + 2 * weight;
        if (!(curvature > 0)) continue;
        const float step = std::clamp(gradient / curvature, -a[i], a[j]);
        a[i] += step;
        a[j] -= step;
        largest = std::max(largest, std::fabs(step));
      }
    }
  }
  return largest;
}

float update_any(const Update& field, int colour, RowRange range) {
  switch (field.likelihood.phases) {
    case 2: return update<2>(field, colour, range);
    case 3: return update<3>(field, colour, range);
    case 4: return update<4>(field, colour, range);
    case 5: return update<5>(field, colour, range);
    default: return update<0>(field, colour, range);
  }
}

}  // namespace

AbundanceField::AbundanceField(const GroupedCounts& data, const PositionGrid& grid, Context& context)
    : data_(data), grid_(grid), context_(context) {}

Likelihood AbundanceField::expand(Part part, const std::vector<double>& spectra, const Abundances& start) const {
  const std::size_t groups = data_.groups(), phases = spectra.size() / groups;
  const auto n_groups = static_cast<Eigen::Index>(groups), n_phases = static_cast<Eigen::Index>(phases);
  const Eigen::Map<const RowMatrix> s(spectra.data(), n_phases, n_groups);
  RowMatrix products(static_cast<Eigen::Index>(packed(phases)), n_groups);
  for (std::size_t i = 0; i < phases; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      products.row(static_cast<Eigen::Index>(at(i, j))) =
          s.row(static_cast<Eigen::Index>(i)).cwiseProduct(s.row(static_cast<Eigen::Index>(j)));
    }
  }
  Likelihood result;
  result.phases = phases;
  const auto positions = static_cast<std::size_t>(grid_.positions);
  result.information.assign(positions * packed(phases), 0.0f);
  result.slope.assign(positions * phases, 0.0f);

  const Partitions& partitions = data_.rows().partitions();
  Executor executor(context_);
  executor.for_each_chunk("expanding the likelihood", partitions, [&](std::int64_t partition, RowRange) {
    // Rows are taken in batches, so that means and information are matrix products.
    RowMatrix a(rows_at_once, n_phases), inverse, information;
    std::vector<std::int64_t> row_of;
    std::vector<double> counts;
    std::vector<std::size_t> start_of;
    std::vector<std::uint32_t> group;
    std::vector<double> value;
    const auto flush = [&] {
      const auto batch = static_cast<Eigen::Index>(row_of.size());
      if (batch == 0) return;
      inverse.noalias() = a.topRows(batch) * s;
      inverse = inverse.cwiseMax(least_mean).cwiseInverse();
      information.noalias() = inverse * products.transpose();
      start_of.push_back(group.size());
      for (Eigen::Index r = 0; r < batch; ++r) {
        const auto local = static_cast<std::size_t>(r);
        const auto row = static_cast<std::size_t>(row_of[local]);
        for (std::size_t i = 0; i < packed(phases); ++i) {
          result.information[row * packed(phases) + i] =
              static_cast<float>(counts[local] * information(r, static_cast<Eigen::Index>(i)));
        }
        for (std::size_t k = 0; k < phases; ++k) {
          double slope = 0;
          for (std::size_t i = start_of[local]; i < start_of[local + 1]; ++i) {
            slope += value[i] * spectra[k * groups + group[i]] * inverse(r, group[i]);
          }
          result.slope[row * phases + k] = static_cast<float>(slope);
        }
      }
      row_of.clear();
      counts.clear();
      start_of.clear();
      group.clear();
      value.clear();
    };
    data_.visit(partition, part, [&](std::int64_t row, std::span<const std::uint32_t> g, std::span<const double> y) {
      const auto batch = static_cast<Eigen::Index>(row_of.size());
      for (std::size_t k = 0; k < phases; ++k) {
        const double given = start.empty() ? 1.0 / static_cast<double>(phases)
                                           : static_cast<double>(start[static_cast<std::size_t>(row) * phases + k]);
        a(batch, static_cast<Eigen::Index>(k)) = (1 - interior) * given + interior / static_cast<double>(phases);
      }
      row_of.push_back(row);
      start_of.push_back(group.size());
      group.insert(group.end(), g.begin(), g.end());
      value.insert(value.end(), y.begin(), y.end());
      double sum = 0;
      for (const double one : y) sum += one;
      counts.push_back(sum);
      if (batch + 1 == rows_at_once) flush();
    });
    flush();
  });
  executor.gather(partitions, static_cast<std::int64_t>(packed(phases)), std::span(result.information));
  executor.gather(partitions, static_cast<std::int64_t>(phases), std::span(result.slope));
  return result;
}

void AbundanceField::solve(const Likelihood& likelihood, const std::vector<float>& slope, Coupling coupling,
                           Abundances& abundances, int most_sweeps) const {
  const std::size_t phases = likelihood.phases;
  if (phases == 1) return;
  const Update field{grid_, data_.used(), likelihood, slope, coupling, abundances};
  if (grid_.positions <= alone) {
    for (int sweep = 0; sweep < most_sweeps; ++sweep) {
      context_.check();
      const float first = update_any(field, 0, {0, grid_.positions});
      if (std::max(first, update_any(field, 1, {0, grid_.positions})) < settled) return;
    }
    return;
  }
  const Partitions partitions(grid_.positions, static_cast<std::int64_t>(phases * (phases + 5) / 2 * sizeof(float)));
  std::vector<float> moved(static_cast<std::size_t>(partitions.count()));
  Executor executor(context_);
  for (int sweep = 0; sweep < most_sweeps; ++sweep) {
    for (const int colour : {0, 1}) {
      executor.for_each_chunk("solving for abundances", partitions, [&](std::int64_t partition, RowRange range) {
        float& largest = moved[static_cast<std::size_t>(partition)];
        const float now = update_any(field, colour, range);
        largest = colour == 0 ? now : std::max(largest, now);
      });
      executor.gather(partitions, static_cast<std::int64_t>(phases), std::span(abundances));
    }
    if (sweep % sweeps_between_checks != 0) continue;
    // Every rank must stop at the same sweep, so the largest move of all partitions travels.
    const std::vector<float> largest = executor.reduce<std::vector<float>>(
        "solving for abundances", partitions, [] { return std::vector<float>(1, 0.0f); },
        [&](std::vector<float>& partial, std::int64_t partition, RowRange) {
          partial[0] = std::max(partial[0], moved[static_cast<std::size_t>(partition)]);
        },
        [](std::vector<float>& left, std::vector<float>&& right) { left[0] = std::max(left[0], right[0]); });
    if (largest[0] < settled) return;
  }
}

Abundances AbundanceField::fit(Part part, const std::vector<double>& spectra, Coupling coupling, int rounds,
                               Abundances start) const {
  const std::size_t phases = spectra.size() / data_.groups();
  Abundances abundances = std::move(start);
  const bool from_scratch = abundances.empty();
  if (from_scratch) {
    abundances.assign(static_cast<std::size_t>(grid_.positions) * phases, 0.0f);
    for (std::size_t p = 0; p < data_.used().size(); ++p) {
      if (data_.used()[p] == 0) continue;
      std::fill_n(abundances.begin() + static_cast<std::ptrdiff_t>(p * phases), phases,
                  1.0f / static_cast<float>(phases));
    }
  }
  for (int round = 0; phases > 1 && round < rounds; ++round) {
    const Likelihood likelihood = expand(part, spectra, abundances);
    solve(likelihood, likelihood.slope, coupling, abundances, from_scratch && round == 0 ? 60 : 30);
  }
  return abundances;
}

std::vector<float> AbundanceField::score(Part part, const std::vector<double>& spectra,
                                         const Abundances& abundances) const {
  const std::size_t groups = data_.groups(), phases = spectra.size() / groups;
  std::vector<float> scores(static_cast<std::size_t>(grid_.positions), 0.0f);
  const Partitions& partitions = data_.rows().partitions();
  Executor executor(context_);
  executor.for_each_chunk("scoring held-out counts", partitions, [&](std::int64_t partition, RowRange) {
    data_.visit(partition, part, [&](std::int64_t row, std::span<const std::uint32_t> g, std::span<const double> y) {
      const float* a = &abundances[static_cast<std::size_t>(row) * phases];
      double sum = 0;
      for (std::size_t i = 0; i < g.size(); ++i) {
        double mean = 0;
        for (std::size_t k = 0; k < phases; ++k) mean += static_cast<double>(a[k]) * spectra[k * groups + g[i]];
        sum += y[i] * std::log((1 - background_share) * mean + background_share / static_cast<double>(groups));
      }
      scores[static_cast<std::size_t>(row)] = static_cast<float>(sum);
    });
  });
  executor.gather(partitions, 1, std::span(scores));
  return scores;
}

std::vector<double> AbundanceField::collect(Part part, const std::vector<std::uint8_t>& member,
                                            std::size_t phases) const {
  const std::size_t groups = data_.groups();
  return Executor(context_).reduce<std::vector<double>>(
      "averaging spectra", data_.rows().partitions(), [&] { return std::vector<double>(phases * groups, 0.0); },
      [&](std::vector<double>& partial, std::int64_t partition, RowRange) {
        data_.visit(partition, part,
                    [&](std::int64_t row, std::span<const std::uint32_t> g, std::span<const double> y) {
                      for (std::size_t k = 0; k < phases; ++k) {
                        if (member[static_cast<std::size_t>(row) * phases + k] == 0) continue;
                        for (std::size_t i = 0; i < g.size(); ++i) partial[k * groups + g[i]] += y[i];
                      }
                    });
      },
      [](std::vector<double>& left, std::vector<double>&& right) {
        for (std::size_t i = 0; i < left.size(); ++i) left[i] += right[i];
      });
}

std::vector<float> AbundanceField::residual(const std::vector<double>& spectra, const Abundances& abundances) const {
  const std::size_t groups = data_.groups(), phases = spectra.size() / groups;
  std::vector<float> residuals(static_cast<std::size_t>(grid_.positions), 0.0f);
  const Partitions& partitions = data_.rows().partitions();
  Executor executor(context_);
  executor.for_each_chunk("computing residuals", partitions, [&](std::int64_t partition, RowRange) {
    std::vector<double> mean(groups);
    data_.visit(partition, {}, [&](std::int64_t row, std::span<const std::uint32_t> g, std::span<const double> y) {
      const float* a = &abundances[static_cast<std::size_t>(row) * phases];
      double counts = 0;
      for (const double one : y) counts += one;
      std::fill(mean.begin(), mean.end(), 0.0);
      for (std::size_t k = 0; k < phases; ++k) {
        const double share = counts * static_cast<double>(a[k]);
        if (share == 0) continue;
        for (std::size_t i = 0; i < groups; ++i) mean[i] += share * spectra[k * groups + i];
      }
      math::PearsonMisfit misfit;
      std::size_t next = 0;
      for (std::size_t i = 0; i < groups; ++i) {
        misfit.add(next < g.size() && g[next] == i ? y[next++] : 0.0, mean[i]);
      }
      residuals[static_cast<std::size_t>(row)] = static_cast<float>(misfit.value());
    });
  });
  executor.gather(partitions, 1, std::span(residuals));
  return residuals;
}

Abundances repeated_measurement(const AbundanceField& field, const Likelihood& likelihood, const Abundances& fitted,
                                Coupling coupling, std::uint64_t seed, std::uint64_t replicate, Context& context) {
  constexpr int sweeps = 15;
  const std::size_t phases = likelihood.phases;
  std::vector<float> drawn(likelihood.slope.size(), 0.0f);
  const PositionGrid& grid = field.grid();
  const Partitions partitions(grid.positions, static_cast<std::int64_t>(phases * (phases + 5) / 2 * sizeof(float)));
  Executor executor(context);
  executor.for_each_chunk("repeating the measurement", partitions, [&](std::int64_t, RowRange range) {
    std::vector<double> root(packed(phases)), normal(phases);
    for (std::int64_t p = range.begin; p < range.end; ++p) {
      const auto here = static_cast<std::size_t>(p);
      if (field.data().used()[here] == 0) continue;
      const float* f = &likelihood.information[here * packed(phases)];
      // Cholesky factor; a direction without information gets a zero column and so no noise.
      for (std::size_t i = 0; i < phases; ++i) {
        for (std::size_t j = 0; j <= i; ++j) {
          double sum = static_cast<double>(f[at(i, j)]);
          for (std::size_t k = 0; k < j; ++k) sum -= root[at(i, k)] * root[at(j, k)];
          if (i == j)
            root[at(i, i)] = sum > 1e-6 * static_cast<double>(f[at(i, i)]) ? std::sqrt(sum) : 0.0;
          else
            root[at(i, j)] = root[at(j, j)] > 0 ? sum / root[at(j, j)] : 0.0;
        }
      }
      Random random(seed, "unmix.phases bootstrap",
                    replicate * static_cast<std::uint64_t>(grid.positions) + static_cast<std::uint64_t>(p));
      for (double& one : normal) one = random.normal();
      for (std::size_t i = 0; i < phases; ++i) {
        double slope = 0;
        for (std::size_t k = 0; k < phases; ++k) {
          slope +=
              static_cast<double>(f[k <= i ? at(i, k) : at(k, i)]) * static_cast<double>(fitted[here * phases + k]);
        }
        for (std::size_t k = 0; k <= i; ++k) slope += root[at(i, k)] * normal[k];
        drawn[here * phases + i] = static_cast<float>(slope);
      }
    }
  });
  executor.gather(partitions, static_cast<std::int64_t>(phases), std::span(drawn));
  Abundances result = fitted;
  field.solve(likelihood, drawn, coupling, result, sweeps);
  return result;
}

}  // namespace ruska::ops::unmix
