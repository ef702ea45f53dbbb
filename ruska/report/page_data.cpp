// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/report/page_data.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include "ruska/report/colour.hpp"
#include "ruska/report/escape.hpp"
#include "ruska/report/number_text.hpp"
#include "ruska/report/ticks.hpp"

namespace ruska::report {
namespace {

static_assert(std::endian::native == std::endian::little, "the page expects little-endian arrays");

template <class T>
std::string packed(const std::vector<T>& values) {
  return base64(std::as_bytes(std::span(values)));
}

std::string packed_floats(const std::vector<double>& values) {
  return packed(std::vector<float>(values.begin(), values.end()));
}

Json axis_data(const Axis& axis) {
  Json json{{"name", readable(axis.name.empty() ? axis.quantity : axis.name)},
            {"units", axis.units},
            {"size", axis.size},
            {"scale", axis.scale},
            {"offset", axis.offset}};
  if (!axis.values.empty()) json["values"] = axis.values;
  return json;
}

std::string name_of(Palette palette) {
  switch (palette) {
    case Palette::diverging: return "diverging";
    case Palette::uncertainty: return "uncertainty";
    case Palette::sequential: break;
  }
  return "sequential";
}

Json range_data(const Range& range) {
  return {{"low", range.low},
          {"high", range.high},
          {"clipped_low", range.clipped_low},
          {"clipped_high", range.clipped_high},
          {"palette", name_of(range.palette)}};
}

Json data_of(const Maps& maps) {
  Json panels = Json::array();
  for (const MapPanel& panel : maps.panels) {
    Json one{{"name", panel.name}, {"values", packed(panel.values.values)}, {"range", range_data(panel.range)}};
    if (panel.sigma) {
      one["sigma"] = packed(panel.sigma->values);
      one["sigma_range"] = range_data(panel.sigma_range);
    }
    panels.push_back(std::move(one));
  }
  return {{"kind", "maps"},
          {"x", axis_data(maps.x)},
          {"y", axis_data(maps.y)},
          {"aspect", pixel_aspect(maps.y, maps.x)},
          {"quantity", maps.quantity},
          {"same_range", maps.same_range},
          {"panels", std::move(panels)}};
}

constexpr std::uint8_t no_value = 255;

/// Values as steps of a 254th of the range.
std::vector<std::uint8_t> steps_of(const Image& image, const Range& range) {
  const double span = range.high > range.low ? range.high - range.low : 1;
  std::vector<std::uint8_t> steps;
  steps.reserve(image.values.size());
  for (const float value : image.values) {
    const double place = std::clamp((static_cast<double>(value) - range.low) / span, 0.0, 1.0);
    steps.push_back(std::isnan(value) ? no_value : static_cast<std::uint8_t>(std::lround(254 * place)));
  }
  return steps;
}

Json data_of(const Film& film) {
  Json reels = Json::array();
  for (const Film::Reel& reel : film.reels) {
    Json frames = Json::array();
    for (const Image& frame : reel.frames) frames.push_back(packed(steps_of(frame, reel.range)));
    reels.push_back({{"name", reel.name}, {"frames", std::move(frames)}, {"range", range_data(reel.range)}});
  }
  return {{"kind", "film"},
          {"x", axis_data(film.x)},
          {"y", axis_data(film.y)},
          {"aspect", pixel_aspect(film.y, film.x)},
          {"quantity", film.quantity},
          {"angles", film.angles},
          {"reels", std::move(reels)}};
}

Json data_of(const Labels& labels) {
  Json classes = Json::array();
  for (const Labels::Class& one : labels.classes) classes.push_back({{"name", one.name}, {"fraction", one.fraction}});
  return {{"kind", "labels"},
          {"x", axis_data(labels.x)},
          {"y", axis_data(labels.y)},
          {"aspect", pixel_aspect(labels.y, labels.x)},
          {"values", packed(labels.numbers)},
          {"classes", std::move(classes)},
          {"none", labels.none}};
}

Json curve_data(const std::vector<Curve>& curves) {
  Json all = Json::array();
  for (const Curve& curve : curves) {
    Json one{{"name", curve.name}, {"values", packed_floats(curve.values)}};
    if (!curve.sigma.empty()) one["sigma"] = packed_floats(curve.sigma);
    all.push_back(std::move(one));
  }
  return all;
}

Json data_of(const Curves& curves) {
  Json marks = Json::array();
  for (const Mark& mark : curves.marks) {
    marks.push_back({{"curve", mark.component}, {"position", mark.position}, {"label", mark.label}});
  }
  return {{"kind", "curves"},
          {"axis", axis_data(curves.axis)},
          {"quantity", curves.quantity},
          {"first", curves.first},
          {"last", curves.last},
          {"root", curves.root},
          {"curves", curve_data(curves.curves)},
          {"marks", std::move(marks)}};
}

Json data_of(const Scree& scree) {
  Json json{
      {"kind", "scree"}, {"quantity", scree.quantity}, {"shown", scree.shown}, {"curves", curve_data(scree.curves)}};
  if (scree.chosen) json["chosen"] = *scree.chosen;
  return json;
}

/// Shown as it is drawn for files.
Json picture_of(const Figure& figure) {
  const std::string svg = draw(figure, false);
  return {{"kind", "picture"}, {"svg", base64(std::as_bytes(std::span(svg)))}};
}

Json colours() {
  Json json = Json::object();
  for (const Palette palette : {Palette::sequential, Palette::diverging, Palette::uncertainty}) {
    json[name_of(palette)] = base64(std::as_bytes(std::span(colour_map(palette))));
  }
  json["classes"] = Json::array();
  for (std::int64_t i = 0; i < class_colours; ++i) json["classes"].push_back(hex(class_colour(i)));
  json["none"] = hex(class_colour(-1));
  return json;
}

}  // namespace

Json page_data(std::span<const Figure> figures) {
  Json all = Json::array();
  for (const Figure& figure : figures) {
    Json one = std::visit(
        [&]<class Content>(const Content& content) -> Json {
          if constexpr (std::is_same_v<Content, Vectors> || std::is_same_v<Content, Pattern>) {
            return picture_of(figure);
          } else {
            return data_of(content);
          }
        },
        figure.content);
    one["name"] = figure.name;
    one["title"] = figure.title;
    all.push_back(std::move(one));
  }
  return {{"colours", colours()}, {"figures", std::move(all)}};
}

}  // namespace ruska::report
