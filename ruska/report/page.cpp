// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/report/page.hpp"

#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "ruska/base/error.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/report/colour.hpp"
#include "ruska/report/escape.hpp"
#include "ruska/report/number_text.hpp"
#include "ruska/report/page_data.hpp"
#include "ruska/report/page_files.hpp"
#include "ruska/report/table.hpp"

namespace ruska::report {
namespace {

/// The template with every {{name}} replaced once; the values are not looked at again.
std::string fill(std::string_view page, const std::map<std::string_view, std::string>& values) {
  std::string out;
  while (true) {
    const std::size_t open = page.find("{{");
    out += page.substr(0, open);
    if (open == std::string_view::npos) return out;
    page.remove_prefix(open + 2);
    const std::size_t close = page.find("}}");
    const auto value = values.find(page.substr(0, close));
    if (close == std::string_view::npos || value == values.end()) {
      throw Error(ErrorKind::internal, "the page has a place that nothing fills: " + std::string(page.substr(0, 40)));
    }
    out += value->second;
    page.remove_prefix(close + 2);
  }
}

std::string title_of(const Output& output) { return output.title.empty() ? readable(output.name) : output.title; }

std::string paragraph(std::string_view text, std::string_view kind) {
  return text.empty() ? "" : "<p class=\"" + std::string(kind) + "\">" + escape(text) + "</p>\n";
}

std::string list(const std::vector<std::string>& lines) {
  std::string html = "<ul>\n";
  for (const std::string& line : lines) html += "<li>" + escape(line) + "</li>\n";
  return html + "</ul>\n";
}

struct Section {
  std::string id, title, body;
};

std::string section_html(const Section& section) {
  return "<section id=\"" + escape(section.id) + "\">\n<h2>" + escape(section.title) + "</h2>\n" + section.body +
         "</section>\n";
}

std::string file_link(const std::string& path, std::string_view text) {
  return "<a href=\"" + escape(path) + "\">" + escape(text) + "</a>";
}

Section figure_section(const Figure& figure, std::size_t number) {
  const std::string stem = file_stem(figure.name);
  const bool has_table =
      std::holds_alternative<Curves>(figure.content) || std::holds_alternative<Scree>(figure.content);
  std::string body = "<div class=\"stage\" data-figure=\"" + std::to_string(number) + "\"></div>\n";
  body += "<noscript><p class=\"note\">This figure needs JavaScript; the same as a picture: " +
          file_link("figures/" + stem + ".svg", "figures/" + stem + ".svg") + "</p></noscript>\n";
  for (const std::string& note : figure.notes) body += paragraph(note, "note");
  body += "<p class=\"files\">" + file_link("figures/" + stem + ".svg", "SVG") + " " +
          file_link("figures/" + stem + ".png", "PNG");
  if (has_table) body += " " + file_link("tables/" + stem + ".csv", "CSV");
  return {"output-" + stem, figure.title, body + "</p>\n"};
}

/// The colour that classes, maps and curves of this name have in the figures.
std::optional<std::string> colour_of_name(std::span<const Figure> figures, std::string_view name) {
  const auto find_in = [&](const auto& named) -> std::optional<std::string> {
    for (std::size_t k = 0; k < named.size(); ++k) {
      if (!named[k].name.empty() && named[k].name == name) return hex(class_colour(static_cast<std::int64_t>(k)));
    }
    return std::nullopt;
  };
  for (const Figure& figure : figures) {
    std::optional<std::string> colour;
    if (const auto* labels = std::get_if<Labels>(&figure.content)) colour = find_in(labels->classes);
    if (const auto* curves = std::get_if<Curves>(&figure.content)) colour = find_in(curves->curves);
    if (colour) return colour;
  }
  return std::nullopt;
}

std::string number_html(const Output& output) {
  const Number& number = std::get<Number>(output.value);
  std::string text = number_with_sigma(number.value, number.sigma);
  if (!number.unit.empty()) text += " " + number.unit;
  return "<div class=\"fact\"><dt>" + escape(title_of(output)) + "</dt><dd>" + escape(text) + "</dd>" +
         (output.note.empty() ? "" : "<dd class=\"note\">" + escape(output.note) + "</dd>") + "</div>\n";
}

/// One section per output in their order; neighbouring numbers share one.
std::vector<Section> sections_of(const Outputs& outputs, std::span<const Figure> figures) {
  std::vector<Section> sections;
  std::size_t next_figure = 0;
  bool in_numbers = false;
  for (const Output& output : outputs.all) {
    if (output.view == View::number) {
      if (!in_numbers) sections.push_back({"output-" + file_stem(output.name), "Numbers", ""});
      sections.back().body += number_html(output);
      in_numbers = true;
      continue;
    }
    in_numbers = false;
    if (next_figure < figures.size() && is_figure(output.view) && figures[next_figure].name == output.name) {
      sections.push_back(figure_section(figures[next_figure], next_figure));
      ++next_figure;
    } else if (output.view == View::table) {
      const std::string stem = file_stem(output.name);
      std::string body =
          html_of(std::get<Table>(output.value), [&](std::string_view name) { return colour_of_name(figures, name); });
      body += paragraph(output.note, "note") + "<p class=\"files\">" + file_link("tables/" + stem + ".csv", "CSV") +
              "</p>\n";
      sections.push_back({"output-" + stem, title_of(output), std::move(body)});
    } else if (output.view == View::text) {
      sections.push_back({"output-" + file_stem(output.name), title_of(output),
                          paragraph(std::get<std::string>(output.value), "text") + paragraph(output.note, "note")});
    }
  }
  return sections;
}

std::string summary_of(const Outputs& outputs) {
  if (outputs.summary.empty()) return {};
  return "<section id=\"summary\" class=\"summary\">\n<h2>In short</h2>\n" + list(outputs.summary) + "</section>\n";
}

std::string warnings_of(const Json& record) {
  const std::vector<std::string> warnings = texts_at(record, "warnings");
  if (warnings.empty()) return {};
  return "<section id=\"warnings\" class=\"warnings\" role=\"alert\">\n<h2>Please note</h2>\n" + list(warnings) +
         "</section>\n";
}

std::string facts_line(const Json& record, const ReportFacts& facts) {
  std::string html;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) html += "<span><b>" + std::string(name) + "</b> " + escape(value) + "</span>\n";
  };
  add("File", facts.input);
  add("Operation", text_at(record, "operation").value_or(""));
  add("Finished", facts.finished);
  add("Program", facts.program);
  return html;
}

}  // namespace

std::string page_of(const Result& result, std::span<const Figure> figures, const ReportFacts& facts) {
  const std::vector<Section> sections = sections_of(result.outputs, figures);
  std::string links, body;
  for (const Section& section : sections) {
    links += "<a href=\"#" + escape(section.id) + "\">" + escape(section.title) + "</a>\n";
    body += section_html(section);
  }
  const auto dump = [](const Json& json, int indent) {
    return json.dump(indent, ' ', false, Json::error_handler_t::replace);
  };
  return fill(page_html(), {{"title", escape(facts.title)},
                            {"program", escape(facts.program)},
                            {"style", std::string(page_css())},
                            {"script", std::string(page_js())},
                            {"facts", facts_line(result.record, facts)},
                            {"links", std::move(links)},
                            {"summary", summary_of(result.outputs)},
                            {"warnings", warnings_of(result.record)},
                            {"sections", std::move(body)},
                            {"record", escape(dump(result.record, 2))},
                            {"command", escape(facts.command)},
                            {"data", json_for_script(dump(page_data(figures), -1))}});
}

}  // namespace ruska::report
