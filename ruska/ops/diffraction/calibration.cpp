// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/calibration.hpp"

#include <array>
#include <cmath>
#include <cstdio>

#include "ruska/base/text.hpp"
#include "ruska/core/metadata.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr const char* subtree = "Calibration.diffraction";

struct Surface {
  const char* name;
  std::size_t coefficients;
};
constexpr Surface surfaces[] = {{"constant", 1}, {"plane", 3}, {"parabola", 6}};

[[noreturn]] void broken(const std::string& what) {
  throw Error(ErrorKind::bad_data, std::string("the metadata at ") + subtree + " are broken: " + what);
}

double number(const Json& part, const char* name) {
  const auto value = number_at(part, name);
  if (!value || !std::isfinite(*value)) broken(std::string(name) + " is missing or no finite number");
  return *value;
}

std::vector<double> numbers(const Json& part, const char* name) {
  const Json* list = find(part, name);
  std::vector<double> values;
  if (list != nullptr && list->is_number()) return {list->get<double>()};
  if (list == nullptr || !list->is_array()) broken(std::string(name) + " is missing or no list");
  for (const Json& one : *list) {
    if (!one.is_number() || !std::isfinite(one.get<double>())) broken(std::string(name) + " holds what is no number");
    values.push_back(one.get<double>());
  }
  return values;
}

Shape shape(const Json& part, const char* name) {
  Shape lengths;
  const Json* list = find(part, name);
  if (list == nullptr || (list->is_array() && list->empty())) return lengths;
  for (const double one : numbers(part, name)) {
    if (!(one >= 0 && one < 1e12)) broken(std::string(name) + " holds no length");
    lengths.push_back(static_cast<std::int64_t>(one));
  }
  return lengths;
}

bool flag(const Json& part, const char* name) {
  const Json* value = find(part, name);
  return value != nullptr && ((value->is_boolean() && value->get<bool>()) || (value->is_number() && *value != 0));
}

OriginCalibration origin_in(const Json& part) {
  OriginCalibration origin;
  origin.surface = text_at(part, "surface").value_or("");
  origin.x = numbers(part, "x");
  origin.y = numbers(part, "y");
  bool fits = false;
  for (const Surface& one : surfaces) {
    fits = fits ||
           (origin.surface == one.name && origin.x.size() == one.coefficients && origin.y.size() == one.coefficients);
  }
  if (!fits) broken("the surface '" + origin.surface + "' and its coefficients do not fit together");
  origin.sigma_x = number(part, "sigma_x");
  origin.sigma_y = number(part, "sigma_y");
  origin.probe_radius = number(part, "probe_radius");
  origin.scan = shape(part, "scan_shape");
  return origin;
}

std::string show(double value, const char* format = "%.4g") {
  char text[32];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

}  // namespace

Vector OriginCalibration::at(double column, double row) const {
  const double terms[] = {1, column, row, column * column, column * row, row * row};
  Vector origin;
  for (std::size_t i = 0; i < x.size(); ++i) origin.x += x[i] * terms[i];
  for (std::size_t i = 0; i < y.size(); ++i) origin.y += y[i] * terms[i];
  return origin;
}

Vector OriginCalibration::at_position(std::int64_t position, const Shape& navigation) const {
  const std::int64_t columns = navigation.empty() ? 1 : navigation.back();
  const std::int64_t rows = navigation.size() < 2 ? 1 : navigation[navigation.size() - 2];
  return at(static_cast<double>(position % columns), static_cast<double>(position / columns % rows));
}

Vector OriginCalibration::mean() const {
  const std::int64_t positions = std::max<std::int64_t>(1, count(scan));
  if (surface == "constant") return at(0, 0);
  Vector sum;
  for (std::int64_t p = 0; p < positions; ++p) sum = sum + at_position(p, scan);
  return (1.0 / static_cast<double>(positions)) * sum;
}

std::vector<double> surface_in_indices(std::vector<double> coefficients, std::int64_t rows, std::int64_t columns) {
  const std::size_t number = coefficients.size();
  coefficients.resize(6);
  const auto [one, u, v, uu, uv, vv] =
      std::array{coefficients[0], coefficients[1], coefficients[2], coefficients[3], coefficients[4], coefficients[5]};
  // u = a X − c, with c = 0 where there is one column alone; v likewise.
  const auto scale = [](std::int64_t size) { return size > 1 ? 2.0 / static_cast<double>(size - 1) : 0.0; };
  const double a = scale(columns), b = scale(rows), c = columns > 1 ? 1 : 0, d = rows > 1 ? 1 : 0;
  std::vector<double> result{one - c * u - d * v + c * c * uu + c * d * uv + d * d * vv,
                             a * (u - 2 * c * uu - d * uv),
                             b * (v - c * uv - 2 * d * vv),
                             a * a * uu,
                             a * b * uv,
                             b * b * vv};
  result.resize(number);
  return result;
}

