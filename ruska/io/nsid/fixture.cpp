// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "tests/fixtures.hpp"

namespace ruska::io {

std::vector<Fixture> nsid_fixtures() { return {}; }

}  // namespace ruska::io
