// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "tests/scratch_folder.hpp"

namespace ruska {
namespace {

namespace fs = std::filesystem;

class ZspyFolder : public testing::Test {
 protected:
  Description described() const {
    Description description;
    description.title = R"(a/b\c)";
    description.dtype = DType::int16;
    description.axes = {{"y", "length", "nm", Role::navigation, 3, 0.5, 1}, {"E", "energy", "eV", Role::signal, 4}};
    description.axes[1].values = {1, 2, 4, 8};
    set(description.metadata, "General.title", R"(a/b\c)");
    set(description.metadata, "Signal.signal_type", "");
    set(description.metadata, "Sample.elements", {"Fe", "Pt", "µ"});
    set(description.metadata, "Sample.masses", {55.8, 195.1});
    set(description.metadata, "Sample.steps", {1, 2, -3});
    set(description.metadata, "Sample.nothing", nullptr);
    set(description.metadata, "Sample.empty", Json::array());
    set(description.metadata, "Sample.known", true);
    set(description.metadata, "Sample.mixed", Json::array({1, "two", Json::array({3.5})}));
    description.original = {{"vendor", {{"version", "1.2"}}}};
    return description;
  }
  void write() const {
    const std::vector<std::int16_t> values{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, -11};
    const auto sink = writer_for(path_).create(path_, described());
    sink->write(Region::whole({3, 4}), std::as_bytes(std::span(values)));
    sink->commit();
  }

  ScratchFolder folder_;
  fs::path path_ = folder_ / "map.zspy";
};

TEST_F(ZspyFolder, KeepsMetadataOfEveryKindAndCoordinates) {
  write();
  const File file = open_file(path_);
  EXPECT_EQ(file.driver->name, "zspy");
  ASSERT_EQ(file.signals.size(), 1u);
  const Description& got = file.signals[0].describe();
  EXPECT_EQ(got.title, R"(a/b\c)");
  EXPECT_EQ(nlohmann::json(got.metadata), nlohmann::json(described().metadata));
  EXPECT_EQ(nlohmann::json(got.original), nlohmann::json(described().original));
  EXPECT_EQ(got.axes[1].values, (std::vector<double>{1, 2, 4, 8}));
  EXPECT_EQ(file.signals[0].read_all<std::int16_t>().back(), -11);
  EXPECT_TRUE(fs::exists(path_ / "Experiments" / "a-b-c"));
}

TEST_F(ZspyFolder, ChunkThatIsAbsentHoldsTheFillValueAndOneThatIsCutShortIsAnError) {
  write();
  const fs::path chunk = path_ / "Experiments" / "a-b-c" / "data" / "0.0";
  ASSERT_TRUE(fs::is_regular_file(chunk));
  fs::resize_file(chunk, fs::file_size(chunk) - 1);
  EXPECT_THROW(open_file(path_).signals[0].read_all<std::int16_t>(), Error);
  fs::remove(chunk);
  EXPECT_EQ(open_file(path_).signals[0].read_all<std::int16_t>(), std::vector<std::int16_t>(12, 0));
}

TEST_F(ZspyFolder, OtherCompressionsAndVersionsAreNamed) {
  write();
  const fs::path facts = path_ / "Experiments" / "a-b-c" / "data" / ".zarray";
  for (const auto& [text, named] :
       {std::pair{R"("zarr_format": 2, "compressor": {"id": "bz2"}, "dtype": "<i2")", "bz2"},
        {R"("zarr_format": 3, "compressor": null, "dtype": "<i2")", "version 3"},
        {R"("zarr_format": 2, "compressor": null, "dtype": "<i2", "filters": [{"id": "delta"}])", "delta"}}) {
    std::ofstream(facts) << "{" << text << R"(, "shape": [3, 4], "chunks": [3, 4], "fill_value": 0, "order": "C"})";
    try {
      open_file(path_);
      ADD_FAILURE() << named;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unsupported);
      EXPECT_NE(std::string(error.what()).find(named), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace ruska
