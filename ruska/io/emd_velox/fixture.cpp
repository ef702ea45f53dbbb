// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/core/metadata.hpp"
#include "ruska/io/hdf5/writer.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {
namespace {

/// Metadata of a scan of 2 × 3 pixels within one of 8 × 8, and of two detectors.
Json scan_metadata(const std::string& detector) {
  return {
      {"Acquisition", {{"AcquisitionStartDatetime", {{"DateTime", "1488794201"}}}}},
      {"Optics", {{"AccelerationVoltage", "200000"}, {"CameraLength", "0.125"}}},
      {"Stage", {{"AlphaTilt", "0.5"}, {"Position", {{"x", "1e-005"}}}}},
      {"Scan",
       {{"ScanSize", {{"width", "8"}, {"height", "8"}}},
        {"ScanArea", {{"left", "0.25"}, {"top", "0.5"}, {"right", "0.625"}, {"bottom", "0.75"}}},
        {"FrameTime", "0.25"}}},
      {"Detectors",
       {{"Detector-0", {{"DetectorName", "HAADF"}}},
        {"Detector-1",
         {{"DetectorName", "SuperX1"}, {"Dispersion", "10"}, {"OffsetEnergy", "-200"}, {"ElevationAngle", "0.5"}}},
        {"Detector-2",
         {{"DetectorName", "SuperX2"}, {"Dispersion", "10"}, {"OffsetEnergy", "-200"}, {"ElevationAngle", "0.5"}}}}},
      {"BinaryResult",
       {{"Detector", detector},
        {"PixelSize", {{"width", "5e-009"}, {"height", "5e-009"}}},
        {"PixelUnitX", "m"},
        {"Offset", {{"x", "-1e-009"}, {"y", "2e-009"}}}}}};
}

void write_metadata(const hdf5::GroupWriter& group, const Json& metadata, std::int64_t frames = 1) {
  const std::string text = metadata.dump();
  const auto length = static_cast<std::int64_t>(text.size()) + 8;
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(length * frames), 0);
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (std::size_t f = 0; f < static_cast<std::size_t>(frames); ++f) {
      bytes[i * static_cast<std::size_t>(frames) + f] = static_cast<std::uint8_t>(text[i]);
    }
  }
  group.write_numbers("Metadata", DType::uint8, {length, frames}, std::as_bytes(std::span(bytes)));
}

template <class T>
void write_array(const hdf5::GroupWriter& group, const Shape& shape, const std::vector<T>& values) {
  group.write_numbers("Data", dtype_of<T>(), shape, std::as_bytes(std::span(values)));
}

Description described(const std::string& title, const std::string& signal_type) {
  Description description;
  description.title = title;
  description.signal_type = signal_type;
  Json& tree = description.metadata;
  set(tree, "General", Json{{"title", title}, {"date", "2017-03-06"}, {"time", "09:56:41"}, {"time_zone", "UTC"}});
  set(tree, "Signal.signal_type", signal_type);
  set(tree, "Acquisition_instrument.TEM.beam_energy", 200.0);
  set(tree, "Acquisition_instrument.TEM.camera_length", 125.0);
  set(tree, "Acquisition_instrument.TEM.Stage.tilt_alpha", 28.648);
  set(tree, "Acquisition_instrument.TEM.Stage.x", 1e-5);
  if (signal_type == "EDS_TEM") {
    set(tree, "Acquisition_instrument.TEM.Detector.EDS.elevation_angle", 28.648);
    set(tree, "Sample.elements", {"O", "Fe"});
  }
  return description;
}

Axes map_axes(Role role) {
  return {{"y", "length", "nm", role, 2, 5e-9 * 1e9, 2e-9 * 1e9},
          {"x", "length", "nm", role, 3, 5e-9 * 1e9, -1e-9 * 1e9}};
}

Axis energy(const std::string& name, std::int64_t size) {
  return {name, "energy", "keV", Role::signal, size, 0.01, -0.2};
}

void write_stream(const hdf5::GroupWriter& streams, const std::string& name, const std::string& detector,
                  const std::vector<std::uint16_t>& words) {
  const hdf5::GroupWriter group = streams.create_group(name);
  write_array(group, {static_cast<std::int64_t>(words.size()), 1}, words);
  write_metadata(group, scan_metadata(detector));
  group.write_texts("AcquisitionSettings", {R"({"encoding": "uint16", "bincount": "16", "StreamEncoding": "uint16"})"});
}

