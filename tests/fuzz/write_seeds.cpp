// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// write_seeds FOLDER: for every driver the inputs that are its fixtures, in FOLDER/fuzz_<driver>; for the descriptions
// the defaults of every operation, in FOLDER/fuzz_descriptions, and FOLDER/descriptions.dict with all names and
// choices.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>

#include "ruska/core/operation.hpp"
#include "tests/fuzz/fuzz_files.hpp"

namespace fs = std::filesystem;

namespace {

void write(const fs::path& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary);
  file << content << std::flush;
  if (!file) throw ruska::Error(ruska::ErrorKind::io, "cannot write " + path.string());
}

void write_driver_seeds(const fs::path& folder) {
  for (const ruska::Driver* driver : ruska::drivers()) {
    const std::string name(driver->name);
    const fs::path place = folder / ("fuzz_" + name);
    fs::create_directories(place);
    const fs::path fixtures = folder / "fixtures" / name;
    const auto files = ruska::write_fuzz_files(name, fixtures);
    for (std::size_t i = 0; i < files.size(); ++i) {
      write(place / ("fixture-" + std::to_string(i)), static_cast<char>(i) + files[i].content);
    }
  }
  fs::remove_all(folder / "fixtures");
}

void write_description_seeds(const fs::path& folder) {
  const fs::path place = folder / "fuzz_descriptions";
  fs::create_directories(place);
  std::set<std::string> words{"true", "false", "null", "1e308", "-1", "9223372036854775807", "18446744073709551615"};
  int number = 0;
  for (const ruska::Operation* operation : ruska::operations()) {
    ruska::Json defaults = ruska::Json::object();
    for (const ruska::ParameterFacts& parameter : operation->parameters) {
      defaults[parameter.name] = parameter.default_value;
      words.insert(ruska::Json(parameter.name).dump());
      for (const std::string& choice : parameter.choices) words.insert(ruska::Json(choice).dump());
      for (const auto& bound : {parameter.low, parameter.high}) {
        if (bound) words.insert(bound->dump());
      }
    }
    write(place / ("defaults-" + std::to_string(number++)), defaults.dump());
  }
  std::string dictionary;
  for (const std::string& word : words) {
    dictionary += '"';
    for (const char c : word) {
      if (c == '"' || c == '\\') dictionary += '\\';
      dictionary += c;
    }
    dictionary += "\"\n";
  }
  write(folder / "descriptions.dict", dictionary);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: write_seeds FOLDER\n", stderr);
    return 2;
  }
  try {
    write_driver_seeds(argv[1]);
    write_description_seeds(argv[1]);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
  return 0;
}
