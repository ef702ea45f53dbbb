// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

#include "ruska/core/operation.hpp"

namespace ruska {

/// The smallest inputs on which an operation must run with its defaults: those of its example.cpp, or else a small
/// spectrum image, or a small 4D scan where two signal axes are asked for.
Inputs example_inputs(const Operation& operation);

/// The same values, stored in chunks of the given shape: every read is put together from whole chunks.
Dataset stored_in_chunks(const Dataset& data, Shape chunk);

/// The same values; calls `before_read(n)` before the n-th read, which may throw.
Dataset watched(const Dataset& data, std::function<void(std::int64_t)> before_read);

/// The same description with other values, made from the flat index.
Dataset with_values(const Dataset& data, DType dtype, const std::function<double(std::int64_t)>& value);

}  // namespace ruska