Matrix EllipseCalibration::distortion() const { return stretch(std::sqrt(ratio), 1 / std::sqrt(ratio), angle); }

Matrix RotationCalibration::to_scan() const {
  const Matrix exchange{0, 1, 1, 0};
  return transposed ? turn(angle) * exchange : turn(angle);
}

Matrix Calibration::to_scan() const {
  Matrix matrix;
  if (ellipse) matrix = ellipse->distortion().inverse();
  if (rotation) matrix = rotation->to_scan() * matrix;
  return matrix;
}

std::string Calibration::story() const {
  std::vector<std::string> parts;
  const auto deviation = [](double sigma) { return sigma > 0 ? " ± " + show(sigma, "%.1g") : std::string(); };
  if (origin) {
    const Vector mean = origin->mean();
    parts.push_back("origin (" + show(mean.x, "%.3f") + deviation(origin->sigma_x) + ", " + show(mean.y, "%.3f") +
                    deviation(origin->sigma_y) + ") px (" + origin->surface + ")");
  }
  if (ellipse) {
    parts.push_back("ellipse a/b " + show(ellipse->ratio, "%.5f") + deviation(ellipse->ratio_sigma) + " at " +
                    show(ellipse->angle) + deviation(ellipse->angle_sigma) + "°");
  }
  if (pixel_size) {
    parts.push_back("pixel size " + show(pixel_size->value, "%.6g") + deviation(pixel_size->sigma) + " " +
                    pixel_size->unit);
  }
  if (rotation) {
    parts.push_back("rotation " + show(rotation->angle) + deviation(rotation->sigma) + "°" +
                    (rotation->transposed ? " after transposing" : "") +
                    (rotation->sign_known ? "" : " (or 180° more)"));
  }
  return parts.empty() ? "nothing is calibrated" : join(parts, ", ");
}

Calibration calibration_in(const Json& metadata) {
  Calibration calibration;
  const Json* tree = find(metadata, subtree);
  if (tree == nullptr) return calibration;
  if (!tree->is_object()) broken("it is no tree");
  calibration.frame = shape(*tree, "frame_shape");
  if (const Json* part = find(*tree, "origin")) calibration.origin = origin_in(*part);
  if (const Json* part = find(*tree, "ellipse")) {
    calibration.ellipse = EllipseCalibration{number(*part, "ratio"), number(*part, "ratio_sigma"),
                                             number(*part, "angle"), number(*part, "angle_sigma")};
    if (!(calibration.ellipse->ratio >= 1 && calibration.ellipse->ratio < 100)) broken("the ellipse's ratio");
  }
  if (const Json* part = find(*tree, "pixel_size")) {
    calibration.pixel_size =
        PixelSizeCalibration{number(*part, "value"), number(*part, "sigma"), text_at(*part, "unit").value_or("1/nm"),
                             text_at(*part, "standard").value_or("")};
    if (!(calibration.pixel_size->value > 0)) broken("the pixel size is not above 0");
  }
  if (const Json* part = find(*tree, "rotation")) {
    calibration.rotation = RotationCalibration{number(*part, "angle"), number(*part, "sigma"),
                                               flag(*part, "transposed"), flag(*part, "sign_known")};
  }
  return calibration;
}

void set_calibration(Json& metadata, const Calibration& calibration) {
  Json tree = Json::object();
  tree["frame_shape"] = calibration.frame;
  if (const auto& origin = calibration.origin) {
    tree["origin"] = {{"surface", origin->surface},
                      {"x", origin->x},
                      {"y", origin->y},
                      {"sigma_x", origin->sigma_x},
                      {"sigma_y", origin->sigma_y},
                      {"probe_radius", origin->probe_radius},
                      {"scan_shape", origin->scan}};
  }
  if (const auto& ellipse = calibration.ellipse) {
    tree["ellipse"] = {{"ratio", ellipse->ratio},
                       {"ratio_sigma", ellipse->ratio_sigma},
                       {"angle", ellipse->angle},
                       {"angle_sigma", ellipse->angle_sigma}};
  }
  if (const auto& size = calibration.pixel_size) {
    tree["pixel_size"] = {
        {"value", size->value}, {"sigma", size->sigma}, {"unit", size->unit}, {"standard", size->standard}};
  }
  if (const auto& rotation = calibration.rotation) {
    tree["rotation"] = {{"angle", rotation->angle},
                        {"sigma", rotation->sigma},
                        {"transposed", rotation->transposed},
                        {"sign_known", rotation->sign_known}};
  }
  set(metadata, subtree, std::move(tree));
}

