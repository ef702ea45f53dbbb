// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/io/mrc/writer.hpp"

#include <array>
#include <bit>
#include <limits>
#include <map>
#include <optional>

#include "ruska/base/error.hpp"
#include "ruska/io/kept_description.hpp"
#include "ruska/io/stored_array.hpp"

namespace ruska::io::mrc {
namespace {

constexpr std::size_t header_bytes = 1024;
/// Old readers take an extended header of this length for Thermo Fisher's.
constexpr std::size_t thermo_fisher_bytes = 131072;
constexpr std::int32_t imod_stamp = 1146047817;
constexpr std::int32_t version = 20140;  // MRC2014, first revision

std::optional<std::int32_t> mode_of(DType dtype) {
  switch (dtype) {
    case DType::int8:
    case DType::uint8: return 0;
    case DType::int16: return 1;
    case DType::float32: return 2;
    case DType::complex64: return 4;
    case DType::uint16: return 6;
    default: return std::nullopt;
  }
}

/// Å per step; 0, which stands for unknown, where the axis is no length.
double angstroms(const Axis& axis) {
  static const std::map<std::string, double> per_unit{{"pm", 0.01}, {"Å", 1}, {"nm", 10}, {"µm", 1e4}, {"mm", 1e7}};
  const auto found = per_unit.find(axis.units);
  return found == per_unit.end() || !axis.values.empty() ? 0 : found->second;
}

/// A header in the making: 32-bit words at their places, counted from 1 as in the definition of the format.
class Header {
 public:
  template <class T>
  void set(std::size_t word, T value) {
    static_assert(sizeof(T) == 4);
    std::copy_n(reinterpret_cast<const char*>(&value), 4, bytes_.begin() + static_cast<std::ptrdiff_t>(4 * (word - 1)));
  }
  void text(std::size_t word, std::string_view value) { bytes_.replace(4 * (word - 1), value.size(), value); }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_ = std::string(header_bytes, '\0');
};

std::string header_of(const Description& description, std::int32_t mode) {
  Axis unit;
  unit.size = 1;
  std::array<Axis, 3> axes{unit, unit, unit};  // columns, rows, sections
  const std::size_t rank = description.axes.size();
  axes[0] = description.axes[rank - 1];
  axes[1] = description.axes[rank - 2];
  for (std::size_t a = 0; a + 2 < rank; ++a) {
    if (rank == 3)
      axes[2] = description.axes[a];
    else
      axes[2].size *= description.axes[a].size;
  }
  // A volume has as many intervals along z as sections; a stack of images has one.
  const bool volume = rank == 3 && axes[2].role == Role::signal;
  std::string own = kept_description(description, true);
  own.append(8 - own.size() % 8, ' ');
  if (own.size() == thermo_fisher_bytes) own.append(8, ' ');
  if (own.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) own.clear();

  Header header;
  for (std::size_t i = 0; i < 3; ++i) {
    const double step = angstroms(axes[i]) * axes[i].scale;
    const std::int64_t intervals = i == 2 && !volume ? 1 : axes[i].size;
    header.set(1 + i, static_cast<std::int32_t>(axes[i].size));
    header.set(8 + i, static_cast<std::int32_t>(intervals));
    header.set(11 + i, static_cast<float>(step * static_cast<double>(intervals)));
    header.set(14 + i, 90.0F);
    header.set(17 + i, static_cast<std::int32_t>(i + 1));
    header.set(50 + i, static_cast<float>(angstroms(axes[i]) * axes[i].offset));
  }
  header.set(4, mode);
  // Least above greatest: the values have not been looked at.
  header.set(20, 0.0F);
  header.set(21, -1.0F);
  header.set(22, -2.0F);
  header.set(55, -1.0F);
  header.set(23, std::int32_t{volume ? 1 : 0});
  header.set(24, static_cast<std::int32_t>(own.size()));
  header.text(27, own_extended_type);
  header.set(28, version);
  if (description.dtype == DType::uint8) header.set(39, imod_stamp);  // and flags 0: without sign
  header.text(53, "MAP ");
  header.text(54, std::endian::native == std::endian::little ? std::string_view("\x44\x44\0\0", 4)
                                                             : std::string_view("\x11\x11\0\0", 4));
  header.set(56, std::int32_t{1});
  header.text(57, "written by ruska");
  return header.bytes() + own;
}

std::unique_ptr<Sink> sink(const std::filesystem::path& path, const Description& description, Begun begun) {
  description.validate();
  const auto mode = mode_of(description.dtype);
  if (!mode) {
    throw Error(ErrorKind::unsupported, "MRC files hold int8, uint8, int16, uint16, float32 or complex64, not " +
                                            std::string(name_of(description.dtype)) + "; .hspy takes it");
  }
  constexpr std::int64_t longest = std::numeric_limits<std::int32_t>::max();
  const Shape shape = description.shape();
  bool fits = shape.size() >= 2 && description.fields.empty();
  std::int64_t sections = 1;
  for (std::size_t a = 0; fits && a < shape.size(); ++a) {
    fits = shape[a] >= 1 && shape[a] <= longest;
    if (a + 2 < shape.size()) fits = fits && (sections *= shape[a]) <= longest;
  }
  if (!fits) {
    throw Error(ErrorKind::unsupported, "an MRC file holds images of 1 to 2^31 - 1 pixels a side, not a signal of " +
                                            to_string(shape) +
                                            (description.fields.empty() ? "" : " with pixels of several parts"));
  }
  return stored_array_sink(path, header_of(description, *mode), description, begun);
}

}  // namespace

std::unique_ptr<Sink> create(const std::filesystem::path& path, const Description& description) {
  return sink(path, description, Begun::anew);
}

std::unique_ptr<Sink> resume(const std::filesystem::path& path, const Description& description) {
  return sink(path, description, Begun::before);
}

}  // namespace ruska::io::mrc
