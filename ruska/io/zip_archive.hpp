// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ruska/io/random_access_file.hpp"

namespace ruska::io {

/// One file within a ZIP archive.
struct ZipMember {
  std::string name;
  std::int64_t size = 0;    ///< decoded
  std::int64_t stored = 0;  ///< bytes in the archive
  std::int64_t header = 0;  ///< where its local header lies
  std::uint32_t checksum = 0;
  std::uint16_t method = 0;  ///< 0 stored, 8 deflated
};

/// A ZIP archive (PKWARE, APPNOTE.TXT 6.3, ZIP64 included) of members that are stored or deflated. Only its directory
/// is kept; members are read where they lie, from any number of threads, which is why this is no layer over a library
/// that hides their place.
class ZipArchive {
 public:
  /// Throws bad_data when there is no directory at the end, when it is damaged or names members outside the file.
  explicit ZipArchive(std::shared_ptr<const RandomAccessFile> file);

  const std::shared_ptr<const RandomAccessFile>& file() const { return file_; }
  const std::vector<ZipMember>& members() const { return members_; }
  /// nullptr for none.
  const ZipMember* find(std::string_view name) const;

  /// Where the bytes of a member begin. Throws bad_data.
  std::int64_t data_offset(const ZipMember& member) const;
  /// The first `count` decoded bytes, with the checksum tested where that is all. Throws unsupported for other methods
  /// than stored and deflated, bad_data for what is damaged.
  std::vector<std::byte> read(const ZipMember& member, std::int64_t count) const;

 private:
  std::shared_ptr<const RandomAccessFile> file_;
  std::vector<ZipMember> members_;
};

}  // namespace ruska::io
