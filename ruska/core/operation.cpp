// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/operation.hpp"

#include "ruska/base/text.hpp"

namespace ruska {
namespace {

std::string_view name_of(Values values) {
  switch (values) {
    case Values::any: return "any";
    case Values::real: return "real";
    case Values::counts: return "counts";
  }
  return "";
}

}  // namespace

const Dataset& Inputs::at(const std::string& port) const {
  const Dataset* data = find(port);
  if (data == nullptr) throw Error(ErrorKind::invalid_argument, "the input '" + port + "' is missing");
  return *data;
}

const Dataset* Inputs::find(const std::string& port) const {
  const auto found = ports_.find(port);
  return found == ports_.end() || !found->second.valid() ? nullptr : &found->second;
}

const Operation& operation(std::string_view name) {
  std::vector<std::string> names;
  for (const Operation* one : operations()) {
    if (one->facts.name == name) return *one;
    names.push_back(one->facts.name);
  }
  const std::string nearest = nearest_name(name, names);
  throw Error(ErrorKind::not_found, "there is no operation '" + std::string(name) + "'" +
                                        (nearest.empty() ? "" : "; did you mean '" + nearest + "'?") +
                                        " `ruska list` shows all");
}

Json schema_of(const Operation& operation) {
  const OperationFacts& facts = operation.facts;
  Json schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
              {"title", facts.name},
              {"description", facts.summary},
              {"version", facts.version}};
  schema.update(schema_of(operation.parameters));
  Json inputs = Json::array();
  for (const Port& port : facts.inputs) {
    inputs.push_back({{"name", port.name},
                      {"description", port.help},
                      {"required", port.required},
                      {"values", name_of(port.values)},
                      {"navigation_axes", {port.min_navigation, port.max_navigation}},
                      {"signal_axes", {port.min_signal, port.max_signal}}});
  }
  Json outputs = Json::array();
  for (const OutputPort& port : facts.outputs) outputs.push_back({{"name", port.name}, {"description", port.help}});
  schema["inputs"] = std::move(inputs);
  schema["outputs"] = std::move(outputs);
  schema["citations"] = facts.citations;
  return schema;
}

void check_ports(const Operation& operation, const Inputs& inputs) {
  const auto wrong = [&](const std::string& what) {
    throw Error(ErrorKind::invalid_argument, operation.facts.name + ": " + what);
  };
  for (const auto& [name, data] : inputs.all()) {
    const std::string& wanted = name;
    bool known = false;
    for (const Port& port : operation.facts.inputs) known = known || port.name == wanted;
    if (!known) wrong("there is no input '" + name + "'");
  }
  for (const Port& port : operation.facts.inputs) {
    const Dataset* data = inputs.find(port.name);
    if (data == nullptr) {
      if (port.required) wrong("the input '" + port.name + "' (" + port.help + ") is missing");
      continue;
    }
    const Description& description = data->describe();
    if (port.values != Values::any && is_complex(description.dtype)) {
      wrong("the input '" + port.name + "' is complex, where real values are needed");
    }
    const auto check_axes = [&](std::size_t number, int low, int high, const char* role) {
      if (static_cast<int>(number) >= low && static_cast<int>(number) <= high) return;
      wrong("the input '" + port.name + "' ('" + description.title + "', shape " + to_string(description.shape()) +
            ") has " + std::to_string(number) + " " + role + " axes; allowed are " + std::to_string(low) + " to " +
            std::to_string(high));
    };
    check_axes(description.navigation_shape().size(), port.min_navigation, port.max_navigation, "navigation");
    check_axes(description.signal_shape().size(), port.min_signal, port.max_signal, "signal");
    if (count(description.shape()) == 0) wrong("the input '" + port.name + "' is empty");
  }
}

}  // namespace ruska
