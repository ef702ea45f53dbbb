// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <complex>

#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/core/product.hpp"
#include "ruska/io/hdf5/writer.hpp"
#include "ruska/io/hspy/result_file.hpp"
#include "tests/written_fixture.hpp"

namespace ruska::io {

const Driver& hspy_driver();

namespace {

/// A title and a signal type, and the two entries of the tree that repeat them.
Description titled(std::string title, std::string signal_type) {
  Description description;
  set(description.metadata, "General.title", title);
  set(description.metadata, "Signal.signal_type", signal_type);
  description.title = std::move(title);
  description.signal_type = std::move(signal_type);
  return description;
}

template <class T>
std::vector<T> ramp(std::int64_t count) {
  std::vector<T> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<T>(i * 7 % 251);
  return values;
}

Fixture converted(const std::string& name, const Dataset& data) { return written_fixture(hspy_driver(), name, data); }

/// A spectrum image in compressed chunks, with metadata of every kind that the tree can hold.
Fixture spectrum_image() {
  Description description = titled("Map of µ", "EDS_TEM");
  description.axes = {axis("y", "nm", Role::navigation, 9, 0.5, -1), axis("x", "nm", Role::navigation, 11, 0.5, 2),
                      axis("Energy", "keV", Role::signal, 64, 0.01, -0.1)};
  description.chunk = {9, 11, 64};
  set(description.metadata, "Acquisition_instrument.TEM.beam_energy", 200.0);
  set(description.metadata, "Sample.elements", {"Fe", "Pt"});
  set(description.metadata, "Sample.masses", {55.8, 195.1});
  set(description.metadata, "Sample.steps", {1, 2, -3});
  set(description.metadata, "Sample.nothing", nullptr);
  set(description.metadata, "Sample.empty", Json::array());
  set(description.metadata, "Sample.known", true);
  set(description.metadata, "Sample.mixed", Json::array({1, "two", Json::array({3.5})}));
  return converted("map.hspy", Dataset::from_values<std::uint16_t>(description, ramp<std::uint16_t>(9 * 11 * 64)));
}

Fixture complex_image() {
  Description description = titled("Wave", "");
  description.axes = {axis("", "", Role::signal, 3, 1, 0), axis("", "", Role::signal, 4, 1, 0)};
  std::vector<std::complex<float>> values;
  for (int i = 0; i < 12; ++i) values.emplace_back(static_cast<float>(i), -0.5f * static_cast<float>(i));
  return converted("wave.hspy", Dataset::from_values<std::complex<float>>(description, values));
}

Fixture coloured_image() {
  Description description = titled("Colours", "");
  description.axes = {axis("y", "µm", Role::signal, 5, 2, 0), axis("x", "µm", Role::signal, 6, 2, 0),
                      axis("field", "", Role::signal, 4, 1, 0)};
  description.fields = {"R", "G", "B", "A"};
  return converted("colours.hspy", Dataset::from_values<std::uint8_t>(description, ramp<std::uint8_t>(120)));
}

Fixture uneven_axis() {
  Description description = titled("Spectrum", "EELS");
  Axis energy = axis("Energy", "eV", Role::signal, 5, 0, 0);
  energy.values = {100, 101, 103, 107, 116};
  energy.offset = 100;
  energy.scale = 4;
  description.axes = {energy};
  return converted("uneven.hspy", Dataset::from_values<double>(description, ramp<double>(5)));
}

/// File version 1: no roles but record_by, metadata under mapped_parameters, nothing that says HyperSpy.
Fixture version_one() {
  Description description = titled("Old", "EELS");
  description.axes = {axis("y", "nm", Role::navigation, 2, 1, 0), axis("Energy", "eV", Role::signal, 6, 0.5, 520)};
  set(description.metadata, "Signal.record_by", "spectrum");
  set(description.metadata, "Acquisition_instrument.TEM.beam_energy", 120.0);
  set(description.metadata, "Acquisition_instrument.TEM.Detector.EELS.collection_angle", 3.4);
  const std::vector<double> values = ramp<double>(12);
  return {"hspy",
          "old.hdf5",
          [=](const std::filesystem::path& folder) {
            const auto path = folder / "old.hdf5";
            hdf5::FileWriter file(path);
            {
              const hdf5::GroupWriter signal = file.root().create_group("Experiments").create_group("Old");
              signal.write_numbers("data", DType::float64, {2, 6}, std::as_bytes(std::span(values)));
              for (std::size_t i = 0; i < 2; ++i) {
                const hdf5::GroupWriter at = signal.create_group("axis-" + std::to_string(i));
                const Axis& one = description.axes[i];
                at.set_attribute("name", one.name);
                at.set_attribute("units", one.units);
                at.set_attribute("size", one.size);
                at.set_attribute("scale", one.scale);
                at.set_attribute("offset", one.offset);
              }
              const hdf5::GroupWriter mapped = signal.create_group("mapped_parameters");
              mapped.set_attribute("title", "Old");
              mapped.set_attribute("record_by", "spectrum");
              mapped.set_attribute("signal_type", "EELS");
              const hdf5::GroupWriter tem = mapped.create_group("TEM");
              tem.set_attribute("beam_energy", 120.0);
              tem.create_group("EELS").set_attribute("collection_angle", 3.4);
              signal.create_group("original_parameters");
            }
            file.close();
            return path;
          },
          {Dataset::from_values<double>(description, values)}};
}

/// A result with a product that is stored as its parts.
Fixture result() {
  const Axis component = axis("component", "", Role::navigation, 2, 1, 0);
  const auto described = [&](const std::string& title, const Axes& axes) {
    Description description = titled(title, "");
    description.axes = axes;
    set(description.metadata, "ruska", Json{{"output", title}, {"title", title}, {"view", "hidden"}});
    return description;
  };
  const Dataset loadings = Dataset::from_values<double>(
      described("loadings", {component, axis("x", "nm", Role::signal, 3, 1, 0)}), ramp<double>(6));
  const Dataset factors = Dataset::from_values<double>(
      described("factors", {component, axis("Energy", "keV", Role::signal, 4, 0.01, 0)}), ramp<double>(8));
  const Dataset made = product(loadings, factors, {}, "reconstruction");
  return {"hspy",
          "result.h5",
          [=](const std::filesystem::path& folder) {
            Result all;
            all.outputs.add({"loadings", "", loadings});
            all.outputs.add({"factors", "", factors});
            all.outputs.add({"reconstruction", "", made});
            all.record = {{"operation", "none"}};
            write_result(folder / "result.h5", all);
            return folder / "result.h5";
          },
          {loadings, factors, made}};
}

}  // namespace

std::vector<Fixture> hspy_fixtures() {
  return {spectrum_image(), complex_image(), coloured_image(), uneven_axis(), version_one(), result()};
}

}  // namespace ruska::io
