// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <future>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace ruska::io {

/// Decoded chunks by number, the least recently used dropped first. Threads that want the same chunk share one decode.
class ChunkCache {
 public:
  using Chunk = std::shared_ptr<const std::vector<std::byte>>;

  /// The chunk, from `decode()` where it is not held; what that throws, all who wait for it get.
  template <class Decode>
  Chunk get(std::int64_t number, const Decode& decode) {
    std::promise<Chunk> promise;
    std::shared_future<Chunk> wanted;
    bool mine = false;
    {
      const std::lock_guard guard(mutex_);
      const auto found = entries_.find(number);
      if (found != entries_.end()) {
        recent_.splice(recent_.begin(), recent_, found->second.place);
        wanted = found->second.bytes;
      } else {
        wanted = promise.get_future().share();
        recent_.push_front(number);
        entries_[number] = {wanted, recent_.begin(), 0};
        mine = true;
      }
    }
    if (mine) {
      try {
        auto values = std::make_shared<const std::vector<std::byte>>(decode());
        const auto bytes = static_cast<std::int64_t>(values->size());
        promise.set_value(std::move(values));
        keep(number, bytes);
      } catch (...) {
        promise.set_exception(std::current_exception());
        const std::lock_guard guard(mutex_);
        recent_.erase(entries_.at(number).place);
        entries_.erase(number);
      }
    }
    return wanted.get();
  }

  /// Bytes kept at most (64 MiB unless set).
  std::int64_t limit() {
    const std::lock_guard guard(mutex_);
    return limit_;
  }

  void set_limit(std::int64_t bytes) {
    const std::lock_guard guard(mutex_);
    limit_ = bytes;
    trim();
  }

 private:
  struct Entry {
    std::shared_future<Chunk> bytes;
    std::list<std::int64_t>::iterator place;
    std::int64_t counted = 0;  // 0 while it is being decoded
  };

  void keep(std::int64_t number, std::int64_t bytes) {
    const std::lock_guard guard(mutex_);
    entries_.at(number).counted = bytes;
    held_ += bytes;
    trim();
  }

  void trim() {
    for (auto place = recent_.end(); held_ > limit_ && place != recent_.begin();) {
      --place;
      const auto entry = entries_.find(*place);
      if (entry->second.counted == 0) continue;
      held_ -= entry->second.counted;
      entries_.erase(entry);
      place = recent_.erase(place);
    }
  }

  std::mutex mutex_;
  std::map<std::int64_t, Entry> entries_;  // by chunk number
  std::list<std::int64_t> recent_;         // most recent first
  std::int64_t held_ = 0, limit_ = std::int64_t{64} << 20;
};

}  // namespace ruska::io
