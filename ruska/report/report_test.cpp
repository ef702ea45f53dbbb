// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/report/report.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <regex>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <png.h>
#include <pugixml.hpp>

#include "ruska/base/error.hpp"
#include "ruska/report/synthetic_result.hpp"
#include "tests/scratch_folder.hpp"

namespace ruska::report {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Picture {
  unsigned width = 0, height = 0;
  std::vector<std::uint8_t> rgb;
  std::uint8_t at(unsigned x, unsigned y, unsigned channel) const { return rgb[3 * (y * width + x) + channel]; }
};

Picture decode(const fs::path& path) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_file(&image, path.c_str())) return {};
  image.format = PNG_FORMAT_RGB;
  Picture picture{image.width, image.height, std::vector<std::uint8_t>(PNG_IMAGE_SIZE(image))};
  if (!png_image_finish_read(&image, nullptr, picture.rgb.data(), 0, nullptr)) return {};
  return picture;
}

class Report : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    scratch.emplace();
    folder = *scratch / "report";
    write_report(folder, synthetic_result(),
                 {.title = "Phases of <b>needle</b>.hspy",
                  .command = "ruska unmix.phases 'a & b.hspy' -o out",
                  .input = "a & b.hspy",
                  .program = "ruska 0.1.0",
                  .finished = "2025-01-01T00:00:00Z"});
    page = content_of(folder / "report.html");
  }
  static void TearDownTestSuite() { scratch.reset(); }

  static Json data() {
    const std::string open = "id=\"report-data\">";
    const std::size_t begin = page.find(open) + open.size();
    return Json::parse(page.substr(begin, page.find("</script>", begin) - begin));
  }

  static std::optional<ScratchFolder> scratch;
  static fs::path folder;
  static std::string page;
};
std::optional<ScratchFolder> Report::scratch;
fs::path Report::folder;
std::string Report::page;

TEST_F(Report, WritesTheWholeFolder) {
  for (const char* figure : {"phase_map", "abundances", "spectra", "scree", "residual"}) {
    EXPECT_TRUE(fs::exists(folder / "figures" / (std::string(figure) + ".svg"))) << figure;
    EXPECT_TRUE(fs::exists(folder / "figures" / (std::string(figure) + ".png"))) << figure;
  }
  for (const char* table : {"phases", "spectra", "scree"}) {
    EXPECT_TRUE(fs::exists(folder / "tables" / (std::string(table) + ".csv"))) << table;
  }
  EXPECT_FALSE(fs::exists(folder / "figures" / "abundances_sigma.svg")) << "shown with what it belongs to";
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    EXPECT_THAT(entry.path().string(), Not(HasSubstr("partial")));
  }
}

TEST_F(Report, FiguresAreWellFormedAndThePicturesAreTwiceTheirSize) {
  for (const auto& entry : fs::directory_iterator(folder / "figures")) {
    if (entry.path().extension() != ".svg") continue;
    pugi::xml_document svg;
    const auto parsed = svg.load_file(entry.path().c_str());
    ASSERT_TRUE(parsed) << entry.path() << ": " << parsed.description();
    const pugi::xml_node root = svg.child("svg");
    EXPECT_TRUE(root.select_nodes("//script").empty());
    fs::path png = entry.path();
    const Picture picture = decode(png.replace_extension(".png"));
    EXPECT_EQ(picture.width, 2 * root.attribute("width").as_uint()) << png;
    EXPECT_EQ(picture.height, 2 * root.attribute("height").as_uint()) << png;
  }
}

