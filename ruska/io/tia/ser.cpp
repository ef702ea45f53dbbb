// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/tia/ser.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "ruska/core/metadata.hpp"
#include "ruska/io/field_reader.hpp"
#include "ruska/io/stored_array.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io::tia {

namespace {

constexpr std::uint32_t spectra = 0x4120, images = 0x4122;
constexpr std::uint32_t tag_with_position = 0x4142;

/// A dimension of the series: how its elements were reached.
struct Dimension {
  std::uint32_t size = 0;
  double offset = 0, step = 0;
  std::uint32_t element = 0;  ///< the index at which the coordinate is the offset
  std::string description, units;
};

struct Header {
  std::uint16_t version = 0;
  std::uint32_t data_type = 0, tag_type = 0, total = 0, valid = 0;
  std::int64_t offsets = 0;  ///< where the elements' offsets stand, those of the tags behind them
  std::vector<Dimension> dimensions;

  std::int64_t offset_bytes() const { return version > 0x210 ? 8 : 4; }
};

std::string short_text(FieldReader& fields) {
  constexpr std::uint32_t longest = 4096;
  const auto length = fields.number<std::uint32_t>();
  if (length > longest) {
    throw Error(ErrorKind::bad_data, "the header has a text of " + std::to_string(length) + " bytes before byte " +
                                         std::to_string(fields.position()) + "; at most 4096 are plausible");
  }
  return to_utf8(fields.text(length));
}

Header read_header(FieldReader& fields) {
  const auto byte_order = fields.number<std::uint16_t>();
  const auto series = fields.number<std::uint16_t>();
  if (byte_order != 0x4949 || series != 0x0197) {
    throw Error(ErrorKind::bad_data, "the file does not begin with the marks of a TIA series, 49 49 97 01");
  }
  Header header;
  header.version = fields.number<std::uint16_t>();
  header.data_type = fields.number<std::uint32_t>();
  header.tag_type = fields.number<std::uint32_t>();
  header.total = fields.number<std::uint32_t>();
  header.valid = fields.number<std::uint32_t>();
  header.offsets = header.offset_bytes() == 8 ? fields.number<std::int64_t>() : fields.number<std::uint32_t>();
  const auto dimensions = fields.number<std::uint32_t>();
  if (header.data_type != spectra && header.data_type != images) {
    throw Error(ErrorKind::unsupported, "elements of the kind " + std::to_string(header.data_type) +
                                            "; supported are spectra (16672) and images (16674)");
  }
  if (dimensions > 2) {
    throw Error(ErrorKind::unsupported,
                "a series of " + std::to_string(dimensions) + " dimensions; supported are 0 to 2");
  }
  if (header.valid == 0 || header.valid > header.total) {
    throw Error(ErrorKind::bad_data, "the header tells of " + std::to_string(header.valid) + " elements of " +
                                         std::to_string(header.total) + " promised; there must be 1 to all of them");
  }
  for (std::uint32_t i = 0; i < dimensions; ++i) {
    Dimension one;
    one.size = fields.number<std::uint32_t>();
    one.offset = fields.number<double>();
    one.step = fields.number<double>();
    one.element = fields.number<std::uint32_t>();
    one.description = short_text(fields);
    one.units = short_text(fields);
    if (one.size == 0) throw Error(ErrorKind::bad_data, "dimension " + std::to_string(i + 1) + " has the length 0");
    header.dimensions.push_back(std::move(one));
  }
  return header;
}

/// A list of places in the file, checked to fit in it.
std::vector<std::int64_t> places(const RandomAccessFile& file, const Header& header, std::int64_t start) {
  const std::int64_t each = header.offset_bytes();
  std::vector<std::int64_t> list;
  FieldReader fields(file);
  fields.seek(start);
  for (std::uint32_t i = 0; i < header.valid; ++i) {
    const std::int64_t place = each == 8 ? fields.number<std::int64_t>() : fields.number<std::uint32_t>();
    if (place < 0 || place >= file.size()) {
      throw Error(ErrorKind::bad_data, "element " + std::to_string(i) + " of the series would begin at byte " +
                                           std::to_string(place) + " of a file of " + std::to_string(file.size()) +
                                           " bytes");
    }
    list.push_back(place);
  }
  return list;
}

/// Lengths are stored in metres, reciprocal ones in 1/metre. A pixel of more than a metre can only be the latter:
/// cameras give the scale of patterns so without another word.
void set_length(Axis& axis, double offset, double step) {
  const bool reciprocal = std::fabs(step) >= 1;
  const double factor = reciprocal ? 1e-9 : 1e9;
  axis.scale = step * factor;
  axis.offset = offset * factor;
  axis.units = reciprocal ? "1/nm" : "nm";
  if (step == 0 || !std::isfinite(axis.scale) || !std::isfinite(axis.offset)) {
    axis.scale = 1;
    axis.offset = 0;
    axis.units.clear();
  }
  axis.quantity = quantity_of(axis.units);
}

/// One axis of an element: where it begins, its step, and the index that the beginning belongs to.
struct Calibration {
  double offset = 0, step = 0;
  std::uint32_t element = 0;

