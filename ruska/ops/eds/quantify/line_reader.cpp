// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include "ruska/ops/eds/quantify/line_reader.hpp"

#include <algorithm>

#include "ruska/ops/eds/position_fit.hpp"

namespace ruska::ops::eds {

namespace {

class ModelReader final : public LineReader {
 public:
  ModelReader(const LineModel& model, std::vector<std::size_t> families, std::int64_t positions)
      : fit_(model, positions, positions < enough_for_shape, false), families_(std::move(families)) {
    std::vector<std::pair<Eigen::Index, Eigen::Index>> pairs;
    for (const auto& [i, j] : pairs_of(static_cast<Eigen::Index>(families_.size()))) {
      pairs.push_back({family(i), family(j)});
    }
    terms_ = fit_.covariance_terms(pairs);
    scale_.resize(static_cast<Eigen::Index>(families_.size()));
    for (Eigen::Index i = 0; i < scale_.size(); ++i) {
      scale_[i] = alpha_share(model.families[families_[static_cast<std::size_t>(i)]]);
    }
  }

  void read(const RowBlock& block, std::int64_t channels, LineReadings& readings) const override {
    PositionFit::Batch batch;
    fit_.fit(block, channels, batch);
    const Eigen::Index lines = scale_.size(), rows = batch.amplitudes.cols();
    readings.counts.resize(lines, rows);
    readings.absent_variance.resize(lines, rows);
    readings.covariance.noalias() = terms_ * batch.mixture;
    Eigen::Index pair = 0;
    for (Eigen::Index i = 0; i < lines; ++i) {
      for (Eigen::Index j = 0; j < i; ++j) readings.covariance.row(pair++) *= scale_[i] * scale_[j];
      readings.counts.row(i) = scale_[i] * batch.amplitudes.row(family(i));
      readings.absent_variance.row(i) =
          scale_[i] * scale_[i] *
          (readings.covariance.row(pair) - terms_(pair, family(i)) * batch.mixture.row(family(i)));
      readings.covariance.row(pair++) *= scale_[i] * scale_[i];
    }
  }

 private:
  Eigen::Index family(Eigen::Index line) const {
    return static_cast<Eigen::Index>(families_[static_cast<std::size_t>(line)]);
  }

  PositionFit fit_;
  std::vector<std::size_t> families_;
  Eigen::MatrixXd terms_;
  Eigen::VectorXd scale_;
};

// Net counts, background counts and covariances are all sums of counts times fixed numbers.
class WindowReader final : public LineReader {
 public:
  WindowReader(const std::vector<LineWindows>& windows, std::int64_t channels)
      : lines_(static_cast<Eigen::Index>(windows.size())) {
    const auto pairs = pairs_of(lines_);
    Eigen::MatrixXd net = Eigen::MatrixXd::Zero(lines_, channels);
    sums_ = Eigen::MatrixXd::Zero(2 * lines_ + static_cast<Eigen::Index>(pairs.size()), channels);
    for (Eigen::Index line = 0; line < lines_; ++line) {
      const LineWindows& one = windows[static_cast<std::size_t>(line)];
      const double ratio = one.ratio();
      ratio_.push_back(ratio);
      net.row(line).segment(one.signal.begin, one.signal.size()).array() += 1.0;
      for (const Channels& beside : {one.left, one.right}) {
        if (beside.size() <= 0) continue;
        net.row(line).segment(beside.begin, beside.size()).array() -= ratio;
        sums_.row(lines_ + line).segment(beside.begin, beside.size()).array() += ratio;
      }
    }
    sums_.topRows(lines_) = net;
    for (std::size_t p = 0; p < pairs.size(); ++p) {
      sums_.row(2 * lines_ + static_cast<Eigen::Index>(p)) =
          net.row(pairs[p].first).cwiseProduct(net.row(pairs[p].second));
    }
  }

  void read(const RowBlock& block, std::int64_t channels, LineReadings& readings) const override {
    const Eigen::Index rows = block.range.size();
    Eigen::MatrixXd totals = Eigen::MatrixXd::Zero(sums_.rows(), rows);
    if (block.sparse) {
      for (Eigen::Index r = 0; r < rows; ++r) {
        const auto end = static_cast<std::size_t>(block.row_start[static_cast<std::size_t>(r) + 1]);
        for (auto i = static_cast<std::size_t>(block.row_start[static_cast<std::size_t>(r)]); i < end; ++i) {
          totals.col(r) += static_cast<double>(block.value[i]) * sums_.col(static_cast<Eigen::Index>(block.channel[i]));
        }
      }
    } else {
      totals.noalias() = sums_ * Eigen::Map<const Eigen::MatrixXd>(block.dense.data(), channels, rows);
    }
    readings.counts = totals.topRows(lines_);
    readings.covariance = totals.bottomRows(sums_.rows() - 2 * lines_);
    readings.absent_variance.resize(lines_, rows);
    for (Eigen::Index line = 0; line < lines_; ++line) {
      // Background b under the line, known from r times fewer or more counts beside it: b + r b. One count more, since
      // no count seen does not mean that none is expected.
      const double ratio = ratio_[static_cast<std::size_t>(line)];
      readings.absent_variance.row(line) = (1.0 + ratio) * (totals.row(lines_ + line).array() + ratio).matrix();
    }
  }

 private:
  Eigen::Index lines_;
  std::vector<double> ratio_;
  Eigen::MatrixXd sums_;
};

}  // namespace

std::vector<std::pair<Eigen::Index, Eigen::Index>> pairs_of(Eigen::Index lines) {
  std::vector<std::pair<Eigen::Index, Eigen::Index>> pairs;
  for (Eigen::Index i = 0; i < lines; ++i) {
    for (Eigen::Index j = 0; j <= i; ++j) pairs.push_back({i, j});
  }
  return pairs;
}

Eigen::MatrixXd matrix_of(const Eigen::VectorXd& pairs, Eigen::Index lines) {
  Eigen::MatrixXd matrix(lines, lines);
  Eigen::Index next = 0;
  for (Eigen::Index i = 0; i < lines; ++i) {
    for (Eigen::Index j = 0; j <= i; ++j) matrix(i, j) = matrix(j, i) = pairs[next++];
  }
  return matrix;
}

std::unique_ptr<LineReader> model_reader(const LineModel& model, std::vector<std::size_t> families,
                                         std::int64_t positions) {
  return std::make_unique<ModelReader>(model, std::move(families), positions);
}

std::unique_ptr<LineReader> window_reader(const std::vector<LineWindows>& windows, std::int64_t channels) {
  return std::make_unique<WindowReader>(windows, channels);
}

}  // namespace ruska::ops::eds
