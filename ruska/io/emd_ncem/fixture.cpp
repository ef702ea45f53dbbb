// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "ruska/core/metadata.hpp"
#include "ruska/io/hdf5/writer.hpp"
#include "tests/written_fixture.hpp"

namespace ruska::io {

const Driver& emd_ncem_driver();
namespace {

Description titled(const std::string& title) {
  Description description;
  description.title = title;
  set(description.metadata, "General.title", title);
  set(description.metadata, "Signal.signal_type", "");
  return description;
}

void write_dim(const hdf5::GroupWriter& group, const std::string& name, const std::vector<double>& at,
               const std::string& title, const std::string& units) {
  const hdf5::ArrayWriter dim =
      group.write_numbers(name, DType::float64, {static_cast<std::int64_t>(at.size())}, std::as_bytes(std::span(at)));
  dim.set_attribute("name", title);
  dim.set_attribute("units", units);
}

/// Version 0.2: axes stored in reverse, units in brackets, coordinates given by the first two.
Fixture image() {
  std::vector<std::int16_t> stored, expected;
  for (std::int16_t x = 0; x < 4; ++x) {
    for (std::int16_t y = 0; y < 3; ++y) stored.push_back(static_cast<std::int16_t>(100 * y + x));
  }
  for (std::int16_t y = 0; y < 3; ++y) {
    for (std::int16_t x = 0; x < 4; ++x) expected.push_back(static_cast<std::int16_t>(100 * y + x));
  }
  Description description = titled("image");
  set(description.metadata, "Acquisition_instrument.TEM.beam_energy", 200.0);
  description.axes = {{"y", "length", "nm", Role::signal, 3, 0.5, -1}, {"x", "length", "nm", Role::signal, 4, 0.25, 2}};
  return {"emd_ncem",
          "image.emd",
          [=](const std::filesystem::path& folder) {
            const auto path = folder / "image.emd";
            hdf5::FileWriter file(path);
            {
              const hdf5::GroupWriter root = file.root();
              root.set_attribute("version_major", 0);
              root.set_attribute("version_minor", 2);
              root.create_group("microscope").set_attribute("high tension", 200000.0);
              const hdf5::GroupWriter group = root.create_group("signals").create_group("image");
              group.set_attribute("emd_group_type", 1);
              group.write_numbers("data", DType::int16, {4, 3}, std::as_bytes(std::span(stored)));
              write_dim(group, "dim1", {2, 2.25}, "x", "[n_m]");
              write_dim(group, "dim2", {-1, -0.5}, "y", "[n_m]");
            }
            file.close();
            return path;
          },
          {Dataset::from_values<std::int16_t>(description, expected)}};
}

/// A simulation in two depths, which become one stack.
Fixture simulated_stack() {
  std::vector<float> first, second, expected;
  for (int i = 0; i < 6; ++i) {
    first.push_back(static_cast<float>(i));
    second.push_back(static_cast<float>(10 + i));
  }
  for (const std::vector<float>* slice : {&first, &second}) {
    for (std::size_t y = 0; y < 3; ++y) {
      for (std::size_t x = 0; x < 2; ++x) expected.push_back((*slice)[x * 3 + y]);
    }
  }
  Description description = titled("annular_detector");
  set(description.metadata, "Acquisition_instrument.TEM.beam_energy", 80.0);
  description.axes = {{"annular_detector_depth", "length", "Å", Role::navigation, 2, 2.5, 2.5},
                      {"R_y", "length", "nm", Role::signal, 3, 0.5, 0},
                      {"R_x", "length", "nm", Role::signal, 2, 0.25, 0}};
  return {"emd_ncem",
          "stack.emd",
          [=](const std::filesystem::path& folder) {
            const auto path = folder / "stack.emd";
            hdf5::FileWriter file(path);
            {
              const hdf5::GroupWriter top = file.root().create_group("4DSTEM_simulation");
              top.set_attribute("emd_group_type", 2);
              top.set_attribute("version_major", 0);
              const hdf5::GroupWriter slices = top.create_group("data").create_group("realslices");
              for (const int depth : {0, 1}) {
                const hdf5::GroupWriter group =
                    slices.create_group("annular_detector_depth000" + std::to_string(depth));
                group.set_attribute("emd_group_type", 1);
                group.write_numbers("realslice", DType::float32, {2, 3},
                                    std::as_bytes(std::span(depth == 0 ? first : second)));
                write_dim(group, "dim1", {0, 0.25}, "R_x", "[n_m]");
                write_dim(group, "dim2", {0, 0.5, 1}, "R_y", "[n_m]");
              }
              const hdf5::GroupWriter parameters = top.create_group("metadata")
                                                       .create_group("metadata_0")
                                                       .create_group("original")
                                                       .create_group("simulation_parameters");
              parameters.set_attribute("E", 80.0);
              parameters.set_attribute("ns", 2);
              parameters.set_attribute("s", 1.25);
              parameters.set_attribute("zs", 0.0);
              parameters.set_attribute("t", Json{1.0, 1.0, 1.0});
              parameters.set_attribute("c", Json{5.0, 5.0, 5.0});
            }
            file.close();
            return path;
          },
          {Dataset::from_values<float>(description, expected)}};
}

/// Version 1.0, as py4DSTEM writes: coordinates from dim0, axes in C order.
Fixture datacube() {
  std::vector<float> values(24);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 0.5f * static_cast<float>(i);
  Description description = titled("datacube");
  description.axes = {{"Rx", "length", "nm", Role::signal, 2, 0.5, 0},
                      {"Ry", "length", "nm", Role::signal, 3, 0.5, 0},
                      {"Qx", "wavenumber", "1/Å", Role::signal, 4, 0.05, 0}};
  return {"emd_ncem",
          "datacube.h5",
          [=](const std::filesystem::path& folder) {
            const auto path = folder / "datacube.h5";
            hdf5::FileWriter file(path);
            {
              const hdf5::GroupWriter root = file.root();
              root.set_attribute("emd_group_type", "file");
              root.set_attribute("version_major", 1);
              const hdf5::GroupWriter group = root.create_group("datacube_root").create_group("datacube");
              group.set_attribute("emd_group_type", "array");
              group.write_numbers("data", DType::float32, {2, 3, 4}, std::as_bytes(std::span(values)));
              write_dim(group, "dim0", {0, 0.5}, "Rx", "nm");
              write_dim(group, "dim1", {0, 0.5}, "Ry", "nm");
              write_dim(group, "dim2", {0, 0.05}, "Qx", "A^-1");
            }
            file.close();
            return path;
          },
          {Dataset::from_values<float>(description, values)}};
}

/// Medipix frames as the fpd library writes them: axes in C order, texts for the coordinates of the scan.
Fixture medipix() {
  std::vector<std::uint16_t> values(24);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint16_t>(7 * i);
  Description description = titled("fpd_data");
  description.axes = {{"scanY", "", "pixel", Role::navigation, 2},
                      {"scanX", "", "pixel", Role::navigation, 2},
                      {"detY", "", "", Role::signal, 2},
                      {"detX", "", "", Role::signal, 3}};
  return {"emd_ncem",
          "medipix.hdf5",
          [=](const std::filesystem::path& folder) {
            const auto path = folder / "medipix.hdf5";
            hdf5::FileWriter file(path);
            {
              const hdf5::GroupWriter root = file.root();
              root.set_attribute("fpd_version", "0.3.0");
              root.set_attribute("version_major", 0);
              const hdf5::GroupWriter group = root.create_group("fpd_expt").create_group("fpd_data");
              group.set_attribute("emd_group_type", 1);
              group.write_numbers("data", DType::uint16, {2, 2, 2, 3}, std::as_bytes(std::span(values)));
              for (const auto& [name, title] : {std::pair{"dim1", "scanY"}, {"dim2", "scanX"}}) {
                const hdf5::ArrayWriter dim = group.write_text(name, title);
                dim.set_attribute("name", title);
                dim.set_attribute("units", "pixel");
              }
              write_dim(group, "dim3", {0, 1}, "detY", "");
              write_dim(group, "dim4", {0, 1, 2}, "detX", "");
            }
            file.close();
            return path;
          },
          {Dataset::from_values<std::uint16_t>(description, values)}};
}

constexpr double absent = std::numeric_limits<double>::quiet_NaN();

Description described_disks(const std::string& title, const Json& values, std::int64_t longest) {
  Description description = titled(title);
  set(description.metadata, "Diffraction.disk_values", values);
  description.axes = {{.name = "disk", .role = Role::signal, .size = longest},
                      {.name = "value", .role = Role::signal, .size = static_cast<std::int64_t>(values.size())}};
  return description;
}

/// Bragg disks of a scan as py4DSTEM 0.13 writes them, and one list of other points.
Fixture disk_lists() {
  const std::vector<std::vector<double>> stored{{1, 2, 30, -4, 5, 60}, {}, {7, -8, 90}, {0.5, 0.25, 1}};
  std::vector<std::vector<std::byte>> bytes;
  for (const std::vector<double>& list : stored) {
    const auto as_bytes = std::as_bytes(std::span(list));
    bytes.emplace_back(as_bytes.begin(), as_bytes.end());
  }
  Description disks = described_disks("peaks", Json::array({"ky", "kx", "intensity"}), 2);
  disks.axes.insert(disks.axes.begin(), {{.name = "y", .role = Role::navigation, .size = 2},
                                         {.name = "x", .role = Role::navigation, .size = 2}});
  const std::vector<double> expected_disks{1,      2,      30,     -4,     5, 60,     absent, absent,
                                           absent, absent, absent, absent, 7, -8,     90,     absent,
                                           absent, absent, 0.5,    0.25,   1, absent, absent, absent};
  const std::vector<double> x{1, 2, 3};
  const std::vector<std::int32_t> index{7, 8, 9};
  return {"emd_ncem",
          "disks.h5",
          [=](const std::filesystem::path& folder) {
            const auto path = folder / "disks.h5";
            hdf5::FileWriter file(path);
            {
              const hdf5::GroupWriter top = file.root().create_group("4DSTEM");
              top.set_attribute("emd_group_type", "root");
              const hdf5::GroupWriter group = top.create_group("peaks");
              group.set_attribute("emd_group_type", 3);
              group.set_attribute("py4dstem_class", "PointListArray");
              group.write_lists("data", {DType::float64, {"qx", "qy", "intensity"}}, {2, 2}, bytes);
              const hdf5::GroupWriter points = top.create_group("points");
              points.set_attribute("emd_group_type", 2);
              points.create_group("x").write_numbers("data", DType::float64, {3}, std::as_bytes(std::span(x)));
              points.create_group("index").write_numbers("data", DType::int32, {3}, std::as_bytes(std::span(index)));
            }
            file.close();
            return path;
          },
          {Dataset::from_values<double>(described_disks("points", Json::array({"index", "x"}), 3),
                                        std::vector<double>{7, 1, 8, 2, 9, 3}),
           Dataset::from_values<double>(disks, expected_disks)}};
}

/// Bragg vectors in pixels and the calibration beside them, as py4DSTEM 0.14 writes them; float32, intensity first.
Fixture bragg_vectors() {
  const std::vector<float> one{100, 3, 4}, two{50, 5, 6, 25, 7, 8};
  std::vector<std::vector<std::byte>> bytes;
  for (const std::vector<float>* list : {&one, &two}) {
    const auto as_bytes = std::as_bytes(std::span(*list));
    bytes.emplace_back(as_bytes.begin(), as_bytes.end());
  }
  Description disks = described_disks("braggvectors", Json::array({"ky", "kx", "intensity"}), 2);
  set(disks.metadata, "Diffraction.disk_units", "px");
  disks.axes.insert(disks.axes.begin(),
                    {{"y", "length", "nm", Role::navigation, 1, 2.5}, {"x", "length", "nm", Role::navigation, 2, 2.5}});
  const std::vector<double> expected{3, 4, 100, absent, absent, absent, 5, 6, 50, 7, 8, 25};
  return {"emd_ncem",
          "vectors.h5",
          [=](const std::filesystem::path& folder) {
            const auto path = folder / "vectors.h5";
            hdf5::FileWriter file(path);
            {
              const hdf5::GroupWriter root = file.root();
              root.set_attribute("emd_group_type", "file");
              const hdf5::GroupWriter top = root.create_group("vectors_root");
              top.set_attribute("emd_group_type", "root");
              const hdf5::GroupWriter calibration = top.create_group("metadatabundle").create_group("calibration");
              calibration.set_attribute("emd_group_type", "metadata");
              const double step = 2.5;
              calibration.write_numbers("R_pixel_size", DType::float64, {}, std::as_bytes(std::span(&step, 1)));
              calibration.write_text("R_pixel_units", "nm");
              const hdf5::GroupWriter group = top.create_group("braggvectors").create_group("_v_uncal");
              group.set_attribute("emd_group_type", "pointlistarray");
              group.write_lists("data", {DType::float32, {"intensity", "qx", "qy"}}, {1, 2}, bytes);
            }
            file.close();
            return path;
          },
          {Dataset::from_values<double>(disks, expected)}};
}

}  // namespace

std::vector<Fixture> emd_ncem_fixtures() {
  return {image(),
          simulated_stack(),
          datacube(),
          medipix(),
          disk_lists(),
          bragg_vectors(),
          written_fixture(emd_ncem_driver(), "kept.emd", fully_described_map())};
}

}  // namespace ruska::io
