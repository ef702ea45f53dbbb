// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Digital Surf's Mountains files (.sur, .pro), as cathodoluminescence systems write them: one or more objects, each a
// header of 512 bytes, a comment, a private zone and integers, plain ("DIGITAL SURF") or in zlib streams
// ("DSCOMPRESSED"). A stored integer n stands for (n - Zmin) · spacing · unit ratio + offset of the Z axis; where the
// header says that there are points without a measurement, n = Zmin - 2 stands for none (NaN).
//
// The colours that follow a surface in one file are whole numbers, whatever the scale of their integers leaves.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>

#include <zlib.h>

#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/date_time.hpp"
#include "ruska/io/decoded_image.hpp"
#include "ruska/io/little_endian.hpp"
#include "ruska/io/stored_array.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

constexpr std::string_view plain_mark = "DIGITAL SURF", packed_mark = "DSCOMPRESSED";
constexpr std::int64_t header_size = 512;
constexpr std::uint32_t most_streams = 1024;
constexpr std::int64_t most_objects = 16384;

enum ObjectType : int {
  profile = 1,
  surface = 2,
  binary_image = 3,
  profile_series = 4,
  surface_series = 5,
  multilayer_surface = 8,
  intensity_image = 10,
  rgb_image = 12,
  rgb_surface = 13,
  rgb_intensity_surface = 16,
  spectrum = 20,
  spectral_map = 21,
};

struct Object {
  int type = 0;
  std::int64_t objects = 1, channels = 1;
  std::int64_t width = 0, lines = 0, depth = 0;
  bool wide = false;  ///< 32 bits per value
  bool has_missing = false;
  double lowest = 0, factor = 1, origin = 0;
  Axis x{}, y{}, t{};
  std::string quantity{}, quantity_units{}, comment{};
  Json header = Json::object();
  Json metadata = Json::object();
  std::shared_ptr<const Source> integers{};
};

/// The fields of a header at their places.
class HeaderBytes {
 public:
  explicit HeaderBytes(std::span<const std::byte> bytes) : bytes_(bytes) {}
  int short_at(std::size_t at) const { return static_cast<std::int16_t>(load<std::uint16_t>(bytes_, at)); }
  int long_at(std::size_t at) const { return static_cast<std::int32_t>(load<std::uint32_t>(bytes_, at)); }
  double real_at(std::size_t at) const { return std::bit_cast<float>(load<std::uint32_t>(bytes_, at)); }
  std::string text_at(std::size_t at, std::size_t size) const {
    std::string_view text(reinterpret_cast<const char*>(bytes_.data()) + at, size);
    text = text.substr(0, std::min(text.find('\0'), text.size()));
    return to_utf8(trimmed(text));
  }

 private:
  std::span<const std::byte> bytes_;
};

Json header_json(const HeaderBytes& bytes) {
  struct Field {
    const char* name;
    std::size_t at;
    char kind;  // s(hort), l(ong), f(loat), t(ext)
    std::size_t size;
  };
  constexpr Field fields[] = {
      {"Signature", 0, 't', 12},
      {"Format", 12, 's', 2},
      {"Number_of_Objects", 14, 's', 2},
      {"Version", 16, 's', 2},
      {"Object_Type", 18, 's', 2},
      {"Object_Name", 20, 't', 30},
      {"Operator_Name", 50, 't', 30},
      {"P_Size", 80, 's', 2},
      {"Acquisition_Type", 82, 's', 2},
      {"Range_Type", 84, 's', 2},
      {"Special_Points", 86, 's', 2},
      {"Absolute", 88, 's', 2},
      {"Gauge_Resolution", 90, 'f', 4},
      {"W_Size", 94, 'l', 4},
      {"Size_of_Points", 98, 's', 2},
      {"Zmin", 100, 'l', 4},
      {"Zmax", 104, 'l', 4},
      {"Number_of_Points", 108, 'l', 4},
      {"Number_of_Lines", 112, 'l', 4},
      {"Total_Nb_of_Pts", 116, 'l', 4},
      {"X_Spacing", 120, 'f', 4},
      {"Y_Spacing", 124, 'f', 4},
      {"Z_Spacing", 128, 'f', 4},
      {"Name_of_X_Axis", 132, 't', 16},
      {"Name_of_Y_Axis", 148, 't', 16},
      {"Name_of_Z_Axis", 164, 't', 16},
      {"X_Step_Unit", 180, 't', 16},
      {"Y_Step_Unit", 196, 't', 16},
      {"Z_Step_Unit", 212, 't', 16},
      {"X_Length_Unit", 228, 't', 16},
      {"Y_Length_Unit", 244, 't', 16},
      {"Z_Length_Unit", 260, 't', 16},
      {"X_Unit_Ratio", 276, 'f', 4},
      {"Y_Unit_Ratio", 280, 'f', 4},
      {"Z_Unit_Ratio", 284, 'f', 4},
      {"Imprint", 288, 's', 2},
      {"Inverted", 290, 's', 2},
      {"Levelled", 292, 's', 2},
      {"Seconds", 306, 's', 2},
      {"Minutes", 308, 's', 2},
      {"Hours", 310, 's', 2},
      {"Day", 312, 's', 2},
      {"Month", 314, 's', 2},
      {"Year", 316, 's', 2},
      {"Measurement_duration", 320, 'f', 4},
      {"Compressed_data_size", 324, 'l', 4},
      {"X_Offset", 466, 'f', 4},
      {"Y_Offset", 470, 'f', 4},
      {"Z_Offset", 474, 'f', 4},
      {"T_Spacing", 478, 'f', 4},
      {"T_Offset", 482, 'f', 4},
      {"T_Axis_Name", 486, 't', 13},
      {"T_Step_Unit", 499, 't', 13},
  };
  Json header = Json::object();
  for (const Field& field : fields) {
    switch (field.kind) {
      case 's': header[field.name] = bytes.short_at(field.at); break;
      case 'l': header[field.name] = bytes.long_at(field.at); break;
      case 'f': header[field.name] = bytes.real_at(field.at); break;
      default: header[field.name] = bytes.text_at(field.at, field.size);
    }
  }
  return header;
}

