// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace ruska {

/// Memory for transforms, aligned for the widest vectors. Plans run on such memory alone.
template <class T>
class FourierBuffer {
 public:
  FourierBuffer() = default;
  explicit FourierBuffer(std::int64_t size);

  std::span<T> values() { return {data_.get(), static_cast<std::size_t>(size_)}; }
  std::span<const T> values() const { return {data_.get(), static_cast<std::size_t>(size_)}; }
  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  std::int64_t size() const { return size_; }
  T& operator[](std::int64_t i) { return data_.get()[i]; }
  const T& operator[](std::int64_t i) const { return data_.get()[i]; }

 private:
  struct Free {
    void operator()(T* memory) const noexcept;
  };
  std::unique_ptr<T, Free> data_{};
  std::int64_t size_ = 0;
};

enum class Direction { forward, backward };

/// Transforms of complex arrays of one shape (1 to 3 axes, C order), in either direction:
///   forward  F[k] = Σ_n f[n] exp(−2πi k·n/N),   backward  f[n] = Σ_k F[k] exp(+2πi k·n/N), not divided by N.
/// Planned by estimate: the same bits in every run. Making a plan takes a lock; running one does not, and one plan may
/// run in several threads at once. Real is float or double.
template <class Real>
class ComplexFourier {
 public:
  using Complex = std::complex<Real>;
  /// Throws invalid_argument for lengths below 1 or no or more than three axes.
  explicit ComplexFourier(std::vector<std::int64_t> shape);
  ~ComplexFourier();
  ComplexFourier(ComplexFourier&&) noexcept;
  ComplexFourier& operator=(ComplexFourier&&) noexcept;

  const std::vector<std::int64_t>& shape() const;
  std::int64_t size() const;
  /// `in` and `out` may be one buffer; `size()` elements each. Throws internal when a buffer is of another size.
  void run(Direction direction, const FourierBuffer<Complex>& in, FourierBuffer<Complex>& out) const;

 private:
  struct Plans;
  std::unique_ptr<Plans> plans_;
};

/// Transforms between real arrays of one shape and the half of their transform that says all: the last axis of the
/// transform holds N/2 + 1 elements. Conventions, bits and threads as with ComplexFourier.
template <class Real>
class RealFourier {
 public:
  using Complex = std::complex<Real>;
  /// Throws invalid_argument for lengths below 1 or no or more than three axes.
  explicit RealFourier(std::vector<std::int64_t> shape);
  ~RealFourier();
  RealFourier(RealFourier&&) noexcept;
  RealFourier& operator=(RealFourier&&) noexcept;

  const std::vector<std::int64_t>& shape() const;
  std::int64_t size() const;       ///< of the real array
  std::int64_t half_size() const;  ///< of its transform
  /// Throw internal when a buffer is of another size.
  void forward(const FourierBuffer<Real>& in, FourierBuffer<Complex>& out) const;
  /// Not divided by `size()`; destroys `in`.
  void backward(FourierBuffer<Complex>& in, FourierBuffer<Real>& out) const;

 private:
  struct Plans;
  std::unique_ptr<Plans> plans_;
};

/// The smallest length ≥ `length` with no prime factor above 7: transforms of it are fast.
std::int64_t fast_fourier_length(std::int64_t length);

/// The frequency of element `index` of a transform of `length` elements, in cycles per element: 0, 1/N … −1/N.
double fourier_frequency(std::int64_t index, std::int64_t length);

}  // namespace ruska
