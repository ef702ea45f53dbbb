// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "ruska/ops/diffraction/calibration.hpp"
#include "ruska/ops/diffraction/disk_list.hpp"

namespace ruska::ops::diffraction {

/// Lists of disks seen through what is known of the patterns:
///   q = s · R T E⁻¹ · (k − origin(position)),
/// as far as its parts are known. Without a calibration they are as they are.
class CalibratedLists {
 public:
  /// Of the ports `disks` and `calibration`. Throws invalid_argument as `calibration_of`, and when lists are in a unit
  /// from which no way leads to the pixels that a calibration is in.
  explicit CalibratedLists(const Inputs& inputs);

  const Description& describe() const { return lists_->describe(); }
  const Calibration& calibration() const { return calibration_; }
  DiskLists read(RowRange positions) const;
  /// Of the coordinates that `read` gives; empty where it is not known.
  const std::string& unit() const { return unit_; }
  /// A vector of the lists as `read` tells it, for vectors that are given as the lists have them.
  Vector from_lists(Vector difference) const;
  /// A place of the lists as `read` tells it on average over the scan.
  Vector place_from_lists(Vector place) const;

 private:
  const Dataset* lists_;
  Calibration calibration_;
  std::optional<DiskGrid> grid_{};
  Matrix matrix_{};  ///< from pixels
  std::string unit_;
};

}  // namespace ruska::ops::diffraction
