// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// What every driver must keep to, over the registry and the small files that the project writes itself.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <complex>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <numeric>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "ruska/base/random.hpp"
#include "ruska/core/convert.hpp"
#include "ruska/core/losses.hpp"
#include "tests/fixtures.hpp"
#include "tests/scratch_folder.hpp"
#include "tests/source_folder.hpp"

#if defined(__has_feature)  // clang
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define RUSKA_SANITIZED
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)  // gcc
#define RUSKA_SANITIZED
#endif

namespace ruska {
namespace {

namespace fs = std::filesystem;

/// While it lives, this process gets at most `more` bytes beyond what it has: a size taken from a damaged file
/// without a check fails here instead of filling the machine. Address sanitizers reserve terabytes and go without.
class MemoryLimit {
 public:
  explicit MemoryLimit(rlim_t more) {
#ifndef RUSKA_SANITIZED
    std::ifstream statm("/proc/self/statm");
    rlim_t pages = 0;
    statm >> pages;
    ::getrlimit(RLIMIT_AS, &before_);
    rlimit now = before_;
    now.rlim_cur = std::min(now.rlim_max, pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + more);
    limited_ = ::setrlimit(RLIMIT_AS, &now) == 0;
#else
    (void)more;
#endif
  }
  ~MemoryLimit() {
    if (limited_) ::setrlimit(RLIMIT_AS, &before_);
  }

 private:
  rlimit before_{};
  bool limited_ = false;
};

std::vector<std::byte> read_bytes(const Source& source, const Region& region) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(region.count()) * size_of(source.describe().dtype));
  source.read(region, bytes);
  return bytes;
}
std::vector<std::byte> read_bytes(const Source& source) {
  return read_bytes(source, Region::whole(source.describe().shape()));
}

void expect_same_description(const Description& got, const Description& expected) {
  EXPECT_EQ(got.title, expected.title);
  EXPECT_EQ(got.signal_type, expected.signal_type);
  EXPECT_EQ(name_of(got.dtype), name_of(expected.dtype));
  EXPECT_EQ(got.fields, expected.fields);
  EXPECT_EQ(nlohmann::json(got.metadata), nlohmann::json(expected.metadata));
  ASSERT_EQ(to_string(got.shape()), to_string(expected.shape()));
  for (std::size_t i = 0; i < got.axes.size(); ++i) {
    SCOPED_TRACE("axis " + std::to_string(i));
    EXPECT_EQ(to_json(got.axes[i]).dump(), to_json(expected.axes[i]).dump());
  }
}

bool same_signals(const std::vector<std::shared_ptr<const Source>>& got, const std::vector<Dataset>& expected) {
  if (got.size() != expected.size()) return false;
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (got[i]->describe().dtype != expected[i].describe().dtype) return false;
    if (got[i]->describe().shape() != expected[i].describe().shape()) return false;
    if (read_bytes(*got[i]) != read_bytes(expected[i].source())) return false;
  }
  return true;
}

const Driver& driver_of(const Fixture& fixture) {
  for (const Driver* driver : drivers()) {
    if (driver->name == fixture.driver) return *driver;
  }
  throw Error(ErrorKind::internal, "a fixture of the unknown driver " + fixture.driver);
}

std::string head_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string head(4096, '\0');
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(file.gcount()));
  return head;
}

Confidence confidence(const Driver& driver, const fs::path& path) {
  if (fs::is_directory(path)) return driver.probe_folder ? driver.probe_folder(path) : Confidence::none;
  const std::string head = head_of(path);
  return driver.probe({path, std::as_bytes(std::span(head)), static_cast<std::int64_t>(fs::file_size(path))});
}

Region random_region(Random& random, const Shape& shape) {
  Region region;
  for (const std::int64_t size : shape) {
    const auto start = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(size) + 1));
    region.start.push_back(start);
    region.shape.push_back(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(size - start) + 1)));
  }
  return region;
}

