// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "ruska/io/hdf5/file_state.hpp"
#include "ruska/io/hdf5/values.hpp"

namespace ruska::io::hdf5 {
namespace {

constexpr std::int64_t max_json_elements = 65536;
// Small arrays are read whole on anyone's word; beyond this they must come from the file.
constexpr std::int64_t believed = std::int64_t{64} << 20;
// The best that deflate can do is 1032:1 (258 bytes from two bits).
constexpr std::int64_t best_deflate_ratio = 1032;

const Datatype& innermost(const Datatype& type) {
  return type.type_class == Datatype::Class::array ? innermost(*type.base) : type;
}

Message message_of(const FileBlocks& blocks, const ObjectHeader& header, MessageType type, const char* what) {
  const Message* found = header.find(type);
  if (found == nullptr) throw Error(ErrorKind::bad_data, std::string("an array without ") + what);
  return resolved(blocks, *found);
}

}  // namespace

Array::ArrayState::ArrayState(FilePtr file_in, ObjectHeader header_in, std::string path_in, Datatype type_in,
                              Dataspace space_in)
    : State(std::move(file_in), std::move(header_in), std::move(path_in)),
      type(innermost(type_in)),
      space(std::move(space_in)),
      values(file->format_->blocks, header, type_in, space),
      element(element_of(type)) {
  if (element) conversion.emplace(type);
  if (type.type_class == Datatype::Class::list && !type.variable_text) list_element = element_of(*type.base);
  if (list_element) list_conversion.emplace(*type.base);
}

std::shared_ptr<Object::State> Array::ArrayState::make(FilePtr file, ObjectHeader header, std::string path) {
  const FileBlocks& blocks = file->format_->blocks;
  const Message type_message = message_of(blocks, header, MessageType::datatype, "a datatype");
  const Message space_message = message_of(blocks, header, MessageType::dataspace, "a dataspace");
  Cursor type = type_message.cursor(), space = space_message.cursor();
  Datatype read_type = read_datatype(type);
  return std::make_shared<ArrayState>(std::move(file), std::move(header), std::move(path), std::move(read_type),
                                      read_dataspace(space));
}

const Array::ArrayState& Array::array() const { return static_cast<const ArrayState&>(*state_); }

const Shape& Array::shape() const { return array().values.shape(); }

const Shape& Array::chunk() const { return array().values.chunk(); }

bool Array::is_text() const { return array().type.is_text(); }

bool Array::is_numeric() const { return array().element.has_value(); }

const Element& Array::element() const {
  if (!array().element) {
    fail(ErrorKind::unsupported, "elements of the type '" + name_of(array().type) + "' are not supported; numbers are");
  }
  return *array().element;
}

const std::optional<Element>& Array::list_element() const { return array().list_element; }

void Array::check_readable() const {
  inside([&] { array().values.check_readable(); });
}

void Array::read(const Region& region, std::span<std::byte> out) const {
  const std::int64_t item = element().bytes();
  const Shape& lengths = shape();
  bool within = region.start.size() == lengths.size() && region.shape.size() == lengths.size();
  for (std::size_t a = 0; within && a < lengths.size(); ++a) {
    within = region.start[a] >= 0 && region.shape[a] >= 0 && region.start[a] <= lengths[a] - region.shape[a];
  }
  if (!within || out.size() != static_cast<std::size_t>(region.count() * item)) {
    throw Error(ErrorKind::invalid_argument, "'" + path() + "' of shape " + to_string(lengths) + " has no region " +
                                                 to_string(region.shape) + " from " + to_string(region.start) + " of " +
                                                 std::to_string(out.size()) + " bytes");
  }
  inside([&] {
    const Conversion& convert = *array().conversion;
    if (convert.keeps_size()) {
      array().values.read(region, out);
      convert.in_place(out);
      return;
    }
    // Structures with gaps or other byte orders within, and floats of two bytes, need room of their own.
    std::vector<std::byte> stored(static_cast<std::size_t>(region.count()) * convert.stored_bytes());
    array().values.read(region, stored);
    convert(stored, out);
  });
}

std::vector<std::byte> Array::read_all() const {
  const std::int64_t bytes = count(shape()) * element().bytes();
  if (bytes > believed && bytes / best_deflate_ratio > file_size()) {
    fail(ErrorKind::bad_data, "an array of " + std::to_string(bytes) + " bytes does not fit the file");
  }
  std::vector<std::byte> out(static_cast<std::size_t>(bytes));
  read(Region::whole(shape()), out);
  return out;
}

std::vector<double> Array::read_numbers() const {
  const Element& type = element();
  if (is_complex(type.dtype) || !type.fields.empty()) fail(ErrorKind::unsupported, "real numbers were expected here");
  const auto bytes = read_all();
  std::vector<double> numbers;
  numbers.reserve(bytes.size() / size_of(type.dtype));
  visit_dtype(type.dtype, [&]<class T>() {
    if constexpr (!is_complex_v<T>) {
      for (std::size_t i = 0; i + sizeof(T) <= bytes.size(); i += sizeof(T)) {
        T value;
        std::memcpy(&value, bytes.data() + i, sizeof(T));
        numbers.push_back(static_cast<double>(value));
      }
    }
  });
  return numbers;
}

/// All elements as they are stored.
std::vector<std::byte> Array::read_stored() const {
  const std::int64_t elements = count(shape());
  std::int64_t bytes = 0;
  if (__builtin_mul_overflow(elements, static_cast<std::int64_t>(array().values.item()), &bytes) ||
      bytes - believed > file_size() || elements - max_json_elements > file_size()) {
    fail(ErrorKind::bad_data, "a value claims " + std::to_string(elements) + " elements of " +
                                  std::to_string(array().values.item()) + " bytes, more than the file holds");
  }
  std::vector<std::byte> stored(static_cast<std::size_t>(bytes));
  array().values.read(Region::whole(shape()), stored);
  return stored;
}

Json Array::value() const {
  return inside([&]() -> Json {
    if (array().space.null) return nullptr;
    if (count(shape()) > max_json_elements) return "<" + to_string(shape()) + " of " + name_of(array().type) + ">";
    const OpenFile::Format& format = *state_->file->format_;
    ValueReader values(format.blocks, format.heap);
    return values.nested(array().type, shape(), read_stored());
  });
}

std::vector<std::uint64_t> Array::references() const {
  return inside([&] {
    const OpenFile::Format& format = *state_->file->format_;
    ValueReader values(format.blocks, format.heap);
    return values.references(array().type, count(shape()), read_stored());
  });
}

std::vector<StoredList> Array::lists() const {
  if (!list_element()) {
    fail(ErrorKind::unsupported, "lists of numbers were expected, not '" + name_of(array().type) + "'");
  }
  return inside([&] {
    const auto stored = read_stored();
    const std::size_t item = array().values.item();
    const std::uint64_t largest = state_->file->format_->blocks.size() / array().list_conversion->stored_bytes();
    std::vector<StoredList> lists;
    lists.reserve(stored.size() / item);
    for (std::size_t at = 0; at + item <= stored.size(); at += item) {
      const ListPlace place = list_place(std::span(stored).subspan(at, item), state_->file->format_->blocks.widths());
      if (place.length > largest) {
        throw Error(ErrorKind::bad_data, "list " + std::to_string(lists.size()) + " claims " +
                                             std::to_string(place.length) + " entries, more than the file holds");
      }
      lists.push_back({static_cast<std::int64_t>(place.length), place.heap, place.index});
    }
    return lists;
  });
}

std::vector<std::byte> Array::entries(const StoredList& list) const {
  const Conversion& convert = array().list_conversion.value();
  return inside([&] {
    const auto length = static_cast<std::size_t>(list.length);
    if (length == 0) return std::vector<std::byte>();
    const Block stored =
        state_->file->format_->heap.beginning_of(list.heap, list.index, length * convert.stored_bytes());
    std::vector<std::byte> native(length * convert.native_bytes());
    convert(stored.bytes, native);
    return native;
  });
}

std::vector<std::string> Array::read_texts() const {
  if (!is_text()) fail(ErrorKind::bad_data, "text was expected here");
  return inside([&] {
    const OpenFile::Format& format = *state_->file->format_;
    ValueReader values(format.blocks, format.heap);
    const auto stored = read_stored();
    const std::size_t item = array().values.item();
    std::vector<std::string> texts;
    for (std::size_t at = 0; at + item <= stored.size(); at += item) {
      texts.push_back(values.text(array().type, std::span(stored).subspan(at, item)));
    }
    return texts;
  });
}

std::string Array::read_text() const {
  auto texts = read_texts();
  if (texts.empty()) fail(ErrorKind::bad_data, "text was expected here, and there is none");
  return std::move(texts.front());
}

void Array::set_cache(std::int64_t bytes) const { array().values.set_cache(bytes); }

std::int64_t Array::buffered() const { return array().values.buffered(); }

}  // namespace ruska::io::hdf5
