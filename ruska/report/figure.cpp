// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/report/figure.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <map>

#include "ruska/base/error.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/report/number_text.hpp"

namespace ruska::report {
namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

[[noreturn]] void does_not_fit(const Output& output, const std::string& wanted) {
  throw Error(ErrorKind::internal, "the output '" + output.name + "' of shape " +
                                       to_string(std::get<Dataset>(output.value).describe().shape()) +
                                       " cannot be shown: " + wanted);
}

const Dataset& dataset_of(const Output& output) {
  const Dataset* data = std::get_if<Dataset>(&output.value);
  if (!data || !data->valid()) {
    throw Error(ErrorKind::internal, "the output '" + output.name + "' has no dataset to draw");
  }
  return *data;
}

/// A dataset seen as components of equal size: all axes but the last `kept` are run through.
class Components {
 public:
  Components(const Output& output, std::size_t kept) : data_(dataset_of(output)) {
    const Axes& axes = data_.describe().axes;
    if (axes.size() < kept) does_not_fit(output, std::to_string(kept) + " axes are needed");
    const auto middle = axes.end() - static_cast<std::ptrdiff_t>(kept);
    axes_.assign(middle, axes.end());
    for (auto axis = axes.begin(); axis != middle; ++axis) leading_.push_back(axis->size);
    if (!leading_.empty()) last_leading_ = *(middle - 1);
    for (const Axis& axis : axes) {
      if (axis.size < 1) does_not_fit(output, "an axis is empty");
    }
  }

  std::int64_t size() const { return count(leading_); }
  const Axes& axes() const { return axes_; }
  /// The axis along which neighbouring components follow each other; of size 0 where there is but one.
  const Axis& last_leading() const { return last_leading_; }

  std::vector<double> read(std::int64_t component) const {
    Region region;
    region.start.assign(leading_.size(), 0);
    region.shape.assign(leading_.size(), 1);
    for (std::size_t i = leading_.size(); i-- > 0;) {
      region.start[i] = component % leading_[i];
      component /= leading_[i];
    }
    for (const Axis& axis : axes_) {
      region.start.push_back(0);
      region.shape.push_back(axis.size);
    }
    const DType dtype = data_.describe().dtype;
    if (dtype == DType::complex64) return moduli<std::complex<float>>(region);
    if (dtype == DType::complex128) return moduli<std::complex<double>>(region);
    return data_.read_as_double(region);
  }

 private:
  template <class T>
  std::vector<double> moduli(const Region& region) const {
    std::vector<double> out;
    for (const T& value : data_.read<T>(region)) out.push_back(std::abs(value));
    return out;
  }

  Dataset data_;
  Axes axes_;
  Shape leading_;
  Axis last_leading_{.size = 0};
};

/// A number of components that can be shown, and a note where some are left out.
std::int64_t shown(std::int64_t components, std::string_view what, std::vector<std::string>& notes) {
  if (components <= max_panels) return components;
  notes.push_back("The first " + std::to_string(max_panels) + " of " + std::to_string(components) + " " +
                  std::string(what) + " are shown; the result file has all.");
  return max_panels;
}

std::string component_name(const Output& output, std::int64_t component, std::int64_t components) {
  const auto index = static_cast<std::size_t>(component);
  if (index < output.components.size()) return output.components[index];
  return components == 1 ? "" : std::to_string(component + 1);
}

std::string quantity_of_values(const Output& output) {
  return text_at(dataset_of(output).describe().metadata, "Signal.quantity").value_or("");
}

/// The axis of blocks of `factor` elements.
Axis binned(Axis axis, std::int64_t factor) {
  const std::int64_t blocks = (axis.size + factor - 1) / factor;
  if (!axis.values.empty()) {
    std::vector<double> centres;
    for (std::int64_t block = 0; block < blocks; ++block) {
      const double last = static_cast<double>(std::min((block + 1) * factor, axis.size) - 1);
      centres.push_back(axis.at((static_cast<double>(block * factor) + last) / 2));
    }
    axis.values = std::move(centres);
  }
  axis.offset += axis.scale * static_cast<double>(factor - 1) / 2;
  axis.scale *= static_cast<double>(factor);
  axis.size = blocks;
  return axis;
}

/// Calls `visit(block index, value)` for every element of a height × width array cut into factor × factor blocks.
template <class Visit>
void for_each_in_blocks(std::int64_t height, std::int64_t width, std::int64_t factor, const std::vector<double>& values,
                        const Visit& visit) {
  const std::int64_t columns = (width + factor - 1) / factor;
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      visit(static_cast<std::size_t>((y / factor) * columns + x / factor),
            values[static_cast<std::size_t>(y * width + x)]);
    }
  }
}