/// "$_SECTION" and "$key = value" entries of a comment.
Json comment_sections(std::string_view comment) {
  std::map<std::string, std::map<std::string, std::string>> sections;
  std::string section;
  while (!comment.empty()) {
    const std::size_t mark = comment.find('$');
    if (mark == std::string_view::npos) break;
    comment.remove_prefix(mark + 1);
    const std::string_view entry = comment.substr(0, std::min({comment.find('$'), comment.find('\n'), comment.size()}));
    if (entry.starts_with('_')) {
      section = trimmed(entry.substr(1));
    } else if (const std::size_t equals = entry.find('='); equals != std::string_view::npos) {
      sections[section][std::string(trimmed(entry.substr(0, equals)))] = trimmed(entry.substr(equals + 1));
    }
  }
  return Json(sections);
}

/// The microscope's state in the comment of an Attolight map.
void read_comment(Json& metadata, const Json& sections) {
  if (find(sections, "SEM") == nullptr || find(sections, "SITE IMAGE") == nullptr) return;
  const std::string sem = "Acquisition_instrument.SEM.";
  set(metadata, sem + "microscope", "Attolight Allalin");
  const auto copy = [&](const char* section, const char* key, const char* units, const char* to, double factor) {
    const Json* entry = find(sections, section);
    if (entry == nullptr || !entry->contains(key)) return;
    std::string_view text = (*entry)[key].get_ref<const std::string&>();
    const std::size_t gap = std::min(text.find(' '), text.size());
    const auto value = parse_number(text.substr(0, gap));
    if (value && trimmed(text.substr(gap)) == units) set(metadata, sem + to, *value * factor);
  };
  copy("SEM", "Beam Energy", "V", "beam_energy", 1e-3);
  copy("SEM", "Real Magnification", "", "magnification", 1);
  copy("SITE IMAGE", "stage_rotation_x", "", "Stage.tilt_alpha", 1);
  copy("SITE IMAGE", "stage_rotation_y", "", "Stage.tilt_beta", 1);
  copy("SITE IMAGE", "stage_rotation_z", "", "Stage.rotation", 1);
  copy("SITE IMAGE", "stage_position_x", "", "Stage.x", 1);
  copy("SITE IMAGE", "stage_position_y", "", "Stage.y", 1);
  copy("SITE IMAGE", "stage_position_z", "", "Stage.z", 1);
}

