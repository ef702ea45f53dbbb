// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ruska/core/context.hpp"
#include "ruska/core/output.hpp"
#include "ruska/core/parameter.hpp"

namespace ruska {

/// The kinds of values that a port takes.
enum class Values {
  any,     ///< every dtype
  real,    ///< integers and floats
  counts,  ///< integers and floats that must be ≥ 0
};

/// An input of an operation.
struct Port {
  std::string name;
  std::string help;
  bool required = true;
  Values values = Values::real;
  int min_navigation = 0;
  int max_navigation = 8;
  int min_signal = 0;
  int max_signal = 8;
};

/// What comes out under which name.
struct OutputPort {
  std::string name;
  std::string help;
};

/// What the conformance suite and the planner must know. A trait that excuses from a check says why.
struct Traits {
  bool streams = true;             ///< runs within any memory budget; otherwise it holds everything
  std::string holds_everything{};  ///< why, when it does not stream
  bool keeps_partial = false;      ///< under `Context::keep_partial` a cancelled run gives what is done, and says what
};

struct OperationFacts {
  std::string name;  ///< "family.operation"
  int version = 1;
  std::string summary;  ///< one sentence
  std::vector<std::string> citations{};
  std::vector<Port> inputs{};
  std::vector<OutputPort> outputs{};
  Traits traits{};
};

/// What a run would take and give, known without reading data.
struct Plan {
  struct Item {
    std::string name;
    Shape shape;
    DType dtype = DType::float64;
  };
  std::vector<Item> outputs{};
  std::int64_t memory = 0;        ///< bytes held at the peak when memory is no concern
  std::int64_t least_memory = 0;  ///< bytes that it must hold, whatever the budget: what `Rows` is told as reserved
  std::int64_t memory_per_worker = 0;  ///< bytes that each thread needs on top: `Rows::bytes_per_worker`
  double flops = 0;
  double bytes_read = 0;
};

/// Datasets by port name.
class Inputs {
 public:
  Inputs() = default;
  Inputs(std::initializer_list<std::pair<const std::string, Dataset>> ports) : ports_(ports) {}
  void set(const std::string& port, Dataset data) { ports_[port] = std::move(data); }
  /// Throws invalid_argument when the port is empty.
  const Dataset& at(const std::string& port) const;
  const Dataset* find(const std::string& port) const;
  const std::map<std::string, Dataset>& all() const { return ports_; }

 private:
  std::map<std::string, Dataset> ports_;
};

/// One operation: its description, and how to check and run it. Made by `make_operation`.
struct Operation {
  OperationFacts facts;
  std::vector<ParameterFacts> parameters;
  /// Both take complete parameters.
  std::function<Plan(const Inputs&, const Json&)> check;
  std::function<Outputs(const Inputs&, const Json&, Context&)> run;
};

/// Joins a description, a tuple of parameters and two functions
///   Plan check(const Inputs&, const P&);            shapes and cost, reading no values
///   Outputs run(const Inputs&, const P&, Context&);
template <class P, class... T>
Operation make_operation(OperationFacts facts, const std::tuple<Parameter<P, T>...>& parameters,
                         Plan (*check)(const Inputs&, const P&), Outputs (*run)(const Inputs&, const P&, Context&)) {
  return {std::move(facts), facts_of(parameters),
          [=](const Inputs& inputs, const Json& json) { return check(inputs, from_json(parameters, json)); },
          [=](const Inputs& inputs, const Json& json, Context& context) {
            return run(inputs, from_json(parameters, json), context);
          }};
}

/// Every operation, from the folder listing of ruska/ops at build time, sorted by name.
const std::vector<const Operation*>& operations();
/// Throws not_found with the nearest names.
const Operation& operation(std::string_view name);

/// JSON Schema of an operation's parameters and ports.
Json schema_of(const Operation& operation);
/// Throws invalid_argument naming the port when a required one is empty or a dataset does not fit.
void check_ports(const Operation& operation, const Inputs& inputs);

}  // namespace ruska
