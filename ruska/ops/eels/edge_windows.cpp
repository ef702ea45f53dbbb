// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eels/edge_windows.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "ruska/base/error.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/ops/eds/xray_lines.hpp"

namespace ruska::ops::eels {

std::int64_t channel_from(const LossAxis& axis, double loss) {
  const double channel = std::ceil(axis.channel(loss) - 1e-9);
  return static_cast<std::int64_t>(std::clamp(channel, 0.0, static_cast<double>(axis.size)));
}

std::vector<Edge> asked_edges(std::vector<std::string> elements, const std::vector<std::string>& names, double shift,
                              const Description& data, const LossAxis& axis) {
  std::vector<Edge> edges;
  for (const std::string& name : names) edges.push_back(edge_of(name));
  if (elements.empty() && edges.empty()) elements = ruska::elements(data.metadata);
  if (elements.empty() && edges.empty()) {
    throw Error(ErrorKind::invalid_argument,
                "no edge is named, and the metadata name no element; give elements or edges");
  }
  const double low = axis.at(static_cast<double>(least_background_channels + 1)), high = axis.last();
  for (const std::string& name : elements) {
    const auto edge = main_edge(eds::atomic_number(name), low - shift, high - shift);
    if (!edge) {
      throw Error(ErrorKind::invalid_argument, name + " has no K, L3 or M5 edge between " + std::to_string(low) +
                                                   " and " + std::to_string(high) +
                                                   " eV; leave it out or name an edge");
    }
    edges.push_back(*edge);
  }
  for (std::size_t i = 0; i < edges.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (edges[i].name() == edges[j].name()) {
        throw Error(ErrorKind::invalid_argument, edges[i].name() + " is asked for twice");
      }
    }
  }
  return edges;
}

std::vector<Edge> edges_of_same_elements(const std::vector<Edge>& edges, const LossAxis& axis) {
  std::vector<Edge> all;
  for (const Edge& edge : edges) {
    for (Edge& one : edges_within(edge.atomic_number, 0.0, axis.last())) all.push_back(std::move(one));
  }
  return all;
}

Channels background_window(const Edge& edge, const std::vector<Edge>& all, const LossAxis& axis, double shift,
                           std::optional<double> width, std::optional<double> margin) {
  const double onset = edge.onset + shift;
  const double end = onset - margin.value_or(std::max(5.0, axis.scale));
  double begin = end - width.value_or(std::max(0.1 * onset, 8.0 * axis.scale));
  if (!width) {
    for (const Edge& other : all) {
      const double place = other.onset + shift;
      if (other.atomic_number != edge.atomic_number && place < end - 20.0) begin = std::max(begin, place + 20.0);
    }
    begin = std::min(begin, end - static_cast<double>(least_background_channels + 1) * axis.scale);
  }
  return {channel_from(axis, std::max(begin, 0.5 * axis.scale)), channel_from(axis, end)};
}

}  // namespace ruska::ops::eels
