// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "ruska/core/sink.hpp"

namespace ruska::io {

/// A sink that holds all values and writes the file at the end: in formats of text, places follow from the values.
/// `format` gets them in C order and returns the file.
std::unique_ptr<Sink> text_sink(std::filesystem::path path, const Description& description,
                                std::function<std::string(std::span<const std::byte> values)> format);

/// The shortest text from which the same number is read; "inf", "-inf" and "nan" too.
template <class T>
std::string shortest_text(T value);

}  // namespace ruska::io
