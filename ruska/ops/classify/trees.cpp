// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// A model's numbers, tree by tree: the number of nodes, then each node as feature (−1 for a leaf), threshold, first and
// second child, and the fractions of the classes. Children have larger numbers than their parent, so that every walk
// ends. Values up to the threshold go to the first child.
//
// Values are replaced by their ranks once, which says the same about every split. Cost of training: per node and
// feature looked at, ordering its n examples by their ranks, a byte at a time where there are many, and one walk.
#include "ruska/ops/classify/trees.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
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

/// The values of every feature in rising order, and which of them each example has.
struct Ranks {
  std::vector<double> value;        ///< features × examples; the distinct ones first
  std::vector<std::uint32_t> rank;  ///< features × examples
};

Ranks ranks_of(const TrainingSet& set) {
  Ranks ranks{std::vector<double>(set.features.size()), std::vector<std::uint32_t>(set.features.size())};
  for (std::size_t c = 0; c < set.channels; ++c) {
    const auto first = ranks.value.begin() + static_cast<std::ptrdiff_t>(c * set.number);
    for (std::size_t i = 0; i < set.number; ++i)
      first[static_cast<std::ptrdiff_t>(i)] = set.features[i * set.channels + c];
    std::sort(first, first + static_cast<std::ptrdiff_t>(set.number));
    const auto end = std::unique(first, first + static_cast<std::ptrdiff_t>(set.number));
    for (std::size_t i = 0; i < set.number; ++i) {
      ranks.rank[c * set.number + i] =
          static_cast<std::uint32_t>(std::lower_bound(first, end, set.features[i * set.channels + c]) - first);
    }
  }
  return ranks;
}

/// Orders by rank (the upper half of each key), least significant byte first; `other` is room.
void order_by_rank(std::vector<std::uint64_t>& keys, std::vector<std::uint64_t>& other, std::uint64_t largest_rank) {
  constexpr std::size_t few = 64;
  if (keys.size() < few) {
    std::sort(keys.begin(), keys.end());
    return;
  }
  other.resize(keys.size());
  for (int shift = 32; largest_rank != 0; shift += 8, largest_rank >>= 8) {
    std::array<std::size_t, 257> start{};
    for (const std::uint64_t key : keys) ++start[((key >> shift) & 255) + 1];
    for (std::size_t b = 1; b < 257; ++b) start[b] += start[b - 1];
    for (const std::uint64_t key : keys) other[start[(key >> shift) & 255]++] = key;
    keys.swap(other);
  }
}

/// Grows one tree.
class Growth {
 public:
  Growth(const TrainingSet& set, const Ranks& ranks, const TreeOptions& options, std::int64_t tree)
      : set_(set),
        ranks_(ranks),
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
      const std::uint32_t* rank = ranks_.rank.data() + split.feature * set_.number;
      const auto middle = std::stable_partition(example_.begin() + static_cast<std::ptrdiff_t>(at.begin),
                                                example_.begin() + static_cast<std::ptrdiff_t>(at.end),
                                                [&](std::size_t i) { return rank[i] <= split.rank; });
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
    std::uint32_t rank = 0;  ///< of the largest value that goes to the first child
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
    const std::uint32_t* rank = ranks_.rank.data() + feature * set_.number;
    const double* value = ranks_.value.data() + feature * set_.number;
    key_.clear();
    std::uint32_t least_rank = rank[example_[begin]], largest_rank = least_rank;
    for (std::size_t i = begin; i < end; ++i) {
      const std::size_t e = example_[i];
      key_.push_back(std::uint64_t{rank[e]} << 32 | static_cast<std::uint32_t>(set_.label[e]));
      least_rank = std::min(least_rank, rank[e]);
      largest_rank = std::max(largest_rank, rank[e]);
    }
    if (least_rank == largest_rank) return;
    order_by_rank(key_, room_, largest_rank);
    const auto number = static_cast<double>(key_.size());
    const auto least = static_cast<std::size_t>(options_.min_leaf);
    left_.assign(set_.classes, 0.0);
    right_ = all;
    // Sums of squared numbers are whole, so that counting them along changes no bit.
    double left_squares = 0, right_squares = 0;
    for (const double one : all) right_squares += one * one;
    for (std::size_t i = 0; i + 1 < key_.size(); ++i) {
      const auto k = static_cast<std::size_t>(key_[i] & 0xffffffff);
      left_squares += 2 * left_[k] + 1;
      right_squares -= 2 * right_[k] - 1;
      left_[k] += 1;
      right_[k] -= 1;
      const auto here = static_cast<std::uint32_t>(key_[i] >> 32), next = static_cast<std::uint32_t>(key_[i + 1] >> 32);
      if (here == next || i + 1 < least || key_.size() - i - 1 < least) continue;
      const double before = static_cast<double>(i + 1), after = number - before;
      const double gain = entropy_ ? own - impurity(left_, before, true) - impurity(right_, after, true)
                                   : own - (before - left_squares / before) - (after - right_squares / after);
      if (best.found && gain <= best.gain) continue;
      double threshold = value[here] / 2 + value[next] / 2;
      if (!(threshold < value[next])) threshold = value[here];
      best = {true, feature, here, threshold, gain};
    }
  }

  const TrainingSet& set_;
  const Ranks& ranks_;
  const TreeOptions& options_;
  Random random_;
  bool entropy_;
  std::vector<double> importance_;
  std::vector<std::size_t> order_, example_;
  std::vector<double> numbers_;
  std::size_t nodes_ = 0;
  std::vector<std::uint64_t> key_, room_;
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
  const Ranks ranks = ranks_of(set);
  // A tree is a row of its own: as many bytes as it takes to stay alone in a partition.
  const Partitions each(options.trees, std::int64_t{1} << 40);
  const std::vector<double> grown = Executor(context).reduce<std::vector<double>>(
      "growing trees", each, [] { return std::vector<double>(); },
      [&](std::vector<double>& parcel, std::int64_t, RowRange range) {
        for (std::int64_t tree = range.begin; tree < range.end; ++tree) {
          const std::vector<double> one = Growth(set, ranks, options, tree).grow();
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
  // Values and ranks by channel; nodes of full trees (two per example, 14 numbers for ten classes), growing, as model,
  // dataset and predictor; importances.
  return 12 * examples * channels + trees * (2 * examples * 14 * 8 * 5 + 16 * channels);
}

std::int64_t trees_memory_per_worker(std::int64_t examples, std::int64_t channels, std::int64_t rows) {
  return examples * (2 * 14 * 8 * 3 + 64) + 32 * channels + 8 * rows * (channels + 32);
}

}  // namespace ruska::ops::classify
