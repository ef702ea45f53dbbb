// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/hdf5/writer.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include <hdf5.h>
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include "ruska/base/error.hpp"
#include "ruska/core/pieces.hpp"
#include "ruska/io/compression.hpp"
#include "ruska/io/text.hpp"
#include "ruska/kernels/bit_planes.hpp"

namespace ruska::io::hdf5 {
namespace {

constexpr std::size_t chunk_cache = std::size_t{64} << 20;

/// Holds the lock under which alone HDF5 may be called; may be taken again by the thread that holds it.
class Lock {
 public:
  Lock() : lock_(mutex()) {
    // At exit the library would write out what a full disk has refused before, and crash.
    static const bool left_alone_at_exit = H5dont_atexit() >= 0;
    (void)left_alone_at_exit;
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }

 private:
  static std::recursive_mutex& mutex() {
    static std::recursive_mutex one;
    return one;
  }
  std::unique_lock<std::recursive_mutex> lock_;
};

/// An HDF5 identifier that is closed when dropped.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Handle() = default;
  Handle(hid_t id, Close close) : id_(id), close_(close) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Handle() {
    if (id_ < 0) return;
    const Lock lock;
    close_(id_);
  }
  explicit operator bool() const { return id_ >= 0; }
  operator hid_t() const { return id_; }

 private:
  hid_t id_ = -1;
  Close close_ = nullptr;
};

/// "file write failed: time = …, error message = 'No space left on device', …" → "file write failed: No space left …".
std::string without_details(const std::string& words) {
  static constexpr std::string_view mark = "error message = '";
  const std::size_t details = words.find(": time = "), message = words.find(mark);
  if (details == std::string::npos || message == std::string::npos) return words;
  const std::size_t begin = message + mark.size();
  return words.substr(0, details) + ": " + words.substr(begin, words.find('\'', begin) - begin);
}

herr_t keep_words(unsigned, const H5E_error2_t* entry, void* data) {
  auto& words = *static_cast<std::string*>(data);
  if (words.empty() && entry->desc != nullptr) words = entry->desc;
  return 0;
}

/// Throws with HDF5's words; `path` may be empty.
[[noreturn]] void throw_failure(const std::filesystem::path& file, const std::string& path, const std::string& doing) {
  std::string words;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_words, &words);
  H5Eclear2(H5E_DEFAULT);
  words = to_utf8(without_details(words));
  throw Error(ErrorKind::io, "'" + file.string() + "'" + (path.empty() ? "" : ", " + path) + ": " + doing + " failed" +
                                 (words.empty() ? "" : " (HDF5: " + words + ")"));
}

std::string joined(const std::string& parent, const std::string& name) {
  return parent == "/" ? "/" + name : parent + "/" + name;
}

std::vector<hsize_t> to_hsize(const Shape& shape) { return {shape.begin(), shape.end()}; }

Handle simple_space(const Shape& shape) {
  if (shape.empty()) return {H5Screate(H5S_SCALAR), H5Sclose};
  const auto lengths = to_hsize(shape);
  return {H5Screate_simple(static_cast<int>(lengths.size()), lengths.data(), nullptr), H5Sclose};
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

/// Truth values as NumPy's users write them: an enumeration of FALSE = 0 and TRUE = 1 over a byte.
Handle boolean_type() {
  Handle type(H5Tenum_create(H5T_NATIVE_INT8), H5Tclose);
  const std::int8_t no = 0, yes = 1;
  H5Tenum_insert(type, "FALSE", &no);
  H5Tenum_insert(type, "TRUE", &yes);
  return type;
}

Handle text_type() {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}

Handle type_of(const Element& element) {
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
  return {H5Tcopy(native(element.dtype)), H5Tclose};
}

}  // namespace

