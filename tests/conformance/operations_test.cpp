// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
// What every operation must do, whatever it computes.
#include <algorithm>
#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ruska/core/record.hpp"
#include "tests/conformance/examples.hpp"

namespace ruska {
namespace {

/// The outputs' names and digests: what must not change.
Json fingerprint(const Result& result) { return result.record["outputs"]; }

Json run(const Operation& operation, const Inputs& inputs, int threads = 2,
         std::int64_t memory = std::int64_t{1} << 30) {
  Context context;
  context.threads = threads;
  context.memory = memory;
  return fingerprint(execute(operation, inputs, Json::object(), context));
}

/// The inputs with each dataset replaced.
Inputs changed(const Inputs& inputs, const std::function<Dataset(const Dataset&)>& change) {
  Inputs out;
  for (const auto& [port, data] : inputs.all()) out.set(port, change(data));
  return out;
}

/// The same chunk length along every axis, no longer than the axis.
Shape chunk_of(const Dataset& data, std::initializer_list<std::int64_t> lengths) {
  Shape chunk = data.describe().shape();
  auto length = lengths.begin();
  for (std::int64_t& one : chunk) {
    one = std::min(one, *length);
    if (++length == lengths.end()) length = lengths.begin();
  }
  return chunk;
}

/// The first part of a dataset: at most `navigation` along each navigation axis and `signal` along each signal axis.
Dataset first_part(const Dataset& data, std::int64_t navigation, std::int64_t signal) {
  Region region = Region::whole(data.describe().shape());
  for (std::size_t a = 0; a < region.shape.size(); ++a) {
    const bool is_signal = data.describe().axes[a].role == Role::signal;
    region.shape[a] = std::min(region.shape[a], is_signal ? signal : navigation);
  }
  return crop(data, region);
}

/// NaN stands for "left out" or "absent" in those inputs and outputs only whose description says so.
bool says_where_nan_is(const std::string& help) { return help.find("NaN where") != std::string::npos; }

class EveryOperation : public testing::TestWithParam<const Operation*> {
 protected:
  const Operation& operation() const { return *GetParam(); }
  Inputs inputs() const { return example_inputs(operation()); }
  bool has_inputs() const { return !inputs().all().empty(); }
};

TEST_P(EveryOperation, DescribesItself) {
  const OperationFacts& facts = operation().facts;
  EXPECT_THAT(facts.name, testing::MatchesRegex("[a-z_]+\\.[a-z_]+"));
  EXPECT_GE(facts.version, 1);
  EXPECT_GT(facts.summary.size(), 10u);
  EXPECT_FALSE(facts.outputs.empty());
  EXPECT_EQ(facts.traits.streams, facts.traits.holds_everything.empty()) << "what holds everything says why";
  for (const ParameterFacts& parameter : operation().parameters) {
    EXPECT_GT(parameter.help.size(), 10u) << parameter.name;
    EXPECT_NO_THROW(check_value(parameter, parameter.default_value)) << parameter.name;
  }
  const Json schema = schema_of(operation());
  EXPECT_EQ(schema["properties"].size(), operation().parameters.size());
}

TEST_P(EveryOperation, DefaultsRunAndTheRecordNamesEveryOutput) {
  Context context;
  const Result result = execute(operation(), inputs(), Json::object(), context);
  std::vector<std::string> promised, made;
  for (const OutputPort& port : operation().facts.outputs) promised.push_back(port.name);
  for (const Output& output : result.outputs.all) {
    made.push_back(output.name);
    EXPECT_THAT(promised, testing::Contains(output.name));
    if (!output.sigma.empty()) {
      EXPECT_NE(result.outputs.find(output.sigma), nullptr) << output.name;
    }
  }
  EXPECT_FALSE(made.empty());
  EXPECT_LE(result.outputs.summary.size(), 10u);
  EXPECT_EQ(result.record["parameters"].size(), operation().parameters.size());
}

TEST_P(EveryOperation, ThePlanPredictsTheOutputs) {
  Context context;
  const Json predicted = plan(operation(), inputs(), Json::object(), context);
  const Result result = execute(operation(), inputs(), Json::object(), context);
  for (const Json& item : predicted["outputs"]) {
    const Output* output = result.outputs.find(item["name"].get<std::string>());
    if (output == nullptr) continue;  // an automatic choice left it out
    const auto* data = std::get_if<Dataset>(&output->value);
    ASSERT_NE(data, nullptr) << item.dump();
    EXPECT_EQ(item["dtype"], name_of(data->describe().dtype)) << item.dump();
    EXPECT_EQ(item["shape"].size(), data->describe().axes.size()) << item.dump();
  }
}

TEST_P(EveryOperation, RefusesValuesOutOfBoundsByName) {
  for (const ParameterFacts& facts : operation().parameters) {
    std::vector<Json> wrong{Json::object()};
    if (facts.type == "integer" || facts.type == "number") {
      wrong.push_back("text");
      wrong.push_back(std::numeric_limits<double>::quiet_NaN());
      wrong.push_back(std::numeric_limits<double>::infinity());
      if (facts.type == "integer") wrong.push_back(1.5);
      if (facts.low && facts.type == "integer") wrong.push_back(facts.low->get<std::int64_t>() - 1);
      if (facts.high && facts.type == "integer") wrong.push_back(facts.high->get<std::int64_t>() + 1);
      const double infinity = std::numeric_limits<double>::infinity();
      if (facts.low && facts.type == "number") wrong.push_back(std::nextafter(facts.low->get<double>(), -infinity));
      if (facts.high && facts.type == "number") wrong.push_back(std::nextafter(facts.high->get<double>(), infinity));
    }
    if (!facts.choices.empty()) wrong.push_back("no such choice");
    if (facts.type == "boolean") wrong.push_back(1);
    if (!facts.automatic) wrong.push_back(nullptr);
    for (const Json& value : wrong) {
      Context context;
      try {
        execute(operation(), inputs(), Json{{facts.name, value}}, context);
        ADD_FAILURE() << facts.name << " accepted " << value.dump();
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid_argument) << error.what();
        EXPECT_THAT(error.what(), testing::HasSubstr("'" + facts.name + "'"));
      }
    }
  }
  Context context;
  EXPECT_THROW(execute(operation(), inputs(), Json{{"no_such_parameter", 1}}, context), Error);
}

TEST_P(EveryOperation, GivesTheSameBitsOnAnyNumberOfThreads) {
  const Json one = run(operation(), inputs(), 1);
  EXPECT_EQ(one, run(operation(), inputs(), 2));
  EXPECT_EQ(one, run(operation(), inputs(), 7));
}

TEST_P(EveryOperation, GivesTheSameBitsForAnyChunks) {
  if (!has_inputs()) GTEST_SKIP() << "takes no data";
  const Json whole = run(operation(), inputs());
  for (const auto& lengths : {std::initializer_list<std::int64_t>{INT64_MAX}, {5, 3, 7}, {1}}) {
    const auto chunked = [&](const Dataset& data) { return stored_in_chunks(data, chunk_of(data, lengths)); };
    EXPECT_EQ(whole, run(operation(), changed(inputs(), chunked))) << "chunks of up to " << *lengths.begin();
  }
}

TEST_P(EveryOperation, GivesTheSameBitsInTheLeastMemory) {
  if (!operation().facts.traits.streams) GTEST_SKIP() << operation().facts.traits.holds_everything;
  Context context;
  context.threads = 2;
  const auto least = plan(operation(), inputs(), Json::object(), context)["least_memory_bytes"].get<std::int64_t>();
  EXPECT_GT(least, 0) << "the plan must say what it needs";
  EXPECT_EQ(run(operation(), inputs()), run(operation(), inputs(), 2, least));
  Context smaller;
  smaller.threads = 2;
  smaller.memory = least - 1;
  try {
    execute(operation(), inputs(), Json::object(), smaller);
    ADD_FAILURE() << "ran in less memory than it needs";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::out_of_memory) << error.what();
  }
}

