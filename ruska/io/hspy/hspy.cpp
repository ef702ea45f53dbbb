// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// HyperSpy's HDF5 files (.hspy, .hdf5), versions 1.0 to 3.1, and ruska's own result files, which are of the same kind.
// The layout is described in HyperSpy's user guide ("HSpy - HyperSpy's HDF5 specification").
#include <optional>

#include "ruska/core/driver.hpp"
#include "ruska/core/product.hpp"
#include "ruska/core/tucker_source.hpp"
#include "ruska/io/hdf5/sink.hpp"
#include "ruska/io/hspy/signal_group.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {
namespace {

Confidence probe(const Probe& file) {
  if (!hdf5::has_signature(file.head)) return Confidence::none;
  try {
    const hdf5::Group root = hdf5::OpenFile::open(file.path)->root();
    if (!root.has_group("Experiments")) return Confidence::none;
    const hdf5::Group experiments = root.group("Experiments");
    if (root.text("file_format") == "HyperSpy") return Confidence::content;
    for (const std::string& name : experiments.names()) {
      if (experiments.kind(name + "/mapped_parameters") == hdf5::Kind::group) return Confidence::content;
    }
    return Confidence::none;
  } catch (const Error&) {
    // Damaged or cut short: whoever opens it says where.
    return extension_of(file.path) == "hspy" || extension_of(file.path) == "hdf5" ? Confidence::extension
                                                                                  : Confidence::none;
  }
}

/// A dataset that result files name by the path of its group.
Dataset part(const hdf5::Group& root, const hdf5::Group& lazy, const std::string& attribute) {
  const auto path = lazy.text(attribute);
  if (!path) return {};
  if (path->empty() || root.kind(path->substr(1)) != hdf5::Kind::group) {
    lazy.fail(ErrorKind::bad_data, "the signal '" + *path + "' that it is made of is not there");
  }
  return Dataset(hspy::read_signal(root.group(path->substr(1))));
}

/// The Tucker product that a group below /ruska/lazy describes.
Dataset tucker_of(const hdf5::Group& root, const hdf5::Group& lazy, const std::string& title) {
  std::vector<Dataset> factors;
  for (;;) {
    Dataset factor = part(root, lazy, "factor_" + std::to_string(factors.size() + 1));
    if (!factor.valid()) break;
    factors.push_back(std::move(factor));
  }
  const double navigation = lazy.number("navigation_axes").value_or(-1);
  if (!(navigation >= 0 && navigation <= 64)) {
    lazy.fail(ErrorKind::bad_data, "navigation_axes is missing or no number of axes");
  }
  return tucker(part(root, lazy, "core"), std::move(factors), static_cast<std::int64_t>(navigation),
                lazy.number("non_negative").value_or(0) != 0, title);
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const hdf5::Group root = hdf5::OpenFile::open(path)->root();
  std::vector<std::shared_ptr<const Source>> signals;
  const hdf5::Group experiments = root.group("Experiments");
  for (const std::string& name : experiments.names()) {
    if (experiments.has_group(name)) signals.push_back(hspy::read_signal(experiments.group(name)));
  }
  if (root.has_group("ruska/lazy")) {
    const hdf5::Group lazy = root.group("ruska/lazy");
    for (const std::string& name : lazy.names()) {
      const hdf5::Group one = lazy.group(name);
      const std::string title = one.text("title").value_or(name);
      const Dataset made = one.text("core") ? tucker_of(root, one, title)
                                            : product(part(root, one, "loadings"), part(root, one, "factors"),
                                                      part(root, one, "mean"), title);
      signals.push_back(made.shared_source());
    }
  }
  return signals;
}

std::unique_ptr<Sink> create(const std::filesystem::path& path, const Description& description) {
  return std::make_unique<hdf5::ArraySink>(path, description, [&](const hdf5::GroupWriter& root) {
    return hspy::create_signal(hspy::create_experiments(root), description.title, description);
  });
}

}  // namespace

const Driver& hspy_driver() {
  static const Driver driver{"hspy", "HyperSpy HDF5", {"hspy", "hdf5", "h5"}, probe, open, create};
  return driver;
}

}  // namespace ruska::io
