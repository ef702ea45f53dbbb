// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/strain/strain.hpp"

#include <cmath>
#include <limits>
#include <numbers>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/base/random.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/core/record.hpp"
#include "ruska/ops/diffraction/calibration.hpp"
#include "ruska/ops/diffraction/disk_list.hpp"
#include "ruska/ops/diffraction/strain/deformation.hpp"
#include "ruska/ops/diffraction/strain/lattice.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// Reciprocal vector of a crystal deformed by F: F⁻ᵀ g.
Vector deformed(Vector g, double fxx, double fxy, double fyx, double fyy) {
  const double determinant = fxx * fyy - fxy * fyx;
  return {(fyy * g.x - fyx * g.y) / determinant, (fxx * g.y - fxy * g.x) / determinant};
}

/// F = R(θ) (I + ε).
Lattice deformed(const Lattice& lattice, const Deformation& d) {
  const double turn = d.rotation * std::numbers::pi / 180, c = std::cos(turn), s = std::sin(turn);
  const double fxx = c * (1 + d.xx) - s * d.xy, fxy = c * d.xy - s * (1 + d.yy);
  const double fyx = s * (1 + d.xx) + c * d.xy, fyy = s * d.xy + c * (1 + d.yy);
  return {lattice.origin, deformed(lattice.g1, fxx, fxy, fyx, fyy), deformed(lattice.g2, fxx, fxy, fyx, fyy)};
}

const Lattice oblique{{120.25, 131.5}, {21, 4}, {-7, 26}};

/// Disks of one position, nodes up to ±reach; every one is kept with the given probability, noise along either axis.
std::vector<Disk> disks_of(const Lattice& lattice, int reach, double keep, double noise, Random& random) {
  std::vector<Disk> disks;
  for (int h = -reach; h <= reach; ++h) {
    for (int k = -reach; k <= reach; ++k) {
      if ((h != 0 || k != 0) && !(random.uniform() < keep)) continue;
      const Vector at = lattice.node(h, k);
      disks.push_back({at.y + noise * random.normal(), at.x + noise * random.normal(), 1000.0 / (1 + h * h + k * k)});
    }
  }
  return disks;
}

Dataset lists_of(const std::vector<std::vector<Disk>>& positions, std::int64_t width) {
  std::size_t longest = 1;
  for (const auto& disks : positions) longest = std::max(longest, disks.size());
  std::vector<double> values(positions.size() * longest * 3, nan);
  for (std::size_t p = 0; p < positions.size(); ++p) {
    for (std::size_t d = 0; d < positions[p].size(); ++d) {
      double* const at = values.data() + (p * longest + d) * 3;
      at[0] = positions[p][d].ky;
      at[1] = positions[p][d].kx;
      at[2] = positions[p][d].intensity;
    }
  }
  const Axes scan{{.name = "y", .role = Role::navigation, .size = static_cast<std::int64_t>(positions.size()) / width},
                  {.name = "x", .role = Role::navigation, .size = width}};
  return disk_list_dataset<double>(scan, static_cast<std::int64_t>(longest), "disks", "px", Json::object(), values);
}

Outputs run(const Inputs& inputs, const Json& params = Json::object()) {
  Context context;
  context.threads = 2;
  return execute(strain_operation(), inputs, params, context).outputs;
}

std::vector<double> values(const Outputs& outputs, const char* name) {
  return outputs.dataset(name).read_all_as_double();
}

TEST(Deformation, IsFiniteAndExact) {
  for (const Deformation& d : {Deformation{0.1, -0.1, 0.05, 0}, Deformation{-0.1, 0.1, -0.08, 17.5},
                               Deformation{0, 0, 0, -30}, Deformation{0.1, 0.1, 0, 179}}) {
    const Deformation found = deformation_of(deformed(oblique, d), oblique, 0);
    EXPECT_NEAR(found.xx, d.xx, 1e-13);
    EXPECT_NEAR(found.yy, d.yy, 1e-13);
    EXPECT_NEAR(found.xy, d.xy, 1e-13);
    EXPECT_NEAR(found.rotation, d.rotation, 1e-11);
  }
}

TEST(Deformation, AxesTurn) {
  // A stretch along 30° is xx along axes that lie there.
  const double c = std::cos(std::numbers::pi / 6), s = std::sin(std::numbers::pi / 6);
  const Deformation along{0.02 * c * c, 0.02 * s * s, 0.02 * c * s, 5};
  const Deformation found = deformation_of(deformed(oblique, along), oblique, 30);
  EXPECT_NEAR(found.xx, 0.02, 1e-13);
  EXPECT_NEAR(found.yy, 0, 1e-13);
  EXPECT_NEAR(found.xy, 0, 1e-13);
  EXPECT_NEAR(found.rotation, 5, 1e-11);
}

