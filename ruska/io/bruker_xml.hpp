// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <pugixml.hpp>

#include "ruska/core/axis.hpp"

/// The XML that Bruker's Esprit writes into .bcf and .spx files: trees of `ClassInstance` elements whose `Type` says
/// what they hold.
namespace ruska::io::bruker {

/// The child `ClassInstance` of a type, the first if there are several; an empty node for none.
pugi::xml_node instance(pugi::xml_node parent, const char* type);

/// As child_number, but the child must be there.
double required_number(pugi::xml_node parent, const char* child);
/// A child's whole number in [low, high], which must be there.
std::int64_t required_integer(pugi::xml_node parent, const char* child, std::int64_t low, std::int64_t high);
/// Whole numbers ≥ 0 parted by commas; empty where the child is absent.
std::vector<std::uint64_t> integers_of(pugi::xml_node parent, const char* child);
/// Throws bad_data for a character that is not of the base64 alphabet.
std::vector<std::byte> base64_of(pugi::xml_node parent, const char* child);

/// One spectrum and how it was measured (`ClassInstance Type="TRTSpectrum"`).
struct Spectrum {
  std::vector<std::uint64_t> counts;
  Axis energy;
  std::optional<double> beam_energy;  ///< keV; of the tube for X-ray fluorescence
  Json detector = Json::object();     ///< entries below Acquisition_instrument.*.Detector.EDS
  Json original = Json::object();
};
Spectrum read_spectrum(pugi::xml_node spectrum);

/// Date and time of a header as General.date and General.time (ISO 8601) where both are there and valid.
void set_date(Json& metadata, pugi::xml_node header);

}  // namespace ruska::io::bruker
