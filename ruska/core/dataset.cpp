// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/dataset.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ruska/base/digest.hpp"
#include "ruska/core/rows.hpp"

namespace ruska {
namespace {

class MemorySource final : public Source {
 public:
  MemorySource(Description description, std::span<const std::byte> bytes)
      : description_(std::move(description)), bytes_(bytes.begin(), bytes.end()) {
    description_.validate();
    if (static_cast<std::int64_t>(bytes_.size()) != description_.bytes()) {
      throw Error(ErrorKind::invalid_argument, "'" + description_.title + "' of shape " +
                                                   to_string(description_.shape()) + " was given " +
                                                   std::to_string(bytes_.size()) + " bytes");
    }
  }
  const Description& describe() const override { return description_; }
  void read(const Region& region, std::span<std::byte> out) const override {
    check_region(region, description_, out.size());
    copy_region(bytes_, description_.shape(), size_of(description_.dtype), region, out);
  }
  std::span<const std::byte> view(const Region& region) const override {
    const std::size_t item = size_of(description_.dtype);
    const std::size_t bytes = static_cast<std::size_t>(region.count()) * item;
    check_region(region, description_, bytes);
    const auto start = contiguous_start(region, description_.shape());
    if (!start) return {};
    return std::span(bytes_).subspan(static_cast<std::size_t>(*start) * item, bytes);
  }

 private:
  Description description_;
  std::vector<std::byte> bytes_;
};

/// Counts held sparse; dense regions are filled on demand.
class CountsSource final : public Source {
 public:
  CountsSource(Description description, SparseCounts counts)
      : description_(std::move(description)), counts_(std::move(counts)) {
    description_.sparse = true;
    description_.validate();
    if (counts_.rows() != description_.navigation_size()) {
      throw Error(ErrorKind::invalid_argument, "sparse counts of " + std::to_string(counts_.rows()) +
                                                   " rows do not fit the shape " + to_string(description_.shape()));
    }
  }
  const Description& describe() const override { return description_; }
  void read(const Region& region, std::span<std::byte> out) const override {
    check_region(region, description_, out.size());
    fill_from_counts(description_, region, out,
                     [this](std::int64_t begin, std::int64_t end) { return read_counts(begin, end); });
  }
  SparseCounts read_counts(std::int64_t begin, std::int64_t end) const override {
    if (begin < 0 || end < begin || end > counts_.rows()) {
      throw Error(ErrorKind::invalid_argument, "positions " + std::to_string(begin) + " to " + std::to_string(end) +
                                                   " leave the " + std::to_string(counts_.rows()) + " that are there");
    }
    const std::int64_t from = counts_.row_start[static_cast<std::size_t>(begin)];
    const std::int64_t to = counts_.row_start[static_cast<std::size_t>(end)];
    SparseCounts part;
    part.row_start.assign(counts_.row_start.begin() + begin, counts_.row_start.begin() + end + 1);
    for (std::int64_t& start : part.row_start) start -= from;
    part.channel.assign(counts_.channel.begin() + from, counts_.channel.begin() + to);
    part.value.assign(counts_.value.begin() + from, counts_.value.begin() + to);
    return part;
  }

 private:
  Description description_;
  SparseCounts counts_;
};

class CropSource final : public Source {
 public:
  CropSource(Dataset data, Region region) : data_(std::move(data)), region_(std::move(region)) {
    description_ = data_.describe();
    description_.chunk.clear();
    check_region(region_, data_.describe(), static_cast<std::size_t>(region_.count()) * size_of(description_.dtype));
    for (std::size_t a = 0; a < description_.axes.size(); ++a) {
      Axis& axis = description_.axes[a];
      const std::int64_t start = region_.start[a], size = region_.shape[a];
      if (axis.values.empty())
        axis.offset = axis.at(static_cast<double>(start));
      else
        axis.values = {axis.values.begin() + start, axis.values.begin() + start + size};
      axis.size = size;
    }
    description_.sparse = false;
  }
  const Description& describe() const override { return description_; }
  std::int64_t buffered() const override { return data_.source().buffered(); }
  void read(const Region& region, std::span<std::byte> out) const override {
    check_region(region, description_, out.size());
    data_.source().read(within(region), out);
  }
  std::span<const std::byte> view(const Region& region) const override {
    check_region(region, description_, static_cast<std::size_t>(region.count()) * size_of(description_.dtype));
    return data_.source().view(within(region));
  }

