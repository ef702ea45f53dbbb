// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// Every unmixing method on the phantoms U1 and U2 (tests/golden/u1_u2.hpp), five draws each, beside the floor on the
// same data (Poisson maximum likelihood of single positions with the true spectra) and beside what an independent
// prototype in Python reached with the same recipe. Prints Markdown; exits with 1 where a bound is broken: the default
// factorisation and unmix.phases below twice the floor, lines with shares that sum to one below 1.3 times, and no
// method worse than the prototype by more than the draws' spread.
//   bench_unmixing_table [all|u1|u2|u2_dim] [METHOD]   U2 at 293 and at 18 counts; METHOD: rows whose name contains it
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <iostream>
#include <optional>
#include <string>

#include "ruska/core/metadata.hpp"
#include "ruska/core/record.hpp"
#include "tests/golden/u1_u2.hpp"

namespace ruska {
namespace {

constexpr std::uint64_t seeds = 5;

/// What a method makes of one draw; what it does not give stays empty.
struct Found {
  std::vector<double> maps{};     ///< found × positions, whatever their scale
  std::vector<double> spectra{};  ///< found × channels
  std::optional<Dataset> model{};
};

/// What the prototype measured: the mean abundance error and the peak signal-to-noise ratio in dB.
struct Prototype {
  std::optional<double> pure{}, mixed{};  ///< U2 with 293 counts, peak fractions 1.0 and 0.8
  std::optional<double> signal_to_noise{};
  std::string angles{};
};

struct Method {
  std::string name;
  std::function<Found(const golden::TwoSpheres&, const Dataset&)> run;
  Prototype prototype{};
  double bound = 0;  ///< most error in units of the floor, on U2 with 293 counts; 0 for none
};

struct Figures {
  std::vector<double> error, seconds, signal_to_noise;
  std::vector<std::vector<double>> angles;
};

std::vector<std::string> broken;

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double one : values) sum += one;
  return values.empty() ? std::nan("") : sum / static_cast<double>(values.size());
}

double deviation_of(const std::vector<double>& values) {
  double squares = 0;
  for (const double one : values) squares += (one - mean_of(values)) * (one - mean_of(values));
  return values.size() < 2 ? 0 : std::sqrt(squares / static_cast<double>(values.size() - 1));
}

std::string number(const char* format, double value) {
  char text[32];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string spread(const std::vector<double>& values, const char* format) {
  return values.empty() ? "" : number(format, mean_of(values)) + " ± " + number(format, deviation_of(values));
}

double signal_to_noise(const golden::TwoSpheres& truth, const std::vector<double>& expected, const Dataset& model) {
  double squares = 0, most = 0;
  for (std::int64_t y = 0; y < truth.edge; ++y) {
    const std::vector<double> values = model.read_as_double({{y, 0, 0}, {1, truth.edge, truth.channels}});
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double mean = expected[static_cast<std::size_t>(y * truth.edge * truth.channels) + i];
      squares += (values[i] - mean) * (values[i] - mean);
      most = std::max(most, mean);
    }
  }
  return 10 * std::log10(most * most * static_cast<double>(expected.size()) / squares);
}

/// Shares of each position: what is compared is shares, whatever a method gives.
std::vector<double> shares_of(std::vector<double> maps, std::size_t positions) {
  const std::size_t count = maps.size() / positions;
  for (std::size_t p = 0; p < positions; ++p) {
    double sum = 0;
    for (std::size_t k = 0; k < count; ++k) sum += maps[k * positions + p];
    for (std::size_t k = 0; k < count && sum > 0; ++k) maps[k * positions + p] /= sum;
  }
  return maps;
}

Outputs execute_quietly(const char* name, const Inputs& inputs, const Json& parameters) {
  Context context;
  return execute(operation(name), inputs, parameters, context).outputs;
}

Dataset spectra_dataset(const golden::TwoSpheres& truth, const Dataset& data, const std::vector<double>& values) {
  Description description;
  description.axes = {Axis{.name = "component",
                           .role = Role::navigation,
                           .size = static_cast<std::int64_t>(values.size()) / truth.channels},
                      data.describe().axes.back()};
  return Dataset::from_values<double>(description, values);
}

Method fit_of_true_spectra(const char* method) {
  return {std::string("true spectra, `unmix.abundances` ") + method,
          [method](const golden::TwoSpheres& truth, const Dataset& data) -> Found {
            const Outputs outputs = execute_quietly(
                "unmix.abundances", {{"data", data}, {"spectra", spectra_dataset(truth, data, truth.spectra)}},
                {{"method", method}});
            return {outputs.dataset("abundances").read_all_as_double(), {}, {}};
          }};
}

