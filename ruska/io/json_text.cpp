// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/json_text.hpp"

#include <array>

#include "ruska/base/error.hpp"

namespace ruska::io {

Json parse_json(const std::string& text, const std::string& what) {
  // Deeply nested JSON would exhaust the stack of whoever walks the tree, and the time to add a member to an ordered
  // object grows with their number.
  constexpr int deepest = 64;
  constexpr int most_members = 2000;
  std::array<int, deepest + 2> members{};
  const auto plausible = [&](int depth, Json::parse_event_t event, Json&) {
    if (depth > deepest) throw Error(ErrorKind::bad_data, what + " is nested deeper than 64 levels");
    const auto level = static_cast<std::size_t>(depth);
    if (event == Json::parse_event_t::object_start) members[level + 1] = 0;
    if (event == Json::parse_event_t::key && ++members[level] > most_members) {
      throw Error(ErrorKind::bad_data, "an object of " + what + " has more than 2000 members");
    }
    return true;
  };
  try {
    return Json::parse(text, plausible);
  } catch (const Json::exception& problem) {
    throw Error(ErrorKind::bad_data, what + " is not valid JSON: " + problem.what());
  }
}

}  // namespace ruska::io
