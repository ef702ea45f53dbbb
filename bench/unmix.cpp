// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// One job per process, so that its peak memory is its own:
//   bench_unmix generate FOLDER   cube.npy (256 × 256 × 1024, uint16, about 100 counts per spectrum), truth.npy
//   bench_unmix JOB FOLDER        JOB = pca, nmf_poisson, nmf_frobenius; factors and loadings into FOLDER, figures to
//                                 standard output as one JSON object
//   bench_unmix limits            memory bandwidth and float64 peak of this machine
// bench/run compares them with the peer's.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <numeric>
#include <thread>

#include <cblas.h>
#include <sys/resource.h>

#include "ruska/base/random.hpp"
#include "ruska/core/driver.hpp"
#include "ruska/ops/unmix/nmf/nmf.hpp"
#include "ruska/ops/unmix/pca/pca.hpp"
#include "tests/golden/u1_u2.hpp"

namespace ruska {
namespace {

constexpr int threads = 2;
constexpr int repetitions = 5;
constexpr std::int64_t edge = 256, channels = 1024, phases = 4;
constexpr double counts_per_position = 100;
constexpr double equal_accuracy_tolerance = 1e-7;

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// Bytes that the process has had in memory at most.
std::int64_t peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
}

template <class T>
void save(const std::filesystem::path& path, Shape shape, const std::vector<T>& values) {
  Description description;
  for (const std::int64_t size : shape) description.axes.push_back(Axis{.role = Role::signal, .size = size});
  description.dtype = dtype_of<T>();
  const auto sink = writer_for(path).create(path, description);
  sink->write(Region::whole(shape), std::as_bytes(std::span(values)));
  sink->commit();
}

/// A matrix with three discs in it; their thickness falls to the rim, so that every mixture occurs.
void generate(const std::filesystem::path& folder) {
  const golden::Material materials[phases] = {{{12, .245}, {26, .035}, {20, .031}, {14, .219}, {13, .024}, {8, .436}},
                                              {{12, .522}, {26, .104}, {8, .374}},
                                              {{20, .188}, {14, .173}, {13, .110}, {8, .529}},
                                              {{26, .60}, {29, .25}, {22, .15}}};
  const double centres[phases - 1][2] = {{80, 80}, {170, 100}, {128, 190}};
  const double radii[phases - 1] = {60, 45, 55};

  std::vector<double> spectra;
  for (const golden::Material& material : materials) {
    const std::vector<double> spectrum = golden::spectrum_of(material, channels, 0.010);
    spectra.insert(spectra.end(), spectrum.begin(), spectrum.end());
  }
  std::vector<std::vector<double>> cumulative;
  for (std::int64_t k = 0; k < phases; ++k) {
    cumulative.emplace_back(channels);
    std::partial_sum(spectra.begin() + k * channels, spectra.begin() + (k + 1) * channels, cumulative.back().begin());
  }
  std::vector<double> fractions(edge * edge * phases);
  std::vector<std::uint16_t> cube(edge * edge * channels, 0);
  for (std::int64_t p = 0; p < edge * edge; ++p) {
    double* fraction = fractions.data() + p * phases;
    double discs = 0;
    for (std::int64_t k = 1; k < phases; ++k) {
      const double dy = static_cast<double>(p / edge) - centres[k - 1][0];
      const double dx = static_cast<double>(p % edge) - centres[k - 1][1];
      fraction[k] = std::sqrt(std::max(0.0, 1 - (dy * dy + dx * dx) / (radii[k - 1] * radii[k - 1])));
      discs += fraction[k];
    }
    for (std::int64_t k = 1; k < phases; ++k) fraction[k] /= std::max(1.0, discs);
    fraction[0] = std::max(0.0, 1 - discs);
    for (std::int64_t k = 0; k < phases; ++k) {
      Random random(1, "bench", static_cast<std::uint64_t>(p * phases + k));
      for (std::uint64_t left = random.poisson(counts_per_position * fraction[k]); left > 0; --left) {
        const auto& steps = cumulative[static_cast<std::size_t>(k)];
        const auto at = std::lower_bound(steps.begin(), steps.end(), random.uniform() * steps.back()) - steps.begin();
        ++cube[static_cast<std::size_t>(p * channels + at)];
      }
    }
  }
  std::filesystem::create_directories(folder);
  save(folder / "cube.npy", {edge, edge, channels}, cube);
  save(folder / "truth.npy", {phases, channels}, spectra);
  save(folder / "fractions.npy", {edge * edge, phases}, fractions);
}

void run(const std::string& job, const std::filesystem::path& folder) {
  Context context;
  context.threads = threads;
  const std::int64_t before = peak_memory();
  double best = std::numeric_limits<double>::infinity();
  std::int64_t components = 0, passes = 1;
  std::vector<double> factors, loadings, singular_values;
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    const auto start = Clock::now();
    const Dataset cube = open_file(folder / "cube.npy").signal("");
    const Rows rows(cube, context);
    if (job == "pca") {
      ops::unmix::PcaParams params;
      params.components = 10;
      params.scree_length = 10;
      ops::unmix::PcaResult result = ops::unmix::pca(rows, params, context);
      components = result.components;
      factors = std::move(result.factors);
      loadings = std::move(result.loadings);
      singular_values = std::move(result.singular_values);
    } else {
      ops::unmix::NmfParams params;
      params.components = phases;
      params.starts = 1;
      params.sparsity = 0.0;  // the peer's objective is the data's alone
      params.loss = job == "nmf_poisson" ? "poisson" : "frobenius";
      // The peer stops after 200 iterations; to compare at no less accuracy the squares go on beyond the default.
      if (params.loss == "frobenius") params.tolerance = equal_accuracy_tolerance;
      ops::unmix::NmfResult result = ops::unmix::nmf(rows, params, context);
      components = result.components;
      passes = static_cast<std::int64_t>(result.objective.size());
      factors = std::move(result.factors);
      loadings = std::move(result.loadings);
    }
    best = std::min(best, seconds_since(start));
  }
  const std::int64_t after = peak_memory();
  save(folder / ("ruska_" + job + "_factors.npy"), {components, channels}, factors);
  save(folder / ("ruska_" + job + "_loadings.npy"), {edge * edge, components}, loadings);
  const Json figures{{"job", job},       {"seconds", best},    {"memory_bytes", after - before},
                     {"passes", passes}, {"threads", threads}, {"singular_values", singular_values}};
  std::cout << figures.dump() << "\n";
}

