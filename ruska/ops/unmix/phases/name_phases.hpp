// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ruska/core/output.hpp"
#include "ruska/core/source.hpp"
#include "ruska/ops/eds/find_elements.hpp"

namespace ruska::ops::unmix {

struct NamedPhases {
  std::vector<std::string> names;         ///< "Fe–Pt", or "phase 0" where elements cannot tell
  std::vector<eds::FoundElements> found;  ///< per phase; empty when the data are no EDS spectra
  std::string note;                       ///< how names came about, or why there are none
};

/// Names phases by the elements that their spectra show: ranked by their share of the counts and by how much more
/// of them a phase has than the others, without those that often come from grid and holder. `pure_counts` (phases ×
/// channels) holds counts, so that significances hold. Throws invalid_argument when elements are asked for and the data
/// are no EDS spectra.
NamedPhases name_phases(const Description& data, const std::vector<double>& pure_counts, std::int64_t phases,
                        const std::vector<std::string>& elements);

/// The main lines of the elements of each phase.
std::vector<Mark> marks_of(const NamedPhases& named, const Description& data);

}  // namespace ruska::ops::unmix
