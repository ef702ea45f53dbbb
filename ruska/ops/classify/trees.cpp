// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// A model's numbers, tree by tree: the number of nodes, then each node as feature (−1 for a leaf), threshold, first and
// second child, and the fractions of the classes. Children have larger numbers than their parent, so that every walk
// ends. Values up to the threshold go to the first child.
//
// Cost of training: per node and feature looked at, sorting its n examples.
#include "ruska/ops/classify/trees.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ruska/base/random.hpp"
#include "ruska/core/executor.hpp"

namespace ruska::ops::classify {
namespace {

constexpr std::size_t node_head = 4;

[[noreturn]] void damaged(const std::string& what) {
  throw Error(ErrorKind::bad_data, "the decision trees are damaged: " + what);
}

/// n · impurity of a node from the numbers of its classes.
double impurity(const std::vector<double>& count, double number, bool entropy) {
  if (number <= 0) return 0;
  double sum = 0;
  for (const double one : count) {
    if (one <= 0) continue;
    sum += entropy ? -one * std::log2(one / number) : one * one;
  }
  return entropy ? sum : number - sum / number;
}

/// Grows one tree.
class Growth {
 public:
  Growth(const TrainingSet& set, const std::vector<double>& by_feature, const TreeOptions& options, std::int64_t tree)
      : set_(set),
        by_feature_(by_feature),
        options_(options),
        random_(static_cast<std::uint64_t>(options.seed), "trees", static_cast<std::uint64_t>(tree)),
        entropy_(options.criterion == "entropy"),
        importance_(set.channels, 0.0),
        order_(set.channels) {
    std::iota(order_.begin(), order_.end(), std::size_t{0});
  }

  /// The nodes as numbers, and after them the importance of every channel.
  std::vector<double> grow() {
    example_.resize(set_.number);
    for (std::size_t i = 0; i < set_.number; ++i) {
      example_[i] = options_.bootstrap ? static_cast<std::size_t>(random_.below(set_.number)) : i;
    }
    struct Open {
      std::size_t node, begin, end;
      std::int64_t depth;
    };
    std::vector<Open> open{{add_node(), 0, example_.size(), 0}};
    while (!open.empty()) {
      const Open at = open.back();
      open.pop_back();
      const Split split = best_split(at.begin, at.end, at.depth);
      write_fractions(at.node, at.begin, at.end);
      if (!split.found) continue;
      importance_[split.feature] += split.gain;
      const double* column = by_feature_.data() + split.feature * set_.number;
      const auto middle = std::stable_partition(example_.begin() + static_cast<std::ptrdiff_t>(at.begin),
                                                example_.begin() + static_cast<std::ptrdiff_t>(at.end),
                                                [&](std::size_t i) { return column[i] <= split.threshold; });
      const auto cut = static_cast<std::size_t>(middle - example_.begin());
      const std::size_t first = add_node(), second = add_node();
      double* head = numbers_.data() + at.node * width();
      head[0] = static_cast<double>(split.feature);
      head[1] = split.threshold;
      head[2] = static_cast<double>(first);
      head[3] = static_cast<double>(second);
      open.push_back({second, cut, at.end, at.depth + 1});
      open.push_back({first, at.begin, cut, at.depth + 1});
    }
    const double total = std::accumulate(importance_.begin(), importance_.end(), 0.0);
    std::vector<double> result{static_cast<double>(nodes_)};
    result.insert(result.end(), numbers_.begin(), numbers_.end());
    for (const double one : importance_) result.push_back(total > 0 ? one / total : 0.0);
    return result;
  }

 private:
  struct Split {
    bool found = false;
    std::size_t feature = 0;
    double threshold = 0, gain = 0;
  };

  std::size_t width() const { return node_head + set_.classes; }

  std::size_t add_node() {
    numbers_.resize(numbers_.size() + width(), 0.0);
    numbers_[nodes_ * width()] = -1;
    return nodes_++;
  }

  void write_fractions(std::size_t node, std::size_t begin, std::size_t end) {
    double* fraction = numbers_.data() + node * width() + node_head;
    for (std::size_t i = begin; i < end; ++i) fraction[static_cast<std::size_t>(set_.label[example_[i]])] += 1;
    for (std::size_t k = 0; k < set_.classes; ++k) fraction[k] /= static_cast<double>(end - begin);
  }

