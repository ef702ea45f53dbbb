// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <complex>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "ruska/math/fourier.hpp"
#include "ruska/ops/diffraction/disks/probe_shape.hpp"
#include "ruska/ops/diffraction/disks/upsampled_peak.hpp"

namespace ruska::ops::diffraction {

enum class DiskPosition { likelihood, upsampling, parabola };

struct DiskFinderSettings {
  double power = 1;         ///< of the correlation's modulus: 1 cross-correlation, 0 phase correlation
  double smoothing = 0;     ///< standard deviation of a Gaussian over the correlation, px
  double relative = 0.005;  ///< least correlation, as a part of the pattern's highest
  double significance = 5;  ///< least signal in standard deviations of its counting noise
  double spacing = 0;       ///< px
  double edge = 0;          ///< px
  std::int64_t most = 70;   ///< disks in a pattern
  double hot = 8;           ///< σ by which a pixel must exceed all its neighbours to be taken for hot; 0: none is
  double gain = 1;          ///< counts per electron
  DiskPosition position = DiskPosition::likelihood;
};

/// A disk in pixels, with standard deviations from counting statistics; counts above the background.
struct FoundDisk {
  float ky = 0, kx = 0, intensity = 0, sigma_y = 0, sigma_x = 0;
};

/// Finds disks of the probe's shape in patterns of one size: peaks of the correlation with the probe less an annulus
/// around it (sum 0). It is not changed by use and serves all threads; each has a Workspace.
///
/// Positions: `parabola` through the correlation's 3 × 3 values about the peak; `upsampling`, the same on a grid 16
/// times finer that the correlation's Fourier transform gives exactly (M. Guizar-Sicairos et al., Opt. Lett. 33, 156
/// (2008)); `likelihood`: maximum of Σ d log(a t + b), what counts d say of a disk of shape t on a background b.
class DiskFinder {
 public:
  /// `left_out`: a nonzero byte per pixel that does not count; empty for none.
  DiskFinder(const ProbeShape& shape, std::int64_t height, std::int64_t width, const DiskFinderSettings& settings,
             std::span<const std::uint8_t> left_out);

  struct Peak {
    std::int64_t y = 0, x = 0;
    float value = 0;
  };
  struct Workspace {
    explicit Workspace(const DiskFinder& finder);
    FourierBuffer<float> image, correlation;  ///< padded to lengths that transform fast
    FourierBuffer<std::complex<float>> spectrum;
    std::optional<UpsampledPeak> upsampled{};
    std::vector<Peak> peaks{};
    std::vector<float> ring{};
  };

  /// A row of the workspace's image, `width` values; the caller fills all of them before `find`.
  float* row(Workspace& work, std::int64_t y) const { return work.image.data() + y * padded_width_; }
  /// Disks of the image in the workspace, strongest correlation first. The image is cleaned in place.
  std::vector<FoundDisk> find(Workspace& work) const;

  /// What the disks are looked for with, `side()` × `side()`, its middle the centre.
  const std::vector<float>& kernel() const { return kernel_; }
  std::int64_t side() const { return 2 * kernel_half_ + 1; }

  /// Bytes that a finder holds at most for patterns of this size, and what each workspace adds.
  static std::int64_t bytes_held(std::int64_t height, std::int64_t width);
  static std::int64_t bytes_per_workspace(std::int64_t height, std::int64_t width);
  /// The largest radius for patterns of this size.
  static double largest_radius(std::int64_t height, std::int64_t width);

 private:
  /// log(t + β) − log β at one level of background over the disk's height, by the code of t.
  struct Level {
    double ratio = 0;
    std::vector<float> values{};
    double noise_of_disk[2] = {}, noise_of_background[2] = {}, slope[2] = {};  // along y, x
  };
  struct Height {
    double disk = 0, background = 0;
  };

  void clean(Workspace& work) const;
  void correlate(Workspace& work) const;
  void find_peaks(Workspace& work) const;
  bool is_significant(const Workspace& work, const Peak& peak) const;
  Place parabola(const Workspace& work, const Peak& peak) const;
  Place likeliest(const Workspace& work, Place start, Height height) const;
  Height height_at(Workspace& work, Place place) const;
  double overlap(const Workspace& work, const std::vector<float>& values, std::int64_t fine_y,
                 std::int64_t fine_x) const;
  const Level& level_of(Height height) const;
  void set_precision(Level& level, const std::vector<double>& slope_y, const std::vector<double>& slope_x,
                     const ProbeShape& shape, std::int64_t half) const;

  std::int64_t height_, width_, padded_height_, padded_width_;
  DiskFinderSettings settings_;
  RealFourier<float> fourier_;
  FourierBuffer<std::complex<float>> kernel_spectrum_;
  std::vector<float> smoothing_;  // of the spectrum, for powers other than 1
  std::vector<float> kernel_;
  std::int64_t kernel_half_, table_half_;
  std::vector<std::uint16_t> codes_;  // of the shape about a disk, for every eighth of a pixel along either axis
  std::vector<float> shape_values_;   // by code
  double shape_sum_ = 0, shape_square_ = 0;
  std::vector<Level> levels_;
  Level correlation_level_;
  std::vector<Peak> ring_;  // offsets
  std::vector<std::int64_t> left_out_;
  std::vector<std::uint8_t> left_out_bytes_;
};

}  // namespace ruska::ops::diffraction
