// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// Any operation on arrays, timed; one job per process:
//   bench_operation NAME PARAMETERS PORT=FILE.npy... OUTPUT=FILE.npy...
// PARAMETERS is a JSON object. Ports are read into memory before the clock starts, last axis the signal ("labels" and
// masks: all axes navigation). Each OUTPUT is evaluated, where it is stored as a product, within the time of a run,
// since the peers give arrays, too. Prints one JSON object: median seconds of the runs, on the
// clock and of all processors, and the summary.
#include "ruska/core/operation.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <map>

#include "ruska/core/driver.hpp"

namespace ruska {
namespace {

constexpr int threads = 2;
constexpr double enough_seconds = 10;  // no further run after so many
constexpr std::size_t most_runs = 5;

Dataset load(const std::filesystem::path& path, bool spectra) {
  const File file = open_file(path);
  const Dataset stored = file.signals.at(file.obvious());
  Description description = stored.describe();
  for (Axis& axis : description.axes) axis.role = Role::navigation;
  if (spectra) description.axes.back().role = Role::signal;
  std::vector<std::byte> bytes(static_cast<std::size_t>(description.bytes()));
  stored.source().read(Region::whole(description.shape()), bytes);
  return Dataset::from_bytes(std::move(description), bytes);
}

void save(const std::filesystem::path& path, const Shape& shape, const std::vector<double>& values) {
  Description description;
  for (const std::int64_t size : shape) description.axes.push_back(Axis{.role = Role::signal, .size = size});
  description.dtype = DType::float64;
  const auto sink = writer_for(path).create(path, description);
  sink->write(Region::whole(shape), std::as_bytes(std::span(values)));
  sink->commit();
}

void run(int count, char** arguments) {
  const Operation& wanted = operation(arguments[1]);
  const Json parameters = complete(wanted.parameters, Json::parse(arguments[2]));
  std::vector<std::pair<std::string, Dataset>> ports;
  std::map<std::string, std::filesystem::path> results;
  for (int i = 3; i < count; ++i) {
    const std::string argument = arguments[i];
    const std::size_t cut = argument.find('=');
    if (cut == std::string::npos) throw Error(ErrorKind::invalid_argument, argument + " is not NAME=FILE.npy");
    const std::string name = argument.substr(0, cut), path = argument.substr(cut + 1);
    const bool is_port = std::any_of(wanted.facts.inputs.begin(), wanted.facts.inputs.end(),
                                     [&](const Port& port) { return port.name == name; });
    if (is_port) {
      ports.emplace_back(name, load(path, name == "data" || name == "variance"));
    } else {
      results[name] = path;
    }
  }
  Inputs inputs;
  for (auto& [name, value] : ports) inputs.set(name, value);

  std::vector<double> seconds, processor_seconds;
  double all = 0;
  std::vector<std::string> summary;
  while (seconds.size() < most_runs && all < enough_seconds) {
    Context context;
    context.threads = threads;
    const auto start = std::chrono::steady_clock::now();
    const std::clock_t clock = std::clock();
    const Outputs outputs = wanted.run(inputs, parameters, context);
    std::map<std::string, std::vector<double>> values;
    for (const auto& [name, path] : results) values[name] = outputs.dataset(name).read_all_as_double();
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    processor_seconds.push_back(static_cast<double>(std::clock() - clock) / CLOCKS_PER_SEC);
    all += seconds.back();
    summary = outputs.summary;
    if (seconds.size() > 1) continue;
    for (const auto& [name, path] : results) save(path, outputs.dataset(name).describe().shape(), values[name]);
  }
  std::sort(seconds.begin(), seconds.end());
  std::sort(processor_seconds.begin(), processor_seconds.end());
  std::cout << Json{{"seconds", seconds[seconds.size() / 2]},
                    {"processor_seconds", processor_seconds[seconds.size() / 2]},
                    {"runs", seconds.size()},
                    {"summary", summary}}
                   .dump()
            << "\n";
}

}  // namespace
}  // namespace ruska

int main(int count, char** arguments) {
  try {
    if (count < 4) {
      std::cerr << "usage: bench_operation NAME PARAMETERS PORT=FILE.npy... OUTPUT=FILE.npy...\n";
      return 2;
    }
    ruska::run(count, arguments);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
