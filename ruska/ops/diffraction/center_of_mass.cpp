// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/diffraction/center_of_mass.hpp"

#include <algorithm>

#include "ruska/core/executor.hpp"
#include "ruska/core/rows.hpp"
#include "ruska/ops/diffraction/frames.hpp"

namespace ruska::ops::diffraction {

std::vector<CenterOfMass> centers_of_mass(const Dataset& data, const std::vector<std::uint8_t>& left_out,
                                          Context& context) {
  const Description& description = data.describe();
  const std::int64_t height = description.signal_shape().at(0), width = description.signal_shape().at(1);
  std::vector<CenterOfMass> centers(static_cast<std::size_t>(description.navigation_size()));
  const Partitions partitions = partitions_of(description);
  Executor executor(context);
  executor.for_each_chunk("centres of mass", partitions, [&](std::int64_t, RowRange range) {
    for_each_frame(data, range, false, left_out, [&](std::int64_t position, std::span<const double> frame) {
      // About the frame's middle, so that the second moments lose no digits.
      const double middle_x = 0.5 * static_cast<double>(width - 1), middle_y = 0.5 * static_cast<double>(height - 1);
      double sum = 0, x_sum = 0, y_sum = 0, xx = 0, yy = 0, xy = 0;
      for (std::int64_t y = 0; y < height; ++y) {
        double row = 0, row_x = 0, row_xx = 0;
        const double* const values = frame.data() + y * width;
        const std::uint8_t* const out = left_out.empty() ? nullptr : left_out.data() + y * width;
        for (std::int64_t x = 0; x < width; ++x) {
          if (out != nullptr && out[x] != 0) continue;
          const double dx = static_cast<double>(x) - middle_x;
          row += values[x];
          row_x += values[x] * dx;
          row_xx += values[x] * dx * dx;
        }
        const double dy = static_cast<double>(y) - middle_y;
        sum += row;
        x_sum += row_x;
        y_sum += row * dy;
        xx += row_xx;
        xy += row_x * dy;
        yy += row * dy * dy;
      }
      if (sum < 0) {
        throw Error(ErrorKind::bad_data, "the pattern at position " + position_text(description, position) +
                                             " has the sum " + std::to_string(sum) +
                                             ", and counts are not below zero; its centre of mass has no meaning");
      }
      if (sum == 0) return;
      CenterOfMass& center = centers[static_cast<std::size_t>(position)];
      const double x = x_sum / sum, y = y_sum / sum;
      center.counts = sum;
      center.at = {middle_x + x, middle_y + y};
      center.variance_x = std::max(0.0, xx / sum - x * x) / sum;
      center.variance_y = std::max(0.0, yy / sum - y * y) / sum;
      center.covariance = (xy / sum - x * y) / sum;
    });
  });
  executor.gather(partitions, 1, std::span(centers));
  return centers;
}

}  // namespace ruska::ops::diffraction
