// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// The indices of chunks: version 1 B-trees (III.A.1), and what version 4 of the layout brought (VII): a single chunk,
// chunks in order without an index, fixed and extensible arrays, and version 2 B-trees (III.A.2).
#include "ruska/io/hdf5/chunk_index.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <mutex>

#include "ruska/base/error.hpp"
#include "ruska/io/hdf5/btree2.hpp"

namespace ruska::io::hdf5 {
namespace {

constexpr std::size_t bytes_kept = std::size_t{64} << 20;

/// What every index knows.
struct Facts {
  const FileBlocks& file;
  const Shape chunk;
  const std::uint64_t chunk_bytes;
  const bool filtered;
};

/// Parts of an index that have been read, up to a bound; `weight()` says about how many bytes one takes.
template <class Value>
class Kept {
 public:
  template <class Read>
  std::shared_ptr<const Value> get(std::uint64_t address, const Read& read) const {
    {
      const std::lock_guard guard(mutex_);
      const auto found = values_.find(address);
      if (found != values_.end()) return found->second;
    }
    auto made = std::make_shared<const Value>(read());
    const std::lock_guard guard(mutex_);
    held_ += made->weight();
    if (held_ > bytes_kept) {
      values_.clear();
      held_ = made->weight();
    }
    values_[address] = made;
    return made;
  }

 private:
  mutable std::mutex mutex_;
  mutable std::size_t held_ = 0;
  mutable std::map<std::uint64_t, std::shared_ptr<const Value>> values_;
};

class SingleChunk final : public ChunkIndex {
 public:
  explicit SingleChunk(StoredChunk chunk) : chunk_(chunk) {}
  std::optional<StoredChunk> find(const Shape&) const override { return chunk_; }

 private:
  StoredChunk chunk_;
};

/// The number of a chunk where all chunks that the array may grow to are counted in C order.
class GridOrder {
 public:
  GridOrder(const Dataspace& space, const Shape& chunk, std::optional<std::size_t> first_axis = {}) {
    for (std::size_t axis = 0; axis < chunk.size(); ++axis) order_.push_back(axis);
    if (first_axis) {
      order_.erase(order_.begin() + static_cast<std::ptrdiff_t>(*first_axis));
      order_.insert(order_.begin(), *first_axis);
    }
    for (const std::size_t axis : order_) {
      const auto largest = space.largest[axis];
      // Only the slowest axis may grow without limit, and its length does not matter.
      lengths_.push_back(largest ? *largest / chunk[axis] + (*largest % chunk[axis] != 0 ? 1 : 0) : 1);
      if (!largest && axis != order_.front()) {
        throw Error(ErrorKind::bad_data, "an array that grows along two axes has an index for one");
      }
    }
  }
  std::uint64_t number(const Shape& place) const {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < order_.size(); ++i) {
      if (__builtin_mul_overflow(number, static_cast<std::uint64_t>(lengths_[i]), &number) ||
          __builtin_add_overflow(number, static_cast<std::uint64_t>(place[order_[i]]), &number)) {
        throw Error(ErrorKind::bad_data, "an array of more chunks than can be counted");
      }
    }
    return number;
  }

 private:
  std::vector<std::size_t> order_;
  Shape lengths_;
};

class ImplicitIndex final : public ChunkIndex {
 public:
  ImplicitIndex(Facts facts, std::uint64_t address, GridOrder order)
      : facts_(std::move(facts)), address_(address), order_(std::move(order)) {}
  std::optional<StoredChunk> find(const Shape& place) const override {
    std::uint64_t at = 0;
    if (__builtin_mul_overflow(order_.number(place), facts_.chunk_bytes, &at) ||
        __builtin_add_overflow(at, address_, &at)) {
      throw Error(ErrorKind::bad_data, "a chunk beyond the end of the file");
    }
    return StoredChunk{at, facts_.chunk_bytes, 0};
  }

 private:
  Facts facts_;
  std::uint64_t address_;
  GridOrder order_;
};

class BTree1Index final : public ChunkIndex {
 public:
  BTree1Index(Facts facts, std::uint64_t root) : facts_(std::move(facts)), root_(root) {}

