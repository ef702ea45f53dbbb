// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Streams of TVIPS cameras: `name_000.tvips` begins with a header of 256 bytes; frames follow, each behind a header of
// its own, and go on in `name_001.tvips` and so on, which have no header. Numbers are little-endian.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>

#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/date_time.hpp"
#include "ruska/io/field_reader.hpp"
#include "ruska/io/joined_source.hpp"
#include "ruska/io/stored_array.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

constexpr std::int64_t header_bytes = 256;

struct Header {
  std::uint32_t bytes, version, width, height, bits, offset_x, offset_y, bin_x, bin_y, pixel_size, high_tension,
      magnification, frame_header_bytes;
};

Header read_header(FieldReader& fields) {
  Header header{};
  for (std::uint32_t* field : {&header.bytes, &header.version, &header.width, &header.height, &header.bits,
                               &header.offset_x, &header.offset_y, &header.bin_x, &header.bin_y, &header.pixel_size,
                               &header.high_tension, &header.magnification, &header.frame_header_bytes}) {
    *field = fields.number<std::uint32_t>();
  }
  return header;
}

bool plausible(const Header& header) {
  constexpr std::uint32_t longest_side = 65536;
  return header.bytes == header_bytes && (header.version == 1 || header.version == 2) &&
         (header.bits == 8 || header.bits == 16) && header.width > 0 && header.width <= longest_side &&
         header.height > 0 && header.height <= longest_side &&
         (header.version == 1 || (header.frame_header_bytes >= 60 && header.frame_header_bytes <= 65536));
}

/// What stands before every frame; version 1 has the number and the time alone.
struct FrameHeader {
  std::uint32_t number = 0, seconds = 0, milliseconds = 0, colour_table = 0;
  float current = 0;
  std::uint32_t magnification = 0, mode = 0;
  float stage_x = 0, stage_y = 0, stage_z = 0, tilt_alpha = 0, tilt_beta = 0;
  std::uint32_t rotation_index = 0;
  float temperature = 0, objective = 0;

  double time() const { return seconds + milliseconds / 1000.0; }
};

FrameHeader read_frame_header(FieldReader& fields, std::uint32_t version) {
  FrameHeader frame;
  const auto fill = [&](auto&... field) { ((field = fields.number<std::remove_reference_t<decltype(field)>>()), ...); };
  fill(frame.number, frame.seconds, frame.milliseconds);
  if (version == 2) {
    fill(frame.colour_table, frame.current, frame.magnification, frame.mode, frame.stage_x, frame.stage_y,
         frame.stage_z, frame.tilt_alpha, frame.tilt_beta, frame.rotation_index, frame.temperature, frame.objective);
  }
  return frame;
}

/// The number n of `name_n.tvips`, three digits; -1 for another name.
int part_of(const std::filesystem::path& path) {
  const std::string stem = path.stem().string();
  if (stem.size() < 4 || stem[stem.size() - 4] != '_') return -1;
  const auto number = parse_integer(std::string_view(stem).substr(stem.size() - 3));
  return number && *number >= 0 ? static_cast<int>(*number) : -1;
}

std::filesystem::path with_part(const std::filesystem::path& path, int part) {
  char digits[16];
  std::snprintf(digits, sizeof digits, "%03d", part);
  const std::string stem = path.stem().string();
  return path.parent_path() / (stem.substr(0, stem.size() - 3) + digits + path.extension().string());
}

Confidence probe(const Probe& file) {
  if (extension_of(file.path) != "tvips") return Confidence::none;
  if (part_of(file.path) > 0) return Confidence::extension;
  try {
    const RandomAccessFile bytes(file.path);
    FieldReader fields(bytes);
    return plausible(read_header(fields)) ? Confidence::content : Confidence::extension;
  } catch (const Error&) {
    return Confidence::extension;
  }
}

Json metadata_of(const Header& header, const FrameHeader& frame) {
  Json metadata = Json::object();
  set(metadata, "General.title", "");
  set_unix_time(metadata, frame.seconds);
  const std::string at = "Acquisition_instrument.TEM.";
  if (header.high_tension > 0) set(metadata, at + "beam_energy", header.high_tension);
  if (header.magnification > 0) set(metadata, at + "magnification", header.magnification);
  if (header.version == 2) {
    const auto add = [&](const char* entry, float value) {
      if (std::isfinite(value)) set(metadata, at + "Stage." + entry, value);
    };
    add("tilt_alpha", frame.tilt_alpha);
    add("tilt_beta", frame.tilt_beta);
    add("x", frame.stage_x);
    add("y", frame.stage_y);
    add("z", frame.stage_z);
  }
  if (frame.mode == 2) set(metadata, "Signal.signal_type", "diffraction");
  return metadata;
}

