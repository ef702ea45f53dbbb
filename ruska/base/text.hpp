// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ruska {

/// "a, b or c"-like lists for messages: the texts joined by a separator.
std::string join(std::span<const std::string> texts, std::string_view separator);

/// The known name most like the wrong one (edit distance at most a third of its length), or empty.
std::string nearest_name(std::string_view wrong, std::span<const std::string> known);

}  // namespace ruska
