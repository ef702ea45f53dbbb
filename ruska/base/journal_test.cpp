// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/base/journal.hpp"

#include <array>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ruska/base/pending_file.hpp"
#include "tests/scratch_folder.hpp"

namespace ruska {
namespace {

namespace fs = std::filesystem;

class JournalTest : public testing::Test {
 protected:
  /// Writes "half" and lists the pieces 3 and 5 in a process that then dies without a word.
  void die_at_work(const std::string& work) const {
    const pid_t child = ::fork();
    if (child == 0) {
      PendingFile pending(name_, PendingFile::Kind::file, false);
      std::ofstream(pending.path()) << "half" << std::flush;
      Journal journal(pending.path(), work);
      journal.add(std::array<std::int64_t, 2>{3, 5});
      std::ofstream(journal_of(pending.path()), std::ios::app) << "77" << std::flush;  // cut short
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
  }

  ScratchFolder folder_;
  fs::path name_ = folder_ / "out.npy";
};

TEST_F(JournalTest, WorkOfAKilledProcessIsTakenUp) {
  die_at_work("a of b");
  EXPECT_FALSE(Journal::left_behind(name_, "other work"));
  {
    auto journal = Journal::left_behind(name_, "a of b");
    ASSERT_TRUE(journal);
    EXPECT_EQ(journal->finished(), (std::vector<std::int64_t>{3, 5}));
    EXPECT_FALSE(Journal::left_behind(name_, "a of b")) << "one process at a time";
    PendingFile pending(name_, PendingFile::Kind::file, false, journal->pending());
    journal->move_to(pending.path());
    journal->add(std::array<std::int64_t, 1>{8});
    std::string text;
    std::ifstream(journal_of(pending.path())) >> std::ws&& std::getline(std::ifstream(pending.path()), text);
    EXPECT_EQ(text, "half");
    std::ifstream lines(journal_of(pending.path()));
    const std::string all{std::istreambuf_iterator<char>(lines), {}};
    EXPECT_EQ(all, "a of b\n3\n5\n8\n");
    pending.commit();
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

TEST_F(JournalTest, WorkThatNobodyTakesUpIsRemovedWithItsJournal) {
  die_at_work("a of b");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 2);
  { const PendingFile pending(name_, PendingFile::Kind::file, false); }
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 0);
}

}  // namespace
}  // namespace ruska
