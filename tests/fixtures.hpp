// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "ruska/core/dataset.hpp"

namespace ruska {

/// A small file of one format, made by the project itself, with what a reader must find in it.
struct Fixture {
  std::string driver;  ///< the driver's name
  std::string name;    ///< file name, with extension
  /// Writes the file (and its companions), or a folder that is the file, into the folder and returns the path to open.
  std::function<std::filesystem::path(const std::filesystem::path& folder)> write;
  std::vector<Dataset> expected{};  ///< the signals, in file order
};

/// An axis whose quantity follows from its units.
Axis axis(std::string name, std::string units, Role role, std::int64_t size, double scale = 1, double offset = 0);

/// The fixtures of every driver, from ruska/io/<format>/fixture.cpp.
const std::vector<Fixture>& fixtures();

}  // namespace ruska
