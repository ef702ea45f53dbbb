// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// Files, groups, attributes and their values. Names, numbers and texts come from files that nobody vouches for: every
// count is checked against the file's size before memory is asked for, links out of the file are not followed.
#include "ruska/io/hdf5.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <type_traits>

#include "ruska/io/hdf5_internal.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io::hdf5 {
namespace {

constexpr std::int64_t max_json_elements = 65536;
constexpr std::size_t max_members = 1000000;

std::recursive_mutex& global_mutex() {
  static std::recursive_mutex mutex;
  return mutex;
}

herr_t keep_failure(unsigned, const H5E_error2_t* entry, void* data) {
  auto& failure = *static_cast<Failure*>(data);
  if (failure.words.empty() && entry->desc != nullptr) failure.words = entry->desc;
  // Only what the operating system itself refused is no fault of the data.
  if (entry->maj_num == H5E_IO && (entry->min_num == H5E_READERROR || entry->min_num == H5E_WRITEERROR)) {
    failure.kind = ErrorKind::io;
  }
  return 0;
}

/// "file write failed: time = …, error message = 'No space left on device', …" → "file write failed: No space left …".
std::string without_details(const std::string& words) {
  static constexpr std::string_view mark = "error message = '";
  const std::size_t details = words.find(": time = "), message = words.find(mark);
  if (details == std::string::npos || message == std::string::npos) return words;
  const std::size_t begin = message + mark.size();
  return words.substr(0, details) + ": " + words.substr(begin, words.find('\'', begin) - begin);
}

std::string fixed_text(const char* begin, std::size_t size, H5T_str_t padding) {
  std::size_t length = 0;
  while (length < size && begin[length] != '\0') ++length;
  if (padding == H5T_STR_SPACEPAD) {
    while (length > 0 && begin[length - 1] == ' ') --length;
  }
  return to_utf8(std::string(begin, length));
}

std::string hexadecimal(const unsigned char* bytes, std::size_t size) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text = "0x";
  for (std::size_t i = 0; i < size; ++i) {
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

/// Flat values folded into nested arrays.
Json nested(std::vector<Json>& flat, const Shape& shape, std::size_t axis, std::size_t& next) {
  if (axis == shape.size()) return std::move(flat[next++]);
  Json list = Json::array();
  for (std::int64_t i = 0; i < shape[axis]; ++i) list.push_back(nested(flat, shape, axis + 1, next));
  return list;
}

/// IEEE 754 of 16, 32 or 64 bits; HDF5 would convert any other layout, and trusts what a damaged file says of it.
bool is_ieee(hid_t type, std::size_t size) {
  std::size_t sign = 0, exponent = 0, exponent_bits = 0, mantissa = 0, mantissa_bits = 0;
  if (H5Tget_fields(type, &sign, &exponent, &exponent_bits, &mantissa, &mantissa_bits) < 0) return false;
  const std::size_t wanted = size == 2 ? 10 : size == 4 ? 23 : 52;
  return sign == 8 * size - 1 && mantissa == 0 && mantissa_bits == wanted && exponent == wanted &&
         exponent_bits == 8 * size - 1 - wanted;
}

std::optional<DType> number_type(hid_t type) {
  const H5T_class_t kind = H5Tget_class(type);
  if (kind != H5T_FLOAT && kind != H5T_INTEGER) return std::nullopt;
  const std::size_t size = H5Tget_size(type);
  const H5T_order_t order = H5Tget_order(type);
  if (size == 0 || size > 8 || H5Tget_precision(type) != 8 * size || H5Tget_offset(type) != 0 ||
      (order != H5T_ORDER_LE && order != H5T_ORDER_BE)) {
    return std::nullopt;
  }
  if (kind == H5T_FLOAT) {
    if ((size != 2 && size != 4 && size != 8) || !is_ieee(type, size)) return std::nullopt;
    return size == 8 ? DType::float64 : DType::float32;
  }
  const bool is_signed = H5Tget_sign(type) == H5T_SGN_2;
  switch (size) {
    case 1: return is_signed ? DType::int8 : DType::uint8;
    case 2: return is_signed ? DType::int16 : DType::uint16;
    case 4: return is_signed ? DType::int32 : DType::uint32;
    case 8: return is_signed ? DType::int64 : DType::uint64;
    default: return std::nullopt;
  }
}

hid_t native(DType dtype) {
  switch (dtype) {
    case DType::uint8: return H5T_NATIVE_UINT8;
    case DType::uint16: return H5T_NATIVE_UINT16;
    case DType::uint32: return H5T_NATIVE_UINT32;
    case DType::uint64: return H5T_NATIVE_UINT64;
    case DType::int8: return H5T_NATIVE_INT8;
    case DType::int16: return H5T_NATIVE_INT16;
    case DType::int32: return H5T_NATIVE_INT32;
    case DType::int64: return H5T_NATIVE_INT64;
    case DType::float32: return H5T_NATIVE_FLOAT;
    case DType::float64: return H5T_NATIVE_DOUBLE;
    default: throw Error(ErrorKind::internal, "complex numbers have no atomic HDF5 type");
  }
}

std::string member_name(hid_t type, unsigned index) {
  char* raw = H5Tget_member_name(type, index);
  const std::string name = raw == nullptr ? std::string() : to_utf8(raw);
  H5free_memory(raw);
  return name;
}

/// Truth values as NumPy's users write them: an enumeration of FALSE = 0 and TRUE = 1 over a byte.
Handle boolean_type() {
  Handle type(H5Tenum_create(H5T_NATIVE_INT8), H5Tclose);
  const std::int8_t no = 0, yes = 1;
  H5Tenum_insert(type, "FALSE", &no);
  H5Tenum_insert(type, "TRUE", &yes);
  return type;
}

bool is_boolean(hid_t type) {
  return H5Tget_class(type) == H5T_ENUM && H5Tget_size(type) == 1 && H5Tget_nmembers(type) == 2 &&
         member_name(type, 0) == "FALSE" && member_name(type, 1) == "TRUE";
}

/// The members of a structure when all have one dtype.
std::optional<Element> structure(hid_t type) {
  const int members = H5Tget_nmembers(type);
  if (members < 1 || members > 64) return std::nullopt;
  Element element;
  std::size_t end = 0;
  for (int i = 0; i < members; ++i) {
    const std::size_t offset = H5Tget_member_offset(type, static_cast<unsigned>(i));
    const Handle member(H5Tget_member_type(type, static_cast<unsigned>(i)), H5Tclose);
    if (!member) return std::nullopt;
    const auto dtype = number_type(member);
    if (!dtype || (i > 0 && *dtype != element.dtype)) return std::nullopt;
    if (offset < end || H5Tget_size(member) > H5Tget_size(type) || offset > H5Tget_size(type) - H5Tget_size(member)) {
      return std::nullopt;
    }
    end = offset + H5Tget_size(member);
    element.dtype = *dtype;
    element.fields.push_back(member_name(type, static_cast<unsigned>(i)));
  }
  const auto begins = [](const std::string& name, char letter) { return !name.empty() && name[0] == letter; };
  const bool floats = element.dtype == DType::float32 || element.dtype == DType::float64;
  if (members == 2 && floats && begins(element.fields[0], 'r') && begins(element.fields[1], 'i')) {
    element.dtype = element.dtype == DType::float32 ? DType::complex64 : DType::complex128;
    element.real = element.fields[0];
    element.imaginary = element.fields[1];
    element.fields.clear();
  }
  return element;
}

template <class T>
void append_numbers(const std::vector<std::byte>& bytes, std::vector<Json>& flat) {
  for (std::size_t i = 0; i + sizeof(T) <= bytes.size(); i += sizeof(T)) {
    T value;
    std::memcpy(&value, bytes.data() + i, sizeof(T));
    if constexpr (is_complex_v<T>)
      flat.push_back(Json::array({value.real(), value.imag()}));
    else
      flat.push_back(value);
  }
}

/// Opening links that leave the file would let it name any other file of the user.
herr_t refuse_external(const char*, const char*, const char*, const char*, unsigned*, hid_t, void*) { return -1; }

hid_t link_access() {
  static const hid_t access = [] {
    const hid_t list = H5Pcreate(H5P_LINK_ACCESS);
    H5Pset_elink_cb(list, refuse_external, nullptr);
    return list;
  }();
  return access;
}

std::string joined(const std::string& parent, const std::string& name) {
  return parent == "/" ? "/" + name : parent + "/" + name;
}

}  // namespace

Lock::Lock() : lock_(global_mutex()) {
  // At exit the library would write out what a full disk has refused before, and crash.
  static const bool left_alone_at_exit = H5dont_atexit() >= 0;
  (void)left_alone_at_exit;
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

Failure last_failure() {
  Failure failure;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_failure, &failure);
  H5Eclear2(H5E_DEFAULT);
  failure.words = to_utf8(without_details(failure.words));
  return failure;
}

void throw_failure(const std::filesystem::path& file, const std::string& path, const std::string& doing, bool writing) {
  const Failure failure = last_failure();
  throw Error(writing ? ErrorKind::io : failure.kind,
              "'" + file.string() + "'" + (path.empty() ? "" : ", " + path) + ": " + doing + " failed" +
                  (failure.words.empty() ? "" : " (HDF5: " + failure.words + ")"));
}

std::int64_t Element::bytes() const {
  return static_cast<std::int64_t>(size_of(dtype) * std::max<std::size_t>(fields.size(), 1));
}

Handle memory_type(const Element& element) {
  if (element.boolean) return boolean_type();
  if (!element.fields.empty()) {
    const std::size_t size = size_of(element.dtype);
    Handle type(H5Tcreate(H5T_COMPOUND, size * element.fields.size()), H5Tclose);
    for (std::size_t i = 0; i < element.fields.size(); ++i) {
      H5Tinsert(type, element.fields[i].c_str(), i * size, native(element.dtype));
    }
    return type;
  }
  if (is_complex(element.dtype)) {
    const hid_t part = element.dtype == DType::complex64 ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE;
    const std::size_t size = size_of(element.dtype);
    Handle type(H5Tcreate(H5T_COMPOUND, size), H5Tclose);
    H5Tinsert(type, element.real.c_str(), 0, part);
    H5Tinsert(type, element.imaginary.c_str(), size / 2, part);
    return type;
  }
  return Handle(H5Tcopy(native(element.dtype)), H5Tclose);
}

std::optional<Element> element_of(hid_t type) {
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
    case H5T_FLOAT: {
      const auto dtype = number_type(type);
      if (!dtype) return std::nullopt;
      return Element{*dtype};
    }
    case H5T_ENUM: {
      if (is_boolean(type)) return Element{DType::uint8, {}, true};
      return std::nullopt;
    }
    case H5T_COMPOUND: return structure(type);
    default: return std::nullopt;
  }
}

