// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/hdf5/file.hpp"

#include <cstring>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <hdf5.h>
#include <unistd.h>

#include "ruska/io/hdf5/source.hpp"
#include "ruska/io/hdf5/writer.hpp"
#include "tests/scratch_folder.hpp"

namespace ruska::io::hdf5 {
namespace {

namespace fs = std::filesystem;

class Hdf5 : public ::testing::Test {
 protected:
  fs::path path(const char* name) const { return folder_ / name; }
  ScratchFolder folder_;
};

std::vector<std::int32_t> ramp(std::size_t count) {
  std::vector<std::int32_t> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<std::int32_t>(i * i);
  return values;
}

template <class Action>
ErrorKind kind_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorKind::internal;
}

TEST_F(Hdf5, ChunksDecodeTheSameWhateverTheCacheHolds) {
  const Shape shape{7, 10, 13};
  const auto values = ramp(7 * 10 * 13);
  {
    FileWriter file(path("chunks.h5"));
    file.root()
        .create_array("data", {DType::int32}, shape, {{2, 3, 5}, 6})
        .write(Region::whole(shape), std::as_bytes(std::span(values)));
    file.close();
  }
  const Array array = OpenFile::open(path("chunks.h5"))->root().array("data");
  EXPECT_EQ(array.chunk(), (Shape{2, 3, 5}));
  for (const std::int64_t cache : {0, 1, 200, 1 << 20}) {
    array.set_cache(cache);
    EXPECT_EQ(array.buffered(), std::min<std::int64_t>(cache, 8 * 12 * 15 * 4));
    const Region region{{1, 2, 3}, {5, 8, 9}};
    std::vector<std::int32_t> got(static_cast<std::size_t>(region.count())), wanted(got.size());
    array.read(region, std::as_writable_bytes(std::span(got)));
    copy_region(std::as_bytes(std::span(values)), shape, 4, region, std::as_writable_bytes(std::span(wanted)));
    EXPECT_EQ(got, wanted) << cache;
  }
}

TEST_F(Hdf5, ManyThreadsShareOneArray) {
  const Shape shape{64, 64};
  const auto values = ramp(64 * 64);
  {
    FileWriter file(path("threads.h5"));
    file.root()
        .create_array("data", {DType::int32}, shape, {{8, 8}, 1})
        .write(Region::whole(shape), std::as_bytes(std::span(values)));
    file.close();
  }
  const Array array = OpenFile::open(path("threads.h5"))->root().array("data");
  array.set_cache(1000);
  std::vector<std::vector<std::int32_t>> got(6, std::vector<std::int32_t>(values.size()));
  std::vector<std::thread> threads;
  for (auto& one : got) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) array.read(Region::whole(shape), std::as_writable_bytes(std::span(one)));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& one : got) EXPECT_EQ(one, values);
}

TEST_F(Hdf5, MissingChunksHoldTheFillValue) {
  {
    FileWriter file(path("holes.h5"));
    const ArrayWriter array = file.root().create_array("data", {DType::uint16}, {10}, {{4}, 1});
    const std::vector<std::uint16_t> part{7, 8};
    array.write({{4}, {2}}, std::as_bytes(std::span(part)));
    file.close();
  }
  std::vector<std::uint16_t> got(10);
  OpenFile::open(path("holes.h5"))
      ->root()
      .array("data")
      .read(Region::whole({10}), std::as_writable_bytes(std::span(got)));
  EXPECT_EQ(got, (std::vector<std::uint16_t>{0, 0, 0, 0, 7, 8, 0, 0, 0, 0}));
}

TEST_F(Hdf5, AttributesComeBack) {
  const Json values{{"yes", true},        {"number", -3},   {"large", UINT64_MAX}, {"real", 0.25},
                    {"text", "Å and µm"}, {"empty", ""},    {"list", {1, 2, 3}},   {"reals", {0.5, 1.5}},
                    {"names", {"a", ""}}, {"flags", {true}}};
  {
    FileWriter file(path("attributes.h5"));
    for (const auto& [name, value] : values.items()) file.root().set_attribute(name, value);
    file.close();
  }
  const Group root = OpenFile::open(path("attributes.h5"))->root();
  for (const auto& [name, value] : values.items()) EXPECT_EQ(root.attribute(name), value) << name;
  EXPECT_TRUE(root.attribute("absent").is_null());
  EXPECT_EQ(root.text("text"), "Å and µm");
  EXPECT_EQ(root.number("list"), std::nullopt);
}

