// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// denoise.tensor_svd on Poisson counts in memory, and what the machine gives at most in the same run:
//   bench_tensor_svd Y X SIGNAL uint16|float32 RANK_Y RANK_X RANK_SIGNAL [SCAN.npy]
// The figures go to standard output as one JSON object; a file name takes the counts along for a peer.
#include "ruska/ops/denoise/tensor_svd/tensor_svd.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <iostream>
#include <limits>
#include <thread>

#include <cblas.h>

#include "ruska/base/random.hpp"
#include "ruska/core/driver.hpp"

namespace ruska {
namespace {

constexpr int threads = 2;
constexpr int repetitions = 3;
constexpr int materials = 4;

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// An array that the program holds once.
template <class T>
class HeldSource final : public Source {
 public:
  HeldSource(Description description, std::vector<T> values)
      : description_(std::move(description)), values_(std::move(values)) {
    description_.dtype = dtype_of<T>();
  }
  const Description& describe() const override { return description_; }
  void read(const Region& region, std::span<std::byte> out) const override {
    copy_region(std::as_bytes(std::span(values_)), description_.shape(), sizeof(T), region, out);
  }
  std::span<const std::byte> view(const Region& region) const override {
    const auto start = contiguous_start(region, description_.shape());
    if (!start) return {};
    return std::as_bytes(
        std::span(values_).subspan(static_cast<std::size_t>(*start), static_cast<std::size_t>(region.count())));
  }

 private:
  Description description_;
  std::vector<T> values_;
};

/// Counts, one in the mean, of four waves over the scan with a smooth pattern each.
template <class T>
Dataset draw(std::int64_t height, std::int64_t width, std::int64_t signal) {
  std::vector<T> values(static_cast<std::size_t>(height * width * signal));
  std::vector<std::thread> workers;
  for (int t = 0; t < threads; ++t) {
    workers.emplace_back([&, t] {
      for (std::int64_t p = height * width * t / threads; p < height * width * (t + 1) / threads; ++p) {
        Random random(1, "bench", static_cast<std::uint64_t>(p));
        const auto y = static_cast<double>(p / width), x = static_cast<double>(p % width);
        double weight[materials];
        for (int m = 0; m < materials; ++m)
          weight[m] = 1 + 0.9 * std::sin(0.11 * (m + 1) * y + m) * std::cos(0.13 * m * x);
        for (std::int64_t s = 0; s < signal; ++s) {
          const double at = static_cast<double>(s) / static_cast<double>(signal);
          double mean = 0;
          for (int m = 0; m < materials; ++m) mean += weight[m] * (1 + std::sin(20 * (m + 1) * at + m)) / materials;
          values[static_cast<std::size_t>(p * signal + s)] = static_cast<T>(random.poisson(mean));
        }
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  Description description;
  description.title = "bench";
  description.axes = {{.name = "y", .role = Role::navigation, .size = height},
                      {.name = "x", .role = Role::navigation, .size = width},
                      {.name = "signal", .role = Role::signal, .size = signal}};
  return Dataset(std::make_shared<HeldSource<T>>(description, std::move(values)));
}

/// Lets the peak of resident memory start anew, or reads it, in bytes.
void forget_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }
std::int64_t peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::int64_t kilobytes = 0;
    if (word == "VmHWM:" && status >> kilobytes) return kilobytes * 1024;
  }
  throw Error(ErrorKind::unsupported, "the kernel does not tell the peak memory");
}

double sgemm_flops() {
  constexpr int n = 2048;
  std::vector<float> a(n * n, 1.0f), b(n * n, 1.0f), c(n * n);
  openblas_set_num_threads(threads);
  double best = 0;
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    const auto start = Clock::now();
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1.0f, a.data(), n, b.data(), n, 0.0f, c.data(), n);
    best = std::max(best, 2.0 * n * n * n / seconds_since(start));
  }
  return best;
}

template <class T>
double read_bandwidth(const Dataset& data) {
  const auto bytes = data.source().view(Region::whole(data.describe().shape()));
  const auto* words = reinterpret_cast<const std::uint64_t*>(bytes.data());
  const std::size_t size = bytes.size() / sizeof(std::uint64_t);
  double best = 0;
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    const auto start = Clock::now();
    std::vector<std::uint64_t> sums(threads);
    std::vector<std::thread> workers;
    for (std::size_t t = 0; t < threads; ++t) {
      workers.emplace_back([&, t] {
        std::uint64_t partial[16] = {};
        for (std::size_t i = size * t / threads; i + 16 <= size * (t + 1) / threads; i += 16) {
          for (std::size_t j = 0; j < 16; ++j) partial[j] ^= words[i + j];
        }
        for (const std::uint64_t one : partial) sums[t] ^= one;
      });
    }
    for (std::thread& worker : workers) worker.join();
    // Counts are small: their highest bits say that the sums are right, and keep the compiler from leaving them out.
    if (std::is_integral_v<T> && ((sums[0] ^ sums[1]) >> 63) != 0) throw Error(ErrorKind::internal, "wrong sum");
    best = std::max(best, static_cast<double>(bytes.size()) / seconds_since(start));
  }
  return best;
}

