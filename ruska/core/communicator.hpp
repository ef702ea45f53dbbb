// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace ruska {

/// The ranks that share a run. The base class is the run of one process; MPI is another.
/// Only the Executor and the applications talk to it; operations never know their rank.
class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int rank() const { return 0; }
  virtual int size() const { return 1; }
  /// Every rank's bytes, in the order of ranks, on every rank.
  virtual std::vector<std::vector<std::byte>> all_gather(std::span<const std::byte> mine) {
    return {std::vector<std::byte>(mine.begin(), mine.end())};
  }
  /// True on every rank when it is true on any.
  virtual bool any(bool mine) { return mine; }
};

}  // namespace ruska
