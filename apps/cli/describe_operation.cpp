// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "apps/cli/describe_operation.hpp"

#include <charconv>

#include "ruska/base/text.hpp"

namespace ruska::cli {
namespace {

/// "integer 1 to 64, auto"; what a value may be.
std::string allowed_text(const ParameterFacts& facts) {
  std::string text = facts.choices.empty() ? facts.type : join(facts.choices, " | ");
  if (facts.type == "strings" || facts.type == "numbers") text = facts.type + " separated by commas";
  if (facts.low && facts.high)
    text += " " + facts.low->dump() + " to " + facts.high->dump();
  else if (facts.low)
    text += " ≥ " + facts.low->dump();
  if (!facts.unit.empty()) text += " " + facts.unit;
  if (facts.automatic) text += ", or auto";
  return text;
}

/// Words of a paragraph in lines of at most 96 characters, each indented.
std::string wrapped(const std::string& paragraph, const std::string& indent) {
  std::string text, line;
  std::size_t begin = 0;
  while (begin < paragraph.size()) {
    const std::size_t end = std::min(paragraph.find(' ', begin), paragraph.size());
    const std::string word = paragraph.substr(begin, end - begin);
    if (!line.empty() && indent.size() + line.size() + word.size() + 1 > 96) {
      text += indent + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
    begin = end + 1;
  }
  return text + (line.empty() ? "" : indent + line + "\n");
}

std::string table_cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return text;
}

std::string usage(const Operation& operation) {
  std::string line = "ruska " + operation.facts.name;
  bool first = true;
  for (const Port& port : operation.facts.inputs) {
    if (first)
      line += port.required ? " INPUT" : " [INPUT]";
    else if (port.required)
      line += " --" + port.name + " FILE";
    first = false;
  }
  return line + " -o OUTPUT [--parameter VALUE ...]";
}

}  // namespace

std::string word_of(const Json& value) {
  if (value.is_null()) return "auto";
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump();
  std::string word;
  for (const Json& one : value) word += (word.empty() ? "" : ",") + word_of(one);
  return word;
}

std::string help_text(const Operation& operation) {
  const OperationFacts& facts = operation.facts;
  std::string text =
      facts.name + " (version " + std::to_string(facts.version) + ")\n" + wrapped(facts.summary, "  ") + "\nUsage\n  " +
      usage(operation) + "\n" +
      "  An OUTPUT ending in .h5 or .hspy is one result file; any other name is a folder with the result\n"
      "  file, report.html, figures and tables. `ruska replay` repeats either.\n";
  if (!facts.inputs.empty()) {
    text += "\nInputs\n";
    bool first = true;
    for (const Port& port : facts.inputs) {
      text += "  " + (first ? "INPUT (" + port.name + ")" : "--" + port.name + " FILE") +
              (port.required ? "\n" : "  (optional)\n") + wrapped(port.help, "      ");
      first = false;
    }
    text += "      FILE::SIGNAL names a signal of a file by number or title; --signal does so for INPUT.\n";
  }
  text += "\nParameters\n";
  for (const ParameterFacts& parameter : operation.parameters) {
    text += "  --" + parameter.name + "  <" + allowed_text(parameter) + ">  default " +
            word_of(parameter.default_value) + "\n" + wrapped(parameter.help, "      ");
  }
  text += "\nOutputs\n";
  for (const OutputPort& port : facts.outputs) text += "  " + port.name + "\n" + wrapped(port.help, "      ");
  if (!facts.traits.streams) {
    text += "\nHolds everything in memory: " + facts.traits.holds_everything + ".\n";
  }
  if (!facts.citations.empty()) {
    text += "\nSources\n";
    for (const std::string& citation : facts.citations) text += wrapped(citation, "  ");
  }
  return text +
         "\nCommon flags\n"
         "  --plan           predict memory, time and output shapes; run nothing\n"
         "  --threads N      --memory SIZE    --quiet    --strict (not converged is an error)\n"
         "  --json           the summary and the record as JSON on standard output\n"
         "  --force          replace an existing OUTPUT\n"
         "  --parameters FILE.json   parameters from a file; options on the command line win\n";
}

std::string reference_text(const Operation& operation) {
  const OperationFacts& facts = operation.facts;
  std::string text = "# " + facts.name + "\n\n" + facts.summary + "\n\n    " + usage(operation) + "\n\n";
  const auto section = [&](const std::string& title, const std::string& head) {
    text += "## " + title + "\n\n" + head;
  };
  if (!facts.inputs.empty()) {
    section("Inputs", "| name | what | required |\n| --- | --- | --- |\n");
    for (const Port& port : facts.inputs) {
      text += "| `" + port.name + "` | " + table_cell(port.help) + " | " + (port.required ? "yes" : "no") + " |\n";
    }
    text += "\n";
  }
  section("Parameters", "| name | allowed | default | meaning |\n| --- | --- | --- | --- |\n");
  for (const ParameterFacts& parameter : operation.parameters) {
    text += "| `" + parameter.name + "` | " + table_cell(allowed_text(parameter)) + " | `" +
            word_of(parameter.default_value) + "` | " + table_cell(parameter.help) + " |\n";
  }
  text += "\n";
  section("Outputs", "| name | what |\n| --- | --- |\n");
  for (const OutputPort& port : facts.outputs) text += "| `" + port.name + "` | " + table_cell(port.help) + " |\n";
  if (!facts.citations.empty()) {
    text += "\n## Sources\n\n";
    for (const std::string& citation : facts.citations) text += "- " + citation + "\n";
  }
  return text;
}

Json parse_value(const ParameterFacts& facts, const std::string& word) {
  if (facts.automatic && word == "auto") return nullptr;
  const auto number = [&](const std::string& text) -> Json {
    if (facts.type == "integer") {
      std::int64_t value = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (error == std::errc() && end == text.data() + text.size() && !text.empty()) return value;
      return text;  // refused by check_value, with what is allowed
    }
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size() && !text.empty()) return value;
    return text;
  };
  Json value;
  if (facts.type == "boolean") {
    value = word == "true" || word == "yes" || word == "1"   ? Json(true)
            : word == "false" || word == "no" || word == "0" ? Json(false)
                                                             : Json(word);
  } else if (facts.type == "string") {
    value = word;
  } else if (facts.type == "strings" || facts.type == "numbers") {
    value = Json::array();
    for (std::size_t begin = 0; begin < word.size();) {
      const std::size_t end = std::min(word.find(',', begin), word.size());
      const std::string part = word.substr(begin, end - begin);
      value.push_back(facts.type == "strings" ? Json(part) : number(part));
      begin = end + 1;
    }
  } else {
    value = number(word);
  }
  check_value(facts, value);
  return value;
}

}  // namespace ruska::cli
