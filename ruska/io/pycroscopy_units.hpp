// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace ruska::io {

/// Units as the files of pycroscopy's packages (USID, NSID) spell them, in ruska's spelling; empty for "a.u.",
/// "generic" and pixels.
std::string pycroscopy_units(std::string units);

}  // namespace ruska::io
