// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ruska/core/output.hpp"

namespace ruska::report {

/// Height × width values in C order; NaN where there is none.
struct Image {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<float> values;
};

enum class Palette { sequential, diverging, uncertainty };

/// The values that the two ends of a colour bar stand for. Values beyond a clipped end take its colour.
struct Range {
  double low = 0;
  double high = 1;
  bool clipped_low = false;
  bool clipped_high = false;
  Palette palette = Palette::sequential;
};

struct MapPanel {
  std::string name;
  Image values;
  Range range;
  std::optional<Image> sigma{};
  Range sigma_range{};
};

/// Maps over the same pixels, one panel per component.
struct Maps {
  Axis y, x;
  std::string quantity;  ///< what the values are, with unit: "Intensity (counts)"; empty when unknown
  std::vector<MapPanel> panels;
  bool same_range = false;  ///< every panel has the first one's range
};

/// Maps at successive angles, which a page plays.
struct Film {
  struct Reel {
    std::string name;
    std::vector<Image> frames;
    Range range;  ///< of all frames
  };
  Axis y, x;
  std::string quantity;
  std::vector<std::string> angles;  ///< one per frame: "45°"
  std::vector<Reel> reels;          ///< one per component
};

/// A map of class numbers.
struct Labels {
  struct Class {
    std::string name;
    double fraction = 0;  ///< of the pixels that have a class
  };
  Axis y, x;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::int32_t> numbers;  ///< -1 for none
  std::vector<Class> classes;
  double none = 0;  ///< fraction of all pixels that have no class
};

/// A vector at every pixel of a map, less the mean over the map.
struct Vectors {
  Axis y, x;
  std::string quantity;
  Image along_x, along_y;
  double mean_x = 0, mean_y = 0;
  double largest = 1;  ///< length at which colours and arrows are full; 1 in 200 may be longer
};

/// An image on a logarithmic scale with lines over it.
struct Pattern {
  Axis y, x;
  std::string quantity;
  Image values;
  double low = 1, high = 10;  ///< 0 < low < high; what lies below has the colour of the lower end
  std::vector<Outline> outlines;
};

struct Curve {
  std::string name;
  std::vector<double> values;
  std::vector<double> sigma{};  ///< empty when unknown
};

/// Curves over one calibrated axis.
struct Curves {
  Axis axis;
  std::string quantity;
  std::vector<Curve> curves;
  std::vector<Mark> marks;
  std::int64_t first = 0, last = 0;  ///< the channels [first, last] that hold what there is to see
  bool root = false;                 ///< heights are drawn as their square roots, since single peaks dwarf the rest
};

/// Positive values that fall with their number, counted from 1.
struct Scree {
  std::string quantity;
  std::vector<Curve> curves;
  std::optional<std::int64_t> chosen;
  std::int64_t shown = 0;  ///< how many of the values a figure shows
};

/// What is drawn, as plain numbers: both the files and the page are made from it.
struct Figure {
  std::string name;
  std::string title;
  std::vector<std::string> notes;  ///< the output's note, then what was left out or averaged for the picture
  std::variant<Maps, Film, Labels, Curves, Scree, Vectors, Pattern> content;
};

/// Panels and curves beyond these are left to the result file, and the notes say so.
inline constexpr std::int64_t max_panels = 36;
/// Maps with a longer side are averaged in whole blocks until they fit.
inline constexpr std::int64_t max_side = 512;

/// The same for the frames of a film; between its first and last angle as many are left out as must be.
inline constexpr std::int64_t max_frames = 36;
inline constexpr std::int64_t max_film_side = 256;

/// Reads an output whose view is maps, labels, spectra, scree, vectors or pattern. `sigma` holds its uncertainties,
/// same shape, or is nullptr. Of complex values the modulus is taken. Maps
/// whose last axis before y and x is an angle in ° of at least three steps become a film. Throws invalid_argument when
/// the shape does not fit the view.
Figure figure_of(const Output& output, const Output* sigma);

/// True for the views that `figure_of` takes.
bool is_figure(View view);

/// The figure as an SVG document, with its title and notes or, for a page that shows these itself, without.
std::string draw(const Figure& figure, bool with_text = true);

/// Writes STEM.svg and STEM.png (the same at twice the size). Throws io.
void write_figure(const std::filesystem::path& stem, const Figure& figure);

}  // namespace ruska::report