namespace {

bool takes_whole_chunks(const Region& region, const Shape& shape, const Shape& chunk) {
  for (std::size_t a = 0; a < shape.size(); ++a) {
    const std::int64_t end = region.start[a] + region.shape[a];
    if (region.start[a] % chunk[a] != 0 || (end % chunk[a] != 0 && end != shape[a])) return false;
  }
  return true;
}

/// What HDF5's filters "shuffle" and "deflate" make of a chunk.
std::vector<std::byte> shuffled_and_deflated(const std::vector<std::byte>& values, std::size_t item, int level) {
  std::vector<std::byte> shuffled(values.size());
  kernels::split_byte_planes(reinterpret_cast<const std::uint8_t*>(values.data()), values.size() / item, item,
                             reinterpret_cast<std::uint8_t*>(shuffled.data()));
  return codec::encode_deflate(shuffled, level);
}

}  // namespace

struct FileWriter::Open {
  std::filesystem::path path;
  hid_t id = -1;
  ~Open() {
    if (id < 0) return;
    const Lock lock;
    H5Fclose(id);
  }
};

struct ObjectWriter::State {
  State(std::shared_ptr<FileWriter::Open> file_in, Handle handle_in, std::string path_in)
      : file(std::move(file_in)), handle(std::move(handle_in)), path(std::move(path_in)) {}
  virtual ~State() = default;
  [[noreturn]] void fail(const std::string& doing) const { throw_failure(file->path, path, doing); }
  std::shared_ptr<FileWriter::Open> file;  // closed after the handle
  Handle handle;
  std::string path;
};

struct ArrayWriter::ArrayState : ObjectWriter::State {
  ArrayState(std::shared_ptr<FileWriter::Open> file_in, Handle handle_in, std::string path_in, Element element_in,
             Shape shape_in, Chunking chunking_in)
      : State(std::move(file_in), std::move(handle_in), std::move(path_in)),
        element(std::move(element_in)),
        shape(std::move(shape_in)),
        chunking(std::move(chunking_in)) {}
  Element element;
  Shape shape;
  Chunking chunking;
};

const std::string& ObjectWriter::path() const { return state_->path; }

void ObjectWriter::set_attribute(const std::string& name, const Json& value) const {
  const Lock lock;
  if (H5Aexists(state_->handle, name.c_str()) > 0) H5Adelete(state_->handle, name.c_str());
  const bool is_list = value.is_array();
  const std::vector<Json> items = is_list ? std::vector<Json>(value.begin(), value.end()) : std::vector<Json>{value};
  const auto all = [&](auto&& test) { return std::all_of(items.begin(), items.end(), test); };
  const Handle space = simple_space(is_list ? Shape{static_cast<std::int64_t>(items.size())} : Shape{});
  const auto write = [&](hid_t type, const void* data) {
    const Handle attribute(H5Acreate2(state_->handle, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
    if (!attribute || H5Awrite(attribute, type, data) < 0) state_->fail("writing the attribute '" + name + "'");
  };
  const auto write_as = [&]<class T>(hid_t type) {
    std::vector<T> values;
    for (const Json& item : items) values.push_back(item.get<T>());
    write(type, values.data());
  };
  if (items.empty()) throw Error(ErrorKind::internal, "an attribute cannot hold an empty list");
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
    throw Error(ErrorKind::internal, "the attribute '" + name + "' cannot hold " + value.dump());
  }
}

const Shape& ArrayWriter::chunk() const { return static_cast<const ArrayState&>(*state_).chunking.chunk; }

Storage ArrayWriter::storage() const {
  const auto& state = static_cast<const ArrayState&>(*state_);
  Storage storage{.chunk = state.chunking.chunk};
  if (state.chunking.gzip > 0) {
    storage.compression = "gzip level " + std::to_string(state.chunking.gzip) + " after a byte shuffle";
  }
  // Whole compressed chunks pass the library's cache by.
  if (!storage.chunk.empty() && state.chunking.gzip == 0) storage.buffered = chunk_cache;
  return storage;
}

void ArrayWriter::write(const Region& region, std::span<const std::byte> values) const {
  const auto& state = static_cast<const ArrayState&>(*state_);
  bool inside = region.start.size() == state.shape.size() && region.shape.size() == state.shape.size();
  for (std::size_t a = 0; inside && a < state.shape.size(); ++a) {
    inside = region.start[a] >= 0 && region.shape[a] >= 0 && region.start[a] <= state.shape[a] - region.shape[a];
  }
  if (!inside || values.size() != static_cast<std::size_t>(region.count() * state.element.bytes())) {
    throw Error(ErrorKind::invalid_argument, "'" + path() + "' of shape " + to_string(state.shape) + " has no region " +
                                                 to_string(region.shape) + " from " + to_string(region.start) + " of " +
                                                 std::to_string(values.size()) + " bytes");
  }
  if (values.empty()) return;
  if (state.chunking.gzip > 0 && takes_whole_chunks(region, state.shape, state.chunking.chunk)) {
    write_chunks(region, values);
    return;
  }
  const Lock lock;
  const Handle memory = type_of(state.element);
  const Handle source = simple_space(region.shape);
  const Handle space(H5Dget_space(state.handle), H5Sclose);
  const auto start = to_hsize(region.start), lengths = to_hsize(region.shape);
  if (!state.shape.empty() &&
      H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, lengths.data(), nullptr) < 0) {
    state.fail("selecting a region");
  }
  if (H5Dwrite(state.handle, memory, source, space, H5P_DEFAULT, values.data()) < 0) state.fail("writing values");
}

