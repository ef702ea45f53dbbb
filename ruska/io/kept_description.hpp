// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "ruska/core/source.hpp"

namespace ruska::io {

/// Under which name files of formats that know less than ruska carry a signal's description as a text beside their own
/// entries, so that a round trip through them is exact.
inline constexpr const char* kept_description_name = "ruska_description";

/// Title, signal type, axes, fields and metadata as JSON in ASCII, with the vendor's header where `with_original` and
/// where it can be read back.
std::string kept_description(const Description& description, bool with_original);

/// Puts back what `kept_description` wrote. The number of elements must be the same, and the names of the fields as
/// many as before; throws bad_data otherwise and where the text is no such description.
void restore_description(const std::string& text, Description& description);

}  // namespace ruska::io
