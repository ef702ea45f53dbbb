// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Phenom Element Identification projects (.elid, from version 3.8 on): one bzip2 stream of images, each with the X-ray
// analyses that were made on it. The stream has no directory and lengths stand only before their contents, so opening
// decodes it once. Maps are kept as sparse counts, all else is small.
#include <cmath>
#include <cstdio>
#include <numbers>
#include <optional>

#include "ruska/core/dataset.hpp"
#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/date_time.hpp"
#include "ruska/io/elements.hpp"
#include "ruska/io/phenom/bzip2_stream.hpp"
#include "ruska/io/phenom/embedded_image.hpp"
#include "ruska/io/text.hpp"
#include "ruska/io/xml.hpp"

namespace ruska::io {

namespace {

using phenom::Bzip2Stream;
using Signals = std::vector<std::shared_ptr<const Source>>;

constexpr std::string_view mark = "EID2";
constexpr int newest_version = 4;

/// What the XML of an image says.
struct ImageFacts {
  Json original = Json::object();
  Json metadata = Json::object();            ///< from the root of the tree
  double pixel_width = 0, pixel_height = 0;  ///< m; 0 where they are not given
  double field = 0;                          ///< m, the longer side of the image
  double scan_scale = 1;
};

/// One spectrum with its axis.
struct Spectrum {
  double offset = 0, dispersion = 1;  ///< eV
  std::vector<std::int64_t> counts;
};

/// What every analysis has.
struct Common {
  Spectrum sum;
  Json facts = Json::object();  ///< how it was measured, as `original` has it
  int number = 0;
  std::optional<ImageFacts> image;  ///< of the cutout where it has one
};

double degrees(double radians) { return radians * 180 / std::numbers::pi; }

/// A number in metres with the unit that its attribute names.
double metres(pugi::xml_node node) {
  const auto value = parse_number(node.text().get());
  if (!value) return 0;
  const std::string unit = node.attribute("unit").value();
  if (unit.empty() || unit == "m") return *value;
  if (unit == "mm") return *value * 1e-3;
  if (unit == "um" || unit == "µm") return *value * 1e-6;
  if (unit == "nm") return *value * 1e-9;
  if (unit == "pm") return *value * 1e-12;
  throw Error(ErrorKind::bad_data, "a length in '" + unit + "'; it must be in m, mm, um, nm or pm");
}

ImageFacts facts_of(const phenom::EmbeddedImage& image) {
  ImageFacts facts;
  if (image.description.empty()) return facts;
  const pugi::xml_document document = parse_xml(image.description);
  const pugi::xml_node root = document.child("FeiImage");
  facts.original = xml_to_json(root);
  facts.pixel_width = metres(root.child("pixelWidth"));
  facts.pixel_height = metres(root.child("pixelHeight"));
  facts.field = std::max(facts.pixel_height * static_cast<double>(image.height),
                         facts.pixel_width * static_cast<double>(image.width));
  const pugi::xml_node scan = root.child("acquisition").child("scan");
  facts.scan_scale = parse_number(scan.child("scanScale").text().get()).value_or(1.0);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (std::sscanf(root.child("time").text().get(), "%4d-%2d-%2dT%2d:%2d:%2d", &year, &month, &day, &hour, &minute,
                  &second) == 6) {
    set_date(facts.metadata, year, month, day);
    set_time(facts.metadata, hour, minute, second);
  }
  const std::string microscope = "Acquisition_instrument.SEM.";
  const pugi::xml_node voltage = scan.child("highVoltage");
  const bool in_kilovolts = std::string_view(voltage.attribute("unit").value()) == "kV";
  if (const auto value = parse_number(voltage.text().get()); value && in_kilovolts) {
    set(facts.metadata, microscope + "beam_energy", -*value);
  }
  if (const std::string id = root.child("instrument").child("uniqueID").text().get(); !id.empty()) {
    set(facts.metadata, microscope + "microscope", id);
  }
  for (const char* axis : {"x", "y"}) {
    const auto value = parse_number(root.child("samplePosition").child(axis).text().get());
    if (value) set(facts.metadata, microscope + "Stage." + axis, *value * 1000);  // mm
  }
  return facts;
}

/// A position axis of a field that is given in metres, in the unit that suits the field.
Axis position_axis(std::string name, Role role, std::int64_t size, double step, double whole) {
  Axis axis;
  axis.name = std::move(name);
  axis.role = role;
  axis.size = size;
  if (!(step > 0)) {
    axis.units = "points";
    return axis;
  }
  struct Unit {
    double metres;
    const char* name;
  };
  constexpr Unit units[] = {{1, "m"}, {1e-3, "mm"}, {1e-6, "µm"}, {1e-9, "nm"}};
  const Unit* unit = std::begin(units);
  while (unit + 1 != std::end(units) && whole <= unit->metres) ++unit;
  axis.units = unit->name;
  axis.quantity = "length";
  axis.scale = step / unit->metres;
  return axis;
}

Axis energy_axis(std::string name, std::int64_t size, const Spectrum& spectrum) {
  Axis axis;
  axis.name = std::move(name);
  axis.quantity = "energy";
  axis.units = "keV";
  axis.size = size;
  axis.scale = spectrum.dispersion / 1000;
  axis.offset = spectrum.offset / 1000;
  return axis;
}

/// Reads a project from its start to its end.
class Project {
 public:
  explicit Project(const RandomAccessFile& file) : in_(file) {
    const auto start = in_.bytes(4);
    if (std::string_view(reinterpret_cast<const char*>(start.data()), 4) != mark) {
      in_.fail("the project does not begin with EID2");
    }
    version_ = in_.number<std::int32_t>();
    if (version_ < 0 || version_ > newest_version) {
      throw Error(ErrorKind::unsupported, "version " + std::to_string(version_) +
                                              " of Phenom's project files; supported are 0 to " +
                                              std::to_string(newest_version));
    }
  }

