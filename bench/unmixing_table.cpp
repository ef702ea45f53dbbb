// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// Every unmixing method on the phantoms U1 and U2 (tests/golden/u1_u2.hpp), five draws each, beside the floor on the
// same data: Poisson maximum likelihood of single positions with the true spectra. Prints Markdown.
//   bench_unmixing_table [u1|u2|u2_dim] [METHOD]      U2 at 293 and at 18 counts; METHOD: rows whose name contains it
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <string>

#include "ruska/core/metadata.hpp"
#include "ruska/core/record.hpp"
#include "tests/golden/u1_u2.hpp"

namespace ruska {
namespace {

constexpr std::uint64_t seeds = 5;

using Clock = std::chrono::steady_clock;

struct Figures {
  std::vector<double> error, seconds, signal_to_noise;
  std::vector<std::vector<double>> angles;
};

std::string spread(const std::vector<double>& values, const char* format) {
  if (values.empty()) return "";
  double mean = 0, squares = 0;
  for (const double one : values) mean += one / static_cast<double>(values.size());
  for (const double one : values) squares += (one - mean) * (one - mean);
  char text[64], of_mean[24], deviation[24];
  std::snprintf(of_mean, sizeof of_mean, format, mean);
  std::snprintf(deviation, sizeof deviation, format,
                std::sqrt(squares / static_cast<double>(std::max<std::size_t>(1, values.size() - 1))));
  std::snprintf(text, sizeof text, "%s ± %s", of_mean, deviation);
  return text;
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double one : values) sum += one;
  return values.empty() ? std::nan("") : sum / static_cast<double>(values.size());
}

/// Shares of each position from counts: what is compared is shares whatever a method gives.
std::vector<double> shares_of(const Dataset& maps, std::size_t positions) {
  std::vector<double> values = maps.read_all_as_double();
  const std::size_t count = values.size() / positions;
  for (std::size_t p = 0; p < positions; ++p) {
    double sum = 0;
    for (std::size_t k = 0; k < count; ++k) sum += values[k * positions + p];
    for (std::size_t k = 0; k < count && sum > 0; ++k) values[k * positions + p] /= sum;
  }
  return values;
}

double signal_to_noise(const golden::TwoSpheres& truth, const std::vector<double>& expected, const Dataset& model) {
  const std::int64_t rows = truth.edge;
  double squares = 0, most = 0;
  for (std::int64_t y = 0; y < rows; ++y) {
    const std::vector<double> values = model.read_as_double({{y, 0, 0}, {1, truth.edge, truth.channels}});
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double mean = expected[static_cast<std::size_t>(y * truth.edge * truth.channels) + i];
      squares += (values[i] - mean) * (values[i] - mean);
      most = std::max(most, mean);
    }
  }
  return 10 * std::log10(most * most * static_cast<double>(expected.size()) / squares);
}

Dataset spectra_dataset(const golden::TwoSpheres& truth, const Dataset& data, const std::vector<double>& values) {
  Description description;
  description.axes = {Axis{.name = "component",
                           .role = Role::navigation,
                           .size = static_cast<std::int64_t>(values.size()) / truth.channels},
                      data.describe().axes.back()};
  return Dataset::from_values<double>(description, values);
}

Outputs execute_quietly(const char* name, const Inputs& inputs, const Json& parameters) {
  Context context;
  return execute(operation(name), inputs, parameters, context).outputs;
}

struct Method {
  std::string name;
  /// Adds its figures for one draw.
  std::function<void(const golden::TwoSpheres&, const Dataset&, Figures&)> run;
};

bool exists(std::string_view name) {
  return std::any_of(operations().begin(), operations().end(),
                     [&](const Operation* one) { return one->facts.name == name; });
}

void add(const golden::TwoSpheres& truth, Figures& figures, const std::vector<double>& shares,
         const std::vector<double>& spectra) {
  figures.error.push_back(golden::mean_abundance_error(truth, shares));
  if (!spectra.empty()) figures.angles.push_back(golden::spectral_angles(truth, spectra));
}

Method fit_of_true_spectra(const char* method) {
  return {std::string("true spectra, unmix.abundances ") + method,
          [method](const golden::TwoSpheres& truth, const Dataset& data, Figures& figures) {
            const Outputs outputs = execute_quietly(
                "unmix.abundances", {{"data", data}, {"spectra", spectra_dataset(truth, data, truth.spectra)}},
                {{"method", method}});
            add(truth, figures, shares_of(outputs.dataset("abundances"), static_cast<std::size_t>(truth.positions())),
                {});
          }};
}

