// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include <gtest/gtest.h>

#include "ruska/core/driver.hpp"
#include "tests/file_bytes.hpp"
#include "tests/scratch_folder.hpp"

namespace ruska::io {
namespace {

TEST(Mib, FrameHeadersAreToldInUtf8) {
  FileBytes frame;
  frame.text(
      "MQ1,000001,00384,01,0001,0002,U08,   1x1,01,2019-09-18 11:15:16\xae"
      "647,0.01,0,");
  frame.pad_to(384).text("ab");
  const ScratchFolder folder;
  frame.write(folder / "odd.mib");
  const File file = open_file(folder / "odd.mib");
  ASSERT_EQ(file.signals.size(), 1u);
  EXPECT_NE(file.signals[0].describe().metadata.dump().find("11:15:16®647"), std::string::npos);
  EXPECT_NE(file.signals[0].describe().original.dump().find("11:15:16®647"), std::string::npos);
}

}  // namespace
}  // namespace ruska::io
