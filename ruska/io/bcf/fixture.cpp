// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <array>

#include <zlib.h>

#include "ruska/core/metadata.hpp"
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {

namespace {

using Spectrum = std::vector<std::uint32_t>;

struct StoredFile {
  std::string name;
  std::string content;
};

std::string compressed(const std::string& content, std::size_t block_size) {
  const std::size_t blocks = (content.size() + block_size - 1) / block_size;
  FileBytes out;
  out.text("AACS").little(static_cast<std::uint32_t>(block_size)).little(std::uint32_t{0});
  out.little(static_cast<std::uint32_t>(blocks)).pad_to(0x80);
  for (std::size_t i = 0; i < blocks; ++i) {
    const std::string block = content.substr(i * block_size, block_size);
    uLongf length = ::compressBound(static_cast<uLong>(block.size()));
    std::string packed(length, '\0');
    ::compress(reinterpret_cast<Bytef*>(packed.data()), &length, reinterpret_cast<const Bytef*>(block.data()),
               static_cast<uLong>(block.size()));
    packed.resize(length);
    out.little(static_cast<std::uint32_t>(length)).little(static_cast<std::uint32_t>(block.size()));
    out.little(std::uint32_t{0}).little(static_cast<std::uint32_t>(length + 16)).text(packed);
  }
  return out.bytes();
}

/// A container with the files in one folder. Chunk 0 is the head of the container; then follow the directory, and for
/// every file the chunks of its table and of its content.
FileBytes container(std::uint32_t chunk_size, const std::string& folder, const std::vector<StoredFile>& files) {
  const std::size_t content_size = chunk_size - 32;
  struct Chunk {
    std::uint32_t next;
    std::string content;
  };
  std::vector<Chunk> chunks(1);
  const auto number = [&](std::size_t after) { return static_cast<std::uint32_t>(chunks.size() + after); };
  const std::size_t entries_per_chunk = content_size / 0x200;
  const std::size_t directory_chunks = (files.size() + entries_per_chunk) / entries_per_chunk;
  for (std::size_t i = 0; i < directory_chunks; ++i) chunks.push_back({number(1), ""});

  std::vector<std::string> entries;
  const auto add_entry = [&](std::uint32_t table, std::size_t size, std::int32_t parent, bool is_folder,
                             const std::string& name) {
    FileBytes entry;
    entry.little(table).little(std::uint64_t{size}).pad_to(40).little(parent).pad_to(220);
    entry.little(static_cast<char>(is_folder)).pad_to(224).text(name).pad_to(0x200);
    entries.push_back(entry.bytes());
  };
  add_entry(0, 0, -1, true, folder);
  for (const StoredFile& file : files) {
    const std::size_t count = (file.content.size() + content_size - 1) / content_size;
    const std::size_t per_table = content_size / 4;
    const std::size_t tables = (count + per_table - 1) / per_table;
    add_entry(number(0), file.content.size(), 0, false, file.name);
    const std::uint32_t first_content = number(tables);
    for (std::size_t t = 0; t < tables; ++t) {
      FileBytes table;
      for (std::size_t i = t * per_table; i < std::min(count, (t + 1) * per_table); ++i) {
        table.little(static_cast<std::uint32_t>(first_content + i));
      }
      chunks.push_back({number(1), table.bytes()});
    }
    for (std::size_t i = 0; i < count; ++i) chunks.push_back({0, file.content.substr(i * content_size, content_size)});
  }
  for (std::size_t i = 0; i < entries.size(); ++i) chunks[1 + i / entries_per_chunk].content += entries[i];

  FileBytes out;
  out.text("AAMVHFSS").pad_to(0x118).text("AASFSSTG").pad_to(0x124).little(2.6f).little(chunk_size).pad_to(0x140);
  out.little(std::uint32_t{1}).little(static_cast<std::uint32_t>(entries.size())).little(number(0));
  for (std::size_t i = 1; i < chunks.size(); ++i) {
    out.pad_to(0x118 + i * chunk_size).little(chunks[i].next).pad_to(0x118 + i * chunk_size + 32);
    out.text(chunks[i].content);
  }
  return out.pad_to(0x118 + chunks.size() * chunk_size);
}

std::string pixel(std::uint32_t x, std::size_t channels, std::uint16_t packing, std::size_t pulses,
                  const std::string& data, const std::string& additional = "") {
  FileBytes out;
  out.little(x).little(static_cast<std::uint16_t>(channels)).little(static_cast<std::uint16_t>(channels));
  out.little(std::uint32_t{0xc0000}).little(packing).little(static_cast<std::uint16_t>(data.size()));
  out.little(static_cast<std::uint16_t>(pulses)).little(static_cast<std::uint32_t>(data.size()));
  return out.text(data).text(additional).bytes();
}

/// The channels of the spectrum's counts, one per count, in no particular order.
std::vector<std::uint16_t> pulses_of(const Spectrum& spectrum) {
  std::vector<std::uint16_t> pulses;
  for (std::size_t channel = 0; channel < spectrum.size(); ++channel) {
    pulses.insert(pulses.begin() + static_cast<std::ptrdiff_t>(pulses.size() / 2), spectrum[channel],
                  static_cast<std::uint16_t>(channel));
  }
  return pulses;
}

std::string pixel_of_16_bit_pulses(std::uint32_t x, const Spectrum& spectrum) {
  FileBytes data;
  const auto pulses = pulses_of(spectrum);
  for (const std::uint16_t pulse : pulses) data.little(pulse);
  return pixel(x, spectrum.size(), 0, pulses.size(), data.bytes());
}

std::string pixel_of_12_bit_pulses(std::uint32_t x, const Spectrum& spectrum) {
  const auto pulses = pulses_of(spectrum);
  FileBytes data;
  std::uint32_t bits = 0;
  int have = 0;
  for (const std::uint16_t pulse : pulses) {
    bits = bits << 12 | pulse;
    have += 12;
    if (have >= 16) {
      have -= 16;
      data.little(static_cast<std::uint16_t>(bits >> have));
    }
  }
  if (have > 0) data.little(static_cast<std::uint16_t>(bits << (16 - have)));
  return pixel(x, spectrum.size(), 1, pulses.size(), data.bytes());
}

/// A run of channels with a base value and values of `width` nibbles above it.
std::string run(int width, std::uint64_t base, const std::vector<std::uint64_t>& values) {
  FileBytes out;
  out.little(static_cast<char>(width)).little(static_cast<char>(values.size()));
  const auto put = [&](std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out.little(static_cast<std::uint8_t>(value >> (8 * i)));
  };
  if (width > 0) put(base, width);
  if (width == 1) {
    for (std::size_t i = 0; i < values.size(); i += 2) {
      put(values[i] | (i + 1 < values.size() ? values[i + 1] << 4 : 0), 1);
    }
  } else if (width > 1) {
    for (const std::uint64_t value : values) put(value, width / 2);
  }
  return out.bytes();
}

std::string map_stream(std::uint32_t height, std::uint32_t width, const std::vector<std::vector<std::string>>& lines) {
  FileBytes out;
  out.little(height).little(width).pad_to(0x1A0);
  for (const auto& line : lines) {
    out.little(static_cast<std::uint32_t>(line.size()));
    for (const std::string& one : line) out.text(one);
  }
  return out.bytes();
}

std::string base64(const std::string& bytes) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text += i + j > bytes.size() ? '=' : alphabet[group >> (18 - 6 * j) & 63];
    }
  }
  return text;
}

