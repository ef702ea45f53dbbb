// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ruska/core/source.hpp"
#include "ruska/ops/eels/edges.hpp"
#include "ruska/ops/eels/loss_axis.hpp"

namespace ruska::ops::eels {

/// A run of channels [begin, end).
struct Channels {
  std::int64_t begin = 0, end = 0;
  std::int64_t size() const { return end > begin ? end - begin : 0; }
};

constexpr std::int64_t least_background_channels = 4;

/// The first channel at or above a loss (eV), within [0, axis.size].
std::int64_t channel_from(const LossAxis& axis, double loss);

/// The edges of `names` and the main edges of `elements` on the axis; with neither, the main edges of the elements that
/// the metadata name. Throws invalid_argument where none is named, one is not on the axis or is asked for twice.
/// `shift`: by how much edges lie above the tables' energies, eV.
std::vector<Edge> asked_edges(std::vector<std::string> elements, const std::vector<std::string>& names, double shift,
                              const Description& data, const LossAxis& axis);

/// Every edge up to the end of the axis of the elements that `edges` belong to.
std::vector<Edge> edges_of_same_elements(const std::vector<Edge>& edges, const LossAxis& axis);

/// The window before an edge in which its background is fitted. It ends `margin` before the onset (5 eV and at least
/// one channel where not given) and is `width` wide (where not given a tenth of the onset and eight channels at least,
/// but not back to within 20 eV of the edges of other elements among `all`). It may turn out too short, or empty.
Channels background_window(const Edge& edge, const std::vector<Edge>& all, const LossAxis& axis, double shift,
                           std::optional<double> width, std::optional<double> margin);

}  // namespace ruska::ops::eels
