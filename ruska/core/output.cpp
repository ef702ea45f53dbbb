// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/output.hpp"

#include <algorithm>

namespace ruska {
namespace {

template <class T>
const T& value_as(const Outputs& outputs, std::string_view name, const char* kind) {
  const Output* output = outputs.find(name);
  const T* value = output == nullptr ? nullptr : std::get_if<T>(&output->value);
  if (value == nullptr) {
    throw Error(ErrorKind::internal, "there is no " + std::string(kind) + " output '" + std::string(name) + "'");
  }
  return *value;
}

}  // namespace

std::size_t Table::rows() const {
  if (columns.empty()) return 0;
  return std::visit([](const auto& values) { return values.size(); }, columns.front().values);
}

const Output* Outputs::find(std::string_view name) const {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Output& output) { return output.name == name; });
  return found == all.end() ? nullptr : &*found;
}

const Dataset& Outputs::dataset(std::string_view name) const { return value_as<Dataset>(*this, name, "dataset"); }
const Table& Outputs::table(std::string_view name) const { return value_as<Table>(*this, name, "table"); }
const Number& Outputs::number(std::string_view name) const { return value_as<Number>(*this, name, "number"); }
const std::string& Outputs::text(std::string_view name) const { return value_as<std::string>(*this, name, "text"); }

}  // namespace ruska
