// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ruska/core/operation.hpp"
#include "ruska/core/rows.hpp"

namespace ruska::ops::unmix {

/// The input ports that every unmixing operation has: data, navigation_mask, signal_mask.
std::vector<Port> unmixing_ports(Values values);

/// The two masks of the inputs; nonzero leaves out.
Masks masks_of(const Inputs& inputs);

/// The axis that counts components.
Axis component_axis(std::int64_t components);

/// Shapes (component | signal) and (component | navigation) of what comes out.
Shape spectra_shape(const Description& data, std::int64_t components);
Shape maps_shape(const Description& data, std::int64_t components);

/// Spectra (components × channels) as a dataset (component | signal axes); it keeps the data's metadata.
Dataset spectra_of(const Description& data, const std::vector<double>& values, std::int64_t components,
                   std::string title);
/// Loadings (positions × components, position-major) as a dataset (component | navigation axes).
Dataset maps_of(const Description& data, const std::vector<double>& values, std::int64_t components, std::string title);
/// How a report shows them: pictures for two axes, curves for one.
View view_of(const Dataset& components);

/// Class numbers (int32, one per position) as an image over the navigation axes.
Dataset label_map(const Description& data, const std::vector<std::int32_t>& labels, std::string title);
/// How a report shows one map over the navigation axes: `picture` for two axes, a curve for one.
View view_of_map(const Description& data, View picture);

/// "component 1", "component 2", …
std::vector<std::string> component_names(std::int64_t components);

/// The spread of spectra and maps under repetition as outputs "factors_spread" and "loadings_spread". `maps` says what
/// the loadings are: "maps", "counts".
void add_spread(Outputs& outputs, const Description& data, const std::vector<double>& factors,
                const std::vector<double>& loadings, std::int64_t components, const std::vector<std::string>& names,
                const std::string& note, const std::string& maps = "maps");

}  // namespace ruska::ops::unmix