/// Opens a file that may be damaged and reads a bounded number of values of every signal. Anything but an Error of the
/// kinds that say "this file is at fault" is a defect. Returns the signals where opening and reading went well.
std::vector<std::shared_ptr<const Source>> survive(const Driver& driver, const fs::path& path) {
  constexpr std::int64_t few = std::int64_t{1} << 16;
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::shared_ptr<const Source>> signals;
  try {
    signals = driver.open(path);
    for (const auto& signal : signals) {
      const Description& description = signal->describe();
      description.validate();
      // What is told of a signal goes into JSON, which refuses text that is not UTF-8.
      Json told{description.title, description.signal_type, description.fields, description.metadata,
                description.original};
      for (const Axis& axis : description.axes) told.push_back(to_json(axis));
      EXPECT_NO_THROW(told.dump());
      Region region = Region::whole(description.shape());
      for (std::int64_t& length : region.shape) {
        while (length > 1 && region.count() > few) length /= 2;
      }
      read_bytes(*signal, region);
      if (description.sparse) signal->read_counts(0, std::min<std::int64_t>(description.navigation_size(), 256));
    }
  } catch (const Error& error) {
    signals.clear();
    EXPECT_THAT(error.kind(),
                testing::AnyOf(ErrorKind::bad_data, ErrorKind::unsupported, ErrorKind::io, ErrorKind::not_found))
        << error.what();
    EXPECT_STRNE(error.what(), "");
  } catch (const std::exception& other) {
    signals.clear();
    ADD_FAILURE() << "not a ruska::Error: " << other.what();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
  return signals;
}

class DriverFixture : public testing::TestWithParam<std::size_t> {
 protected:
  const Fixture& fixture() const { return fixtures()[GetParam()]; }
  const Driver& driver() const { return driver_of(fixture()); }

  /// Writes the fixture and returns what to open.
  fs::path write() { return fixture().write(folder_.path()); }

  /// The files that make up the fixture.
  std::vector<fs::path> written() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path())) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
  }

  ScratchFolder folder_;
};

TEST_P(DriverFixture, HoldsTheExpectedSignals) {
  const File file = open_file(write());
  EXPECT_EQ(file.driver->name, fixture().driver);
  ASSERT_EQ(file.signals.size(), fixture().expected.size());
  for (std::size_t i = 0; i < file.signals.size(); ++i) {
    SCOPED_TRACE("signal " + std::to_string(i));
    expect_same_description(file.signals[i].describe(), fixture().expected[i].describe());
    if (HasFatalFailure()) return;
    EXPECT_EQ(read_bytes(file.signals[i].source()), read_bytes(fixture().expected[i].source()));
  }
}

TEST_P(DriverFixture, RegionsAgreeWithAFullRead) {
  for (const auto& signal : driver().open(write())) {
    const Shape shape = signal->describe().shape();
    const std::size_t item = size_of(signal->describe().dtype);
    const std::vector<std::byte> whole = read_bytes(*signal);
    for (std::uint64_t i = 0; i < 60; ++i) {
      Random random(1, "regions", i);
      const Region region = random_region(random, shape);
      std::vector<std::byte> expected(static_cast<std::size_t>(region.count()) * item);
      copy_region(whole, shape, item, region, expected);
      ASSERT_EQ(read_bytes(*signal, region), expected)
          << "start " << to_string(region.start) << ", shape " << to_string(region.shape);
    }
  }
}

TEST_P(DriverFixture, RefusesRegionsOutsideAndBuffersOfTheWrongSize) {
  for (const auto& signal : driver().open(write())) {
    const Shape shape = signal->describe().shape();
    if (shape.empty()) continue;
    std::vector<std::byte> bytes = read_bytes(*signal);
    bytes.push_back(std::byte{0});
    const auto refused = [&](const Region& region, std::size_t size) {
      try {
        signal->read(region, std::span(bytes).first(size));
      } catch (const Error& error) {
        return error.kind() == ErrorKind::invalid_argument;
      }
      return false;
    };
    const Region whole = Region::whole(shape);
    EXPECT_TRUE(refused(whole, bytes.size()));
    EXPECT_TRUE(refused(whole, bytes.size() - 2));
    Region beyond = whole;
    ++beyond.start[0];
    EXPECT_TRUE(refused(beyond, bytes.size() - 1));
    Region before = whole;
    before.start.back() = -1;
    EXPECT_TRUE(refused(before, bytes.size() - 1));
  }
}

