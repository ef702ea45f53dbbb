// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Renishaw WiRE files (.wdf): blocks of a name, a number and a size. WDF1 is the header, DATA holds the spectra in
// single precision, XLST the spectral axis (which may run downwards; here it always runs upwards), WMAP the raster of a
// map, ORGN coordinates of every spectrum, WHTL a JPEG picture of the place, others property sets.
#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <map>
#include <optional>

#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/coordinates.hpp"
#include "ruska/io/date_time.hpp"
#include "ruska/io/jpeg_image.hpp"
#include "ruska/io/little_endian.hpp"
#include "ruska/io/renishaw/property_set.hpp"
#include "ruska/io/stored_array.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

constexpr std::int64_t block_header = 16, header_size = 512;
constexpr int most_blocks = 65536;
constexpr std::int64_t longest_property_set = std::int64_t{16} << 20;

struct Block {
  std::int64_t begin = 0, size = 0;  ///< without its own header
};
using Blocks = std::map<std::string, Block>;  // the first of each name

std::string text_of(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return to_utf8(trimmed(text.substr(0, std::min(text.find('\0'), text.size()))));
}

Blocks blocks_of(const RandomAccessFile& file) {
  Blocks blocks;
  int count = 0;
  for (std::int64_t place = 0; place < file.size();) {
    if (++count > most_blocks) {
      throw Error(ErrorKind::bad_data, "the WiRE file has more than " + std::to_string(most_blocks) +
                                           " blocks before byte " + std::to_string(place));
    }
    const std::vector<std::byte> head = file.read(place, block_header);
    const std::uint64_t size = load<std::uint64_t>(std::span<const std::byte>(head), 8);
    if (size < static_cast<std::uint64_t>(block_header) || size > static_cast<std::uint64_t>(file.size() - place)) {
      throw Error(ErrorKind::bad_data, "the block at byte " + std::to_string(place) + " states " +
                                           std::to_string(size) + " bytes; allowed are 16 to " +
                                           std::to_string(file.size() - place) + "; the file is cut short or damaged");
    }
    const auto whole = static_cast<std::int64_t>(size);
    blocks.try_emplace(text_of(std::span(head).first(4)), Block{place + block_header, whole - block_header});
    place += whole;
  }
  return blocks;
}

/// The bytes of a block, which must be there with at least `least` of them.
std::vector<std::byte> required(const RandomAccessFile& file, const Blocks& blocks, const std::string& name,
                                std::int64_t least) {
  const auto found = blocks.find(name);
  if (found == blocks.end()) throw Error(ErrorKind::bad_data, "the WiRE file has no block " + name);
  if (found->second.size < least) {
    throw Error(ErrorKind::bad_data, "the block " + name + " at byte " + std::to_string(found->second.begin) + " has " +
                                         std::to_string(found->second.size) + " bytes; " + std::to_string(least) +
                                         " are needed");
  }
  return file.read(found->second.begin, least);
}

double real_at(std::span<const std::byte> bytes, std::size_t at) {
  return std::bit_cast<float>(load<std::uint32_t>(bytes, at));
}

struct Units {
  const char* name;
  const char* title;  ///< of a spectral axis in these units
};

/// By the numbers that WiRE gives to units.
Units units_of(std::uint32_t number) {
  constexpr Units known[] = {
      {"", ""},
      {"1/cm", "Raman Shift"},
      {"nm", "Wavenumber"},
      {"nm", "Wavelength"},
      {"eV", "Energy"},
      {"µm", "Wavelength"},
      {"counts", ""},
      {"electrons", ""},
      {"mm", ""},
      {"m", ""},
      {"K", ""},
      {"Pa", ""},
      {"s", ""},
      {"ms", ""},
      {"h", ""},
      {"d", ""},
      {"px", ""},
      {"", ""},
      {"", ""},
      {"°", ""},
      {"rad", ""},
      {"°C", ""},
      {"°F", ""},
      {"K/min", ""},
      {"s", ""},
      {"µs", ""},
  };
  return number < std::size(known) ? known[number] : known[0];
}

