// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Electron microscopy datasets of the Berkeley layout (.emd; emdatasets.com, versions 0.2 to 1.0), with the groups that
// Prismatic writes for each depth of a simulation, and py4DSTEM's files. A group with the attribute `emd_group_type`
// holds one array and, for each of its axes, coordinates dim1, dim2 … with `name` and `units`; in py4DSTEM's files it
// may also hold lists of points, such as Bragg disks.
//
// Arrays are stored fastest axis first and read reversed, except `datacube` and those of version 1, which are stored
// as ruska orders them, and those of the fpd library, which writes its Medipix data in this layout. Of a simulation,
// the real-space axes (or a datacube's detector axes) are signal and the rest navigation; other files say nothing of
// roles, and all axes are signal.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/emd_ncem/point_lists.hpp"
#include "ruska/io/emd_ncem/writer.hpp"
#include "ruska/io/hdf5/source.hpp"
#include "ruska/io/hdf5_content.hpp"
#include "ruska/io/kept_description.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {
namespace {

using Sources = std::vector<std::shared_ptr<const Source>>;

constexpr const char* simulation = "4DSTEM_simulation";
constexpr std::size_t deepest = 32;

bool is_emd(const hdf5::Group& group) {
  return group.has_attribute("emd_group_type") || group.has_attribute("version_major");
}

Confidence probe(const Probe& file) {
  if (!hdf5::has_signature(file.head)) return Confidence::none;
  try {
    const hdf5::Group root = hdf5::OpenFile::open(file.path)->root();
    if (is_emd(root)) return Confidence::content;
    for (const std::string& name : root.names()) {
      if (root.has_group(name) && is_emd(root.group(name))) return Confidence::content;
    }
    return Confidence::none;
  } catch (const Error&) {
    // Damaged or cut short: whoever opens it says where.
    return extension_of(file.path) == "emd" ? Confidence::extension : Confidence::none;
  }
}

/// "[n_m]" and "n_m" → "nm", "A^-1" → "1/Å", "[]" → "".
std::string plain_units(const std::string& text) {
  static const std::vector<std::pair<std::string, std::string>> spellings{
      {"A^-1", "1/Å"}, {"Å^-1", "1/Å"},   {"nm^-1", "1/nm"}, {"1 / nm", "1/nm"}, {"1 / Å", "1/Å"},
      {"A", "Å"},      {"Angstrom", "Å"}, {"um", "µm"},      {"pixels", ""},     {"<undefined>", ""}};
  std::string units;
  if (text.find('[') == std::string::npos) {
    std::string joined = text;
    std::erase(joined, '_');
    units = quantity_of(joined).empty() ? text : joined;
  } else {
    for (std::size_t open = text.find('['); open != std::string::npos; open = text.find('[', open + 1)) {
      const std::size_t close = text.find(']', open);
      if (close == std::string::npos) break;
      std::string part = text.substr(open + 1, close - open - 1);
      std::erase(part, '_');
      units += (units.empty() || part.empty() ? "" : " * ") + part;
    }
  }
  for (const auto& [from, to] : spellings) {
    if (units == from) return to;
  }
  return units;
}

/// The axis that an array of coordinates describes; two coordinates stand for a uniform axis of any length.
Axis read_axis(const hdf5::Group& group, const std::string& name, std::int64_t length, Role role) {
  Axis axis;
  axis.role = role;
  axis.size = length;
  if (!group.has_array(name)) return axis;
  const hdf5::Array dim = group.array(name);
  axis.name = dim.text("name").value_or("");
  axis.units = plain_units(dim.text("units").value_or(""));
  axis.quantity = quantity_of(axis.units);
  // Labels ("DPC_CoM_x") and single numbers calibrate nothing.
  if (!dim.is_numeric() || dim.shape().size() != 1 || dim.shape()[0] < 1) return axis;
  if (dim.shape()[0] != length && dim.shape()[0] > 2) {
    dim.fail(ErrorKind::bad_data,
             std::to_string(dim.shape()[0]) + " coordinates for an axis of " + std::to_string(length) + " places");
  }
  const std::vector<double> at = dim.read_numbers();
  axis.offset = at.front();
  if (at.size() > 1) axis.scale = (at.back() - at.front()) / static_cast<double>(at.size() - 1);
  double deviation = 0;
  for (std::size_t i = 0; i < at.size(); ++i)
    deviation = std::max(deviation, std::fabs(at[i] - axis.at(static_cast<double>(i))));
  if (at.size() == static_cast<std::size_t>(length) && deviation > 0.01 * std::fabs(axis.scale)) axis.values = at;
  return axis;
}

/// Arrays of one shape stacked along a new first axis.
class StackSource final : public Source {
 public:
  StackSource(Axis axis, Sources slices) : slices_(std::move(slices)) {
    description_ = slices_.front()->describe();
    description_.axes.insert(description_.axes.begin(), std::move(axis));
    if (!description_.chunk.empty()) description_.chunk.insert(description_.chunk.begin(), 1);
    description_.validate();
  }
  const Description& describe() const override { return description_; }
  void read(const Region& region, std::span<std::byte> out) const override {
    check_region(region, description_, out.size());
    if (out.empty()) return;
    const Region slice{{region.start.begin() + 1, region.start.end()}, {region.shape.begin() + 1, region.shape.end()}};
    const std::size_t bytes = out.size() / static_cast<std::size_t>(region.shape[0]);
    for (std::int64_t i = 0; i < region.shape[0]; ++i) {
      slices_[static_cast<std::size_t>(region.start[0] + i)]->read(
          slice, out.subspan(static_cast<std::size_t>(i) * bytes, bytes));
    }
  }

