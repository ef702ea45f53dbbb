// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <functional>
#include <map>
#include <numeric>

#include <tiffio.h>

#include "ruska/core/metadata.hpp"
#include "tests/file_bytes.hpp"
#include "tests/written_fixture.hpp"

namespace ruska::io {

const Driver& tiff_driver();

namespace {

/// A page in the making: fields by tag, then the strips or tiles.
struct PageBytes {
  struct Field {
    std::uint16_t type;
    std::uint64_t count;
    std::function<void(FileBytes&)> put;
    std::size_t size;
  };
  std::map<std::uint16_t, Field> fields{};
  std::vector<std::string> chunks{};
  std::uint16_t offsets_tag = 273, counts_tag = 279;
};

/// TIFF files in both byte orders and both kinds. A block of bytes for structures that tags point to begins at byte 16.
class Builder {
 public:
  static constexpr std::uint32_t block_place = 16;

  Builder(bool big_endian, bool big_file) : big_endian_(big_endian), big_file_(big_file) {}

  template <class T>
  void put(FileBytes& file, T value) const {
    big_endian_ ? file.big(value) : file.little(value);
  }
  template <class T>
  std::string bytes_of(const std::vector<T>& values) const {
    FileBytes file;
    for (const T value : values) put(file, value);
    return file.bytes();
  }

  void page(std::int64_t width, std::int64_t height, std::uint16_t bits, std::uint16_t format,
            std::vector<std::string> chunks, std::uint32_t rows) {
    pages_.emplace_back().chunks = std::move(chunks);
    longs(256, {static_cast<std::uint32_t>(width)});
    longs(257, {static_cast<std::uint32_t>(height)});
    shorts(258, {bits});
    shorts(259, {1});
    shorts(262, {1});
    longs(278, {rows});
    shorts(339, {format});
  }
  void block(std::string bytes) { block_ = std::move(bytes); }
  void shorts(std::uint16_t tag, std::vector<std::uint16_t> values) { add(tag, 3, std::move(values)); }
  void longs(std::uint16_t tag, std::vector<std::uint32_t> values) { add(tag, 4, std::move(values)); }
  void reals(std::uint16_t tag, std::vector<double> values) { add(tag, 12, std::move(values)); }
  void fraction(std::uint16_t tag, std::uint32_t above, std::uint32_t below) {
    add(tag, 5, std::vector<std::uint32_t>{above, below}, 1);
  }
  void text(std::uint16_t tag, const std::string& value) {
    const std::string all = value + '\0';
    pages_.back().fields[tag] = {2, all.size(), [=](FileBytes& file) { file.text(all); }, all.size()};
  }
  void tiles(std::uint32_t width, std::uint32_t height) {
    pages_.back().fields.erase(278);
    pages_.back().offsets_tag = 324;
    pages_.back().counts_tag = 325;
    longs(322, {width});
    longs(323, {height});
  }

  FileBytes file() {
    FileBytes file;
    file.text(big_endian_ ? "MM" : "II");
    put(file, static_cast<std::uint16_t>(big_file_ ? 43 : 42));
    if (big_file_) {
      put(file, std::uint16_t{8});
      put(file, std::uint16_t{0});
    }
    std::vector<std::uint64_t> places;
    // Directories come after the pixels of their page, whose sizes are known.
    std::size_t at = block_place + block_.size();
    for (PageBytes& page : pages_) {
      std::vector<std::uint32_t> offsets, counts;
      for (const std::string& chunk : page.chunks) {
        offsets.push_back(static_cast<std::uint32_t>(at));
        counts.push_back(static_cast<std::uint32_t>(chunk.size()));
        at += chunk.size();
      }
      if (!page.chunks.empty()) {
        page.fields[page.offsets_tag] = field(4, offsets, offsets.size());
        page.fields[page.counts_tag] = field(4, counts, counts.size());
      }
      places.push_back(at);
      at += directory_size(page);
    }
    offset(file, places.front());
    file.pad_to(block_place);
    file.text(block_);
    for (std::size_t i = 0; i < pages_.size(); ++i) {
      for (const std::string& chunk : pages_[i].chunks) file.text(chunk);
      directory(file, pages_[i], i + 1 < pages_.size() ? places[i + 1] : 0);
    }
    return file;
  }

