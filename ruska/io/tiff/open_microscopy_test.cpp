// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/tiff/open_microscopy.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "ruska/core/driver.hpp"
#include "ruska/io/tiff/directory.hpp"
#include "ruska/io/tiff/writer.hpp"
#include "ruska/io/xml.hpp"
#include "tests/scratch_folder.hpp"

namespace ruska::io {
namespace {

namespace fs = std::filesystem;

Axis axis_in(std::string name, std::string units, std::int64_t size, double scale, Role role) {
  Axis one;
  one.name = std::move(name);
  one.quantity = quantity_of(units);
  one.units = std::move(units);
  one.size = size;
  one.scale = scale;
  one.role = role;
  return one;
}

/// Two times of three depths.
Description stack() {
  Description description;
  description.title = "a <µ> & \n b";
  description.dtype = DType::uint16;
  description.axes = {axis_in("time", "s", 2, 0.5, Role::navigation), axis_in("depth", "nm", 3, 2.5, Role::navigation),
                      axis_in("height", "µm", 4, 0.125, Role::signal), axis_in("width", "µm", 5, 0.25, Role::signal)};
  return description;
}

pugi::xml_node pixels_of(const pugi::xml_document& document) {
  return document.child("OME").child("Image").child("Pixels");
}

TEST(OpenMicroscopy, TellsSizesOrderAndPixelSizes) {
  const Description described = stack();
  const Axes outer{described.axes[0], described.axes[1]};
  const std::string text = tiff::open_microscopy_text(described, outer, described.axes[2], described.axes[3], 1);
  EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 32 && c < 127; })) << text;
  const pugi::xml_document document = parse_xml(text);
  EXPECT_EQ(std::string(document.child("OME").child("Image").attribute("Name").value()), "a <µ> &   b");
  const pugi::xml_node pixels = pixels_of(document);
  for (const auto& [name, value] : {std::pair{"DimensionOrder", "XYZTC"},
                                    {"Type", "uint16"},
                                    {"SizeX", "5"},
                                    {"SizeY", "4"},
                                    {"SizeZ", "3"},
                                    {"SizeC", "1"},
                                    {"SizeT", "2"},
                                    {"PhysicalSizeX", "0.25"},
                                    {"PhysicalSizeXUnit", "µm"},
                                    {"PhysicalSizeY", "0.125"},
                                    {"PhysicalSizeYUnit", "µm"},
                                    {"PhysicalSizeZ", "2.5"},
                                    {"PhysicalSizeZUnit", "nm"},
                                    {"TimeIncrement", "0.5"},
                                    {"TimeIncrementUnit", "s"}}) {
    EXPECT_EQ(std::string(pixels.attribute(name).value()), value) << name;
  }
  EXPECT_EQ(pixels.child("TiffData").attribute("PlaneCount").as_int(), 6);
}

TEST(OpenMicroscopy, CountsColoursAsChannelsAndLeavesOutWhatIsNoLength) {
  Description described = stack();
  described.dtype = DType::uint8;
  const Axes outer{axis_in("energy", "keV", 2, 0.1, Role::navigation)};
  const std::string text =
      tiff::open_microscopy_text(described, outer, axis_in("ky", "1/nm", 4, 0.1, Role::signal), described.axes[3], 3);
  const pugi::xml_document document = parse_xml(text);
  const pugi::xml_node pixels = pixels_of(document);
  EXPECT_EQ(pixels.attribute("SizeC").as_int(), 6);
  EXPECT_EQ(pixels.attribute("DimensionOrder").value(), std::string("XYCZT"));
  EXPECT_FALSE(pixels.attribute("PhysicalSizeY"));
  const auto channels = pixels.children("Channel");
  EXPECT_EQ(std::distance(channels.begin(), channels.end()), 2);
  EXPECT_EQ(pixels.child("Channel").attribute("SamplesPerPixel").as_int(), 3);
}

TEST(OpenMicroscopy, SaysNothingOfTypesThatTheSchemaLacks) {
  Description described = stack();
  described.dtype = DType::uint64;
  EXPECT_EQ(tiff::open_microscopy_text(described, {}, described.axes[2], described.axes[3], 1), "");
  described.dtype = DType::uint8;
  const Axes four(4, described.axes[0]);
  EXPECT_EQ(tiff::open_microscopy_text(described, four, described.axes[2], described.axes[3], 1), "");
}

TEST(OpenMicroscopy, StandsBeforeTheDescriptionForImageJAndIsReadWithoutIt) {
  const ScratchFolder folder;
  const fs::path path = folder / "ome.tif";
  const Description described = stack();
  std::vector<std::uint16_t> values(120);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint16_t>(i);
  {
    const auto sink = tiff::create(path, described);
    sink->write(Region::whole(described.shape()), std::as_bytes(std::span(values)));
    sink->commit();
  }
  std::vector<std::string> texts;
  const tiff::Structure structure(std::make_shared<const RandomAccessFile>(path));
  structure.for_each_directory([&](const tiff::Directory& directory) {
    for (const tiff::Entry& entry : directory.entries) {
      if (entry.tag == tiff::image_description) texts.push_back(structure.text(entry));
    }
  });
  ASSERT_EQ(texts.size(), 2u);
  EXPECT_TRUE(texts[0].starts_with("<?xml")) << texts[0];
  EXPECT_TRUE(texts[1].starts_with("ImageJ=")) << texts[1];

  // As a reader sees it that knows OME-XML alone.
  std::string bytes;
  {
    std::ifstream file(path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  bytes.replace(bytes.find("ImageJ="), 6, "Nobody");
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  const File file = open_file(path);
  const Description& got = file.signals.at(0).describe();
  ASSERT_EQ(got.shape(), (Shape{2, 3, 4, 5}));
  EXPECT_EQ(got.axes[0].name, "time");
  EXPECT_EQ(got.axes[0].scale, 0.5);
  EXPECT_EQ(got.axes[0].units, "s");
  EXPECT_EQ(got.axes[1].name, "depth");
  EXPECT_EQ(got.axes[1].scale, 2.5);
  EXPECT_EQ(got.axes[1].units, "nm");
  EXPECT_EQ(got.axes[3].units, "µm");
  EXPECT_EQ(got.axes[3].scale, 0.25);
  EXPECT_EQ(file.signals.at(0).read_all<std::uint16_t>(), values);
  fs::remove(path);
}

}  // namespace
}  // namespace ruska::io