Found factorised(const Dataset& data, const Json& parameters) {
  const Outputs outputs = execute_quietly("unmix.nmf", {{"data", data}}, parameters);
  return {outputs.dataset("loadings").read_all_as_double(), outputs.dataset("factors").read_all_as_double(),
          outputs.dataset("reconstruction")};
}

/// One start unless the parameters say otherwise: further ones tell stability and change nothing.
Method factorisation(const std::string& name, Json parameters, Prototype prototype = {}, double bound = 0) {
  if (!parameters.contains("components")) parameters["components"] = 3;
  if (!parameters.contains("starts")) parameters["starts"] = 1;
  return {name.empty() ? "`unmix.nmf`" : "`unmix.nmf`, " + name,
          [parameters](const golden::TwoSpheres&, const Dataset& data) { return factorised(data, parameters); },
          std::move(prototype), bound};
}

Method pure_positions(const char* search, const char* fit, Prototype prototype = {}) {
  return {std::string("`unmix.endmembers` ") + search + ", `unmix.abundances` " + fit,
          [search, fit](const golden::TwoSpheres&, const Dataset& data) -> Found {
            const Outputs found = execute_quietly("unmix.endmembers", {{"data", data}},
                                                  {{"components", 3}, {"method", search}, {"starts", 1}});
            const Outputs outputs = execute_quietly(
                "unmix.abundances", {{"data", data}, {"spectra", found.dataset("endmembers")}}, {{"method", fit}});
            return {outputs.dataset("abundances").read_all_as_double(),
                    found.dataset("endmembers").read_all_as_double(),
                    {}};
          },
          std::move(prototype)};
}

Method phases() {
  return {"`unmix.phases`",
          [](const golden::TwoSpheres&, const Dataset& data) -> Found {
            const Outputs outputs = execute_quietly("unmix.phases", {{"data", data}}, Json::object());
            return {outputs.dataset("abundances").read_all_as_double(),
                    outputs.dataset("spectra").read_all_as_double(),
                    {}};
          },
          {},
          2};
}

/// Signs and scales of components mean nothing, so that only angles and the model are told.
Method components(const char* name, const std::string& title, Json parameters, const char* model,
                  Prototype prototype = {}) {
  if (std::string(name) != "unmix.ica") parameters["components"] = 3;
  if (std::string(name) == "unmix.ica") parameters["components"] = {1, 2, 3};
  return {"`" + std::string(name) + "`" + title,
          [name, model, parameters](const golden::TwoSpheres& truth, const Dataset& data) -> Found {
            const Outputs outputs = execute_quietly(name, {{"data", data}}, parameters);
            std::vector<double> spectra = outputs.dataset("factors").read_all_as_double();
            const auto channels = static_cast<std::size_t>(truth.channels);
            for (std::size_t k = 0; k < spectra.size() / channels; ++k) {
              double sum = 0;
              for (std::size_t c = 0; c < channels; ++c) sum += spectra[k * channels + c];
              for (std::size_t c = 0; c < channels && sum < 0; ++c) spectra[k * channels + c] *= -1;
            }
            return {{}, std::move(spectra), outputs.dataset(model)};
          },
          std::move(prototype)};
}

/// Components as a filter before the factorisation: their model, no less than 0, is factorised by squares.
Method filtered(const char* name, Json parameters, const char* model) {
  parameters["components"] = 3;
  return {"`" + std::string(name) + "`, then `unmix.nmf` squares",
          [name, parameters, model](const golden::TwoSpheres&, const Dataset& data) {
            const Outputs outputs = execute_quietly(name, {{"data", data}}, parameters);
            const Dataset filtered = outputs.dataset(model);
            std::vector<double> values = filtered.read_all_as_double();
            for (double& one : values) one = std::max(one, 0.0);
            Description description = data.describe();
            description.dtype = DType::float64;
            return factorised(Dataset::from_values<double>(description, values),
                              {{"components", 3}, {"starts", 1}, {"loss", "frobenius"}, {"weighting", "poisson"}});
          }};
}

