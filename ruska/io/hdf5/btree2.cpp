// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/hdf5/btree2.hpp"

#include <bit>

namespace ruska::io::hdf5 {
namespace {

constexpr std::uint64_t node_overhead = 10;  // signature, version, type, checksum
constexpr std::uint64_t deepest = 32;
constexpr std::size_t nodes_kept = 1024;
constexpr std::uint64_t largest_node = 65536;  // the library makes nodes of 512 and 2048 bytes

std::uint64_t bytes_to_count(std::uint64_t limit) {
  return limit == 0 ? 1 : (static_cast<std::uint64_t>(std::bit_width(limit)) + 7) / 8;
}

}  // namespace

BTree2::BTree2(const FileBlocks& file, std::uint64_t address, std::uint64_t type) : file_(file), type_(type) {
  const Widths widths = file.widths();
  const Block head = file.checked_block(address, 4 + 12 + widths.address + 2 + widths.length + 4, "BTHD");
  Cursor cursor = head.cursor();
  cursor.skip(4);
  if (cursor.number(1) != 0) cursor.fail("a B-tree of an unknown version");
  if (cursor.number(1) != type) cursor.fail("a B-tree of records of another type");
  node_bytes_ = cursor.number(4);
  record_bytes_ = cursor.number(2);
  depth_ = cursor.number(2);
  cursor.skip(2);
  root_.address = cursor.address();
  root_.records = cursor.number(2);
  if (node_bytes_ <= node_overhead || record_bytes_ == 0 || node_bytes_ > largest_node || depth_ > deepest) {
    cursor.fail("a B-tree of impossible sizes");
  }
  std::uint64_t most = (node_bytes_ - node_overhead) / record_bytes_, below = most;
  count_bytes_ = bytes_to_count(most);
  total_bytes_.push_back(0);
  for (std::uint64_t depth = 1; depth <= depth_; ++depth) {
    const std::uint64_t pointer = widths.address + count_bytes_ + total_bytes_.back();
    if (node_bytes_ < node_overhead + pointer) cursor.fail("a B-tree of impossible sizes");
    most = (node_bytes_ - node_overhead - pointer) / (record_bytes_ + pointer);
    std::uint64_t product = 0;
    if (__builtin_mul_overflow(most + 1, below, &product) || __builtin_add_overflow(product, most, &below)) {
      cursor.fail("a B-tree of impossible sizes");
    }
    total_bytes_.push_back(bytes_to_count(below));
  }
}

std::shared_ptr<const BTree2::Node> BTree2::node(const Child& where, std::uint64_t depth) const {
  {
    const std::lock_guard guard(mutex_);
    const auto found = nodes_.find(where.address);
    if (found != nodes_.end()) return found->second;
  }
  const std::uint64_t pointer =
      depth == 0 ? 0 : file_.widths().address + count_bytes_ + total_bytes_.at(static_cast<std::size_t>(depth - 1));
  const std::uint64_t used =
      node_overhead + where.records * record_bytes_ + (depth == 0 ? 0 : (where.records + 1) * pointer);
  if (used > node_bytes_) fail_at(where.address, "a B-tree node of more records than it has room for");
  auto made = std::make_shared<Node>();
  made->count = where.records;
  made->records = file_.checked_block(where.address, used, depth == 0 ? "BTLF" : "BTIN");
  Cursor cursor = made->records.cursor();
  cursor.skip(4);
  if (cursor.number(1) != 0 || cursor.number(1) != type_) cursor.fail("a B-tree node of another kind");
  cursor.skip(where.records * record_bytes_);
  for (std::uint64_t i = 0; depth > 0 && i <= where.records; ++i) {
    Child child{};
    child.address = cursor.address();
    child.records = cursor.number(count_bytes_);
    if (depth > 1) cursor.skip(total_bytes_[static_cast<std::size_t>(depth - 1)]);
    made->children.push_back(child);
  }
  const std::lock_guard guard(mutex_);
  if (nodes_.size() >= nodes_kept) nodes_.clear();
  nodes_[where.address] = made;
  return made;
}

Cursor BTree2::record(const Node& node, std::uint64_t index) const {
  Cursor cursor = node.records.cursor();
  cursor.skip(6 + index * record_bytes_);
  return cursor.part(record_bytes_);
}

void BTree2::walk(const Child& where, std::uint64_t depth, Visited& seen,
                  const std::function<void(Cursor record)>& visit) const {
  seen.once(where.address);
  const auto here = node(where, depth);
  for (std::uint64_t i = 0; i < here->count; ++i) {
    if (depth > 0) {
      if (here->children.size() != here->count + 1) fail_at(where.address, "a B-tree whose levels are mixed up");
      walk(here->children[static_cast<std::size_t>(i)], depth - 1, seen, visit);
    }
    visit(record(*here, i));
  }
  if (depth > 0 && !here->children.empty()) walk(here->children.back(), depth - 1, seen, visit);
}

void BTree2::for_each(const std::function<void(Cursor record)>& visit) const {
  if (root_.address == undefined_address) return;
  Visited seen;
  walk(root_, depth_, seen, visit);
}

std::optional<Block> BTree2::find(const std::function<int(Cursor record)>& compare) const {
  if (root_.address == undefined_address) return std::nullopt;
  Child where = root_;
  for (std::uint64_t depth = depth_;; --depth) {
    const auto here = node(where, depth);
    std::uint64_t low = 0, high = here->count;
    while (low < high) {
      const std::uint64_t middle = (low + high) / 2;
      Cursor at = record(*here, middle);
      const int order = compare(at);
      if (order == 0) {
        const std::uint64_t place = at.place();
        const auto bytes = at.take(record_bytes_);
        return Block{{bytes.begin(), bytes.end()}, place, file_.widths()};
      }
      if (order < 0)
        high = middle;
      else
        low = middle + 1;
    }
    if (depth == 0) return std::nullopt;
    if (here->children.size() != here->count + 1) fail_at(where.address, "a B-tree whose levels are mixed up");
    where = here->children[static_cast<std::size_t>(low)];
  }
}

}  // namespace ruska::io::hdf5
