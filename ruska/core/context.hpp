// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ruska/core/communicator.hpp"

namespace ruska {

/// How far a run is: the stage's name, and how many of its ticks are done.
struct Progress {
  std::string stage;
  std::int64_t done = 0;
  std::int64_t total = 0;
};

/// How to run: threads, memory, ranks, progress, cancellation. Never what comes out.
class Context {
 public:
  /// Threads and memory default to what the process may use (CPU affinity, cgroup limits).
  Context();

  int threads;
  std::int64_t memory;                               ///< bytes that a run may hold at once
  bool strict = false;                               ///< not converged is an error
  bool keep_partial = false;                         ///< a cancelled run ends with what is done instead of throwing
  std::function<void(const Progress&)> on_progress;  ///< called from any thread, one at a time
  std::shared_ptr<Communicator> ranks;

  /// Starts a stage of `total` ticks.
  void stage(std::string name, std::int64_t total);
  /// One tick done. Throws cancelled after `cancel()`, unless what is done is to be kept.
  void tick();
  /// Throws cancelled after `cancel()`, unless what is done is to be kept.
  void check() const;
  /// Asks the run to stop at its next tick. Safe from a signal handler.
  void cancel() noexcept { cancelled_.store(true); }
  bool cancelled() const noexcept { return cancelled_.load(); }
  /// Cancelled, and what is done is to be kept: the Executor skips the work that is left.
  bool stopping() const noexcept { return keep_partial && cancelled(); }

  /// A sentence for the user and the Record: something the result's reader must know.
  void warn(std::string sentence);
  std::vector<std::string> warnings() const;
  /// As `warn`, and an error under `strict`.
  void not_converged(std::string sentence);

 private:
  std::atomic<bool> cancelled_{false};
  mutable std::mutex mutex_;
  Progress progress_;
  std::vector<std::string> warnings_;
};

/// CPUs that this process may use: affinity and cgroup quota.
int available_cpus();
/// Bytes that this process may use: physical memory, or the cgroup's limit where it is lower.
std::int64_t available_memory();

}  // namespace ruska
