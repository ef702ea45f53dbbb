// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/record.hpp"

#include <chrono>
#include <filesystem>

#include "ruska/base/digest.hpp"
#include "ruska/core/metadata.hpp"

namespace ruska {
namespace {

constexpr double assumed_flops = 4e9;      // per thread and second, sustained
constexpr double assumed_bandwidth = 1e9;  // bytes read per second, decoding included

Json describe_input(const std::string& port, const Dataset& data) {
  const Description& description = data.describe();
  const Origin& origin = data.origin();
  return {{"port", port},
          {"file", origin.file},
          {"signal", origin.signal},
          {"title", description.title},
          {"shape", description.shape()},
          {"dtype", name_of(description.dtype)},
          {"digest", digest_of_input(data)}};
}

Json digest_of(const Output& output) {
  Json entry{{"name", output.name}};
  if (const auto* data = std::get_if<Dataset>(&output.value)) {
    entry["shape"] = data->describe().shape();
    entry["dtype"] = name_of(data->describe().dtype);
    if (!data->describe().lazy) entry["digest"] = digest_of(*data);
  } else if (const auto* number = std::get_if<Number>(&output.value)) {
    entry["value"] = number->value;
    if (number->sigma) entry["sigma"] = *number->sigma;
    if (!number->unit.empty()) entry["unit"] = number->unit;
  } else if (const auto* text = std::get_if<std::string>(&output.value)) {
    entry["text"] = *text;
  } else {
    Digest digest;
    for (const Column& column : std::get<Table>(output.value).columns) {
      const std::string values = std::visit([](const auto& all) { return Json(all).dump(); }, column.values);
      const std::string text_of_column = column.name + column.unit + values;
      digest.add(std::as_bytes(std::span(text_of_column)));
    }
    entry["digest"] = digest.finish();
  }
  return entry;
}

struct Checked {
  Json parameters;
  Plan plan;
};

/// The least that a run on this many threads can do with, what the inputs themselves hold included.
std::int64_t least_memory(const Plan& plan, const Inputs& inputs, const Context& context) {
  std::int64_t buffered = 0;
  for (const auto& [port, data] : inputs.all()) buffered += data.source().buffered();
  return plan.least_memory + context.threads * plan.memory_per_worker + buffered;
}

Checked check(const Operation& operation, const Inputs& inputs, const Json& given) {
  return with_context([&] { return operation.facts.name; },
                      [&] {
                        check_ports(operation, inputs);
                        Json parameters = complete(operation.parameters, given);
                        Plan plan = operation.check(inputs, parameters);
                        return Checked{std::move(parameters), std::move(plan)};
                      });
}

}  // namespace

std::string digest_of_input(const Dataset& data) {
  const std::string& file = data.origin().file;
  return std::filesystem::is_regular_file(file) ? digest_of_file(file) : digest_of(data);
}

Json plan(const Operation& operation, const Inputs& inputs, const Json& given, const Context& context) {
  const Checked checked = check(operation, inputs, given);
  const std::int64_t least = least_memory(checked.plan, inputs, context);
  Json outputs = Json::array();
  for (const Plan::Item& item : checked.plan.outputs) {
    outputs.push_back({{"name", item.name}, {"shape", item.shape}, {"dtype", name_of(item.dtype)}});
  }
  const double seconds = checked.plan.flops / (assumed_flops * context.threads * context.ranks->size()) +
                         checked.plan.bytes_read / assumed_bandwidth;
  return {{"operation", operation.facts.name},
          {"parameters", checked.parameters},
          {"outputs", std::move(outputs)},
          {"memory_bytes", std::max(least, std::min(checked.plan.memory, context.memory))},
          {"least_memory_bytes", least},
          {"allowed_memory_bytes", context.memory},
          {"fits", least <= context.memory},
          {"streams", operation.facts.traits.streams},
          {"seconds", seconds}};
}

Result execute(const Operation& operation, const Inputs& inputs, const Json& given, Context& context) {
  const auto start = std::chrono::steady_clock::now();
  const Checked checked = check(operation, inputs, given);
  if (const std::int64_t least = least_memory(checked.plan, inputs, context); least > context.memory) {
    throw Error(ErrorKind::out_of_memory,
                operation.facts.name + " needs at least " + std::to_string(least >> 20) + " MiB and " +
                    std::to_string(context.memory >> 20) + " MiB are allowed; give --memory more or --threads less" +
                    (operation.facts.traits.streams
                         ? ""
                         : " (it holds everything: " + operation.facts.traits.holds_everything + ")"));
  }
  if (context.keep_partial && !operation.facts.traits.keeps_partial) {
    throw Error(ErrorKind::invalid_argument,
                operation.facts.name + " has no result before its end; leave --keep-partial out");
  }
  for (const auto& [port, data] : inputs.all()) {
    for (const std::string& problem : problems_of(data.describe().metadata)) context.warn(problem);
  }
  Result result;
  result.outputs = with_context([&] { return operation.facts.name; },
                                [&] { return operation.run(inputs, checked.parameters, context); });

  Json described_inputs = Json::array();
  for (const auto& [port, data] : inputs.all()) described_inputs.push_back(describe_input(port, data));
  Json described_outputs = Json::array();
  for (const Output& output : result.outputs.all) described_outputs.push_back(digest_of(output));
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  result.record = {{"schema_version", 1},
                   {"operation", operation.facts.name},
                   {"operation_version", operation.facts.version},
                   {"parameters", checked.parameters},
                   {"inputs", std::move(described_inputs)},
                   {"outputs", std::move(described_outputs)},
                   {"citations", operation.facts.citations},
                   {"warnings", context.warnings()},
                   {"build", build_facts()},
                   {"wall_seconds", wall.count()}};
  if (context.stopping()) result.record["interrupted"] = true;
  return result;
}

}  // namespace ruska