Json original_of(const Header& header, const FrameHeader& frame) {
  return {{"header",
           {{"version", header.version},
            {"width", header.width},
            {"height", header.height},
            {"bits", header.bits},
            {"offset_x", header.offset_x},
            {"offset_y", header.offset_y},
            {"bin_x", header.bin_x},
            {"bin_y", header.bin_y},
            {"pixel_size", header.pixel_size},
            {"high_tension", header.high_tension},
            {"magnification", header.magnification},
            {"frame_header_bytes", header.frame_header_bytes}}},
          {"first_frame",
           {{"number", frame.number},
            {"seconds", frame.seconds},
            {"milliseconds", frame.milliseconds},
            {"current", frame.current},
            {"magnification", frame.magnification},
            {"mode", frame.mode},
            {"rotation_index", frame.rotation_index},
            {"temperature", frame.temperature},
            {"objective", frame.objective}}}};
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const int part = part_of(path);
  if (part != 0) {
    throw Error(ErrorKind::unsupported, path.filename().string() +
                                            " is not the first part of a stream; open the file whose name ends in "
                                            "_000.tvips, the others are read with it");
  }
  auto file = std::make_shared<const RandomAccessFile>(path);
  FieldReader fields(*file);
  const Header header = read_header(fields);
  if (!plausible(header)) {
    throw Error(ErrorKind::bad_data,
                "the header tells of version " + std::to_string(header.version) + ", a header of " +
                    std::to_string(header.bytes) + " bytes, frames of " + std::to_string(header.height) + " × " +
                    std::to_string(header.width) + " pixels of " + std::to_string(header.bits) +
                    " bits; supported are versions 1 and 2, 256 bytes, sides of 1 to 65536 and 8 or 16 bits");
  }
  const std::int64_t frame_header = header.version == 1 ? 12 : header.frame_header_bytes;
  const std::int64_t item = header.bits / 8;
  const std::int64_t frame_bytes = frame_header + item * header.width * header.height;
  fields.seek(header_bytes);
  const FrameHeader first = read_frame_header(fields, header.version);

  Description description;
  description.dtype = item == 1 ? DType::uint8 : DType::uint16;
  description.signal_type = first.mode == 2 ? "diffraction" : "";
  description.metadata = metadata_of(header, first);
  description.original = original_of(header, first);
  Axis time{.name = "time", .quantity = "time", .units = "s", .role = Role::navigation};
  time.offset = first.time();
  const std::string units = first.mode == 2 ? "1/nm" : "nm";
  const auto image_axis = [&](const char* name, std::uint32_t size, std::uint32_t offset) {
    Axis axis{.name = name, .size = size, .offset = static_cast<double>(offset)};
    if (header.pixel_size > 0) {
      axis.scale = header.pixel_size;
      axis.units = units;
      axis.quantity = quantity_of(units);
    }
    return axis;
  };
  const Axis y = image_axis("dy", header.height, header.offset_y);
  const Axis x = image_axis("dx", header.width, header.offset_x);

  std::vector<std::shared_ptr<const Source>> parts;
  for (int number = 0;; ++number) {
    if (number > 0) {
      std::error_code ignored;
      const std::filesystem::path next = with_part(path, number);
      if (number > 999 || !std::filesystem::is_regular_file(next, ignored)) break;
      file = std::make_shared<const RandomAccessFile>(next);
    }
    const std::int64_t start = number == 0 ? header_bytes : 0;
    const std::int64_t frames = (file->size() - start) / frame_bytes;
    if (frames == 0 || (file->size() - start) % frame_bytes != 0) {
      throw Error(ErrorKind::bad_data, file->path().filename().string() + " has " + std::to_string(file->size()) +
                                           " bytes, of which " + std::to_string(file->size() - start) +
                                           " are no whole number of frames of " + std::to_string(frame_bytes) +
                                           " bytes; it is cut short");
    }
    if (time.size <= 1 && time.size + frames > 1) {
      FieldReader later(*file);
      later.seek(start + (1 - time.size) * frame_bytes);
      const FrameHeader second = read_frame_header(later, header.version);
      // Whole seconds and milliseconds are subtracted each for itself: their sum has no room for exact milliseconds.
      const double step = (static_cast<double>(second.seconds) - first.seconds) +
                          (static_cast<double>(second.milliseconds) - first.milliseconds) / 1000.0;
      if (step > 0) {
        time.scale = step;
      } else {
        // The clock did not go on between the frames, so it tells nothing of their time.
        time.units.clear();
        time.quantity.clear();
        time.offset = 0;
      }
    }
    Description whole = description;
    time.size += frames;
    Axis here = time;
    here.size = frames;
    whole.axes = {here, y, x};
    StoredLayout layout;
    layout.offset = start + frame_header;
    layout.stride = {frame_bytes, item * header.width, item};
    layout.swapped = item > 1 && std::endian::native != std::endian::little;
    parts.push_back(stored_array(file, std::move(whole), std::move(layout)));
  }
  if (parts.size() == 1) return parts;
  description.axes = {time, y, x};
  return {joined_source(std::move(description), std::move(parts))};
}

}  // namespace

const Driver& tvips_driver() {
  static const Driver driver{"tvips", "TVIPS stream", {"tvips"}, probe, open};
  return driver;
}

}  // namespace ruska::io
