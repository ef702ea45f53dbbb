// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/metadata.hpp"
#include "ruska/io/coordinates.hpp"
#include "ruska/io/decoded_image.hpp"
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"
#include "tests/jpeg_bytes.hpp"

namespace ruska::io {

using namespace std::string_literals;

namespace {

std::string block(const std::string& name, const std::string& content) {
  FileBytes bytes;
  bytes.text(name).little(std::uint32_t{0}).little(static_cast<std::uint64_t>(16 + content.size())).text(content);
  return bytes.bytes();
}

std::string header(std::uint32_t points, std::uint64_t spectra, std::uint32_t measurement, float wavenumber) {
  FileBytes bytes;
  bytes.text("WDF1").little(std::uint32_t{1}).little(std::uint64_t{512}).pad_to(60).little(points).little(spectra);
  bytes.little(spectra).pad_to(96).text("WiRE").pad_to(120).little(std::uint16_t{5}).little(std::uint16_t{4});
  bytes.pad_to(132).little(measurement).little(std::uint64_t{132009197039990000}).pad_to(152).little(std::uint32_t{6});
  bytes.little(wavenumber).pad_to(208).text("anna").pad_to(240).text("Raman map").pad_to(512);
  return bytes.bytes();
}

std::string spectral_axis(std::uint32_t unit, const std::vector<float>& values) {
  FileBytes bytes;
  bytes.little(std::uint32_t{1}).little(unit);
  for (const float value : values) bytes.little(value);
  return block("XLST", bytes.bytes());
}

std::string data(const std::vector<float>& values) {
  FileBytes bytes;
  for (const float value : values) bytes.little(value);
  return block("DATA", bytes.bytes());
}

struct Entry {
  char type;
  std::uint16_t key;
  std::string content;
  std::uint8_t flag = 0;
};

std::string entries(const std::vector<Entry>& list) {
  FileBytes bytes;
  for (const Entry& entry : list) {
    bytes.little(entry.type).little(entry.flag).little(entry.key);
    const bool sized =
        entry.type == 'u' || entry.type == 'k' || entry.type == 'p' || entry.type == 'b' || entry.flag == 64;
    if (sized) bytes.little(static_cast<std::uint32_t>(entry.content.size()));
    bytes.text(entry.content);
  }
  return bytes.bytes();
}

template <class T>
std::string number(T value) {
  return FileBytes().little(value).bytes();
}

std::string property_set(const std::string& name, const std::vector<Entry>& list) {
  const std::string content = entries(list);
  return block(name, "PSET" + number(static_cast<std::uint32_t>(content.size())) + content);
}

Json general() {
  return Json{{"General", {{"title", "Raman map"}, {"date", "2019-04-28"}, {"time", "10:08:23"}}},
              {"Signal", {{"signal_type", ""}, {"quantity", "Intensity (Counts)"}}}};
}

Axis axis(const std::string& name, const std::string& units, std::int64_t size, double scale, double offset) {
  Axis one;
  one.name = name;
  one.units = units;
  one.quantity = quantity_of(units);
  one.role = Role::navigation;
  one.size = size;
  one.scale = scale;
  one.offset = offset;
  return one;
}

Axis spectral(const std::string& name, const std::string& units, std::vector<double> values) {
  Axis one;
  one.name = name;
  one.units = units;
  one.quantity = quantity_of(units);
  set_coordinates(one, std::move(values));
  return one;
}

Fixture fixture(const std::string& name, const std::string& bytes, std::vector<Dataset> expected) {
  FileBytes file;
  file.text(bytes);
  return {"renishaw", name, [=](const std::filesystem::path& folder) { return file.write(folder / name); },
          std::move(expected)};
}

/// Wavelengths that run downwards, names of entries from the set and from the one around it, and a picture.
Fixture map() {
  FileBytes raster;
  raster.little(std::uint32_t{0}).little(std::uint32_t{0});
  for (const float value : {-1.5f, 2.0f, 0.0f, 0.5f, 4.0f, 1.0f}) raster.little(value);
  for (const std::uint32_t size : {2u, 1u, 1u, 0u}) raster.little(size);
  const std::string calibration = property_set(
      "WXCS", {{'k', 1, "CCD"},
               {'k', 2, "Target temperature"},
               {'p', 1, entries({{'u', 1, "Centrus"}, {'i', 2, number(std::int32_t{-70})}, {'b', 9, "xyz"}})},
               {'k', 3, "Groove Density (lines/mm)"},
               {'p', 4, entries({{'r', 3, number(1200.0f)}})},
               {'s', 5, number(std::uint32_t{2}) + number(std::int16_t{7}) + number(std::int16_t{-8}), 128},
               {'u', 6, "packed", 64}});
  const std::string measurement = property_set(
      "WXDM", {{'k', 1, "Accumulations"},
               {'k', 2, "Exposure Time"},
               {'p', 7, entries({{'i', 1, number(std::int32_t{2})}, {'i', 2, number(std::int32_t{1500})}})}});

  FileBytes exif;  // big-endian, as the instrument writes it: the place, then a second directory with the size
  exif.text("Exif\0\0MM\0*"s).big(std::uint32_t{8}).big(std::uint16_t{2});
  exif.big(std::uint16_t{0x8769}).big(std::uint16_t{4}).big(std::uint32_t{1}).big(std::uint32_t{38});
  exif.big(std::uint16_t{0xfea0}).big(std::uint16_t{10}).big(std::uint32_t{2}).big(std::uint32_t{68});
  exif.big(std::uint32_t{0}).big(std::uint16_t{2});
  exif.big(std::uint16_t{0xa20e}).big(std::uint16_t{5}).big(std::uint32_t{1}).big(std::uint32_t{84});
  exif.big(std::uint16_t{0xa20f}).big(std::uint16_t{5}).big(std::uint32_t{1}).big(std::uint32_t{92});
  exif.big(std::uint32_t{0});
  for (const std::int32_t value : {-3, 2, 5, 1, 8, 1, 16, 1}) exif.big(value);
  constexpr int app1 = JPEG_APP0 + 1;
  const std::string picture =
      jpeg_bytes(std::vector<std::uint8_t>(8 * 16 * 3, 136), 8, 16, 3, false, app1, exif.bytes());

  // Nothing in the format tells that optional blocks at the end are missing, so those come first.
  const std::string bytes = header(3, 2, 3, 20000) + block("WMAP", raster.bytes()) + calibration + measurement +
                            block("TEXT", "note") + block("WHTL", picture) + spectral_axis(3, {705, 702, 700}) +
                            data({1, 2, 3, 4, 5, -6});
  Description description;
  description.title = "Raman map";
  description.axes = {axis("Y", "µm", 1, 4, 2), axis("X", "µm", 2, 0.5, -1.5),
                      spectral("Wavelength", "nm", {700, 702, 705})};
  description.metadata = general();
  set(description.metadata, "Acquisition_instrument",
      Json{{"Laser", {{"wavelength", 500.0}}},
           {"Spectrometer", {{"Grating", {{"groove_density", 1200.0}}}}},
           {"Detector", {{"model", "Centrus"}, {"temperature", -70.0}, {"frames", 2.0}, {"integration_time", 3.0}}}});
  Description image;
  set_image_axes(image, 8, 16, 3);
  image.axes[0].name = "y";
  image.axes[0].scale = 2;
  image.axes[0].offset = 5;
  image.axes[1].name = "x";
  image.axes[1].scale = 0.5;
  image.axes[1].offset = -1.5;
  image.axes[0].units = image.axes[1].units = "µm";
  image.axes[0].quantity = image.axes[1].quantity = "length";
  set(image.metadata, "Signal.signal_type", "");
  return fixture("map.wdf", bytes,
                 {Dataset::from_values<float>(description, std::vector<float>{3, 2, 1, -6, 5, 4}),
                  Dataset::from_values<std::uint8_t>(image, std::vector<std::uint8_t>(8 * 16 * 3, 136))});
}

/// A series in time with a checksum of every spectrum beside.
Fixture series() {
  FileBytes origins;
  origins.little(std::uint32_t{2});
  origins.little(std::uint32_t{0x80000010}).little(std::uint32_t{0}).text(std::string(16, ' '));
  for (int i = 0; i < 3; ++i) origins.little(1.0 * i);
  origins.little(std::uint32_t{11}).little(std::uint32_t{24}).text("Time\0\0\0\0\0\0\0\0\0\0\0\0"s);
  for (const std::uint64_t ticks : {100u, 10000100u, 40000100u}) origins.little(ticks);
  Description description;
  description.title = "Raman map";
  Axis time = axis("Time", "s", 3, 1, 0);
  set_coordinates(time, {0, 1, 4});
  description.axes = {time, spectral("Raman Shift", "1/cm", {100, 110})};
  description.metadata = general();
  return fixture(
      "series.wdf",
      header(2, 3, 2, 0) + block("ORGN", origins.bytes()) + spectral_axis(1, {100, 110}) + data({1, 2, 3, 4, 5, 6}),
      {Dataset::from_values<float>(description, std::vector<float>{1, 2, 3, 4, 5, 6})});
}

Fixture spectrum() {
  Description description;
  description.title = "Raman map";
  description.axes = {spectral("Energy", "eV", {1, 2, 3})};
  description.metadata = general();
  return fixture("spectrum.wdf", header(3, 1, 1, 0) + data({7, 8, 9}) + spectral_axis(4, {1, 2, 3}),
                 {Dataset::from_values<float>(description, std::vector<float>{7, 8, 9})});
}

}  // namespace

std::vector<Fixture> renishaw_fixtures() { return {map(), series(), spectrum()}; }

}  // namespace ruska::io
