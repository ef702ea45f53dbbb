// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/math/fourier.hpp"

#include <algorithm>
#include <limits>
#include <mutex>
#include <new>
#include <string>
#include <type_traits>

#include <fftw3.h>

#include "ruska/base/error.hpp"

namespace ruska {
namespace {

/// FFTW's planner is one for the whole process.
std::mutex& planner() {
  static std::mutex mutex;
  return mutex;
}

/// The library's names for one precision.
template <class Real>
struct Library;

template <>
struct Library<double> {
  using Plan = fftw_plan;
  using Value = fftw_complex;
  static constexpr auto plan_complex = &fftw_plan_dft;
  static constexpr auto plan_forward = &fftw_plan_dft_r2c;
  static constexpr auto plan_backward = &fftw_plan_dft_c2r;
  static constexpr auto run_complex = &fftw_execute_dft;
  static constexpr auto run_forward = &fftw_execute_dft_r2c;
  static constexpr auto run_backward = &fftw_execute_dft_c2r;
  static constexpr auto destroy = &fftw_destroy_plan;
};

template <>
struct Library<float> {
  using Plan = fftwf_plan;
  using Value = fftwf_complex;
  static constexpr auto plan_complex = &fftwf_plan_dft;
  static constexpr auto plan_forward = &fftwf_plan_dft_r2c;
  static constexpr auto plan_backward = &fftwf_plan_dft_c2r;
  static constexpr auto run_complex = &fftwf_execute_dft;
  static constexpr auto run_forward = &fftwf_execute_dft_r2c;
  static constexpr auto run_backward = &fftwf_execute_dft_c2r;
  static constexpr auto destroy = &fftwf_destroy_plan;
};

template <class Real>
typename Library<Real>::Value* library_pointer(std::complex<Real>* values) {
  return reinterpret_cast<typename Library<Real>::Value*>(values);
}

/// FFTW takes its inputs without const also where it leaves them as they are.
template <class T>
T* writable(const FourierBuffer<T>& buffer) {
  return const_cast<T*>(buffer.data());
}

/// A plan and its end.
template <class Real>
class OwnedPlan {
 public:
  using Plan = typename Library<Real>::Plan;
  template <class Make>
  explicit OwnedPlan(const Make& make) {
    const std::lock_guard lock(planner());
    plan_ = make();
    if (plan_ == nullptr) throw Error(ErrorKind::internal, "no plan for a Fourier transform");
  }
  ~OwnedPlan() {
    const std::lock_guard lock(planner());
    Library<Real>::destroy(plan_);
  }
  OwnedPlan(const OwnedPlan&) = delete;
  OwnedPlan& operator=(const OwnedPlan&) = delete;
  Plan get() const { return plan_; }

 private:
  Plan plan_{};
};

std::int64_t checked_size(const std::vector<std::int64_t>& shape) {
  if (shape.empty() || shape.size() > 3) {
    throw Error(ErrorKind::invalid_argument,
                "Fourier transforms take one to three axes, not " + std::to_string(shape.size()));
  }
  std::int64_t size = 1;
  for (const std::int64_t length : shape) {
    if (length < 1 || length > std::numeric_limits<int>::max() || size > (std::int64_t{1} << 40) / length) {
      throw Error(ErrorKind::invalid_argument, "a Fourier transform cannot have a length of " + std::to_string(length));
    }
    size *= length;
  }
  return size;
}

std::vector<int> library_shape(const std::vector<std::int64_t>& shape) { return {shape.begin(), shape.end()}; }

void check_buffer(std::int64_t size, std::int64_t wanted) {
  if (size != wanted) {
    throw Error(ErrorKind::internal, "a Fourier transform of " + std::to_string(wanted) +
                                         " elements was given a buffer of " + std::to_string(size));
  }
}

}  // namespace

template <class T>
FourierBuffer<T>::FourierBuffer(std::int64_t size) : size_(size) {
  void* const memory = ::fftw_malloc(std::max<std::size_t>(1, static_cast<std::size_t>(size)) * sizeof(T));
  if (memory == nullptr) throw std::bad_alloc();
  data_.reset(static_cast<T*>(memory));
  std::fill_n(data_.get(), size, T{});
}

template <class T>
void FourierBuffer<T>::Free::operator()(T* memory) const noexcept {
  ::fftw_free(memory);
}

template <class Real>
struct ComplexFourier<Real>::Plans {
  using Lib = Library<Real>;
  explicit Plans(std::vector<std::int64_t> lengths)
      : shape(std::move(lengths)),
        size(checked_size(shape)),
        one(size),
        two(size),
        in_place{OwnedPlan<Real>([&] { return make(one, one, FFTW_FORWARD); }),
                 OwnedPlan<Real>([&] { return make(one, one, FFTW_BACKWARD); })},
        out_of_place{OwnedPlan<Real>([&] { return make(one, two, FFTW_FORWARD); }),
                     OwnedPlan<Real>([&] { return make(one, two, FFTW_BACKWARD); })} {
    one = {};
    two = {};
  }
  typename Lib::Plan make(FourierBuffer<Complex>& in, FourierBuffer<Complex>& out, int sign) const {
    const std::vector<int> lengths = library_shape(shape);
    return Lib::plan_complex(static_cast<int>(lengths.size()), lengths.data(), library_pointer(in.data()),
                             library_pointer(out.data()), sign, FFTW_ESTIMATE | FFTW_PRESERVE_INPUT);
  }

