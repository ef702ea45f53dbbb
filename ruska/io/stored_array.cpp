// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/stored_array.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "ruska/io/block_of_thread.hpp"
#include "ruska/kernels/reversed_numbers.hpp"

namespace ruska::io {

namespace {

/// The gap between wanted bytes that is cheaper to read than to jump over, and the run of bytes that is cheaper to read
/// into its place by itself than to copy there.
constexpr std::int64_t largest_gap = std::int64_t{16} << 10;
constexpr std::int64_t long_run = std::int64_t{32} << 10;

/// One axis of a region in the order of storage.
struct StoredAxis {
  std::int64_t count;
  std::int64_t file_stride;
  std::int64_t out_stride;
};

class StoredArray final : public Source {
 public:
  StoredArray(std::shared_ptr<const RandomAccessFile> file, Description description, StoredLayout layout)
      : file_(std::move(file)),
        description_(std::move(description)),
        layout_(std::move(layout)),
        item_(static_cast<std::int64_t>(size_of(description_.dtype))),
        number_(size_of(description_.dtype) / (is_complex(description_.dtype) ? 2 : 1)) {
    description_.validate();
    const Shape shape = description_.shape();
    if (count(shape) == 0) return;
    std::int64_t first = layout_.offset;
    std::int64_t end = layout_.offset;
    bool overflow = __builtin_add_overflow(end, item_, &end);
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      std::int64_t reach = 0;
      overflow |= __builtin_mul_overflow(shape[axis] - 1, layout_.stride[axis], &reach);
      std::int64_t& limit = reach < 0 ? first : end;
      overflow |= __builtin_add_overflow(limit, reach, &limit);
    }
    if (overflow || first < 0 || end > file_->size()) {
      throw Error(ErrorKind::bad_data, file_->path().filename().string() + " has " + std::to_string(file_->size()) +
                                           " bytes; an array " + to_string(shape) + " of " +
                                           std::string(name_of(description_.dtype)) + " from byte " +
                                           std::to_string(layout_.offset) + " on needs " +
                                           (overflow ? "more than 2^63" : std::to_string(end)) +
                                           "; the file is cut short or its header damaged");
    }
  }

  const Description& describe() const override { return description_; }

  void read(const Region& region, std::span<std::byte> out) const override {
    check_region(region, description_, out.size());
    if (out.empty()) return;
    const Shape out_strides = c_strides(region.shape, static_cast<std::size_t>(item_));
    std::int64_t start = layout_.offset;
    std::byte* first_out = out.data();
    std::vector<StoredAxis> axes;
    for (std::size_t axis = 0; axis < region.shape.size(); ++axis) {
      start += region.start[axis] * layout_.stride[axis];
      if (region.shape[axis] <= 1) continue;
      axes.push_back({region.shape[axis], layout_.stride[axis], out_strides[axis]});
      StoredAxis& last = axes.back();
      if (last.file_stride > 0) continue;
      // The file is walked forwards, so the output is walked backwards.
      start += (last.count - 1) * last.file_stride;
      first_out += (last.count - 1) * last.out_stride;
      last.file_stride = -last.file_stride;
      last.out_stride = -last.out_stride;
    }
    std::stable_sort(axes.begin(), axes.end(),
                     [](const StoredAxis& a, const StoredAxis& b) { return a.file_stride > b.file_stride; });
    merge_runs(axes);
    read_box(axes, start, first_out);
  }

 private:
  /// Neighbouring axes that run on without a gap in both file and output become one.
  static void merge_runs(std::vector<StoredAxis>& axes) {
    for (std::size_t outer = axes.size(); outer-- > 1;) {
      StoredAxis& left = axes[outer - 1];
      const StoredAxis& right = axes[outer];
      if (left.file_stride == right.count * right.file_stride && left.out_stride == right.count * right.out_stride) {
        left = {left.count * right.count, right.file_stride, right.out_stride};
        axes.erase(axes.begin() + static_cast<std::ptrdiff_t>(outer));
      }
    }
  }

  bool is_run(const StoredAxis& axis) const { return axis.file_stride == item_ && axis.out_stride == item_; }

  void read_box(std::span<const StoredAxis> axes, std::int64_t start, std::byte* out) const {
    if (axes.empty()) {
      read_run(start, {out, static_cast<std::size_t>(item_)});
      return;
    }
    const StoredAxis& first = axes.front();
    if (axes.size() == 1 && is_run(first)) {
      read_run(start, {out, static_cast<std::size_t>(first.count * item_)});
      return;
    }
    std::int64_t inner = item_;  // bytes from the first to behind the last element of one step along `first`
    for (const StoredAxis& axis : axes.subspan(1)) inner += (axis.count - 1) * axis.file_stride;
    const bool by_runs = axes.size() == 2 && is_run(axes[1]) && inner >= long_run;
    std::int64_t steps = 1;
    if (!by_runs && first.file_stride - inner <= largest_gap && inner <= largest_block) {
      steps = std::clamp<std::int64_t>(largest_block / first.file_stride, 1, first.count);
    }
    if (steps == 1) {
      for (std::int64_t i = 0; i < first.count; ++i) {
        read_box(axes.subspan(1), start + i * first.file_stride, out + i * first.out_stride);
      }
      return;
    }
    std::byte* const block =
        block_of_thread(out);  // (steps - 1) · stride + inner bytes are less than twice the largest
    for (std::int64_t i = 0; i < first.count; i += steps) {
      const std::int64_t now = std::min(steps, first.count - i);
      file_->read(start + i * first.file_stride,
                  {block, static_cast<std::size_t>((now - 1) * first.file_stride + inner)});
      scatter(axes, now, block, out + i * first.out_stride);
    }
  }