 private:
  Region within(const Region& region) const {
    Region inner = region;
    for (std::size_t a = 0; a < inner.start.size(); ++a) inner.start[a] += region_.start[a];
    return inner;
  }

  Dataset data_;
  Region region_;
  Description description_;
};

/// Calls `visit(region)` over pieces of at most ~4 MiB, whole rows of the slowest axis or parts of one.
template <class Visit>
void for_each_piece(const Description& description, const Visit& visit) {
  const Partitions partitions = partitions_of(description);
  for (std::int64_t p = 0; p < partitions.count(); ++p) {
    for (const Region& region : regions_of_rows(description, partitions.range(p))) visit(region);
  }
}

}  // namespace

Dataset::Dataset(std::shared_ptr<const Source> source, Origin origin)
    : source_(std::move(source)), origin_(std::move(origin)) {}

Dataset Dataset::from_bytes(Description description, std::span<const std::byte> bytes) {
  return Dataset(std::make_shared<MemorySource>(std::move(description), bytes));
}

Dataset Dataset::from_counts(Description description, SparseCounts counts) {
  return Dataset(std::make_shared<CountsSource>(std::move(description), std::move(counts)));
}

std::vector<double> Dataset::read_as_double(const Region& region) const {
  const DType dtype = describe().dtype;
  if (is_complex(dtype)) {
    throw Error(ErrorKind::invalid_argument, "'" + describe().title + "' is complex, where real values are needed");
  }
  return visit_dtype(dtype, [&]<class T>() -> std::vector<double> {
    if constexpr (is_complex_v<T>) {
      return {};
    } else {
      const std::vector<T> values = read<T>(region);
      return {values.begin(), values.end()};
    }
  });
}

void Dataset::wrong_type(DType asked) const {
  throw Error(ErrorKind::invalid_argument, "'" + describe().title + "' holds " +
                                               std::string(name_of(describe().dtype)) + ", not " +
                                               std::string(name_of(asked)));
}

Dataset crop(const Dataset& data, const Region& region) {
  return Dataset(std::make_shared<CropSource>(data, region), data.origin());
}

Statistics statistics(const Dataset& data) {
  const Description& description = data.describe();
  const std::int64_t size = count(description.shape());
  if (size == 0) return {};
  Statistics result;
  visit_dtype(description.dtype, [&]<class T>() {
    using Sum = std::conditional_t<std::is_integral_v<T>, __int128, long double>;
    Sum sum = 0;
    double low = std::numeric_limits<double>::infinity(), high = -low;
    bool not_a_number = false;
    std::vector<T> values;
    for_each_piece(description, [&](const Region& region) {
      values.resize(static_cast<std::size_t>(region.count()));
      data.source().read(region, std::as_writable_bytes(std::span(values)));
      for (const T& value : values) {
        if constexpr (std::is_integral_v<T>) {
          sum += value;
          low = std::min(low, static_cast<double>(value));
          high = std::max(high, static_cast<double>(value));
        } else {
          double real;
          if constexpr (is_complex_v<T>)
            real = std::abs(std::complex<double>(value));
          else
            real = value;
          not_a_number = not_a_number || std::isnan(real);
          sum += real;
          low = std::min(low, real);
          high = std::max(high, real);
        }
      }
    });
    const double nan = std::numeric_limits<double>::quiet_NaN();
    result = {static_cast<double>(sum), not_a_number ? nan : low, not_a_number ? nan : high,
              static_cast<double>(static_cast<long double>(sum) / static_cast<long double>(size))};
  });
  return result;
}

std::string digest_of(const Dataset& data) {
  const Description& description = data.describe();
  Json head{{"dtype", name_of(description.dtype)}, {"axes", Json::array()}};
  for (const Axis& axis : description.axes) head["axes"].push_back(to_json(axis));
  Digest digest;
  const std::string text = head.dump();
  digest.add(std::as_bytes(std::span(text)));
  std::vector<std::byte> values;
  for_each_piece(description, [&](const Region& region) {
    values.resize(static_cast<std::size_t>(region.count()) * size_of(description.dtype));
    data.source().read(region, values);
    digest.add(values);
  });
  return digest.finish();
}

}  // namespace ruska