TEST_F(Report, ThePhaseMapHasTheColoursOfItsClasses) {
  const Picture picture = decode(folder / "figures" / "phase_map.png");
  pugi::xml_document svg;
  svg.load_file((folder / "figures" / "phase_map.svg").c_str());
  const pugi::xml_node map = svg.select_node("//image").node();
  const auto number = [&](const char* name) { return map.attribute(name).as_double(); };
  // 60 × 80 pixels of 2.5 × 2 nm: what is drawn is 150 nm high and 160 nm wide.
  EXPECT_NEAR(number("height") / number("width"), 150.0 / 160.0, 1e-3);
  const auto colour = [&](int row, int column) {
    const auto x = static_cast<unsigned>(2 * (number("x") + (column + 0.5) / 80 * number("width")));
    const auto y = static_cast<unsigned>(2 * (number("y") + (row + 0.5) / 60 * number("height")));
    return std::vector<int>{picture.at(x, y, 0), picture.at(x, y, 1), picture.at(x, y, 2)};
  };
  EXPECT_EQ(colour(50, 10), (std::vector<int>{0x00, 0x9E, 0x73})) << "the matrix";
  EXPECT_EQ(colour(28, 40), (std::vector<int>{0x00, 0x72, 0xB2})) << "the needle";
  EXPECT_EQ(colour(44, 58), (std::vector<int>{0xD5, 0x5E, 0x00})) << "the sphere";
  EXPECT_EQ(colour(2, 2), (std::vector<int>{0xE3, 0xE3, 0xE3})) << "none";
}

TEST_F(Report, FiguresSayUnitsScaleAndChoice) {
  EXPECT_THAT(content_of(folder / "figures" / "abundances.svg"),
              testing::AllOf(HasSubstr(">50 nm<"), HasSubstr("σ of Ni")));
  EXPECT_THAT(content_of(folder / "figures" / "spectra.svg"),
              testing::AllOf(HasSubstr(">Energy (keV)<"), HasSubstr(">Counts per pixel<"), HasSubstr(">Ni Kα<")));
  EXPECT_THAT(content_of(folder / "figures" / "scree.svg"), testing::AllOf(HasSubstr(">3 kept<"), HasSubstr("Gavish")));
}

TEST_F(Report, SectionsStandInOrder) {
  const std::vector<std::string> ids{"summary",           "warnings",      "output-phase_map", "output-abundances",
                                     "output-spectra",    "output-scree",  "output-residual",  "output-phases",
                                     "output-chi_square", "output-reason", "record",           "command"};
  std::size_t last = 0;
  for (const std::string& id : ids) {
    const std::size_t place = page.find("<section id=\"" + id + "\"");
    ASSERT_NE(place, std::string::npos) << id;
    EXPECT_GT(place, last) << id;
    last = place;
  }
}

