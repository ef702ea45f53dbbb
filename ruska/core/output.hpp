// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ruska/core/dataset.hpp"

namespace ruska {

/// A number with its standard uncertainty.
struct Number {
  double value = 0;
  std::optional<double> sigma{};
  std::string unit{};
};

struct Column {
  std::string name;
  std::string unit;
  std::variant<std::vector<double>, std::vector<std::int64_t>, std::vector<std::string>> values;
  std::string sigma_of{};  ///< the column whose uncertainty this one is
};

/// Columns of equal length.
struct Table {
  std::vector<Column> columns;
  std::size_t rows() const;
};

/// How a report shows an output.
enum class View {
  hidden,   ///< in the file only
  maps,     ///< images: the last two axes; one picture per component
  labels,   ///< an image of class numbers, each its own colour; -1 is "none"
  vectors,  ///< a map of vectors: the first axis holds the components along x and y
  pattern,  ///< one image of values ≥ 0 on a logarithmic scale, with outlines
  spectra,  ///< curves over the last axis, one per component
  scree,    ///< positive values that fall with their number, on a logarithmic scale
  table,
  number,
  text,
};

/// A labelled position on a spectrum's axis: an X-ray line, an edge.
struct Mark {
  std::int64_t component = -1;  ///< which curve it belongs to; -1 for all
  double position = 0;          ///< in the axis' units
  std::string label;            ///< "Fe Kα"
};

/// A labelled line over an image: the edge of a detector.
struct Outline {
  std::string label;
  std::vector<std::vector<double>> lines;  ///< closed, each x, y, x, y … in the axes' units
};

/// One named result.
struct Output {
  std::string name;   ///< as in the operation's description
  std::string title;  ///< for people: "Abundance of each phase"
  std::variant<Dataset, Table, Number, std::string> value;
  View view = View::hidden;
  std::string sigma{};                    ///< the output that holds its uncertainty
  std::vector<std::string> components{};  ///< a name per component, for legends and captions
  std::vector<Mark> marks{};
  std::optional<std::int64_t> chosen{};  ///< scree: how many were kept
  std::string note{};                    ///< one or two sentences below the figure
  std::vector<Outline> outlines{};       ///< of a pattern
};

/// An operation's results, in the order in which a reader wants them.
struct Outputs {
  std::vector<Output> all;
  std::vector<std::string> summary;  ///< at most ten lines that say what came out

  void add(Output output) { all.push_back(std::move(output)); }
  const Output* find(std::string_view name) const;
  /// Throw internal when there is no such output or it is of another kind.
  const Dataset& dataset(std::string_view name) const;
  const Table& table(std::string_view name) const;
  const Number& number(std::string_view name) const;
  const std::string& text(std::string_view name) const;
};

}  // namespace ruska
