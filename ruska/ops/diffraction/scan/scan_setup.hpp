// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ruska/ops/diffraction/scan/detectors.hpp"
#include "ruska/ops/diffraction/scan/following_detectors.hpp"
#include "ruska/ops/diffraction/scan/frame_reader.hpp"
#include "ruska/ops/diffraction/scan/scan.hpp"

// What a run of diffraction.scan is asked for: lengths, centre, detectors, corrections.
namespace ruska::ops::diffraction {

/// The length of a pixel where a calibration or a parameter tells it.
struct PhysicalPixel {
  double value = 1;
  std::string unit{};  ///< "1/nm" or "mrad"
};

/// All that is known before a value is read.
struct ScanSetup {
  Calibration calibration{};       ///< with what parameters put in its place
  std::optional<double> energy{};  ///< keV
  std::optional<PhysicalPixel> physical{};
  /// The detectors' frame; the centre is there where `center_known`, else the middle of the frame along that axis.
  FrameGeometry geometry{};
  bool center_x_known = false, center_y_known = false;
  std::string center_story{};
  bool follows = false;   ///< detectors move with the origin over the scan
  Matrix ring_lengths{};  ///< of the radial profile: from pixels about the centre to the unit of its step
  double ring_scale = 1;  ///< what one of these is in `ring_unit`
  std::string ring_unit{};
};
ScanSetup setup_of(const Inputs& inputs, const ScanParams& params);

/// Detectors that are told by their shapes. Throws invalid_argument for what is wrong with them.
std::vector<DetectorShape> shapes_of(const ScanParams& params);

/// Masks from the port `detector_masks`: one image, or a stack of them.
struct GivenMasks {
  std::int64_t number = 0;
  bool weighted = false;
};
GivenMasks given_masks(const Inputs& inputs);
std::int64_t detector_count(const Inputs& inputs, const ScanParams& params);

/// Rings of the radial profile, at most; 0 where none is asked for. Throws invalid_argument for too many.
std::int64_t planned_rings(const ScanSetup& setup, const ScanParams& params, const Shape& scan);

/// Frames that are subtracted and multiplied. Throws bad_data for values that are not finite.
Correction correction_of(const Inputs& inputs);

/// Detectors of the request where the beam is found, and how centre and radii came about.
struct Detectors {
  FrameGeometry geometry{};        ///< as of the setup, with the centre
  FrameGeometry shape_geometry{};  ///< that the shapes are meant in
  std::vector<DetectorShape> shapes{};
  std::vector<std::string> names{}, definitions{};
  std::vector<double> inner{}, outer{};             ///< radii in pixels; NaN for what has none
  std::vector<Outline> outlines{};                  ///< of the shapes, in pixels
  std::vector<std::vector<std::uint8_t>> binary{};  ///< one byte per pixel; those of shapes, then those given
  std::vector<std::vector<double>> weights{};
  std::vector<std::string> story{};
};
Detectors detectors_of(const Inputs& inputs, const ScanParams& params, const ScanSetup& setup,
                       const Correction& correction, const std::vector<std::uint8_t>& left_out, Context& context);

/// The pixels of detectors and rings, moved by whole pixels; `rings` is how many a profile may have, 0 for none. Given
/// masks and pixels that are left out stay where they are.
FrameView view_of(const Detectors& detectors, const ScanSetup& setup, const std::vector<std::uint8_t>& left_out,
                  double radial_step, bool radial, Shift shift);

}  // namespace ruska::ops::diffraction
