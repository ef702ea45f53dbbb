// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace ruska::report {

// The files of ruska/report/page, compiled in.
std::string_view page_html();
std::string_view page_css();
std::string_view page_js();

}  // namespace ruska::report
