// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace ruska {

/// A file or folder that is written under a temporary name beside its final one and renamed at `commit()`.
/// Until then nothing is visible under the final name; a pending file that is dropped removes what it wrote.
/// What a killed process left behind (`NAME.partial-PID` of a process that is gone) is removed by the next one
/// that writes the same name, with the journal beside it.
class PendingFile {
 public:
  enum class Kind { file, folder };

  /// Throws invalid_argument when `final_name` exists and `replace` is false, io when its folder cannot be written.
  PendingFile(std::filesystem::path final_name, Kind kind, bool replace);
  /// As above; works on `taken_up`, a pending file of the same name that a killed process left, instead of an empty one
  /// where it is not empty.
  PendingFile(std::filesystem::path final_name, Kind kind, bool replace, const std::filesystem::path& taken_up);
  ~PendingFile();
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;

  /// Where to write meanwhile.
  const std::filesystem::path& path() const { return temporary_; }
  const std::filesystem::path& final_name() const { return final_; }

  /// Flushes to disk and renames. Throws io.
  void commit();

 private:
  std::filesystem::path final_;
  std::filesystem::path temporary_;
  Kind kind_;
  bool replace_;
  bool committed_ = false;
};

/// The name that a pending file will have, for what goes beside it; any other path as it is.
std::filesystem::path name_when_committed(const std::filesystem::path& path);

}  // namespace ruska
