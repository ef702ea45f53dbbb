// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Bruker Esprit maps (.bcf), versions 1 and 2: images and X-ray spectra of every pixel, in a container with a header in
// XML. The header holds the images, the sum spectrum and the instrument; the spectra stay packed in the file and are
// read as sparse counts.
//
// The files do not say how large the counts are. The dtype follows from the sum spectrum as in HyperSpy, with whose
// results ours can thus be compared: the smallest unsigned integer that holds twice the mean count of the highest
// channel. Both axes of a map have the scale DY, as there.
#include <algorithm>
#include <numeric>

#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/bcf/packed_map.hpp"
#include "ruska/io/bruker_xml.hpp"
#include "ruska/io/instrument.hpp"
#include "ruska/io/text.hpp"
#include "ruska/io/xml.hpp"

namespace ruska::io {

namespace {

constexpr const char* folder = "EDSDatabase";
constexpr std::int64_t longest_header = std::int64_t{512} << 20;
constexpr std::size_t most_maps = 1000;
constexpr std::int64_t longest_side = std::int64_t{1} << 20;

Confidence probe(const Probe& file) {
  const std::string_view head(reinterpret_cast<const char*>(file.head.data()), file.head.size());
  const bool named = extension_of(file.path) == "bcf";
  // Other programs keep their files in the same container.
  if (head.starts_with(bcf::container_mark)) return named ? Confidence::content : Confidence::extension;
  return named ? Confidence::extension : Confidence::none;
}

/// What all signals of a file share.
struct Instrument {
  std::string kind;  ///< "TEM" or "SEM"
  double scale_x = 1, scale_y = 1;
  std::string units;
  Json metadata = Json::object();
  Json original = Json::object();
};

Instrument read_instrument(pugi::xml_node database) {
  Instrument instrument;
  const pugi::xml_node microscope = bruker::instance(database, "TRTSEMData");
  const pugi::xml_node stage = bruker::instance(database, "TRTSEMStageData");
  const pugi::xml_node scan = bruker::instance(database, "TRTDSPConfiguration");
  const auto beam_energy = child_number(microscope, "HV");
  instrument.kind = instrument_for(beam_energy);
  const auto scale_x = child_number(microscope, "DX");
  const auto scale_y = child_number(microscope, "DY");
  if (scale_x && scale_y) {
    instrument.scale_x = *scale_x;
    instrument.scale_y = *scale_y;
  }
  instrument.units = scale_x && scale_y ? "µm" : "pix";

  const std::string path = "Acquisition_instrument." + instrument.kind;
  const auto put = [&](const std::string& key, std::optional<double> value) {
    if (value) set(instrument.metadata, path + key, *value);
  };
  put(".beam_energy", beam_energy);
  put(".magnification", child_number(microscope, "Mag"));
  put(".Stage.rotation", child_number(stage, "Rotation"));
  put(".Stage.tilt_alpha", child_number(stage, "Tilt"));
  put(".Stage.x", child_number(stage, "X"));
  put(".Stage.y", child_number(stage, "Y"));
  put(".Stage.z", child_number(stage, "Z"));
  if (const std::string name = database.attribute("Name").value(); !name.empty()) {
    set(instrument.metadata, "Sample.name", name);
  }
  if (microscope) instrument.original["Microscope"] = xml_to_json(microscope);
  if (scan) instrument.original["DSP Configuration"] = xml_to_json(scan);
  if (stage) instrument.original["Stage"] = xml_to_json(stage);
  return instrument;
}

Axis space_axis(const char* name, std::int64_t size, double scale, const Instrument& instrument, Role role) {
  Axis axis;
  axis.name = name;
  axis.units = instrument.units;
  axis.quantity = quantity_of(axis.units);
  axis.role = role;
  axis.size = size;
  axis.scale = scale;
  return axis;
}

/// The planes of an image that hold anything but zeros; those that do not belong to detectors that were off.
void add_images(pugi::xml_node image, const Instrument& instrument,
                std::vector<std::shared_ptr<const Source>>& signals) {
  const std::int64_t width = bruker::required_integer(image, "Width", 1, longest_side);
  const std::int64_t height = bruker::required_integer(image, "Height", 1, longest_side);
  const std::int64_t item = bruker::required_integer(image, "ItemSize", 1, 4);
  const std::int64_t planes = bruker::required_integer(image, "PlaneCount", 0, 1024);
  if (item == 3) throw Error(ErrorKind::bad_data, "an image has 3 bytes per pixel; 1, 2 or 4 are known");
  for (std::int64_t i = 0; i < planes; ++i) {
    const pugi::xml_node plane = image.child(("Plane" + std::to_string(i)).c_str());
    const std::vector<std::byte> bytes = bruker::base64_of(plane, "Data");
    if (static_cast<std::int64_t>(bytes.size()) != width * height * item) {
      throw Error(ErrorKind::bad_data, "plane " + std::to_string(i) + " of an image holds " +
                                           std::to_string(bytes.size()) + " bytes; " + std::to_string(height) + " x " +
                                           std::to_string(width) + " pixels of " + std::to_string(item) +
                                           " bytes were announced");
    }
    if (std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; })) continue;
    Description description;
    description.title = child_text(plane, "Description");
    description.dtype = item == 1 ? DType::uint8 : item == 2 ? DType::uint16 : DType::uint32;
    description.axes = {space_axis("height", height, instrument.scale_y, instrument, Role::signal),
                        space_axis("width", width, instrument.scale_x, instrument, Role::signal)};
    description.metadata = instrument.metadata;
    if (!description.title.empty()) set(description.metadata, "General.title", description.title);
    description.original = instrument.original;
    signals.push_back(Dataset::from_bytes(std::move(description), bytes).shared_source());
  }
}

