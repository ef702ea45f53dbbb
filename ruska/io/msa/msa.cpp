// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// EMSA/MAS spectral data files (Egerton, Fiori, Hunt, Isaacson, Kirkland, Zaluzec, EMSA Bulletin 21 (1991) 35;
// ISO 22029:2022): one spectrum as text, either its values (DATATYPE Y) or pairs of coordinate and value (XY), several
// per line where NCOLUMNS says so. The axis is that of XPERCHAN and OFFSET; the coordinates of XY data are used where
// XPERCHAN is absent. NPOINTS is wrong in many files, so the values are counted instead.
//
// Values are float64, but for files that ruska wrote itself: they name the element type.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "ruska/core/dataset.hpp"
#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/msa/header.hpp"
#include "ruska/io/random_access_file.hpp"
#include "ruska/io/text.hpp"
#include "ruska/io/text_sink.hpp"

namespace ruska::io {

namespace {

using msa::Header;

constexpr std::int64_t longest_file = std::int64_t{64} << 20;
constexpr std::size_t most_header_lines = 10000;

Confidence probe(const Probe& file) {
  const std::string_view head(reinterpret_cast<const char*>(file.head.data()), file.head.size());
  const std::string_view line = trimmed(head.substr(0, head.find('\n')));
  const std::string lower = lower_case(line);
  if (lower.starts_with("#format") && lower.find("emsa/mas") != std::string::npos) return Confidence::content;
  const std::string extension = extension_of(file.path);
  const bool known = extension == "msa" || extension == "emsa" || extension == "ems" || extension == "mas";
  return known ? Confidence::extension : Confidence::none;
}

/// The lines of a text with their numbers.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {}

  bool next(std::string_view& line) {
    if (text_.empty()) return false;
    const std::size_t end = text_.find('\n');
    ended_ = end != std::string_view::npos;
    line = text_.substr(0, end);
    text_.remove_prefix(ended_ ? end + 1 : text_.size());
    ++number_;
    return true;
  }
  [[noreturn]] void fail(const std::string& problem) const {
    throw Error(ErrorKind::bad_data, "line " + std::to_string(number_) + " of the spectrum file: " + problem);
  }
  /// Whether the last line had an end.
  bool ended() const { return ended_; }