TEST_P(DriverFixture, SparseRowsAgreeWithDenseValues) {
  for (const auto& signal : driver().open(write())) {
    const Description& description = signal->describe();
    if (!description.sparse) {
      EXPECT_THROW(signal->read_counts(0, 0), Error);
      continue;
    }
    const std::vector<double> dense = Dataset(signal).read_all_as_double();
    const std::int64_t rows = description.navigation_size(), columns = description.signal_size();
    for (std::uint64_t i = 0; i < 40; ++i) {
      Random random(2, "rows", i);
      const auto begin = i == 0 ? 0 : static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(rows) + 1));
      const auto end =
          i == 0 ? rows : begin + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(rows - begin) + 1));
      const SparseCounts counts = signal->read_counts(begin, end);
      ASSERT_EQ(counts.rows(), end - begin);
      ASSERT_EQ(counts.row_start.front(), 0);
      ASSERT_EQ(counts.row_start.back(), counts.nonzeros());
      ASSERT_EQ(counts.channel.size(), counts.value.size());
      std::vector<double> spread(static_cast<std::size_t>((end - begin) * columns));
      for (std::int64_t row = 0; row < counts.rows(); ++row) {
        std::int64_t previous = -1;
        for (std::int64_t j = counts.row_start[static_cast<std::size_t>(row)];
             j < counts.row_start[static_cast<std::size_t>(row) + 1]; ++j) {
          const std::int64_t channel = counts.channel[static_cast<std::size_t>(j)];
          ASSERT_GT(channel, previous);
          ASSERT_LT(channel, columns);
          ASSERT_GT(counts.value[static_cast<std::size_t>(j)], 0u);
          spread[static_cast<std::size_t>(row * columns + channel)] = counts.value[static_cast<std::size_t>(j)];
          previous = channel;
        }
      }
      ASSERT_TRUE(std::equal(spread.begin(), spread.end(), dense.begin() + begin * columns));
    }
    for (const auto& [begin, end] :
         {std::pair{std::int64_t{-1}, rows}, {std::int64_t{0}, rows + 1}, {rows, rows - 1}}) {
      EXPECT_THROW(signal->read_counts(begin, end), Error) << begin << " to " << end;
    }
  }
}

TEST_P(DriverFixture, StatisticsAgreeWithAFullRead) {
  const File file = open_file(write());
  for (const Dataset& signal : file.signals) {
    if (is_complex(signal.describe().dtype) || count(signal.describe().shape()) == 0) continue;
    const std::vector<double> values = signal.read_all_as_double();
    const double sum = std::accumulate(values.begin(), values.end(), 0.0);
    const Statistics got = statistics(signal);
    if (std::isnan(sum)) {
      EXPECT_TRUE(std::isnan(got.sum) && std::isnan(got.min) && std::isnan(got.max) && std::isnan(got.mean));
      continue;
    }
    EXPECT_EQ(got.min, *std::min_element(values.begin(), values.end()));
    EXPECT_EQ(got.max, *std::max_element(values.begin(), values.end()));
    EXPECT_NEAR(got.sum, sum, 1e-12 * std::fabs(sum));
    EXPECT_NEAR(got.mean, sum / static_cast<double>(values.size()), 1e-12 * std::fabs(got.mean));
  }
}

TEST_P(DriverFixture, ThreadsReadTheSame) {
  const auto signals = driver().open(write());
  for (std::size_t s = 0; s < signals.size(); ++s) {
    const Dataset& expected = fixture().expected[s];
    const std::size_t item = size_of(expected.describe().dtype);
    const std::vector<std::byte> whole = read_bytes(expected.source());
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (std::uint64_t i = 0; i < 25; ++i) {
          Random random(3, "threads", 100 * t + i);
          const Region region = random_region(random, expected.describe().shape());
          std::vector<std::byte> there(static_cast<std::size_t>(region.count()) * item);
          copy_region(whole, expected.describe().shape(), item, region, there);
          wrong += read_bytes(*signals[s], region) != there;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0) << "signal " << s;
  }
}

TEST_P(DriverFixture, IsClaimedByItsDriverAlone) {
  const fs::path path = write();
  const Confidence own = confidence(driver(), path);
  EXPECT_EQ(own, Confidence::content);
  for (const Driver* other : drivers()) {
    if (other == &driver()) continue;
    EXPECT_LT(confidence(*other, path), own) << other->name;
  }
}

/// A list of lines does not show that its last ones are missing, so a shorter one may well be valid.
bool shows_its_end(const fs::path& path) {
  static const std::set<std::string> lists{".rpl", ".txt", ".csv", ".dens", ".log"};
  return !lists.count(path.extension().string());
}

