// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/unmix/phases/name_phases.hpp"

#include <algorithm>
#include <map>

#include "ruska/core/metadata.hpp"

namespace ruska::ops::unmix {
namespace {

constexpr std::size_t longest_name = 3;  // elements
constexpr double most_enriched = 3;      // share of the counts over the mean share in the other phases
constexpr double least_score = 0.05;     // of the first element's

double total(const eds::FoundElements& found) {
  double sum = 0;
  for (const eds::FoundElement& one : found.elements) sum += one.counts;
  return sum;
}
double share(const eds::FoundElements& found, const std::string& element) {
  const double sum = total(found);
  for (const eds::FoundElement& one : found.elements) {
    if (one.element == element && sum > 0) return one.counts / sum;
  }
  return 0;
}
bool of_the_specimen(const eds::FoundElement& element) { return element.note.find("grid") == std::string::npos; }

/// Elements by share times enrichment, down to a twentieth of the first.
std::string name_of(const std::vector<eds::FoundElements>& found, std::size_t phase) {
  std::vector<std::pair<double, std::string>> ranked;
  for (const eds::FoundElement& one : found[phase].elements) {
    if (one.confidence == "possible" || !of_the_specimen(one)) continue;
    const double here = share(found[phase], one.element);
    double elsewhere = 0;
    for (std::size_t other = 0; other < found.size(); ++other) {
      if (other != phase) elsewhere += share(found[other], one.element) / static_cast<double>(found.size() - 1);
    }
    const double enrichment = found.size() == 1                   ? 1.0
                              : here >= most_enriched * elsewhere ? most_enriched
                                                                  : here / elsewhere;
    // Support films and contamination bring carbon everywhere.
    if (one.element == "C" && enrichment < 1) continue;
    ranked.emplace_back(here * enrichment, one.element);
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::string name;
  for (std::size_t i = 0; i < ranked.size() && i < longest_name; ++i) {
    if (ranked[i].first < least_score * ranked[0].first) break;
    name += (name.empty() ? "" : "–") + ranked[i].second;
  }
  return name;
}

std::string why_no_elements(const Description& data) {
  if (!data.signal_type.starts_with("EDS")) {
    return "Elements are named for EDS spectra alone, and the data's signal type is '" +
           (data.signal_type.empty() ? "unknown" : data.signal_type) + "'.";
  }
  if (!beam_energy(data.metadata)) return "Elements are not named, since the metadata give no beam energy.";
  return "";
}

}  // namespace

NamedPhases name_phases(const Description& data, const std::vector<double>& pure_counts, std::int64_t phases,
                        const std::vector<std::string>& elements) {
  NamedPhases named;
  const auto count = static_cast<std::size_t>(phases);
  for (std::size_t k = 0; k < count; ++k) named.names.push_back("phase " + std::to_string(k));
  named.note = why_no_elements(data);
  if (!named.note.empty()) {
    if (!elements.empty()) {
      throw Error(ErrorKind::invalid_argument, "elements are given, but cannot be looked for. " + named.note);
    }
    return named;
  }

  const eds::EnergyAxis energy = eds::energy_axis(data);
  eds::ElementSearch search = eds::element_search(data);
  search.expected.insert(search.expected.end(), elements.begin(), elements.end());
  const std::size_t channels = pure_counts.size() / count;
  // The width of the lines is the detector's, so all phases together tell it best.
  std::vector<double> all(channels, 0.0);
  for (std::size_t i = 0; i < pure_counts.size(); ++i) all[i % channels] += pure_counts[i];
  if (!search.resolution_mn_ka) search.resolution_mn_ka = eds::find_elements(all, energy, search).resolution_mn_ka;
  for (std::size_t k = 0; k < count; ++k) {
    eds::FoundElements found =
        eds::find_elements(std::span(pure_counts).subspan(k * channels, channels), energy, search);
    if (!elements.empty()) {
      std::erase_if(found.elements, [&](const eds::FoundElement& one) {
        return std::find(elements.begin(), elements.end(), one.element) == elements.end();
      });
    }
    named.found.push_back(std::move(found));
  }
  std::map<std::string, int> seen;
  for (std::size_t k = 0; k < count; ++k) {
    const std::string name = name_of(named.found, k);
    if (name.empty()) continue;
    const int times = ++seen[name];
    named.names[k] = times == 1 ? name : name + " (" + std::to_string(times) + ")";
  }
  named.note =
      "Named by the elements with most counts in a phase's purest positions, those that it has more of than "
      "the other phases first; elements that often come from grid or holder give no names, and carbon only where there "
      "is more of it "
      "than elsewhere.";
  return named;
}

std::vector<Mark> marks_of(const NamedPhases& named, const Description& data) {
  std::vector<Mark> marks;
  if (named.found.empty()) return marks;
  const double unit = data.signal_axis().units == "eV" ? 1000 : 1;
  for (std::size_t k = 0; k < named.found.size(); ++k) {
    for (const eds::FoundElement& one : named.found[k].elements) {
      if (one.lines.empty()) continue;
      marks.push_back({static_cast<std::int64_t>(k), one.lines.front().energy * unit,
                       one.lines.front().label() + (one.confidence == "possible" ? "?" : "")});
    }
  }
  return marks;
}

}  // namespace ruska::ops::unmix
