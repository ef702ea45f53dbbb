// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "ruska/core/source.hpp"
#include "ruska/io/hdf5/file.hpp"

/// py4DSTEM's lists of points: a PointList, one array per field, and a PointListArray, an array of lists of structures,
/// one list per scan position. They become arrays with the last axes `disk`, as long as the longest list, and `value`,
/// the fields; float64, NaN behind the end of a shorter list.
///
/// py4DSTEM counts x along the first axis of an image, ruska along the last: of Bragg disks, qx is ky and qy is kx.
/// They come first, then the intensity, then what else there is; fields of other points stay as they are. The names
/// stand in the metadata at Diffraction.disk_values, the unit of ky and kx at Diffraction.disk_units where it is known.
namespace ruska::io {

/// What the file says of the scan; empty where it does not.
struct ScanCalibration {
  double step = 1;
  std::string units{};
};

/// Whether the group is a PointList: each of its members is a field, a list of numbers of one common length.
bool is_point_list(const hdf5::Group& group);
std::shared_ptr<const Source> point_list(const hdf5::Group& group, Description description);

/// Whether the array of that name in the group holds lists of points, one of them at least with an entry.
bool is_point_list_array(const hdf5::Group& group, const std::string& name);
std::shared_ptr<const Source> point_list_array(const hdf5::Group& group, const std::string& name,
                                               const ScanCalibration& scan, Description description);

}  // namespace ruska::io
