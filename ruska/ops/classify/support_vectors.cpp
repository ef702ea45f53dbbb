// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0

// LIBSVM solves the quadratic programs; all around it is here, because its own cross-validation and calibration draw
// from the C library's global generator and would give other answers on another machine or thread. Of a pair of classes
// with not too many examples all kernel values are computed once, by a matrix product, for the machine and for those of
// the calibration's folds: LIBSVM's own products of sparse rows took two thirds of the time.
//
// A model's numbers: support vectors (count × channels; none for the linear kernel), then for every pair of classes
// i < j its coefficients (one per support vector, or one per channel), offset, sigmoid slope and sigmoid offset.
#include "ruska/ops/classify/support_vectors.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <cblas.h>
#include <libsvm/svm.h>

#include "ruska/core/executor.hpp"
#include "ruska/kernels/exponential.hpp"

namespace ruska::ops::classify {
namespace {

constexpr double cache_megabytes = 64;
constexpr std::size_t most_in_matrix = 2047;  // examples of a pair whose kernel values fit 64 MiB as LIBSVM's nodes
constexpr double largest_feature = 1e100;

[[noreturn]] void damaged(const std::string& what) {
  throw Error(ErrorKind::bad_data, "the support vector machine is damaged: " + what);
}

/// out = left (rows × depth) · rightᵀ (columns × depth).
void multiply(const double* left, const double* right, std::size_t rows, std::size_t columns, std::size_t depth,
              double* out) {
  if (depth == 0) {
    std::fill(out, out + rows * columns, 0.0);
    return;
  }
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, static_cast<int>(rows), static_cast<int>(columns),
              static_cast<int>(depth), 1.0, left, static_cast<int>(depth), right, static_cast<int>(depth), 0.0, out,
              static_cast<int>(columns));
}

double square_of(const double* row, std::size_t channels) { return std::inner_product(row, row + channels, row, 0.0); }

/// How alike two positions are, from their product.
struct Kernel {
  std::string name;  ///< linear, rbf, polynomial
  double gamma = 0;
  std::int64_t degree = 3;
  double coef0 = 0;

  /// Makes kernel values of the products of one row, of this square, with others.
  void of_products(double* product, double square, const double* squares, std::size_t number) const {
    if (name == "rbf") {
      for (std::size_t i = 0; i < number; ++i) {
        product[i] = -gamma * std::max(0.0, square + squares[i] - 2 * product[i]);
      }
      kernels::take_exponentials(product, number);
    } else if (name == "polynomial") {
      for (std::size_t i = 0; i < number; ++i) {
        product[i] = std::pow(gamma * product[i] + coef0, static_cast<double>(degree));
      }
    }
  }
};

/// The machine of one pair, as LIBSVM found it.
struct Machine {
  std::vector<std::pair<std::size_t, double>> coefficient;  ///< example of the pair, coefficient
  double offset = 0;
};

struct ModelDeleter {
  void operator()(svm_model* model) const { svm_free_and_destroy_model(&model); }
};
using OwnedModel = std::unique_ptr<svm_model, ModelDeleter>;

/// The examples of two classes, as LIBSVM wants them: few with all their kernel values, many with their features.
class Pair {
 public:
  Pair(const TrainingSet& set, const std::vector<std::size_t>& chosen, const SupportVectorOptions& options)
      : options_(options), in_matrix_(chosen.size() <= most_in_matrix) {
    if (in_matrix_) {
      take_kernel_values(set, chosen);
    } else {
      take_features(set, chosen);
    }
  }

