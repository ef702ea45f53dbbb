// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdio>

#include "ruska/core/metadata.hpp"
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {

namespace {

/// A frame's header; `extension` goes on from the exposure.
void frame_header(FileBytes& file, std::size_t bytes, int number, int width, int height, const char* pixel,
                  const std::string& started, const std::string& exposure, const std::string& extension,
                  const char* chips = "1x1") {
  char text[160];
  std::snprintf(text, sizeof text, "MQ1,%06d,%05zu,01,%04d,%04d,%s,   %s,01,%s,%s,0,0,0,1.2E+1,5.11E+2,3RX,", number,
                bytes, width, height, pixel, chips, started.c_str(), exposure.c_str());
  const std::size_t end = file.size() + bytes;
  file.text(text).text(extension).pad_to(end);
}

FileBytes acquisition(const std::string& lines) {
  FileBytes file;
  file.text("HDR,\t\r\nChip Mode  (SPM, CSM, CM, CSCM):\tSPM\r\n" + lines + "End\t");
  return file.pad_to(file.size() + 40, ' ');
}

Description description_of(const Shape& raster, std::int64_t height, std::int64_t width, const char* date,
                           const char* time, bool utc, double exposure) {
  Description description;
  description.signal_type = "electron_diffraction";
  for (const std::int64_t size : raster) description.axes.push_back({.role = Role::navigation, .size = size});
  description.axes.push_back({.size = height});
  description.axes.push_back({.size = width});
  Json& metadata = description.metadata;
  set(metadata, "General.title", "");
  set(metadata, "General.date", date);
  set(metadata, "General.time", time);
  if (utc) set(metadata, "General.time_zone", "UTC");
  set(metadata, "Acquisition_instrument.dwell_time", exposure);
  set(metadata, "Signal.signal_type", "electron_diffraction");
  return description;
}

/// Values of frames whose rows are stored from the bottom up.
template <class T>
std::vector<T> write_frames(FileBytes& file, int frames, int height, int width, T step,
                            const std::function<void(FileBytes&, int)>& header) {
  std::vector<T> values;
  for (int frame = 0; frame < frames; ++frame) {
    header(file, frame);
    std::vector<T> image;
    for (int i = 0; i < height * width; ++i) image.push_back(static_cast<T>(step * static_cast<T>(frame * 7 + i)));
    for (int row = height; row-- > 0;) {
      for (int column = 0; column < width; ++column) file.big(image[static_cast<std::size_t>(row * width + column)]);
    }
    values.insert(values.end(), image.begin(), image.end());
  }
  return values;
}

/// 2 × 3 positions as the .hdr file tells them.
Fixture scan_with_raster() {
  FileBytes frames;
  const auto values = write_frames<std::uint16_t>(frames, 6, 3, 4, 411, [](FileBytes& file, int number) {
    frame_header(file, 384, number + 1, 4, 3, "U16", "2024-07-02 13:46:44.035393", "0.001000",
                 "MQ1A,2024-07-02T11:46:44.03539317" + std::to_string(number) + "Z,2500000ns,12,");
  });
  const FileBytes header = acquisition(
      "Frames in Acquisition (Number):\t6\r\nFrames per Trigger (Number):\t1\r\nScanX:\t3\r\nScanY:\t2\r\n");
  const Description description =
      description_of({2, 3}, 3, 4, "2024-07-02", "11:46:44.035393170", true, 2500000 * 1e-9);
  return {"mib",
          "raster.mib",
          [=](const std::filesystem::path& folder) {
            header.write(folder / "raster.hdr");
            return frames.write(folder / "raster.mib");
          },
          {Dataset::from_values<std::uint16_t>(description, values)}};
}

/// 2 × 4 positions of which only the flyback tells.
Fixture scan_with_flyback() {
  FileBytes frames;
  const auto values = write_frames<std::uint8_t>(frames, 8, 2, 3, 5, [](FileBytes& file, int number) {
    char time[48];
    const int waited = 102 * number + (number >= 4 ? 30 : 0) + number % 2;
    std::snprintf(time, sizeof time, "MQ1A,2021-05-07T23:59:%02d.%03d000000Z,", 59, waited);
    frame_header(file, 384, number + 1, 3, 2, "U08", "2021-05-08 01:59:59.000000", "0.1", time);
  });
  const FileBytes header =
      acquisition("Frames in Acquisition (Number):\t8\r\nFrames per Trigger (Number):\t1\r\nScanX:\t0\r\n");
  const Description description = description_of({2, 4}, 2, 3, "2021-05-07", "23:59:59.000000000", true, 0.1);
  return {"mib",
          "flyback.mib",
          [=](const std::filesystem::path& folder) {
            header.write(folder / "flyback.hdr");
            return frames.write(folder / "flyback.mib");
          },
          {Dataset::from_values<std::uint8_t>(description, values)}};
}

/// One frame with the long header of four chips and no .hdr file, its time without a zone.
Fixture single_frame() {
  FileBytes frames;
  const auto values = write_frames<std::uint32_t>(frames, 1, 4, 2, 400000001, [](FileBytes& file, int) {
    frame_header(file, 768, 1, 2, 4, "U32", "2019-09-18 11:15:16.647518", "0.010000", "");
  });
  const Description description = description_of({}, 4, 2, "2019-09-18", "11:15:16.647518", false, 0.01);
  return {"mib",
          "frame.mib",
          [=](const std::filesystem::path& folder) { return frames.write(folder / "frame.mib"); },
          {Dataset::from_values<std::uint32_t>(description, values)}};
}

/// A line of a chip in words of 64 bits, the first value in the lowest bits.
void raw_line(FileBytes& file, const std::vector<std::uint16_t>& values, int bits) {
  for (std::size_t at = 0; at < values.size();) {
    std::uint64_t word = 0;
    for (int bit = 0; bit < 64; bit += bits) word |= std::uint64_t{values[at++]} << bit;
    file.big(word);
  }
}

/// A raw frame of one chip with counters of 1 bit, as two rows of 64 values.
Fixture raw_single() {
  FileBytes frames;
  frame_header(frames, 384, 1, 64, 2, "R64", "2021-04-15 14:43:00.835428", "0.001",
               "MQ1A,2021-04-15T13:43:00.835428351Z,1000000ns,1,");
  std::vector<std::uint8_t> values(128);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = i % 3 == 0 || i % 7 == 2 ? 1 : 0;
  for (const std::size_t row : {1u, 0u}) {
    raw_line(frames,
             {values.begin() + static_cast<std::ptrdiff_t>(row * 64),
              values.begin() + static_cast<std::ptrdiff_t>(row * 64 + 64)},
             1);
  }
  const Description description = description_of({}, 2, 64, "2021-04-15", "13:43:00.835428351", true, 1000000 * 1e-9);
  return {"mib",
          "raw.mib",
          [=](const std::filesystem::path& folder) { return frames.write(folder / "raw.mib"); },
          {Dataset::from_values<std::uint8_t>(description, values)}};
}

/// Two raw frames of four chips, each of `height` rows of 8 values. Seen from the last row of the image upwards, the
/// fourth chip of a line and the third stand side by side; above them the second and the first, turned by 180°.
template <class T>
Fixture raw_quad(const std::string& name, int depth, int bits) {
  constexpr std::size_t height = 2, width = 8;
  FileBytes frames;
  std::vector<T> values;
  for (int frame = 0; frame < 2; ++frame) {
    frame_header(
        frames, 768, frame + 1, 4 * width, height, "R64", "2019-09-18 11:15:16.647518", "0.01",
        "MQ1A,2019-09-18T10:15:16.64751834" + std::to_string(frame) + "Z,10000000ns," + std::to_string(depth) + ",",
        "2x2");
    std::vector<T> image(4 * height * width);
    for (std::size_t i = 0; i < image.size(); ++i)
      image[i] = static_cast<T>((i * 37 + static_cast<std::size_t>(frame)) % 63);
    const auto at = [&](std::size_t row, std::size_t column) {
      return image[(2 * height - 1 - row) * 2 * width + column];  // rows counted from the last
    };
    for (std::size_t line = 0; line < height; ++line) {
      std::array<std::vector<std::uint16_t>, 4> chips;
      for (std::size_t x = 0; x < width; ++x) {
        chips[3].push_back(at(line, x));
        chips[2].push_back(at(line, width + x));
        chips[1].push_back(at(2 * height - 1 - line, width - 1 - x));
        chips[0].push_back(at(2 * height - 1 - line, 2 * width - 1 - x));
      }
      for (const auto& chip : chips) raw_line(frames, chip, bits);
    }
    values.insert(values.end(), image.begin(), image.end());
  }
  const FileBytes header = acquisition("Frames in Acquisition (Number):\t2\r\nFrames per Trigger (Number):\t1\r\n");
  const Description description =
      description_of({2}, 2 * height, 2 * width, "2019-09-18", "10:15:16.647518340", true, 10000000 * 1e-9);
  return {"mib",
          name + ".mib",
          [=](const std::filesystem::path& folder) {
            header.write(folder / (name + ".hdr"));
            return frames.write(folder / (name + ".mib"));
          },
          {Dataset::from_values<T>(description, values)}};
}

}  // namespace

std::vector<Fixture> mib_fixtures() {
  return {scan_with_raster(),
          scan_with_flyback(),
          single_frame(),
          raw_single(),
          raw_quad<std::uint8_t>("quad_6", 6, 8),
          raw_quad<std::uint16_t>("quad_12", 12, 16)};
}

}  // namespace ruska::io
