// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Semper pictures (.unf): Fortran records, each between two copies of its length. A header of six 16-bit numbers, the
// title where there is one, a label of 256 characters that are 16 bits each (Saxton, Semper 7 label layout), and one
// record for every row. Rows may be one byte longer than their values, since Semper makes their length even.
//
// Columns run along x, rows along y, layers along z; layers are navigation.
#include <array>
#include <bit>
#include <cmath>

#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/byte_cursor.hpp"
#include "ruska/io/date_time.hpp"
#include "ruska/io/stored_array.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

constexpr std::array<DType, 5> forms{DType::int8, DType::int16, DType::float32, DType::complex64, DType::int32};

/// What stands before the rows.
struct Label {
  std::int64_t columns = 0, rows = 0, layers = 0;
  int form = 0;
  std::string title;
  std::array<double, 3> scale{1, 1, 1}, offset{0, 0, 0};  ///< x, y, z
  std::array<std::string, 3> units;
  Json metadata = Json::object();
  Json original = Json::object();
};

bool is_header(std::span<const std::byte> head) {
  if (head.size() < 20) return false;
  const auto length = load<std::uint32_t>(head);
  if ((length != 12 && length != 14) || head.size() < 8 + length || load<std::uint32_t>(head, 4 + length) != length) {
    return false;
  }
  const auto value = [&](std::size_t i) { return std::bit_cast<std::int16_t>(load<std::uint16_t>(head, 4 + 2 * i)); };
  return value(0) > 0 && value(1) > 0 && value(2) > 0 && value(4) >= 0 && value(4) < 5 && value(5) >= 10000;
}

Confidence probe(const Probe& file) {
  if (is_header(file.head)) return Confidence::content;
  return extension_of(file.path) == "unf" ? Confidence::extension : Confidence::none;
}

/// The records of a file, one after the other.
class Records {
 public:
  explicit Records(const RandomAccessFile& file) : file_(file) {}

  std::int64_t at() const { return at_; }

  std::vector<std::byte> next(const std::string& what, std::int64_t shortest, std::int64_t longest) {
    const std::int64_t length = load<std::uint32_t>(file_.read(at_, 4));
    if (length < shortest || length > longest)
      fail(what, "has " + std::to_string(length) + " bytes, not " + std::to_string(shortest) + " to " +
                     std::to_string(longest));
    std::vector<std::byte> bytes = file_.read(at_ + 4, length + 4);
    if (load<std::uint32_t>(bytes, static_cast<std::size_t>(length)) != static_cast<std::uint32_t>(length)) {
      fail(what, "does not end with its length");
    }
    bytes.resize(static_cast<std::size_t>(length));
    at_ += length + 8;
    return bytes;
  }

 private:
  [[noreturn]] void fail(const std::string& what, const std::string& problem) const {
    throw Error(ErrorKind::bad_data, "the record of the " + what + " at byte " + std::to_string(at_) + " " + problem);
  }

  const RandomAccessFile& file_;
  std::int64_t at_ = 0;
};

/// The label's 16-bit units, of which the low byte counts, numbered from 1 as in its description.
class LabelUnits {
 public:
  explicit LabelUnits(std::span<const std::byte> bytes) : bytes_(bytes) {}

  int unit(std::size_t place) const {
    return std::bit_cast<std::int16_t>(load<std::uint16_t>(bytes_, 2 * (place - 1)));
  }
  int at(std::size_t place) const { return load<std::uint8_t>(bytes_, 2 * (place - 1)); }
  std::int64_t big(std::size_t place, std::size_t high) const {
    return std::int64_t{at(high)} << 16 | std::int64_t{at(place)} << 8 | at(place + 1);
  }
  float real(std::size_t place) const {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 4; ++i) bits |= static_cast<std::uint32_t>(at(place + i)) << (8 * i);
    return std::bit_cast<float>(bits);
  }
  std::string text(std::size_t place, std::size_t count) const {
    std::string characters;
    for (std::size_t i = 0; i < count; ++i) {
      if (at(place + i) != 0) characters += static_cast<char>(at(place + i));
    }
    return to_utf8(trimmed(characters));
  }

 private:
  std::span<const std::byte> bytes_;
};

double finite(float value, const char* name) {
  if (!std::isfinite(value)) throw Error(ErrorKind::bad_data, "the label's " + std::string(name) + " is no number");
  return static_cast<double>(value);
}

void read_label(const std::vector<std::byte>& bytes, Label& label) {
  const LabelUnits units(bytes);
  if (units.text(1, 6) != "Semper") {
    throw Error(ErrorKind::bad_data, "the label begins with '" + units.text(1, 6) + "' instead of 'Semper'");
  }
  const int form = units.at(20);
  if (units.big(7, 57) != label.columns || units.big(9, 58) != label.rows || units.big(11, 59) != label.layers) {
    // Sizes from 2^15 on do not fit the header.
    label.columns = units.big(7, 57);
    label.rows = units.big(9, 58);
    label.layers = units.big(11, 59);
  }
  if (form != label.form) {
    throw Error(ErrorKind::bad_data,
                "the label gives form " + std::to_string(form) + ", the header " + std::to_string(label.form));
  }
  // Years since 1900; some programs subtract 1900 from a year of two digits.
  int year = 1900 + units.unit(22);
  if (year >= 0 && year < 100) year += year < 69 ? 2000 : 1900;
  set_date(label.metadata, year, units.at(23), units.at(24));
  set_time(label.metadata, units.at(25), units.at(26), units.at(27));
  const bool real_coordinates = units.at(63) != 0;
  if (real_coordinates) {
    label.scale = {finite(units.real(92), "DX"), finite(units.real(84), "DY"), finite(units.real(76), "DZ")};
    label.offset = {finite(units.real(96), "X0"), finite(units.real(88), "Y0"), finite(units.real(80), "Z0")};
    label.units = {units.text(245, 4), units.text(249, 4), units.text(253, 4)};
  }
  const std::string title = units.text(101, static_cast<std::size_t>(std::min(units.at(100), 144)));
  if (label.title.empty()) label.title = title;
  label.original["label"] =
      Json{{"centre_column", units.big(13, 60)},
           {"centre_row", units.big(15, 61)},
           {"centre_layer", units.big(17, 62)},
           {"class", units.at(19)},
           {"form", form},
           {"protected", units.at(21)},
           {"range", units.at(28) == 255 ? "" : units.text(29, static_cast<std::size_t>(std::min(units.at(28), 27)))},
           {"position_list_type", units.at(56)},
           {"real_coordinates", units.at(63)},
           {"blocks", units.at(64)},
           {"title", title}};
}

