// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/emd_ncem/point_lists.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "ruska/core/metadata.hpp"

namespace ruska::io {
namespace {

/// The fields in ruska's order: where each stands in the file, and its name.
struct Fields {
  std::vector<std::size_t> order;
  std::vector<std::string> names;
};

Fields in_order(const std::vector<std::string>& stored) {
  Fields fields;
  const auto place = [&](const char* name) {
    return static_cast<std::size_t>(std::find(stored.begin(), stored.end(), name) - stored.begin());
  };
  const bool disks = place("qx") < stored.size() && place("qy") < stored.size();
  if (disks) {
    fields = {{place("qx"), place("qy")}, {"ky", "kx"}};
    if (place("intensity") < stored.size()) {
      fields.order.push_back(place("intensity"));
      fields.names.push_back("intensity");
    }
  }
  for (std::size_t i = 0; i < stored.size(); ++i) {
    if (std::find(fields.order.begin(), fields.order.end(), i) != fields.order.end()) continue;
    fields.order.push_back(i);
    fields.names.push_back(stored[i]);
  }
  return fields;
}

void describe(Description& description, const Fields& fields, std::int64_t longest) {
  description.dtype = DType::float64;
  description.axes.push_back({.name = "disk", .role = Role::signal, .size = longest});
  description.axes.push_back(
      {.name = "value", .role = Role::signal, .size = static_cast<std::int64_t>(fields.names.size())});
  set(description.metadata, "Diffraction.disk_values", fields.names);
}

/// Numbers of any real type as float64.
std::vector<double> as_double(std::span<const std::byte> values, DType dtype) {
  std::vector<double> numbers(values.size() / size_of(dtype));
  visit_dtype(dtype, [&]<class T>() {
    if constexpr (!is_complex_v<T>) {
      for (std::size_t i = 0; i < numbers.size(); ++i) {
        T value;
        std::memcpy(&value, values.data() + i * sizeof(T), sizeof(T));
        numbers[i] = static_cast<double>(value);
      }
    }
  });
  return numbers;
}

/// One array per field.
class PointListSource final : public Source {
 public:
  PointListSource(Description description, std::vector<hdf5::Array> columns)
      : description_(std::move(description)), columns_(std::move(columns)) {
    description_.validate();
  }
  const Description& describe() const override { return description_; }
  void read(const Region& region, std::span<std::byte> out) const override {
    check_region(region, description_, out.size());
    if (out.empty()) return;
    const auto points = static_cast<std::size_t>(region.shape[0]), width = static_cast<std::size_t>(region.shape[1]);
    for (std::size_t c = 0; c < width; ++c) {
      const hdf5::Array& column = columns_[static_cast<std::size_t>(region.start[1]) + c];
      std::vector<std::byte> stored(points * static_cast<std::size_t>(column.element().bytes()));
      column.read({{region.start[0]}, {region.shape[0]}}, stored);
      const std::vector<double> numbers = as_double(stored, column.element().dtype);
      for (std::size_t p = 0; p < points; ++p) {
        std::memcpy(out.data() + (p * width + c) * sizeof(double), &numbers[p], sizeof(double));
      }
    }
  }

 private:
  Description description_;
  std::vector<hdf5::Array> columns_;
};

/// An array of lists of structures.
class PointListArraySource final : public Source {
 public:
  PointListArraySource(Description description, hdf5::Array array, std::vector<hdf5::StoredList> lists, Fields fields)
      : description_(std::move(description)),
        array_(std::move(array)),
        lists_(std::move(lists)),
        fields_(std::move(fields)) {
    description_.validate();
    array_.check_readable();
  }
  const Description& describe() const override { return description_; }
  std::int64_t buffered() const override {
    constexpr std::int64_t per_list = 96;  // of the heap's directory, which is kept once it has been read
    return static_cast<std::int64_t>(lists_.size()) * per_list;
  }
  void read(const Region& region, std::span<std::byte> out) const override {
    check_region(region, description_, out.size());
    if (out.empty()) return;
    const std::size_t rank = region.shape.size(), axes = rank - 2;
    const std::int64_t first = region.start[rank - 2], points = region.shape[rank - 2];
    const auto row = static_cast<std::size_t>(points * region.shape[rank - 1]);
    std::vector<double> values(row);
    Shape index(axes, 0);
    for (std::size_t at = 0; at < out.size(); at += row * sizeof(double)) {
      std::size_t number = 0;
      for (std::size_t a = 0; a < axes; ++a) {
        number = number * static_cast<std::size_t>(description_.axes[a].size) +
                 static_cast<std::size_t>(region.start[a] + index[a]);
      }
      fill(lists_[number], first, region.start[rank - 1], region.shape[rank - 1], values);
      std::memcpy(out.data() + at, values.data(), row * sizeof(double));
      for (std::size_t a = axes; a-- > 0;) {
        if (++index[a] < region.shape[a]) break;
        index[a] = 0;
      }
    }
  }

