// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/emd_velox/metadata.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <numbers>

#include "ruska/core/metadata.hpp"
#include "ruska/io/date_time.hpp"
#include "ruska/io/si_prefix.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io::velox {
namespace {

constexpr std::int64_t largest_metadata = std::int64_t{64} << 20;

double degrees(double radians) { return radians * 180 / std::numbers::pi; }

double rounded(double value, double places) {
  const double power = std::pow(10.0, places);
  return std::round(value * power) / power;
}

/// The detectors whose names begin with that of the one that recorded the data ("SuperXG2" sums four).
std::vector<const Json*> recording_detectors(const Json& metadata) {
  std::vector<const Json*> found;
  const auto name = text_at(metadata, "BinaryResult.Detector");
  const Json* detectors = find(metadata, "Detectors");
  if (!name || name->empty() || detectors == nullptr || !detectors->is_object()) return found;
  for (const auto& entry : detectors->items()) {
    if (text_at(entry.value(), "DetectorName").value_or("").find(*name) != std::string::npos) {
      found.push_back(&entry.value());
    }
  }
  return found;
}

void set_eds_detector(Json& tree, const Json& metadata) {
  const auto detectors = recording_detectors(metadata);
  if (detectors.empty()) return;
  const std::string at = "Acquisition_instrument.TEM.Detector.EDS.";
  if (const auto elevation = number_of(*detectors[0], "ElevationAngle")) {
    set(tree, at + "elevation_angle", rounded(degrees(*elevation), 3));
  }
  // Azimuth and times are those of one detector; a sum over several has none.
  if (detectors.size() != 1) return;
  if (const auto azimuth = number_of(*detectors[0], "AzimuthAngle")) {
    set(tree, at + "azimuth_angle", rounded(degrees(*azimuth), 3));
  }
  if (const auto time = number_of(*detectors[0], "LiveTime")) set(tree, at + "live_time", *time);
  if (const auto time = number_of(*detectors[0], "RealTime")) set(tree, at + "real_time", *time);
}

}  // namespace

Json json_text(const hdf5::Array& array) {
  Json json = Json::parse(array.read_text(), nullptr, false);
  if (!json.is_object()) array.fail(ErrorKind::bad_data, "a JSON object was expected here");
  return json;
}

Json frame_metadata(const hdf5::Group& group, const std::string& name, std::int64_t frame) {
  if (!group.has_array(name)) return Json::object();
  const hdf5::Array array = group.array(name);
  const Shape& shape = array.shape();
  if (shape.size() != 2 || frame >= shape[1] || array.element().bytes() != 1) {
    array.fail(ErrorKind::bad_data,
               "metadata of the shape " + to_string(shape) + " have no frame " + std::to_string(frame) + " of bytes");
  }
  if (shape[0] > largest_metadata)
    array.fail(ErrorKind::bad_data, "metadata of " + std::to_string(shape[0]) + " bytes");
  std::string text(static_cast<std::size_t>(shape[0]), '\0');
  array.read({{0, frame}, {shape[0], 1}}, std::as_writable_bytes(std::span(text)));
  text.resize(std::min(text.find('\0'), text.size()));
  Json json = Json::parse(to_utf8(text), nullptr, false);
  if (!json.is_object()) array.fail(ErrorKind::bad_data, "a JSON object was expected here");
  return json;
}

std::optional<double> number_of(const Json& metadata, std::string_view path) {
  const Json* entry = find(metadata, path);
  if (entry == nullptr) return std::nullopt;
  if (entry->is_number()) return entry->get<double>();
  if (entry->is_string()) return parse_number(entry->get<std::string>());
  return std::nullopt;
}

Axes image_axes(const Json& metadata, std::int64_t height, std::int64_t width, Role role, std::int64_t steps) {
  const double scale_x = number_of(metadata, "BinaryResult.PixelSize.width").value_or(1.0);
  const double scale_y = number_of(metadata, "BinaryResult.PixelSize.height").value_or(1.0);
  const double offset_x = number_of(metadata, "BinaryResult.Offset.x").value_or(0.0);
  const double offset_y = number_of(metadata, "BinaryResult.Offset.y").value_or(0.0);
  const Calibration unit = handy(scale_x, text_at(metadata, "BinaryResult.PixelUnitX").value_or(""), steps);
  const std::string quantity = quantity_of(unit.units);
  return {{"y", quantity, unit.units, role, height, scale_y * unit.factor, offset_y * unit.factor},
          {"x", quantity, unit.units, role, width, scale_x * unit.factor, offset_x * unit.factor}};
}

Axis energy_axis(const Json& metadata, const std::string& name, std::int64_t size) {
  Axis axis{name, "", "", Role::signal, size};
  for (const Json* detector : recording_detectors(metadata)) {
    const auto dispersion = number_of(*detector, "Dispersion");
    const auto offset = number_of(*detector, "OffsetEnergy");
    if (!dispersion || !offset) continue;
    axis.scale = *dispersion / 1000;
    axis.offset = *offset / 1000;
    axis.units = "keV";
    axis.quantity = "energy";
    break;
  }
  return axis;
}

Json known_metadata(const Json& metadata, const std::string& title, bool eds) {
  Json tree = Json::object();
  set(tree, "General.title", title);
  auto start = number_of(metadata, "Acquisition.AcquisitionStartDatetime.DateTime");
  if (!start) {
    // Cameras note microseconds beside the frame instead. The key itself holds dots.
    const Json* custom = find(metadata, "CustomProperties");
    if (custom != nullptr && custom->is_object() && custom->contains("Detectors[BM-Ceta].TimeStamp")) {
      if (const auto stamp = number_of(custom->at("Detectors[BM-Ceta].TimeStamp"), "value")) start = *stamp / 1e6;
    }
  }
  if (start) set_unix_time(tree, *start);

  const std::string at = "Acquisition_instrument.TEM.";
  if (const auto volts = number_of(metadata, "Optics.AccelerationVoltage")) {
    set(tree, at + "beam_energy", *volts / 1000);
  }
  if (const auto length = number_of(metadata, "Optics.CameraLength")) set(tree, at + "camera_length", *length * 1000);
  if (const auto angle = number_of(metadata, "Optics.BeamConvergence")) {
    set(tree, at + "convergence_angle", *angle * 1000);
  }
  if (const auto factor = number_of(metadata, "CustomProperties.StemMagnification.value")) {
    set(tree, at + "magnification", *factor);
  }
  if (const auto name = text_at(metadata, "Instrument.InstrumentClass")) set(tree, at + "microscope", *name);
  if (const auto tilt = number_of(metadata, "Stage.AlphaTilt")) {
    set(tree, at + "Stage.tilt_alpha", rounded(degrees(*tilt), 3));
  }
  if (const auto tilt = number_of(metadata, "Stage.BetaTilt")) {
    set(tree, at + "Stage.tilt_beta", rounded(degrees(*tilt), 3));
  }
  for (const std::string axis : {"x", "y", "z"}) {
    if (const auto place = number_of(metadata, "Stage.Position." + axis)) {
      set(tree, at + "Stage." + axis, rounded(*place, 6));
    }
  }
  if (eds) set_eds_detector(tree, metadata);
  return tree;
}

}  // namespace ruska::io::velox