std::vector<Method> methods_of_u2() {
  std::vector<Method> methods{fit_of_true_spectra("likelihood"), fit_of_true_spectra("least_squares"), phases()};
  methods[0].prototype = {.pure = 0.053, .mixed = 0.058};
  for (const char* search : {"n_findr", "spa", "vca"}) {
    methods.push_back(pure_positions(search, "likelihood", {.pure = 0.08, .mixed = 0.11}));
    methods.push_back(pure_positions(search, "least_squares", {.pure = 0.08, .mixed = 0.11}));
  }
  const Prototype from_pure{.pure = 0.11, .mixed = 0.14}, from_chance{.pure = 0.28, .mixed = 0.32};
  methods.push_back(factorisation("defaults", Json::object(), from_pure, 2));
  methods.push_back(factorisation("sparsity 1", {{"sparsity", 1.0}}));
  methods.push_back(factorisation("sparsity 0, three passes", {{"sparsity", 0.0}, {"max_iterations", 3}}, from_pure));
  methods.push_back(factorisation("sparsity 0, to the minimum", {{"sparsity", 0.0}}));
  const Json random{{"initialization", "random"}, {"starts", 3}};
  const auto with = [](Json base, const Json& more) {
    base.update(more);
    return base;
  };
  methods.push_back(factorisation("random starts", random, from_chance));
  methods.push_back(factorisation("random starts, sparsity 0", with(random, {{"sparsity", 0.0}}), from_chance));
  methods.push_back(factorisation("squares", {{"loss", "frobenius"}}));
  methods.push_back(factorisation("squares, sparsity ½", {{"loss", "frobenius"}, {"sparsity", 0.5}}));
  methods.push_back(factorisation("squares, sum to one", {{"loss", "frobenius"}, {"sum_to_one", true}}));
  methods.push_back(factorisation("total variation 5", {{"smoothness", 5.0}}));
  methods.push_back(factorisation("automatic relevance, from 6", {{"automatic_relevance", true}, {"components", 6}}));
  const Json lines{{"spectra", "lines"}, {"sum_to_one", true}, {"beam_energy", 200.0}};
  methods.push_back(factorisation("lines, sum to one", lines, {}, 1.3));
  methods.push_back(factorisation("lines, sum to one, sparsity 0", with(lines, {{"sparsity", 0.0}})));
  methods.push_back(factorisation("lines, sum to one, sparsity 1", with(lines, {{"sparsity", 1.0}})));
  methods.push_back(filtered("unmix.pca", Json::object(), "reconstruction"));
  methods.push_back(filtered("unmix.mlpca", Json::object(), "reconstruction"));
  methods.push_back(filtered("unmix.robust_pca", Json::object(), "low_rank"));
  methods.push_back(components("unmix.pca", "", Json::object(), "reconstruction"));
  methods.push_back(components("unmix.ica", ", varimax", {{"algorithm", "orthomax"}}, "reconstruction"));
  methods.push_back(components("unmix.ica", ", FastICA", Json::object(), "reconstruction"));
  methods.push_back(components("unmix.ica", ", FastICA on loadings", {{"on", "loadings"}}, "reconstruction"));
  methods.push_back(components("unmix.ica", ", JADE", {{"algorithm", "jade"}}, "reconstruction"));
  methods.push_back(components("unmix.ica", ", SOBI", {{"algorithm", "sobi"}}, "reconstruction"));
  return methods;
}

std::vector<Method> methods_of_u1() {
  std::vector<Method> methods;
  methods.push_back({"the counts themselves",
                     [](const golden::TwoSpheres&, const Dataset& data) -> Found {
                       return {{}, {}, data};
                     },
                     {.signal_to_noise = 30.8}});
  methods.push_back(
      components("unmix.pca", ", no weights", {{"weighting", "none"}}, "reconstruction", {.signal_to_noise = 39.7}));
  methods.push_back(components("unmix.pca", "", Json::object(), "reconstruction", {.signal_to_noise = 45.2}));
  methods.push_back(components("unmix.mlpca", "", Json::object(), "reconstruction"));
  methods.push_back(components("unmix.robust_pca", "", Json::object(), "low_rank"));
  methods.push_back(components("unmix.ica", ", FastICA", Json::object(), "reconstruction", {.angles = "69, 39, 10"}));
  methods.push_back(components("unmix.ica", ", varimax", {{"algorithm", "orthomax"}}, "reconstruction"));
  methods.push_back(factorisation("squares, no weights", {{"loss", "frobenius"}, {"weighting", "none"}},
                                  {.signal_to_noise = 39.7, .angles = "40, 11, 25"}));
  methods.push_back(factorisation("squares, sparsity 0", {{"loss", "frobenius"}, {"sparsity", 0.0}}));
  methods.push_back(
      factorisation("sparsity 0", {{"sparsity", 0.0}}, {.signal_to_noise = 45.3, .angles = "9–11, 2–3, 3–5"}));
  methods.push_back(factorisation("defaults", Json::object(), {.signal_to_noise = 45.3}));
  methods.push_back(factorisation("sparsity 1", {{"sparsity", 1.0}}));
  return methods;
}

