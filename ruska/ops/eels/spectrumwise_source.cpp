// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eels/spectrumwise_source.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

namespace ruska::ops::eels {

namespace {

constexpr std::int64_t most_values = 1 << 18;  // of one data set held in double precision at a time

}  // namespace

SpectrumwiseSource::SpectrumwiseSource(std::vector<Dataset> data, Description description,
                                       std::function<Compute()> make_compute)
    : data_(std::move(data)), description_(std::move(description)), make_compute_(std::move(make_compute)) {}

std::int64_t SpectrumwiseSource::buffered() const {
  std::int64_t bytes = 0;
  for (const Dataset& one : data_) bytes += one.source().buffered();
  return bytes;
}

void SpectrumwiseSource::read(const Region& region, std::span<std::byte> out) const {
  check_region(region, description_, out.size());
  if (region.count() == 0) return;
  const std::size_t rank = region.shape.size();
  const std::int64_t channels = region.shape.back();
  const std::int64_t rows = region.count() / channels;
  std::int64_t longest = channels;
  for (const Dataset& one : data_) longest = std::max(longest, one.describe().signal_size());
  // Large regions in two halves along their first axis, so that little is held in double precision at a time.
  for (std::size_t axis = 0; axis + 1 < rank && rows * longest > most_values; ++axis) {
    if (region.shape[axis] == 1) continue;
    Region first = region, second = region;
    first.shape[axis] /= 2;
    second.start[axis] += first.shape[axis];
    second.shape[axis] -= first.shape[axis];
    const std::size_t split = static_cast<std::size_t>(first.count()) * size_of(description_.dtype);
    read(first, out.first(split));
    read(second, out.subspan(split));
    return;
  }

  std::vector<std::vector<double>> values;
  for (const Dataset& one : data_) {
    const std::int64_t size = one.describe().signal_size();
    Region wanted{{0}, {size}};
    if (one.describe().axes.size() > 1) {
      wanted = region;
      wanted.start.back() = 0;
      wanted.shape.back() = size;
    }
    values.push_back(one.read_as_double(wanted));
  }
  const Compute compute = make_compute_();
  const RowRange asked{region.start.back(), region.start.back() + channels};
  const Shape navigation = description_.navigation_shape();
  Shape index(rank - 1, 0);
  std::vector<std::span<const double>> spectra(data_.size());
  std::vector<double> computed(static_cast<std::size_t>(channels));
  visit_dtype(description_.dtype, [&]<class T>() {
    if constexpr (std::is_floating_point_v<T>) {
      std::vector<T> stored(static_cast<std::size_t>(channels));
      for (std::int64_t r = 0; r < rows; ++r) {
        std::int64_t position = 0;
        for (std::size_t a = 0; a + 1 < rank; ++a) position = position * navigation[a] + region.start[a] + index[a];
        for (std::size_t i = 0; i < data_.size(); ++i) {
          const auto size = static_cast<std::size_t>(data_[i].describe().signal_size());
          const bool common = data_[i].describe().axes.size() == 1;
          spectra[i] = std::span(values[i]).subspan(common ? 0 : static_cast<std::size_t>(r) * size, size);
        }
        compute(position, spectra, asked, computed);
        for (std::size_t c = 0; c < computed.size(); ++c) stored[c] = static_cast<T>(computed[c]);
        std::memcpy(out.data() + static_cast<std::size_t>(r * channels) * sizeof(T), stored.data(),
                    stored.size() * sizeof(T));
        for (std::size_t a = rank - 1; a-- > 0;) {
          if (++index[a] < region.shape[a]) break;
          index[a] = 0;
        }
      }
    }
  });
}

Description computed_spectra(const Description& data, std::string title, std::int64_t channels, double offset) {
  Description description = data;
  description.title = std::move(title);
  description.dtype = data.dtype == DType::float64 ? DType::float64 : DType::float32;
  description.sparse = false;
  description.lazy = true;
  description.chunk.clear();
  description.fields.clear();
  description.axes.back().size = channels;
  description.axes.back().offset = offset;
  return description;
}

}  // namespace ruska::ops::eels
