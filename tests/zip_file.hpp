// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <zlib.h>

#include "tests/file_bytes.hpp"

namespace ruska {

/// A ZIP archive in the making.
class ZipFile {
 public:
  /// `deflated` compresses the member; `wide` writes its sizes into a ZIP64 field.
  ZipFile& add(const std::string& name, std::string_view content, bool deflated, bool wide = false) {
    std::string stored(content);
    if (deflated) stored = deflate_raw(content);
    const auto checksum = static_cast<std::uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size())));
    const auto size = static_cast<std::uint32_t>(content.size()), packed = static_cast<std::uint32_t>(stored.size());
    FileBytes facts;  // shared by the local header and the directory
    facts.little(std::uint16_t{20}).little(std::uint16_t{0}).little(static_cast<std::uint16_t>(deflated ? 8 : 0));
    facts.little(std::uint32_t{0}).little(checksum);
    facts.little(wide ? 0xffffffffU : packed).little(wide ? 0xffffffffU : size);
    facts.little(static_cast<std::uint16_t>(name.size())).little(static_cast<std::uint16_t>(wide ? 20 : 0));
    FileBytes extra;
    if (wide) {
      extra.little(std::uint16_t{1}).little(std::uint16_t{16});
      extra.little(std::uint64_t{size}).little(std::uint64_t{packed});
    }
    directory_.little(std::uint32_t{0x02014b50}).little(std::uint16_t{20}).text(facts.bytes()).little(std::uint16_t{0});
    directory_.little(std::uint64_t{0}).little(static_cast<std::uint32_t>(members_.size())).text(name);
    directory_.text(extra.bytes());
    members_.little(std::uint32_t{0x04034b50}).text(facts.bytes()).text(name).text(extra.bytes()).text(stored);
    ++count_;
    return *this;
  }

  FileBytes finished() const {
    FileBytes file = members_;
    file.text(directory_.bytes()).little(std::uint32_t{0x06054b50}).little(std::uint32_t{0});
    file.little(count_).little(count_).little(static_cast<std::uint32_t>(directory_.size()));
    file.little(static_cast<std::uint32_t>(members_.size())).little(std::uint16_t{0});
    return file;
  }

 private:
  static std::string deflate_raw(std::string_view content) {
    z_stream stream{};
    deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, content.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
    stream.avail_in = static_cast<uInt>(content.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int state = deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    if (state != Z_STREAM_END) throw Error(ErrorKind::internal, "a fixture could not be compressed");
    return out;
  }

  FileBytes members_, directory_;
  std::uint16_t count_ = 0;
};

}  // namespace ruska
