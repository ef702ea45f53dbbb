// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ruska/io/npy/header.hpp"
#include "ruska/io/stored_array.hpp"
#include "ruska/io/zip_archive.hpp"

namespace ruska::io {

/// Whether a file begins as a ZIP archive whose first member is a NumPy array.
bool is_array_archive(std::span<const std::byte> head);

/// Reads the beginning of a member; both must outlive the result.
npy::ReadBytes reader_of(const ZipArchive& archive, const ZipMember& member);

/// An array within a member of a ZIP archive; `layout` counts from the member's beginning. A stored member is read
/// where it lies. A deflated one has no other order than its own: the first read decodes it whole, and it stays in
/// memory. Throws bad_data here when the member ends before the last element.
std::shared_ptr<const Source> archived_array(std::shared_ptr<const ZipArchive> archive, const ZipMember& member,
                                             Description description, StoredLayout layout);

}  // namespace ruska::io
