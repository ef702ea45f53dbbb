// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz_files.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "tests/fixtures.hpp"

namespace ruska {

namespace fs = std::filesystem;

std::vector<FuzzFile> write_fuzz_files(const std::string& driver, const fs::path& folder) {
  std::vector<FuzzFile> files;
  for (const Fixture& fixture : fixtures()) {
    if (fixture.driver != driver) continue;
    const fs::path place = folder / std::to_string(files.size());
    fs::create_directories(place);
    const fs::path opened = fixture.write(place);
    std::vector<fs::path> parts;
    for (const auto& entry : fs::recursive_directory_iterator(place)) {
      if (entry.is_regular_file()) parts.push_back(entry.path());
    }
    std::sort(parts.begin(), parts.end());
    for (const fs::path& part : parts) {
      std::ifstream file(part, std::ios::binary);
      files.push_back({opened, part, {std::istreambuf_iterator<char>(file), {}}});
    }
  }
  return files;
}

const Driver& driver_named(const std::string& name) {
  for (const Driver* driver : drivers()) {
    if (driver->name == name) return *driver;
  }
  throw Error(ErrorKind::not_found, "there is no driver " + name);
}

}  // namespace ruska
