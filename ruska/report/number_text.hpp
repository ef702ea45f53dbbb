// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ruska::report {

/// A number with `digits` significant digits, without trailing zeros beyond the point; powers of ten beyond six
/// places: "0.0123", "1.20 × 10⁷". "–" for NaN.
std::string number_text(double value, int digits = 4);

/// A number and its standard uncertainty: the uncertainty with two significant digits and the value to the same
/// place (JCGM 100:2008, 7.2.6): "45.32 ± 0.21". A number whose uncertainty is zero or unknown stands alone.
std::string number_with_sigma(double value, std::optional<double> sigma);

/// The shortest text that reads back as the same double; empty for NaN.
std::string exact_text(double value);

/// "name (unit)", or the name alone where there is no unit.
std::string with_unit(std::string_view name, std::string_view unit);

/// The name for people: underscores become spaces and the first letter a capital.
std::string readable(std::string_view name);

}  // namespace ruska::report
