// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// A model's numbers, tree by tree: the number of nodes, then each node as feature (−1 for a leaf), threshold, first and
// second child, and the fractions of the classes. Children have larger numbers than their parent, so that every walk
// ends. Values up to the threshold go to the first child.
//
// Values are replaced by their ranks once, which says the same about every split. Cost of training: per node and
// feature looked at, one walk along its n examples in the order of their ranks, which a set of bits over the ranks
// gives without sorting: n + (all examples)/64 steps. Examples that a bootstrap drew several times are kept once, with
// their number as weight. Numbers of examples and their squares are whole, so that the order of adding changes no bit.
#include "ruska/ops/classify/trees.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>

#include "ruska/base/random.hpp"
#include "ruska/core/executor.hpp"

namespace ruska::ops::classify {
namespace {

constexpr std::size_t node_head = 4;
constexpr int weight_bits = 22;  // beside the 10 of 1,000 classes; enough for four million examples

[[noreturn]] void damaged(const std::string& what) {
  throw Error(ErrorKind::bad_data, "the decision trees are damaged: " + what);
}

/// n · impurity of a node from the numbers of its classes.
double impurity(const std::vector<std::int64_t>& count, double number, bool entropy) {
  if (number <= 0) return 0;
  double sum = 0;
  for (const std::int64_t whole : count) {
    if (whole <= 0) continue;
    const auto one = static_cast<double>(whole);
    sum += entropy ? -one * std::log2(one / number) : one * one;
  }
  return entropy ? sum : number - sum / number;
}

/// The values of every feature in rising order, and which of them each example has.
struct Ranks {
  std::vector<double> value;             ///< features × examples; the distinct ones first
  std::vector<std::uint32_t> rank;       ///< features × examples
  std::vector<std::uint8_t> all_differ;  ///< per feature: whether no two examples share a rank
};

/// A value as a whole number of the same order, and who has it.
struct OrderedValue {
  std::uint64_t key;
  std::uint32_t example;
};

/// Sorts by key, byte by byte from the least; bytes that all keys share cost nothing. `other` is room.
void sort_by_key(std::vector<OrderedValue>& values, std::vector<OrderedValue>& other) {
  std::array<std::array<std::uint32_t, 256>, 8> number{};
  for (const OrderedValue& one : values) {
    for (std::size_t byte = 0; byte < 8; ++byte) ++number[byte][(one.key >> (8 * byte)) & 255];
  }
  other.resize(values.size());
  for (std::size_t byte = 0; byte < 8; ++byte) {
    std::array<std::uint32_t, 256>& start = number[byte];
    if (start[(values.front().key >> (8 * byte)) & 255] == values.size()) continue;
    std::exclusive_scan(start.begin(), start.end(), start.begin(), std::uint32_t{0});
    for (const OrderedValue& one : values) other[start[(one.key >> (8 * byte)) & 255]++] = one;
    values.swap(other);
  }
}

Ranks ranks_of(const TrainingSet& set) {
  Ranks ranks{std::vector<double>(set.features.size()), std::vector<std::uint32_t>(set.features.size()),
              std::vector<std::uint8_t>(set.channels, 0)};
  constexpr std::uint64_t sign = std::uint64_t{1} << 63;
  std::vector<OrderedValue> values(set.number), other;
  for (std::size_t c = 0; c < set.channels && set.number > 0; ++c) {
    for (std::size_t i = 0; i < set.number; ++i) {
      // +0 makes one zero of both.
      const auto bits = std::bit_cast<std::uint64_t>(set.features[i * set.channels + c] + 0.0);
      values[i] = {(bits & sign) != 0 ? ~bits : bits | sign, static_cast<std::uint32_t>(i)};
    }
    sort_by_key(values, other);
    double* value = ranks.value.data() + c * set.number;
    std::uint32_t* rank = ranks.rank.data() + c * set.number;
    std::uint32_t own = 0;
    for (std::size_t i = 0; i < set.number; ++i) {
      if (i > 0 && values[i].key != values[i - 1].key) ++own;
      rank[values[i].example] = own;
      value[own] = set.features[values[i].example * set.channels + c] + 0.0;
    }
    ranks.all_differ[c] = own + 1 == set.number ? 1 : 0;
  }
  return ranks;
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
        order_(set.channels),
        bits_((set.number + 63) / 64, 0),
        last_with_rank_(set.number, none),
        before_with_rank_(set.number),
        marks_of_rank_(set.number),
        sorted_(set.number),
        all_(set.classes),
        left_(set.classes),
        right_(set.classes),
        gain_(set.number),
        place_(set.number) {
    std::iota(order_.begin(), order_.end(), std::size_t{0});
  }

  /// The nodes as numbers, and after them the importance of every channel.
  std::vector<double> grow() {
    std::vector<std::uint32_t> drawn(set_.number, options_.bootstrap ? 0 : 1);
    for (std::size_t i = 0; options_.bootstrap && i < set_.number; ++i) ++drawn[random_.below(set_.number)];
    for (std::size_t i = 0; i < set_.number; ++i) {
      if (drawn[i] == 0) continue;
      example_.push_back(
          {static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(set_.label[i]) << weight_bits | drawn[i]});
    }
    struct Open {
      std::size_t node, begin, end;
      std::int64_t depth;
    };
    std::vector<Open> open{{add_node(), 0, example_.size(), 0}};
    while (!open.empty()) {
      const Open at = open.back();
      open.pop_back();
      count_classes(at.begin, at.end);
      write_fractions(at.node);
      const Split split = best_split(at.begin, at.end, at.depth);
      if (!split.found) continue;
      importance_[split.feature] += split.gain;
      const std::size_t cut = part(at.begin, at.end, split);
      const std::size_t first = add_node(), second = add_node();
      double* head = numbers_.data() + at.node * width();
      head[0] = static_cast<double>(split.feature);
      head[1] = threshold_of(split);
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
  static constexpr std::uint32_t none = 0xffffffff;
  static constexpr std::size_t few = 64;  ///< examples that are faster compared with each other than sorted
  static constexpr std::size_t largest_few = (std::size_t{1} << 31) / few - 1;

  /// A number of the set, and its class above its weight: what a walk along the ranks needs.
  struct Example {
    std::uint32_t number, marks;
    std::uint32_t label() const { return marks >> weight_bits; }
    std::uint32_t weight() const { return marks & ((std::uint32_t{1} << weight_bits) - 1); }
  };
  struct Split {
    bool found = false;
    std::size_t feature = 0;
    std::uint32_t rank = 0, next = 0;  ///< of the largest value that goes to the first child, and of the one after it
    double gain = 0;
  };
  std::size_t width() const { return node_head + set_.classes; }

  std::size_t add_node() {
    numbers_.resize(numbers_.size() + width(), 0.0);
    numbers_[nodes_ * width()] = -1;
    return nodes_++;
  }

  void count_classes(std::size_t begin, std::size_t end) {
    std::fill(all_.begin(), all_.end(), 0);
    for (std::size_t i = begin; i < end; ++i) all_[example_[i].label()] += example_[i].weight();
    number_ = std::accumulate(all_.begin(), all_.end(), std::int64_t{0});
    all_squares_ = std::inner_product(all_.begin(), all_.end(), all_.begin(), std::int64_t{0});
  }

  void write_fractions(std::size_t node) {
    double* fraction = numbers_.data() + node * width() + node_head;
    for (std::size_t k = 0; k < set_.classes; ++k) {
      fraction[k] = static_cast<double>(all_[k]) / static_cast<double>(number_);
    }
  }

  /// The middle between the values on both sides.
  double threshold_of(const Split& split) const {
    const double* value = ranks_.value.data() + split.feature * set_.number;
    const double here = value[split.rank], next = value[split.next];
    const double middle = here / 2 + next / 2;
    return middle < next ? middle : here;
  }

  /// Puts the examples of the first child before those of the second; returns where these begin.
  std::size_t part(std::size_t begin, std::size_t end, const Split& split) {
    const std::uint32_t* rank = ranks_.rank.data() + split.feature * set_.number;
    second_.clear();
    std::size_t cut = begin;
    for (std::size_t i = begin; i < end; ++i) {
      const Example one = example_[i];
      if (rank[one.number] <= split.rank) {
        example_[cut++] = one;
      } else {
        second_.push_back(one);
      }
    }
    std::copy(second_.begin(), second_.end(), example_.begin() + static_cast<std::ptrdiff_t>(cut));
    return cut;
  }

  Split best_split(std::size_t begin, std::size_t end, std::int64_t depth) {
    Split best;
    if (number_ < 2 || (options_.max_depth && depth >= *options_.max_depth)) return best;
    const double own = impurity(all_, static_cast<double>(number_), entropy_);
    if (own <= 1e-12 * static_cast<double>(number_)) return best;

    const auto wanted = static_cast<std::size_t>(
        std::min<std::int64_t>(options_.split_features.value_or(static_cast<std::int64_t>(set_.channels)),
                               static_cast<std::int64_t>(set_.channels)));
    const bool draw = wanted < set_.channels;
    for (std::size_t looked = 0; looked < set_.channels; ++looked) {
      // Goes on beyond the wanted number until one feature could split at all.
      if (looked >= wanted && best.found) break;
      if (draw) std::swap(order_[looked], order_[looked + random_.below(set_.channels - looked)]);
      if (entropy_) {
        try_feature<true>(order_[looked], begin, end, own, best);
      } else {
        try_feature<false>(order_[looked], begin, end, own, best);
      }
    }
    return best;
  }

  /// Puts the examples of a node in the order of their ranks: `sorted_` holds the rank above the marks.
  void order_by_rank(std::size_t feature, std::size_t begin, std::size_t end) {
    const std::uint32_t* rank = ranks_.rank.data() + feature * set_.number;
    const std::size_t number = end - begin;
    std::uint64_t* out = sorted_.data();
    if (number <= few && set_.number < largest_few) {
      // Every key counts those below it: no branch depends on the data.
      std::array<std::int32_t, few> key;
      for (std::size_t i = 0; i < number; ++i) {
        key[i] = static_cast<std::int32_t>(rank[example_[begin + i].number] * few + i);
      }
      const std::size_t padded = (number + 7) / 8 * 8;
      for (std::size_t i = number; i < padded; ++i) key[i] = std::numeric_limits<std::int32_t>::max();
      for (std::size_t i = 0; i < number; ++i) {
        std::int32_t below = 0;
        for (std::size_t j = 0; j < padded; ++j) below += key[j] < key[i] ? 1 : 0;
        const auto own = static_cast<std::uint32_t>(key[i]);
        out[below] = std::uint64_t{own / few} << 32 | example_[begin + own % few].marks;
      }
      return;
    }
    if (4 * number >= bits_.size() && ranks_.all_differ[feature] != 0) {
      for (std::size_t i = begin; i < end; ++i) {
        const std::uint32_t own = rank[example_[i].number];
        bits_[own / 64] |= std::uint64_t{1} << (own % 64);
        marks_of_rank_[own] = example_[i].marks;
      }
      for (std::size_t word = 0; word < bits_.size(); ++word) {
        for (std::uint64_t left = bits_[word]; left != 0; left &= left - 1) {
          const std::size_t own = 64 * word + static_cast<std::size_t>(std::countr_zero(left));
          *out++ = std::uint64_t{own} << 32 | marks_of_rank_[own];
        }
        bits_[word] = 0;
      }
      return;
    }
    if (4 * number >= bits_.size()) {
      for (std::size_t i = begin; i < end; ++i) {
        const std::uint32_t own = rank[example_[i].number];
        bits_[own / 64] |= std::uint64_t{1} << (own % 64);
        before_with_rank_[i] = last_with_rank_[own];
        last_with_rank_[own] = static_cast<std::uint32_t>(i);
      }
      for (std::size_t word = 0; word < bits_.size(); ++word) {
        for (std::uint64_t left = bits_[word]; left != 0; left &= left - 1) {
          const std::size_t own = 64 * word + static_cast<std::size_t>(std::countr_zero(left));
          for (std::uint32_t i = last_with_rank_[own]; i != none; i = before_with_rank_[i]) {
            *out++ = std::uint64_t{own} << 32 | example_[i].marks;
          }
          last_with_rank_[own] = none;
        }
        bits_[word] = 0;
      }
      return;
    }
    for (std::size_t i = begin; i < end; ++i) {
      *out++ = std::uint64_t{rank[example_[i].number]} << 32 | example_[i].marks;
    }
    std::sort(sorted_.data(), out);
  }

  template <bool entropy>
  void try_feature(std::size_t feature, std::size_t begin, std::size_t end, double own, Split& best) {
    order_by_rank(feature, begin, end);
    const std::uint64_t* sorted = sorted_.data();
    const std::int64_t* all = all_.data();
    std::int64_t* left = left_.data();
    double* gains = gain_.data();
    std::uint32_t* places = place_.data();
    std::fill(left_.begin(), left_.end(), 0);
    const std::int64_t whole = number_, all_squares = all_squares_, least = options_.min_leaf;
    std::int64_t left_squares = 0, shared = 0, before = 0;
    std::size_t cuts = 0;
    const std::size_t number = end - begin;
    for (std::size_t i = 0; i + 1 < number; ++i) {
      const Example one{0, static_cast<std::uint32_t>(sorted[i])};
      const std::uint32_t label = one.label();
      const std::int64_t weight = one.weight(), before_here = left[label];
      shared += weight * all[label];
      left_squares += weight * (2 * before_here + weight);
      left[label] = before_here + weight;
      before += weight;
      const std::int64_t after = whole - before;
      const bool possible = (sorted[i] >> 32 != sorted[i + 1] >> 32) & (before >= least) & (after >= least);
      if constexpr (entropy) {
        if (possible) gains[cuts] = gain_of_entropy(own, before);
      } else {
        // Sums of squared numbers of classes; on the right Σ (all − left)².
        const auto first = static_cast<double>(before), second = static_cast<double>(after);
        const auto squares = static_cast<double>(left_squares);
        const auto other_squares = static_cast<double>(all_squares - 2 * shared + left_squares);
        gains[cuts] = own - (first - squares / first) - (second - other_squares / second);
      }
      places[cuts] = static_cast<std::uint32_t>(i);
      cuts += possible ? 1 : 0;  // what is no cut is written over
    }
    if (cuts == 0) return;
    const double most = largest(gains, cuts);
    if (best.found && most <= best.gain) return;
    const std::size_t place = places[std::find(gains, gains + cuts, most) - gains];
    best = {true, feature, static_cast<std::uint32_t>(sorted[place] >> 32),
            static_cast<std::uint32_t>(sorted[place + 1] >> 32), most};
  }

  /// Of at least one value; four chains hide the latency.
  static double largest(const double* values, std::size_t number) {
    std::array<double, 4> most{values[0], values[0], values[0], values[0]};
    std::size_t i = 0;
    for (; i + 4 <= number; i += 4) {
      for (std::size_t j = 0; j < 4; ++j) most[j] = most[j] < values[i + j] ? values[i + j] : most[j];
    }
    for (; i < number; ++i) most[0] = std::max(most[0], values[i]);
    return std::max({most[0], most[1], most[2], most[3]});
  }

  /// What a cut gains by Shannon's entropy, from the classes on its left.
  double gain_of_entropy(double own, std::int64_t before) {
    for (std::size_t k = 0; k < all_.size(); ++k) right_[k] = all_[k] - left_[k];
    return own - impurity(left_, static_cast<double>(before), true) -
           impurity(right_, static_cast<double>(number_ - before), true);
  }

  const TrainingSet& set_;
  const Ranks& ranks_;
  const TreeOptions& options_;
  Random random_;
  bool entropy_;
  std::vector<double> importance_;
  std::vector<std::size_t> order_;
  std::vector<Example> example_, second_;
  std::vector<double> numbers_;
  std::size_t nodes_ = 0;
  std::vector<std::uint64_t> bits_;              ///< which ranks a node has; empty between features
  std::vector<std::uint32_t> last_with_rank_;    ///< the last example of a rank; none between features
  std::vector<std::uint32_t> before_with_rank_;  ///< the example of the same rank before it
  std::vector<std::uint32_t> marks_of_rank_;     ///< of the example of each rank, where no two share one
  std::vector<std::uint64_t> sorted_;
  std::vector<std::int64_t> all_, left_, right_;  ///< examples of each class: of the node, on the left, on the right
  std::int64_t number_ = 0, all_squares_ = 0;     ///< of the node's examples and of their classes
  std::vector<double> gain_;                      ///< of the cuts of a node by one feature
  std::vector<std::uint32_t> place_;              ///< of the last example before each cut
};

class TreePredictor final : public Predictor {
 public:
  explicit TreePredictor(const Model& model) : classes_(model.classes.size()), channels_(model.scaling.factor.size()) {
    const std::vector<double>& numbers = model.numbers;
    const std::size_t width = node_head + classes_;
    if (numbers.size() / width >= std::numeric_limits<std::uint32_t>::max()) damaged("more than 2^32 nodes");
    for (std::size_t at = 0; at < numbers.size();) {
      const double nodes = numbers[at++];
      if (!(nodes >= 1 && nodes <= static_cast<double>((numbers.size() - at) / width)) || nodes != std::floor(nodes)) {
        damaged("a tree of " + std::to_string(nodes) + " nodes");
      }
      const auto number = static_cast<std::size_t>(nodes);
      root_.push_back(static_cast<std::uint32_t>(node_.size()));
      std::vector<std::size_t> depth(number, 0);
      for (std::size_t n = 0; n < number; ++n, at += width) {
        const auto self = static_cast<std::uint32_t>(node_.size());
        Node node{numbers[at + 1], 0, {self, self}};
        const double feature = numbers[at];
        if (feature != -1) {
          const auto child = [&](double value) {
            if (!(value > static_cast<double>(n) && value < nodes) || value != std::floor(value)) {
              damaged("node " + std::to_string(n) + " has the child " + std::to_string(value));
            }
            depth[static_cast<std::size_t>(value)] = std::max(depth[static_cast<std::size_t>(value)], depth[n] + 1);
            return root_.back() + static_cast<std::uint32_t>(value);
          };
          if (!(feature >= 0 && feature < static_cast<double>(channels_)) || feature != std::floor(feature)) {
            damaged("node " + std::to_string(n) + " asks for channel " + std::to_string(feature));
          }
          node.feature = static_cast<std::uint32_t>(feature);
          node.child = {child(numbers[at + 2]), child(numbers[at + 3])};
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
      depth_.push_back(*std::max_element(depth.begin(), depth.end()));
    }
    if (root_.empty()) damaged("no tree");
  }

  void predict(const double* features, std::size_t rows, double* probability, std::int32_t* chosen) const override {
    std::fill(probability, probability + rows * classes_, 0.0);
    // Tree by tree over a block of rows, so that a tree's nodes stay in the first cache.
    constexpr std::size_t block = 8 * together;
    for (std::size_t begin = 0; begin < rows; begin += block) {
      const std::size_t end = std::min(rows, begin + block);
      for (std::size_t tree = 0; tree < root_.size(); ++tree) {
        for (std::size_t r = begin; r < end; r += together) {
          const std::size_t number = std::min(together, end - r);
          const std::array<std::uint32_t, together> leaf = leaves_of(tree, features + r * channels_, number);
          for (std::size_t j = 0; j < number; ++j) {
            double* own = probability + (r + j) * classes_;
            for (std::size_t k = 0; k < classes_; ++k) own[k] += fraction_[leaf[j] * classes_ + k];
          }
        }
      }
    }
    for (std::size_t r = 0; r < rows; ++r) {
      double* own = probability + r * classes_;
      for (std::size_t k = 0; k < classes_; ++k) own[k] /= static_cast<double>(root_.size());
      chosen[r] = static_cast<std::int32_t>(std::max_element(own, own + classes_) - own);
    }
  }

 private:
  /// Rows that walk down a tree side by side, which hides the time that each waits for its next node.
  static constexpr std::size_t together = 8;

  struct Node {
    double threshold = 0;
    std::uint32_t feature = 0;
    std::array<std::uint32_t, 2> child{};  ///< of a leaf: itself
  };

  /// The leaves that `number` ≤ `together` rows of features end in.
  std::array<std::uint32_t, together> leaves_of(std::size_t tree, const double* features, std::size_t number) const {
    std::array<const double*, together> row;
    for (std::size_t j = 0; j < together; ++j) row[j] = features + std::min(j, number - 1) * channels_;
    std::array<std::uint32_t, together> at;
    at.fill(root_[tree]);
    for (std::size_t step = 0; step < depth_[tree]; ++step) {
      std::uint32_t moved = 0;
      for (std::size_t j = 0; j < together; ++j) {
        const Node& node = node_[at[j]];
        const std::uint32_t next = node.child[row[j][node.feature] <= node.threshold ? 0 : 1];
        moved |= next ^ at[j];
        at[j] = next;
      }
      if (moved == 0) break;
    }
    return at;
  }

  std::size_t classes_, channels_;
  std::vector<std::uint32_t> root_;
  std::vector<std::size_t> depth_;  ///< of each tree
  std::vector<Node> node_;
  std::vector<double> fraction_;
};

}  // namespace

Importances train_trees(const TrainingSet& set, const TreeOptions& options, Model& model, Context& context) {
  if (set.number >> weight_bits != 0 || set.classes >> (32 - weight_bits) != 0) {
    throw Error(ErrorKind::unsupported, std::to_string(set.number) + " examples of " + std::to_string(set.classes) +
                                            " classes are more than trees are trained on (" +
                                            std::to_string((1 << weight_bits) - 1) + " of 1000); train on a part");
  }
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
  // Values and ranks by channel, and room to sort one; nodes of full trees (two per example, 14 numbers for ten
  // classes), growing, as model, dataset and predictor; importances.
  return 12 * examples * channels + 32 * examples + trees * (2 * examples * 14 * 8 * 5 + 16 * channels);
}

std::int64_t trees_memory_per_worker(std::int64_t examples, std::int64_t channels, std::int64_t rows) {
  return examples * (2 * 14 * 8 * 3 + 96) + 32 * channels + 8 * rows * (channels + 32);
}

}  // namespace ruska::ops::classify
