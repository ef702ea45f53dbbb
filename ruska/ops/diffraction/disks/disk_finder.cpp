// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
//   c = F⁻¹[|m|^p e^{i arg m}],  m = F[d] conj F[k],  k = t/Σt − annulus/Σannulus
// One real transform of the pattern and one of the correlation; everything else is done about the peaks alone.
#include "ruska/ops/diffraction/disks/disk_finder.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "ruska/kernels/image_sums.hpp"
#include "ruska/math/parabola.hpp"
#include "ruska/ops/diffraction/disks/image_lines.hpp"

namespace ruska::ops::diffraction {
namespace {

constexpr double shape_error = 0.01;  // px: what the shape's sampling leaves, seen where counts abound

constexpr std::int64_t fine = 8;  // places per pixel for which the shape is tabulated
// Values of the shape are told apart on a logarithmic scale, so that a table of logarithms for each background is
// short.
constexpr int most_code = 4095;
constexpr double code_floor = 0.0025;
constexpr double backgrounds[] = {0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1.2, 2.5, 5};
constexpr double slope_step = 0.05;

std::int64_t padded(std::int64_t length) { return fast_fourier_length(length); }

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

}  // namespace

double DiskFinder::largest_radius(std::int64_t height, std::int64_t width) {
  return static_cast<double>(std::min(height, width)) / 4;
}

std::int64_t DiskFinder::bytes_held(std::int64_t height, std::int64_t width) {
  // Tables for the largest measured probe: half a side of 1.5 radii and a margin.
  const double side = 2 * (1.5 * largest_radius(height, width) + 6) + 1;
  const auto codes = static_cast<std::int64_t>(side * side) * fine * fine * 2;
  return codes + static_cast<std::int64_t>(std::size(backgrounds) + 1) * (most_code + 1) * 4 +
         padded(height) * (padded(width) + 2) * 40;
}

std::int64_t DiskFinder::bytes_per_workspace(std::int64_t height, std::int64_t width) {
  return padded(height) * (padded(width) + 2) * (4 + 4 + 8) + height * width * 4 +
         UpsampledPeak::bytes_held(padded(height), padded(width)) + (1 << 20);
}

DiskFinder::Workspace::Workspace(const DiskFinder& finder)
    : image(finder.fourier_.size()), correlation(finder.fourier_.size()), spectrum(finder.fourier_.half_size()) {
  if (finder.settings_.position == DiskPosition::upsampling) {
    upsampled.emplace(finder.padded_height_, finder.padded_width_);
  }
}

DiskFinder::DiskFinder(const ProbeShape& shape, std::int64_t height, std::int64_t width,
                       const DiskFinderSettings& settings, std::span<const std::uint8_t> left_out)
    : height_(height),
      width_(width),
      padded_height_(padded(height)),
      padded_width_(padded(width)),
      settings_(settings),
      fourier_({padded_height_, padded_width_}),
      kernel_spectrum_(fourier_.half_size()),
      kernel_half_(static_cast<std::int64_t>(std::ceil(std::max(2 * shape.radius(), shape.radius() + 3)))),
      table_half_(static_cast<std::int64_t>(std::ceil(shape.reach() + 1))),
      left_out_bytes_(left_out.begin(), left_out.end()) {
  for (std::size_t i = 0; i < left_out.size(); ++i) {
    if (left_out[i] != 0) left_out_.push_back(static_cast<std::int64_t>(i));
  }
  // The kernel: the annulus rises and falls as sin² from one radius to two.
  const double inner = shape.radius(), outer = static_cast<double>(kernel_half_);
  std::vector<double> probe, annulus;
  double probe_sum = 0, annulus_sum = 0;
  for (std::int64_t y = -kernel_half_; y <= kernel_half_; ++y) {
    for (std::int64_t x = -kernel_half_; x <= kernel_half_; ++x) {
      const double dy = static_cast<double>(y), dx = static_cast<double>(x), r = std::hypot(dy, dx);
      probe.push_back(shape.at(dy, dx));
      const bool within = r > inner && r < outer;
      annulus.push_back(within ? std::pow(std::sin(std::numbers::pi * (r - inner) / (outer - inner)), 2) : 0);
      probe_sum += probe.back();
      annulus_sum += annulus.back();
    }
  }
  for (std::size_t i = 0; i < probe.size(); ++i) {
    kernel_.push_back(static_cast<float>(probe[i] / probe_sum - annulus[i] / annulus_sum));
  }
  FourierBuffer<float> image(fourier_.size());
  const auto wrapped = [](std::int64_t i, std::int64_t length) { return ((i % length) + length) % length; };
  for (std::int64_t y = -kernel_half_; y <= kernel_half_; ++y) {
    for (std::int64_t x = -kernel_half_; x <= kernel_half_; ++x) {
      image[wrapped(y, padded_height_) * padded_width_ + wrapped(x, padded_width_)] +=
          kernel_[static_cast<std::size_t>((y + kernel_half_) * side() + x + kernel_half_)];
    }
  }
  fourier_.forward(image, kernel_spectrum_);
  const std::int64_t half = padded_width_ / 2 + 1;
  const auto scale = static_cast<float>(1.0 / static_cast<double>(fourier_.size()));
  smoothing_.resize(static_cast<std::size_t>(fourier_.half_size()));
  for (std::int64_t y = 0; y < padded_height_; ++y) {
    for (std::int64_t x = 0; x < half; ++x) {
      const double fy = fourier_frequency(y, padded_height_), fx = fourier_frequency(x, padded_width_);
      const double falls = -2 * std::pow(std::numbers::pi * settings_.smoothing, 2) * (fy * fy + fx * fx);
      smoothing_[static_cast<std::size_t>(y * half + x)] = static_cast<float>(std::exp(falls)) * scale;
      kernel_spectrum_[y * half + x] = std::conj(kernel_spectrum_[y * half + x]);
      if (settings_.power == 1) {
        kernel_spectrum_[y * half + x] *= smoothing_[static_cast<std::size_t>(y * half + x)];
      }
    }
  }

  // The shape about the disk, for every place of its centre within a pixel.
  const std::int64_t width_of_table = 2 * table_half_ + 1;
  codes_.reserve(static_cast<std::size_t>(fine * fine * width_of_table * width_of_table));
  double largest = 1;
  for (const double value : probe) largest = std::max(largest, value);
  const double code_scale = most_code / std::log1p(largest / code_floor);
  for (int code = 0; code <= most_code; ++code) {
    shape_values_.push_back(static_cast<float>(code_floor * std::expm1(code / code_scale)));
  }
  for (std::int64_t py = 0; py < fine; ++py) {
    for (std::int64_t px = 0; px < fine; ++px) {
      for (std::int64_t y = -table_half_; y <= table_half_; ++y) {
        for (std::int64_t x = -table_half_; x <= table_half_; ++x) {
          const double value = shape.at(static_cast<double>(y) - static_cast<double>(py) / fine,
                                        static_cast<double>(x) - static_cast<double>(px) / fine);
          const double code = std::round(code_scale * std::log1p(value / code_floor));
          codes_.push_back(static_cast<std::uint16_t>(std::min<double>(most_code, code)));
          if (py != 0 || px != 0) continue;
          shape_sum_ += value;
          shape_square_ += value * value;
        }
      }
    }
  }
  const auto slopes = [&](std::int64_t reach, const auto& value) {
    std::array<std::vector<double>, 2> slope;
    for (std::int64_t y = -reach; y <= reach; ++y) {
      for (std::int64_t x = -reach; x <= reach; ++x) {
        const double dy = static_cast<double>(y) + 0.25,
                     dx = static_cast<double>(x) + 0.25;  // between the symmetric places
        slope[0].push_back((value(dy + slope_step, dx) - value(dy - slope_step, dx)) / (2 * slope_step));
        slope[1].push_back((value(dy, dx + slope_step) - value(dy, dx - slope_step)) / (2 * slope_step));
      }
    }
    return slope;
  };
  for (const double ratio : backgrounds) {
    Level& level = levels_.emplace_back();
    level.ratio = ratio;
    const auto value = [&](double dy, double dx) { return std::log1p(shape.at(dy, dx) / ratio); };
    for (const float t : shape_values_) {
      level.values.push_back(static_cast<float>(std::log1p(static_cast<double>(t) / ratio)));
    }
    const auto slope = slopes(table_half_, value);
    set_precision(level, slope[0], slope[1], shape, table_half_);
  }
  // Smoothing the correlation is correlating with a smoothed kernel; a disc's smoothed edge is a wider edge.
  const double spread = settings_.smoothing;
  const ProbeShape soft = spread > 0 ? ProbeShape::disc(shape.radius(), spread) : shape;
  const auto value = [&](double dy, double dx) {
    const double r = std::hypot(dy, dx);
    const bool within = r > inner && r < outer;
    return soft.at(dy, dx) / probe_sum -
           (within ? std::pow(std::sin(std::numbers::pi * (r - inner) / (outer - inner)), 2) / annulus_sum : 0);
  };
  const auto reach = kernel_half_ + static_cast<std::int64_t>(std::ceil(4 * spread)) + 1;
  const auto slope = slopes(reach, value);
  set_precision(correlation_level_, slope[0], slope[1], shape, reach);

  const double first = std::min(shape.reach(), 1.5 * shape.radius() + 1), last = first + 3;
  const auto ring_half = static_cast<std::int64_t>(std::ceil(last));
  for (std::int64_t y = -ring_half; y <= ring_half; ++y) {
    for (std::int64_t x = -ring_half; x <= ring_half; ++x) {
      const double r = std::hypot(static_cast<double>(y), static_cast<double>(x));
      if (r >= first && r < last) ring_.push_back({y, x, 0});
    }
  }
}

void DiskFinder::set_precision(Level& level, const std::vector<double>& slope_y, const std::vector<double>& slope_x,
                               const ProbeShape& shape, std::int64_t half) const {
  std::size_t i = 0;
  for (std::int64_t y = -half; y <= half; ++y) {
    for (std::int64_t x = -half; x <= half; ++x, ++i) {
      const double dy = static_cast<double>(y) + 0.25, dx = static_cast<double>(x) + 0.25;
      const double value = shape.at(dy, dx);
      const double rise[2] = {(shape.at(dy + slope_step, dx) - shape.at(dy - slope_step, dx)) / (2 * slope_step),
                              (shape.at(dy, dx + slope_step) - shape.at(dy, dx - slope_step)) / (2 * slope_step)};
      const double slope[2] = {slope_y[i], slope_x[i]};
      for (std::size_t axis = 0; axis < 2; ++axis) {
        level.noise_of_disk[axis] += value * slope[axis] * slope[axis];
        level.noise_of_background[axis] += slope[axis] * slope[axis];
        level.slope[axis] += rise[axis] * slope[axis];
      }
    }
  }
}

void DiskFinder::clean(Workspace& work) const {
  float* const image = work.image.data();
  const std::int64_t stride = padded_width_;
  // The median of the neighbours that count; 0 where none does.
  const auto median_around = [&](std::int64_t y, std::int64_t x) {
    float around[8];
    std::size_t number = 0;
    for (std::int64_t i = std::max<std::int64_t>(0, y - 1); i < std::min(height_, y + 2); ++i) {
      for (std::int64_t j = std::max<std::int64_t>(0, x - 1); j < std::min(width_, x + 2); ++j) {
        if ((i == y && j == x) ||
            (!left_out_bytes_.empty() && left_out_bytes_[static_cast<std::size_t>(i * width_ + j)] != 0)) {
          continue;
        }
        around[number++] = image[i * stride + j];
      }
    }
    if (number == 0) return 0.0F;
    std::nth_element(around, around + number / 2, around + number);
    return around[number / 2];
  };
  for (const std::int64_t pixel : left_out_) {
    image[pixel / width_ * stride + pixel % width_] = median_around(pixel / width_, pixel % width_);
  }
  if (!(settings_.hot > 0)) return;
  const auto least = static_cast<float>(settings_.hot * settings_.hot * settings_.gain);
  const auto one = static_cast<float>(settings_.gain);
  const auto exceeds = [&](float value, float other) {
    const float more = value - other;
    return (more > 0) & (more * more > least * ((other > 0 ? other : 0.0F) + one));
  };
  for (std::int64_t y = 0; y < height_; ++y) {
    float* const line = image + y * stride;
    const auto clean_pixel = [&](std::int64_t x) {
      for (std::int64_t i = std::max<std::int64_t>(0, y - 1); i < std::min(height_, y + 2); ++i) {
        for (std::int64_t j = std::max<std::int64_t>(0, x - 1); j < std::min(width_, x + 2); ++j) {
          if ((i != y || j != x) && !exceeds(line[x], image[i * stride + j])) return false;
        }
      }
      line[x] = median_around(y, x);
      return true;
    };
    const auto exceeds_left = [&](std::int64_t x) { return exceeds(line[x], line[x - 1]); };
    // One that was cleaned may have hidden the next.
    const auto clean_from = [&](std::int64_t x) {
      while (clean_pixel(x) && ++x < width_ && exceeds_left(x)) {
      }
    };
    clean_from(0);
    for_each_pixel_where(1, width_, exceeds_left, clean_from);  // few pixels come through
  }
}

void DiskFinder::correlate(Workspace& work) const {
  fourier_.forward(work.image, work.spectrum);
  std::complex<float>* const values = work.spectrum.data();
  const std::complex<float>* const kernel = kernel_spectrum_.data();
  const std::int64_t size = fourier_.half_size();
  for (std::int64_t i = 0; i < size; ++i) {
    const float a = values[i].real(), b = values[i].imag(), c = kernel[i].real(), d = kernel[i].imag();
    values[i] = {a * c - b * d, a * d + b * c};
  }
  if (settings_.power != 1) {
    const auto exponent = static_cast<float>(0.5 * (settings_.power - 1));
    // What is far below the strongest component is nothing but rounding, whose phase means nothing.
    float strongest = 0;
    for (std::int64_t i = 0; i < size; ++i) strongest = std::max(strongest, std::norm(values[i]));
    for (std::int64_t i = 0; i < size; ++i) {
      const float square = std::norm(values[i]);
      const float factor = square > 1e-12F * strongest ? std::pow(square, exponent) : 0.0F;
      values[i] *= factor * smoothing_[static_cast<std::size_t>(i)];
    }
  }
  if (settings_.position == DiskPosition::upsampling) work.upsampled->set(values);
  fourier_.backward(work.spectrum, work.correlation);
}

void DiskFinder::find_peaks(Workspace& work) const {
  work.peaks.clear();
  const auto margin = std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(settings_.edge)));
  const float* const values = work.correlation.data();
  const std::int64_t stride = padded_width_;
  const std::int64_t end = width_ - margin;
  float highest = 0;
  for (std::int64_t y = margin; y < height_ - margin; ++y) {
    highest = std::max(highest, highest_of(values + y * stride + margin, end - margin));
  }
  const float least = static_cast<float>(settings_.relative) * highest;
  for (std::int64_t y = margin; y < height_ - margin; ++y) {
    const float *const line = values + y * stride, *const above = line - stride, *const below = line + stride;
    for_each_pixel_where(
        margin, end,
        [&](std::int64_t x) {
          const float v = line[x];
          return (v > 0) & (v >= least) & (v > line[x - 1]) & (v >= line[x + 1]) & (v > above[x - 1]) & (v > above[x]) &
                 (v > above[x + 1]) & (v >= below[x - 1]) & (v >= below[x]) & (v >= below[x + 1]);
        },
        [&](std::int64_t x) {
          work.peaks.push_back({y, x, line[x]});
        });
  }
  std::stable_sort(work.peaks.begin(), work.peaks.end(),
                   [](const Peak& a, const Peak& b) { return a.value > b.value; });
}

