// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// EDAX Genesis and TEAM: .spc holds one X-ray spectrum; .spd holds the spectra of a map, line by line. The energy axis
// of a map and how it was measured stand in the .spc file of the same name, its pixel size in the .ipr file of the
// electron image that it names; without them the axes have no units.
#include <algorithm>
#include <bit>
#include <cmath>

#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/edax/header_fields.hpp"
#include "ruska/io/elements.hpp"
#include "ruska/io/little_endian.hpp"
#include "ruska/io/stored_array.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

constexpr std::string_view map_tag = "MAPSPECTRA_DATA";
constexpr std::int64_t spectrum_header = 3840;  // where counts begin at the earliest

std::int64_t integer(const Json& header, const char* name) { return header.at(name).get<std::int64_t>(); }

Json read_header(const RandomAccessFile& file, std::span<const edax::Field> fields) {
  return edax::read_fields(file.read(0, static_cast<std::int64_t>(edax::extent(fields))), fields);
}

[[noreturn]] void refuse(const RandomAccessFile& file, const char* name, const Json& value, const std::string& allowed,
                         ErrorKind kind = ErrorKind::bad_data) {
  throw Error(kind, "'" + std::string(name) + "' in the header of " + file.path().filename().string() + " is " +
                        value.dump() + "; it must be " + allowed);
}

/// A header entry that is used as a number.
double number(const RandomAccessFile& file, const Json& header, const char* name) {
  const Json& value = header.at(name);
  if (!value.is_number()) refuse(file, name, value, "a finite number");
  return value.get<double>();
}

bool is_spectrum_head(std::span<const std::byte> head, std::int64_t size) {
  if (head.size() < 40 || size < spectrum_header) return false;
  const float version = std::bit_cast<float>(load<std::uint32_t>(head));
  return version > 0.5F && version < 1.0F && load<std::uint32_t>(head, 28) == spectrum_header &&
         load<std::uint16_t>(head, 32) <= 4096;
}

bool is_map_head(std::span<const std::byte> head) {
  const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
  return text.starts_with(map_tag);
}

Confidence probe(const Probe& file) {
  if (is_map_head(file.head)) return Confidence::content;
  const std::string extension = extension_of(file.path);
  if (extension == "spc" && is_spectrum_head(file.head, file.size)) return Confidence::content;
  return extension == "spc" || extension == "spd" ? Confidence::extension : Confidence::none;
}

/// The header of a .spc file, checked.
Json spectrum_header_of(const RandomAccessFile& file) {
  const auto head = file.read(0, std::min<std::int64_t>(file.size(), 40));
  if (!is_spectrum_head(head, file.size())) {
    throw Error(ErrorKind::bad_data, file.path().filename().string() +
                                         " is no EDAX spectrum: it must begin with a version from 0.5 to 1.0 and give "
                                         "3840 as the place of its counts at byte 28");
  }
  Json header = read_header(file, edax::spc_fields());
  const std::int64_t points = integer(header, "numPts");
  if (points < 1 || points > 4096) refuse(file, "numPts", header["numPts"], "1 to 4096");
  if (integer(header, "evPerChan") < 1) refuse(file, "evPerChan", header["evPerChan"], "at least 1");
  const std::int64_t needed = spectrum_header + 4 * points;
  if (file.size() < needed) {
    throw Error(ErrorKind::bad_data, file.path().filename().string() + " has " + std::to_string(file.size()) +
                                         " bytes, but its spectrum ends at byte " + std::to_string(needed) +
                                         "; the file is cut short");
  }
  return header;
}

/// What the header of a spectrum says of the instrument and the sample.
void set_instrument(Json& metadata, const RandomAccessFile& file, const Json& header) {
  const std::string microscope = "Acquisition_instrument.SEM";
  set(metadata, microscope + ".beam_energy", number(file, header, "kV"));
  set(metadata, microscope + ".Stage.tilt_alpha", number(file, header, "tilt"));
  struct Entry {
    const char* name;
    const char* key;
  };
  constexpr Entry entries[] = {{"azimuth", "azimuth_angle"},
                               {"elevation", "elevation_angle"},
                               {"detReso", "energy_resolution_MnKa"},
                               {"liveTime", "live_time"}};
  for (const Entry& entry : entries) {
    set(metadata, microscope + ".Detector.EDS." + entry.key, number(file, header, entry.name));
  }
  const std::int64_t count = integer(header, "numElem");
  if (count < 0 || count > 48) refuse(file, "numElem", header["numElem"], "0 to 48");
  std::vector<std::string> elements;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::string symbol = element_symbol(header["at"][static_cast<std::size_t>(i)].get<std::int64_t>());
    if (!symbol.empty()) elements.push_back(symbol);
  }
  std::sort(elements.begin(), elements.end());
  if (!elements.empty()) set(metadata, "Sample.elements", elements);
}