  /// The machine of some of the examples, counted within the pair; `first` tells for each whether it is of the first
  /// class.
  Machine machine(const std::vector<std::size_t>& some, const std::vector<bool>& first) {
    std::vector<double> sign;
    std::vector<svm_node*> rows;
    for (const std::size_t i : some) {
      sign.push_back(first[i] ? 1 : -1);
      rows.push_back(nodes_.data() + begin_[i]);
    }
    const svm_problem problem{static_cast<int>(some.size()), sign.data(), rows.data()};
    svm_parameter parameter{};
    parameter.svm_type = C_SVC;
    parameter.kernel_type = in_matrix_                    ? PRECOMPUTED
                            : options_.kernel == "linear" ? LINEAR
                            : options_.kernel == "rbf"    ? RBF
                                                          : POLY;
    parameter.degree = static_cast<int>(options_.degree);
    parameter.gamma = options_.gamma;
    parameter.coef0 = options_.coef0;
    parameter.cache_size = cache_megabytes;
    parameter.eps = options_.tolerance;
    parameter.C = options_.penalty;
    parameter.shrinking = 1;
    if (const char* wrong = svm_check_parameter(&problem, &parameter)) {
      throw Error(ErrorKind::invalid_argument, std::string("LIBSVM refuses these parameters: ") + wrong);
    }
    model_.reset(svm_train(&problem, &parameter));
    Machine machine;
    // LIBSVM counts the class that it meets first as positive, but of +1 and −1 always +1.
    for (int i = 0; i < model_->l; ++i) {
      machine.coefficient.emplace_back(some[static_cast<std::size_t>(model_->sv_indices[i]) - 1],
                                       model_->sv_coef[0][i]);
    }
    machine.offset = model_->rho[0];
    return machine;
  }

  /// What the machine that was asked for last says of an example.
  double decision(const Machine& machine, std::size_t example) {
    if (!in_matrix_) {
      double value = 0;
      svm_predict_values(model_.get(), nodes_.data() + begin_[example], &value);
      return value;
    }
    const svm_node* values = nodes_.data() + begin_[example] + 1;
    double sum = 0;
    for (const auto& [other, coefficient] : machine.coefficient) sum += coefficient * values[other].value;
    return sum - machine.offset;
  }

 private:
  void take_features(const TrainingSet& set, const std::vector<std::size_t>& chosen) {
    std::size_t total = chosen.size();
    for (const std::size_t i : chosen) {
      const auto row = set.features.begin() + static_cast<std::ptrdiff_t>(i * set.channels);
      total += static_cast<std::size_t>(
          std::count_if(row, row + static_cast<std::ptrdiff_t>(set.channels), [](double v) { return v != 0; }));
    }
    nodes_.reserve(total);
    for (const std::size_t i : chosen) {
      begin_.push_back(nodes_.size());
      for (std::size_t c = 0; c < set.channels; ++c) {
        const double value = set.features[i * set.channels + c];
        if (value != 0) nodes_.push_back({static_cast<int>(c) + 1, value});
      }
      nodes_.push_back({-1, 0});
    }
  }

  /// Rows of LIBSVM's precomputed kernels: the example's number from 1, then its values with all examples.
  void take_kernel_values(const TrainingSet& set, const std::vector<std::size_t>& chosen) {
    constexpr std::size_t at_once = 64;
    const std::size_t number = chosen.size(), width = number + 1;
    const Kernel kernel{options_.kernel, options_.gamma, options_.degree, options_.coef0};
    std::vector<double> features(number * set.channels), square(number), product(at_once * number);
    for (std::size_t i = 0; i < number; ++i) {
      double* row = features.data() + i * set.channels;
      std::copy_n(set.features.begin() + static_cast<std::ptrdiff_t>(chosen[i] * set.channels), set.channels, row);
      square[i] = square_of(row, set.channels);
    }
    nodes_.resize(number * width);
    for (std::size_t i = 0; i < number; ++i) {
      begin_.push_back(i * width);
      nodes_[i * width] = {0, static_cast<double>(i + 1)};
    }
    for (std::size_t begin = 0; begin < number; begin += at_once) {
      const std::size_t end = std::min(number, begin + at_once);  // of the rows, and of their columns
      multiply(features.data() + begin * set.channels, features.data(), end - begin, end, set.channels, product.data());
      for (std::size_t i = begin; i < end; ++i) {
        double* values = product.data() + (i - begin) * end;
        kernel.of_products(values, square[i], square.data(), end);
        for (std::size_t j = 0; j < end; ++j) nodes_[i * width + 1 + j] = {0, values[j]};
      }
      for (std::size_t j = 0; j < begin; ++j) {
        for (std::size_t i = begin; i < end; ++i) {
          nodes_[j * width + 1 + i] = {0, product[(i - begin) * end + j]};
        }
      }
    }
  }

