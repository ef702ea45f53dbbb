// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <complex>
#include <numeric>

#include "tests/fixtures.hpp"
#include "tests/npy_preamble.hpp"

namespace ruska::io {

namespace {

Axis axis(std::int64_t size, Role role) {
  Axis one;
  one.size = size;
  one.role = role;
  return one;
}

Fixture fixture(std::string name, FileBytes file, Dataset expected) {
  return {"npy", name, [=](const std::filesystem::path& folder) { return file.write(folder / name); }, {expected}};
}

Fixture map_of_spectra() {
  std::vector<std::uint16_t> values(60);
  std::iota(values.begin(), values.end(), std::uint16_t{65500});
  FileBytes file = npy_preamble(1, "{'descr': '<u2', 'fortran_order': False, 'shape': (3, 4, 5), }");
  for (const std::uint16_t value : values) file.little(value);
  Description description;
  description.axes = {axis(3, Role::navigation), axis(4, Role::navigation), axis(5, Role::signal)};
  return fixture("map.npy", file, Dataset::from_values<std::uint16_t>(description, values));
}

Fixture fortran_order() {
  FileBytes file = npy_preamble(2, "{\"shape\": (2, 3, 4, 5), 'fortran_order': True, 'descr': '>f4'}");
  std::vector<float> values(120);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i) * 0.5f - 7.0f;
  for (std::size_t l = 0; l < 5; ++l) {
    for (std::size_t k = 0; k < 4; ++k) {
      for (std::size_t j = 0; j < 3; ++j) {
        for (std::size_t i = 0; i < 2; ++i) file.big(values[((i * 3 + j) * 4 + k) * 5 + l]);
      }
    }
  }
  Description description;
  description.axes = {axis(2, Role::navigation), axis(3, Role::navigation), axis(4, Role::signal),
                      axis(5, Role::signal)};
  return fixture("fortran.npy", file, Dataset::from_values<float>(description, values));
}

Fixture colour_image() {
  FileBytes file = npy_preamble(
      3, "{'descr': [('R', '|u1'), ('G', '|u1'), ('B', '|u1')], 'fortran_order': False, 'shape': (4, 3), }");
  std::vector<std::uint8_t> values(36);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint8_t>(7 * i);
  file.add(std::as_bytes(std::span(values)));
  Description description;
  description.axes = {axis(4, Role::signal), axis(3, Role::signal), axis(3, Role::signal)};
  description.fields = {"R", "G", "B"};
  return fixture("colour.npy", file, Dataset::from_values<std::uint8_t>(description, values));
}

Fixture complex_spectrum() {
  std::vector<std::complex<double>> values;
  FileBytes file = npy_preamble(1, "{'descr': '>c16', 'fortran_order': False, 'shape': (7L,), }");
  for (int i = 0; i < 7; ++i) {
    values.emplace_back(i + 0.25, -i);
    file.big(values.back().real()).big(values.back().imag());
  }
  Description description;
  description.axes = {axis(7, Role::signal)};
  return fixture("complex.npy", file, Dataset::from_values<std::complex<double>>(description, values));
}

}  // namespace

std::vector<Fixture> npy_fixtures() { return {map_of_spectra(), fortran_order(), colour_image(), complex_spectrum()}; }

}  // namespace ruska::io
