// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>

#include "ruska/io/hdf5/file_blocks.hpp"

namespace ruska::io::hdf5 {

/// Records in order (III.A.2), a "version 2 B-tree". May be asked by several threads at once.
class BTree2 {
 public:
  /// Throws bad_data when there is none at the address or its records are not of this type.
  BTree2(const FileBlocks& file, std::uint64_t address, std::uint64_t type);

  std::size_t record_bytes() const { return static_cast<std::size_t>(record_bytes_); }
  /// All records in their order.
  void for_each(const std::function<void(Cursor record)>& visit) const;
  /// The record for which `compare` gives 0. It gives less than 0 when what is looked for comes before the record.
  std::optional<Block> find(const std::function<int(Cursor record)>& compare) const;

 private:
  struct Child {
    std::uint64_t address, records;
  };
  struct Node {
    Block records;
    std::uint64_t count;
    std::vector<Child> children;  // one more than records; none in leaves
  };
  std::shared_ptr<const Node> node(const Child& where, std::uint64_t depth) const;
  void walk(const Child& where, std::uint64_t depth, Visited& seen,
            const std::function<void(Cursor record)>& visit) const;
  Cursor record(const Node& node, std::uint64_t index) const;

  const FileBlocks& file_;
  std::uint64_t type_, node_bytes_ = 0, record_bytes_ = 0, depth_ = 0;
  Child root_{};
  std::uint64_t count_bytes_ = 0;           // of the number of records in a child
  std::vector<std::uint64_t> total_bytes_;  // of the number of records below a child, by the child's depth
  mutable std::mutex mutex_;
  mutable std::map<std::uint64_t, std::shared_ptr<const Node>> nodes_;
};

}  // namespace ruska::io::hdf5
