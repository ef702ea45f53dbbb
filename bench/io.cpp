// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// How fast files are read, on two threads and partition by partition, as an analysis reads; values are summed at once.
// Each prints one JSON object.
//   bench_io open FILE           time to open FILE, and resident memory after it
//   bench_io read FILE [REPEATS] all values of the obvious signal through Source::view or read: time, sum, peak memory
//   bench_io limits FILE         the bytes of FILE read in blocks as large as the parts of `read`, and the same summed
//   in
//                                the dtype of the obvious signal; memory that is summed: bytes per second. Of a .bcf
//                                only how long its maps take to be inflated
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <limits>
#include <thread>
#include <vector>

#include <sys/resource.h>

#include "ruska/core/driver.hpp"
#include "ruska/core/executor.hpp"
#include "ruska/core/rows.hpp"
#include "ruska/io/bcf/single_file_system.hpp"
#include "ruska/io/random_access_file.hpp"

namespace ruska {
namespace {

constexpr int threads = 2;
/// What is read and then summed at once: it stays in a core's own cache.
constexpr std::int64_t block_bytes = std::int64_t{128} << 10;

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::int64_t peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
}

/// Seconds of processor time so far, of all threads, the system's share included. On a busy machine it says more than
/// the clock.
double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// The sum modulo 2^64 of integers; floats are summed as they are.
template <class T>
double sum_of(const T* values, std::size_t count) {
  if constexpr (std::is_floating_point_v<T>) {
    double lanes[16] = {};
    std::size_t i = 0;
    for (; i + 16 <= count; i += 16) {
      for (std::size_t j = 0; j < 16; ++j) lanes[j] += static_cast<double>(values[i + j]);
    }
    for (; i < count; ++i) lanes[0] += static_cast<double>(values[i]);
    double sum = 0;
    for (const double lane : lanes) sum += lane;
    return sum;
  } else if constexpr (is_complex_v<T>) {
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum += static_cast<double>(values[i].real());
    return sum;
  } else {
    using Wide =
        std::conditional_t<sizeof(T) <= 2, std::conditional_t<std::is_signed_v<T>, std::int32_t, std::uint32_t>,
                           std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>>;
    constexpr std::size_t safe = 32768;  // 16-bit values whose sum fits 32 bits
    double sum = 0;
    for (std::size_t begin = 0; begin < count; begin += safe) {
      const std::size_t end = std::min(count, begin + safe);
      Wide part = 0;
      for (std::size_t i = begin; i < end; ++i) part += static_cast<Wide>(values[i]);
      sum += static_cast<double>(part);
    }
    return sum;
  }
}

double sum_of(std::span<const std::byte> bytes, DType dtype) {
  return visit_dtype(
      dtype, [&]<class T>() { return sum_of(reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)); });
}

/// One pass over all partitions. `counts_bytes` gets the size of the sparse counts, where the signal has such.
double pass(const Dataset& data, Context& context, std::int64_t& counts_bytes) {
  const Description& description = data.describe();
  const Source& source = data.source();
  std::atomic<double> total = 0;
  std::atomic<std::int64_t> held = 0;
  Executor(context).for_each_chunk("reading", partitions_of(description), [&](std::int64_t, RowRange range) {
    double sum = 0;
    if (description.sparse) {
      const SparseCounts counts = source.read_counts(range.begin, range.end);
      sum = sum_of(counts.value.data(), counts.value.size());
      held += counts.bytes();
    } else {
      thread_local std::vector<std::byte> buffer;
      // Chunks are decoded whole.
      const std::int64_t row_bytes = description.signal_size() * static_cast<std::int64_t>(size_of(description.dtype));
      const std::int64_t rows =
          description.chunk.empty() ? std::max<std::int64_t>(1, block_bytes / row_bytes) : range.size();
      for (std::int64_t begin = range.begin; begin < range.end; begin += rows) {
        for (const Region& region : regions_of_rows(description, {begin, std::min(range.end, begin + rows)})) {
          std::span<const std::byte> values = source.view(region);
          if (values.empty()) {
            buffer.resize(static_cast<std::size_t>(region.count()) * size_of(description.dtype));
            source.read(region, buffer);
            values = buffer;
          }
          sum += sum_of(values, description.dtype);
        }
      }
    }
    total += sum;
  });
  counts_bytes = held;
  return total;
}

void open(const std::filesystem::path& path) {
  const std::int64_t before = peak_memory();
  const auto start = Clock::now();
  const File file = open_file(path);
  const double seconds = seconds_since(start);
  const Description& description = file.signals.at(file.obvious()).describe();
  std::cout << Json{{"job", "open"},
                    {"seconds", seconds},
                    {"shape", description.shape()},
                    {"bytes", description.bytes()},
                    {"before_bytes", before},
                    {"peak_bytes", peak_memory()}}
                   .dump()
            << std::endl;
}