void ArrayWriter::write_chunks(const Region& region, std::span<const std::byte> values) const {
  const auto& state = static_cast<const ArrayState&>(*state_);
  const Shape& chunk = state.chunking.chunk;
  const auto item = static_cast<std::size_t>(state.element.bytes());
  const Pieces chunks(region.shape, chunk, 1);
  std::vector<std::vector<std::byte>> packed(static_cast<std::size_t>(chunks.count()));
  // Compressing takes far longer than writing, so it is done outside the lock and by several threads.
  tbb::this_task_arena::isolate([&] {
    tbb::parallel_for(tbb::blocked_range<std::int64_t>(0, chunks.count(), 1), [&](const auto& range) {
      std::vector<std::byte> whole;
      for (std::int64_t i = range.begin(); i < range.end(); ++i) {
        const Region inner = chunks.at(i);
        whole.resize(static_cast<std::size_t>(inner.count()) * item);
        copy_region(values, region.shape, item, inner, whole);
        if (inner.shape != chunk) {
          const std::vector<std::byte> part =
              std::exchange(whole, std::vector<std::byte>(static_cast<std::size_t>(count(chunk)) * item));
          paste_region(part, {Shape(chunk.size(), 0), inner.shape}, whole, chunk, item);
        }
        packed[static_cast<std::size_t>(i)] = shuffled_and_deflated(whole, item, state.chunking.gzip);
      }
    });
  });
  const Lock lock;
  for (std::int64_t i = 0; i < chunks.count(); ++i) {
    const Region inner = chunks.at(i);
    Shape start = region.start;
    for (std::size_t a = 0; a < start.size(); ++a) start[a] += inner.start[a];
    const auto offset = to_hsize(start);
    const std::vector<std::byte>& bytes = packed[static_cast<std::size_t>(i)];
    if (H5Dwrite_chunk(state.handle, H5P_DEFAULT, 0, offset.data(), bytes.size(), bytes.data()) < 0) {
      state.fail("writing a chunk");
    }
  }
}