TEST(Lattice, ReductionFindsTheShortestVectors) {
  const Lattice skewed{{0, 0}, {20 * 3 + 5, 15 * 3}, {20 * 2 + 5, 15 * 2}};
  const Lattice found = reduced(skewed);
  EXPECT_NEAR(found.g1.x, 5, 1e-12);
  EXPECT_NEAR(found.g1.y, 0, 1e-12);
  EXPECT_NEAR(found.g2.y, 15, 1e-12);
  EXPECT_NEAR(std::abs(found.g2.x), 0, 1e-12);
}

TEST(Lattice, FitIsExactFarFromTheStart) {
  // The outermost nodes lie more than half a spacing from where the start expects them.
  for (const Deformation& d : {Deformation{0.1, -0.1, 0.02, 2}, Deformation{-0.1, 0.1, 0.0, -4}}) {
    Random random(1, "exact", 0);
    const Lattice truth = deformed(oblique, d);
    const std::vector<Disk> disks = disks_of(truth, 5, 0.8, 0, random);
    const LatticeFit fit = fit_lattice(disks, {oblique});
    ASSERT_EQ(fit.failure, LatticeFailure::none);
    EXPECT_EQ(fit.used, static_cast<std::int64_t>(disks.size()));
    const Deformation found = deformation_of(fit.lattice, oblique, 0);
    EXPECT_NEAR(found.xx, d.xx, 1e-12);
    EXPECT_NEAR(found.yy, d.yy, 1e-12);
    EXPECT_NEAR(found.xy, d.xy, 1e-12);
  }
}

TEST(Lattice, ExtraDisksDoNotMatter) {
  Random random(2, "extra", 0);
  std::vector<Disk> disks = disks_of(oblique, 3, 0.6, 0.05, random);
  const auto good = static_cast<std::int64_t>(disks.size());
  for (int i = 0; i < 12; ++i) {
    disks.push_back({60 + 140 * random.uniform(), 50 + 140 * random.uniform(), 100 * random.uniform()});
  }
  const LatticeFit fit = fit_lattice(disks, {oblique});
  ASSERT_EQ(fit.failure, LatticeFailure::none);
  EXPECT_GE(fit.used, good - 1);
  EXPECT_LE(fit.used, good + 1);
  EXPECT_NEAR(fit.lattice.g1.x, oblique.g1.x, 0.05);
  EXPECT_NEAR(fit.lattice.g2.y, oblique.g2.y, 0.05);
}

TEST(Lattice, RefusesTooFewDisksAndDisksOnOneLine) {
  Random random(3, "few", 0);
  std::vector<Disk> line;
  for (int h = -4; h <= 4; ++h) line.push_back({oblique.node(h, 0).y, oblique.node(h, 0).x, 10});
  EXPECT_EQ(fit_lattice(line, {oblique}).failure, LatticeFailure::on_one_line);
  EXPECT_EQ(fit_lattice(std::span(line).first(3), {oblique}).failure, LatticeFailure::too_few_disks);
  EXPECT_EQ(fit_lattice({}, {oblique}).failure, LatticeFailure::too_few_disks);
}

TEST(Lattice, IsFoundInTheMapOfAllDisks) {
  VectorMap map{512, 512, 0.5, 0, 0, std::vector<double>(512 * 512)};
  for (int p = 0; p < 300; ++p) {
    Random random(4, "map", static_cast<std::uint64_t>(p));
    for (const Disk& disk : disks_of(oblique, 3, 0.5, 0.4, random)) map.add(disk);
    map.add({256 * random.uniform(), 256 * random.uniform(), 100});
  }
  const auto found = find_lattice(map, std::nullopt);
  ASSERT_TRUE(found);
  const Lattice expected = reduced(oblique);
  EXPECT_NEAR(found->origin.x, expected.origin.x, 0.3);
  EXPECT_NEAR(found->g1.x, expected.g1.x, 0.2);
  EXPECT_NEAR(found->g1.y, expected.g1.y, 0.2);
  EXPECT_NEAR(found->g2.x, expected.g2.x, 0.2);
  EXPECT_NEAR(found->g2.y, expected.g2.y, 0.2);
}

