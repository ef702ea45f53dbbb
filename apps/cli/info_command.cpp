// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>

#include "apps/cli/session.hpp"
#include "ruska/base/text.hpp"
#include "ruska/core/metadata.hpp"

namespace ruska::cli {
namespace {

/// "uint16", or "struct(R:uint16,G:uint16,B:uint16)" for pixels of several parts.
std::string dtype_name(const Description& description) {
  const std::string name(name_of(description.dtype));
  if (description.fields.empty()) return name;
  std::string text = "struct(";
  for (const std::string& field : description.fields) text += (text.back() == '(' ? "" : ",") + field + ":" + name;
  return text + ")";
}

/// The axes that the outside sees: the parts of a pixel are no axis.
Axes visible_axes(const Description& description) {
  Axes axes = description.axes;
  if (!description.fields.empty()) axes.pop_back();
  return axes;
}

Json describe(const Dataset& data, bool with_statistics) {
  const Description& description = data.describe();
  Json axes = Json::array();
  Shape shape;
  for (const Axis& axis : visible_axes(description)) {
    axes.push_back(to_json(axis));
    shape.push_back(axis.size);
  }
  Json signal{{"title", description.title},
              {"shape", shape},
              {"dtype", dtype_name(description)},
              {"axes", std::move(axes)},
              {"signal_type", description.signal_type},
              {"metadata", description.metadata},
              {"original_metadata", description.original}};
  if (with_statistics) {
    const Statistics values = statistics(data);
    signal["sum"] = values.sum;
    signal["min"] = values.min;
    signal["max"] = values.max;
    signal["mean"] = values.mean;
  }
  return signal;
}

std::string shape_text(const Description& description) {
  std::string navigation, signal;
  for (const Axis& axis : visible_axes(description)) {
    std::string& part = axis.role == Role::navigation ? navigation : signal;
    part += (part.empty() ? "" : ", ") + std::to_string(axis.size);
  }
  return "(" + navigation + "|" + signal + ")";
}

std::string axis_text(const Axis& axis) {
  char text[160];
  const std::string units = axis.units.empty() ? "" : " " + axis.units;
  std::snprintf(text, sizeof(text), "      %-10s %-14s %6lld  %.6g to %.6g%s, step %.6g%s\n",
                std::string(name_of(axis.role)).c_str(), axis.name.empty() ? "-" : axis.name.c_str(),
                static_cast<long long>(axis.size), axis.at(0), axis.at(static_cast<double>(axis.size - 1)),
                units.c_str(), axis.scale, units.c_str());
  return text;
}

/// The order in which a series was stacked.
std::string series_text(const Json& original) {
  const auto files = original.find("series");
  if (files == original.end() || !files->is_array() || files->size() < 2 || !(*files)[0].is_string()) return "";
  std::string text = "      frames     " + (*files)[0].get<std::string>() + ", " + (*files)[1].get<std::string>();
  if (files->size() > 2) text += (files->size() > 3 ? ", …, " : ", ") + files->back().get<std::string>();
  return text + "\n";
}

std::string describe_for_people(const File& file, bool with_statistics) {
  std::string text = file.path.string() + ": " + std::string(file.driver->title) + ", " +
                     std::to_string(file.signals.size()) + (file.signals.size() == 1 ? " signal\n" : " signals\n");
  const std::size_t obvious = file.obvious();
  for (std::size_t i = 0; i < file.signals.size(); ++i) {
    const Description& description = file.signals[i].describe();
    text += "  " + std::to_string(i) + (i == obvious && file.signals.size() > 1 ? "*" : " ") + " '" +
            description.title + "' " + shape_text(description) + " " + dtype_name(description) + ", " +
            format_bytes(static_cast<double>(description.bytes())) + (description.sparse ? ", sparse counts" : "") +
            (description.signal_type.empty() ? "" : ", " + description.signal_type) + "\n";
    for (const Axis& axis : visible_axes(description)) text += axis_text(axis);
    text += series_text(description.original);
    if (const auto energy = beam_energy(description.metadata)) {
      char line[64];
      std::snprintf(line, sizeof(line), "      beam energy %g keV\n", *energy);
      text += line;
    }
    if (const auto symbols = elements(description.metadata); !symbols.empty()) {
      text += "      elements in the file's metadata: " + join(symbols, " ") + "\n";
    }
    if (with_statistics) {
      const Statistics values = statistics(file.signals[i]);
      char line[160];
      std::snprintf(line, sizeof(line), "      sum %.10g, min %.6g, max %.6g, mean %.6g\n", values.sum, values.min,
                    values.max, values.mean);
      text += line;
    }
  }
  if (file.signals.size() > 1) text += "  * what an operation takes unless --signal names another\n";
  const Description& main = file.signals[obvious].describe();
  if (main.navigation_size() > 1 && main.signal_shape().size() == 1) {
    text += "Next: ruska unmix.phases " + file.path.string() + " -o phases\n";
  }
  return text;
}

}  // namespace

void add_info_command(CLI::App& app, Session& session) {
  struct Options {
    std::string file;
    bool with_statistics = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("info", "What is in a file: signals, axes with units, metadata");
  command->add_option("file", options->file, "The file, a folder of frames, or a pattern in quotes")->required();
  command->add_flag("--statistics", options->with_statistics, "Read all values: sum, minimum, maximum, mean");
  command->add_flag("--json", session.json, "One JSON object, with all metadata");
  command->callback([options, &session] {
    const File file = open_file(options->file);
    if (!session.json) {
      print(session, describe_for_people(file, options->with_statistics));
      return;
    }
    Json whole{{"file", options->file}, {"format", file.driver->name}, {"signals", Json::array()}};
    for (const Dataset& data : file.signals) whole["signals"].push_back(describe(data, options->with_statistics));
    print(session, whole.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  });
}

}  // namespace ruska::cli