Label read_head(const RandomAccessFile& file, Records& records) {
  const auto header = records.next("header", 12, 14);
  const auto value = [&](std::size_t i) {
    return static_cast<int>(std::bit_cast<std::int16_t>(load<std::uint16_t>(header, 2 * i)));
  };
  Label label;
  label.columns = value(0);
  label.rows = value(1);
  label.layers = value(2);
  label.form = value(4);
  const int flags = value(5);
  if (label.form < 0 || label.form >= static_cast<int>(forms.size())) {
    throw Error(ErrorKind::bad_data, "form " + std::to_string(label.form) + " of " + file.path().filename().string() +
                                         "; the forms are 0 to 4");
  }
  label.original["header"] = Json{{"class", value(3)}, {"form", label.form}, {"flag", flags}};
  const int title = flags % 1000;
  if (title > 0) {
    const auto text = records.next("title", title, title);
    label.title = to_utf8(trimmed({reinterpret_cast<const char*>(text.data()), text.size()}));
  }
  if (flags / 1000 % 10 != 0) read_label(records.next("label", 512, 2 * 65536), label);
  if (label.columns < 1 || label.rows < 1 || label.layers < 1) {
    throw Error(ErrorKind::bad_data, "a picture of " + std::to_string(label.columns) + " columns, " +
                                         std::to_string(label.rows) + " rows and " + std::to_string(label.layers) +
                                         " layers");
  }
  return label;
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const auto file = std::make_shared<const RandomAccessFile>(path);
  Records records(*file);
  Label label = read_head(*file, records);
  const DType dtype = forms[static_cast<std::size_t>(label.form)];
  const auto item = static_cast<std::int64_t>(size_of(dtype));

  // All rows are alike, so their marks are only looked at on the first and the last.
  const std::int64_t row = load<std::uint32_t>(file->read(records.at(), 4));
  const std::int64_t values = label.columns * item;
  if (row != values && row != values + 1) {
    throw Error(ErrorKind::bad_data, "the first row at byte " + std::to_string(records.at()) + " has " +
                                         std::to_string(row) + " bytes; " + std::to_string(label.columns) + " " +
                                         std::string(name_of(dtype)) + " need " + std::to_string(values));
  }
  Description description;
  description.title = label.title;
  description.dtype = dtype;
  description.metadata = label.metadata;
  set(description.metadata, "General.title", label.title);
  description.original = label.original;
  const Shape shape{label.layers, label.rows, label.columns};
  const std::int64_t step = row + 8;
  std::int64_t layer_step = 0, rows = 0, end = 0;
  if (__builtin_mul_overflow(step, label.rows, &layer_step) ||
      __builtin_mul_overflow(label.rows, label.layers, &rows) || __builtin_mul_overflow(rows, step, &end) ||
      end > file->size() - records.at()) {
    throw Error(ErrorKind::bad_data, path.filename().string() + " has " + std::to_string(file->size()) +
                                         " bytes; a picture " + to_string(shape) + " with rows of " +
                                         std::to_string(step) + " from byte " + std::to_string(records.at()) +
                                         " on needs more; the file is cut short or damaged");
  }
  for (const std::int64_t which : {std::int64_t{0}, rows - 1}) {
    const std::int64_t begin = records.at() + which * step;
    if (load<std::uint32_t>(file->read(begin, 4)) != static_cast<std::uint32_t>(row) ||
        load<std::uint32_t>(file->read(begin + 4 + row, 4)) != static_cast<std::uint32_t>(row)) {
      throw Error(ErrorKind::bad_data, "row " + std::to_string(which) + " at byte " + std::to_string(begin) +
                                           " is not enclosed in its length, " + std::to_string(row));
    }
  }
  StoredLayout layout;
  layout.offset = records.at() + 4;
  layout.swapped = little_endian_is_swapped;
  const Shape strides{layer_step, step, item};
  constexpr std::array<const char*, 3> names{"z", "y", "x"};
  for (std::size_t i = 0; i < 3; ++i) {
    if (shape[i] == 1 && (i < 2 || label.rows > 1)) continue;
    Axis axis;
    axis.name = names[i];
    axis.role = i == 0 ? Role::navigation : Role::signal;
    axis.size = shape[i];
    axis.scale = label.scale[2 - i];
    axis.offset = label.offset[2 - i];
    axis.units = label.units[2 - i];
    axis.quantity = quantity_of(axis.units);
    description.axes.push_back(std::move(axis));
    layout.stride.push_back(strides[i]);
  }
  return {stored_array(file, std::move(description), std::move(layout))};
}

}  // namespace

const Driver& semper_driver() {
  static const Driver driver{"semper", "Semper picture", {"unf"}, probe, open, nullptr};
  return driver;
}

}  // namespace ruska::io
