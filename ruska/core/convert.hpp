// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ruska/core/context.hpp"
#include "ruska/core/driver.hpp"

namespace ruska {

struct ConversionOptions {
  std::string format;    ///< the driver's name; empty: what the extension says
  bool replace = false;  ///< an existing file
  bool resume = true;    ///< take up what a killed conversion of the same data left
};

/// What came of a conversion.
struct Conversion {
  const Driver* driver = nullptr;
  Storage storage{};
  std::vector<std::string> losses{};  ///< a line for everything that the new file does not tell of the signal
  std::int64_t pieces = 0;
  std::int64_t kept = 0;  ///< pieces that an earlier, killed conversion had written
};

/// Writes a signal as a file of another format, in boxes of whole storage chunks within the context's memory, read by
/// several threads at once. Nothing is visible under the final name before all is written.
///
/// Where the driver resumes, a journal beside the pending file lists the boxes that are on the disk. A conversion that
/// was killed is taken up by the next one of the same signal of the same files (by name, size and time of change), to
/// the same name in the same format, by the same version: it writes the other boxes only.
///
/// Throws unsupported where the format cannot hold the signal, out_of_memory, io, cancelled, and what reading throws.
Conversion convert(const Dataset& data, const std::filesystem::path& output, const ConversionOptions& options,
                   Context& context);

}  // namespace ruska