  const SupportVectorOptions& options_;
  bool in_matrix_;
  std::vector<svm_node> nodes_;
  std::vector<std::size_t> begin_;
  OwnedModel model_;
};

/// The sigmoid of a pair, from decision values of examples that were held out.
std::pair<double, double> calibrated(Pair& pair, const std::vector<bool>& first, const SupportVectorOptions& options,
                                     std::uint64_t number) {
  std::vector<std::int32_t> label;
  for (const bool one : first) label.push_back(one ? 0 : 1);
  const std::vector<std::int32_t> fold =
      stratified_folds(label, 2, options.folds, options.seed + static_cast<std::int64_t>(number) * 7919);
  std::vector<double> value;
  std::vector<bool> is_first;
  for (std::int32_t f = 0; f < options.folds; ++f) {
    std::vector<std::size_t> inside, outside;
    for (std::size_t i = 0; i < first.size(); ++i) (fold[i] == f ? outside : inside).push_back(i);
    if (outside.empty()) continue;
    const Machine machine = pair.machine(inside, first);
    for (const std::size_t i : outside) {
      value.push_back(pair.decision(machine, i));
      is_first.push_back(first[i]);
    }
  }
  return fitted_sigmoid(value, is_first);
}

class SupportVectorPredictor final : public Predictor {
 public:
  explicit SupportVectorPredictor(const Model& model) : classes_(model.classes.size()) {
    channels_ = model.scaling.factor.size();
    std::int64_t vectors = 0;
    try {
      kernel_.name = model.settings.at("kernel").get<std::string>();
      kernel_.gamma = model.settings.at("gamma").get<double>();
      kernel_.degree = model.settings.at("degree").get<std::int64_t>();
      kernel_.coef0 = model.settings.at("coef0").get<double>();
      calibrated_ = model.settings.at("calibrated").get<bool>();
      vectors = model.settings.at("support_vectors").get<std::int64_t>();
    } catch (const Json::exception& error) {
      damaged(error.what());
    }
    if (kernel_.name != "linear" && kernel_.name != "rbf" && kernel_.name != "polynomial") {
      damaged("its kernel is '" + kernel_.name + "'");
    }
    const std::size_t pairs = classes_ * (classes_ - 1) / 2;
    const std::size_t size = model.numbers.size();
    if (vectors < 0 || static_cast<std::size_t>(vectors) > size || kernel_.degree < 1 || kernel_.degree > 100) {
      damaged("impossible settings");
    }
    if (kernel_.name == "linear" && vectors != 0) damaged("impossible settings");
    vectors_ = static_cast<std::size_t>(vectors);
    terms_ = kernel_.name == "linear" ? channels_ : vectors_;
    // Divided, so that no product of hostile sizes overflows.
    if (vectors_ > size / channels_ || terms_ + 3 > size / pairs ||
        vectors_ * channels_ + pairs * (terms_ + 3) != size) {
      damaged("it has " + std::to_string(size) + " numbers");
    }
    auto at = model.numbers.begin();
    vector_.assign(at, at + static_cast<std::ptrdiff_t>(vectors_ * channels_));
    at += static_cast<std::ptrdiff_t>(vectors_ * channels_);
    for (std::size_t p = 0; p < pairs; ++p) {
      coefficient_.insert(coefficient_.end(), at, at + static_cast<std::ptrdiff_t>(terms_));
      at += static_cast<std::ptrdiff_t>(terms_);
      offset_.push_back(*at++);
      slope_.push_back(*at++);
      shift_.push_back(*at++);
    }
    for (std::size_t v = 0; v < vectors_; ++v) square_.push_back(square_of(vector_.data() + v * channels_, channels_));
  }