Method factorisation(std::string name, Json parameters) {
  parameters["components"] = 3;
  return {std::move(name), [parameters](const golden::TwoSpheres& truth, const Dataset& data, Figures& figures) {
            const Outputs outputs = execute_quietly("unmix.nmf", {{"data", data}}, parameters);
            add(truth, figures, shares_of(outputs.dataset("loadings"), static_cast<std::size_t>(truth.positions())),
                outputs.dataset("factors").read_all_as_double());
          }};
}

Method pure_positions(const char* search, const char* fit) {
  return {std::string("unmix.endmembers ") + search + " + unmix.abundances " + fit,
          [search, fit](const golden::TwoSpheres& truth, const Dataset& data, Figures& figures) {
            const Outputs found = execute_quietly("unmix.endmembers", {{"data", data}},
                                                  {{"components", 3}, {"method", search}, {"starts", 1}});
            const Outputs outputs = execute_quietly(
                "unmix.abundances", {{"data", data}, {"spectra", found.dataset("endmembers")}}, {{"method", fit}});
            add(truth, figures, shares_of(outputs.dataset("abundances"), static_cast<std::size_t>(truth.positions())),
                found.dataset("endmembers").read_all_as_double());
          }};
}

Method phases() {
  return {"unmix.phases", [](const golden::TwoSpheres& truth, const Dataset& data, Figures& figures) {
            const Outputs outputs = execute_quietly("unmix.phases", {{"data", data}}, Json::object());
            add(truth, figures, shares_of(outputs.dataset("abundances"), static_cast<std::size_t>(truth.positions())),
                outputs.dataset("spectra").read_all_as_double());
          }};
}

/// Signs and scales of independent components mean nothing, so that only angles are told.
Method independent_components() {
  return {"unmix.ica", [](const golden::TwoSpheres& truth, const Dataset& data, Figures& figures) {
            const Outputs outputs = execute_quietly("unmix.ica", {{"data", data}}, {{"components", 3}});
            std::vector<double> spectra = outputs.dataset("factors").read_all_as_double();
            const auto channels = static_cast<std::size_t>(truth.channels);
            for (std::size_t k = 0; k < spectra.size() / channels; ++k) {
              double sum = 0;
              for (std::size_t c = 0; c < channels; ++c) sum += spectra[k * channels + c];
              for (std::size_t c = 0; c < channels && sum < 0; ++c) spectra[k * channels + c] *= -1;
            }
            figures.angles.push_back(golden::spectral_angles(truth, spectra));
          }};
}

std::vector<Method> methods_of_u2() {
  std::vector<Method> methods{fit_of_true_spectra("likelihood"), fit_of_true_spectra("least_squares"), phases()};
  for (const char* search : {"n_findr", "spa", "vca"}) methods.push_back(pure_positions(search, "likelihood"));
  methods.push_back(pure_positions("spa", "least_squares"));
  const Json once{{"starts", 1}};
  const auto with = [&](Json more) {
    more.update(once);
    return more;
  };
  methods.push_back(factorisation("unmix.nmf, poisson", with(Json::object())));
  methods.push_back(factorisation("unmix.nmf, frobenius", with({{"loss", "frobenius"}})));
  methods.push_back(factorisation("unmix.nmf, random starts", {{"initialization", "random"}, {"starts", 3}}));
  methods.push_back(
      factorisation("unmix.nmf, frobenius, sum to one", with({{"loss", "frobenius"}, {"sum_to_one", true}})));
  methods.push_back(factorisation("unmix.nmf, sparsity 1", with({{"sparsity", 1.0}})));
  methods.push_back(factorisation("unmix.nmf, total variation 5", with({{"smoothness", 5.0}})));
  methods.push_back(
      factorisation("unmix.nmf, sparsity 1, total variation 5", with({{"sparsity", 1.0}, {"smoothness", 5.0}})));
  const Json lines{{"spectra", "lines"}, {"sum_to_one", true}, {"beam_energy", 200.0}};
  const auto with_lines = [&](Json more) {
    more.update(lines);
    return with(std::move(more));
  };
  methods.push_back(factorisation("unmix.nmf, lines, sum to one", with_lines(Json::object())));
  methods.push_back(factorisation("unmix.nmf, lines, sum to one, sparsity 1", with_lines({{"sparsity", 1.0}})));
  methods.push_back(factorisation("unmix.nmf, lines, sum to one, sparsity 1, total variation 5",
                                  with_lines({{"sparsity", 1.0}, {"smoothness", 5.0}})));
  if (exists("unmix.ica")) methods.push_back(independent_components());
  return methods;
}

