// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Quantum Detectors' Merlin: frames one after another in a .mib file, each behind a header of comma-separated text, and
// a .hdr file beside it that tells the acquisition. Values are big-endian, the first row lies at the bottom. Raw frames
// (R64) are put together as Merlin's software does it.
//
// The raster of a scan is that of ScanX and ScanY in the .hdr, else one line per trigger. A scan that is triggered
// pixel by pixel says neither, but the flyback shows: between two lines more time passes than within one.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <map>
#include <numeric>
#include <optional>

#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/mib/raw_frames.hpp"
#include "ruska/io/stored_array.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

constexpr std::string_view mark = "MQ1,";
constexpr std::int64_t longest_acquisition_file = std::int64_t{1} << 20;
/// Frames whose times are looked at for the flyback: enough for several lines of any raster in use.
constexpr std::int64_t timed_frames = 10000;

/// The header of one frame.
struct FrameHeader {
  std::int64_t bytes = 0;
  std::int64_t width = 0, height = 0;
  std::string pixel;               ///< "U08", "U16", "U32", "U64" or "R64"
  std::string chips;               ///< "1x1" or "2x2"
  std::int64_t depth = 0;          ///< bits of the counters; 0 where it is not told
  std::string started;             ///< date and time, to the nanosecond and in UTC where the header has them
  std::optional<double> exposure;  ///< s
  std::vector<std::string> fields;
};

std::vector<std::string> fields_of(std::string_view text) {
  std::vector<std::string> fields;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    fields.push_back(to_utf8(trimmed(text.substr(0, comma))));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return fields;
}

FrameHeader frame_header(const RandomAccessFile& file, std::int64_t offset) {
  constexpr std::int64_t shortest = 384;
  const auto text_at = [&](std::int64_t length) {
    std::string text(static_cast<std::size_t>(length), '\0');
    file.read(offset, std::as_writable_bytes(std::span(text)));
    return text;
  };
  const auto refuse = [&](const std::string& what) {
    throw Error(ErrorKind::bad_data, "the frame header at byte " + std::to_string(offset) + " " + what);
  };
  std::string text = text_at(shortest);
  if (!text.starts_with(mark)) refuse("does not begin with 'MQ1,'");
  FrameHeader header;
  header.fields = fields_of(text);
  const auto integer = [&](std::size_t field, const char* name, std::int64_t low, std::int64_t high) {
    const auto value = field < header.fields.size() ? parse_integer(header.fields[field]) : std::nullopt;
    if (!value || *value < low || *value > high) {
      refuse(std::string("has '") + (field < header.fields.size() ? header.fields[field] : "") + "' for the " + name +
             ", which must be a whole number from " + std::to_string(low) + " to " + std::to_string(high));
    }
    return *value;
  };
  header.bytes = integer(2, "bytes before the values", shortest, 65536);
  header.width = integer(4, "width", 1, 65536);
  header.height = integer(5, "height", 1, 65536);
  if (header.fields.size() < 11) refuse("has fewer than 11 fields");
  header.pixel = header.fields[6];
  header.chips = header.fields[7];
  header.started = header.fields[9];
  header.exposure = parse_number(header.fields[10]);
  if (header.bytes > shortest) text = text_at(header.bytes);
  text.resize(std::min(text.find('\0'), text.size()));
  header.fields = fields_of(text);
  const auto extension = std::find(header.fields.begin(), header.fields.end(), "MQ1A");
  if (header.fields.end() - extension > 1) header.started = extension[1];
  if (header.fields.end() - extension > 2 && extension[2].ends_with("ns")) {
    if (const auto nanoseconds = parse_number(std::string_view(extension[2]).substr(0, extension[2].size() - 2))) {
      header.exposure = *nanoseconds * 1e-9;
    }
  }
  if (header.fields.end() - extension > 3) header.depth = parse_integer(extension[3]).value_or(0);
  return header;
}

DType dtype_of(const FrameHeader& header) {
  if (header.pixel == "U08") return DType::uint8;
  if (header.pixel == "U16") return DType::uint16;
  if (header.pixel == "U32") return DType::uint32;
  if (header.pixel == "U64") return DType::uint64;
  if (header.pixel == "R64") return header.depth == 12 ? DType::uint16 : DType::uint8;
  throw Error(ErrorKind::bad_data,
              "the frame header gives '" + header.pixel + "' as pixel type; known are U08, U16, U32, U64 and R64");
}