TEST(NoiseEstimate, FindsBothParts) {
  NoiseEstimate estimate;
  for (std::uint64_t i = 0; i < 40000; ++i) {
    Random random(5, "noise", i);
    const double intensity = std::exp(8 * random.uniform());
    const double variance = 0.01 + 2 / intensity;
    const double a = random.normal(), b = random.normal();
    estimate.add({intensity, variance * (a * a + b * b) / 2});
  }
  const DiskNoise noise = estimate.result(true, true, 0);
  EXPECT_NEAR(noise.flat, 0.01, 0.0005);
  EXPECT_NEAR(noise.shot, 2, 0.08);
}

TEST(Strain, ExactForTenPercentAndRotation) {
  // Left half the reference, right half deformed; disks missing at random.
  const Deformation d{0.1, -0.1, 0.03, 3};
  std::vector<std::vector<Disk>> positions;
  for (int p = 0; p < 64; ++p) {
    Random random(6, "halves", static_cast<std::uint64_t>(p));
    positions.push_back(disks_of(p % 8 < 4 ? oblique : deformed(oblique, d), 2, 0.9, 0, random));
  }
  std::vector<std::uint8_t> region(64);
  for (std::size_t p = 0; p < 64; ++p) region[p] = p % 8 < 4 ? 1 : 0;
  Description description;
  description.axes = {{.name = "y", .size = 8}, {.name = "x", .size = 8}};
  const Inputs inputs{{"disks", lists_of(positions, 8)},
                      {"reference", Dataset::from_values<std::uint8_t>(description, region)}};
  const Outputs outputs = run(inputs, {{"g1", {21.0, 4.0}}, {"g2", {-7.0, 26.0}}});
  const auto strain = values(outputs, "strain"), rotation = values(outputs, "rotation");
  for (std::size_t p = 0; p < 64; ++p) {
    const double on = p % 8 < 4 ? 0 : 1;
    EXPECT_NEAR(strain[p] / 100, on * d.xx, 1e-10);
    EXPECT_NEAR(strain[64 + p] / 100, on * d.yy, 1e-10);
    EXPECT_NEAR(strain[128 + p] / 100, on * d.xy, 1e-10);
    EXPECT_NEAR(rotation[p], on * d.rotation, 1e-8);
  }
}

/// 20 disks at about 60 px and the origin, noise 0.05 px: precision, and whether σ tells the truth.
TEST(Strain, PrecisionAndHonestSigma) {
  constexpr std::size_t number = 1600;
  const Lattice truth{{128, 128}, {20, 0}, {0, 20}};
  std::vector<std::vector<Disk>> positions;
  for (std::size_t p = 0; p < number; ++p) {
    Random random(7, "twenty", p);
    std::vector<Disk> disks;
    for (int h = -3; h <= 3; ++h) {
      for (int k = -3; k <= 3; ++k) {
        const int square = h * h + k * k;
        if (square != 0 && (square < 8 || square > 10)) continue;
        const Vector at = truth.node(h, k);
        disks.push_back({at.y + 0.05 * random.normal(), at.x + 0.05 * random.normal(), square == 0 ? 5000.0 : 300});
      }
    }
    positions.push_back(disks);
  }
  const Outputs outputs = run({{"disks", lists_of(positions, 40)}}, {{"g1", {20.0, 0.0}}, {"g2", {0.0, 20.0}}});
  const auto strain = values(outputs, "strain"), sigma = values(outputs, "strain_sigma");
  const auto rotation = values(outputs, "rotation"), rotation_sigma = values(outputs, "rotation_sigma");
  for (std::size_t part = 0; part < 4; ++part) {
    double square = 0, within = 0;
    for (std::size_t p = 0; p < number; ++p) {
      const double value = part < 3 ? strain[part * number + p] / 100 : rotation[p];
      const double one = part < 3 ? sigma[part * number + p] / 100 : rotation_sigma[p];
      square += value * value;
      within += std::abs(value) < one ? 1 : 0;
    }
    const double deviation = std::sqrt(square / number);
    if (part < 3) {
      EXPECT_LE(deviation, 3e-4) << part;
    }
    EXPECT_NEAR(within / number, 0.683, 0.05) << part;
  }
}