  std::optional<StoredChunk> find(const Shape& place) const override {
    Shape offset;
    for (std::size_t axis = 0; axis < place.size(); ++axis) offset.push_back(place[axis] * facts_.chunk[axis]);
    std::uint64_t address = root_;
    std::optional<std::uint64_t> level;
    for (;;) {
      const auto node = nodes_.get(address, [&] { return read(address); });
      if (level && node->level != *level) fail_at(address, "the levels of a B-tree of chunks are mixed up");
      const auto after =
          std::upper_bound(node->entries.begin(), node->entries.end(), offset,
                           [](const Shape& wanted, const Entry& entry) { return wanted < entry.offset; });
      if (after == node->entries.begin()) return std::nullopt;
      const Entry& entry = *std::prev(after);
      if (node->level == 0) {
        if (entry.offset != offset) return std::nullopt;
        return entry.chunk;
      }
      level = node->level - 1;
      address = entry.chunk.address;
    }
  }

 private:
  struct Entry {
    Shape offset;
    StoredChunk chunk;
  };
  struct Node {
    std::uint64_t level = 0;
    std::vector<Entry> entries;
    std::size_t weight() const { return sizeof(Node) + entries.size() * (sizeof(Entry) + 64); }
  };

  Node read(std::uint64_t address) const {
    const Widths widths = facts_.file.widths();
    const std::size_t rank = facts_.chunk.size();
    const std::uint64_t head_bytes = 8 + 2 * widths.address, key_bytes = 8 + 8 * (rank + 1);
    const Block head = facts_.file.block(address, head_bytes);
    Cursor cursor = head.cursor();
    cursor.expect("TREE");
    const std::uint64_t type = cursor.number(1);
    Node node;
    node.level = cursor.number(1);
    const std::uint64_t entries = cursor.number(2);
    if (type != 1) cursor.fail("a B-tree of chunks was expected here");
    const Block body = facts_.file.block(address + head_bytes, entries * (key_bytes + widths.address) + key_bytes);
    Cursor at = body.cursor();
    for (std::uint64_t i = 0; i < entries; ++i) {
      Entry entry;
      entry.chunk.bytes = at.number(4);
      entry.chunk.skipped = static_cast<std::uint32_t>(at.number(4));
      for (std::size_t axis = 0; axis < rank; ++axis) {
        const std::uint64_t offset = at.number(8);
        if (offset > static_cast<std::uint64_t>(INT64_MAX) ||
            offset % static_cast<std::uint64_t>(facts_.chunk[axis]) != 0) {
          at.fail("a chunk that begins at " + std::to_string(offset) + " where chunks have a length of " +
                  std::to_string(facts_.chunk[axis]));
        }
        entry.offset.push_back(static_cast<std::int64_t>(offset));
      }
      if (at.number(8) != 0) at.fail("a chunk that begins within an element");
      if (!node.entries.empty() && !(node.entries.back().offset < entry.offset)) at.fail("chunks out of order");
      entry.chunk.address = at.address();
      node.entries.push_back(std::move(entry));
    }
    return node;
  }

  Facts facts_;
  std::uint64_t root_;
  Kept<Node> nodes_;
};

class BTree2Index final : public ChunkIndex {
 public:
  BTree2Index(Facts facts, std::uint64_t address)
      : facts_(std::move(facts)), tree_(facts_.file, address, facts_.filtered ? 11 : 10) {
    const std::size_t fixed =
        facts_.file.widths().address + 8 * facts_.chunk.size() + (facts_.filtered ? std::size_t{4} : 0);
    const std::size_t record = tree_.record_bytes();
    size_bytes_ = record - std::min(record, fixed);
    if (record < fixed || size_bytes_ > 8 || (size_bytes_ == 0) == facts_.filtered) {
      throw Error(ErrorKind::bad_data, "a B-tree of chunks with records of " + std::to_string(record) + " bytes");
    }
  }

  std::optional<StoredChunk> find(const Shape& place) const override {
    const auto record = tree_.find([&](Cursor cursor) {
      read_chunk(cursor);
      for (const std::int64_t wanted : place) {
        const std::uint64_t there = cursor.number(8);
        if (static_cast<std::uint64_t>(wanted) != there) return static_cast<std::uint64_t>(wanted) < there ? -1 : 1;
      }
      return 0;
    });
    if (!record) return std::nullopt;
    Cursor cursor = record->cursor();
    return read_chunk(cursor);
  }

