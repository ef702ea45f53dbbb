// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/product.hpp"

#include <algorithm>

namespace ruska {
namespace {

/// The part of a region that concerns `axes` axes from `first` on, below a first axis taken whole where
/// `components` ≥ 0.
Region part_of(const Region& region, std::size_t first, std::size_t axes, std::int64_t components) {
  Region part;
  if (components >= 0) {
    part.start.push_back(0);
    part.shape.push_back(components);
  }
  for (std::size_t a = first; a < first + axes; ++a) {
    part.start.push_back(region.start[a]);
    part.shape.push_back(region.shape[a]);
  }
  return part;
}

[[noreturn]] void misfit(const std::string& title, const std::string& what) {
  throw Error(ErrorKind::invalid_argument, "the product '" + title + "': " + what);
}

}  // namespace

ProductSource::ProductSource(Dataset loadings, Dataset factors, Dataset mean, std::string title)
    : loadings_(std::move(loadings)), factors_(std::move(factors)), mean_(std::move(mean)) {
  if (!loadings_.valid() || !factors_.valid()) misfit(title, "loadings and factors are both needed");
  const Description& left = loadings_.describe();
  const Description& right = factors_.describe();
  if (left.axes.empty() || right.axes.empty() || left.axes[0].size != right.axes[0].size) {
    misfit(title, "loadings of shape " + to_string(left.shape()) + " and factors of shape " + to_string(right.shape()) +
                      " do not share their first axis, the components");
  }
  if (right.dtype != DType::float32 && right.dtype != DType::float64) {
    misfit(title, "factors must be float32 or float64, not " + std::string(name_of(right.dtype)));
  }
  if (is_complex(left.dtype)) misfit(title, "loadings must be real");
  description_.title = std::move(title);
  description_.signal_type = right.signal_type;
  description_.dtype = right.dtype;
  description_.lazy = true;
  description_.metadata = right.metadata;
  for (std::size_t a = 1; a < left.axes.size(); ++a) {
    description_.axes.push_back(left.axes[a]);
    description_.axes.back().role = Role::navigation;
  }
  Shape signal;
  for (std::size_t a = 1; a < right.axes.size(); ++a) {
    description_.axes.push_back(right.axes[a]);
    description_.axes.back().role = Role::signal;
    signal.push_back(right.axes[a].size);
  }
  if (mean_.valid() && (mean_.describe().shape() != signal || is_complex(mean_.describe().dtype))) {
    misfit(description_.title, "a mean of shape " + to_string(mean_.describe().shape()) +
                                   " does not fit signals of shape " + to_string(signal));
  }
  description_.validate();
}

void ProductSource::read(const Region& region, std::span<std::byte> out) const {
  check_region(region, description_, out.size());
  if (out.empty()) return;
  const std::int64_t components = loadings_.describe().axes[0].size;
  const std::size_t navigation = loadings_.describe().axes.size() - 1;
  const std::size_t signal = factors_.describe().axes.size() - 1;
  const Region at = part_of(region, 0, navigation, components);
  const Region over = part_of(region, navigation, signal, components);
  const std::vector<double> weights = loadings_.read_as_double(at);
  const std::vector<double> curves = factors_.read_as_double(over);
  const auto channels = static_cast<std::size_t>(part_of(region, navigation, signal, -1).count());
  const auto positions = static_cast<std::size_t>(part_of(region, 0, navigation, -1).count());
  const std::vector<double> base = mean_.valid() ? mean_.read_as_double(part_of(region, navigation, signal, -1))
                                                 : std::vector<double>(channels, 0.0);
  const auto fill = [&]<class T>(T* values) {
    std::vector<double> row(channels);
    for (std::size_t p = 0; p < positions; ++p) {
      row = base;
      for (std::size_t k = 0; k < static_cast<std::size_t>(components); ++k) {
        const double weight = weights[k * positions + p];
        const double* curve = curves.data() + k * channels;
        for (std::size_t e = 0; e < channels; ++e) row[e] += weight * curve[e];
      }
      std::transform(row.begin(), row.end(), values + p * channels, [](double value) { return static_cast<T>(value); });
    }
  };
  // Callers hand out buffers of the described type, whose alignment std::byte does not promise.
  if (description_.dtype == DType::float32) {
    std::vector<float> values(positions * channels);
    fill(values.data());
    std::ranges::copy(std::as_bytes(std::span(values)), out.begin());
  } else {
    std::vector<double> values(positions * channels);
    fill(values.data());
    std::ranges::copy(std::as_bytes(std::span(values)), out.begin());
  }
}

Dataset product(const Dataset& loadings, const Dataset& factors, const Dataset& mean, std::string title) {
  return Dataset(std::make_shared<ProductSource>(loadings, factors, mean, std::move(title)));
}

}  // namespace ruska
