// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/base/digest.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include "ruska/base/error.hpp"

namespace ruska {

struct Digest::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Digest::Digest() : state_(std::make_unique<State>()) {
  if (EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) != 1) {
    throw Error(ErrorKind::internal, "SHA-256 is not available");
  }
}
Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;

void Digest::add(std::span<const std::byte> bytes) { EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()); }

std::string Digest::finish() {
  std::array<unsigned char, 32> hash{};
  EVP_DigestFinal_ex(state_->context, hash.data(), nullptr);
  std::string text = "sha256:";
  for (const unsigned char c : hash) {
    text += "0123456789abcdef"[c >> 4];
    text += "0123456789abcdef"[c & 15];
  }
  return text;
}

std::string digest_of(std::span<const std::byte> bytes) {
  Digest digest;
  digest.add(bytes);
  return digest.finish();
}

std::string digest_of_file(const std::filesystem::path& path) {
  constexpr std::int64_t mebibyte = 1 << 20;
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) throw Error(ErrorKind::io, "cannot open " + path.string() + ": " + std::strerror(errno));
  struct Closer {
    int file;
    ~Closer() { ::close(file); }
  } closer{file};

  Digest digest;
  std::vector<std::byte> buffer(4 * mebibyte);
  const auto add_range = [&](std::int64_t begin, std::int64_t end) {
    while (begin < end) {
      const auto want = static_cast<std::size_t>(std::min<std::int64_t>(end - begin, 4 * mebibyte));
      const ssize_t got = ::pread(file, buffer.data(), want, begin);
      if (got < 0) throw Error(ErrorKind::io, "cannot read " + path.string() + ": " + std::strerror(errno));
      if (got == 0) return;
      digest.add(std::span(buffer).first(static_cast<std::size_t>(got)));
      begin += got;
    }
  };
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(path));
  if (size <= 1024 * mebibyte) {
    add_range(0, size);
    return digest.finish();
  }
  const std::string text = std::to_string(size);
  digest.add(std::as_bytes(std::span(text)));
  add_range(0, 64 * mebibyte);
  for (std::int64_t i = 1; i <= 256; ++i) {
    const std::int64_t at = size / 257 * i;
    add_range(at, at + mebibyte);
  }
  add_range(size - 64 * mebibyte, size);
  return "sha256-sampled" + digest.finish().substr(6);
}

}  // namespace ruska
