// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/parameter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ruska {
namespace {

struct Params {
  std::optional<std::int64_t> components;
  std::string loss = "poisson";
  double tolerance = 1e-6;
  bool center = false;
  std::vector<std::string> elements;
};
constexpr auto parameters = std::tuple{
    parameter(&Params::components, "components", "", within<std::int64_t>(1, 9007199254740993), "How many."),
    parameter(&Params::loss, "loss", "", one_of("poisson|frobenius"), "What is minimised."),
    parameter(&Params::tolerance, "tolerance", "", within(0.0, 1.0), "When to stop."),
    parameter(&Params::center, "center", "", "Whether to centre."),
    parameter(&Params::elements, "elements", "", "Which elements."),
};

TEST(Parameter, DefaultsComeFromTheStruct) {
  const Json whole = complete(facts_of(parameters), Json::object());
  EXPECT_EQ(whole.dump(), R"({"components":null,"loss":"poisson","tolerance":1e-06,"center":false,"elements":[]})");
  const Params params =
      from_json(parameters, complete(facts_of(parameters), {{"components", 3}, {"loss", "frobenius"}}));
  EXPECT_EQ(params.components, 3);
  EXPECT_EQ(params.loss, "frobenius");
}

TEST(Parameter, LargeIntegerBoundsStayExact) {
  const auto facts = facts_of(parameters);
  EXPECT_NO_THROW(complete(facts, {{"components", 9007199254740993}}));
  EXPECT_THROW(complete(facts, {{"components", 9007199254740994}}), Error);
}

TEST(Parameter, ErrorsNameTheParameterTheValueAndWhatIsAllowed) {
  const auto message = [&](const Json& given) -> std::string {
    try {
      complete(facts_of(parameters), given);
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_THAT(message({{"tolerance", 2.0}}),
              testing::AllOf(testing::HasSubstr("'tolerance' is 2.0"), testing::HasSubstr("to 1.0")));
  EXPECT_THAT(message({{"loss", "l1"}}), testing::HasSubstr("one of poisson, frobenius"));
  EXPECT_THAT(message({{"tolerence", 0.1}}), testing::HasSubstr("did you mean 'tolerance'"));
  EXPECT_THAT(message({{"components", 0}}), testing::HasSubstr("null for automatic"));
}

TEST(Parameter, SchemaSaysTheSame) {
  const Json schema = schema_of(facts_of(parameters));
  EXPECT_EQ(schema["properties"]["components"]["type"], (Json{"integer", "null"}));
  EXPECT_EQ(schema["properties"]["loss"]["enum"], (Json{"poisson", "frobenius"}));
  EXPECT_EQ(schema["properties"]["elements"]["items"]["type"], "string");
  EXPECT_EQ(schema["additionalProperties"], false);
}

}  // namespace
}  // namespace ruska
