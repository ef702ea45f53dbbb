// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/mrc/extended_header.hpp"

#include <cmath>

#include "ruska/base/error.hpp"
#include "ruska/io/field_reader.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io::mrc {

namespace {

void add(ExtendedHeader& header, const char* path, double value) {
  if (std::isfinite(value)) header.known.emplace_back(path, value);
}

/// 1024 records of 32 floats.
ExtendedHeader read_old(const RandomAccessFile& file, std::int64_t offset, std::endian order) {
  static constexpr const char* names[] = {"a_tilt",    "b_tilt",     "x_stage",      "y_stage",  "z_stage",
                                          "x_shift",   "y_shift",    "defocus",      "exp_time", "mean_int",
                                          "tilt_axis", "pixel_size", "magnification"};
  FieldReader fields(file, order);
  fields.seek(offset);
  ExtendedHeader header;
  for (const char* name : names) header.original[name] = fields.number<float>();
  const auto value = [&](const char* name) { return header.original[name].get<double>(); };
  header.pixel_size = value("pixel_size");
  add(header, "Acquisition_instrument.TEM.Stage.tilt_alpha", value("a_tilt"));
  add(header, "Acquisition_instrument.TEM.Stage.tilt_beta", value("b_tilt"));
  add(header, "Acquisition_instrument.TEM.Stage.x", value("x_stage"));
  add(header, "Acquisition_instrument.TEM.Stage.y", value("y_stage"));
  add(header, "Acquisition_instrument.TEM.Stage.z", value("z_stage"));
  add(header, "Acquisition_instrument.TEM.Detector.Camera.exposure", value("exp_time"));
  add(header, "Acquisition_instrument.TEM.magnification", value("magnification"));
  return header;
}

/// Thermo Fisher's record: its length, its version, a mask that says which fields are valid, the fields.
ExtendedHeader read_masked(const RandomAccessFile& file, std::int64_t offset, std::int64_t bytes, std::endian order) {
  constexpr std::int64_t needed = 172;
  FieldReader fields(file, order);
  fields.seek(offset);
  const auto length = fields.number<std::uint32_t>();
  if (length < needed || length > bytes) {
    throw Error(ErrorKind::bad_data, "the extended header's first record has " + std::to_string(length) +
                                         " bytes; it must have " + std::to_string(needed) + " to " +
                                         std::to_string(bytes));
  }
  const auto version = fields.number<std::uint32_t>();
  const auto mask = fields.number<std::uint32_t>();
  ExtendedHeader header;
  header.original["version"] = version;
  const auto valid = [&](int bit) { return (mask >> bit & 1u) != 0; };
  const auto number = [&](int bit, const char* name) -> std::optional<double> {
    const auto value = fields.number<double>();
    if (!valid(bit) || !std::isfinite(value)) return std::nullopt;
    header.original[name] = value;
    return value;
  };
  const auto text = [&](int bit, const char* name) {
    const std::string value = fields.text(16);
    if (valid(bit)) header.original[name] = to_utf8(value.substr(0, value.find('\0')));
    return value.substr(0, value.find('\0'));
  };
  number(0, "timestamp");
  const std::string microscope = text(1, "microscope_type");
  if (valid(1) && !microscope.empty()) {
    header.known.emplace_back("Acquisition_instrument.TEM.microscope", to_utf8(microscope));
  }
  text(2, "d_number");
  text(3, "application");
  text(4, "application_version");
  if (const auto volts = number(5, "high_tension"))
    add(header, "Acquisition_instrument.TEM.beam_energy", *volts / 1000);
  number(6, "dose");
  if (const auto tilt = number(7, "alpha_tilt")) add(header, "Acquisition_instrument.TEM.Stage.tilt_alpha", *tilt);
  if (const auto tilt = number(8, "beta_tilt")) add(header, "Acquisition_instrument.TEM.Stage.tilt_beta", *tilt);
  if (const auto place = number(9, "x_stage")) add(header, "Acquisition_instrument.TEM.Stage.x", *place * 1000);
  if (const auto place = number(10, "y_stage")) add(header, "Acquisition_instrument.TEM.Stage.y", *place * 1000);
  if (const auto place = number(11, "z_stage")) add(header, "Acquisition_instrument.TEM.Stage.z", *place * 1000);
  number(12, "tilt_axis_angle");
  number(13, "dual_axis_rotation");
  const auto pixel = number(14, "pixel_size_x");
  if (pixel) header.pixel_size = *pixel;
  number(15, "pixel_size_y");
  return header;
}

}  // namespace

std::optional<ExtendedHeader> read_extended_header(const RandomAccessFile& file, std::int64_t offset,
                                                   std::int64_t bytes, const std::string& kind, std::endian order) {
  constexpr std::int64_t old_bytes = 1024 * 128;
  if (kind == "FEI1" || kind == "FEI2") return read_masked(file, offset, bytes, order);
  if (kind.front() == '\0' && bytes == old_bytes) return read_old(file, offset, order);
  return std::nullopt;
}

}  // namespace ruska::io::mrc