  void predict(const double* features, std::size_t rows, double* probability, std::int32_t* chosen) const override {
    const std::size_t pairs = offset_.size();
    std::vector<double> kernel, decision(rows * pairs);
    const double* terms = features;
    if (kernel_.name != "linear") {
      kernel.resize(rows * vectors_);
      multiply(features, vector_.data(), rows, vectors_, channels_, kernel.data());
      for (std::size_t r = 0; r < rows; ++r) {
        kernel_.of_products(kernel.data() + r * vectors_, square_of(features + r * channels_, channels_),
                            square_.data(), vectors_);
      }
      terms = kernel.data();
    }
    multiply(terms, coefficient_.data(), rows, pairs, terms_, decision.data());
    std::vector<double> votes(classes_), pairwise(classes_ * classes_);
    for (std::size_t r = 0; r < rows; ++r) {
      std::fill(votes.begin(), votes.end(), 0.0);
      std::size_t p = 0;
      for (std::size_t i = 0; i < classes_; ++i) {
        for (std::size_t j = i + 1; j < classes_; ++j, ++p) {
          const double value = decision[r * pairs + p] - offset_[p];
          votes[value > 0 ? i : j] += 1;
          const double first = std::clamp(1 / (1 + std::exp(slope_[p] * value + shift_[p])), 1e-7, 1 - 1e-7);
          pairwise[i * classes_ + j] = first;
          pairwise[j * classes_ + i] = 1 - first;
        }
      }
      chosen[r] = static_cast<std::int32_t>(std::max_element(votes.begin(), votes.end()) - votes.begin());
      double* own = probability + r * classes_;
      if (calibrated_) {
        couple(pairwise, own);
      } else {
        for (std::size_t k = 0; k < classes_; ++k) own[k] = votes[k] / static_cast<double>(pairs);
      }
    }
  }

 private:
  /// Minimises Σ_{i≠j} (r_ji p_i − r_ij p_j)² over probabilities p by the fixed-point iteration of algorithm 2 of Wu,
  /// Lin and Weng.
  void couple(const std::vector<double>& pairwise, double* p) const {
    const std::size_t k = classes_;
    std::vector<double> q(k * k, 0.0), qp(k);
    for (std::size_t i = 0; i < k; ++i) {
      for (std::size_t j = 0; j < k; ++j) {
        if (i == j) continue;
        q[i * k + i] += pairwise[j * k + i] * pairwise[j * k + i];
        q[i * k + j] = -pairwise[j * k + i] * pairwise[i * k + j];
      }
      p[i] = 1 / static_cast<double>(k);
    }
    const double tolerance = 0.005 / static_cast<double>(k);
    const std::size_t most = std::max<std::size_t>(100, k);
    for (std::size_t iteration = 0; iteration < most; ++iteration) {
      double pqp = 0;
      for (std::size_t i = 0; i < k; ++i) {
        qp[i] = std::inner_product(p, p + k, q.begin() + static_cast<std::ptrdiff_t>(i * k), 0.0);
        pqp += p[i] * qp[i];
      }
      double worst = 0;
      for (std::size_t i = 0; i < k; ++i) worst = std::max(worst, std::abs(qp[i] - pqp));
      if (worst < tolerance) break;
      for (std::size_t i = 0; i < k; ++i) {
        const double step = (pqp - qp[i]) / q[i * k + i];
        p[i] += step;
        pqp = (pqp + step * (step * q[i * k + i] + 2 * qp[i])) / (1 + step) / (1 + step);
        for (std::size_t j = 0; j < k; ++j) {
          qp[j] = (qp[j] + step * q[i * k + j]) / (1 + step);
          p[j] /= 1 + step;
        }
      }
    }
  }

  std::size_t classes_, channels_ = 0, vectors_ = 0, terms_ = 0;
  Kernel kernel_;
  bool calibrated_ = false;
  std::vector<double> vector_, square_, coefficient_, offset_, slope_, shift_;
};

}  // namespace