TEST_P(EveryOperation, GivesTheSameBitsFromSparseCounts) {
  if (!has_inputs()) GTEST_SKIP() << "takes no data";
  const auto sparse = [](const Dataset& data) {
    if (data.describe().dtype != DType::uint16) return data;
    const auto values = data.read_all<std::uint16_t>();
    const std::int64_t columns = data.describe().signal_size();
    SparseCounts counts;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i] != 0) {
        counts.channel.push_back(static_cast<std::uint32_t>(static_cast<std::int64_t>(i) % columns));
        counts.value.push_back(values[i]);
      }
      if (static_cast<std::int64_t>(i + 1) % columns == 0) counts.row_start.push_back(counts.nonzeros());
    }
    return Dataset::from_counts(data.describe(), std::move(counts));
  };
  EXPECT_EQ(run(operation(), inputs()), run(operation(), changed(inputs(), sparse)));
}

TEST_P(EveryOperation, StopsCleanlyAtEveryTick) {
  std::int64_t ticks = 0;
  {
    Context context;
    context.threads = 1;
    context.on_progress = [&](const Progress&) { ++ticks; };
    execute(operation(), inputs(), Json::object(), context);
  }
  EXPECT_GT(ticks, 1) << "progress must be told";
  const std::int64_t step = std::max<std::int64_t>(1, ticks / 60);
  for (std::int64_t n = 0; n < ticks; n += step) {
    Context context;
    context.threads = 2;
    std::int64_t seen = 0;
    context.on_progress = [&](const Progress&) {
      if (seen++ == n) context.cancel();
    };
    try {
      execute(operation(), inputs(), Json::object(), context);
      EXPECT_GE(n, ticks - 2) << "tick " << n << " of " << ticks << " did not stop it";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::cancelled) << error.what();
    }
  }
}

