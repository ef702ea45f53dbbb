// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Oxford Instruments backscatter patterns (.ebsp): a version, the place of every pattern in the order of the map, and
// the patterns in the order in which they were stored, each between a header (compressed, rows, columns, bytes) and the
// beam's position. The version is negative; files of the first version begin with the places. Patterns that were not
// stored have the place 0; those that are there are then a list.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>

#include "ruska/core/driver.hpp"
#include "ruska/io/byte_cursor.hpp"
#include "ruska/io/pattern_axes.hpp"
#include "ruska/io/stored_array.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

constexpr std::int64_t header_bytes = 16;
constexpr std::int64_t newest_version = 6;
constexpr std::int64_t largest_side = 16384;

std::int64_t version_of(std::span<const std::byte> head) {
  const auto first = std::bit_cast<std::int64_t>(load<std::uint64_t>(head));
  return first < 0 ? -std::max(first, -std::numeric_limits<std::int64_t>::max()) : 0;
}
std::int64_t table_offset(std::int64_t version) { return version == 0 ? 0 : version > 3 ? 9 : 8; }

Confidence probe(const Probe& file) {
  if (extension_of(file.path) != "ebsp") return Confidence::none;
  if (file.head.size() < 32) return Confidence::extension;
  const std::int64_t version = version_of(file.head);
  if (version > newest_version) return Confidence::extension;
  const auto table = static_cast<std::size_t>(table_offset(version));
  const auto first = std::bit_cast<std::int64_t>(load<std::uint64_t>(file.head, table));
  const bool plausible = first >= 0 && first <= file.size && (version > 0 || first > 0);
  return plausible ? Confidence::content : Confidence::extension;
}

struct PatternHeader {
  std::int32_t compressed = 0, rows = 0, columns = 0, bytes = 0;
  bool operator==(const PatternHeader&) const = default;
};

PatternHeader read_header(std::span<const std::byte> bytes) {
  ByteCursor in(bytes, "the header of a pattern");
  PatternHeader header;
  header.compressed = in.number<std::int32_t>();
  header.rows = in.number<std::int32_t>();
  header.columns = in.number<std::int32_t>();
  header.bytes = in.number<std::int32_t>();
  return header;
}

/// Patterns of one size at places of their own. The navigation axes run over them in the order of the places.
class Patterns final : public Source {
 public:
  Patterns(std::shared_ptr<const RandomAccessFile> file, Description description, std::vector<std::int64_t> places,
           PatternHeader header)
      : file_(std::move(file)), description_(std::move(description)), places_(std::move(places)), header_(header) {
    description_.validate();
  }

  const Description& describe() const override { return description_; }

  void read(const Region& region, std::span<std::byte> out) const override {
    check_region(region, description_, out.size());
    if (out.empty()) return;
    const std::size_t item = size_of(description_.dtype);
    const std::size_t navigation = region.shape.size() - 2;
    const Shape pattern_shape{header_.rows, header_.columns};
    const Region part{{region.start[navigation], region.start[navigation + 1]},
                      {region.shape[navigation], region.shape[navigation + 1]}};
    const std::size_t part_bytes = static_cast<std::size_t>(part.count()) * item;
    const Shape shape = description_.shape();
    Shape index(navigation, 0);
    for (std::size_t done = 0; done < out.size(); done += part_bytes) {
      std::int64_t number = 0;
      for (std::size_t axis = 0; axis < navigation; ++axis) {
        number = number * shape[axis] + region.start[axis] + index[axis];
      }
      const std::int64_t place = places_[static_cast<std::size_t>(number)];
      const std::vector<std::byte> stored = file_->read(place, header_bytes + header_.bytes);
      if (!(read_header(stored) == header_)) {
        throw Error(ErrorKind::bad_data, "pattern " + std::to_string(number) + " at byte " + std::to_string(place) +
                                             " differs in size or compression from the first");
      }
      copy_region(std::span(stored).subspan(header_bytes), pattern_shape, item, part, out.subspan(done, part_bytes));
      for (std::size_t axis = navigation; axis-- > 0;) {
        if (++index[axis] < region.shape[axis]) break;
        index[axis] = 0;
      }
    }
    if (little_endian_is_swapped) swap_bytes(out, description_.dtype);
  }

 private:
  std::shared_ptr<const RandomAccessFile> file_;
  Description description_;
  std::vector<std::int64_t> places_;
  PatternHeader header_;
};

/// The table ends where the first pattern begins, which is the least of its own entries.
std::vector<std::int64_t> read_places(const RandomAccessFile& file, std::int64_t begin) {
  constexpr std::int64_t piece = 8192;
  std::vector<std::int64_t> places;
  std::int64_t end = file.size();
  for (std::int64_t at = begin; at + 8 <= end;) {
    const std::int64_t count = std::min(piece, (end - at) / 8);
    const auto bytes = file.read(at, 8 * count);
    for (std::int64_t i = 0; i < count && at + 8 <= end; ++i, at += 8) {
      const auto place = std::bit_cast<std::int64_t>(load<std::uint64_t>(bytes, static_cast<std::size_t>(8 * i)));
      if (place < 0 || (place > 0 && place < begin + 8) || place > file.size()) {
        throw Error(ErrorKind::bad_data, "the place of pattern " + std::to_string(places.size()) + " at byte " +
                                             std::to_string(at) + " is " + std::to_string(place) + ", outside the " +
                                             std::to_string(file.size()) + " bytes of the file");
      }
      if (place > 0) end = std::min(end, place);
      places.push_back(place);
    }
  }
  if (end == file.size() || begin + 8 * static_cast<std::int64_t>(places.size()) != end) {
    throw Error(ErrorKind::bad_data, "the table of " + std::to_string(places.size()) + " places does not end where " +
                                         "the first pattern begins, at byte " + std::to_string(end));
  }
  return places;
}

