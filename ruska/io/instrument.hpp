// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace ruska::io {

/// "TEM" above 30 keV, else "SEM", for files that do not say which: no scanning microscope goes higher.
inline std::string instrument_for(std::optional<double> beam_energy) {
  return beam_energy && *beam_energy > 30.0 ? "TEM" : "SEM";
}

}  // namespace ruska::io
