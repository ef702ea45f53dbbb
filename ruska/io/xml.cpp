// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/xml.hpp"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "ruska/base/error.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

constexpr int deepest = 200;
constexpr std::size_t longest_leaf = 4096;

void check_depth(const pugi::xml_document& document) {
  int depth = 0;
  for (pugi::xml_node node = document.first_child(); node;) {
    if (depth > deepest) throw Error(ErrorKind::bad_data, "the header's XML is nested deeper than 200 elements");
    if (const pugi::xml_node child = node.first_child()) {
      node = child;
      ++depth;
      continue;
    }
    while (node && !node.next_sibling()) {
      node = node.parent();
      --depth;
    }
    node = node.next_sibling();
  }
}

/// Members go in past the object's own look-up, which walks along all of them and would take forever over the
/// hundred thousand members that a hostile file may have.
Json tree_of(pugi::xml_node node) {
  Json::object_t tree;
  std::unordered_map<std::string, std::size_t> places;
  const auto add = [&](std::string name, Json value) {
    const auto [place, fresh] = places.try_emplace(name, tree.size());
    if (fresh) {
      tree.Json::object_t::Container::emplace_back(std::move(name), std::move(value));
      return;
    }
    Json& present = tree.Json::object_t::Container::operator[](place->second).second;
    if (!present.is_array()) present = Json::array({present});
    present.push_back(std::move(value));
  };
  for (const pugi::xml_attribute attribute : node.attributes()) {
    add(std::string("@") + attribute.name(), attribute.value());
  }
  for (const pugi::xml_node child : node.children()) {
    if (child.type() != pugi::node_element || std::strlen(child.child_value()) > longest_leaf) continue;
    add(child.name(), xml_to_json(child));
  }
  return tree;
}

}  // namespace

pugi::xml_document parse_xml(std::string text) {
  text = to_utf8(text);
  pugi::xml_document document;
  const pugi::xml_parse_result result = document.load_buffer(
      text.data(), text.size(), pugi::parse_cdata | pugi::parse_escapes | pugi::parse_eol, pugi::encoding_utf8);
  if (!result) {
    throw Error(ErrorKind::bad_data, std::string("the header is not valid XML: ") + result.description() +
                                         " at character " + std::to_string(result.offset));
  }
  check_depth(document);
  return document;
}

Json xml_to_json(pugi::xml_node node) {
  Json tree = tree_of(node);
  const std::string text(trimmed(node.child_value()));
  if (tree.empty()) return text;
  if (!text.empty()) tree["#text"] = text;
  return tree;
}

std::string child_text(pugi::xml_node parent, const char* child) {
  return std::string(trimmed(parent.child(child).child_value()));
}

std::optional<double> child_number(pugi::xml_node parent, const char* child) {
  std::string text = child_text(parent, child);
  if (text.empty()) return std::nullopt;
  std::replace(text.begin(), text.end(), ',', '.');
  const auto value = parse_number(text);
  if (!value) refuse_child(parent, child, "a number");
  return value;
}

void refuse_child(pugi::xml_node parent, const char* child, const std::string& expected) {
  throw Error(ErrorKind::bad_data, std::string("the header's ") + parent.name() + "/" + child + " is '" +
                                       child_text(parent, child).substr(0, 60) + "' where " + expected +
                                       " is expected");
}

}  // namespace ruska::io