enum class Averaged { values, independent_errors };

/// Means of the blocks, NaN left out; of standard uncertainties the uncertainty of the mean.
Image reduce(const std::vector<double>& values, std::int64_t height, std::int64_t width, std::int64_t factor,
             Averaged kind) {
  Image image{(height + factor - 1) / factor, (width + factor - 1) / factor, {}};
  const auto blocks = static_cast<std::size_t>(image.height * image.width);
  std::vector<double> sums(blocks, 0), counts(blocks, 0);
  for_each_in_blocks(height, width, factor, values, [&](std::size_t block, double value) {
    if (std::isnan(value)) return;
    sums[block] += kind == Averaged::values ? value : value * value;
    counts[block] += 1;
  });
  image.values.resize(blocks);
  for (std::size_t i = 0; i < blocks; ++i) {
    const double total = kind == Averaged::values ? sums[i] : std::sqrt(sums[i]);
    image.values[i] = static_cast<float>(counts[i] > 0 ? total / counts[i] : missing);
  }
  return image;
}

std::int64_t block_factor(std::int64_t height, std::int64_t width, std::vector<std::string>& notes,
                          std::string_view how, std::int64_t most = max_side) {
  const std::int64_t factor = (std::max(height, width) + most - 1) / most;
  if (factor > 1) {
    notes.push_back("Each point shown is the " + std::string(how) + " of " + std::to_string(factor) + " × " +
                    std::to_string(factor) + " pixels; the result file has all of them.");
  }
  return factor;
}

/// The least and greatest finite value, or those that all but 1 in 250 values lie between at either end when the rest
/// would more than double the span: a few hot pixels must not hide the map.
Range range_of(const Image& image) {
  std::vector<float> finite;
  for (const float value : image.values) {
    if (std::isfinite(value)) finite.push_back(value);
  }
  if (finite.empty()) return {};
  std::sort(finite.begin(), finite.end());
  const std::size_t tail = finite.size() / 250;
  double low = finite.front(), high = finite.back();
  const double inner_low = finite[tail], inner_high = finite[finite.size() - 1 - tail];
  const double inner = inner_high - inner_low;
  if (inner > 0 && inner_low - low > inner / 2) low = inner_low;
  if (inner > 0 && high - inner_high > inner / 2) high = inner_high;
  Range range;
  const double largest = std::max(std::fabs(low), std::fabs(high));
  if (low < -0.05 * largest && high > 0.05 * largest) {
    range.palette = Palette::diverging;
    low = -largest;
    high = largest;
  } else if (low >= 0 && low < high / 2) {
    low = 0;
  }
  if (!(high > low)) {  // one value throughout: shown from zero
    high = std::max(high, 0.0);
    low = std::min(low, 0.0);
    if (high == low) high = 1;
  }
  range.low = low;
  range.high = high;
  range.clipped_low = finite.front() < low;
  range.clipped_high = finite.back() > high;
  return range;
}

/// Fractions: every value within [0, 1] and some above one half.
bool are_fractions(const std::vector<MapPanel>& panels) {
  float least = 0, greatest = 0;
  for (const MapPanel& panel : panels) {
    for (const float value : panel.values.values) {
      if (!std::isfinite(value)) continue;
      least = std::min(least, value);
      greatest = std::max(greatest, value);
    }
  }
  return panels.size() > 1 && least > -1e-3F && greatest < 1.001F && greatest > 0.5F;
}

Maps maps_of(const Output& output, const Output* sigma, std::vector<std::string>& notes) {
  const Components components(output, 2);
  const Axis& y = components.axes()[0];
  const Axis& x = components.axes()[1];
  const std::int64_t number = shown(components.size(), "maps", notes);
  const std::int64_t factor = block_factor(y.size, x.size, notes, "mean");
  Maps maps{binned(y, factor), binned(x, factor), quantity_of_values(output), {}, false};
  std::optional<Components> uncertainties;
  if (sigma) uncertainties.emplace(*sigma, 2);
  for (std::int64_t k = 0; k < number; ++k) {
    MapPanel panel;
    panel.name = component_name(output, k, components.size());
    panel.values = reduce(components.read(k), y.size, x.size, factor, Averaged::values);
    panel.range = range_of(panel.values);
    if (uncertainties) {
      panel.sigma = reduce(uncertainties->read(k), y.size, x.size, factor, Averaged::independent_errors);
      panel.sigma_range = range_of(*panel.sigma);
      panel.sigma_range.palette = Palette::uncertainty;
    }
    maps.panels.push_back(std::move(panel));
  }
  if (are_fractions(maps.panels)) {
    maps.same_range = true;
    for (MapPanel& panel : maps.panels) panel.range = {0, 1, false, false, Palette::sequential};
  }
  return maps;
}

