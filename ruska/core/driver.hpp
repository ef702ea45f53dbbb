// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "ruska/core/dataset.hpp"
#include "ruska/core/sink.hpp"

namespace ruska {

/// What a driver sees of a file before it says whether it is its own.
struct Probe {
  std::filesystem::path path;
  std::span<const std::byte> head;  ///< the first 4096 bytes, fewer in a smaller file
  std::int64_t size = 0;
};

/// How sure a driver is that a file is its own. The surest driver opens it.
enum class Confidence { none, extension, content };

/// One file format. Opening costs the header only.
struct Driver {
  std::string_view name;                     ///< the folder's name: "hspy"
  std::string_view title;                    ///< what users call it: "HyperSpy HDF5"
  std::vector<std::string_view> extensions;  ///< lower case, without the dot
  Confidence (*probe)(const Probe&);
  /// The signals of the file, the obvious one for analysis not necessarily first.
  /// Throws bad_data or unsupported with the place in the file, what was there and what was expected.
  std::vector<std::shared_ptr<const Source>> (*open)(const std::filesystem::path&);
  /// A sink for one signal, or nullptr where the driver does not write.
  /// `path` is where to write now; the caller renames it.
  std::unique_ptr<Sink> (*create)(const std::filesystem::path& path, const Description&) = nullptr;
  /// For formats whose "file" is a folder; nullptr for the others, which are never shown one.
  Confidence (*probe_folder)(const std::filesystem::path& path) = nullptr;
  /// As `create` for a file that a sink of the same description began and that a killed process left: what was written
  /// stays. nullptr where a half-written file cannot be taken up again. Throws bad_data when the file is none such.
  std::unique_ptr<Sink> (*resume)(const std::filesystem::path& path, const Description&) = nullptr;
  /// The extensions under which `writer_for` finds it; empty for all of `extensions`.
  std::vector<std::string_view> written{};
};

/// Every driver, from the folder listing of ruska/io at build time.
const std::vector<const Driver*>& drivers();

/// An opened file.
struct File {
  std::filesystem::path path;
  const Driver* driver = nullptr;
  std::vector<Dataset> signals;

  /// The signal that an analysis most likely means: the spectrum image or diffraction set with most values.
  std::size_t obvious() const;
  /// A signal by number or title; the obvious one when `which` is empty. Throws not_found and lists what is there.
  const Dataset& signal(const std::string& which) const;
};

/// Opens a file with the driver that knows it; a folder of frames or a pattern ("scan/frame_*.tif") as one stack.
/// Throws not_found, unsupported ("seems to be …; supported are …"), bad_data.
File open_file(const std::filesystem::path& path);
/// Whether some driver takes the file for its own.
bool is_readable(const std::filesystem::path& path);

/// The driver that writes files with this extension, or the one named `format` where that is not empty. Throws
/// unsupported with those that there are.
const Driver& writer_for(const std::filesystem::path& path, const std::string& format = "");

}  // namespace ruska