std::optional<Shape> shape_of(hid_t space) {
  const int rank = H5Sget_simple_extent_ndims(space);
  if (rank < 0 || H5Sget_simple_extent_type(space) == H5S_NULL) return std::nullopt;
  std::vector<hsize_t> lengths(static_cast<std::size_t>(rank));
  H5Sget_simple_extent_dims(space, lengths.data(), nullptr);
  Shape shape;
  for (const hsize_t length : lengths) {
    if (length > static_cast<hsize_t>(INT64_MAX)) return std::nullopt;
    shape.push_back(static_cast<std::int64_t>(length));
  }
  return shape;
}

std::string class_name(hid_t type) {
  switch (H5Tget_class(type)) {
    case H5T_INTEGER: return "integer of " + std::to_string(H5Tget_size(type)) + " bytes";
    case H5T_FLOAT: return "float of " + std::to_string(H5Tget_size(type)) + " bytes";
    case H5T_STRING: return "text";
    case H5T_BITFIELD: return "bit field";
    case H5T_OPAQUE: return "opaque bytes";
    case H5T_COMPOUND: return "structure of unlike members";
    case H5T_REFERENCE: return "reference";
    case H5T_ENUM: return "enumeration";
    case H5T_VLEN: return "ragged list";
    case H5T_ARRAY: return "array type";
    default: return "unknown type";
  }
}

