// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ruska {

enum class ErrorKind {
  invalid_argument,
  unsupported,
  not_found,
  bad_data,
  io,
  out_of_memory,
  cancelled,
  not_converged,
  internal,
};

/// How one kind of error is told to the outside: its name and the exit status of a command that ends with it.
struct ErrorKindFacts {
  ErrorKind kind;
  std::string_view name;
  int exit_status;
  std::string_view meaning;
};

/// Every kind of error, in the order of the enumeration.
const std::vector<ErrorKindFacts>& error_kinds();
const ErrorKindFacts& facts_of(ErrorKind kind);

/// The one exception of the library: what was wrong, the value got, what is allowed and what to try next,
/// with a chain of context ("reading chunk 17 of map.emd") that callers add on the way up.
class Error : public std::exception {
 public:
  Error(ErrorKind kind, std::string message);

  ErrorKind kind() const noexcept { return kind_; }
  const std::string& message() const noexcept { return message_; }
  /// Outermost context first.
  const std::vector<std::string>& context() const noexcept { return context_; }

  Error& add_context(std::string doing);

  /// "doing: doing: message".
  const char* what() const noexcept override { return whole_.c_str(); }

 private:
  ErrorKind kind_;
  std::string message_;
  std::vector<std::string> context_;
  std::string whole_;
};

/// Runs `action`; an Error that leaves it gains the text that `doing()` returns.
template <class Doing, class Action>
decltype(auto) with_context(Doing&& doing, Action&& action) {
  try {
    return std::forward<Action>(action)();
  } catch (Error& error) {
    error.add_context(std::forward<Doing>(doing)());
    throw;
  }
}

}  // namespace ruska
