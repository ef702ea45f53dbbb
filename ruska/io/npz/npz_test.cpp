// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include <gtest/gtest.h>

#include "ruska/core/driver.hpp"
#include "tests/npy_preamble.hpp"
#include "tests/scratch_folder.hpp"
#include "tests/zip_file.hpp"

namespace ruska::io {
namespace {

TEST(Npz, WhatIsLeftOutIsToldInUtf8) {
  const FileBytes numbers = npy_preamble(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }").text("ab");
  const FileBytes odd = npy_preamble(1,
                                     "{'descr': '<\xd5"
                                     "1', 'fortran_order': False, 'shape': (1,), }")
                            .text("a");
  ZipFile zip;
  zip.add("numbers.npy", numbers.bytes(), false).add("odd.npy", odd.bytes(), false);
  const ScratchFolder folder;
  zip.finished().write(folder / "odd.npz");
  const File file = open_file(folder / "odd.npz");
  ASSERT_EQ(file.signals.size(), 1u);
  EXPECT_NE(file.signals[0].describe().original.dump().find("Õ1"), std::string::npos);
}

}  // namespace
}  // namespace ruska::io
