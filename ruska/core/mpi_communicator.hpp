// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "ruska/core/communicator.hpp"

namespace ruska {

/// The ranks of the MPI launcher that started this process, or nullptr when none did.
std::shared_ptr<Communicator> mpi_communicator();

}  // namespace ruska
