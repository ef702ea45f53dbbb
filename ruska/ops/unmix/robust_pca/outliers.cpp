// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/robust_pca/outliers.hpp"

#include <algorithm>
#include <cstring>

namespace ruska::ops::unmix {
namespace {

class CleanedSource final : public Source {
 public:
  CleanedSource(Dataset data, Outliers outliers)
      : data_(std::move(data)), outliers_(std::move(outliers)), description_(data_.describe()) {
    description_.title += " without outliers";
  }
  const Description& describe() const override { return description_; }
  std::int64_t buffered() const override { return data_.source().buffered(); }

  void read(const Region& region, std::span<std::byte> out) const override {
    data_.source().read(region, out);
    if (out.empty()) return;
    const Shape shape = description_.shape(), navigation = description_.navigation_shape();
    // The positions between the box's first and last hold all of its own, and others.
    std::int64_t first = 0, last = 0;
    for (std::size_t a = 0; a < navigation.size(); ++a) {
      first = first * navigation[a] + region.start[a];
      last = last * navigation[a] + region.start[a] + region.shape[a] - 1;
    }
    const auto& position = outliers_.position;
    const auto begin = std::lower_bound(position.begin(), position.end(), first) - position.begin();
    const auto end = std::upper_bound(position.begin(), position.end(), last) - position.begin();
    for (auto i = begin; i < end; ++i) {
      const auto one = static_cast<std::size_t>(i);
      std::int64_t element = position[one] * description_.signal_size() + outliers_.channel[one], at = 0, stride = 1;
      bool inside = true;
      for (std::size_t a = shape.size(); a-- > 0;) {
        const std::int64_t index = element % shape[a] - region.start[a];
        element /= shape[a];
        inside = inside && index >= 0 && index < region.shape[a];
        at += index * stride;
        stride *= region.shape[a];
      }
      if (inside) subtract(out, at, outliers_.excess[one]);
    }
  }

  SparseCounts read_counts(std::int64_t begin, std::int64_t end) const override {
    const SparseCounts counts = data_.source().read_counts(begin, end);
    SparseCounts cleaned;
    const auto& position = outliers_.position;
    auto next = static_cast<std::size_t>(std::lower_bound(position.begin(), position.end(), begin) - position.begin());
    for (std::int64_t p = begin; p < end; ++p) {
      const auto row = static_cast<std::size_t>(p - begin);
      auto i = static_cast<std::size_t>(counts.row_start[row]);
      const auto last = static_cast<std::size_t>(counts.row_start[row + 1]);
      while (i < last || (next < outliers_.size() && position[next] == p)) {
        const bool outlier = next < outliers_.size() && position[next] == p;
        const auto channel = outlier ? static_cast<std::uint32_t>(outliers_.channel[next]) : 0u;
        const bool stored_first = i < last && (!outlier || counts.channel[i] < channel);
        const bool both = i < last && outlier && counts.channel[i] == channel;
        const double stored = stored_first || both ? static_cast<double>(counts.value[i]) : 0.0;
        const double value = stored - (stored_first ? 0.0 : outliers_.excess[next]);
        if (value > 0) {
          cleaned.channel.push_back(stored_first ? counts.channel[i] : channel);
          cleaned.value.push_back(static_cast<std::uint32_t>(value));
        }
        if (stored_first || both) ++i;
        if (!stored_first) ++next;
      }
      cleaned.row_start.push_back(cleaned.nonzeros());
    }
    return cleaned;
  }

 private:
  void subtract(std::span<std::byte> out, std::int64_t at, double excess) const {
    visit_dtype(description_.dtype, [&]<class T>() {
      if constexpr (!is_complex_v<T>) {
        T value;
        std::byte* const place = out.data() + static_cast<std::size_t>(at) * sizeof(T);
        std::memcpy(&value, place, sizeof(T));
        value = static_cast<T>(static_cast<double>(value) - excess);
        std::memcpy(place, &value, sizeof(T));
      }
    });
  }

  Dataset data_;
  Outliers outliers_;
  Description description_;
};

}  // namespace

Dataset without_outliers(const Dataset& data, Outliers outliers) {
  return Dataset(std::make_shared<CleanedSource>(data, std::move(outliers)), data.origin());
}

}  // namespace ruska::ops::unmix
