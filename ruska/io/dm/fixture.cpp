// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <complex>
#include <numeric>

#include "ruska/core/metadata.hpp"
#include "tests/file_bytes.hpp"
#include "tests/fixtures.hpp"

namespace ruska::io {

namespace {

/// Writes the tags of one version in one byte order.
class TagWriter {
 public:
  TagWriter(int version, std::endian order) : version_(version), order_(order) {}

  /// The whole file around the root's tags.
  FileBytes file(int tags, const std::string& content) const {
    FileBytes out;
    out.big(std::int32_t{version_});
    size(out, static_cast<std::int64_t>(content.size()));
    out.big(std::int32_t{order_ == std::endian::little});
    return out.text(group_content(tags, content)).text(std::string(8, '\0'));
  }
  std::string group(const std::string& name, int tags, const std::string& content) const {
    const std::string inside = group_content(tags, content);
    return header(20, name, inside.size()) + inside;
  }
  template <class T>
  std::string number(const std::string& name, int type, T value) const {
    FileBytes out;
    out.text("%%%%");
    size(out, 1);
    size(out, type);
    put(out, value);
    return header(21, name, out.size()) + out.bytes();
  }
  std::string text(const std::string& name, std::u16string_view value) const {
    FileBytes out = array_start(4, static_cast<std::int64_t>(value.size()));
    for (const char16_t unit : value) put(out, static_cast<std::uint16_t>(unit));
    return header(21, name, out.size()) + out.bytes();
  }
  template <class T>
  std::string array(const std::string& name, int type, const std::vector<T>& values) const {
    FileBytes out = array_start(type, static_cast<std::int64_t>(values.size()));
    for (const T value : values) put(out, value);
    return header(21, name, out.size()) + out.bytes();
  }
  /// An array of structures of two numbers, as complex pixels are stored, or one such structure.
  template <class T>
  std::string pairs(const std::string& name, int type, const std::vector<std::complex<T>>& values, bool one) const {
    FileBytes out;
    out.text("%%%%");
    size(out, one ? 7 : 9);
    if (!one) size(out, 20);
    for (const int part : {15, 0, 2, 0, type, 0, type}) size(out, part);
    if (!one) size(out, static_cast<std::int64_t>(values.size()));
    for (const std::complex<T>& value : values) {
      put(out, value.real());
      put(out, value.imag());
    }
    return header(21, name, out.size()) + out.bytes();
  }

 private:
  void size(FileBytes& out, std::int64_t value) const {
    version_ == 4 ? out.big(value) : out.big(static_cast<std::int32_t>(value));
  }
  template <class T>
  void put(FileBytes& out, T value) const {
    order_ == std::endian::little ? out.little(value) : out.big(value);
  }
  std::string header(int kind, const std::string& name, std::size_t length) const {
    FileBytes out;
    out.big(static_cast<std::uint8_t>(kind)).big(static_cast<std::uint16_t>(name.size())).text(name);
    if (version_ == 4) out.big(static_cast<std::int64_t>(length));
    return out.bytes();
  }
  std::string group_content(int tags, const std::string& content) const {
    FileBytes out;
    out.text(std::string(2, '\1'));
    size(out, tags);
    return out.text(content).bytes();
  }
  FileBytes array_start(int type, std::int64_t length) const {
    FileBytes out;
    out.text("%%%%");
    size(out, 3);
    size(out, 20);
    size(out, type);
    size(out, length);
    return out;
  }

