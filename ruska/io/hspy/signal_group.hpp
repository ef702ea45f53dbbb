// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ruska/io/hdf5/source.hpp"
#include "ruska/io/hdf5/writer.hpp"

namespace ruska::io::hspy {

/// The signal that a group holds: `data`, one group per axis, `metadata` and `original_metadata` (or their names of
/// file version 1). Throws bad_data, unsupported for ragged signals and axes given by an expression.
std::shared_ptr<const Source> read_signal(const hdf5::Group& group);

/// Makes the group of a signal with everything but the values, and returns the array to write them to.
/// `name` may hold any character. Throws unsupported for a signal without axes.
hdf5::ArrayWriter create_signal(const hdf5::GroupWriter& parent, const std::string& name,
                                const Description& description);

/// Marks a new file as HyperSpy's and makes the group of its signals, which keeps their order.
hdf5::GroupWriter create_experiments(const hdf5::GroupWriter& root);

/// Writes values as described: with fields, the last axis runs over the parts of the array's structures, and the
/// region must take it whole.
void write_values(const hdf5::ArrayWriter& array, const Description& description, const Region& region,
                  std::span<const std::byte> values);

}  // namespace ruska::io::hspy
