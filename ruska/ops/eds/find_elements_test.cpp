// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eds/find_elements.hpp"

#include <cmath>
#include <map>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/base/random.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/ops/eds/detector.hpp"

namespace ruska::ops::eds {
namespace {

using testing::UnorderedElementsAre;

struct Sample {
  std::map<std::string, double> counts;  // of each element's K family, or L where K is out of reach
  double background = 20000;
  double shift = 0, gain = 1;
  double resolution = 130;
  double pile_up = 0;  // counts of two photons taken for one
};

const EnergyAxis axis{0.0, 0.01, 2048};
constexpr double beam = 200;

// Two photons of the spectrum taken for one.
void add_pile_up(std::vector<double>& mean, double counts) {
  std::vector<double> sums(mean.size(), 0.0);
  for (std::size_t i = 0; i < mean.size(); ++i) {
    for (std::size_t j = 0; i + j < mean.size(); ++j) sums[i + j] += mean[i] * mean[j];
  }
  const double total = std::accumulate(sums.begin(), sums.end(), 0.0);
  for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += counts * sums[i] / total;
}

// A spectrum of whole families in the ratio of theory, on a falling background, with Poisson noise. The code under
// test knows the same tables; what it must find out is which of them are in use.
std::vector<double> spectrum(const Sample& sample, std::uint64_t seed = 1) {
  std::vector<double> mean(static_cast<std::size_t>(axis.size), 0.0);
  double sum = 0;
  for (std::size_t i = 20; i < mean.size(); ++i) {
    const double energy = axis.at(static_cast<double>(i));
    mean[i] = (1 - std::exp(-std::pow(energy / 0.6, 2))) / energy;
    sum += mean[i];
  }
  for (double& value : mean) value *= sample.background / sum;
  for (const auto& [element, counts] : sample.counts) {
    const int z = atomic_number(element);
    const auto lines = xray_lines(z, beam);
    const char reference = main_line(z, 0.2, 20.0, beam)->family;
    for (const char family : {'K', 'L', 'M'}) {
      double total = 0;
      for (const auto& line : lines) total += line.family == family ? line.weight : 0.0;
      const double area = counts * family_cross_section(z, family, beam) / family_cross_section(z, reference, beam);
      for (const auto& line : lines) {
        if (line.family != family) continue;
        for (const auto& [energy, weight] : line.transitions) {
          add_peak(mean, axis, sample.shift + sample.gain * energy, full_width(energy, sample.resolution),
                   area * weight / total);
        }
      }
    }
  }
  if (sample.pile_up > 0) add_pile_up(mean, sample.pile_up);
  std::vector<double> noisy;
  Random random(seed, "spectrum", 0);
  for (const double value : mean) noisy.push_back(static_cast<double>(random.poisson(value)));
  return noisy;
}

FoundElements find(const Sample& sample, std::uint64_t seed = 1, std::vector<std::string> expected = {}) {
  ElementSearch search;
  search.beam_energy = beam;
  search.resolution_mn_ka = 130.0;
  search.expected = std::move(expected);
  return find_elements(spectrum(sample, seed), axis, search);
}

std::vector<std::string> names(const FoundElements& found) {
  std::vector<std::string> list;
  for (const auto& one : found.elements) list.push_back(one.element);
  return list;
}

// Twice Al Kα lies at 2.974 keV, Ag Lα at 2.984: at first glance pile-up explains the peak, and what is left of Ag's Lβ
// at 3.15 keV looks like U Mα.
TEST(FindElements, FindsSilverThroughThePileUpOfAluminium) {
  Sample sample{{{"Al", 160000}, {"Ag", 2500}}};
  sample.background = 30000;
  sample.pile_up = 1500;
  for (const std::uint64_t seed : {1, 2, 3}) EXPECT_THAT(names(find(sample, seed)), UnorderedElementsAre("Al", "Ag"));
}

TEST(FindElements, NamesWhatIsThereAndNothingElse) {
  const FoundElements found = find({{{"Fe", 20000}, {"Pt", 15000}, {"Cu", 8000}, {"O", 5000}}});
  EXPECT_THAT(names(found), UnorderedElementsAre("Fe", "Pt", "Cu", "O"));
  for (const auto& one : found.elements) {
    EXPECT_NE(one.confidence, "possible") << one.element;
    EXPECT_FALSE(one.lines.empty());
    if (one.element == "Cu") {
      EXPECT_THAT(one.note, testing::HasSubstr("grid"));
    }
  }
}

TEST(FindElements, CountsAreUnbiasedAndCoveredByTheirSigma) {
  int covered = 0;
  double pull = 0;
  constexpr int runs = 20;
  for (int seed = 1; seed <= runs; ++seed) {
    const FoundElements found = find({{{"Ti", 5000}}}, static_cast<std::uint64_t>(seed));
    ASSERT_TRUE(found.contains("Ti"));
    double truth = 0;  // K and L families on the axis
    for (const char family : {'K', 'L'}) {
      truth += 5000 * family_cross_section(22, family, beam) / family_cross_section(22, 'K', beam);
    }
    const double z = (found.elements[0].counts - truth) / found.elements[0].sigma;
    pull += z / runs;
    covered += std::abs(z) < 2.5 ? 1 : 0;
  }
  EXPECT_GE(covered, 18);
  EXPECT_LT(std::abs(pull), 1.0);
}

TEST(FindElements, BackgroundAloneNamesNothing) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    for (const double background : {0.0, 300.0, 20000.0, 1e6}) {
      const FoundElements found = find({{}, background}, seed);
      EXPECT_TRUE(found.elements.empty()) << background << ": " << describe(found);
    }
  }
}

