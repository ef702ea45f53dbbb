// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <utility>
#include <vector>

namespace ruska {

/// What has served and waits for its next use, for any number of threads: buffers whose pages would be dear to have
/// anew, partial results that take in more.
template <class T>
class Spare {
 public:
  /// One that was given back, or a new one.
  template <class Make>
  T take(Make&& make) {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        T one = std::move(idle_.back());
        idle_.pop_back();
        return one;
      }
    }
    return make();
  }
  void give(T&& one) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(one));
  }
  /// All that wait.
  std::vector<T> take_all() {
    const std::lock_guard lock(mutex_);
    return std::exchange(idle_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<T> idle_;
};

}  // namespace ruska
