// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/metadata.hpp"
#include "tests/fixtures.hpp"
#include "tests/npy_preamble.hpp"
#include "tests/zip_file.hpp"

namespace ruska::io {

namespace {

Description description(std::string title, const std::vector<std::pair<std::int64_t, Role>>& axes) {
  Description one;
  one.title = std::move(title);
  set(one.metadata, "General.title", one.title);
  for (const auto& [size, role] : axes) {
    Axis axis;
    axis.size = size;
    axis.role = role;
    one.axes.push_back(axis);
  }
  return one;
}

/// Stored and deflated members, both orders of indices and bytes, ZIP64 sizes, a single number, and members that are
/// left out.
Fixture archive() {
  std::vector<std::uint16_t> image(12);
  std::vector<float> map(24);
  std::vector<std::int32_t> spectrum{-5, 0, 70000};
  for (std::size_t i = 0; i < image.size(); ++i) image[i] = static_cast<std::uint16_t>(5400 * i);
  for (std::size_t i = 0; i < map.size(); ++i) map[i] = 0.5F * static_cast<float>(i) - 3;

  FileBytes stored = npy_preamble(1, "{'descr': '<u2', 'fortran_order': False, 'shape': (3, 4), }");
  for (const std::uint16_t value : image) stored.little(value);
  FileBytes fortran = npy_preamble(2, "{'descr': '>f4', 'fortran_order': True, 'shape': (2, 3, 4), }");
  for (std::size_t k = 0; k < 4; ++k) {
    for (std::size_t j = 0; j < 3; ++j) {
      for (std::size_t i = 0; i < 2; ++i) fortran.big(map[(i * 3 + j) * 4 + k]);
    }
  }
  FileBytes wide = npy_preamble(1, "{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }");
  for (const std::int32_t value : spectrum) wide.little(value);
  const FileBytes scalar = npy_preamble(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (), }").little(0.078125);
  const FileBytes names = npy_preamble(1, "{'descr': '<U1', 'fortran_order': False, 'shape': (1,), }").text("a\0\0");

  ZipFile zip;
  zip.add("image.npy", stored.bytes(), false).add("map.npy", fortran.bytes(), true);
  zip.add("names.npy", names.bytes(), false).add("spectrum.npy", wide.bytes(), true, true);
  zip.add("notes.txt", "no array", false).add("sampling.npy", scalar.bytes(), false, true);
  const FileBytes file = zip.finished();
  const Role navigation = Role::navigation, signal = Role::signal;
  return {"npz",
          "arrays.npz",
          [=](const std::filesystem::path& folder) { return file.write(folder / "arrays.npz"); },
          {Dataset::from_values<std::uint16_t>(description("image", {{3, signal}, {4, signal}}), image),
           Dataset::from_values<float>(description("map", {{2, navigation}, {3, navigation}, {4, signal}}), map),
           Dataset::from_values<std::int32_t>(description("spectrum", {{3, signal}}), spectrum),
           Dataset::from_values<double>(description("sampling", {}), std::vector<double>{0.078125})}};
}

}  // namespace

std::vector<Fixture> npz_fixtures() { return {archive()}; }

}  // namespace ruska::io
