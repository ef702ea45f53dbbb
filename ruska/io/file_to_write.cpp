// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/file_to_write.hpp"

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "ruska/base/error.hpp"

namespace ruska::io {

FileToWrite::FileToWrite(std::filesystem::path path, std::int64_t size, Begun begun) : path_(std::move(path)) {
  const bool before = begun == Begun::before;
  descriptor_ = ::open(path_.c_str(), O_RDWR | O_CLOEXEC | (before ? 0 : O_CREAT | O_TRUNC), 0666);
  if (descriptor_ < 0) fail(before ? "cannot open" : "cannot create");
  try {
    if (!before) {
      if (::ftruncate(descriptor_, size) != 0) fail("cannot extend");
    } else if (const std::int64_t length = ::lseek(descriptor_, 0, SEEK_END); length != size) {
      throw Error(ErrorKind::bad_data, path_.string() + " has " + std::to_string(length) + " bytes where " +
                                           std::to_string(size) + " are expected of a file that was begun; remove it");
    }
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

FileToWrite::~FileToWrite() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void FileToWrite::write(std::int64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::pwrite(descriptor_, bytes.data(), std::min(bytes.size(), std::size_t{1} << 30), offset);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) fail("writing failed:");
    bytes = bytes.subspan(static_cast<std::size_t>(put));
    offset += put;
  }
}

void FileToWrite::read(std::int64_t offset, std::span<std::byte> out) const {
  while (!out.empty()) {
    const ssize_t got = ::pread(descriptor_, out.data(), std::min(out.size(), std::size_t{1} << 30), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) fail("reading back failed:");
    out = out.subspan(static_cast<std::size_t>(got));
    offset += got;
  }
}

void FileToWrite::flush() {
  if (::fdatasync(descriptor_) != 0) fail("cannot flush");
}

void FileToWrite::close() {
  if (::close(std::exchange(descriptor_, -1)) != 0) fail("cannot close");
}

void FileToWrite::fail(const char* doing) const {
  throw Error(ErrorKind::io, std::string(doing) + " " + path_.string() + ": " + std::strerror(errno));
}

}  // namespace ruska::io
