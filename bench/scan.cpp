// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// diffraction.scan's one pass, {three virtual detectors, centre of mass, total, sum and maximum pattern}, uint16,
// beside the speed at which the same two threads only read the same values. Each prints JSON objects, one a line.
//   bench_scan memory [TARGET]   the five frame sizes, values in memory: a scan of 8 GiB whose frames are those of a
//                                block of 1 GiB over and over, five times, each time after the block was read
//   bench_scan file FOLDER       the same from a raw file of 1 GiB that the system keeps in its page cache, nine times
//   bench_scan peak FILE         one pass over FILE: peak resident memory
//   bench_scan generate FOLDER   frames.npy, 256 × 256, 1 GiB, and masks.npy for the peers
//   bench_scan one FOLDER        one pass over frames.npy, results into FOLDER for comparison
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <numeric>
#include <thread>

#include <sys/resource.h>

#include "ruska/core/driver.hpp"
#include "ruska/kernels/targets.hpp"
#include "ruska/ops/diffraction/scan/frame_pass.hpp"

namespace ruska {
namespace {

using namespace ops::diffraction;

constexpr int threads = 2;
constexpr std::int64_t block_bytes = std::int64_t{1} << 30;
constexpr std::int64_t scan_bytes = std::int64_t{8} << 30;
constexpr int memory_rounds = 5;
constexpr int file_rounds = 9;
constexpr std::int64_t frame_sizes[][2] = {{1024, 1024}, {512, 512}, {256, 256}, {128, 256}, {64, 256}};
constexpr double camera_frames_per_second[] = {1900, 7380, 26000, 49000, 86000};

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::int64_t peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
}

Description description_of(std::int64_t frames, std::int64_t height, std::int64_t width) {
  Description description;
  description.title = "frames";
  description.dtype = DType::uint16;
  description.axes = {{.name = "frame", .role = Role::navigation, .size = frames},
                      {.name = "ky", .role = Role::signal, .size = height},
                      {.name = "kx", .role = Role::signal, .size = width}};
  return description;
}

/// Values over the whole range of 16 bits: the sums must be exact for all of them.
std::vector<std::uint16_t> block() {
  std::vector<std::uint16_t> values(static_cast<std::size_t>(block_bytes) / 2);
  std::uint64_t state = 1;
  for (std::uint16_t& value : values) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    value = static_cast<std::uint16_t>(state >> 48);
  }
  return values;
}

/// Bright field, annular bright field and dark field.
std::vector<std::vector<std::uint8_t>> detectors(std::int64_t height, std::int64_t width) {
  std::vector<std::vector<std::uint8_t>> masks(3);
  const double reach = static_cast<double>(std::min(height, width)) / 2;
  for (std::int64_t i = 0; i < height * width; ++i) {
    const double radius = std::hypot(static_cast<double>(i / width) - static_cast<double>(height) / 2,
                                     static_cast<double>(i % width) - static_cast<double>(width) / 2) /
                          reach;
    masks[0].push_back(radius <= 0.25 ? 1 : 0);
    masks[1].push_back(radius > 0.125 && radius <= 0.25 ? 1 : 0);
    masks[2].push_back(radius > 0.3 && radius <= 1 ? 1 : 0);
  }
  return masks;
}