  int version_;
  std::endian order_;
};

struct Calibration {
  float origin, scale;
  std::u16string_view units;
};

/// An entry of the ImageList; `tags` is the content of its ImageTags.
std::string image(const TagWriter& writer, const std::string& data, int data_type,
                  const std::vector<std::uint32_t>& lengths, const std::vector<Calibration>& calibrations,
                  std::u16string_view brightness, std::u16string_view name, int tag_count = 0,
                  const std::string& tags = "") {
  std::string dimensions, axes;
  for (const std::uint32_t length : lengths) dimensions += writer.number("", 5, length);
  for (const Calibration& one : calibrations) {
    axes += writer.group("", 3,
                         writer.number("Origin", 6, one.origin) + writer.number("Scale", 6, one.scale) +
                             writer.text("Units", one.units));
  }
  const std::string calibration = writer.group("Brightness", 3,
                                               writer.number("Origin", 6, 0.5f) + writer.number("Scale", 6, 2.0f) +
                                                   writer.text("Units", brightness)) +
                                  writer.group("Dimension", static_cast<int>(calibrations.size()), axes);
  return writer.group("", 3,
                      writer.group("ImageData", 4,
                                   writer.group("Calibrations", 2, calibration) + data +
                                       writer.number("DataType", 3, std::int32_t{data_type}) +
                                       writer.group("Dimensions", static_cast<int>(lengths.size()), dimensions)) +
                          writer.group("ImageTags", tag_count, tags) + writer.text("Name", name));
}

/// A file with a thumbnail before the images.
FileBytes file_of(const TagWriter& writer, int images, const std::string& content) {
  const std::string thumbnail = image(writer, writer.array<std::uint8_t>("Data", 10, {1, 2}), 6, {2}, {}, u"", u"");
  return writer.file(
      2, writer.group("ImageList", images + 1, thumbnail + content) +
             writer.group("Thumbnails", 1, writer.group("", 1, writer.number("ImageIndex", 5, std::uint32_t{0}))));
}

Description description_of(const char* title, const char* signal_type, const char* quantity, Axes axes) {
  Description description;
  description.title = title;
  description.signal_type = signal_type;
  description.axes = std::move(axes);
  Json& metadata = description.metadata;
  set(metadata, "General.title", title);
  set(metadata, "Signal.signal_type", signal_type);
  set(metadata, "Signal.quantity", quantity);
  set(metadata, "Signal.Noise_properties.Variance_linear_model.gain_factor", 2.0);
  set(metadata, "Signal.Noise_properties.Variance_linear_model.gain_offset", 0.5);
  return description;
}

/// An EELS spectrum image, 2 × 3 positions and 4 energies, and the survey image beside it.
Fixture spectrum_image(int version, std::endian order) {
  const TagWriter writer(version, order);
  std::vector<float> stored(24), values(24);
  for (std::size_t energy = 0; energy < 4; ++energy) {
    for (std::size_t position = 0; position < 6; ++position) {
      values[position * 4 + energy] = static_cast<float>(position * 10 + energy) * 0.5f;
      stored[energy * 6 + position] = values[position * 4 + energy];
    }
  }
  const std::string acquisition = writer.text("Date", u"27/8/2016") + writer.text("Start time", u"7:35:17 PM") +
                                  writer.number("Exposure (s)", 7, 0.25) +
                                  writer.number("Number of frames", 5, std::uint32_t{4});
  const std::string microscope =
      writer.text("Illumination Mode", u"STEM NANOPROBE") + writer.number("Voltage", 6, 200000.0f) +
      writer.number("STEM Camera Length", 6, 135.0f) + writer.number("Indicated Magnification", 7, 640000.0) +
      writer.text("Name", u"Titan") +
      writer.group("Stage Position", 2, writer.number("Stage Alpha", 7, 24.5) + writer.number("Stage X", 7, -480.0));
  const std::string tags =
      writer.group("Meta Data", 2, writer.text("Format", u"Spectrum image") + writer.text("Signal", u"EELS")) +
      writer.group(
          "EELS", 2,
          writer.group("Acquisition", 4, acquisition) +
              writer.group("Experimental Conditions", 1, writer.number("Convergence semi-angle (mrad)", 7, 21.0))) +
      writer.group("EELS Spectrometer", 1, writer.text("Aperture label", u"5 mm")) +
      writer.group("Microscope Info", 6, microscope) + writer.group("DigiScan", 1, writer.number("Rotation", 7, 0.0)) +
      writer.pairs<float>("Active Size (pixels)", 6, {{2048, 2048}}, true);
  const std::string cube =
      image(writer, writer.array("Data", 6, stored), 2, {3, 2, 4},
            {{0, 0.5f, u"\u00b5m"}, {0, 0.25f, u"\u00b5m"}, {-600, 0.5f, u"eV"}}, u"e-", u"EELS SI", 6, tags);
  std::vector<std::int16_t> survey(6);
  std::iota(survey.begin(), survey.end(), std::int16_t{-3});
  const std::string beside = image(writer, writer.array("Data", 2, survey), 1, {3, 2},
                                   {{1, 0.5f, u"nm"}, {0, 0.5f, u"nm"}}, u"", u"Survey \U0001F52C");
  const FileBytes file = file_of(writer, 2, cube + beside);

  Description description =
      description_of("EELS SI", "EELS", "Electrons (Counts)",
                     {axis("y", "µm", Role::navigation, 2, 0.25, -0.0), axis("x", "µm", Role::navigation, 3, 0.5, -0.0),
                      axis("Energy loss", "eV", Role::signal, 4, 0.5, 300)});
  Json& metadata = description.metadata;
  set(metadata, "General.date", "2016-08-27");
  set(metadata, "General.time", "19:35:17");
  Json& microscope_entries = metadata["Acquisition_instrument"]["TEM"];
  microscope_entries = {{"beam_energy", 200.0},
                        {"acquisition_mode", "STEM"},
                        {"microscope", "Titan"},
                        {"magnification", 640000.0},
                        {"camera_length", 135.0},
                        {"convergence_angle", 21.0},
                        {"Stage", {{"tilt_alpha", 24.5}, {"x", -480.0 * 1e-3}}}};
  microscope_entries["Detector"]["EELS"] = {{"frame_number", 4}, {"aperture_size", 5.0}, {"dwell_time", 1.0}};
  const Description image_description =
      description_of("Survey 🔬", "", "Intensity",
                     {axis("y", "nm", Role::signal, 2, 0.5, -0.0), axis("x", "nm", Role::signal, 3, 0.5, -0.5)});
  const std::string name = version == 3 ? "cube.dm3" : "cube.dm4";
  return {"dm",
          name,
          [=](const std::filesystem::path& folder) { return file.write(folder / name); },
          {Dataset::from_values<float>(description, values),
           Dataset::from_values<std::int16_t>(image_description, survey)}};
}

template <class T>
Fixture single(const std::string& name, const FileBytes& file, const Description& description,
               const std::vector<T>& values) {
  return {"dm",
          name,
          [=](const std::filesystem::path& folder) { return file.write(folder / name); },
          {Dataset::from_values<T>(description, values)}};
}

/// A stack with fewer calibrations than dimensions, one of which has length 1.
Fixture stack() {
  const TagWriter writer(4, std::endian::little);
  std::vector<std::uint16_t> values(12);
  std::iota(values.begin(), values.end(), std::uint16_t{65524});
  const FileBytes file = file_of(writer, 1,
                                 image(writer, writer.array("Data", 4, values), 10, {3, 2, 1, 2},
                                       {{0, 0.5f, u"nm"}, {0, 0.5f, u"nm"}}, u"counts", u"stack"));
  return single("stack.dm4", file,
                description_of("stack", "", "Intensity (counts)",
                               {axis("", "", Role::navigation, 2, 1, -0.0), axis("y", "nm", Role::signal, 2, 0.5, -0.0),
                                axis("x", "nm", Role::signal, 3, 0.5, -0.0)}),
                values);
}

Fixture colour() {
  const TagWriter writer(3, std::endian::little);
  std::vector<std::uint32_t> stored;
  std::vector<std::uint8_t> values;
  for (std::uint32_t i = 0; i < 6; ++i) {
    stored.push_back((255u - i) << 24 | (10u + i) << 16 | (60u + i) << 8 | (130u + i));
    for (const std::uint32_t part : {10u + i, 60u + i, 130u + i, 255u - i}) {
      values.push_back(static_cast<std::uint8_t>(part));
    }
  }
  const FileBytes file =
      file_of(writer, 1, image(writer, writer.array("Data", 5, stored), 23, {3, 2}, {}, u"", u"colour"));
  Description description =
      description_of("colour", "", "Intensity",
                     {axis("y", "", Role::signal, 2, 1, -0.0), axis("x", "", Role::signal, 3, 1, -0.0), {.size = 4}});
  description.fields = {"R", "G", "B", "A"};
  return single("colour.dm3", file, description, values);
}

/// Complex numbers in pairs: whole, and the half of a transform.
Fixture complex_image() {
  const TagWriter writer(4, std::endian::big);
  std::vector<std::complex<double>> values;
  for (int i = 0; i < 6; ++i) values.emplace_back(i + 0.5, -i);
  const FileBytes file =
      file_of(writer, 1, image(writer, writer.pairs("Data", 7, values, false), 13, {3, 2}, {}, u"", u"complex"));
  return single("complex.dm4", file,
                description_of("complex", "", "Intensity",
                               {axis("y", "", Role::signal, 2, 1, -0.0), axis("x", "", Role::signal, 3, 1, -0.0)}),
                values);
}

/// The transform of a real image of `height` × `width`, of which the half is stored.
template <class T>
Fixture transform(const std::string& name, int data_type, int type, int height, int width) {
  const TagWriter writer(4, std::endian::little);
  // Any real image will do: f(0, 0) = 1, f(0, 1) = 2, f(1, 0) = 3, with the zero frequency in the middle.
  std::vector<std::complex<T>> values, stored;
  const auto wave = [](int k, int n) { return std::polar(1.0, -2 * 3.14159265358979 * k / n); };
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const std::complex<double> value = 1.0 + 2.0 * wave(x - width / 2, width) + 3.0 * wave(y - height / 2, height);
      values.emplace_back(static_cast<T>(value.real()), static_cast<T>(value.imag()));
    }
  }
  for (int y = 0; y < height; ++y) {
    for (int j = 0; j <= width / 2; ++j) {
      stored.push_back(values[static_cast<std::size_t>(y * width + width / 2 - j)]);
    }
  }
  // What is read of the other half is the mirrored conjugate to the last bit.
  for (int y = 0; y < height; ++y) {
    for (int x = width / 2 + 1; x < width; ++x) {
      const int across = (2 * (height / 2) + height - y) % height;
      const std::complex<T> computed = values[static_cast<std::size_t>(y * width + x)];
      const std::complex<T> mirrored =
          std::conj(stored[static_cast<std::size_t>(across * (width / 2 + 1) + x - width / 2)]);
      if (std::abs(computed - mirrored) > 1e-5) throw Error(ErrorKind::internal, "the transform is not Hermitian");
      values[static_cast<std::size_t>(y * width + x)] = mirrored;
    }
  }
  const FileBytes file =
      file_of(writer, 1,
              image(writer, writer.pairs("Data", type, stored, false), data_type,
                    {static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height)}, {}, u"", u"transform"));
  return single(
      name, file,
      description_of("transform", "", "Intensity",
                     {axis("y", "", Role::signal, height, 1, -0.0), axis("x", "", Role::signal, width, 1, -0.0)}),
      values);
}

