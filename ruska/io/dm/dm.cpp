// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Gatan DigitalMicrograph, versions 3 and 4: a tree of tags in which every image is a group of the ImageList, its
// pixels being one array among the tags. Dimensions are stored fastest first. A spectrum image stores all energies'
// maps one after another; here the energy comes last, as strides. Axes of length 1 are left out.
#include <algorithm>
#include <bit>
#include <cmath>
#include <set>

#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/dm/metadata.hpp"
#include "ruska/io/dm/pixel_source.hpp"
#include "ruska/io/dm/tag_tree.hpp"
#include "ruska/io/stored_array.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

/// An axis with its stride in the file.
struct ImageAxis {
  Axis axis;
  std::int64_t stride = 0;
};

std::int64_t integer_at(const Json& image, const std::string& path, std::int64_t low, std::int64_t high) {
  const Json* found = find(image, path);
  if (found == nullptr || !found->is_number()) {
    throw Error(ErrorKind::bad_data, "the image has no number in its tag " + path);
  }
  const double value = found->get<double>();
  if (!(value >= static_cast<double>(low) && value <= static_cast<double>(high)) || value != std::floor(value)) {
    throw Error(ErrorKind::bad_data, "the image's tag " + path + " is " + found->dump() +
                                         "; it must be a whole number from " + std::to_string(low) + " to " +
                                         std::to_string(high));
  }
  return static_cast<std::int64_t>(value);
}

/// How pixels of one of DigitalMicrograph's data types are stored.
struct PixelType {
  DType dtype;
  bool colour = false;
  bool half_transform = false;
};

PixelType pixel_type(const Json& image) {
  const std::int64_t type = integer_at(image, "ImageData.DataType", 0, 1000);
  switch (type) {
    case 1: return {DType::int16};
    case 2: return {DType::float32};
    case 3: return {DType::complex64};
    case 6:
    case 14: return {DType::uint8};
    case 7: return {DType::int32};
    case 8:
    case 23: return {DType::uint8, true};
    case 9: return {DType::int8};
    case 10: return {DType::uint16};
    case 11: return {DType::uint32};
    case 12: return {DType::float64};
    case 13: return {DType::complex128};
    case 27: return {DType::complex64, false, true};
    case 28: return {DType::complex128, false, true};
    case 39: return {DType::int64};
    case 40: return {DType::uint64};
    default: break;
  }
  throw Error(ErrorKind::unsupported, "pixels of DigitalMicrograph's data type " + std::to_string(type) +
                                          (type == 5 ? " (transforms packed into real numbers)" : "") +
                                          "; supported are 1 to 3, 6 to 14, 23, 27, 28, 39 and 40");
}

double finite_or(std::optional<double> value, double otherwise) {
  return value && std::isfinite(*value) ? *value : otherwise;
}

/// The axes in C order, slowest first, without names. Strides are bytes.
std::vector<ImageAxis> axes_of(const Json& image, std::int64_t item) {
  const Json* dimensions = find(image, "ImageData.Dimensions");
  if (dimensions == nullptr || !dimensions->is_object() || dimensions->empty() || dimensions->size() > 16) {
    throw Error(ErrorKind::bad_data, "the image has no ImageData.Dimensions with 1 to 16 lengths");
  }
  std::vector<ImageAxis> axes;
  std::int64_t stride = item;
  for (std::size_t i = 0; i < dimensions->size(); ++i) {
    const std::string number = std::to_string(i);
    ImageAxis one;
    one.axis.size = integer_at(image, "ImageData.Dimensions.Data" + number, 1, std::int64_t{1} << 40);
    one.stride = stride;
    if (__builtin_mul_overflow(stride, one.axis.size, &stride)) {
      throw Error(ErrorKind::bad_data, "the image's dimensions make more than 2^63 bytes");
    }
    // Some plug-ins give fewer calibrations than dimensions.
    const std::string at = "ImageData.Calibrations.Dimension.TagGroup" + number + ".";
    const double scale = finite_or(number_at(image, at + "Scale"), 1);
    one.axis.scale = scale == 0 ? 1 : scale;
    one.axis.offset = -finite_or(number_at(image, at + "Origin"), 0) * one.axis.scale;
    if (!std::isfinite(one.axis.offset)) one.axis.offset = 0;
    one.axis.units = text_at(image, at + "Units").value_or("");
    one.axis.quantity = quantity_of(one.axis.units);
    axes.insert(axes.begin(), one);
  }
  return axes;
}

/// Gives the axes their names and roles and puts that of a spectrum image's spectra last.
void arrange(std::vector<ImageAxis>& axes, const Json& image, const std::string& signal_type) {
  const std::string format = text_at(image, "ImageTags.Meta Data.Format").value_or("");
  const bool spectrum_image = format == "Spectrum image" || find(image, "ImageTags.spim") != nullptr;
  const std::size_t rank = axes.size();
  const bool spectra_first = spectrum_image && rank > 2;
  const bool spectra = rank == 1 || spectra_first || (rank == 2 && (spectrum_image || format == "Spectrum"));
  const std::size_t spectral = spectra_first ? rank - 3 : rank - 1;

  struct Named {
    std::string_view signal_type, units, name;
  };
  static constexpr std::array known{Named{"EELS", "eV", "Energy loss"}, Named{"EDS_TEM", "keV", "Energy"},
                                    Named{"CL", "nm", "Wavelength"}};
  std::size_t unnamed = 0;
  static constexpr std::array names{"x", "y", "z"};
  for (std::size_t i = rank; i-- > 0;) {
    Axis& axis = axes[i].axis;
    const bool signal = spectra ? i == spectral : i + 2 >= rank;
    axis.role = signal ? Role::signal : Role::navigation;
    for (const Named& one : known) {
      if (spectra && signal && one.signal_type == signal_type && one.units == axis.units) axis.name = one.name;
    }
    if (axis.name.empty() && unnamed < names.size()) axis.name = names[unnamed++];
  }
  if (spectra_first)
    std::rotate(axes.begin() + static_cast<std::ptrdiff_t>(spectral),
                axes.begin() + static_cast<std::ptrdiff_t>(spectral) + 1, axes.end());
}