TEST_F(Hdf5, NamesKeepTheirOrderWhereAsked) {
  {
    FileWriter file(path("order.h5"));
    for (const bool ordered : {false, true}) {
      const GroupWriter group = file.root().create_group(ordered ? "ordered" : "sorted", ordered);
      for (const char* name : {"c", "a", "b"}) group.create_group(name);
    }
    file.close();
  }
  const Group root = OpenFile::open(path("order.h5"))->root();
  EXPECT_EQ(root.group("ordered").names(), (std::vector<std::string>{"c", "a", "b"}));
  EXPECT_EQ(root.group("sorted").names(), (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(Hdf5, LinksLeadToFilesBesideAndNowhereElse) {
  {
    FileWriter other(path("other.h5"));
    other.root().create_group("group").set_attribute("here", 1);
    other.close();
    FileWriter file(path("links.h5"));
    file.root().create_group("inner").create_group("deep");
    file.close();
  }
  std::ofstream(path("text.txt")) << "no HDF5";
  const hid_t id = H5Fopen(path("links.h5").c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  const auto external = [&](const std::string& file, const char* name) {
    H5Lcreate_external(file.c_str(), "/group", id, name, H5P_DEFAULT, H5P_DEFAULT);
  };
  const auto soft = [&](const char* to, const char* name) { H5Lcreate_soft(to, id, name, H5P_DEFAULT, H5P_DEFAULT); };
  external("other.h5", "beside");
  external(path("other.h5"), "absolute");
  external("../" + folder_.path().filename().string() + "/other.h5", "above");
  external("absent.h5", "absent");
  external("text.txt", "text");
  soft("/beside", "soft");
  soft("inner/deep", "relative");
  soft("/loop", "loop");
  H5Fclose(id);
  const Group root = OpenFile::open(path("links.h5"))->root();
  EXPECT_EQ(root.names(), (std::vector<std::string>{"above", "absent", "absolute", "beside", "inner", "loop",
                                                    "relative", "soft", "text"}));
  for (const char* name : {"above", "absent", "absolute", "loop", "text", "loop/x", "nowhere"}) {
    EXPECT_EQ(root.kind(name), Kind::none) << name;
    EXPECT_EQ(kind_of([&] { root.group(name); }), ErrorKind::bad_data);
  }
  for (const char* name : {"beside", "soft"}) {
    EXPECT_EQ(root.kind(name), Kind::group) << name;
    EXPECT_EQ(root.group(name).number("here"), 1) << name;
  }
  EXPECT_EQ(root.kind("relative"), Kind::group);
  EXPECT_EQ(root.group("relative").address(), root.group("inner").group("deep").address());
}

TEST_F(Hdf5, ErrorsNameTheFileAndTheObject) {
  {
    FileWriter file(path("named.h5"));
    file.root().create_group("inner");
    file.close();
  }
  try {
    OpenFile::open(path("named.h5"))->root().group("inner").array("data");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("named.h5"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("/inner"), std::string::npos);
  }
  EXPECT_EQ(kind_of([&] { OpenFile::open(path("absent.h5")); }), ErrorKind::not_found);
  EXPECT_EQ(kind_of([&] { OpenFile::open(folder_); }), ErrorKind::io);
  std::ofstream(path("text.h5")) << "no HDF5";
  EXPECT_EQ(kind_of([&] { OpenFile::open(path("text.h5")); }), ErrorKind::bad_data);
  EXPECT_EQ(kind_of([&] { FileWriter(folder_ / "no" / "folder.h5"); }), ErrorKind::io);
}

TEST_F(Hdf5, SparseArraysTakeMemoryForWhatIsRead) {
  {
    FileWriter file(path("huge.h5"));
    file.root().create_array("data", {DType::float64}, {1 << 20, 1 << 20}, {{1 << 10, 1 << 10}, 1});
    file.close();
  }
  const Array array = OpenFile::open(path("huge.h5"))->root().array("data");
  Description description;
  description.axes = {{"y", "", "", Role::signal, 1 << 20}, {"x", "", "", Role::signal, 1 << 20}};
  const Hdf5Source source(description, array);
  std::vector<double> got(6, 1);
  source.read({{1000, 5000}, {2, 3}}, std::as_writable_bytes(std::span(got)));
  EXPECT_EQ(got, std::vector<double>(6, 0));
  EXPECT_EQ(kind_of([&] { array.read_all(); }), ErrorKind::bad_data);
}

TEST_F(Hdf5, DamagedChunksAreRefused) {
  const std::vector<std::uint8_t> values(5000, 42);
  {
    FileWriter file(path("damaged.h5"));
    file.root()
        .create_array("data", {DType::uint8}, {5000}, {{5000}, 9})
        .write(Region::whole({5000}), std::as_bytes(std::span(values)));
    file.close();
  }
  // The compressed chunk begins with zlib's two bytes.
  std::fstream file(path("damaged.h5"), std::ios::in | std::ios::out | std::ios::binary);
  std::string content((std::istreambuf_iterator<char>(file)), {});
  const std::size_t at = content.find("\x78\xda");
  ASSERT_NE(at, std::string::npos);
  file.seekp(static_cast<std::streamoff>(at + 4));
  file.write("\xff\xff\xff\xff", 4);
  file.close();
  const Array array = OpenFile::open(path("damaged.h5"))->root().array("data");
  std::vector<std::uint8_t> got(5000);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(kind_of([&] { array.read(Region::whole({5000}), std::as_writable_bytes(std::span(got))); }),
              ErrorKind::bad_data);
  }
}

/// A file as instruments write it, without checksums, whose text attribute refers to the index `index` of its heap.
void write_text_reference(const fs::path& path, std::uint32_t index) {
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
  H5Tset_size(type, H5T_VARIABLE);
  const hid_t attribute = H5Acreate2(file, "text", type, space, H5P_DEFAULT, H5P_DEFAULT);
  const char* text = "some text";
  H5Awrite(attribute, type, &text);
  H5Aclose(attribute);
  H5Sclose(space);
  H5Tclose(type);
  H5Fclose(file);
  std::fstream stream(path, std::ios::in | std::ios::out | std::ios::binary);
  std::string content((std::istreambuf_iterator<char>(stream)), {});
  const std::uint64_t heap = content.find("GCOL");
  // Length, address, index.
  const std::uint32_t length = 9;
  const std::string place(reinterpret_cast<const char*>(&heap), sizeof heap);
  const std::size_t reference =
      content.find(std::string(reinterpret_cast<const char*>(&length), sizeof length) + place);
  ASSERT_NE(reference, std::string::npos);
  stream.seekp(static_cast<std::streamoff>(reference + sizeof length + sizeof heap));
  stream.write(reinterpret_cast<const char*>(&index), sizeof index);
}

TEST_F(Hdf5, TextsThatReferNowhereAreRefused) {
  write_text_reference(path("whole.h5"), 1);
  EXPECT_EQ(OpenFile::open(path("whole.h5"))->root().text("text"), "some text");
  for (const std::uint32_t index : {2u, 77u, 0x7fffffffu}) {
    write_text_reference(path("damaged.h5"), index);
    EXPECT_EQ(kind_of([&] { OpenFile::open(path("damaged.h5"))->root().text("text"); }), ErrorKind::bad_data) << index;
  }
}

TEST_F(Hdf5, SourcesSeeAxesInTheirOwnOrder) {
  const auto values = ramp(24);
  {
    FileWriter file(path("order.h5"));
    file.root().write_numbers("data", DType::int32, {2, 3, 4}, std::as_bytes(std::span(values)));
    file.close();
  }
  const Array array = OpenFile::open(path("order.h5"))->root().array("data");
  Description description;
  description.axes = {{"z", "", "", Role::navigation, 4}, {"x", "", "", Role::signal, 2}};
  const Hdf5Source source(description, array, {2, 0}, {0, 1, 0});
  std::vector<std::int32_t> got(4);
  source.read({{1, 0}, {2, 2}}, std::as_writable_bytes(std::span(got)));
  const auto at = [&](std::size_t x, std::size_t z) { return values[x * 12 + 1 * 4 + z]; };
  EXPECT_EQ(got, (std::vector<std::int32_t>{at(0, 1), at(1, 1), at(0, 2), at(1, 2)}));
}

}  // namespace
}  // namespace ruska::io::hdf5
