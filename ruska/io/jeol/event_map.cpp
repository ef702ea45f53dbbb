// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// A map file: a tree of conditions, then 16-bit words whose upper four bits say what they are. 9: the beam goes to line
// y, 8: to column x, both in 4096ths of the field; B: an X-ray of the channel in the lower bits; A: the electron signal
// there; others are live-time marks. A frame ends where y falls; frames are summed, but for a last one that was not
// finished.
#include <algorithm>
#include <bit>
#include <cstdio>
#include <mutex>

#include "ruska/core/metadata.hpp"
#include "ruska/io/date_time.hpp"
#include "ruska/io/event_counts.hpp"
#include "ruska/io/instrument.hpp"
#include "ruska/io/jeol/signals.hpp"
#include "ruska/io/jeol/tree.hpp"
#include "ruska/io/little_endian.hpp"

namespace ruska::io::jeol {

namespace {

constexpr std::int64_t field = 4096;  ///< positions and channels have 12 bits
constexpr std::int64_t most_empty_lines = 65536;
constexpr std::int64_t piece_words = std::int64_t{1} << 20;

enum Kind : int { column = 8, line = 9, electrons = 10, x_ray = 11 };

int kind_of(std::uint16_t word) { return word >> 12; }
int value_of(std::uint16_t word) { return word & 0xfff; }

/// The first read scans the words once and notes where the lines of each frame begin (8 bytes per line and frame);
/// after that lines are decoded from their own words alone.
class EventMap final : public Source {
 public:
  EventMap(std::shared_ptr<const RandomAccessFile> file, Description description, std::int64_t offset,
           std::int64_t words, std::int64_t frames)
      : file_(std::move(file)),
        description_(std::move(description)),
        offset_(offset),
        words_(words),
        most_frames_(frames),
        height_(description_.axes[0].size),
        width_(description_.axes[1].size) {
    description_.sparse = true;
    description_.validate();
  }

  const Description& describe() const override { return description_; }
  /// The places of the lines.
  std::int64_t buffered() const override {
    return 8 * std::min(4 * words_ + most_empty_lines, most_frames_ * height_ + 1);
  }

  void read(const Region& region, std::span<std::byte> out) const override {
    check_region(region, description_, out.size());
    fill_from_counts(description_, region, out,
                     [this](std::int64_t begin, std::int64_t end) { return read_counts(begin, end); });
  }

  SparseCounts read_counts(std::int64_t begin, std::int64_t end) const override {
    if (begin < 0 || end < begin || end > description_.navigation_size()) {
      throw Error(ErrorKind::invalid_argument, "there are no positions " + std::to_string(begin) + " to " +
                                                   std::to_string(end) + " in '" + description_.title + "'");
    }
    if (begin == end) return {};
    const LineStarts& starts = line_starts();
    const std::int64_t first = begin / width_, last = (end - 1) / width_;
    std::vector<std::vector<std::uint16_t>> runs;
    const auto frames = static_cast<std::int64_t>(starts.size() - 1) / height_;
    for (std::int64_t frame = 0; frame < frames; ++frame) {
      const std::int64_t from = starts[static_cast<std::size_t>(frame * height_ + first)];
      const std::int64_t to = starts[static_cast<std::size_t>(frame * height_ + last + 1)];
      if (from < to) runs.push_back(words(from, to));
    }
    return counts_of_events(description_, end - begin, [&](const auto& event) {
      for (const std::vector<std::uint16_t>& run : runs) {
        std::int64_t x = 0, y = first;
        for (const std::uint16_t word : run) {
          const int kind = kind_of(word);
          if (kind == column) x = value_of(word) * width_ / field;
          if (kind == line) y = value_of(word) * height_ / field;
          const std::int64_t pixel = y * width_ + x - begin;
          if (kind == x_ray && pixel >= 0 && pixel < end - begin) {
            event(pixel, static_cast<std::uint16_t>(value_of(word)));
          }
        }
      }
    });
  }

 private:
  using LineStarts = std::vector<std::int64_t>;

