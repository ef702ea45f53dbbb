// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/metadata.hpp"
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {

namespace {

struct Dimension {
  std::uint32_t size;
  double offset, step;
  std::uint32_t element;
  const char* units;
};

struct Calibration {
  double offset, step;
  std::uint32_t element;
};

struct Series {
  int version = 0x210;
  bool images = false;
  std::uint32_t total = 1, valid = 1;
  std::vector<Dimension> dimensions{{1, 0, 1, 0, ""}};
  std::vector<Calibration> calibration;  ///< x, y
  std::vector<std::uint32_t> size;       ///< x, y
  std::uint16_t type = 2;
  bool column_by_column = false;
};

/// The file of a series; element i has the values `values[i]`, images from the bottom row up.
template <class T>
FileBytes series_file(const Series& series, const std::vector<std::vector<T>>& values) {
  FileBytes file;
  const auto place = [&](std::size_t at) {
    series.version > 0x210 ? file.little(static_cast<std::uint64_t>(at)) : file.little(static_cast<std::uint32_t>(at));
  };
  const std::size_t place_bytes = series.version > 0x210 ? 8 : 4;
  file.little(std::uint16_t{0x4949}).little(std::uint16_t{0x0197}).little(static_cast<std::uint16_t>(series.version));
  file.little(std::uint32_t{series.images ? 0x4122u : 0x4120u}).little(std::uint32_t{0x4142});
  file.little(series.total).little(series.valid);
  std::size_t header = file.size() + place_bytes + 4;
  for (const Dimension& one : series.dimensions) header += 28 + 8 + 4 + std::string_view(one.units).size();
  place(header);
  file.little(static_cast<std::uint32_t>(series.dimensions.size()));
  for (const Dimension& one : series.dimensions) {
    file.little(one.size).little(one.offset).little(one.step).little(one.element);
    file.little(std::uint32_t{8}).text("Position");
    file.little(static_cast<std::uint32_t>(std::string_view(one.units).size())).text(one.units);
  }
  const std::size_t element =
      series.calibration.size() * 20 + 2 + series.size.size() * 4 + values[0].size() * sizeof(T);
  constexpr std::size_t tag = 24;
  const std::size_t first = header + 2 * place_bytes * series.total;
  for (std::uint32_t i = 0; i < series.total; ++i) place(i < series.valid ? first + i * (element + tag) : 0);
  for (std::uint32_t i = 0; i < series.total; ++i) place(i < series.valid ? first + i * (element + tag) + element : 0);
  for (std::uint32_t i = 0; i < series.valid; ++i) {
    for (const Calibration& one : series.calibration) file.little(one.offset).little(one.step).little(one.element);
    file.little(series.type);
    for (const std::uint32_t size : series.size) file.little(size);
    const std::size_t row = series.size[0];
    for (std::size_t start = values[i].size(); start > 0; start -= row) {
      for (std::size_t x = 0; x < row; ++x) file.little(values[i][start - row + x]);
    }
    file.little(std::uint16_t{0x4142}).little(std::uint16_t{0}).little(std::uint32_t{1456142436});
    const bool along_y = series.column_by_column;
    file.little(along_y ? 0.0 : i * 1e-9).little(along_y ? i * 1e-9 : 0.0);
  }
  return file;
}

template <class T>
std::vector<std::vector<T>> elements(std::uint32_t count, std::size_t size, T step) {
  std::vector<std::vector<T>> list(count);
  T value = 0;
  for (auto& one : list) {
    for (std::size_t i = 0; i < size; ++i) one.push_back(value = static_cast<T>(value + step));
  }
  return list;
}

template <class T>
std::vector<T> joined(const std::vector<std::vector<T>>& list) {
  std::vector<T> all;
  for (const auto& one : list) all.insert(all.end(), one.begin(), one.end());
  return all;
}

Description description_of(Axes axes) {
  Description description;
  description.axes = std::move(axes);
  set(description.metadata, "General.title", "");
  return description;
}

/// A map of 2 × 3 spectra and a camera's image of another shape, with the .emi that belongs to them.
Fixture map_and_image() {
  const Series map{.version = 0x220,
                   .total = 6,
                   .valid = 6,
                   .dimensions = {{3, -2e-9, 1e-9, 0, "meters"}, {2, 4e-9, -2e-9, 2, "meters"}},
                   .calibration = {{-20, 0.5, 0}},
                   .size = {4},
                   .type = 6};
  const auto spectra = elements<std::int32_t>(6, 4, -7);
  const Series pattern{.images = true, .calibration = {{-4e8, 1e8, 0}, {1e8, 2e8, 1}}, .size = {3, 2}, .type = 7};
  const auto image = elements<float>(1, 6, 0.75f);
  // Spectra are one row each and so are not turned around.
  const FileBytes first = series_file(map, spectra);
  const FileBytes second = series_file(pattern, image);
  FileBytes emi;
  emi.text(std::string_view("JK\0\2\0\0", 6));
  emi.text(
      "<ObjectInfo><Uuid>1</Uuid><ExperimentalDescription><Root>"
      "<Data><Label>Microscope</Label><Value>Microscope Tecnai</Value><Unit></Unit></Data>"
      "<Data><Label>High tension</Label><Value>200</Value><Unit>kV</Unit></Data>"
      "<Data><Label>Mode</Label><Value> STEM nP SA</Value><Unit></Unit></Data>"
      "<Data><Label>Camera length</Label><Value>0.25</Value><Unit>m</Unit></Data>"
      "<Data><Label>Stage X</Label><Value>-0.5</Value><Unit>um</Unit></Data>"
      "<Data><Label>Stage A</Label><Value>12.5</Value><Unit>deg</Unit></Data></Root></ExperimentalDescription>"
      "<AcquireDate>Sun Feb 21 17:53:06 2016</AcquireDate><AcquireInfo><DwellTimePath>0.000048</DwellTimePath>"
      "</AcquireInfo></ObjectInfo>");
  emi.text(std::string(9, '\1'))
      .text("<ObjectInfo><AcquireInfo><CameraNamePath>Ceta</CameraNamePath></AcquireInfo></ObjectInfo>");
  emi.text(std::string(5, '\2'));

  Description map_description = description_of(
      {axis("y", "nm", Role::navigation, 2, -2e-9 * 1e9, (4e-9 - 2 * -2e-9) * 1e9),
       axis("x", "nm", Role::navigation, 3, 1e-9 * 1e9, -2e-9 * 1e9), axis("Energy", "eV", Role::signal, 4, 0.5, -20)});
  Json& metadata = map_description.metadata;
  set(metadata, "General.date", "2016-02-21");
  set(metadata, "General.time", "17:53:06");
  metadata["Acquisition_instrument"]["TEM"] = {{"beam_energy", 200.0},
                                               {"camera_length", 250.0},
                                               {"microscope", "Tecnai"},
                                               {"acquisition_mode", "STEM"},
                                               {"Stage", {{"tilt_alpha", 12.5}, {"x", -0.5 * 1e-3}}},
                                               {"Detector", {{"Camera", {{"exposure", 0.000048}}}}}};
  Description image_description = description_of({axis("y", "1/nm", Role::signal, 2, 2e8 * 1e-9, -1e8 * 1e-9),
                                                  axis("x", "1/nm", Role::signal, 3, 1e8 * 1e-9, -4e8 * 1e-9)});
  set(image_description.metadata, "Acquisition_instrument.TEM.Detector.Camera.Name", "Ceta");
  return {"tia",
          "map.emi",
          [=](const std::filesystem::path& folder) {
            first.write(folder / "map_1.ser");
            second.write(folder / "map_2.ser");
            return emi.write(folder / "map.emi");
          },
          {Dataset::from_values<std::int32_t>(map_description, joined(spectra)),
           Dataset::from_values<float>(image_description, joined(image))}};
}

template <class T>
Fixture lone(const char* name, const FileBytes& file, const Description& description,
             const std::vector<std::vector<T>>& values) {
  return {"tia",
          name,
          [=](const std::filesystem::path& folder) { return file.write(folder / name); },
          {Dataset::from_values<T>(description, joined(values))}};
}

/// Three images of five promised.
Fixture stopped_series() {
  const Series series{.images = true,
                      .total = 5,
                      .valid = 3,
                      .dimensions = {{5, 0, 1, 0, ""}},
                      .calibration = {{-2e-8, 1e-8, 0}, {-3e-8, 1e-8, 0}},
                      .size = {4, 3},
                      .type = 2};
  const auto values = elements<std::uint16_t>(3, 12, 1801);
  return lone("stopped_1.ser", series_file(series, values),
              description_of({axis("", "", Role::navigation, 3, 1, 0),
                              axis("y", "nm", Role::signal, 3, 1e-8 * 1e9, -3e-8 * 1e9),
                              axis("x", "nm", Role::signal, 4, 1e-8 * 1e9, -2e-8 * 1e9)}),
              values);
}

/// A map of images that ran through the columns, two rows of three: the second dimension is the fast one.
Fixture column_by_column() {
  const Series series{.version = 0x220,
                      .images = true,
                      .total = 6,
                      .valid = 6,
                      .dimensions = {{3, 0, 1e-9, 0, "meters"}, {2, 0, 1e-9, 0, "meters"}},
                      .calibration = {{0, 1e-8, 0}, {0, 1e-8, 0}},
                      .size = {2, 2},
                      .type = 1,
                      .column_by_column = true};
  const auto values = elements<std::uint8_t>(6, 4, 3);
  return lone(
      "columns_1.ser", series_file(series, values),
      description_of(
          {axis("x", "nm", Role::navigation, 3, 1e-9 * 1e9, 0), axis("y", "nm", Role::navigation, 2, 1e-9 * 1e9, 0),
           axis("y", "nm", Role::signal, 2, 1e-8 * 1e9, 0), axis("x", "nm", Role::signal, 2, 1e-8 * 1e9, 0)}),
      values);
}

/// What is left of a series of which one spectrum was taken.
Fixture single_spectrum() {
  const Series series{.total = 4,
                      .valid = 1,
                      .dimensions = {{4, 0, 1, 0, ""}},
                      .calibration = {{100, 0.25, 2}},
                      .size = {5},
                      .type = 8};
  const auto values = elements<double>(1, 5, -1.5);
  return lone("spectrum.ser", series_file(series, values),
              description_of({axis("Energy", "eV", Role::signal, 5, 0.25, 99.5)}), values);
}

}  // namespace

std::vector<Fixture> tia_fixtures() {
  return {map_and_image(), stopped_series(), column_by_column(), single_spectrum()};
}

}  // namespace ruska::io