  std::vector<std::int64_t> shape;
  std::int64_t size;
  FourierBuffer<Complex> one, two;  // while planning
  OwnedPlan<Real> in_place[2];
  OwnedPlan<Real> out_of_place[2];
};

template <class Real>
ComplexFourier<Real>::ComplexFourier(std::vector<std::int64_t> shape)
    : plans_(std::make_unique<Plans>(std::move(shape))) {}
template <class Real>
ComplexFourier<Real>::~ComplexFourier() = default;
template <class Real>
ComplexFourier<Real>::ComplexFourier(ComplexFourier&&) noexcept = default;
template <class Real>
ComplexFourier<Real>& ComplexFourier<Real>::operator=(ComplexFourier&&) noexcept = default;

template <class Real>
const std::vector<std::int64_t>& ComplexFourier<Real>::shape() const {
  return plans_->shape;
}
template <class Real>
std::int64_t ComplexFourier<Real>::size() const {
  return plans_->size;
}
template <class Real>
void ComplexFourier<Real>::run(Direction direction, const FourierBuffer<Complex>& in,
                               FourierBuffer<Complex>& out) const {
  check_buffer(in.size(), plans_->size);
  check_buffer(out.size(), plans_->size);
  const auto& plans = in.data() == out.data() ? plans_->in_place : plans_->out_of_place;
  Library<Real>::run_complex(plans[direction == Direction::forward ? 0 : 1].get(), library_pointer(writable(in)),
                             library_pointer(out.data()));
}

template <class Real>
struct RealFourier<Real>::Plans {
  using Lib = Library<Real>;
  explicit Plans(std::vector<std::int64_t> lengths)
      : shape(std::move(lengths)),
        size(checked_size(shape)),
        half_size(size / shape.back() * (shape.back() / 2 + 1)),
        real(size),
        half(half_size),
        forward([&] {
          const std::vector<int> all = library_shape(shape);
          return Lib::plan_forward(static_cast<int>(all.size()), all.data(), real.data(), library_pointer(half.data()),
                                   FFTW_ESTIMATE | FFTW_PRESERVE_INPUT);
        }),
        backward([&] {
          const std::vector<int> all = library_shape(shape);
          return Lib::plan_backward(static_cast<int>(all.size()), all.data(), library_pointer(half.data()), real.data(),
                                    FFTW_ESTIMATE | FFTW_DESTROY_INPUT);
        }) {
    real = {};
    half = {};
  }

  std::vector<std::int64_t> shape;
  std::int64_t size, half_size;
  FourierBuffer<Real> real;  // while planning
  FourierBuffer<Complex> half;
  OwnedPlan<Real> forward, backward;
};

template <class Real>
RealFourier<Real>::RealFourier(std::vector<std::int64_t> shape) : plans_(std::make_unique<Plans>(std::move(shape))) {}
template <class Real>
RealFourier<Real>::~RealFourier() = default;
template <class Real>
RealFourier<Real>::RealFourier(RealFourier&&) noexcept = default;
template <class Real>
RealFourier<Real>& RealFourier<Real>::operator=(RealFourier&&) noexcept = default;

template <class Real>
const std::vector<std::int64_t>& RealFourier<Real>::shape() const {
  return plans_->shape;
}
template <class Real>
std::int64_t RealFourier<Real>::size() const {
  return plans_->size;
}
template <class Real>
std::int64_t RealFourier<Real>::half_size() const {
  return plans_->half_size;
}
template <class Real>
void RealFourier<Real>::forward(const FourierBuffer<Real>& in, FourierBuffer<Complex>& out) const {
  check_buffer(in.size(), plans_->size);
  check_buffer(out.size(), plans_->half_size);
  Library<Real>::run_forward(plans_->forward.get(), writable(in), library_pointer(out.data()));
}
template <class Real>
void RealFourier<Real>::backward(FourierBuffer<Complex>& in, FourierBuffer<Real>& out) const {
  check_buffer(in.size(), plans_->half_size);
  check_buffer(out.size(), plans_->size);
  Library<Real>::run_backward(plans_->backward.get(), library_pointer(in.data()), out.data());
}

std::int64_t fast_fourier_length(std::int64_t length) {
  for (std::int64_t candidate = std::max<std::int64_t>(1, length);; ++candidate) {
    std::int64_t rest = candidate;
    for (const std::int64_t prime : {2, 3, 5, 7}) {
      while (rest % prime == 0) rest /= prime;
    }
    if (rest == 1) return candidate;
  }
}

double fourier_frequency(std::int64_t index, std::int64_t length) {
  return static_cast<double>(index < (length + 1) / 2 ? index : index - length) / static_cast<double>(length);
}

template class FourierBuffer<float>;
template class FourierBuffer<double>;
template class FourierBuffer<std::complex<float>>;
template class FourierBuffer<std::complex<double>>;
template class ComplexFourier<float>;
template class ComplexFourier<double>;
template class RealFourier<float>;
template class RealFourier<double>;

}  // namespace ruska