void drop_single(std::vector<ImageAxis>& axes) {
  const ImageAxis last = axes.back();
  std::erase_if(axes, [](const ImageAxis& one) { return one.axis.size == 1; });
  if (axes.empty()) axes.push_back(last);
  if (axes.back().axis.role == Role::navigation) axes.back().axis.role = Role::signal;
}

std::shared_ptr<const Source> read_image(const std::shared_ptr<const RandomAccessFile>& file, const dm::TagTree& tree,
                                         const Json& image) {
  const PixelType type = pixel_type(image);
  Description description;
  description.dtype = type.dtype;
  description.title = text_at(image, "Name").value_or("");
  description.signal_type = dm::signal_type_of(image);
  const auto item = static_cast<std::int64_t>(size_of(type.dtype)) * (type.colour ? 4 : 1);
  std::vector<ImageAxis> axes = axes_of(image, item);
  const std::int64_t offset = integer_at(image, "ImageData.Data.offset", 0, file->size());
  const std::int64_t bytes = integer_at(image, "ImageData.Data.bytes", 0, file->size());
  std::int64_t needed = item;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const bool half = type.half_transform && i + 1 == axes.size();
    needed = count({needed, half ? axes[i].axis.size / 2 + 1 : axes[i].axis.size});
  }
  if (bytes != needed) {
    throw Error(ErrorKind::bad_data, "the image '" + description.title + "' has " + std::to_string(bytes) +
                                         " bytes of pixels at byte " + std::to_string(offset) + " where its " +
                                         "dimensions and data type make " + std::to_string(needed));
  }
  arrange(axes, image, description.signal_type);
  description.metadata = dm::metadata_of(image, description.title, description.signal_type);
  for (const auto& entry : tree.tags.items()) {
    if (entry.key() != "ImageList") description.original[entry.key()] = entry.value();
  }
  description.original["ImageList"]["TagGroup0"] = image;

  const bool swapped = tree.order != std::endian::native;
  if (type.half_transform) {
    for (ImageAxis& one : axes) description.axes.push_back(std::move(one.axis));
    return dm::half_transform(file, std::move(description), offset, swapped);
  }
  drop_single(axes);
  StoredLayout layout{offset, {}, swapped && item > 1 && !type.colour};
  for (ImageAxis& one : axes) {
    description.axes.push_back(std::move(one.axis));
    layout.stride.push_back(one.stride);
  }
  if (!type.colour) return stored_array(file, std::move(description), std::move(layout));
  description.fields = {"R", "G", "B", "A"};
  description.axes.push_back({.size = 4});
  layout.stride.push_back(1);
  return dm::colour_source(stored_array(file, std::move(description), std::move(layout)));
}

/// The first bytes of either version, with the byte order and the root's two flags at their places.
Confidence probe(const Probe& file) {
  const auto byte = [&](std::size_t at) { return at < file.head.size() ? std::to_integer<int>(file.head[at]) : -1; };
  const bool version_3 = byte(3) == 3 && byte(8) == 0 && byte(9) == 0 && byte(10) == 0 && (byte(11) | 1) == 1;
  const bool version_4 = byte(3) == 4 && byte(12) == 0 && byte(13) == 0 && byte(14) == 0 && (byte(15) | 1) == 1;
  if (byte(0) == 0 && byte(1) == 0 && byte(2) == 0 && (version_3 || version_4)) {
    const std::size_t flags = version_3 ? 12 : 16;
    if ((byte(flags) | 1) == 1 && (byte(flags + 1) | 1) == 1) return Confidence::content;
  }
  const std::string extension = extension_of(file.path);
  return extension == "dm3" || extension == "dm4" ? Confidence::extension : Confidence::none;
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const auto file = std::make_shared<const RandomAccessFile>(path);
  const dm::TagTree tree = dm::read_tag_tree(*file);
  const Json* images = find(tree.tags, "ImageList");
  if (images == nullptr || !images->is_object()) throw Error(ErrorKind::bad_data, "the tags have no ImageList");
  std::set<std::string> thumbnails;
  if (const Json* list = find(tree.tags, "Thumbnails"); list != nullptr && list->is_object()) {
    for (const auto& entry : list->items()) {
      const Json* index = find(entry.value(), "ImageIndex");
      if (index != nullptr && index->is_number_integer()) thumbnails.insert("TagGroup" + index->dump());
    }
  }
  std::vector<std::shared_ptr<const Source>> signals;
  for (const auto& entry : images->items()) {
    if (thumbnails.contains(entry.key())) continue;
    signals.push_back(read_image(file, tree, entry.value()));
  }
  return signals;
}

}  // namespace

const Driver& dm_driver() {
  static const Driver driver{"dm", "DigitalMicrograph", {"dm3", "dm4"}, probe, open};
  return driver;
}

}  // namespace ruska::io