  /// Bytes that follow each other in both.
  void read_run(std::int64_t start, std::span<std::byte> out) const {
    if (!layout_.swapped) {
      file_->read(start, out);
      return;
    }
    while (!out.empty()) {
      const auto now = out.first(std::min(out.size(), static_cast<std::size_t>(largest_block)));
      file_->read(start, now);
      swap_bytes(now, description_.dtype);
      start += static_cast<std::int64_t>(now.size());
      out = out.subspan(now.size());
    }
  }

  void put(const std::byte* in, std::size_t bytes, std::byte* out) const {
    if (layout_.swapped) {
      kernels::reverse_numbers(reinterpret_cast<const std::uint8_t*>(in), bytes, number_,
                               reinterpret_cast<std::uint8_t*>(out));
    } else {
      std::memcpy(out, in, bytes);
    }
  }

  /// Puts `count` steps along the first axis, each the whole of the others, where they belong.
  void scatter(std::span<const StoredAxis> axes, std::int64_t count, const std::byte* in, std::byte* out) const {
    const StoredAxis& first = axes.front();
    if (axes.size() == 1 && is_run(first)) {
      put(in, static_cast<std::size_t>(count * item_), out);
      return;
    }
    if (layout_.swapped && axes.size() == 2 && is_run(axes[1])) {
      kernels::reverse_numbers_of_rows(reinterpret_cast<const std::uint8_t*>(in), first.file_stride,
                                       static_cast<std::size_t>(count), static_cast<std::size_t>(axes[1].count * item_),
                                       number_, reinterpret_cast<std::uint8_t*>(out), first.out_stride);
      return;
    }
    for (std::int64_t i = 0; i < count; ++i, in += first.file_stride, out += first.out_stride) {
      if (axes.size() == 1) {
        put(in, static_cast<std::size_t>(item_), out);
      } else {
        scatter(axes.subspan(1), axes[1].count, in, out);
      }
    }
  }

  std::shared_ptr<const RandomAccessFile> file_;
  Description description_;
  StoredLayout layout_;
  std::int64_t item_;
  std::size_t number_;  ///< bytes whose order is one
};

class StoredArraySink final : public Sink {
 public:
  StoredArraySink(const std::filesystem::path& path, std::string_view header, const Description& description,
                  Begun begun)
      : description_(checked(description)),
        offset_(static_cast<std::int64_t>(header.size())),
        stride_(c_strides(description.shape(), size_of(description.dtype))),
        file_(path, offset_ + description.bytes(), begun) {
    file_.write(0, std::as_bytes(std::span(header)));
  }
  Storage storage() const override { return {.concurrent = true}; }
  void flush() override { file_.flush(); }

  void write(const Region& region, std::span<const std::byte> values) override {
    check_region(region, description_, values.size());
    if (values.empty()) return;
    // The trailing axes that the region covers whole make one run together with the axis before them.
    const Shape shape = description_.shape();
    std::size_t outer = shape.size();
    while (outer > 0 && region.shape[outer - 1] == shape[outer - 1]) --outer;
    if (outer > 0) --outer;
    std::int64_t run = static_cast<std::int64_t>(size_of(description_.dtype));
    for (std::size_t axis = outer; axis < shape.size(); ++axis) run *= region.shape[axis];
    std::int64_t start = offset_;
    for (std::size_t axis = 0; axis < shape.size(); ++axis) start += region.start[axis] * stride_[axis];
    Shape index(outer, 0);
    for (std::size_t done = 0; done < values.size(); done += static_cast<std::size_t>(run)) {
      const std::int64_t at = std::inner_product(index.begin(), index.end(), stride_.begin(), start);
      file_.write(at, values.subspan(done, static_cast<std::size_t>(run)));
      for (std::size_t axis = outer; axis-- > 0;) {
        if (++index[axis] < region.shape[axis]) break;
        index[axis] = 0;
      }
    }
  }

  void commit() override { file_.close(); }

 private:
  static const Description& checked(const Description& description) {
    description.validate();
    return description;
  }

  Description description_;
  std::int64_t offset_;
  Shape stride_;
  FileToWrite file_;
};

}  // namespace

Shape c_strides(const Shape& shape, std::size_t item_size) {
  Shape strides(shape.size());
  std::int64_t stride = static_cast<std::int64_t>(item_size);
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    strides[axis] = stride;
    if (__builtin_mul_overflow(stride, shape[axis], &stride)) {
      throw Error(ErrorKind::bad_data, "an array of shape " + to_string(shape) + " needs more than 2^63 bytes");
    }
  }
  return strides;
}

Shape fortran_strides(const Shape& shape, std::size_t item_size) {
  Shape strides = c_strides(Shape(shape.rbegin(), shape.rend()), item_size);
  std::reverse(strides.begin(), strides.end());
  return strides;
}

void swap_bytes(std::span<std::byte> values, DType dtype) {
  auto* const bytes = reinterpret_cast<std::uint8_t*>(values.data());
  kernels::reverse_numbers(bytes, values.size(), size_of(dtype) / (is_complex(dtype) ? 2 : 1), bytes);
}

std::shared_ptr<const Source> stored_array(std::shared_ptr<const RandomAccessFile> file, Description description,
                                           StoredLayout layout) {
  return std::make_shared<StoredArray>(std::move(file), std::move(description), std::move(layout));
}

std::unique_ptr<Sink> stored_array_sink(const std::filesystem::path& path, std::string_view header,
                                        const Description& description, Begun begun) {
  return std::make_unique<StoredArraySink>(path, header, description, begun);
}

}  // namespace ruska::io