TEST_P(DriverFixture, SurvivesTruncationEverywhere) {
  const fs::path opened = write();
  const std::vector<fs::path> files = written();
  const MemoryLimit limit(rlim_t{2} << 30);
  for (const fs::path& file : files) {
    const auto size = static_cast<std::int64_t>(fs::file_size(file));
    std::vector<std::int64_t> places;
    const std::int64_t step = size <= 20000 ? 1 : size / 500;
    for (std::int64_t at = 0; at < size; at += at < 1024 ? 1 : step) places.push_back(at);
    const std::string name = file.filename().string();
    int refused = 0;
    for (auto at = places.rbegin(); at != places.rend(); ++at) {
      fs::resize_file(file, static_cast<std::uintmax_t>(*at));
      SCOPED_TRACE(name + " cut to " + std::to_string(*at) + " of " + std::to_string(size) + " bytes");
      const auto signals = survive(driver(), opened);
      if (signals.empty()) {
        ++refused;
      } else if (shows_its_end(file)) {
        EXPECT_TRUE(same_signals(signals, fixture().expected));
      }
      if (HasFailure()) return;
    }
    // In a folder some files need only be there.
    if (!fs::is_directory(opened)) {
      EXPECT_GT(refused, 0) << name;
    }
    write();
  }
}

TEST_P(DriverFixture, SurvivesFlippedBits) {
  constexpr int attempts = 400;
  const fs::path opened = write();
  const std::vector<fs::path> files = written();
  const MemoryLimit limit(rlim_t{2} << 30);
  for (const fs::path& file : files) {
    std::string content(fs::file_size(file), '\0');
    std::ifstream(file, std::ios::binary).read(content.data(), static_cast<std::streamsize>(content.size()));
    for (std::uint64_t i = 0; i < attempts; ++i) {
      Random random(4, "flips of " + fixture().name + file.extension().string(), i);
      std::string damaged = content;
      // Headers come first in most formats, so half of the damage is done there.
      const std::uint64_t reach = i % 2 == 0 ? damaged.size() : std::min<std::uint64_t>(damaged.size(), 2048);
      const std::uint64_t flips = 1 + random.below(4);
      for (std::uint64_t f = 0; f < flips; ++f) {
        damaged[random.below(reach)] ^= static_cast<char>(1u << random.below(8));
      }
      std::ofstream(file, std::ios::binary | std::ios::trunc) << damaged;
      SCOPED_TRACE(file.filename().string() + ", damage " + std::to_string(i));
      survive(driver(), opened);
      if (HasFailure()) return;
    }
    std::ofstream(file, std::ios::binary | std::ios::trunc) << content;
  }
}

/// Writes a number that sizes, offsets and counts go wrong with, in either byte order, over a place of the content.
void put_number(std::string& content, Random& random) {
  const std::uint64_t size = content.size();
  const std::uint64_t numbers[] = {0,          1,
                                   0x7f,       0x80,
                                   0xff,       0x7fff,
                                   0x8000,     0xffff,
                                   0x7fffffff, 0x80000000,
                                   0xffffffff, INT64_MAX,
                                   UINT64_MAX, std::uint64_t{1} << 40,
                                   size,       size - 1,
                                   size + 1,   2 * size,
                                   size / 2,   random.below(size + 1)};
  const std::uint64_t number = numbers[random.below(std::size(numbers))];
  const std::uint64_t width = std::min<std::uint64_t>(std::uint64_t{1} << random.below(4), size);
  const std::uint64_t at = random.below(size - width + 1);
  const bool big = random.below(2) == 0;
  for (std::uint64_t i = 0; i < width; ++i) {
    content[at + (big ? width - 1 - i : i)] = static_cast<char>(number >> (8 * i));
  }
}

/// One change of the content: a number, or a run of bytes that goes, comes twice, moves or comes from elsewhere.
void mutate(std::string& content, const std::string& other, Random& random) {
  if (content.empty()) return;
  const auto run_of = [&](const std::string& text) {
    const std::uint64_t begin = random.below(text.size());
    const std::uint64_t longest = std::min<std::uint64_t>(text.size() - begin, std::uint64_t{1} << random.below(10));
    return text.substr(begin, 1 + random.below(longest));
  };
  const std::uint64_t at = random.below(content.size());
  switch (random.below(8)) {
    case 0: content.erase(at, run_of(content).size()); break;
    case 1: content.insert(at, run_of(content)); break;
    case 2: content.replace(at, 1, run_of(content)); break;
    case 3:
      if (!other.empty()) {
        const std::string run = run_of(other);
        content.replace(at, run.size(), run);
      }
      break;
    default: put_number(content, random);
  }
}