  Split best_split(std::size_t begin, std::size_t end, std::int64_t depth) {
    Split best;
    const std::size_t number = end - begin;
    if (number < 2 || (options_.max_depth && depth >= *options_.max_depth)) return best;
    std::vector<double> all(set_.classes, 0.0);
    for (std::size_t i = begin; i < end; ++i) all[static_cast<std::size_t>(set_.label[example_[i]])] += 1;
    const double own = impurity(all, static_cast<double>(number), entropy_);
    if (own <= 1e-12 * static_cast<double>(number)) return best;

    const auto wanted = static_cast<std::size_t>(
        std::min<std::int64_t>(options_.split_features.value_or(static_cast<std::int64_t>(set_.channels)),
                               static_cast<std::int64_t>(set_.channels)));
    const bool draw = wanted < set_.channels;
    for (std::size_t looked = 0; looked < set_.channels; ++looked) {
      // Goes on beyond the wanted number until one feature could split at all.
      if (looked >= wanted && best.found) break;
      if (draw) std::swap(order_[looked], order_[looked + random_.below(set_.channels - looked)]);
      try_feature(order_[looked], begin, end, all, own, best);
    }
    return best;
  }

  void try_feature(std::size_t feature, std::size_t begin, std::size_t end, const std::vector<double>& all, double own,
                   Split& best) {
    const double* column = by_feature_.data() + feature * set_.number;
    sorted_.clear();
    for (std::size_t i = begin; i < end; ++i) sorted_.emplace_back(column[example_[i]], set_.label[example_[i]]);
    std::sort(sorted_.begin(), sorted_.end());
    if (sorted_.front().first == sorted_.back().first) return;
    const auto number = static_cast<double>(sorted_.size());
    const auto least = static_cast<std::size_t>(options_.min_leaf);
    left_.assign(set_.classes, 0.0);
    right_ = all;
    for (std::size_t i = 0; i + 1 < sorted_.size(); ++i) {
      const auto k = static_cast<std::size_t>(sorted_[i].second);
      left_[k] += 1;
      right_[k] -= 1;
      if (sorted_[i].first == sorted_[i + 1].first || i + 1 < least || sorted_.size() - i - 1 < least) continue;
      const auto before = static_cast<double>(i + 1);
      const double gain = own - impurity(left_, before, entropy_) - impurity(right_, number - before, entropy_);
      if (best.found && gain <= best.gain) continue;
      double threshold = sorted_[i].first / 2 + sorted_[i + 1].first / 2;
      if (!(threshold < sorted_[i + 1].first)) threshold = sorted_[i].first;
      best = {true, feature, threshold, gain};
    }
  }

  const TrainingSet& set_;
  const std::vector<double>& by_feature_;
  const TreeOptions& options_;
  Random random_;
  bool entropy_;
  std::vector<double> importance_;
  std::vector<std::size_t> order_, example_;
  std::vector<double> numbers_;
  std::size_t nodes_ = 0;
  std::vector<std::pair<double, std::int32_t>> sorted_;
  std::vector<double> left_, right_;
};

class TreePredictor final : public Predictor {
 public:
  explicit TreePredictor(const Model& model) : classes_(model.classes.size()), channels_(model.scaling.factor.size()) {
    const std::vector<double>& numbers = model.numbers;
    const std::size_t width = node_head + classes_;
    for (std::size_t at = 0; at < numbers.size();) {
      const double nodes = numbers[at++];
      if (!(nodes >= 1 && nodes <= static_cast<double>((numbers.size() - at) / width)) || nodes != std::floor(nodes)) {
        damaged("a tree of " + std::to_string(nodes) + " nodes");
      }
      const auto number = static_cast<std::size_t>(nodes);
      root_.push_back(node_.size());
      for (std::size_t n = 0; n < number; ++n, at += width) {
        Node node;
        const double feature = numbers[at];
        node.threshold = numbers[at + 1];
        if (feature != -1) {
          const auto child = [&](double value) {
            if (!(value > static_cast<double>(n) && value < nodes) || value != std::floor(value)) {
              damaged("node " + std::to_string(n) + " has the child " + std::to_string(value));
            }
            return root_.back() + static_cast<std::size_t>(value);
          };
          if (!(feature >= 0 && feature < static_cast<double>(channels_)) || feature != std::floor(feature)) {
            damaged("node " + std::to_string(n) + " asks for channel " + std::to_string(feature));
          }
          node.feature = static_cast<std::int64_t>(feature);
          node.first = child(numbers[at + 2]);
          node.second = child(numbers[at + 3]);
        }
        double sum = 0;
        for (std::size_t k = 0; k < classes_; ++k) {
          const double fraction = numbers[at + node_head + k];
          if (!(fraction >= 0 && fraction <= 1)) damaged("a fraction of " + std::to_string(fraction));
          fraction_.push_back(fraction);
          sum += fraction;
        }
        if (std::abs(sum - 1) > 1e-6) damaged("fractions that sum to " + std::to_string(sum));
        node_.push_back(node);
      }
    }
    if (root_.empty()) damaged("no tree");
  }

