// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/metadata.hpp"

namespace ruska {
namespace {

/// Calls `visit(part)` for every name of a dotted path until it returns false.
template <class Visit>
void for_each_part(std::string_view path, const Visit& visit) {
  while (!path.empty()) {
    const std::size_t dot = path.find('.');
    if (!visit(path.substr(0, dot))) return;
    if (dot == std::string_view::npos) return;
    path.remove_prefix(dot + 1);
  }
}

std::optional<double> instrument_number(const Json& metadata, const std::string& below) {
  for (const char* kind : {"TEM", "SEM"}) {
    if (auto value = number_at(metadata, std::string("Acquisition_instrument.") + kind + "." + below)) return value;
  }
  return std::nullopt;
}

}  // namespace

const std::vector<KnownKey>& known_keys() {
  static const std::vector<KnownKey> keys{
      {"General.title", "string", "", "what the signal is called"},
      {"General.date", "string", "", "date of acquisition, ISO 8601"},
      {"General.time", "string", "", "time of acquisition, ISO 8601"},
      {"General.original_filename", "string", "", "name of the file that the instrument wrote"},
      {"Signal.signal_type", "string", "", "EDS_TEM, EDS_SEM, EELS, or empty"},
      {"Signal.quantity", "string", "", "what the values are, with their unit: Intensity (counts)"},
      {"Sample.elements", "strings", "", "chemical symbols said to be in the sample"},
      {"Sample.xray_lines", "strings", "", "X-ray lines in use, such as Fe_Ka"},
      {"Sample.name", "string", "", "the sample's name"},
      {"Sample.thickness", "number", "nm", "thickness of the sample"},
      {"Acquisition_instrument.*.beam_energy", "number", "keV", "energy of the beam"},
      {"Acquisition_instrument.*.beam_current", "number", "nA", "current of the beam"},
      {"Acquisition_instrument.*.convergence_angle", "number", "mrad", "semi-angle of the probe"},
      {"Acquisition_instrument.*.camera_length", "number", "mm", "camera length"},
      {"Acquisition_instrument.*.magnification", "number", "", "nominal magnification"},
      {"Acquisition_instrument.*.microscope", "string", "", "the instrument's name"},
      {"Acquisition_instrument.*.Stage.tilt_alpha", "number", "°", "first tilt of the stage"},
      {"Acquisition_instrument.*.Stage.tilt_beta", "number", "°", "second tilt of the stage"},
      {"Acquisition_instrument.*.Detector.EDS.energy_resolution_MnKa", "number", "eV", "full width of Mn Kα"},
      {"Acquisition_instrument.*.Detector.EDS.elevation_angle", "number", "°", "elevation of the detector"},
      {"Acquisition_instrument.*.Detector.EDS.azimuth_angle", "number", "°", "azimuth of the detector"},
      {"Acquisition_instrument.*.Detector.EDS.live_time", "number", "s", "live time of the detector"},
      {"Acquisition_instrument.*.Detector.EDS.real_time", "number", "s", "real time of the acquisition"},
      {"Acquisition_instrument.*.Detector.EELS.collection_angle", "number", "mrad", "semi-angle of the spectrometer"},
      {"Acquisition_instrument.*.Detector.EELS.dwell_time", "number", "s", "time per position"},
  };
  return keys;
}

const Json* find(const Json& tree, std::string_view path) {
  const Json* node = &tree;
  for_each_part(path, [&](std::string_view part) {
    if (!node->is_object()) {
      node = nullptr;
      return false;
    }
    const auto found = node->find(std::string(part));
    node = found == node->end() ? nullptr : &*found;
    return node != nullptr;
  });
  return node;
}

void set(Json& tree, std::string_view path, Json value) {
  Json* node = &tree;
  for_each_part(path, [&](std::string_view part) {
    if (!node->is_object()) *node = Json::object();
    node = &(*node)[std::string(part)];
    return true;
  });
  *node = std::move(value);
}

std::optional<double> number_at(const Json& tree, std::string_view path) {
  const Json* node = find(tree, path);
  if (node == nullptr || !node->is_number()) return std::nullopt;
  return node->get<double>();
}

std::optional<std::string> text_at(const Json& tree, std::string_view path) {
  const Json* node = find(tree, path);
  if (node == nullptr || !node->is_string()) return std::nullopt;
  return node->get<std::string>();
}

std::vector<std::string> texts_at(const Json& tree, std::string_view path) {
  const Json* node = find(tree, path);
  std::vector<std::string> texts;
  if (node == nullptr) return texts;
  if (node->is_string()) return {node->get<std::string>()};
  if (!node->is_array()) return texts;
  for (const Json& one : *node) {
    if (one.is_string()) texts.push_back(one.get<std::string>());
  }
  return texts;
}

std::string instrument_of(const Json& metadata) {
  for (const char* kind : {"TEM", "SEM"}) {
    if (find(metadata, std::string("Acquisition_instrument.") + kind) != nullptr) return kind;
  }
  return {};
}

std::optional<double> beam_energy(const Json& metadata) { return instrument_number(metadata, "beam_energy"); }

std::optional<double> energy_resolution_mn_ka(const Json& metadata) {
  return instrument_number(metadata, "Detector.EDS.energy_resolution_MnKa");
}

std::vector<std::string> elements(const Json& metadata) { return texts_at(metadata, "Sample.elements"); }

std::vector<std::string> problems_of(const Json& metadata) {
  std::vector<std::string> problems;
  const auto check = [&](const std::string& path, const KnownKey& key) {
    const Json* node = find(metadata, path);
    if (node == nullptr || node->is_null()) return;
    const bool fits = key.type == "number"   ? node->is_number()
                      : key.type == "string" ? node->is_string()
                                             : node->is_array() || node->is_string();
    if (!fits) {
      problems.push_back(path + " should be " + std::string(key.type) + " but is " + node->dump());
    }
  };
  for (const KnownKey& key : known_keys()) {
    const std::size_t star = key.path.find('*');
    if (star == std::string_view::npos) {
      check(std::string(key.path), key);
      continue;
    }
    for (const char* kind : {"TEM", "SEM"}) check(std::string(key.path).replace(star, 1, kind), key);
  }
  return problems;
}

}  // namespace ruska
