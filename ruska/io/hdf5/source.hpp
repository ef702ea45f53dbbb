// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ruska/core/source.hpp"
#include "ruska/io/hdf5/file.hpp"

namespace ruska::io::hdf5 {

/// A signal whose values are one array of the file. Axis i of the description runs along axis `order[i]` of the array;
/// array axes that `order` leaves out stay at the index `fixed` gives for them. With fields, the description has one
/// more, last axis that runs over them.
class Hdf5Source : public Source {
 public:
  /// `description` needs its axes; dtype, chunk and fields are filled from the array. Throws bad_data when lengths
  /// differ, unsupported where the array cannot be read.
  Hdf5Source(Description description, Array array, std::vector<int> order, Shape fixed = {});
  /// Axes in the order of the array.
  Hdf5Source(Description description, Array array);

  const Description& describe() const override { return description_; }
  void read(const Region& region, std::span<std::byte> out) const override;
  std::int64_t buffered() const override { return array_.buffered(); }
  const Array& array() const { return array_; }

 private:
  Description description_;
  Array array_;
  std::vector<int> order_;
  Shape fixed_;
};

/// A chunk of about a mebibyte for spectra and images that are read in C order: whole signals, then as much of the
/// navigation axes as fits, fastest first.
Shape chunk_for(const Description& description);

}  // namespace ruska::io::hdf5