 private:
  StoredChunk read_chunk(Cursor& cursor) const {
    StoredChunk chunk{cursor.address(), facts_.chunk_bytes, 0};
    if (facts_.filtered) {
      chunk.bytes = cursor.number(size_bytes_);
      chunk.skipped = static_cast<std::uint32_t>(cursor.number(4));
    }
    return chunk;
  }

  Facts facts_;
  BTree2 tree_;
  std::size_t size_bytes_ = 0;
};

/// What the elements of fixed and extensible arrays are: addresses, where chunks are filtered with size and mask.
class ChunkElements {
 public:
  ChunkElements(Facts facts, Cursor& head, std::uint64_t client, std::uint64_t bytes)
      : facts_(std::move(facts)), bytes_(bytes) {
    const std::uint64_t fixed = facts_.file.widths().address + (facts_.filtered ? 4u : 0u);
    size_bytes_ = bytes - std::min(bytes, fixed);
    if (client != (facts_.filtered ? 1u : 0u) || bytes < fixed || size_bytes_ > 8 ||
        (size_bytes_ == 0) == facts_.filtered) {
      head.fail("an array of chunks with elements of " + std::to_string(bytes) + " bytes");
    }
  }
  std::uint64_t bytes() const { return bytes_; }
  const FileBlocks& file() const { return facts_.file; }
  std::optional<StoredChunk> at(const Block& block, std::uint64_t offset) const {
    Cursor cursor = block.cursor();
    cursor.skip(offset);
    StoredChunk chunk{cursor.address(), facts_.chunk_bytes, 0};
    if (facts_.filtered) {
      chunk.bytes = cursor.number(static_cast<std::size_t>(size_bytes_));
      chunk.skipped = static_cast<std::uint32_t>(cursor.number(4));
    }
    if (chunk.address == undefined_address) return std::nullopt;
    return chunk;
  }
  /// Whether the bit of a page says that it was written; the highest bit of a byte comes first.
  static bool is_set(const Block& block, std::uint64_t offset, std::uint64_t bit) {
    Cursor cursor = block.cursor();
    cursor.skip(offset + bit / 8);
    return (cursor.number(1) & (0x80u >> (bit % 8))) != 0;
  }

 private:
  Facts facts_;
  std::uint64_t bytes_, size_bytes_;
};

std::uint64_t product(Cursor& where, std::uint64_t a, std::uint64_t b) {
  std::uint64_t result = 0;
  if (__builtin_mul_overflow(a, b, &result) || result > static_cast<std::uint64_t>(INT64_MAX)) {
    where.fail("an array of chunks of impossible size");
  }
  return result;
}

class FixedArray final : public ChunkIndex {
 public:
  FixedArray(Facts facts, std::uint64_t address, GridOrder order) : order_(std::move(order)), address_(address) {
    const Widths widths = facts.file.widths();
    const Block head = facts.file.checked_block(address, 8 + widths.length + widths.address + 4, "FAHD");
    Cursor cursor = head.cursor();
    cursor.skip(4);
    if (cursor.number(1) != 0) cursor.fail("a fixed array of an unknown version");
    const std::uint64_t client = cursor.number(1), entry = cursor.number(1), page_bits = cursor.number(1);
    count_ = cursor.length();
    block_ = cursor.address();
    elements_.emplace(std::move(facts), cursor, client, entry);
    if (page_bits >= 32) cursor.fail("a fixed array of impossible sizes");
    page_ = std::uint64_t{1} << page_bits;
    product(cursor, count_, entry);
  }

  std::optional<StoredChunk> find(const Shape& place) const override {
    if (block_ == undefined_address) return std::nullopt;
    const FileBlocks& file = elements_->file();
    const std::uint64_t index = order_.number(place);
    if (index >= count_) fail_at(address_, "a fixed array does not have chunk " + std::to_string(index));
    const std::uint64_t prefix = 6 + file.widths().address, entry = elements_->bytes();
    const bool paged = count_ > page_;
    const std::uint64_t pages = paged ? (count_ + page_ - 1) / page_ : 0;
    const std::uint64_t head_bytes = prefix + (paged ? (pages + 7) / 8 : count_ * entry) + 4;
    const auto head = blocks_.get(block_, [&] {
      Block block = file.checked_block(block_, head_bytes, "FADB");
      Cursor cursor = block.cursor();
      cursor.skip(6);
      if (cursor.address() != address_) cursor.fail("a block of another fixed array");
      return block;
    });
    if (!paged) return elements_->at(*head, prefix + index * entry);
    const std::uint64_t page = index / page_;
    if (!ChunkElements::is_set(*head, prefix, page)) return std::nullopt;
    const std::uint64_t there = block_ + head_bytes + page * (page_ * entry + 4);
    const std::uint64_t in_page = std::min(page_, count_ - page * page_);
    const auto found = blocks_.get(there, [&] { return file.checked_block(there, in_page * entry + 4, ""); });
    return elements_->at(*found, index % page_ * entry);
  }