namespace {

/// Throws invalid_argument for a part that belongs to other frames or another scan.
void check_belongs(const Calibration& calibration, const Shape& frame, const Shape& scan, const std::string& whose) {
  if (calibration.empty()) return;
  if (!calibration.frame.empty() && !frame.empty() && calibration.frame != frame) {
    throw Error(ErrorKind::invalid_argument, "the calibration of " + whose + " belongs to frames of " +
                                                 to_string(calibration.frame) + " pixels, and those here have " +
                                                 to_string(frame) + "; calibrate these patterns");
  }
  if (calibration.origin && calibration.origin->surface != "constant" && calibration.origin->scan != scan) {
    throw Error(ErrorKind::invalid_argument, "the origin of " + whose + " is a " + calibration.origin->surface +
                                                 " over a scan of " + to_string(calibration.origin->scan) +
                                                 ", and this scan has " + to_string(scan) +
                                                 "; run diffraction.origin on it");
  }
}

Calibration joined(const Inputs& inputs, const std::string& data_port, const Shape& frame, bool with_origin) {
  const Description& data = inputs.at(data_port).describe();
  const Shape scan = data.navigation_shape();
  Calibration calibration = calibration_in(data.metadata);
  if (!with_origin) calibration.origin.reset();
  if (const Dataset* port = inputs.find("calibration")) {
    Calibration given = calibration_in(port->describe().metadata);
    if (given.empty()) {
      throw Error(ErrorKind::invalid_argument,
                  "the dataset '" + port->describe().title +
                      "' at the port calibration holds no calibration; give the signal 'calibration' of a result of "
                      "diffraction.origin, ellipse, pixel_size or rotation (FILE::calibration)");
    }
    if (!with_origin) given.origin.reset();
    check_belongs(given, frame, scan, "the port calibration");
    if (given.origin) calibration.origin = given.origin;
    if (given.ellipse) calibration.ellipse = given.ellipse;
    if (given.pixel_size) calibration.pixel_size = given.pixel_size;
    if (given.rotation) calibration.rotation = given.rotation;
  }
  check_belongs(calibration, frame, scan, "'" + data.title + "'");
  if (!frame.empty()) calibration.frame = frame;
  return calibration;
}

}  // namespace

Calibration calibration_of(const Inputs& inputs) {
  return joined(inputs, "data", inputs.at("data").describe().signal_shape(), true);
}

Calibration calibration_of(const Inputs& inputs, const std::string& data_port, const Shape& frame) {
  return joined(inputs, data_port, frame, true);
}

Calibration calibration_without_origin(const Inputs& inputs) {
  return joined(inputs, "data", inputs.at("data").describe().signal_shape(), false);
}

std::vector<Port> calibrated_pattern_ports(std::string data_help) {
  return {{.name = "data", .help = std::move(data_help), .values = Values::real, .min_signal = 2, .max_signal = 2},
          {.name = "mask",
           .help = "An image of the detector; pixels that are not 0 are left out.",
           .required = false,
           .values = Values::real},
          calibration_port()};
}

Port calibration_port() {
  return {.name = "calibration",
          .help =
              "A dataset whose metadata hold a calibration, such as the signal 'calibration' of an earlier step "
              "(FILE::calibration); its parts come before those in the data's own metadata.",
          .required = false,
          .values = Values::real};
}

OutputPort calibration_output_port() {
  return {"calibration", "The mean pattern; its metadata hold every part of the calibration known so far."};
}

Output calibration_output(const Description& data, const std::vector<double>& mean_pattern,
                          const Calibration& calibration) {
  Description description;
  description.title = "Mean pattern with calibration";
  description.axes.assign(data.axes.end() - 2, data.axes.end());
  description.metadata = data.metadata;
  set(description.metadata, "General.title", description.title);
  set_calibration(description.metadata, calibration);
  return {.name = "calibration",
          .title = "Mean pattern",
          .value = Dataset::from_values<double>(std::move(description), mean_pattern),
          .view = View::pattern,
          .note = "Known so far: " + calibration.story() + "."};
}

}  // namespace ruska::ops::diffraction
