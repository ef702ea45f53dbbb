// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/parameter.hpp"

#include <algorithm>
#include <cmath>

#include "ruska/base/text.hpp"

namespace ruska {
namespace {

std::string allowed_by(const ParameterFacts& facts) {
  std::string text;
  if (!facts.choices.empty()) {
    text = "one of " + join(facts.choices, ", ");
  } else {
    text = facts.type == "strings"   ? "a list of texts"
           : facts.type == "numbers" ? "a list of finite numbers"
           : facts.type == "number"  ? "a finite number"
           : facts.type == "integer" ? "an integer"
           : facts.type == "boolean" ? "true or false"
                                     : "a text";
    if (facts.low) text += facts.type == "numbers" ? " of at least " : " from ";
    if (facts.low) text += facts.low->dump();
    if (facts.high)
      text += " to " + facts.high->dump();
    else if (facts.low)
      text += " up";
    if (!facts.unit.empty()) text += " " + facts.unit;
  }
  if (facts.automatic) text += ", or null for automatic";
  return text;
}

bool number_fits(const ParameterFacts& facts, const Json& value) {
  if (!value.is_number()) return false;
  if (facts.type == "integer") {
    if (!value.is_number_integer()) return false;
    // Unsigned values above the largest signed one would wrap.
    if (value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)) return false;
    const auto number = value.get<std::int64_t>();
    return (!facts.low || number >= facts.low->get<std::int64_t>()) &&
           (!facts.high || number <= facts.high->get<std::int64_t>());
  }
  const auto number = value.get<double>();
  return std::isfinite(number) && !(facts.low && !(number >= facts.low->get<double>())) &&
         !(facts.high && !(number <= facts.high->get<double>()));
}

bool fits(const ParameterFacts& facts, const Json& value) {
  if (value.is_null()) return facts.automatic;
  if (facts.type == "boolean") return value.is_boolean();
  if (facts.type == "string") {
    return value.is_string() && (facts.choices.empty() || std::find(facts.choices.begin(), facts.choices.end(),
                                                                    value.get<std::string>()) != facts.choices.end());
  }
  if (facts.type == "strings") {
    return value.is_array() && std::all_of(value.begin(), value.end(), [](const Json& one) { return one.is_string(); });
  }
  if (facts.type == "numbers") {
    return value.is_array() &&
           std::all_of(value.begin(), value.end(), [&](const Json& one) { return number_fits(facts, one); });
  }
  return number_fits(facts, value);
}

}  // namespace

namespace detail {

std::vector<std::string> split_choices(std::string_view alternatives) {
  std::vector<std::string> choices;
  while (!alternatives.empty()) {
    const std::size_t bar = alternatives.find('|');
    choices.emplace_back(alternatives.substr(0, bar));
    alternatives.remove_prefix(bar == std::string_view::npos ? alternatives.size() : bar + 1);
  }
  return choices;
}

}  // namespace detail

Json schema_of(const std::vector<ParameterFacts>& parameters) {
  Json properties = Json::object();
  for (const ParameterFacts& facts : parameters) {
    const bool list = facts.type == "strings" || facts.type == "numbers";
    const std::string type = facts.type == "strings" ? "string" : facts.type == "numbers" ? "number" : facts.type;
    Json value{{"type", type}};
    if (facts.low) value["minimum"] = *facts.low;
    if (facts.high) value["maximum"] = *facts.high;
    Json property = list ? Json{{"type", "array"}, {"items", value}} : value;
    if (facts.automatic) property["type"] = Json::array({property["type"], "null"});
    if (!facts.choices.empty()) {
      property["enum"] = facts.choices;
      if (facts.automatic) property["enum"].push_back(nullptr);
    }
    property["default"] = facts.default_value;
    property["description"] = facts.help;
    if (!facts.unit.empty()) property["unit"] = facts.unit;
    properties[facts.name] = std::move(property);
  }
  return {{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
}

void check_value(const ParameterFacts& facts, const Json& value) {
  if (fits(facts, value)) return;
  throw Error(ErrorKind::invalid_argument, "parameter '" + facts.name + "' is " +
                                               value.dump(-1, ' ', false, Json::error_handler_t::replace) +
                                               "; allowed is " + allowed_by(facts));
}

Json complete(const std::vector<ParameterFacts>& parameters, const Json& given) {
  if (!given.is_object() && !given.is_null()) {
    throw Error(ErrorKind::invalid_argument, "parameters must be a JSON object of names and values");
  }
  for (const auto& [name, value] : given.items()) {
    const std::string& wanted = name;
    if (std::any_of(parameters.begin(), parameters.end(), [&](const auto& facts) { return facts.name == wanted; })) {
      continue;
    }
    std::vector<std::string> names;
    for (const ParameterFacts& facts : parameters) names.push_back(facts.name);
    const std::string nearest = nearest_name(name, names);
    throw Error(ErrorKind::invalid_argument, "there is no parameter '" + name + "'" +
                                                 (nearest.empty() ? "" : "; did you mean '" + nearest + "'?") +
                                                 " The parameters are " + join(names, ", "));
  }
  Json whole = Json::object();
  for (const ParameterFacts& facts : parameters) {
    const bool is_given = given.is_object() && given.contains(facts.name);
    const Json& value = is_given ? given.at(facts.name) : facts.default_value;
    if (is_given) check_value(facts, value);
    whole[facts.name] = value;
  }
  return whole;
}

}  // namespace ruska
