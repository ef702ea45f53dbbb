// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "ruska/core/source.hpp"

namespace ruska {

/// Where a dataset came from, for Records.
struct Origin {
  std::string file;
  std::string signal;  ///< title or number within the file
};

/// An immutable handle on a Source plus where it came from. Copies are cheap and share the source.
class Dataset {
 public:
  Dataset() = default;
  explicit Dataset(std::shared_ptr<const Source> source, Origin origin = {});

  /// An array in memory; `values` in C order.
  template <class T>
  static Dataset from_values(Description description, std::span<const T> values) {
    description.dtype = dtype_of<T>();
    return from_bytes(std::move(description), std::as_bytes(values));
  }
  static Dataset from_bytes(Description description, std::span<const std::byte> bytes);
  /// Counts in memory, sparse; `description` says shape and dtype (an unsigned integer).
  static Dataset from_counts(Description description, SparseCounts counts);

  bool valid() const { return source_ != nullptr; }
  const Source& source() const { return *source_; }
  const std::shared_ptr<const Source>& shared_source() const { return source_; }
  const Description& describe() const { return source_->describe(); }
  const Origin& origin() const { return origin_; }

  /// A region's elements in the stored type; throws invalid_argument when T is not the stored type.
  template <class T>
  std::vector<T> read(const Region& region) const {
    if (dtype_of<T>() != describe().dtype) wrong_type(dtype_of<T>());
    std::vector<T> values(static_cast<std::size_t>(region.count()));
    source_->read(region, std::as_writable_bytes(std::span(values)));
    return values;
  }
  template <class T>
  std::vector<T> read_all() const {
    return read<T>(Region::whole(describe().shape()));
  }
  /// A region converted to float64; throws invalid_argument for complex data.
  std::vector<double> read_as_double(const Region& region) const;
  std::vector<double> read_all_as_double() const { return read_as_double(Region::whole(describe().shape())); }

 private:
  [[noreturn]] void wrong_type(DType asked) const;

  std::shared_ptr<const Source> source_;
  Origin origin_;
};

/// A lazily evaluated box of a dataset; axes keep their calibration.
Dataset crop(const Dataset& data, const Region& region);

/// A lazily evaluated product: element (position p, channel e) = mean[e] + Σ_k loadings[k, p] · factors[k, e].
/// The first axis of both counts the K components; the rest of the loadings' axes become navigation, the rest of the
/// factors' axes signal. `mean` has the signal axes alone, or is invalid for zero. float32 or float64 as the factors.
Dataset product(const Dataset& loadings, const Dataset& factors, const Dataset& mean, std::string title);

/// Sum, extremes and mean over a whole dataset, read in pieces. Integers are summed exactly; of complex values the
/// modulus is taken; NaN goes through to all four.
struct Statistics {
  double sum = 0, min = 0, max = 0, mean = 0;
};
Statistics statistics(const Dataset& data);

/// The digest of description (shape, dtype, axes) and values.
std::string digest_of(const Dataset& data);

}  // namespace ruska
