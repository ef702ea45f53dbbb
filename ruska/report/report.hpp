// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "ruska/core/record.hpp"

namespace ruska::report {

/// What the reader of a report must know and the result does not say. All may come from hostile files.
struct ReportFacts {
  std::string title;       ///< heading: "Phases of needle.hspy"
  std::string command;     ///< the exact command line that repeats the result
  std::string input{};     ///< file name of what was analysed
  std::string program{};   ///< "ruska 0.1.0"
  std::string finished{};  ///< date and time, ISO 8601
};

/// Writes what people look at into `folder`, which is made when absent:
///   report.html            one page with everything, interactive, which opens from disk without network
///   figures/NAME.svg, .png one per output with View maps, labels, spectra or scree
///   tables/NAME.csv        one per table, spectra and scree
/// Generic over operations: looks only at views, axes, units, sigma names, components, marks, chosen and notes.
/// Each file appears whole or not at all and replaces an older one of that name; report.html comes last.
/// Throws io, and invalid_argument when an output does not fit its view.
void write_report(const std::filesystem::path& folder, const Result& result, const ReportFacts& facts);

}  // namespace ruska::report
