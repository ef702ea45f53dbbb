// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Files of Thermo Fisher's Velox (.emd), an HDF5 layout that the maker has not published; what is known comes from
// files and from the documentation and tests of HyperSpy and RosettaSciIO. Below /Data, each measurement is a group
// named by a random identifier: Image (y, x, frame), Spectrum (channel, spectrum), EelsSpectrumImage (x, energy, y) and
// SpectrumStream, the events of one EDS detector. /Operations, /Presentation and, since version 11, /Displays and
// /SharedProperties say what is what. /Data/SpectrumImage holds the EDS cube in a closed compression and is not read.
//
// The raster of an EDS stream is the scanned area in scan pixels (Scan.ScanArea × Scan.ScanSize).
#include <cmath>
#include <map>

#include <xraylib.h>

#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/emd_velox/event_stream.hpp"
#include "ruska/io/emd_velox/metadata.hpp"
#include "ruska/io/si_prefix.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {
namespace {

using velox::frame_metadata;
using velox::json_text;
using velox::known_metadata;
using velox::number_of;
using Sources = std::vector<std::shared_ptr<const Source>>;

bool is_velox(const hdf5::Group& root) {
  if (!root.has_array("Version") || !root.has_group("Data")) return false;
  const hdf5::Array version = root.array("Version");
  if (!version.is_text()) return false;
  const std::string format = text_at(json_text(version), "format").value_or("");
  return format == "Velox" || format == "DevelopersKit";
}

Confidence probe(const Probe& file) {
  if (!hdf5::has_signature(file.head)) return Confidence::none;
  try {
    return is_velox(hdf5::OpenFile::open(file.path)->root()) ? Confidence::content : Confidence::none;
  } catch (const Error&) {
    // Damaged or cut short: whoever opens it says where.
    return extension_of(file.path) == "emd" ? Confidence::extension : Confidence::none;
  }
}

/// "Fe%20map" → "Fe map".
std::string without_escapes(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto hexadecimal = [&](std::size_t at) {
      return at < text.size() && std::isxdigit(static_cast<unsigned char>(text[at]));
    };
    if (text[i] == '%' && hexadecimal(i + 1) && hexadecimal(i + 2)) {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return to_utf8(out);
}

std::string last_part(const std::string& path) { return path.substr(path.rfind('/') + 1); }

class Velox {
 public:
  explicit Velox(hdf5::Group root) : root_(std::move(root)), data_(root_.group("Data")) {
    version_ = static_cast<int>(number_of(json_text(root_.array("Version")), "version").value_or(0));
    spectrum_image_ = data_.has_group("Image") && data_.has_group("SpectrumImage");
    read_labels();
  }

  Sources read() {
    for_each("Spectrum", [&](const hdf5::Group& group, const std::string&) { read_spectrum(group); });
    for_each("Image", [&](const hdf5::Group& group, const std::string& key) { read_image(group, key); });
    for_each("EelsSpectrumImage", [&](const hdf5::Group& group, const std::string&) { read_eels(group); });
    read_streams();
    if (signals_.empty()) {
      data_.fail(ErrorKind::unsupported,
                 data_.has_group("SpectrumImage")
                     ? "the spectrum image is stored in Velox's closed compression alone; save the file without pruning"
                     : "there is no image, spectrum or event stream");
    }
    return std::move(signals_);
  }

 private:
  template <class Read>
  void for_each(const std::string& kind, const Read& read) {
    if (!data_.has_group(kind)) return;
    const hdf5::Group group = data_.group(kind);
    for (const std::string& key : group.names()) {
      if (group.has_array(key + "/Data")) read(group.group(key), key);
    }
  }

  /// All JSON objects of a group such as /Operations/StemInputOperation, by name.
  std::map<std::string, Json> objects(const std::string& path) const {
    std::map<std::string, Json> all;
    if (root_.kind(path) != hdf5::Kind::group) return all;
    const hdf5::Group group = root_.group(path);
    for (const std::string& name : group.names()) {
      if (group.has_array(name)) all[name] = json_text(group.array(name));
    }
    return all;
  }

  /// The names that users gave to the pictures of a spectrum image: elements, detectors.
  void read_labels() {
    if (!spectrum_image_) return;
    if (version_ >= 11) {
      for (const auto& [name, display] : objects("Displays/ImageDisplay")) {
        const std::string reference = text_at(display, "data").value_or("");
        if (reference.size() < 2 || root_.kind(reference.substr(1)) != hdf5::Kind::array) continue;
        const std::string path = text_at(json_text(root_.array(reference.substr(1))), "dataPath").value_or("");
        if (!path.empty()) labels_[last_part(path)] = text_at(display, "id").value_or("");
      }
    } else {
      for (const auto& [name, display] : objects("Presentation/Displays/ImageDisplay")) {
        const std::string path = text_at(display, "dataPath").value_or("");
        if (!path.empty()) labels_[last_part(path)] = text_at(display, "display.label").value_or("");
      }
    }
  }

  /// What made an image: the operation whose path leads to it.
  std::string operation_title(const std::string& key) const {
    const auto leads_here = [&](const Json& operation, const char* entry) {
      return text_at(operation, entry).value_or("").find(key) != std::string::npos;
    };
    const auto phase = [](const Json& operation) {
      return text_at(operation, "integrationMode") == "true" ? std::string("iDPC") : std::string("dDPC");
    };
    for (const auto& [name, one] : objects("Operations/CameraInputOperation")) {
      if (leads_here(one, "dataPath")) return text_at(one, "cameraName").value_or("");
    }
    for (const auto& [name, one] : objects("Operations/StemInputOperation")) {
      if (leads_here(one, "dataPath")) return text_at(one, "detector").value_or("");
    }
    for (const auto& [name, one] : objects("Operations/SurfaceReconstructionOperation")) {
      if (leads_here(one, "unfilteredDataPath")) return phase(one);
      if (leads_here(one, "dataPath")) return (text_at(one, "enableFilter") == "true" ? "Filtered " : "") + phase(one);
    }
    for (const auto& [name, one] : objects("Operations/MathematicsOperation")) {
      if (!leads_here(one, "dataPath")) continue;
      const Json* outputs = find(one, "outputs");
      const bool first = outputs != nullptr && outputs->is_array() && !outputs->empty() &&
                         text_at(outputs->front(), "inputIndex") == "0";
      return first ? "A-C" : "B-D";
    }
    for (const auto& [name, one] : objects("Operations/DpcOperation")) {
      if (leads_here(one, "dataPath")) return "DPC";
    }
    for (const auto& [name, one] : objects("Operations/IntegrationOperation")) {
      if (leads_here(one, "dataPath")) return "DCFI";
    }
    for (const auto& [name, one] : objects("Operations/FftOperation")) {
      if (leads_here(one, "imageOutputPath")) return "Half FFT";
    }
    return {};
  }

  std::string image_title(const std::string& key, const Json& metadata) const {
    const auto label = labels_.find(key);
    if (label != labels_.end() && !label->second.empty()) return without_escapes(label->second);
    const std::string operation = operation_title(key);
    if (!operation.empty()) return without_escapes(operation);
    const Json* index = find(metadata, "BinaryResult.DetectorIndex");
    if (index != nullptr && index->is_string()) {
      const auto name = text_at(metadata, "Detectors.Detector-" + index->get<std::string>() + ".DetectorName");
      if (name) return *name;
    }
    return text_at(metadata, "BinaryResult.Detector").value_or("");
  }

  /// The elements chosen for quantification.
  Json elements() const {
    const auto settings = objects(version_ >= 11 ? "SharedProperties/EDSSpectrumQuantificationSettings"
                                                 : "Operations/ImageQuantificationOperation");
    Json symbols = Json::array();
    if (settings.empty()) return symbols;
    const Json* numbers = find(settings.begin()->second, "elementSelection");
    if (numbers == nullptr || !numbers->is_array()) return symbols;
    for (const Json& entry : *numbers) {
      const auto number = number_of(Json{{"element", entry}}, "element");
      if (!number || !(*number >= 1 && *number <= 107)) continue;
      char* symbol = AtomicNumberToSymbol(static_cast<int>(*number), nullptr);
      if (symbol != nullptr) symbols.push_back(symbol);
      xrlFree(symbol);
    }
    return symbols;
  }

  Description described(const Json& metadata, const std::string& title, const std::string& signal_type) const {
    Description description;
    description.title = title;
    description.signal_type = signal_type;
    const bool eds = signal_type == "EDS_TEM";
    description.metadata = known_metadata(metadata, title, eds);
    set(description.metadata, "Signal.signal_type", signal_type);
    if (eds) {
      const Json symbols = elements();
      if (!symbols.empty()) set(description.metadata, "Sample.elements", symbols);
    }
    description.original = metadata;
    return description;
  }

  void read_spectrum(const hdf5::Group& group) {
    const Json metadata = frame_metadata(group);
    const hdf5::Array array = group.array("Data");
    const Shape& shape = array.shape();
    if (shape.size() != 1 && shape.size() != 2) {
      array.fail(ErrorKind::bad_data, "spectra of the shape " + to_string(shape));
    }
    Description description = described(metadata, "EDS", "EDS_TEM");
    std::vector<int> order;
    if (shape.size() == 2 && shape[1] != 1) {
      description.axes.push_back({"Stack", "", "", Role::navigation, shape[1]});
      order.push_back(1);
    }
    description.axes.push_back(velox::energy_axis(metadata, "Energy", shape[0]));
    order.push_back(0);
    signals_.push_back(std::make_shared<hdf5::Hdf5Source>(std::move(description), array, std::move(order)));
  }

  /// Time between the frames of a stack, in s.
  static double frame_time(const Json& metadata) {
    if (const auto time = number_of(metadata, "Scan.FrameTime")) return *time;
    const std::string index = text_at(metadata, "BinaryResult.DetectorIndex").value_or("0");
    return number_of(metadata, "Detectors.Detector-" + index + ".ExposureTime").value_or(1.0);
  }

  void read_image(const hdf5::Group& group, const std::string& key) {
    const Json metadata = frame_metadata(group);
    const hdf5::Array array = group.array("Data");
    const Shape& shape = array.shape();
    if (shape.size() != 3) array.fail(ErrorKind::bad_data, "an image of the shape " + to_string(shape));
    Description description = described(metadata, image_title(key, metadata), "");
    std::vector<int> order;
    // Beside a spectrum image the stack repeats the frames of its scan; the first one stands for it.
    if (shape[2] != 1 && !spectrum_image_) {
      const double step = frame_time(metadata);
      const Calibration unit = handy(step, "s", 2 * shape[2]);
      description.axes.push_back({"Time", "time", unit.units, Role::navigation, shape[2], step * unit.factor, 0});
      order.push_back(2);
    }
    for (const Axis& axis : velox::image_axes(metadata, shape[0], shape[1], Role::signal, shape[1])) {
      description.axes.push_back(axis);
    }
    order.push_back(0);
    order.push_back(1);
    signals_.push_back(std::make_shared<hdf5::Hdf5Source>(std::move(description), array, std::move(order)));
  }

  /// The metadata of the first spectrum image, which alone has the pixel size of EELS maps.
  Json spectrum_image_metadata() const {
    if (!data_.has_group("SpectrumImage")) return Json::object();
    const hdf5::Group group = data_.group("SpectrumImage");
    const auto names = group.names();
    return names.empty() || !group.has_group(names.front()) ? Json::object()
                                                            : frame_metadata(group.group(names.front()));
  }

  void read_eels(const hdf5::Group& group) {
    const Json metadata = frame_metadata(group);
    const Json acquisition = frame_metadata(group, "AcquisitionMetadata");
    const hdf5::Array array = group.array("Data");
    const Shape& shape = array.shape();
    if (shape.size() != 2 && shape.size() != 3) {
      array.fail(ErrorKind::bad_data, "EELS spectra of the shape " + to_string(shape));
    }
    Description description = described(metadata, "EELS", "EELS");
    const std::int64_t height = shape.size() == 3 ? shape[2] : 1;
    Axes axes = velox::image_axes(spectrum_image_metadata(), height, shape[0], Role::navigation, 1);
    std::vector<int> order{2, 0, 1};
    if (shape.size() == 2) {
      axes.erase(axes.begin());
      order = {0, 1};
    }
    description.axes = std::move(axes);
    Axis energy{"Energy-loss", "energy", "eV", Role::signal, shape[1]};
    energy.scale = number_of(acquisition, "Data.dispersion").value_or(1.0);
    energy.offset = number_of(acquisition, "Data.offset").value_or(0.0);
    description.axes.push_back(energy);
    signals_.push_back(std::make_shared<hdf5::Hdf5Source>(std::move(description), array, std::move(order)));
  }

  /// The scanned area in scan pixels as (height, width); nothing for a single spectrum.
  static std::optional<Shape> raster(const Json& metadata) {
    const auto pixels = [&](const std::string& size, const std::string& from, const std::string& to) {
      const double all = number_of(metadata, "Scan.ScanSize." + size).value_or(0);
      const double part = number_of(metadata, "Scan.ScanArea." + to).value_or(1) -
                          number_of(metadata, "Scan.ScanArea." + from).value_or(0);
      const double length = std::round(all * part);
      return length >= 1 && length <= 1e6 ? static_cast<std::int64_t>(length) : 0;
    };
    const Shape shape{pixels("height", "top", "bottom"), pixels("width", "left", "right")};
    if (shape[0] == 0 || shape[1] == 0) return std::nullopt;
    return shape;
  }

  /// How many frames the finished map sums; 0 when the file does not say.
  std::int64_t frames() const {
    if (!data_.has_group("SpectrumImage")) return 0;
    const hdf5::Group group = data_.group("SpectrumImage");
    for (const std::string& name : group.names()) {
      if (!group.has_array(name + "/SpectrumImageSettings")) continue;
      const auto end = number_of(json_text(group.array(name + "/SpectrumImageSettings")), "endFramePosition");
      return end && *end >= 1 && *end < 1e9 ? static_cast<std::int64_t>(*end) : 0;
    }
    return 0;
  }

  void read_streams() {
    std::vector<hdf5::Array> streams;
    Json metadata;
    Shape map;
    std::int64_t channels = 0;
    DType dtype = DType::uint16;
    for_each("SpectrumStream", [&](const hdf5::Group& group, const std::string&) {
      const Json own = frame_metadata(group);
      const auto shape = raster(own);
      if (!shape) return;
      const Json settings = json_text(group.array("AcquisitionSettings"));
      const auto bins = number_of(settings, "bincount");
      if (!bins || !(*bins >= 1 && *bins <= 65535)) {
        group.fail(ErrorKind::bad_data, "the settings name no number of channels (bincount) below 65536");
      }
      const std::string encoding = text_at(settings, "StreamEncoding").value_or("uint16");
      if (encoding != "uint8" && encoding != "uint16" && encoding != "uint32") {
        group.fail(ErrorKind::unsupported, "a stream in the encoding '" + encoding + "'");
      }
      if (streams.empty()) {
        metadata = own;
        map = *shape;
        channels = static_cast<std::int64_t>(*bins);
        dtype = dtype_from_name(encoding);
      } else if (map != *shape || channels != static_cast<std::int64_t>(*bins)) {
        group.fail(ErrorKind::unsupported, "streams of different rasters or numbers of channels in one file");
      }
      streams.push_back(group.array("Data"));
    });
    if (streams.empty()) return;
    Description description = described(metadata, "EDS", "EDS_TEM");
    description.dtype = dtype;
    description.axes = velox::image_axes(metadata, map[0], map[1], Role::navigation, map[1]);
    description.axes.push_back(velox::energy_axis(metadata, "X-ray energy", channels));
    if (frames() > 0) {
      set(description.metadata, "Acquisition_instrument.TEM.Detector.EDS.number_of_frames", frames());
    }
    signals_.push_back(
        std::make_shared<velox::EventStreamSource>(std::move(description), std::move(streams), frames()));
  }

  hdf5::Group root_, data_;
  int version_ = 0;
  bool spectrum_image_ = false;
  std::map<std::string, std::string> labels_;  // by the identifier of the image
  Sources signals_;
};

Sources open(const std::filesystem::path& path) {
  const hdf5::Group root = hdf5::OpenFile::open(path)->root();
  if (!is_velox(root)) root.fail(ErrorKind::bad_data, "the file does not say that Velox wrote it");
  return Velox(root).read();
}

}  // namespace

const Driver& emd_velox_driver() {
  static const Driver driver{"emd_velox", "Velox EMD", {"emd"}, probe, open};
  return driver;
}

}  // namespace ruska::io
