// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
// Counts of X-ray lines against those that the documentation of eXSpy 0.3 and HyperSpy 1.7 prints for the same files
// (docstrings of get_lines_intensity and estimate_background_windows), and elements against what is known of the
// specimens. Windows are whole channels, so that the counts must agree exactly; where the two tables of line energies
// differ (by less than 1 eV) no window's end moves across a channel's middle.
#include <cmath>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/core/driver.hpp"
#include "ruska/core/record.hpp"
#include "ruska/ops/eds/find_elements.hpp"
#include "tests/source_folder.hpp"

namespace ruska {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::Not;

class EdsGolden : public testing::Test {
 protected:
  static fs::path path_of(const std::string& name) { return source_folder().parent_path() / "shared" / "data" / name; }
  static bool present(const std::string& name) { return fs::exists(path_of(name)); }

  static Dataset spectrum_image(const std::string& name) {
    const File file = open_file(path_of(name));
    return file.signals.at(file.obvious());
  }

  /// The column of the table that `eds.lines` makes of the whole file.
  static std::vector<double> counts(const std::string& name, const Json& params, const std::string& column) {
    Context context;
    const Result result = execute(operation("eds.lines"), Inputs{{"data", spectrum_image(name)}}, params, context);
    for (const Column& one : result.outputs.table("lines").columns) {
      if (one.name == column) return std::get<std::vector<double>>(one.values);
    }
    return {};
  }

  static std::vector<std::string> elements_in(const std::string& name, bool only_sure = true) {
    const Dataset data = spectrum_image(name);
    const Description& description = data.describe();
    const auto channels = static_cast<std::size_t>(description.signal_size());
    std::vector<double> sum(channels, 0.0);
    const std::vector<double> values = data.read_all_as_double();
    for (std::size_t i = 0; i < values.size(); ++i) sum[i % channels] += values[i];
    auto search = ops::eds::element_search(description);
    search.expected.clear();
    std::vector<std::string> names;
    for (const auto& one : ops::eds::find_elements(sum, ops::eds::energy_axis(description), search).elements) {
      if (!only_sure || one.confidence != "possible") names.push_back(one.element);
    }
    return names;
  }
};

#define NEEDS(file) \
  if (!present(file)) GTEST_SKIP() << "needs ../shared/data/" << file

TEST_F(EdsGolden, ManganeseOfTheReferenceSampleTM002) {
  const std::string file = "eds_maps/EDS_SEM_TM002.hspy";
  NEEDS(file);
  EXPECT_EQ(counts(file, {{"lines", {"Mn_Ka"}}, {"window", 2.1}}, "gross"), std::vector<double>{53597});
  EXPECT_EQ(counts(file, {{"lines", {"Mn_Ka"}}}, "net"), std::vector<double>{46716});
}

TEST_F(EdsGolden, IronAndPlatinumOfTheNanoparticles) {
  const std::string file = "eds_maps/EDS_TEM_FePt_nanoparticles.hspy";
  NEEDS(file);
  const Json lines{"Fe_Ka", "Pt_La"};
  EXPECT_EQ(counts(file, {{"lines", lines}}, "gross"), (std::vector<double>{3710, 15872}));
  EXPECT_EQ(counts(file, {{"lines", lines}, {"background_left", 5.0}}, "net"), (std::vector<double>{2754, 15090}));
}

TEST_F(EdsGolden, CompositionOfTheNanoparticles) {
  const std::string file = "eds_maps/EDS_TEM_FePt_nanoparticles.hspy";
  NEEDS(file);
  Context context;
  const auto composition = [&](const char* intensities) {
    const Json params{
        {"factors", {"Fe=1.450226", "Pt=5.075602"}}, {"intensities", intensities}, {"background_left", 5.0}};
    return execute(operation("eds.quantify"), Inputs{{"data", spectrum_image(file)}}, params, context);
  };
  const auto column = [](const Result& result, const char* name) {
    for (const Column& one : result.outputs.table("composition").columns) {
      if (one.name == name) return std::get<std::vector<double>>(one.values);
    }
    return std::vector<double>{};
  };
  const Result windows = composition("windows");
  EXPECT_EQ(column(windows, "counts"), (std::vector<double>{2754, 15090}));
  EXPECT_NEAR(column(windows, "atomic")[0], 15.41, 0.005);
  EXPECT_NEAR(column(windows, "atomic")[1], 84.59, 0.005);
  // The fit of all lines divides neighbours and background in its own way, and knows the error of its peaks' shapes.
  const Result model = composition("model");
  EXPECT_NEAR(column(model, "atomic")[0], 15.41, 2.0 * column(model, "atomic_sigma")[0]);
  EXPECT_LT(column(model, "atomic_sigma")[0], 1.0);
}

// Where no other line is near, the fit of all lines and the windows count the same. A window of two widths holds 98.15
// % of a line; the background left of it is taken five widths away, since that of Pt Lα would else lie on Cu Kβ.
TEST_F(EdsGolden, FitAndWindowsAgreeOnLinesThatStandAlone) {
  const auto agree = [](const std::string& file, const std::string& line) {
    const double net = counts(file, {{"lines", {line}}, {"background_left", 5.0}}, "net").at(0) / 0.9815;
    const double sigma = counts(file, {{"lines", {line}}, {"background_left", 5.0}}, "net_sigma").at(0);
    Context context;
    const Result result =
        execute(operation("eds.model_fit"), Inputs{{"data", spectrum_image(file)}}, Json::object(), context);
    std::vector<std::string> lines;
    std::vector<double> fitted, errors;
    for (const Column& one : result.outputs.table("families").columns) {
      if (one.name == "alpha_line") lines = std::get<std::vector<std::string>>(one.values);
      if (one.name == "alpha_counts") fitted = std::get<std::vector<double>>(one.values);
      if (one.name == "alpha_counts_sigma") errors = std::get<std::vector<double>>(one.values);
    }
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (lines[i] == line) {
        EXPECT_NEAR(fitted[i], net, 2.0 * std::hypot(sigma, errors[i])) << file << " " << line;
        return;
      }
    }
    ADD_FAILURE() << file << " has no " << line;
  };
  NEEDS("eds_maps/EDS_TEM_FePt_nanoparticles.hspy");
  NEEDS("eds_maps/EDS_SEM_TM002.hspy");
  NEEDS("eds_maps/core_shell.hspy");
  agree("eds_maps/EDS_TEM_FePt_nanoparticles.hspy", "Fe_Ka");
  agree("eds_maps/EDS_TEM_FePt_nanoparticles.hspy", "Pt_La");
  agree("eds_maps/EDS_SEM_TM002.hspy", "Mn_Ka");
  agree("eds_maps/core_shell.hspy", "Fe_Ka");
}

