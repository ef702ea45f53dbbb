// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Binding energies of xraylib 4 (T. Schoonjans et al., Spectrochim. Acta B 66, 776, 2011).
#include "ruska/ops/eels/edges.hpp"

#include <algorithm>
#include <utility>

#include <xraylib/xraylib.h>

#include "ruska/base/error.hpp"
#include "ruska/ops/eds/xray_lines.hpp"

namespace ruska::ops::eels {

namespace {

const std::vector<std::pair<std::string, int>>& shells() {
  static const std::vector<std::pair<std::string, int>> all = {
      {"K", K_SHELL},   {"L1", L1_SHELL}, {"L2", L2_SHELL}, {"L3", L3_SHELL}, {"M1", M1_SHELL}, {"M2", M2_SHELL},
      {"M3", M3_SHELL}, {"M4", M4_SHELL}, {"M5", M5_SHELL}, {"N4", N4_SHELL}, {"N5", N5_SHELL}};
  return all;
}

}  // namespace

std::string Edge::name() const { return eds::symbol(atomic_number) + "_" + shell; }
std::string Edge::label() const { return eds::symbol(atomic_number) + " " + shell; }

Edge edge_of(const std::string& name) {
  const std::size_t underscore = name.find('_');
  const int z = eds::atomic_number(name.substr(0, underscore));
  std::string known;
  for (const auto& [shell, number] : shells()) {
    const double onset = 1e3 * EdgeEnergy(z, number, nullptr);
    if (!(onset > 0)) continue;
    if (underscore != std::string::npos && name.substr(underscore + 1) == shell) return {z, shell, onset};
    known += (known.empty() ? "" : ", ") + eds::symbol(z) + "_" + shell;
  }
  throw Error(ErrorKind::invalid_argument, "there is no edge '" + name + "'; " + eds::symbol(z) + " has " + known);
}

std::vector<Edge> edges_within(int z, double low, double high) {
  std::vector<Edge> edges;
  for (const auto& [shell, number] : shells()) {
    const double onset = 1e3 * EdgeEnergy(z, number, nullptr);
    if (onset > 0 && onset >= low && onset <= high) edges.push_back({z, shell, onset});
  }
  std::stable_sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) { return a.onset < b.onset; });
  return edges;
}

std::optional<Edge> main_edge(int z, double low, double high) {
  for (Edge& edge : edges_within(z, low, high)) {
    if (edge.shell == "K" || edge.shell == "L3" || edge.shell == "M5") return std::move(edge);
  }
  return std::nullopt;
}

}  // namespace ruska::ops::eels
