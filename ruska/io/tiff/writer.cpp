// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// All directories stand before the pixels, and the pixels follow in C order without a gap, so that regions can be
// written in any order.
#include "ruska/io/tiff/writer.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>

#include "ruska/io/kept_description.hpp"
#include "ruska/io/stored_array.hpp"
#include "ruska/io/tiff/directory.hpp"
#include "ruska/io/tiff/open_microscopy.hpp"

namespace ruska::io::tiff {

namespace {

constexpr std::int64_t most_pages = std::int64_t{1} << 20;

enum Type : std::uint16_t {
  type_byte = 1,
  type_text = 2,
  type_short = 3,
  type_long = 4,
  type_rational = 5,
  type_double = 12,
  type_long8 = 16
};

template <class T>
void append(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

/// A directory in the making: the bytes of each field's values by tag, in the machine's byte order.
class Fields {
 public:
  /// Another text with the same tag has another number.
  void text(std::uint16_t tag, const std::string& value, int number = 0) {
    fields_[{tag, number}] = {type_text, value.size() + 1, value + '\0'};
  }
  void shorts(std::uint16_t tag, const std::vector<std::uint16_t>& values) {
    std::string bytes;
    for (const std::uint16_t value : values) append(bytes, value);
    fields_[{tag, 0}] = {type_short, values.size(), bytes};
  }
  void whole(std::uint16_t tag, std::uint64_t value, bool big) {
    std::string bytes;
    if (big)
      append(bytes, value);
    else
      append(bytes, static_cast<std::uint32_t>(value));
    fields_[{tag, 0}] = {big ? type_long8 : type_long, 1, bytes};
  }
  void real(std::uint16_t tag, double value) {
    std::string bytes;
    append(bytes, value);
    fields_[{tag, 0}] = {type_double, 1, bytes};
  }
  /// 1 / pitch as a fraction of two 32-bit numbers.
  void resolution(std::uint16_t tag, double pitch) {
    constexpr double most = std::numeric_limits<std::uint32_t>::max();
    const double below = std::floor(std::min(1.0, pitch) * most);
    const double above = std::round(below / pitch);
    if (below < 1 || above < 1 || above > most) return;  // no fraction comes near
    std::string bytes;
    append(bytes, static_cast<std::uint32_t>(above));
    append(bytes, static_cast<std::uint32_t>(below));
    fields_[{tag, 0}] = {type_rational, 1, bytes};
  }

  /// The directory as it stands at `place`, its long values behind it. `next` is the place of the following one.
  std::string bytes(std::int64_t place, std::int64_t next, bool big) const {
    const std::size_t width = big ? 8 : 4;
    const auto put = [&](std::string& to, std::uint64_t value) {
      if (big)
        append(to, value);
      else
        append(to, static_cast<std::uint32_t>(value));
    };
    std::string table, behind;
    if (big)
      append(table, static_cast<std::uint64_t>(fields_.size()));
    else
      append(table, static_cast<std::uint16_t>(fields_.size()));
    const std::uint64_t long_values =
        static_cast<std::uint64_t>(place) + table.size() + fields_.size() * (4 + 2 * width) + width;
    for (const auto& [tag, field] : fields_) {
      append(table, tag.first);
      append(table, static_cast<std::uint16_t>(field.type));
      put(table, field.count);
      if (field.values.size() <= width) {
        table += field.values;
        table.append(width - field.values.size(), '\0');
      } else {
        put(table, long_values + behind.size());
        behind += field.values;
        behind.append(behind.size() % 8 == 0 ? 0 : 8 - behind.size() % 8, '\0');
      }
    }
    put(table, static_cast<std::uint64_t>(next));
    return table + behind;
  }

 private:
  struct Field {
    Type type;
    std::uint64_t count;
    std::string values;
  };
  std::map<std::pair<std::uint16_t, int>, Field> fields_;  // by tag and number
};

std::string number_text(double value) {
  char text[40];
  std::snprintf(text, sizeof(text), "%.17g", value);
  return text;
}

/// How ImageJ spells a unit.
std::string image_j_unit(const std::string& units) {
  if (units == "µm") return "micron";
  if (units == "Å") return "angstrom";
  const bool plain = std::all_of(units.begin(), units.end(), [](unsigned char c) { return c >= 32 && c < 127; });
  return plain ? units : "";
}

struct Image {
  Axes outer{};
  Axis height{}, width{};
  std::int64_t samples = 1;
  std::int64_t pages = 1;
};

Image image_of(const Description& description) {
  Axes axes = description.axes;
  Image image;
  if (!description.fields.empty()) {
    image.samples = axes.back().size;
    if (image.samples != 3 && image.samples != 4) {
      throw Error(ErrorKind::unsupported, "a TIFF image has colours of 3 or 4 parts, not pixels of " +
                                              std::to_string(image.samples) + "; .hspy takes them");
    }
    axes.pop_back();
  }
  if (axes.empty()) {
    throw Error(ErrorKind::unsupported, "a single value cannot be a TIFF image; write it to an .npy file");
  }
  image.width = axes.back();
  axes.pop_back();
  image.height.size = 1;
  if (!axes.empty()) {
    image.height = axes.back();
    axes.pop_back();
  }
  for (const Axis& axis : axes) image.pages *= axis.size;
  image.outer = std::move(axes);
  return image;
}

std::string image_j_text(const Description& description, const Image& image) {
  std::string text = "ImageJ=1.53k\nimages=" + std::to_string(image.pages) + "\n";
  if (!image.outer.empty()) {
    const bool hyperstack = image.outer.size() == 2;
    const Axis& last = image.outer.back();
    if (hyperstack) {
      text += "frames=" + std::to_string(image.outer.front().size) + "\n";
    }
    text += "slices=" + std::to_string(hyperstack ? last.size : image.pages) + "\n";
    if (hyperstack) text += "hyperstack=true\n";
    text += "spacing=" + number_text(last.scale) + "\n";
    if (const std::string unit = image_j_unit(last.units); !unit.empty()) text += "zunit=" + unit + "\n";
  }
  const std::string x_unit = image_j_unit(image.width.units), y_unit = image_j_unit(image.height.units);
  if (!x_unit.empty()) text += "unit=" + x_unit + "\n";
  if (!y_unit.empty() && y_unit != x_unit) text += "yunit=" + y_unit + "\n";
  // In ASCII, as TIFF wants it; the line has no line end within.
  return text + std::string(description_key) + "=" + kept_description(description, false) + "\n";
}

Fields fields_of(const Description& description, const Image& image, bool big, bool first) {
  const auto bits = static_cast<std::uint16_t>(8 * size_of(description.dtype));
  const auto samples = static_cast<std::size_t>(image.samples);
  const bool real = description.dtype == DType::float32 || description.dtype == DType::float64;
  const std::string name(name_of(description.dtype));
  const std::uint16_t format = real ? 3 : name.starts_with("int") ? 2 : 1;
  const bool colour = samples == 3 || samples == 4;
  Fields fields;
  fields.whole(new_subfile_type, 0, false);
  fields.whole(image_width, static_cast<std::uint64_t>(image.width.size), false);
  fields.whole(image_length, static_cast<std::uint64_t>(image.height.size), false);
  fields.shorts(bits_per_sample, std::vector<std::uint16_t>(samples, bits));
  fields.shorts(compression, {1});
  fields.shorts(photometric_interpretation, {static_cast<std::uint16_t>(colour ? 2 : 1)});
  fields.shorts(samples_per_pixel, {static_cast<std::uint16_t>(samples)});
  if (samples == 4) fields.shorts(338, {2});  // ExtraSamples: an unassociated alpha channel
  fields.whole(rows_per_strip, static_cast<std::uint64_t>(image.height.size), false);
  fields.shorts(sample_format, std::vector<std::uint16_t>(samples, format));
  const std::uint64_t page_bytes =
      static_cast<std::uint64_t>(image.height.size * image.width.size * image.samples) * size_of(description.dtype);
  fields.whole(strip_byte_counts, page_bytes, big);
  fields.whole(strip_offsets, 0, big);
  fields.resolution(x_resolution, image.width.scale);
  fields.resolution(y_resolution, image.height.scale);
  fields.shorts(resolution_unit, {1});
  if (!first) return fields;
  // Readers of OME-XML take the first description, ImageJ the last.
  const std::string ome = open_microscopy_text(description, image.outer, image.height, image.width, image.samples);
  if (!ome.empty()) fields.text(image_description, ome);
  fields.text(image_description, image_j_text(description, image), 1);
  fields.text(software, "ruska");
  const auto calibrate = [&](int place, const Axis& axis) {
    const auto tag = [&](int base) { return static_cast<std::uint16_t>(base + place); };
    // These texts are Latin-1.
    std::string units = axis.units;
    if (const std::size_t micro = units.find("µ"); micro != std::string::npos) units.replace(micro, 2, "\xb5");
    if (const std::size_t ring = units.find("Å"); ring != std::string::npos) units.replace(ring, 2, "\xc5");
    fields.text(tag(digital_micrograph_x_units), units);
    fields.real(tag(digital_micrograph_x_origin), axis.offset);
    fields.real(tag(digital_micrograph_x_scale), axis.scale);
  };
  calibrate(0, image.width);
  calibrate(1, image.height);
  if (image.outer.size() == 1) calibrate(2, image.outer.front());
  return fields;
}

std::string preamble(const Description& description, const Image& image, bool big) {
  std::string bytes = std::endian::native == std::endian::little ? "II" : "MM";
  append(bytes, static_cast<std::uint16_t>(big ? 43 : 42));
  if (big) {
    append(bytes, std::uint16_t{8});
    append(bytes, std::uint16_t{0});
    append(bytes, std::uint64_t{16});
  } else {
    append(bytes, std::uint32_t{8});
  }
  Fields first = fields_of(description, image, big, true), later = fields_of(description, image, big, false);
  const auto round_up = [](std::size_t size) { return static_cast<std::int64_t>((size + 7) / 8 * 8); };
  const std::int64_t start = static_cast<std::int64_t>(bytes.size());
  const std::int64_t first_size = round_up(first.bytes(0, 0, big).size());
  const std::int64_t later_size = round_up(later.bytes(0, 0, big).size());
  const std::int64_t pixels = start + first_size + (image.pages - 1) * later_size;
  const std::int64_t page_bytes =
      image.height.size * image.width.size * image.samples * static_cast<std::int64_t>(size_of(description.dtype));
  for (std::int64_t page = 0; page < image.pages; ++page) {
    Fields& fields = page == 0 ? first : later;
    fields.whole(strip_offsets, static_cast<std::uint64_t>(pixels + page * page_bytes), big);
    const auto place = static_cast<std::int64_t>(bytes.size());
    const std::int64_t end = place + (page == 0 ? first_size : later_size);
    bytes += fields.bytes(place, page + 1 < image.pages ? end : 0, big);
    bytes.resize(static_cast<std::size_t>(end), '\0');
  }
  return bytes;
}

std::unique_ptr<Sink> sink(const std::filesystem::path& path, const Description& description, Begun begun) {
  if (is_complex(description.dtype)) {
    throw Error(ErrorKind::unsupported, "TIFF readers do not know complex numbers (" +
                                            std::string(name_of(description.dtype)) + "); write a .hspy or .npy file");
  }
  description.validate();
  const Image image = image_of(description);
  if (image.width.size < 1 || image.height.size < 1 || image.pages < 1 || image.pages > most_pages ||
      image.width.size > std::numeric_limits<std::int32_t>::max() ||
      image.height.size > std::numeric_limits<std::int32_t>::max() || image.samples > 65535) {
    throw Error(ErrorKind::unsupported, "a TIFF file of " + std::to_string(image.pages) + " pages of " +
                                            std::to_string(image.height.size) + " x " +
                                            std::to_string(image.width.size) +
                                            " pixels; ruska writes 1 to 1048576 pages of 1 to 2^31 - 1 pixels a side");
  }
  constexpr std::int64_t longest_classic = std::numeric_limits<std::uint32_t>::max();
  std::string header = preamble(description, image, false);
  if (static_cast<std::int64_t>(header.size()) > longest_classic - description.bytes()) {
    header = preamble(description, image, true);
  }
  return stored_array_sink(path, header, description, begun);
}

}  // namespace

std::unique_ptr<Sink> create(const std::filesystem::path& path, const Description& description) {
  return sink(path, description, Begun::anew);
}

std::unique_ptr<Sink> resume(const std::filesystem::path& path, const Description& description) {
  return sink(path, description, Begun::before);
}

}  // namespace ruska::io::tiff
