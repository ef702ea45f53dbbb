// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/phenom/bzip2_stream.hpp"

#include <algorithm>

#include <bzlib.h>

#include "ruska/base/error.hpp"

namespace ruska::io::phenom {

namespace {

constexpr std::int64_t piece = std::int64_t{1} << 18;

}  // namespace

struct Bzip2Stream::Decoder {
  Decoder() {
    if (BZ2_bzDecompressInit(&stream, 0, 0) != BZ_OK) throw Error(ErrorKind::out_of_memory, "bzip2 cannot start");
  }
  ~Decoder() { BZ2_bzDecompressEnd(&stream); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  bz_stream stream{};
  std::vector<std::byte> input;
};

Bzip2Stream::Bzip2Stream(const RandomAccessFile& file)
    : file_(file), decoder_(std::make_unique<Decoder>()), limit_((std::int64_t{16} << 20) + 4096 * file.size()) {}

Bzip2Stream::~Bzip2Stream() = default;

void Bzip2Stream::fail(const std::string& problem) const {
  throw Error(ErrorKind::bad_data,
              file_.path().filename().string() + ", decoded byte " + std::to_string(taken_) + ": " + problem);
}

/// Replaces what was handed out by the next piece.
void Bzip2Stream::decode() {
  bz_stream& stream = decoder_->stream;
  decoded_.resize(static_cast<std::size_t>(piece));
  used_ = 0;
  stream.next_out = reinterpret_cast<char*>(decoded_.data());
  stream.avail_out = static_cast<unsigned>(piece);
  while (stream.avail_out > 0 && !ended_) {
    if (stream.avail_in == 0) {
      if (fed_ == file_.size()) fail("the file ends within its compressed data; it is cut short");
      decoder_->input = file_.read(fed_, std::min(piece, file_.size() - fed_));
      fed_ += static_cast<std::int64_t>(decoder_->input.size());
      stream.next_in = reinterpret_cast<char*>(decoder_->input.data());
      stream.avail_in = static_cast<unsigned>(decoder_->input.size());
    }
    const int state = BZ2_bzDecompress(&stream);
    if (state == BZ_MEM_ERROR) throw Error(ErrorKind::out_of_memory, "no memory to decode bzip2");
    if (state != BZ_OK && state != BZ_STREAM_END) fail("the bzip2 data are damaged");
    ended_ = state == BZ_STREAM_END;
  }
  decoded_.resize(static_cast<std::size_t>(piece) - stream.avail_out);
}

void Bzip2Stream::read(std::span<std::byte> out) {
  while (!out.empty()) {
    if (used_ == decoded_.size()) {
      if (ended_) fail(std::to_string(out.size()) + " more bytes are expected where the data end");
      decode();
      continue;
    }
    const std::size_t now = std::min(out.size(), decoded_.size() - used_);
    std::copy_n(decoded_.begin() + static_cast<std::ptrdiff_t>(used_), now, out.begin());
    used_ += now;
    taken_ += static_cast<std::int64_t>(now);
    out = out.subspan(now);
    if (taken_ > limit_) fail("more than " + std::to_string(limit_) + " bytes from " + std::to_string(file_.size()));
  }
}

std::vector<std::byte> Bzip2Stream::bytes(std::size_t count) {
  if (static_cast<std::int64_t>(count) > limit_ - taken_) {
    fail(std::to_string(count) + " bytes are more than " + std::to_string(file_.size()) + " compressed ones can hold");
  }
  std::vector<std::byte> out;
  while (out.size() < count) {  // grown as it is read, since the count may be wrong
    const std::size_t before = out.size();
    out.resize(std::min(count, std::max(2 * before, static_cast<std::size_t>(piece))));
    read(std::span(out).subspan(before));
  }
  return out;
}

void Bzip2Stream::expect_end() {
  if (used_ == decoded_.size() && !ended_) decode();
  if (used_ != decoded_.size()) {
    fail(std::to_string(decoded_.size() - used_) + " bytes or more are left where the data should end");
  }
}

}  // namespace ruska::io::phenom
