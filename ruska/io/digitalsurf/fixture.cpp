// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <zlib.h>

#include "ruska/core/metadata.hpp"
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {

namespace {

struct ObjectFacts {
  bool packed = false;
  std::int16_t objects = 1, type = 2, channels = 1, special = 0, bits = 16;
  std::int32_t depth = 0, lowest = 0, width = 1, lines = 1;
  float x = 1, y = 1, z = 1, ratio = 1, x_origin = 0, y_origin = 0, z_origin = 0, t = 0, t_origin = 0;
  std::string quantity = "Z", units = "mm", author = "", comment = "";
  std::int16_t year = 0, month = 0, day = 0;
};

template <class T>
std::string object(const ObjectFacts& facts, const std::vector<T>& integers) {
  FileBytes file;
  const auto text = [&](std::size_t place, const std::string& value) { file.pad_to(place, ' ').text(value); };
  file.text(facts.packed ? "DSCOMPRESSED" : "DIGITAL SURF").little(std::int16_t{0}).little(facts.objects);
  file.little(std::int16_t{1}).little(facts.type);
  text(50, facts.author);
  file.pad_to(80, ' ').little(facts.channels).little(std::int16_t{0}).little(std::int16_t{0}).little(facts.special);
  file.little(std::int16_t{1}).little(0.0f).little(facts.depth).little(facts.bits).little(facts.lowest);
  file.little(std::int32_t{100}).little(facts.width).little(facts.lines).little(facts.width * facts.lines);
  file.little(facts.x).little(facts.y).little(facts.z);
  text(132, "Width");
  text(148, "Height");
  text(164, facts.quantity);
  text(180, "mm");
  text(196, "um");
  text(212, facts.units);
  file.pad_to(276, ' ').little(1.0f).little(1.0f).little(facts.ratio).pad_to(306);
  file.little(std::int16_t{7}).little(std::int16_t{6}).little(std::int16_t{5});
  file.little(facts.day).little(facts.month).little(facts.year).pad_to(334);
  file.little(static_cast<std::uint16_t>(facts.comment.size())).little(std::uint16_t{3}).pad_to(466);
  file.little(facts.x_origin).little(facts.y_origin).little(facts.z_origin).little(facts.t).little(facts.t_origin);
  text(486, "Wavelength");
  text(499, "nm");
  file.pad_to(512, ' ').text(facts.comment).text("pri");
  FileBytes values;
  for (const T value : integers) values.little(value);
  if (!facts.packed) return file.text(values.bytes()).bytes();
  // Two streams, the second with what the first leaves.
  const std::string& raw = values.bytes();
  std::string streams;
  file.little(std::uint32_t{2});
  for (const auto& [start, size] :
       {std::pair{std::size_t{0}, raw.size() / 2}, {raw.size() / 2, raw.size() - raw.size() / 2}}) {
    uLongf packed_size = compressBound(size);
    std::string packed(packed_size, '\0');
    compress(reinterpret_cast<Bytef*>(packed.data()), &packed_size, reinterpret_cast<const Bytef*>(raw.data() + start),
             size);
    packed.resize(packed_size);
    file.little(static_cast<std::uint32_t>(size)).little(static_cast<std::uint32_t>(packed.size()));
    streams += packed;
  }
  return file.text(streams).bytes();
}

Axis axis(std::string name, std::string units, std::int64_t size, double scale, double offset,
          Role role = Role::signal) {
  Axis one;
  one.name = std::move(name);
  one.quantity = quantity_of(units);
  one.units = std::move(units);
  one.size = size;
  one.scale = scale;
  one.offset = offset;
  one.role = role;
  return one;
}

Fixture fixture(const std::string& name, const std::string& bytes, const Description& description,
                const std::vector<double>& values) {
  FileBytes file;
  file.text(bytes);
  return {"digitalsurf",
          name,
          [=](const std::filesystem::path& folder) { return file.write(folder / name); },
          {Dataset::from_values<double>(description, values)}};
}

Fixture spectral_map() {
  ObjectFacts facts;
  facts.type = 21;
  facts.depth = 2;
  facts.width = 3;
  facts.lines = 2;
  facts.lowest = 10;
  facts.x = 0.25f;
  facts.y = 0.5f;
  facts.y_origin = 4;
  facts.t = 2;
  facts.t_origin = 300;
  facts.quantity = "CL Intensity";
  facts.units = "[a.u.]";
  facts.author = "anna";
  facts.year = 2020;
  facts.month = 2;
  facts.day = 29;
  facts.comment =
      "@@X@@\n$_SITE IMAGE\n$stage_position_x = 8.5\n$stage_rotation_x = 0.5000\n$_SEM\n$Beam Energy = 5000.00 V\n"
      "$Real Magnification = 12390\n$a = 1$b=2$_CCD\n";
  std::vector<std::int16_t> integers;
  std::vector<double> values;
  for (std::int16_t i = 0; i < 12; ++i) {
    integers.push_back(static_cast<std::int16_t>(10 + 3 * i));
    values.push_back(3 * i);
  }
  Description description;
  description.signal_type = "CL";
  description.axes = {axis("Height", "µm", 2, 0.5, 4, Role::navigation),
                      axis("Width", "mm", 3, 0.25, 0, Role::navigation), axis("Wavelength", "nm", 2, 2, 300)};
  Json& metadata = description.metadata;
  set(metadata, "General", Json{{"authors", "anna"}, {"date", "2020-02-29"}, {"time", "05:06:07"}});
  set(metadata, "Signal", Json{{"quantity", "CL Intensity (a.u.)"}, {"signal_type", "CL"}});
  set(metadata, "Acquisition_instrument.SEM",
      Json{{"microscope", "Attolight Allalin"},
           {"beam_energy", 5.0},
           {"magnification", 12390.0},
           {"Stage", Json{{"tilt_alpha", 0.5}, {"x", 8.5}}}});
  return fixture("map.sur", object(facts, integers), description, values);
}

Json height_metadata() { return Json{{"Signal", Json{{"quantity", "Z (mm)"}, {"signal_type", ""}}}}; }

/// One point without a measurement.
Fixture packed_surface() {
  ObjectFacts facts;
  facts.packed = true;
  facts.special = 1;
  facts.bits = 32;
  facts.width = 3;
  facts.lines = 2;
  facts.lowest = -70000;
  facts.z = 0.5f;
  facts.ratio = 4;
  facts.z_origin = 1;
  const std::vector<std::int32_t> integers{-70000, -69999, -70002, 0, 70000, 1};
  Description description;
  description.axes = {axis("Height", "µm", 2, 1, 0), axis("Width", "mm", 3, 1, 0)};
  description.metadata = height_metadata();
  return fixture("surface.sur", object(facts, integers), description,
                 {1, 3, std::numeric_limits<double>::quiet_NaN(), 140001, 280001, 140003});
}

Fixture spectra() {
  ObjectFacts facts;
  facts.packed = true;
  facts.type = 20;
  facts.width = 4;
  facts.lines = 2;
  const std::vector<std::int16_t> integers{1, 2, 3, 4, 5, 6, 7, 8};
  Description description;
  description.axes = {axis("Height", "µm", 2, 1, 0, Role::navigation), axis("Width", "mm", 4, 1, 0)};
  description.metadata = height_metadata();
  return fixture("spectra.pro", object(facts, integers), description, {1, 2, 3, 4, 5, 6, 7, 8});
}

/// A surface followed by colours, which are whole numbers.
Fixture coloured_surface() {
  ObjectFacts facts;
  facts.type = 13;
  facts.channels = 2;
  facts.width = 2;
  facts.z = 0.25f;
  const std::string first = object(facts, std::vector<std::int16_t>{1, 2});
  facts.type = 10;
  facts.objects = 0;
  facts.packed = true;
  facts.bits = 32;
  const std::string second = object(facts, std::vector<std::int32_t>{3, 5});
  Description description;
  description.axes = {axis("Wavelength", "nm", 2, 1, 0, Role::navigation), axis("Height", "µm", 1, 1, 0),
                      axis("Width", "mm", 2, 1, 0)};
  description.metadata = height_metadata();
  return fixture("colours.sur", first + second, description, {0.25, 0.5, 1, 1});
}

Fixture profiles() {
  ObjectFacts facts;
  facts.type = 4;
  facts.objects = 3;
  facts.width = 2;
  facts.t = 5;
  std::string bytes;
  for (std::int16_t i = 0; i < 3; ++i) {
    bytes += object(facts, std::vector<std::int16_t>{i, static_cast<std::int16_t>(-i)});
  }
  Description description;
  description.axes = {axis("Wavelength", "nm", 3, 5, 0, Role::navigation), axis("Width", "mm", 2, 1, 0)};
  description.metadata = height_metadata();
  return fixture("profiles.pro", bytes, description, {0, 0, 1, -1, 2, -2});
}

}  // namespace

std::vector<Fixture> digitalsurf_fixtures() {
  return {spectral_map(), packed_surface(), spectra(), coloured_surface(), profiles()};
}

}  // namespace ruska::io
