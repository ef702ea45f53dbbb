// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Bruker .spx: one X-ray spectrum as XML.
#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/bruker_xml.hpp"
#include "ruska/io/instrument.hpp"
#include "ruska/io/random_access_file.hpp"
#include "ruska/io/text.hpp"
#include "ruska/io/xml.hpp"

namespace ruska::io {

namespace {

constexpr std::int64_t longest_file = std::int64_t{64} << 20;

Confidence probe(const Probe& file) {
  const std::string_view head(reinterpret_cast<const char*>(file.head.data()), file.head.size());
  if (head.find("<TRTSpectrum>") != std::string_view::npos) return Confidence::content;
  return extension_of(file.path) == "spx" ? Confidence::extension : Confidence::none;
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const pugi::xml_document document = parse_xml(RandomAccessFile(path).read_text(longest_file, "an .spx file"));
  const pugi::xml_node node = bruker::instance(document.child("TRTSpectrum"), "TRTSpectrum");
  if (!node) throw Error(ErrorKind::bad_data, path.filename().string() + " holds no TRTSpectrum");
  const bruker::Spectrum spectrum = bruker::read_spectrum(node);

  const std::string instrument = instrument_for(spectrum.beam_energy);
  Description description;
  description.title = "EDX";
  description.signal_type = "EDS_" + instrument;
  description.axes = {spectrum.energy};
  description.original = spectrum.original;
  Json& metadata = description.metadata;
  set(metadata, "General.title", description.title);
  bruker::set_date(metadata, bruker::instance(node, "TRTSpectrumHeader"));
  set(metadata, "Signal.signal_type", description.signal_type);
  set(metadata, "Signal.quantity", "X-rays (Counts)");
  const std::string microscope = "Acquisition_instrument." + instrument;
  if (spectrum.beam_energy) set(metadata, microscope + ".beam_energy", *spectrum.beam_energy);
  set(metadata, microscope + ".Detector.EDS", spectrum.detector);
  if (const std::string name = node.attribute("Name").value(); !name.empty()) set(metadata, "Sample.name", name);
  if (const pugi::xml_node list = bruker::instance(node, "TRTPSEElementList")) {
    Json elements = Json::array();
    for (const pugi::xml_node one : list.child("ChildClassInstances").children("ClassInstance")) {
      if (const std::string name = one.attribute("Name").value(); !name.empty()) elements.push_back(name);
    }
    set(metadata, "Sample.elements", std::move(elements));
  }
  return {
      Dataset::from_values(std::move(description), std::span<const std::uint64_t>(spectrum.counts)).shared_source()};
}

}  // namespace

const Driver& spx_driver() {
  static const Driver driver{"spx", "Bruker spectrum", {"spx"}, probe, open, nullptr};
  return driver;
}

}  // namespace ruska::io
