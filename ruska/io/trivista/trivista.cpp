// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// TriVista spectra (.tvf, S&I and Teledyne Princeton Instruments): XML with the hardware and documents, each of frames
// of numbers parted by semicolons. What was measured stands in a second XML text within an attribute (InfoSerialized):
// a map has there the X-Axis and Y-Axis, in micrometres, X running fastest. Frames without that are a series in time
// (TimeStamp, in 100 ns).
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

Confidence probe(const Probe& file) {
  const std::string_view head(reinterpret_cast<const char*>(file.head.data()), file.head.size());
  const bool own = head.find("<!--TriVista-File") != std::string_view::npos ||
                   (head.find("<XmlMain ") != std::string_view::npos && extension_of(file.path) == "tvf");
  if (own) return Confidence::content;
  return extension_of(file.path) == "tvf" ? Confidence::extension : Confidence::none;
}

/// Values of InfoSerialized as "Group.Item", subgroups joined by dots.
using Info = std::map<std::string, std::string>;

void add_groups(Info& info, pugi::xml_node parent, const std::string& before) {
  for (const pugi::xml_node group : parent.child("Groups").children("Group")) {
    const std::string name = before + child_text(group, "Name") + ".";
    for (const pugi::xml_node item : group.child("Items").children("Item")) {
      info[name + child_text(item, "Name")] = child_text(item, "Value");
    }
    add_groups(info, group, name);  // parse_xml has bounded the depth
  }
}

std::optional<double> number(const Info& info, const std::string& key) {
  const auto found = info.find(key);
  if (found == info.end()) return std::nullopt;
  return parse_number(std::string_view(found->second).substr(0, found->second.find(' ')));
}

std::string text(const Info& info, const std::string& key) {
  const auto found = info.find(key);
  return found == info.end() ? "" : found->second;
}

Axis wavelength_axis(pugi::xml_node dimension) {
  const pugi::xml_node calibration = dimension.child("Calibration");
  const auto length = parse_integer(dimension.attribute("Length").value());
  // "1024|891.89|891.93|…": the number of values comes first.
  std::vector<double> values = number_list(calibration.attribute("ValueArray").value(), "|", "the wavelengths");
  if (!length || *length < 1 || values.empty() || values[0] != static_cast<double>(values.size() - 1) ||
      *length != static_cast<std::int64_t>(values.size()) - 1) {
    throw Error(ErrorKind::bad_data, "the xDim of the document states the length '" +
                                         std::string(dimension.attribute("Length").value()) + "' and lists " +
                                         std::to_string(values.empty() ? 0 : values.size() - 1) + " wavelengths");
  }
  values.erase(values.begin());
  Axis axis;
  const std::string unit = calibration.attribute("Unit").value();
  axis.name = "Wavelength";
  axis.units = unit == "Nanometer" ? "nm" : unit;
  axis.quantity = quantity_of(axis.units);
  set_coordinates(axis, std::move(values));
  return axis;
}

/// The axis that InfoSerialized describes; nothing where it does not.
std::optional<Axis> stage_axis(const Info& info, const std::string& letter) {
  const auto from = number(info, letter + "-Axis.From"), step = number(info, letter + "-Axis.Step");
  const auto points = parse_integer(text(info, letter + "-Axis.Points"));
  if (!from || !step || !points || *points < 1) return std::nullopt;
  Axis axis;
  axis.name = letter;
  axis.units = "µm";
  axis.quantity = "length";
  axis.role = Role::navigation;
  axis.size = *points;
  axis.scale = *step;
  axis.offset = *from;
  return axis;
}

Axis time_axis(const std::vector<std::int64_t>& stamps) {
  Axis axis;
  axis.name = "Time";
  axis.units = "s";
  axis.quantity = "time";
  axis.role = Role::navigation;
  std::vector<double> seconds;
  for (const std::int64_t stamp : stamps) {
    seconds.push_back((static_cast<double>(stamp) - static_cast<double>(stamps.front())) * 1e-7);
  }
  set_coordinates(axis, std::move(seconds));
  return axis;
}