/// The image recorded with the map has no name; counters and pixel times have one.
pugi::xml_node main_image(pugi::xml_node database) {
  pugi::xml_node found;
  for (const pugi::xml_node node : database.children("ClassInstance")) {
    const bool image = std::string_view(node.attribute("Type").value()) == "TRTImageData";
    if (image && std::string_view(node.attribute("Name").value()).empty()) found = node;
  }
  return found;
}

/// Version 2 keeps images of the surroundings too.
pugi::xml_node overview_image(pugi::xml_node database) {
  for (const pugi::xml_node container : database.children("ClassInstance")) {
    if (std::string_view(container.attribute("Type").value()) != "TRTContainerClass") continue;
    const pugi::xml_node overviews =
        container.child("ChildClassInstances").find_child_by_attribute("ClassInstance", "Name", "OverviewImages");
    if (const pugi::xml_node image = bruker::instance(overviews.child("ChildClassInstances"), "TRTImageData")) {
      return image;
    }
  }
  return {};
}

/// Elements and lines that the operator chose. A region without a line means Kα: the element tables of Esprit hold a
/// single line of Li to Al.
void set_elements(pugi::xml_node database, Json& metadata) {
  std::vector<std::string> elements, lines;
  for (const pugi::xml_node container : database.children("ClassInstance")) {
    if (std::string_view(container.attribute("Type").value()) != "TRTContainerClass") continue;
    const pugi::xml_node list = bruker::instance(container.child("ChildClassInstances"), "TRTElementInformationList");
    const pugi::xml_node regions = bruker::instance(list, "TRTSpectrumRegionList").child("ChildClassInstances");
    for (const pugi::xml_node region : regions.children("ClassInstance")) {
      const std::string element = region.attribute("Name").value();
      if (element.empty() || std::string_view(region.attribute("Type").value()) != "TRTSpectrumRegion") continue;
      std::string line = lower_case(child_text(region, "Line"));
      if (line.empty()) line = "ka";
      if (line.size() == 1) line += 'a';
      line.resize(2);
      if (line[0] >= 'a' && line[0] <= 'z') line[0] = static_cast<char>(line[0] - 'a' + 'A');
      elements.push_back(element);
      lines.push_back(element + "_" + line);
    }
    if (list) break;
  }
  for (auto* names : {&elements, &lines}) {
    std::sort(names->begin(), names->end());
    names->erase(std::unique(names->begin(), names->end()), names->end());
  }
  set(metadata, "Sample.elements", elements);
  set(metadata, "Sample.xray_lines", lines);
}

/// Seconds that the beam spent on the map: lines scanned × averages × time per pixel × width.
std::optional<double> real_time(pugi::xml_node database, std::int64_t width) {
  const pugi::xml_node scan = bruker::instance(database, "TRTDSPConfiguration");
  const auto line_average = child_number(scan, "LineAverage");
  const auto pixel_average = child_number(scan, "PixelAverage");
  const auto pixel_time = child_number(scan, "PixelTime");  // µs
  const std::vector<std::uint64_t> lines = bruker::integers_of(database, "LineCounter");
  if (!line_average || !pixel_average || !pixel_time || lines.empty()) return std::nullopt;
  const double scanned = std::accumulate(
      lines.begin(), lines.end(), 0.0, [](double sum, std::uint64_t line) { return sum + static_cast<double>(line); });
  return scanned * *line_average * *pixel_average * *pixel_time * static_cast<double>(width) * 1e-6;
}

