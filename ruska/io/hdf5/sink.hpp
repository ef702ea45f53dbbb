// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>

#include "ruska/io/hdf5/writer.hpp"

namespace ruska::io::hdf5 {

/// Signals of at most 4 KiB lie in one piece; others in chunks of whole signals, compressed lightly, since files are
/// read far more often than written and level 1 gives most of what gzip can.
Chunking chunking_for(const Description& description);

/// Which axis of the array is the description's first.
enum class AxisOrder { first, last };

/// A sink for one array of a new HDF5 file. With fields, the last axis runs over the parts of the array's structures,
/// and regions must take it whole.
class ArraySink final : public Sink {
 public:
  /// `make` writes everything but the values and returns the array for them, whose axes are those of the description
  /// without that of the fields, reversed where `order` says so. Throws io and what `make` throws.
  ArraySink(const std::filesystem::path& path, Description description,
            const std::function<ArrayWriter(const GroupWriter& root)>& make, AxisOrder order = AxisOrder::first);

  Storage storage() const override;
  void write(const Region& region, std::span<const std::byte> values) override;
  void commit() override;

 private:
  Description description_;
  AxisOrder order_;
  FileWriter file_;
  std::optional<ArrayWriter> array_;
};

/// A name as a link: "/" and a lone dot cannot be part of one. `otherwise` is for none.
std::string link_name(std::string name, const std::string& otherwise);

}  // namespace ruska::io::hdf5
