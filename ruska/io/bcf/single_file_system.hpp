// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ruska/io/random_access_file.hpp"

/// AidAim's Single File System, the container of .bcf files.
///
/// The file is cut into chunks of equal size from byte 0x118 on; each starts with 32 bytes of which the first four name
/// the chunk that follows it in a list. Byte 0x128 holds the chunk size, 0x140 the first chunk of the directory and
/// 0x144 its number of entries of 512 bytes each. An entry names the first chunk of a table, which names the chunks
/// with the content. A file may be compressed: "AACS", the size of its blocks and their number, and from byte 0x80 on
/// the blocks, each with 16 bytes before its zlib stream.
namespace ruska::io::bcf {

/// The first bytes of a container.
inline constexpr std::string_view container_mark = "AAMVHFSS";

/// The content of one file in the container, decompressed where it is read. Any thread may read.
class Stream {
 public:
  virtual ~Stream() = default;
  virtual std::int64_t size() const = 0;
  /// Fills `out` from `offset` on, on the threads of the caller's arena. Throws bad_data when the stream ends before or
  /// is damaged.
  virtual void read(std::int64_t offset, std::span<std::byte> out) const = 0;
  /// Bytes that it may come to hold between reads.
  virtual std::int64_t buffered() const { return 0; }
};

class SingleFileSystem {
 public:
  /// Reads the directory. Throws bad_data.
  explicit SingleFileSystem(std::shared_ptr<const RandomAccessFile> file);

  /// Names of the files directly within a folder of the root.
  std::vector<std::string> names_in(const std::string& folder) const;
  /// Throws bad_data when there is no such file.
  std::shared_ptr<const Stream> open(const std::string& folder, const std::string& name) const;

 private:
  struct Entry {
    std::string name;
    std::int64_t parent;
    bool folder;
    std::int64_t table;  ///< first chunk of the table of chunks
    std::int64_t size;
  };
  bool lies_in(const Entry& entry, const std::string& folder) const;
  /// Where a chunk's content starts. Throws bad_data for a chunk beyond the end.
  std::int64_t content_at(std::int64_t chunk) const;
  std::int64_t next_chunk(std::int64_t chunk) const;

  std::shared_ptr<const RandomAccessFile> file_;
  std::int64_t chunk_size_;
  std::int64_t chunks_;
  std::vector<Entry> entries_;
};

}  // namespace ruska::io::bcf
