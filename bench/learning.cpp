// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// One job per process, as bench_unmix:
//   bench_learning generate FOLDER   counts.npy (128 × 128 × 1024, uint16, about 40 counts per spectrum, three phases),
//                                    features.npy (20,000 × 64, float64, five overlapping clouds), their truth, and
//                                    labels of the first 2,000 features
//   bench_learning JOB FOLDER        JOB = kmeans_sparse, kmeans_dense, gmm_dense, svm_dense, tree_dense, forest_dense;
//                                    the labels found into FOLDER, figures to standard output as one JSON object
// bench/run_unmixing compares them with the peer's.
#include <chrono>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <functional>
#include <iostream>
#include <limits>

#include "ruska/base/random.hpp"
#include "ruska/core/driver.hpp"
#include "ruska/core/operation.hpp"
#include "ruska/ops/segment/gmm/gmm.hpp"
#include "ruska/ops/segment/kmeans/kmeans.hpp"

namespace ruska {
namespace {

constexpr int threads = 2;
constexpr int repetitions = 3;
constexpr std::int64_t edge = 128, channels = 1024, phases = 3;
constexpr std::int64_t number = 20000, dimensions = 64, clouds = 5, labelled = 2000;

using Clock = std::chrono::steady_clock;

template <class T>
void save(const std::filesystem::path& path, Shape shape, const std::vector<T>& values) {
  Description description;
  for (const std::int64_t size : shape) description.axes.push_back(Axis{.role = Role::signal, .size = size});
  description.dtype = dtype_of<T>();
  const auto sink = writer_for(path).create(path, description);
  sink->write(Region::whole(shape), std::as_bytes(std::span(values)));
  sink->commit();
}

/// The array in memory; its last axis is the signal.
Dataset load(const std::filesystem::path& path) {
  const File file = open_file(path);
  const Dataset stored = file.signals.at(file.obvious());
  Description description = stored.describe();
  for (Axis& axis : description.axes) axis.role = Role::navigation;
  description.axes.back().role = Role::signal;
  std::vector<std::byte> bytes(static_cast<std::size_t>(description.bytes()));
  stored.source().read(Region::whole(description.shape()), bytes);
  return Dataset::from_bytes(std::move(description), bytes);
}

void generate(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  std::vector<std::uint16_t> counts(edge * edge * channels, 0);
  std::vector<std::int32_t> phase(edge * edge);
  for (std::int64_t p = 0; p < edge * edge; ++p) {
    const double dy = static_cast<double>(p / edge) - 64, dx = static_cast<double>(p % edge) - 64;
    const double radius = std::hypot(dy, dx);
    const auto k = radius < 25 ? 2 : radius < 45 ? 1 : 0;
    phase[static_cast<std::size_t>(p)] = k;
    Random random(1, "bench", static_cast<std::uint64_t>(p));
    // Lines at places of the phase's own and one that all share, on a background that falls.
    for (std::uint64_t left = random.poisson(40 * (0.5 + static_cast<double>(p % edge) / edge)); left > 0; --left) {
      const double what = random.uniform();
      double at = -200 * std::log(random.uniform());
      if (what < 0.3) at = 150 + 220 * k + 8 * random.normal();
      if (what >= 0.3 && what < 0.45) at = 260 + 220 * k + 8 * random.normal();
      if (what >= 0.45 && what < 0.6) at = 60 + 6 * random.normal();
      const auto channel = std::clamp<std::int64_t>(static_cast<std::int64_t>(at), 0, channels - 1);
      ++counts[static_cast<std::size_t>(p * channels + channel)];
    }
  }
  save(folder / "counts.npy", {edge, edge, channels}, counts);
  save(folder / "counts_truth.npy", {edge * edge}, phase);

  std::vector<double> features(number * dimensions);
  std::vector<std::int32_t> cloud(number), labels(number, 0);
  for (std::int64_t i = 0; i < number; ++i) {
    const auto k = i % clouds;
    cloud[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(k);
    if (i < labelled) labels[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(k) + 1;
    for (std::int64_t d = 0; d < dimensions; ++d) {
      const auto element = static_cast<std::uint64_t>(i * dimensions + d);
      const double centre = 0.4 * Random(2, "centres", static_cast<std::uint64_t>(k * dimensions + d)).normal();
      const double width = 0.7 + 0.6 * Random(2, "widths", static_cast<std::uint64_t>(k * dimensions + d)).uniform();
      features[element] = centre + width * Random(2, "clouds", element).normal();
    }
  }
  save(folder / "features.npy", {number, dimensions}, features);
  save(folder / "features_truth.npy", {number}, cloud);
  save(folder / "features_labels.npy", {number}, labels);
}

void run(const std::string& job, const std::filesystem::path& folder) {
  Context context;
  context.threads = threads;
  const bool sparse = job == "kmeans_sparse";
  const Dataset data = load(folder / (sparse ? "counts.npy" : "features.npy"));
  double best = std::numeric_limits<double>::infinity(), processor = best, objective = 0;
  std::vector<std::int32_t> found;
  const auto timed = [&](const std::function<void()>& action) {
    for (int i = 0; i < repetitions; ++i) {
      const auto start = Clock::now();
      const std::clock_t clock = std::clock();
      action();
      processor = std::min(processor, static_cast<double>(std::clock() - clock) / CLOCKS_PER_SEC);
      best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
    }
  };
  if (job.starts_with("kmeans")) {
    ops::segment::KmeansParams params;
    params.clusters = sparse ? phases : clouds;
    params.normalization = sparse ? "poisson" : "none";
    params.silhouette_sample = 2;
    timed([&] {
      const auto result = ops::segment::kmeans(Rows(data, context), params, context);
      found = result.best.label;
      objective = result.best.inertia;
    });
  } else if (job == "gmm_dense") {
    ops::segment::GmmParams params;
    params.clusters = clouds;
    params.normalization = "none";
    params.principal_components = 0;
    params.starts = 1;
    timed([&] {
      const auto result = ops::segment::gmm(Rows(data, context), params, context);
      objective = result.mixture.log_likelihood;
      found.clear();
      for (std::size_t i = 0; i < static_cast<std::size_t>(number); ++i) {
        const auto own = result.probability.begin() + static_cast<std::ptrdiff_t>(i * clouds);
        found.push_back(static_cast<std::int32_t>(std::max_element(own, own + clouds) - own));
      }
    });
  } else {
    const Operation& operation = ruska::operation("classify." + job.substr(0, job.find('_')));
    const File file = open_file(folder / "features_labels.npy");
    const Inputs inputs{{"data", data}, {"labels", file.signals.at(file.obvious())}};
    timed([&] {
      const Outputs outputs =
          operation.run(inputs, complete(operation.parameters, {{"normalization", "none"}, {"folds", 5}}), context);
      found = outputs.dataset("labels").read_all<std::int32_t>();
      objective = outputs.number("accuracy").value;
    });
  }
  save(folder / ("ruska_" + job + ".npy"), {static_cast<std::int64_t>(found.size())}, found);
  std::cout << Json{{"program", "ruska"},
                    {"job", job},
                    {"seconds", best},
                    {"processor_seconds", processor},
                    {"objective", objective}}
                   .dump()
            << "\n";
}

}  // namespace
}  // namespace ruska

int main(int count, char** arguments) {
  try {
    if (count != 3) throw ruska::Error(ruska::ErrorKind::invalid_argument, "bench_learning generate|JOB FOLDER");
    if (std::string(arguments[1]) == "generate")
      ruska::generate(arguments[2]);
    else
      ruska::run(arguments[1], arguments[2]);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
