// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "ruska/ops/eels/deconvolve/loss_transform.hpp"
#include "ruska/ops/eels/loss_axis.hpp"
#include "ruska/ops/eels/zero_loss.hpp"

namespace ruska::ops::eels {

/// How the zero-loss peak is told from the losses.
struct ZeroLossRule {
  bool reflected = true;  ///< its side of energy gains about its centre; else everything below a cut
  double cut = 0;         ///< channels from the centre
};

/// A zero-loss peak told from the losses of a low-loss spectrum.
struct Separated {
  ZeroLoss peak;
  std::vector<double> values;  ///< counts per channel of the peak
  double counts = 0;           ///< I₀
  double total = 0;            ///< I_t
  std::int64_t counted = 0;    ///< channels below this were counted for it
};

/// Separates a zero-loss peak; `peak.found` is false where there is none.
void separate_zero_loss(std::span<const double> spectrum, const ZeroLossRule& rule, Separated& out);

/// A spectrum on channels of another width (eV), centred at a fractional channel `centre` of its own, which becomes
/// channel `first` of the result: counts are shared out by how far channels overlap.
struct Rebinned {
  std::vector<double> values;
  std::int64_t first = 0;
};
Rebinned rebinned(std::span<const double> spectrum, double from_scale, double centre, double to_scale);

/// Fourier-log deconvolution of low-loss spectra (R. F. Egerton, Electron Energy-Loss Spectroscopy in the Electron
/// Microscope, 3rd ed. 2011, section 4.1.1): J₁(ν) = R(ν) ln(J(ν) / Z(ν)), with R the zero-loss peak Z itself or a
/// Gaussian of its area.
class FourierLog {
 public:
  /// `resolution`: standard deviation in channels of the Gaussian R; none for Z itself. `known` channels of a zero-loss
  /// peak that is given; 0 where it comes from the data.
  FourierLog(std::int64_t channels, std::int64_t known, ZeroLossRule rule, std::optional<double> resolution,
             double gain);

  /// The working memory of one thread.
  struct Work;
  std::shared_ptr<Work> work() const;

  /// Fills `out` with the single-scattering distribution, counts per channel, and `sigma` (empty for none) with its
  /// standard deviation by counting. `zero_loss`: a peak of known shape, scaled to the counts of the spectrum within
  /// half of its maximum; empty for that of the spectrum. Returns false where the spectrum has no zero-loss peak.
  bool run(std::span<const double> spectrum, std::span<const double> zero_loss, std::span<double> out,
           std::span<double> sigma, Work& work) const;

 private:
  std::int64_t channels_;
  ZeroLossRule rule_;
  std::optional<double> resolution_;
  double gain_;
  std::shared_ptr<const LossTransform> transform_;
};

/// Fourier-ratio deconvolution of core losses (Egerton, section 4.1.2): J₁(ν) = I₀ G(ν) D(ν) / L(ν), with D the core
/// losses, L the low losses, I₀ their zero-loss counts and G a Gaussian of area one. Where L falls into its noise, 1 /
/// L is L* / (|L|² + its noise).
class FourierRatio {
 public:
  /// `axis`, `low_axis`: of D and L. `resolution`: standard deviation of G, eV.
  FourierRatio(const LossAxis& axis, const LossAxis& low_axis, ZeroLossRule rule, double resolution, double gain);

  struct Work;
  std::shared_ptr<Work> work() const;

  /// As `FourierLog::run`. `data_sigma`: standard deviation of the core losses; empty for that of counts.
  bool run(std::span<const double> core, std::span<const double> low, std::span<const double> data_sigma,
           std::span<double> out, std::span<double> sigma, Work& work) const;

 private:
  LossAxis axis_, low_axis_;
  bool same_channels_;
  ZeroLossRule rule_;
  double sigma_, gain_;
  std::shared_ptr<const LossTransform> transform_;
};

/// Richardson-Lucy deconvolution (W. H. Richardson, J. Opt. Soc. Am. 62, 55, 1972; L. B. Lucy, Astron. J. 79, 745,
/// 1974) by a kernel of area one that is centred at its zero-loss peak. Values below zero count as zero.
class RichardsonLucy {
 public:
  RichardsonLucy(const LossAxis& axis, const LossAxis& kernel_axis, std::int64_t iterations, bool stop_at_noise,
                 double gain);

  struct Work;
  std::shared_ptr<Work> work() const;

  struct Ended {
    bool done = false;  ///< false where the kernel has no zero-loss peak
    std::int64_t iterations = 0;
    double misfit = 0;  ///< χ² per channel
  };
  /// Stops after the given iterations, or before when χ² per channel has come down to 1.
  Ended run(std::span<const double> data, std::span<const double> kernel, std::span<const double> data_sigma,
            std::span<double> out, Work& work) const;

 private:
  LossAxis axis_, kernel_axis_;
  bool same_channels_;
  std::int64_t iterations_;
  bool stop_at_noise_;
  double gain_;
  std::shared_ptr<const LossTransform> transform_;
};

}  // namespace ruska::ops::eels
