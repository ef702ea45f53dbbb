// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/bcf/single_file_system.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include "ruska/base/error.hpp"
#include "ruska/io/chunk_cache.hpp"
#include "ruska/io/compression.hpp"
#include "ruska/io/little_endian.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io::bcf {

namespace {

constexpr std::int64_t first_chunk_at = 0x118;
constexpr std::int64_t chunk_header = 32;
constexpr std::int64_t entry_size = 0x200;
constexpr std::int64_t largest_chunk = std::int64_t{64} << 20;
constexpr std::int64_t largest_block = std::int64_t{64} << 20;
constexpr std::int64_t first_block_at = 0x80;
constexpr std::int64_t block_header = 16;
/// What stays inflated of a compressed file: a map is walked through before it is decoded, and what has been dropped
/// meanwhile is inflated twice.
constexpr std::int64_t most_inflated = std::int64_t{256} << 20;

[[noreturn]] void damaged(const std::string& what) {
  throw Error(ErrorKind::bad_data, "the container is damaged: " + what);
}

void require_inside(std::int64_t offset, std::size_t bytes, std::int64_t size) {
  const auto wanted = static_cast<std::int64_t>(bytes);
  if (offset < 0 || offset > size || wanted > size - offset) {
    damaged(std::to_string(wanted) + " bytes at byte " + std::to_string(offset) + " of a file of " +
            std::to_string(size));
  }
}

/// A file's bytes as they lie in the container, chunk after chunk.
class StoredStream final : public Stream {
 public:
  StoredStream(std::shared_ptr<const RandomAccessFile> file, std::vector<std::int64_t> content_at,
               std::int64_t chunk_content, std::int64_t size)
      : file_(std::move(file)), content_at_(std::move(content_at)), chunk_content_(chunk_content), size_(size) {}

  std::int64_t size() const override { return size_; }

  void read(std::int64_t offset, std::span<std::byte> out) const override {
    require_inside(offset, out.size(), size_);
    while (!out.empty()) {
      const std::int64_t within = offset % chunk_content_;
      const auto now =
          static_cast<std::size_t>(std::min(static_cast<std::int64_t>(out.size()), chunk_content_ - within));
      file_->read(content_at_[static_cast<std::size_t>(offset / chunk_content_)] + within, out.first(now));
      out = out.subspan(now);
      offset += static_cast<std::int64_t>(now);
    }
  }

 private:
  std::shared_ptr<const RandomAccessFile> file_;
  std::vector<std::int64_t> content_at_;
  std::int64_t chunk_content_;
  std::int64_t size_;
};

/// A compressed file. Every block but the last has the same size, so a place is found without inflating what is before.
class CompressedStream final : public Stream {
 public:
  explicit CompressedStream(std::shared_ptr<const Stream> stored) : stored_(std::move(stored)) {
    std::array<std::byte, 16> head{};
    stored_->read(0, head);
    inflated_.set_limit(most_inflated);
    block_size_ = load<std::uint32_t>(head, 4);
    const std::int64_t blocks = load<std::uint32_t>(head, 12);
    if (block_size_ < 1 || block_size_ > largest_block) {
      damaged("compressed blocks of " + std::to_string(block_size_) + " bytes");
    }
    if (blocks > stored_->size() / block_header) damaged(std::to_string(blocks) + " compressed blocks");
    std::int64_t at = first_block_at;
    for (std::int64_t i = 0; i < blocks; ++i) {
      stored_->read(at, head);
      const Block block{at + block_header, load<std::uint32_t>(head), load<std::uint32_t>(head, 4)};
      // Deflate cannot shrink below 1/1032; a larger claim would only cost memory.
      const bool plausible = block.size <= block_size_ && block.size <= 1032 * block.stored_size + 64;
      if (!plausible || (i + 1 < blocks && block.size != block_size_) ||
          block.stored_size > stored_->size() - block.at) {
        damaged("compressed block " + std::to_string(i) + " of " + std::to_string(block.stored_size) + " bytes for " +
                std::to_string(block.size));
      }
      blocks_.push_back(block);
      size_ += block.size;
      at = block.at + block.stored_size;
    }
  }

  std::int64_t size() const override { return size_; }
  std::int64_t buffered() const override { return std::min(size_, inflated_.limit()); }

  void read(std::int64_t offset, std::span<std::byte> out) const override {
    require_inside(offset, out.size(), size_);
    if (out.empty()) return;
    const std::int64_t end = offset + static_cast<std::int64_t>(out.size());
    const std::int64_t first = offset / block_size_, last = (end - 1) / block_size_;
    const auto read_block = [&](std::int64_t index) {
      const ChunkCache::Chunk content = inflated_.get(index, [&] { return inflated(index); });
      const std::int64_t from = std::max(offset, index * block_size_), to = std::min(end, (index + 1) * block_size_);
      std::memcpy(out.data() + (from - offset), content->data() + (from - index * block_size_),
                  static_cast<std::size_t>(to - from));
    };
    if (first == last) return read_block(first);
    tbb::parallel_for(tbb::blocked_range<std::int64_t>(first, last + 1, 1), [&](const auto& range) {
      for (std::int64_t index = range.begin(); index < range.end(); ++index) read_block(index);
    });
  }

 private:
  struct Block {
    std::int64_t at, stored_size, size;
  };
  std::vector<std::byte> inflated(std::int64_t index) const {
    const Block& block = blocks_[static_cast<std::size_t>(index)];
    std::vector<std::byte> stored(static_cast<std::size_t>(block.stored_size));
    stored_->read(block.at, stored);
    std::vector<std::byte> content(static_cast<std::size_t>(block.size));
    with_context([&] { return "compressed block " + std::to_string(index) + " of the container"; },
                 [&] { codec::decode_deflate(stored, content); });
    return content;
  }

