// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/decoded_image.hpp"

#include <mutex>

#include "ruska/base/error.hpp"

namespace ruska::io {

namespace {

constexpr std::int64_t largest_image = std::int64_t{1} << 30;
constexpr std::int64_t largest_ratio = std::int64_t{1} << 16;

class DecodedImage final : public Source {
 public:
  DecodedImage(Description description, std::function<std::vector<std::byte>()> decode)
      : description_(std::move(description)), decode_(std::move(decode)) {}

  const Description& describe() const override { return description_; }
  std::int64_t buffered() const override { return description_.bytes(); }

  void read(const Region& region, std::span<std::byte> out) const override {
    check_region(region, description_, out.size());
    std::call_once(once_, [&] { values_ = decode_(); });
    copy_region(values_, description_.shape(), size_of(description_.dtype), region, out);
  }

 private:
  Description description_;
  std::function<std::vector<std::byte>()> decode_;
  mutable std::once_flag once_;
  mutable std::vector<std::byte> values_;
};

}  // namespace

void set_image_axes(Description& description, std::int64_t height, std::int64_t width, int samples) {
  Axis axis;
  axis.name = "height";
  axis.size = height;
  description.axes.push_back(axis);
  axis.name = "width";
  axis.size = width;
  description.axes.push_back(axis);
  if (samples == 1) return;
  if (samples == 2) description.fields = {"L", "A"};
  if (samples > 2) description.fields = {"R", "G", "B"};
  if (samples == 4) description.fields.emplace_back("A");
  axis.name = "";
  axis.size = samples;
  description.axes.push_back(axis);
}

std::shared_ptr<const Source> decoded_image(Description description, std::int64_t stored_bytes,
                                            std::function<std::vector<std::byte>()> decode) {
  description.validate();
  if (description.bytes() > largest_image || description.bytes() / largest_ratio > stored_bytes) {
    throw Error(ErrorKind::bad_data, "an image " + to_string(description.shape()) + " of " +
                                         std::string(name_of(description.dtype)) + " from " +
                                         std::to_string(stored_bytes) +
                                         " bytes; at most 2^30 bytes and 65536 times as many as stored are plausible");
  }
  return std::make_shared<DecodedImage>(std::move(description), std::move(decode));
}

}  // namespace ruska::io
