// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

namespace ruska::ops::unmix {

/// Which spectrum of theirs belongs to each of ours, and at what angle.
struct MatchedSpectra {
  std::vector<std::size_t> partner;
  std::vector<double> angle;  ///< degrees; 90 for an empty spectrum
};

/// Pairs the spectra (components × channels) of two results, from the smallest angle up.
MatchedSpectra matched_spectra(const std::vector<double>& ours, const std::vector<double>& theirs,
                               std::size_t components, std::size_t channels);

}  // namespace ruska::ops::unmix
