// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <numeric>

#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "tests/fixtures.hpp"

namespace ruska {

/// A file that the driver writes itself, as `ruska convert` does.
inline Fixture written_fixture(const Driver& driver, const std::string& name, const Dataset& data) {
  return {std::string(driver.name),
          name,
          [=, &driver](const std::filesystem::path& folder) {
            const auto path = folder / name;
            const auto sink = driver.create(path, data.describe());
            const Region whole = Region::whole(data.describe().shape());
            std::vector<std::byte> bytes(static_cast<std::size_t>(data.describe().bytes()));
            data.source().read(whole, bytes);
            sink->write(whole, bytes);
            sink->commit();
            return path;
          },
          {data}};
}

/// A small map of float32 of which all is told that a description can hold: units beyond ASCII, uneven coordinates,
/// metadata of every kind, a vendor's header.
inline Dataset fully_described_map() {
  Description description;
  description.title = "Map of µ";
  description.signal_type = "EELS";
  Axis energy = axis("Energy loss", "eV", Role::signal, 5, 4, 100);
  energy.values = {100, 101, 103, 107, 116};
  description.axes = {axis("y", "µm", Role::navigation, 2, 0.1, -1), axis("x", "µm", Role::navigation, 3, 0.1, 2),
                      energy};
  set(description.metadata, "General.title", description.title);
  set(description.metadata, "Signal.signal_type", description.signal_type);
  set(description.metadata, "Acquisition_instrument.TEM.beam_energy", 200.0);
  set(description.metadata, "Sample.elements", {"Fe", "Pt"});
  set(description.metadata, "Sample.nothing", nullptr);
  set(description.metadata, "Sample.known", true);
  set(description.metadata, "Sample.mixed", Json::array({1, "two", Json::array({3.5})}));
  description.original = {{"vendor", {{"version", "1.2"}, {"gains", {1.5, 2.5}}}}};
  std::vector<float> values(30);
  std::iota(values.begin(), values.end(), -3.5f);
  return Dataset::from_values<float>(description, values);
}

}  // namespace ruska
