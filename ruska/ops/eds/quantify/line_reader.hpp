// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <Eigen/Dense>

#include "ruska/core/rows.hpp"
#include "ruska/ops/eds/line_model.hpp"
#include "ruska/ops/eds/line_windows.hpp"

namespace ruska::ops::eds {

/// Counts of lines at the rows of a block.
struct LineReadings {
  Eigen::MatrixXd counts;           ///< lines × rows, of the alpha lines
  Eigen::MatrixXd covariance;       ///< pairs × rows, in the order of `pairs_of`
  Eigen::MatrixXd absent_variance;  ///< lines × rows: σ² that the counts would have were the element not there
};

/// (0, 0), (1, 0), (1, 1), (2, 0) …: the lower triangle row by row.
std::vector<std::pair<Eigen::Index, Eigen::Index>> pairs_of(Eigen::Index lines);
/// The symmetric matrix of such pairs.
Eigen::MatrixXd matrix_of(const Eigen::VectorXd& pairs, Eigen::Index lines);

/// Measures lines in blocks of spectra.
class LineReader {
 public:
  virtual ~LineReader() = default;
  virtual void read(const RowBlock& block, std::int64_t channels, LineReadings& readings) const = 0;
};

/// By the fit of all lines at once; `families` are numbers of the model's families.
std::unique_ptr<LineReader> model_reader(const LineModel& model, std::vector<std::size_t> families,
                                         std::int64_t positions);
/// By windows over the lines and beside them.
std::unique_ptr<LineReader> window_reader(const std::vector<LineWindows>& windows, std::int64_t channels);

}  // namespace ruska::ops::eds