/// An EDS spectrum with the times of the detector.
Fixture eds_spectrum() {
  const TagWriter writer(3, std::endian::little);
  const std::vector<std::uint32_t> values{0, 7, 4000000000, 1};
  const std::string tags =
      writer.group("Meta Data", 1, writer.text("Signal", u"X-ray")) +
      writer.group("EDS", 3,
                   writer.number("Live time", 7, 3.5) + writer.number("Real time", 7, 4.25) +
                       writer.group("Detector Info", 1, writer.number("Elevation angle", 7, 18.0)));
  const FileBytes file = file_of(
      writer, 1,
      image(writer, writer.array("Data", 5, values), 11, {4}, {{20, 0.25f, u"keV"}}, u"Counts", u"EDS", 2, tags));
  Description description =
      description_of("EDS", "EDS_TEM", "X-rays (Counts)", {axis("Energy", "keV", Role::signal, 4, 0.25, -5)});
  description.metadata["Acquisition_instrument"]["TEM"]["Detector"]["EDS"] = {
      {"elevation_angle", 18.0}, {"live_time", 3.5}, {"real_time", 4.25}};
  return single("eds.dm3", file, description, values);
}

}  // namespace

std::vector<Fixture> dm_fixtures() {
  return {spectrum_image(3, std::endian::little),
          spectrum_image(4, std::endian::big),
          stack(),
          colour(),
          complex_image(),
          transform<float>("even.dm4", 27, 6, 4, 6),
          transform<double>("odd.dm4", 28, 7, 3, 5),
          eds_spectrum()};
}

}  // namespace ruska::io
