// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ruska/core/driver.hpp"

namespace ruska {

/// A file of one of a driver's fixtures that a fuzzer's input replaces.
struct FuzzFile {
  std::filesystem::path opened;    ///< what is opened: the file itself or the one that it accompanies
  std::filesystem::path replaced;  ///< what the input becomes
  std::string content;             ///< what the fixture wrote there
};

/// Writes the driver's fixtures, each into a folder of its own below `folder`, and lists their files.
/// The first byte of an input is the number of the file that the rest replaces.
std::vector<FuzzFile> write_fuzz_files(const std::string& driver, const std::filesystem::path& folder);

const Driver& driver_named(const std::string& name);

}  // namespace ruska