std::string plane(int number, const std::string& title, const std::string& bytes) {
  const std::string tag = "Plane" + std::to_string(number);
  return "<" + tag + "><Description>" + title + "</Description><Data>" + base64(bytes) + "</Data></" + tag + ">";
}

std::string image(const std::string& name, int width, int height, int item, const std::vector<std::string>& planes) {
  std::string text = "<ClassInstance Type=\"TRTImageData\"" + (name.empty() ? "" : " Name=\"" + name + "\"") +
                     "><ItemSize>" + std::to_string(item) + "</ItemSize><Width>" + std::to_string(width) +
                     "</Width><Height>" + std::to_string(height) + "</Height><PlaneCount>" +
                     std::to_string(planes.size()) + "</PlaneCount>";
  for (const std::string& one : planes) text += one;
  return text + "</ClassInstance>\r\n";
}

std::string sum_spectrum(int number, const std::vector<Spectrum>& pixels, const std::string& scale,
                         const std::string& offset) {
  std::vector<std::uint64_t> sum(pixels.front().size());
  for (const Spectrum& one : pixels) {
    for (std::size_t channel = 0; channel < one.size(); ++channel) sum[channel] += one[channel];
  }
  std::string channels;
  for (const std::uint64_t value : sum) channels += (channels.empty() ? "" : ",") + std::to_string(value);
  const std::string tag = "SpectrumData" + std::to_string(number);
  return "<" + tag +
         "><ClassInstance Type=\"TRTSpectrum\"><TRTHeaderedClass><ClassInstance Type=\"TRTDetectorHeader\"><Type>XFlash"
         "</Type></ClassInstance><ClassInstance Type=\"TRTESMAHeader\"><PrimaryEnergy>200</PrimaryEnergy>"
         "<ElevationAngle>18</ElevationAngle></ClassInstance></TRTHeaderedClass><ClassInstance "
         "Type=\"TRTSpectrumHeader\"><CalibAbs>" +
         offset + "</CalibAbs><CalibLin>" + scale + "</CalibLin></ClassInstance><Channels>" + channels +
         "</Channels></ClassInstance></" + tag + ">\r\n";
}

