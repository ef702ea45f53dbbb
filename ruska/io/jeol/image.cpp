// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/metadata.hpp"
#include "ruska/io/date_time.hpp"
#include "ruska/io/instrument.hpp"
#include "ruska/io/jeol/signals.hpp"
#include "ruska/io/jeol/tree.hpp"
#include "ruska/io/little_endian.hpp"
#include "ruska/io/stored_array.hpp"

namespace ruska::io::jeol {

namespace {

DType dtype_of(int type) {
  switch (type) {
    case 1:
    case 6: return DType::uint8;
    case 2:
    case 7: return DType::uint16;
    case 3:
    case 8: return DType::int32;
    case 4:
    case 9: return DType::float32;
    case 5:
    case 10: return DType::float64;
    default: throw Error(ErrorKind::unsupported, "an image with values of JEOL's type " + std::to_string(type));
  }
}

ArrayPlace pixels_of(const RandomAccessFile& file, const Tree& tree) {
  for (const ArrayPlace& value : tree.arrays) {
    if (value.name == "Bits") return value;
  }
  throw Error(ErrorKind::bad_data, file.path().filename().string() + " has no pixels ('Image.Bits')");
}

}  // namespace

bool is_image(std::span<const std::byte> head) {
  if (head.size() < 48 || load<std::uint32_t>(head) != 52) return false;
  const std::string_view name(reinterpret_cast<const char*>(head.data()) + 4, 32);
  return name.starts_with("JED-2200:LibJxImageForm");
}

std::shared_ptr<const Source> open_image(std::shared_ptr<const RandomAccessFile> file) {
  const auto head = file->read(0, 48);
  if (!is_image(head)) {
    throw Error(ErrorKind::bad_data, file->path().filename().string() + " is no image of JEOL's Analysis Station");
  }
  Tree tree = read_tree(*file, std::int64_t{load<std::uint32_t>(head, 44)} + 12, "Bits");
  const Json& header = tree.values;
  const ArrayPlace pixels = pixels_of(*file, tree);
  const Json* size = find(header, "Image.Size");
  if (size == nullptr || !size->is_array() || size->size() != 2 || !(*size)[0].is_number_integer() ||
      !(*size)[1].is_number_integer()) {
    throw Error(ErrorKind::bad_data, "'Image.Size' is no pair of whole numbers");
  }
  const auto width = (*size)[0].get<std::int64_t>(), height = (*size)[1].get<std::int64_t>();
  Description description;
  description.dtype = dtype_of(pixels.type);
  const auto item = static_cast<std::int64_t>(size_of(description.dtype));
  if (width < 1 || height < 1 || count({height, width, item}) != pixels.bytes) {
    throw Error(ErrorKind::bad_data, "an image of " + std::to_string(height) + " rows and " + std::to_string(width) +
                                         " columns of " + std::string(name_of(description.dtype)) + " in " +
                                         std::to_string(pixels.bytes) + " bytes");
  }
  const double magnification = number(header, "Instrument.Mag");
  const double field = number(header, "Instrument.ScanSize") / magnification * 1000;  // µm
  if (!(field > 0 && field < 1e9)) {
    throw Error(ErrorKind::bad_data, "a field of view of " + std::to_string(field) + " µm");
  }
  for (const auto& [name, length] : {std::pair{"y", height}, {"x", width}}) {
    Axis axis;
    axis.name = name;
    axis.quantity = "length";
    axis.units = "µm";
    axis.size = length;
    axis.scale = field / static_cast<double>(length);
    description.axes.push_back(std::move(axis));
  }
  description.title = text(header, "Image.Title");
  const double beam_energy = number(header, "Instrument.AccV");
  const std::string microscope = "Acquisition_instrument." + instrument_for(beam_energy);
  set(description.metadata, "General.title", description.title);
  set_windows_time(description.metadata, number(header, "Image.Created"));
  set(description.metadata, microscope + ".beam_energy", beam_energy);
  set(description.metadata, microscope + ".magnification", magnification);
  description.original = std::move(tree.values);
  StoredLayout layout{pixels.offset, c_strides({height, width}, static_cast<std::size_t>(item)),
                      little_endian_is_swapped && item > 1};
  return stored_array(std::move(file), std::move(description), std::move(layout));
}

}  // namespace ruska::io::jeol