/// Two frames of 2 × 3 pixels from two detectors, a HAADF image beside them and the summed spectrum.
Fixture spectrum_image() {
  constexpr std::uint16_t next = 65535;
  // What comes after the last pixel of the second frame is no longer part of the map.
  const std::vector<std::uint16_t> first{3, 3,    next, next, 5,    next, next, 15, next, 0, next,
                                         3, next, next, 5,    next, next, next, 7,  next, 9, 9};
  // The second detector was stopped in its second frame.
  const std::vector<std::uint16_t> second{3, next, 1, next, next, next, next, 2, next, 4, 3};
  std::vector<std::uint16_t> counts(2 * 3 * 16, 0);
  const auto add = [&](std::size_t pixel, std::size_t channel, int number) {
    counts[pixel * 16 + channel] = static_cast<std::uint16_t>(counts[pixel * 16 + channel] + number);
  };
  add(0, 3, 5);
  add(1, 1, 1);
  add(2, 5, 2);
  add(4, 15, 1);
  add(5, 0, 1);
  add(5, 2, 1);
  add(5, 7, 1);
  add(0, 4, 1);
  std::vector<std::uint32_t> spectrum(16);
  for (std::size_t i = 0; i < spectrum.size(); ++i) spectrum[i] = static_cast<std::uint32_t>(i * i);

  Description sum = described("EDS", "EDS_TEM");
  sum.axes = {energy("Energy", 16)};
  // The two frames of the image beside a map are not read as a stack; the first stands for them.
  Description image = described("HAADF µ", "");
  image.axes = map_axes(Role::signal);
  const std::vector<std::uint16_t> pixels{10, 11, 12, 20, 21, 22};
  Description map = described("EDS", "EDS_TEM");
  map.axes = map_axes(Role::navigation);
  map.axes.push_back(energy("X-ray energy", 16));
  set(map.metadata, "Acquisition_instrument.TEM.Detector.EDS.number_of_frames", 2);

  return {"emd_velox",
          "map.emd",
          [=](const std::filesystem::path& folder) {
            const auto path = folder / "map.emd";
            hdf5::FileWriter file(path);
            {
              const hdf5::GroupWriter root = file.root();
              root.write_texts("Version", {R"({"version": "4", "format": "Velox"})"});
              const hdf5::GroupWriter data = root.create_group("Data");
              const hdf5::GroupWriter spectra = data.create_group("Spectrum").create_group("aa");
              write_array(spectra, {16, 1}, spectrum);
              write_metadata(spectra, scan_metadata("SuperX"));
              const hdf5::GroupWriter images = data.create_group("Image").create_group("bb");
              std::vector<std::uint16_t> frames;
              for (const std::uint16_t pixel : pixels) {
                frames.push_back(pixel);
                frames.push_back(static_cast<std::uint16_t>(pixel + 100));
              }
              write_array(images, {2, 3, 2}, frames);
              write_metadata(images, scan_metadata("HAADF"), 2);
              const hdf5::GroupWriter streams = data.create_group("SpectrumStream");
              write_stream(streams, "cc", "SuperX", first);
              write_stream(streams, "dd", "SuperX", second);
              data.create_group("SpectrumImage")
                  .create_group("ee")
                  .write_texts("SpectrumImageSettings", {R"({"endFramePosition": "2"})"});
              root.create_group("Operations")
                  .create_group("ImageQuantificationOperation")
                  .write_texts("ff", {R"({"elementSelection": ["8", "26"]})"});
              root.create_group("Presentation")
                  .create_group("Displays")
                  .create_group("ImageDisplay")
                  .write_texts("gg", {R"({"dataPath": "\/Data\/Image\/bb", "display": {"label": "HAADF%20µ"}})"});
            }
            file.close();
            return path;
          },
          {Dataset::from_values<std::uint32_t>(sum, spectrum), Dataset::from_values<std::uint16_t>(image, pixels),
           Dataset::from_values<std::uint16_t>(map, counts)}};
}

/// A stack of images of a camera and the half of a Fourier transform.
Fixture images() {
  Description stack = described("Ceta", "");
  stack.axes = {{"Time", "time", "ms", Role::navigation, 2, 0.25 * 1e3, 0}};
  for (const Axis& axis : map_axes(Role::signal)) stack.axes.push_back(axis);
  const std::vector<std::int16_t> frames{1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6};
  Description transform = described("Half FFT", "");
  transform.axes = map_axes(Role::signal);
  const std::vector<std::complex<float>> waves{{1, 0}, {0, 1}, {2, -1}, {3, 3}, {0, 0}, {-1, 0.5}};
  return {
      "emd_velox",
      "images.emd",
      [=](const std::filesystem::path& folder) {
        const auto path = folder / "images.emd";
        hdf5::FileWriter file(path);
        {
          const hdf5::GroupWriter root = file.root();
          root.write_texts("Version", {R"({"version": "8", "format": "Velox"})"});
          const hdf5::GroupWriter all = root.create_group("Data").create_group("Image");
          const hdf5::GroupWriter camera = all.create_group("aa");
          std::vector<std::int16_t> stored;
          for (std::size_t p = 0; p < 6; ++p) {
            stored.push_back(frames[p]);
            stored.push_back(frames[6 + p]);
          }
          write_array(camera, {2, 3, 2}, stored);
          write_metadata(camera, scan_metadata("Ceta"), 2);
          const hdf5::GroupWriter half = all.create_group("bb");
          hdf5::Element element{DType::complex64};
          element.real = "realFloatHalfEven";
          element.imaginary = "imagFloatHalfEven";
          half.create_array("Data", element, {2, 3, 1})
              .write(Region::whole({2, 3, 1}), std::as_bytes(std::span(waves)));
          write_metadata(half, scan_metadata("Ceta"));
          const hdf5::GroupWriter operations = root.create_group("Operations");
          operations.create_group("CameraInputOperation")
              .write_texts("cc", {R"({"dataPath": "\/Data\/Image\/aa", "cameraName": "Ceta"})"});
          operations.create_group("FftOperation").write_texts("dd", {R"({"imageOutputPath": "\/Data\/Image\/bb"})"});
        }
        file.close();
        return path;
      },
      {Dataset::from_values<std::int16_t>(stack, frames), Dataset::from_values<std::complex<float>>(transform, waves)}};
}

}  // namespace

std::vector<Fixture> emd_velox_fixtures() { return {spectrum_image(), images()}; }

}  // namespace ruska::io
