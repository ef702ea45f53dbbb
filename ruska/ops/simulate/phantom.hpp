// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ruska::ops::simulate {

/// What one element contributes to a phase.
struct Constituent {
  std::string element;
  double amount = 0;  ///< atomic fraction, or the weight of the element's Kα line where the phantom lists line weights
};

struct Phase {
  std::string name;
  std::vector<Constituent> constituents;
  double density = 0;  ///< g/cm³; 0 where the phantom lists line weights
};

/// Where the beam goes: `tilts` views of y rows and x columns.
struct Scan {
  std::int64_t tilts = 1, y = 1, x = 1;
  double pixel = 1;       ///< nm
  double first_tilt = 0;  ///< degrees
  double tilt_step = 0;   ///< degrees
  std::int64_t positions() const { return tilts * y * x; }
};

/// A specimen of known phases and shape.
struct Phantom {
  enum class Kind { needle, spheres };
  Kind kind = Kind::needle;
  std::vector<Phase> phases;
  double peak_fraction = 1.0;  ///< spheres: their share of the signal at their centres
};

/// A conical silicon tip as a focused ion beam leaves it, 330 nm long, under a chromium and a nickel film whose plane
/// is inclined to the axis, so that the beam crosses two phases near each interface. The tilt axis is the needle's.
Phantom needle();
/// Two spheres of the phases B and C, radius 25/128 of the width, in a matrix of A (line weights of H. Teurtrie et al.,
/// Ultramicroscopy 249, 113719, 2023, as detected).
Phantom spheres(double peak_fraction);

/// The scan that shows a phantom at x columns and y rows: the needle from −90° to 90° where there is more than one
/// tilt.
Scan scan_of(const Phantom& phantom, std::int64_t tilts, std::int64_t y, std::int64_t x);

/// Amount of each phase along the beam at a position of the scan (C order: tilt, y, x). The needle: lengths in nm, all
/// zero beside it. The spheres: shares that sum to one.
std::vector<double> amounts(const Phantom& phantom, const Scan& scan, std::int64_t position);

}  // namespace ruska::ops::simulate
