// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/examples.hpp"

#include <atomic>

#include "tests/example_data.hpp"

namespace ruska {
namespace {

class ChunkedSource final : public Source {
 public:
  ChunkedSource(Dataset data, Shape chunk) : data_(std::move(data)), description_(data_.describe()) {
    description_.chunk = std::move(chunk);
    description_.sparse = false;
  }
  const Description& describe() const override { return description_; }
  void read(const Region& region, std::span<std::byte> out) const override {
    check_region(region, description_, out.size());
    const std::size_t item = size_of(description_.dtype);
    const Shape shape = description_.shape();
    const std::size_t rank = shape.size();
    Shape first(rank), last(rank), index(rank);
    for (std::size_t a = 0; a < rank; ++a) {
      if (region.shape[a] == 0) return;
      first[a] = region.start[a] / description_.chunk[a];
      last[a] = (region.start[a] + region.shape[a] - 1) / description_.chunk[a];
    }
    index = first;
    for (;;) {
      Region chunk{Shape(rank), Shape(rank)}, in_chunk = chunk, in_out = chunk;
      for (std::size_t a = 0; a < rank; ++a) {
        chunk.start[a] = index[a] * description_.chunk[a];
        chunk.shape[a] = std::min(description_.chunk[a], shape[a] - chunk.start[a]);
        const std::int64_t from = std::max(chunk.start[a], region.start[a]);
        const std::int64_t to = std::min(chunk.start[a] + chunk.shape[a], region.start[a] + region.shape[a]);
        in_chunk.start[a] = from - chunk.start[a];
        in_out.start[a] = from - region.start[a];
        in_chunk.shape[a] = in_out.shape[a] = to - from;
      }
      std::vector<std::byte> values(static_cast<std::size_t>(chunk.count()) * item);
      data_.source().read(chunk, values);
      std::vector<std::byte> part(static_cast<std::size_t>(in_chunk.count()) * item);
      copy_region(values, chunk.shape, item, in_chunk, part);
      paste_region(part, in_out, out, region.shape, item);
      std::size_t a = rank;
      while (a > 0 && ++index[a - 1] > last[a - 1]) {
        --a;
        index[a] = first[a];
      }
      if (a == 0) return;
    }
  }

 private:
  Dataset data_;
  Description description_;
};

class WatchedSource final : public Source {
 public:
  WatchedSource(Dataset data, std::function<void(std::int64_t)> before_read)
      : data_(std::move(data)), before_read_(std::move(before_read)) {}
  const Description& describe() const override { return data_.describe(); }
  void read(const Region& region, std::span<std::byte> out) const override {
    before_read_(reads_++);
    data_.source().read(region, out);
  }
  SparseCounts read_counts(std::int64_t begin, std::int64_t end) const override {
    before_read_(reads_++);
    return data_.source().read_counts(begin, end);
  }

 private:
  Dataset data_;
  std::function<void(std::int64_t)> before_read_;
  mutable std::atomic<std::int64_t> reads_{0};
};

}  // namespace

Inputs example_inputs(const Operation& operation) {
  const auto own = operation_examples().find(operation.facts.name);
  if (own != operation_examples().end()) return own->second();
  Inputs inputs;
  for (const Port& port : operation.facts.inputs) {
    if (!port.required) continue;
    inputs.set(port.name, port.min_signal == 2 ? example_scan(5, 6, 24, 20) : example_spectrum_image(12, 14, 240));
  }
  return inputs;
}

Dataset stored_in_chunks(const Dataset& data, Shape chunk) {
  return Dataset(std::make_shared<ChunkedSource>(data, std::move(chunk)), data.origin());
}

Dataset watched(const Dataset& data, std::function<void(std::int64_t)> before_read) {
  return Dataset(std::make_shared<WatchedSource>(data, std::move(before_read)), data.origin());
}

Dataset with_values(const Dataset& data, DType dtype, const std::function<double(std::int64_t)>& value) {
  Description description = data.describe();
  description.dtype = dtype;
  description.sparse = false;
  description.chunk.clear();
  const std::int64_t size = count(description.shape());
  return visit_dtype(dtype, [&]<class T>() {
    std::vector<T> values;
    if constexpr (!is_complex_v<T>) {
      for (std::int64_t i = 0; i < size; ++i) values.push_back(static_cast<T>(value(i)));
    }
    return Dataset::from_values<T>(description, values);
  });
}

}  // namespace ruska