/// What the machine gives at most: reading memory, and multiplying matrices.
void limits() {
  std::vector<double> values(std::size_t{1} << 26, 1.0);
  double bandwidth = 0, flops = 0;
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    const auto start = Clock::now();
    std::vector<double> sums(threads);
    std::vector<std::thread> workers;
    for (int t = 0; t < threads; ++t) {
      workers.emplace_back([&, t] {
        const std::size_t part = values.size() / threads, begin = part * static_cast<std::size_t>(t);
        double partial[16] = {};
        for (std::size_t i = begin; i < begin + part; i += 16) {
          for (std::size_t j = 0; j < 16; ++j) partial[j] += values[i + j];
        }
        sums[static_cast<std::size_t>(t)] = std::accumulate(partial, partial + 16, 0.0);
      });
    }
    for (std::thread& worker : workers) worker.join();
    if (sums[0] != static_cast<double>(values.size() / threads)) throw Error(ErrorKind::internal, "wrong sum");
    bandwidth = std::max(bandwidth, static_cast<double>(values.size() * sizeof(double)) / seconds_since(start));
  }
  constexpr int n = 1536;
  std::vector<double> a(n * n, 1.0), b(n * n, 1.0), c(n * n);
  openblas_set_num_threads(threads);
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    const auto start = Clock::now();
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1.0, a.data(), n, b.data(), n, 0.0, c.data(), n);
    flops = std::max(flops, 2.0 * n * n * n / seconds_since(start));
  }
  std::cout << Json{{"job", "limits"}, {"bytes_per_second", bandwidth}, {"flops_per_second", flops}}.dump() << "\n";
}

}  // namespace
}  // namespace ruska

int main(int argc, char** argv) {
  try {
    const std::string job = argc > 1 ? argv[1] : "";
    if (job == "limits" && argc == 2) {
      ruska::limits();
    } else if (job == "generate" && argc == 3) {
      ruska::generate(argv[2]);
    } else if ((job == "pca" || job == "nmf_poisson" || job == "nmf_frobenius") && argc == 3) {
      ruska::run(job, argv[2]);
    } else {
      std::cerr << "usage: bench_unmix generate|pca|nmf_poisson|nmf_frobenius FOLDER, or bench_unmix limits\n";
      return 2;
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