Handle text_type() {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}

/// The value of an attribute or of a small array as JSON; `read(memory type, buffer)` is H5Aread or H5Dread.
template <class Read>
Json json_value(const Object& object, hid_t type, hid_t space, std::int64_t limit, const Read& read) {
  const auto shape = shape_of(space);
  if (!shape) return nullptr;
  const std::int64_t elements = count(*shape);
  const std::size_t item = H5Tget_size(type);
  if (elements > limit) return "<" + to_string(*shape) + " of " + class_name(type) + ">";
  std::int64_t bytes = 0;
  if (__builtin_mul_overflow(elements, static_cast<std::int64_t>(item), &bytes) ||
      bytes - (std::int64_t{1} << 20) > object.file_size()) {
    object.fail(ErrorKind::bad_data, "a value claims " + std::to_string(elements) + " elements of " +
                                         std::to_string(item) + " bytes, more than the file holds");
  }
  std::vector<Json> flat;
  flat.reserve(static_cast<std::size_t>(elements));
  const H5T_class_t kind = H5Tget_class(type);
  if (kind == H5T_STRING && H5Tis_variable_str(type) > 0) {
    const Handle memory(H5Tcopy(type), H5Tclose);
    std::vector<char*> texts(static_cast<std::size_t>(elements), nullptr);
    read(memory, texts.data());
    for (const char* text : texts) flat.push_back(text == nullptr ? std::string() : to_utf8(text));
    H5Dvlen_reclaim(memory, space, H5P_DEFAULT, texts.data());
  } else if (kind == H5T_STRING || kind == H5T_OPAQUE) {
    std::vector<std::byte> raw(static_cast<std::size_t>(bytes));
    const Handle memory(H5Tcopy(type), H5Tclose);
    read(memory, raw.data());
    const H5T_str_t padding = kind == H5T_STRING ? H5Tget_strpad(type) : H5T_STR_NULLTERM;
    for (std::int64_t i = 0; i < elements; ++i) {
      const std::byte* at = raw.data() + static_cast<std::size_t>(i) * item;
      if (kind == H5T_STRING)
        flat.push_back(fixed_text(reinterpret_cast<const char*>(at), item, padding));
      else
        flat.push_back(hexadecimal(reinterpret_cast<const unsigned char*>(at), item));
    }
  } else {
    auto element = element_of(type);
    Handle memory;
    if (!element && kind == H5T_ENUM) {
      const Handle base(H5Tget_super(type), H5Tclose);
      if (const auto dtype = number_type(base)) {
        element = Element{*dtype};
        memory = Handle(H5Tget_native_type(type, H5T_DIR_ASCEND), H5Tclose);
      }
    } else if (element) {
      memory = memory_type(*element);
    }
    if (!element || !memory) return "<" + to_string(*shape) + " of " + class_name(type) + ">";
    std::vector<std::byte> raw(static_cast<std::size_t>(elements * element->bytes()));
    read(memory, raw.data());
    if (element->boolean) {
      for (const std::byte one : raw) flat.push_back(one != std::byte{0});
    } else {
      visit_dtype(element->dtype, [&]<class T>() { append_numbers<T>(raw, flat); });
      if (!element->fields.empty()) {
        std::vector<Json> structures;
        for (std::size_t i = 0; i < flat.size(); i += element->fields.size()) {
          Json one = Json::object();
          for (std::size_t f = 0; f < element->fields.size(); ++f) one[element->fields[f]] = flat[i + f];
          structures.push_back(std::move(one));
        }
        flat = std::move(structures);
      }
    }
  }
  std::size_t next = 0;
  return nested(flat, *shape, 0, next);
}