 private:
  template <class T>
  PageBytes::Field field(std::uint16_t type, std::vector<T> values, std::uint64_t count) const {
    const std::size_t size = values.size() * sizeof(T);
    return {type, count,
            [this, values = std::move(values)](FileBytes& file) {
              for (const T value : values) put(file, value);
            },
            size};
  }
  template <class T>
  void add(std::uint16_t tag, std::uint16_t type, std::vector<T> values, std::uint64_t count = 0) {
    const std::uint64_t number = count == 0 ? values.size() : count;
    pages_.back().fields[tag] = field(type, std::move(values), number);
  }
  void offset(FileBytes& file, std::uint64_t value) const {
    if (big_file_)
      put(file, value);
    else
      put(file, static_cast<std::uint32_t>(value));
  }
  std::size_t width() const { return big_file_ ? 8 : 4; }
  std::size_t table_size(const PageBytes& page) const {
    return (big_file_ ? 8u : 2u) + page.fields.size() * (4 + 2 * width()) + width();
  }
  std::size_t directory_size(const PageBytes& page) const {
    std::size_t size = table_size(page);
    for (const auto& [tag, field] : page.fields) size += field.size > width() ? field.size : 0;
    return size;
  }
  void directory(FileBytes& file, const PageBytes& page, std::uint64_t next) const {
    std::uint64_t behind = file.size() + table_size(page);
    if (big_file_)
      put(file, static_cast<std::uint64_t>(page.fields.size()));
    else
      put(file, static_cast<std::uint16_t>(page.fields.size()));
    for (const auto& [tag, field] : page.fields) {
      put(file, tag);
      put(file, field.type);
      offset(file, field.count);
      if (field.size > width()) {
        offset(file, behind);
        behind += field.size;
      } else {
        const std::size_t start = file.size();
        field.put(file);
        file.pad_to(start + width());
      }
    }
    offset(file, next);
    for (const auto& [tag, field] : page.fields) {
      if (field.size > width()) field.put(file);
    }
  }

