// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Texts of variable length lie in "global heap collections" and are referred to by address and index. HDF5 1.10 follows
// such a reference without looking whether the collection has that index, and a damaged file makes it read anywhere.
// Addresses far beyond the file's end upset its cache in the same way. So both are looked at here first, after "HDF5
// File Format Specification Version 3.0", sections III.E (collections), IV.A (object headers) and IV.A.2 (messages);
// HDF5 reads only what passed.
#include <algorithm>
#include <cstring>
#include <fstream>

#include "ruska/io/hdf5_internal.hpp"

namespace ruska::io::hdf5 {
namespace {

constexpr std::size_t reference_bytes = 16;  // length (4), address (8), index (4)
constexpr std::size_t most_blocks = 4096;    // of one object header

// Types of messages.
constexpr std::uint64_t link_info = 0x02, layout = 0x08, attribute_message = 0x0C, continuation = 0x10,
                        symbol_table = 0x11, attribute_info = 0x15;

std::uint64_t number(const std::vector<std::byte>& bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = size; i-- > 0;) value = value << 8 | static_cast<std::uint64_t>(bytes.at(at + i));
  return value;
}

bool begins(const std::vector<std::byte>& bytes, const char* signature) {
  return bytes.size() >= 4 && std::memcmp(bytes.data(), signature, 4) == 0;
}

std::size_t padded(std::size_t size) { return (size + 7) / 8 * 8; }

/// The messages of an object header.
class Header {
 public:
  Header(const ReferenceCheck& file, std::uint64_t address) : file_(file) {
    const auto start = file_.bytes(address, 16);
    if (begins(start, "OHDR")) {
      const auto flags = static_cast<unsigned>(number(start, 5, 1));
      tracked_ = (flags & 4) != 0;
      const std::size_t before = 6 + ((flags & 0x20) != 0 ? 16u : 0u) + ((flags & 0x10) != 0 ? 4u : 0u);
      const std::size_t width = std::size_t{1} << (flags & 3);
      const auto prefix = file_.bytes(address, before + width);
      second_version_ = true;
      add_block(address + before + width, number(prefix, before, width));
    } else {
      add_block(address + 16, number(start, 8, 4));
    }
  }

  /// Calls `visit(type, message)` for every message, also those of later parts.
  template <class Visit>
  void for_each_message(const Visit& visit) {
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const auto block = file_.bytes(blocks_[i].address, blocks_[i].size);
      const std::size_t prefix = second_version_ ? (tracked_ ? 6u : 4u) : 8u;
      for (std::size_t at = 0; at + prefix <= block.size();) {
        const auto type = number(block, at, second_version_ ? 1 : 2);
        const auto size = static_cast<std::size_t>(number(block, at + (second_version_ ? 1 : 2), 2));
        at += prefix;
        if (at + size > block.size()) break;
        const std::vector<std::byte> message(block.begin() + static_cast<std::ptrdiff_t>(at),
                                             block.begin() + static_cast<std::ptrdiff_t>(at + size));
        at += size;
        if (type == continuation && size >= 16) add_continuation(number(message, 0, 8), number(message, 8, 8));
        visit(type, message);
      }
    }
  }

 private:
  struct Block {
    std::uint64_t address, size;
  };

  void add_block(std::uint64_t address, std::uint64_t size) {
    if (blocks_.size() >= most_blocks) file_.fail("an object header has too many parts");
    blocks_.push_back({address, size});
  }

  void add_continuation(std::uint64_t address, std::uint64_t size) {
    // The second version frames each part by a signature and a checksum.
    if (!second_version_)
      add_block(address, size);
    else if (size >= 8)
      add_block(address + 4, size - 8);
  }

  const ReferenceCheck& file_;
  bool second_version_ = false, tracked_ = false;
  std::vector<Block> blocks_;
};

/// Calls `attribute(name, values)` with what an attribute message holds.
template <class Attribute>
void read_attribute(const std::vector<std::byte>& message, const Attribute& attribute) {
  const auto version = number(message, 0, 1);
  auto name_size = static_cast<std::size_t>(number(message, 2, 2));
  auto type_size = static_cast<std::size_t>(number(message, 4, 2));
  auto space_size = static_cast<std::size_t>(number(message, 6, 2));
  const std::size_t at = version == 3 ? 9 : 8;
  if (at + name_size > message.size()) return;
  std::string name(reinterpret_cast<const char*>(message.data()) + at, name_size);
  name.resize(std::min(name.find('\0'), name.size()));
  if (version == 1) {
    name_size = padded(name_size);
    type_size = padded(type_size);
    space_size = padded(space_size);
  }
  const std::size_t values = at + name_size + type_size + space_size;
  if (values > message.size()) return;
  attribute(name, std::vector<std::byte>(message.begin() + static_cast<std::ptrdiff_t>(values), message.end()));
}

}  // namespace

