// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <numbers>

#include <bzlib.h>

#include "ruska/core/metadata.hpp"
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {

namespace {

constexpr double radian = std::numbers::pi / 180;

FileBytes compressed(const FileBytes& plain) {
  std::string out(plain.size() + plain.size() / 100 + 600, '\0');
  auto length = static_cast<unsigned>(out.size());
  std::string in = plain.bytes();
  if (BZ2_bzBuffToBuffCompress(out.data(), &length, in.data(), static_cast<unsigned>(in.size()), 1, 0, 0) != BZ_OK) {
    throw Error(ErrorKind::internal, "a fixture could not be compressed");
  }
  FileBytes file;
  return file.text(std::string_view(out).substr(0, length));
}

/// An uncompressed TIFF image of one strip; the description goes into Phenom's own tag.
FileBytes tiff(std::uint32_t width, std::uint32_t height, std::uint16_t bits, std::uint16_t samples,
               std::string_view pixels, const std::string& description) {
  struct Entry {
    std::uint16_t tag, type;
    std::uint32_t count, value;
  };
  const std::uint32_t entries = description.empty() ? 9 : 10;
  const std::uint32_t bits_at = 8 + 2 + 12 * entries + 4, pixels_at = bits_at + 8;
  const auto text_at = static_cast<std::uint32_t>(pixels_at + pixels.size());
  std::vector<Entry> list{{256, 4, 1, width},
                          {257, 4, 1, height},
                          {258, 3, samples, samples <= 2 ? bits : bits_at},
                          {259, 3, 1, 1},
                          {262, 3, 1, samples == 1 ? 1U : 2U},
                          {273, 4, 1, pixels_at},
                          {277, 3, 1, samples},
                          {278, 4, 1, height},
                          {279, 4, 1, static_cast<std::uint32_t>(pixels.size())}};
  if (!description.empty()) list.push_back({34683, 2, static_cast<std::uint32_t>(description.size() + 1), text_at});
  FileBytes file;
  file.text("II").little(std::uint16_t{42}).little(std::uint32_t{8}).little(static_cast<std::uint16_t>(entries));
  for (const Entry& one : list) file.little(one.tag).little(one.type).little(one.count).little(one.value);
  file.little(std::uint32_t{0});
  for (int i = 0; i < 4; ++i) file.little(bits);
  file.text(pixels);
  if (!description.empty()) file.text(description).text(std::string_view("\0", 1));
  return file;
}

constexpr const char* image_xml =
    "<FeiImage><pixelWidth>0.5</pixelWidth><pixelHeight unit=\"m\">0.25</pixelHeight>"
    "<time>2019-08-07T09:37:31</time><samplePosition><x>-0.0025</x><y>0.5</y></samplePosition>"
    "<acquisition><scan><highVoltage unit=\"kV\">-15</highVoltage><scanScale>0.5</scanScale></scan></acquisition>"
    "<instrument><uniqueID>MVE</uniqueID></instrument></FeiImage>";

/// The content of a project in the making.
class Project {
 public:
  explicit Project(int version) : version_(version) { bytes_.text("EID2").little(static_cast<std::int32_t>(version)); }

  template <class T>
  Project& add(T value) {
    bytes_.little(value);
    return *this;
  }
  Project& count(std::size_t value) { return add(static_cast<std::uint32_t>(value)); }
  Project& block(std::string_view content) {
    count(content.size());
    bytes_.text(content);
    return *this;
  }
  Project& raw(std::string_view content) {
    bytes_.text(content);
    return *this;
  }

  Project& conditions(double voltage) {
    add(voltage).add(version_ == 0 ? 28.5 : 28.5 * radian).add(45 * radian).add(5.5).add(10.25).add(1e-6).add(1e-7);
    add(126.5).block("instrument");
    if (version_ > 0) add(0.008).add(0.0085).add(25e-6).add(0.04).add(2 * radian);
    if (version_ >= 3) add(0.5).add(std::uint8_t{1}).add(std::uint8_t{2});
    return *this;
  }

  /// What every analysis begins with: type, no cutout, the counts 0, 5 and 300, and how it was measured.
  Project& analysis(int type, int number) {
    add(static_cast<std::uint8_t>(type)).count(0).add(-25.0).add(10.0);
    count(3).raw(std::string_view("\0\x05\xac\x02", 4));
    conditions(15000.0).block("\x1a\x08").block("").count(1).add(std::int32_t{7});
    count(1).raw("\x1a\x02\x03").add(std::uint8_t{1}).add(static_cast<std::int32_t>(number)).count(1).raw("\x1a\x01");
    if (version_ >= 2) add(std::uint8_t{1});
    if (version_ >= 4) block("\x06");
    return *this;
  }

  FileBytes file() const { return compressed(bytes_); }

 private:
  FileBytes bytes_;
  int version_;
};

/// What the analyses' metadata have in common.
Description description(std::string title, bool on_image, bool version_0 = false) {
  Description one;
  one.title = std::move(title);
  one.signal_type = "EDS_SEM";
  Json& metadata = one.metadata;
  set(metadata, "General.title", one.title);
  set(metadata, "Signal.signal_type", "EDS_SEM");
  if (on_image) {
    set(metadata, "General.date", "2019-08-07");
    set(metadata, "General.time", "09:37:31");
    set(metadata, "Acquisition_instrument.SEM.microscope", "MVE");
    set(metadata, "Acquisition_instrument.SEM.Stage", Json{{"x", -2.5}, {"y", 500.0}});
  }
  set(metadata, "Acquisition_instrument.SEM.beam_energy", 15.0);
  const double elevation = version_0 ? 28.5 * std::numbers::pi / 180 : 28.5 * radian;
  set(metadata, "Acquisition_instrument.SEM.Detector.EDS",
      Json{{"azimuth_angle", 45 * radian * 180 / std::numbers::pi},
           {"elevation_angle", elevation * 180 / std::numbers::pi},
           {"energy_resolution_MnKa", 126.5},
           {"live_time", 5.5},
           {"real_time", 10.25}});
  if (!version_0) {
    set(metadata, "Acquisition_instrument.SEM.Stage.tilt_alpha", 2 * radian * 180 / std::numbers::pi);
    set(metadata, "Acquisition_instrument.SEM.working_distance", 8.5);
  }
  return one;
}

Dataset spectrum(const std::string& title, bool on_image, bool version_0 = false) {
  Description one = description(title, on_image, version_0);
  one.axes = {axis("Energy", "keV", Role::signal, 3, 0.01, -0.025)};
  return Dataset::from_values<std::int64_t>(one, std::vector<std::int64_t>{0, 5, 300});
}

Fixture fixture(std::string name, const FileBytes& file, std::vector<Dataset> expected) {
  return {"phenom", name, [=](const std::filesystem::path& folder) { return file.write(folder / name); },
          std::move(expected)};
}

/// Every kind of analysis, on an image and off it.
Fixture project() {
  Project project(4);
  const std::string pixels("\x01\x02\x03\x04\x05\xff", 6);
  project.count(1).block(tiff(3, 2, 8, 1, pixels, image_xml).bytes()).block("Image 1").count(6);
  project.analysis(1, 1);
  project.analysis(2, 2).add(0.25).add(0.75);
  project.analysis(3, 3).add(0.0).add(0.0).add(1.0).add(1.0).count(2).count(3).add(-25.0).add(10.0).conditions(15000.0);
  project.add(std::uint8_t{1}).add(std::uint8_t{0});
  project.raw(std::string_view("\x01\0\xff\xff\xff\xff\x0f\x02\x03\x04", 10)).add(1.0).add(2.0).add(3.0);
  project.add(std::uint8_t{1});
  project.analysis(4, 4).add(0.0).add(0.0).add(1.0).add(1.0).count(1).add(0.5).count(2).count(1).count(3);
  project.add(-25.0).add(10.0).conditions(15000.0).add(std::uint8_t{0}).add(std::uint8_t{1});
  project.raw(std::string_view("\0\x07\0\xff\0\x01", 6)).add(4.0).add(5.0).add(6.0);
  project.analysis(5, 5).count(3).count(4);
  project.analysis(6, 6).add(0.0).add(0.25).add(0.5).add(0.75);
  project.count(1).analysis(2, 7).add(0.5).add(0.5);
  project.count(1).analysis(7, 8).block("sum").count(1).count(2).add(1.5);

  Description image;
  image.title = "Image 1";
  image.axes = {axis("y", "mm", Role::signal, 2, 250, 0), axis("x", "mm", Role::signal, 3, 500, 0)};
  Json& metadata = image.metadata;
  set(metadata, "General", Json{{"title", "Image 1"}, {"date", "2019-08-07"}, {"time", "09:37:31"}});
  set(metadata, "Acquisition_instrument.SEM",
      Json{{"beam_energy", 15.0}, {"microscope", "MVE"}, {"Stage", {{"x", -2.5}, {"y", 500.0}}}});
  Description line = description("Image 1, Line 3", true);
  line.axes = {axis("i", "points", Role::navigation, 2, 1, 0),
               axis("X-ray energy", "keV", Role::signal, 3, 0.01, -0.025)};
  Description map = description("Image 1, Map 4", true);
  map.axes = {axis("y", "mm", Role::navigation, 1, 750, 0), axis("x", "mm", Role::navigation, 2, 375, 0),
              axis("X-ray energy", "keV", Role::signal, 3, 0.01, -0.025)};
  return fixture("project.elid", project.file(),
                 {Dataset::from_values<std::uint8_t>(image, std::vector<std::uint8_t>{1, 2, 3, 4, 5, 255}),
                  spectrum("Image 1, MSA 1", true), spectrum("Image 1, Spot 2", true),
                  Dataset::from_values<std::uint32_t>(line, std::vector<std::uint32_t>{1, 0, 4294967295U, 2, 3, 4}),
                  Dataset::from_values<std::uint32_t>(map, std::vector<std::uint32_t>{0, 7, 0, 255, 0, 1}),
                  spectrum("Image 1, Difference 3 - 4", true), spectrum("Image 1, Region 6", true),
                  spectrum("Spot 7", false), spectrum("sum", false)});
}

/// The oldest version, with a coloured image that says nothing of itself.
Fixture oldest() {
  Project project(0);
  const std::string pixels("\x01\x02\x03\x04\x05\x06", 6);
  project.count(1).block(tiff(1, 2, 8, 3, pixels, "").bytes()).block("old \xc2\xb5").count(1);
  project.analysis(2, 1).add(0.25).add(0.75);
  Description image;
  image.title = "old µ";
  image.axes = {axis("y", "points", Role::signal, 2, 1, 0), axis("x", "points", Role::signal, 1, 1, 0),
                axis("", "", Role::signal, 3, 1, 0)};
  image.fields = {"R", "G", "B"};
  set(image.metadata, "General.title", "old µ");
  return fixture("oldest.elid", project.file(),
                 {Dataset::from_values<std::uint8_t>(image, std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6}),
                  spectrum("old µ, Spot 1", false, true)});
}

}  // namespace

std::vector<Fixture> phenom_fixtures() { return {project(), oldest()}; }

}  // namespace ruska::io
