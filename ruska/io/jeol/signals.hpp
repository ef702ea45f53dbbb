// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "ruska/core/source.hpp"
#include "ruska/io/random_access_file.hpp"

namespace ruska::io::jeol {

bool is_image(std::span<const std::byte> head);
bool is_event_map(std::span<const std::byte> head);
/// Spectra have no mark; their first kilobyte is checked for what it must hold.
bool is_spectrum(std::span<const std::byte> head, std::int64_t size);

/// Electron images (.img) and line-intensity maps (.map).
std::shared_ptr<const Source> open_image(std::shared_ptr<const RandomAccessFile> file);
/// One spectrum (.eds).
std::shared_ptr<const Source> open_spectrum(std::shared_ptr<const RandomAccessFile> file);
/// The X-ray events of a map (.pts), as sparse counts summed over its frames.
std::shared_ptr<const Source> open_event_map(std::shared_ptr<const RandomAccessFile> file);

}  // namespace ruska::io::jeol
