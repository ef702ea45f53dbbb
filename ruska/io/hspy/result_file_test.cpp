// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/hspy/result_file.hpp"

#include <gtest/gtest.h>

#include "ruska/core/driver.hpp"
#include "ruska/core/product.hpp"
#include "ruska/core/tucker_source.hpp"
#include "tests/scratch_folder.hpp"

namespace ruska {
namespace {

namespace fs = std::filesystem;

class ResultFile : public ::testing::Test {
 protected:
  ScratchFolder folder_;
};

Axis axis(const char* name, const char* units, Role role, std::int64_t size, double scale, double offset) {
  return {name, quantity_of(units), units, role, size, scale, offset};
}

Dataset numbers(const char* title, Axes axes, double first, double step) {
  Description description;
  description.title = title;
  description.axes = std::move(axes);
  std::vector<double> values(static_cast<std::size_t>(count(description.shape())));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = first + step * static_cast<double>(i);
  return Dataset::from_values<double>(description, values);
}

Result small_result() {
  const Axis component = axis("component", "", Role::navigation, 2, 1, 0);
  const Axis y = axis("y", "nm", Role::signal, 3, 0.5, 1), x = axis("x", "nm", Role::signal, 4, 0.5, 0);
  const Axis energy = axis("Energy", "keV", Role::signal, 5, 0.01, -0.1);
  const Dataset loadings = numbers("Loadings", {component, y, x}, 0.5, 0.25);
  Dataset factors = numbers("Factors", {component, energy}, -1, 0.125);
  Description spectra = factors.describe();
  spectra.signal_type = "EDS_TEM";
  spectra.metadata = {{"Acquisition_instrument", {{"TEM", {{"beam_energy", 200.0}}}}},
                      {"Sample", {{"elements", {"Fe", "Pt"}}}}};
  const auto values = factors.read_all<double>();
  factors = Dataset::from_values<double>(spectra, values);
  const Dataset mean = numbers("Mean", {energy}, 10, 1);

  Result result;
  Outputs& outputs = result.outputs;
  outputs.add({"loadings", "Loadings of each component", loadings, View::maps, "loadings_sigma", {"A", "B"}});
  outputs.add({"loadings_sigma", "Their uncertainty", numbers("s", {component, y, x}, 0.1, 0)});
  outputs.add({"factors", "Spectrum of each component", factors, View::spectra});
  outputs.add({"reconstruction", "What the components make", product(loadings, factors, mean, "Reconstruction")});
  Table table;
  table.columns = {{"phase", "", std::vector<std::string>{"A", "Bé"}},
                   {"pixels", "", std::vector<std::int64_t>{3, 9}},
                   {"fraction", "%", std::vector<double>{25, 75}},
                   {"fraction_sigma", "%", std::vector<double>{1, 2}, "fraction"}};
  outputs.add({"phases", "The phases", table, View::table});
  outputs.add({"area", "", Number{2.5, 0.5, "nm"}});
  outputs.add({"reason", "", std::string("because")});
  outputs.summary = {"one", "two"};
  result.record = {{"operation", "test.none"}, {"parameters", {{"components", 2}}}};
  return result;
}

TEST_F(ResultFile, ComesBackAsSignalsInOrderWithTheLazyProductLast) {
  const fs::path path = folder_ / "result.h5";
  const Result result = small_result();
  io::write_result(path, result);
  const File file = open_file(path);
  EXPECT_EQ(file.driver->name, "hspy");
  std::vector<std::string> titles;
  for (const Dataset& signal : file.signals) titles.push_back(signal.describe().title);
  EXPECT_EQ(titles, (std::vector<std::string>{"loadings", "loadings_sigma", "factors", "reconstruction"}));

  const Description& loadings = file.signal("loadings").describe();
  EXPECT_EQ(loadings.metadata["ruska"]["uncertainty"], "loadings_sigma");
  EXPECT_EQ(loadings.metadata["ruska"]["components"], (Json{"A", "B"}));
  EXPECT_EQ(loadings.metadata["ruska"]["title"], "Loadings of each component");
  ASSERT_EQ(loadings.axes.size(), 3u);
  EXPECT_EQ(loadings.axes[0].role, Role::navigation);
  EXPECT_EQ(loadings.axes[1].units, "nm");
  EXPECT_EQ(loadings.axes[1].offset, 1);
  EXPECT_EQ(file.signal("loadings").read_all<double>(), result.outputs.dataset("loadings").read_all<double>());

  const Dataset& made = file.signal("reconstruction");
  EXPECT_EQ(made.describe().shape(), (Shape{3, 4, 5}));
  EXPECT_EQ(made.describe().signal_type, "EDS_TEM");
  EXPECT_EQ(made.describe().metadata["Sample"]["elements"], (Json{"Fe", "Pt"}));
  EXPECT_EQ(made.read_all<double>(), result.outputs.dataset("reconstruction").read_all<double>());
}

TEST_F(ResultFile, ProductHoldsPartsThatAreNoOutputsThemselves) {
  const fs::path path = folder_ / "result.h5";
  Result result = small_result();
  std::erase_if(result.outputs.all, [](const Output& output) { return output.name == "factors"; });
  io::write_result(path, result);
  EXPECT_EQ(open_file(path).signal("reconstruction").read_all<double>(),
            result.outputs.dataset("reconstruction").read_all<double>());
}

TEST_F(ResultFile, TuckerProductComesBackFromCoreAndFactors) {
  const fs::path path = folder_ / "result.h5";
  const Axis first = axis("component", "", Role::signal, 2, 1, 0),
             second = axis("component", "", Role::signal, 3, 1, 0);
  const Axis y = axis("y", "nm", Role::signal, 4, 0.5, 1), ky = axis("ky", "1/nm", Role::signal, 5, 0.1, 0),
             kx = axis("kx", "1/nm", Role::signal, 6, 0.1, 0);
  const Dataset core = numbers("Core", {first, second}, -2, 1);
  const std::vector<Dataset> factors{numbers("y", {first, y}, -1, 0.25), numbers("k", {second, ky, kx}, 1, -0.03125)};
  for (const bool non_negative : {false, true}) {
    Result result;
    result.outputs.add({"core", "", core});
    result.outputs.add({"denoised", "Denoised", tucker(core, factors, 1, non_negative, "Denoised")});
    result.record = {{"operation", "test.none"}};
    io::write_result(path, result);
    const Dataset made = open_file(path).signal("denoised");
    EXPECT_TRUE(made.describe().lazy);
    EXPECT_EQ(made.describe().navigation_shape(), (Shape{4}));
    EXPECT_EQ(made.describe().signal_shape(), (Shape{5, 6}));
    EXPECT_EQ(made.describe().axes[2].units, "1/nm");
    EXPECT_EQ(made.read_all<float>(), result.outputs.dataset("denoised").read_all<float>());
  }
}

TEST_F(ResultFile, TablesAndRecordComeBack) {
  const fs::path path = folder_ / "result.h5";
  const Result result = small_result();
  io::write_result(path, result);
  EXPECT_EQ(io::read_record(path), result.record);
  const auto tables = io::read_tables(path);
  ASSERT_EQ(tables.size(), 1u);
  const Table& table = tables.at("phases");
  ASSERT_EQ(table.columns.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    const Column& wanted = result.outputs.table("phases").columns[i];
    EXPECT_EQ(table.columns[i].name, wanted.name);
    EXPECT_EQ(table.columns[i].unit, wanted.unit);
    EXPECT_EQ(table.columns[i].sigma_of, wanted.sigma_of);
    EXPECT_EQ(table.columns[i].values, wanted.values);
  }
}

TEST_F(ResultFile, PiecesOfALargeOutputMeet) {
  const Axis y = axis("y", "nm", Role::navigation, 37, 1, 0), x = axis("x", "nm", Role::navigation, 53, 1, 0);
  const Axis energy = axis("Energy", "keV", Role::signal, 1031, 0.01, 0);
  Result result;
  result.outputs.add({"cube", "", numbers("cube", {y, x, energy}, 0, 1)});
  const fs::path path = folder_ / "large.h5";
  io::write_result(path, result);
  EXPECT_EQ(open_file(path).signals.at(0).read_all<double>(), result.outputs.dataset("cube").read_all<double>());
}

TEST_F(ResultFile, OtherFilesHoldNoRecord) {
  const fs::path path = folder_ / "plain.hspy";
  auto sink = writer_for(path).create(path, numbers("a", {axis("x", "nm", Role::signal, 2, 1, 0)}, 0, 1).describe());
  sink->commit();
  try {
    io::read_record(path);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::not_found);
  }
}

}  // namespace
}  // namespace ruska
