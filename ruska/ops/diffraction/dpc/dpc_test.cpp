// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/dpc/dpc.hpp"

#include <cmath>
#include <numbers>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/core/metadata.hpp"
#include "ruska/core/record.hpp"
#include "ruska/ops/diffraction/electron_wave.hpp"
#include "ruska/ops/diffraction/physical_scale.hpp"

namespace ruska::ops::diffraction {
namespace {

/// Frames of 8 × 8 pixels with all counts spread evenly over two pixels, whose middle is where it should be.
Dataset scan_of(const std::vector<std::pair<int, int>>& places, const Shape& scan) {
  Description description;
  description.axes = {{.name = "y", .units = "nm", .role = Role::navigation, .size = scan[0], .scale = 2},
                      {.name = "x", .units = "nm", .role = Role::navigation, .size = scan[1], .scale = 2},
                      {.name = "ky", .units = "mrad", .role = Role::signal, .size = 8, .scale = 0.5},
                      {.name = "kx", .units = "mrad", .role = Role::signal, .size = 8, .scale = 0.5}};
  set(description.metadata, "Acquisition_instrument.TEM.beam_energy", 200.0);
  std::vector<std::uint16_t> values(places.size() * 64);
  for (std::size_t p = 0; p < places.size(); ++p) {
    const auto [x, y] = places[p];
    if (x < 0) continue;
    values[p * 64 + static_cast<std::size_t>(8 * y + x)] = 50;
    values[p * 64 + static_cast<std::size_t>(8 * y + x + 1)] = 50;
  }
  return Dataset::from_values<std::uint16_t>(description, values);
}

Outputs run(const Inputs& inputs, const Json& params) {
  Context context;
  return execute(dpc_operation(), inputs, params, context).outputs;
}

std::vector<double> values(const Outputs& outputs, const char* name) {
  return outputs.dataset(name).read_all_as_double();
}

TEST(ElectronWave, KnownNumbers) {
  EXPECT_NEAR(electron_wavelength(200), 2.50793e-3, 1e-8);
  EXPECT_NEAR(electron_wavelength(60), 4.8661e-3, 1e-7);
  EXPECT_NEAR(electron_wavelength(300), 1.96875e-3, 1e-8);
  // 2π / (λ p v) is the interaction constant: 7.29 mrad / (V nm) at 200 kV, 6.53 at 300 kV.
  EXPECT_NEAR(2 * std::numbers::pi / (electron_wavelength(200) * momentum_times_velocity(200)), 7.29, 0.01);
  EXPECT_NEAR(2 * std::numbers::pi / (electron_wavelength(300) * momentum_times_velocity(300)), 6.53, 0.01);
}

TEST(PhysicalScale, UnitsOfLengthAndReciprocalLength) {
  EXPECT_EQ(nanometres_of("Å"), 0.1);
  EXPECT_EQ(nanometres_of("px"), std::nullopt);
  EXPECT_EQ(reciprocal_nanometres_of("1/nm", 0.0025), 1.0);
  EXPECT_EQ(reciprocal_nanometres_of("Å^-1", 0.0025), 10.0);
  EXPECT_EQ(reciprocal_nanometres_of("nm⁻¹", 0.0025), 1.0);
  EXPECT_DOUBLE_EQ(*reciprocal_nanometres_of("mrad", 0.0025), 0.4);
  EXPECT_EQ(reciprocal_nanometres_of("px", 0.0025), std::nullopt);
}

TEST(Dpc, DeflectionsAndFieldsOfKnownShifts) {
  // Two columns: the beam is 2 px to the left in the first, 2 px to the right in the second; turned by 90° on the
  // detector.
  const Dataset data = scan_of({{1, 3}, {5, 3}, {1, 3}, {5, 3}}, {2, 2});
  const Outputs outputs = run({{"data", data}}, {{"rotation", 90.0}});
  const auto deflection = values(outputs, "deflection"), field = values(outputs, "field");
  // x on the detector becomes y in the scan: ±2 px of 0.5 mrad.
  EXPECT_THAT(std::vector<double>(deflection.begin(), deflection.begin() + 4),
              testing::Each(testing::DoubleNear(0, 1e-9)));
  EXPECT_NEAR(deflection[4], -1, 1e-9);
  EXPECT_NEAR(deflection[5], 1, 1e-9);
  // 1 mrad of 200 kV electrons: p v = 200 · 1221.998 / 710.999 keV, against the field.
  EXPECT_NEAR(field[5], -200 * 1221.9979 / 710.99895, 1e-2);
  // One of two pixels, 100 counts: 0.5 px / 10.
  EXPECT_NEAR(values(outputs, "deflection_sigma")[4], 0.5 * 0.5 / 10, 1e-9);
  const Outputs thick = run({{"data", data}}, {{"rotation", 90.0}, {"thickness", 20.0}, {"transposed", true}});
  EXPECT_NEAR(values(thick, "field")[1], 200 * 1221.9979 / 710.99895 / 20, 1e-2)
      << "exchanged first, y then turned to −x";
}

TEST(Dpc, EmptyPatternsHaveNoFieldAndWhatIsMissingIsNamed) {
  const Outputs outputs = run({{"data", scan_of({{1, 3}, {-1, 0}, {1, 3}, {5, 3}}, {2, 2})}}, {{"rotation", 0.0}});
  EXPECT_TRUE(std::isnan(values(outputs, "field")[1]));
  EXPECT_FALSE(std::isnan(values(outputs, "phase")[1]));
  const auto message = [](const Dataset& data, const Json& params) -> std::string {
    try {
      run({{"data", data}}, params);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
      return error.what();
    }
    return "";
  };
  const Dataset data = scan_of({{1, 3}, {2, 3}, {1, 3}, {5, 3}}, {2, 2});
  EXPECT_THAT(message(data, Json::object()), testing::HasSubstr("diffraction.rotation"));
  EXPECT_THAT(message(data, {{"transposed", true}}), testing::HasSubstr("--rotation"));
  EXPECT_THAT(message(data, {{"rotation", 0.0}, {"reference", "origin"}}), testing::HasSubstr("diffraction.origin"));
  Description other = data.describe();
  other.axes[3].units = "px";
  const auto counts = data.read_all<std::uint16_t>();
  EXPECT_THAT(message(Dataset::from_values<std::uint16_t>(other, counts), {{"rotation", 0.0}}),
              testing::HasSubstr("--pixel_size"));
  other = data.describe();
  other.axes[0].units = "";
  EXPECT_THAT(message(Dataset::from_values<std::uint16_t>(other, counts), {{"rotation", 0.0}}),
              testing::HasSubstr("scan axis 'y'"));
  other = data.describe();
  other.metadata = Json::object();
  EXPECT_THAT(message(Dataset::from_values<std::uint16_t>(other, counts), {{"rotation", 0.0}}),
              testing::HasSubstr("--beam_energy"));
}

}  // namespace
}  // namespace ruska::ops::diffraction