 private:
  GridOrder order_;
  std::uint64_t address_, count_ = 0, block_ = undefined_address, page_ = 0;
  std::optional<ChunkElements> elements_;
  Kept<Block> blocks_;
};

/// Chunks 0, 1, … lie in the index block itself, then in blocks of which every second group has twice as many and
/// every other group blocks twice as long; the later groups have a block of their own that lists their blocks.
class ExtensibleArray final : public ChunkIndex {
 public:
  ExtensibleArray(Facts facts, std::uint64_t address, GridOrder order) : order_(std::move(order)), address_(address) {
    const Widths widths = facts.file.widths();
    const Block head = facts.file.checked_block(address, 12 + 6 * widths.length + widths.address + 4, "EAHD");
    Cursor cursor = head.cursor();
    cursor.skip(4);
    if (cursor.number(1) != 0) cursor.fail("an extensible array of an unknown version");
    const std::uint64_t client = cursor.number(1), entry = cursor.number(1);
    bits_ = cursor.number(1);
    in_index_ = cursor.number(1);
    shortest_ = cursor.number(1);
    pointers_ = cursor.number(1);
    const std::uint64_t page_bits = cursor.number(1);
    for (int i = 0; i < 6; ++i) cursor.length();
    index_block_ = cursor.address();
    elements_.emplace(std::move(facts), cursor, client, entry);
    const auto log2 = [](std::uint64_t value) { return static_cast<std::uint64_t>(std::bit_width(value)) - 1; };
    if (!std::has_single_bit(shortest_) || !std::has_single_bit(pointers_) || bits_ > 48 || page_bits >= 32 ||
        bits_ < log2(shortest_) || 2 * log2(pointers_) > 1 + bits_ - log2(shortest_)) {
      cursor.fail("an extensible array of impossible sizes");
    }
    page_ = std::uint64_t{1} << page_bits;
    const std::uint64_t groups = 1 + bits_ - log2(shortest_);
    direct_groups_ = 2 * log2(pointers_);
    std::uint64_t first = 0, first_block = 0;
    for (std::uint64_t g = 0; g < groups; ++g) {
      const Group group{std::uint64_t{1} << (g / 2), (std::uint64_t{1} << ((g + 1) / 2)) * shortest_, first,
                        first_block};
      groups_.push_back(group);
      first += group.blocks * group.length;
      first_block += group.blocks;
    }
    product(cursor, first, entry + 1);
  }