std::pair<double, double> fitted_sigmoid(const std::vector<double>& value, const std::vector<bool>& first) {
  const auto positives = static_cast<double>(std::count(first.begin(), first.end(), true));
  const double negatives = static_cast<double>(first.size()) - positives;
  const double high = (positives + 1) / (positives + 2), low = 1 / (negatives + 2);
  double a = 0, b = std::log((negatives + 1) / (positives + 1));
  const auto loss = [&](double slope, double offset) {
    double sum = 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
      const double t = first[i] ? high : low, f = slope * value[i] + offset;
      sum += f >= 0 ? t * f + std::log1p(std::exp(-f)) : (t - 1) * f + std::log1p(std::exp(f));
    }
    return sum;
  };
  double now = loss(a, b);
  for (int iteration = 0; iteration < 100; ++iteration) {
    // Newton's step; 1e-12 on the diagonal keeps the Hessian definite.
    double h11 = 1e-12, h22 = 1e-12, h21 = 0, g1 = 0, g2 = 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
      const double f = a * value[i] + b;
      const double p = f >= 0 ? std::exp(-f) / (1 + std::exp(-f)) : 1 / (1 + std::exp(f));
      const double curvature = p * (1 - p), slope = (first[i] ? high : low) - p;
      h11 += value[i] * value[i] * curvature;
      h22 += curvature;
      h21 += value[i] * curvature;
      g1 += value[i] * slope;
      g2 += slope;
    }
    if (std::abs(g1) < 1e-5 && std::abs(g2) < 1e-5) break;
    const double determinant = h11 * h22 - h21 * h21;
    const double da = -(h22 * g1 - h21 * g2) / determinant, db = -(-h21 * g1 + h11 * g2) / determinant;
    const double descent = g1 * da + g2 * db;
    double step = 1;
    for (; step >= 1e-10; step /= 2) {
      const double next = loss(a + step * da, b + step * db);
      if (next < now + 1e-4 * step * descent) {
        a += step * da;
        b += step * db;
        now = next;
        break;
      }
    }
    if (step < 1e-10) break;
  }
  return {a, b};
}

