// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <complex>

#include "ruska/core/metadata.hpp"
#include "tests/file_bytes.hpp"
#include "tests/written_fixture.hpp"

namespace ruska::io {

const Driver& mrc_driver();

namespace {

struct Layout {
  int columns, rows, sections, mode;
  float angstrom = 0;  ///< a pixel's side
  std::string extended{}, kind{};
  std::endian order = std::endian::little;
  int imod_flags = -1;  ///< none
  std::array<int, 3> axes{1, 2, 3};
};

FileBytes header(const Layout& layout) {
  FileBytes file;
  const auto put = [&](auto value) { layout.order == std::endian::little ? file.little(value) : file.big(value); };
  for (const int value : {layout.columns, layout.rows, layout.sections, layout.mode, 0, 0, 0, layout.columns,
                          layout.rows, layout.sections}) {
    put(value);
  }
  for (const int count : {layout.columns, layout.rows, layout.sections}) {
    put(static_cast<float>(count) * layout.angstrom);
  }
  for (int i = 0; i < 3; ++i) put(90.0f);
  for (const int axis : layout.axes) put(axis);
  for (int i = 0; i < 3; ++i) put(0.0f);
  put(0);
  put(static_cast<int>(layout.extended.size()));
  file.pad_to(104).text(layout.kind).pad_to(152);
  if (layout.imod_flags >= 0) {
    put(1146047817);
    put(layout.imod_flags);
  }
  file.pad_to(196);
  for (const float origin : {20.0f, -30.0f, 0.0f}) put(origin);
  file.text("MAP ").text(layout.order == std::endian::little ? "DD" : "\x11\x11").pad_to(220);
  put(1);
  file.text("made for tests").pad_to(1024).text(layout.extended);
  return file;
}

template <class T>
Fixture fixture(const std::string& name, const Layout& layout, Description description) {
  FileBytes file = header(layout);
  std::vector<T> values;
  for (int i = 0; i < layout.columns * layout.rows * layout.sections; ++i) {
    if constexpr (is_complex_v<T>) {
      values.push_back({static_cast<float>(i), -0.5f});
      file.little(values.back().real()).little(values.back().imag());
    } else {
      values.push_back(static_cast<T>(i * 7 - 9));
      layout.order == std::endian::little ? file.little(values.back()) : file.big(values.back());
    }
  }
  return {"mrc",
          name,
          [=](const std::filesystem::path& folder) { return file.write(folder / name); },
          {Dataset::from_values<T>(description, values)}};
}

Description description_of(Axes axes) {
  Description description;
  description.axes = std::move(axes);
  set(description.metadata, "General.title", "");
  return description;
}

/// Thermo Fisher's record of 172 bytes in use.
std::string record() {
  FileBytes bytes;
  bytes.little(std::uint32_t{172}).little(std::uint32_t{2}).little(std::uint32_t{0x45a2}).little(0.0);
  FileBytes texts;
  texts.text("Spectra").pad_to(16).text("3814").pad_to(32).text("Velox").pad_to(48).text("3.7").pad_to(64);
  bytes.text(texts.bytes());
  for (const double value : {300000.0, 0.0, 30.5, -1.25, 0.0, 2e-5, 0.0, 0.0, 0.0, 5e-9, 5e-9}) bytes.little(value);
  return bytes.pad_to(180).bytes();
}

Fixture thermo_fisher() {
  Description description = description_of(
      {axis("y", "nm", Role::signal, 3, 5e-9 * 1e9, 0), axis("x", "nm", Role::signal, 4, 5e-9 * 1e9, 0)});
  Json& metadata = description.metadata;
  set(metadata, "Acquisition_instrument.TEM.microscope", "Spectra");
  set(metadata, "Acquisition_instrument.TEM.beam_energy", 300.0);
  set(metadata, "Acquisition_instrument.TEM.Stage.tilt_alpha", 30.5);
  set(metadata, "Acquisition_instrument.TEM.Stage.tilt_beta", -1.25);
  set(metadata, "Acquisition_instrument.TEM.Stage.y", 2e-5 * 1000);
  return fixture<std::uint16_t>(
      "velox.mrc", {.columns = 4, .rows = 3, .sections = 1, .mode = 6, .extended = record(), .kind = "FEI2"},
      description);
}

/// A scan whose raster stands in the camera's text file.
Fixture scan() {
  Layout layout{.columns = 3, .rows = 2, .sections = 6, .mode = 1, .angstrom = -10};
  Description description =
      description_of({axis("y", "nm", Role::navigation, 2, 0.25, 0), axis("x", "nm", Role::navigation, 3, 0.5, 0),
                      axis("ky", "1/nm", Role::signal, 2, 0.125, 0), axis("kx", "", Role::signal, 3, 1, 0)});
  Json& metadata = description.metadata;
  set(metadata, "Acquisition_instrument.TEM.beam_energy", 200.0);
  set(metadata, "Acquisition_instrument.TEM.magnification", 1000.0);
  set(metadata, "Acquisition_instrument.TEM.camera_length", 123.0);
  set(metadata, "Acquisition_instrument.TEM.frames_per_second", 700.0);
  set(metadata, "Acquisition_instrument.TEM.detector", "DESim");
  Fixture one = fixture<std::int16_t>("scan_movie.mrc", layout, description);
  FileBytes text;
  text.text(
      "Scan - Enable = Enable\r\nScan - Type = Raster\r\nScan - Size X = 3\r\nScan - Size Y = 2\r\n"
      "Specimen Pixel Size X (nanometers) = 0.5\r\nSpecimen Pixel Size Y (nanometers) = 0.25\r\n"
      "Diffraction Pixel Size X = -1\r\nDiffraction Pixel Size Y = 0.125\r\nFrames Per Second = 700\r\n"
      "Camera Model = DESim\r\nInstrument Accelerating Voltage (V) = 200000\r\n"
      "Instrument Project Magnification = 1000\r\nInstrument Project Camera Length (centimeters) = 12.3\r\n");
  one.write = [write = one.write, text](const std::filesystem::path& folder) {
    text.write(folder / "scan_info.txt");
    return write(folder);
  };
  return one;
}

}  // namespace

std::vector<Fixture> mrc_fixtures() {
  const Axis z = axis("z", "", Role::navigation, 2, 0.5, 0);
  return {
      fixture<float>(
          "volume.map", {.columns = 4, .rows = 3, .sections = 2, .mode = 2, .angstrom = 5, .order = std::endian::big},
          description_of({z, axis("y", "nm", Role::signal, 3, 0.5, -3), axis("x", "nm", Role::signal, 4, 0.5, 2)})),
      fixture<std::int8_t>(
          "signed.mrc", {.columns = 4, .rows = 3, .sections = 1, .mode = 0, .axes = {2, 1, 3}},
          description_of({axis("x", "", Role::signal, 3, 1, 2), axis("y", "", Role::signal, 4, 1, -3)})),
      fixture<std::uint8_t>(
          "imod.mrc", {.columns = 4, .rows = 3, .sections = 1, .mode = 0, .imod_flags = 0},
          description_of({axis("y", "", Role::signal, 3, 1, -3), axis("x", "", Role::signal, 4, 1, 2)})),
      fixture<std::complex<float>>(
          "transform.mrc", {.columns = 3, .rows = 2, .sections = 1, .mode = 4},
          description_of({axis("y", "", Role::signal, 2, 1, -3), axis("x", "", Role::signal, 3, 1, 2)})),
      thermo_fisher(),
      scan(),
      written_fixture(mrc_driver(), "kept.mrc", fully_described_map())};
}

}  // namespace ruska::io