bool follows_an_angle(const Components& components) {
  const Axis& axis = components.last_leading();
  return axis.size >= 3 && axis.units == "°";
}

Film film_of(const Output& output, bool has_sigma, std::vector<std::string>& notes) {
  const Components components(output, 2);
  const Axis& y = components.axes()[0];
  const Axis& x = components.axes()[1];
  const Axis& angle = components.last_leading();
  const std::int64_t reels = shown(components.size() / angle.size, "maps", notes);
  const std::int64_t factor = block_factor(y.size, x.size, notes, "mean", max_film_side);
  const std::int64_t step = (angle.size + max_frames - 1) / max_frames;
  if (step > 1) {
    notes.push_back("One of " + std::to_string(step) + " angles is shown; the result file has all of them.");
  }
  if (has_sigma) notes.emplace_back("The uncertainties are in the result file.");
  Film film{binned(y, factor), binned(x, factor), quantity_of_values(output), {}, {}};
  for (std::int64_t f = 0; f < angle.size; f += step) {
    film.angles.push_back(number_text(angle.at(static_cast<double>(f)), 3) + "°");
  }
  for (std::int64_t k = 0; k < reels; ++k) {
    Film::Reel reel{component_name(output, k, components.size() / angle.size), {}, {}};
    Image all;
    for (std::int64_t f = 0; f < angle.size; f += step) {
      reel.frames.push_back(reduce(components.read(k * angle.size + f), y.size, x.size, factor, Averaged::values));
      all.values.insert(all.values.end(), reel.frames.back().values.begin(), reel.frames.back().values.end());
    }
    reel.range = range_of(all);
    film.reels.push_back(std::move(reel));
  }
  return film;
}

/// The class that fills most of each block.
std::vector<std::int32_t> most_frequent(const std::vector<double>& values, std::int64_t height, std::int64_t width,
                                        std::int64_t factor) {
  const auto blocks = static_cast<std::size_t>(((height + factor - 1) / factor) * ((width + factor - 1) / factor));
  std::vector<std::map<std::int32_t, std::int64_t>> votes(blocks);
  for_each_in_blocks(height, width, factor, values,
                     [&](std::size_t block, double value) { ++votes[block][static_cast<std::int32_t>(value)]; });
  std::vector<std::int32_t> winners;
  for (const auto& one : votes) {
    winners.push_back(std::max_element(one.begin(), one.end(), [](const auto& a, const auto& b) {
                        return a.second < b.second;
                      })->first);
  }
  return winners;
}

Labels labels_of(const Output& output, std::vector<std::string>& notes) {
  const Components components(output, 2);
  if (components.size() != 1) does_not_fit(output, "labels are one map");
  const Axis& y = components.axes()[0];
  const Axis& x = components.axes()[1];
  std::vector<double> values = components.read(0);
  std::int64_t classes = static_cast<std::int64_t>(output.components.size());
  for (double& value : values) {
    if (!(value >= 0)) value = -1;
    if (value > 1'000'000) does_not_fit(output, "a class number above a million");
    classes = std::max(classes, static_cast<std::int64_t>(value) + 1);
  }
  Labels labels;
  const std::int64_t factor = block_factor(y.size, x.size, notes, "most frequent class");
  labels.y = binned(y, factor);
  labels.x = binned(x, factor);
  labels.height = labels.y.size;
  labels.width = labels.x.size;
  labels.numbers = most_frequent(values, y.size, x.size, factor);
  std::vector<double> pixels(static_cast<std::size_t>(classes), 0);
  for (const double value : values) {
    if (value < 0)
      labels.none += 1;
    else
      pixels[static_cast<std::size_t>(value)] += 1;
  }
  const double classified = std::max(static_cast<double>(values.size()) - labels.none, 1.0);
  labels.none /= static_cast<double>(values.size());
  for (std::int64_t k = 0; k < classes; ++k) {
    const bool named = k < static_cast<std::int64_t>(output.components.size());
    const std::string name = named ? output.components[static_cast<std::size_t>(k)] : "class " + std::to_string(k);
    labels.classes.push_back({name, pixels[static_cast<std::size_t>(k)] / classified});
  }
  return labels;
}

