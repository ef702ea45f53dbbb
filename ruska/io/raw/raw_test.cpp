// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/base/pending_file.hpp"
#include "ruska/core/driver.hpp"
#include "tests/file_bytes.hpp"
#include "tests/scratch_folder.hpp"

namespace ruska::io {
const Driver& raw_driver();
const Driver& ripple_driver();
namespace {

namespace fs = std::filesystem;

class RawTest : public testing::Test {
 protected:
  void expect_refused(const std::string& sidecar, ErrorKind kind, const std::string& words) {
    FileBytes().text("12345678").write(folder_ / "a.raw");
    FileBytes().text(sidecar).write(folder_ / "a.json");
    try {
      raw_driver().open(folder_ / "a.raw");
      ADD_FAILURE() << "accepted " << sidecar;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << sidecar;
      EXPECT_THAT(error.what(), testing::HasSubstr(words)) << sidecar;
    }
  }

  ScratchFolder folder_;
};

TEST_F(RawTest, WithoutASidecarTeachesIt) {
  FileBytes().text("12345678").write(folder_ / "a.raw");
  try {
    open_file(folder_ / "a.raw");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsupported);
    EXPECT_THAT(error.message(), testing::HasSubstr("a.raw.json"));
    EXPECT_THAT(error.message(), testing::HasSubstr(R"({"dtype": "uint16", "shape": [64, 64, 2048])"));
  }
}

TEST_F(RawTest, LeavesTheFileOfARipplePairAlone) {
  const fs::path path = FileBytes().text("12345678").write(folder_ / "a.raw");
  FileBytes().text("record-by\tvector\ndata-length\t1\n").write(folder_ / "a.rpl");
  EXPECT_EQ(raw_driver().probe({path, {}, 8}), Confidence::none);
  EXPECT_EQ(ripple_driver().probe({path, {}, 8}), Confidence::content);
}

TEST_F(RawTest, RefusesSidecarsThatMakeNoSense) {
  expect_refused("{", ErrorKind::bad_data, "not valid JSON");
  expect_refused("[1]", ErrorKind::bad_data, "at least 'dtype' and 'shape'");
  expect_refused(std::string(2000, '[') + std::string(2000, ']'), ErrorKind::bad_data, "nested deeper");
  std::string many = "{\"dtype\": \"uint8\", \"shape\": [1], \"metadata\": {";
  for (int i = 0; i < 2001; ++i) many += (i > 0 ? ", \"" : "\"") + std::to_string(i) + "\": 0";
  expect_refused(many + "}}", ErrorKind::bad_data, "more than 2000 members");
  expect_refused(R"({"dtype": "float16", "shape": [2]})", ErrorKind::bad_data, "'dtype' is \"float16\"");
  expect_refused(R"({"dtype": "uint16", "shape": [2]})", ErrorKind::bad_data, "byte_order");
  expect_refused(R"({"dtype": "uint8", "shape": [-2]})", ErrorKind::bad_data, "'shape' is -2");
  expect_refused(R"({"dtype": "uint8", "shape": [9]})", ErrorKind::bad_data, "cut short");
  expect_refused(R"({"dtype": "uint8", "shape": [8], "offset": 1})", ErrorKind::bad_data, "cut short");
  expect_refused(R"({"dtype": "uint8", "shape": [8], "offset": 18446744073709551615})", ErrorKind::bad_data, "offset");
  expect_refused(R"({"dtype": "uint8", "shape": [4, 2], "axes": [{}]})", ErrorKind::bad_data, "one object per length");
  expect_refused(R"({"dtype": "uint8", "shape": [8], "axes": [{"role": "time"}]})", ErrorKind::bad_data, "navigation");
  expect_refused(R"({"dtype": "uint8", "shape": [8], "fields": ["R"]})", ErrorKind::bad_data, "as many names");
}

TEST_F(RawTest, SidecarGetsTheFinalName) {
  Description description;
  description.axes.resize(1);
  description.axes[0].size = 2;
  description.dtype = DType::uint8;
  const fs::path final_name = folder_ / "out.raw";
  {
    PendingFile pending(final_name, PendingFile::Kind::file, false);
    const auto sink = raw_driver().create(pending.path(), description);
    const std::vector<std::byte> values(2);
    sink->write({{0}, {2}}, values);
    EXPECT_FALSE(fs::exists(folder_ / "out.raw.json"));
    sink->commit();
    pending.commit();
  }
  EXPECT_TRUE(fs::exists(folder_ / "out.raw.json"));
  EXPECT_EQ(open_file(final_name).driver, &raw_driver());
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 2) << "nothing else is left";
}

}  // namespace
}  // namespace ruska::io
