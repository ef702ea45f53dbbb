// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/dm/metadata.hpp"

#include <array>
#include <cstdio>
#include <optional>
#include <vector>

#include "ruska/core/metadata.hpp"
#include "ruska/io/date_time.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io::dm {

namespace {

std::string text_of(const Json& tags, std::string_view path) { return text_at(tags, path).value_or(""); }

/// A date in the spelling of the computer's locale as ISO 8601: 2016-08-27, 8/27/2016, 27/08/2016 and 27.08.2016.
/// Where both of the first numbers may be the month, it is the first, but before dots it is the second.
std::optional<std::string> iso_date(const std::string& text) {
  int a = 0, b = 0, c = 0;
  char first = 0, second = 0;
  if (std::sscanf(text.c_str(), "%4d%c%4d%c%4d", &a, &first, &b, &second, &c) != 5 || first != second) {
    return std::nullopt;
  }
  if (first != '/' && first != '.' && first != '-') return std::nullopt;
  int year = c, month = a, day = b;
  if (a > 99) {
    year = a, month = b, day = c;
  } else if (a > 12 || first == '.') {
    month = b, day = a;
  }
  if (year < 100) year += 2000;
  return io::iso_date(year, month, day);
}

/// A time of day such as "7:35:17 PM" or "20:55:20" as ISO 8601.
std::optional<std::string> iso_time(const std::string& text) {
  int hour = 0, minute = 0, second = 0, used = 0;
  if (std::sscanf(text.c_str(), "%2d:%2d:%2d%n", &hour, &minute, &second, &used) != 3) return std::nullopt;
  const std::string half = lower_case(trimmed(std::string_view(text).substr(static_cast<std::size_t>(used))));
  if (half == "pm" && hour < 12) hour += 12;
  if (half == "am" && hour == 12) hour = 0;
  return io::iso_time(hour, minute, second);
}

void set_moment(Json& tree, const Json& tags, std::string_view date, std::string_view time) {
  if (const auto iso = iso_date(text_of(tags, date))) set(tree, "General.date", *iso);
  if (const auto iso = iso_time(text_of(tags, time))) set(tree, "General.time", *iso);
}

/// One number or text of the tags, where it goes, and what it is multiplied by.
struct Entry {
  std::string_view tag, key;
  double factor = 1;
};

template <std::size_t n>
void set_entries(Json& tree, const Json& tags, const std::string& at, const std::array<Entry, n>& entries) {
  for (const Entry& entry : entries) {
    const Json* found = find(tags, entry.tag);
    if (found == nullptr) continue;
    const std::string key = at + std::string(entry.key);
    if (found->is_number() && entry.factor == 1) set(tree, key, *found);
    if (found->is_number() && entry.factor != 1) set(tree, key, found->get<double>() * entry.factor);
    if (found->is_string() && !found->get<std::string>().empty()) set(tree, key, *found);
  }
}

/// Integration time in s; of a map, exposure × frames.
std::optional<double> exposure_of(const Json& tags, const std::string& acquisition) {
  const Json* group = find(tags, acquisition);
  if (group == nullptr) return std::nullopt;
  if (const auto time = number_at(*group, "Integration time (s)")) return time;
  const auto exposure = number_at(*group, "Exposure (s)");
  if (!exposure) return std::nullopt;
  return *exposure * number_at(*group, "Number of frames").value_or(1);
}

void set_microscope(Json& tree, const Json& tags, const std::string& at) {
  static constexpr std::array entries{
      Entry{"Microscope Info.Voltage", "beam_energy", 1e-3},
      Entry{"Microscope Info.Probe Current (nA)", "beam_current"},
      Entry{"Microscope Info.Stage Position.Stage Alpha", "Stage.tilt_alpha"},
      Entry{"Microscope Info.Stage Position.Stage Beta", "Stage.tilt_beta"},
      Entry{"Microscope Info.Stage Position.Stage X", "Stage.x", 1e-3},
      Entry{"Microscope Info.Stage Position.Stage Y", "Stage.y", 1e-3},
      Entry{"Microscope Info.Stage Position.Stage Z", "Stage.z", 1e-3},
  };
  set_entries(tree, tags, at, entries);
  if (find(tags, "Microscope Info") == nullptr) return;
  const std::string mode = text_of(tags, "Microscope Info.Illumination Mode");
  if (!mode.empty()) {
    const auto has = [&](const char* word) { return mode.find(word) != std::string::npos; };
    set(tree, at + "acquisition_mode", has("STEM") ? "STEM" : has("SEM") ? "SEM" : "TEM");
  }
  for (const char* name : {"Session Info.Microscope", "Microscope Info.Name", "Microscope Info.Microscope"}) {
    if (const std::string microscope = text_of(tags, name); !microscope.empty()) {
      set(tree, at + "microscope", microscope);
      break;
    }
  }
  // In diffraction of a broad beam, the "magnification" is the camera length.
  const auto indicated = number_at(tags, "Microscope Info.Indicated Magnification");
  const bool broad = mode == "TEM";
  const bool diffraction = text_of(tags, "Microscope Info.Imaging Mode") == "DIFFRACTION";
  if (indicated) set(tree, at + (broad && diffraction ? "camera_length" : "magnification"), *indicated);
  if (const auto length = number_at(tags, "Microscope Info.STEM Camera Length"); length && !broad) {
    set(tree, at + "camera_length", *length);
  }
}

void set_eels(Json& tree, const Json& tags, bool scanning) {
  set_moment(tree, tags, "EELS.Acquisition.Date", "EELS.Acquisition.Start time");
  static constexpr std::array entries{
      Entry{"EELS.Experimental Conditions.Collection semi-angle (mrad)", "Detector.EELS.collection_angle"},
      Entry{"EELS.Experimental Conditions.Convergence semi-angle (mrad)", "convergence_angle"},
      Entry{"EELS.Acquisition.Number of frames", "Detector.EELS.frame_number"},
      Entry{"EELS Spectrometer.Instrument name", "Detector.EELS.spectrometer"},
  };
  const std::string at = "Acquisition_instrument.TEM.";
  set_entries(tree, tags, at, entries);
  std::string aperture = text_of(tags, "EELS Spectrometer.Aperture label");
  if (aperture.ends_with("mm")) aperture.resize(aperture.size() - 2);
  if (const auto size = parse_number(aperture)) set(tree, at + "Detector.EELS.aperture_size", *size);
  if (const auto time = exposure_of(tags, "EELS.Acquisition")) {
    set(tree, at + "Detector.EELS." + (scanning ? "dwell_time" : "exposure"), *time);
  }
}

void set_eds(Json& tree, const Json& tags) {
  set_moment(tree, tags, "EDS.Acquisition.Date", "EDS.Acquisition.Start time");
  static constexpr std::array entries{
      Entry{"EDS.Detector Info.Azimuthal angle", "azimuth_angle"},
      Entry{"EDS.Detector Info.Elevation angle", "elevation_angle"},
      Entry{"EDS.Solid angle", "solid_angle"},
      Entry{"EDS.Live time", "live_time"},
      Entry{"EDS.Real time", "real_time"},
  };
  set_entries(tree, tags, "Acquisition_instrument.TEM.Detector.EDS.", entries);
}

void set_cathodoluminescence(Json& tree, const Json& tags) {
  set_moment(tree, tags, "CL.Acquisition.Acquisition begin", "");
  set_moment(tree, tags, "CL.Acquisition.Date", "CL.Acquisition.Start time");
  set_moment(tree, tags, "DataBar.Acquisition Date", "DataBar.Acquisition Time");
  static constexpr std::array entries{
      Entry{"Meta Data.Acquisition Mode", "Spectrometer.acquisition_mode"},
      Entry{"CL.Acquisition.Dispersion grating (lines/mm)", "Spectrometer.Grating.groove_density"},
      Entry{"CL.Acquisition.Central wavelength (nm)", "Spectrometer.central_wavelength"},
      Entry{"CL.Acquisition.Start wavelength (nm)", "Spectrometer.start_wavelength"},
      Entry{"CL.Acquisition.Step-size (nm)", "Spectrometer.step_size"},
      Entry{"CL.Acquisition.Exposure (s)", "Detector.exposure_per_frame"},
      Entry{"CL.Acquisition.Number of frames", "Detector.frames"},
      Entry{"CL.Acquisition.Dwell time (s)", "Detector.integration_time"},
      Entry{"CL.Acquisition.Saturation fraction", "Detector.saturation_fraction"},
  };
  set_entries(tree, tags, "Acquisition_instrument.", entries);
  if (const auto time = exposure_of(tags, "CL.Acquisition")) {
    set(tree, "Acquisition_instrument.Detector.integration_time", *time);
  }
}

/// What the values are: "Electrons (Counts)", "X-rays (Counts)", "Intensity (…)".
std::string quantity_of_values(const std::string& units, const std::string& signal_type) {
  std::string quantity = units == "e-" ? "Electrons" : "Intensity";
  if (signal_type == "EDS_TEM") quantity = "X-rays";
  if (units == "e-") return quantity + " (Counts)";
  return units.empty() ? quantity : quantity + " (" + units + ")";
}

}  // namespace