const std::string& Object::path() const { return state_->path; }

const std::filesystem::path& Object::file() const { return state_->file->path(); }

std::int64_t Object::file_size() const { return state_->file->size(); }

std::uint64_t Object::address() const {
  const Lock lock;
  H5O_info_t info;
  if (H5Oget_info2(state_->handle, &info, H5O_INFO_BASIC) < 0)
    throw_failure(file(), path(), "reading the object header");
  return info.addr;
}

void Object::fail(ErrorKind kind, const std::string& what) const {
  throw Error(kind, "'" + file().string() + "', " + path() + ": " + what);
}

const ReferenceCheck* Object::reference_check() const { return state_->file->reference_check_.get(); }

void Object::check_addresses() const {
  if (reference_check() != nullptr) reference_check()->object(address());
}

void Object::check_texts(const std::string& attribute, std::int64_t elements) const {
  if (reference_check() != nullptr) reference_check()->attribute(address(), attribute, elements);
}

std::vector<std::string> Object::attribute_names() const {
  const Lock lock;
  std::vector<std::string> names;
  // HDF5 1.10 frees what it never allocated when a list of attributes turns out damaged half way; looking for a name
  // that is not there reads them all without that list.
  if (H5Aexists(state_->handle, "\x01") < 0) throw_failure(file(), path(), "reading the attributes");
  const auto collect = [](hid_t, const char* name, const H5A_info_t*, void* data) -> herr_t {
    auto& list = *static_cast<std::vector<std::string>*>(data);
    list.emplace_back(name);
    return list.size() < max_members ? 0 : -1;
  };
  // Where an attribute of a damaged file cannot be decoded, libhdf5 1.10 releases a table of which it has filled only a
  // part, and crashes. Looking for a name that no attribute can have (theirs have at most 65535 bytes) decodes all of
  // them without the table and fails in an orderly way.
  if (H5Aexists(state_->handle, std::string(70000, 'x').c_str()) < 0 ||
      H5Aiterate2(state_->handle, H5_INDEX_NAME, H5_ITER_INC, nullptr, collect, &names) < 0) {
    throw_failure(file(), path(), "listing the attributes");
  }
  return names;
}

