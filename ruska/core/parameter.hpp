// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "ruska/base/error.hpp"
#include "ruska/base/json.hpp"

namespace ruska {

/// What the outside is told of one parameter; made from the description, never by hand.
struct ParameterFacts {
  std::string name;
  std::string type;        ///< "integer", "number", "boolean", "string", "strings", "numbers"
  bool automatic = false;  ///< null ("auto" on the command line) is allowed and means: ruska decides
  std::string unit;
  std::string help;
  Json default_value;
  std::optional<Json> low, high;     ///< inclusive
  std::vector<std::string> choices;  ///< of a string; empty for any
};

/// JSON Schema of a set of parameters.
Json schema_of(const std::vector<ParameterFacts>& parameters);
/// Throws invalid_argument naming the parameter, the value got and what is allowed.
void check_value(const ParameterFacts& facts, const Json& value);
/// `given` checked, with every default written out. Unknown names are errors that suggest the nearest known one.
Json complete(const std::vector<ParameterFacts>& parameters, const Json& given);

// How operations describe their parameters:
//
//   constexpr auto parameters = std::tuple{
//       parameter(&Params::components, "components", "", at_least<std::int64_t>(1), "Number of …"),
//       parameter(&Params::weighting, "weighting", "", one_of("auto|poisson|none"), "…"),
//       parameter(&Params::center, "center", "", "…")};

template <class V>
struct Bounds {
  V low = std::numeric_limits<V>::lowest();
  V high = std::numeric_limits<V>::max();
  bool bounded = false;
};
template <class V>
constexpr Bounds<V> within(V low, V high) {
  return {low, high, true};
}
template <class V>
constexpr Bounds<V> at_least(V low) {
  return {low, std::numeric_limits<V>::max(), true};
}
struct Choices {
  std::string_view alternatives;
};
/// Alternatives separated by "|".
constexpr Choices one_of(std::string_view alternatives) { return {alternatives}; }

namespace detail {

template <class T>
struct ValueOf {
  using type = T;
  static constexpr bool optional = false;
};
template <class T>
struct ValueOf<std::optional<T>> {
  using type = T;
  static constexpr bool optional = true;
};

template <class T>
consteval std::string_view json_type() {
  if constexpr (std::is_same_v<T, bool>)
    return "boolean";
  else if constexpr (std::is_same_v<T, std::int64_t>)
    return "integer";
  else if constexpr (std::is_same_v<T, double>)
    return "number";
  else if constexpr (std::is_same_v<T, std::string>)
    return "string";
  else if constexpr (std::is_same_v<T, std::vector<std::string>>)
    return "strings";
  else {
    static_assert(std::is_same_v<T, std::vector<double>>, "not a type that a parameter can have");
    return "numbers";
  }
}

template <class T>
inline constexpr bool is_optional = ValueOf<T>::optional;

struct AnyMember {
  template <class T>
  requires(!is_optional<T>) operator T() const noexcept;
};
template <class T, class... Members>
consteval std::size_t member_count() {
  if constexpr (requires { T{Members{}..., AnyMember{}}; })
    return member_count<T, Members..., AnyMember>();
  else
    return sizeof...(Members);
}

std::vector<std::string> split_choices(std::string_view alternatives);

}  // namespace detail

template <class P, class T>
struct Parameter {
  using Value = typename detail::ValueOf<T>::type;

  T P::*member;
  std::string_view name;
  std::string_view unit;
  Bounds<std::conditional_t<std::is_arithmetic_v<Value> && !std::is_same_v<Value, bool>, Value, double>> bounds{};
  std::string_view choices{};
  std::string_view help;

  ParameterFacts facts() const {
    ParameterFacts facts;
    facts.name = name;
    facts.type = detail::json_type<Value>();
    facts.automatic = detail::is_optional<T>;
    facts.unit = unit;
    facts.help = help;
    facts.default_value = get(P{});
    facts.choices = detail::split_choices(choices);
    if (bounds.bounded) {
      facts.low = bounds.low;
      if (bounds.high != std::numeric_limits<decltype(bounds.high)>::max()) facts.high = bounds.high;
    }
    return facts;
  }
  Json get(const P& params) const {
    if constexpr (detail::is_optional<T>) {
      return (params.*member) ? Json(*(params.*member)) : Json(nullptr);
    } else {
      return params.*member;
    }
  }
  /// `value` has been checked.
  void put(P& params, const Json& value) const {
    if constexpr (detail::is_optional<T>) {
      if (value.is_null())
        (params.*member).reset();
      else
        params.*member = value.get<Value>();
    } else {
      params.*member = value.get<Value>();
    }
  }
};

template <class P, class T, class V>
constexpr Parameter<P, T> parameter(T P::*member, std::string_view name, std::string_view unit, Bounds<V> bounds,
                                    std::string_view help) {
  return {member, name, unit, bounds, {}, help};
}
template <class P, class T>
constexpr Parameter<P, T> parameter(T P::*member, std::string_view name, std::string_view unit, Choices choices,
                                    std::string_view help) {
  return {member, name, unit, {}, choices.alternatives, help};
}
template <class P, class T>
constexpr Parameter<P, T> parameter(T P::*member, std::string_view name, std::string_view unit, std::string_view help) {
  return {member, name, unit, {}, {}, help};
}

/// The facts of every parameter of the tuple; a member of P that the tuple forgets does not compile.
template <class P, class... T>
std::vector<ParameterFacts> facts_of(const std::tuple<Parameter<P, T>...>& parameters) {
  static_assert(detail::member_count<P>() == sizeof...(T), "every member of Params needs its line in the tuple");
  std::vector<ParameterFacts> facts;
  std::apply([&](const auto&... one) { (facts.push_back(one.facts()), ...); }, parameters);
  return facts;
}

/// The parameters of a complete JSON object.
template <class P, class... T>
P from_json(const std::tuple<Parameter<P, T>...>& parameters, const Json& complete) {
  P params;
  std::apply([&](const auto&... one) { (one.put(params, complete.at(std::string(one.name))), ...); }, parameters);
  return params;
}

}  // namespace ruska
