// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/metadata.hpp"
#include "ruska/io/coordinates.hpp"
#include "ruska/io/hdf5/writer.hpp"
#include "tests/dimension_scales.hpp"
#include "tests/written_fixture.hpp"

namespace ruska::io {

const Driver& nsid_driver();
namespace {

/// A spectral image whose spectra come first in the file, with an uneven energy axis.
Fixture spectral_image() {
  const std::vector<double> energies{-1, 0, 1, 2.5};
  const std::vector<double> places{10, 10.5, 11};
  const std::vector<double> lines{4, 6};
  std::vector<float> stored, expected;
  for (int e = 0; e < 4; ++e) {
    for (int y = 0; y < 2; ++y) {
      for (int x = 0; x < 3; ++x) stored.push_back(static_cast<float>(100 * e + 10 * y + x));
    }
  }
  for (int y = 0; y < 2; ++y) {
    for (int x = 0; x < 3; ++x) {
      for (int e = 0; e < 4; ++e) expected.push_back(static_cast<float>(100 * e + 10 * y + x));
    }
  }
  Description description;
  description.title = "map of Ti";
  description.signal_type = "EELS";
  set(description.metadata, "General.title", description.title);
  set(description.metadata, "Signal.signal_type", "EELS");
  set(description.metadata, "Signal.quantity", "intensity (counts)");
  set(description.metadata, "Acquisition_instrument.TEM.beam_energy", 200.0);
  set(description.metadata, "Acquisition_instrument.TEM.convergence_angle", 10.0);
  set(description.metadata, "Acquisition_instrument.TEM.Detector.EELS.collection_angle", 33.0);
  Axis energy{"energy_loss", "energy", "eV", Role::signal, 4};
  set_coordinates(energy, energies);
  description.axes = {
      {"y", "length", "nm", Role::navigation, 2, 2, 4}, {"x", "length", "nm", Role::navigation, 3, 0.5, 10}, energy};
  return {"nsid",
          "map.hf5",
          [=](const std::filesystem::path& folder) {
            const auto path = folder / "map.hf5";
            hdf5::FileWriter file(path);
            {
              const hdf5::GroupWriter group =
                  file.root().create_group("Measurement_000").create_group("Channel_000").create_group("map");
              const hdf5::ArrayWriter main =
                  group.write_numbers("main", DType::float32, {4, 2, 3}, std::as_bytes(std::span(stored)));
              main.set_attribute("main_data_name", "map of Ti");
              main.set_attribute("data_type", "SPECTRAL_IMAGE");
              main.set_attribute("quantity", "intensity");
              main.set_attribute("units", "counts");
              const auto dimension = [&](const char* name, const std::vector<double>& at, const char* units,
                                         const char* type) {
                const hdf5::ArrayWriter scale = group.write_numbers(
                    name, DType::float64, {static_cast<std::int64_t>(at.size())}, std::as_bytes(std::span(at)));
                scale.set_attribute("name", name);
                scale.set_attribute("units", units);
                scale.set_attribute("dimension_type", type);
              };
              dimension("energy_loss", energies, "eV", "SPECTRAL");
              dimension("y", lines, "nm", "SPATIAL");
              dimension("x", places, "nm", "SPATIAL");
              const hdf5::GroupWriter experiment = group.create_group("metadata").create_group("experiment");
              experiment.set_attribute("acceleration_voltage", 200000.0);
              experiment.set_attribute("convergence_angle", 10.0);
              experiment.set_attribute("collection_angle", 33.0);
            }
            file.close();
            const std::string group = "/Measurement_000/Channel_000/map/";
            attach_dimension_scales(path, group + "main", {group + "energy_loss", group + "y", group + "x"});
            return path;
          },
          {Dataset::from_values<float>(description, expected)}};
}

}  // namespace

std::vector<Fixture> nsid_fixtures() {
  return {spectral_image(), written_fixture(nsid_driver(), "kept.hf5", fully_described_map())};
}

}  // namespace ruska::io
