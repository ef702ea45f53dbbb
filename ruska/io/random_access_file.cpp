// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/random_access_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ruska/base/error.hpp"

namespace ruska::io {

RandomAccessFile::RandomAccessFile(std::filesystem::path path) : path_(std::move(path)) {
  // Without O_NONBLOCK, opening a pipe would wait for its other end before it can be refused.
  descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor_ < 0) {
    const int code = errno;
    throw Error(code == ENOENT ? ErrorKind::not_found : ErrorKind::io,
                "cannot open " + path_.string() + ": " + std::strerror(code));
  }
  struct stat facts {};
  if (::fstat(descriptor_, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    ::close(descriptor_);
    throw Error(ErrorKind::io, path_.string() + " is not a regular file");
  }
  size_ = facts.st_size;
}

RandomAccessFile::~RandomAccessFile() { ::close(descriptor_); }

void RandomAccessFile::check(std::int64_t offset, std::int64_t count) const {
  if (offset < 0 || count < 0 || offset > size_ || count > size_ - offset) {
    throw Error(ErrorKind::bad_data, path_.filename().string() + " has " + std::to_string(size_) + " bytes, but " +
                                         std::to_string(count) + " bytes are needed at byte " + std::to_string(offset) +
                                         "; the file is cut short or damaged");
  }
}

void RandomAccessFile::read(std::int64_t offset, std::span<std::byte> out) const {
  check(offset, static_cast<std::int64_t>(out.size()));
  constexpr std::size_t largest_request = std::size_t{1} << 30;  // Linux reads at most 2 GiB at once
  while (!out.empty()) {
    const ssize_t got = ::pread(descriptor_, out.data(), std::min(out.size(), largest_request), offset);
    if (got < 0) {
      if (errno == EINTR) continue;
      throw Error(ErrorKind::io, "reading " + path_.string() + " at byte " + std::to_string(offset) +
                                     " failed: " + std::strerror(errno));
    }
    if (got == 0) {
      throw Error(
          ErrorKind::bad_data,
          path_.filename().string() + " was shortened while it was read: it ends at byte " + std::to_string(offset));
    }
    out = out.subspan(static_cast<std::size_t>(got));
    offset += got;
  }
}

std::vector<std::byte> RandomAccessFile::read(std::int64_t offset, std::int64_t count) const {
  check(offset, count);
  std::vector<std::byte> bytes(static_cast<std::size_t>(count));
  read(offset, bytes);
  return bytes;
}

std::string RandomAccessFile::read_text(std::int64_t limit, const std::string& what) const {
  if (size_ > limit) {
    throw Error(ErrorKind::bad_data, path_.filename().string() + " has " + std::to_string(size_) + " bytes; " + what +
                                         " has at most " + std::to_string(limit));
  }
  std::string text(static_cast<std::size_t>(size_), '\0');
  read(0, std::as_writable_bytes(std::span(text)));
  return text;
}

}  // namespace ruska::io
