// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/tiff/open_microscopy.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <optional>
#include <sstream>
#include <string_view>

#include <pugixml.hpp>

namespace ruska::io::tiff {
namespace {

/// The schema's name of a type of values; nothing for 64-bit integers and complex numbers.
std::optional<std::string> pixel_type(DType dtype) {
  switch (dtype) {
    case DType::float32: return "float";
    case DType::float64: return "double";
    case DType::int8:
    case DType::int16:
    case DType::int32:
    case DType::uint8:
    case DType::uint16:
    case DType::uint32: return std::string(name_of(dtype));
    default: return std::nullopt;
  }
}

bool is_one_of(const std::string& units, std::initializer_list<std::string_view> known) {
  return std::find(known.begin(), known.end(), units) != known.end();
}
bool is_length(const std::string& units) { return is_one_of(units, {"pm", "Å", "nm", "µm", "mm", "cm", "m"}); }
bool is_time(const std::string& units) { return is_one_of(units, {"ns", "µs", "ms", "s", "min", "h"}); }

/// Depth, time or channel by what is measured along the axis, else what is left of them.
char letter_of(const Axis& axis, std::string& left) {
  const char wished = is_length(axis.units) ? 'Z' : is_time(axis.units) ? 'T' : 'C';
  std::size_t at = left.find(wished);
  if (at == std::string::npos) at = 0;
  const char letter = left[at];
  left.erase(at, 1);
  return letter;
}

void put_number(pugi::xml_node node, const std::string& name, double value) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.17g", value);
  node.append_attribute(name.c_str()) = text.data();
}

void put_physical_size(pugi::xml_node pixels, char letter, const Axis& axis) {
  if (!is_length(axis.units) || !(axis.scale > 0)) return;
  const std::string name = std::string("PhysicalSize") + letter;
  put_number(pixels, name, axis.scale);
  pixels.append_attribute((name + "Unit").c_str()) = axis.units.c_str();
}

/// Without control characters, which XML 1.0 cannot hold.
std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 32 || c == 127; }, ' ');
  return text;
}

/// UTF-8 with character references for all that is not ASCII.
std::string in_ascii(const std::string& text) {
  std::string ascii;
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at++]);
    if (lead < 0x80) {
      ascii += static_cast<char>(lead);
      continue;
    }
    const int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    std::uint32_t code = lead & (0x3fu >> more);
    for (int i = 0; i < more && at < text.size(); ++i)
      code = code << 6 | (static_cast<unsigned char>(text[at++]) & 0x3f);
    ascii += "&#" + std::to_string(code) + ";";
  }
  return ascii;
}

}  // namespace

std::string open_microscopy_text(const Description& description, const Axes& outer, const Axis& height,
                                 const Axis& width, std::int64_t samples) {
  const auto type = pixel_type(description.dtype);
  if (!type || outer.size() > 3) return "";
  pugi::xml_document document;
  pugi::xml_node root = document.append_child("OME");
  root.append_attribute("xmlns") = "http://www.openmicroscopy.org/Schemas/OME/2016-06";
  pugi::xml_node image = root.append_child("Image");
  image.append_attribute("ID") = "Image:0";
  image.append_attribute("Name") = printable(description.title).c_str();
  pugi::xml_node pixels = image.append_child("Pixels");
  pixels.append_attribute("ID") = "Pixels:0";

  // The order counts from the axis that runs fastest.
  std::string left = "ZCT", order = "XY";
  std::int64_t pages = 1, channels = 1;
  std::array<const Axis*, 3> along{};  // Z, C, T
  for (auto axis = outer.rbegin(); axis != outer.rend(); ++axis) {
    const char letter = letter_of(*axis, left);
    order += letter;
    along[std::string_view("ZCT").find(letter)] = &*axis;
    pages *= axis->size;
    if (letter == 'C') channels = axis->size;
  }
  pixels.append_attribute("DimensionOrder") = (order + left).c_str();
  pixels.append_attribute("Type") = type->c_str();
  pixels.append_attribute("BigEndian") = std::endian::native == std::endian::big;
  pixels.append_attribute("Interleaved") = samples > 1;
  const auto put_size = [&](const char* name, std::int64_t size) {
    pixels.append_attribute(name) = static_cast<long long>(size);
  };
  put_size("SizeX", width.size);
  put_size("SizeY", height.size);
  put_size("SizeZ", along[0] == nullptr ? 1 : along[0]->size);
  put_size("SizeC", channels * samples);
  put_size("SizeT", along[2] == nullptr ? 1 : along[2]->size);
  put_physical_size(pixels, 'X', width);
  put_physical_size(pixels, 'Y', height);
  if (along[0] != nullptr) put_physical_size(pixels, 'Z', *along[0]);
  if (along[2] != nullptr && is_time(along[2]->units) && along[2]->scale > 0) {
    put_number(pixels, "TimeIncrement", along[2]->scale);
    pixels.append_attribute("TimeIncrementUnit") = along[2]->units.c_str();
  }
  // Channels of one sample each need no element of their own.
  for (std::int64_t channel = 0; samples > 1 && channel < channels; ++channel) {
    pugi::xml_node one = pixels.append_child("Channel");
    one.append_attribute("ID") = ("Channel:0:" + std::to_string(channel)).c_str();
    one.append_attribute("SamplesPerPixel") = static_cast<long long>(samples);
  }
  pugi::xml_node block = pixels.append_child("TiffData");
  block.append_attribute("IFD") = 0;
  block.append_attribute("PlaneCount") = static_cast<long long>(pages);

  std::ostringstream text;
  document.save(text, "", pugi::format_raw | pugi::format_no_declaration, pugi::encoding_utf8);
  return R"(<?xml version="1.0" encoding="UTF-8"?>)" + in_ascii(text.str());
}

}  // namespace ruska::io::tiff