TEST_P(EveryOperation, KeepsWhatIsDoneWhenItSaysSo) {
  std::int64_t ticks = 0;
  {
    Context context;
    context.on_progress = [&](const Progress&) { ++ticks; };
    execute(operation(), inputs(), Json::object(), context);
  }
  Context context;
  context.threads = 1;  // with more the last part may be under way when the one before it ends
  context.keep_partial = true;
  std::int64_t seen = 0;
  context.on_progress = [&](const Progress&) {
    if (seen++ == ticks - 2) context.cancel();
  };
  if (!operation().facts.traits.keeps_partial) {
    EXPECT_THROW(execute(operation(), inputs(), Json::object(), context), Error);
    return;
  }
  const Result result = execute(operation(), inputs(), Json::object(), context);
  EXPECT_EQ(result.record.value("interrupted", false), true);
  EXPECT_FALSE(context.warnings().empty()) << "a result that is not whole must say so";
}

TEST_P(EveryOperation, PassesOnEveryFailedRead) {
  if (!has_inputs()) GTEST_SKIP() << "takes no data";
  std::int64_t reads = 0;
  run(operation(),
      changed(
          inputs(),
          [&](const Dataset& data) { return watched(data, [&](std::int64_t n) { reads = std::max(reads, n + 1); }); }),
      1, std::int64_t{1} << 30);
  ASSERT_GT(reads, 0);
  const std::int64_t step = std::max<std::int64_t>(1, reads / 60);
  for (std::int64_t failing = 0; failing < reads; failing += step) {
    const Inputs broken = changed(inputs(), [&](const Dataset& data) {
      return watched(data, [failing](std::int64_t n) {
        if (n == failing) throw Error(ErrorKind::io, "the disk is gone");
      });
    });
    try {
      run(operation(), broken);
      ADD_FAILURE() << "read " << failing << " of " << reads << " failed unnoticed";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::io) << error.what();
      EXPECT_THAT(error.what(), testing::HasSubstr("the disk is gone"));
    }
  }
}

/// Runs on unusual data: either a clean error, or every number finite.
void expect_answer_or_error(const Operation& operation, const Inputs& inputs, const std::string& what) {
  try {
    Context context;
    context.threads = 2;
    const Result result = execute(operation, inputs, Json::object(), context);
    for (const Output& output : result.outputs.all) {
      if (const auto* number = std::get_if<Number>(&output.value)) {
        EXPECT_FALSE(std::isinf(number->value)) << what << ": " << output.name;
      }
      if (const auto* data = std::get_if<Dataset>(&output.value); data != nullptr) {
        if (is_complex(data->describe().dtype)) continue;
        const auto& ports = operation.facts.outputs;
        const bool may_leave_out = std::any_of(ports.begin(), ports.end(), [&](const OutputPort& port) {
          return port.name == output.name && says_where_nan_is(port.help);
        });
        for (const double value : data->read_all_as_double()) {
          ASSERT_TRUE(std::isfinite(value) || (may_leave_out && std::isnan(value))) << what << ": " << output.name;
        }
      }
    }
  } catch (const Error& error) {
    EXPECT_TRUE(error.kind() == ErrorKind::invalid_argument || error.kind() == ErrorKind::bad_data ||
                error.kind() == ErrorKind::unsupported)
        << what << ": " << error.what();
  }
}