bool DiskFinder::is_significant(const Workspace& work, const Peak& peak) const {
  const std::int64_t top = std::max(-kernel_half_, -peak.y), bottom = std::min(kernel_half_ + 1, height_ - peak.y);
  const std::int64_t left = std::max(-kernel_half_, -peak.x), right = std::min(kernel_half_ + 1, width_ - peak.x);
  const kernels::Patch image{work.image.data() + (peak.y + top) * padded_width_ + peak.x + left, padded_width_};
  const kernels::Patch kernel{kernel_.data() + (kernel_half_ + top) * side() + kernel_half_ + left, side()};
  const auto [signal, noise] = kernels::signal_and_noise(image, kernel, bottom - top, right - left);
  return signal > settings_.significance * std::sqrt(settings_.gain * noise);
}

Place DiskFinder::parabola(const Workspace& work, const Peak& peak) const {
  const float* const v = work.correlation.data() + peak.y * padded_width_ + peak.x;
  return {
      static_cast<double>(peak.y) + parabola_vertex(static_cast<double>(v[-padded_width_]), static_cast<double>(v[0]),
                                                    static_cast<double>(v[padded_width_])),
      static_cast<double>(peak.x) +
          parabola_vertex(static_cast<double>(v[-1]), static_cast<double>(v[0]), static_cast<double>(v[1]))};
}

