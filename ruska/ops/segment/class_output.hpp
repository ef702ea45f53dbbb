// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ruska/core/operation.hpp"
#include "ruska/core/rows.hpp"

namespace ruska::ops::segment {

/// The input ports of this family: data, navigation_mask, signal_mask.
std::vector<Port> segment_ports();
/// The masks of the inputs for data as `as_positions` gave them.
Masks masks_of(const Inputs& inputs, const Description& positions);

/// Mean and standard error of the values of each class, classes × channels; 0 for a class without positions, and an
/// error of 0 for a class of one.
struct ClassSpectra {
  std::vector<double> mean, sigma;
  std::vector<double> positions;  ///< per class
};
/// One pass over the rows; labels below 0 are left out.
ClassSpectra class_spectra(const Rows& rows, const std::vector<std::int32_t>& labels, std::int64_t classes,
                           const std::string& stage, Context& context);

/// Class spectra with their σ as two datasets (`axis_name` | signal axes): outputs `name` and `name`_sigma.
void add_class_spectra(Outputs& outputs, const Description& data, const ClassSpectra& spectra,
                       const std::vector<std::string>& names, const std::string& axis_name, const std::string& name,
                       const std::string& title, const std::string& note);

/// "cluster 1", "cluster 2" …
std::vector<std::string> numbered_names(const std::string& word, std::int64_t count);

/// "%.4g".
std::string shown(double value);

}  // namespace ruska::ops::segment