bool Object::has_attribute(const std::string& name) const {
  const Lock lock;
  return H5Aexists(state_->handle, name.c_str()) > 0;
}

Json Object::attribute(const std::string& name) const {
  const Lock lock;
  const htri_t there = H5Aexists(state_->handle, name.c_str());
  if (there < 0) throw_failure(file(), path(), "looking for the attribute '" + name + "'");
  if (there == 0) return nullptr;
  const auto doing = [&] { return "reading the attribute '" + to_utf8(name) + "'"; };
  const Handle attribute(H5Aopen(state_->handle, name.c_str(), H5P_DEFAULT), H5Aclose);
  if (!attribute) throw_failure(file(), path(), doing());
  const Handle type(H5Aget_type(attribute), H5Tclose);
  const Handle space(H5Aget_space(attribute), H5Sclose);
  if (!type || !space) throw_failure(file(), path(), doing());
  if (H5Tis_variable_str(type) > 0) check_texts(name, count(shape_of(space).value_or(Shape{0})));
  return json_value(*this, type, space, max_json_elements, [&](hid_t memory, void* buffer) {
    if (H5Aread(attribute, memory, buffer) < 0) throw_failure(file(), path(), doing());
  });
}

std::optional<double> Object::number(const std::string& name) const {
  Json value = attribute(name);
  while (value.is_array() && value.size() == 1) value = Json(value[0]);
  if (value.is_boolean()) return value.get<bool>() ? 1.0 : 0.0;
  if (!value.is_number()) return std::nullopt;
  return value.get<double>();
}

