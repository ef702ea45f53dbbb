// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace ruska::io {

/// A length or time in the unit of the file, in the unit with the SI prefix that gives `size` steps of `scale` a handy
/// number: 5.3e-9 m → 5.3 nm.
struct Calibration {
  double factor = 1;  ///< multiplies numbers in the file's unit
  std::string units;
};
Calibration handy(double scale, const std::string& units, std::int64_t size);

}  // namespace ruska::io