/// Unpacks the zlib streams of an object.
std::vector<std::byte> unpack(const RandomAccessFile& file, std::int64_t table, std::uint32_t streams,
                              std::int64_t size, DType dtype) {
  std::vector<std::byte> values(static_cast<std::size_t>(size));
  const std::vector<std::byte> sizes = file.read(table, std::int64_t{8} * streams);
  std::int64_t place = table + std::int64_t{8} * streams;
  std::size_t done = 0;
  for (std::uint32_t i = 0; i < streams; ++i) {
    const std::span<const std::byte> one = std::span<const std::byte>(sizes).subspan(std::size_t{8} * i, 8);
    const std::uint32_t raw = load<std::uint32_t>(one), packed_size = load<std::uint32_t>(one, 4);
    const std::vector<std::byte> packed = file.read(place, packed_size);
    uLongf got = raw;
    if (raw > values.size() - done ||
        uncompress(reinterpret_cast<Bytef*>(values.data() + done), &got, reinterpret_cast<const Bytef*>(packed.data()),
                   packed_size) != Z_OK ||
        got != raw) {
      throw Error(ErrorKind::bad_data, "the zlib stream at byte " + std::to_string(place) + " does not unpack to " +
                                           std::to_string(raw) + " bytes");
    }
    done += raw;
    place += packed_size;
  }
  if (std::endian::native == std::endian::big) swap_bytes(values, dtype);
  return values;
}

Axis axis_of(const HeaderBytes& bytes, std::size_t spacing, std::size_t origin, std::size_t name, std::size_t units,
             std::size_t length) {
  Axis axis;
  axis.name = bytes.text_at(name, length);
  axis.units = bytes.text_at(units, length);
  if (axis.units == "um" || axis.units == "\xc2\xb5m") axis.units = "µm";
  axis.quantity = quantity_of(axis.units);
  axis.scale = bytes.real_at(spacing);
  axis.offset = bytes.real_at(origin);
  return axis;
}

/// Reads the object at `place` and moves `place` behind it.
Object object_at(const std::shared_ptr<const RandomAccessFile>& file, std::int64_t& place) {
  const std::vector<std::byte> raw = file->read(place, header_size);
  const HeaderBytes bytes{std::span<const std::byte>(raw)};
  const auto refuse = [&](std::size_t at, const std::string& got, const std::string& allowed) {
    throw Error(ErrorKind::bad_data, "the object at byte " + std::to_string(place) + " has " + got + " at byte " +
                                         std::to_string(place + static_cast<std::int64_t>(at)) + "; allowed is " +
                                         allowed);
  };
  const std::string_view mark(reinterpret_cast<const char*>(raw.data()), plain_mark.size());
  if (mark != plain_mark && mark != packed_mark) {
    refuse(0, "the mark '" + to_utf8(mark) + "'", "DIGITAL SURF or DSCOMPRESSED");
  }
  Object object;
  object.header = header_json(bytes);
  object.type = bytes.short_at(18);
  object.objects = std::max(1, bytes.short_at(14));
  object.channels = std::max(1, bytes.short_at(80));
  object.width = bytes.long_at(108);
  object.lines = bytes.long_at(112);
  object.depth = bytes.long_at(94);
  if (object.width < 1 || object.lines < 1 || object.depth < 0) {
    refuse(108,
           "the size " + std::to_string(object.width) + " x " + std::to_string(object.lines) + " x " +
               std::to_string(object.depth),
           "at least 1 x 1 x 0");
  }
  const int bits = bytes.short_at(98);
  if (bits != 16 && bits != 32) refuse(98, std::to_string(bits) + " bits per value", "16 or 32");
  object.wide = bits == 32;
  object.has_missing = bytes.short_at(86) == 1;
  object.lowest = bytes.long_at(100);
  object.factor = bytes.real_at(128) * bytes.real_at(284);
  object.origin = bytes.real_at(474);
  object.x = axis_of(bytes, 120, 466, 132, 180, 16);
  object.y = axis_of(bytes, 124, 470, 148, 196, 16);
  object.t = axis_of(bytes, 478, 482, 486, 499, 13);
  if (object.t.scale == 0) object.t.scale = 1;
  object.quantity = bytes.text_at(164, 16);
  object.quantity_units = bytes.text_at(212, 16);
  Json& metadata = object.metadata;
  if (const std::string author = bytes.text_at(50, 30); !author.empty()) set(metadata, "General.authors", author);
  if (const auto date = iso_date(bytes.short_at(316), bytes.short_at(314), bytes.short_at(312))) {
    set(metadata, "General.date", *date);
    if (const auto time = iso_time(bytes.short_at(310), bytes.short_at(308), bytes.short_at(306))) {
      set(metadata, "General.time", *time);
    }
  }
  const auto unsigned_short = [&](std::size_t at) { return load<std::uint16_t>(std::span<const std::byte>(raw), at); };
  const std::int64_t comment_size = unsigned_short(334), private_size = unsigned_short(336);
  const std::vector<std::byte> comment = file->read(place + header_size, comment_size);
  object.comment = to_utf8({reinterpret_cast<const char*>(comment.data()), comment.size()});

  std::int64_t values = place + header_size + comment_size + private_size;
  Description integers;
  integers.dtype = object.wide ? DType::int32 : DType::int16;
  for (const std::int64_t size : {object.lines, object.width, std::max<std::int64_t>(1, object.depth)}) {
    integers.axes.emplace_back().size = size;
  }
  const std::int64_t size = integers.bytes();
  if (mark == plain_mark) {
    StoredLayout layout;
    layout.offset = values;
    layout.swapped = std::endian::native == std::endian::big;
    layout.stride = c_strides(integers.shape(), size_of(integers.dtype));
    object.integers = stored_array(file, integers, layout);
    place = values + size;
    return object;
  }
  const std::uint32_t streams = load<std::uint32_t>(std::span<const std::byte>(file->read(values, 4)));
  if (streams == 0 || streams > most_streams) {
    throw Error(ErrorKind::bad_data, "the object at byte " + std::to_string(place) + " states " +
                                         std::to_string(streams) + " zlib streams at byte " + std::to_string(values) +
                                         "; allowed are 1 to " + std::to_string(most_streams));
  }
  const std::int64_t table = values + 4;
  const std::vector<std::byte> sizes = file->read(table, std::int64_t{8} * streams);
  std::int64_t raw_size = 0, packed_size = 0;
  for (std::uint32_t i = 0; i < streams; ++i) {
    raw_size += load<std::uint32_t>(std::span<const std::byte>(sizes), std::size_t{8} * i);
    packed_size += load<std::uint32_t>(std::span<const std::byte>(sizes), std::size_t{8} * i + 4);
  }
  const std::int64_t end = table + std::int64_t{8} * streams + packed_size;
  if (raw_size != size || end > file->size()) {
    throw Error(ErrorKind::bad_data, "the zlib streams at byte " + std::to_string(table) + " have " +
                                         std::to_string(packed_size) + " bytes for " + std::to_string(raw_size) +
                                         "; the header needs " + std::to_string(size) + ", the file has " +
                                         std::to_string(file->size()));
  }
  const DType dtype = integers.dtype;
  object.integers =
      decoded_image(std::move(integers), packed_size, [=] { return unpack(*file, table, streams, size, dtype); });
  place = end;
  return object;
}