 private:
  Description description_;
  Sources slices_;
};

class Emd {
 public:
  explicit Emd(hdf5::Group root)
      : root_(std::move(root)), simulated_(root_.has_group(simulation)), fpd_(root_.has_attribute("fpd_version")) {
    for (const char* name : {"microscope", "sample", "user", "comments", "stage"}) {
      if (root_.has_group(name)) original_[name] = attributes_of(root_.group(name));
    }
    original_["root"] = attributes_of(root_);
    const std::string parameters = std::string(simulation) + "/metadata/metadata_0/original/simulation_parameters";
    if (root_.has_group(parameters)) original_["simulation_parameters"] = attributes_of(root_.group(parameters));
  }

  Sources read() {
    collect(root_, 0);
    for (std::size_t i = 0; i < found_.size(); ++i) {
      if (!found_[i].taken) add_signal(i);
    }
    for (const hdf5::Group& group : point_lists_) signals_.push_back(point_list(group, described_points(group)));
    for (const Found& found : point_list_arrays_) {
      signals_.push_back(point_list_array(found.group, found.array, scan_calibration(), described_points(found.group)));
    }
    if (signals_.empty()) {
      root_.fail(ErrorKind::unsupported, "there is no group with an array of numbers or lists of points");
    }
    return std::move(signals_);
  }

 private:
  struct Found {
    hdf5::Group group;
    std::string array;
    bool taken = false;
  };

  static bool is_data_name(const std::string& name) {
    return name.starts_with("data") || name.starts_with("counted_datacube") || name.starts_with("diffractionslice") ||
           name.starts_with("realslice");
  }

  /// The arrays below a group, in the order of names.
  void collect(const hdf5::Group& group, std::size_t depth) {
    if (depth > deepest) group.fail(ErrorKind::bad_data, "the groups nest deeper than " + std::to_string(deepest));
    if (!seen_.insert(group.address()).second) return;
    const bool holds_array = group.has_attribute("emd_group_type");
    if (holds_array && is_calibration(group)) {
      original_["calibration"] = tree_of(group);
      return;
    }
    if (holds_array && is_point_list(group)) {
      point_lists_.push_back(group);
      return;
    }
    for (const std::string& name : group.names()) {
      const hdf5::Kind kind = group.kind(name);
      if (kind == hdf5::Kind::group) {
        collect(group.group(name), depth + 1);
      } else if (kind == hdf5::Kind::array && holds_array && is_data_name(name)) {
        if (group.array(name).is_numeric()) {
          found_.push_back({group, name});
        } else if (is_point_list_array(group, name)) {
          point_list_arrays_.push_back({group, name});
        }
      }
    }
  }