double seconds_of(const Method& method, const golden::TwoSpheres& truth, const Dataset& data, Figures& figures) {
  const auto start = Clock::now();
  method.run(truth, data, figures);
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void print_u2(double counts, const std::string& wanted) {
  for (const double peak : {1.0, 0.8}) {
    const golden::TwoSpheres truth = golden::u2(peak, counts);
    std::printf("U2, %.0f counts per position, peak fraction %.1f\n\n", counts, peak);
    std::printf(
        "| method | mean abundance error | over the floor | angles (°): matrix, first, second sphere | seconds |\n");
    std::printf("| --- | --- | --- | --- | --- |\n");
    double floor = 0;
    for (const Method& method : methods_of_u2()) {
      const bool is_floor = floor == 0;
      if (!is_floor && method.name.find(wanted) == std::string::npos) continue;
      Figures figures;
      for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        figures.seconds.push_back(seconds_of(method, truth, truth.draw(seed), figures));
      }
      if (is_floor) floor = mean_of(figures.error);
      std::string angles;
      for (std::size_t m = 0; m < 3 && !figures.angles.empty(); ++m) {
        std::vector<double> of_material;
        for (const std::vector<double>& one : figures.angles) of_material.push_back(one[m]);
        angles += (m > 0 ? ", " : "") + spread(of_material, "%.1f");
      }
      char ratio[16] = "";
      if (!figures.error.empty()) std::snprintf(ratio, sizeof ratio, "%.2f", mean_of(figures.error) / floor);
      std::printf("| %s | %s | %s | %s | %.2f |\n", method.name.c_str(), spread(figures.error, "%.4f").c_str(), ratio,
                  angles.c_str(), mean_of(figures.seconds));
      std::fflush(stdout);
    }
    std::printf("\n");
  }
}

void print_u1(const std::string& wanted) {
  const golden::TwoSpheres truth = golden::u1();
  const std::vector<double> expected = truth.expected();
  const std::vector<std::pair<const char*, Json>> methods{
      {"unmix.pca", {{"components", 3}}},
      {"unmix.pca", {{"components", 3}, {"weighting", "none"}}},
      {"unmix.nmf", {{"components", 3}, {"starts", 1}}},
      {"unmix.nmf", {{"components", 3}, {"starts", 1}, {"loss", "frobenius"}}},
      {"unmix.nmf", {{"components", 3}, {"starts", 1}, {"sparsity", 1.0}}}};
  std::printf("U1, 293 counts per position, peak fraction 0.8\n\n");
  std::printf("| method | PSNR (dB) | seconds |\n| --- | --- | --- |\n");
  for (const auto& [name, parameters] : methods) {
    std::string title = name;
    for (const auto& [key, value] : parameters.items()) {
      if (key != "starts") title += ", " + key + " " + (value.is_string() ? value.get<std::string>() : value.dump());
    }
    if (title.find(wanted) == std::string::npos) continue;
    Figures figures;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
      const Dataset data = truth.draw(seed);
      const auto start = Clock::now();
      const Outputs outputs = execute_quietly(name, {{"data", data}}, parameters);
      figures.seconds.push_back(std::chrono::duration<double>(Clock::now() - start).count());
      figures.signal_to_noise.push_back(signal_to_noise(truth, expected, outputs.dataset("reconstruction")));
    }
    std::printf("| %s | %s | %.2f |\n", title.c_str(), spread(figures.signal_to_noise, "%.2f").c_str(),
                mean_of(figures.seconds));
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace ruska

int main(int argc, char** argv) {
  try {
    const std::string which = argc > 1 ? argv[1] : "all", wanted = argc > 2 ? argv[2] : "";
    if (argc > 3 || (which != "all" && which != "u1" && which != "u2" && which != "u2_dim")) {
      std::cerr << "usage: bench_unmixing_table [all|u1|u2|u2_dim] [METHOD]\n";
      return 2;
    }
    if (which == "all" || which == "u2") ruska::print_u2(293, wanted);
    if (which == "all" || which == "u2_dim") ruska::print_u2(18, wanted);
    if (which == "all" || which == "u1") ruska::print_u1(wanted);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