/// Bytes per second at which `threads` threads read memory: 64-bit words are summed, which compilers make vectors of.
double read_bandwidth(std::span<const std::byte> bytes) {
  const std::size_t words = bytes.size() / 8 / threads;
  std::uint64_t sums[threads] = {};
  const auto start = Clock::now();
  std::vector<std::thread> readers;
  for (int t = 0; t < threads; ++t) {
    readers.emplace_back([&, t] {
      const std::byte* const from = bytes.data() + static_cast<std::size_t>(t) * words * 8;
      std::uint64_t sum[32] = {};
      for (std::size_t i = 0; i + 32 <= words; i += 32) {
        std::uint64_t some[32];
        std::memcpy(some, from + i * 8, sizeof(some));
        for (int j = 0; j < 32; ++j) sum[j] += some[j];
      }
      sums[t] = std::accumulate(std::begin(sum), std::end(sum), std::uint64_t{0});
    });
  }
  for (std::thread& reader : readers) reader.join();
  const double seconds = seconds_since(start);
  if (sums[0] + sums[1] == 1) std::cerr << "\n";  // the sums must not be optimised away
  return static_cast<double>(bytes.size()) / seconds;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double pass_seconds(const Dataset& data, const kernels::FrameMasks& masks) {
  Context context;
  context.threads = threads;
  const Correction none;
  const auto start = Clock::now();
  const auto result = pass_over_frames<std::uint16_t>(data, none, PassRequest{.masks = masks}, context);
  if (result.sums.empty()) throw Error(ErrorKind::internal, "nothing was summed");
  return seconds_since(start);
}

/// A plain read of `values` and a pass over `data`, in turn; medians.
void report(const std::string& job, const Dataset& data, std::span<const std::uint16_t> values, std::size_t size,
            const std::string& target, int rounds) {
  const auto [height, width] = frame_sizes[size];
  const kernels::FrameMasks masks(height, width, {}, detectors(height, width));
  const auto bytes = static_cast<double>(data.describe().bytes());
  std::vector<double> reads, rates, shares;
  for (int round = 0; round < rounds; ++round) {
    reads.push_back(read_bandwidth(std::as_bytes(values)));
    rates.push_back(bytes / pass_seconds(data, masks));
    shares.push_back(rates.back() / reads.back());
  }
  std::cout << Json{{"job", job},
                    {"target", target},
                    {"height", height},
                    {"width", width},
                    {"streamed_bytes", rounds * bytes},
                    {"bytes_per_second", median(rates)},
                    {"frames_per_second", median(rates) / static_cast<double>(height * width * 2)},
                    {"camera_frames_per_second", camera_frames_per_second[size]},
                    {"read_bytes_per_second", median(reads)},
                    {"share_of_read", median(shares)}}
                   .dump()
            << std::endl;
}

/// A scan of `scan_bytes`, whose frames are those of a block in memory over and over.
class RepeatedBlock final : public Source {
 public:
  RepeatedBlock(std::span<const std::uint16_t> block, std::int64_t height, std::int64_t width)
      : block_(std::as_bytes(block)), description_(description_of(scan_bytes / (height * width * 2), height, width)) {}
  const Description& describe() const override { return description_; }
  void read(const Region& region, std::span<std::byte> out) const override {
    const auto seen = view(region);
    if (seen.empty()) throw Error(ErrorKind::internal, "only whole frames within the block are asked for");
    std::copy(seen.begin(), seen.end(), out.begin());
  }
  std::span<const std::byte> view(const Region& region) const override {
    const auto start = contiguous_start(region, description_.shape());
    const auto bytes = static_cast<std::size_t>(region.count()) * 2;
    if (!start) return {};
    const std::size_t offset = static_cast<std::size_t>(*start) * 2 % block_.size();
    return offset + bytes <= block_.size() ? block_.subspan(offset, bytes) : std::span<const std::byte>{};
  }

 private:
  std::span<const std::byte> block_;
  Description description_;
};

Dataset dataset_of(std::span<const std::uint16_t> values, std::size_t size) {
  const auto [height, width] = frame_sizes[size];
  return Dataset::from_values(
      description_of(static_cast<std::int64_t>(values.size()) / (height * width), height, width), values);
}

void in_memory_on(const std::vector<std::uint16_t>& values, const std::string& target) {
  for (std::size_t size = 0; size < std::size(frame_sizes); ++size) {
    const auto [height, width] = frame_sizes[size];
    report("memory", Dataset(std::make_shared<RepeatedBlock>(values, height, width)), values, size, target,
           memory_rounds);
  }
}

/// On the best SIMD target that this CPU has, or on the one named.
void in_memory(const std::string& only) {
  const std::vector<std::uint16_t> values = block();
  if (only.empty()) return in_memory_on(values, hwy::TargetName(hwy::SupportedAndGeneratedTargets().front()));
  kernels::for_each_target([&](const char* target) {
    if (only == target) in_memory_on(values, target);
  });
}

template <class T>
void save(const std::filesystem::path& path, const Description& description, const std::vector<T>& values) {
  const auto sink = writer_for(path).create(path, description);
  sink->write(Region::whole(description.shape()), std::as_bytes(std::span(values)));
  sink->commit();
}

void from_file(const std::filesystem::path& folder) {
  const std::vector<std::uint16_t> values = block();
  for (std::size_t size = 0; size < std::size(frame_sizes); ++size) {
    const std::filesystem::path path = folder / "frames.raw";
    save(path, dataset_of(values, size).describe(), values);
    report("file", open_file(path).signals.at(0), values, size, "", file_rounds);
  }
}

void peak(const std::filesystem::path& path) {
  const Dataset data = open_file(path).signals.at(0);
  const Shape frame = data.describe().signal_shape();
  const kernels::FrameMasks masks(frame[0], frame[1], {}, detectors(frame[0], frame[1]));
  const std::int64_t before = peak_memory();
  const double seconds = pass_seconds(data, masks);
  std::cout
      << Json{{"job", "peak"},      {"bytes", data.describe().bytes()}, {"frames", data.describe().navigation_size()},
              {"seconds", seconds}, {"before_bytes", before},           {"peak_bytes", peak_memory()}}
             .dump()
      << std::endl;
}

void generate(const std::filesystem::path& folder) {
  const std::vector<std::uint16_t> values = block();
  const std::int64_t edge = 256, frames = static_cast<std::int64_t>(values.size()) / (edge * edge);
  Description description = description_of(frames / 128, edge, edge);
  // Of four axes, so that programs take the last two for the frame's.
  description.axes.insert(description.axes.begin() + 1, Axis{.name = "x", .role = Role::navigation, .size = 128});
  save(folder / "frames.npy", description, values);
  std::vector<std::uint8_t> masks;
  for (const auto& mask : detectors(edge, edge)) masks.insert(masks.end(), mask.begin(), mask.end());
  description = description_of(3, edge, edge);
  description.dtype = DType::uint8;
  save(folder / "masks.npy", description, masks);
}

void one(const std::filesystem::path& folder) {
  const Dataset data = open_file(folder / "frames.npy").signals.at(0);
  const Shape frame = data.describe().signal_shape();
  const kernels::FrameMasks masks(frame[0], frame[1], {}, detectors(frame[0], frame[1]));
  Context context;
  context.threads = threads;
  const auto start = Clock::now();
  const auto result = pass_over_frames<std::uint16_t>(data, {}, PassRequest{.masks = masks}, context);
  const double seconds = seconds_since(start);
  Description sums = description_of(data.describe().navigation_size(), 1, masks.sums());
  sums.dtype = DType::int64;
  save(folder / "ruska_sums.npy", sums, result.sums);
  Description pattern = description_of(1, frame[0], frame[1]);
  pattern.dtype = DType::int64;
  save(folder / "ruska_pattern.npy", pattern, result.pattern_sum);
  pattern.dtype = DType::uint16;
  save(folder / "ruska_maximum.npy", pattern, result.maximum);
  std::cout
      << Json{{"job", "one"}, {"program", "ruska"}, {"bytes", data.describe().bytes()}, {"seconds", seconds}}.dump()
      << std::endl;
}

}  // namespace
}  // namespace ruska

int main(int argc, char** argv) {
  const std::string job = argc > 1 ? argv[1] : "";
  const std::string argument = argc > 2 ? argv[2] : "";
  try {
    if (job == "memory") {
      ruska::in_memory(argument);
    } else if (job == "file") {
      ruska::from_file(argument);
    } else if (job == "peak") {
      ruska::peak(argument);
    } else if (job == "generate") {
      ruska::generate(argument);
    } else if (job == "one") {
      ruska::one(argument);
    } else {
      std::cerr << "bench_scan memory [TARGET] | file FOLDER | peak FILE | generate FOLDER | one FOLDER\n";
      return 2;
    }
  } catch (const ruska::Error& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
