// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "ruska/core/output.hpp"
#include "ruska/report/figure.hpp"

namespace ruska::report {

/// A table as HTML: units in the headers, uncertainty columns joined to their values as "value ± σ".
/// `colour_of_name` gives the colour of a class or curve by its name, shown as a swatch before the cells of the first
/// text column. Of more than 200 rows the first 200, with a word.
std::string html_of(const Table& table,
                    const std::function<std::optional<std::string>(std::string_view)>& colour_of_name);

/// Comma-separated values with units in the headers; numbers in full precision.
std::string csv_of(const Table& table);

/// One row per channel: coordinate, then value and σ of each curve.
std::string csv_of(const Curves& curves);

/// One row per component number.
std::string csv_of(const Scree& scree);

}  // namespace ruska::report