/// The beam's position behind a pattern, in µm; nothing where the version or the pattern has none.
std::optional<std::pair<double, double>> position(const RandomAccessFile& file, std::int64_t version,
                                                  std::int64_t footer) {
  if (version == 0) return std::nullopt;
  const auto bytes = file.read(footer, std::min<std::int64_t>(18, file.size() - footer));
  ByteCursor in(bytes, "the position of a pattern", footer);
  if (version > 1 && in.number<std::uint8_t>() == 0) return std::nullopt;
  const double x = in.number<double>();
  if (version > 1 && in.number<std::uint8_t>() == 0) return std::nullopt;
  const double y = in.number<double>();
  if (!std::isfinite(x) || !std::isfinite(y)) in.fail("a position that is no number");
  return std::pair(x, y);
}

struct Raster {
  std::int64_t rows = 0, columns = 0;
  double step = 0;
};

/// The raster that the positions of the first, second and last pattern span; nothing where it is not filled.
std::optional<Raster> raster_of(const RandomAccessFile& file, std::int64_t version,
                                const std::vector<std::int64_t>& places, std::int64_t pattern_bytes) {
  if (places.size() < 2) return std::nullopt;
  const auto at = [&](std::size_t i) { return position(file, version, places[i] + header_bytes + pattern_bytes); };
  const auto first = at(0), second = at(1), last = at(places.size() - 1);
  if (!first || !second || !last) return std::nullopt;
  const double step = second->first - first->first;
  if (!(step > 0)) return std::nullopt;
  const double columns = std::round((last->first - first->first) / step) + 1;
  const double rows = std::round(std::fabs(last->second - first->second) / step) + 1;
  if (!(rows >= 1 && columns >= 1) || rows * columns != static_cast<double>(places.size())) return std::nullopt;
  return Raster{static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns), step};
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const auto file = std::make_shared<const RandomAccessFile>(path);
  const std::int64_t version = version_of(file->read(0, 8));
  if (version > newest_version) {
    throw Error(ErrorKind::unsupported, "version " + std::to_string(version) +
                                            " of Oxford's pattern files; supported are 0 to " +
                                            std::to_string(newest_version));
  }
  std::vector<std::int64_t> places = read_places(*file, table_offset(version));
  const std::int64_t listed = static_cast<std::int64_t>(places.size());
  std::erase(places, 0);
  const PatternHeader header = read_header(file->read(*std::min_element(places.begin(), places.end()), header_bytes));
  if (header.compressed != 0) {
    throw Error(ErrorKind::unsupported, "compressed patterns; export them uncompressed");
  }
  if (header.rows < 1 || header.columns < 1 || header.rows > largest_side || header.columns > largest_side) {
    throw Error(ErrorKind::bad_data, "patterns of " + std::to_string(header.rows) + " rows and " +
                                         std::to_string(header.columns) + " columns");
  }
  const std::int64_t pixels = std::int64_t{header.rows} * header.columns;
  if (header.bytes != pixels && header.bytes != 2 * pixels) {
    throw Error(ErrorKind::unsupported, "patterns of " + std::to_string(pixels) + " pixels in " +
                                            std::to_string(header.bytes) + " bytes; supported are 8 and 16 bits");
  }
  const std::int64_t least_footer = version == 0 ? 0 : version == 1 ? 16 : 2;
  const std::int64_t farthest = *std::max_element(places.begin(), places.end());
  if (farthest > file->size() - header_bytes - header.bytes - least_footer) {
    throw Error(ErrorKind::bad_data, "the pattern at byte " + std::to_string(farthest) + " reaches beyond the " +
                                         std::to_string(file->size()) + " bytes of the file; it is cut short");
  }
  Description description;
  description.dtype = header.bytes == pixels ? DType::uint8 : DType::uint16;
  Raster raster{0, static_cast<std::int64_t>(places.size()), 0};
  if (static_cast<std::int64_t>(places.size()) == listed) {
    raster = raster_of(*file, version, places, header.bytes).value_or(raster);
  }
  description.axes = pattern_axes(raster.rows, raster.columns, raster.step, raster.step, header.rows, header.columns);
  description.original = Json{{"version", version}, {"patterns_listed", listed}, {"patterns_stored", places.size()}};
  return {std::make_shared<Patterns>(file, std::move(description), std::move(places), header)};
}

}  // namespace

const Driver& oxford_ebsp_driver() {
  static const Driver driver{"oxford_ebsp", "Oxford backscatter patterns", {"ebsp"}, probe, open, nullptr};
  return driver;
}

}  // namespace ruska::io
