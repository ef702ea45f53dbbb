// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// write_driver_seeds FOLDER: for every driver the inputs that are its fixtures, in FOLDER/fuzz_<driver>.
#include <cstdio>

#include "tests/fuzz/fuzz_files.hpp"
#include "tests/fuzz/seed_file.hpp"

namespace fs = std::filesystem;

namespace {

void write_driver_seeds(const fs::path& folder) {
  for (const ruska::Driver* driver : ruska::drivers()) {
    const std::string name(driver->name);
    const fs::path place = folder / ("fuzz_" + name);
    fs::create_directories(place);
    const fs::path fixtures = folder / "fixtures" / name;
    const auto files = ruska::write_fuzz_files(name, fixtures);
    for (std::size_t i = 0; i < files.size(); ++i) {
      ruska::write_seed(place / ("fixture-" + std::to_string(i)), static_cast<char>(i) + files[i].content);
    }
  }
  fs::remove_all(folder / "fixtures");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: write_driver_seeds FOLDER\n", stderr);
    return 2;
  }
  try {
    write_driver_seeds(argv[1]);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
  return 0;
}
