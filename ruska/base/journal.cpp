// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/base/journal.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "ruska/base/error.hpp"

namespace ruska {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view ending = ".journal";

[[noreturn]] void fail(const fs::path& path) {
  throw Error(ErrorKind::io, "cannot write the journal " + path.string() + ": " + std::strerror(errno));
}

/// Takes the lock that the keeping process holds for its life; false where another one has it.
bool lock(int descriptor) { return ::flock(descriptor, LOCK_EX | LOCK_NB) == 0; }

}  // namespace

fs::path journal_of(const fs::path& pending) {
  fs::path path = pending;
  return path += ending;
}

bool is_kept(const fs::path& journal) {
  const int descriptor = ::open(journal.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool kept = !lock(descriptor) && errno == EWOULDBLOCK;
  ::close(descriptor);
  return kept;
}

Journal::Journal(const fs::path& pending, const std::string& work) : path_(journal_of(pending)) {
  descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail(path_);
  // File systems without locks still get their journal; there a process that is gone is told by its number alone.
  (void)lock(descriptor_);
  append(work + "\n");
}

Journal::~Journal() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Journal::Journal(Journal&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      finished_(std::move(other.finished_)) {}

Journal& Journal::operator=(Journal&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(finished_, other.finished_);
  return *this;
}

std::optional<Journal> Journal::left_behind(const fs::path& final_name, const std::string& work) {
  const std::string prefix = final_name.filename().string() + ".partial-";
  const fs::path folder = final_name.has_parent_path() ? final_name.parent_path() : fs::path(".");
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix) || !name.ends_with(ending)) continue;
    const int descriptor = ::open(entry.path().c_str(), O_RDWR | O_APPEND | O_CLOEXEC);
    if (descriptor < 0) continue;
    Journal journal(entry.path(), descriptor);
    if (!lock(descriptor) || !fs::exists(journal.pending())) continue;
    std::ifstream text(entry.path());
    std::string line;
    if (!std::getline(text, line) || line != work) continue;
    std::streamoff end_of_lines = text.tellg();
    while (std::getline(text, line) && !text.eof()) {
      std::int64_t piece = 0;
      const auto [end, problem] = std::from_chars(line.data(), line.data() + line.size(), piece);
      if (problem != std::errc() || end != line.data() + line.size()) break;
      journal.finished_.push_back(piece);
      end_of_lines = text.tellg();
    }
    // A line that the kill cut short has no end; its piece is written again.
    if (::ftruncate(descriptor, end_of_lines) != 0) continue;
    return journal;
  }
  return std::nullopt;
}

fs::path Journal::pending() const {
  const std::string name = path_.string();
  return name.substr(0, name.size() - ending.size());
}

void Journal::add(std::span<const std::int64_t> pieces) {
  std::string text;
  for (const std::int64_t piece : pieces) text += std::to_string(piece) + "\n";
  append(text);
}

void Journal::move_to(const fs::path& pending) {
  const fs::path to = journal_of(pending);
  if (::rename(path_.c_str(), to.c_str()) != 0) fail(path_);
  path_ = to;
}

void Journal::append(const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t put = ::write(descriptor_, text.data() + done, text.size() - done);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) fail(path_);
    done += static_cast<std::size_t>(put);
  }
  if (::fdatasync(descriptor_) != 0) fail(path_);
}

}  // namespace ruska
