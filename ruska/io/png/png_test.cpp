// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/core/driver.hpp"
#include "tests/file_bytes.hpp"
#include "tests/scratch_folder.hpp"

namespace ruska::io {
namespace {

TEST(Png, AChunkLongerThanTheFileIsRefusedBeforeMemoryIsTaken) {
  FileBytes image;
  image.text("\x89PNG\r\n\x1a\n").big(std::uint32_t{13}).text("IHDR");
  image.big(std::uint32_t{3}).big(std::uint32_t{2}).text({"\x10\0\0\0\0", 5}).big(std::uint32_t{0xe88fe585});
  image.big(std::uint32_t{1818558475}).text("tEXt").text("Title and some more");
  const ScratchFolder folder;
  image.write(folder / "odd.png");
  try {
    open_file(folder / "odd.png");
    ADD_FAILURE() << "opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_data);
    EXPECT_THAT(error.what(), testing::HasSubstr("'tEXt' at byte 33 claims 1818558475 bytes"));
  }
}

}  // namespace
}  // namespace ruska::io
