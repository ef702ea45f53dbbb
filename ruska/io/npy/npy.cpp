// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// NumPy .npy files, versions 1 to 3 of the format (numpy.lib.format). They hold an array and nothing else, so the axes
// have no units and their roles follow from the rank.
#include "ruska/core/driver.hpp"
#include "ruska/io/npy/header.hpp"
#include "ruska/io/stored_array.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

constexpr std::string_view magic = "\x93NUMPY";

Confidence probe(const Probe& file) {
  const std::string_view head(reinterpret_cast<const char*>(file.head.data()), file.head.size());
  if (head.starts_with(magic)) return Confidence::content;
  return extension_of(file.path) == "npy" ? Confidence::extension : Confidence::none;
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const auto file = std::make_shared<const RandomAccessFile>(path);
  const npy::Preamble preamble = npy::read_preamble(
      [&](std::int64_t offset, std::int64_t count) { return file->read(offset, count); }, path.filename().string());
  const npy::Header header = npy::parse_header(preamble.dictionary);
  return {stored_array(file, npy::describe(header), npy::layout_of(header, preamble.bytes))};
}

std::unique_ptr<Sink> create(const std::filesystem::path& path, const Description& description) {
  return stored_array_sink(path, npy::format_preamble(description), description);
}

std::unique_ptr<Sink> resume(const std::filesystem::path& path, const Description& description) {
  return stored_array_sink(path, npy::format_preamble(description), description, Begun::before);
}

}  // namespace

const Driver& npy_driver() {
  static const Driver driver{"npy", "NumPy array", {"npy"}, probe, open, create, nullptr, resume};
  return driver;
}

}  // namespace ruska::io