  std::vector<std::uint16_t> words(std::int64_t begin, std::int64_t end) const {
    std::vector<std::uint16_t> out(static_cast<std::size_t>(end - begin));
    file_->read(offset_ + 2 * begin, std::as_writable_bytes(std::span(out)));
    if (little_endian_is_swapped) {
      for (std::uint16_t& word : out) word = static_cast<std::uint16_t>(word << 8 | word >> 8);
    }
    return out;
  }

  const LineStarts& line_starts() const {
    std::call_once(scanned_, [this] { line_starts_ = scan(); });
    return line_starts_;
  }

  /// Where each line of each whole frame begins, and where the last one ends.
  LineStarts scan() const {
    LineStarts starts{0};
    std::int64_t previous = 0, last_column = 0;
    bool has_electrons = false;
    const auto in_frame = [&] { return static_cast<std::int64_t>(starts.size() - 1) % height_; };
    // Lines that the beam passed without a word of their own are empty.
    const auto go_to_line = [&](std::int64_t wanted, std::int64_t at) {
      while (in_frame() < wanted) starts.push_back(at);
      if (static_cast<std::int64_t>(starts.size()) > 4 * words_ + most_empty_lines) {
        throw Error(ErrorKind::bad_data, "'" + description_.title + "': " + std::to_string(starts.size()) +
                                             " lines of frames in " + std::to_string(words_) +
                                             " words, though every line begins with a word; the events are damaged");
      }
    };
    const auto end_frame = [&](std::int64_t at) {
      do {
        starts.push_back(at);
      } while (in_frame() != 0);
    };
    std::int64_t frames = 0;
    for (std::int64_t begin = 0; begin < words_ && frames < most_frames_; begin += piece_words) {
      const std::int64_t end = std::min(begin + piece_words, words_);
      std::int64_t at = begin - 1;
      for (const std::uint16_t word : words(begin, end)) {
        ++at;
        const int kind = kind_of(word);
        if (kind == electrons) has_electrons = true;
        if (kind == column) last_column = value_of(word);
        if (kind != line) continue;
        if (value_of(word) < previous) {
          end_frame(at);
          if (++frames == most_frames_) break;
        }
        previous = value_of(word);
        go_to_line(previous * height_ / field, at);
      }
    }
    if (frames < most_frames_) {
      // Without the electron signal, columns that met no X-ray have no word.
      const bool whole =
          previous * height_ / field == height_ - 1 && (!has_electrons || last_column * width_ / field == width_ - 1);
      if (whole) {
        end_frame(words_);
      } else {
        starts.resize(static_cast<std::size_t>(frames * height_ + 1));
      }
    }
    return starts;
  }

