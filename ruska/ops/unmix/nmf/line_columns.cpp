// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// Following espm (Teurtrie et al., Ultramicroscopy 249, 113719 (2023)), whose spectra are G W with G simulated lines
// and bremsstrahlung. Here every line family is a column of its own, so that neither cross-sections nor absorption need
// to be known, and the background is spanned by shapes too broad to imitate a peak.
#include "ruska/ops/unmix/nmf/line_columns.hpp"

#include <algorithm>
#include <set>

#include "ruska/ops/eds/find_elements.hpp"
#include "ruska/ops/eds/spectrum_model.hpp"

namespace ruska::ops::unmix {
namespace {

void add_column(std::vector<double>& values, const Eigen::VectorXd& column, std::int64_t first, std::size_t channels,
                std::span<const double> sum_spectrum) {
  std::vector<double> whole(channels, 0.0);
  double sum = 0;
  for (Eigen::Index i = 0; i < column.size(); ++i) {
    const auto channel = static_cast<std::size_t>(first + i);
    // Channels without any count are masked or beyond a discriminator; nothing can be said about them.
    if (!(sum_spectrum[channel] > 0)) continue;
    whole[channel] = std::max(0.0, column(i));
    sum += whole[channel];
  }
  if (!(sum > 0)) return;
  for (double& value : whole) value /= sum;
  values.insert(values.end(), whole.begin(), whole.end());
}

}  // namespace

LineColumns line_columns(const Description& data, std::span<const double> sum_spectrum,
                         const std::vector<std::string>& elements, std::optional<double> beam_energy) {
  const eds::EnergyAxis axis = eds::energy_axis(data);
  eds::ElementSearch search = eds::element_search(data, beam_energy);
  if (!elements.empty()) search.expected = elements;
  const eds::FoundElements found = eds::find_elements(sum_spectrum, axis, search);
  std::set<int> numbers;
  for (const std::string& element : elements) numbers.insert(eds::atomic_number(element));
  for (const eds::FoundElement& one : found.elements) {
    if (elements.empty()) numbers.insert(one.atomic_number);
  }
  if (numbers.empty()) {
    throw Error(
        ErrorKind::invalid_argument,
        "no element stands out of the noise of the sum spectrum, so that there are no lines to make spectra of; name "
        "elements, or take spectra 'free'");
  }
  const std::int64_t first = found.first_channel, size = found.last_channel - found.first_channel;
  const eds::Calibration calibration{found.energy_shift, found.energy_gain, found.resolution_mn_ka,
                                     found.resolution_slope};
  const auto channels = static_cast<std::size_t>(axis.size);
  LineColumns result;
  std::string names;
  for (const eds::Family& family : eds::candidate_families(
           axis.at(static_cast<double>(first)), axis.at(static_cast<double>(first + size - 1)), search.beam_energy)) {
    if (numbers.count(family.atomic_number) == 0) continue;
    const std::size_t before = result.values.size();
    add_column(result.values, eds::family_template(family, axis, calibration, first, size), first, channels,
               sum_spectrum);
    if (result.values.size() == before) continue;
    names += (names.empty() ? "" : ", ") + eds::symbol(family.atomic_number) + " " + family.family;
  }
  const std::size_t lines = result.values.size();
  const Eigen::MatrixXd background = eds::background_templates(axis, calibration.resolution_mn_ka, first, size);
  for (Eigen::Index b = 0; b < background.cols(); ++b) {
    add_column(result.values, background.col(b), first, channels, sum_spectrum);
  }
  const std::size_t shapes = (result.values.size() - lines) / channels;
  // Below and above the range of the model, the strobe peak among it, all spectra have the sum spectrum's shape.
  for (const auto& [from, to] : {std::pair<std::int64_t, std::int64_t>{0, first}, {first + size, axis.size}}) {
    Eigen::VectorXd outside(to - from);
    for (std::int64_t c = from; c < to; ++c) outside(c - from) = sum_spectrum[static_cast<std::size_t>(c)];
    add_column(result.values, outside, from, channels, sum_spectrum);
  }
  result.description = "lines of " + names + ", and " + std::to_string(shapes) + " background shapes";
  return result;
}

}  // namespace ruska::ops::unmix