struct Header {
  std::int64_t points = 0, spectra = 0;
  std::uint32_t measurement = 0, unit = 0;
  std::uint64_t start = 0;  ///< 100 ns since 1601
  double laser_wavenumber = 0;
  std::string title{}, user{}, version{};
};

Header header_of(const RandomAccessFile& file) {
  const std::vector<std::byte> raw = file.read(0, header_size);
  const std::span<const std::byte> bytes(raw);
  Header header;
  header.points = load<std::uint32_t>(bytes, 60);
  const std::uint64_t spectra = load<std::uint64_t>(bytes, 72);
  if (header.points < 1 || spectra < 1 || spectra > static_cast<std::uint64_t>(file.size())) {
    throw Error(ErrorKind::bad_data, "the WiRE header states " + std::to_string(spectra) + " spectra (byte 72) of " +
                                         std::to_string(header.points) + " points (byte 60) in a file of " +
                                         std::to_string(file.size()) + " bytes");
  }
  header.spectra = static_cast<std::int64_t>(spectra);
  header.measurement = load<std::uint32_t>(bytes, 132);
  header.start = load<std::uint64_t>(bytes, 136);
  header.unit = load<std::uint32_t>(bytes, 152);
  header.laser_wavenumber = real_at(bytes, 156);
  header.user = text_of(bytes.subspan(208, 32));
  header.title = text_of(bytes.subspan(240, 160));
  for (std::size_t i = 0; i < 4; ++i) {
    header.version += (i > 0 ? "." : "") + std::to_string(load<std::uint16_t>(bytes, 120 + 2 * i));
  }
  return header;
}

Axis spectral_axis(const RandomAccessFile& file, const Blocks& blocks, std::int64_t points) {
  const std::vector<std::byte> raw = required(file, blocks, "XLST", 8 + 4 * points);
  const std::span<const std::byte> bytes(raw);
  const Units units = units_of(load<std::uint32_t>(bytes, 4));
  Axis axis;
  axis.name = units.title;
  axis.units = units.name;
  axis.quantity = quantity_of(axis.units);
  std::vector<double> values(static_cast<std::size_t>(points));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = real_at(bytes, 8 + 4 * i);
  set_coordinates(axis, std::move(values));
  return axis;
}

Axis navigation_axis(std::string name, std::string units, std::int64_t size, double scale, double offset) {
  Axis axis;
  axis.name = std::move(name);
  axis.quantity = quantity_of(units);
  axis.units = std::move(units);
  axis.role = Role::navigation;
  axis.size = size;
  axis.scale = scale;
  axis.offset = offset;
  return axis;
}

/// One coordinate of every spectrum.
struct Origin {
  std::uint32_t type = 0;
  std::string units{};
  std::vector<double> values{};
};

constexpr std::uint32_t time_origin = 11, checksum_origin = 16, flags_origin = 17;

std::vector<Origin> origins_of(const RandomAccessFile& file, const Blocks& blocks, std::int64_t spectra) {
  std::vector<Origin> origins;
  if (!blocks.contains("ORGN")) return origins;
  const std::uint32_t count = load<std::uint32_t>(std::span<const std::byte>(required(file, blocks, "ORGN", 4)));
  const std::int64_t each = 24 + 8 * spectra;
  const Block block = blocks.at("ORGN");
  if (count > (block.size - 4) / each) {
    throw Error(ErrorKind::bad_data, "the block ORGN at byte " + std::to_string(block.begin) + " states " +
                                         std::to_string(count) + " coordinates of " + std::to_string(spectra) +
                                         " spectra, for which its " + std::to_string(block.size) +
                                         " bytes are too few");
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::vector<std::byte> raw = file.read(block.begin + 4 + i * each, each);
    const std::span<const std::byte> bytes(raw);
    Origin origin;
    origin.type = load<std::uint32_t>(bytes) & 0x7fffffffu;
    origin.units = units_of(load<std::uint32_t>(bytes, 4)).name;
    if (origin.type == checksum_origin || origin.type == flags_origin) continue;
    const std::uint64_t first = load<std::uint64_t>(bytes, 24);
    for (std::int64_t n = 0; n < spectra; ++n) {
      const std::uint64_t stored = load<std::uint64_t>(bytes, 24 + 8 * static_cast<std::size_t>(n));
      origin.values.push_back(origin.type == time_origin
                                  ? static_cast<double>(static_cast<std::int64_t>(stored - first)) * 1e-7
                                  : std::bit_cast<double>(stored));
    }
    if (origin.type == time_origin) origin.units = "s";
    origins.push_back(std::move(origin));
  }
  return origins;
}

