// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/text_sink.hpp"

#include <charconv>
#include <fstream>

#include "ruska/base/error.hpp"

namespace ruska::io {
namespace {

class TextSink final : public Sink {
 public:
  TextSink(std::filesystem::path path, const Description& description,
           std::function<std::string(std::span<const std::byte>)> format)
      : path_(std::move(path)),
        description_(description),
        format_(std::move(format)),
        values_(static_cast<std::size_t>(description.bytes())) {}

  /// The values, and a text of about thirty characters for each.
  Storage storage() const override { return {.buffered = description_.bytes() + 30 * count(description_.shape())}; }
  void write(const Region& region, std::span<const std::byte> values) override {
    check_region(region, description_, values.size());
    paste_region(values, region, values_, description_.shape(), size_of(description_.dtype));
  }
  void commit() override {
    std::ofstream file(path_, std::ios::binary | std::ios::trunc);
    file << format_(values_) << std::flush;
    if (!file) throw Error(ErrorKind::io, "writing " + path_.string() + " failed; is the disk full?");
  }

 private:
  std::filesystem::path path_;
  Description description_;
  std::function<std::string(std::span<const std::byte>)> format_;
  std::vector<std::byte> values_;
};

}  // namespace

std::unique_ptr<Sink> text_sink(std::filesystem::path path, const Description& description,
                                std::function<std::string(std::span<const std::byte> values)> format) {
  return std::make_unique<TextSink>(std::move(path), description, std::move(format));
}

template <class T>
std::string shortest_text(T value) {
  char text[64];
  return {text, std::to_chars(text, text + sizeof(text), value).ptr};
}

template std::string shortest_text(std::uint8_t);
template std::string shortest_text(std::uint16_t);
template std::string shortest_text(std::uint32_t);
template std::string shortest_text(std::uint64_t);
template std::string shortest_text(std::int8_t);
template std::string shortest_text(std::int16_t);
template std::string shortest_text(std::int32_t);
template std::string shortest_text(std::int64_t);
template std::string shortest_text(float);
template std::string shortest_text(double);

}  // namespace ruska::io
