// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Takes the input for the JSON parameters of every operation. They are completed or refused with invalid_argument;
// what is completed is complete: completing it again changes nothing.
#include <cstdint>
#include <cstdlib>

#include "ruska/core/operation.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ruska;
  const Json given = Json::parse(data, data + size, nullptr, false);
  if (given.is_discarded()) return 0;
  for (const Operation* operation : operations()) {
    try {
      const Json whole = complete(operation->parameters, given);
      if (whole.size() != operation->parameters.size() || complete(operation->parameters, whole) != whole) std::abort();
    } catch (const Error& refused) {
      if (refused.kind() != ErrorKind::invalid_argument) std::abort();
    }
  }
  return 0;
}