  /// py4DSTEM's numbers about the detector and the scan.
  static bool is_calibration(const hdf5::Group& group) {
    return name_of_group(group) == "calibration" || group.text("py4dstem_class") == "Calibration" ||
           group.text("python_class") == "Calibration";
  }

  ScanCalibration scan_calibration() const {
    const auto step = number_at(original_, "calibration.R_pixel_size");
    const std::string units = plain_units(text_at(original_, "calibration.R_pixel_units").value_or(""));
    if (!step || !(*step > 0) || !std::isfinite(*step) || units.empty()) return {};
    return {*step, units};
  }

  Description described_points(const hdf5::Group& group) const {
    // Bragg vectors as they were measured lie in a group of that name within the object that has a title.
    const bool measured = name_of_group(group) == "_v_uncal";
    const std::string path = group.path();
    const std::string owner = path.substr(0, path.rfind('/'));
    Description description = described(measured ? owner.substr(owner.rfind('/') + 1) : name_of_group(group));
    if (measured) set(description.metadata, "Diffraction.disk_units", "px");
    description.original["point_list"] = attributes_of(group);
    return description;
  }

  static std::string name_of_group(const hdf5::Group& group) {
    return group.path().substr(group.path().rfind('/') + 1);
  }

  /// "…/virtual_detector_depth0001" → "…/virtual_detector_depth"; the path itself where no number ends it.
  std::string without_number(const std::string& path) const {
    if (!simulated_ || path.size() < 4) return path;
    const std::string end = path.substr(path.size() - 4);
    return end.find_first_not_of("0123456789") == std::string::npos ? path.substr(0, path.size() - 4) : path;
  }

  Description described(const std::string& title) const {
    Description description;
    description.title = title;
    if (simulated_ && title.find("CBED") != std::string::npos) description.signal_type = "electron_diffraction";
    set(description.metadata, "General.title", title);
    set(description.metadata, "Signal.signal_type", description.signal_type);
    if (const auto energy = number_at(original_, "simulation_parameters.E")) {
      set(description.metadata, "Acquisition_instrument.TEM.beam_energy", *energy);
    }
    if (const auto volts = number_at(original_, "microscope.high tension")) {
      set(description.metadata, "Acquisition_instrument.TEM.beam_energy", *volts / 1000);
    }
    if (const auto name = text_at(original_, "microscope.name"); name && !name->empty()) {
      set(description.metadata, "Acquisition_instrument.TEM.microscope", *name);
    }
    description.original = original_;
    return description;
  }

  /// One array with its axes. `squeezed` drops axes of one place.
  std::shared_ptr<const Source> source(const Found& found, const std::string& title, bool squeezed) const {
    const hdf5::Array array = found.group.array(found.array);
    const auto rank = static_cast<int>(array.shape().size());
    // Version 1 numbers coordinates from 0 and stores axes in C order.
    const bool from_zero = found.group.text("emd_group_type").has_value();
    const bool reversed = !from_zero && found.array != "datacube" && !fpd_;
    Description description = described(title);
    std::vector<int> order;
    for (int i = 0; i < rank; ++i) {
      const int axis = reversed ? rank - 1 - i : i;
      const std::int64_t length = array.shape()[static_cast<std::size_t>(axis)];
      if (squeezed && length == 1) continue;
      const int number = from_zero ? axis : axis + 1;
      const bool real_space = found.array == "datacube" ? number >= 3 : number <= 2;
      const Role role = simulated_ && !real_space ? Role::navigation : Role::signal;
      description.axes.push_back(read_axis(found.group, "dim" + std::to_string(number), length, role));
      order.push_back(axis);
    }
    if (fpd_) mark_scan(description.axes);
    if (const auto kept = array.text(kept_description_name)) restore_description(*kept, description);
    return std::make_shared<hdf5::Hdf5Source>(std::move(description), array, std::move(order));
  }

