// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/strain/calibrated_lists.hpp"

namespace ruska::ops::diffraction {

CalibratedLists::CalibratedLists(const Inputs& inputs) : lists_(&inputs.at("disks")) {
  const Description& lists = lists_->describe();
  unit_ = disk_units(lists);
  const std::optional<DiskGrid> grid = disk_grid(lists);
  calibration_ = calibration_of(inputs, "disks", grid ? grid->frame : Shape{});
  if (calibration_.empty()) return;
  if (!grid) {
    throw Error(ErrorKind::invalid_argument,
                "the lists of disks are in " + unit_ +
                    " and do not say how these follow from pixels, which the calibration is in; make them with "
                    "diffraction.disks, or give lists in px");
  }
  grid_ = grid;
  matrix_ = calibration_.to_scan();
  unit_ = "px";
  if (const auto& size = calibration_.pixel_size) {
    matrix_ = Matrix{size->value, 0, 0, size->value} * matrix_;
    unit_ = size->unit;
  }
}

DiskLists CalibratedLists::read(RowRange positions) const {
  DiskLists read = read_disks(*lists_, positions);
  if (!grid_) return read;
  const Shape scan = describe().navigation_shape();
  for (std::size_t p = 0; p < read.positions(); ++p) {
    Vector origin;
    if (calibration_.origin) {
      origin = calibration_.origin->at_position(positions.begin + static_cast<std::int64_t>(p), scan);
    }
    for (std::size_t d = read.start[p]; d < read.start[p + 1]; ++d) {
      Disk& disk = read.disks[d];
      const Vector at = matrix_ * (grid_->pixel({disk.kx, disk.ky}) - origin);
      disk.kx = at.x;
      disk.ky = at.y;
    }
  }
  return read;
}

Vector CalibratedLists::from_lists(Vector difference) const {
  if (!grid_) return difference;
  return matrix_ * Vector{difference.x / grid_->scale.x, difference.y / grid_->scale.y};
}

Vector CalibratedLists::place_from_lists(Vector place) const {
  if (!grid_) return place;
  return matrix_ * (grid_->pixel(place) - (calibration_.origin ? calibration_.origin->mean() : Vector{}));
}

}  // namespace ruska::ops::diffraction