Figures measure(const Method& method, const golden::TwoSpheres& truth, const std::vector<double>* expected) {
  using Clock = std::chrono::steady_clock;
  Figures figures;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    const Dataset data = truth.draw(seed);
    const auto start = Clock::now();
    const Found found = method.run(truth, data);
    figures.seconds.push_back(std::chrono::duration<double>(Clock::now() - start).count());
    if (!found.maps.empty()) {
      figures.error.push_back(
          golden::mean_abundance_error(truth, shares_of(found.maps, static_cast<std::size_t>(truth.positions()))));
    }
    if (!found.spectra.empty()) figures.angles.push_back(golden::spectral_angles(truth, found.spectra));
    if (expected != nullptr && found.model) {
      figures.signal_to_noise.push_back(signal_to_noise(truth, *expected, *found.model));
    }
  }
  return figures;
}

std::string angles_of(const Figures& figures) {
  std::string text;
  for (std::size_t m = 0; m < 3 && !figures.angles.empty(); ++m) {
    std::vector<double> of_material;
    for (const std::vector<double>& one : figures.angles) of_material.push_back(one[m]);
    text += (m > 0 ? ", " : "") + spread(of_material, "%.1f");
  }
  return text;
}

void expect(bool holds, const std::string& what) {
  if (!holds) broken.push_back(what);
}

void print_u2(double counts, double peak, const std::string& wanted) {
  const golden::TwoSpheres truth = golden::u2(peak, counts);
  const bool bright = counts > 100;
  const std::string set = "U2, " + number("%.0f", counts) + " counts, peak fraction " + number("%.1f", peak);
  std::printf("%s:\n\n", set.c_str());
  std::printf("| method | mean abundance error | over the floor | prototype | angles (°): matrix, spheres | s |\n");
  std::printf("| --- | --- | --- | --- | --- | --- |\n");
  double floor = 0;
  for (const Method& method : methods_of_u2()) {
    const bool is_floor = floor == 0;
    if (!is_floor && method.name.find(wanted) == std::string::npos) continue;
    const Figures figures = measure(method, truth, nullptr);
    const double error = mean_of(figures.error);
    if (is_floor) floor = error;
    // The notes round to two digits, so that half a unit of the last one is no difference.
    const std::optional<double> known = peak == 1.0 ? method.prototype.pure : method.prototype.mixed;
    if (bright && known) {
      expect(error <= *known + deviation_of(figures.error) + 0.005,
             set + ": " + method.name + " has " + number("%.4f", error) + ", the prototype " + number("%.3f", *known));
    }
    if (bright && method.bound > 0) {
      expect(error <= method.bound * floor, set + ": " + method.name + " is at " + number("%.2f", error / floor) +
                                                " times the floor, " + number("%.1f", method.bound) + " allowed");
    }
    std::printf("| %s | %s | %s | %s | %s | %.2f |\n", method.name.c_str(), spread(figures.error, "%.4f").c_str(),
                figures.error.empty() ? "" : number("%.2f", error / floor).c_str(),
                bright && known ? number("%.3g", *known).c_str() : "", angles_of(figures).c_str(),
                mean_of(figures.seconds));
    std::fflush(stdout);
  }
  std::printf("\n");
}

void print_u1(const std::string& wanted) {
  const golden::TwoSpheres truth = golden::u1();
  const std::vector<double> expected = truth.expected();
  std::printf("U1, 293 counts, peak fraction 0.8:\n\n");
  std::printf("| method | PSNR (dB) | prototype | angles (°): matrix, spheres | prototype | s |\n");
  std::printf("| --- | --- | --- | --- | --- | --- |\n");
  for (const Method& method : methods_of_u1()) {
    if (method.name.find(wanted) == std::string::npos) continue;
    const Figures figures = measure(method, truth, &expected);
    const std::optional<double> known = method.prototype.signal_to_noise;
    if (known) {
      expect(mean_of(figures.signal_to_noise) >= *known - deviation_of(figures.signal_to_noise) - 0.05,
             "U1: " + method.name + " has " + number("%.2f", mean_of(figures.signal_to_noise)) + " dB, the prototype " +
                 number("%.1f", *known));
    }
    std::printf("| %s | %s | %s | %s | %s | %.2f |\n", method.name.c_str(),
                spread(figures.signal_to_noise, "%.2f").c_str(), known ? number("%.1f", *known).c_str() : "",
                angles_of(figures).c_str(), method.prototype.angles.c_str(), mean_of(figures.seconds));
    std::fflush(stdout);
  }
  std::printf("\n");
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
    for (const double counts : {293.0, 18.0}) {
      if (which != "all" && which != (counts > 100 ? "u2" : "u2_dim")) continue;
      for (const double peak : {1.0, 0.8}) ruska::print_u2(counts, peak, wanted);
    }
    if (which == "all" || which == "u1") ruska::print_u1(wanted);
    for (const std::string& one : ruska::broken) std::printf("MISSED: %s\n", one.c_str());
    if (ruska::broken.empty()) std::printf("All bounds hold.\n");
    return ruska::broken.empty() ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
