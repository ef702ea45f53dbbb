// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/tiff/directory.hpp"

#include <gtest/gtest.h>

#include "tests/file_bytes.hpp"
#include "tests/scratch_folder.hpp"

namespace ruska::io::tiff {
namespace {

/// A file whose only directory has one field and says that the next one is at `next`.
std::shared_ptr<const RandomAccessFile> file_with_next(std::uint32_t next) {
  FileBytes bytes;
  bytes.text("II").little(std::uint16_t{42}).little(std::uint32_t{8}).little(std::uint16_t{1});
  bytes.little(std::uint16_t{256}).little(std::uint16_t{4}).little(std::uint32_t{1}).little(std::uint32_t{7});
  bytes.little(next).pad_to(64);
  const ScratchFolder folder;
  return std::make_shared<const RandomAccessFile>(bytes.write(folder / "directory.tif"));
}

TEST(TiffDirectory, ReadsAField) {
  const Structure structure(file_with_next(0));
  int seen = 0;
  structure.for_each_directory([&](const Directory& directory) {
    ++seen;
    ASSERT_NE(directory.find(image_width), nullptr);
    EXPECT_EQ(structure.integers(*directory.find(image_width), 1), (std::vector<std::uint64_t>{7}));
    EXPECT_THROW(structure.text(*directory.find(image_width)), Error);
  });
  EXPECT_EQ(seen, 1);
}

TEST(TiffDirectory, RefusesCirclesAndPlacesOutside) {
  EXPECT_THROW(Structure(file_with_next(8)).for_each_directory([](const Directory&) {}), Error);
  EXPECT_THROW(Structure(file_with_next(1000)).for_each_directory([](const Directory&) {}), Error);
}

}  // namespace
}  // namespace ruska::io::tiff
