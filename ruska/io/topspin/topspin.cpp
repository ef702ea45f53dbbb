// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// NanoMegas TopSpin (.app5): HDF5 with documents, at the root or one group each, that hold an XML text Metadata and the
// results that it names by GUIDs: arrays are images, groups are series of patterns 0, 1 … each with Data and its own
// Metadata. Lengths are in metres, angles in radians. The grid of a scan is told by the positions of its patterns only:
// a row ends where the beam's y changes.
#include <algorithm>
#include <cmath>

#include "ruska/core/metadata.hpp"
#include "ruska/io/date_time.hpp"
#include "ruska/io/folded_axis.hpp"
#include "ruska/io/hdf5/source.hpp"
#include "ruska/io/hdf5_content.hpp"
#include "ruska/io/text.hpp"
#include "ruska/io/xml.hpp"

namespace ruska::io {
namespace {

constexpr double nanometres = 1e9;

bool is_document(const hdf5::Group& group) {
  if (!group.has_array("Metadata")) return false;
  const hdf5::Array text = group.array("Metadata");
  return text.is_text() && text.read_text().find("ProcedureDocumentSerializer") != std::string::npos;
}

/// The documents: the root itself, or groups in it.
std::vector<hdf5::Group> documents(const hdf5::Group& root) {
  if (is_document(root)) return {root};
  std::vector<hdf5::Group> found;
  for (const std::string& name : root.names()) {
    if (root.has_group(name) && is_document(root.group(name))) found.push_back(root.group(name));
  }
  return found;
}

Confidence probe(const Probe& file) {
  return probe_hdf5(file, {"app5"},
                    [](const hdf5::Group& root) { return root.has_array("Version") && !documents(root).empty(); });
}

std::optional<double> number_of(const pugi::xml_node& node) { return parse_number(node.child_value()); }

/// The element of a document's XML that an Id names.
pugi::xml_node described(const pugi::xml_document& document, const std::string& id) {
  return document.find_node(
      [&](const pugi::xml_node& node) { return std::string_view(node.child("Id").child_value()) == id; });
}

/// The axis that <X> or <Y> of a Calibration describes.
Axis calibrated(const pugi::xml_node& calibration, const char* letter, std::string name, std::int64_t length) {
  Axis axis{std::move(name), "", "", Role::signal, length};
  const pugi::xml_node node = calibration.child(letter);
  const auto scale = number_of(node.child("Scale")), offset = number_of(node.child("Offset"));
  if (!scale || !offset || *scale == 0) return axis;
  const std::string_view kind = node.child("Type").child("Text").child_value();
  if (kind != "Position" && kind != "Angle") return axis;
  const double factor = kind == "Position" ? nanometres : 1;
  axis.units = kind == "Position" ? "nm" : "rad";
  axis.quantity = quantity_of(axis.units);
  axis.scale = *scale * factor;
  axis.offset = *offset * factor;
  return axis;
}

struct Position {
  double x = 0, y = 0;
};

/// The patterns of a series, opened when they are read; all have the shape and dtype of the first.
class PatternSeries final : public Source {
 public:
  PatternSeries(Description description, hdf5::Group series) : series_(std::move(series)) {
    const hdf5::Array first = series_.array("0/Data");
    element_ = first.element();
    first.check_readable();
    if (!element_.fields.empty()) first.fail(ErrorKind::unsupported, "patterns of structures are not supported");
    description_ = std::move(description);
    description_.dtype = element_.dtype;
    description_.chunk = {1, description_.axes[1].size, description_.axes[2].size};
    for (Axis& axis : description_.axes) axis.size = std::max<std::int64_t>(axis.size, 0);
    for (std::int64_t& length : description_.chunk) length = std::max<std::int64_t>(length, 1);
    description_.validate();
  }

  const Description& describe() const override { return description_; }

  void read(const Region& region, std::span<std::byte> out) const override {
    check_region(region, description_, out.size());
    if (out.empty()) return;
    const Region part{{region.start.begin() + 1, region.start.end()}, {region.shape.begin() + 1, region.shape.end()}};
    const Shape expected{description_.axes[1].size, description_.axes[2].size};
    const std::size_t bytes = out.size() / static_cast<std::size_t>(region.shape[0]);
    for (std::int64_t i = 0; i < region.shape[0]; ++i) {
      const hdf5::Array pattern = series_.array(std::to_string(region.start[0] + i) + "/Data");
      if (pattern.shape() != expected || pattern.element().dtype != description_.dtype) {
        pattern.fail(ErrorKind::bad_data, "a pattern of the shape " + to_string(pattern.shape()) +
                                              " where others have " + to_string(expected) + ", or of another type");
      }
      pattern.read(part, out.subspan(static_cast<std::size_t>(i) * bytes, bytes));
    }
  }

 private:
  hdf5::Group series_;
  hdf5::Element element_;
  Description description_;
};

class Document {
 public:
  explicit Document(hdf5::Group group)
      : group_(std::move(group)),
        xml_(parse_xml(group_.array("Metadata").read_text())),
        root_(xml_.document_element()) {}

  void read(std::vector<std::shared_ptr<const Source>>& signals) const {
    for (const std::string& name : group_.names()) {
      const hdf5::Kind kind = group_.kind(name);
      if (kind == hdf5::Kind::array) {
        const hdf5::Array array = group_.array(name);
        if (array.is_numeric() && array.shape().size() == 2) signals.push_back(image(name, array));
      } else if (kind == hdf5::Kind::group && group_.has_array(name + "/0/Data")) {
        signals.push_back(patterns(group_.group(name)));
      }
    }
  }