std::string signal_type_of(const Json& image) {
  const std::string signal = text_of(image, "ImageTags.Meta Data.Signal");
  if (signal == "X-ray") return "EDS_TEM";
  if (signal == "CL" || find(image, "ImageTags.Acquisition.Monarc Spectrometer") != nullptr) return "CL";
  // The tags of Orsay's plug-in for spectrum images.
  if (signal == "EELS" || find(image, "ImageTags.spim.eels") != nullptr) return "EELS";
  return "";
}

Json metadata_of(const Json& image, const std::string& title, const std::string& signal_type) {
  Json tree = Json::object();
  set(tree, "General.title", title);
  static const Json nothing = Json::object();
  const Json* tags = find(image, "ImageTags.source.Tags at creation");  // a stack made by the stack builder
  if (tags == nullptr) tags = find(image, "ImageTags");
  if (tags == nullptr) tags = &nothing;

  set_moment(tree, *tags, "DataBar.Acquisition Date", "DataBar.Acquisition Time");
  if (const std::string name = text_of(*tags, "Session Info.Operator"); !name.empty()) {
    set(tree, "General.authors", name);
  }
  if (const std::string name = text_of(*tags, "Session Info.Specimen"); !name.empty()) {
    set(tree, "Sample.description", name);
  }
  const std::string illumination = text_of(*tags, "Microscope Info.Illumination Mode");
  const bool sem = illumination.find("STEM") == std::string::npos && illumination.find("SEM") != std::string::npos;
  const std::string at = std::string("Acquisition_instrument.") + (sem ? "SEM." : "TEM.");
  set_microscope(tree, *tags, at);
  const bool scanning = find(*tags, "DigiScan") != nullptr;
  if (find(tree, "General.date") == nullptr) {
    set_moment(tree, *tags, "SI.Acquisition.Date", "SI.Acquisition.Start time");
  }
  if (signal_type == "EELS") set_eels(tree, *tags, scanning);
  if (signal_type == "EDS_TEM") set_eds(tree, *tags);
  if (signal_type == "CL") set_cathodoluminescence(tree, *tags);
  if (scanning && signal_type != "EELS" && signal_type != "EDS_TEM") {
    if (const auto time = number_at(*tags, "DigiScan.Sample Time")) set(tree, at + "dwell_time", *time / 1e6);
  } else if (signal_type.empty()) {
    if (const auto time = number_at(*tags, "Acquisition.Parameters.Detector.exposure (s)")) {
      set(tree, "Acquisition_instrument.TEM.Camera.exposure", *time);
    }
  }

  set(tree, "Signal.signal_type", signal_type);
  const std::string units = text_of(image, "ImageData.Calibrations.Brightness.Units");
  set(tree, "Signal.quantity", quantity_of_values(units, signal_type));
  const std::string noise = "Signal.Noise_properties.Variance_linear_model.";
  if (const auto gain = number_at(image, "ImageData.Calibrations.Brightness.Scale")) {
    set(tree, noise + "gain_factor", *gain);
  }
  if (const auto origin = number_at(image, "ImageData.Calibrations.Brightness.Origin")) {
    set(tree, noise + "gain_offset", *origin);
  }
  return tree;
}

}  // namespace ruska::io::dm
