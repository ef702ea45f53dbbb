// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
//
// NumPy .npz files: a ZIP archive of .npy files, one signal each, stored or deflated (numpy.savez,
// numpy.savez_compressed). Arrays that are no numbers (texts, Python objects) are left out; `original` says so.
#include "ruska/core/driver.hpp"
#include "ruska/core/metadata.hpp"
#include "ruska/io/archived_array.hpp"
#include "ruska/io/text.hpp"

namespace ruska::io {

namespace {

constexpr std::string_view ending = ".npy";

Confidence probe(const Probe& file) {
  const bool extension = extension_of(file.path) == "npz";
  if (extension && is_array_archive(file.head)) return Confidence::content;
  return extension ? Confidence::extension : Confidence::none;
}

std::vector<std::shared_ptr<const Source>> open(const std::filesystem::path& path) {
  const auto archive = std::make_shared<const ZipArchive>(std::make_shared<const RandomAccessFile>(path));
  std::vector<std::shared_ptr<const Source>> signals;
  Json left_out = Json::object();
  struct Found {
    const ZipMember* member;
    npy::Header header;
    std::int64_t offset;
  };
  std::vector<Found> arrays;
  for (const ZipMember& member : archive->members()) {
    if (!member.name.ends_with(ending)) {
      left_out[member.name] = "no .npy file";
      continue;
    }
    const npy::Preamble preamble = npy::read_preamble(reader_of(*archive, member), "'" + member.name + "'");
    try {
      arrays.push_back({&member, npy::parse_header(preamble.dictionary), preamble.bytes});
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::unsupported) throw;
      left_out[member.name] = error.message();
    }
  }
  if (arrays.empty()) {
    throw Error(ErrorKind::unsupported, path.filename().string() + " holds no array of numbers: " + left_out.dump());
  }
  for (const Found& found : arrays) {
    Description description = npy::describe(found.header);
    description.title = found.member->name.substr(0, found.member->name.size() - ending.size());
    set(description.metadata, "General.title", description.title);
    if (!left_out.empty()) description.original["left out"] = left_out;
    signals.push_back(
        archived_array(archive, *found.member, std::move(description), npy::layout_of(found.header, found.offset)));
  }
  return signals;
}

}  // namespace

const Driver& npz_driver() {
  static const Driver driver{"npz", "NumPy archive", {"npz"}, probe, open, nullptr};
  return driver;
}

}  // namespace ruska::io
