// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ruska/ops/eds/xray_lines.hpp"

namespace ruska::ops::eds {

/// What is known of a spectrum beside its counts.
struct ElementSearch {
  double beam_energy = 0;                    ///< keV
  std::optional<double> resolution_mn_ka{};  ///< eV; where the fit of the peak widths starts and what it stays near
  double significance = 5.0;                 ///< least intensity of an element in units of its σ
  bool transmission = true;                  ///< thin specimen in a TEM: grid and holder lines are likely
  std::vector<std::string> expected{};       ///< elements to be expected: they decide ties, nothing more
};
/// Reads beam energy, resolution, instrument and Sample.elements of the metadata; `beam_energy` and
/// `resolution_mn_ka`, where given, win. Throws invalid_argument when there is no beam energy.
ElementSearch element_search(const Description& description, std::optional<double> beam_energy = std::nullopt,
                             std::optional<double> resolution_mn_ka = std::nullopt);

struct FoundElement {
  std::string element;  ///< "Fe"
  int atomic_number = 0;
  std::vector<XrayLine>
      lines;  ///< those that stand out of the background, strongest first; the first names the element
  std::vector<double> line_counts;  ///< fitted counts of each of `lines`
  double counts = 0;                ///< fitted counts of all its lines in range
  double sigma = 0;                 ///< of counts: counting statistics, overlaps and the model's own error
  double significance = 0;          ///< counts of its most significant family over their σ
  std::string confidence;           ///< "certain", "probable" or "possible"
  std::string note{};               ///< "often from the grid or the holder", "overlaps with Mo L": empty for none
};

/// A peak that no element of the specimen made.
struct Artefact {
  std::string name;   ///< "Si escape of Fe Kα", "pile-up", "strobe peak"
  double energy = 0;  ///< keV
  double counts = 0;
  double sigma = 0;
};

struct FoundElements {
  std::vector<FoundElement> elements;  ///< most counts first
  std::vector<Artefact> artefacts;
  double resolution_mn_ka = 0;     ///< eV, of the fitted peaks
  double energy_shift = 0;         ///< keV by which peaks lie above their tabulated energies at 0 keV …
  double energy_gain = 1;          ///< … and the factor on energies: peak = shift + gain · energy
  double resolution_slope = 2.5;   ///< growth of the squared width, eV² per eV, as `full_width` takes it
  double reduced_chi_square = 0;   ///< of the fit over the channels used
  std::int64_t first_channel = 0;  ///< channels used: [first, last)
  std::int64_t last_channel = 0;
  std::vector<double> background;  ///< counts per channel; zeros outside the channels used
  std::vector<double> fit;         ///< background and lines; zeros outside the channels used
  std::vector<double> detector;    ///< of the fit: pile-up and tails of incomplete charge; zeros outside
  std::vector<double> variance;    ///< of the counts about the fit: Poisson's and the model's own error; zeros outside

  bool contains(std::string_view element) const;
};

/// Beyond it squares of counts are no longer exact enough to weigh.
inline constexpr double most_counts = 1e15;

/// Names the elements that a spectrum (counts per channel, ≥ 0) shows. A spectrum of too few counts names none.
/// Throws invalid_argument for negative or non-finite counts, more than 1e15 of them, or a size that is not the axis'.
FoundElements find_elements(std::span<const double> counts, const EnergyAxis& energy, const ElementSearch& search);

/// "Fe (certain, 312 σ), Pt (certain, 55 σ), Cu (certain, 40 σ; often from the grid or the holder)"
std::string describe(const FoundElements& found);

}  // namespace ruska::ops::eds
