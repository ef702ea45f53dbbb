// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/losses.hpp"

#include <charconv>

namespace ruska {
namespace {

constexpr std::size_t most_entries = 20;  // of the metadata that are told one by one

std::string text_of(double value) {
  char text[40];
  return {text, std::to_chars(text, text + sizeof(text), value).ptr};
}

std::string quoted(const std::string& text) { return "'" + text + "'"; }

bool same(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) return a.get<double>() == b.get<double>();
  if (a.is_array() && b.is_array()) return std::equal(a.begin(), a.end(), b.begin(), b.end(), same);
  return a == b;
}

/// Entries that say something; "", null, {} and [] say nothing.
bool is_blank(const Json& value) {
  return value.is_null() || (value.is_string() && value.get_ref<const std::string&>().empty()) ||
         (value.is_structured() && value.empty());
}

/// Calls `each(path, value)` for every entry of `given` that `kept`, the tree at the same place or nullptr, has not.
template <class Each>
void for_each_missing(const Json& given, const Json* kept, const std::string& path, std::size_t& entries,
                      const Each& each) {
  if (is_blank(given)) return;
  if (given.is_object()) {
    for (const auto& [key, value] : given.items()) {
      const Json* there = nullptr;
      if (kept != nullptr && kept->is_object()) {
        const auto found = kept->find(key);
        if (found != kept->end()) there = &*found;
      }
      for_each_missing(value, there, path.empty() ? key : path + "." + key, entries, each);
    }
    return;
  }
  ++entries;
  if (kept == nullptr || !same(given, *kept)) each(path, given);
}

void compare_axes(const Axis& given, const Axis& kept, std::size_t number, std::vector<std::string>& lines) {
  const std::string axis = "axis " + (given.name.empty() ? std::to_string(number) : quoted(given.name)) + ": ";
  const auto texts = [&](const char* what, const std::string& from, const std::string& to) {
    if (from.empty() || from == to) return;
    lines.push_back(axis + what + " " + quoted(from) + (to.empty() ? "" : ", which is read as " + quoted(to)));
  };
  texts("the name", given.name, kept.name);
  texts("the units", given.units, kept.units);
  if (given.role != kept.role) {
    lines.push_back(axis + "the role of a " + std::string(name_of(given.role)) + " axis, which is read as " +
                    std::string(name_of(kept.role)));
  }
  if (given.values != kept.values) {
    lines.push_back(axis + (given.values.empty() ? "equal steps, which are read as a table"
                                                 : "the table of its " + std::to_string(given.size) + " coordinates"));
  } else if (given.values.empty()) {
    const auto numbers = [&](const char* what, double from, double to) {
      if (from != to) lines.push_back(axis + what + " " + text_of(from) + ", which is read as " + text_of(to));
    };
    numbers("the scale", given.scale, kept.scale);
    numbers("the offset", given.offset, kept.offset);
  }
}

std::string entries_text(std::size_t count) { return std::to_string(count) + (count == 1 ? " entry" : " entries"); }

}  // namespace

std::vector<std::string> losses(const Description& given, const Description& kept) {
  std::vector<std::string> lines;
  if (given.dtype != kept.dtype) {
    lines.push_back("the type " + std::string(name_of(given.dtype)) + ", which is read as " +
                    std::string(name_of(kept.dtype)));
  }
  if (given.shape() != kept.shape()) {
    lines.push_back("the shape " + to_string(given.shape()) + " with its axes, which is read as " +
                    to_string(kept.shape()));
  } else {
    for (std::size_t i = 0; i < given.axes.size(); ++i) compare_axes(given.axes[i], kept.axes[i], i, lines);
  }
  if (given.fields != kept.fields) lines.push_back("the names of the parts of a pixel");
  if (!given.title.empty() && given.title != kept.title) lines.push_back("the title " + quoted(given.title));
  if (!given.signal_type.empty() && given.signal_type != kept.signal_type) {
    lines.push_back("the signal type " + quoted(given.signal_type));
  }

  std::size_t entries = 0, missing = 0;
  for_each_missing(given.metadata, &kept.metadata, "", entries, [&](const std::string& path, const Json& value) {
    // These two are the title and the signal type once more.
    if (path == "General.title" || path == "Signal.signal_type") return;
    if (++missing > most_entries) return;
    std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (text.size() > 60) text = text.substr(0, 57) + "…";
    lines.push_back("metadata " + path + " = " + text);
  });
  if (missing > most_entries) lines.push_back(entries_text(missing - most_entries) + " more of the metadata");
  entries = missing = 0;
  for_each_missing(given.original, &kept.original, "", entries, [&](const std::string&, const Json&) { ++missing; });
  if (missing > 0) {
    lines.push_back(std::to_string(missing) + " of the " + entries_text(entries) + " of the original file's header");
  }
  return lines;
}

}  // namespace ruska
