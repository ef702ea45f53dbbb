// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace ruska {

/// Which numbered pieces of a pending file are finished: a text file beside it (`NAME.partial-PID.journal`), one line
/// of what the work is and one per piece. It is locked while its process lives, so that a piece list whose process was
/// killed can be told and taken up by the next one that does the same work.
class Journal {
 public:
  /// Begins the journal of the pending file at `pending`. `work` is one line. Throws io.
  Journal(const std::filesystem::path& pending, const std::string& work);
  ~Journal();
  Journal(Journal&& other) noexcept;
  Journal& operator=(Journal&& other) noexcept;

  /// The journal of a process that is gone, of the same work, beside the file that will have the name `final_name`;
  /// the pieces that it lists are `finished()`. Nothing when there is none.
  static std::optional<Journal> left_behind(const std::filesystem::path& final_name, const std::string& work);

  /// The pending file that it tells of.
  std::filesystem::path pending() const;
  const std::vector<std::int64_t>& finished() const { return finished_; }

  /// Lists further pieces, on the disk when it returns. They must be there themselves. Throws io.
  void add(std::span<const std::int64_t> pieces);
  /// Follows the pending file to another name. Throws io.
  void move_to(const std::filesystem::path& pending);

 private:
  Journal(std::filesystem::path path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  void append(const std::string& text);

  std::filesystem::path path_;
  int descriptor_ = -1;
  std::vector<std::int64_t> finished_;
};

/// Where the journal of a pending file lies.
std::filesystem::path journal_of(const std::filesystem::path& pending);
/// Whether the process that keeps the journal lives.
bool is_kept(const std::filesystem::path& journal);

}  // namespace ruska
