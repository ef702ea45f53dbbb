// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <hdf5.h>

namespace ruska {

/// Marks arrays of a closed HDF5 file as the dimension scales of another, one for each of its axes.
inline void attach_dimension_scales(const std::filesystem::path& path, const std::string& array,
                                    const std::vector<std::string>& scales) {
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  const hid_t to = H5Oopen(file, array.c_str(), H5P_DEFAULT);
  std::vector<hobj_ref_t> references(scales.size());
  std::vector<hvl_t> lists(scales.size());
  for (std::size_t i = 0; i < scales.size(); ++i) {
    H5Rcreate(&references[i], file, scales[i].c_str(), H5R_OBJECT, -1);
    lists[i] = {1, &references[i]};
  }
  const hid_t type = H5Tvlen_create(H5T_STD_REF_OBJ);
  const hsize_t length = scales.size();
  const hid_t space = H5Screate_simple(1, &length, nullptr);
  const hid_t attribute = H5Acreate2(to, "DIMENSION_LIST", type, space, H5P_DEFAULT, H5P_DEFAULT);
  H5Awrite(attribute, type, lists.data());
  H5Aclose(attribute);
  H5Sclose(space);
  H5Tclose(type);
  H5Oclose(to);
  H5Fclose(file);
}

}  // namespace ruska