  /// scanY, scanX and the colour, which come first, are where the detector was read, unless there is nothing else.
  static void mark_scan(Axes& axes) {
    const auto of_scan = [](const Axis& axis) { return axis.name.starts_with("scan") || axis.name == "colour"; };
    const auto first = std::find_if_not(axes.begin(), axes.end(), of_scan);
    if (first == axes.end() || std::any_of(first, axes.end(), of_scan)) return;
    std::for_each(axes.begin(), first, [](Axis& axis) { axis.role = Role::navigation; });
  }

  /// The depths of the slices of a simulation, where its parameters give equal steps.
  Axis depth_axis(const std::string& name, std::int64_t length) const {
    Axis axis{name, "", "", Role::navigation, length};
    const Json* parameters = find(original_, "simulation_parameters");
    if (parameters == nullptr || name.find("depth") == std::string::npos) return axis;
    const auto number = [&](const char* key, std::size_t index) -> std::optional<double> {
      const Json* entry = find(*parameters, key);
      if (entry == nullptr) return std::nullopt;
      if (entry->is_array() && index < entry->size() && (*entry)[index].is_number())
        return (*entry)[index].get<double>();
      return entry->is_number() ? std::optional(entry->get<double>()) : std::nullopt;
    };
    const auto slices = number("ns", 0), thickness = number("s", 0), start = number("zs", 0);
    const auto tiles = number("t", 2), cell = number("c", 0);
    if (!slices || !thickness || !tiles || !cell) return axis;
    const double step = *slices * *thickness;
    const double total = *tiles * *cell;
    if (!(std::fabs(total - static_cast<double>(length) * step) <= 1e-4 * std::fabs(total))) return axis;
    axis.scale = step;
    // The first slice comes out after the first step, not at zero.
    axis.offset = start.value_or(0) == 0 ? step : *start;
    axis.units = "Å";
    axis.quantity = "length";
    return axis;
  }

  void add_signal(std::size_t first) {
    const std::string stem = without_number(found_[first].group.path());
    std::vector<std::size_t> members;
    for (std::size_t i = first; i < found_.size(); ++i) {
      const bool same =
          i == first || (stem != found_[first].group.path() && !found_[i].taken &&
                         found_[i].array == found_[first].array && without_number(found_[i].group.path()) == stem);
      if (!same) continue;
      found_[i].taken = true;
      members.push_back(i);
    }
    const std::string name = stem.substr(stem.rfind('/') + 1);
    std::string title = name;
    if (const std::size_t depth = title.find("_depth"); depth != std::string::npos) title.erase(depth, 6);
    Sources slices;
    for (const std::size_t i : members) {
      slices.push_back(source(found_[i], title, members.size() > 1));
      const Description& a = slices.front()->describe();
      const Description& b = slices.back()->describe();
      if (a.shape() != b.shape() || a.dtype != b.dtype) {
        found_[i].group.fail(ErrorKind::bad_data, "the slice has the shape " + to_string(b.shape()) +
                                                      ", others of its stack " + to_string(a.shape()));
      }
    }
    if (slices.size() == 1) {
      signals_.push_back(slices.front());
      return;
    }
    const auto length = static_cast<std::int64_t>(slices.size());
    signals_.push_back(std::make_shared<StackSource>(depth_axis(name, length), std::move(slices)));
  }

  hdf5::Group root_;
  bool simulated_, fpd_;
  Json original_ = Json::object();
  std::set<std::uint64_t> seen_;
  std::vector<Found> found_, point_list_arrays_;
  std::vector<hdf5::Group> point_lists_;
  Sources signals_;
};

Sources open(const std::filesystem::path& path) { return Emd(hdf5::OpenFile::open(path)->root()).read(); }

}  // namespace

const Driver& emd_ncem_driver() {
  static const Driver driver{"emd_ncem",       "Berkeley EMD", {"emd", "h5"}, probe,  open,
                             emd_ncem::create, nullptr,        nullptr,       {"emd"}};
  return driver;
}

}  // namespace ruska::io
