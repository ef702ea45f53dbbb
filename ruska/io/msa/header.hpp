// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ruska/core/source.hpp"

namespace ruska::io::msa {

/// One line "#KEYWORD-unit: value" before the data.
struct Entry {
  std::string keyword;  ///< upper case; those that a user defined keep their second '#'
  std::string unit;     ///< empty where none is written
  std::string value;    ///< without the one blank behind the colon and without blanks at its end
};

class Header {
 public:
  void add(std::string_view line);

  /// The value of a keyword; of the last line where several have it.
  const Entry* entry(std::string_view keyword) const;
  std::string text(std::string_view keyword) const;
  /// Nothing where it is absent, empty or no number. Numbers may hold a blank ("2.0 E-06") or be followed by a word.
  std::optional<double> number(std::string_view keyword) const;

  std::string title() const;
  std::string signal_type() const;
  Json metadata() const;
  /// Every line by its keyword and unit; those that come several times as lists.
  Json verbatim() const;

 private:
  std::vector<Entry> entries_;
};

/// The keyword of the element type that was written, for files that ruska wrote; other readers see a user's keyword.
inline constexpr std::string_view dtype_keyword = "#DTYPE";

/// The lines before the data, ended by carriage return and line feed. Text that ISO 8859-1 holds is written in it, as
/// HyperSpy reads it; other text as UTF-8.
std::string format_header(const Description& description);

/// A number as the shortest text that reads back the same.
std::string shortest(double value);

}  // namespace ruska::io::msa