TEST(FindElements, OverlapsAreDecidedByWholeFamilies) {
  // Ti Kβ lies on V Kα; Mn Kβ on Fe Kα; S Kα on Mo Lα and Pb Mα.
  EXPECT_THAT(names(find({{{"Ti", 30000}}})), UnorderedElementsAre("Ti"));
  EXPECT_THAT(names(find({{{"Ti", 30000}, {"V", 10000}}})), UnorderedElementsAre("Ti", "V"));
  EXPECT_THAT(names(find({{{"Mn", 30000}}})), UnorderedElementsAre("Mn"));
  EXPECT_THAT(names(find({{{"S", 30000}}})), UnorderedElementsAre("S"));
  EXPECT_THAT(names(find({{{"Mo", 30000}}})), UnorderedElementsAre("Mo"));
  EXPECT_THAT(names(find({{{"Pb", 30000}}})), UnorderedElementsAre("Pb"));
  EXPECT_THAT(names(find({{{"Ba", 30000}}})), UnorderedElementsAre("Ba"));
}

TEST(FindElements, ExpectedElementsAreNotInvented) {
  const FoundElements found = find({{{"Fe", 20000}}}, 1, {"Fe", "U", "Co", "Ni", "Sm"});
  EXPECT_THAT(names(found), UnorderedElementsAre("Fe"));
}

TEST(FindElements, SoftLinesAloneMakeAnElementPossibleAtBest) {
  // Aluminium and titanium at 5 keV, where titanium's K shell is out of reach.
  const EnergyAxis fine{0.0, 0.005, 2000};
  std::vector<double> counts(static_cast<std::size_t>(fine.size), 0.0);
  for (std::size_t i = 20; i < 1000; ++i) counts[i] = 10;
  add_peak(counts, fine, 1.4866, 0.074, 10400);
  add_peak(counts, fine, 0.4518, 0.058, 3000);
  ElementSearch search;
  search.beam_energy = 5;
  search.transmission = false;
  const FoundElements found = find_elements(counts, fine, search);
  ASSERT_TRUE(found.contains("Ti")) << describe(found);
  for (const FoundElement& one : found.elements) {
    if (one.element != "Ti") continue;
    EXPECT_EQ(one.confidence, "possible");
    EXPECT_THAT(one.note, testing::HasSubstr("its soft lines alone show it"));
  }
}

TEST(FindElements, FollowsAMiscalibratedScaleAndAnUnknownResolution) {
  Sample sample{{{"Sr", 40000}, {"Ti", 40000}, {"O", 10000}}};
  sample.shift = 0.012;
  sample.gain = 0.998;
  sample.resolution = 145;
  ElementSearch search;
  search.beam_energy = beam;
  const FoundElements found = find_elements(spectrum(sample), axis, search);
  EXPECT_THAT(names(found), UnorderedElementsAre("Sr", "Ti", "O"));
  EXPECT_NEAR(found.energy_shift, 0.012, 0.003);
  EXPECT_NEAR(found.energy_gain, 0.998, 0.0005);
  EXPECT_NEAR(found.resolution_mn_ka, 145, 3);
}

TEST(FindElements, BeamEnergyBoundsWhatThereCanBe) {
  ElementSearch search;
  search.beam_energy = 5.0;  // below the K edge of iron
  const FoundElements found = find_elements(spectrum({{{"Fe", 20000}}}), axis, search);
  for (const auto& one : found.elements) {
    for (const auto& line : one.lines) EXPECT_LT(line.energy, 5.0) << line.name();
  }
}

TEST(FindElements, RefusesWhatIsNoSpectrum) {
  ElementSearch search;
  search.beam_energy = beam;
  std::vector<double> counts(2048, 1.0);
  EXPECT_THROW(find_elements(std::span(counts).first(2047), axis, search), Error);
  counts[7] = -1;
  EXPECT_THROW(find_elements(counts, axis, search), Error);
  counts[7] = std::nan("");
  EXPECT_THROW(find_elements(counts, axis, search), Error);
  counts[7] = 1e300;
  EXPECT_THROW(find_elements(counts, axis, search), Error);
  counts[7] = 1;
  search.beam_energy = 0;
  EXPECT_THROW(find_elements(counts, axis, search), Error);
  search.beam_energy = beam;
  EXPECT_TRUE(find_elements(std::span(counts).first(1), {5.0, 0.01, 1}, search).elements.empty());
}

TEST(FindElements, SettingsComeFromTheMetadata) {
  Description description;
  description.title = "map";
  EXPECT_THROW(element_search(description), Error);
  EXPECT_EQ(element_search(description, 300.0).beam_energy, 300.0);
  set(description.metadata, "Acquisition_instrument.SEM.beam_energy", 15.0);
  set(description.metadata, "Acquisition_instrument.SEM.Detector.EDS.energy_resolution_MnKa", 127.0);
  set(description.metadata, "Sample.elements", Json::array({"Fe"}));
  const ElementSearch search = element_search(description);
  EXPECT_EQ(search.beam_energy, 15.0);
  EXPECT_EQ(search.resolution_mn_ka, 127.0);
  EXPECT_FALSE(search.transmission);
  EXPECT_EQ(search.expected, std::vector<std::string>{"Fe"});
}

}  // namespace
}  // namespace ruska::ops::eds
