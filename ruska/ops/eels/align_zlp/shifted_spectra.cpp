// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eels/align_zlp/shifted_spectra.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "ruska/ops/eels/spectrumwise_source.hpp"

namespace ruska::ops::eels {

std::shared_ptr<const Source> shifted_spectra(const Dataset& data, std::vector<double> shifts, bool nearest,
                                              std::int64_t first, std::int64_t channels, double axis_offset) {
  if (nearest) {
    for (double& shift : shifts) shift = std::round(shift);
  }
  const auto every = std::make_shared<const std::vector<double>>(std::move(shifts));
  const auto make = [every, first]() -> SpectrumwiseSource::Compute {
    return [every, first](std::int64_t position, Spectra spectra, RowRange asked, std::span<double> out) {
      const std::span<const double> spectrum = spectra[0];
      const auto last = static_cast<std::int64_t>(spectrum.size()) - 1;
      const auto at = [&](std::int64_t channel) {
        return spectrum[static_cast<std::size_t>(std::clamp<std::int64_t>(channel, 0, last))];
      };
      const double shift = (*every)[static_cast<std::size_t>(position)];
      const auto whole = static_cast<std::int64_t>(std::floor(shift));
      const double share = shift - static_cast<double>(whole);
      for (std::int64_t c = asked.begin; c < asked.end; ++c) {
        const std::int64_t below = c + first + whole;
        out[static_cast<std::size_t>(c - asked.begin)] =
            share == 0.0 ? at(below) : (1.0 - share) * at(below) + share * at(below + 1);
      }
    };
  };
  const Description& described = data.describe();
  return std::make_shared<SpectrumwiseSource>(
      std::vector{data}, computed_spectra(described, described.title, channels, axis_offset), make);
}

}  // namespace ruska::ops::eels
