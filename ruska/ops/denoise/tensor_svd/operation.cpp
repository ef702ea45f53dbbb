// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/operation.hpp"

#include <algorithm>
#include <cstdio>
#include <numeric>

#include "ruska/core/tucker_source.hpp"
#include "ruska/ops/denoise/tensor_svd/tensor_svd.hpp"
#include "ruska/ops/unmix/component_output.hpp"

namespace ruska::ops::denoise {
namespace {

constexpr auto parameters = std::tuple{
    parameter(&TensorSvdParams::ranks, "ranks", "",
              "Components to keep in each mode, one whole number per mode in the order of the axes; automatic: those "
              "that stand out of the noise"),
    parameter(
        &TensorSvdParams::modes, "modes", "", one_of("three|four"),
        "Three: two scan axes and the whole signal, or three axes; four: each of four axes, or three scan axes and "
        "the whole signal"),
    parameter(&TensorSvdParams::algorithm, "algorithm", "", one_of("hooi|hosvd"),
              "Higher-order orthogonal iteration, or the sequentially truncated decomposition alone"),
    parameter(&TensorSvdParams::weighting, "weighting", "", one_of("none|poisson"),
              "Keenan-Kotula weights per mode, which give the noise of counts equal variance"),
    parameter(&TensorSvdParams::noise, "noise", "", one_of("auto|counts|white"),
              "How the noise is spread: its variance follows the mean counts, or is the same everywhere; auto: counts "
              "for integers of at least 0. Its size is fitted"),
    parameter(&TensorSvdParams::non_negative, "non_negative", "", one_of("auto|yes|no"),
              "Whether denoised values below 0 become 0; auto: for counts"),
    parameter(&TensorSvdParams::rank_limit, "rank_limit", "", within<std::int64_t>(1, 1024),
              "The most components per mode that are chosen automatically; memory and time grow with it"),
    parameter(&TensorSvdParams::tolerance, "tolerance", "", within(0.0, 1.0),
              "Stop when a sweep gains less than this part of what is captured, or than half of the noise in the fit"),
    parameter(&TensorSvdParams::iterations, "iterations", "", within<std::int64_t>(1, 1000),
              "The most sweeps over the data, two passes each"),
    parameter(&TensorSvdParams::seed, "seed", "", at_least<std::int64_t>(0),
              "Seed of the sketch that the basis starts from")};

Shape shape_of(const std::vector<std::size_t>& sizes) { return {sizes.begin(), sizes.end()}; }

std::string numbered(const char* what, std::size_t mode) { return what + std::to_string(mode + 1); }

/// The axes of a mode, in a run of adjacent ones.
Axes axes_of(const Description& data, const std::vector<std::size_t>& runs, std::size_t mode) {
  const auto first =
      data.axes.begin() + static_cast<std::ptrdiff_t>(std::accumulate(
                              runs.begin(), runs.begin() + static_cast<std::ptrdiff_t>(mode), std::size_t{0}));
  return {first, first + static_cast<std::ptrdiff_t>(runs[mode])};
}

/// "y", "x", "ky × kx": how people call a mode.
std::string name_of_mode(const Axes& axes, std::size_t mode) {
  std::string name;
  for (const Axis& axis : axes) {
    if (axis.name.empty()) return numbered("mode ", mode);
    name += (name.empty() ? "" : " × ") + axis.name;
  }
  return name;
}

Plan check(const Inputs& inputs, const TensorSvdParams& params) {
  const Description& data = inputs.at("data").describe();
  const std::vector<std::size_t> runs = axes_of_modes(data, params.modes), most = most_ranks(data, params);
  Plan plan;
  plan.outputs = {{"denoised", data.shape(), DType::float32}, {"core", shape_of(most)}};
  for (std::size_t k = 0; k < runs.size(); ++k) {
    Shape shape{static_cast<std::int64_t>(most[k])};
    std::int64_t length = 1;
    for (const Axis& axis : axes_of(data, runs, k)) {
      shape.push_back(axis.size);
      length *= axis.size;
    }
    plan.outputs.push_back({numbered("factors_", k), shape});
    const bool last = k + 1 == runs.size();
    plan.outputs.push_back({numbered("scree_", k), {last ? compressed_columns(data, params) : length}});
  }
  plan.least_memory = tensor_svd_memory(data, params);
  plan.memory_per_worker = tensor_svd_memory_per_worker(data, params);
  // The core, the factors and, while the denoised data are written, a piece of them.
  plan.memory = plan.least_memory;
  const double passes = 2.0 * (static_cast<double>(params.iterations) + 1) + 1;
  const double elements = static_cast<double>(data.navigation_size()) * static_cast<double>(data.signal_size());
  plan.flops = 2 * elements * static_cast<double>(compressed_columns(data, params)) * passes;
  plan.bytes_read = static_cast<double>(data.bytes()) * passes;
  return plan;
}

std::string show(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.4g", value);
  return text;
}

/// Why a mode has its rank: "y 3: 1304, 665, 664 | 31, 30 … above 35".
std::string reason_of(const TensorMode& mode, const std::string& name, bool given) {
  const auto rank = static_cast<std::size_t>(mode.rank);
  std::string text = name + ": " + std::to_string(rank) + (given ? " given" : "") +
                     ", the last singular value kept is " + show(mode.singular_values[rank - 1]);
  if (rank < mode.singular_values.size()) text += ", the next " + show(mode.singular_values[rank]);
  return text + ", the noise threshold " + show(mode.threshold);
}

Outputs run(const Inputs& inputs, const TensorSvdParams& params, Context& context) {
  const Dataset& dataset = inputs.at("data");
  const Description& data = dataset.describe();
  const std::vector<std::size_t> runs = axes_of_modes(data, params.modes);
  const std::size_t modes = runs.size();
  const TensorSvdResult result = tensor_svd(dataset, params, context);
  const bool non_negative = params.non_negative == "yes" || (params.non_negative == "auto" && result.counts);

  Description inner;
  inner.title = "Core";
  for (std::size_t k = 0; k < modes; ++k) {
    Axis axis = unmix::component_axis(result.modes[k].rank);
    axis.name = numbered("component_", k);
    axis.role = Role::signal;
    inner.axes.push_back(axis);
  }
  const Dataset core = Dataset::from_values<double>(inner, result.core);
  std::vector<Dataset> factors;
  for (std::size_t k = 0; k < modes; ++k) {
    Description factor;
    factor.title = "Factors of " + name_of_mode(axes_of(data, runs, k), k);
    factor.axes = {unmix::component_axis(result.modes[k].rank)};
    for (Axis axis : axes_of(data, runs, k)) {
      axis.role = Role::signal;
      factor.axes.push_back(axis);
    }
    if (k + 1 == modes) {
      factor.signal_type = data.signal_type;
      factor.metadata = data.metadata;
      factor.original = data.original;
    }
    factors.push_back(Dataset::from_values<double>(factor, result.modes[k].factor));
  }

  Outputs outputs;
  outputs.add({.name = "denoised",
               .title = "Denoised",
               .value = tucker(core, factors, static_cast<std::int64_t>(data.navigation_shape().size()), non_negative,
                               data.title),
               .note = std::string("Made from core and factors when it is read") +
                       (non_negative ? "; values below 0 are 0." : ".")});
  outputs.add({.name = "core", .title = "Core tensor", .value = core});
  std::vector<std::string> names;
  std::string reason, ranks;
  for (std::size_t k = 0; k < modes; ++k) {
    const TensorMode& mode = result.modes[k];
    names.push_back(name_of_mode(axes_of(data, runs, k), k));
    outputs.add({.name = numbered("factors_", k),
                 .title = "Factors of " + names[k],
                 .value = factors[k],
                 .view = unmix::view_of(factors[k]),
                 .components = unmix::component_names(mode.rank),
                 .note = params.weighting == "none" ? "Orthonormal." : "Weights undone."});
    Description scree;
    scree.title = "Singular values of " + names[k];
    scree.axes = {unmix::component_axis(static_cast<std::int64_t>(mode.singular_values.size()))};
    scree.axes[0].role = Role::signal;
    scree.axes[0].offset = 1;
    outputs.add({.name = numbered("scree_", k),
                 .title = "Singular values of " + names[k],
                 .value = Dataset::from_values<double>(scree, mode.singular_values),
                 .view = View::scree,
                 .chosen = mode.rank,
                 .note = "Of the unfolding along " + names[k] + " with the other modes projected on their factors. " +
                         reason_of(mode, names[k], params.ranks.has_value()) + "."});
    reason += (k == 0 ? "" : "; ") + reason_of(mode, names[k], params.ranks.has_value());
    ranks += (k == 0 ? "" : ", ") + names[k] + " " + std::to_string(mode.rank);
  }
  Column mode_names{"mode", "", names}, kept{"rank", "", std::vector<std::int64_t>()},
      thresholds{"threshold", "", std::vector<double>()}, last{"last_kept", "", std::vector<double>()};
  for (const TensorMode& mode : result.modes) {
    std::get<std::vector<std::int64_t>>(kept.values).push_back(mode.rank);
    std::get<std::vector<double>>(thresholds.values).push_back(mode.threshold);
    std::get<std::vector<double>>(last.values).push_back(mode.singular_values[static_cast<std::size_t>(mode.rank) - 1]);
  }
  outputs.add({.name = "ranks",
               .title = "Ranks",
               .value = Table{{mode_names, kept, last, thresholds}},
               .view = View::table,
               .note = "last_kept is the last singular value kept, threshold where those of noise end."});
  outputs.add({.name = "captured_share",
               .title = "Share of the sum of squares that is kept",
               .value = Number{result.captured_share, {}, ""},
               .view = View::number});
  outputs.add({.name = "noise",
               .title = "Standard deviation of the noise of one element",
               .value = Number{result.noise, {}, ""},
               .view = View::number,
               .note = "Root mean square over all elements of what the decomposition leaves."});
  outputs.add({.name = "reason", .title = "Why these ranks", .value = reason, .view = View::text});

  outputs.summary = {"ranks: " + ranks + (params.ranks ? " (given)" : " (by the noise edge)")};
  for (std::size_t k = 0; k < modes; ++k) {
    outputs.summary.push_back(reason_of(result.modes[k], names[k], params.ranks.has_value()));
  }
  std::string noise = "noise: " + show(result.noise) + " per element";
  if (result.noise_over_poisson > 0 && !result.poisson_weighted) {
    noise += ", its variance " + show(result.noise_over_poisson) + " times the mean counts";
  }
  outputs.summary.push_back(noise);
  outputs.summary.push_back(show(100 * result.captured_share) + " % of the sum of squares kept, " +
                            std::to_string(result.sweeps) + " sweep" + (result.sweeps == 1 ? "" : "s"));
  return outputs;
}

}  // namespace

const Operation& tensor_svd_operation() {
  static const Operation operation = make_operation<TensorSvdParams>(
      {.name = "denoise.tensor_svd",
       .version = 1,
       .summary = "Denoises scans, spectrum images and series by a low-rank tensor decomposition with automatic ranks.",
       .citations = {"C. Zhang, R. Han, A. R. Zhang, P. M. Voyles, Ultramicroscopy 219, 113123 (2020)",
                     "L. De Lathauwer, B. De Moor, J. Vandewalle, SIAM J. Matrix Anal. Appl. 21, 1324 (2000)",
                     "M. Gavish and D. L. Donoho, IEEE Trans. Inf. Theory 60, 5040 (2014)"},
       .inputs = {{.name = "data",
                   .help = "scan of patterns, spectrum image or series: three axes or more",
                   .required = true,
                   .values = Values::real,
                   .min_navigation = 0,
                   .max_navigation = 3,
                   .min_signal = 0}},
       .outputs = {{"denoised", "the data's shape, axes and metadata, float32, made from core and factors when read"},
                   {"core", "core tensor, one axis per mode"},
                   {"factors_1", "vectors of the first mode, (component | its axes)"},
                   {"factors_2", "of the second"},
                   {"factors_3", "of the third"},
                   {"factors_4", "of the fourth; only with four modes"},
                   {"scree_1", "singular values of the first mode, the others projected on their factors"},
                   {"scree_2", "of the second"},
                   {"scree_3", "of the third"},
                   {"scree_4", "of the fourth; only with four modes"},
                   {"ranks", "rank, last singular value kept and noise threshold of each mode"},
                   {"captured_share", "share of the sum of squares that is kept"},
                   {"noise", "standard deviation of the noise of one element"},
                   {"reason", "why these ranks"}}},
      parameters, check, run);
  return operation;
}

}  // namespace ruska::ops::denoise
