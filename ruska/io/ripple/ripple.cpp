// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Ripple, the format of NIST's Lispix: a text header (.rpl) of keys and values parted by tabs, and the values in a
// .raw file beside it (Bright, Lispix manual, "Raw and ripple files"). The keys of HyperSpy for names, units, scales
// and the instrument are understood too.
//
// "record-by vector" stores (height, width, depth), depth being the spectrum; "record-by image" stores (depth, height,
// width), depth being the number of the image; "dont-care" is one image or one spectrum. Navigation axes of length 1
// are dropped. "byte-order dont-care" with items of several bytes means little-endian: every machine that writes it so
// is one.
#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <optional>

#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/ripple/entries.hpp"
#include "ruska/io/ripple/writer.hpp"
#include "ruska/io/stored_array.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

constexpr std::int64_t longest_header = std::int64_t{1} << 16;

/// Keys in lower case, values as they stand.
class Header {
 public:
  explicit Header(std::string_view text) {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      const std::string_view line = trimmed(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
      if (line.empty() || line.front() == ';') continue;
      std::size_t gap = line.find('\t');
      if (gap == std::string_view::npos) gap = line.find(' ');
      const std::string key = lower_case(trimmed(line.substr(0, gap)));
      const std::string_view value = gap == std::string_view::npos ? "" : trimmed(line.substr(gap));
      if (key == "key" && lower_case(value) == "value") continue;
      values_[to_utf8(key)] = to_utf8(value);
    }
  }

  const std::map<std::string, std::string>& all() const { return values_; }

  std::string text(const std::string& key, std::string fallback = "") const {
    const auto found = values_.find(key);
    return found == values_.end() || found->second.empty() ? std::move(fallback) : found->second;
  }
  std::string required(const std::string& key, const std::string& allowed) const {
    const std::string value = lower_case(text(key));
    if (value.empty()) {
      throw Error(ErrorKind::bad_data, "the ripple header has no '" + key + "'; it must be " + allowed);
    }
    return value;
  }
  [[noreturn]] void refuse(const std::string& key, const std::string& allowed) const {
    throw Error(ErrorKind::bad_data, "the ripple header's '" + key + "' is '" + text(key) + "'; it must be " + allowed);
  }
  std::int64_t integer(const std::string& key, std::int64_t low) const {
    const std::string allowed = "a whole number of at least " + std::to_string(low);
    const auto value = parse_integer(required(key, allowed));
    if (!value || *value < low) refuse(key, allowed);
    return *value;
  }
  std::optional<double> number(const std::string& key) const {
    if (text(key).empty()) return std::nullopt;
    const auto value = parse_number(text(key));
    if (!value) refuse(key, "a number");
    return value;
  }

 private:
  std::map<std::string, std::string> values_;
};

DType dtype_of(const Header& header) {
  const std::string type = header.required("data-type", "signed, unsigned or float");
  const std::int64_t length = header.integer("data-length", 1);
  const int log2 = length == 1 ? 0 : length == 2 ? 1 : length == 4 ? 2 : length == 8 ? 3 : -1;
  if (log2 < 0) header.refuse("data-length", "1, 2, 4 or 8");
  constexpr DType with_sign[] = {DType::int8, DType::int16, DType::int32, DType::int64};
  constexpr DType without_sign[] = {DType::uint8, DType::uint16, DType::uint32, DType::uint64};
  if (type == "signed") return with_sign[log2];
  if (type == "unsigned") return without_sign[log2];
  if (type != "float") header.refuse("data-type", "signed, unsigned or float");
  if (log2 < 2) header.refuse("data-length", "4 or 8 for floats");
  return log2 == 2 ? DType::float32 : DType::float64;
}

bool is_swapped(const Header& header) {
  const std::string order = header.required("byte-order", "big-endian, little-endian or dont-care");
  if (order != "big-endian" && order != "little-endian" && order != "dont-care") {
    header.refuse("byte-order", "big-endian, little-endian or dont-care");
  }
  return (order == "big-endian") != (std::endian::native == std::endian::big);
}

Axis axis_of(const Header& header, const std::string& which, Role role) {
  Axis axis;
  axis.name = header.text(which + "-name", which);
  axis.units = header.text(which + "-units");
  axis.quantity = quantity_of(axis.units);
  axis.role = role;
  axis.size = header.integer(which, 1);
  axis.scale = header.number(which + "-scale").value_or(1.0);
  axis.offset = header.number(which + "-origin").value_or(0.0);
  if (which == "depth" && header.text("depth-scale").empty()) {
    if (const auto per_channel = header.number("ev-per-chan")) {
      axis.scale = *per_channel;
      axis.units = header.text("depth-units", "eV");
      axis.quantity = quantity_of(axis.units);
    }
  }
  return axis;
}