/// Σ of the image times the values of the codes about a disk, whose place is in eighths of a pixel.
double DiskFinder::overlap(const Workspace& work, const std::vector<float>& values, std::int64_t fine_y,
                           std::int64_t fine_x) const {
  const std::int64_t y = floor_div(fine_y, fine), x = floor_div(fine_x, fine), side_of_table = 2 * table_half_ + 1;
  const std::uint16_t* const codes =
      codes_.data() + ((fine_y - y * fine) * fine + (fine_x - x * fine)) * side_of_table * side_of_table;
  const float* const value = values.data();
  const std::int64_t begin = std::max<std::int64_t>(-table_half_, -x);
  const std::int64_t end = std::min<std::int64_t>(table_half_ + 1, width_ - x);
  double sum = 0;
  for (std::int64_t i = std::max<std::int64_t>(-table_half_, -y); i < std::min(table_half_ + 1, height_ - y); ++i) {
    const float* const line = work.image.data() + (y + i) * padded_width_ + x;
    const std::uint16_t* const code = codes + (i + table_half_) * side_of_table + table_half_;
    float row_sum = 0;
    for (std::int64_t j = begin; j < end; ++j) row_sum += line[j] * value[code[j]];
    sum += static_cast<double>(row_sum);
  }
  return sum;
}

