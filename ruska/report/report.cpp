// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/report/report.hpp"

#include <algorithm>
#include <system_error>
#include <vector>

#include "ruska/report/escape.hpp"
#include "ruska/report/figure.hpp"
#include "ruska/report/page.hpp"
#include "ruska/report/table.hpp"
#include "ruska/report/write_whole.hpp"

namespace ruska::report {
namespace {

namespace fs = std::filesystem;

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw Error(ErrorKind::io, "cannot make the folder " + folder.string() + ": " + error.message());
}

/// An uncertainty is shown with what it belongs to, not for itself.
bool is_uncertainty_of_another(const Outputs& outputs, const Output& output) {
  return std::any_of(outputs.all.begin(), outputs.all.end(), [&](const Output& other) {
    return &other != &output && other.sigma == output.name && is_figure(other.view);
  });
}

std::vector<Figure> figures_of(const Outputs& outputs) {
  std::vector<Figure> figures;
  for (const Output& output : outputs.all) {
    if (!is_figure(output.view) || is_uncertainty_of_another(outputs, output)) continue;
    const Output* sigma = output.sigma.empty() ? nullptr : outputs.find(output.sigma);
    if (!output.sigma.empty() && !sigma) {
      throw Error(ErrorKind::internal,
                  "the output '" + output.name + "' names its uncertainty '" + output.sigma + "', which is not there");
    }
    figures.push_back(with_context([&] { return "drawing " + output.name; }, [&] { return figure_of(output, sigma); }));
  }
  return figures;
}

}  // namespace

void write_report(const fs::path& folder, const Result& result, const ReportFacts& facts) {
  const fs::path figure_folder = folder / "figures", table_folder = folder / "tables";
  make_folder(figure_folder);
  make_folder(table_folder);
  const std::vector<Figure> figures = figures_of(result.outputs);
  for (const Figure& figure : figures) {
    const std::string stem = file_stem(figure.name);
    write_figure(figure_folder / stem, figure);
    if (const auto* curves = std::get_if<Curves>(&figure.content))
      write_whole(table_folder / (stem + ".csv"), csv_of(*curves));
    if (const auto* scree = std::get_if<Scree>(&figure.content))
      write_whole(table_folder / (stem + ".csv"), csv_of(*scree));
  }
  for (const Output& output : result.outputs.all) {
    if (output.view != View::table) continue;
    write_whole(table_folder / (file_stem(output.name) + ".csv"), csv_of(std::get<Table>(output.value)));
  }
  write_whole(folder / "report.html", page_of(result, figures, facts));
}

}  // namespace ruska::report
