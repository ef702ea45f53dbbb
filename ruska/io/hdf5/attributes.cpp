// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/hdf5/attributes.hpp"

#include "ruska/base/error.hpp"
#include "ruska/io/hdf5/btree2.hpp"
#include "ruska/io/hdf5/heaps.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io::hdf5 {
namespace {

/// The beginning of the message (IV.A.2.m), versions 1 to 3.
struct Head {
  std::uint64_t version = 0, flags = 0, name_bytes = 0, type_bytes = 0, space_bytes = 0;
  std::string name;
};

/// The first version fills its parts up to multiples of eight bytes.
std::uint64_t filled(const Head& head, std::uint64_t bytes) { return head.version == 1 ? (bytes + 7) / 8 * 8 : bytes; }

Head read_head(Cursor& cursor) {
  Head head;
  head.version = cursor.number(1);
  if (head.version < 1 || head.version > 3) {
    cursor.fail("an attribute of version " + std::to_string(head.version));
  }
  head.flags = cursor.number(1);
  if (head.version == 1) head.flags = 0;
  head.name_bytes = cursor.number(2);
  head.type_bytes = cursor.number(2);
  head.space_bytes = cursor.number(2);
  if (head.version == 3) cursor.skip(1);
  head.name = to_utf8(cursor.part(filled(head, head.name_bytes)).text());
  return head;
}

}  // namespace

std::map<std::string, Block> read_attributes(const FileBlocks& file, const ObjectHeader& header) {
  std::map<std::string, Block> attributes;
  const auto add = [&](Block block) {
    Cursor cursor = block.cursor();
    const std::string name = read_head(cursor).name;
    const std::uint64_t place = block.place;
    if (!attributes.emplace(name, std::move(block)).second) fail_at(place, "two attributes of the name '" + name + "'");
  };
  for (const Message& message : header.messages) {
    if (message.type == MessageType::attribute) add(resolved(file, message).block);
    if (message.type != MessageType::attribute_info) continue;
    // IV.A.2.v
    Cursor cursor = message.cursor();
    if (cursor.number(1) != 0) cursor.fail("attribute information of an unknown version");
    const std::uint64_t flags = cursor.number(1);
    if ((flags & 1) != 0) cursor.skip(2);
    const std::uint64_t heap_address = cursor.address(), tree_address = cursor.address();
    if (heap_address == undefined_address) continue;
    const FractalHeap heap(file, heap_address);
    const BTree2 tree(file, tree_address, 8);
    std::uint64_t bytes = 0;
    tree.for_each([&](Cursor record) {
      const auto id = record.take(heap.id_bytes());
      if ((record.number(1) & 2) != 0) {
        throw Error(ErrorKind::unsupported, "attributes that objects share are not supported");
      }
      Block block = heap.object(id);
      bytes += block.bytes.size();
      if (bytes > file.size()) fail_at(block.place, "attributes of more bytes than the file has");
      add(std::move(block));
    });
  }
  return attributes;
}

Attribute read_attribute(const FileBlocks& file, const Block& message) {
  Cursor cursor = message.cursor();
  const Head head = read_head(cursor);
  Attribute attribute;
  Cursor type = cursor.part(filled(head, head.type_bytes));
  if ((head.flags & 1) != 0) {
    const Message shared = read_shared(file, MessageType::datatype, type);
    Cursor at = shared.cursor();
    attribute.type = read_datatype(at);
  } else {
    attribute.type = read_datatype(type);
  }
  Cursor space = cursor.part(filled(head, head.space_bytes));
  if ((head.flags & 2) != 0) {
    const Message shared = read_shared(file, MessageType::dataspace, space);
    Cursor at = shared.cursor();
    attribute.space = read_dataspace(at);
  } else {
    attribute.space = read_dataspace(space);
  }
  const std::uint64_t place = cursor.place();
  const auto rest = cursor.take(cursor.left());
  attribute.values = {{rest.begin(), rest.end()}, place, file.widths()};
  return attribute;
}

}  // namespace ruska::io::hdf5