DiskFinder::Height DiskFinder::height_at(Workspace& work, Place place) const {
  const auto y = static_cast<std::int64_t>(std::lround(place.y)), x = static_cast<std::int64_t>(std::lround(place.x));
  work.ring.clear();
  for (const Peak& offset : ring_) {
    const std::int64_t i = y + offset.y, j = x + offset.x;
    if (i >= 0 && j >= 0 && i < height_ && j < width_) work.ring.push_back(work.image.data()[i * padded_width_ + j]);
  }
  // Neighbouring disks reach into the ring: the mean of what is not far above its lower half's median.
  double background = 0;
  if (!work.ring.empty()) {
    std::sort(work.ring.begin(), work.ring.end());
    const auto low = static_cast<double>(work.ring[work.ring.size() * 3 / 8]);
    const double most = low + 3 * std::sqrt(settings_.gain * (std::max(0.0, low) + settings_.gain));
    // One count more than there are: where none fell, the background is not 0, only less than could be counted.
    double sum = settings_.gain;
    std::size_t number = 0;
    for (const float value : work.ring) {
      if (static_cast<double>(value) > most) break;
      sum += static_cast<double>(value);
      number += 1;
    }
    background = sum / static_cast<double>(number);
  }
  // Σ (d − b) t / Σ t²; of a flat disc that is its mean height.
  const double sum = overlap(work, shape_values_, std::lround(place.y * fine), std::lround(place.x * fine));
  return {(sum - background * shape_sum_) / shape_square_, background};
}

