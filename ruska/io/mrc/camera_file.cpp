// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/mrc/camera_file.hpp"

#include "ruska/base/error.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/random_access_file.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io::mrc {

namespace {

constexpr std::int64_t longest_file = std::int64_t{4} << 20;

Json values_of(const std::string& text) {
  Json::object_t values;
  std::string_view rest = text;
  std::size_t line_number = 0;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = trimmed(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    ++line_number;
    if (line.empty()) continue;
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) {
      throw Error(ErrorKind::bad_data, "line " + std::to_string(line_number) + " of the camera's text file is '" +
                                           to_utf8(line.substr(0, 60)) + "' where 'key = value' is expected");
    }
    values.Json::object_t::Container::emplace_back(to_utf8(trimmed(line.substr(0, equals))),
                                                   to_utf8(trimmed(line.substr(equals + 1))));
  }
  return values;
}

std::string text_of(const Json& values, const char* key) {
  const auto found = values.find(key);
  return found == values.end() ? "" : found->get<std::string>();
}

std::optional<double> positive(const Json& values, const char* key) {
  const auto value = parse_number(text_of(values, key));
  return value && *value > 0 ? value : std::nullopt;
}

Axis axis(const char* name, const char* units, std::optional<double> scale, Role role, std::int64_t size) {
  Axis one{.name = name, .role = role, .size = size};
  if (scale) {
    one.scale = *scale;
    one.units = units;
    one.quantity = quantity_of(one.units);
  }
  return one;
}

}  // namespace

std::optional<CameraFile> read_camera_file(const std::filesystem::path& movie, std::int64_t frames) {
  constexpr std::string_view ending = "_movie";
  const std::string stem = movie.stem().string();
  if (!stem.ends_with(ending)) return std::nullopt;
  const std::filesystem::path path = movie.parent_path() / (stem.substr(0, stem.size() - ending.size()) + "_info.txt");
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return std::nullopt;
  CameraFile camera;
  camera.original = values_of(RandomAccessFile(path).read_text(longest_file, "a camera's text file"));
  const Json& values = camera.original;

  const bool scanning = text_of(values, "Scan - Enable") == "Enable";
  if (scanning && text_of(values, "Scan - Type") == "Raster") {
    const auto x = parse_integer(text_of(values, "Scan - Size X"));
    const auto y = parse_integer(text_of(values, "Scan - Size Y"));
    if (!x || !y || *x < 1 || *y < 1 || frames % *x != 0 || frames / *x != *y) {
      throw Error(ErrorKind::bad_data, path.filename().string() + " tells of a scan of '" +
                                           text_of(values, "Scan - Size Y") + "' by '" +
                                           text_of(values, "Scan - Size X") + "' positions; the movie has " +
                                           std::to_string(frames) + " frames");
    }
    const auto step_x = positive(values, "Specimen Pixel Size X (nanometers)");
    const auto step_y = positive(values, "Specimen Pixel Size Y (nanometers)");
    if (*y > 1) camera.navigation.push_back(axis("y", "nm", step_y, Role::navigation, *y));
    if (*x > 1) camera.navigation.push_back(axis("x", "nm", step_x, Role::navigation, *x));
    camera.signal = {axis("ky", "1/nm", positive(values, "Diffraction Pixel Size Y"), Role::signal, 0),
                     axis("kx", "1/nm", positive(values, "Diffraction Pixel Size X"), Role::signal, 0)};
  } else if (!scanning && frames > 1) {
    auto seconds = positive(values, "Frames Per Second");
    if (seconds) *seconds = positive(values, "Autosave Movie Sum Count").value_or(1) / *seconds;
    camera.navigation = {axis("time", "s", seconds, Role::navigation, frames)};
  }

  const auto add = [&](const char* key, const char* entry, double factor) {
    if (const auto value = positive(values, key)) {
      camera.known.emplace_back(std::string("Acquisition_instrument.TEM.") + entry, *value * factor);
    }
  };
  add("Instrument Accelerating Voltage (V)", "beam_energy", 1e-3);
  add("Instrument Project Magnification", "magnification", 1);
  add("Instrument Project Camera Length (centimeters)", "camera_length", 10);
  add("Frames Per Second", "frames_per_second", 1);
  if (const std::string model = text_of(values, "Camera Model"); !model.empty()) {
    camera.known.emplace_back("Acquisition_instrument.TEM.detector", model);
  }
  return camera;
}

}  // namespace ruska::io::mrc