 private:
  std::string entry(const char* name) const { return std::string(trimmed(root_.child(name).child_value())); }

  Description description_for(const std::string& signal_type) const {
    Description description;
    description.title = entry("Id");
    description.signal_type = signal_type;
    set(description.metadata, "General.title", description.title);
    // Month, day, year.
    const std::vector<std::int64_t> made = numbers_in(entry("CreatedDateTime"));
    if (made.size() == 6) {
      set_date(description.metadata, made[2], made[0], made[1]);
      set_time(description.metadata, made[3], made[4], made[5]);
    }
    std::string notes;
    for (const char* name : {"ProcedureName", "FriendlyName", "Title", "SystemName", "Specimen", "Comments"}) {
      if (const std::string text = entry(name); !text.empty()) notes += std::string(name) + ": " + text + "\n";
    }
    if (!notes.empty()) set(description.metadata, "General.notes", notes);
    if (const std::string sample = entry("Specimen"); !sample.empty()) {
      set(description.metadata, "Sample.description", sample);
    }
    set(description.metadata, "Signal.signal_type", signal_type);
    description.original["Metadata"] = xml_to_json(root_);
    return description;
  }

  std::shared_ptr<const Source> image(const std::string& name, const hdf5::Array& array) const {
    Description description = description_for("");
    const pugi::xml_node calibration = described(xml_, name).child("Calibration");
    description.axes = {calibrated(calibration, "Y", "y", array.shape()[0]),
                        calibrated(calibration, "X", "x", array.shape()[1])};
    return std::make_shared<hdf5::Hdf5Source>(std::move(description), array);
  }

  static std::optional<Position> position(const hdf5::Group& series, std::int64_t item) {
    const std::string name = std::to_string(item) + "/Metadata";
    if (!series.has_array(name) || !series.array(name).is_text()) return std::nullopt;
    const pugi::xml_document xml = parse_xml(series.array(name).read_text());
    for (const pugi::xml_node& one : xml.document_element().child("Metadata").children("Item")) {
      if (std::string_view(one.child("Name").child_value()) != "RequestedBeamPosition") continue;
      const auto x = number_of(one.child("Value").child("X")), y = number_of(one.child("Value").child("Y"));
      if (x && y) return Position{*x, *y};
    }
    return std::nullopt;
  }

  /// Rows and columns, where the beam went along x and then to the next y; nothing for other paths.
  static Axes scan_axes(const hdf5::Group& series, std::int64_t items) {
    const auto first = position(series, 0);
    if (!first || items < 2) return {};
    const auto second = position(series, 1);
    if (!second) return {};
    const double step = second->x - first->x;
    const double slack = 0.01 * std::fabs(step);
    if (!(std::fabs(step) > 0) || std::fabs(second->y - first->y) > slack) return {};
    std::int64_t columns = 1;
    std::optional<Position> next;
    for (; columns < items; ++columns) {
      next = position(series, columns);
      if (!next) return {};
      if (std::fabs(next->y - first->y) > slack) break;
    }
    if (items % columns != 0) return {};
    const auto places = [](const char* name, double at, double width, std::int64_t length) {
      return Axis{name, "length", "nm", Role::navigation, length, width * nanometres, at * nanometres};
    };
    const std::int64_t rows = items / columns;
    const double height = rows > 1 ? next->y - first->y : std::fabs(step);
    return {places("y", first->y, height, rows), places("x", first->x, step, columns)};
  }

  std::shared_ptr<const Source> patterns(const hdf5::Group& series) const {
    const hdf5::Array first = series.array("0/Data");
    if (first.shape().size() != 2)
      first.fail(ErrorKind::bad_data, "a pattern of the shape " + to_string(first.shape()));
    // Names come in any order; the items are numbered without a gap.
    std::int64_t items = 0, largest = -1;
    for (const std::string& name : series.names()) {
      const auto number = parse_integer(name);
      if (!number || std::to_string(*number) != name) continue;
      ++items;
      largest = std::max(largest, *number);
    }
    if (largest != items - 1) {
      series.fail(ErrorKind::bad_data, "the series has " + std::to_string(items) +
                                           " patterns and their numbers go up to " + std::to_string(largest));
    }
    Description description = description_for("electron_diffraction");
    pugi::xml_document xml;
    pugi::xml_node calibration;
    if (series.has_array("0/Metadata")) {
      xml = parse_xml(series.array("0/Metadata").read_text());
      calibration = xml.document_element().child("Calibration");
      description.original["0"] = xml_to_json(xml.document_element());
    }
    description.axes = {{"frame", "", "", Role::navigation, items},
                        calibrated(calibration, "Y", "ky", first.shape()[0]),
                        calibrated(calibration, "X", "kx", first.shape()[1])};
    std::shared_ptr<const Source> source = std::make_shared<PatternSeries>(std::move(description), series);
    const Axes scan = scan_axes(series, items);
    return scan.empty() ? source : folded_axis(std::move(source), scan);
  }

  hdf5::Group group_;
  pugi::xml_document xml_;
  pugi::xml_node root_;
};

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const hdf5::Group root = hdf5::OpenFile::open(path)->root();
  std::vector<std::shared_ptr<const Source>> signals;
  for (const hdf5::Group& group : documents(root)) Document(group).read(signals);
  if (signals.empty()) root.fail(ErrorKind::bad_data, "there is no document with an image or a series of patterns");
  return signals;
}

}  // namespace

const Driver& topspin_driver() {
  static const Driver driver{"topspin", "NanoMegas TopSpin", {"app5"}, probe, open};
  return driver;
}

}  // namespace ruska::io