/// Half of the files carry one change, half up to eight. Seeds and their number are fixed; RUSKA_MUTATIONS=N takes N
/// times as many.
TEST_P(DriverFixture, SurvivesMutations) {
  const char* const more = std::getenv("RUSKA_MUTATIONS");
  const std::uint64_t attempts = 300 * (more == nullptr ? 1 : std::strtoull(more, nullptr, 10));
  const fs::path opened = write();
  const std::vector<fs::path> files = written();
  const MemoryLimit limit(rlim_t{2} << 30);
  const auto content_of = [](const fs::path& file) {
    std::string content(fs::file_size(file), '\0');
    std::ifstream(file, std::ios::binary).read(content.data(), static_cast<std::streamsize>(content.size()));
    return content;
  };
  std::vector<std::string> contents;
  for (const fs::path& file : files) contents.push_back(content_of(file));
  for (std::size_t number = 0; number < files.size(); ++number) {
    const fs::path& file = files[number];
    for (std::uint64_t i = 0; i < attempts; ++i) {
      Random random(7, "mutations of " + fixture().name + file.extension().string(), i);
      std::string damaged = contents[number];
      const std::uint64_t changes = i % 2 == 0 ? 1 : 1 + random.below(8);
      for (std::uint64_t c = 0; c < changes; ++c) mutate(damaged, contents[random.below(contents.size())], random);
      std::ofstream(file, std::ios::binary | std::ios::trunc) << damaged;
      SCOPED_TRACE(file.filename().string() + ", mutation " + std::to_string(i));
      survive(driver(), opened);
      if (HasFailure()) return;
    }
    std::ofstream(file, std::ios::binary | std::ios::trunc) << contents[number];
  }
}

std::string fixture_name(const testing::TestParamInfo<std::size_t>& info) {
  std::string name = fixtures()[info.param].driver + "_" + fixtures()[info.param].name;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Conformance, DriverFixture, testing::Range<std::size_t>(0, fixtures().size()), fixture_name);

class EveryDriver : public testing::TestWithParam<std::size_t> {
 protected:
  const Driver& driver() const { return *drivers()[GetParam()]; }
  ScratchFolder folder_;
};

TEST_P(EveryDriver, HasAFixture) {
  EXPECT_TRUE(std::any_of(fixtures().begin(), fixtures().end(),
                          [&](const Fixture& fixture) { return fixture.driver == driver().name; }));
}

TEST_P(EveryDriver, IsNamedAfterItsFolder) {
  EXPECT_TRUE(fs::is_directory(source_folder() / "ruska" / "io" / driver().name)) << driver().name;
  EXPECT_FALSE(driver().title.empty());
  ASSERT_FALSE(driver().extensions.empty());
  for (const std::string_view extension : driver().extensions) {
    EXPECT_TRUE(std::all_of(extension.begin(), extension.end(), [](unsigned char c) {
      return std::islower(c) != 0 || std::isdigit(c) != 0;
    })) << extension;
  }
}

TEST_P(EveryDriver, ClaimsNoEmptyFileAndNoNoise) {
  for (const std::string_view extension : driver().extensions) {
    const fs::path path = folder_.path() / ("stranger." + std::string(extension));
    for (const std::size_t size : {0u, 1u, 100u, 10000u}) {
      Random random(5, "noise", size);
      std::string noise;
      for (std::size_t i = 0; i < size; ++i) noise += static_cast<char>(random.below(256));
      std::ofstream(path, std::ios::binary | std::ios::trunc) << noise;
      for (const Driver* any : drivers()) {
        EXPECT_LT(confidence(*any, path), Confidence::content) << any->name << ", " << size << " bytes";
      }
      EXPECT_TRUE(survive(driver(), path).empty()) << size << " bytes";
      try {
        open_file(path);
        ADD_FAILURE() << "opened " << size << " bytes of noise";
      } catch (const Error& error) {
        EXPECT_THAT(error.kind(), testing::AnyOf(ErrorKind::bad_data, ErrorKind::unsupported)) << error.what();
      }
    }
  }
}