TEST_F(Report, HostileTextStaysText) {
  EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(page, Not(HasSubstr("<b>needle")));
  EXPECT_THAT(page, Not(HasSubstr("<b>their")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;Si&quot;"));
  EXPECT_THAT(page, HasSubstr("<code id=\"command-text\">ruska unmix.phases &#39;a &amp; b.hspy&#39; -o out</code>"));
  for (const auto& entry : fs::directory_iterator(folder / "figures")) {
    if (entry.path().extension() != ".svg") continue;
    EXPECT_THAT(content_of(entry.path()), Not(HasSubstr("<script>")));
  }
}

TEST_F(Report, NeedsNoNetwork) {
  // Every address in the page points into the page or the folder.
  const std::regex reference("(?:href|src)=\"([^\"]*)\"");
  for (std::sregex_iterator it(page.begin(), page.end(), reference), end; it != end; ++it) {
    EXPECT_TRUE(std::regex_match((*it)[1].str(), std::regex("#[\\w.-]+|(figures|tables)/[\\w.-]+"))) << (*it)[1];
  }
  EXPECT_THAT(page, HasSubstr("Content-Security-Policy\" content=\"default-src 'none'"));
  EXPECT_THAT(page, Not(HasSubstr("{{")));
}

TEST_F(Report, TableJoinsValueAndUncertainty) {
  EXPECT_THAT(page, HasSubstr("Area fraction ± σ (%)</th>"));
  EXPECT_THAT(page, HasSubstr(">14.24 ± 0.31</td>"));
  EXPECT_THAT(page, HasSubstr(">4.10 ± 0.22</td>"));
  EXPECT_THAT(page, HasSubstr("style=\"background:#0072b2\"></span>Ni</td>"));
  EXPECT_THAT(page, Not(HasSubstr("Area fraction sigma")));
}

TEST_F(Report, TablesHaveUnitsAndFullPrecision) {
  EXPECT_EQ(content_of(folder / "tables" / "phases.csv"),
            "phase,area_fraction (%),area_fraction_sigma (%),pixels,elements\r\n"
            "Ni,14.237,0.3121,683,\"Ni (212 σ), Cu (9.1 σ)\"\r\n"
            "Cr (O),4.0951,0.218,197,\"'=SUM(1,2), Cr (301 σ)\"\r\n"
            "\"<script>alert('x')</script> & \"\"Si\"\"\",81.668,0.38,3920,\"Si (840 σ), O (4.2 σ)\"\r\n");
  const std::string spectra = content_of(folder / "tables" / "spectra.csv");
  EXPECT_TRUE(spectra.starts_with("Energy (keV),Ni,Ni sigma,Cr (O),Cr (O) sigma,"));
  EXPECT_EQ(std::count(spectra.begin(), spectra.end(), '\n'), 1025);
  const std::string scree = content_of(folder / "tables" / "scree.csv");
  EXPECT_TRUE(scree.starts_with("number,Singular value\r\n1,900\r\n2,180\r\n3,36\r\n"));
  EXPECT_EQ(std::count(scree.begin(), scree.end(), '\n'), 121) << "the figure shows 40, the table all";
}

TEST_F(Report, EmbedsTheValues) {
  const Json json = data();
  ASSERT_EQ(json["figures"].size(), 5u);
  const Json& maps = json["figures"][1];
  EXPECT_EQ(maps["kind"], "maps");
  EXPECT_EQ(maps["panels"].size(), 3u);
  EXPECT_EQ(maps["panels"][2]["name"], hostile_name);
  EXPECT_EQ(maps["panels"][0]["values"].get<std::string>().size(), 60u * 80 * 4 / 3 * 4);
  EXPECT_TRUE(maps["panels"][0].contains("sigma"));
  EXPECT_DOUBLE_EQ(maps["aspect"].get<double>(), 1.25);
  const Json& scree = json["figures"][3];
  EXPECT_EQ(scree["chosen"], 3);
  EXPECT_EQ(scree["shown"], 40);
  EXPECT_EQ(json["figures"][2]["marks"][1]["label"], "Ni Kα");
}

TEST_F(Report, ShowsTheWholeRecord) {
  EXPECT_THAT(page, HasSubstr("&quot;operation_version&quot;: 1"));
  EXPECT_THAT(page, HasSubstr("&quot;components&quot;: null"));
}

TEST(WriteReport, WritesOverAnOlderReportAndSaysWhyItCannotWrite) {
  const ScratchFolder scratch;
  const fs::path folder = scratch / "report";
  Result small;
  small.outputs.add({.name = "n", .title = "Number", .value = Number{1, 0.1, "nm"}, .view = View::number});
  small.record = Json::object();
  write_report(folder, small, {.title = "first", .command = "c"});
  write_report(folder, small, {.title = "second", .command = "c"});
  const std::string page = content_of(folder / "report.html");
  EXPECT_THAT(page, HasSubstr("<title>second</title>"));
  EXPECT_THAT(page, HasSubstr("1.00 ± 0.10 nm"));
  EXPECT_THAT(page, Not(HasSubstr("Please note"))) << "no warnings, no box";
  try {
    write_report(folder / "report.html", small, {.title = "t", .command = "c"});
    FAIL() << "a folder within a file";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::io);
  }
}

TEST(WriteReport, NamesAnUncertaintyThatIsNotThere) {
  Result result = synthetic_result();
  result.outputs.all[1].sigma = "nowhere";
  try {
    const ScratchFolder folder;
    write_report(folder / "report", result, {.title = "t", .command = "c"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::AllOf(HasSubstr("abundances"), HasSubstr("nowhere")));
  }
}

}  // namespace
}  // namespace ruska::report
