// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <hdf5.h>

namespace ruska {

/// Gives an object of a closed HDF5 file attributes that refer to other objects of it: name and path of each.
inline void attach_references(const std::filesystem::path& path, const std::string& object,
                              const std::vector<std::pair<std::string, std::string>>& attributes) {
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  const hid_t to = H5Oopen(file, object.c_str(), H5P_DEFAULT);
  const hid_t space = H5Screate(H5S_SCALAR);
  for (const auto& [name, target] : attributes) {
    hobj_ref_t reference{};
    H5Rcreate(&reference, file, target.c_str(), H5R_OBJECT, -1);
    const hid_t attribute = H5Acreate2(to, name.c_str(), H5T_STD_REF_OBJ, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(attribute, H5T_STD_REF_OBJ, &reference);
    H5Aclose(attribute);
  }
  H5Sclose(space);
  H5Oclose(to);
  H5Fclose(file);
}

}  // namespace ruska