  std::shared_ptr<const Stream> stored_;
  std::int64_t block_size_ = 0;
  std::int64_t size_ = 0;
  std::vector<Block> blocks_;
  mutable ChunkCache inflated_;
};

}  // namespace

SingleFileSystem::SingleFileSystem(std::shared_ptr<const RandomAccessFile> file) : file_(std::move(file)) {
  std::array<std::byte, 8> mark{};
  if (file_->size() >= static_cast<std::int64_t>(mark.size())) file_->read(0, mark);
  if (std::memcmp(mark.data(), container_mark.data(), container_mark.size()) != 0) {
    throw Error(ErrorKind::bad_data,
                file_->path().filename().string() + " is not a Bruker container: it does not start with AAMVHFSS");
  }
  std::array<std::byte, 0x14c> header{};
  file_->read(0, header);
  chunk_size_ = load<std::uint32_t>(header, 0x128);
  if (chunk_size_ < chunk_header + entry_size || chunk_size_ > largest_chunk) {
    damaged("chunks of " + std::to_string(chunk_size_) + " bytes");
  }
  chunks_ = (file_->size() - first_chunk_at + chunk_size_ - 1) / chunk_size_;
  std::int64_t chunk = load<std::uint32_t>(header, 0x140);
  const std::int64_t count = load<std::uint32_t>(header, 0x144);
  if (count > file_->size() / entry_size) damaged(std::to_string(count) + " directory entries");

  const std::int64_t entries_per_chunk = (chunk_size_ - chunk_header) / entry_size;
  std::array<std::byte, entry_size> raw{};
  for (std::int64_t i = 0; i < count; ++i) {
    if (i > 0 && i % entries_per_chunk == 0) chunk = next_chunk(chunk);
    file_->read(content_at(chunk) + i % entries_per_chunk * entry_size, raw);
    Entry entry;
    entry.table = load<std::uint32_t>(raw, 0);
    const std::uint64_t size = load<std::uint64_t>(raw, 4);
    entry.parent = static_cast<std::int32_t>(load<std::uint32_t>(raw, 40));
    entry.folder = raw[220] != std::byte{0};
    const char* name = reinterpret_cast<const char*>(raw.data()) + 224;
    entry.name = to_utf8({name, ::strnlen(name, 256)});
    if (!entry.folder && size > static_cast<std::uint64_t>(file_->size())) {
      damaged("the file '" + entry.name + "' is said to have " + std::to_string(size) + " bytes");
    }
    entry.size = static_cast<std::int64_t>(size);
    entries_.push_back(std::move(entry));
  }
}

std::int64_t SingleFileSystem::content_at(std::int64_t chunk) const {
  if (chunk < 0 || chunk >= chunks_) {
    damaged("chunk " + std::to_string(chunk) + " of " + std::to_string(chunks_) + " is asked for");
  }
  return first_chunk_at + chunk * chunk_size_ + chunk_header;
}

std::int64_t SingleFileSystem::next_chunk(std::int64_t chunk) const {
  std::array<std::byte, 4> next{};
  file_->read(content_at(chunk) - chunk_header, next);
  return load<std::uint32_t>(next);
}

bool SingleFileSystem::lies_in(const Entry& entry, const std::string& folder) const {
  if (entry.parent < 0 || entry.parent >= static_cast<std::int64_t>(entries_.size())) return false;
  const Entry& parent = entries_[static_cast<std::size_t>(entry.parent)];
  return parent.folder && parent.parent < 0 && parent.name == folder;
}

std::vector<std::string> SingleFileSystem::names_in(const std::string& folder) const {
  std::vector<std::string> names;
  for (const Entry& entry : entries_) {
    if (!entry.folder && lies_in(entry, folder)) names.push_back(entry.name);
  }
  return names;
}

std::shared_ptr<const Stream> SingleFileSystem::open(const std::string& folder, const std::string& name) const {
  const auto entry = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& one) {
    return !one.folder && one.name == name && lies_in(one, folder);
  });
  if (entry == entries_.end()) damaged("there is no file " + folder + "/" + name);
  return with_context(
      [&] { return "reading " + folder + "/" + name; },
      [&]() -> std::shared_ptr<const Stream> {
        const std::int64_t content = chunk_size_ - chunk_header;
        const std::int64_t count = (entry->size + content - 1) / content;
        const std::int64_t per_table_chunk = content / 4;
        std::vector<std::int64_t> content_of_chunk;
        content_of_chunk.reserve(static_cast<std::size_t>(count));
        std::int64_t table = entry->table;
        std::vector<std::byte> numbers;
        for (std::int64_t done = 0; done < count; done += per_table_chunk) {
          if (done > 0) table = next_chunk(table);
          const std::int64_t now = std::min(per_table_chunk, count - done);
          numbers = file_->read(content_at(table), 4 * now);
          for (std::int64_t i = 0; i < now; ++i) {
            content_of_chunk.push_back(content_at(load<std::uint32_t>(numbers, static_cast<std::size_t>(4 * i))));
          }
        }
        auto stored = std::make_shared<StoredStream>(file_, std::move(content_of_chunk), content, entry->size);
        std::array<std::byte, 4> mark{};
        if (stored->size() >= first_block_at) stored->read(0, mark);
        if (std::memcmp(mark.data(), "AACS", 4) != 0) return stored;
        return std::make_shared<CompressedStream>(std::move(stored));
      });
}

}  // namespace ruska::io::bcf
