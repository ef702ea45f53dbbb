// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/hspy/result_file.hpp"

#include <algorithm>

#include "ruska/core/metadata.hpp"
#include "ruska/core/pieces.hpp"
#include "ruska/core/product.hpp"
#include "ruska/core/tucker_source.hpp"
#include "ruska/io/hspy/signal_group.hpp"

namespace ruska::io {
namespace {

constexpr std::int64_t piece_bytes = std::int64_t{16} << 20;

void write_dataset(const hdf5::GroupWriter& parent, const std::string& name, const Dataset& data,
                   Description description) {
  const hdf5::ArrayWriter array = hspy::create_signal(parent, name, description);
  const Shape shape = description.shape();
  Shape step = array.chunk().empty() ? Shape(shape.size(), 1) : array.chunk();
  step.resize(shape.size(), description.fields.empty() ? 1 : static_cast<std::int64_t>(description.fields.size()));
  const std::int64_t limit = piece_bytes / static_cast<std::int64_t>(size_of(description.dtype));
  const Pieces pieces(shape, step, limit);
  std::vector<std::byte> values;
  for (std::int64_t i = 0; i < pieces.count(); ++i) {
    const Region piece = pieces.at(i);
    values.resize(static_cast<std::size_t>(piece.count()) * size_of(description.dtype));
    data.source().read(piece, values);
    hspy::write_values(array, description, piece, values);
  }
}

std::string_view name_of(View view) {
  switch (view) {
    case View::hidden: return "hidden";
    case View::maps: return "maps";
    case View::labels: return "labels";
    case View::vectors: return "vectors";
    case View::pattern: return "pattern";
    case View::spectra: return "spectra";
    case View::scree: return "scree";
    case View::table: return "table";
    case View::number: return "number";
    case View::text: return "text";
  }
  throw Error(ErrorKind::internal, "a view outside the enumeration");
}

Description described(const Output& output, const Dataset& data) {
  Description description = data.describe();
  Json about = Json::object();
  about["output"] = output.name;
  about["title"] = output.title.empty() ? description.title : output.title;
  about["view"] = name_of(output.view);
  if (!output.sigma.empty()) about["uncertainty"] = output.sigma;
  if (!output.components.empty()) about["components"] = output.components;
  if (output.chosen) about["chosen"] = *output.chosen;
  if (!output.note.empty()) about["note"] = output.note;
  if (!output.marks.empty()) {
    Json marks = Json::array();
    for (const Mark& mark : output.marks) {
      marks.push_back({{"component", mark.component}, {"position", mark.position}, {"label", mark.label}});
    }
    about["marks"] = marks.dump();
  }
  set(description.metadata, "ruska", std::move(about));
  // The names of outputs are what users write after --signal; the titles for people stand beside them.
  description.title = output.name;
  return description;
}

/// Groups below /ruska that are made when first needed.
class Extras {
 public:
  explicit Extras(hdf5::GroupWriter root) : ruska_(root.create_group("ruska", true)) {}
  const hdf5::GroupWriter& ruska() const { return ruska_; }
  const hdf5::GroupWriter& at(const std::string& name) {
    const auto found = groups_.find(name);
    if (found != groups_.end()) return found->second;
    return groups_.emplace(name, ruska_.create_group(name, true)).first->second;
  }

