// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Plain binary values in C order with a JSON sidecar that says what they are: `name.raw.json` or `name.json` beside
// `name.raw`.
//
//   {"dtype": "uint16", "shape": [64, 64, 2048], "byte_order": "little", "offset": 0, "title": "map",
//    "axes": [{"name": "y", "units": "nm", "scale": 0.5, "offset": 0, "role": "navigation"}, …],
//    "signal_type": "EDS_TEM", "fields": [], "metadata": {…}}
//
// dtype and shape are required, byte_order too where an item has several bytes. Axes without a role follow the rule of
// .npy files: the last axis is signal for ranks 1 and 3, the last two for rank 2 and from rank 4 on.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <fstream>
#include <optional>

#include "ruska/base/pending_file.hpp"
#include "ruska/core/driver.hpp"
#include "ruska/io/json_text.hpp"
#include "ruska/io/stored_array.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

constexpr std::int64_t longest_sidecar = std::int64_t{4} << 20;

std::optional<std::filesystem::path> sidecar_of(const std::filesystem::path& path) {
  std::filesystem::path appended = path;
  appended += ".json";
  std::error_code ignored;
  if (std::filesystem::is_regular_file(appended, ignored)) return appended;
  return sibling(path, "json");
}

Json read_sidecar(const std::filesystem::path& path) {
  return parse_json(RandomAccessFile(path).read_text(longest_sidecar, "a sidecar"),
                    "the sidecar " + path.filename().string());
}

bool describes_values(const Json& sidecar) {
  return sidecar.is_object() && sidecar.contains("dtype") && sidecar.contains("shape");
}

[[noreturn]] void refuse(const std::string& entry, const Json& got, const std::string& allowed) {
  throw Error(ErrorKind::bad_data,
              "the sidecar's '" + entry + "' is " + got.dump().substr(0, 80) + "; it must be " + allowed);
}

