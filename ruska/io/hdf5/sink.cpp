// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/hdf5/sink.hpp"

#include <algorithm>

#include "ruska/base/error.hpp"
#include "ruska/io/hdf5/permuted.hpp"
#include "ruska/io/hdf5/source.hpp"

namespace ruska::io::hdf5 {
namespace {

constexpr std::int64_t tiny = 4096;

Shape reversed(Shape shape) {
  std::reverse(shape.begin(), shape.end());
  return shape;
}

}  // namespace

Chunking chunking_for(const Description& description) {
  Chunking chunking;
  if (description.bytes() <= tiny) return chunking;
  chunking.chunk = chunk_for(description);
  if (!description.fields.empty()) chunking.chunk.pop_back();
  chunking.gzip = 1;
  return chunking;
}

ArraySink::ArraySink(const std::filesystem::path& path, Description description,
                     const std::function<ArrayWriter(const GroupWriter& root)>& make, AxisOrder order)
    : description_(std::move(description)), order_(order), file_(path) {
  array_.emplace(make(file_.root()));
}

Storage ArraySink::storage() const {
  Storage storage = array_->storage();
  if (order_ == AxisOrder::last) storage.chunk = reversed(std::move(storage.chunk));
  if (!storage.chunk.empty() && !description_.fields.empty()) storage.chunk.push_back(description_.axes.back().size);
  return storage;
}

void ArraySink::write(const Region& region, std::span<const std::byte> values) {
  check_region(region, description_, values.size());
  Region stored = region;
  if (!description_.fields.empty()) {
    if (region.start.back() != 0 || region.shape.back() != description_.axes.back().size) {
      throw Error(ErrorKind::invalid_argument, "pixels of several parts must be written whole");
    }
    stored.start.pop_back();
    stored.shape.pop_back();
  }
  if (order_ == AxisOrder::first) {
    array_->write(stored, values);
    return;
  }
  std::vector<std::byte> turned(values.size());
  const auto item = static_cast<std::int64_t>(values.size()) / std::max<std::int64_t>(stored.count(), 1);
  Shape stride(stored.shape.size(), 1);
  for (std::size_t a = stride.size(); a-- > 1;) stride[a - 1] = stride[a] * stored.shape[a];
  permute(values.data(), reversed(stored.shape), reversed(stride), static_cast<std::size_t>(item), turned.data());
  array_->write({reversed(stored.start), reversed(stored.shape)}, turned);
}

void ArraySink::commit() {
  array_.reset();
  file_.close();
}

std::string link_name(std::string name, const std::string& otherwise) {
  std::replace(name.begin(), name.end(), '/', '-');
  if (name.empty()) return otherwise;
  return name == "." || name == ".." ? name + "_" : name;
}

}  // namespace ruska::io::hdf5