std::string database(const std::string& content) {
  return "<?xml version=\"1.0\" encoding=\"WINDOWS-1252\" standalone=\"yes\"?>\r\n<TRTSpectrumDatabase><RTHeader/>"
         "<ClassInstance Type=\"TRTSpectrumDatabase\" Name=\"sample\"><Header><Date>1.2.2020</Date><Time>3:4:5</Time>"
         "</Header>\r\n" +
         content + "</ClassInstance></TRTSpectrumDatabase>\r\n";
}

template <class T>
Dataset map_dataset(Description description, const std::vector<Spectrum>& pixels) {
  std::vector<T> values;
  for (const Spectrum& one : pixels) {
    for (const std::uint32_t count : one) values.push_back(static_cast<T>(count));
  }
  return Dataset::from_values<T>(std::move(description), values);
}

/// Version 1, not compressed: a transmission microscope with a calibrated scale, an image with a dead second plane, and
/// pulses of 12 and 16 bits; pixels without counts are left out, and one line is stored from right to left.
Fixture pulses() {
  std::vector<Spectrum> pixels(12, Spectrum(16));
  pixels[0] = {3, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};
  pixels[2] = {1, 1, 1, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  pixels[9] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0};
  pixels[11] = {9, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0};
  const std::string stream =
      map_stream(3, 4,
                 {{pixel_of_12_bit_pulses(0, pixels[0]), pixel_of_16_bit_pulses(2, pixels[2])},
                  {},
                  {pixel_of_12_bit_pulses(3, pixels[11]), pixel_of_12_bit_pulses(1, pixels[9])}});
  std::vector<std::uint16_t> grey(12);
  FileBytes plane_bytes;
  for (std::size_t i = 0; i < grey.size(); ++i) {
    grey[i] = static_cast<std::uint16_t>(5000 * i);
    plane_bytes.little(grey[i]);
  }
  const std::string header = database(
      "<ClassInstance Type=\"TRTSEMData\"><HV>200</HV><Mag>225000</Mag><DX>0,00077</DX><DY>7.7E-4</DY></ClassInstance>"
      "<ClassInstance Type=\"TRTSEMStageData\"><X>1,5</X><Tilt>-20</Tilt></ClassInstance>"
      "<ClassInstance Type=\"TRTDSPConfiguration\"><PixelAverage>100</PixelAverage><LineAverage>1</LineAverage>"
      "<PixelTime>2</PixelTime></ClassInstance>\r\n" +
      image("", 4, 3, 2, {plane(0, "HAADF", plane_bytes.bytes()), plane(1, "BF", std::string(24, '\0'))}) +
      image("PixelTimes", 4, 3, 4, {plane(0, "", std::string(48, '\1'))}) +
      "<ClassInstance Type=\"TRTContainerClass\" Name=\"sample\"><ChildClassInstances><ClassInstance "
      "Type=\"TRTElementInformationList\"><ClassInstance Type=\"TRTSpectrumRegionList\"><ChildClassInstances>"
      "<ClassInstance Type=\"TRTSpectrumRegion\" Name=\"Pd\"><Line>L</Line></ClassInstance>"
      "<ClassInstance Type=\"TRTSpectrumRegion\" Name=\"O\"><Energy>0.525</Energy></ClassInstance>"
      "<ClassInstance Type=\"TRTSpectrumRegion\" Name=\"Cu\"><Line>KA1</Line></ClassInstance>"
      "</ChildClassInstances></ClassInstance></ClassInstance></ChildClassInstances></ClassInstance>\r\n"
      "<LineCounter>2,2,1</LineCounter>" +
      sum_spectrum(0, pixels, "0.01", "-0,475"));

  Description picture;
  picture.title = "HAADF";
  picture.axes = {axis("height", "µm", Role::signal, 3, 7.7e-4), axis("width", "µm", Role::signal, 4, 7.7e-4)};
  set(picture.metadata, "Acquisition_instrument.TEM",
      Json{{"beam_energy", 200.0}, {"magnification", 225000.0}, {"Stage", {{"tilt_alpha", -20.0}, {"x", 1.5}}}});
  set(picture.metadata, "Sample.name", "sample");
  Description map;
  map.title = "EDX";
  map.signal_type = "EDS_TEM";
  map.axes = {axis("height", "µm", Role::navigation, 3, 7.7e-4), axis("width", "µm", Role::navigation, 4, 7.7e-4),
              axis("Energy", "keV", Role::signal, 16, 0.01, -0.475)};
  map.metadata = picture.metadata;
  set(picture.metadata, "General.title", "HAADF");
  set(map.metadata, "Acquisition_instrument.TEM.Detector.EDS",
      Json{{"elevation_angle", 18.0}, {"detector_type", "XFlash"}, {"real_time", 5.0 * 1 * 100 * 2 * 4 * 1e-6}});
  set(map.metadata, "Sample.elements", Json{"Cu", "O", "Pd"});
  set(map.metadata, "Sample.xray_lines", Json{"Cu_Ka", "O_Ka", "Pd_La"});
  set(map.metadata, "General", Json{{"title", "EDX"}, {"date", "2020-02-01"}, {"time", "03:04:05"}});
  set(map.metadata, "Signal", Json{{"signal_type", "EDS_TEM"}, {"quantity", "X-rays (Counts)"}});
  const FileBytes file = container(0x640, "EDSDatabase", {{"HeaderData", header}, {"SpectrumData0", stream}});
  return {"bcf",
          "pulses.bcf",
          [=](const std::filesystem::path& folder) { return file.write(folder / "pulses.bcf"); },
          {Dataset::from_values<std::uint16_t>(picture, grey), map_dataset<std::uint8_t>(map, pixels)}};
}

