// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <complex>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ruska/ops/simulate/diffraction_scan/camera.hpp"

namespace ruska::ops::simulate {

/// A map of some components over the scan that belongs to the truth.
struct TruthMap {
  std::string name{}, title{}, unit{}, note{};
  std::vector<std::string> components{};                                        ///< one map each
  std::function<void(std::int64_t position, std::span<double> values)> fill{};  ///< one value per component
  bool labels = false;
};

/// What stands in the beam: the expected intensity of each pixel, in an arbitrary unit that all positions share.
class Specimen {
 public:
  virtual ~Specimen() = default;
  /// Fills `pattern`, one value ≥ 0 per detector pixel in C order. May be called from several threads.
  virtual void expect(std::int64_t position, std::span<double> pattern) const = 0;
  /// What is known of it.
  virtual std::vector<TruthMap> truth() const { return {}; }
};

/// The probe as it appears in a pattern, a disc with a soft edge: 1 / (1 + exp((k − radius) / edge)).
struct Disc {
  double radius = 0, edge = 0;  ///< px
  double operator()(double k) const { return 1 / (1 + std::exp((k - radius) / edge)); }
  /// Beyond it the disc is below 10⁻⁹.
  double reach() const { return radius + 21 * edge; }
};

/// One diffracted beam of a periodic specimen.
struct Beam {
  Vector place{};                        ///< in the pattern, px
  std::complex<double> amplitude{1, 0};  ///< at scan position 0
  Vector frequency{};                    ///< cycles per scan position along columns (x) and rows (y)
  double winding = 0;                    ///< turns of phase about a dislocation
};

/// |Σ_g a_g D(|k − g|) exp(i c |k − g|²) exp(2πi f_g·r) exp(i w_g θ(r))|²: coherent discs that overlap, which is exact
/// for a periodic object in the projection approximation.
class BeamSum final : public Specimen {
 public:
  struct Settings {
    Disc disc;
    double curvature = 0;     ///< c, rad / px²
    Vector dislocation{};     ///< where θ is counted about, in positions
    bool dislocated = false;  ///< otherwise θ = 0
  };
  BeamSum(const Camera& camera, std::vector<Beam> beams, Settings settings, std::vector<TruthMap> truth = {});
  void expect(std::int64_t position, std::span<double> pattern) const override;
  std::vector<TruthMap> truth() const override { return truth_; }

 private:
  struct Pixels {
    std::vector<std::uint32_t> index;
    std::vector<std::complex<double>> value;
  };
  std::vector<Pixels> discs_at(Vector origin) const;

  Camera camera_;
  std::vector<Beam> beams_;
  Settings settings_;
  std::vector<TruthMap> truth_;
  std::vector<Pixels> fixed_;  ///< empty where the centre moves
};

/// The square lattice of overlapping discs of test T1: orders −1, 0, 1 along both axes with |f| = 1, 0.45, 0.25 and
/// phase 0.9 (|h| + |l|), `spacing` px apart, a period of `period` scan positions, a phase of 0.012 (k / scale)² rad
/// across each disc, where scale is the spacing over 7 px.
std::unique_ptr<Specimen> lattice_specimen(const Camera& camera, Disc disc, double spacing, double period,
                                           bool dislocation);

/// A graphene-like phase object of Gaussian atoms, φ(r) = peak Σ exp(−|r − r_j|² / 2w²) with w = 0.03 nm at the sites
/// of a honeycomb of lattice constant 0.246 nm turned by `orientation` degrees, seen by an aberrated probe.
struct PhaseObject {
  double peak = 0;         ///< rad
  double step = 0;         ///< nm per scan position
  double wavelength = 0;   ///< nm
  double pixel_size = 0;   ///< 1/nm per px
  double defocus = 0;      ///< nm, underfocus positive
  double orientation = 0;  ///< degrees
};
std::unique_ptr<Specimen> phase_specimen(const Camera& camera, Disc disc, const PhaseObject& object);

/// Discs on a lattice that is strained and turned from place to place.
struct DiskLattice {
  std::array<Vector, 2> vectors{};  ///< of the unstrained reciprocal lattice, px
  double strain = 0;                ///< the largest of e_xx
  double rotation = 0;              ///< degrees, the largest
  double missing = 0;               ///< probability of a diffracted disc to be absent
  std::int64_t extra = 0;           ///< discs off the lattice in each pattern
  double variation = 0;             ///< relative spread of a disc's intensity, uniform
  std::uint64_t seed = 0;
};

class DiskSpecimen final : public Specimen {
 public:
  DiskSpecimen(const Camera& camera, Disc disc, const DiskLattice& lattice);
  void expect(std::int64_t position, std::span<double> pattern) const override;
  std::vector<TruthMap> truth() const override;

  struct Drawn {
    Vector place{};  ///< on the detector, px
    double intensity = 0;
  };
  /// All discs of a pattern, in slots that stand for the same order everywhere; intensity 0 for an absent one.
  std::vector<Drawn> discs(std::int64_t position) const;
  std::int64_t slots() const { return static_cast<std::int64_t>(orders_.size()) + lattice_.extra; }
  /// Orders (h, k) of the lattice's slots.
  const std::vector<std::array<int, 2>>& orders() const { return orders_; }
  /// Deformation of the lattice in real space, x' = F x.
  Matrix deformation(std::int64_t position) const;
  /// The discs' share of a pattern of total 1.
  double shape_sum() const { return shape_sum_; }

 private:
  Camera camera_;
  Disc disc_;
  DiskLattice lattice_;
  std::vector<std::array<int, 2>> orders_;
  double shape_sum_ = 1;
};

/// Patterns of an exact point group of the plane about their centre; the scan is cut into as many stripes of columns as
/// there are groups.
struct PointGroupPatterns {
  std::vector<std::string> groups;
  double orientation = 0;  ///< degrees, of the first mirror line
  std::uint64_t seed = 0;
};
std::unique_ptr<Specimen> point_group_specimen(const Camera& camera, Disc disc, const PointGroupPatterns& patterns);
/// "1", "2", "3", "4", "6", "m", "2mm", "3m", "4mm", "6mm".
const std::vector<std::string>& known_point_groups();

/// A film whose pattern is a direct beam, rings and a continuum that falls from the middle: amorphous with one broad
/// ring, polycrystalline with many sharp ones.
struct RingFilm {
  struct Ring {
    double radius = 0, width = 0, height = 0;  ///< px; the width is a standard deviation
  };
  std::vector<Ring> rings;
  double speckle = 0;  ///< share of the rings that fluctuates, 0 to 1
  std::uint64_t seed = 0;
};
std::unique_ptr<Specimen> ring_specimen(const Camera& camera, Disc disc, const RingFilm& film);

/// The rings of polycrystalline gold that reach the detector: multiplicity over 1/d and over (1 + (1/d / 6 nm⁻¹)²)²,
/// which falls about as gold's scattering does.
std::vector<RingFilm::Ring> gold_rings(const Camera& camera, Disc disc);

}  // namespace ruska::ops::simulate
