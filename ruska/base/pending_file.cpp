// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/base/pending_file.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "ruska/base/error.hpp"
#include "ruska/base/journal.hpp"

namespace ruska {
namespace {

namespace fs = std::filesystem;

void remove_leftovers(const fs::path& final_name) {
  const std::string prefix = final_name.filename().string() + ".partial-";
  const fs::path folder = final_name.has_parent_path() ? final_name.parent_path() : fs::path(".");
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix)) continue;
    int pid = 0;
    const auto [end, error] = std::from_chars(name.data() + prefix.size(), name.data() + name.size(), pid);
    if (error != std::errc() || pid <= 0) continue;
    const fs::path pending = folder / std::string(name.data(), end);
    if (name != pending.filename() && entry.path() != journal_of(pending)) continue;
    if (::kill(pid, 0) == 0 || errno != ESRCH || is_kept(journal_of(pending))) continue;
    fs::remove_all(pending, ignored);
    fs::remove(journal_of(pending), ignored);
  }
}

void flush(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 || ::fsync(file) != 0) {
    const int why = errno;
    if (file >= 0) ::close(file);
    throw Error(ErrorKind::io, "cannot flush " + path.string() + " to disk: " + std::strerror(why));
  }
  ::close(file);
}

}  // namespace

PendingFile::PendingFile(fs::path final_name, Kind kind, bool replace)
    : PendingFile(std::move(final_name), kind, replace, {}) {}

PendingFile::PendingFile(fs::path final_name, Kind kind, bool replace, const fs::path& taken_up)
    : final_(std::move(final_name)), kind_(kind), replace_(replace) {
  if (!final_.has_filename()) final_ = final_.parent_path();
  if (fs::exists(final_)) {
    if (!replace) {
      throw Error(ErrorKind::invalid_argument,
                  final_.string() + " exists already; choose another name, or --force to replace it");
    }
    if (fs::is_directory(final_) != (kind == Kind::folder)) {
      throw Error(ErrorKind::invalid_argument,
                  final_.string() + " is a " +
                      (kind == Kind::folder ? "file, where a folder" : "folder, where a file") +
                      " is to be written; choose another name");
    }
  }
  temporary_ = final_;
  temporary_ += ".partial-" + std::to_string(::getpid());
  std::error_code error;
  if (!taken_up.empty()) {
    fs::rename(taken_up, temporary_, error);
    remove_leftovers(final_);
  } else if (remove_leftovers(final_); kind_ == Kind::folder) {
    fs::remove_all(temporary_, error);  // of an earlier process with this one's number
    fs::create_directory(temporary_, error);
  } else {
    const int file = ::open(temporary_.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0666);
    if (file < 0)
      error.assign(errno, std::generic_category());
    else
      ::close(file);
  }
  if (error) {
    throw Error(ErrorKind::io, "cannot write " + final_.string() + ": " + error.message() +
                                   "; check that its folder exists and may be written to");
  }
}

PendingFile::~PendingFile() {
  if (committed_) return;
  std::error_code ignored;
  fs::remove_all(temporary_, ignored);
  fs::remove(journal_of(temporary_), ignored);
}

void PendingFile::commit() {
  if (kind_ == Kind::folder) {
    for (const auto& entry : fs::recursive_directory_iterator(temporary_)) flush(entry.path());
  }
  flush(temporary_);
  const unsigned flags = !replace_                                     ? RENAME_NOREPLACE
                         : kind_ == Kind::folder && fs::exists(final_) ? RENAME_EXCHANGE
                                                                       : 0;
  int status = ::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, final_.c_str(), flags);
  if (status != 0 && errno == EINVAL && flags == RENAME_NOREPLACE && !fs::exists(final_)) {
    // Some network file systems know no flags.
    status = ::rename(temporary_.c_str(), final_.c_str());
  }
  if (status != 0) {
    throw Error(ErrorKind::io,
                "cannot rename " + temporary_.string() + " to " + final_.string() + ": " + std::strerror(errno));
  }
  committed_ = true;
  std::error_code ignored;
  if (flags == RENAME_EXCHANGE) fs::remove_all(temporary_, ignored);
  fs::remove(journal_of(temporary_), ignored);
  const fs::path folder = final_.has_parent_path() ? final_.parent_path() : fs::path(".");
  flush(folder);
}

fs::path name_when_committed(const fs::path& path) {
  const std::string name = path.filename().string();
  const std::size_t mark = name.rfind(".partial-");
  if (mark == std::string::npos || mark == 0) return path;
  return path.parent_path() / name.substr(0, mark);
}

}  // namespace ruska