  Signals read() {
    for_each([&] { read_image(); });
    if (version_ >= 1) {
      for_each([&] { read_analysis("", ImageFacts{}); });
      for_each([&] { read_analysis("", ImageFacts{}); });
    }
    in_.expect_end();
    return std::move(signals_);
  }

 private:
  /// Calls `one` as often as the number that stands next says.
  template <class One>
  void for_each(const One& one) {
    for (auto left = in_.number<std::uint32_t>(); left > 0; --left) one();
  }

  bool boolean() { return in_.number<std::uint8_t>() != 0; }
  double real() {
    const double value = in_.number<double>();
    if (!std::isfinite(value)) in_.fail("a number that is not finite");
    return value;
  }
  std::string text() {
    const auto bytes = in_.bytes(in_.number<std::uint32_t>());
    return to_utf8({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  std::uint32_t count() {
    std::uint32_t value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      const auto byte = in_.number<std::uint8_t>();
      value |= static_cast<std::uint32_t>(byte & 127) << shift;
      if ((byte & 128) == 0) return value;
    }
    in_.fail("a count of more than 32 bits");
  }
  Json elements() {
    Json list = Json::array();
    for_each([&] {
      const auto z = in_.number<std::uint8_t>();
      const std::string symbol = element_symbol(z);
      if (symbol.empty()) in_.fail("an element of atomic number " + std::to_string(z));
      list.push_back(symbol);
    });
    return list;
  }

  std::optional<phenom::EmbeddedImage> embedded_image() {
    const auto bytes = in_.bytes(in_.number<std::uint32_t>());
    if (bytes.empty()) return std::nullopt;
    return phenom::decode_image(bytes);
  }

  Json measuring_conditions() {
    Json facts = Json::object();
    facts["high_tension"] = real();
    const double elevation = real();
    facts["detector_elevation"] = version_ == 0 ? elevation * std::numbers::pi / 180 : elevation;
    for (const char* name : {"detector_azimuth", "live_time", "real_time", "slow_peaking_time", "fast_peaking_time",
                             "detector_resolution"}) {
      facts[name] = real();
    }
    facts["instrument_id"] = text();
    if (version_ > 0) {
      for (const char* name : {"optical_working_distance", "working_distance", "detector_surface_area",
                               "detector_distance", "sample_tilt_angle"}) {
        facts[name] = real();
      }
    }
    if (version_ >= 3) {
      facts["ccorrection"] = real();
      facts["detector_type"] = in_.number<std::uint8_t>();
      facts["spectrum_correction"] = in_.number<std::uint8_t>();
    }
    return facts;
  }

  Common common() {
    Common common;
    if (const auto cutout = embedded_image(); cutout && !cutout->description.empty()) common.image = facts_of(*cutout);
    common.sum.offset = real();
    common.sum.dispersion = real();
    for_each([&] { common.sum.counts.push_back(count()); });
    if (common.sum.counts.empty()) in_.fail("a spectrum without channels");
    Json& facts = common.facts = measuring_conditions();
    facts["included_elements"] = elements();
    facts["excluded_elements"] = elements();
    Json bins = Json::array();
    for_each([&] { bins.push_back(in_.number<std::int32_t>()); });
    facts["background_fit_bins"] = std::move(bins);
    Json oxides = Json::array();
    for_each([&] {
      Json oxide = Json::object();
      for (const char* name : {"element", "elements", "oxygens"}) oxide[name] = in_.number<std::uint8_t>();
      oxides.push_back(std::move(oxide));
    });
    facts["selected_oxides"] = std::move(oxides);
    facts["auto_id"] = boolean();
    common.number = in_.number<std::int32_t>();
    facts["order_nr"] = common.number;
    Json families = Json::array();
    for_each([&] {
      const int element = in_.number<std::uint8_t>(), family = in_.number<std::uint8_t>();
      families.push_back(Json{{"element", element}, {"family", family}});
    });
    facts["family_overrides"] = std::move(families);
    if (version_ >= 2) facts["drift_correction"] = in_.number<std::uint8_t>();
    if (version_ >= 4) facts["ignored_elements"] = elements();
    return common;
  }

  /// The parts of a description that analyses share; `facts` says how it was measured.
  Description description(std::string title, const ImageFacts& image, const Json& facts) {
    Description one;
    one.title = std::move(title);
    one.signal_type = "EDS_SEM";
    Json& metadata = one.metadata;
    set(metadata, "General.title", one.title);
    metadata.merge_patch(image.metadata);
    set(metadata, "Signal.signal_type", one.signal_type);
    const std::string microscope = "Acquisition_instrument.SEM.";
    if (!number_at(metadata, microscope + "beam_energy")) {
      set(metadata, microscope + "beam_energy", facts.at("high_tension").get<double>() / 1000);
    }
    const auto number = [&](const char* name) { return facts.at(name).get<double>(); };
    set(metadata, microscope + "Detector.EDS",
        Json{{"azimuth_angle", degrees(number("detector_azimuth"))},
             {"elevation_angle", degrees(number("detector_elevation"))},
             {"energy_resolution_MnKa", number("detector_resolution")},
             {"live_time", number("live_time")},
             {"real_time", number("real_time")}});
    if (version_ > 0) {
      set(metadata, microscope + "Stage.tilt_alpha", degrees(number("sample_tilt_angle")));
      set(metadata, microscope + "working_distance", number("working_distance") * 1000);  // mm
    }
    one.original = Json{{"FeiImage", image.original}, {"EDS", facts}};
    return one;
  }

  void read_image() {
    const auto image = embedded_image();
    const std::string label = text();
    ImageFacts facts;
    if (image) {
      facts = facts_of(*image);
      Description one;
      one.title = label;
      one.dtype = image->dtype;
      one.axes = {position_axis("y", Role::signal, image->height, facts.pixel_height, 0.2 * facts.field),
                  position_axis("x", Role::signal, image->width, facts.pixel_width, 0.2 * facts.field)};
      if (image->samples > 1) {
        one.fields = {"R", "G", "B", "A"};
        if (image->samples == 2) in_.fail("an image of two samples");
        one.fields.resize(static_cast<std::size_t>(image->samples));
        Axis parts;
        parts.size = image->samples;
        one.axes.push_back(parts);
      }
      set(one.metadata, "General.title", label);
      one.metadata.merge_patch(facts.metadata);
      one.original = Json{{"FeiImage", facts.original}};
      signals_.push_back(Dataset::from_bytes(std::move(one), image->pixels).shared_source());
    }
    for_each([&] { read_analysis(label, facts); });
  }

  void read_analysis(const std::string& label, const ImageFacts& image) {
    enum Type { area = 1, spot, line_scan, map, difference, region, constructed };
    const auto type = in_.number<std::uint8_t>();
    if (type < area || type > constructed) in_.fail("an analysis of the unknown type " + std::to_string(type));
    Common one = common();
    const std::string before = label.empty() ? "" : label + ", ";
    const std::string number = std::to_string(one.number);
    switch (type) {
      case area: {
        // Its own cutout describes it better than the image, where it has one.
        const ImageFacts& facts = one.image ? *one.image : image;
        return add_spectrum(before + "MSA " + number, one, facts);
      }
      case spot:
        for (const char* name : {"x", "y"}) one.facts["position"][name] = real();
        return add_spectrum(before + "Spot " + number, one, image);
      case line_scan: return read_line(before + "Line " + number, one, image);
      case map: return read_map(before + "Map " + number, one, image);
      case difference: {
        const auto minuend = in_.number<std::uint32_t>(), subtrahend = in_.number<std::uint32_t>();
        return add_spectrum(before + "Difference " + std::to_string(minuend) + " - " + std::to_string(subtrahend), one,
                            image);
      }
      case region:
        for (const char* name : {"left", "top", "right", "bottom"}) one.facts["rectangle"][name] = real();
        return add_spectrum(before + "Region " + number, one, image);
      default: {
        const std::string name = text();
        Json sources = Json::array();
        for_each([&] {
          const auto source = in_.number<std::uint32_t>();
          sources.push_back(Json{{"analysis", source}, {"weight", real()}});
        });
        one.facts["sources"] = std::move(sources);
        return add_spectrum(before + name, one, image);
      }
    }
  }

  void add_spectrum(std::string title, const Common& common, const ImageFacts& image) {
    Description one = description(std::move(title), image, common.facts);
    one.axes = {energy_axis("Energy", static_cast<std::int64_t>(common.sum.counts.size()), common.sum)};
    signals_.push_back(Dataset::from_values<std::int64_t>(std::move(one), common.sum.counts).shared_source());
  }

  /// What lines and maps are measured with: their own conditions, but the times of their sum.
  Json own_conditions(const Common& common) {
    Json facts = measuring_conditions();
    for (const char* name : {"live_time", "real_time"}) facts[name] = common.facts[name];
    return facts;
  }

  /// Times for each position or one for all, as the flag before the counts says. Of many, their mean is kept.
  Json times(bool vary, std::int64_t positions) {
    constexpr std::int64_t most = 4096;
    if (!vary) return real();
    Json list = Json::array();
    double sum = 0;
    for (std::int64_t i = 0; i < positions; ++i) {
      const double time = real();
      sum += time;
      if (positions <= most) list.push_back(time);
    }
    return positions <= most ? list : Json{{"mean", sum / static_cast<double>(positions)}};
  }

  void read_line(std::string title, const Common& common, const ImageFacts& image) {
    Json ends = Json::object();
    for (const char* name : {"x1", "y1", "x2", "y2"}) ends[name] = real();
    const std::int64_t size = in_.number<std::uint32_t>(), bins = in_.number<std::uint32_t>();
    real();  // offset and dispersion once more
    real();
    Json facts = own_conditions(common);
    facts["ends"] = std::move(ends);
    const bool real_times = boolean(), live_times = boolean();
    if (size < 1 || bins < 1) in_.fail("a line of " + std::to_string(size) + " spectra of " + std::to_string(bins));
    std::vector<std::uint32_t> counts;
    for (std::int64_t i = 0; i < size * bins; ++i) counts.push_back(count());
    facts["real_time_values"] = times(real_times, size);
    facts["live_time_values"] = times(live_times, size);
    facts["high_accuracy_quantification"] = boolean();
    Description one = description(std::move(title), image, facts);
    one.axes = {position_axis("i", Role::navigation, size, 0, 0), energy_axis("X-ray energy", bins, common.sum)};
    signals_.push_back(Dataset::from_values<std::uint32_t>(std::move(one), counts).shared_source());
  }

  void read_map(std::string title, const Common& common, const ImageFacts& image) {
    Json rectangle = Json::object();
    for (const char* name : {"left", "top", "right", "bottom"}) rectangle[name] = real();
    for_each([&] { real(); });  // intensities of the colours that it is shown in
    const std::int64_t width = in_.number<std::uint32_t>(), height = in_.number<std::uint32_t>();
    const std::int64_t bins = in_.number<std::uint32_t>();
    real();  // offset and dispersion once more
    real();
    Json facts = own_conditions(common);
    facts["rectangle"] = std::move(rectangle);
    const bool real_times = boolean(), live_times = boolean();
    if (width < 1 || height < 1 || bins < 1 || bins > 65536) {
      in_.fail("a map of " + std::to_string(height) + " rows, " + std::to_string(width) + " columns and " +
               std::to_string(bins) + " channels");
    }
    const std::int64_t pixels = ruska::count({height, width});
    SparseCounts counts;
    std::vector<std::byte> spectrum(static_cast<std::size_t>(bins));
    for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
      in_.read(spectrum);
      for (std::size_t channel = 0; channel < spectrum.size(); ++channel) {
        if (spectrum[channel] == std::byte{0}) continue;
        counts.channel.push_back(static_cast<std::uint32_t>(channel));
        counts.value.push_back(static_cast<std::uint32_t>(spectrum[channel]));
      }
      counts.row_start.push_back(counts.nonzeros());
    }
    facts["real_time_values"] = times(real_times, pixels);
    facts["live_time_values"] = times(live_times, pixels);
    Description one = description(std::move(title), image, facts);
    one.dtype = DType::uint32;
    const double field = image.field * image.scan_scale;
    one.axes = {position_axis("y", Role::navigation, height, field / static_cast<double>(height), field),
                position_axis("x", Role::navigation, width, field / static_cast<double>(width), field),
                energy_axis("X-ray energy", bins, common.sum)};
    signals_.push_back(Dataset::from_counts(std::move(one), std::move(counts)).shared_source());
  }

  Bzip2Stream in_;
  int version_ = 0;
  Signals signals_;
};

bool is_bzip2(std::span<const std::byte> head) {
  const std::string_view text(reinterpret_cast<const char*>(head.data()), std::min<std::size_t>(head.size(), 10));
  return text.size() == 10 && text.starts_with("BZh") && text.substr(4) == "\x31\x41\x59\x26\x53\x59";
}

Confidence probe(const Probe& file) {
  if (extension_of(file.path) != "elid") return Confidence::none;
  return is_bzip2(file.head) ? Confidence::content : Confidence::extension;
}

Signals open(const std::filesystem::path& path) {
  const RandomAccessFile file(path);
  const auto head = file.read(0, std::min<std::int64_t>(file.size(), 10));
  if (head.size() >= 2 && load<std::uint16_t>(head) == 0x8b1f) {
    throw Error(ErrorKind::unsupported, path.filename().string() +
                                            " is a project from before Element Identification 3.8; open and save it "
                                            "with a later version");
  }
  if (!is_bzip2(head)) {
    throw Error(ErrorKind::bad_data, path.filename().string() + " does not begin as a bzip2 file");
  }
  return Project(file).read();
}

}  // namespace

const Driver& phenom_driver() {
  static const Driver driver{"phenom", "Phenom Element Identification", {"elid"}, probe, open, nullptr};
  return driver;
}

}  // namespace ruska::io
