// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace ruska::ops::eels {

/// An ionisation edge.
struct Edge {
  int atomic_number = 0;
  std::string shell;  ///< "K", "L3", "M5" …
  double onset = 0;   ///< eV, binding energy of the shell

  std::string name() const;   ///< "Fe_L3"
  std::string label() const;  ///< "Fe L3"
};

/// The edge of a name such as "Fe_L3". Throws invalid_argument and lists the element's edges.
Edge edge_of(const std::string& name);
/// Every edge of an element with an onset within [low, high] eV, lowest first.
std::vector<Edge> edges_within(int atomic_number, double low, double high);
/// The K, L3 or M5 edge of least energy within [low, high] eV: the one with the most counts.
std::optional<Edge> main_edge(int atomic_number, double low, double high);

}  // namespace ruska::ops::eels
