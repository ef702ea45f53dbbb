// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ruska/io/hdf5/file.hpp"
#include "ruska/io/hdf5/writer.hpp"

namespace ruska::io::hspy {

/// A HyperSpy tree: groups are objects, attributes their entries; lists, tuples, nothing and bytes are told by prefixes
/// of the names. Signals within the tree become a sentence in angle brackets.
/// Throws bad_data when groups contain one another or nest deeper than 64.
Json read_tree(const hdf5::Group& group);

/// Writes an object in the same encoding into an empty group. Names are taken as they are, "/" becoming "-" in those
/// of groups and lists.
void write_tree(const hdf5::GroupWriter& group, const Json& tree);

/// A metadata tree of HyperSpy's file versions before 3 with its entries where they stand today.
Json modernised(Json tree);

}  // namespace ruska::io::hspy