  std::shared_ptr<const RandomAccessFile> file_;
  Description description_;
  std::int64_t offset_, words_, most_frames_, height_, width_;
  mutable std::once_flag scanned_;
  mutable LineStarts line_starts_;
};

Axis axis_of(std::string name, std::string units, Role role, std::int64_t size, double scale, double offset) {
  Axis axis;
  axis.name = std::move(name);
  axis.quantity = quantity_of(units);
  axis.units = std::move(units);
  axis.role = role;
  axis.size = size;
  axis.scale = scale;
  axis.offset = offset;
  return axis;
}

constexpr const char* measured = "PTTD Data.AnalyzableMap MeasData.";
constexpr const char* pages = "PTTD Param.Params.";

double measured_number(const Json& header, const std::string& name) {
  return number(header, (measured + name).c_str());
}

Axes axes_of(const Json& header) {
  const std::string pixels = text(header, (measured + std::string("Meas Cond.Pixels")).c_str());
  int width = 0, height = 0;
  char rest = 0;
  if (std::sscanf(pixels.c_str(), "%5dx%5d%c", &width, &height, &rest) != 2 || width < 1 || height < 1 ||
      width > field || height > field) {
    throw Error(ErrorKind::bad_data, "'Pixels' is '" + pixels + "'; it must be two numbers from 1 to 4096, as 512x512");
  }
  const double view = number(header, (pages + std::string("PARAMPAGE0_SEM.ScanSize")).c_str()) /
                      measured_number(header, "MeasCond.Mag") * 1000;  // µm
  if (!(view > 0 && view < 1e9)) throw Error(ErrorKind::bad_data, "a field of view of " + std::to_string(view) + " µm");
  // Channels count from the digitiser's zero, which depends on the pulse processor's setting.
  const std::string setting = text(header, (measured + std::string("Meas Cond.Tpl")).c_str());
  const double zero = number(header, (pages + std::string("PARAMPAGE1_EDXRF.Tpl.") + setting + ".DigZ").c_str());
  const double scale = measured_number(header, "Doc.CoefA");
  const double offset = measured_number(header, "Doc.CoefB") - scale * zero;
  return {axis_of("y", "µm", Role::navigation, height, view / height, 0),
          axis_of("x", "µm", Role::navigation, width, view / width, 0),
          axis_of("Energy", "keV", Role::signal, field, scale, offset)};
}

}  // namespace

bool is_event_map(std::span<const std::byte> head) {
  if (head.size() < 36 || load<std::uint32_t>(head) != 304) return false;
  return std::string_view(reinterpret_cast<const char*>(head.data()) + 4, 8) == "PTTDFILE";
}

std::shared_ptr<const Source> open_event_map(std::shared_ptr<const RandomAccessFile> file) {
  const auto head = file->read(0, 304);
  if (!is_event_map(head)) {
    throw Error(ErrorKind::bad_data, file->path().filename().string() + " is no map of JEOL's Analysis Station");
  }
  const std::int64_t tree_offset = load<std::uint32_t>(head, 20), offset = load<std::uint32_t>(head, 28);
  const std::int64_t bytes = load<std::uint32_t>(head, 32);
  Tree tree = read_tree(*file, tree_offset + 12);
  const Json& header = tree.values;
  if (offset > file->size() || bytes > file->size() - offset) {
    throw Error(ErrorKind::bad_data, file->path().filename().string() + " has " + std::to_string(file->size()) +
                                         " bytes, but its events are " + std::to_string(bytes) + " bytes from byte " +
                                         std::to_string(offset) + " on; the file is cut short or damaged");
  }
  const double sweeps = measured_number(header, "Doc.Sweep");
  if (!(sweeps >= 0 && sweeps <= 1e6)) {
    throw Error(ErrorKind::bad_data, "'Sweep' is " + std::to_string(sweeps) + "; it must be 0 to 1000000");
  }
  const double beam_energy = measured_number(header, "MeasCond.AccKV");
  const std::string instrument = instrument_for(beam_energy);
  Description description;
  description.title = "EDS extracted from " + file->path().filename().string();
  description.signal_type = "EDS_" + instrument;
  description.dtype = DType::uint16;
  description.axes = axes_of(header);
  Json& metadata = description.metadata;
  set(metadata, "General.title", description.title);
  set_windows_time(metadata, std::bit_cast<double>(load<std::uint64_t>(head, 296)));
  set(metadata, "Signal", Json{{"signal_type", description.signal_type}, {"quantity", "X-rays (Counts)"}});
  const std::string microscope = "Acquisition_instrument." + instrument;
  set(metadata, microscope + ".beam_energy", beam_energy);
  set(metadata, microscope + ".magnification", measured_number(header, "MeasCond.Mag"));
  const auto page = [&](const char* name) {
    return number(header, (pages + std::string("PARAMPAGE0_SEM.") + name).c_str());
  };
  set(metadata, microscope + ".Detector.EDS",
      Json{{"azimuth_angle", page("DirAng")},
           {"elevation_angle", page("ElevAng")},
           {"energy_resolution_MnKa", page("MnKaRES")},
           {"real_time", measured_number(header, "Doc.RealTime")},
           {"live_time", measured_number(header, "Doc.LiveTime")}});
  if (const auto detector = text_at(header, pages + std::string("PARAMPAGE0_SEM.DetT"))) {
    set(metadata, microscope + ".Detector.EDS.detector_type", *detector);
  }
  description.original = std::move(tree.values);
  // The number of sweeps counts the finished ones; one more may have been finished when it was written.
  return std::make_shared<EventMap>(std::move(file), std::move(description), offset, bytes / 2,
                                    static_cast<std::int64_t>(sweeps) + 1);
}

}  // namespace ruska::io::jeol
