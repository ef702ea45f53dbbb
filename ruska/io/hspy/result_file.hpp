// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>

#include "ruska/core/record.hpp"

namespace ruska::io {

/// Writes a result as one HDF5 file that HyperSpy opens:
///   /Experiments/NAME         every Dataset output as a signal titled NAME; its metadata say under `ruska` what it is
///                             (title, view, components, note) and which output holds its uncertainty (`uncertainty`)
///   /ruska/lazy/NAME          a product: the paths of its loadings, factors and mean, not its values
///                             a Tucker product: the paths of its core and of factor_1, factor_2 …, its number of
///                             navigation axes and whether it is kept non-negative
///   /ruska/tables/NAME        one array per column, in order, with `unit` and `sigma_of`
///   /ruska/numbers/NAME       attributes `value`, `sigma`, `unit`
///   /ruska/texts/NAME
///   /ruska/summary, /ruska/record (JSON)
/// `path` is written as it stands; the caller renames it (PendingFile). Throws io.
void write_result(const std::filesystem::path& path, const Result& result);

/// The Record of a result file. Throws not_found when the file holds none, bad_data when it is no JSON object.
Json read_record(const std::filesystem::path& path);

/// The tables of a result file by name. Throws bad_data.
std::map<std::string, Table> read_tables(const std::filesystem::path& path);

}  // namespace ruska::io
