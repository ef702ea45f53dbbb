// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// Principal components of the weighted data give the number of endmembers and remove most of the noise; what is left of
// every position, averaged over a small window and scaled to unit sum, lies in a simplex whose vertices are searched
// (pure_pixels.cpp, simplex_vertices.cpp). Further starts search random halves of the positions: where they find other
// spectra, the answer hangs on single positions.
#include "ruska/ops/unmix/endmembers/endmembers.hpp"

#include <algorithm>
#include <cstdio>
#include <numeric>

#include "ruska/core/operation.hpp"
#include "ruska/ops/unmix/component_output.hpp"
#include "ruska/ops/unmix/matched_spectra.hpp"
#include "ruska/ops/unmix/pure_pixels.hpp"

namespace ruska::ops::unmix {
namespace {

constexpr auto parameters = std::tuple{
    parameter(&EndmembersParams::components, "components", "", at_least<std::int64_t>(1),
              "Number of endmembers; automatic: as many as principal components stand above the noise"),
    parameter(&EndmembersParams::method, "method", "", one_of("n_findr|spa|vca"),
              "How vertices are searched: the largest simplex (N-FINDR), successive projections, or vertex component "
              "analysis along random directions"),
    parameter(&EndmembersParams::window, "window", "positions", within<std::int64_t>(1, 101),
              "Edge of the square over which neighbours are averaged before the search; odd"),
    parameter(
        &EndmembersParams::least_signal, "least_signal", "", within(0.0, 1.0),
        "Positions with less than this part of the median signal are passed over: where little was counted, noise "
        "makes extremes"),
    parameter(&EndmembersParams::weighting, "weighting", "", one_of("auto|poisson|none"),
              "Weights of the principal components (Keenan-Kotula); auto: for counts alone"),
    parameter(&EndmembersParams::starts, "starts", "", within<std::int64_t>(1, 1000),
              "Number of searches: the first sees all positions and is kept, the others see random halves of them; the "
              "angle between what they find is the stability"),
    parameter(&EndmembersParams::seed, "seed", "", at_least<std::int64_t>(0),
              "Seed of the random halves and directions")};

constexpr double unstable_angle = 10.0;  // degrees; beyond it two spectra name different materials

PcaParams pca_params_of(const EndmembersParams& params) {
  PcaParams result;
  result.components = params.components;
  result.weighting = params.weighting;
  result.seed = params.seed;
  return result;
}

Plan check(const Inputs& inputs, const EndmembersParams& params) {
  const Description& data = inputs.at("data").describe();
  const std::int64_t positions = data.navigation_size(), channels = data.signal_size();
  const std::int64_t components = std::min({positions, channels, params.components.value_or(8)});
  Plan plan;
  plan.outputs = {{"endmembers", spectra_shape(data, components)},
                  {"endmembers_sigma", spectra_shape(data, components)}};
  plan.least_memory = endmembers_memory(data, params);
  plan.memory_per_worker = endmembers_memory_per_worker(data) + Rows::bytes_per_worker(data);
  plan.memory = plan.least_memory + positions * channels * 8;
  const double filled = is_integer(data.dtype) ? 0.1 : 1.0;
  plan.flops = filled * filled * static_cast<double>(positions) * static_cast<double>(channels) *
               static_cast<double>(std::min(positions, channels));
  plan.bytes_read = static_cast<double>(data.bytes());
  return plan;
}

/// Where each endmember was found: one column per navigation axis.
void add_places(Table& table, const Description& data, const std::vector<std::int64_t>& positions) {
  std::vector<std::int64_t> rest = positions;
  std::vector<Column> places;
  for (std::size_t a = data.axes.size(); a-- > 0;) {
    const Axis& axis = data.axes[a];
    if (axis.role != Role::navigation) continue;
    std::vector<std::int64_t> index;
    for (std::int64_t& one : rest) {
      index.push_back(one % axis.size);
      one /= axis.size;
    }
    places.insert(places.begin(), {axis.name.empty() ? "axis_" + std::to_string(a) : axis.name, "", index});
  }
  table.columns.insert(table.columns.end(), places.begin(), places.end());
}

Outputs run(const Inputs& inputs, const EndmembersParams& params, Context& context) {
  const Dataset& dataset = inputs.at("data");
  const Description& data = dataset.describe();
  const Rows rows(dataset, context, masks_of(inputs),
                  endmembers_memory(data, params) + context.threads * endmembers_memory_per_worker(data));
  const EndmembersResult result = endmembers(rows, params, context);
  const std::int64_t count = result.components;

  Outputs outputs;
  const Dataset spectra = spectra_of(data, result.spectra, count, "Endmembers");
  outputs.add(
      {.name = "endmembers",
       .title = "Spectra of the endmembers",
       .value = spectra,
       .view = view_of(spectra),
       .sigma = "endmembers_sigma",
       .components = component_names(count),
       .note = "Each has unit sum; the mean of a window of positions, within the principal components. Hand them to "
               "unmix.abundances as its spectra."});
  outputs.add(
      {.name = "endmembers_sigma",
       .title = "Uncertainty of the endmembers",
       .value = spectra_of(data, result.sigma, count, "Uncertainty of the endmembers"),
       .note = "What the noise of the positions averaged does to the mean. That the purest positions still hold some "
               "of the other components is no part of it."});

  std::vector<std::int64_t> number(static_cast<std::size_t>(count));
  std::iota(number.begin(), number.end(), 1);
  Table table;
  table.columns = {{"component", "", number}};
  add_places(table, data, result.positions);
  table.columns.push_back({"signal_averaged", "", result.signal});
  std::string note =
      "Indices of the window's centre along the navigation axes, and the signal that its positions hold in "
      "all.";
  if (!result.stability.empty()) {
    table.columns.push_back({"angle_between_starts", "°", result.stability});
    note += " The angle is the mean one to what searches of random halves of the positions find.";
  }
  outputs.add({.name = "places",
               .title = "Where they were found",
               .value = std::move(table),
               .view = View::table,
               .note = note});
  outputs.add({.name = "components",
               .title = "Number of endmembers",
               .value = Number{static_cast<double>(count), {}, ""},
               .view = View::number,
               .note = result.reason});

  outputs.summary = {std::to_string(count) + " endmember" + (count == 1 ? "" : "s") + " (" + result.reason + ")"};
  Description map = data;
  std::erase_if(map.axes, [](const Axis& axis) { return axis.role == Role::signal; });
  for (std::size_t k = 0; k < result.positions.size() && k < 6; ++k) {
    char line[160];
    std::snprintf(line, sizeof line, "endmember %zu at %s, %.4g counts averaged", k + 1,
                  place_of(map, result.positions[k], 0).c_str(), result.signal[k]);
    outputs.summary.push_back(line);
  }
  for (std::size_t k = 0; k < result.stability.size(); ++k) {
    if (result.stability[k] <= unstable_angle) continue;
    char sentence[200];
    std::snprintf(
        sentence, sizeof sentence,
        "endmember %zu is not stable: half of the positions give a spectrum at %.0f° from it; few positions are "
        "pure, so do not rely on it",
        k + 1, result.stability[k]);
    context.warn(sentence);
  }
  return outputs;
}

}  // namespace

EndmembersResult endmembers(const Rows& data, const EndmembersParams& params, Context& context) {
  if (params.window % 2 == 0) {
    throw Error(ErrorKind::invalid_argument,
                "window is " + std::to_string(params.window) + "; it must be odd, so that a position is its centre");
  }
  const PcaResult denoised = pca(data, pca_params_of(params), context);
  require_not_negative(data, denoised.marginals, "a search for pure positions");
  PurePixelSearch search{.components = denoised.components,
                         .window = params.window,
                         .least_counts = params.least_signal,
                         .seed = params.seed,
                         .method = params.method == "spa"   ? VertexSearch::successive_projections
                                   : params.method == "vca" ? VertexSearch::vertex_components
                                                            : VertexSearch::largest_simplex};
  const Shape navigation = data.data().describe().navigation_shape();
  const auto count = static_cast<std::size_t>(denoised.components), channels = static_cast<std::size_t>(data.columns());
  const PurePixels found = pure_pixels(denoised, navigation, search);

  EndmembersResult result;
  result.components = denoised.components;
  result.reason = params.components ? "given" : denoised.reason;
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return found.signal[a] > found.signal[b]; });
  for (const std::size_t k : order) {
    const auto first = static_cast<std::ptrdiff_t>(k * channels), last = first + static_cast<std::ptrdiff_t>(channels);
    result.positions.push_back(found.positions[k]);
    result.signal.push_back(found.signal[k]);
    result.spectra.insert(result.spectra.end(), found.spectra.begin() + first, found.spectra.begin() + last);
    result.sigma.insert(result.sigma.end(), found.sigma.begin() + first, found.sigma.begin() + last);
  }
  if (params.starts > 1) result.stability.assign(count, 0.0);
  for (search.start = 1; search.start < params.starts; ++search.start) {
    context.check();
    const PurePixels other = pure_pixels(denoised, navigation, search);
    const MatchedSpectra matched = matched_spectra(result.spectra, other.spectra, count, channels);
    for (std::size_t k = 0; k < count; ++k) {
      result.stability[k] += matched.angle[k] / static_cast<double>(params.starts - 1);
    }
  }
  return result;
}