 private:
  hdf5::GroupWriter ruska_;
  std::map<std::string, hdf5::GroupWriter> groups_;
};

const ProductSource* as_product(const Dataset& data) { return dynamic_cast<const ProductSource*>(&data.source()); }
const TuckerSource* as_tucker(const Dataset& data) { return dynamic_cast<const TuckerSource*>(&data.source()); }

/// The path of the group that holds a part of a lazy dataset: the output that is this very dataset, or a group of its
/// own.
std::string part_path(const Outputs& outputs, const hdf5::GroupWriter& lazy, const std::string& name,
                      const Dataset& part) {
  for (const Output& output : outputs.all) {
    const Dataset* data = std::get_if<Dataset>(&output.value);
    if (data != nullptr && data->shared_source() == part.shared_source() && as_product(*data) == nullptr &&
        as_tucker(*data) == nullptr) {
      return "/Experiments/" + output.name;
    }
  }
  write_dataset(lazy, name, part, part.describe());
  return lazy.path() + "/" + name;
}

void write_product(const hdf5::GroupWriter& parent, const Outputs& outputs, const Output& output,
                   const ProductSource& product) {
  const hdf5::GroupWriter group = parent.create_group(output.name);
  group.set_attribute("title", output.name);
  if (!output.title.empty()) group.set_attribute("description", output.title);
  group.set_attribute("loadings", part_path(outputs, group, "loadings", product.loadings()));
  group.set_attribute("factors", part_path(outputs, group, "factors", product.factors()));
  if (product.mean().valid()) group.set_attribute("mean", part_path(outputs, group, "mean", product.mean()));
}

void write_tucker(const hdf5::GroupWriter& parent, const Outputs& outputs, const Output& output,
                  const TuckerSource& tucker) {
  const hdf5::GroupWriter group = parent.create_group(output.name);
  group.set_attribute("title", output.name);
  if (!output.title.empty()) group.set_attribute("description", output.title);
  group.set_attribute("core", part_path(outputs, group, "core", tucker.core()));
  for (std::size_t k = 0; k < tucker.factors().size(); ++k) {
    const std::string name = "factor_" + std::to_string(k + 1);
    group.set_attribute(name, part_path(outputs, group, name, tucker.factors()[k]));
  }
  group.set_attribute("navigation_axes", static_cast<double>(tucker.navigation_axes()));
  group.set_attribute("non_negative", tucker.non_negative() ? 1.0 : 0.0);
}

void write_table(const hdf5::GroupWriter& parent, const Output& output, const Table& table) {
  const hdf5::GroupWriter group = parent.create_group(output.name, true);
  if (!output.title.empty()) group.set_attribute("title", output.title);
  for (const Column& column : table.columns) {
    const hdf5::ArrayWriter written = std::visit(
        [&]<class T>(const std::vector<T>& values) {
          if constexpr (std::is_same_v<T, std::string>) {
            return group.write_texts(column.name, values);
          } else {
            return group.write_numbers(column.name, dtype_of<T>(), {static_cast<std::int64_t>(values.size())},
                                       std::as_bytes(std::span(values)));
          }
        },
        column.values);
    written.set_attribute("unit", column.unit);
    if (!column.sigma_of.empty()) written.set_attribute("sigma_of", column.sigma_of);
  }
}

Column read_column(const hdf5::Group& group, const std::string& name) {
  const hdf5::Array array = group.array(name);
  Column column;
  column.name = name;
  column.unit = array.text("unit").value_or("");
  column.sigma_of = array.text("sigma_of").value_or("");
  if (array.shape().size() != 1) array.fail(ErrorKind::bad_data, "a column of a table has one axis");
  if (array.is_text()) {
    column.values = array.read_texts();
  } else if (array.element().dtype == DType::int64) {
    std::vector<std::int64_t> values(static_cast<std::size_t>(array.shape()[0]));
    const auto bytes = array.read_all();
    std::ranges::copy(bytes, std::as_writable_bytes(std::span(values)).begin());
    column.values = std::move(values);
  } else {
    column.values = array.read_numbers();
  }
  return column;
}

}  // namespace

void write_result(const std::filesystem::path& path, const Result& result) {
  hdf5::FileWriter file(path);
  {
    const hdf5::GroupWriter root = file.root();
    const hdf5::GroupWriter experiments = hspy::create_experiments(root);
    Extras extras(root);
    for (const Output& output : result.outputs.all) {
      with_context([&] { return "writing the output '" + output.name + "'"; },
                   [&] {
                     if (const auto* data = std::get_if<Dataset>(&output.value)) {
                       if (const ProductSource* product = as_product(*data)) {
                         write_product(extras.at("lazy"), result.outputs, output, *product);
                       } else if (const TuckerSource* tucker = as_tucker(*data)) {
                         write_tucker(extras.at("lazy"), result.outputs, output, *tucker);
                       } else {
                         write_dataset(experiments, output.name, *data, described(output, *data));
                       }
                     } else if (const auto* table = std::get_if<Table>(&output.value)) {
                       write_table(extras.at("tables"), output, *table);
                     } else if (const auto* number = std::get_if<Number>(&output.value)) {
                       const hdf5::GroupWriter group = extras.at("numbers").create_group(output.name);
                       group.set_attribute("value", number->value);
                       if (number->sigma) group.set_attribute("sigma", *number->sigma);
                       group.set_attribute("unit", number->unit);
                     } else {
                       extras.at("texts").write_text(output.name, std::get<std::string>(output.value));
                     }
                   });
    }
    if (!result.outputs.summary.empty()) extras.ruska().write_texts("summary", result.outputs.summary);
    extras.ruska().write_text("record", result.record.dump(2));
  }
  file.close();
}

Json read_record(const std::filesystem::path& path) {
  const hdf5::Group root = hdf5::OpenFile::open(path)->root();
  if (!root.has_array("ruska/record")) {
    throw Error(ErrorKind::not_found, "'" + path.string() + "' holds no record of ruska");
  }
  const hdf5::Array array = root.array("ruska/record");
  Json record = Json::parse(array.read_text(), nullptr, false);
  if (!record.is_object()) array.fail(ErrorKind::bad_data, "the record is no JSON object");
  return record;
}

std::map<std::string, Table> read_tables(const std::filesystem::path& path) {
  const hdf5::Group root = hdf5::OpenFile::open(path)->root();
  std::map<std::string, Table> tables;
  if (!root.has_group("ruska/tables")) return tables;
  const hdf5::Group group = root.group("ruska/tables");
  for (const std::string& name : group.names()) {
    const hdf5::Group one = group.group(name);
    Table& table = tables[name];
    for (const std::string& column : one.names()) table.columns.push_back(read_column(one, column));
    for (const Column& column : table.columns) {
      const auto length = [](const Column& any) {
        return std::visit([](const auto& values) { return values.size(); }, any.values);
      };
      if (length(column) != length(table.columns.front())) {
        one.fail(ErrorKind::bad_data, "the columns of the table differ in length");
      }
    }
  }
  return tables;
}

}  // namespace ruska::io
