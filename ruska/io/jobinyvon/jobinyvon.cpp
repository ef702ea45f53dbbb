// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Horiba Jobin Yvon LabSpec files as XML (LSX_Data): a tree whose elements have numbers for names, and a matrix with
// one row per spectrum, the first navigation axis (X) running fastest. Axis 0 are the intensities, axis 1 is the
// spectral one, which may run downwards; here it always runs upwards.
#include <algorithm>
#include <map>
#include <optional>

#include "ruska/core/dataset.hpp"
#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/coordinates.hpp"
#include "ruska/io/date_time.hpp"
#include "ruska/io/delimited_text.hpp"
#include "ruska/io/random_access_file.hpp"
#include "ruska/io/text.hpp"
#include "ruska/io/xml.hpp"

namespace ruska::io {

namespace {

constexpr std::int64_t longest_file = std::int64_t{512} << 20;

// What the numbers stand for.
constexpr const char* title_id = "0x6C7469D9";
constexpr const char* signals_id = "0x7A74D9D6";
constexpr const char* axes_id = "0x7B697861";
constexpr const char* coordinates_id = "0x7D6CD4DB";
constexpr const char* label_id = "0x6D707974";
constexpr const char* units_id = "0x7C696E75";
constexpr const char* parameters_id = "0x6C62D4D9";
constexpr const char* parameter_name_id = "0x6D6D616E";
constexpr const char* parameter_text_id = "0x7D6C61DB";
constexpr const char* parameter_number_id = "0x8736F70";

pugi::xml_node child(pugi::xml_node parent, const char* id) { return parent.find_child_by_attribute("LSX", "ID", id); }

std::string text_of(pugi::xml_node parent, const char* id) {
  return std::string(trimmed(child(parent, id).child_value()));
}

Confidence probe(const Probe& file) {
  const std::string_view head(reinterpret_cast<const char*>(file.head.data()), file.head.size());
  return head.find("<LSX_Data") != std::string_view::npos ? Confidence::content : Confidence::none;
}

/// Texts and numbers of the acquisition by their names.
struct Parameter {
  std::string text;
  std::string number;  ///< the text as a number, where the file has one
};
using Parameters = std::map<std::string, Parameter>;

Parameters parameters_of(pugi::xml_node tree) {
  Parameters parameters;
  for (const pugi::xml_node section : child(tree, parameters_id).children("LSX")) {
    for (const pugi::xml_node one : section.children("LSX")) {
      const std::string name = text_of(one, parameter_name_id);
      if (!name.empty()) parameters[name] = {text_of(one, parameter_text_id), text_of(one, parameter_number_id)};
    }
  }
  return parameters;
}

void set_metadata(Json& metadata, const Parameters& parameters) {
  const auto text = [&](const char* name) {
    const auto found = parameters.find(name);
    return found == parameters.end() ? std::string() : found->second.text;
  };
  const auto number = [&](const char* name) -> std::optional<double> {
    const auto found = parameters.find(name);
    if (found == parameters.end()) return std::nullopt;
    return parse_number(found->second.number.empty() ? found->second.text : found->second.number);
  };
  const std::string acquired = text("Acquired");  // 19.08.2022 09:30:34
  const std::vector<std::int64_t> parts = numbers_in(acquired);
  if (parts.size() == 6) {
    const auto date = iso_date(parts[2], parts[1], parts[0]), time = iso_time(parts[3], parts[4], parts[5]);
    if (date && time) {
      set(metadata, "General.date", *date);
      set(metadata, "General.time", *time);
    }
  }
  if (!text("Remark").empty()) set(metadata, "General.notes", text("Remark"));
  if (!text("Sample").empty()) set(metadata, "Sample.description", text("Sample"));
  const std::string start = "Acquisition_instrument.";
  struct Entry {
    const char* name;
    const char* path;
    bool numeric;
  };
  constexpr Entry entries[] = {
      {"Laser (nm)", "Laser.wavelength", true},
      {"Objective", "Laser.objective_magnification", true},
      {"Laser. Pol.", "Laser.Polarizer.polarizer_type", false},
      {"Laser Pol. (°)", "Laser.Polarizer.angle", true},
      {"Raman. Pol.", "Spectrometer.Polarizer.polarizer_type", false},
      {"Raman Pol. (°)", "Spectrometer.Polarizer.angle", true},
      {"Grating", "Spectrometer.Grating.groove_density", true},
      {"Spectro (nm)", "Spectrometer.central_wavelength", true},
      {"Instrument", "Spectrometer.model", false},
      {"Detector", "Detector.model", false},
      {"Detector temperature (°C)", "Detector.temperature", true},
      {"Acq. time (s)", "Detector.exposure_per_frame", true},
      {"Accumulations", "Detector.frames", true},
      {"Binning", "Detector.binning", true},
      {"Delay time (s)", "Detector.delay_time", true},
  };
  for (const Entry& entry : entries) {
    if (entry.numeric) {
      if (const auto value = number(entry.name)) set(metadata, start + entry.path, *value);
    } else if (const std::string value = text(entry.name); !value.empty()) {
      set(metadata, start + entry.path, value);
    }
  }
  if (const auto percent = number("ND Filter")) {
    set(metadata, start + "Laser.Filter.optical_density", *percent / 100);
  }
  const auto exposure = number("Acq. time (s)"), frames = number("Accumulations");
  if (exposure && frames) set(metadata, start + "Detector.integration_time", *exposure * *frames);
}

Axis axis_of(pugi::xml_node node, bool spectral) {
  Axis axis;
  axis.name = text_of(node, label_id);
  axis.units = text_of(node, units_id);
  axis.quantity = quantity_of(axis.units);
  if (spectral) {
    axis.name = axis.units == "nm"     ? "Wavelength"
                : axis.units == "eV"   ? "Energy"
                : axis.units == "1/cm" ? "Raman Shift"
                                       : axis.name;
    if (axis.units == "nm") axis.quantity = "length";
  }
  axis.role = spectral ? Role::signal : Role::navigation;
  std::vector<double> values =
      number_list(child(node, coordinates_id).child_value(), " \t\r\n", "the axis '" + axis.name + "'");
  if (values.empty()) throw Error(ErrorKind::bad_data, "the axis '" + axis.name + "' has no coordinates");
  set_coordinates(axis, std::move(values));
  return axis;
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const pugi::xml_document document = parse_xml(RandomAccessFile(path).read_text(longest_file, "a LabSpec file"));
  const pugi::xml_node data = document.child("LSX_Data"), tree = data.child("LSX_Tree");
  const pugi::xml_node axes = child(child(tree, signals_id), axes_id);
  const pugi::xml_node spectral = child(axes, "0x1");
  if (!spectral) throw Error(ErrorKind::bad_data, path.filename().string() + " has no spectral axis in an LSX_Tree");

  Description description;
  description.title = text_of(tree, title_id);
  if (description.title.empty()) description.title = path.stem().string();
  Axis signal = axis_of(spectral, true);
  const bool downwards = signal.scale < 0;
  if (downwards) {
    std::vector<double> values = signal.values;
    if (values.empty()) {
      for (std::int64_t i = 0; i < signal.size; ++i) values.push_back(signal.at(static_cast<double>(i)));
    }
    std::reverse(values.begin(), values.end());
    set_coordinates(signal, std::move(values));
  }
  description.axes.push_back(std::move(signal));
  for (const char* id : {"0x2", "0x3", "0x4"}) {
    if (const pugi::xml_node node = child(axes, id)) description.axes.push_back(axis_of(node, false));
  }
  std::reverse(description.axes.begin(), description.axes.end());

  const std::int64_t spectra = description.navigation_size(), length = description.signal_size();
  std::vector<double> values;
  std::int64_t rows = 0;
  for (const pugi::xml_node row : data.child("LSX_Matrix").children("LSX_Row")) {
    std::vector<double> numbers =
        number_list(row.child_value(), " \t\r\n", "row " + std::to_string(rows) + " of the matrix");
    if (static_cast<std::int64_t>(numbers.size()) != length || rows == spectra) {
      throw Error(ErrorKind::bad_data, "row " + std::to_string(rows) + " of the matrix has " +
                                           std::to_string(numbers.size()) + " values; the axes need " +
                                           std::to_string(spectra) + " rows of " + std::to_string(length));
    }
    if (downwards) std::reverse(numbers.begin(), numbers.end());
    values.insert(values.end(), numbers.begin(), numbers.end());
    ++rows;
  }
  if (rows != spectra) {
    throw Error(ErrorKind::bad_data,
                "the matrix has " + std::to_string(rows) + " rows; the axes need " + std::to_string(spectra));
  }
  Json& metadata = description.metadata;
  set(metadata, "General.title", description.title);
  const Parameters parameters = parameters_of(tree);
  set_metadata(metadata, parameters);
  std::string units = text_of(child(axes, "0x0"), units_id);
  if (units == "Cnt/sec") units = "Counts/s";
  if (units == "Cnt") units = "Counts";
  const std::string quantity = units.empty() ? "Intensity" : "Intensity (" + units + ")";
  set(metadata, "Signal", Json{{"signal_type", ""}, {"quantity", quantity}});
  for (const auto& [name, parameter] : parameters) {
    description.original[name] =
        parameter.number.empty() ? Json(parameter.text) : Json{{"text", parameter.text}, {"number", parameter.number}};
  }
  return {Dataset::from_values<double>(std::move(description), values).shared_source()};
}

}  // namespace

const Driver& jobinyvon_driver() {
  static const Driver driver{"jobinyvon", "Jobin Yvon LabSpec", {"xml"}, probe, open, nullptr};
  return driver;
}

}  // namespace ruska::io
