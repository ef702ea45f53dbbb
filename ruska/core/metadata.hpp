// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ruska/base/json.hpp"

namespace ruska {

/// A metadata entry that ruska knows: where it stands in the tree, its JSON type and its unit.
/// The tree and the names are HyperSpy's, so that its users find what they expect and it opens our files.
struct KnownKey {
  std::string_view path;  ///< dotted, with "*" for TEM or SEM: "Acquisition_instrument.*.beam_energy"
  std::string_view type;  ///< "number", "string", "strings", "boolean"
  std::string_view unit;
  std::string_view meaning;
};
const std::vector<KnownKey>& known_keys();

/// The entry at a dotted path, or nullptr.
const Json* find(const Json& tree, std::string_view path);
/// Sets the entry at a dotted path, making the objects on the way.
void set(Json& tree, std::string_view path, Json value);

std::optional<double> number_at(const Json& tree, std::string_view path);
std::optional<std::string> text_at(const Json& tree, std::string_view path);
std::vector<std::string> texts_at(const Json& tree, std::string_view path);

/// "TEM" or "SEM", whichever the tree has under Acquisition_instrument; empty for neither.
std::string instrument_of(const Json& metadata);
/// Beam energy in keV, under TEM or SEM.
std::optional<double> beam_energy(const Json& metadata);
/// Energy resolution of the EDS detector at Mn Kα in eV, under TEM or SEM.
std::optional<double> energy_resolution_mn_ka(const Json& metadata);
/// Sample.elements: chemical symbols.
std::vector<std::string> elements(const Json& metadata);

/// Every known key in the tree whose value has the wrong type, as sentences.
std::vector<std::string> problems_of(const Json& metadata);

}  // namespace ruska
