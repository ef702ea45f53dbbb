// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/examples.hpp"

#include <atomic>
#include <cmath>

#include "ruska/base/random.hpp"
#include "ruska/core/metadata.hpp"

namespace ruska {
namespace {

/// Unit-sum spectrum of Gaussian lines at the given energies (keV) on a falling background.
std::vector<double> spectrum(const Axis& energy, const std::vector<std::pair<double, double>>& lines) {
  std::vector<double> values(static_cast<std::size_t>(energy.size));
  double sum = 0;
  for (std::int64_t e = 0; e < energy.size; ++e) {
    const double at = energy.at(static_cast<double>(e));
    double value = at > 0.1 ? 0.02 * std::exp(-at / 4) : 0;
    for (const auto& [line, weight] : lines) value += weight * std::exp(-0.5 * std::pow((at - line) / 0.07, 2));
    values[static_cast<std::size_t>(e)] = value;
    sum += value;
  }
  for (double& value : values) value /= sum;
  return values;
}

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

Dataset example_spectrum_image(std::int64_t height, std::int64_t width, std::int64_t channels,
                               double counts_per_spectrum) {
  Description description;
  description.title = "two phases";
  description.signal_type = "EDS_TEM";
  description.axes = {
      {.name = "y", .quantity = "length", .units = "nm", .role = Role::navigation, .size = height, .scale = 2.0},
      {.name = "x", .quantity = "length", .units = "nm", .role = Role::navigation, .size = width, .scale = 2.0},
      {.name = "Energy",
       .quantity = "energy",
       .units = "keV",
       .role = Role::signal,
       .size = channels,
       .scale = 12.0 / static_cast<double>(channels),
       .offset = 0.0}};
  set(description.metadata, "General.title", description.title);
  set(description.metadata, "Signal.signal_type", description.signal_type);
  set(description.metadata, "Acquisition_instrument.TEM.beam_energy", 200.0);
  set(description.metadata, "Acquisition_instrument.TEM.Detector.EDS.energy_resolution_MnKa", 130.0);
  set(description.metadata, "Sample.elements", Json::array({"Fe", "Ti"}));

  const std::vector<double> iron = spectrum(description.axes[2], {{6.404, 1.0}, {7.058, 0.13}, {0.705, 0.3}});
  const std::vector<double> titanium = spectrum(description.axes[2], {{4.511, 1.0}, {4.932, 0.13}});
  std::vector<std::uint16_t> counts;
  for (std::int64_t p = 0; p < height * width; ++p) {
    const std::vector<double>& pure = p % width < width / 2 ? iron : titanium;
    for (std::int64_t e = 0; e < channels; ++e) {
      Random random(7, "example", static_cast<std::uint64_t>(p * channels + e));
      counts.push_back(
          static_cast<std::uint16_t>(random.poisson(counts_per_spectrum * pure[static_cast<std::size_t>(e)])));
    }
  }
  return Dataset::from_values<std::uint16_t>(std::move(description), counts);
}

Dataset example_scan(std::int64_t height, std::int64_t width, std::int64_t frame_height, std::int64_t frame_width) {
  Description description;
  description.title = "discs";
  description.axes = {
      {.name = "y", .quantity = "length", .units = "nm", .role = Role::navigation, .size = height, .scale = 0.5},
      {.name = "x", .quantity = "length", .units = "nm", .role = Role::navigation, .size = width, .scale = 0.5},
      {.name = "ky", .units = "1/nm", .role = Role::signal, .size = frame_height, .scale = 0.25, .offset = -3},
      {.name = "kx", .units = "1/nm", .role = Role::signal, .size = frame_width, .scale = 0.25, .offset = -2.5}};
  set(description.metadata, "General.title", description.title);
  set(description.metadata, "Acquisition_instrument.TEM.beam_energy", 200.0);
  const double radius = static_cast<double>(std::min(frame_height, frame_width)) / 5;
  std::vector<std::uint16_t> counts;
  for (std::int64_t p = 0; p < height * width; ++p) {
    const double center_y = static_cast<double>(frame_height) / 2 + 0.5 * std::sin(static_cast<double>(p));
    const double center_x = static_cast<double>(frame_width) / 2 + 0.5 * std::cos(static_cast<double>(p));
    for (std::int64_t i = 0; i < frame_height * frame_width; ++i) {
      const double distance =
          std::hypot(static_cast<double>(i / frame_width) - center_y, static_cast<double>(i % frame_width) - center_x);
      Random random(7, "example scan", static_cast<std::uint64_t>(p * frame_height * frame_width + i));
      const double dark_field = p % width < width / 2 ? 0.05 : 0.3;
      counts.push_back(static_cast<std::uint16_t>(random.poisson(distance <= radius ? 12.0 : dark_field)));
    }
  }
  return Dataset::from_values<std::uint16_t>(std::move(description), counts);
}

Inputs example_inputs(const Operation& operation) {
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