  std::optional<StoredChunk> find(const Shape& place) const override {
    if (index_block_ == undefined_address) return std::nullopt;
    const FileBlocks& file = elements_->file();
    const std::uint64_t address_bytes = file.widths().address, entry = elements_->bytes();
    const std::uint64_t prefix = 6 + address_bytes;
    std::uint64_t index = order_.number(place);
    const std::uint64_t direct_blocks = 2 * (pointers_ - 1), listed_groups = groups_.size() - direct_groups_;
    const auto head =
        get(index_block_, "EAIB", prefix + in_index_ * entry + (direct_blocks + listed_groups) * address_bytes + 4);
    if (index < in_index_) return elements_->at(*head, prefix + index * entry);
    index -= in_index_;
    const auto number = static_cast<std::size_t>(std::bit_width(index / shortest_ + 1)) - 1;
    if (number >= groups_.size()) fail_at(address_, "an extensible array does not have so many chunks");
    const Group& group = groups_[number];
    index -= group.first;
    const std::uint64_t block = index / group.length;
    index %= group.length;
    // What begins every block but the index: where in the array it stands.
    const std::uint64_t block_prefix = prefix + (bits_ + 7) / 8;
    const std::uint64_t pages = group.length > page_ ? group.length / page_ : 0;
    Cursor cursor = head->cursor();
    if (number < direct_groups_) {
      if (pages > 0) fail_at(address_, "an extensible array of impossible sizes");
      cursor.skip(prefix + in_index_ * entry + (group.first_block + block) * address_bytes);
      return in_block(cursor.address(), block_prefix, group.length, index);
    }
    cursor.skip(prefix + in_index_ * entry + (direct_blocks + number - direct_groups_) * address_bytes);
    const std::uint64_t list = cursor.address();
    if (list == undefined_address) return std::nullopt;
    const std::uint64_t bitmap = (pages + 7) / 8 * group.blocks;
    const auto listed = get(list, "EASB", block_prefix + bitmap + group.blocks * address_bytes + 4);
    Cursor at = listed->cursor();
    at.skip(block_prefix + bitmap + block * address_bytes);
    const std::uint64_t there = at.address();
    if (pages == 0 || there == undefined_address) return in_block(there, block_prefix, group.length, index);
    const std::uint64_t page = index / page_;
    if (!ChunkElements::is_set(*listed, block_prefix, block * pages + page)) return std::nullopt;
    const std::uint64_t page_address = there + block_prefix + 4 + page * (page_ * entry + 4);
    const auto found =
        blocks_.get(page_address, [&] { return file.checked_block(page_address, page_ * entry + 4, ""); });
    return elements_->at(*found, index % page_ * entry);
  }

 private:
  struct Group {
    std::uint64_t blocks, length, first, first_block;
  };

  std::shared_ptr<const Block> get(std::uint64_t address, std::string_view signature, std::uint64_t bytes) const {
    return blocks_.get(address, [&] {
      Block block = elements_->file().checked_block(address, bytes, signature);
      Cursor cursor = block.cursor();
      cursor.skip(6);
      if (cursor.address() != address_) cursor.fail("a block of another extensible array");
      return block;
    });
  }

  std::optional<StoredChunk> in_block(std::uint64_t address, std::uint64_t prefix, std::uint64_t length,
                                      std::uint64_t index) const {
    if (address == undefined_address) return std::nullopt;
    const std::uint64_t entry = elements_->bytes();
    return elements_->at(*get(address, "EADB", prefix + length * entry + 4), prefix + index * entry);
  }

  GridOrder order_;
  std::uint64_t address_, bits_ = 0, in_index_ = 0, shortest_ = 0, pointers_ = 0, page_ = 0, direct_groups_ = 0;
  std::uint64_t index_block_ = undefined_address;
  std::vector<Group> groups_;
  std::optional<ChunkElements> elements_;
  Kept<Block> blocks_;
};

class NoChunks final : public ChunkIndex {
 public:
  std::optional<StoredChunk> find(const Shape&) const override { return std::nullopt; }
};

}  // namespace

std::unique_ptr<ChunkIndex> chunk_index(const FileBlocks& file, const Layout& layout, const Dataspace& space,
                                        std::uint64_t chunk_bytes, bool filtered) {
  if (layout.address == undefined_address) return std::make_unique<NoChunks>();
  Facts facts{file, layout.chunk, chunk_bytes, filtered};
  switch (layout.index) {
    case Layout::Index::single:
      return std::make_unique<SingleChunk>(
          StoredChunk{layout.address, filtered ? layout.single_bytes : chunk_bytes, layout.single_skipped});
    case Layout::Index::implicit:
      return std::make_unique<ImplicitIndex>(std::move(facts), layout.address, GridOrder(space, layout.chunk));
    case Layout::Index::btree1: return std::make_unique<BTree1Index>(std::move(facts), layout.address);
    case Layout::Index::btree2: return std::make_unique<BTree2Index>(std::move(facts), layout.address);
    case Layout::Index::fixed_array:
      return std::make_unique<FixedArray>(std::move(facts), layout.address, GridOrder(space, layout.chunk));
    case Layout::Index::extensible_array: {
      std::optional<std::size_t> growing;
      for (std::size_t axis = 0; axis < space.largest.size(); ++axis) {
        if (!space.largest[axis]) growing = axis;
      }
      return std::make_unique<ExtensibleArray>(std::move(facts), layout.address,
                                               GridOrder(space, layout.chunk, growing));
    }
  }
  throw Error(ErrorKind::internal, "a chunk index outside the enumeration");
}

}  // namespace ruska::io::hdf5