void ArrayWriter::mark_as_scale(const std::string& name) const {
  const Lock lock;
  const auto write = [&](const char* attribute, const std::string& text) {
    Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
    H5Tset_size(type, text.size() + 1);
    const Handle space = simple_space({});
    const Handle made(H5Acreate2(state_->handle, attribute, type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
    if (!made || H5Awrite(made, type, text.c_str()) < 0) state_->fail("marking the dimension scale");
  };
  write("CLASS", "DIMENSION_SCALE");
  write("NAME", name);
}

void ArrayWriter::attach_scales(const std::vector<ArrayWriter>& scales) const {
  const Lock lock;
  std::vector<hobj_ref_t> references(scales.size());
  std::vector<hvl_t> lists(scales.size());
  for (std::size_t i = 0; i < scales.size(); ++i) {
    if (H5Rcreate(&references[i], scales[i].state_->handle, ".", H5R_OBJECT, -1) < 0)
      state_->fail("making a reference");
    lists[i] = {1, &references[i]};
  }
  const auto write = [&](const ObjectWriter::State& to, const char* name, hid_t type, std::size_t length,
                         const void* values) {
    const Handle space = simple_space({static_cast<std::int64_t>(length)});
    const Handle made(H5Acreate2(to.handle, name, type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
    if (!made || H5Awrite(made, type, values) < 0) to.fail("attaching dimension scales");
  };
  const Handle list(H5Tvlen_create(H5T_STD_REF_OBJ), H5Tclose);
  write(*state_, "DIMENSION_LIST", list, lists.size(), lists.data());

  struct Use {
    hobj_ref_t array;
    std::int32_t axis;
  };
  const Handle use(H5Tcreate(H5T_COMPOUND, sizeof(Use)), H5Tclose);
  H5Tinsert(use, "dataset", HOFFSET(Use, array), H5T_STD_REF_OBJ);
  H5Tinsert(use, "dimension", HOFFSET(Use, axis), H5T_NATIVE_INT32);
  for (std::size_t i = 0; i < scales.size(); ++i) {
    Use one{};
    one.axis = static_cast<std::int32_t>(i);
    if (H5Rcreate(&one.array, state_->handle, ".", H5R_OBJECT, -1) < 0) state_->fail("making a reference");
    write(*scales[i].state_, "REFERENCE_LIST", use, 1, &one);
  }
}

GroupWriter GroupWriter::create_group(const std::string& name, bool ordered) const {
  const Lock lock;
  const Handle creation(H5Pcreate(H5P_GROUP_CREATE), H5Pclose);
  if (ordered) H5Pset_link_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
  Handle made(H5Gcreate2(state_->handle, name.c_str(), H5P_DEFAULT, creation, H5P_DEFAULT), H5Gclose);
  if (!made) throw_failure(state_->file->path, joined(path(), name), "making the group");
  return GroupWriter(std::make_shared<State>(state_->file, std::move(made), joined(path(), name)));
}

ArrayWriter GroupWriter::create_array(const std::string& name, const Element& element, const Shape& shape,
                                      const Chunking& chunking) const {
  const Lock lock;
  const Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  const Handle access(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose);
  if (!chunking.chunk.empty()) {
    const auto lengths = to_hsize(chunking.chunk);
    H5Pset_chunk(creation, static_cast<int>(lengths.size()), lengths.data());
    // Regions come in C order; the cache must hold the chunks that a row of them touches until they are full.
    H5Pset_chunk_cache(access, 12421, chunk_cache, 1.0);
    if (chunking.gzip > 0) {
      H5Pset_shuffle(creation);
      H5Pset_deflate(creation, static_cast<unsigned>(chunking.gzip));
    }
  }
  const Handle space = simple_space(shape);
  const Handle type = type_of(element);
  Handle made(H5Dcreate2(state_->handle, name.c_str(), type, space, H5P_DEFAULT, creation, access), H5Dclose);
  if (!made) throw_failure(state_->file->path, joined(path(), name), "making the array");
  return ArrayWriter(std::make_shared<ArrayWriter::ArrayState>(state_->file, std::move(made), joined(path(), name),
                                                               element, shape, chunking));
}

ArrayWriter GroupWriter::write_numbers(const std::string& name, DType dtype, const Shape& shape,
                                       std::span<const std::byte> values) const {
  const ArrayWriter array = create_array(name, Element{dtype}, shape);
  array.write(Region::whole(shape), values);
  return array;
}

ArrayWriter GroupWriter::write_lists(const std::string& name, const Element& element, const Shape& shape,
                                     const std::vector<std::vector<std::byte>>& lists) const {
  if (static_cast<std::int64_t>(lists.size()) != count(shape)) {
    throw Error(ErrorKind::invalid_argument, std::to_string(lists.size()) + " lists for the shape " + to_string(shape));
  }
  const Lock lock;
  const Handle space = simple_space(shape);
  const Handle entry = type_of(element);
  const Handle type(H5Tvlen_create(entry), H5Tclose);
  Handle made(H5Dcreate2(state_->handle, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Dclose);
  std::vector<hvl_t> values;
  for (const std::vector<std::byte>& list : lists) {
    values.push_back({list.size() / static_cast<std::size_t>(element.bytes()), const_cast<std::byte*>(list.data())});
  }
  if (!made || (!values.empty() && H5Dwrite(made, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)) {
    throw_failure(state_->file->path, joined(path(), name), "writing lists");
  }
  return ArrayWriter(std::make_shared<ArrayWriter::ArrayState>(state_->file, std::move(made), joined(path(), name),
                                                               element, shape, Chunking{}));
}

ArrayWriter GroupWriter::write_texts(const std::string& name, const std::vector<std::string>& values) const {
  const Lock lock;
  const Shape shape{static_cast<std::int64_t>(values.size())};
  const Handle space = simple_space(shape);
  const Handle type = text_type();
  Handle made(H5Dcreate2(state_->handle, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Dclose);
  std::vector<const char*> pointers;
  for (const std::string& value : values) pointers.push_back(value.c_str());
  if (!made || (!values.empty() && H5Dwrite(made, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()) < 0)) {
    throw_failure(state_->file->path, joined(path(), name), "writing texts");
  }
  return ArrayWriter(std::make_shared<ArrayWriter::ArrayState>(state_->file, std::move(made), joined(path(), name),
                                                               Element{}, shape, Chunking{}));
}

ArrayWriter GroupWriter::write_text(const std::string& name, const std::string& value) const {
  const Lock lock;
  const Handle space = simple_space({});
  const Handle type = text_type();
  Handle made(H5Dcreate2(state_->handle, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Dclose);
  const char* pointer = value.c_str();
  if (!made || H5Dwrite(made, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, &pointer) < 0) {
    throw_failure(state_->file->path, joined(path(), name), "writing text");
  }
  return ArrayWriter(std::make_shared<ArrayWriter::ArrayState>(state_->file, std::move(made), joined(path(), name),
                                                               Element{}, Shape{}, Chunking{}));
}

FileWriter::FileWriter(const std::filesystem::path& path) : open_(std::make_shared<Open>()) {
  const Lock lock;
  open_->path = path;
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  // Locks fail on many network file systems, and one writer needs none.
  H5Pset_file_locking(access, false, true);
  // Since version 1.8 headers carry checksums, so that damage is noticed; every HDF5 of the last fifteen years reads
  // it.
  H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V110);
  open_->id = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access);
  if (open_->id < 0) throw_failure(path, "", "making the file");
}

FileWriter::~FileWriter() = default;
FileWriter::FileWriter(FileWriter&&) noexcept = default;
FileWriter& FileWriter::operator=(FileWriter&&) noexcept = default;

GroupWriter FileWriter::root() const {
  const Lock lock;
  Handle opened(H5Gopen2(open_->id, "/", H5P_DEFAULT), H5Gclose);
  if (!opened) throw_failure(open_->path, "/", "opening the group");
  return GroupWriter(std::make_shared<ObjectWriter::State>(open_, std::move(opened), "/"));
}

void FileWriter::close() {
  const Lock lock;
  if (H5Fflush(open_->id, H5F_SCOPE_GLOBAL) < 0) {
    open_->id = -1;  // closing would write again what could not be written
    throw_failure(open_->path, "", "writing the file out");
  }
  if (H5Fclose(std::exchange(open_->id, -1)) < 0) throw_failure(open_->path, "", "closing the file");
}

std::string library_version() {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(release);
}

}  // namespace ruska::io::hdf5
