// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/hyperspy_names.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>
#include <vector>

namespace ruska::io::hyperspy {
namespace {

std::optional<std::string> after(const std::string& name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return std::nullopt;
  return name.substr(prefix.size());
}

/// "_list_3_name" → "name"; nothing for other names. The number is the list's length.
std::optional<std::string> counted_list(const std::string& name) {
  for (const char* prefix : {"_list_", "_tuple_"}) {
    const auto rest = after(name, prefix);
    if (!rest) continue;
    const std::size_t end = rest->find('_');
    if (end == std::string::npos || end == 0) continue;
    if (rest->find_first_not_of("0123456789") != end) continue;
    return rest->substr(end + 1);
  }
  return std::nullopt;
}

/// "datetime.date(1991, 10, 1)" → "1991-10-01", "datetime.time(12, 0)" → "12:00:00".
std::string iso_of(const std::string& call, bool date) {
  int numbers[3] = {0, date ? 1 : 0, date ? 1 : 0};
  const std::size_t open = call.find('(');
  if (open == std::string::npos) return call;
  const char* at = call.data() + open + 1;
  const char* const end = call.data() + call.size();
  for (int& number : numbers) {
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc()) break;
    at = next;
    while (at < end && (*at == ',' || *at == ' ')) ++at;
  }
  char text[48];
  std::snprintf(text, sizeof text, date ? "%04d-%02d-%02d" : "%02d:%02d:%02d", numbers[0], numbers[1], numbers[2]);
  return text;
}

/// Members named by their places, in the order of the places.
Json as_list(const Json& members) {
  std::vector<std::pair<long, const Json*>> items;
  for (const auto& [key, value] : members.items()) {
    long place = static_cast<long>(items.size());
    std::from_chars(key.data(), key.data() + key.size(), place);
    items.emplace_back(place, &value);
  }
  std::stable_sort(items.begin(), items.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  Json list = Json::array();
  for (const auto& item : items) list.push_back(*item.second);
  return list;
}

}  // namespace

void add_attribute(Json& tree, const std::string& name, Json value) {
  for (const char* prefix : {"_list_empty_", "_tuple_empty_"}) {
    if (const auto rest = after(name, prefix)) {
      tree[*rest] = Json::array();
      return;
    }
  }
  if (value == nothing) value = nullptr;
  if (const auto bytes = after(name, "_bs_")) {
    tree[*bytes] = std::move(value);
  } else if (const auto rest = after(name, "_datetime_"); rest && value.is_string()) {
    tree[*rest] = iso_of(value.get<std::string>(), rest->starts_with("date"));
  } else {
    tree[name] = std::move(value);
  }
}

void add_array(Json& tree, const std::string& name, Json value) {
  std::string key = name;
  for (const char* prefix : {"_list_", "_tuple_"}) {
    if (const auto rest = after(name, prefix)) key = *rest;
  }
  tree[key] = std::move(value);
}

void add_group(Json& tree, const std::string& name, Json members) {
  if (const auto rest = after(name, "_sig_")) {
    tree[*rest] = "<signal>";
  } else if (const auto axes = after(name, "_hspy_AxesManager_")) {
    tree[*axes] = "<axes>";
  } else if (const auto list = counted_list(name)) {
    tree[*list] = as_list(members);
  } else {
    tree[name] = std::move(members);
  }
}

std::string plain_text(const std::string& text) { return text == nothing || text == "<undefined>" ? "" : text; }

}  // namespace ruska::io::hyperspy