void read(const std::filesystem::path& path, int repeats) {
  Context context;
  context.threads = threads;
  std::vector<double> seconds, processor;
  double sum = 0;
  std::int64_t bytes = 0, counts_bytes = 0;
  const std::int64_t before = peak_memory();
  for (int i = 0; i < repeats; ++i) {
    const double worked = processor_seconds();
    const auto start = Clock::now();
    const File file = open_file(path);
    const Dataset data = file.signals.at(file.obvious());
    sum = pass(data, context, counts_bytes);
    seconds.push_back(seconds_since(start));
    processor.push_back(processor_seconds() - worked);
    bytes = data.describe().bytes();
  }
  std::cout << Json{{"job", "read"},          {"seconds", seconds},           {"cpu_seconds", processor},
                    {"bytes", bytes},         {"counts_bytes", counts_bytes}, {"sum", sum},
                    {"before_bytes", before}, {"peak_bytes", peak_memory()}}
                   .dump()
            << std::endl;
}

/// The maps of a .bcf inflated by both threads, each time from a file just opened.
void inflate(const std::filesystem::path& path) {
  std::vector<double> seconds, processor;
  std::int64_t bytes = 0;
  for (int i = 0; i < 5; ++i) {
    const io::bcf::SingleFileSystem container(std::make_shared<const io::RandomAccessFile>(path));
    const auto stream = container.open("EDSDatabase", "SpectrumData0");
    bytes = stream->size();
    std::atomic<std::int64_t> next = 0;
    const double worked = processor_seconds();
    const auto start = Clock::now();
    std::vector<std::thread> workers;
    for (int t = 0; t < threads; ++t) {
      workers.emplace_back([&] {
        // A byte of a block costs inflating the whole, and no more than that. Blocks have 128 KiB in these files.
        constexpr std::int64_t block = std::int64_t{128} << 10;
        std::byte one{};
        for (std::int64_t at = next++; at * block < bytes; at = next++) stream->read(at * block, {&one, 1});
      });
    }
    for (std::thread& worker : workers) worker.join();
    seconds.push_back(seconds_since(start));
    processor.push_back(processor_seconds() - worked);
  }
  std::cout << Json{{"job", "inflate"}, {"seconds", seconds}, {"cpu_seconds", processor}, {"bytes", bytes}}.dump()
            << std::endl;
}

/// Bytes per second that the threads get together when each calls `work(begin, end)` for its share of `bytes`, by the
/// clock and, times the threads, by their processor time.
struct Rate {
  std::vector<double> clock, processor;
};
template <class Work>
void measure(Rate& rate, std::int64_t bytes, const Work& work) {
  const double worked = processor_seconds();
  const auto start = Clock::now();
  std::vector<std::thread> workers;
  for (int t = 0; t < threads; ++t) {
    workers.emplace_back([&, t] { work(bytes * t / threads, bytes * (t + 1) / threads); });
  }
  for (std::thread& worker : workers) worker.join();
  rate.clock.push_back(static_cast<double>(bytes) / seconds_since(start));
  rate.processor.push_back(static_cast<double>(bytes) * threads / (processor_seconds() - worked));
}

void limits(const std::filesystem::path& path) {
  if (path.extension() == ".bcf") return inflate(path);
  const File opened = open_file(path);
  const DType dtype = opened.signals.at(opened.obvious()).describe().dtype;
  const io::RandomAccessFile file(path);
  const std::int64_t bytes = file.size() / (2 * block_bytes) * (2 * block_bytes);
  std::atomic<double> total = 0;
  const auto from_file = [&](Rate& rate, bool summed) {
    measure(rate, bytes, [&](std::int64_t begin, std::int64_t end) {
      std::vector<std::byte> buffer(static_cast<std::size_t>(block_bytes));
      double sum = 0;
      for (; begin < end; begin += block_bytes) {
        file.read(begin, std::span(buffer).first(static_cast<std::size_t>(std::min(block_bytes, end - begin))));
        if (summed) sum += sum_of(buffer, dtype);
      }
      total += sum;
    });
  };
  const std::vector<std::byte> memory(static_cast<std::size_t>(std::int64_t{512} << 20), std::byte{1});
  const auto from_memory = [&](Rate& rate) {
    measure(rate, static_cast<std::int64_t>(memory.size()), [&](std::int64_t begin, std::int64_t end) {
      total += sum_of(std::span(memory).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)),
                      dtype);
    });
  };
  constexpr int repeats = 5;
  Rate copied, summed, resident;
  for (int i = 0; i < repeats; ++i) {
    from_file(copied, false);
    from_file(summed, true);
    from_memory(resident);
  }
  if (total == 0.5) std::cerr << "\n";  // the sums must not be optimised away
  const auto told = [](const Rate& rate) { return Json{{"clock", rate.clock}, {"processor", rate.processor}}; };
  std::cout
      << Json{{"job", "limits"}, {"copied", told(copied)}, {"summed", told(summed)}, {"memory", told(resident)}}.dump()
      << std::endl;
}

}  // namespace
}  // namespace ruska

int main(int argc, char** argv) {
  const std::string job = argc > 1 ? argv[1] : "";
  try {
    if (job == "open" && argc == 3) {
      ruska::open(argv[2]);
    } else if (job == "read" && argc >= 3) {
      ruska::read(argv[2], argc > 3 ? std::stoi(argv[3]) : 1);
    } else if (job == "limits" && argc == 3) {
      ruska::limits(argv[2]);
    } else {
      std::cerr << "bench_io open FILE | read FILE [REPEATS] | limits FILE\n";
      return 2;
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