ReferenceCheck::ReferenceCheck(std::filesystem::path path, std::int64_t size, std::uint64_t base)
    : path_(std::move(path)), stream_(path_, std::ios::binary), size_(static_cast<std::uint64_t>(size)), base_(base) {}

void ReferenceCheck::fail(const std::string& what) const {
  throw Error(ErrorKind::bad_data, "'" + path_.string() + "': " + what);
}

std::vector<std::byte> ReferenceCheck::bytes(std::uint64_t address, std::uint64_t count) const {
  if (address > size_ || base_ > size_ - address || count > size_ - address - base_) {
    fail("an address beyond the end of the file");
  }
  std::vector<std::byte> out(static_cast<std::size_t>(count));
  stream_.clear();
  stream_.seekg(static_cast<std::streamoff>(base_ + address));
  stream_.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(out.size()));
  if (!stream_) throw Error(ErrorKind::io, "'" + path_.string() + "': reading failed");
  return out;
}

const ReferenceCheck::Collection& ReferenceCheck::collection(std::uint64_t address) const {
  const auto known = collections_.find(address);
  if (known != collections_.end()) return known->second;
  const auto start = bytes(address, 16);
  const std::uint64_t size = number(start, 8, 8);
  if (!begins(start, "GCOL") || number(start, 4, 1) != 1 || size < 4096 || size > size_) {
    fail("a text refers to a heap that is none");
  }
  const auto image = bytes(address, size);
  Collection sizes;
  for (std::size_t at = 16; at + 16 <= image.size();) {
    const auto index = static_cast<std::uint32_t>(number(image, at, 2));
    const std::uint64_t length = number(image, at + 8, 8);
    if (index == 0) {
      // Free space, whose length counts its own prefix, ends the collection.
      if (length != image.size() - at) fail("a heap of texts is damaged");
      break;
    }
    if (length > image.size() - at - 16 || padded(static_cast<std::size_t>(length)) > image.size() - at - 16 ||
        !sizes.emplace(index, length).second) {
      fail("a heap of texts is damaged");
    }
    at += 16 + padded(static_cast<std::size_t>(length));
  }
  return collections_.emplace(address, std::move(sizes)).first->second;
}

void ReferenceCheck::references(const std::vector<std::byte>& values, std::int64_t elements) const {
  if (values.size() / reference_bytes < static_cast<std::uint64_t>(elements)) fail("references to texts are cut short");
  for (std::size_t i = 0; i < static_cast<std::size_t>(elements); ++i) {
    const std::uint64_t length = number(values, i * reference_bytes, 4);
    const std::uint64_t address = number(values, i * reference_bytes + 4, 8);
    const auto index = static_cast<std::uint32_t>(number(values, i * reference_bytes + 12, 4));
    // Empty texts have no place in a heap.
    if (length == 0 && address == 0) continue;
    const Collection& heap = collection(address);
    const auto found = heap.find(index);
    if (found == heap.end() || found->second < length) fail("a text refers to a place that its heap does not have");
  }
}

void ReferenceCheck::attribute(std::uint64_t object, const std::string& name, std::int64_t elements) const {
  Header header(*this, object);
  header.for_each_message([&](std::uint64_t type, const std::vector<std::byte>& message) {
    if (type != attribute_message || message.size() < 8) return;
    read_attribute(message, [&](const std::string& found, const std::vector<std::byte>& values) {
      if (found == name) references(values, elements);
    });
  });
}

void ReferenceCheck::object(std::uint64_t address) const {
  Header header(*this, address);
  header.for_each_message([&](std::uint64_t type, const std::vector<std::byte>& message) {
    std::size_t at = 0, addresses = 0;
    const auto byte = [&](std::size_t i) { return i < message.size() ? number(message, i, 1) : 0; };
    if (type == link_info) {
      at = 2 + ((byte(1) & 1) != 0 ? 8u : 0u);
      addresses = 2 + ((byte(1) & 2) != 0 ? 1u : 0u);
    } else if (type == attribute_info) {
      at = 2 + ((byte(1) & 1) != 0 ? 2u : 0u);
      addresses = 2 + ((byte(1) & 2) != 0 ? 1u : 0u);
    } else if (type == symbol_table) {
      addresses = 2;
    } else if (type == layout && byte(0) < 3) {
      at = 8;
      addresses = byte(2) == 0 ? 0 : 1;
    } else if (type == layout && byte(0) == 3 && byte(1) != 0) {
      at = byte(1) == 1 ? 2 : 3;
      addresses = 1;
    }
    for (std::size_t i = 0; i < addresses && at + 8 * (i + 1) <= message.size(); ++i) {
      const std::uint64_t place = number(message, at + 8 * i, 8);
      if (place != UINT64_MAX && place >= size_ - base_) fail("an address beyond the end of the file");
    }
  });
}

}  // namespace ruska::io::hdf5