TEST_F(EdsGolden, ElementsOfTheCoreShellParticles) {
  for (const char* file : {"eds_maps/core_shell.hspy", "eds_maps/bare_core.hspy"}) {
    NEEDS(file);
    const auto found = elements_in(file);
    for (const char* element : {"Fe", "Pt", "Cu", "C", "O", "Si"}) EXPECT_THAT(found, Contains(element)) << file;
    EXPECT_LE(found.size(), 9u) << testing::PrintToString(found);
  }
}

TEST_F(EdsGolden, ElementsOfTheSubsolidusSample) {
  const std::string file = "eds_maps/71GPa_subsolidus.hspy";
  NEEDS(file);
  const auto found = elements_in(file);
  // Added to the starting material: Nd, Sm, Hf, Lu, U. Oxygen lies below the energy axis, which starts at 0.82 keV.
  for (const char* element : {"Mg", "Si", "Fe", "Al", "Ca", "Cu", "Nd", "Sm", "Hf", "Lu", "U"}) {
    EXPECT_THAT(found, Contains(element));
  }
  EXPECT_THAT(found, Not(Contains("O")));
}

TEST_F(EdsGolden, ElementsOfTheReferenceSampleTM002) {
  const std::string file = "eds_maps/EDS_SEM_TM002.hspy";
  NEEDS(file);
  const auto found = elements_in(file);
  for (const char* element : {"Al", "C", "Cu", "Mn", "Zr"}) EXPECT_THAT(found, Contains(element));
}

TEST_F(EdsGolden, ElementsOfBrukerMaps) {
  const std::string alloy = "bruker/bcf_v2_50x50px.bcf",
                    mineral = "bruker/30x30_instructively_packed_16bit_compressed.bcf";
  NEEDS(alloy);
  NEEDS(mineral);
  for (const char* element : {"Al", "Ag", "Cu", "C", "O"}) EXPECT_THAT(elements_in(alloy), Contains(element));
  const auto found = elements_in(mineral);
  for (const char* element : {"Si", "O", "Fe", "Ti", "Al", "Ca", "Mg", "K", "P"}) EXPECT_THAT(found, Contains(element));
  // The project's list names rare earths; no line of theirs is in this part of the map.
  for (const char* element : {"Ce", "Nd", "Sm", "Gd", "Th"}) EXPECT_THAT(found, Not(Contains(element)));
}

TEST_F(EdsGolden, ElementsOfStrontiumTitanate) {
  const std::string file = "eds_maps/EDS-STO.emd";
  NEEDS(file);
  const File opened = open_file(path_of(file));
  const Dataset* whole = nullptr;  // the sum of all detectors
  for (const Dataset& signal : opened.signals) {
    if (signal.describe().signal_type != "EDS_TEM") continue;
    if (whole == nullptr || statistics(signal).sum > statistics(*whole).sum) whole = &signal;
  }
  ASSERT_NE(whole, nullptr);
  const auto values = whole->read_all_as_double();
  const auto found = ops::eds::find_elements(values, ops::eds::energy_axis(whole->describe()),
                                             ops::eds::element_search(whole->describe()));
  for (const char* element : {"Sr", "Ti", "O", "Cu"}) EXPECT_TRUE(found.contains(element)) << describe(found);
}

}  // namespace
}  // namespace ruska