TEST_P(EveryDriver, SaysWhatIsNotThere) {
  const fs::path path = folder_.path() / ("missing." + std::string(driver().extensions.front()));
  try {
    driver().open(path);
    FAIL() << "opened a file that does not exist";
  } catch (const Error& error) {
    EXPECT_THAT(error.kind(), testing::AnyOf(ErrorKind::not_found, ErrorKind::io, ErrorKind::unsupported));
  }
  fs::create_directory(path);
  EXPECT_THROW(driver().open(path), Error);
}

/// What formats can keep of a signal beside its shape and values, where it is not all.
struct Keeps {
  bool type = true;         ///< else values are read as another type that holds them
  bool axes = true;         ///< names and calibration of any axis, and the title
  bool everything = false;  ///< all that there is to know, the vendor's header included
};
Keeps kept_by(const Driver& driver) {
  static const std::map<std::string_view, Keeps> exceptions{
      {"npy", {.axes = false}},        // an array and nothing about it
      {"blockfile", {.axes = false}},  // steps of the scan and of the detector
      {"ang", {.axes = false}},        // the raster of a map
      {"csv", {.type = false}},        // whole numbers and others
      {"nsid", {.everything = true}}, {"nexus", {.everything = true}}, {"emd_ncem", {.everything = true}},
      {"mrc", {.everything = true}},  {"raw", {.everything = true}},
  };
  const auto found = exceptions.find(driver.name);
  return found == exceptions.end() ? Keeps{} : found->second;
}

/// Whether a signal that was written is there with all its values, as its own type or, where that is not kept, as one
/// from which they follow.
void expect_same_values(const Dataset& got, const Dataset& expected, bool same_type) {
  if (same_type) {
    EXPECT_EQ(got.describe().dtype, expected.describe().dtype);
    EXPECT_EQ(read_bytes(got.source()), read_bytes(expected.source()));
    return;
  }
  visit_dtype(expected.describe().dtype, [&]<class T>() {
    visit_dtype(got.describe().dtype, [&]<class S>() {
      if constexpr (!is_complex_v<S> && !is_complex_v<T>) {
        std::vector<T> values;
        for (const S value : got.read_all<S>()) values.push_back(static_cast<T>(value));
        EXPECT_TRUE(std::ranges::equal(std::as_bytes(std::span(values)), read_bytes(expected.source())));
      } else {
        ADD_FAILURE() << "complex values as another type";
      }
    });
  });
}

Description description_for(DType dtype, const Shape& shape) {
  Description description;
  description.title = "written";
  description.dtype = dtype;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    Axis axis;
    axis.name = std::string(1, static_cast<char>('a' + i));
    axis.units = i + 1 < shape.size() ? "nm" : "keV";
    axis.quantity = quantity_of(axis.units);
    // Patterns over a scan where there is one.
    axis.role =
        i + (shape.size() == 4 && shape[2] == shape[3] ? 2 : 1) < shape.size() ? Role::navigation : Role::signal;
    axis.size = shape[i];
    axis.scale = 0.25 * static_cast<double>(i + 1);
    axis.offset = 0.5 - 0.5 * static_cast<double>(i);
    description.axes.push_back(axis);
  }
  return description;
}

/// Extremes and ordinary values of the type.
template <class T>
std::vector<T> values_for(std::int64_t count) {
  std::vector<T> values;
  Random random(6, "values", sizeof(T));
  for (std::int64_t i = 0; i < count; ++i) {
    if constexpr (is_complex_v<T>) {
      values.push_back({static_cast<typename T::value_type>(random.normal()), static_cast<typename T::value_type>(i)});
    } else if constexpr (std::is_floating_point_v<T>) {
      values.push_back(i == 0   ? std::numeric_limits<T>::infinity()
                       : i == 1 ? -std::numeric_limits<T>::denorm_min()
                                : static_cast<T>(random.normal()));
    } else {
      values.push_back(i == 0   ? std::numeric_limits<T>::max()
                       : i == 1 ? std::numeric_limits<T>::min()
                                : static_cast<T>(random.below(100)));
    }
  }
  return values;
}

