// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/rows.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <mutex>

#include "ruska/kernels/nonzeros.hpp"

namespace ruska {
namespace {

constexpr double densest_sparse_block = 0.25;  // above it the dense path touches fewer bytes per value

std::int64_t bytes_per_row(const Description& description) {
  return description.signal_size() * static_cast<std::int64_t>(size_of(description.dtype));
}

bool exact_in_float(double value) { return static_cast<double>(static_cast<float>(value)) == value; }

/// Fills the block from its dense values, in the sparse or the dense form. `own` holds them where they may be taken;
/// else they stay where they are.
template <class T>
void fill(RowBlock& block, std::span<const T> values, std::vector<T>&& own, std::int64_t columns, const Masks& masks) {
  const std::int64_t rows = block.range.size();
  const auto row_kept = [&](std::int64_t r) {
    return masks.rows.empty() || masks.rows[static_cast<std::size_t>(block.range.begin + r)] == 0;
  };
  const auto column_kept = [&](std::int64_t c) {
    return masks.columns.empty() || masks.columns[static_cast<std::size_t>(c)] == 0;
  };
  // One pass finds the nonzeros of all rows, masked or not, and ends where they are too many for the sparse form.
  const auto most = static_cast<std::size_t>(densest_sparse_block * static_cast<double>(values.size()));
  const auto row_length = static_cast<std::size_t>(columns);
  const auto found = std::make_unique_for_overwrite<std::uint32_t[]>(most + row_length);
  std::vector<std::size_t> found_end(static_cast<std::size_t>(rows), 0);
  std::size_t nonzeros = 0;
  block.sparse = true;
  for (std::size_t r = 0; r < found_end.size() && block.sparse; ++r) {
    const T* row = values.data() + r * row_length;
    const std::size_t end = nonzeros + kernels::find_nonzeros(row, row_length, found.get() + nonzeros);
    if constexpr (sizeof(T) > 2 && !std::is_same_v<T, float>) {
      for (; nonzeros < end; ++nonzeros) {
        if (!exact_in_float(static_cast<double>(row[found[nonzeros]]))) block.sparse = false;
      }
    }
    nonzeros = found_end[r] = end;
    if (nonzeros > most) block.sparse = false;
  }
  if (!block.sparse) {
    const bool masked = !masks.rows.empty() || !masks.columns.empty();
    if constexpr (std::is_same_v<T, double>) {
      block.converted = std::move(own);
      if (block.converted.empty() && !masked) {
        block.dense = values;
        return;
      }
    }
    if (block.converted.empty()) block.converted.assign(values.begin(), values.end());
    block.dense = block.converted;
    for (std::int64_t r = 0; r < rows && masked; ++r) {
      double* row = block.converted.data() + r * columns;
      if (!row_kept(r)) {
        std::fill(row, row + columns, 0.0);
      } else if (!masks.columns.empty()) {
        for (std::int64_t c = 0; c < columns; ++c) row[c] = column_kept(c) ? row[c] : 0.0;
      }
    }
    return;
  }
  block.row_start.reserve(static_cast<std::size_t>(rows) + 1);
  block.channel.reserve(nonzeros);
  block.value.reserve(nonzeros);
  block.row_start.push_back(0);
  std::size_t i = 0;
  for (std::int64_t r = 0; r < rows; ++r) {
    const T* row = values.data() + r * columns;
    const std::size_t end = found_end[static_cast<std::size_t>(r)];
    for (; i < end && row_kept(r); ++i) {
      if (!column_kept(found[i])) continue;
      block.channel.push_back(found[i]);
      block.value.push_back(static_cast<float>(row[found[i]]));
    }
    i = end;
    block.row_start.push_back(static_cast<std::int64_t>(block.channel.size()));
  }
}

}  // namespace

std::int64_t RowBlock::bytes() const {
  return static_cast<std::int64_t>(row_start.capacity() * sizeof(std::int64_t) +
                                   channel.capacity() * sizeof(std::uint32_t) + value.capacity() * sizeof(float) +
                                   converted.capacity() * sizeof(double));
}

struct Rows::Cache {
  std::int64_t allowed = 0;
  mutable std::mutex mutex;
  std::int64_t used = 0;
  std::vector<std::shared_ptr<const RowBlock>> blocks;
};

Partitions partitions_of(const Description& description) {
  return {description.navigation_size(), bytes_per_row(description)};
}

std::int64_t Rows::bytes_per_worker(const Description& description) {
  const std::int64_t rows = partitions_of(description).largest();
  // The stored values, and the block in its larger form.
  return rows * (bytes_per_row(description) + description.signal_size() * static_cast<std::int64_t>(sizeof(double)));
}

Rows::Rows(Dataset data, Context& context, Masks masks, std::int64_t reserved)
    : data_(std::move(data)),
      masks_(std::move(masks)),
      columns_(data_.describe().signal_size()),
      partitions_(partitions_of(data_.describe())),
      cache_(std::make_unique<Cache>()) {
  const Description& description = data_.describe();
  if (is_complex(description.dtype)) {
    throw Error(ErrorKind::invalid_argument, "'" + description.title + "' is complex, where real values are needed");
  }
  const auto check_mask = [&](const std::vector<std::uint8_t>& mask, std::int64_t size, const char* of) {
    if (!mask.empty() && static_cast<std::int64_t>(mask.size()) != size) {
      throw Error(ErrorKind::invalid_argument, "the mask of " + std::string(of) + " has " +
                                                   std::to_string(mask.size()) + " values for " + std::to_string(size));
    }
  };
  check_mask(masks_.rows, rows(), "positions");
  check_mask(masks_.columns, columns_, "channels");

  const std::int64_t workers = context.threads * bytes_per_worker(description) + data_.source().buffered();
  const std::int64_t left = context.memory - reserved - workers;
  if (left < 0) {
    throw Error(ErrorKind::out_of_memory,
                "reading '" + description.title + "' in pieces needs " + std::to_string((workers + reserved) >> 20) +
                    " MiB on " + std::to_string(context.threads) + " threads, and " +
                    std::to_string(context.memory >> 20) + " MiB are allowed; give --memory more or --threads less");
  }
  cache_->allowed = left;
  cache_->blocks.resize(static_cast<std::size_t>(partitions_.count()));
}

Rows::~Rows() = default;

std::shared_ptr<const RowBlock> Rows::block(std::int64_t partition) const {
  const auto index = static_cast<std::size_t>(partition);
  {
    const std::lock_guard lock(cache_->mutex);
    if (cache_->blocks[index]) return cache_->blocks[index];
  }
  auto block = with_context(
      [&] {
        return "reading positions " + std::to_string(partitions_.range(partition).begin) + " to " +
               std::to_string(partitions_.range(partition).end) + " of '" + data_.describe().title + "'";
      },
      [&] { return read_block(partition); });
  const std::lock_guard lock(cache_->mutex);
  if (cache_->used + block->bytes() <= cache_->allowed) {
    cache_->used += block->bytes();
    cache_->blocks[index] = block;
  }
  return block;
}

std::shared_ptr<const RowBlock> Rows::read_block(std::int64_t partition) const {
  auto block = std::make_shared<RowBlock>();
  block->range = partitions_.range(partition);
  const Description& description = data_.describe();
  const auto size = static_cast<std::size_t>(block->range.size() * columns_);

  if (description.sparse) {
    SparseCounts counts = data_.source().read_counts(block->range.begin, block->range.end);
    const bool exact =
        std::all_of(counts.value.begin(), counts.value.end(), [](std::uint32_t v) { return exact_in_float(v); });
    if (exact && static_cast<double>(counts.nonzeros()) <= densest_sparse_block * static_cast<double>(size)) {
      block->sparse = true;
      if (masks_.rows.empty() && masks_.columns.empty()) {
        block->row_start = std::move(counts.row_start);
        block->channel = std::move(counts.channel);
        block->value.assign(counts.value.begin(), counts.value.end());
        return block;
      }
      block->row_start.push_back(0);
      for (std::int64_t r = 0; r < counts.rows(); ++r) {
        const auto begin = static_cast<std::size_t>(counts.row_start[static_cast<std::size_t>(r)]);
        const auto end = static_cast<std::size_t>(counts.row_start[static_cast<std::size_t>(r) + 1]);
        for (std::size_t i = begin; i < end && !row_masked(block->range.begin + r); ++i) {
          if (column_masked(counts.channel[i])) continue;
          block->channel.push_back(counts.channel[i]);
          block->value.push_back(static_cast<float>(counts.value[i]));
        }
        block->row_start.push_back(static_cast<std::int64_t>(block->channel.size()));
      }
      return block;
    }
  }

  visit_dtype(description.dtype, [&]<class T>() {
    if constexpr (!is_complex_v<T>) {
      const std::vector<Region> regions = regions_of_rows(description, block->range);
      if (regions.size() == 1) {
        const std::span<const std::byte> there = data_.source().view(regions[0]);
        if (!there.empty() && reinterpret_cast<std::uintptr_t>(there.data()) % alignof(T) == 0) {
          fill<T>(*block, {reinterpret_cast<const T*>(there.data()), size}, {}, columns_, masks_);
          return;
        }
      }
      std::vector<T> values(size);
      std::size_t done = 0;
      for (const Region& region : regions) {
        const auto length = static_cast<std::size_t>(region.count());
        data_.source().read(region, std::as_writable_bytes(std::span(values).subspan(done, length)));
        done += length;
      }
      const std::span<const T> all = values;
      fill<T>(*block, all, std::move(values), columns_, masks_);
    }
  });
  return block;
}

std::vector<Region> regions_of_rows(const Description& description, RowRange rows) {
  const Shape navigation = description.navigation_shape();
  const Shape shape = description.shape();
  std::vector<Region> regions;
  std::int64_t begin = rows.begin;
  while (begin < rows.end) {
    // The largest aligned box that starts at `begin`: whole slices of as many fast axes as fit.
    std::size_t axis = navigation.size();  // axes from `axis` on are whole
    std::int64_t slice = 1;
    while (axis > 0 && begin % (slice * navigation[axis - 1]) == 0 &&
           begin + slice * navigation[axis - 1] <= rows.end) {
      slice *= navigation[axis - 1];
      --axis;
    }
    Region region{Shape(shape.size(), 0), shape};
    std::int64_t along = 1;
    std::int64_t rest = begin;
    for (std::size_t a = navigation.size(); a-- > 0;) {
      region.start[a] = rest % navigation[a];
      rest /= navigation[a];
    }
    for (std::size_t a = 0; a < axis; ++a) region.shape[a] = 1;
    if (axis > 0) {
      along = std::min((rows.end - begin) / slice, navigation[axis - 1] - region.start[axis - 1]);
      region.shape[axis - 1] = along;
    }
    regions.push_back(std::move(region));
    begin += slice * along;
  }
  return regions;
}

std::vector<std::uint8_t> read_mask(const Dataset* mask, const Shape& expected, const std::string& port) {
  if (mask == nullptr) return {};
  const Shape shape = mask->describe().shape();
  if (shape != expected) {
    throw Error(ErrorKind::invalid_argument,
                port + " has the shape " + to_string(shape) + ", and must have " + to_string(expected));
  }
  std::vector<std::uint8_t> bytes;
  for (const double value : mask->read_all_as_double()) bytes.push_back(value != 0 ? 1 : 0);
  return bytes;
}

}  // namespace ruska