std::optional<std::string> Object::text(const std::string& name) const {
  Json value = attribute(name);
  while (value.is_array() && value.size() == 1) value = Json(value[0]);
  if (!value.is_string()) return std::nullopt;
  return value.get<std::string>();
}

void Object::set_attribute(const std::string& name, const Json& value) const {
  const Lock lock;
  const auto doing = [&] { return "writing the attribute '" + name + "'"; };
  if (H5Aexists(state_->handle, name.c_str()) > 0) H5Adelete(state_->handle, name.c_str());
  const bool is_list = value.is_array();
  const std::vector<Json> items = is_list ? std::vector<Json>(value.begin(), value.end()) : std::vector<Json>{value};
  const auto all = [&](auto&& test) { return std::all_of(items.begin(), items.end(), test); };
  hsize_t length = items.size();
  const Handle space(is_list ? H5Screate_simple(1, &length, nullptr) : H5Screate(H5S_SCALAR), H5Sclose);
  const auto write = [&](hid_t type, const void* data) {
    const Handle attribute(H5Acreate2(state_->handle, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
    if (!attribute || H5Awrite(attribute, type, data) < 0) throw_failure(file(), path(), doing(), true);
  };
  const auto write_as = [&]<class T>(hid_t type) {
    std::vector<T> values;
    for (const Json& item : items) values.push_back(item.get<T>());
    write(type, values.data());
  };
  if (items.empty()) fail(ErrorKind::internal, "an attribute cannot hold an empty list");
  if (all([](const Json& item) { return item.is_string(); })) {
    std::vector<std::string> texts;
    std::vector<const char*> pointers;
    for (const Json& item : items) texts.push_back(item.get<std::string>());
    for (const std::string& text : texts) pointers.push_back(text.c_str());
    write(text_type(), pointers.data());
  } else if (all([](const Json& item) { return item.is_boolean(); })) {
    std::vector<std::int8_t> values;
    for (const Json& item : items) values.push_back(item.get<bool>() ? 1 : 0);
    write(boolean_type(), values.data());
  } else if (all([](const Json& item) { return item.is_number_unsigned(); }) &&
             !all([](const Json& item) { return item.get<std::uint64_t>() <= std::uint64_t{INT64_MAX}; })) {
    write_as.operator()<std::uint64_t>(H5T_NATIVE_UINT64);
  } else if (all([](const Json& item) { return item.is_number_integer(); })) {
    write_as.operator()<std::int64_t>(H5T_NATIVE_INT64);
  } else if (all([](const Json& item) { return item.is_number(); })) {
    write_as.operator()<double>(H5T_NATIVE_DOUBLE);
  } else {
    fail(ErrorKind::internal, "the attribute '" + name + "' cannot hold " + value.dump());
  }
}

std::vector<std::string> Group::names() const {
  const Lock lock;
  struct Found {
    std::vector<std::string> names;
  } found;
  const auto collect = [](hid_t, const char* name, const H5L_info_t* info, void* data) -> herr_t {
    auto& list = static_cast<Found*>(data)->names;
    if (info->type == H5L_TYPE_HARD || info->type == H5L_TYPE_SOFT) list.emplace_back(name);
    return list.size() < max_members ? 0 : -1;
  };
  unsigned order = 0;
  const Handle creation(H5Gget_create_plist(state_->handle), H5Pclose);
  if (creation) H5Pget_link_creation_order(creation, &order);
  const H5_index_t index = (order & H5P_CRT_ORDER_TRACKED) != 0 ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME;
  if (H5Literate(state_->handle, index, H5_ITER_INC, nullptr, collect, &found) < 0) {
    throw_failure(file(), path(), "listing the group");
  }
  return found.names;
}

Kind Group::kind(const std::string& name) const {
  const Lock lock;
  // Each step of the path must exist before HDF5 may be asked for the next.
  for (std::size_t end = name.find('/', 1);; end = name.find('/', end + 1)) {
    const std::string part = name.substr(0, end);
    if (H5Lexists(state_->handle, part.c_str(), link_access()) <= 0) {
      H5Eclear2(H5E_DEFAULT);
      return Kind::none;
    }
    if (end == std::string::npos) break;
  }
  const Handle object(H5Oopen(state_->handle, name.c_str(), link_access()), H5Oclose);
  if (!object) {
    H5Eclear2(H5E_DEFAULT);
    return Kind::none;
  }
  switch (H5Iget_type(object)) {
    case H5I_GROUP: return Kind::group;
    case H5I_DATASET: return Kind::array;
    default: return Kind::other;
  }
}

Group Group::group(const std::string& name) const {
  const Lock lock;
  Handle opened(H5Gopen2(state_->handle, name.c_str(), link_access()), H5Gclose);
  if (!opened) throw_failure(file(), joined(path(), name), "opening the group");
  const Group group(std::make_shared<State>(state_->file, std::move(opened), joined(path(), name)));
  group.check_addresses();
  return group;
}

Group Group::create_group(const std::string& name, bool ordered) const {
  const Lock lock;
  const Handle creation(H5Pcreate(H5P_GROUP_CREATE), H5Pclose);
  if (ordered) H5Pset_link_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
  Handle made(H5Gcreate2(state_->handle, name.c_str(), H5P_DEFAULT, creation, H5P_DEFAULT), H5Gclose);
  if (!made) throw_failure(file(), joined(path(), name), "making the group", true);
  return Group(std::make_shared<State>(state_->file, std::move(made), joined(path(), name)));
}

void Group::write_numbers(const std::string& name, DType dtype, const Shape& shape,
                          std::span<const std::byte> values) const {
  create_array(name, Element{dtype}, shape).write(Region::whole(shape), values);
}

void Group::write_texts(const std::string& name, const std::vector<std::string>& values) const {
  const Lock lock;
  hsize_t length = values.size();
  const Handle space(H5Screate_simple(1, &length, nullptr), H5Sclose);
  const Handle type = text_type();
  const Handle made(H5Dcreate2(state_->handle, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                    H5Dclose);
  std::vector<const char*> pointers;
  for (const std::string& value : values) pointers.push_back(value.c_str());
  if (!made || (!values.empty() && H5Dwrite(made, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()) < 0)) {
    throw_failure(file(), joined(path(), name), "writing texts", true);
  }
}

void Group::write_text(const std::string& name, const std::string& value) const {
  const Lock lock;
  const Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  const Handle type = text_type();
  const Handle made(H5Dcreate2(state_->handle, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                    H5Dclose);
  const char* pointer = value.c_str();
  if (!made || H5Dwrite(made, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, &pointer) < 0) {
    throw_failure(file(), joined(path(), name), "writing text", true);
  }
}

bool Array::is_text() const {
  const Lock lock;
  const Handle type(H5Dget_type(state_->handle), H5Tclose);
  return type && H5Tget_class(type) == H5T_STRING;
}

Json Array::value() const { return value_up_to(max_json_elements); }

Json Array::value_up_to(std::int64_t elements) const {
  const Lock lock;
  const Handle type(H5Dget_type(state_->handle), H5Tclose);
  const Handle space(H5Dget_space(state_->handle), H5Sclose);
  if (!type || !space) throw_failure(file(), path(), "reading the type");
  if (H5Tis_variable_str(type) > 0) check_stored_texts();
  return json_value(*this, type, space, elements, [&](hid_t memory, void* buffer) {
    if (H5Dread(state_->handle, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, buffer) < 0) {
      throw_failure(file(), path(), "reading values");
    }
  });
}

std::vector<std::string> Array::read_texts() const {
  std::vector<std::string> texts;
  const auto collect = [&](const auto& self, const Json& value) -> void {
    if (value.is_array()) {
      for (const Json& item : value) self(self, item);
    } else if (value.is_string()) {
      texts.push_back(value.get<std::string>());
    } else if (!value.is_null()) {
      fail(ErrorKind::bad_data, "text was expected here");
    }
  };
  collect(collect, value_up_to(INT64_MAX));
  return texts;
}

std::string Array::read_text() const {
  auto texts = read_texts();
  if (texts.empty()) fail(ErrorKind::bad_data, "text was expected here, and there is none");
  return std::move(texts.front());
}

FilePtr OpenFile::open(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) throw Error(ErrorKind::not_found, "there is no file '" + path.string() + "'");
  if (!std::filesystem::is_regular_file(status)) {
    throw Error(ErrorKind::io, "'" + path.string() + "' is not a file");
  }
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw Error(ErrorKind::io, "'" + path.string() + "' cannot be read: " + std::strerror(errno));
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(path, error));
  const Lock lock;
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_fclose_degree(access, H5F_CLOSE_WEAK);
  // Locks fail on many network file systems, and reading needs none.
  H5Pset_file_locking(access, false, true);
  const hid_t id = H5Fopen(path.c_str(), H5F_ACC_RDONLY, access);
  if (id < 0) throw_failure(path, "", "opening as HDF5");
  const FilePtr file(new OpenFile(path, id, size, false));
  const Handle creation(H5Fget_create_plist(id), H5Pclose);
  hsize_t base = 0;
  std::size_t address_size = 0, length_size = 0;
  if (!creation || H5Pget_userblock(creation, &base) < 0 || H5Pget_sizes(creation, &address_size, &length_size) < 0) {
    throw_failure(path, "", "reading the superblock");
  }
  if (address_size != 8 || length_size != 8) {
    throw Error(ErrorKind::unsupported, "'" + path.string() + "': addresses of " + std::to_string(address_size) +
                                            " bytes; HDF5 files with addresses of 8 bytes are supported");
  }
  file->reference_check_ = std::make_unique<ReferenceCheck>(path, size, base);
  return file;
}

FilePtr OpenFile::create(const std::filesystem::path& path) {
  const Lock lock;
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_file_locking(access, false, true);
  // Since version 1.8 headers carry checksums, so that damage is noticed; every HDF5 of the last fifteen years reads
  // it.
  H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V110);
  const hid_t id = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access);
  if (id < 0) throw_failure(path, "", "making the file", true);
  return FilePtr(new OpenFile(path, id, INT64_MAX, true));
}

