// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/hdf5/links.hpp"

#include <algorithm>

#include "ruska/base/error.hpp"
#include "ruska/io/hdf5/btree2.hpp"
#include "ruska/io/hdf5/heaps.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io::hdf5 {
namespace {

constexpr std::uint64_t largest_level = 32;

class LinkReader {
 public:
  explicit LinkReader(const FileBlocks& file) : file_(file) {}

  Links read(const ObjectHeader& header) {
    for (const Message& message : header.messages) {
      if (message.type == MessageType::symbol_table) read_symbol_table(message);
      if (message.type == MessageType::link_info) read_link_info(message);
      if (message.type == MessageType::link) read_link(message.cursor());
    }
    Links links;
    for (const auto& [name, link] : links_) links.names.push_back(name);
    if (tracked_) {
      std::stable_sort(links.names.begin(), links.names.end(),
                       [&](const std::string& a, const std::string& b) { return order_.at(a) < order_.at(b); });
    }
    links.by_name = std::move(links_);
    return links;
  }

 private:
  /// Structures and names do not overlap, so together they have no more bytes than the file.
  void account(std::uint64_t bytes, const Cursor& where) {
    bytes_ += bytes;
    if (bytes_ > file_.size()) where.fail("links of more bytes than the file has");
  }

  void add(const std::string& name, Link link, std::uint64_t order, const Cursor& where) {
    account(name.size() + link.path.size(), where);
    const std::string shown = to_utf8(name);
    if (shown.empty()) where.fail("a link without a name");
    order_[shown] = order;
    if (!links_.emplace(shown, std::move(link)).second) where.fail("two links of the name '" + shown + "'");
  }

  /// IV.A.2.r, with the B-tree of III.A.1 and the nodes of III.B.
  void read_symbol_table(const Message& message) {
    Cursor cursor = message.cursor();
    const std::uint64_t tree = cursor.address(), heap = cursor.address();
    const LocalHeap names(file_, heap);
    read_tree(tree, std::nullopt, names);
  }

  void read_tree(std::uint64_t address, std::optional<std::uint64_t> wanted_level, const LocalHeap& names) {
    seen_.once(address);
    const Widths widths = file_.widths();
    const std::uint64_t head_bytes = 8 + 2 * widths.address;
    const Block head = file_.block(address, head_bytes);
    Cursor cursor = head.cursor();
    cursor.expect("TREE");
    const std::uint64_t type = cursor.number(1), level = cursor.number(1), entries = cursor.number(2);
    if (type != 0 || level > largest_level || (wanted_level && level != *wanted_level)) {
      cursor.fail("a group's B-tree was expected here");
    }
    const Block body = file_.block(address + head_bytes, entries * (widths.length + widths.address) + widths.length);
    account(body.bytes.size(), cursor);
    Cursor at = body.cursor();
    for (std::uint64_t i = 0; i < entries; ++i) {
      at.length();
      const std::uint64_t child = at.address();
      if (level > 0)
        read_tree(child, level - 1, names);
      else
        read_symbols(child, names);
    }
  }

  void read_symbols(std::uint64_t address, const LocalHeap& names) {
    seen_.once(address);
    const Widths widths = file_.widths();
    const Block head = file_.block(address, 8);
    Cursor cursor = head.cursor();
    cursor.expect("SNOD");
    if (cursor.number(1) != 1) cursor.fail("symbols of an unknown version");
    cursor.skip(1);
    const std::uint64_t entries = cursor.number(2);
    const Block body = file_.block(address + 8, entries * (2 * widths.address + 24));
    account(body.bytes.size(), cursor);
    Cursor at = body.cursor();
    for (std::uint64_t i = 0; i < entries; ++i) {
      const std::uint64_t name = at.address();
      Link link;
      link.address = at.address();
      const std::uint64_t kind = at.number(4);
      at.skip(4);
      const std::uint64_t offset = at.number(4);
      at.skip(12);
      if (kind == 2) {
        link.kind = Link::Kind::path;
        link.path = names.text(offset);
      }
      add(names.text(name), std::move(link), 0, at);
    }
  }

  /// IV.A.2.c
  void read_link_info(const Message& message) {
    Cursor cursor = message.cursor();
    if (cursor.number(1) != 0) cursor.fail("link information of an unknown version");
    const std::uint64_t flags = cursor.number(1);
    tracked_ = (flags & 1) != 0;
    if (tracked_) cursor.skip(8);
    const std::uint64_t heap_address = cursor.address(), tree_address = cursor.address();
    if (heap_address == undefined_address) return;
    const FractalHeap heap(file_, heap_address);
    const BTree2 tree(file_, tree_address, 5);
    tree.for_each([&](Cursor record) {
      record.skip(4);
      const Block link = heap.object(record.take(heap.id_bytes()));
      read_link(link.cursor());
    });
  }

  /// IV.A.2.g
  void read_link(Cursor cursor) {
    if (cursor.number(1) != 1) cursor.fail("a link of an unknown version");
    const std::uint64_t flags = cursor.number(1);
    const std::uint64_t kind = (flags & 0x08) != 0 ? cursor.number(1) : 0;
    const std::uint64_t order = (flags & 0x04) != 0 ? cursor.number(8) : 0;
    if ((flags & 0x10) != 0) cursor.skip(1);
    const auto text = [&](std::uint64_t bytes) {
      const auto taken = cursor.take(bytes);
      return std::string(reinterpret_cast<const char*>(taken.data()), taken.size());
    };
    const std::string name = text(cursor.number(std::size_t{1} << (flags & 3)));
    Link link;
    if (kind == 0) {
      link.address = cursor.address();
    } else if (kind == 1) {
      link.kind = Link::Kind::path;
      link.path = text(cursor.number(2));
    } else if (kind == 64) {
      link.kind = Link::Kind::other_file;
      Cursor target = cursor.part(cursor.number(2));
      target.skip(1);
      link.file = target.text();
      link.path = target.text();
    } else {
      throw Error(ErrorKind::unsupported, "the link '" + to_utf8(name) + "' of kind " + std::to_string(kind));
    }
    add(name, std::move(link), order, cursor);
  }

  const FileBlocks& file_;
  std::map<std::string, Link> links_;
  std::map<std::string, std::uint64_t> order_;
  bool tracked_ = false;
  std::uint64_t bytes_ = 0;
  Visited seen_;
};

}  // namespace

bool is_group(const ObjectHeader& header) {
  return header.find(MessageType::symbol_table) != nullptr || header.find(MessageType::link_info) != nullptr;
}

Links read_links(const FileBlocks& file, const ObjectHeader& header) { return LinkReader(file).read(header); }

}  // namespace ruska::io::hdf5
