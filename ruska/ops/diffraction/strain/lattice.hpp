// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "ruska/ops/diffraction/disk_list.hpp"
#include "ruska/ops/diffraction/plane.hpp"

namespace ruska::ops::diffraction {

/// Disks lie at origin + h g1 + k g2.
struct Lattice {
  Vector origin, g1, g2;

  Vector node(double h, double k) const { return origin + g1 * h + g2 * k; }
  double area() const { return g1.x * g2.y - g1.y * g2.x; }
  /// Length of the shorter basis vector.
  double spacing() const;
};

/// The same lattice by its two shortest vectors, g1 the shorter one and to the right, g2 on the side of growing angles
/// (from x towards y). C. F. Gauss' reduction.
Lattice reduced(Lattice lattice);

/// Intensities of all disks of a scan summed over bins of one size along both axes; coordinate of a bin's middle:
/// offset + step · index.
struct VectorMap {
  std::int64_t height = 0, width = 0;
  double step = 1, offset_x = 0, offset_y = 0;
  std::vector<double> values;

  void add(const Disk& disk);
};

/// The lattice on which most of a map's intensity lies. Peaks of the smoothed map are weighted by the square root of
/// their intensity; differences between them vote for basis vectors, and the pair of vectors wins on whose nodes, seen
/// from the strongest peak or the given origin, more of the weight lies than as much by chance. Nothing where fewer
/// than three peaks not on one line agree.
std::optional<Lattice> find_lattice(const VectorMap& map, std::optional<Vector> origin);

/// Variance of a disk's centre along either axis: flat + shot / intensity.
struct DiskNoise {
  double flat = 1, shot = 0;
  bool known = false;  ///< else it holds up to one factor for all disks

  double variance(double intensity) const { return flat + shot / intensity; }
};

struct LatticeFitRequest {
  Lattice start;            ///< of the whole scan
  double tolerance = 0.25;  ///< largest distance of a disk from its node, in spacings of the lattice
  std::int64_t least = 5;   ///< disks
  DiskNoise noise{};
};

/// A disk that a fit has used: squared distance from its node along either axis on average, freed from the part that
/// the fit has absorbed.
struct DiskResidual {
  double intensity = 0, variance = 0;
};

enum class LatticeFailure { none, too_few_disks, on_one_line };

/// Of (origin, g1, g2); the covariance of the x components, which is that of the y components too; no x component
/// correlates with a y component.
struct LatticeFit {
  LatticeFailure failure = LatticeFailure::none;
  Lattice lattice;
  std::array<double, 9> covariance{};
  std::int64_t used = 0;
  double residual = 0;  ///< root mean square distance of the used disks from their nodes
  std::vector<DiskResidual> residuals{};
};

/// Lattice of one position by weighted least squares. The basis grows outward from the start's: first the disks about
/// the origin are indexed, then, with the lattice that they give, those farther out. Of several disks at one node the
/// nearest counts; disks off by more than four standard deviations of the rest do not. Disks without intensity are
/// passed over. Origin at the outset: the brightest disk within half a spacing of the start's, or the start's.
LatticeFit fit_lattice(std::span<const Disk> disks, const LatticeFitRequest& request);

/// Noise of disks from the residuals of fits, by maximum likelihood of gamma-distributed squares in bins of intensity.
class NoiseEstimate {
 public:
  void add(const DiskResidual& residual);
  void merge(const NoiseEstimate& other);
  /// `floor`: the least variance that is believed. A part that is not asked for is 0.
  DiskNoise result(bool with_flat, bool with_shot, double floor) const;

 private:
  static constexpr std::size_t bins = 96;  // a factor of 2 in intensity each
  struct Bin {
    double number = 0, variance = 0, inverse = 0;
  };
  std::array<Bin, bins> bins_{};
};

}  // namespace ruska::ops::diffraction
