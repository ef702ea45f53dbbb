// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Opens the input with one driver (named by the environment's RUSKA_FUZZ_DRIVER), describes every signal and reads a
// bounded number of values. Only a ruska::Error may come out.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <optional>

#include <fcntl.h>
#include <unistd.h>

#include "tests/fuzz/fuzz_files.hpp"
#include "tests/scratch_folder.hpp"

namespace ruska {
namespace {

namespace fs = std::filesystem;

/// The driver under test.
const std::string& driver_name() {
  static const std::string name = [] {
    const char* given = std::getenv("RUSKA_FUZZ_DRIVER");
    return std::string(given == nullptr ? "" : given);
  }();
  return name;
}

/// The fixture files in memory (/dev/shm), for as long as the fuzzer runs.
class Files {
 public:
  Files() {
    files_ = write_fuzz_files(driver_name(), folder_);
    if (files_.empty()) throw Error(ErrorKind::not_found, "the driver '" + driver_name() + "' has no fixture");
  }

  /// Puts the input in its place and the fixture's content back where the one before went. Returns what to open.
  const fs::path& put(const std::uint8_t* data, std::size_t size) {
    const std::size_t number = data[0] % files_.size();
    if (replaced_ && *replaced_ != number) {
      const FuzzFile& before = files_[*replaced_];
      write(before.replaced, before.content.data(), before.content.size());
    }
    replaced_ = number;
    write(files_[number].replaced, data + 1, size - 1);
    return files_[number].opened;
  }

 private:
  static void write(const fs::path& path, const void* data, std::size_t size) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || ::write(file, data, size) != static_cast<ssize_t>(size)) std::abort();
    ::close(file);
  }

  ScratchFolder folder_{"/dev/shm"};
  std::vector<FuzzFile> files_;
  std::optional<std::size_t> replaced_;
};

void read_some(const Source& signal) {
  constexpr std::int64_t few = 1 << 14;
  const Description& description = signal.describe();
  description.validate();
  // What is told of a signal goes into JSON, which refuses text that is not UTF-8.
  Json told{description.title, description.signal_type, description.fields, description.metadata, description.original};
  for (const Axis& axis : description.axes) told.push_back(to_json(axis));
  told.dump();
  Region region = Region::whole(description.shape());
  for (std::int64_t& length : region.shape) {
    while (length > 1 && region.count() > few) length /= 2;
  }
  std::vector<std::byte> values(static_cast<std::size_t>(region.count()) * size_of(description.dtype));
  signal.read(region, values);
  if (!description.sparse) return;
  const std::int64_t rows = std::min<std::int64_t>(description.navigation_size(), 64);
  const SparseCounts counts = signal.read_counts(0, rows);
  if (counts.rows() != rows || counts.row_start.back() != counts.nonzeros()) std::abort();
  for (const std::uint32_t channel : counts.channel) {
    if (channel >= description.signal_size()) std::abort();
  }
}

}  // namespace
}  // namespace ruska

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ruska;
  static Files files;
  static const Driver& driver = driver_named(driver_name());
  if (size == 0) return 0;
  try {
    const std::filesystem::path& path = files.put(data, size);
    for (const auto& signal : driver.open(path)) {
      try {
        read_some(*signal);
      } catch (const Error& refused) {
        // One damaged signal says nothing about the next.
        if (refused.kind() == ErrorKind::internal) std::abort();
      }
    }
  } catch (const Error& refused) {
    if (refused.kind() == ErrorKind::internal) std::abort();
  }
  return 0;
}
