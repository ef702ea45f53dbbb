// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "ruska/io/hdf5/file_blocks.hpp"

namespace ruska::io::hdf5 {

/// The messages that reading needs (IV.A.2).
enum class MessageType : std::uint8_t {
  dataspace = 0x01,
  link_info = 0x02,
  datatype = 0x03,
  old_fill_value = 0x04,
  fill_value = 0x05,
  link = 0x06,
  external_files = 0x07,
  layout = 0x08,
  filters = 0x0B,
  attribute = 0x0C,
  continuation = 0x10,
  symbol_table = 0x11,
  attribute_info = 0x15,
};

struct Message {
  MessageType type{};
  bool shared = false;  ///< only says where the message is
  Block block;

  Cursor cursor() const { return block.cursor(); }
};

/// What is stored about one object (IV.A.1).
struct ObjectHeader {
  std::uint64_t address = 0;
  std::vector<Message> messages;

  const Message* find(MessageType type) const;
};

/// Throws bad_data.
ObjectHeader read_object_header(const FileBlocks& file, std::uint64_t address);

/// The message itself where `message` only says where it is. Throws bad_data, unsupported.
Message resolved(const FileBlocks& file, const Message& message);

/// The message that a reference within another message, which the cursor passes over, leads to.
Message read_shared(const FileBlocks& file, MessageType type, Cursor& reference);

}  // namespace ruska::io::hdf5