/// Objects of one shape as physical values: a stack of them where there are several.
class Values final : public Source {
 public:
  Values(Description description, std::vector<Object> objects, bool whole_colours)
      : description_(std::move(description)), objects_(std::move(objects)), whole_colours_(whole_colours) {
    description_.validate();
  }

  const Description& describe() const override { return description_; }
  std::int64_t buffered() const override {
    std::int64_t bytes = 0;
    for (const Object& object : objects_) bytes += object.integers->buffered();
    return bytes;
  }

  void read(const Region& region, std::span<std::byte> out) const override {
    check_region(region, description_, out.size());
    if (out.empty()) return;
    const bool stacked = objects_.size() > 1;
    // An object's integers have the axes lines, points and depth, of which some are left out in the description.
    Region inner = Region::whole(objects_.front().integers->describe().shape());
    std::size_t axis = stacked ? 1 : 0;
    for (std::size_t i = 0; i < 3; ++i) {
      const bool shown = i == 1 || (i == 0 ? shows_lines() : objects_.front().depth > 0);
      if (!shown) continue;
      inner.start[i] = region.start[axis];
      inner.shape[i] = region.shape[axis];
      ++axis;
    }
    const std::int64_t first = stacked ? region.start[0] : 0, count = stacked ? region.shape[0] : 1;
    double* to = reinterpret_cast<double*>(out.data());
    for (std::int64_t i = first; i < first + count; ++i) {
      const Object& object = objects_[static_cast<std::size_t>(i)];
      const bool rounded = whole_colours_ && i > 0;
      if (object.wide)
        convert<std::int32_t>(object, inner, rounded, to);
      else
        convert<std::int16_t>(object, inner, rounded, to);
      to += inner.count();
    }
  }

 private:
  bool shows_lines() const {
    const std::size_t stack = objects_.size() > 1 ? 1 : 0, depth = objects_.front().depth > 0 ? 1 : 0;
    return description_.axes.size() == stack + 2 + depth;
  }

  template <class T>
  static void convert(const Object& object, const Region& region, bool rounded, double* to) {
    std::vector<T> integers(static_cast<std::size_t>(region.count()));
    object.integers->read(region, std::as_writable_bytes(std::span(integers)));
    for (const T integer : integers) {
      double value = (integer - object.lowest) * object.factor + object.origin;
      if (object.has_missing && integer == object.lowest - 2) value = std::numeric_limits<double>::quiet_NaN();
      const double result = rounded ? std::nearbyint(value) : value;
      std::memcpy(to++, &result, sizeof(result));
    }
  }

