// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// write_description_seeds FOLDER: the defaults of every operation, in FOLDER/fuzz_descriptions, and
// FOLDER/descriptions.dict with all names and choices.
#include <cstdio>
#include <set>

#include "ruska/core/operation.hpp"
#include "tests/fuzz/seed_file.hpp"

namespace fs = std::filesystem;

namespace {

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
    ruska::write_seed(place / ("defaults-" + std::to_string(number++)), defaults.dump());
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
  ruska::write_seed(folder / "descriptions.dict", dictionary);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: write_description_seeds FOLDER\n", stderr);
    return 2;
  }
  try {
    write_description_seeds(argv[1]);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
  return 0;
}