std::string name_of_origin(std::uint32_t type) {
  switch (type) {
    case 3: return "X";
    case 4: return "Y";
    case 5: return "Z";
    case 9: return "Temperature";
    case 10: return "Pressure";
    case 11: return "Time";
    case 14: return "FocusTrack_Z";
    default: return "Coordinate";
  }
}

Axes navigation_axes(const RandomAccessFile& file, const Blocks& blocks, const Header& header, Json& original) {
  constexpr std::uint32_t series = 2, map = 3;
  const std::vector<Origin> origins = origins_of(file, blocks, header.spectra);
  Axes axes;
  if (header.measurement == map && blocks.contains("WMAP")) {
    const std::vector<std::byte> raw = required(file, blocks, "WMAP", 48);
    const std::span<const std::byte> bytes(raw);
    const std::uint32_t flags = load<std::uint32_t>(bytes);
    constexpr std::uint32_t random = 1, alternating = 4, line_focus = 8, along_a_line = 128;
    if ((flags & (random | alternating | line_focus)) != 0) {
      throw Error(ErrorKind::unsupported, "a WiRE map of kind " + std::to_string(flags) +
                                              "; ruska reads rasters whose lines all run the same way");
    }
    const auto spatial = std::find_if(origins.begin(), origins.end(), [](const Origin& one) { return one.type == 3; });
    const std::string units = spatial == origins.end() ? "µm" : spatial->units;
    const std::int64_t columns = load<std::uint32_t>(bytes, 32), rows = load<std::uint32_t>(bytes, 36);
    const double x = real_at(bytes, 20), y = real_at(bytes, 24);
    original["WMAP"] = Json{{"flag", flags},
                            {"offset", Json{real_at(bytes, 8), real_at(bytes, 12), real_at(bytes, 16)}},
                            {"scale", Json{x, y, real_at(bytes, 28)}},
                            {"size", Json{columns, rows, load<std::uint32_t>(bytes, 40)}}};
    if ((flags & along_a_line) != 0 && columns == header.spectra) {
      axes = {navigation_axis("Abs. Distance", units, columns, std::hypot(x, y), 0)};
    } else if (columns > 0 && header.spectra % columns == 0 && header.spectra / columns == rows) {
      axes = {navigation_axis("Y", units, rows, y, real_at(bytes, 12)),
              navigation_axis("X", units, columns, x, real_at(bytes, 8))};
    }
  } else if (header.measurement == series) {
    const auto other =
        std::find_if(origins.begin(), origins.end(), [](const Origin& one) { return one.type != time_origin; });
    const auto chosen = other == origins.end() ? origins.begin() : other;
    if (chosen != origins.end()) {
      Axis axis = navigation_axis(name_of_origin(chosen->type), chosen->units, header.spectra, 1, 0);
      set_coordinates(axis, chosen->values);
      axes = {axis};
    }
  }
  // A map that was stopped early, or no coordinates at all: the spectra are numbered.
  if (axes.empty() && header.spectra > 1) axes = {navigation_axis("Spectrum", "", header.spectra, 1, 0)};
  return axes;
}

/// A source read from the end of its last axis.
class Reversed final : public Source {
 public:
  Reversed(Description description, std::shared_ptr<const Source> source)
      : description_(std::move(description)), source_(std::move(source)) {}