  double at_first() const { return offset - element * step; }
};

Calibration read_calibration(FieldReader& fields) {
  Calibration one;
  one.offset = fields.number<double>();
  one.step = fields.number<double>();
  one.element = fields.number<std::uint32_t>();
  return one;
}

DType dtype_of(std::uint16_t type, std::int64_t place) {
  constexpr DType types[] = {DType::uint8, DType::uint16,  DType::uint32,  DType::int8,      DType::int16,
                             DType::int32, DType::float32, DType::float64, DType::complex64, DType::complex128};
  if (type < 1 || type > 10) {
    throw Error(ErrorKind::bad_data, "the element at byte " + std::to_string(place) + " has values of type " +
                                         std::to_string(type) + "; known are 1 to 10");
  }
  return types[type - 1];
}

/// What stands before the values of an element.
struct Element {
  std::vector<Calibration> calibration;  ///< x, y
  DType dtype = DType::float32;
  std::vector<std::uint32_t> size;  ///< x, y
  std::int64_t values = 0;          ///< where they begin, counted from the element

  bool operator==(const Element& other) const { return dtype == other.dtype && size == other.size; }
};

Element read_element(FieldReader& fields, std::uint32_t kind, std::int64_t place) {
  fields.seek(place);
  Element element;
  const int axes = kind == spectra ? 1 : 2;
  for (int i = 0; i < axes; ++i) element.calibration.push_back(read_calibration(fields));
  element.dtype = dtype_of(fields.number<std::uint16_t>(), place);
  for (int i = 0; i < axes; ++i) {
    element.size.push_back(fields.number<std::uint32_t>());
    if (element.size.back() == 0 || element.size.back() > 1u << 30) {
      throw Error(ErrorKind::bad_data, "the element at byte " + std::to_string(place) + " has an axis of length " +
                                           std::to_string(element.size.back()));
    }
  }
  element.values = fields.position() - place;
  return element;
}

Axis navigation_axis(const Dimension& dimension, const char* name, std::int64_t size) {
  Axis axis{.role = Role::navigation, .size = size};
  const Calibration calibration{dimension.offset, dimension.step, dimension.element};
  if (dimension.units == "meters") {
    axis.name = name;
    // Positions may be metres apart where there is but one of them.
    axis.scale = dimension.step * 1e9;
    axis.offset = calibration.at_first() * 1e9;
    axis.units = "nm";
  } else {
    axis.scale = dimension.step;
    axis.offset = calibration.at_first();
    axis.units = dimension.units;
  }
  if (axis.scale == 0 || !std::isfinite(axis.scale) || !std::isfinite(axis.offset)) {
    axis.scale = 1;
    axis.offset = 0;
    axis.units.clear();
  }
  axis.quantity = quantity_of(axis.units);
  return axis;
}

/// Whether the second dimension runs fastest: the first two elements differ in y.
bool runs_along_second(const RandomAccessFile& file, const Header& header) {
  if (header.tag_type != tag_with_position || header.valid < 2) return false;
  const std::int64_t start = header.offsets + header.offset_bytes() * header.total;
  const std::vector<std::int64_t> tags = places(file, header, start);
  FieldReader fields(file);
  double y[2];
  for (std::size_t i = 0; i < 2; ++i) {
    fields.seek(tags[i] + 16);
    y[i] = fields.number<double>();
  }
  return y[0] != y[1];
}

/// The navigation axes, slowest first.
Axes navigation_of(const RandomAccessFile& file, const Header& header) {
  const bool stopped = header.valid != header.total;
  std::int64_t promised = 1;
  for (const Dimension& one : header.dimensions) promised = count({promised, one.size});
  if (!header.dimensions.empty() && promised != header.total) {
    throw Error(ErrorKind::bad_data, "the series' dimensions make " + std::to_string(promised) +
                                         " elements; the header promises " + std::to_string(header.total));
  }
  Axes axes;
  if (header.dimensions.size() == 2) {
    const bool second = runs_along_second(file, header);
    const Dimension& fast = header.dimensions[second ? 1 : 0];
    const Dimension& slow = header.dimensions[second ? 0 : 1];
    const std::int64_t lines = header.valid / fast.size;
    if (lines == 0) return {navigation_axis(fast, second ? "y" : "x", header.valid)};
    axes = {navigation_axis(slow, second ? "x" : "y", lines), navigation_axis(fast, second ? "y" : "x", fast.size)};
    if (header.data_type == images) std::erase_if(axes, [](const Axis& axis) { return axis.size == 1; });
    return axes;
  }
  // A single image has no navigation axis, nor has what is left of a stopped series when it is a single element.
  if (header.valid == 1 && (stopped || header.data_type == images || header.dimensions.empty())) return {};
  if (header.dimensions.empty()) return {{.role = Role::navigation, .size = header.valid}};
  return {navigation_axis(header.dimensions[0], "x", header.valid)};
}

Json original_of(const Header& header) {
  Json dimensions = Json::array();
  for (const Dimension& one : header.dimensions) {
    dimensions.push_back({{"size", one.size},
                          {"offset", one.offset},
                          {"step", one.step},
                          {"element", one.element},
                          {"description", one.description},
                          {"units", one.units}});
  }
  return {{"version", header.version},      {"data_type", header.data_type},  {"tag_type", header.tag_type},
          {"total_elements", header.total}, {"valid_elements", header.valid}, {"dimensions", dimensions}};
}

}  // namespace