const DiskFinder::Level& DiskFinder::level_of(Height height) const {
  const double ratio = std::max(height.background, 0.0) / std::max(height.disk, 1e-30);
  std::size_t best = 0;
  for (std::size_t i = 1; i < levels_.size(); ++i) {
    if (ratio > std::sqrt(levels_[i - 1].ratio * levels_[i].ratio)) best = i;
  }
  return levels_[best];
}

Place DiskFinder::likeliest(const Workspace& work, Place start, Height height) const {
  const std::vector<float>& table = level_of(height).values;
  std::int64_t fine_y = std::lround(start.y * fine), fine_x = std::lround(start.x * fine);
  Neighbourhood around;
  for (int round = 0; round < 8; ++round) {
    for (std::int64_t i = 0; i < 3; ++i) {
      for (std::int64_t j = 0; j < 3; ++j) around.value[i][j] = overlap(work, table, fine_y + i - 1, fine_x + j - 1);
    }
    const Neighbourhood::Step step = around.uphill();
    if (step.none()) break;
    fine_y += step.y;
    fine_x += step.x;
  }
  const Place summit = around.summit();
  const Place found{(static_cast<double>(fine_y) + summit.y) / fine, (static_cast<double>(fine_x) + summit.x) / fine};
  // Farther than a pixel from the correlation's peak it climbs something else.
  return std::hypot(found.y - start.y, found.x - start.x) <= 1 ? found : start;
}