void write_in_pieces(Sink& sink, const Shape& shape, std::size_t item, std::span<const std::byte> values) {
  // Every other line of the first axis, then the rest, each cut along the last axis.
  for (const std::int64_t first : {0, 1}) {
    for (std::int64_t row = first; row < shape[0]; row += 2) {
      for (std::int64_t at = 0; at < shape.back(); at += 3) {
        Region piece = Region::whole(shape);
        if (shape.size() > 1) {
          piece.start[0] = row;
          piece.shape[0] = 1;
          piece.start.back() = at;
          piece.shape.back() = std::min<std::int64_t>(3, shape.back() - at);
        } else {
          piece.start[0] = row;
          piece.shape[0] = 1;
        }
        std::vector<std::byte> bytes(static_cast<std::size_t>(piece.count()) * item);
        copy_region(values, shape, item, piece, bytes);
        sink.write(piece, bytes);
        if (shape.size() == 1) break;
      }
    }
  }
}

TEST_P(EveryDriver, ReadsWhatItWrites) {
  if (driver().create == nullptr) GTEST_SKIP() << driver().name << " does not write";
  int written = 0;
  for (const Shape& shape : {Shape{7}, Shape{4, 5}, Shape{3, 4, 5}, Shape{2, 3, 4, 5}, Shape{2, 3, 4, 4}}) {
    for (const DType dtype : all_dtypes) {
      SCOPED_TRACE(std::string(name_of(dtype)) + " " + to_string(shape));
      visit_dtype(dtype, [&]<class T>() {
        const std::vector<T> values = values_for<T>(count(shape));
        const auto bytes = std::as_bytes(std::span(values));
        const Description description = description_for(dtype, shape);
        const fs::path path =
            folder_.path() / ("file" + std::to_string(written) + "." + std::string(driver().extensions.front()));
        std::unique_ptr<Sink> sink;
        try {
          sink = driver().create(path, description);
        } catch (const Error& error) {
          EXPECT_EQ(error.kind(), ErrorKind::unsupported) << error.what();
          return;
        }
        write_in_pieces(*sink, shape, sizeof(T), bytes);
        sink->commit();
        sink.reset();
        ++written;
        const File file = open_file(path);
        EXPECT_EQ(file.driver, &driver());
        ASSERT_EQ(file.signals.size(), 1u);
        const Description& got = file.signals[0].describe();
        ASSERT_EQ(got.shape(), shape);
        expect_same_values(file.signals[0], Dataset::from_bytes(description, bytes), kept_by(driver()).type);
        if (HasFatalFailure() || !kept_by(driver()).axes) return;
        for (std::size_t i = 0; i < shape.size(); ++i) {
          EXPECT_EQ(to_json(got.axes[i]).dump(), to_json(description.axes[i]).dump());
        }
        EXPECT_EQ(got.title, description.title);
      });
      if (HasFailure()) return;
    }
  }
  if (driver().name == "ang") return;  // holds tables of named columns only: below
  EXPECT_GT(written, 0);
}

