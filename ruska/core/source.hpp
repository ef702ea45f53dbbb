// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ruska/base/dtype.hpp"
#include "ruska/core/axis.hpp"

namespace ruska {

/// What is known of a signal before any of its values is read.
struct Description {
  std::string title;
  std::string signal_type;  ///< HyperSpy's: "EDS_TEM", "EDS_SEM", "EELS"; empty for images and the unknown
  DType dtype = DType::float32;
  Axes axes;                          ///< navigation axes first, slowest first: (y, x, energy)
  Shape chunk{};                      ///< storage chunk, one length per axis; empty when storage is contiguous
  std::vector<std::string> fields{};  ///< names of the parts of a pixel ("R", "G", "B") that the last axis runs over
  bool sparse = false;                ///< `read_counts` is there and is the cheap way to read
  bool lazy = false;                  ///< values are computed when they are read
  Json metadata = Json::object();     ///< known keys, HyperSpy's tree ("Acquisition_instrument.TEM.beam_energy" …)
  Json original = Json::object();     ///< the vendor's remainder, verbatim

  Shape shape() const;
  Shape navigation_shape() const;
  Shape signal_shape() const;
  /// Number of navigation positions, 1 when there is no navigation axis.
  std::int64_t navigation_size() const;
  /// Number of values at one position, 1 when there is no signal axis.
  std::int64_t signal_size() const;
  std::int64_t bytes() const;
  /// The only signal axis; throws invalid_argument when there is not exactly one.
  const Axis& signal_axis() const;

  /// Throws bad_data unless every axis has a length ≥ 0, a finite scale and offset, roles in order and the chunk one
  /// length > 0 per axis.
  void validate() const;
};

/// A box of array elements: start and length along each axis.
struct Region {
  Shape start;
  Shape shape;

  static Region whole(const Shape& shape);
  std::int64_t count() const { return ruska::count(shape); }
};

/// Counts of a range of navigation positions with the zeros left out (compressed sparse rows).
/// Channels within a row rise strictly; counts are > 0.
struct SparseCounts {
  std::vector<std::int64_t> row_start{0};  ///< rows + 1 entries, row_start[0] = 0
  std::vector<std::uint32_t> channel;
  std::vector<std::uint32_t> value;

  std::int64_t rows() const { return static_cast<std::int64_t>(row_start.size()) - 1; }
  std::int64_t nonzeros() const { return static_cast<std::int64_t>(channel.size()); }
  std::int64_t bytes() const;
};

/// Where values come from: a signal in a file, an array in memory, or another source seen through a crop.
/// All members may be called from several threads at once.
class Source {
 public:
  virtual ~Source() = default;

  virtual const Description& describe() const = 0;

  /// Fills `out` with the region's elements in C order, in the described dtype and the machine's byte order.
  /// `out` has exactly the region's size. Touches only the bytes it needs. Throws bad_data, io.
  virtual void read(const Region& region, std::span<std::byte> out) const = 0;

  /// Counts of the navigation positions [begin, end), numbered in C order; only when `describe().sparse`.
  virtual SparseCounts read_counts(std::int64_t begin, std::int64_t end) const;

  /// The region's elements where they lie in memory as `read` would give them, without a copy; empty when they do not.
  /// Valid as long as the source. Throws invalid_argument for a region outside.
  virtual std::span<const std::byte> view([[maybe_unused]] const Region& region) const { return {}; }

  /// Bytes that the source itself may come to hold between reads: decoded chunks, streams. Counts against the budget.
  virtual std::int64_t buffered() const { return 0; }
};

/// Throws invalid_argument when the region leaves the shape or `bytes` is not its size in `dtype`.
void check_region(const Region& region, const Description& description, std::size_t bytes);

/// Where a box of a C-ordered array begins, in elements, when its elements follow each other without a gap.
std::optional<std::int64_t> contiguous_start(const Region& region, const Shape& shape);

/// Copies the box `region` of a C-ordered array of the given shape to `out`, C order.
void copy_region(std::span<const std::byte> array, const Shape& shape, std::size_t item_size, const Region& region,
                 std::span<std::byte> out);

/// Copies `values`, a C-ordered box, into the box `region` of a C-ordered array of the given shape.
void paste_region(std::span<const std::byte> values, const Region& region, std::span<std::byte> array,
                  const Shape& shape, std::size_t item_size);

/// Fills a dense region of a signal that is held as sparse counts; `read_counts(begin, end)` gives the rows.
void fill_from_counts(const Description& description, const Region& region, std::span<std::byte> out,
                      const std::function<SparseCounts(std::int64_t, std::int64_t)>& read_counts);

}  // namespace ruska