TEST_P(EveryOperation, AnswersOrRefusesUnusualData) {
  if (!has_inputs()) GTEST_SKIP() << "takes no data";
  const auto filled = [&](DType dtype, double (*value)(std::int64_t)) {
    return changed(inputs(), [&](const Dataset& data) { return with_values(data, dtype, value); });
  };
  expect_answer_or_error(operation(), filled(DType::uint16, [](std::int64_t) { return 0.0; }), "all zero");
  expect_answer_or_error(operation(), filled(DType::uint8, [](std::int64_t) { return 3.0; }), "constant");
  expect_answer_or_error(operation(), filled(DType::uint16, [](std::int64_t) { return 65535.0; }), "saturated");
  expect_answer_or_error(operation(), filled(DType::int32, [](std::int64_t i) { return double(i % 7) - 3; }),
                         "negative");
  expect_answer_or_error(operation(), filled(DType::float32, [](std::int64_t i) { return double(i % 5); }),
                         "float counts");
  expect_answer_or_error(operation(), filled(DType::float64, [](std::int64_t i) { return 1e300 * double(i % 2); }),
                         "huge");
  expect_answer_or_error(
      operation(), changed(inputs(), [](const Dataset& data) { return first_part(data, 1, INT64_MAX); }), "one pixel");
  expect_answer_or_error(operation(),
                         changed(inputs(), [](const Dataset& data) { return first_part(data, INT64_MAX, 1); }),
                         "one channel");
}

TEST_P(EveryOperation, RefusesNaNWithItsPlace) {
  if (!has_inputs()) GTEST_SKIP() << "takes no data";
  for (const Port& port : operation().facts.inputs) {
    const Inputs sound = inputs();
    const Dataset* data = sound.find(port.name);
    if (data == nullptr || says_where_nan_is(port.help)) continue;
    const std::int64_t place = std::min<std::int64_t>(1234, count(data->describe().shape()) / 2);
    Inputs broken = sound;
    broken.set(port.name, with_values(*data, DType::float32, [&](std::int64_t i) {
                 return i == place ? std::numeric_limits<double>::quiet_NaN() : double(i % 3);
               }));
    Context context;
    try {
      execute(operation(), broken, Json::object(), context);
      ADD_FAILURE() << "took NaN for a value in '" << port.name << "'";
    } catch (const Error& error) {
      EXPECT_TRUE(error.kind() == ErrorKind::bad_data || error.kind() == ErrorKind::invalid_argument) << error.what();
      EXPECT_THAT(error.what(), testing::HasSubstr("not finite")) << port.name;
    }
  }
}

TEST_P(EveryOperation, RefusesComplexAndEmptyInput) {
  if (!has_inputs()) GTEST_SKIP() << "takes no data";
  for (const auto& change : {std::function<Dataset(const Dataset&)>([](const Dataset& data) {
                               return with_values(data, DType::complex64, [](std::int64_t) { return 0.0; });
                             }),
                             std::function<Dataset(const Dataset&)>([](const Dataset& data) {
                               Region none = Region::whole(data.describe().shape());
                               none.shape[0] = 0;
                               return crop(data, none);
                             })}) {
    Context context;
    EXPECT_THROW(
        {
          try {
            execute(operation(), changed(inputs(), change), Json::object(), context);
          } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::invalid_argument) << error.what();
            throw;
          }
        },
        Error);
  }
}

TEST_P(EveryOperation, ReplaysFromItsRecord) {
  Context context;
  const Result first = execute(operation(), inputs(), Json::object(), context);
  const Result again = execute(operation(), inputs(), first.record["parameters"], context);
  EXPECT_EQ(fingerprint(first), fingerprint(again));
}

INSTANTIATE_TEST_SUITE_P(Registry, EveryOperation, testing::ValuesIn(operations()), [](const auto& one) {
  std::string name = one.param->facts.name;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
});

}  // namespace
}  // namespace ruska