std::shared_ptr<const Source> read_series(const std::filesystem::path& path, const Json& metadata,
                                          const Json& original) {
  const auto file = std::make_shared<const RandomAccessFile>(path);
  FieldReader fields(*file);
  const Header header = read_header(fields);
  const std::vector<std::int64_t> elements = places(*file, header, header.offsets);
  const Element element = read_element(fields, header.data_type, elements[0]);
  const std::int64_t distance = elements.size() > 1 ? elements[1] - elements[0] : file->size();
  for (std::size_t i = 1; i < elements.size(); ++i) {
    if (elements[i] - elements[i - 1] != distance || distance <= 0) {
      throw Error(ErrorKind::unsupported, "the elements of the series do not follow each other at equal distances");
    }
  }
  if (!(read_element(fields, header.data_type, elements.back()) == element)) {
    throw Error(ErrorKind::unsupported, "the last element of the series has another size or type than the first");
  }

  Description description;
  description.dtype = element.dtype;
  description.metadata = metadata;
  description.original = original;
  description.original["series"] = original_of(header);
  description.axes = navigation_of(*file, header);
  const auto item = static_cast<std::int64_t>(size_of(element.dtype));
  StoredLayout layout;
  layout.offset = elements[0] + element.values;
  layout.swapped = item > 1 && std::endian::native != std::endian::little;
  if (description.axes.size() == 2) layout.stride.push_back(count({description.axes[1].size, distance}));
  if (!description.axes.empty()) layout.stride.push_back(distance);
  const Calibration& x = element.calibration[0];
  if (header.data_type == spectra) {
    Axis energy{.name = "Energy", .quantity = "energy", .units = "eV", .size = element.size[0]};
    const bool calibrated = x.step != 0 && std::isfinite(x.step) && std::isfinite(x.at_first());
    if (calibrated) {
      energy.scale = x.step;
      energy.offset = x.at_first();
    } else {
      energy.units.clear();
      energy.quantity.clear();
    }
    description.axes.push_back(energy);
    layout.stride.push_back(item);
    return stored_array(file, std::move(description), std::move(layout));
  }
  // The first stored row lies at the bottom of the image.
  const Calibration& y = element.calibration[1];
  const std::int64_t row = item * element.size[0];
  description.axes.push_back({.name = "y", .size = element.size[1]});
  set_length(description.axes.back(), y.at_first(), y.step);
  description.axes.push_back({.name = "x", .size = element.size[0]});
  set_length(description.axes.back(), x.at_first(), x.step);
  layout.offset += (element.size[1] - 1) * row;
  layout.stride.push_back(-row);
  layout.stride.push_back(item);
  return stored_array(file, std::move(description), std::move(layout));
}

}  // namespace ruska::io::tia