/// Few disks of unlike intensity, missing and extra ones, strain: still 68 %.
TEST(Strain, SigmaIsHonestWhereDisksAreFewAndUnlike) {
  constexpr std::size_t number = 1600;
  std::vector<std::vector<Disk>> positions;
  std::vector<Deformation> truth;
  for (std::size_t p = 0; p < number; ++p) {
    Random random(8, "unlike", p);
    const double x = static_cast<double>(p % 40) / 40 - 0.5;
    truth.push_back({0.03 * x, -0.02 * x, 0.01 * x, x});
    const Lattice lattice = deformed(oblique, truth.back());
    std::vector<Disk> disks;
    for (int h = -3; h <= 3; ++h) {
      for (int k = -3; k <= 3; ++k) {
        if ((h != 0 || k != 0) && random.uniform() < 0.6) continue;
        const Vector at = lattice.node(h, k);
        const double intensity = (h == 0 && k == 0 ? 20000 : 2000 / (1.0 + h * h + k * k)) * random.uniform();
        const double noise = std::sqrt(1e-4 + 1.5 / intensity);
        disks.push_back({at.y + noise * random.normal(), at.x + noise * random.normal(), intensity});
      }
    }
    for (int i = 0; i < 3; ++i) disks.push_back({200 * random.uniform(), 200 * random.uniform(), 50});
    positions.push_back(disks);
  }
  const Outputs outputs = run({{"disks", lists_of(positions, 40)}});
  const auto strain = values(outputs, "strain"), sigma = values(outputs, "strain_sigma");
  const auto number_used = values(outputs, "disks_used");
  for (std::size_t part = 0; part < 3; ++part) {
    double within = 0, fitted = 0, offset = 0;
    for (std::size_t pass = 0; pass < 2; ++pass) {
      for (std::size_t p = 0; p < number; ++p) {
        const double value = strain[part * number + p] / 100;
        if (std::isnan(value)) continue;
        const double expected = part == 0 ? truth[p].xx : part == 1 ? truth[p].yy : truth[p].xy;
        if (pass == 0) {
          offset += value - expected;
          fitted += 1;
        } else {
          // The reference is the median over the scan, not the undeformed lattice.
          within += std::abs(value - expected - offset / fitted) < sigma[part * number + p] / 100 ? 1 : 0;
        }
      }
    }
    EXPECT_GT(fitted, 0.95 * number);
    EXPECT_NEAR(within / fitted, 0.683, 0.05) << part;
  }
}

/// A crystal of known strain in the scan's frame, seen by a camera with an ellipse, a turn, exchanged axes and a centre
/// that wanders by more than a spacing: exact with the calibration, wrong without.
TEST(Strain, TrueInTheScansFrameWithTheCalibrationAlone) {
  const Shape scan{8, 9};
  const Calibration camera{
      .origin = OriginCalibration{.surface = "plane", .x = {100, 6, 1}, .y = {120, -2, 5}, .scan = scan},
      .ellipse = EllipseCalibration{1.15, 0, 35, 0},
      .pixel_size = PixelSizeCalibration{0.05, 0, "1/nm", "test"},
      .rotation = RotationCalibration{-70, 0, true, true},
      .frame = {256, 256}};
  const Matrix to_detector = camera.to_scan().inverse();
  const Lattice crystal{{0, 0}, {1.05, 0.1}, {-0.2, 1.2}};  // 1/nm, in the scan's frame
  const Deformation d{0.05, -0.02, 0.01, 2};
  std::vector<std::vector<Disk>> positions;
  std::vector<std::uint8_t> region;
  for (std::int64_t p = 0; p < count(scan); ++p) {
    Random random(11, "camera", static_cast<std::uint64_t>(p));
    region.push_back(p % 9 < 4 ? 1 : 0);
    std::vector<Disk> disks = disks_of(region.back() != 0 ? crystal : deformed(crystal, d), 2, 0.9, 0, random);
    for (Disk& disk : disks) {
      const Vector at = camera.origin->at_position(p, scan) + (1 / 0.05) * (to_detector * Vector{disk.kx, disk.ky});
      disk.kx = at.x;
      disk.ky = at.y;
    }
    positions.push_back(disks);
  }
  Description description;
  description.axes = {{.name = "y", .size = 8}, {.name = "x", .size = 9}};
  Description pattern;
  pattern.axes = {{.name = "ky", .size = 256}, {.name = "kx", .size = 256}};
  set_calibration(pattern.metadata, camera);
  Inputs inputs{{"disks", lists_of(positions, 9)},
                {"reference", Dataset::from_values<std::uint8_t>(description, region)},
                {"calibration", Dataset::from_values<float>(pattern, std::vector<float>(256 * 256))}};
  const Outputs outputs = run(inputs);
  const auto strain = values(outputs, "strain"), rotation = values(outputs, "rotation");
  for (std::size_t p = 0; p < region.size(); ++p) {
    const double on = region[p] != 0 ? 0 : 1;
    EXPECT_NEAR(strain[p] / 100, on * d.xx, 1e-10);
    EXPECT_NEAR(strain[region.size() + p] / 100, on * d.yy, 1e-10);
    EXPECT_NEAR(strain[2 * region.size() + p] / 100, on * d.xy, 1e-10);
    EXPECT_NEAR(rotation[p], on * d.rotation, 1e-8);
  }
  EXPECT_EQ(outputs.dataset("vector_map").describe().axes[0].units, "1/nm");
  EXPECT_NE(outputs.find("calibration_summary"), nullptr);
  // All but the ellipse, which comes in at first order in the product of both strains: 1 %.
  Calibration round = camera;
  round.ellipse.reset();
  set_calibration(pattern.metadata, round);
  inputs.set("calibration", Dataset::from_values<float>(pattern, std::vector<float>(256 * 256)));
  const auto distorted = values(run(inputs), "strain");
  EXPECT_GT(std::abs(distorted[8] / 100 - d.xx), 1e-3);
}