/// Where raw frames lie and how, from the header of the first; `offset` and `frame_bytes` are left to the caller.
mib::RawLayout raw_layout(const FrameHeader& header) {
  mib::RawLayout layout;
  if (header.depth != 1 && header.depth != 6 && header.depth != 12) {
    throw Error(ErrorKind::unsupported, "raw frames (R64) with counters of " + std::to_string(header.depth) +
                                            " bits; supported are 1, 6 and 12. Merlin's software converts them to "
                                            "U08, U16 or U32");
  }
  layout.bits = header.depth == 1 ? 1 : header.depth == 6 ? 8 : 16;
  layout.four_chips = header.chips == "2x2";
  if (!layout.four_chips && header.chips != "1x1") {
    throw Error(ErrorKind::unsupported,
                "raw frames (R64) of chips in the arrangement '" + header.chips + "'; supported are 1x1 and 2x2");
  }
  layout.lines = header.height;
  if (header.width * layout.bits % (layout.four_chips ? 256 : 64) != 0) {
    throw Error(ErrorKind::bad_data, "raw lines of " + std::to_string(header.width) + " values of " +
                                         std::to_string(layout.bits) + " bits are no whole words of 64 bits per chip");
  }
  layout.line_bytes = header.width * layout.bits / 8;
  return layout;
}

/// The keys and values of the .hdr file. Throws bad_data when its last line is missing.
std::map<std::string, std::string> acquisition_of(const std::filesystem::path& path) {
  const std::string text = RandomAccessFile(path).read_text(longest_acquisition_file, "a Merlin .hdr file");
  std::map<std::string, std::string> values;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.starts_with("HDR")) continue;
    if (line.starts_with("End\t")) return values;
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos) continue;
    std::string_view key = trimmed(line.substr(0, tab));
    if (key.ends_with(':')) key.remove_suffix(1);
    values[to_utf8(key)] = to_utf8(trimmed(line.substr(tab)));
  }
  throw Error(ErrorKind::bad_data, path.filename().string() + " ends without its line 'End'; it is cut short");
}

std::int64_t integer_of(const std::map<std::string, std::string>& acquisition, const std::string& key) {
  const auto found = acquisition.find(key);
  if (found == acquisition.end()) return 0;
  const auto value = parse_integer(found->second);
  if (!value || *value < 0) {
    throw Error(ErrorKind::bad_data,
                "the .hdr file has '" + found->second + "' for '" + key + "', which must be a whole number from 0 on");
  }
  return *value;
}

/// Nanoseconds within the day of "…T16:51:10.905800928Z" or "… 18:51:10.905800"; nothing for another form.
std::optional<std::int64_t> time_of_day(const std::string& started) {
  int hour = 0, minute = 0, second = 0, used = 0;
  if (started.size() < 12 || std::sscanf(started.c_str() + 11, "%2d:%2d:%2d%n", &hour, &minute, &second, &used) != 3) {
    return std::nullopt;
  }
  std::int64_t nanoseconds = (std::int64_t{hour} * 3600 + std::int64_t{minute} * 60 + second) * 1000000000;
  std::int64_t unit = 100000000;
  std::size_t at = 11 + static_cast<std::size_t>(used);
  if (at < started.size() && started[at] == '.') {
    for (++at; at < started.size() && started[at] >= '0' && started[at] <= '9'; ++at, unit /= 10) {
      nanoseconds += (started[at] - '0') * unit;
    }
  }
  return nanoseconds;
}

/// Frames per line from the times between frames, 0 where they do not show lines.
std::int64_t frames_per_line(const RandomAccessFile& file, std::int64_t frames, std::int64_t frame_bytes) {
  constexpr std::int64_t day = std::int64_t{86400} * 1000000000;
  std::vector<std::int64_t> waits;
  std::optional<std::int64_t> before;
  for (std::int64_t frame = 0; frame < std::min(frames, timed_frames); ++frame) {
    const auto now = time_of_day(frame_header(file, frame * frame_bytes).started);
    if (!now) return 0;
    if (before) waits.push_back((*now - *before + day) % day);
    before = now;
  }
  if (waits.size() < 2) return 0;
  const double mean = std::accumulate(waits.begin(), waits.end(), 0.0) / static_cast<double>(waits.size());
  const auto first =
      std::find_if(waits.begin(), waits.end(), [&](std::int64_t wait) { return static_cast<double>(wait) > mean; });
  const std::int64_t line = first - waits.begin() + 1;
  if (first == waits.end() || line < 2 || line == frames || frames % line != 0) return 0;
  std::int64_t shortest_flyback = day, shortest = day, longest = 0;
  for (std::size_t i = 0; i < waits.size(); ++i) {
    if ((static_cast<std::int64_t>(i) + 1) % line == 0) {
      shortest_flyback = std::min(shortest_flyback, waits[i]);
    } else {
      shortest = std::min(shortest, waits[i]);
      longest = std::max(longest, waits[i]);
    }
  }
  // A flyback must stand out of the jitter, or any three frames would make lines.
  return shortest_flyback - longest > 5 * (longest - shortest) ? line : 0;
}

/// The lengths of the navigation axes for a number of frames.
Shape raster_of(const std::map<std::string, std::string>& acquisition, const RandomAccessFile& file,
                std::int64_t frames, std::int64_t frame_bytes) {
  if (frames == 1) return {};
  const std::int64_t x = integer_of(acquisition, "ScanX"), y = integer_of(acquisition, "ScanY");
  std::int64_t line = 0;
  if (x > 0 && y > 0 && frames % x == 0 && frames / x == y) {
    line = x;
  } else {
    line = integer_of(acquisition, "Frames per Trigger (Number)");
    if (line <= 1) line = frames_per_line(file, frames, frame_bytes);
  }
  if (line <= 1 || line >= frames || frames % line != 0) return {frames};
  return {frames / line, line};
}