std::vector<FoundDisk> DiskFinder::find(Workspace& work) const {
  clean(work);
  correlate(work);
  find_peaks(work);
  std::vector<FoundDisk> found;
  std::vector<Peak> kept;
  const double distance = settings_.spacing * settings_.spacing;
  for (const Peak& peak : work.peaks) {
    if (static_cast<std::int64_t>(found.size()) == settings_.most) break;
    const bool near = std::any_of(kept.begin(), kept.end(), [&](const Peak& other) {
      const auto dy = static_cast<double>(peak.y - other.y), dx = static_cast<double>(peak.x - other.x);
      return dy * dy + dx * dx < distance;
    });
    if (near || !is_significant(work, peak)) continue;
    kept.push_back(peak);
    Place place = parabola(work, peak);
    if (settings_.position == DiskPosition::upsampling) place = work.upsampled->climb(place);
    Height height = height_at(work, place);
    if (!(height.disk > 0)) continue;
    const bool likelihood = settings_.position == DiskPosition::likelihood;
    if (likelihood) {
      place = likeliest(work, place, height);
      height = height_at(work, place);
      if (!(height.disk > 0)) continue;
    }
    const Level& level = likelihood ? level_of(height) : correlation_level_;
    double sigma[2];
    for (std::size_t axis = 0; axis < 2; ++axis) {
      const double noise =
          height.disk * level.noise_of_disk[axis] + std::max(0.0, height.background) * level.noise_of_background[axis];
      sigma[axis] = std::hypot(std::sqrt(settings_.gain * noise) / (height.disk * level.slope[axis]), shape_error);
    }
    found.push_back({static_cast<float>(place.y), static_cast<float>(place.x),
                     static_cast<float>(height.disk * shape_sum_), static_cast<float>(sigma[0]),
                     static_cast<float>(sigma[1])});
  }
  return found;
}

}  // namespace ruska::ops::diffraction