  bool big_endian_, big_file_;
  std::string block_;
  std::vector<PageBytes> pages_;
};

Axis axis(std::string name, std::int64_t size, double scale = 1, double offset = 0, std::string units = "",
          Role role = Role::signal) {
  Axis one;
  one.name = std::move(name);
  one.size = size;
  one.scale = scale;
  one.offset = offset;
  one.quantity = quantity_of(units);
  one.units = std::move(units);
  one.role = role;
  return one;
}

Axis parts(std::int64_t size) {
  Axis one;
  one.size = size;
  return one;
}

template <class T>
std::vector<T> ramp(std::size_t count, T start = 0) {
  std::vector<T> values(count);
  std::iota(values.begin(), values.end(), start);
  return values;
}

Fixture fixture(const std::string& name, const FileBytes& file, std::vector<Dataset> expected) {
  return {"tiff", name, [=](const std::filesystem::path& folder) { return file.write(folder / name); },
          std::move(expected)};
}

/// ImageJ, big-endian: two slices of single precision, strips of two rows that have a gap between them.
Fixture image_j_stack() {
  Builder builder(true, false);
  const std::vector<float> values = ramp<float>(24, -3.5f);
  for (std::size_t page = 0; page < 2; ++page) {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(12 * page);
    std::string top = builder.bytes_of(std::vector<float>(first, first + 8));
    top += "gap";
    builder.page(4, 3, 32, 3, {top, builder.bytes_of(std::vector<float>(first + 8, first + 12))}, 2);
    if (page > 0) continue;
    builder.text(270, "ImageJ=1.53k\nimages=2\nslices=2\nunit=micron\nspacing=0.5\nxorigin=2\n");
    builder.fraction(282, 4, 1);
    builder.fraction(283, 8, 1);
    builder.shorts(296, {1});
  }
  Description description;
  description.axes = {axis("depth", 2, 0.5, 0, "µm", Role::navigation), axis("height", 3, 0.125, 0, "µm"),
                      axis("width", 4, 0.25, -0.5, "µm")};
  return fixture("imagej.tif", builder.file(), {Dataset::from_values<float>(description, values)});
}

/// ImageJ above 4 GB writes one directory for all images.
Fixture image_j_one_directory() {
  Builder builder(true, false);
  const std::vector<std::uint16_t> values = ramp<std::uint16_t>(30);
  builder.page(5, 1, 16, 1, {builder.bytes_of(std::vector<std::uint16_t>(values.begin(), values.begin() + 5))}, 1);
  builder.text(270, "ImageJ=1.53k\nimages=6\nframes=3\nchannels=2\nhyperstack=true\nfinterval=0.25\n");
  FileBytes file = builder.file();
  // The pixels of all images end the file; the directory's strip is moved there.
  const std::size_t place = file.size();
  file.text(builder.bytes_of(values));
  std::string bytes = file.bytes();
  const std::string tag = builder.bytes_of(std::vector<std::uint16_t>{273, 4});
  bytes.replace(bytes.find(tag) + 8, 4,
                builder.bytes_of(std::vector<std::uint32_t>{static_cast<std::uint32_t>(place)}));
  FileBytes moved;
  moved.text(bytes);
  Description description;
  description.axes = {axis("time", 3, 0.25, 0, "s", Role::navigation), axis("channel", 2, 1, 0, "", Role::navigation),
                      axis("height", 1), axis("width", 5)};
  return fixture("one_directory.tif", moved, {Dataset::from_values<std::uint16_t>(description, values)});
}

Fixture digital_micrograph() {
  Builder builder(false, false);
  const std::vector<std::int16_t> values = ramp<std::int16_t>(12, -6);
  for (std::size_t page = 0; page < 2; ++page) {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(6 * page);
    builder.page(3, 2, 16, 2, {builder.bytes_of(std::vector<std::int16_t>(first, first + 6))}, 2);
    builder.text(65003, "\xb5m");
    builder.text(65004, "nm");
    builder.text(65005, "s");
    builder.reals(65006, {-1.5});
    builder.reals(65007, {2});
    builder.reals(65008, {0});
    builder.reals(65009, {0.25});
    builder.reals(65010, {0.5});
    builder.reals(65011, {2.5});
    builder.text(65022, "e-");
    builder.reals(65024, {3});
    builder.reals(65025, {1.5});
  }
  Description description;
  description.axes = {axis("image series", 2, 2.5, 0, "s", Role::navigation), axis("height", 2, 0.5, 2, "nm"),
                      axis("width", 3, 0.25, -1.5, "µm")};
  set(description.metadata, "Signal.quantity", "e-");
  set(description.metadata, "Signal.Noise_properties.Variance_linear_model",
      Json{{"gain_factor", 1.5}, {"gain_offset", 3.0}});
  return fixture("digital_micrograph.tif", builder.file(), {Dataset::from_values<std::int16_t>(description, values)});
}

/// BigTIFF with tiles: an image of 20 x 18 in tiles of 16 x 16, those at the border padded.
Fixture big_tiles() {
  Builder builder(false, true);
  const std::vector<std::uint8_t> values = ramp<std::uint8_t>(360);
  std::vector<std::string> tiles;
  for (std::size_t y = 0; y < 18; y += 16) {
    for (std::size_t x = 0; x < 20; x += 16) {
      std::string tile(256, '\xee');
      for (std::size_t row = y; row < std::min<std::size_t>(18, y + 16); ++row) {
        for (std::size_t column = x; column < std::min<std::size_t>(20, x + 16); ++column) {
          tile[(row - y) * 16 + column - x] = static_cast<char>(values[row * 20 + column]);
        }
      }
      tiles.push_back(tile);
    }
  }
  builder.page(20, 18, 8, 1, tiles, 18);
  builder.tiles(16, 16);
  builder.text(306, "2016:06:13 16:08:49");
  Description description;
  description.axes = {axis("height", 18), axis("width", 20)};
  set(description.metadata, "General.date", "2016-06-13");
  set(description.metadata, "General.time", "16:08:49");
  return fixture("tiles.tiff", builder.file(), {Dataset::from_values<std::uint8_t>(description, values)});
}

/// A colour picture, then pixels of two values in planes of their own, big-endian.
Fixture pictures_of_two_kinds() {
  Builder builder(true, true);
  const std::vector<std::uint16_t> colours = ramp<std::uint16_t>(24, 1000);
  builder.page(3, 2, 16, 1, {builder.bytes_of(colours)}, 2);
  builder.shorts(258, {16, 16, 16, 16});
  builder.shorts(339, {1, 1, 1, 1});
  builder.shorts(262, {2});
  builder.shorts(277, {4});
  const std::vector<std::int32_t> pairs = ramp<std::int32_t>(12, -70000);
  builder.page(3, 2, 32, 2,
               {builder.bytes_of(std::vector<std::int32_t>(pairs.begin(), pairs.begin() + 6)),
                builder.bytes_of(std::vector<std::int32_t>(pairs.begin() + 6, pairs.end()))},
               2);
  builder.shorts(277, {2});
  builder.shorts(284, {2});
  Description colour;
  colour.axes = {axis("height", 2), axis("width", 3), parts(4)};
  colour.fields = {"R", "G", "B", "A"};
  Description pair;
  pair.axes = {axis("sample", 2, 1, 0, "", Role::navigation), axis("height", 2), axis("width", 3)};
  return fixture(
      "two_kinds.tif", builder.file(),
      {Dataset::from_values<std::uint16_t>(colour, colours), Dataset::from_values<std::int32_t>(pair, pairs)});
}

/// Pixels of two values that lie beside each other, and the shape that tifffile writes.
Fixture shaped_pairs() {
  Builder builder(false, false);
  std::vector<double> stored = ramp<double>(24, 0.5), expected;
  for (std::size_t page = 0; page < 6; ++page) {
    const auto first = stored.begin() + static_cast<std::ptrdiff_t>(4 * page);
    builder.page(2, 1, 64, 3, {builder.bytes_of(std::vector<double>(first, first + 4))}, 1);
    builder.shorts(277, {2});
    if (page == 0) builder.text(270, "{\"shape\": [2, 3, 1, 2, 2]}");
    for (const int i : {0, 2, 1, 3}) expected.push_back(first[i]);
  }
  Description description;
  description.axes = {axis("", 2, 1, 0, "", Role::navigation), axis("", 3, 1, 0, "", Role::navigation),
                      axis("sample", 2, 1, 0, "", Role::navigation), axis("height", 1), axis("width", 2)};
  return fixture("shaped.tif", builder.file(), {Dataset::from_values<double>(description, expected)});
}

Fixture open_microscopy() {
  Builder builder(false, false);
  const std::vector<std::uint8_t> values = ramp<std::uint8_t>(24);
  for (std::size_t page = 0; page < 4; ++page) {
    std::string pixels;
    for (std::size_t i = 0; i < 6; ++i) pixels += static_cast<char>(values[6 * page + i]);
    builder.page(3, 2, 8, 1, {pixels}, 2);
    if (page > 0) continue;
    builder.text(270,
                 "<?xml version=\"1.0\"?><OME><Image ID=\"Image:0\"><Pixels DimensionOrder=\"XYZCT\" SizeX=\"3\" "
                 "SizeY=\"2\" SizeZ=\"2\" SizeC=\"2\" SizeT=\"1\" Type=\"uint8\" PhysicalSizeX=\"0.25\" "
                 "PhysicalSizeY=\"0.5\" PhysicalSizeYUnit=\"nm\" PhysicalSizeZ=\"2\"><TiffData IFD=\"0\" "
                 "PlaneCount=\"4\"/></Pixels></Image></OME>");
  }
  Description description;
  description.axes = {axis("channel", 2, 1, 0, "", Role::navigation), axis("depth", 2, 2, 0, "µm", Role::navigation),
                      axis("height", 2, 0.5, 0, "nm"), axis("width", 3, 0.25, 0, "µm")};
  return fixture("ome.tif", builder.file(), {Dataset::from_values<std::uint8_t>(description, values)});
}

const std::string sem = "Acquisition_instrument.SEM.";
const std::string tem = "Acquisition_instrument.TEM.";

Fixture fei() {
  Builder builder(false, false);
  builder.page(2, 2, 8, 1, {"ab", "cd"}, 1);
  builder.text(34682,
               "[User]\r\nDate=06/13/2016\r\nTime=05:06:40 PM\r\nUser=anna\r\n\r\n[System]\r\nSystemType=Helios\r\n"
               "[Beam]\r\nHV=5000\r\n[EBeam]\r\nBeamCurrent=2e-9\r\n[Scan]\r\nPixelWidth=0.25\r\nPixelHeight=0.5\r\n"
               "Dwelltime=1e-005\r\n[Stage]\r\nStageX=0.5\r\nWorkingDistance=0.004\r\n");
  Description description;
  description.axes = {axis("height", 2, 0.5, 0, "m"), axis("width", 2, 0.25, 0, "m")};
  Json& metadata = description.metadata;
  set(metadata, sem + "beam_energy", 5.0);
  set(metadata, sem + "beam_current", 2e-9 * 1e9);
  set(metadata, sem + "dwell_time", 1e-5);
  set(metadata, sem + "working_distance", 4.0);
  set(metadata, sem + "Stage.x", 0.5);
  set(metadata, sem + "microscope", "Helios");
  set(metadata, "General.authors", "anna");
  set(metadata, "General.date", "2016-06-13");
  set(metadata, "General.time", "17:06:40");
  return fixture("fei.tif", builder.file(),
                 {Dataset::from_values<std::uint8_t>(description, std::vector<std::uint8_t>{'a', 'b', 'c', 'd'})});
}

/// The navigation camera has no pixel size, only the width of its field.
Fixture fei_camera() {
  Builder builder(false, false);
  builder.page(2, 1, 8, 1, {"ab"}, 1);
  builder.text(34680,
               "[IRBeam]\nHFW=0.5\nVFW=0.25\n[Image]\nResolutionX=2\nResolutionY=4\n[User]\nDate=17.5.2022\n"
               "Time=12:07:08 AM\n");
  Description description;
  description.axes = {axis("height", 1, 0.0625, 0, "m"), axis("width", 2, 0.25, 0, "m")};
  set(description.metadata, "General.date", "2022-05-17");
  set(description.metadata, "General.time", "00:07:08");
  return fixture("fei_camera.tif", builder.file(),
                 {Dataset::from_values<std::uint8_t>(description, std::vector<std::uint8_t>{'a', 'b'})});
}

Fixture zeiss() {
  Builder builder(false, false);
  builder.page(4, 1, 8, 1, {"abcd"}, 1);
  builder.text(34118,
               "0\r\n0\r\n0\r\n0.5\r\n1.0e+002\r\nAP_ACTUALKV\r\nEHT = 25.00 kV\r\nAP_MAG\r\nMag =   1.5 K X\r\n"
               "AP_WD\r\nWD = 0.5 m\r\nDP_DWELL_TIME\r\nDwell Time = 50 ns\r\nAP_STAGE_AT_T\r\nStage at T =  -0.5 \xb0"
               "\r\nAP_DATE\r\nDate :23 Dec 2015\r\nAP_TIME\r\nTime :9:40:32\r\nSV_SERIAL_NUMBER\r\n"
               "Serial No. = M-61\r\n"
               "SV_USER_NAME\r\nUser Name = LIM\r\nDP_DETECTOR_TYPE\r\nDetector = SE2\r\n");
  Description description;
  description.axes = {axis("height", 1, 128, 0, "m"), axis("width", 4, 128, 0, "m")};
  Json& metadata = description.metadata;
  set(metadata, sem + "beam_energy", 25.0);
  set(metadata, sem + "magnification", 1500.0);
  set(metadata, sem + "Stage.tilt", -0.5);
  set(metadata, sem + "working_distance", 500.0);
  set(metadata, sem + "dwell_time", 50 * std::pow(10.0, -9));
  set(metadata, sem + "Detector.detector_type", "SE2");
  set(metadata, sem + "microscope", "M-61");
  set(metadata, "General.authors", "LIM");
  set(metadata, "General.date", "2015-12-23");
  set(metadata, "General.time", "09:40:32");
  return fixture("zeiss.tif", builder.file(),
                 {Dataset::from_values<std::uint8_t>(description, std::vector<std::uint8_t>{'a', 'b', 'c', 'd'})});
}

Fixture tvips() {
  FileBytes header;
  const auto at = [&](std::size_t place, auto value) { header.pad_to(place).little(value); };
  header.little(std::int32_t{2});
  at(588, std::int32_t{32477});
  at(592, std::uint16_t{0xd83d}), header.little(std::uint16_t{0xde00});
  at(2968, 1.5f), at(2972, 2.5f);
  at(3272, 99000.0f);
  at(3532, std::int32_t{3}), at(3536, 320.0f);
  at(3552, 0.5f), at(3556, 0.25f), at(3560, 0.125f), at(3564, -2.0f), at(3568, 4.0f);
  at(3768, std::uint16_t{'F'}), header.little(std::uint16_t{0xb5});
  at(3952, 400.0f);
  at(6308, std::uint32_t{0xAAAAAAAA});
  Builder builder(false, false);
  builder.block(header.bytes());
  builder.page(2, 1, 8, 1, {"ab"}, 1);
  builder.longs(37706, {Builder::block_place});
  Description description;
  description.axes = {axis("height", 1, 2.5, 0, "nm"), axis("width", 2, 1.5, 0, "nm")};
  Json& metadata = description.metadata;
  set(metadata, tem + "camera_length", 320.0);
  set(metadata, tem + "beam_energy", 99.0);
  set(metadata, tem + "Detector.Camera.exposure", 0.4);
  set(metadata, tem + "Detector.Camera.name", "Fµ");
  set(metadata, "General.notes", "😀");
  set(metadata, tem + "Stage",
      Json{{"x", 500.0}, {"y", 250.0}, {"z", 125.0}, {"tilt_alpha", -2.0}, {"tilt_beta", 4.0}});
  set(metadata, "General.time", "09:01:17");
  return fixture("tvips.tif", builder.file(),
                 {Dataset::from_values<std::uint8_t>(description, std::vector<std::uint8_t>{'a', 'b'})});
}

Fixture olympus() {
  FileBytes sis;
  sis.text("SIS0").pad_to(26).text("name").pad_to(58).little(std::uint16_t{2});
  sis.little(std::uint16_t{10}).little(std::uint16_t{1}).little(std::uint32_t{0});
  sis.little(std::uint16_t{1}).little(std::uint16_t{1}).little(std::uint32_t{Builder::block_place + 76});
  sis.pad_to(86).little(std::int16_t{-1}).little(5.0).little(10.0).pad_to(112).little(600000.0);
  sis.pad_to(122).text("Quemesa").pad_to(188);
  Builder builder(false, false);
  builder.block(sis.bytes());
  builder.page(2, 1, 8, 1, {"ab"}, 1);
  builder.longs(33560, {Builder::block_place});
  Description description;
  description.axes = {axis("height", 1, 10 * std::pow(10.0, -1), 0, "m"),
                      axis("width", 2, 5 * std::pow(10.0, -1), 0, "m")};
  set(description.metadata, tem + "magnification", 600000.0);
  set(description.metadata, tem + "Detector.Camera.name", "Quemesa");
  return fixture("olympus.tif", builder.file(),
                 {Dataset::from_values<std::uint8_t>(description, std::vector<std::uint8_t>{'a', 'b'})});
}

Fixture jeol() {
  Builder builder(false, false);
  builder.page(2, 1, 8, 1, {"ab"}, 1);
  builder.text(270,
               "<?xml version=\"1.0\"?>\r\n<TemReporter>\r\n<Instruments>JEM</Instruments>"
               "<DateTime>2015-07-30T07:17:25.7725342+09:00</DateTime><Eos><EosMode>eosTEM</EosMode></Eos>"
               "<ElectronGun><AccelerationVoltage>200000</AccelerationVoltage><BeamCurrent>500</BeamCurrent>"
               "</ElectronGun>"
               "<IlluminationSystem><ImageField>modeBrightField</ImageField></IlluminationSystem>"
               "<ImageFormingSystem><ImageFormingMode>modeMAG1</ImageFormingMode><ModeString>MAG</ModeString>"
               "<SelectorValue>2000</SelectorValue><SelectorString>X2k</SelectorString></ImageFormingSystem>"
               "<GonioStage><StagePosition><TX>10.5</TX><TY>-2</TY></StagePosition></GonioStage></TemReporter>");
  builder.text(271, "JEOL Ltd.");
  builder.fraction(282, 1000, 1);
  builder.fraction(283, 1000, 1);
  builder.shorts(296, {3});
  Description description;
  description.title = "TEM, BrightField, MAG1, X2k";
  const double scale = 0.001 * 0.01 / 2000 * 1e9;
  description.axes = {axis("height", 1, scale, 0, "nm"), axis("width", 2, scale, 0, "nm")};
  Json& metadata = description.metadata;
  set(metadata, "General.title", description.title);
  set(metadata, tem + "magnification", 2000.0);
  set(metadata, tem + "beam_energy", 200.0);
  set(metadata, tem + "beam_current", 0.5);
  set(metadata, tem + "microscope", "JEM");
  set(metadata, tem + "Stage", Json{{"tilt_alpha", 10.5}, {"tilt_beta", -2.0}});
  set(metadata, tem + "acquisition_mode", "TEM");
  set(metadata, "General.date", "2015-07-30");
  set(metadata, "General.time", "07:17:25.772534");
  set(metadata, "General.time_zone", "+09:00");
  return fixture("jeol.tif", builder.file(),
                 {Dataset::from_values<std::uint8_t>(description, std::vector<std::uint8_t>{'a', 'b'})});
}

Fixture hamamatsu() {
  FileBytes tables;
  for (const float value : {1.0f, 2.0f, 3.0f, 1.0f, 4.0f}) tables.little(value);
  Builder builder(false, false);
  builder.block(tables.bytes());
  builder.page(3, 2, 8, 1, {"abcdef"}, 2);
  builder.text(270,
               "[Application],Date=\"09/02/2022\",Title=\"a, b\"\r\n[Scaling],ScalingXUnit=\"nm\","
               "ScalingXScalingFile=\"#0000016,0003\",ScalingYUnit=\"ps\",ScalingYScalingFile=\"#0000028,0002\"");
  builder.text(305, "HPD-TA 9.5");
  builder.text(315, "Copyright Hamamatsu GmbH, 2018");
  Description description;
  description.axes = {axis("height", 2, 3, 1, "ps"), axis("width", 3, 1, 1, "nm")};
  return fixture(
      "hamamatsu.tif", builder.file(),
      {Dataset::from_values<std::uint8_t>(description, std::vector<std::uint8_t>{'a', 'b', 'c', 'd', 'e', 'f'})});
}

/// A file that libtiff writes, for what has to be compressed.
Fixture compressed(const std::string& name, Dataset expected, std::function<void(TIFF*)> write) {
  const auto make = [=](const std::filesystem::path& folder) {
    const std::filesystem::path path = folder / name;
    TIFF* file = TIFFOpen(path.c_str(), "w");
    if (file == nullptr) throw Error(ErrorKind::io, "cannot write " + path.string());
    write(file);
    TIFFClose(file);
    return path;
  };
  return {"tiff", name, make, {std::move(expected)}};
}

void set_layout(TIFF* file, int width, int height, int bits, int format, int codec) {
  TIFFSetField(file, TIFFTAG_IMAGEWIDTH, width);
  TIFFSetField(file, TIFFTAG_IMAGELENGTH, height);
  TIFFSetField(file, TIFFTAG_BITSPERSAMPLE, bits);
  TIFFSetField(file, TIFFTAG_SAMPLEFORMAT, format);
  TIFFSetField(file, TIFFTAG_COMPRESSION, codec);
  TIFFSetField(file, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
}

/// LZW with differences, strips of five rows of which the last is short, two pages.
Fixture lzw() {
  std::vector<std::uint16_t> values(2 * 12 * 7);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint16_t>(i * i * 31);
  Description description;
  description.axes = {axis("image series", 2, 1, 0, "", Role::navigation), axis("height", 12), axis("width", 7)};
  return compressed("lzw.tif", Dataset::from_values<std::uint16_t>(description, values), [=](TIFF* file) {
    for (std::size_t page = 0; page < 2; ++page) {
      set_layout(file, 7, 12, 16, SAMPLEFORMAT_UINT, COMPRESSION_LZW);
      TIFFSetField(file, TIFFTAG_PREDICTOR, PREDICTOR_HORIZONTAL);
      TIFFSetField(file, TIFFTAG_ROWSPERSTRIP, 5);
      for (std::uint32_t row = 0; row < 12; ++row) {
        std::vector<std::uint16_t> line(values.begin() + static_cast<std::ptrdiff_t>((page * 12 + row) * 7),
                                        values.begin() + static_cast<std::ptrdiff_t>((page * 12 + row + 1) * 7));
        TIFFWriteScanline(file, line.data(), row, 0);
      }
      TIFFWriteDirectory(file);
    }
  });
}

/// Deflate with differences of floating-point bytes, in tiles that reach over the border.
Fixture deflate_tiles() {
  std::vector<float> values(20 * 18);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 0.25f * static_cast<float>(i) - 3;
  Description description;
  description.axes = {axis("height", 18), axis("width", 20)};
  return compressed("deflate.tif", Dataset::from_values<float>(description, values), [=](TIFF* file) {
    set_layout(file, 20, 18, 32, SAMPLEFORMAT_IEEEFP, COMPRESSION_ADOBE_DEFLATE);
    TIFFSetField(file, TIFFTAG_PREDICTOR, PREDICTOR_FLOATINGPOINT);
    TIFFSetField(file, TIFFTAG_TILEWIDTH, 16);
    TIFFSetField(file, TIFFTAG_TILELENGTH, 16);
    std::uint32_t number = 0;
    for (std::size_t y = 0; y < 18; y += 16) {
      for (std::size_t x = 0; x < 20; x += 16) {
        std::vector<float> tile(256, -1.0f);
        for (std::size_t row = y; row < std::min<std::size_t>(18, y + 16); ++row) {
          for (std::size_t column = x; column < std::min<std::size_t>(20, x + 16); ++column) {
            tile[(row - y) * 16 + column - x] = values[row * 20 + column];
          }
        }
        TIFFWriteEncodedTile(file, number++, tile.data(), 1024);
      }
    }
  });
}

/// PackBits, the three colours in planes of their own, two strips each.
Fixture packed_planes() {
  std::vector<std::uint8_t> values(4 * 3 * 3);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint8_t>(i / 5 * 40);
  Description description;
  description.axes = {axis("height", 4), axis("width", 3), parts(3)};
  description.fields = {"R", "G", "B"};
  return compressed("planes.tif", Dataset::from_values<std::uint8_t>(description, values), [=](TIFF* file) {
    set_layout(file, 3, 4, 8, SAMPLEFORMAT_UINT, COMPRESSION_PACKBITS);
    TIFFSetField(file, TIFFTAG_SAMPLESPERPIXEL, 3);
    TIFFSetField(file, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_RGB);
    TIFFSetField(file, TIFFTAG_PLANARCONFIG, PLANARCONFIG_SEPARATE);
    TIFFSetField(file, TIFFTAG_ROWSPERSTRIP, 3);
    for (std::uint16_t plane = 0; plane < 3; ++plane) {
      for (std::uint32_t row = 0; row < 4; ++row) {
        std::uint8_t line[3];
        for (std::size_t x = 0; x < 3; ++x) line[x] = values[(row * 3 + x) * 3 + plane];
        TIFFWriteScanline(file, line, row, plane);
      }
    }
  });
}

/// JPEG in YCbCr with halved colours; a uniform grey comes back as it was.
Fixture jpeg() {
  Description description;
  description.axes = {axis("height", 16), axis("width", 16), parts(3)};
  description.fields = {"R", "G", "B"};
  std::vector<std::uint8_t> values(16 * 16 * 3, 136);
  return compressed("jpeg.tif", Dataset::from_values<std::uint8_t>(description, values), [=](TIFF* file) {
    set_layout(file, 16, 16, 8, SAMPLEFORMAT_UINT, COMPRESSION_JPEG);
    TIFFSetField(file, TIFFTAG_SAMPLESPERPIXEL, 3);
    TIFFSetField(file, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_YCBCR);
    TIFFSetField(file, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    TIFFSetField(file, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    TIFFSetField(file, TIFFTAG_JPEGQUALITY, 100);
    TIFFSetField(file, TIFFTAG_ROWSPERSTRIP, 16);
    std::vector<std::uint8_t> strip = values;
    TIFFWriteEncodedStrip(file, 0, strip.data(), static_cast<tmsize_t>(strip.size()));
  });
}

}  // namespace

std::vector<Fixture> tiff_fixtures() {
  return {image_j_stack(),
          image_j_one_directory(),
          digital_micrograph(),
          big_tiles(),
          pictures_of_two_kinds(),
          shaped_pairs(),
          open_microscopy(),
          fei(),
          fei_camera(),
          zeiss(),
          tvips(),
          olympus(),
          jeol(),
          hamamatsu(),
          written_fixture(tiff_driver(), "kept.tif", fully_described_map()),
          lzw(),
          deflate_tiles(),
          packed_planes(),
          jpeg()};
}

}  // namespace ruska::io
