// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/zip_archive.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scratch_folder.hpp"
#include "tests/zip_file.hpp"

namespace ruska::io {
namespace {

class ZipArchives : public testing::Test {
 protected:
  ZipArchive opened(const FileBytes& file) {
    file.write(path_);
    return ZipArchive(std::make_shared<const RandomAccessFile>(path_));
  }
  void expect_refused(const std::string& bytes, ErrorKind kind, const std::string& words) {
    try {
      const ZipArchive archive = opened(FileBytes().text(bytes));
      for (const ZipMember& member : archive.members()) archive.read(member, member.size);
      ADD_FAILURE() << "read without a word";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind);
      EXPECT_THAT(error.message(), testing::HasSubstr(words));
    }
  }

  ScratchFolder folder_;
  std::filesystem::path path_ = folder_ / "archive.zip";
};

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST_F(ZipArchives, GiveTheirMembersWholeAndInPart) {
  const std::string long_text(100000, 'x');
  const ZipArchive archive =
      opened(ZipFile().add("a", "stored", false).add("b", long_text, true).add("c", "wide", true, true).finished());
  ASSERT_EQ(archive.members().size(), 3u);
  EXPECT_EQ(archive.find("d"), nullptr);
  const ZipMember& a = *archive.find("a");
  EXPECT_EQ(text_of(archive.read(a, 6)), "stored");
  EXPECT_EQ(text_of(archive.read(a, 2)), "st");
  EXPECT_EQ(text_of(archive.file()->read(archive.data_offset(a), 6)), "stored");
  EXPECT_EQ(text_of(archive.read(*archive.find("b"), 100000)), long_text);
  EXPECT_EQ(text_of(archive.read(*archive.find("b"), 3)), "xxx");
  EXPECT_EQ(text_of(archive.read(*archive.find("c"), 4)), "wide");
  EXPECT_THROW(archive.read(a, 7), Error);
}

TEST_F(ZipArchives, MayEndInAComment) {
  std::string bytes = ZipFile().add("a", "text", false).finished().bytes();
  bytes[bytes.size() - 2] = 5;
  EXPECT_EQ(opened(FileBytes().text(bytes + "hello")).members().size(), 1u);
}

TEST_F(ZipArchives, AreRefusedWhereTheyAreDamaged) {
  const std::string bytes = ZipFile().add("a", "some text", false).finished().bytes();
  const std::size_t directory = bytes.find(std::string("PK\x01\x02"));
  expect_refused(bytes.substr(0, bytes.size() - 1), ErrorKind::bad_data, "cut short");
  std::string damaged = bytes;
  damaged[bytes.find("some")] = 'S';
  expect_refused(damaged, ErrorKind::bad_data, "checksum");
  damaged = bytes;
  damaged[directory + 24] = 100;  // decoded size
  expect_refused(damaged, ErrorKind::bad_data, "cannot have 100 bytes");
  damaged = bytes;
  damaged[directory + 44] = 100;  // place of the local header
  expect_refused(damaged, ErrorKind::bad_data, "lies outside");
  damaged = bytes;
  damaged[directory + 10] = 12;  // method
  expect_refused(damaged, ErrorKind::unsupported, "method 12");
  damaged = bytes;
  damaged[directory + 8] = 1;  // flags
  expect_refused(damaged, ErrorKind::unsupported, "encrypted");
}

TEST_F(ZipArchives, CannotClaimMoreThanDeflateMakes) {
  std::string bytes = ZipFile().add("a", std::string(1000, 'x'), true).finished().bytes();
  bytes[bytes.find(std::string("PK\x01\x02")) + 27] = 0x7f;  // a decoded size of 2 GB
  expect_refused(bytes, ErrorKind::bad_data, "cannot have");
}

}  // namespace
}  // namespace ruska::io