 private:
  /// Points from `first` on, and of each `width` values from `first_value` on.
  void fill(const hdf5::StoredList& list, std::int64_t first, std::int64_t first_value, std::int64_t width,
            std::vector<double>& out) const {
    std::fill(out.begin(), out.end(), std::numeric_limits<double>::quiet_NaN());
    if (first >= list.length) return;
    const std::vector<double> stored = as_double(array_.entries(list), array_.list_element()->dtype);
    const auto wide = static_cast<std::size_t>(width), skipped = static_cast<std::size_t>(first_value);
    const std::size_t points = std::min(out.size() / wide, static_cast<std::size_t>(list.length - first));
    for (std::size_t p = 0; p < points; ++p) {
      const double* const from = stored.data() + (static_cast<std::size_t>(first) + p) * fields_.order.size();
      for (std::size_t v = 0; v < wide; ++v) out[p * wide + v] = from[fields_.order[skipped + v]];
    }
  }

  Description description_;
  hdf5::Array array_;
  std::vector<hdf5::StoredList> lists_;
  Fields fields_;
};

/// The numbers of one field: an array, or a group with the array "data". Nothing where there are none.
std::optional<hdf5::Array> column_of(const hdf5::Group& group, const std::string& name) {
  std::optional<hdf5::Array> column;
  if (group.has_array(name)) column = group.array(name);
  if (group.has_group(name) && group.group(name).has_array("data")) column = group.group(name).array("data");
  const bool numbers = column && column->is_numeric() && column->shape().size() == 1 &&
                       column->element().fields.empty() && !is_complex(column->element().dtype);
  return numbers ? column : std::nullopt;
}

}  // namespace

bool is_point_list(const hdf5::Group& group) {
  if (group.text("emd_group_type") != "pointlist" && group.number("emd_group_type") != 2.0) return false;
  std::optional<std::int64_t> length;
  for (const std::string& name : group.names()) {
    const auto column = column_of(group, name);
    if (!column || column->shape()[0] == 0 || column->shape()[0] != length.value_or(column->shape()[0])) return false;
    length = column->shape()[0];
  }
  return length.has_value();
}

std::shared_ptr<const Source> point_list(const hdf5::Group& group, Description description) {
  const std::vector<std::string> names = group.names();
  const Fields fields = in_order(names);
  std::vector<hdf5::Array> columns;
  for (const std::size_t i : fields.order) columns.push_back(column_of(group, names[i]).value());
  for (const hdf5::Array& column : columns) column.check_readable();
  describe(description, fields, columns.front().shape()[0]);
  return std::make_shared<PointListSource>(std::move(description), std::move(columns));
}

bool is_point_list_array(const hdf5::Group& group, const std::string& name) {
  const hdf5::Array array = group.array(name);
  const auto& entry = array.list_element();
  if (!entry || entry->fields.empty() || array.shape().empty() || count(array.shape()) == 0) return false;
  const auto lists = array.lists();
  return std::any_of(lists.begin(), lists.end(), [](const auto& list) { return list.length > 0; });
}

std::shared_ptr<const Source> point_list_array(const hdf5::Group& group, const std::string& name,
                                               const ScanCalibration& scan, Description description) {
  const hdf5::Array array = group.array(name);
  std::vector<hdf5::StoredList> lists = array.lists();
  Fields fields = in_order(array.list_element()->fields);
  const Shape& shape = array.shape();
  for (std::size_t a = 0; a < shape.size(); ++a) {
    const bool image = shape.size() == 2;
    description.axes.push_back({.name = !image   ? "position"
                                        : a == 0 ? "y"
                                                 : "x",
                                .quantity = quantity_of(scan.units),
                                .units = scan.units,
                                .role = Role::navigation,
                                .size = shape[a],
                                .scale = scan.step});
  }
  const auto longest =
      std::max_element(lists.begin(), lists.end(), [](const auto& a, const auto& b) { return a.length < b.length; });
  describe(description, fields, longest->length);
  return std::make_shared<PointListArraySource>(std::move(description), array, std::move(lists), std::move(fields));
}

}  // namespace ruska::io
