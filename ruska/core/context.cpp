// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/context.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>

#include <sched.h>
#include <unistd.h>

#include "ruska/base/error.hpp"

namespace ruska {
namespace {

/// The folder of this process' version 2 cgroup, or empty.
std::string cgroup_folder() {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("0::")) return "/sys/fs/cgroup" + line.substr(3);
  }
  return {};
}

/// Calls `visit(text)` with the first line of a control file in this cgroup and in each one above it.
template <class Visit>
void for_each_cgroup(const std::string& name, const Visit& visit) {
  std::string folder = cgroup_folder();
  while (folder.size() >= std::string("/sys/fs/cgroup").size()) {
    std::ifstream file(folder + "/" + name);
    if (std::string line; std::getline(file, line)) visit(line);
    const std::size_t slash = folder.rfind('/');
    if (slash == std::string::npos) return;
    folder.resize(slash);
  }
}

}  // namespace

int available_cpus() {
  cpu_set_t set;
  int cpus = ::sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set)
                                                            : static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
  const auto limit = [&](double quota, double period) {
    if (quota > 0 && period > 0) cpus = std::min(cpus, std::max(1, static_cast<int>(std::ceil(quota / period))));
  };
  for_each_cgroup("cpu.max", [&](const std::string& line) {
    std::istringstream words(line);
    double quota = 0, period = 0;
    if (words >> quota >> period) limit(quota, period);
  });
  std::ifstream quota_file("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), period_file("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  double quota = 0, period = 0;
  if (quota_file >> quota && period_file >> period) limit(quota, period);
  return std::max(1, cpus);
}

std::int64_t available_memory() {
  std::int64_t bytes = static_cast<std::int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE);
  const auto limit = [&](const std::string& line) {
    std::istringstream words(line);
    std::int64_t allowed = 0;
    if (words >> allowed && allowed > 0) bytes = std::min(bytes, allowed);
  };
  for_each_cgroup("memory.max", limit);
  std::ifstream old_limit("/sys/fs/cgroup/memory/memory.limit_in_bytes");
  if (std::string line; std::getline(old_limit, line)) limit(line);
  return bytes;
}

Context::Context()
    : threads(available_cpus()),
      memory(available_memory() / 10 * 7),  // the rest is for the system, the page cache and other programs
      ranks(std::make_shared<Communicator>()) {}

void Context::stage(std::string name, std::int64_t total) {
  check();
  const std::lock_guard lock(mutex_);
  progress_ = {std::move(name), 0, total};
  if (on_progress) on_progress(progress_);
}

void Context::tick() {
  {
    const std::lock_guard lock(mutex_);
    ++progress_.done;
    if (on_progress) on_progress(progress_);
  }
  check();
}

void Context::check() const {
  if (cancelled() && !keep_partial) throw Error(ErrorKind::cancelled, "stopped on request; nothing was written");
}

void Context::warn(std::string sentence) {
  const std::lock_guard lock(mutex_);
  if (std::find(warnings_.begin(), warnings_.end(), sentence) == warnings_.end()) {
    warnings_.push_back(std::move(sentence));
  }
}

std::vector<std::string> Context::warnings() const {
  const std::lock_guard lock(mutex_);
  return warnings_;
}

void Context::not_converged(std::string sentence) {
  if (strict) throw Error(ErrorKind::not_converged, sentence);
  warn(std::move(sentence));
}

}  // namespace ruska