Axis energy_axis(std::int64_t size, const RandomAccessFile* file, const Json& header) {
  Axis axis;
  axis.name = "Energy";
  axis.size = size;
  if (file != nullptr) {
    axis.quantity = "energy";
    axis.units = "keV";
    axis.scale = number(*file, header, "evPerChan") / 1000;
    axis.offset = number(*file, header, "startEnergy");
  }
  return axis;
}

Description description_for(std::string title) {
  Description description;
  description.title = std::move(title);
  description.signal_type = "EDS_SEM";
  set(description.metadata, "General.title", description.title);
  set(description.metadata, "Signal.signal_type", description.signal_type);
  return description;
}

std::shared_ptr<const Source> open_spectrum(std::shared_ptr<const RandomAccessFile> file) {
  const Json header = spectrum_header_of(*file);
  Description description = description_for("EDS Spectrum");
  description.dtype = DType::uint32;
  description.axes = {energy_axis(integer(header, "numPts"), file.get(), header)};
  set_instrument(description.metadata, *file, header);
  description.original["spc_header"] = header;
  return stored_array(std::move(file), std::move(description), {spectrum_header, {4}, little_endian_is_swapped});
}

/// The image description that belongs to a map; nothing where it is not beside it.
std::unique_ptr<RandomAccessFile> image_file(const RandomAccessFile& map, const Json& header) {
  const std::string stem = std::filesystem::path(header.at("fName").get<std::string>()).stem().string();
  if (stem.empty() || stem.find_first_of("/\\") != std::string::npos) return nullptr;
  const auto path = sibling(map.path().parent_path() / (stem + ".bmp"), "ipr");
  return path ? std::make_unique<RandomAccessFile>(*path) : nullptr;
}

Axis position_axis(const std::string& name, std::int64_t size, const RandomAccessFile* image, const Json& header,
                   const char* entry) {
  Axis axis;
  axis.name = name;
  axis.role = Role::navigation;
  axis.size = size;
  if (image != nullptr) {
    axis.scale = number(*image, header, entry);
    if (!(axis.scale > 0)) refuse(*image, entry, header.at(entry), "more than 0 µm");
    axis.units = "µm";
    axis.quantity = "length";
  }
  return axis;
}

std::shared_ptr<const Source> open_map(std::shared_ptr<const RandomAccessFile> file) {
  const Json header = read_header(*file, edax::spd_fields());
  const std::int64_t lines = integer(header, "nLines"), points = integer(header, "nPoints");
  const std::int64_t channels = integer(header, "nChannels"), bytes = integer(header, "countBytes");
  if (points < 1) refuse(*file, "nPoints", header["nPoints"], "at least 1");
  if (lines < 1) refuse(*file, "nLines", header["nLines"], "at least 1");
  if (channels < 1) refuse(*file, "nChannels", header["nChannels"], "at least 1");
  if (bytes != 1 && bytes != 2 && bytes != 4) refuse(*file, "countBytes", header["countBytes"], "1, 2 or 4");
  const std::int64_t offset = integer(header, "dataOffset");
  if (offset < static_cast<std::int64_t>(edax::extent(edax::spd_fields()))) {
    refuse(*file, "dataOffset", header["dataOffset"], "behind the header");
  }

  Description description = description_for(lines == 1 ? "EDS Line Scan" : "EDS Spectrum Image");
  description.dtype = bytes == 1 ? DType::uint8 : bytes == 2 ? DType::uint16 : DType::uint32;
  description.original["spd_header"] = header;

  std::unique_ptr<RandomAccessFile> spectrum, image;
  Json spectrum_facts, image_facts;
  if (const auto path = sibling(file->path(), "spc")) {
    spectrum = std::make_unique<RandomAccessFile>(*path);
    spectrum_facts = spectrum_header_of(*spectrum);
    set_instrument(description.metadata, *spectrum, spectrum_facts);
    description.original["spc_header"] = spectrum_facts;
  }
  if ((image = image_file(*file, header)) != nullptr) {
    image_facts = read_header(*image, edax::ipr_fields());
    description.original["ipr_header"] = image_facts;
  }
  if (lines > 1) description.axes.push_back(position_axis("y", lines, image.get(), image_facts, "mppY"));
  description.axes.push_back(position_axis("x", points, image.get(), image_facts, "mppX"));
  description.axes.push_back(energy_axis(channels, spectrum.get(), spectrum_facts));
  StoredLayout layout{offset, c_strides(description.shape(), static_cast<std::size_t>(bytes)),
                      little_endian_is_swapped};
  return stored_array(std::move(file), std::move(description), std::move(layout));
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  auto file = std::make_shared<const RandomAccessFile>(path);
  const auto head = file->read(0, std::min<std::int64_t>(file->size(), 16));
  return {is_map_head(head) ? open_map(std::move(file)) : open_spectrum(std::move(file))};
}

}  // namespace

const Driver& edax_driver() {
  static const Driver driver{"edax", "EDAX Genesis and TEAM", {"spc", "spd"}, probe, open, nullptr};
  return driver;
}

}  // namespace ruska::io
