// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// TIFF and BigTIFF (Adobe, TIFF 6.0, 1992). Directories and plain pixels are read here, so that a large stack costs
// only the bytes that are wanted; compressed strips and tiles go through libtiff.
//
// Pages of the same size and type are one signal. What the stack axes mean follows, in this order, from ruska's own
// description, from the shape that tifffile writes, from OME-XML, and from ImageJ's frames, slices and channels;
// without any of them there is one axis, "image series". A file by ImageJ above 4 GB has one directory for a whole
// stack.
#include <algorithm>
#include <limits>
#include <map>
#include <optional>

#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/kept_description.hpp"
#include "ruska/io/text.hpp"
#include "ruska/io/tiff/pages.hpp"
#include "ruska/io/tiff/vendors.hpp"
#include "ruska/io/tiff/writer.hpp"
#include "ruska/io/xml.hpp"

namespace ruska::io {

namespace {

using namespace tiff;

/// More pages than any instrument writes into one file, and more sizes and types of pages than anyone has use for.
constexpr std::int64_t most_images = std::int64_t{1} << 22;
constexpr std::size_t most_stacks = 1024;

/// Pages of one layout and the directory of the first.
struct Stack {
  Layout layout;
  Directory first;
  std::vector<Page> pages;
};

Confidence probe(const Probe& file) {
  using namespace std::string_view_literals;
  const std::string_view head(reinterpret_cast<const char*>(file.head.data()), file.head.size());
  for (const std::string_view mark : {"II*\0"sv, "MM\0*"sv, "II+\0\x08\0\0\0"sv, "MM\0+\0\x08\0\0"sv}) {
    if (head.starts_with(mark)) return Confidence::content;
  }
  const std::string extension = extension_of(file.path);
  return extension == "tif" || extension == "tiff" ? Confidence::extension : Confidence::none;
}

std::vector<Stack> stacks_of(const Structure& structure) {
  std::vector<Stack> stacks;
  structure.for_each_directory([&](const Directory& directory) {
    auto [layout, page] = page_of(structure, directory);
    // Pages mostly follow their like, so the last stacks are looked at first.
    const auto found = std::find_if(stacks.rbegin(), stacks.rend(),
                                    [&, &wanted = layout](const Stack& stack) { return stack.layout == wanted; });
    if (found != stacks.rend()) {
      found->pages.push_back(std::move(page));
      return;
    }
    if (stacks.size() == most_stacks) {
      throw Error(ErrorKind::unsupported, "a TIFF file whose pages have more than 1024 different sizes and types");
    }
    stacks.push_back({layout, directory, {}});
    stacks.back().pages.push_back(std::move(page));
  });
  return stacks;
}

/// ImageJ's stacks above 4 GB: the directory describes the first page, the others follow without a gap.
void add_pages_behind(const Structure& structure, const Lines& lines, Stack& stack) {
  const auto images = parse_integer(value_of(lines, "images"));
  if (!images || *images <= 1 || stack.pages.size() != 1) return;
  const Page first = stack.pages.front();
  if (stack.layout.compression != 1 || first.chunks.size() != 1) return;
  const Chunk chunk = first.chunks.front();
  if (*images > (structure.file()->size() - chunk.offset) / std::max<std::int64_t>(1, chunk.bytes)) {
    throw Error(ErrorKind::bad_data, "ImageJ's description promises " + std::to_string(*images) + " images of " +
                                         std::to_string(chunk.bytes) + " bytes from byte " +
                                         std::to_string(chunk.offset) + " on, but the file has " +
                                         std::to_string(structure.file()->size()) +
                                         " bytes; it is cut short or damaged");
  }
  if (*images > most_images) {
    throw Error(ErrorKind::unsupported, "a stack of " + std::to_string(*images) + " images; ruska reads at most " +
                                            std::to_string(most_images));
  }
  for (std::int64_t i = 1; i < *images; ++i) {
    stack.pages.push_back({first.directory, {{chunk.offset + i * chunk.bytes, chunk.bytes}}});
  }
}

Axis axis_over_pages(std::string name, std::int64_t size) {
  Axis axis;
  axis.name = std::move(name);
  axis.role = Role::navigation;
  axis.size = size;
  return axis;
}

/// Axes without those of length 1; empty when the lengths do not multiply to the number of pages.
Axes fitting(const Axes& axes, std::size_t pages) {
  Axes kept;
  double product = 1;
  for (const Axis& axis : axes) {
    product *= static_cast<double>(axis.size);
    if (axis.size > 1) kept.push_back(axis);
  }
  return product == static_cast<double>(pages) ? kept : Axes{};
}

/// The shape in a description by tifffile: {"shape": [2, 3, 64, 64]}.
Axes shaped_axes(const std::string& text, std::size_t pages, const Layout& layout) {
  if (!text.starts_with("{\"shape\"")) return {};
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || !json["shape"].is_array() || json["shape"].size() > 32) return {};
  Shape shape;
  for (const Json& length : json["shape"]) {
    if (!length.is_number_integer() || length.get<std::int64_t>() < 1) return {};
    shape.push_back(length.get<std::int64_t>());
  }
  const std::size_t inner = layout.samples > 1 ? 3 : 2;
  if (shape.size() <= inner) return {};
  Axes axes;
  for (std::size_t i = 0; i + inner < shape.size(); ++i) axes.push_back(axis_over_pages("", shape[i]));
  return fitting(axes, pages);
}

Axes image_j_axes(const Lines& lines, std::size_t pages) {
  if (lines.empty()) return {};
  Axes axes;
  for (const auto& [key, name] : {std::pair{"frames", "time"}, {"slices", "depth"}, {"channels", "channel"}}) {
    const auto size = parse_integer(value_of(lines, key));
    if (size && *size > 1) axes.push_back(axis_over_pages(name, *size));
  }
  if (axes.empty()) axes.push_back(axis_over_pages("depth", static_cast<std::int64_t>(pages)));
  const auto interval = parse_number(value_of(lines, "finterval"));
  if (axes.front().name == "time" && interval && *interval > 0) {
    axes.front().scale = *interval;
    axes.front().units = "s";
    axes.front().quantity = "time";
  }
  return fitting(axes, pages);
}

/// Order, lengths and pixel sizes in OME-XML (Open Microscopy Environment, schema 2016-06) with one image whose planes
/// are stored in order.
struct OpenMicroscopy {
  Axes stack{};
  std::optional<Axis> width{}, height{};
};

OpenMicroscopy open_microscopy(const std::string& text, const Stack& stack) {
  OpenMicroscopy found;
  if (text.find("<OME") == std::string::npos) return found;
  const pugi::xml_document document = parse_xml(text);
  const pugi::xml_node image = document.child("OME").child("Image");
  if (!image || image.next_sibling("Image")) return found;
  const pugi::xml_node pixels = image.child("Pixels");
  const auto physical = [&](char letter) -> std::optional<Axis> {
    const std::string key = std::string("PhysicalSize") + letter;
    const auto size = parse_number(pixels.attribute(key.c_str()).value());
    if (!size || *size <= 0) return std::nullopt;
    Axis axis;
    axis.scale = *size;
    axis.units = pixels.attribute((key + "Unit").c_str()).as_string("µm");
    axis.quantity = quantity_of(axis.units);
    return axis;
  };
  found.width = physical('X');
  found.height = physical('Y');
  std::int64_t next = 0;
  for (const pugi::xml_node block : pixels.children("TiffData")) {
    if (block.attribute("IFD") && block.attribute("IFD").as_llong() != next) return found;
    const pugi::xml_attribute count = block.attribute("PlaneCount");
    next += count ? count.as_llong() : block.attribute("IFD") ? 1 : 0;
    if (next < 0 || next > static_cast<std::int64_t>(stack.pages.size())) return found;
  }
  const std::string order = pixels.attribute("DimensionOrder").value();
  if (order.size() != 5 || !order.starts_with("XY")) return found;
  for (const char letter : {order[4], order[3], order[2]}) {
    const std::string key = std::string("Size") + letter;
    std::int64_t size = parse_integer(pixels.attribute(key.c_str()).value()).value_or(0);
    if (letter == 'C' && stack.layout.samples > 1 && size % stack.layout.samples == 0) size /= stack.layout.samples;
    Axis axis = axis_over_pages(letter == 'Z' ? "depth" : letter == 'T' ? "time" : "channel", size);
    if (letter == 'Z') {
      if (const auto step = physical('Z')) {
        axis.scale = step->scale;
        axis.units = step->units;
        axis.quantity = step->quantity;
      }
    }
    const auto interval = parse_number(pixels.attribute("TimeIncrement").value());
    if (letter == 'T' && interval && *interval > 0) {
      axis.scale = *interval;
      axis.units = pixels.attribute("TimeIncrementUnit").as_string("s");
      axis.quantity = quantity_of(axis.units);
    }
    found.stack.push_back(axis);
  }
  found.stack = fitting(found.stack, stack.pages.size());
  return found;
}

void calibrate(Axis& axis, const Axis& by) {
  axis.scale = by.scale;
  axis.offset = by.offset;
  axis.units = by.units;
  axis.quantity = by.quantity;
  axis.values = by.values;
}

/// Text and short lists of numbers by tag number, 4 MiB of them at most: what no vendor's header says is kept here.
Json tags_of(const Structure& structure, const Directory& directory) {
  constexpr std::uint64_t longest_list = 64;
  constexpr std::uint64_t longest_text = std::uint64_t{1} << 20;
  std::uint64_t left = std::uint64_t{4} << 20;  // fields of a hostile file may all point to the same long text
  Json::object_t tags;
  for (const Entry& entry : directory.entries) {
    const bool is_text = entry.type == 2;
    if (entry.type == 7 || entry.count > (is_text ? longest_text : longest_list) || entry.count > left) continue;
    left -= entry.count;
    Json value;
    if (is_text) {
      value = structure.text(entry);
    } else {
      const std::vector<double> numbers = structure.numbers(entry, longest_list);
      value = numbers.size() == 1 ? Json(numbers[0]) : Json(numbers);
    }
    tags.Json::object_t::Container::emplace_back(std::to_string(entry.tag), std::move(value));
  }
  return tags;
}

std::shared_ptr<const Source> signal_of(const Structure& structure, Stack stack) {
  const Layout& layout = stack.layout;
  const Lines lines = image_j_lines(structure, stack.first);
  add_pages_behind(structure, lines, stack);

  Description description;
  description.dtype = layout.dtype;
  const Calibration calibration = read_vendor_tags(structure, stack.first, layout.width, layout.height, description);
  const std::string text = structure.text_of(stack.first, image_description);
  const OpenMicroscopy ome = open_microscopy(text, stack);
  if (stack.pages.size() > 1) {
    Axes outer = shaped_axes(text, stack.pages.size(), layout);
    if (outer.empty()) outer = ome.stack;
    if (outer.empty()) outer = image_j_axes(lines, stack.pages.size());
    if (outer.empty()) outer = {axis_over_pages("image series", static_cast<std::int64_t>(stack.pages.size()))};
    if (outer.size() == 1 && outer.front().units.empty()) calibrate(outer.front(), calibration.stack);
    description.axes = std::move(outer);
  }
  if (layout.samples > 1 && !layout.colour) description.axes.push_back(axis_over_pages("sample", layout.samples));
  const auto add = [&](std::string name, std::int64_t size, const Axis& by, const std::optional<Axis>& by_ome) {
    Axis axis;
    axis.name = std::move(name);
    axis.size = size;
    calibrate(axis, by.units.empty() && by_ome ? *by_ome : by);
    description.axes.push_back(std::move(axis));
  };
  add("height", layout.height, calibration.height, ome.height);
  add("width", layout.width, calibration.width, ome.width);
  if (layout.colour) {
    description.fields = {"R", "G", "B"};
    if (layout.samples == 4) description.fields.emplace_back("A");
    Axis parts;
    parts.size = layout.samples;
    description.axes.push_back(parts);
  }
  description.original["tags"] = tags_of(structure, stack.first);
  const std::string own = value_of(lines, description_key);
  if (!own.empty()) restore_description(own, description);
  if (layout.compression != 1 || layout.tiled || layout.separate || layout.chunk_height < layout.height) {
    for (const Axis& axis : description.axes) {
      description.chunk.push_back(axis.role == Role::navigation ? 1 : axis.size);
    }
    const std::size_t width = description.axes.size() - (layout.colour ? 2 : 1);
    if (width > 0 && description.axes[width].size == layout.width) {
      description.chunk[width] = std::min(layout.width, layout.chunk_width);
      description.chunk[width - 1] = std::min(layout.height, layout.chunk_height);
    }
  }
  return page_stack(structure, layout, std::move(stack.pages), std::move(description));
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const Structure structure(std::make_shared<const RandomAccessFile>(path));
  std::vector<std::shared_ptr<const Source>> signals;
  for (Stack& stack : stacks_of(structure)) signals.push_back(signal_of(structure, std::move(stack)));
  return signals;
}

}  // namespace

const Driver& tiff_driver() {
  static const Driver driver{"tiff", "TIFF", {"tif", "tiff"}, probe, open, tiff::create, nullptr, tiff::resume};
  return driver;
}

}  // namespace ruska::io