std::int64_t endmembers_memory(const Description& data, const EndmembersParams& params) {
  const PcaParams of_pca = pca_params_of(params);
  const std::int64_t positions = data.navigation_size(), channels = data.signal_size();
  const std::int64_t vectors = std::min({positions, channels, of_pca.components.value_or(of_pca.scree_length)});
  // The search holds the means, the points and a copy of these.
  return pca_memory(data, of_pca) + 8 * (positions * (3 * vectors + 4) + 6 * channels * vectors);
}

std::int64_t endmembers_memory_per_worker(const Description& data) { return pca_memory_per_worker(data); }

const Operation& endmembers_operation() {
  static const Operation operation = make_operation<EndmembersParams>(
      {.name = "unmix.endmembers",
       .version = 1,
       .summary = "Finds the purest spectra of a map: N-FINDR, successive projections or vertex component analysis.",
       .citations = {"M. E. Winter, Proc. SPIE 3753, 266 (1999)",
                     "M. C. U. Araújo et al., Chemom. Intell. Lab. Syst. 57, 65 (2001)",
                     "J. M. P. Nascimento and J. M. Bioucas-Dias, IEEE Trans. Geosci. Remote Sens. 43, 898 (2005)"},
       .inputs = unmixing_ports(Values::counts),
       .outputs = {{"endmembers", "the purest spectra, (component | signal axes), each of unit sum"},
                   {"endmembers_sigma", "their uncertainty"},
                   {"places", "where each was found, and the angle to what random halves of the positions give"},
                   {"components", "number of endmembers"}}},
      parameters, check, run);
  return operation;
}

}  // namespace ruska::ops::unmix
