// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/base/error.hpp"

namespace ruska {

const std::vector<ErrorKindFacts>& error_kinds() {
  static const std::vector<ErrorKindFacts> kinds{
      {ErrorKind::invalid_argument, "invalid_argument", 2, "a parameter or option is not allowed"},
      {ErrorKind::unsupported, "unsupported", 3, "the file or the request is of a kind that ruska does not handle"},
      {ErrorKind::not_found, "not_found", 4, "a file, signal or name does not exist"},
      {ErrorKind::bad_data, "bad_data", 5, "the file or the data are damaged or make no sense"},
      {ErrorKind::io, "io", 6, "reading or writing failed, for example because the disk is full"},
      {ErrorKind::out_of_memory, "out_of_memory", 7, "the job does not fit in the memory allowed"},
      {ErrorKind::cancelled, "cancelled", 130, "stopped by Ctrl-C or SIGTERM"},
      {ErrorKind::not_converged, "not_converged", 8, "an iteration did not converge and --strict was given"},
      {ErrorKind::internal, "internal", 70, "a defect in ruska itself"},
  };
  return kinds;
}

const ErrorKindFacts& facts_of(ErrorKind kind) { return error_kinds()[static_cast<std::size_t>(kind)]; }

Error::Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)), whole_(message_) {}

Error& Error::add_context(std::string doing) {
  whole_ = doing + ": " + whole_;
  context_.insert(context_.begin(), std::move(doing));
  return *this;
}

}  // namespace ruska