/// Version 2, compressed in blocks, a directory that needs several chunks: a scanning microscope without a scale, an
/// overview, and two maps, of which the first has runs of every width and additional pulses.
Fixture runs() {
  std::vector<Spectrum> pixels(2, Spectrum(300));
  Spectrum& first = pixels[0];
  first[250] = 3;
  first[251] = 18;
  first[252] = 3;
  for (std::size_t i = 0; i < 3; ++i) first[255 + i] = 1000 + 100 * static_cast<std::uint32_t>(i);
  first[258] = 70000;
  first[259] = 70000 + 65535;
  first[260] = 4000000000;
  first[299] = 2;
  const std::string packed = run(0, 0, std::vector<std::uint64_t>(250)) + run(1, 3, {0, 15, 0}) +
                             run(0, 0, std::vector<std::uint64_t>(2)) + run(2, 999, {1, 101, 201}) +
                             run(4, 70000, {0, 65535}) + run(8, 3000000000, {1000000000}) +
                             run(0, 0, std::vector<std::uint64_t>(39));
  pixels[1][7] = 5;
  const std::string additional = FileBytes().little(std::uint16_t{299}).little(std::uint16_t{299}).bytes();
  const std::string with_pulses = packed + FileBytes().little(std::uint32_t{4}).bytes();
  const std::string without_pulses =
      run(0, 0, std::vector<std::uint64_t>(7)) + run(2, 5, {0}) + FileBytes().little(std::uint32_t{0}).bytes();
  const std::string stream =
      map_stream(1, 2, {{pixel(0, 300, 2, 2, with_pulses, additional), pixel(1, 300, 3, 0, without_pulses)}});
  std::vector<Spectrum> second(2, Spectrum(2));
  second[1] = {1, 2};

  const std::string grey = {'\x07', '\xf0'};
  const std::string overview = {'\1', '\0', '\0', '\0'};
  const std::string header = database(
      "<ClassInstance Type=\"TRTSEMData\"><HV>2E1</HV></ClassInstance>" + image("", 2, 1, 1, {plane(0, "Ch 1", grey)}) +
      "<ClassInstance Type=\"TRTContainerClass\"><ChildClassInstances><ClassInstance Type=\"TRTContainerClass\" "
      "Name=\"OverviewImages\"><ChildClassInstances>" +
      image("sample", 1, 1, 4, {plane(0, "Ch 1", overview)}) +
      "</ChildClassInstances></ClassInstance></ChildClassInstances></ClassInstance>\r\n" +
      sum_spectrum(0, pixels, "1E-2", "0") + sum_spectrum(3, second, "2E-2", "0"));

  Description picture;
  picture.title = "Ch 1";
  picture.axes = {axis("height", "pix", Role::signal, 1, 1), axis("width", "pix", Role::signal, 2, 1)};
  set(picture.metadata, "Acquisition_instrument.SEM.beam_energy", 20.0);
  set(picture.metadata, "Sample.name", "sample");
  Description map;
  map.title = "EDX 0";
  map.signal_type = "EDS_SEM";
  map.axes = {axis("height", "pix", Role::navigation, 1, 1), axis("width", "pix", Role::navigation, 2, 1),
              axis("Energy", "keV", Role::signal, 300, 0.01)};
  map.metadata = picture.metadata;
  set(picture.metadata, "General.title", "Ch 1");
  set(map.metadata, "General", Json{{"title", "EDX 0"}, {"date", "2020-02-01"}, {"time", "03:04:05"}});
  set(map.metadata, "Acquisition_instrument.SEM.Detector.EDS",
      Json{{"elevation_angle", 18.0}, {"detector_type", "XFlash"}});
  set(map.metadata, "Sample.elements", Json::array());
  set(map.metadata, "Sample.xray_lines", Json::array());
  set(map.metadata, "Signal", Json{{"signal_type", "EDS_SEM"}, {"quantity", "X-rays (Counts)"}});
  Description overview_picture = picture;
  overview_picture.axes[1].size = 1;
  Description second_map = map;
  second_map.title = "EDX 3";
  set(second_map.metadata, "General.title", "EDX 3");
  second_map.axes[2].size = 2;
  second_map.axes[2].scale = 0.02;
  const FileBytes file =
      container(0x240, "EDSDatabase",
                {{"HeaderData", compressed(header, 1000)},
                 {"SpectrumData0", compressed(stream, 300)},
                 {"SpectrumData3", compressed(map_stream(1, 2, {{pixel_of_12_bit_pulses(1, second[1])}}), 300)}});
  return {"bcf",
          "runs.bcf",
          [=](const std::filesystem::path& folder) { return file.write(folder / "runs.bcf"); },
          {Dataset::from_values<std::uint8_t>(picture, std::vector<std::uint8_t>{7, 0xf0}),
           Dataset::from_values<std::uint32_t>(overview_picture, std::vector<std::uint32_t>{1}),
           map_dataset<std::uint32_t>(map, pixels), map_dataset<std::uint8_t>(second_map, second)}};
}

}  // namespace

std::vector<Fixture> bcf_fixtures() { return {pulses(), runs()}; }

}  // namespace ruska::io
