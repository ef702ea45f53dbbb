// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/tucker_source.hpp"

#include <algorithm>
#include <limits>

namespace ruska {
namespace {

/// values (before × components × after) times matrix (components × places): before × places × after.
std::vector<double> expand(const std::vector<double>& values, std::size_t before, std::size_t components,
                           std::size_t after, const std::vector<double>& matrix, std::size_t places) {
  std::vector<double> result(before * places * after, 0.0);
  for (std::size_t b = 0; b < before; ++b) {
    for (std::size_t i = 0; i < places; ++i) {
      double* row = result.data() + (b * places + i) * after;
      for (std::size_t r = 0; r < components; ++r) {
        const double weight = matrix[r * places + i];
        const double* from = values.data() + (b * components + r) * after;
        for (std::size_t a = 0; a < after; ++a) row[a] += weight * from[a];
      }
    }
  }
  return result;
}

}  // namespace

TuckerSource::TuckerSource(Dataset core, std::vector<Dataset> factors, std::int64_t navigation_axes, bool non_negative,
                           std::string title)
    : core_(std::move(core)),
      factors_(std::move(factors)),
      navigation_axes_(navigation_axes),
      non_negative_(non_negative) {
  const auto misfit = [&](const std::string& what) {
    throw Error(ErrorKind::invalid_argument, "the Tucker product '" + title + "': " + what);
  };
  if (!core_.valid() || factors_.empty()) misfit("a core and factors are needed");
  const Description& inner = core_.describe();
  if (inner.axes.size() != factors_.size()) {
    misfit("a core of shape " + to_string(inner.shape()) + " needs as many factors, and " +
           std::to_string(factors_.size()) + " are there");
  }
  if (is_complex(inner.dtype)) misfit("the core must be real");
  for (std::size_t k = 0; k < factors_.size(); ++k) {
    if (!factors_[k].valid()) misfit("factor " + std::to_string(k + 1) + " is missing");
    const Description& factor = factors_[k].describe();
    if (is_complex(factor.dtype)) misfit("factors must be real");
    if (factor.axes.size() < 2 || factor.axes[0].size != inner.axes[k].size) {
      misfit("factor " + std::to_string(k + 1) + " of shape " + to_string(factor.shape()) +
             " does not fit a core of shape " + to_string(inner.shape()));
    }
    description_.axes.insert(description_.axes.end(), factor.axes.begin() + 1, factor.axes.end());
  }
  if (navigation_axes_ < 0 || navigation_axes_ > static_cast<std::int64_t>(description_.axes.size())) {
    misfit(std::to_string(navigation_axes_) + " navigation axes of " + std::to_string(description_.axes.size()));
  }
  for (std::size_t a = 0; a < description_.axes.size(); ++a) {
    description_.axes[a].role = static_cast<std::int64_t>(a) < navigation_axes_ ? Role::navigation : Role::signal;
  }
  const Description& last = factors_.back().describe();
  description_.title = std::move(title);
  description_.signal_type = last.signal_type;
  description_.dtype = DType::float32;
  description_.lazy = true;
  description_.metadata = last.metadata;
  description_.original = last.original;
  description_.validate();
}

void TuckerSource::read(const Region& region, std::span<std::byte> out) const {
  check_region(region, description_, out.size());
  if (out.empty()) return;
  std::vector<double> values = core_.read_all_as_double();
  std::size_t before = 1, after = values.size(), axis = 0;
  for (std::size_t k = 0; k + 1 < factors_.size(); ++k) {
    const auto components = static_cast<std::size_t>(core_.describe().axes[k].size);
    Region part{{0}, {static_cast<std::int64_t>(components)}};
    for (std::size_t a = 1; a < factors_[k].describe().axes.size(); ++a, ++axis) {
      part.start.push_back(region.start[axis]);
      part.shape.push_back(region.shape[axis]);
    }
    const std::vector<double> matrix = factors_[k].read_as_double(part);
    const std::size_t places = components == 0 ? 0 : matrix.size() / components;
    after = components == 0 ? 0 : after / components;
    values = expand(values, before, components, after, matrix, places);
    before *= places;
  }
  // The last mode is written row by row, so that nothing of the region's size is held in float64.
  const auto components = static_cast<std::size_t>(core_.describe().axes.back().size);
  Region part{{0}, {static_cast<std::int64_t>(components)}};
  for (std::size_t a = 1; a < factors_.back().describe().axes.size(); ++a, ++axis) {
    part.start.push_back(region.start[axis]);
    part.shape.push_back(region.shape[axis]);
  }
  const std::vector<double> matrix = factors_.back().read_as_double(part);
  const std::size_t places = out.size() / sizeof(float) / before;
  std::vector<double> row(places);
  std::vector<float> narrow(places);
  for (std::size_t b = 0; b < before; ++b) {
    std::fill(row.begin(), row.end(), 0.0);
    for (std::size_t r = 0; r < components; ++r) {
      const double weight = values[b * components + r];
      const double* curve = matrix.data() + r * places;
      for (std::size_t i = 0; i < places; ++i) row[i] += weight * curve[i];
    }
    const double least = non_negative_ ? 0.0 : std::numeric_limits<double>::lowest();
    std::transform(row.begin(), row.end(), narrow.begin(),
                   [least](double value) { return static_cast<float>(value < least ? least : value); });
    // Callers hand out buffers whose alignment std::byte does not promise.
    std::ranges::copy(std::as_bytes(std::span(narrow)),
                      out.begin() + static_cast<std::ptrdiff_t>(b * places * sizeof(float)));
  }
}

Dataset tucker(Dataset core, std::vector<Dataset> factors, std::int64_t navigation_axes, bool non_negative,
               std::string title) {
  return Dataset(std::make_shared<TuckerSource>(std::move(core), std::move(factors), navigation_axes, non_negative,
                                                std::move(title)));
}

}  // namespace ruska