  void predict(const double* features, std::size_t rows, double* probability, std::int32_t* chosen) const override {
    for (std::size_t r = 0; r < rows; ++r) {
      const double* row = features + r * channels_;
      double* own = probability + r * classes_;
      std::fill(own, own + classes_, 0.0);
      for (const std::size_t root : root_) {
        std::size_t at = root;
        while (node_[at].feature >= 0) {
          at = row[node_[at].feature] <= node_[at].threshold ? node_[at].first : node_[at].second;
        }
        for (std::size_t k = 0; k < classes_; ++k) own[k] += fraction_[at * classes_ + k];
      }
      for (std::size_t k = 0; k < classes_; ++k) own[k] /= static_cast<double>(root_.size());
      chosen[r] = static_cast<std::int32_t>(std::max_element(own, own + classes_) - own);
    }
  }

 private:
  struct Node {
    std::int64_t feature = -1;
    double threshold = 0;
    std::size_t first = 0, second = 0;
  };
  std::size_t classes_, channels_;
  std::vector<std::size_t> root_;
  std::vector<Node> node_;
  std::vector<double> fraction_;
};

}  // namespace

Importances train_trees(const TrainingSet& set, const TreeOptions& options, Model& model, Context& context) {
  std::vector<double> by_feature(set.features.size());
  for (std::size_t i = 0; i < set.number; ++i) {
    for (std::size_t c = 0; c < set.channels; ++c) by_feature[c * set.number + i] = set.features[i * set.channels + c];
  }
  // A tree is a row of its own: as many bytes as it takes to stay alone in a partition.
  const Partitions each(options.trees, std::int64_t{1} << 40);
  const std::vector<double> grown = Executor(context).reduce<std::vector<double>>(
      "growing trees", each, [] { return std::vector<double>(); },
      [&](std::vector<double>& parcel, std::int64_t, RowRange range) {
        for (std::int64_t tree = range.begin; tree < range.end; ++tree) {
          const std::vector<double> one = Growth(set, by_feature, options, tree).grow();
          parcel.insert(parcel.end(), one.begin(), one.end());
        }
      },
      [](std::vector<double>& left, std::vector<double>&& right) {
        left.insert(left.end(), right.begin(), right.end());
      });

  Importances importances{std::vector<double>(set.channels, 0.0), std::vector<double>(set.channels, 0.0)};
  const auto trees = static_cast<double>(options.trees);
  model.numbers.clear();
  std::int64_t nodes = 0;
  std::vector<double> squares(set.channels, 0.0);
  for (std::size_t at = 0; at < grown.size();) {
    const auto length = 1 + static_cast<std::size_t>(grown[at]) * (node_head + set.classes);
    nodes += static_cast<std::int64_t>(grown[at]);
    const auto first = grown.begin() + static_cast<std::ptrdiff_t>(at);
    model.numbers.insert(model.numbers.end(), first, first + static_cast<std::ptrdiff_t>(length));
    at += length;
    for (std::size_t c = 0; c < set.channels; ++c, ++at) {
      importances.mean[c] += grown[at] / trees;
      squares[c] += grown[at] * grown[at] / trees;
    }
  }
  for (std::size_t c = 0; c < set.channels && options.trees > 1; ++c) {
    const double variance = std::max(0.0, squares[c] - importances.mean[c] * importances.mean[c]);
    importances.sigma[c] = std::sqrt(variance / (trees - 1));
  }
  model.kind = "trees";
  model.settings = {{"criterion", options.criterion}, {"trees", options.trees}, {"nodes", nodes}};
  return importances;
}

std::unique_ptr<Predictor> tree_predictor(const Model& model) { return std::make_unique<TreePredictor>(model); }

std::int64_t trees_memory(std::int64_t examples, std::int64_t channels, std::int64_t trees) {
  // Features by channel; nodes of full trees (two per example, 14 numbers for ten classes), growing, as model, dataset
  // and predictor; importances.
  return 8 * examples * channels + trees * (2 * examples * 14 * 8 * 5 + 16 * channels);
}

std::int64_t trees_memory_per_worker(std::int64_t examples, std::int64_t channels, std::int64_t rows) {
  return examples * (2 * 14 * 8 * 3 + 64) + 32 * channels + 8 * rows * (channels + 32);
}

}  // namespace ruska::ops::classify