void train_support_vectors(const TrainingSet& set, const SupportVectorOptions& given, Model& model, bool probabilities,
                           Context& context) {
  SupportVectorOptions options = given;
  for (const double value : set.features) {
    if (std::abs(value) < largest_feature) continue;
    throw Error(ErrorKind::invalid_argument, "the features overflow: the values are too large; scale them down");
  }
  if (options.gamma == 0) {
    double sum = 0, squares = 0, used = 0;
    for (const double factor : model.scaling.factor) used += factor != 0 ? 1 : 0;
    const double number = std::max(1.0, used * static_cast<double>(set.number));
    for (const double value : set.features) sum += value;
    // Columns that are left out hold zeros, which add mean² that is taken back.
    const double mean = sum / number;
    for (const double value : set.features) squares += (value - mean) * (value - mean);
    squares -= (static_cast<double>(set.features.size()) - used * static_cast<double>(set.number)) * mean * mean;
    const double variance = squares / number;
    options.gamma = variance > 0 && used > 0 ? 1 / (used * variance) : 1.0;
  }

  svm_set_print_string_function([](const char*) {});
  std::vector<std::vector<std::size_t>> members(set.classes);
  for (std::size_t i = 0; i < set.number; ++i) members[static_cast<std::size_t>(set.label[i])].push_back(i);
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (std::size_t i = 0; i < set.classes; ++i) {
    for (std::size_t j = i + 1; j < set.classes; ++j) pairs.emplace_back(i, j);
  }
  // A pair is a row of its own: as many bytes as it takes to stay alone in a partition.
  const Partitions each(static_cast<std::int64_t>(pairs.size()), std::int64_t{1} << 40);
  // Per pair: offset, slope, shift, number of coefficients, then examples and coefficients.
  const std::vector<double> found = Executor(context).reduce<std::vector<double>>(
      "training pairs of classes", each, [] { return std::vector<double>(); },
      [&](std::vector<double>& parcel, std::int64_t, RowRange range) {
        for (std::int64_t p = range.begin; p < range.end; ++p) {
          const auto [i, j] = pairs[static_cast<std::size_t>(p)];
          std::vector<std::size_t> chosen = members[i];
          chosen.insert(chosen.end(), members[j].begin(), members[j].end());
          std::vector<bool> first(chosen.size(), false);
          std::fill(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(members[i].size()), true);
          Pair pair(set, chosen, options);
          std::vector<std::size_t> all(chosen.size());
          std::iota(all.begin(), all.end(), std::size_t{0});
          const Machine machine = pair.machine(all, first);
          const auto [slope, shift] =
              probabilities ? calibrated(pair, first, options, static_cast<std::uint64_t>(p)) : std::pair{0.0, 0.0};
          parcel.insert(parcel.end(), {machine.offset, slope, shift, static_cast<double>(machine.coefficient.size())});
          for (const auto& [example, coefficient] : machine.coefficient) {
            parcel.push_back(static_cast<double>(chosen[example]));
            parcel.push_back(coefficient);
          }
        }
      },
      [](std::vector<double>& left, std::vector<double>&& right) {
        left.insert(left.end(), right.begin(), right.end());
      });

  std::vector<std::int64_t> place(set.number, -1);  // among the support vectors
  for (std::size_t at = 0; at < found.size();) {
    const auto number = static_cast<std::size_t>(found[at + 3]);
    at += 4;
    for (std::size_t n = 0; n < number; ++n, at += 2) place[static_cast<std::size_t>(found[at])] = 0;
  }
  const bool linear = options.kernel == "linear";
  std::int64_t vectors = 0;
  std::vector<std::int64_t> per_class(set.classes, 0);
  model.numbers.clear();
  for (std::size_t i = 0; i < set.number; ++i) {
    if (place[i] < 0) continue;
    place[i] = vectors++;
    ++per_class[static_cast<std::size_t>(set.label[i])];
    if (linear) continue;
    const auto row = set.features.begin() + static_cast<std::ptrdiff_t>(i * set.channels);
    model.numbers.insert(model.numbers.end(), row, row + static_cast<std::ptrdiff_t>(set.channels));
  }
  const std::size_t terms = linear ? set.channels : static_cast<std::size_t>(vectors);
  for (std::size_t at = 0; at < found.size();) {
    std::vector<double> coefficient(terms, 0.0);
    const double offset = found[at], slope = found[at + 1], shift = found[at + 2];
    const auto number = static_cast<std::size_t>(found[at + 3]);
    at += 4;
    for (std::size_t n = 0; n < number; ++n, at += 2) {
      const auto example = static_cast<std::size_t>(found[at]);
      if (!linear) {
        coefficient[static_cast<std::size_t>(place[example])] = found[at + 1];
        continue;
      }
      for (std::size_t c = 0; c < set.channels; ++c) {
        coefficient[c] += found[at + 1] * set.features[example * set.channels + c];
      }
    }
    model.numbers.insert(model.numbers.end(), coefficient.begin(), coefficient.end());
    model.numbers.insert(model.numbers.end(), {offset, slope, shift});
  }
  model.kind = "svm";
  model.settings = {{"kernel", options.kernel},
                    {"penalty", options.penalty},
                    {"gamma", options.gamma},
                    {"degree", options.degree},
                    {"coef0", options.coef0},
                    {"calibrated", probabilities},
                    {"support_vectors", linear ? 0 : vectors},
                    {"support_vectors_per_class", per_class}};
}

std::unique_ptr<Predictor> support_vector_predictor(const Model& model) {
  return std::make_unique<SupportVectorPredictor>(model);
}

std::int64_t support_vector_memory(std::int64_t examples, std::int64_t channels) {
  // The model's numbers, as they are put together, as the dataset and in the predictor, and once more while the dataset
  // is made. For pairs see the next: they do not know the number of classes, of which ten are assumed.
  return examples * 8 * 5 * (channels + 48);
}

std::int64_t support_vector_memory_per_worker(std::int64_t examples, std::int64_t channels, std::int64_t rows) {
  // A small pair holds its kernel values as nodes and in LIBSVM's cache, its features and some of their products; a
  // large one its features as nodes and a cache of limited size. All have gradients and copies of the problem.
  const std::int64_t few = std::min(examples, static_cast<std::int64_t>(most_in_matrix));
  const std::int64_t small = few * (16 * (few + 1) + 4 * few + 8 * (channels + 64));
  const std::int64_t large =
      examples <= few ? 0 : examples * 16 * (channels + 1) + (static_cast<std::int64_t>(cache_megabytes) << 20);
  // Features, kernel values and decisions of a partition.
  return std::max(small, large) + (std::int64_t{4} << 20) + examples * 160 + 8 * rows * (channels + examples + 64);
}

}  // namespace ruska::ops::classify
