// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/blockfile/writer.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "ruska/base/error.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/date_time.hpp"
#include "ruska/io/file_to_write.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io::blockfile {
namespace {

constexpr std::int64_t image_offset = 4096;

struct Scan {
  std::int64_t rows = 1, columns = 1, side = 0;
  Axis y{}, x{}, pixel{};

  std::int64_t positions() const { return rows * columns; }
  std::int64_t patterns_offset() const { return image_offset + positions(); }
  std::int64_t pattern_bytes() const { return before_pattern + side * side; }
  std::int64_t bytes() const { return patterns_offset() + positions() * pattern_bytes(); }
};

Scan scan_of(const Description& description) {
  description.validate();
  const auto refuse = [](const std::string& what) {
    throw Error(ErrorKind::unsupported,
                "a blockfile holds square patterns of uint8, up to 65535 pixels a side, over one or two scan axes of "
                "up to 65535 places, not " +
                    what + "; .hspy takes it");
  };
  const Axes& axes = description.axes;
  const std::size_t navigation = description.navigation_shape().size();
  if (description.dtype != DType::uint8) refuse("values of " + std::string(name_of(description.dtype)));
  if (!description.fields.empty()) refuse("pixels of several parts");
  if (axes.size() != navigation + 2 || navigation < 1 || navigation > 2) {
    refuse(std::to_string(axes.size() - navigation) + " signal axes over " + std::to_string(navigation));
  }
  Scan scan;
  scan.side = axes.back().size;
  if (axes[navigation].size != scan.side) refuse("patterns of " + to_string(description.signal_shape()));
  for (const Axis& axis : axes) {
    if (axis.size < 1 || axis.size > 65535) refuse("an axis of " + std::to_string(axis.size) + " places");
  }
  scan.pixel = axes.back();
  scan.x = axes[navigation - 1];
  scan.columns = scan.x.size;
  if (navigation == 2) {
    scan.y = axes[0];
    scan.rows = scan.y.size;
  }
  // Places are 32-bit numbers.
  if (scan.patterns_offset() > std::int64_t{UINT32_MAX}) refuse("a scan of " + to_string(description.shape()));
  return scan;
}

/// The step in the given unit; 0, which stands for unknown, where the axis is no length.
double step_in(const Axis& axis, double metres) {
  static const std::map<std::string, double> units{{"pm", 1e-12}, {"Å", 1e-10}, {"nm", 1e-9}, {"µm", 1e-6},
                                                   {"mm", 1e-3},  {"cm", 1e-2}, {"m", 1}};
  const auto found = units.find(axis.units);
  if (found == units.end() || !axis.values.empty()) return 0;
  return axis.scale * (found->second == metres ? 1 : found->second / metres);
}

/// Days since 30 December 1899; 0 where the metadata have no date.
double days_of(const Json& metadata) {
  const auto day = numbers_in(text_at(metadata, "General.date").value_or(""));
  if (day.size() != 3) return 0;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(day[0])),
                                         std::chrono::month(static_cast<unsigned>(day[1])),
                                         std::chrono::day(static_cast<unsigned>(day[2]))};
  if (!date.ok()) return 0;
  const std::string time = text_at(metadata, "General.time").value_or("");
  const auto clock = numbers_in(time);
  const std::size_t colon = time.rfind(':');
  double seconds = 0;
  if (clock.size() >= 3 && colon != std::string::npos) {
    seconds = static_cast<double>(clock[0] * 3600 + clock[1] * 60) + parse_number(time.substr(colon + 1)).value_or(0);
  }
  constexpr double days_to_1970 = 25569;
  return static_cast<double>(std::chrono::sys_days(date).time_since_epoch().count()) + days_to_1970 + seconds / 86400;
}

template <class T>
T limited(double value) {
  return static_cast<T>(std::clamp(std::round(value), 0.0, static_cast<double>(std::numeric_limits<T>::max())));
}

std::string header_of(const Description& description, const Scan& scan) {
  static_assert(std::endian::native == std::endian::little, "the fields are little-endian");
  std::string header(mark);
  const auto add = [&]<class T>(T value) { header.append(reinterpret_cast<const char*>(&value), sizeof(T)); };
  const auto number = [&](const char* path) { return number_at(description.metadata, path).value_or(0); };
  const double pixel = step_in(scan.pixel, 1e-2);
  add(std::uint16_t{0x0102});
  add(static_cast<std::uint32_t>(image_offset));
  add(static_cast<std::uint32_t>(scan.patterns_offset()));
  add(std::uint32_t{131141});  // as the instrument's own files have it
  add(static_cast<std::uint16_t>(scan.side));
  add(std::uint16_t{0});
  add(static_cast<std::uint16_t>(scan.columns));
  add(static_cast<std::uint16_t>(scan.rows));
  add(limited<std::uint16_t>(100 * number("Acquisition_instrument.TEM.rotation")));
  add(step_in(scan.x, 1e-9));
  add(step_in(scan.y, 1e-9));
  add(limited<std::uint32_t>(1000 * beam_energy(description.metadata).value_or(0)));
  add(limited<std::uint16_t>(pixel > 0 ? 100 / pixel : 0));
  add(limited<std::uint32_t>(10 * number("Acquisition_instrument.TEM.camera_length")));
  add(days_of(description.metadata));
  for (int i = 0; i < 22; ++i) add(0.0);  // centring and distortion: none
  header += text_at(description.metadata, "General.notes").value_or("");
  header.resize(image_offset, '\0');
  return header;
}

