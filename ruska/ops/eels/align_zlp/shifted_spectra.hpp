// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "ruska/core/dataset.hpp"

namespace ruska::ops::eels {

/// Spectra moved along their only signal axis, each by its own fraction of channels, computed when they are read:
/// out[p, c] = in[p, c + first + shift_p], straight between channels or that of the nearest; float64 where the data
/// are, else float32. `shifts`: channels, one per navigation position; `first` + shift and the last channel must lie
/// within the data. `axis_offset`: coordinate of the first channel that is kept, in the axis' units.
std::shared_ptr<const Source> shifted_spectra(const Dataset& data, std::vector<double> shifts, bool nearest,
                                              std::int64_t first, std::int64_t channels, double axis_offset);

}  // namespace ruska::ops::eels
