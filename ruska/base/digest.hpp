// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace ruska {

/// SHA-256 of bytes that arrive in pieces.
class Digest {
 public:
  Digest();
  ~Digest();
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;

  void add(std::span<const std::byte> bytes);
  /// "sha256:<64 hex digits>"; ends the digest.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string digest_of(std::span<const std::byte> bytes);

/// The digest of a file's content. Files above 1 GiB are sampled, since reading 100 GB only to name it costs
/// minutes: "sha256-sampled:…" then covers the size, the first and last 64 MiB and 256 evenly spaced MiB between.
std::string digest_of_file(const std::filesystem::path& path);

}  // namespace ruska