OpenFile::OpenFile(std::filesystem::path path, Id id, std::int64_t size, bool writing)
    : path_(std::move(path)), id_(id), size_(size), writing_(writing) {}

OpenFile::~OpenFile() {
  if (id_ < 0) return;
  const Lock lock;
  H5Fclose(id_);
}

Group OpenFile::root() {
  const Lock lock;
  Handle opened(H5Gopen2(id_, "/", H5P_DEFAULT), H5Gclose);
  if (!opened) throw_failure(path_, "/", "opening the group");
  const Group group(std::make_shared<Object::State>(shared_from_this(), std::move(opened), "/"));
  group.check_addresses();
  return group;
}

void OpenFile::close() {
  const Lock lock;
  if (H5Fflush(id_, H5F_SCOPE_GLOBAL) < 0) {
    id_ = -1;  // closing would write again what could not be written
    throw_failure(path_, "", "writing the file out", writing_);
  }
  if (H5Fclose(std::exchange(id_, -1)) < 0) throw_failure(path_, "", "closing the file", writing_);
}

bool has_signature(std::span<const std::byte> head) {
  static constexpr unsigned char signature[] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1A, '\n'};
  return head.size() >= sizeof(signature) && std::memcmp(head.data(), signature, sizeof(signature)) == 0;
}

}  // namespace ruska::io::hdf5
