// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/kept_description.hpp"

#include "ruska/base/error.hpp"
#include "ruska/io/json_text.hpp"

namespace ruska::io {
namespace {

constexpr const char* what = "ruska's description of the signal";

[[noreturn]] void refuse(const std::string& problem) {
  throw Error(ErrorKind::bad_data, std::string(what) + " " + problem);
}

std::string text_of(const Json& json) { return json.dump(-1, ' ', true, Json::error_handler_t::replace); }

bool can_be_read(const Json& original) {
  try {
    parse_json(text_of(Json{{"original", original}}), what);
    return true;
  } catch (const Error&) {
    return false;
  }
}

Axis axis_of(const Json& json) {
  Axis axis;
  axis.name = json.at("name").get<std::string>();
  axis.quantity = json.at("quantity").get<std::string>();
  axis.units = json.at("units").get<std::string>();
  axis.scale = json.at("scale").get<double>();
  axis.offset = json.at("offset").get<double>();
  axis.size = json.at("size").get<std::int64_t>();
  axis.role = json.at("role").get<std::string>() == "signal" ? Role::signal : Role::navigation;
  if (json.contains("values")) axis.values = json.at("values").get<std::vector<double>>();
  if (axis.size < 0 || (!axis.values.empty() && static_cast<std::int64_t>(axis.values.size()) != axis.size)) {
    refuse("has an axis of " + std::to_string(axis.size) + " places with " + std::to_string(axis.values.size()) +
           " coordinates");
  }
  return axis;
}

}  // namespace

std::string kept_description(const Description& description, bool with_original) {
  Json axes = Json::array();
  for (const Axis& axis : description.axes) axes.push_back(to_json(axis));
  Json kept{{"title", description.title},
            {"signal_type", description.signal_type},
            {"fields", description.fields},
            {"axes", std::move(axes)},
            {"metadata", description.metadata}};
  if (with_original && can_be_read(description.original)) kept["original"] = description.original;
  return text_of(kept);
}

void restore_description(const std::string& text, Description& description) {
  const Json kept = parse_json(text, what);
  if (!kept.is_object()) refuse("is no JSON object");
  try {
    Axes axes;
    for (const Json& one : kept.at("axes")) axes.push_back(axis_of(one));
    Shape shape;
    for (const Axis& axis : axes) shape.push_back(axis.size);
    if (count(shape) != count(description.shape())) {
      refuse("has axes of " + to_string(shape) + " places for an array of " + to_string(description.shape()));
    }
    const auto fields = kept.at("fields").get<std::vector<std::string>>();
    if (fields.size() != description.fields.size()) refuse("names other parts of a pixel than there are");
    const Json& metadata = kept.at("metadata");
    if (!metadata.is_object()) refuse("has metadata that are no object");
    description.title = kept.at("title").get<std::string>();
    description.signal_type = kept.at("signal_type").get<std::string>();
    description.metadata = metadata;
    description.fields = fields;
    description.axes = std::move(axes);
    if (kept.contains("original")) description.original = kept.at("original");
  } catch (const Json::exception& error) {
    refuse(std::string("lacks a part: ") + error.what());
  }
}

}  // namespace ruska::io
