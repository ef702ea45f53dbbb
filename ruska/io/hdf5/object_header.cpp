// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/hdf5/object_header.hpp"

#include <algorithm>

#include "ruska/base/error.hpp"

namespace ruska::io::hdf5 {
namespace {

class HeaderReader {
 public:
  HeaderReader(const FileBlocks& file, std::uint64_t address) : file_(file) { header_.address = address; }

  ObjectHeader read() {
    Block start = file_.block(header_.address, 5);
    if (std::to_integer<char>(start.bytes[0]) == 'O')
      read_second_version();
    else
      read_first_version();
    return std::move(header_);
  }

 private:
  void read_first_version() {
    const Block start = file_.block(header_.address, 16);
    Cursor cursor = start.cursor();
    const std::uint64_t version = cursor.number(1);
    if (version != 1) cursor.fail("no object header begins here");
    cursor.skip(7);
    const std::uint64_t size = cursor.number(4);
    read_messages(account(file_.block(header_.address + 16, size)));
    follow([&](std::uint64_t address, std::uint64_t count) { return file_.block(address, count); });
  }

  void read_second_version() {
    const Block start = file_.block(header_.address, 6);
    Cursor cursor = start.cursor();
    cursor.expect("OHDR");
    const std::uint64_t version = cursor.number(1);
    if (version != 2) {
      throw Error(ErrorKind::unsupported, "an object header of version " + std::to_string(version));
    }
    const std::uint64_t flags = cursor.number(1);
    tracked_ = (flags & 0x04) != 0;
    second_version_ = true;
    const std::uint64_t times = (flags & 0x20) != 0 ? 16 : 0, limits = (flags & 0x10) != 0 ? 4 : 0;
    const std::uint64_t width = std::uint64_t{1} << (flags & 3);
    const std::uint64_t before = 6 + times + limits;
    const Block prefix = file_.block(header_.address, before + width);
    Cursor at = prefix.cursor();
    at.skip(before);
    const std::uint64_t size = at.number(width);
    if (size > file_.size()) at.fail("an object header of " + std::to_string(size) + " bytes");
    Block whole = account(file_.checked_block(header_.address, before + width + size + 4, "OHDR"));
    drop(whole, before + width);
    read_messages(whole);
    follow([&](std::uint64_t address, std::uint64_t count) {
      Block next = file_.checked_block(address, count, "OCHK");
      drop(next, 4);
      return next;
    });
  }

  static void drop(Block& block, std::uint64_t count) {
    block.bytes.erase(block.bytes.begin(), block.bytes.begin() + static_cast<std::ptrdiff_t>(count));
    block.place += count;
  }

  /// Parts do not overlap, so together they have no more bytes than the file.
  Block account(Block block) {
    bytes_ += block.bytes.size();
    if (bytes_ > file_.size()) fail_at(block.place, "an object header of more bytes than the file has");
    return block;
  }

  void read_messages(const Block& block) {
    Cursor cursor = block.cursor();
    const std::size_t prefix = second_version_ ? (tracked_ ? 6u : 4u) : 8u;
    while (cursor.left() >= prefix) {
      const auto type = cursor.number(second_version_ ? 1 : 2);
      const auto size = cursor.number(2);
      const auto flags = cursor.number(1);
      cursor.skip(second_version_ ? (tracked_ ? 2 : 0) : 3);
      const std::uint64_t place = cursor.place();
      const auto bytes = cursor.take(size);
      if (type > 0xff) continue;
      Message message{static_cast<MessageType>(type), (flags & 2) != 0, {{bytes.begin(), bytes.end()}, place, {}}};
      message.block.widths = file_.widths();
      if (message.type == MessageType::continuation) {
        Cursor where = message.cursor();
        const std::uint64_t address = where.address();
        parts_.emplace_back(address, where.length());
      } else if (type != 0) {
        header_.messages.push_back(std::move(message));
      }
    }
  }

  template <class Read>
  void follow(const Read& read) {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      seen_.once(parts_[i].first);
      read_messages(account(read(parts_[i].first, parts_[i].second)));
    }
  }

  const FileBlocks& file_;
  ObjectHeader header_;
  bool second_version_ = false, tracked_ = false;
  std::uint64_t bytes_ = 0;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> parts_;
  Visited seen_;
};

}  // namespace

const Message* ObjectHeader::find(MessageType type) const {
  const auto found =
      std::find_if(messages.begin(), messages.end(), [&](const Message& message) { return message.type == type; });
  return found == messages.end() ? nullptr : &*found;
}

ObjectHeader read_object_header(const FileBlocks& file, std::uint64_t address) {
  return HeaderReader(file, address).read();
}

Message read_shared(const FileBlocks& file, MessageType type, Cursor& reference) {
  const std::uint64_t version = reference.number(1);
  const std::uint64_t kind = reference.number(1);
  if (version < 1 || version > 3) reference.fail("a shared message of version " + std::to_string(version));
  if (version == 3 && kind == 1) {
    throw Error(ErrorKind::unsupported, "messages that objects share through a heap of their own are not supported");
  }
  if (version == 1) {
    reference.skip(6);
    reference.length();
  }
  const std::uint64_t address = reference.address();
  const ObjectHeader header = read_object_header(file, address);
  const Message* found = header.find(type);
  if (found == nullptr || found->shared) reference.fail("the message that is shared here is not where it should be");
  return *found;
}

Message resolved(const FileBlocks& file, const Message& message) {
  if (!message.shared) return message;
  Cursor reference = message.cursor();
  return read_shared(file, message.type, reference);
}

}  // namespace ruska::io::hdf5