 private:
  std::string_view text_;
  std::int64_t number_ = 0;
  bool ended_ = false;
};

/// The words of a data line, parted by blanks and commas.
template <class Each>
void for_each_word(std::string_view line, const Each& each) {
  constexpr std::string_view gaps = " \t\r,;";
  for (;;) {
    const std::size_t begin = line.find_first_not_of(gaps);
    if (begin == std::string_view::npos) return;
    line.remove_prefix(begin);
    const std::string_view word = line.substr(0, line.find_first_of(gaps));
    line.remove_prefix(word.size());
    each(word);
  }
}

struct Spectrum {
  Header header;
  std::vector<std::string_view> values;
  std::vector<std::string_view> coordinates;  ///< of XY data
};

/// Splits the text, which must outlive the result.
Spectrum split(std::string_view text) {
  Spectrum spectrum;
  Lines lines(text);
  std::string_view line;
  bool in_data = false, pairs = false, at_end = false;
  std::size_t header_lines = 0;
  while (!at_end && lines.next(line)) {
    const std::string_view content = trimmed(line);
    if (content.empty()) continue;
    if (content.front() == '#') {
      const std::string keyword = lower_case(trimmed(content.substr(1, content.find(':') - 1)));
      if (!in_data && keyword != "spectrum") {
        if (keyword == "endofdata") lines.fail("#ENDOFDATA before #SPECTRUM");
        if (++header_lines > most_header_lines) {
          lines.fail("a header of more than " + std::to_string(most_header_lines) + " lines");
        }
        spectrum.header.add(content);
      } else if (!in_data) {
        in_data = true;
        const std::string type = lower_case(trimmed(spectrum.header.text("DATATYPE")));
        if (type != "xy" && type != "y") lines.fail("DATATYPE is '" + type + "'; it must be Y or XY");
        pairs = type == "xy";
      } else {
        at_end = keyword == "endofdata";
      }
      continue;
    }
    if (!in_data) lines.fail("'" + to_utf8(content.substr(0, 40)) + "' where a line that begins with # is expected");
    std::size_t words = 0;
    for_each_word(content, [&](std::string_view word) {
      (pairs && words % 2 == 0 ? spectrum.coordinates : spectrum.values).push_back(word);
      ++words;
    });
    if (pairs && words % 2 != 0) lines.fail("a coordinate without a value");
  }
  if (!in_data) throw Error(ErrorKind::bad_data, "the spectrum file has no line #SPECTRUM");
  // Some programs leave #ENDOFDATA out. Then only the number of points shows that nothing is missing.
  const auto points = spectrum.header.number("NPOINTS");
  if (!at_end && (!lines.ended() || !points || static_cast<double>(spectrum.values.size()) < *points)) {
    throw Error(ErrorKind::bad_data, "the spectrum file ends after " + std::to_string(spectrum.values.size()) +
                                         " values without #ENDOFDATA; it is cut short");
  }
  if (spectrum.values.empty()) throw Error(ErrorKind::bad_data, "the spectrum file holds no values");
  return spectrum;
}

template <class T>
std::vector<T> numbers(const std::vector<std::string_view>& words, std::string_view dtype) {
  std::vector<T> values;
  values.reserve(words.size());
  for (std::string_view word : words) {
    if (word.starts_with('+')) word.remove_prefix(1);
    T value{};
    const auto [end, problem] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (problem != std::errc() || end != word.data() + word.size()) {
      throw Error(ErrorKind::bad_data, "value " + std::to_string(values.size()) + " of the spectrum file is '" +
                                           to_utf8(word.substr(0, 40)) + "', which is no " + std::string(dtype));
    }
    values.push_back(value);
  }
  return values;
}

Axis axis_of(const Spectrum& spectrum) {
  const Header& header = spectrum.header;
  Axis axis;
  axis.name = header.text("XLABEL");
  axis.units = header.text("XUNITS");
  axis.quantity = quantity_of(axis.units);
  axis.size = static_cast<std::int64_t>(spectrum.values.size());
  const auto scale = header.number("XPERCHAN");
  if (scale) {
    axis.scale = *scale;
    axis.offset = header.number("OFFSET").value_or(0.0);
  } else if (!spectrum.coordinates.empty()) {
    axis.values = numbers<double>(spectrum.coordinates, "number");
  }
  return axis;
}

/// The coordinates of XY data where they are not those of the axis, by more than a hundredth of a channel.
Json deviating_coordinates(const Spectrum& spectrum, const Axis& axis) {
  if (spectrum.coordinates.empty() || !axis.values.empty()) return nullptr;
  const std::vector<double> coordinates = numbers<double>(spectrum.coordinates, "number");
  for (std::size_t i = 0; i < coordinates.size(); ++i) {
    if (!(std::fabs(coordinates[i] - axis.at(static_cast<double>(i))) <= 0.01 * std::fabs(axis.scale))) {
      return coordinates;
    }
  }
  return nullptr;
}

DType dtype_of_file(const Header& header) {
  const std::string name = header.text(msa::dtype_keyword);
  for (const DType dtype : all_dtypes) {
    if (name == name_of(dtype) && !is_complex(dtype)) return dtype;
  }
  return DType::float64;
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const std::string text = RandomAccessFile(path).read_text(longest_file, "a spectrum file");
  const Spectrum spectrum = split(text);
  Description description;
  description.title = spectrum.header.title();
  description.signal_type = spectrum.header.signal_type();
  description.axes = {axis_of(spectrum)};
  description.metadata = spectrum.header.metadata();
  description.original = spectrum.header.verbatim();
  if (Json coordinates = deviating_coordinates(spectrum, description.axes[0]); !coordinates.is_null()) {
    description.original["coordinates"] = std::move(coordinates);
  }
  const DType dtype = dtype_of_file(spectrum.header);
  return {visit_dtype(dtype, [&]<class T>() -> std::shared_ptr<const Source> {
    if constexpr (is_complex_v<T>) {
      throw Error(ErrorKind::internal, "complex values in a spectrum file");
    } else {
      const std::vector<T> values = numbers<T>(spectrum.values, name_of(dtype));
      return Dataset::from_values<T>(std::move(description), values).shared_source();
    }
  })};
}

std::string format_spectrum(const Description& description, std::span<const std::byte> values) {
  std::string text = msa::format_header(description);
  visit_dtype(description.dtype, [&]<class T>() {
    if constexpr (!is_complex_v<T>) {
      for (std::size_t at = 0; at < values.size(); at += sizeof(T)) {
        T value{};
        std::copy_n(values.data() + at, sizeof(T), reinterpret_cast<std::byte*>(&value));
        text += shortest_text(value) + "\r\n";
      }
    }
  });
  return text + "#ENDOFDATA   : End Of Data and File\r\n";
}

std::unique_ptr<Sink> create(const std::filesystem::path& path, const Description& description) {
  description.validate();
  const auto refuse = [](const std::string& what) {
    throw Error(ErrorKind::unsupported,
                "an EMSA/MAS file holds one spectrum of real numbers with a uniform axis, not " + what);
  };
  if (description.axes.size() != 1) refuse("a signal of " + std::to_string(description.axes.size()) + " axes");
  if (is_complex(description.dtype)) refuse(std::string(name_of(description.dtype)));
  if (!description.axes[0].values.empty()) refuse("one with a table of coordinates");
  return text_sink(path, description,
                   [=](std::span<const std::byte> values) { return format_spectrum(description, values); });
}

}  // namespace

const Driver& msa_driver() {
  static const Driver driver{"msa", "EMSA/MAS spectrum", {"msa", "emsa", "ems", "mas"}, probe, open, create};
  return driver;
}

}  // namespace ruska::io