class BlockfileSink final : public Sink {
 public:
  BlockfileSink(const std::filesystem::path& path, const Description& description, Begun begun)
      : description_(description),
        scan_(scan_of(description)),
        sums_(static_cast<std::size_t>(scan_.positions())),
        written_(sums_.size()),
        file_(path, scan_.bytes(), begun) {
    const std::string header = header_of(description, scan_);
    file_.write(0, std::as_bytes(std::span(header)));
  }

  Storage storage() const override {
    Shape chunk(description_.axes.size(), 1);
    chunk.back() = chunk[chunk.size() - 2] = scan_.side;
    return {.chunk = chunk, .concurrent = true, .buffered = 16 * scan_.positions()};
  }

  void write(const Region& region, std::span<const std::byte> values) override {
    check_region(region, description_, values.size());
    const std::size_t rank = region.shape.size();
    const std::int64_t height = region.shape[rank - 2], width = region.shape[rank - 1];
    const std::int64_t rows = rank == 4 ? region.shape[0] : 1, row = rank == 4 ? region.start[0] : 0;
    for (std::int64_t y = 0; y < rows; ++y) {
      for (std::int64_t x = 0; x < region.shape[rank - 3]; ++x) {
        const std::int64_t position = (row + y) * scan_.columns + region.start[rank - 3] + x;
        write_part(position, region.start[rank - 2], region.start[rank - 1], width,
                   values.first(static_cast<std::size_t>(height * width)));
        values = values.subspan(static_cast<std::size_t>(height * width));
      }
    }
  }

  void flush() override { file_.flush(); }

  void commit() override {
    sum_what_others_wrote();
    const auto [least, greatest] = std::minmax_element(sums_.begin(), sums_.end());
    const double range = std::max(static_cast<double>(*greatest - *least), 1.0);
    std::vector<std::uint8_t> image;
    for (const std::int64_t sum : sums_)
      image.push_back(limited<std::uint8_t>(static_cast<double>(sum - *least) / range * 255));
    file_.write(image_offset, std::as_bytes(std::span(image)));
    file_.close();
  }

 private:
  std::int64_t place_of(std::int64_t position) const {
    return scan_.patterns_offset() + position * scan_.pattern_bytes();
  }

  /// Rows `top` and on of a pattern, from column `left` on.
  void write_part(std::int64_t position, std::int64_t top, std::int64_t left, std::int64_t width,
                  std::span<const std::byte> values) {
    const auto at = static_cast<std::size_t>(position);
    for (const std::byte value : values) sums_[at] += std::to_integer<std::int64_t>(value);
    written_[at] += static_cast<std::int64_t>(values.size());
    const std::int64_t pixels = place_of(position) + before_pattern;
    if (top == 0 && left == 0) {
      const std::uint16_t lead = 0x55AA;
      const auto number = static_cast<std::uint32_t>(position);
      file_.write(place_of(position), std::as_bytes(std::span(&lead, 1)));
      file_.write(place_of(position) + 2, std::as_bytes(std::span(&number, 1)));
    }
    const std::int64_t run = width == scan_.side ? static_cast<std::int64_t>(values.size()) : width;
    for (std::int64_t y = top; !values.empty(); ++y) {
      file_.write(pixels + y * scan_.side + left, values.first(static_cast<std::size_t>(run)));
      values = values.subspan(static_cast<std::size_t>(run));
    }
  }

  /// The sums of patterns that whoever began the file had written.
  void sum_what_others_wrote() {
    std::vector<std::byte> pattern(static_cast<std::size_t>(scan_.side * scan_.side));
    for (std::int64_t position = 0; position < scan_.positions(); ++position) {
      const auto at = static_cast<std::size_t>(position);
      if (written_[at] == static_cast<std::int64_t>(pattern.size())) continue;
      file_.read(place_of(position) + before_pattern, pattern);
      sums_[at] = std::transform_reduce(pattern.begin(), pattern.end(), std::int64_t{0}, std::plus<>(),
                                        [](std::byte value) { return std::to_integer<std::int64_t>(value); });
    }
  }

  Description description_;
  Scan scan_;
  std::vector<std::int64_t> sums_, written_;  ///< of each pattern: its counts, and how many pixels were written
  FileToWrite file_;
};

}  // namespace

std::unique_ptr<Sink> create(const std::filesystem::path& path, const Description& description) {
  return std::make_unique<BlockfileSink>(path, description, Begun::anew);
}

std::unique_ptr<Sink> resume(const std::filesystem::path& path, const Description& description) {
  return std::make_unique<BlockfileSink>(path, description, Begun::before);
}

}  // namespace ruska::io::blockfile
