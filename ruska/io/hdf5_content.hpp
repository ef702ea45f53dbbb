// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include "ruska/core/driver.hpp"
#include "ruska/io/hdf5/file.hpp"

/// What drivers of formats on HDF5 ask of a file beyond single objects.
namespace ruska::io {

/// Content where the file is HDF5 and `is_own` holds for its root; of a damaged HDF5 file no more than its extension
/// is known.
Confidence probe_hdf5(const Probe& file, std::initializer_list<std::string_view> extensions,
                      const std::function<bool(const hdf5::Group& root)>& is_own);

/// The attributes of an object.
Json attributes_of(const hdf5::Object& object);

/// A group with all below it: attributes have "@" before their name, small arrays and texts are entries, groups are
/// objects. Arrays of more than 64 values and members beyond the 2000th are left out; so are groups within themselves.
Json tree_of(const hdf5::Group& group);

/// Every array below a group with its path from there ("entry/data/counts"), in the order of the groups' members; an
/// array with several names each time. Throws bad_data for groups nested deeper than 32.
void for_each_array(
    const hdf5::Group& group,
    const std::function<void(const std::string& path, const hdf5::Group& parent, const std::string& name)>& visit);

/// The only value of a small array of numbers; nothing where it is absent or of another kind.
std::optional<double> number_in(const hdf5::Group& group, const std::string& name);
/// The first text of a small array; nothing where it is absent or of another kind.
std::optional<std::string> text_in(const hdf5::Group& group, const std::string& name);

}  // namespace ruska::io