TEST_P(EveryDriver, WritesWhatOthersReadAndTellsWhatIsLost) {
  if (driver().create == nullptr) GTEST_SKIP() << driver().name << " does not write";
  const Keeps keeps = kept_by(driver());
  Context context;
  context.threads = 2;
  int written = 0;
  for (const Fixture& fixture : fixtures()) {
    for (std::size_t i = 0; i < fixture.expected.size(); ++i) {
      const Dataset& signal = fixture.expected[i];
      SCOPED_TRACE(fixture.driver + ", " + fixture.name + ", signal " + std::to_string(i));
      const fs::path path =
          folder_.path() / ("signal" + std::to_string(written) + "." + std::string(driver().extensions.front()));
      Conversion conversion;
      try {
        conversion = convert(signal, path, {.format = std::string(driver().name)}, context);
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::unsupported) << error.what();
        EXPECT_FALSE(fs::exists(path));
        continue;
      }
      ++written;
      const File file = open_file(path);
      EXPECT_EQ(file.driver, &driver());
      expect_same_values(file.signals.at(0), signal, keeps.type);
      EXPECT_EQ(conversion.losses, losses(signal.describe(), file.signals.at(0).describe()));
      if (keeps.everything) {
        EXPECT_THAT(conversion.losses, testing::IsEmpty());
      }
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(written, 0);
}

TEST_P(EveryDriver, TakesUpAFileThatWasBegun) {
  if (driver().resume == nullptr) GTEST_SKIP() << driver().name << " does not resume";
  const auto content = [](const fs::path& path) {
    std::map<std::string, std::string> files;
    const auto add = [&](const fs::path& one) {
      std::ifstream file(one, std::ios::binary);
      files[fs::relative(one, path).string()] = {std::istreambuf_iterator<char>(file), {}};
    };
    if (!fs::is_directory(path))
      add(path);
    else
      for (const auto& entry : fs::recursive_directory_iterator(path)) {
        if (entry.is_regular_file()) add(entry.path());
      }
    return files;
  };
  // Every line makes whole chunks.
  const Description description = description_for(DType::uint8, {4, 3, 512, 512});
  const std::vector<std::uint8_t> values = values_for<std::uint8_t>(count(description.shape()));
  const auto bytes = std::as_bytes(std::span(values));
  const std::size_t size = bytes.size() / 4;
  const auto write_lines = [&](Sink& sink, std::int64_t begin, std::int64_t end) {
    for (std::int64_t line = begin; line < end; ++line) {
      sink.write({{line, 0, 0, 0}, {1, 3, 512, 512}}, bytes.subspan(static_cast<std::size_t>(line) * size, size));
    }
  };
  const std::string extension = "." + std::string(driver().extensions.front());
  const fs::path whole = folder_.path() / ("whole" + extension), halves = folder_.path() / ("halves" + extension);
  const auto sink = driver().create(whole, description);
  write_lines(*sink, 0, 4);
  sink->commit();
  {
    const auto first = driver().create(halves, description);
    write_lines(*first, 0, 2);
    first->flush();
  }
  const auto second = driver().resume(halves, description);
  write_lines(*second, 2, 4);
  second->commit();
  EXPECT_TRUE(content(halves) == content(whole));
}

TEST_P(EveryDriver, ReadsThePixelsThatItWrites) {
  if (driver().create == nullptr) GTEST_SKIP() << driver().name << " does not write";
  Description description = description_for(DType::uint8, {4, 5, 3});
  description.axes[1].role = Role::signal;
  description.fields = {"R", "G", "B"};
  const std::vector<std::uint8_t> values = values_for<std::uint8_t>(60);
  const fs::path path = folder_.path() / ("pixels." + std::string(driver().extensions.front()));
  std::unique_ptr<Sink> sink;
  try {
    sink = driver().create(path, description);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsupported) << error.what();
    return;
  }
  write_in_pieces(*sink, description.shape(), 1, std::as_bytes(std::span(values)));
  sink->commit();
  sink.reset();
  const File file = open_file(path);
  EXPECT_EQ(file.signals.at(0).describe().fields, description.fields);
  EXPECT_EQ(file.signals.at(0).read_all<std::uint8_t>(), values);
}

std::string driver_name(const testing::TestParamInfo<std::size_t>& info) {
  return std::string(drivers()[info.param]->name);
}

INSTANTIATE_TEST_SUITE_P(Conformance, EveryDriver, testing::Range<std::size_t>(0, drivers().size()), driver_name);

/// A source whose reads fail from the n-th on, as on a disk that goes away.
class Failing final : public Source {
 public:
  Failing(Dataset data, int after) : data_(std::move(data)), left_(after) {}
  const Description& describe() const override { return data_.describe(); }
  void read(const Region& region, std::span<std::byte> out) const override {
    fail_in_turn();
    data_.source().read(region, out);
  }
  SparseCounts read_counts(std::int64_t begin, std::int64_t end) const override {
    fail_in_turn();
    return data_.source().read_counts(begin, end);
  }

 private:
  void fail_in_turn() const {
    if (left_-- <= 0) throw Error(ErrorKind::io, "the disk went away");
  }
  Dataset data_;
  mutable std::atomic<int> left_;
};

TEST(Sources, PassOnAReadThatFails) {
  int failed = 0;
  for (const Fixture& fixture : fixtures()) {
    for (const Dataset& signal : fixture.expected) {
      if (count(signal.describe().shape()) == 0) continue;
      const auto use = [&](int after) {
        const Dataset failing(std::make_shared<Failing>(signal, after));
        const Shape shape = signal.describe().shape();
        const Dataset seen = crop(failing, Region::whole(shape));
        statistics(seen);
        digest_of(seen);
      };
      bool ended = false;
      for (int after = 0; after < 500 && !ended; ++after) {
        try {
          use(after);
          ended = true;
        } catch (const Error& error) {
          ++failed;
          EXPECT_EQ(error.kind(), ErrorKind::io);
          EXPECT_EQ(error.message(), "the disk went away");
        }
      }
      EXPECT_TRUE(ended) << fixture.name;
    }
  }
  EXPECT_GE(failed, static_cast<int>(fixtures().size()));
}

}  // namespace
}  // namespace ruska