  const Description& describe() const override { return description_; }
  std::int64_t buffered() const override { return source_->buffered(); }

  void read(const Region& region, std::span<std::byte> out) const override {
    check_region(region, description_, out.size());
    Region mirrored = region;
    const std::int64_t length = region.shape.back();
    mirrored.start.back() = description_.axes.back().size - region.start.back() - length;
    source_->read(mirrored, out);
    const std::size_t item = size_of(description_.dtype);
    if (length == 0) return;
    for (std::size_t line = 0; line < out.size(); line += static_cast<std::size_t>(length) * item) {
      for (std::size_t a = 0, b = static_cast<std::size_t>(length) - 1; a < b; ++a, --b) {
        std::swap_ranges(out.begin() + static_cast<std::ptrdiff_t>(line + a * item),
                         out.begin() + static_cast<std::ptrdiff_t>(line + (a + 1) * item),
                         out.begin() + static_cast<std::ptrdiff_t>(line + b * item));
      }
    }
  }

 private:
  Description description_;
  std::shared_ptr<const Source> source_;
};

void set_start(Json& metadata, std::uint64_t filetime) {
  // Windows counts 100 ns since the beginning of 1601, which is 11644473600 s before Unix does.
  const auto seconds = static_cast<std::int64_t>(filetime / 10000000) - 11644473600;
  if (filetime == 0 || seconds > 253402300799) return;
  const std::chrono::sys_seconds moment{std::chrono::seconds(seconds)};
  const auto day = std::chrono::floor<std::chrono::days>(moment);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(moment - day);
  const auto iso_day =
      iso_date(static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  const auto iso_clock = iso_time(time.hours().count(), time.minutes().count(), time.seconds().count());
  if (!iso_day || !iso_clock) return;
  set(metadata, "General.date", *iso_day);
  set(metadata, "General.time", *iso_clock);
}

/// The first number with a name, in depth-first order; nothing when there is none.
std::optional<double> number_named(const Json& tree, const std::string& name) {
  if (!tree.is_object()) return std::nullopt;
  if (const auto found = tree.find(name); found != tree.end() && found->is_number()) return found->get<double>();
  for (const auto& [key, inner] : tree.items()) {
    if (const auto value = number_named(inner, name)) return value;
  }
  return std::nullopt;
}

void set_instrument(Json& metadata, const Header& header, const Json& original) {
  const std::string start = "Acquisition_instrument.";
  if (header.laser_wavenumber > 0 && std::isfinite(1e7 / header.laser_wavenumber)) {
    set(metadata, start + "Laser.wavelength", 1e7 / header.laser_wavenumber);
  }
  if (const Json* calibration = find(original, "WXCS")) {
    if (const auto density = number_named(*calibration, "Groove Density (lines/mm)")) {
      set(metadata, start + "Spectrometer.Grating.groove_density", *density);
    }
    if (const auto model = text_at(*calibration, "CCD.CCD")) set(metadata, start + "Detector.model", *model);
    if (const auto temperature = number_at(*calibration, "CCD.Target temperature")) {
      set(metadata, start + "Detector.temperature", *temperature);
    }
  }
  if (const Json* measurement = find(original, "WXDM")) {
    const auto frames = number_named(*measurement, "Accumulations");
    const auto exposure = number_named(*measurement, "Exposure Time");  // ms
    if (frames) set(metadata, start + "Detector.frames", *frames);
    if (frames && exposure) set(metadata, start + "Detector.integration_time", *frames * *exposure / 1000);
  }
}

/// What the EXIF part of the picture says of its place on the sample: origin and size in micrometres.
struct PicturePlace {
  double x = 0, y = 0, width = 0, height = 0;
};

std::optional<PicturePlace> picture_place(std::span<const std::byte> jpeg) {
  // The first marker after the JFIF one is EXIF; both lie within the first kilobytes. EXIF is a TIFF structure.
  constexpr std::string_view mark("Exif\0\0", 6);
  const std::string_view text(reinterpret_cast<const char*>(jpeg.data()), jpeg.size());
  const std::size_t found = text.find(mark);
  if (found == std::string_view::npos) return std::nullopt;
  const std::span<const std::byte> exif = jpeg.subspan(found + mark.size());
  if (exif.size() < 8) return std::nullopt;
  const bool big = exif[0] == std::byte{'M'};
  const auto value = [&](std::uint64_t at, int width) -> std::optional<std::uint32_t> {
    if (at + static_cast<std::uint64_t>(width) > exif.size()) return std::nullopt;
    std::uint32_t number = 0;
    for (int i = 0; i < width; ++i) {
      const auto byte = static_cast<std::uint32_t>(exif[at + static_cast<std::uint64_t>(big ? i : width - 1 - i)]);
      number = number << 8 | byte;
    }
    return number;
  };
  const auto fraction = [&](std::uint64_t at) -> double {
    const auto above = value(at, 4), below = value(at + 4, 4);
    if (!above || !below || *below == 0) return std::nan("");
    return static_cast<double>(static_cast<std::int32_t>(*above)) / static_cast<std::int32_t>(*below);
  };
  PicturePlace place{std::nan(""), std::nan(""), std::nan(""), std::nan("")};
  std::optional<std::uint32_t> directory = value(4, 4);
  for (int depth = 0; depth < 2 && directory; ++depth) {
    constexpr std::uint32_t exif_directory = 0x8769, width = 0xa20e, height = 0xa20f, origin = 0xfea0;
    const auto entries = value(*directory, 2);
    std::optional<std::uint32_t> next;
    for (std::uint32_t i = 0; entries && i < *entries; ++i) {
      const std::uint64_t at = *directory + 2 + std::uint64_t{12} * i;
      const auto tag = value(at, 2), where = value(at + 8, 4);
      if (!tag || !where) break;
      if (*tag == exif_directory) next = where;
      if (*tag == origin) place.x = fraction(*where), place.y = fraction(*where + std::uint64_t{8});
      // WiRE gives the size of the picture where EXIF has the resolution.
      if (*tag == width) place.width = fraction(*where);
      if (*tag == height) place.height = fraction(*where);
    }
    directory = next;
  }
  const bool known = std::isfinite(place.x) && std::isfinite(place.y) && place.width > 0 && place.height > 0 &&
                     std::isfinite(place.width) && std::isfinite(place.height);
  return known ? std::optional(place) : std::nullopt;
}

/// A source with another description of the same values.
class Described final : public Source {
 public:
  Described(Description description, std::shared_ptr<const Source> source)
      : description_(std::move(description)), source_(std::move(source)) {}
  const Description& describe() const override { return description_; }
  std::int64_t buffered() const override { return source_->buffered(); }
  void read(const Region& region, std::span<std::byte> out) const override { source_->read(region, out); }

 private:
  Description description_;
  std::shared_ptr<const Source> source_;
};

std::shared_ptr<const Source> picture(const std::shared_ptr<const RandomAccessFile>& file, const Block& block) {
  auto image = jpeg_image(file, block.begin, block.size);
  Description description = image->describe();
  Axis &y = description.axes[0], &x = description.axes[1];
  y.name = "y";
  x.name = "x";
  if (const auto place = picture_place(file->read(block.begin, std::min<std::int64_t>(block.size, 8192)))) {
    y.scale = place->height / static_cast<double>(y.size);
    y.offset = place->y;
    x.scale = place->width / static_cast<double>(x.size);
    x.offset = place->x;
    x.units = y.units = "µm";
    x.quantity = y.quantity = "length";
  }
  set(description.metadata, "Signal.signal_type", "");
  return std::make_shared<Described>(std::move(description), std::move(image));
}

bool is_header(std::span<const std::byte> head) {
  return head.size() >= 16 && text_of(head.first(4)) == "WDF1" &&
         load<std::uint64_t>(head, 8) == static_cast<std::uint64_t>(header_size);
}

Confidence probe(const Probe& file) {
  if (is_header(file.head)) return Confidence::content;
  return extension_of(file.path) == "wdf" ? Confidence::extension : Confidence::none;
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const auto file = std::make_shared<const RandomAccessFile>(path);
  if (!is_header(file->read(0, block_header))) {
    throw Error(ErrorKind::bad_data,
                path.filename().string() + " does not start with the header block of a WiRE file (WDF1, 512 bytes)");
  }
  const Blocks blocks = blocks_of(*file);
  const Header header = header_of(*file);
  Description description;
  description.dtype = DType::float32;
  description.title = header.title;
  Json& original = description.original;
  original["WDF1"] = Json{{"title", header.title},
                          {"username", header.user},
                          {"app_version", header.version},
                          {"measurement_type", header.measurement},
                          {"num_spectra", header.spectra},
                          {"points_per_spectrum", header.points},
                          {"laser_wavenumber", header.laser_wavenumber}};
  description.axes = navigation_axes(*file, blocks, header, original);
  Axis spectral = spectral_axis(*file, blocks, header.points);
  const bool downwards = spectral.scale < 0;
  if (downwards) {
    std::vector<double> values = spectral.values;
    for (std::int64_t i = 0; values.empty() || static_cast<std::int64_t>(values.size()) < spectral.size; ++i) {
      values.push_back(spectral.at(static_cast<double>(i)));
    }
    std::reverse(values.begin(), values.end());
    set_coordinates(spectral, std::move(values));
  }
  description.axes.push_back(std::move(spectral));

  for (const char* name : {"WXIS", "WXCS", "WXDA", "ZLDC", "WARP", "WXDM", "MAP"}) {
    const auto found = blocks.find(name);
    if (found == blocks.end() || found->second.size > longest_property_set) continue;
    Json set = renishaw::property_set(file->read(found->second.begin, found->second.size));
    if (!set.is_null()) original[name] = std::move(set);
  }
  if (const auto note = blocks.find("TEXT"); note != blocks.end() && note->second.size <= longest_property_set) {
    original["TEXT"] = text_of(file->read(note->second.begin, note->second.size));
  }
  Json& metadata = description.metadata;
  if (!header.title.empty()) set(metadata, "General.title", header.title);
  set_start(metadata, header.start);
  const std::string counts = units_of(header.unit).name;
  const std::string units = counts == "counts" ? "Counts" : counts;
  const std::string quantity = units.empty() ? "Intensity" : "Intensity (" + units + ")";
  set(metadata, "Signal", Json{{"signal_type", ""}, {"quantity", quantity}});
  set_instrument(metadata, header, original);

  const auto data = blocks.find("DATA");
  if (data == blocks.end()) throw Error(ErrorKind::bad_data, "the WiRE file has no block DATA");
  if (header.spectra > data->second.size / 4 / header.points) {
    throw Error(ErrorKind::bad_data, "the block DATA at byte " + std::to_string(data->second.begin) + " has " +
                                         std::to_string(data->second.size) + " bytes; " +
                                         std::to_string(header.spectra) + " spectra of " +
                                         std::to_string(header.points) + " points need more");
  }
  StoredLayout layout;
  layout.offset = data->second.begin;
  layout.swapped = std::endian::native == std::endian::big;
  layout.stride = c_strides(description.shape(), size_of(description.dtype));
  std::vector<std::shared_ptr<const Source>> signals{stored_array(file, description, layout)};
  if (downwards) signals[0] = std::make_shared<Reversed>(std::move(description), signals[0]);
  if (const auto white_light = blocks.find("WHTL"); white_light != blocks.end()) {
    signals.push_back(picture(file, white_light->second));
  }
  return signals;
}

}  // namespace

const Driver& renishaw_driver() {
  static const Driver driver{"renishaw", "Renishaw WiRE", {"wdf"}, probe, open, nullptr};
  return driver;
}

}  // namespace ruska::io
