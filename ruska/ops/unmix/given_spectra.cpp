// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/given_spectra.hpp"

#include <cmath>

namespace ruska::ops::unmix {
namespace {

constexpr double tolerance = 0.1;  // of a channel, at either end of the axis

std::string described(const Axis& axis) {
  return axis.name + " from " + std::to_string(axis.at(0)) + " to " +
         std::to_string(axis.at(static_cast<double>(axis.size - 1))) + " " + axis.units;
}

/// Whether two axes of one length show the same coordinates. Axes without units show none.
bool agree(const Axis& a, const Axis& b) {
  if (a.units.empty() || b.units.empty()) return true;
  if (a.units != b.units) return false;
  const auto last = static_cast<double>(a.size - 1);
  const double step = a.size > 1 ? std::fabs(a.at(last) - a.at(0)) / last : std::fabs(a.scale);
  return std::fabs(a.at(0) - b.at(0)) <= tolerance * step && std::fabs(a.at(last) - b.at(last)) <= tolerance * step;
}

}  // namespace

Port given_spectra_port(std::string name, bool required) {
  return {.name = std::move(name),
          .help =
              "spectra that are known, (component | signal axes as the data), such as the factors or endmembers of "
              "another operation",
          .required = required,
          .values = Values::real,
          .max_navigation = 1,
          .min_signal = 1};
}

std::int64_t number_of_given_spectra(const Description& data, const Description& spectra, const std::string& port) {
  if (spectra.signal_shape() != data.signal_shape()) {
    throw Error(ErrorKind::invalid_argument, port + " has signal axes of " + to_string(spectra.signal_shape()) +
                                                 " channels and the data have " + to_string(data.signal_shape()) +
                                                 "; rebin or crop one to the other");
  }
  for (std::size_t a = 0, b = 0; a < data.axes.size(); ++a) {
    if (data.axes[a].role != Role::signal) continue;
    while (spectra.axes[b].role != Role::signal) ++b;
    if (!agree(data.axes[a], spectra.axes[b])) {
      throw Error(ErrorKind::invalid_argument, port + " has " + described(spectra.axes[b]) + " and the data have " +
                                                   described(data.axes[a]) + "; bring them to one calibration");
    }
    ++b;
  }
  return spectra.navigation_size();
}

}  // namespace ruska::ops::unmix