/// The channels that hold what there is to see: up to where no curve exceeds 1/500 of its greatest value and no mark
/// stands, when that spares more than a sixth of the axis.
void choose_view(Curves& curves, std::vector<std::string>& notes) {
  const std::int64_t size = curves.axis.size;
  std::int64_t last = 0;
  for (const Curve& curve : curves.curves) {
    double largest = 0;
    for (const double value : curve.values) {
      if (std::isfinite(value)) largest = std::max(largest, std::fabs(value));
    }
    for (std::int64_t i = size - 1; i > last; --i) {
      if (std::fabs(curve.values[static_cast<std::size_t>(i)]) > largest / 500) last = i;
    }
  }
  for (const Mark& mark : curves.marks) last = std::max(last, curves.axis.nearest(mark.position));
  last += size / 40;
  curves.first = 0;
  curves.last = size - 1;
  if (last < size - 1 - size / 6 && last > 0) {
    curves.last = last;
    notes.push_back("Shown up to " + number_text(curves.axis.at(static_cast<double>(last)), 3) +
                    (curves.axis.units.empty() ? "" : " " + curves.axis.units) +
                    ", beyond which every curve is below 1/500 of its maximum.");
  }
}

/// True when one peak stands six times above all that lies further from it than 1/40 of the view.
bool is_dwarfed_by_one_peak(const Curve& curve, std::int64_t first, std::int64_t last) {
  const auto height = [&](std::int64_t i) {
    const double value = std::fabs(curve.values[static_cast<std::size_t>(i)]);
    return std::isfinite(value) ? value : 0;
  };
  std::int64_t peak = first;
  for (std::int64_t i = first; i <= last; ++i) {
    if (height(i) > height(peak)) peak = i;
  }
  const std::int64_t near = std::max<std::int64_t>(3, (last - first) / 40);
  double rest = 0;
  for (std::int64_t i = first; i <= last; ++i) {
    if (std::abs(i - peak) > near) rest = std::max(rest, height(i));
  }
  return rest > 0 && height(peak) > 6 * rest;
}

void choose_heights(Curves& curves, std::vector<std::string>& notes) {
  const auto dwarfed = std::count_if(curves.curves.begin(), curves.curves.end(), [&](const Curve& curve) {
    return is_dwarfed_by_one_peak(curve, curves.first, curves.last);
  });
  curves.root = 2 * dwarfed >= static_cast<std::ptrdiff_t>(curves.curves.size());
  if (curves.root) notes.push_back("Heights are drawn as their square roots, since single peaks dwarf the rest.");
}

std::vector<Curve> read_curves(const Output& output, const Output* sigma, std::vector<std::string>& notes) {
  const Components components(output, 1);
  std::optional<Components> uncertainties;
  if (sigma) uncertainties.emplace(*sigma, 1);
  const std::int64_t number = shown(components.size(), "curves", notes);
  std::vector<Curve> curves;
  for (std::int64_t k = 0; k < number; ++k) {
    curves.push_back({component_name(output, k, components.size()), components.read(k),
                      uncertainties ? uncertainties->read(k) : std::vector<double>{}});
  }
  return curves;
}

Curves curves_of(const Output& output, const Output* sigma, std::vector<std::string>& notes) {
  Curves curves{Components(output, 1).axes()[0],
                quantity_of_values(output),
                read_curves(output, sigma, notes),
                output.marks,
                0,
                0,
                false};
  std::erase_if(curves.marks, [](const Mark& mark) { return !std::isfinite(mark.position); });
  choose_view(curves, notes);
  choose_heights(curves, notes);
  return curves;
}

Scree scree_of(const Output& output, const Output* sigma, std::vector<std::string>& notes) {
  Scree scree{quantity_of_values(output), read_curves(output, sigma, notes), output.chosen, 0};
  const auto length = static_cast<std::int64_t>(scree.curves.front().values.size());
  const std::int64_t wanted = std::max<std::int64_t>(40, 4 * scree.chosen.value_or(0));
  scree.shown = length > wanted + wanted / 4 ? wanted : length;
  if (scree.quantity.empty()) scree.quantity = output.title;
  if (scree.shown < length) {
    notes.push_back("The first " + std::to_string(scree.shown) + " of " + std::to_string(length) +
                    " values are shown.");
  }
  return scree;
}

