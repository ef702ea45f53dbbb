// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "ruska/ops/diffraction/plane.hpp"

namespace ruska::ops::diffraction {

/// Where a pattern is looked at: rings one pixel apart from `inner` to `outer`, each with the same number of angles, a
/// multiple of 12, so that the rotations of all point groups map samples on samples.
struct PolarGrid {
  /// Radii in undistorted pixels, 0 < inner < outer; `distortion` makes of these the pattern's.
  PolarGrid(double inner, double outer, const Matrix& distortion = {});

  std::int64_t rings = 0, angles = 0;
  double reach = 0;                     ///< pixels about the centre that samples lie within
  std::vector<float> y, x;              ///< of each sample about the centre, rings × angles
  std::vector<double> area;             ///< pixels that a sample of a ring stands for
  std::vector<double> mean_noise;       ///< variance of a ring's mean, in that of one sample
  std::vector<std::int64_t> least_gap;  ///< angles between samples of a ring from which on they share no pixel
};

/// The orders of rotations that are tried.
inline constexpr std::array<std::int64_t, 4> rotation_orders{2, 3, 4, 6};
/// The orders of groups that mirrors are tried for: 2 means mirrors of a pattern with a two-fold axis.
inline constexpr std::array<std::int64_t, 5> mirror_orders{1, 2, 3, 4, 6};

/// The best mirror at an order m: m lines, 180°/m apart, of one of which this is the angle.
struct MirrorScore {
  double score = 0;
  double angle = 0;        ///< degrees from x towards y, in [0, 180/m)
  double angle_sigma = 0;  ///< degrees; infinite where the score has no curvature
};

/// How much a pattern agrees with its images, about one centre. Correlations are those of I − (mean of its ring).
struct SymmetryScores {
  double power = 0;         ///< Σ (I − mean of the ring)² over the disc, noise taken off; pattern scaled to mean 1
  double power_linear = 0;  ///< variance of it by counting statistics: what the signal and the noise together make
  double power_square = 0;  ///< and what the noise alone makes
  double radial_power = 0;  ///< Σ (mean of the ring − mean)², noise taken off
  std::array<double, 4> rotation{};
  std::array<MirrorScore, 5> mirror{};
};

/// By counting statistics: covariances of the rotations' scores, variances of the mirrors'.
struct ScoreCovariance {
  std::array<std::array<double, 4>, 4> rotation{};
  std::array<double, 5> mirror{};
};

/// Scores patterns one after the other; holds the buffers. One per worker.
class SymmetryScorer {
 public:
  /// `variance_per_count`: 1 for counts, the gain for scaled counts, 0 for data without counting noise.
  /// Pixels with a nonzero byte in `left_out` (empty for none) are in no sample; a comparison leaves out the samples
  /// whose image is left out, on either side.
  SymmetryScorer(const PolarGrid& grid, std::int64_t height, std::int64_t width, double variance_per_count,
                 std::vector<std::uint8_t> left_out = {});

  /// Takes a pattern of float64, height × width. False when its mean over the frame is not above zero.
  bool load(std::span<const double> pattern);
  /// Scores the pattern about a centre; the disc about it lies within the frame.
  const SymmetryScores& score(double center_y, double center_x);
  /// Covariance of the scores last computed. Completes these: `angle_sigma`, the
  /// variance of `power`, and takes off a mirror's score what choosing the best angle has added. To be called once per
  /// score.
  ScoreCovariance covariance();
  const SymmetryScores& scores() const { return scores_; }

  /// Bytes that one scorer holds.
  static std::int64_t bytes_held(const PolarGrid& grid, std::int64_t height, std::int64_t width);

 private:
  struct Ring;
  Ring unroll(std::int64_t ring);
  void sample(double center_y, double center_x);
  void find_sound_samples(double center_y, double center_x);
  void remove_ring_means();
  void correlate_rotations();
  void correlate_mirrors();
  /// Variance of a ring's mean, in that of one of its sound samples.
  double mean_share(std::int64_t ring) const;
  double mirror_at(std::int64_t order, std::int64_t index) const;

  const PolarGrid& grid_;
  std::int64_t height_, width_;
  double variance_per_count_, noise_per_value_ = 0;
  std::vector<float> pattern_;                     ///< scaled to mean 1
  std::vector<float> raw_, value_, noise_;         ///< rings × angles: sample, less its ring's mean, its variance
  std::vector<float> even_, odd_;                  ///< sums over pairs by twice their middle
  std::vector<float> unrolled_;                    ///< copies of a ring, each written twice
  std::vector<double> prefix_, dropped_, mirror_;  ///< mirror scores per angle π/angles
  SymmetryScores scores_;
  // Where pixels are left out:
  std::vector<std::uint8_t> left_out_;
  std::vector<std::uint8_t> sound_;         ///< rings × angles: 1 where a sample takes good pixels alone
  std::vector<std::int64_t> sound_in_;      ///< of each ring
  std::array<double, 4> rotation_power_{};  ///< that the pairs of each rotation have
  std::vector<double> mirror_power_;        ///< and those of each line
};

}  // namespace ruska::ops::diffraction
