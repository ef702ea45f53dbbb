// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/base/pending_file.hpp"

#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "ruska/base/digest.hpp"
#include "ruska/base/error.hpp"
#include "tests/scratch_folder.hpp"

namespace ruska {
namespace {

namespace fs = std::filesystem;

class PendingFileTest : public testing::Test {
 protected:
  std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  ScratchFolder folder_;
};

TEST_F(PendingFileTest, NothingIsVisibleBeforeCommitAndNothingIsLeftWithoutIt) {
  const fs::path name = folder_ / "out.txt";
  {
    PendingFile pending(name, PendingFile::Kind::file, false);
    std::ofstream(pending.path()) << "half";
    EXPECT_FALSE(fs::exists(name));
  }
  EXPECT_EQ(entries(), 0u);
  PendingFile pending(name, PendingFile::Kind::file, false);
  std::ofstream(pending.path()) << "abc";
  pending.commit();
  EXPECT_EQ(entries(), 1u);
  EXPECT_EQ(digest_of_file(name), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_F(PendingFileTest, ReplacesOnlyWhenToldTo) {
  const fs::path name = folder_ / "result";
  for (int i = 0; i < 2; ++i) {
    PendingFile pending(name, PendingFile::Kind::folder, true);
    std::ofstream(pending.path() / ("file" + std::to_string(i))) << i;
    pending.commit();
  }
  EXPECT_TRUE(fs::exists(name / "file1"));
  EXPECT_FALSE(fs::exists(name / "file0"));
  EXPECT_EQ(entries(), 1u);
  EXPECT_THROW(PendingFile(name, PendingFile::Kind::folder, false), Error);
  EXPECT_THROW(PendingFile(name, PendingFile::Kind::file, true), Error);
}

TEST_F(PendingFileTest, RemovesWhatAKilledProcessLeft) {
  std::ofstream(folder_ / "out.txt.partial-999999999") << "left by a process that is gone";
  std::ofstream(folder_ / ("out.txt.partial-" + std::to_string(::getppid()))) << "of a process that lives";
  PendingFile pending(folder_ / "out.txt", PendingFile::Kind::file, false);
  pending.commit();
  EXPECT_EQ(entries(), 2u);
}

TEST_F(PendingFileTest, AFolderThatIsNotThereIsAnIoError) {
  try {
    PendingFile pending(folder_ / "nowhere" / "out.txt", PendingFile::Kind::file, false);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::io);
  }
}

}  // namespace
}  // namespace ruska
