// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "ruska/report/figure.hpp"
#include "ruska/report/report.hpp"

namespace ruska::report {

/// report.html: `figures` are those of the result's outputs that have one, in the same order.
std::string page_of(const Result& result, std::span<const Figure> figures, const ReportFacts& facts);

}  // namespace ruska::report
