// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/ripple/writer.hpp"

#include <algorithm>
#include <bit>
#include <fstream>

#include "ruska/base/error.hpp"
#include "ruska/base/pending_file.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/ripple/entries.hpp"
#include "ruska/io/stored_array.hpp"
#include "ruska/io/text_sink.hpp"

namespace ruska::io::ripple {
namespace {

/// Values end at the line's end, keys at the tab.
std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 32; }, ' ');
  return text;
}

class Header {
 public:
  void add(std::string_view key, const std::string& value) {
    text_ += std::string(key) + "\t" + one_line(value) + "\n";
  }
  void add(const std::string& which, const Axis& axis) {
    add(which, std::to_string(axis.size));
    add(which + "-name", axis.name);
    add(which + "-units", axis.units);
    add(which + "-scale", shortest_text(axis.scale));
    add(which + "-origin", shortest_text(axis.offset));
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_ = "key\tvalue\n";
};

std::string header_of(const Description& description) {
  Header header;
  const Axes& axes = description.axes;
  const std::size_t signal_axes = description.signal_shape().size();
  const bool vectors = signal_axes == 1;
  // In the order of the values: height, width, depth for spectra; depth, height, width for images.
  std::vector<std::string> places = vectors ? std::vector<std::string>{"height", "width", "depth"}
                                            : std::vector<std::string>{"depth", "height", "width"};
  Axes stored = axes;
  while (stored.size() < 3) {
    Axis one;
    one.size = 1;
    stored.insert(stored.begin(), one);
  }
  for (std::size_t i = 0; i < 3; ++i) {
    if (i + axes.size() >= 3)
      header.add(places[i], stored[i]);
    else
      header.add(places[i], "1");
  }
  header.add("offset", "0");
  header.add("record-by", vectors ? "vector" : "image");
  const std::string type(name_of(description.dtype));
  header.add("data-type", type.starts_with("float") ? "float" : type.starts_with("u") ? "unsigned" : "signed");
  header.add("data-length", std::to_string(size_of(description.dtype)));
  header.add("byte-order", size_of(description.dtype) == 1              ? "dont-care"
                           : std::endian::native == std::endian::little ? "little-endian"
                                                                        : "big-endian");
  if (!description.title.empty()) header.add("title", description.title);
  if (!description.signal_type.empty()) header.add("signal", description.signal_type);
  for (const char* key : {"date", "time"}) {
    if (const auto value = text_at(description.metadata, std::string("General.") + key)) header.add(key, *value);
  }
  const std::string instrument = instrument_of(description.metadata);
  for (const Entry& entry : microscope_entries) {
    const auto value =
        number_at(description.metadata, "Acquisition_instrument." + instrument + std::string(entry.path));
    if (!instrument.empty() && value) header.add(entry.key, shortest_text(*value));
  }
  return header.text();
}

class PairSink final : public Sink {
 public:
  PairSink(const std::filesystem::path& path, const Description& description)
      : header_path_(path),
        header_(header_of(description)),
        final_header_(name_when_committed(path)),
        values_file_(values_beside(final_header_), PendingFile::Kind::file, std::filesystem::exists(final_header_)),
        values_(stored_array_sink(values_file_.path(), "", description)) {}

  Storage storage() const override { return values_->storage(); }
  void write(const Region& region, std::span<const std::byte> values) override { values_->write(region, values); }
  void commit() override {
    values_->commit();
    std::ofstream header(header_path_, std::ios::binary | std::ios::trunc);
    header << header_ << std::flush;
    if (!header) throw Error(ErrorKind::io, "writing " + header_path_.string() + " failed");
    header.close();
    values_file_.commit();
  }

 private:
  static std::filesystem::path values_beside(std::filesystem::path header) { return header.replace_extension("raw"); }

  std::filesystem::path header_path_;
  std::string header_;
  std::filesystem::path final_header_;
  PendingFile values_file_;
  std::unique_ptr<Sink> values_;
};

}  // namespace

std::unique_ptr<Sink> create(const std::filesystem::path& path, const Description& description) {
  description.validate();
  const std::size_t signal = description.signal_shape().size(), navigation = description.navigation_shape().size();
  const auto refuse = [](const std::string& what) {
    throw Error(ErrorKind::unsupported,
                "a ripple file holds spectra over up to two axes or images over one, of real numbers on uniform axes, "
                "not " +
                    what + "; .hspy takes it");
  };
  if (is_complex(description.dtype)) refuse(std::string(name_of(description.dtype)));
  if (!description.fields.empty()) refuse("pixels of several parts");
  if (!((signal == 1 && navigation <= 2) || (signal == 2 && navigation <= 1))) {
    refuse(std::to_string(signal) + " signal axes over " + std::to_string(navigation));
  }
  for (const Axis& axis : description.axes) {
    if (!axis.values.empty()) refuse("a table of coordinates, as the axis '" + axis.name + "' has");
    if (axis.size < 1) refuse("an axis without places");
  }
  return std::make_unique<PairSink>(path, description);
}

}  // namespace ruska::io::ripple
