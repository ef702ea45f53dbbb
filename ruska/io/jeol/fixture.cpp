// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/metadata.hpp"
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {

namespace {

constexpr double day = 42832.75;  // 7 April 2017, 18:00

/// A tree of named values in the making.
class Tree {
 public:
  Tree& begin(std::string_view name, std::int32_t type = 0, std::string_view value = {}) {
    bytes_.text("\x01").little(static_cast<std::int32_t>(name.size() + 1)).text(name).text(std::string_view("\0", 1));
    bytes_.little(type).little(static_cast<std::int32_t>(value.size())).text(value);
    return *this;
  }
  Tree& end() {
    bytes_.text("\xff");
    return *this;
  }
  Tree& text(std::string_view name, std::string_view value) {
    return begin(name, 12, std::string(value) + std::string(1, '\0')).end();
  }
  template <class T>
  Tree& number(std::string_view name, T value) {
    FileBytes one;
    one.little(value);
    const std::int32_t type = std::is_same_v<T, double> ? 5 : std::is_same_v<T, float> ? 4 : sizeof(T) == 2 ? 2 : 3;
    return begin(name, type, one.bytes()).end();
  }
  std::string bytes() const { return bytes_.bytes() + "\xff"; }

 private:
  FileBytes bytes_;
};

/// An image or line map of 2 x 3 pixels; `type` is that of the pixels.
template <class T>
FileBytes image_file(std::string_view title, std::int32_t type, const std::vector<T>& pixels) {
  FileBytes bits;
  for (const T pixel : pixels) bits.little(pixel);
  FileBytes size;
  size.little(std::int32_t{3}).little(std::int32_t{2});
  Tree tree;
  tree.begin("Instrument").number("ScanSize", 120.0F).number("AccV", 200.0F).number("Mag", std::int32_t{40000}).end();
  tree.begin("Image").number("Created", day).text("Title", title).begin("Size", 8, size.bytes()).end();
  tree.begin("Bits", type, bits.bytes()).end().end();
  FileBytes file;
  file.little(std::uint32_t{52}).text("JED-2200:LibJxImageForm").pad_to(36);
  file.little(std::uint32_t{0}).little(std::uint32_t{0}).little(std::uint32_t{48}).pad_to(60);
  return file.text(tree.bytes());
}

template <class T>
Dataset image(std::string title, const std::vector<T>& pixels) {
  Description description;
  description.title = title;
  description.axes = {axis("y", "µm", Role::signal, 2, 1.5, 0), axis("x", "µm", Role::signal, 3, 1, 0)};
  set(description.metadata, "General.title", title);
  set(description.metadata, "General.date", "2017-04-07");
  set(description.metadata, "General.time", "18:00:00");
  set(description.metadata, "Acquisition_instrument.TEM.beam_energy", 200.0);
  set(description.metadata, "Acquisition_instrument.TEM.magnification", 40000.0);
  return Dataset::from_values<T>(description, pixels);
}

/// A spectrum of 3 channels with an excluded element, a selected one with a line, and a quantity.
FileBytes spectrum_file() {
  FileBytes file;
  file.little(std::uint32_t{2}).little(std::uint32_t{2}).little(std::uint16_t{0}).little(day).text("030").pad_to(226);
  for (const double value : {1.75, 0.12, 45.0, 0.01, 60.0, 66.5, 4.0, 1000.0}) file.little(value);
  file.pad_to(362).little(0.01).little(-0.25).text("state").pad_to(422).text("T3").pad_to(454).little(std::int32_t{3});
  for (const std::int32_t count : {0, 7, 2000000000}) file.little(count);
  file.little(std::int32_t{0}).little(std::int32_t{1}).little(std::uint16_t{6});
  std::size_t at = file.size() + 4;  // the selected element
  file.little(std::int32_t{1}).little(std::int32_t{2}).little(std::uint16_t{8}).pad_to(at + 32).little(0.525);
  file.pad_to(at + 64).text("O K").pad_to(at + 96).little(std::int32_t{1}).little(std::int32_t{1});
  file.little(std::int32_t{1}).little(0.525).little(std::uint16_t{8}).text("\x01O\x02Ka").little(std::int32_t{1});
  at = file.size() + 4;  // the quantities
  file.little(std::int32_t{1}).pad_to(at + 28 + 4).little(std::uint16_t{8}).pad_to(at + 28 + 14);
  file.little(0.525).little(0.0).little(40.0).little(0.5).little(60.0).text("O").pad_to(at + 28 + 70);
  file.little(40.0).little(0.0).little(7.0).pad_to(at + 28 + 126).little(std::int32_t{5});
  at = file.size();  // the conditions
  file.text("SDD").pad_to(at + 16).text("JSM").pad_to(at + 48).little(15.0).little(1.5).pad_to(at + 102).little(133.0);
  file.pad_to(at + 102 + 52).little(120.0).pad_to(at + 102 + 70).little(8.0).little(90.0).little(0.0).little(22.5);
  return file.little(30.0).pad_to(at + 300);
}

Fixture spectrum() {
  Description description;
  description.title = "EDX";
  description.signal_type = "EDS_SEM";
  description.axes = {axis("Energy", "keV", Role::signal, 3, 0.01, -0.25)};
  Json& metadata = description.metadata;
  set(metadata, "General.title", "EDX");
  set(metadata, "General.date", "2017-04-07");
  set(metadata, "General.time", "18:00:00");
  set(metadata, "Signal", Json{{"signal_type", "EDS_SEM"}, {"quantity", "X-rays (Counts)"}});
  set(metadata, "Acquisition_instrument.SEM.beam_energy", 15.0);
  set(metadata, "Acquisition_instrument.SEM.Detector.EDS",
      Json{{"azimuth_angle", 90.0},
           {"elevation_angle", 22.5},
           {"energy_resolution_MnKa", 133.0},
           {"detector_type", "SDD"},
           {"live_time", 60.0},
           {"real_time", 66.5}});
  const FileBytes file = spectrum_file();
  return {"jeol",
          "spectrum.eds",
          [=](const std::filesystem::path& folder) { return file.write(folder / "spectrum.eds"); },
          {Dataset::from_values<std::int32_t>(description, std::vector<std::int32_t>{0, 7, 2000000000})}};
}

/// Words of events: line, column, X-ray and electron signal.
std::uint16_t word(int kind, int value) { return static_cast<std::uint16_t>(kind << 12 | value); }

/// A map of 2 x 4 pixels from two frames and one that was not finished.
FileBytes event_file(bool electrons) {
  Tree tree;
  tree.begin("PTTD Param").begin("Params");
  tree.begin("PARAMPAGE1", 12, "EDXRF").begin("Tpl").begin("T4").number("DigZ", std::int16_t{96}).end().end().end();
  tree.begin("PARAMPAGE0", 12, "SEM").text("DetT", "SDD").number("MnKaRES", 138.0F).number("DirAng", 90.0F);
  tree.number("ElevAng", 22.5F).number("ScanSize\xde", 7.0F).number("ScanSize", 120.0F);
  tree.begin("AccKV", 4, std::string("\0\0\x48\x43", 4)).begin("Limits", 65553, "limits").end().end().end();
  tree.end().end();
  tree.begin("PTTD Data").begin("AnalyzableMap MeasData");
  tree.begin("Doc").number("LiveTime", 2.5).number("RealTime", 3.5).number("Sweep", std::int16_t{2});
  tree.number("CoefA", 0.0078125).number("CoefB", -0.125).end();
  tree.begin("Meas Cond").text("Tpl", "T4").text("Pixels", "4x2").end();
  tree.begin("MeasCond").number("AccKV", 200.0F).number("Mag", std::int32_t{40000}).end().end().end();
  FileBytes file;
  file.little(std::uint32_t{304}).text("PTTDFILE").little(std::uint32_t{131072}).little(std::uint32_t{1});
  const auto events_begin = static_cast<std::uint32_t>(304 + 12 + tree.bytes().size());
  std::vector<std::uint16_t> words;
  for (const int frame : {0, 1, 2}) {
    for (const int y : {0, 2048}) {
      words.push_back(word(9, y));
      for (const int x : {0, 1024, 2048, 3072}) {
        if (frame == 2 && y > 0 && x > 1024) break;  // stopped here
        words.push_back(word(8, x));
        if (electrons) words.push_back(word(10, 100));
        for (int i = 0; i < x / 1024; ++i) words.push_back(word(11, 4095 - y - i / 2));
      }
      words.push_back(word(6, 0));
    }
    if (!electrons && frame == 1) break;
  }
  file.little(std::uint32_t{304}).little(std::uint32_t{0}).little(events_begin);
  file.little(static_cast<std::uint32_t>(2 * words.size())).pad_to(296).little(day).pad_to(316).text(tree.bytes());
  for (const std::uint16_t one : words) file.little(one);
  return file;
}

Dataset events(const std::string& name) {
  Description description;
  description.title = "EDS extracted from " + name;
  description.signal_type = "EDS_TEM";
  description.axes = {axis("y", "µm", Role::navigation, 2, 1.5, 0), axis("x", "µm", Role::navigation, 4, 0.75, 0),
                      axis("Energy", "keV", Role::signal, 4096, 0.0078125, -0.875)};
  Json& metadata = description.metadata;
  set(metadata, "General.title", description.title);
  set(metadata, "General.date", "2017-04-07");
  set(metadata, "General.time", "18:00:00");
  set(metadata, "Signal", Json{{"signal_type", "EDS_TEM"}, {"quantity", "X-rays (Counts)"}});
  set(metadata, "Acquisition_instrument.TEM.beam_energy", 200.0);
  set(metadata, "Acquisition_instrument.TEM.magnification", 40000.0);
  set(metadata, "Acquisition_instrument.TEM.Detector.EDS",
      Json{{"azimuth_angle", 90.0},
           {"elevation_angle", 22.5},
           {"energy_resolution_MnKa", 138.0},
           {"real_time", 3.5},
           {"live_time", 2.5},
           {"detector_type", "SDD"}});
  std::vector<std::uint16_t> counts(2 * 4 * 4096);
  for (std::size_t y = 0; y < 2; ++y) {
    for (std::size_t x = 0; x < 4; ++x) {
      for (std::size_t i = 0; i < x; ++i) counts[(y * 4 + x) * 4096 + 4095 - 2048 * y - i / 2] += 2;
    }
  }
  return Dataset::from_values<std::uint16_t>(description, counts);
}

Fixture event_map() {
  const FileBytes file = event_file(false);
  return {"jeol",
          "events.pts",
          [=](const std::filesystem::path& folder) { return file.write(folder / "events.pts"); },
          {events("events.pts")}};
}

/// A project with an image, a map of 16 bits and events with the electron signal; one name in Shift-JIS.
Fixture project() {
  const std::vector<std::uint8_t> electrons{0, 1, 2, 3, 4, 255};
  const std::vector<std::uint16_t> line{0, 1, 2, 3, 4, 65535};
  const FileBytes first = image_file("IMG1", 6, electrons), second = image_file("Fe K", 7, line);
  const FileBytes third = event_file(true);
  Tree tree;
  tree.text("FileType", "Analysis Station").text("Memo", "Project");
  tree.begin("SampleInfo").begin("0").begin("ViewInfo").begin("0").begin("ViewData");
  tree.begin("0").text("Filename", ".\\view_0.img").end();
  tree.begin("1").text("Filename", ".\\\x83\x7d\x83\x62\x83\x76.map").end();
  tree.begin("2").text("Filename", "view_2.pts").end();
  tree.end().end().end().end().end();
  FileBytes file;
  file.pad_to(12).text(tree.bytes());
  return {"jeol",
          "project.asw",
          [=](const std::filesystem::path& folder) {
            first.write(folder / "view_0.img");
            second.write(folder / "マップ.map");
            third.write(folder / "view_2.pts");
            return file.write(folder / "project.asw");
          },
          {image("IMG1", electrons), image("Fe K", line), events("view_2.pts")}};
}

}  // namespace

std::vector<Fixture> jeol_fixtures() { return {spectrum(), event_map(), project()}; }

}  // namespace ruska::io