Json metadata_of(pugi::xml_node document, const Info& info, const std::string& title) {
  Json metadata = Json::object();
  set(metadata, "General.title", title);
  // 09/29/2016 12:57:45.518, the month first.
  const std::string when = document.attribute("RecordTime").value();
  const std::vector<std::int64_t> parts = numbers_in(when);
  if (parts.size() >= 6) {
    const auto date = iso_date(parts[2], parts[0], parts[1]), time = iso_time(parts[3], parts[4], parts[5]);
    if (date && time) {
      set(metadata, "General.date", *date);
      set(metadata, "General.time", *time);
    }
  }
  const std::string label = document.attribute("Label").value(), units = document.attribute("DataLabel").value();
  set(metadata, "Signal", Json{{"signal_type", ""}, {"quantity", units.empty() ? label : label + " (" + units + ")"}});
  const std::string start = "Acquisition_instrument.";
  const auto copy = [&](const std::string& to, const std::string& key, double factor) {
    if (const auto value = number(info, key)) set(metadata, start + to, *value * factor);
  };
  copy("Detector.temperature", "Detector.Detector_Temperature", 1);
  copy("Detector.frames", "Detector.No_of_Accumulations", 1);
  copy("Detector.exposure_per_frame", "Detector.Exposure_Time_(ms)", 1e-3);
  copy("Spectrometer.Grating.groove_density", "Spectrometers.Spectrometer.Groove_Density", 1);
  copy("Spectrometer.entrance_slit_width", "Spectrometers.Spectrometer.Slit_Entrance-Front", 1e-3);
  copy("Spectrometer.exit_slit_width", "Spectrometers.Spectrometer.Slit_Exit-Front", 1e-3);
  if (const std::string model = text(info, "Spectrometers.Spectrometer.Model"); !model.empty()) {
    set(metadata, start + "Spectrometer.model", model);
  }
  return metadata;
}

std::shared_ptr<const Source> signal_of(pugi::xml_node document, const std::string& title, const Json& hardware) {
  Info info;
  if (const std::string serialized = document.attribute("InfoSerialized").value(); !trimmed(serialized).empty()) {
    const pugi::xml_document inner = parse_xml(serialized);
    add_groups(info, inner.child("Info"), "");
  }
  const std::string rows = document.child("Data").child("Frame").attribute("yDim").as_string("1");
  if (parse_integer(rows) != 1) {
    throw Error(ErrorKind::unsupported, "frames with yDim '" + rows + "'; ruska reads TriVista frames of one line");
  }
  Description description;
  description.title = title;
  const Axis wavelength = wavelength_axis(document.child("xDim"));
  std::vector<double> values;
  std::vector<std::int64_t> stamps;
  for (const pugi::xml_node frame : document.child("Data").children("Frame")) {
    const std::vector<double> numbers =
        number_list(frame.child_value(), "; \t\r\n", "frame " + std::to_string(stamps.size()));
    if (static_cast<std::int64_t>(numbers.size()) != wavelength.size) {
      throw Error(ErrorKind::bad_data, "frame " + std::to_string(stamps.size()) + " has " +
                                           std::to_string(numbers.size()) + " values where " +
                                           std::to_string(wavelength.size) + " are expected");
    }
    values.insert(values.end(), numbers.begin(), numbers.end());
    stamps.push_back(parse_integer(frame.attribute("TimeStamp").value()).value_or(0));
  }
  if (stamps.empty()) throw Error(ErrorKind::bad_data, "the TriVista document holds no frame");
  const auto frames = static_cast<std::int64_t>(stamps.size());
  const auto x = stage_axis(info, "X"), y = stage_axis(info, "Y");
  std::int64_t expected = x ? x->size : 1;
  if (y && __builtin_mul_overflow(expected, y->size, &expected)) expected = -1;
  if (x || y) {
    if (expected != frames) {
      throw Error(ErrorKind::bad_data, "the map should have " + std::to_string(expected) +
                                           " positions, but there are " + std::to_string(frames) + " frames");
    }
    if (y) description.axes.push_back(*y);
    if (x) description.axes.push_back(*x);
  } else if (frames > 1) {
    description.axes.push_back(time_axis(stamps));
  }
  description.axes.push_back(wavelength);
  description.metadata = metadata_of(document, info, title);
  description.original = Json{{"info", info}, {"hardware", hardware}};
  return Dataset::from_values<double>(std::move(description), values).shared_source();
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const pugi::xml_document file = parse_xml(RandomAccessFile(path).read_text(longest_file, "a TriVista file"));
  const pugi::xml_node main = file.child("XmlMain");
  if (!main) throw Error(ErrorKind::bad_data, path.filename().string() + " has no element XmlMain");
  const Json hardware = xml_to_json(main.child("Hardware"));
  std::vector<std::shared_ptr<const Source>> signals;
  for (const pugi::xml_node document : main.child("Documents").children("Document")) {
    signals.push_back(signal_of(document, path.stem().string(), hardware));
  }
  if (signals.empty()) throw Error(ErrorKind::bad_data, path.filename().string() + " has no TriVista document");
  return signals;
}

}  // namespace

const Driver& trivista_driver() {
  static const Driver driver{"trivista", "TriVista spectra", {"tvf"}, probe, open, nullptr};
  return driver;
}

}  // namespace ruska::io
