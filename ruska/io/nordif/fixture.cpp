// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/metadata.hpp"
#include "ruska/io/pattern_axes.hpp"
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {

namespace {

/// 2 rows of 3 patterns of 2 rows and 4 columns, opened through the patterns or the settings.
Fixture patterns(bool from_settings) {
  FileBytes settings, file;
  settings.text(
      "[NORDIF]\t\t\r\nSoftware version\t3.1.2\t\r\n\t\t\r\n[Microscope]\t\t\r\nManufacturer\tHitachi\t\r\n"
      "Model\tSU-6600\t\r\nMagnification\t200\t#\r\nAccelerating voltage\t20\tkV\r\nWorking distance\t24.75\tmm\r\n"
      "Tilt angle\t70\t\xb0\r\n[Specimen]\t\t\r\nName\tNi\t\r\n[Calibration settings]\r\nResolution\t9x9\tpx\r\n"
      "[Area]\t\t\r\nTop\t89.200 (223)\t\xb5m (px)\r\nStep size\t1.500\t\xb5m\r\nNumber of samples\t2x3\t#\r\n"
      "[Acquisition settings]\t\t\r\nFrame rate\t202\tfps\r\nResolution\t4x2\tpx\r\n");
  Description description;
  description.title = "Pattern";
  description.axes = pattern_axes(2, 3, 1.5, 1.5, 2, 4);
  set(description.metadata, "General.title", "Pattern");
  set(description.metadata, "Acquisition_instrument.SEM",
      Json{{"beam_energy", 20.0},
           {"magnification", 200.0},
           {"working_distance", 24.75},
           {"microscope", "Hitachi SU-6600"}});
  set(description.metadata, "Sample.name", "Ni");
  std::vector<std::uint8_t> values(48);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<std::uint8_t>(5 * i);
    file.little(values[i]);
  }
  return {"nordif",
          from_settings ? "Setting.txt" : "Pattern.dat",
          [=](const std::filesystem::path& folder) {
            const auto first = settings.write(folder / "Setting.txt"), second = file.write(folder / "Pattern.dat");
            return from_settings ? first : second;
          },
          {Dataset::from_values<std::uint8_t>(description, values)}};
}

}  // namespace

std::vector<Fixture> nordif_fixtures() { return {patterns(false), patterns(true)}; }

}  // namespace ruska::io
