// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "ruska/core/operation.hpp"

namespace ruska::ops::unmix {

/// A port for spectra that are known beforehand: (component | signal axes), as unmixing operations write them.
Port given_spectra_port(std::string name, bool required);

/// How many spectra a dataset for that port holds. Throws invalid_argument naming `port` when they do not have the
/// data's signal axes: their lengths and, where both files tell units, their calibration.
std::int64_t number_of_given_spectra(const Description& data, const Description& spectra, const std::string& port);

}  // namespace ruska::ops::unmix
