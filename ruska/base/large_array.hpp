// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace ruska {

/// Memory for large arrays that are written before they are read: nothing is filled with zeros, and the system is asked
/// for huge pages. A page of 4 KiB costs its first touch 1 to 2 µs, which is more than a whole pass over what it holds.
template <class T>
struct LargeAllocator {
  using value_type = T;
  static constexpr std::size_t huge_page = std::size_t{1} << 21;

  LargeAllocator() = default;
  template <class U>
  LargeAllocator(const LargeAllocator<U>&) noexcept {}

  T* allocate(std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    if (bytes < huge_page) return std::allocator<T>().allocate(count);
    void* memory = nullptr;
    if (::posix_memalign(&memory, huge_page, bytes) != 0) throw std::bad_alloc();
#ifdef __linux__
    ::madvise(memory, bytes, MADV_HUGEPAGE);  // where it is refused, small pages serve as well
#endif
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t count) {
    if (count * sizeof(T) < huge_page) return std::allocator<T>().deallocate(memory, count);
    std::free(memory);
  }
  template <class U, class... Arguments>
  void construct(U* where, Arguments&&... arguments) {
    if constexpr (sizeof...(Arguments) == 0 && std::is_trivially_default_constructible_v<U>) {
      ::new (static_cast<void*>(where)) U;
    } else {
      ::new (static_cast<void*>(where)) U(std::forward<Arguments>(arguments)...);
    }
  }
  friend bool operator==(const LargeAllocator&, const LargeAllocator&) { return true; }
};

/// An array whose new elements have any value until they are written.
template <class T>
using LargeArray = std::vector<T, LargeAllocator<T>>;

}  // namespace ruska
