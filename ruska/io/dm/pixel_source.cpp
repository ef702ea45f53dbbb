// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/dm/pixel_source.hpp"

#include <algorithm>
#include <array>
#include <complex>
#include <cstring>

namespace ruska::io::dm {

namespace {

class ColourSource final : public Source {
 public:
  explicit ColourSource(std::shared_ptr<const Source> stored) : stored_(std::move(stored)) {}

  const Description& describe() const override { return stored_->describe(); }

  void read(const Region& region, std::span<std::byte> out) const override {
    check_region(region, describe(), out.size());
    if (out.empty()) return;
    Region pixels = region;
    pixels.start.back() = 0;
    pixels.shape.back() = 4;
    std::vector<std::byte> bytes(static_cast<std::size_t>(pixels.count()));
    stored_->read(pixels, bytes);
    constexpr std::array<std::size_t, 4> places{2, 1, 0, 3};
    const auto first = static_cast<std::size_t>(region.start.back());
    const auto count = static_cast<std::size_t>(region.shape.back());
    for (std::size_t pixel = 0; pixel * count < out.size(); ++pixel) {
      for (std::size_t part = 0; part < count; ++part) {
        out[pixel * count + part] = bytes[pixel * 4 + places[first + part]];
      }
    }
  }

 private:
  std::shared_ptr<const Source> stored_;
};

template <class Complex>
class HalfTransform final : public Source {
 public:
  HalfTransform(std::shared_ptr<const Source> half, Description whole)
      : half_(std::move(half)), description_(std::move(whole)) {}

  const Description& describe() const override { return description_; }

  void read(const Region& region, std::span<std::byte> out) const override {
    check_region(region, description_, out.size());
    if (out.empty()) return;
    const Shape shape = description_.shape();
    const std::size_t last = shape.size() - 1;
    const std::int64_t width = shape[last];
    const std::int64_t centre = width / 2;
    const std::int64_t height = last > 0 ? shape[last - 1] : 1;
    const std::int64_t from = region.start[last], count = region.shape[last];
    // Columns from here on are completed from the row across.
    const std::int64_t completed = std::clamp(centre + 1 - from, std::int64_t{0}, count);

    Region outer = region;
    outer.shape[last] = 1;
    const std::int64_t rows = outer.count();
    std::vector<Complex> stored(static_cast<std::size_t>(centre + 1));
    std::vector<Complex> row(static_cast<std::size_t>(count));
    Shape index(region.start.begin(), region.start.end() - 1);
    for (std::int64_t i = 0; i < rows; ++i) {
      const auto read_row = [&](bool across) {
        Region here{index, Shape(index.size(), 1)};
        // The zero frequency stands in row height/2.
        if (across && last > 0) here.start[last - 1] = (2 * (height / 2) + height - index[last - 1]) % height;
        here.start.push_back(0);
        here.shape.push_back(centre + 1);
        half_->read(here, std::as_writable_bytes(std::span(stored)));
      };
      if (completed > 0) {
        read_row(false);
        for (std::int64_t c = 0; c < completed; ++c) {
          row[static_cast<std::size_t>(c)] = stored[static_cast<std::size_t>(centre - (from + c))];
        }
      }
      if (completed < count) {
        read_row(true);
        for (std::int64_t c = completed; c < count; ++c) {
          row[static_cast<std::size_t>(c)] = std::conj(stored[static_cast<std::size_t>(from + c - centre)]);
        }
      }
      std::memcpy(out.data() + static_cast<std::size_t>(i * count) * sizeof(Complex), row.data(),
                  row.size() * sizeof(Complex));
      for (std::size_t axis = last; axis-- > 0;) {
        if (++index[axis] < region.start[axis] + region.shape[axis]) break;
        index[axis] = region.start[axis];
      }
    }
  }

 private:
  std::shared_ptr<const Source> half_;
  Description description_;
};

}  // namespace

std::shared_ptr<const Source> colour_source(std::shared_ptr<const Source> stored) {
  return std::make_shared<ColourSource>(std::move(stored));
}

std::shared_ptr<const Source> half_transform(std::shared_ptr<const RandomAccessFile> file, Description description,
                                             std::int64_t offset, bool swapped) {
  Description half = description;
  half.axes.back().size = half.axes.back().size / 2 + 1;
  StoredLayout layout{offset, c_strides(half.shape(), size_of(half.dtype)), swapped};
  const bool narrow = half.dtype == DType::complex64;
  auto stored = stored_array(std::move(file), std::move(half), std::move(layout));
  if (narrow) return std::make_shared<HalfTransform<std::complex<float>>>(std::move(stored), std::move(description));
  return std::make_shared<HalfTransform<std::complex<double>>>(std::move(stored), std::move(description));
}

}  // namespace ruska::io::dm