template <class T>
void run(const std::vector<std::int64_t>& shape, const std::vector<double>& ranks, const std::string& saved) {
  const Dataset data = draw<T>(shape[0], shape[1], shape[2]);
  if (!saved.empty()) {
    const auto sink = writer_for(saved).create(saved, data.describe());
    const Region whole = Region::whole(shape);
    sink->write(whole, data.source().view(whole));
    sink->commit();
  }
  const double bandwidth = read_bandwidth<T>(data), peak_flops = sgemm_flops();
  ops::denoise::TensorSvdParams params;
  params.ranks = ranks;
  Context context;
  context.threads = threads;
  forget_peak();
  const std::int64_t before = peak_memory();
  double best = std::numeric_limits<double>::infinity(), share = 0;
  std::int64_t sweeps = 0;
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    const auto start = Clock::now();
    const ops::denoise::TensorSvdResult result = tensor_svd(data, params, context);
    best = std::min(best, seconds_since(start));
    sweeps = result.sweeps;
    share = result.captured_share;
  }
  const std::int64_t after = peak_memory();
  const auto elements = static_cast<double>(count(shape));
  const auto columns = static_cast<double>(ops::denoise::compressed_columns(data.describe(), params));
  const double products = 2 * static_cast<double>(sweeps) + 2;
  const double flops = 2 * elements * columns * products;
  const double bytes = static_cast<double>(data.describe().bytes()) * (products + 1);
  std::cout << Json{{"shape", shape},
                    {"dtype", name_of(dtype_of<T>())},
                    {"ranks", ranks},
                    {"seconds", best},
                    {"sweeps", sweeps},
                    {"captured_share", share},
                    {"data_bytes", data.describe().bytes()},
                    {"memory_over_data", static_cast<double>(after) / static_cast<double>(data.describe().bytes())},
                    {"memory_above_data_bytes", after - before},
                    {"flops", flops},
                    {"peak_flops_per_second", peak_flops},
                    {"seconds_at_peak_flops", flops / peak_flops},
                    {"bytes", bytes},
                    {"bytes_per_second", bandwidth},
                    {"seconds_at_bandwidth", bytes / bandwidth}}
                   .dump()
            << "\n";
}

}  // namespace
}  // namespace ruska

int main(int argc, char** argv) {
  try {
    if (argc != 8 && argc != 9) {
      std::cerr << "usage: bench_tensor_svd Y X SIGNAL uint16|float32 RANK_Y RANK_X RANK_SIGNAL [SCAN.npy]\n";
      return 2;
    }
    const std::vector<std::int64_t> shape{std::stoll(argv[1]), std::stoll(argv[2]), std::stoll(argv[3])};
    const std::vector<double> ranks{std::stod(argv[5]), std::stod(argv[6]), std::stod(argv[7])};
    const std::string saved = argc == 9 ? argv[8] : "";
    if (std::string(argv[4]) == "uint16")
      ruska::run<std::uint16_t>(shape, ranks, saved);
    else
      ruska::run<float>(shape, ranks, saved);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