Vectors vectors_of(const Output& output, std::vector<std::string>& notes) {
  const Components components(output, 2);
  if (components.size() != 2) does_not_fit(output, "vectors have two components");
  const Axis& y = components.axes()[0];
  const Axis& x = components.axes()[1];
  const std::int64_t factor = block_factor(y.size, x.size, notes, "mean");
  Vectors vectors{binned(y, factor), binned(x, factor), quantity_of_values(output), {}, {}, 0, 0, 1};
  const auto less_mean = [&](std::int64_t component, double& mean) {
    std::vector<double> values = components.read(component);
    double sum = 0, number = 0;
    for (const double value : values) {
      if (!std::isfinite(value)) continue;
      sum += value;
      number += 1;
    }
    mean = number > 0 ? sum / number : 0;
    for (double& value : values) value -= mean;
    return reduce(values, y.size, x.size, factor, Averaged::values);
  };
  vectors.along_x = less_mean(0, vectors.mean_x);
  vectors.along_y = less_mean(1, vectors.mean_y);
  std::vector<double> lengths;
  for (std::size_t i = 0; i < vectors.along_x.values.size(); ++i) {
    const double length = std::hypot(vectors.along_x.values[i], vectors.along_y.values[i]);
    if (std::isfinite(length)) lengths.push_back(length);
  }
  if (!lengths.empty()) {
    std::sort(lengths.begin(), lengths.end());
    if (const double length = lengths[lengths.size() - 1 - lengths.size() / 200]; length > 0) vectors.largest = length;
  }
  return vectors;
}

Pattern pattern_of(const Output& output, std::vector<std::string>& notes) {
  constexpr double most_decades = 6;
  const Components components(output, 2);
  if (components.size() != 1) does_not_fit(output, "a pattern is one image");
  const Axis& y = components.axes()[0];
  const Axis& x = components.axes()[1];
  const std::int64_t factor = block_factor(y.size, x.size, notes, "mean");
  Pattern pattern{binned(y, factor), binned(x, factor), quantity_of_values(output), {}, 1, 10, output.outlines};
  pattern.values = reduce(components.read(0), y.size, x.size, factor, Averaged::values);
  std::vector<float> positive;
  for (const float value : pattern.values.values) {
    if (std::isfinite(value) && value > 0) positive.push_back(value);
  }
  if (positive.empty()) return pattern;
  std::sort(positive.begin(), positive.end());
  const std::size_t tail = positive.size() / 1000;
  pattern.high = positive[positive.size() - 1 - tail];
  pattern.low = std::max(static_cast<double>(positive[tail]), pattern.high / std::pow(10.0, most_decades));
  if (!(pattern.low < pattern.high / 2)) pattern.low = pattern.high / 10;
  return pattern;
}

}  // namespace

bool is_figure(View view) {
  return view == View::maps || view == View::labels || view == View::spectra || view == View::scree ||
         view == View::vectors || view == View::pattern;
}

Figure figure_of(const Output& output, const Output* sigma) {
  Figure figure;
  figure.name = output.name;
  figure.title = output.title.empty() ? readable(output.name) : output.title;
  if (!output.note.empty()) figure.notes.push_back(output.note);
  const Description& description = dataset_of(output).describe();
  if (is_complex(description.dtype)) figure.notes.push_back("The values are complex; their modulus is shown.");
  if (sigma && dataset_of(*sigma).describe().shape() != description.shape()) {
    does_not_fit(*sigma, "it is the uncertainty of '" + output.name + "' of shape " + to_string(description.shape()));
  }
  switch (output.view) {
    case View::maps:
      if (follows_an_angle(Components(output, 2)))
        figure.content = film_of(output, sigma != nullptr, figure.notes);
      else
        figure.content = maps_of(output, sigma, figure.notes);
      break;
    case View::labels: figure.content = labels_of(output, figure.notes); break;
    case View::spectra: figure.content = curves_of(output, sigma, figure.notes); break;
    case View::scree: figure.content = scree_of(output, sigma, figure.notes); break;
    case View::vectors: figure.content = vectors_of(output, figure.notes); break;
    case View::pattern: figure.content = pattern_of(output, figure.notes); break;
    default: throw Error(ErrorKind::internal, "the output '" + output.name + "' is not drawn");
  }
  return figure;
}

}  // namespace ruska::report
