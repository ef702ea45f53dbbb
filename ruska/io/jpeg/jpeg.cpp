// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/driver.hpp"
#include "ruska/io/jpeg_image.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

bool is_jpeg(std::span<const std::byte> head) {
  return head.size() >= 3 && head[0] == std::byte{0xff} && head[1] == std::byte{0xd8} && head[2] == std::byte{0xff};
}

Confidence probe(const Probe& file) {
  if (is_jpeg(file.head)) return Confidence::content;
  const std::string extension = extension_of(file.path);
  return extension == "jpg" || extension == "jpeg" ? Confidence::extension : Confidence::none;
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  auto file = std::make_shared<const RandomAccessFile>(path);
  if (!is_jpeg(file->read(0, 3))) {
    throw Error(ErrorKind::bad_data, path.filename().string() + " does not start with the mark of a JPEG image");
  }
  const std::int64_t size = file->size();
  return {jpeg_image(std::move(file), 0, size)};
}

}  // namespace

const Driver& jpeg_driver() {
  static const Driver driver{"jpeg", "JPEG image", {"jpg", "jpeg"}, probe, open, nullptr};
  return driver;
}

}  // namespace ruska::io
