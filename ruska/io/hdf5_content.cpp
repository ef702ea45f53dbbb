// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/hdf5_content.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "ruska/io/text.hpp"

namespace ruska::io {
namespace {

constexpr std::size_t deepest = 32, most_members = 2000;
constexpr std::int64_t most_values = 64;

bool is_small(const hdf5::Array& array) {
  std::int64_t values = 1;
  for (const std::int64_t length : array.shape()) {
    if (length < 0 || length > most_values) return false;
    values *= length;
    if (values > most_values) return false;
  }
  return true;
}

Json tree_below(const hdf5::Group& group, std::set<std::uint64_t>& inside) {
  Json tree = Json::object();
  for (const std::string& name : group.attribute_names()) tree["@" + name] = group.attribute(name);
  if (inside.size() > deepest || !inside.insert(group.address()).second) return tree;
  std::size_t members = 0;
  for (const std::string& name : group.names()) {
    if (++members > most_members) break;
    const hdf5::Kind kind = group.kind(name);
    if (kind == hdf5::Kind::group) {
      tree[name] = tree_below(group.group(name), inside);
    } else if (kind == hdf5::Kind::array) {
      const hdf5::Array array = group.array(name);
      if (is_small(array)) tree[name] = array.value();
    }
  }
  inside.erase(group.address());
  return tree;
}

using Visit = std::function<void(const std::string&, const hdf5::Group&, const std::string&)>;

void visit_below(const hdf5::Group& group, const std::string& path, std::set<std::uint64_t>& inside,
                 std::size_t& visited, const Visit& visit) {
  constexpr std::size_t most = 100000;
  if (inside.size() >= deepest) {
    group.fail(ErrorKind::bad_data, "the groups nest deeper than " + std::to_string(deepest));
  }
  if (!inside.insert(group.address()).second) return;
  for (const std::string& name : group.names()) {
    if (++visited > most) {
      group.fail(ErrorKind::unsupported, "the file has more than " + std::to_string(most) + " names");
    }
    const hdf5::Kind kind = group.kind(name);
    const std::string full = path.empty() ? name : path + "/" + name;
    if (kind == hdf5::Kind::group) visit_below(group.group(name), full, inside, visited, visit);
    if (kind == hdf5::Kind::array) visit(full, group, name);
  }
  inside.erase(group.address());
}

}  // namespace

Confidence probe_hdf5(const Probe& file, std::initializer_list<std::string_view> extensions,
                      const std::function<bool(const hdf5::Group& root)>& is_own) {
  if (!hdf5::has_signature(file.head)) return Confidence::none;
  try {
    return is_own(hdf5::OpenFile::open(file.path)->root()) ? Confidence::content : Confidence::none;
  } catch (const Error&) {
    // Damaged or cut short: whoever opens it says where.
    const bool named = std::find(extensions.begin(), extensions.end(), extension_of(file.path)) != extensions.end();
    return named ? Confidence::extension : Confidence::none;
  }
}

Json attributes_of(const hdf5::Object& object) {
  Json all = Json::object();
  for (const std::string& name : object.attribute_names()) all[name] = object.attribute(name);
  return all;
}

Json tree_of(const hdf5::Group& group) {
  std::set<std::uint64_t> inside;
  return tree_below(group, inside);
}

void for_each_array(const hdf5::Group& group, const Visit& visit) {
  std::set<std::uint64_t> inside;
  std::size_t visited = 0;
  visit_below(group, "", inside, visited, visit);
}

std::optional<double> number_in(const hdf5::Group& group, const std::string& name) {
  if (!group.has_array(name)) return std::nullopt;
  const hdf5::Array array = group.array(name);
  if (!array.is_numeric() || !is_small(array) || is_complex(array.element().dtype) || !array.element().fields.empty()) {
    return std::nullopt;
  }
  const std::vector<double> values = array.read_numbers();
  if (values.size() != 1 || !std::isfinite(values.front())) return std::nullopt;
  return values.front();
}

std::optional<std::string> text_in(const hdf5::Group& group, const std::string& name) {
  if (!group.has_array(name)) return std::nullopt;
  const hdf5::Array array = group.array(name);
  if (!array.is_text() || !is_small(array) || count(array.shape()) == 0) return std::nullopt;
  return array.read_text();
}

}  // namespace ruska::io
