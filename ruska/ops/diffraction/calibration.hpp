// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ruska/core/operation.hpp"
#include "ruska/ops/diffraction/pattern_axes.hpp"
#include "ruska/ops/diffraction/plane.hpp"

// What is known of how patterns fall on the detector. It lives in a dataset's metadata under Calibration.diffraction
// and is completed step by step: diffraction.origin, ellipse, pixel_size, rotation. Each part carries its standard
// deviations; a part that was not measured is absent.
//
// A detector pixel at k (x, y in pixels) is the scattering vector
//   q = s · R(rotation) · T · E⁻¹ · (k − origin(position))      in the scan's frame, in units of the pixel size s,
// with E the elliptic stretch, T the exchange of x and y where `transposed`, and R the turn from x towards y.
namespace ruska::ops::diffraction {

/// Where the undiffracted beam meets the detector, in pixels, as a polynomial of the scan position's indices.
struct OriginCalibration {
  std::string surface = "constant";  ///< "constant", "plane" or "parabola"
  std::vector<double> x{}, y{};      ///< coefficients of 1, X, Y, X², X Y, Y² as far as the surface has them
  double sigma_x = 0, sigma_y = 0;   ///< root mean square over the scan of the surface's own standard deviation
  double probe_radius = 0;           ///< of the direct beam, px; 0 when it was not measured
  Shape scan{};                      ///< lengths of the navigation axes that the surface was fitted over

  /// The origin at column X and row Y of the scan.
  Vector at(double column, double row) const;
  /// The origin at a navigation position in C order: the last axis counts as X, the one before as Y.
  Vector at_position(std::int64_t position, const Shape& navigation) const;
  /// The mean over the scan that it was fitted over.
  Vector mean() const;
};

/// Coefficients of 1, u, v, u², uv, v², or as many of them as there are, turned into those of 1, X, Y, X², X Y, Y²,
/// where u and v go from −1 to 1 over the columns X and the rows Y.
std::vector<double> surface_in_indices(std::vector<double> coefficients, std::int64_t rows, std::int64_t columns);

/// Circles appear as ellipses with semi-axes in the ratio a/b, the long one at `angle`; areas stay as they are.
struct EllipseCalibration {
  double ratio = 1, ratio_sigma = 0;  ///< a/b ≥ 1
  double angle = 0, angle_sigma = 0;  ///< degrees from x towards y, in [0, 180)

  /// E: a circle of radius 1 becomes the ellipse.
  Matrix distortion() const;
};

/// The length of one pixel.
struct PixelSizeCalibration {
  double value = 1, sigma = 0;
  std::string unit = "1/nm";
  std::string standard{};  ///< what it was measured on
};

/// How vectors on the detector are brought into the scan's frame: x and y are exchanged where `transposed`, then turned
/// by `angle` from x towards y.
struct RotationCalibration {
  double angle = 0, sigma = 0;  ///< degrees, in (−180, 180]
  bool transposed = false;
  bool sign_known = false;  ///< false: the angle may as well be the one 180° away

  Matrix to_scan() const;
};

struct Calibration {
  std::optional<OriginCalibration> origin{};
  std::optional<EllipseCalibration> ellipse{};
  std::optional<PixelSizeCalibration> pixel_size{};
  std::optional<RotationCalibration> rotation{};
  Shape frame{};  ///< height and width of the patterns that it belongs to; empty when nothing is known

  /// Nothing is known.
  bool empty() const { return !origin && !ellipse && !pixel_size && !rotation; }
  /// R · T · E⁻¹ of what is known: from detector pixels about the origin to undistorted pixels in the scan's frame.
  Matrix to_scan() const;
  /// A line of text for people: what is known.
  std::string story() const;
};

/// The calibration in a metadata tree; empty when there is none. Throws bad_data for a part that is broken.
Calibration calibration_in(const Json& metadata);
/// Writes it below Calibration.diffraction, in place of what was there.
void set_calibration(Json& metadata, const Calibration& calibration);

/// What is known of the patterns at port `data`: their own metadata, and whatever the optional port `calibration` adds
/// or replaces, part by part. Throws invalid_argument when that port's dataset holds no calibration, when it belongs to
/// frames of another shape, or when its surface belongs to another scan.
Calibration calibration_of(const Inputs& inputs);
/// The same for what was made of patterns, with their metadata: `frame` is empty where their shape is not known.
Calibration calibration_of(const Inputs& inputs, const std::string& data_port, const Shape& frame);
/// All but the origin, which may belong to another scan: for who measures that anew.
Calibration calibration_without_origin(const Inputs& inputs);

/// The port `calibration`.
Port calibration_port();
/// The ports of an operation that reads patterns with what is known of them: data, mask and calibration. `data_help`
/// says what the patterns are of.
std::vector<Port> calibrated_pattern_ports(std::string data_help);

/// The dataset that a step of the calibration hands on: the mean pattern, its metadata holding all that is known so
/// far.
Output calibration_output(const Description& data, const std::vector<double>& mean_pattern,
                          const Calibration& calibration);
OutputPort calibration_output_port();

}  // namespace ruska::ops::diffraction
