// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// A spectrum file: a header of fixed places, counts, then lists of excluded elements, of selected elements with their
// lines, and of quantities, and at last how it was measured.
#include <bit>
#include <cmath>

#include "ruska/core/metadata.hpp"
#include "ruska/io/byte_cursor.hpp"
#include "ruska/io/date_time.hpp"
#include "ruska/io/instrument.hpp"
#include "ruska/io/jeol/signals.hpp"
#include "ruska/io/jeol/tree.hpp"
#include "ruska/io/stored_array.hpp"

namespace ruska::io::jeol {

namespace {

constexpr std::int64_t counts_begin = 458;
constexpr std::int64_t most_channels = 65536;
constexpr std::int64_t longest_footer = std::int64_t{16} << 20;

double real(ByteCursor& in) {
  const double value = in.number<double>();
  if (!std::isfinite(value)) in.fail("a number that is not finite");
  return value;
}

/// As JSON holds it: null where it is not finite.
Json any_real(ByteCursor& in) {
  const double value = in.number<double>();
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json read_header(const std::vector<std::byte>& bytes) {
  ByteCursor in(bytes, "the header of the spectrum");
  Json header = Json::object();
  in.move_to(10);
  header["filedate"] = real(in);
  header["sp_name"] = decoded(in.text(80));
  header["username"] = decoded(in.text(32));
  in.move_to(226);
  for (const char* name : {"Esc", "Fano F", "E Noise", "CH Res", "live time", "real time", "DeadTime", "CountRate"}) {
    header[name] = any_real(in);
  }
  in.move_to(362);
  header["CoefA"] = real(in);
  header["CoefB"] = real(in);
  header["State"] = decoded(in.text(32));
  in.move_to(422);
  header["Tpl"] = decoded(in.text(32));
  header["NumCH"] = in.number<std::int32_t>();
  return header;
}

/// The number of entries of a list whose entries have at least `least` bytes.
std::size_t length_of_list(ByteCursor& in, std::size_t least) {
  const auto length = in.number<std::int32_t>();
  if (length < 0 || static_cast<std::size_t>(length) > in.left() / least) {
    in.fail("a list of " + std::to_string(length) + " entries in " + std::to_string(in.left()) + " bytes");
  }
  return static_cast<std::size_t>(length);
}

Json read_selected_elements(ByteCursor& in) {
  Json elements = Json::array();
  for (std::size_t left = length_of_list(in, 100); left > 0; --left) {
    Json element = Json::object();
    in.skip(4);
    element["Z"] = in.number<std::uint16_t>();
    in.skip(8);
    element["roi_min"] = in.number<std::uint16_t>();
    element["roi_max"] = in.number<std::uint16_t>();
    in.skip(14);
    element["energy"] = any_real(in);
    in.skip(24);
    element["name"] = decoded(in.text(32));
    in.skip(4);
    Json lines = Json::array();
    for (std::size_t line = length_of_list(in, 20); line > 0; --line) {
      in.skip(4);
      Json one = Json::object();
      one["energy"] = any_real(in);
      one["Z"] = in.number<std::uint16_t>();
      one["element"] = decoded(in.text(in.number<std::uint8_t>()));
      one["line"] = decoded(in.text(in.number<std::uint8_t>()));
      one["detection"] = in.number<std::int32_t>();
      lines.push_back(std::move(one));
    }
    element["lines"] = std::move(lines);
    elements.push_back(std::move(element));
  }
  return elements;
}

Json read_quantities(ByteCursor& in) {
  Json quantities = Json::array();
  std::size_t left = length_of_list(in, 130);
  if (left > 0) in.skip(28);
  for (; left > 0; --left) {
    Json one = Json::object();
    in.skip(4);
    one["Z"] = in.number<std::uint16_t>();
    in.skip(8);
    one["energy"] = any_real(in);
    in.skip(8);
    for (const char* name : {"mass1 (%)", "error", "atom (%)"}) one[name] = any_real(in);
    one["name"] = decoded(in.text(16));
    one["mass2 (%)"] = any_real(in);
    in.skip(8);
    one["counts"] = any_real(in);
    in.skip(32);
    quantities.push_back(std::move(one));
  }
  return quantities;
}

Json read_parameters(ByteCursor& in) {
  Json parameters = Json::object();
  for (const char* name : {"DetT", "SEM", "Port"}) parameters[name] = decoded(in.text(16));
  parameters["AccKV"] = real(in);
  parameters["AccNA"] = any_real(in);
  in.skip(38);
  parameters["MnKaRES"] = real(in);
  for (const char* name : {"WorkD", "InsD", "XtiltAng", "TakeAng", "IncAng"}) parameters[name] = any_real(in);
  in.skip(4);
  parameters["ScanSize"] = any_real(in);
  for (const char* name : {"DT_64", "DT_128", "DT_256", "DT_512", "DT_1K"}) {
    parameters[name] = in.number<std::uint16_t>();
  }
  parameters["DetH"] = any_real(in);
  parameters["DirAng"] = real(in);
  parameters["XtalAng"] = any_real(in);
  parameters["ElevAng"] = real(in);
  parameters["ValidSize"] = any_real(in);
  return parameters;
}

Json read_footer(ByteCursor& in) {
  Json footer = Json::object();
  in.skip(4);
  Json excluded = Json::array();
  for (std::size_t left = length_of_list(in, 2); left > 0; --left) excluded.push_back(in.number<std::uint16_t>());
  footer["excluded elements"] = std::move(excluded);
  footer["selected elements"] = read_selected_elements(in);
  footer["quantities"] = read_quantities(in);
  const auto mark = in.number<std::int32_t>();
  if (mark != 5) in.fail("a mark " + std::to_string(mark) + " where 5 begins the measuring conditions");
  footer["parameters"] = read_parameters(in);
  return footer;
}

}  // namespace

bool is_spectrum(std::span<const std::byte> head, std::int64_t size) {
  if (static_cast<std::int64_t>(head.size()) < counts_begin) return false;
  const auto channels = std::int64_t{load<std::uint32_t>(head, 454)};
  const double days = std::bit_cast<double>(load<std::uint64_t>(head, 10));
  return load<std::uint32_t>(head) == 2 && load<std::uint32_t>(head, 4) == 2 && load<std::uint16_t>(head, 8) == 0 &&
         days > 20000 && days < 100000 && channels >= 1 && channels <= most_channels &&
         size >= counts_begin + 4 * channels;
}

std::shared_ptr<const Source> open_spectrum(std::shared_ptr<const RandomAccessFile> file) {
  const auto head = file->read(0, std::min(file->size(), counts_begin));
  if (!is_spectrum(head, file->size())) {
    throw Error(ErrorKind::bad_data, file->path().filename().string() +
                                         " is no spectrum of JEOL's Analysis Station: its first 458 bytes do not hold "
                                         "the marks 2 and 2, a date and a number of channels that the file can have");
  }
  const Json header = read_header(head);
  const auto channels = header["NumCH"].get<std::int64_t>();
  const std::int64_t footer_begin = counts_begin + 4 * channels;
  const std::vector<std::byte> rest = file->read(footer_begin, std::min(longest_footer, file->size() - footer_begin));
  ByteCursor in(rest, "the spectrum's parameters", footer_begin);
  const Json footer = read_footer(in);
  const Json& parameters = footer["parameters"];

  const double beam_energy = parameters["AccKV"].get<double>();
  const std::string instrument = instrument_for(beam_energy);
  Description description;
  description.title = "EDX";
  description.signal_type = "EDS_" + instrument;
  description.dtype = DType::int32;
  Axis axis;
  axis.name = "Energy";
  axis.quantity = "energy";
  axis.units = "keV";
  axis.size = channels;
  axis.scale = header["CoefA"].get<double>();
  axis.offset = header["CoefB"].get<double>();
  description.axes = {axis};
  Json& metadata = description.metadata;
  set(metadata, "General.title", description.title);
  set_windows_time(metadata, header["filedate"].get<double>());
  set(metadata, "Signal", Json{{"signal_type", description.signal_type}, {"quantity", "X-rays (Counts)"}});
  const std::string microscope = "Acquisition_instrument." + instrument;
  set(metadata, microscope + ".beam_energy", beam_energy);
  set(metadata, microscope + ".Detector.EDS",
      Json{{"azimuth_angle", parameters["DirAng"]},
           {"elevation_angle", parameters["ElevAng"]},
           {"energy_resolution_MnKa", parameters["MnKaRES"]},
           {"detector_type", parameters["DetT"]}});
  for (const auto& [name, key] : {std::pair{"live time", "live_time"}, {"real time", "real_time"}}) {
    if (header[name].is_number()) set(metadata, microscope + ".Detector.EDS." + key, header[name]);
  }
  description.original = Json{{"Header", header}, {"Footer", footer}};
  return stored_array(std::move(file), std::move(description), {counts_begin, {4}, little_endian_is_swapped});
}

}  // namespace ruska::io::jeol