TEST(Strain, ACalibrationNeedsListsThatLeadToPixels) {
  std::vector<std::vector<Disk>> positions(4);
  Random random(12, "units", 0);
  for (auto& disks : positions) disks = disks_of(oblique, 2, 1, 0.02, random);
  const Dataset lists = lists_of(positions, 2);
  Description description = lists.describe();
  set(description.metadata, "Diffraction.disk_units", "1/nm");
  const Dataset in_nanometres = Dataset::from_values<double>(description, lists.read_all<double>());
  run({{"disks", in_nanometres}});
  set_calibration(description.metadata, {.ellipse = EllipseCalibration{1.1, 0.01, 20, 1}});
  try {
    run({{"disks", Dataset::from_values<double>(description, lists.read_all<double>())}});
    ADD_FAILURE() << "took 1/nm for pixels";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
    EXPECT_THAT(error.what(), testing::HasSubstr("how these follow from pixels"));
  }
}

TEST(Strain, PositionsWithoutALatticeAreNaNAndSaidWhy) {
  std::vector<std::vector<Disk>> positions;
  for (int p = 0; p < 12; ++p) {
    Random random(9, "gaps", static_cast<std::uint64_t>(p));
    positions.push_back(disks_of(oblique, 2, 1, 0.02, random));
  }
  positions[3].clear();
  positions[5].clear();
  for (int h = -3; h <= 3; ++h) positions[5].push_back({oblique.node(h, 0).y, oblique.node(h, 0).x, 10});
  const Outputs outputs = run({{"disks", lists_of(positions, 4)}});
  const auto strain = values(outputs, "strain"), left_out = values(outputs, "left_out");
  EXPECT_TRUE(std::isnan(strain[3]) && std::isnan(strain[5]));
  EXPECT_EQ(left_out[3], 0);
  EXPECT_EQ(left_out[5], 1);
  EXPECT_EQ(left_out[4], -1);
  EXPECT_EQ(values(outputs, "disks_used")[3], 0);
  EXPECT_EQ(values(outputs, "disks_used")[4], 25);
}

TEST(Strain, RefusesWhatIsNoListOfDisks) {
  std::vector<std::vector<Disk>> positions(4);
  EXPECT_THROW(run({{"disks", lists_of(positions, 2)}}), Error);  // no disk at all
  Random random(10, "refused", 0);
  for (auto& disks : positions) disks = disks_of(oblique, 2, 1, 0.02, random);
  positions[2][1].kx = nan;
  try {
    run({{"disks", lists_of(positions, 2)}});
    ADD_FAILURE() << "took half a disk";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_data);
    EXPECT_THAT(error.what(), testing::HasSubstr("disk 1 of position 2"));
    EXPECT_THAT(error.what(), testing::HasSubstr("not finite"));
  }
  positions[2][1].kx = 3;
  EXPECT_THROW(run({{"disks", lists_of(positions, 2)}}, {{"g1", {1.0, 2.0}}}), Error);
  EXPECT_THROW(run({{"disks", lists_of(positions, 2)}}, {{"g1", {1.0, 2.0}}, {"g2", {2.0, 4.0}}}), Error);
}

}  // namespace
}  // namespace ruska::ops::diffraction