Axes axes_of(const Header& header) {
  const std::string allowed = "vector, image or dont-care";
  std::string record = header.required("record-by", allowed);
  if (record == "dont-care") {
    const bool one_spectrum = header.integer("width", 1) == 1 && header.integer("height", 1) == 1;
    if (!one_spectrum && header.integer("depth", 1) != 1) header.refuse("record-by", "vector or image for a data cube");
    record = one_spectrum ? "vector" : "image";
  }
  if (record != "vector" && record != "image") header.refuse("record-by", allowed);
  const bool vectors = record == "vector";
  const std::array<std::string, 3> order = vectors ? std::array<std::string, 3>{"height", "width", "depth"}
                                                   : std::array<std::string, 3>{"depth", "height", "width"};
  Axes axes;
  for (const std::string& which : order) {
    const bool navigation = (which == "depth") != vectors;
    Axis axis = axis_of(header, which, navigation ? Role::navigation : Role::signal);
    if (!navigation || axis.size > 1) axes.push_back(std::move(axis));
  }
  return axes;
}

Json metadata_of(const Header& header) {
  Json metadata = Json::object();
  for (const char* key : {"title", "date", "time"}) {
    if (const std::string value = header.text(key); !value.empty()) set(metadata, std::string("General.") + key, value);
  }
  const std::string signal = header.text("signal");
  if (!signal.empty()) set(metadata, "Signal.signal_type", signal);
  const std::string microscope =
      std::string("Acquisition_instrument.") + (signal.find("SEM") != std::string::npos ? "SEM" : "TEM");
  for (const ripple::Entry& entry : ripple::microscope_entries) {
    if (const auto value = header.number(std::string(entry.key)))
      set(metadata, microscope + std::string(entry.path), *value);
  }
  return metadata;
}

bool is_header(std::string_view text) {
  const std::string lower = lower_case(text);
  return lower.find("record-by") != std::string::npos && lower.find("data-length") != std::string::npos;
}

/// The header of the pair that `path` belongs to.
std::optional<std::filesystem::path> header_path(const std::filesystem::path& path) {
  return extension_of(path) == "rpl" ? path : sibling(path, "rpl");
}

Confidence probe(const Probe& file) {
  const std::string extension = extension_of(file.path);
  if (extension == "rpl") {
    const std::string_view head(reinterpret_cast<const char*>(file.head.data()), file.head.size());
    return is_header(head) ? Confidence::content : Confidence::extension;
  }
  if (extension != "raw") return Confidence::none;
  const auto header = sibling(file.path, "rpl");
  if (!header) return Confidence::none;
  try {
    const RandomAccessFile text(*header);
    return is_header(text.read_text(longest_header, "a ripple header")) ? Confidence::content : Confidence::none;
  } catch (const Error&) {
    return Confidence::none;
  }
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const auto header_file = header_path(path);
  if (!header_file) {
    throw Error(ErrorKind::not_found, "no ripple header (.rpl) lies beside " + path.filename().string());
  }
  const Header header(RandomAccessFile(*header_file).read_text(longest_header, "a ripple header"));
  Description description;
  description.title = header.text("title");
  description.signal_type = header.text("signal");
  description.dtype = dtype_of(header);
  description.axes = axes_of(header);
  description.metadata = metadata_of(header);
  for (const auto& [key, value] : header.all()) description.original[key] = value;

  const auto values_file = extension_of(path) == "raw" ? path : sibling(path, "raw");
  if (!values_file) {
    throw Error(ErrorKind::not_found, "no .raw file with the values lies beside " + path.filename().string());
  }
  StoredLayout layout;
  layout.offset = header.text("offset").empty() ? 0 : header.integer("offset", 0);
  layout.swapped = is_swapped(header) && size_of(description.dtype) > 1;
  layout.stride = c_strides(description.shape(), size_of(description.dtype));
  return {
      stored_array(std::make_shared<const RandomAccessFile>(*values_file), std::move(description), std::move(layout))};
}

}  // namespace

const Driver& ripple_driver() {
  static const Driver driver{"ripple", "Lispix ripple", {"rpl"}, probe, open, ripple::create};
  return driver;
}

}  // namespace ruska::io