  Description description_;
  std::vector<Object> objects_;
  bool whole_colours_;
};

Confidence probe(const Probe& file) {
  const std::string_view head(reinterpret_cast<const char*>(file.head.data()), file.head.size());
  if (head.starts_with(plain_mark) || head.starts_with(packed_mark)) return Confidence::content;
  const std::string extension = extension_of(file.path);
  return extension == "sur" || extension == "pro" ? Confidence::extension : Confidence::none;
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const auto file = std::make_shared<const RandomAccessFile>(path);
  std::int64_t place = 0;
  std::vector<Object> objects{object_at(file, place)};
  const Object first = objects.front();
  const std::int64_t expected = first.objects * first.channels;
  if (expected > most_objects) {
    throw Error(ErrorKind::unsupported, "a Mountains file of " + std::to_string(expected) +
                                            " objects; ruska reads at most " + std::to_string(most_objects));
  }
  while (static_cast<std::int64_t>(objects.size()) < expected) {
    objects.push_back(object_at(file, place));
    const Object& object = objects.back();
    if (object.width != first.width || object.lines != first.lines || object.depth != first.depth) {
      throw Error(ErrorKind::unsupported, "the objects of the file differ in size: " + std::to_string(first.width) +
                                              " x " + std::to_string(first.lines) + " and " +
                                              std::to_string(object.width) + " x " + std::to_string(object.lines));
    }
  }

  Description description;
  description.dtype = DType::float64;
  const auto add = [&](Axis axis, std::int64_t size, Role role) {
    axis.size = size;
    axis.role = role;
    description.axes.push_back(std::move(axis));
  };
  const bool several = objects.size() > 1;
  bool whole_colours = false;
  switch (first.type) {
    case rgb_image:
    case rgb_surface:
    case rgb_intensity_surface: whole_colours = true; [[fallthrough]];
    case surface:
    case binary_image:
    case intensity_image:
    case surface_series:
    case multilayer_surface:
      if (several) add(first.t, expected, Role::navigation);
      add(first.y, first.lines, Role::signal);
      add(first.x, first.width, Role::signal);
      break;
    case profile:
    case profile_series:
      if (several) add(first.t, expected, Role::navigation);
      if (first.lines > 1) add(first.y, first.lines, Role::navigation);
      add(first.x, first.width, Role::signal);
      break;
    case spectrum:
      if (several) add(first.t, expected, Role::navigation);
      if (first.lines > 1) add(first.y, first.lines, Role::navigation);
      add(first.x, first.width, Role::signal);
      break;
    case spectral_map:
      if (several) add(first.t, expected, Role::navigation);
      add(first.y, first.lines, Role::navigation);
      add(first.x, first.width, Role::navigation);
      break;
    default:
      throw Error(ErrorKind::unsupported, "a Mountains object of type " + std::to_string(first.type) +
                                              "; ruska reads profiles (1, 4), surfaces and images (2, 3, 5, 8, 10, 12, "
                                              "13, 16), spectra (20) and spectral maps (21)");
  }
  if (first.depth > 0) add(first.t, first.depth, Role::signal);
  if (first.type == spectral_map && first.depth == 0) {
    throw Error(ErrorKind::bad_data, "the spectral map's header has no channels at byte 94; at least 1 is needed");
  }
  description.metadata = first.metadata;
  std::string units = first.quantity_units;
  std::erase_if(units, [](char c) { return c == '(' || c == ')' || c == '[' || c == ']'; });
  const std::string quantity = first.quantity + (units.empty() ? "" : " (" + units + ")");
  if (!quantity.empty()) set(description.metadata, "Signal.quantity", quantity);
  if (first.quantity.starts_with("CL ")) description.signal_type = "CL";
  set(description.metadata, "Signal.signal_type", description.signal_type);
  const Json sections = comment_sections(first.comment);
  read_comment(description.metadata, sections);
  Json headers = Json::array();
  for (const Object& object : objects) headers.push_back(object.header);
  description.original["objects"] = std::move(headers);
  if (!first.comment.empty()) description.original["comment"] = first.comment;
  return {std::make_shared<Values>(std::move(description), std::move(objects), whole_colours)};
}

}  // namespace

const Driver& digitalsurf_driver() {
  static const Driver driver{"digitalsurf", "Digital Surf Mountains", {"sur", "pro"}, probe, open, nullptr};
  return driver;
}

}  // namespace ruska::io