const Json* member(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string text_of(const Json& object, const char* name) {
  const Json* value = member(object, name);
  if (value == nullptr) return "";
  if (!value->is_string()) refuse(name, *value, "a string");
  return value->get<std::string>();
}

double number_of(const Json& object, const char* name, double fallback) {
  const Json* value = member(object, name);
  if (value == nullptr) return fallback;
  if (!value->is_number() || !std::isfinite(value->get<double>())) refuse(name, *value, "a finite number");
  return value->get<double>();
}

std::int64_t length_of(const Json& value, const std::string& entry) {
  if (!value.is_number_integer() || (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) ||
      value.get<std::int64_t>() < 0) {
    refuse(entry, value, "a whole number from 0 to 2^63 - 1");
  }
  return value.get<std::int64_t>();
}

Axes axes_of(const Json& sidecar) {
  const Json& lengths = sidecar.at("shape");
  if (!lengths.is_array() || lengths.size() > 32) refuse("shape", lengths, "a list of at most 32 lengths");
  const Json* given = member(sidecar, "axes");
  if (given != nullptr && (!given->is_array() || given->size() != lengths.size())) {
    refuse("axes", *given, "a list with one object per length of the shape");
  }
  const std::size_t rank = lengths.size();
  const std::size_t signal_axes = rank == 2 || rank > 3 ? 2 : 1;
  Axes axes;
  for (std::size_t i = 0; i < rank; ++i) {
    Axis axis;
    axis.size = length_of(lengths[i], "shape");
    axis.role = i + signal_axes < rank ? Role::navigation : Role::signal;
    if (given != nullptr) {
      const Json& one = (*given)[i];
      if (!one.is_object()) refuse("axes", one, "a list of objects");
      axis.name = text_of(one, "name");
      axis.units = text_of(one, "units");
      axis.quantity = member(one, "quantity") != nullptr ? text_of(one, "quantity") : quantity_of(axis.units);
      axis.scale = number_of(one, "scale", 1.0);
      axis.offset = number_of(one, "offset", 0.0);
      if (const Json* values = member(one, "values")) {
        if (!values->is_array()) refuse("values", *values, "a list of coordinates");
        for (const Json& value : *values) {
          if (!value.is_number()) refuse("values", value, "a list of coordinates");
          axis.values.push_back(value.get<double>());
        }
      }
      if (const Json* role = member(one, "role")) {
        if (*role != "navigation" && *role != "signal") refuse("role", *role, "navigation or signal");
        axis.role = *role == "navigation" ? Role::navigation : Role::signal;
      }
    }
    axes.push_back(std::move(axis));
  }
  return axes;
}

Description description_of(const Json& sidecar) {
  if (!describes_values(sidecar)) {
    throw Error(ErrorKind::bad_data, "the sidecar must be a JSON object with at least 'dtype' and 'shape'");
  }
  Description description;
  description.title = text_of(sidecar, "title");
  description.signal_type = text_of(sidecar, "signal_type");
  const std::string dtype = text_of(sidecar, "dtype");
  const auto known =
      std::find_if(std::begin(all_dtypes), std::end(all_dtypes), [&](DType one) { return name_of(one) == dtype; });
  if (known == std::end(all_dtypes)) {
    refuse("dtype", sidecar.at("dtype"), "a NumPy name from uint8 to int64, float32, float64, complex64 or complex128");
  }
  description.dtype = *known;
  description.axes = axes_of(sidecar);
  if (const Json* fields = member(sidecar, "fields")) {
    if (!fields->is_array()) refuse("fields", *fields, "a list of names");
    for (const Json& field : *fields) {
      if (!field.is_string()) refuse("fields", field, "a list of names");
      description.fields.push_back(field.get<std::string>());
    }
    if (!description.fields.empty() &&
        (description.axes.empty() ||
         description.axes.back().size != static_cast<std::int64_t>(description.fields.size()))) {
      refuse("fields", *fields, "as many names as the last axis is long");
    }
  }
  if (const Json* metadata = member(sidecar, "metadata")) {
    if (!metadata->is_object()) refuse("metadata", *metadata, "an object");
    description.metadata = *metadata;
  }
  if (const Json* original = member(sidecar, "original_metadata")) {
    if (!original->is_object()) refuse("original_metadata", *original, "an object");
    description.original = *original;
  }
  return description;
}

Json sidecar_for(const Description& description) {
  Json axes = Json::array();
  for (const Axis& axis : description.axes) {
    Json one{{"name", axis.name},   {"quantity", axis.quantity}, {"units", axis.units},
             {"scale", axis.scale}, {"offset", axis.offset},     {"role", std::string(name_of(axis.role))}};
    if (!axis.values.empty()) one["values"] = axis.values;
    axes.push_back(std::move(one));
  }
  return {{"dtype", std::string(name_of(description.dtype))},
          {"shape", description.shape()},
          {"byte_order", std::endian::native == std::endian::big ? "big" : "little"},
          {"offset", 0},
          {"title", description.title},
          {"axes", std::move(axes)},
          {"signal_type", description.signal_type},
          {"fields", description.fields},
          {"metadata", description.metadata},
          {"original_metadata", description.original}};
}

Confidence probe(const Probe& file) {
  if (extension_of(file.path) != "raw") return Confidence::none;
  if (const auto sidecar = sidecar_of(file.path)) {
    try {
      if (describes_values(read_sidecar(*sidecar))) return Confidence::content;
    } catch (const Error&) {
      // Opening says what is wrong with it, if no other driver knows the file.
    }
  }
  return sibling(file.path, "rpl") ? Confidence::none : Confidence::extension;
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const auto sidecar_path = sidecar_of(path);
  if (!sidecar_path) {
    const std::string name = path.filename().string();
    throw Error(ErrorKind::unsupported,
                name + " holds values without a word on what they are; say it in a file " + name +
                    R"(.json beside it: {"dtype": "uint16", "shape": [64, 64, 2048], "byte_order": "little", )"
                    R"("offset": 0, "axes": [{"name": "y", "units": "nm", "scale": 0.5, "offset": 0, )"
                    R"("role": "navigation"}, ...], "signal_type": "EDS_TEM", "metadata": {}}; )"
                    R"(dtype and shape are required)");
  }
  return with_context(
      [&] { return "reading the sidecar " + sidecar_path->filename().string(); },
      [&] {
        const Json sidecar = read_sidecar(*sidecar_path);
        Description description = description_of(sidecar);
        const std::string order = text_of(sidecar, "byte_order");
        if (!order.empty() && order != "little" && order != "big") {
          refuse("byte_order", sidecar.at("byte_order"), "little or big");
        }
        if (order.empty() && size_of(description.dtype) > 1) {
          throw Error(ErrorKind::bad_data, "the sidecar does not say the byte_order of its " +
                                               std::string(name_of(description.dtype)) + "; it must be little or big");
        }
        StoredLayout layout;
        if (const Json* offset = member(sidecar, "offset")) layout.offset = length_of(*offset, "offset");
        layout.swapped =
            (order == "big") != (std::endian::native == std::endian::big) && size_of(description.dtype) > 1;
        layout.stride = c_strides(description.shape(), size_of(description.dtype));
        return std::vector<std::shared_ptr<const Source>>{
            stored_array(std::make_shared<const RandomAccessFile>(path), std::move(description), std::move(layout))};
      });
}

class RawSink final : public Sink {
 public:
  RawSink(const std::filesystem::path& path, const Description& description, Begun begun)
      : values_(stored_array_sink(path, "", description, begun)),
        sidecar_path_(name_when_committed(path) += ".json"),
        sidecar_(sidecar_for(description).dump(1) + "\n") {}

  Storage storage() const override { return values_->storage(); }
  void write(const Region& region, std::span<const std::byte> values) override { values_->write(region, values); }
  void flush() override { values_->flush(); }

  void commit() override {
    values_->commit();
    PendingFile sidecar(sidecar_path_, PendingFile::Kind::file, true);
    std::ofstream out(sidecar.path(), std::ios::binary);
    out << sidecar_ << std::flush;
    if (!out) throw Error(ErrorKind::io, "writing " + sidecar.path().string() + " failed; is the disk full?");
    out.close();
    sidecar.commit();
  }

 private:
  std::unique_ptr<Sink> values_;
  std::filesystem::path sidecar_path_;
  std::string sidecar_;
};

std::unique_ptr<Sink> create(const std::filesystem::path& path, const Description& description) {
  return std::make_unique<RawSink>(path, description, Begun::anew);
}

std::unique_ptr<Sink> resume(const std::filesystem::path& path, const Description& description) {
  return std::make_unique<RawSink>(path, description, Begun::before);
}

}  // namespace

const Driver& raw_driver() {
  static const Driver driver{"raw", "raw binary with a JSON sidecar", {"raw"}, probe, open, create, nullptr, resume};
  return driver;
}

}  // namespace ruska::io