DType dtype_for(const std::vector<std::uint64_t>& sum_spectrum, const Shape& map) {
  const std::uint64_t highest = *std::max_element(sum_spectrum.begin(), sum_spectrum.end());
  const std::uint64_t mean = highest / static_cast<std::uint64_t>(map[0] * map[1]);
  return mean <= 0xFF / 2 ? DType::uint8 : mean <= 0xFFFF / 2 ? DType::uint16 : DType::uint32;
}

std::shared_ptr<const Source> read_map(pugi::xml_node database, const Instrument& instrument, const std::string& number,
                                       bool only_one, std::shared_ptr<const bcf::Stream> stream) {
  const Shape shape = bcf::map_shape(*stream);
  if (const pugi::xml_node image = main_image(database)) {
    const Shape announced{bruker::required_integer(image, "Height", 1, longest_side),
                          bruker::required_integer(image, "Width", 1, longest_side)};
    if (announced != shape) {
      throw Error(ErrorKind::bad_data,
                  "the map is " + to_string(shape) + " pixels, the header says " + to_string(announced));
    }
  }
  const pugi::xml_node node = bruker::instance(database.child(("SpectrumData" + number).c_str()), "TRTSpectrum");
  if (!node) throw Error(ErrorKind::bad_data, "the header has no sum spectrum of map " + number);
  const bruker::Spectrum sum = bruker::read_spectrum(node);

  Description description;
  description.title = only_one ? "EDX" : "EDX " + number;
  description.signal_type = "EDS_" + instrument.kind;
  description.dtype = dtype_for(sum.counts, shape);
  description.axes = {space_axis("height", shape[0], instrument.scale_y, instrument, Role::navigation),
                      space_axis("width", shape[1], instrument.scale_y, instrument, Role::navigation), sum.energy};
  description.original = sum.original;
  description.original.update(instrument.original);
  Json& metadata = description.metadata;
  metadata = instrument.metadata;
  set(metadata, "General.title", description.title);
  bruker::set_date(metadata, database.child("Header"));
  set(metadata, "Signal.signal_type", description.signal_type);
  set(metadata, "Signal.quantity", "X-rays (Counts)");
  const std::string detector = "Acquisition_instrument." + instrument.kind + ".Detector.EDS";
  set(metadata, detector, sum.detector);
  if (const auto seconds = real_time(database, shape[1])) set(metadata, detector + ".real_time", *seconds);
  set_elements(database, metadata);
  return bcf::packed_map(std::move(stream), std::move(description));
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const bcf::SingleFileSystem container(std::make_shared<const RandomAccessFile>(path));
  const auto header = container.open(folder, "HeaderData");
  if (header->size() > longest_header) {
    throw Error(ErrorKind::bad_data, "a header of " + std::to_string(header->size()) + " bytes");
  }
  std::string text(static_cast<std::size_t>(header->size()), '\0');
  header->read(0, std::as_writable_bytes(std::span(text)));
  const pugi::xml_document document = parse_xml(std::move(text));
  const pugi::xml_node database = bruker::instance(document.child("TRTSpectrumDatabase"), "TRTSpectrumDatabase");
  if (!database) throw Error(ErrorKind::bad_data, "the header holds no TRTSpectrumDatabase");

  std::vector<std::shared_ptr<const Source>> signals;
  const Instrument instrument = read_instrument(database);
  if (const pugi::xml_node image = main_image(database)) add_images(image, instrument, signals);
  if (const pugi::xml_node image = overview_image(database)) add_images(image, instrument, signals);
  std::vector<std::string> numbers;
  for (const std::string& name : container.names_in(folder)) {
    constexpr std::string_view map = "SpectrumData";
    if (name.starts_with(map) && parse_integer(name.substr(map.size()))) numbers.push_back(name.substr(map.size()));
  }
  if (numbers.size() > most_maps) {
    throw Error(ErrorKind::bad_data, "a container of " + std::to_string(numbers.size()) + " maps");
  }
  std::sort(numbers.begin(), numbers.end(),
            [](const std::string& a, const std::string& b) { return *parse_integer(a) < *parse_integer(b); });
  for (const std::string& number : numbers) {
    signals.push_back(with_context([&] { return "map " + number; },
                                   [&] {
                                     return read_map(database, instrument, number, numbers.size() == 1,
                                                     container.open(folder, "SpectrumData" + number));
                                   }));
  }
  return signals;
}

}  // namespace

const Driver& bcf_driver() {
  static const Driver driver{"bcf", "Bruker Esprit map", {"bcf"}, probe, open, nullptr};
  return driver;
}

}  // namespace ruska::io