Json metadata_of(const FrameHeader& header) {
  Json metadata = Json::object();
  set(metadata, "General.title", "");
  std::string_view started = header.started;
  if (started.size() > 11 && (started[10] == 'T' || started[10] == ' ')) {
    set(metadata, "General.date", std::string(started.substr(0, 10)));
    const bool utc = started.ends_with('Z');
    if (utc) started.remove_suffix(1);
    set(metadata, "General.time", std::string(started.substr(11)));
    if (utc) set(metadata, "General.time_zone", "UTC");
  }
  if (header.exposure) set(metadata, "Acquisition_instrument.dwell_time", *header.exposure);
  set(metadata, "Signal.signal_type", "electron_diffraction");
  return metadata;
}

Confidence probe(const Probe& file) {
  const std::string_view head(reinterpret_cast<const char*>(file.head.data()), file.head.size());
  if (head.starts_with(mark)) return Confidence::content;
  const std::string extension = extension_of(file.path);
  if (extension == "hdr" && head.starts_with("HDR,") && sibling(file.path, "mib")) return Confidence::content;
  return extension == "mib" ? Confidence::extension : Confidence::none;
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const auto frames_file = extension_of(path) == "hdr" ? sibling(path, "mib") : path;
  if (!frames_file) throw Error(ErrorKind::not_found, "no .mib file lies beside " + path.filename().string());
  const auto file = std::make_shared<const RandomAccessFile>(*frames_file);
  const FrameHeader header = frame_header(*file, 0);
  Description description;
  description.dtype = dtype_of(header);
  description.signal_type = "electron_diffraction";

  const auto item = static_cast<std::int64_t>(size_of(description.dtype));
  std::optional<mib::RawLayout> raw;
  if (header.pixel == "R64") raw = raw_layout(header);
  const std::int64_t row = raw ? raw->line_bytes : header.width * item;
  const std::int64_t frame_bytes = header.bytes + header.height * row;
  const std::int64_t frames = file->size() / frame_bytes;
  if (frames == 0 || file->size() % frame_bytes != 0) {
    throw Error(ErrorKind::bad_data, frames_file->filename().string() + " has " + std::to_string(file->size()) +
                                         " bytes, which are no whole number of frames of " +
                                         std::to_string(frame_bytes) + " bytes; it is cut short");
  }
  const FrameHeader last = frame_header(*file, (frames - 1) * frame_bytes);
  if (last.bytes != header.bytes || last.width != header.width || last.height != header.height ||
      last.pixel != header.pixel) {
    throw Error(ErrorKind::unsupported, "the last frame has another size or pixel type than the first");
  }

  std::map<std::string, std::string> acquisition;
  if (const auto beside = sibling(*frames_file, "hdr")) {
    acquisition = acquisition_of(*beside);
    const std::int64_t promised = integer_of(acquisition, "Frames in Acquisition (Number)");
    if (promised > frames) {
      throw Error(ErrorKind::bad_data, beside->filename().string() + " tells of " + std::to_string(promised) +
                                           " frames, but the .mib file ends after " + std::to_string(frames) +
                                           "; without the .hdr file beside it, it can be read as a series of frames");
    }
  }

  StoredLayout layout;
  const Shape raster = raster_of(acquisition, *file, frames, frame_bytes);
  for (const std::int64_t length : raster) {
    description.axes.push_back({.role = Role::navigation, .size = length});
  }
  description.metadata = metadata_of(header);
  description.original["frame_header"] = header.fields;
  for (const auto& [key, value] : acquisition) description.original["acquisition"][key] = value;
  if (raw) {
    raw->offset = header.bytes;
    raw->frame_bytes = frame_bytes;
    // The header counts the chips' rows side by side.
    const std::int64_t chip_rows = raw->four_chips ? 2 : 1;
    description.axes.push_back({.size = header.height * chip_rows});
    description.axes.push_back({.size = header.width / chip_rows});
    return {mib::raw_frames(file, std::move(description), *raw)};
  }
  if (raster.size() == 2) layout.stride.push_back(raster[1] * frame_bytes);
  if (!raster.empty()) layout.stride.push_back(frame_bytes);
  description.axes.push_back({.size = header.height});
  description.axes.push_back({.size = header.width});
  layout.stride.push_back(-row);
  layout.stride.push_back(item);
  layout.offset = header.bytes + (header.height - 1) * row;
  layout.swapped = item > 1 && std::endian::native != std::endian::big;
  return {stored_array(file, std::move(description), std::move(layout))};
}

}  // namespace

const Driver& mib_driver() {
  static const Driver driver{"mib", "Quantum Detectors Merlin", {"mib"}, probe, open};
  return driver;
}

}  // namespace ruska::io
